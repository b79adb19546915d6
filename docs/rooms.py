"""Draw the rooms of the house, bottom-up, from the import contract: ``docs/pictures/rooms.svg``.

    python docs/rooms.py

The order of the floors is that of ``pyproject.toml``; what each room is for is the first line of
its docstring.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "pictures" / "rooms.svg"
_WIDTH, _FLOOR, _GAP = 12.0, 0.62, 0.14
_HIDDEN = frozenset({"__main__"})


def floors() -> list[list[str]]:
    """Return the rooms of each floor, the ground first, as the import contract orders them."""
    content = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contract = content["tool"]["importlinter"]["contracts"][0]
    rows = [[room.strip() for room in row.split("|")] for row in contract["layers"]]
    return [row for row in reversed(rows) if not _HIDDEN & set(row)]


def purpose(room: str) -> str:
    """Return the first line of a room's docstring, without its full stop."""
    base = ROOT / "siting" / room
    file = base / "__init__.py" if base.is_dir() else base.with_suffix(".py")
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    line = re.sub(r":\w+:|`", "", text.split("\n", maxsplit=1)[0])
    return line.rstrip(".")


def draw() -> None:
    """Draw every room as a box, a floor on the one it may import from."""
    mpl.rcParams["svg.fonttype"] = "none"
    mpl.rcParams["svg.hashsalt"] = "siting"
    rows = floors()
    height = len(rows) * (_FLOOR + _GAP) + _GAP
    figure = Figure(figsize=(_WIDTH, height))
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, _WIDTH)
    axes.set_ylim(0, height)
    axes.axis("off")
    for level, row in enumerate(rows):
        low = _GAP + level * (_FLOOR + _GAP)
        width = (_WIDTH - _GAP * (len(row) + 1)) / len(row)
        for place, room in enumerate(row):
            left = _GAP + place * (width + _GAP)
            box = FancyBboxPatch(
                (left, low), width, _FLOOR, boxstyle="round,pad=0,rounding_size=0.08",
                facecolor="#eef3f8" if (ROOT / "siting" / room).is_dir() else "#f7f4ec",
                edgecolor="#45607a", linewidth=1.0,
            )  # fmt: skip
            axes.add_patch(box)
            axes.text(left + 0.12, low + 0.38, room, size=11, weight="bold", color="#1f3347")
            letters = int(width * 16)
            text = purpose(room)
            short = text if len(text) <= letters else text[: letters - 1].rsplit(" ", 1)[0] + " …"
            axes.text(left + 0.12, low + 0.13, short, size=8, color="#33475b")
    figure.savefig(PICTURE, metadata={"Date": None, "Creator": None})


if __name__ == "__main__":
    draw()
