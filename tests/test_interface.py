"""The ten public names: which they are, that they are documented, and that asking is cheap."""

from __future__ import annotations

import ast
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import desk
import pytest
from plans import small_plan

import siting
from siting import interface
from siting.errors import InputMissingError, PlanExistsError, ScenarioError

ROOT = Path(__file__).resolve().parents[1]
NAMES = [
    "Plan", "Scenario", "check", "compare", "load_plan", "load_scenario", "make_map", "make_plan",
    "save_plan", "write_handouts",
]  # fmt: skip


def test_the_interface_is_these_ten_names():
    assert siting.__all__ == NAMES
    assert interface.__all__ == NAMES
    stub = ast.parse((ROOT / "siting" / "__init__.pyi").read_text(encoding="utf-8"))
    assert sorted(
        alias.asname
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ) == NAMES  # fmt: skip
    assert set(dir(siting)) == {*NAMES, "__version__"}
    assert all(getattr(siting, name) is getattr(interface, name) for name in NAMES)
    with pytest.raises(AttributeError, match="no attribute 'plans'"):
        _ = siting.plans


def test_no_name_is_hidden_by_a_module():
    modules = {module.name for module in pkgutil.iter_modules(siting.__path__)}
    assert not modules & set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_is_documented_with_an_example(name):
    thing = getattr(siting, name)
    if inspect.isclass(thing):
        assert f"A :class:`{name}`" in siting.__doc__
        return
    text = inspect.getdoc(thing)
    assert "Examples\n--------\n>>> " in text
    for parameter in inspect.signature(thing).parameters:
        assert parameter in text.partition("Examples")[0]


def test_import_siting_is_quick():
    script = (
        "import sys, siting; siting.__version__; dir(siting);"
        "heavy = {'numpy', 'pandas', 'pydantic', 'siting.interface'} & set(sys.modules);"
        "assert not heavy, heavy; siting.load_scenario; assert 'siting.interface' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)


def test_wrong_names_are_refused_with_a_cure(tmp_path):
    with pytest.raises(ScenarioError, match="shipped scenario"):
        siting.load_scenario("nowhere")
    with pytest.raises(ScenarioError, match="targets"):
        siting.load_scenario("yubei-2025", "targets.statoins=4")
    with pytest.raises(InputMissingError):
        siting.load_plan(tmp_path)
    with pytest.raises(ScenarioError, match="nobody called"):
        siting.write_handouts(small_plan(), tmp_path / "out", only=["乌有镇"])
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(PlanExistsError):
        siting.save_plan(small_plan(), tmp_path)
    with pytest.raises(ValueError, match="two plans"):
        siting.compare(small_plan())


def test_handouts_leave_files_of_other_names(tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    siting.write_handouts(small_plan(), tmp_path, only=["木耳镇"], language="both")
    names = {path.name for path in tmp_path.iterdir()}
    assert "notes.txt" in names
    assert any(name.endswith(".pdf") for name in names)


def test_the_lines_of_the_readme_run(tmp_path, monkeypatch, capsys):
    (block,) = re.findall(
        r"^```python\n(.*?)^```$",
        (ROOT / "README.md").read_text(encoding="utf-8"),
        re.MULTILINE | re.DOTALL,
    )
    desk.set_up(tmp_path)
    monkeypatch.chdir(tmp_path)
    exec(block.replace('"yubei-2025"', '"town.toml"'), {})  # noqa: S102  # our own page
    assert "change" in capsys.readouterr().out
    assert siting.load_plan("maps/fair").outcome.objective == "max_min"
