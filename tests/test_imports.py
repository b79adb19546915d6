"""The house as a contract: who may import whom, who may print, what importing may do."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import desk
import grimp
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[1]
MODULES = sorted((ROOT / "siting").rglob("*.py"))
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in MODULES}


def room(path: Path) -> str:
    return path.relative_to(ROOT / "siting").with_suffix("").parts[0]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported(tree: ast.Module) -> set[str]:
    """Top-level names of everything a module imports, also inside functions."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


def test_the_import_contract_holds(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_no_circle_of_modules_or_rooms_not_even_in_types():
    graph = grimp.build_graph("siting", cache_dir=None)  # imports under TYPE_CHECKING count
    edges = {name: set(graph.find_modules_directly_imported_by(name)) for name in graph.modules}
    assert circles(edges) == []
    for parent in {name.rpartition(".")[0] for name in graph.modules} - {""}:
        rooms: dict[str, set[str]] = {}
        for name, used in edges.items():
            here = within(name, parent)
            if here is not None:
                rooms.setdefault(here, set()).update(
                    there for other in used if (there := within(other, parent)) not in {None, here}
                )
        assert circles(rooms) == [], parent


def within(name: str, parent: str) -> str | None:
    """Return the child of a package in which a module lies."""
    if not name.startswith(f"{parent}."):
        return None
    return ".".join(name.split(".")[: parent.count(".") + 2])


def circles(edges: dict[str, set[str]]) -> list[list[str]]:
    """Return what is left after all that imports nothing, or nothing imports, is taken away."""
    left = {name: set(used) for name, used in edges.items()}
    while True:
        imported = set().union(*left.values()) if left else set()
        ends = {name for name, used in left.items() if not used or name not in imported}
        if not ends:
            return [sorted(left)] if left else []
        left = {name: used - ends for name, used in left.items() if name not in ends}


def test_the_test_of_circles_sees_one():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_nothing_but_the_command_line_prints():
    for path, tree in TREES.items():
        if room(path) == "cli":
            continue
        for node in ast.walk(tree):
            where = f"{name_of(path)}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"print", "input"}, where
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in {("sys", "stdout"), ("sys", "stderr")}, (
                    where
                )


def test_loggers_carry_the_name_of_their_module():
    for path, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("getLogger"):
                assert ast.unparse(node.args[0]) == "__name__", name_of(path)
            if isinstance(node, ast.Call):
                assert ast.unparse(node.func) != "logging.basicConfig" or room(path) == "cli"


def test_every_library_imported_is_declared_and_every_declared_one_is_imported():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(item for extra in extras for item in extra)]
    declared = {re.match(r"[\w-]+", text)[0].lower() for text in wanted}
    used = set().union(*map(imported, TREES.values())) - set(sys.stdlib_module_names) - {"siting"}
    owners = packages_distributions()
    assert used <= owners.keys(), "imported, but nothing installed provides it"
    brought = {owner.lower().replace("_", "-") for name in used for owner in owners[name]}
    # pandas, geopandas and folium-offline load these themselves: for spreadsheets, for
    # GeoPackages, for the tables of the cache, and as the map that is made to need no network.
    # Only the font that lies in mplfonts is used, and rasterio is asked for where a grid is given.
    known = {"openpyxl", "pyogrio", "pyarrow", "folium", "mplfonts", "rasterio"}
    assert declared - brought <= known
    assert brought <= declared


def test_each_module_says_what_it_is_and_stays_readable():
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES
    }
    assert {name: length for name, length in lengths.items() if length > 400} == {}
    assert [name_of(path) for path, tree in TREES.items() if not ast.get_docstring(tree)] == []


def test_importing_has_no_effects(tmp_path):
    """Nothing is printed, warned of, written or started, and no setting is changed."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in MODULES
        if path.stem != "__main__"
    ]
    script = (
        "import threading, importlib\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "assert threading.active_count() == 1, threading.enumerate()\n"
        "import logging; assert not logging.getLogger().handlers\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        encoding="utf-8",
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_help_loads_none_of_the_heavy_libraries():
    """One module at the top of a verb made ``siting --help`` three times as slow."""
    script = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from siting.cli.main import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "heavy = {'pandas', 'geopandas', 'scipy', 'sklearn', 'osmnx', 'matplotlib', 'pulp'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip() == "[]"


def test_faults_of_files_are_told_before_what_only_the_map_needs_is_imported(tmp_path):
    """Those libraries take half of the three seconds in which a planner is to be told."""
    desk.edit(desk.set_up(tmp_path).with_name("existing.csv"), ",6,", ",many,")
    desk.edit(tmp_path / "people.csv", "9000", "-9")
    script = (
        "import sys\nfrom siting.cli.main import run\n"
        "code = run([sys.argv[1], 'town.toml'])\n"
        "heavy = {'osmnx', 'sklearn', 'matplotlib', 'requests', 'folium', 'typst'}\n"
        "print(code, sorted(heavy & set(sys.modules)))"
    )
    for verb in ("check", "plan"):
        done = subprocess.run(
            [sys.executable, "-c", script, verb],
            cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, check=False, encoding="utf-8",
        )  # fmt: skip
        assert done.stdout == "3 []\n", done.stderr
        for part in ("people.csv", "existing.csv", "-9", "many"):
            assert part in done.stderr
