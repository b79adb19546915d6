"""The notebooks, each run by papermill in a clean kernel with the network shut."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import siting

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PICTURES = {"01-first-plan": 2, "02-scenarios-and-trade-off": 2, "03-handouts": 2, "04-own-data": 1}
NOWHERE = "http://127.0.0.1:9"


def code(path):
    """Return the code of a notebook as one module."""
    cells = nbformat.read(path, as_version=4).cells
    return "\n".join(cell.source for cell in cells if cell.cell_type == "code")


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """Return a folder with a kernel, a cache and what the notebooks write; and the environment."""
    folder = tmp_path_factory.mktemp("notebooks")
    spec = folder / "jupyter" / "kernels" / "siting"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    content = {"argv": argv, "display_name": "siting", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(content), encoding="utf-8")
    environment = os.environ | {
        "JUPYTER_PATH": str(folder / "jupyter"),
        "IPYTHONDIR": str(folder / "ipython"),
        "SITING_CACHE": str(folder / "cache"),
        "PYTHONPATH": str(ROOT),
        "http_proxy": NOWHERE,
        "https_proxy": NOWHERE,
    }
    return folder, environment


def test_the_notebooks_are_these():
    assert [path.stem for path in NOTEBOOKS] == sorted(PICTURES)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_runs(path, kernel):
    folder, environment = kernel
    given = {"desk": folder / "desk"} if path.stem == "04-own-data" else {"maps": folder / "maps"}
    given = {} if path.stem.startswith("02") else given
    parameters = [part for name, value in given.items() for part in ("-p", name, str(value))]
    done = subprocess.run(
        [sys.executable, "-m", "papermill", str(path), str(folder / path.name), *parameters,
         "--kernel", "siting", "--no-progress-bar", "--cwd", str(path.parent)],
        env=environment, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    cells = nbformat.read(folder / path.name, as_version=4).cells
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    pictures = [one for one in outputs if "image/png" in one.get("data", {})]
    assert len(pictures) == PICTURES[path.stem]
    said = [one for one in outputs if one.output_type == "stream" and one.name == "stderr"]
    assert said == [], "a planner would see warnings"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_is_committed_without_outputs(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert cell.cell_type != "code" or (cell.outputs, cell.execution_count) == ([], None)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_uses_the_public_interface_only(path):
    taken = set()
    for node in ast.walk(ast.parse(code(path))):
        if isinstance(node, ast.Import):
            assert not any(alias.name.startswith("siting") for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("siting"):
            assert node.module == "siting"
            taken |= {alias.name for alias in node.names}
    assert taken
    assert taken <= set(siting.__all__)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_speaks_both_languages_and_marks_the_sample(path):
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    assert "合成样例数据，不可用于决策 / synthetic sample, not for decisions" in cells[0]
    for text in (text for text in cells if text.startswith("#") and "\n" in text):
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        assert re.search(r"[\u4e00-\u9fff]{4}", prose), text
        assert re.search(r"[A-Za-z]{3,} [a-z]{2,}", prose), text
