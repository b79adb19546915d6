"""The house in figures: how many modules, how long, and how much a function asks for."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

HOUSE = Path(__file__).resolve().parents[1] / "siting"
MODULES = {
    path.relative_to(HOUSE).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted(HOUSE.rglob("*.py"))
}
FUNCTIONS = [
    (name, text.splitlines(), node)
    for name, text in MODULES.items()
    for node in ast.walk(ast.parse(text))
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
]
NOT_YET = {"make_demand", "make_scores", "build_problem"}
"""Functions that still ask for the tables of a place one by one."""
SAME_JOB = {
    "__init__.py",
    "hydrogen.py",  # hydrogen stations: put into a plan, counted again
    "occasions.py",  # who charges where: tables, rows of the problem, of a place, counted again
    "objective.py",  # what is best: as a rule of the model, counted again
    "phases.py",  # the years of a plan: the same three
    "promises.py",  # a promise: as rows of the model, counted again
    "spacing.py",  # who is too near to whom: of a problem's sites, as a rule of the model
    "folder.py",  # a run folder: as a plan, with the pages of people beside it
    "start.py",
    "stations.py",  # stations that exist: read, made sites
}
"""Names of files that stand in several rooms since they do the same job for two things."""


def code_lines(lines, node):
    """Count the lines of a function without docstrings, blank lines and comments."""
    told = set()
    for one in ast.walk(node):
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        if isinstance(one, kinds) and ast.get_docstring(one) is not None:
            told |= set(range(one.body[0].lineno, one.body[0].end_lineno + 1))
    rest = (lines[at - 1].strip() for at in range(node.lineno, node.end_lineno + 1)
            if at not in told)  # fmt: skip
    return sum(1 for line in rest if line and not line.startswith("#"))


def arguments(node):
    """Count what a function asks for, the object it belongs to left out."""
    asked = node.args
    named = [one.arg for one in (*asked.posonlyargs, *asked.args, *asked.kwonlyargs)]
    return len([name for name in named if name not in {"self", "cls"}])


def test_the_counting_is_right():
    text = (
        'def one(self, a, /, b, *, c=1):\n    """Say.\n\n    More.\n    """\n    # why\n\n    pass'
    )
    node = ast.parse(text).body[0]
    assert code_lines(text.splitlines(), node) == 2
    assert arguments(node) == 3


def test_the_root_holds_only_the_public_face_and_the_ground():
    assert len([name for name in MODULES if "/" not in name]) <= 9


def test_no_module_is_over_400_lines():
    assert [name for name, text in MODULES.items() if len(text.splitlines()) > 400] == []


def test_at_most_one_function_in_a_hundred_is_over_40_lines():
    counted = [(code_lines(lines, node), name, node.name) for name, lines, node in FUNCTIONS]
    long = sorted((one for one in counted if one[0] > 40), reverse=True)
    assert len(long) <= 0.01 * len(FUNCTIONS), long


def test_no_function_asks_for_more_than_nine_arguments():
    counted = [(arguments(node), name, node.name) for name, _, node in FUNCTIONS]
    found = sorted(one for one in counted if one[0] > 9)
    assert [one for one in found if one[2] not in NOT_YET] == []


def test_a_file_name_stands_in_one_room_unless_it_does_the_same_job():
    rooms = defaultdict(list)
    for name in MODULES:
        rooms[name.rpartition("/")[2]].append(name)
    several = {name: there for name, there in rooms.items() if len(there) > 1}
    assert {name: there for name, there in several.items() if name not in SAME_JOB} == {}
