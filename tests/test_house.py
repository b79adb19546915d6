"""The house in figures: how many modules, how long, and how much a function asks for."""

from __future__ import annotations

import ast
import re
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
FREE = ("dict[str, Any]", "Mapping[str, Any]")
CALLED = {"Values": "notes.py", "JsonObject": "files", "Settings": "scenario", "Figures": "study"}
"""Names of what has no form of its own, and where they are made: sentences, files, settings."""
ONE_PLACE = {
    "arrays.py": ("NDArray[np.float64]", "NDArray[np.bool_]", "NDArray[np.object_]",
                  "NDArray[np.int64]", "NDArray[np.integer[Any]]"),
    "notes.py": ("Callable[[str, float], None]", "Callable[[str, str, float], None]",
                 "Callable[[int, int, int], None]"),
}  # fmt: skip
"""Types that one module names for all."""
WRITERS = {"write_text", "write_bytes", "os.replace", "os.rename", "os.fdopen"}
"""What ``siting/files`` alone calls: everybody else writes whole or not at all."""
NO_JSON = {"analysis", "optimize", "pipeline", "comparison", "cache"}
"""Rooms that neither read a file nor write one."""
SAME_JOB = {
    "__init__.py",
    "objective.py",  # what is best: as a rule of the scenario, counted again
    "occasions.py",  # who charges where: tables, rows of the problem, of a place, counted again
    "phases.py",  # the years of a plan: chosen, made tables
    "promises.py",  # a promise: as rows of the model, counted again
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


def travelling(tree):
    """Yield what a public class or function asks for, gives or holds: name and type."""
    for node in tree.body:
        if getattr(node, "name", "_").startswith("_"):
            continue
        if isinstance(node, ast.ClassDef):
            fields = [one for one in node.body if isinstance(one, ast.AnnAssign)]
            yield from ((f"{node.name}.{ast.unparse(one.target)}", one.annotation)
                        for one in fields)  # fmt: skip
            yield from travelling(node)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            asked = node.args
            named = [*asked.posonlyargs, *asked.args, *asked.kwonlyargs]
            kinds = [*(one.annotation for one in named), node.returns]
            yield from ((node.name, kind) for kind in kinds if kind is not None)


def free_in(text):
    """Return what of a module travels as a dict without a form of its own."""
    return [
        name
        for name, kind in travelling(ast.parse(text))
        if any(free in ast.unparse(kind) for free in FREE)
    ]


def test_the_counting_is_right():
    text = (
        'def one(self, a, /, b, *, c=1):\n    """Say.\n\n    More.\n    """\n    # why\n\n    pass'
    )
    node = ast.parse(text).body[0]
    assert code_lines(text.splitlines(), node) == 2
    assert arguments(node) == 3


def test_the_root_holds_only_the_public_face_and_the_ground():
    assert len([name for name in MODULES if "/" not in name]) <= 9


def test_the_mean_module_is_no_sliver():
    lines = sum(len(text.splitlines()) for text in MODULES.values())
    assert lines / len(MODULES) >= 200


def test_no_module_is_over_400_lines():
    assert [name for name, text in MODULES.items() if len(text.splitlines()) > 400] == []


def test_at_most_one_function_in_a_hundred_is_over_40_lines():
    counted = [(code_lines(lines, node), name, node.name) for name, lines, node in FUNCTIONS]
    long = sorted((one for one in counted if one[0] > 40), reverse=True)
    assert len(long) <= 0.01 * len(FUNCTIONS), long


def test_no_function_asks_for_more_than_nine_arguments():
    counted = [(arguments(node), name, node.name) for name, _, node in FUNCTIONS]
    assert sorted(one for one in counted if one[0] > 9) == []


def test_what_travels_is_found():
    text = (
        "class One:\n    held: dict[str, Any]\n    def of(self) -> dict[str, Any]: ...\n"
        "def two(a: list[dict[str, Any]]) -> None:\n    local: dict[str, Any] = {}\n"
        "def _three(a: dict[str, Any]) -> None: ...\n"
    )
    assert free_in(text) == ["One.held", "of", "two"]


def test_no_dict_without_a_form_of_its_own_travels():
    found = {name: free_in(text) for name, text in MODULES.items()}
    assert {name: free for name, free in found.items() if free} == {}


def test_the_names_of_what_has_no_form_are_few_and_json_stays_at_the_doors():
    made = {
        node.targets[0].id: name.partition("/")[0]
        for name, text in MODULES.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Assign) and ast.unparse(node.value) in FREE
    }
    assert made == CALLED
    rooms = {name.partition("/")[0] for name, text in MODULES.items() if "JsonObject" in text}
    assert rooms & NO_JSON == set()


def test_arrays_progress_and_notes_have_one_name_each():
    for place, types in ONE_PLACE.items():
        assert [name for name, text in MODULES.items()
                if name != place and any(one in text for one in types)] == []  # fmt: skip
    notes = [name for name, text in MODULES.items() if "Notes = list[Note]" in text]
    assert notes == ["notes.py"]


def test_one_room_writes_files():
    found = {
        (name, ast.unparse(node.func))
        for name, text in MODULES.items()
        if not name.startswith("files/")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and (node.func.attr in WRITERS or ast.unparse(node.func) in WRITERS)
    }
    assert found == set()


def test_no_private_name_is_left_that_nobody_uses():
    unused = []
    for name, text in MODULES.items():
        for node in ast.parse(text).body:
            if getattr(node, "decorator_list", []):
                continue  # registered by it
            made = {one.id for one in ast.walk(node)
                    if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}  # fmt: skip
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                made = {node.name}
            elif not isinstance(node, ast.Assign | ast.AnnAssign):
                continue
            unused += [f"{name}: {one}" for one in made if one.startswith("_")
                       and not one.startswith("__")
                       and len(re.findall(rf"\b{one}\b", text)) == 1]  # fmt: skip
    assert unused == []


def test_a_file_name_stands_in_one_room_unless_it_does_the_same_job():
    rooms = defaultdict(list)
    for name in MODULES:
        rooms[name.rpartition("/")[2]].append(name)
    several = {name: there for name, there in rooms.items() if len(there) > 1}
    assert {name: there for name, there in several.items() if name not in SAME_JOB} == {}
    assert SAME_JOB - set(several) == set()
