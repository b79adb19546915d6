from __future__ import annotations

import inspect
import pickle
import re

import pytest

from siting import errors

CLASSES = [
    value
    for _, value in inspect.getmembers(errors, inspect.isclass)
    if issubclass(value, errors.SitingError)
]
LINE = re.compile(
    r"^ {4}(?P<rails>[│├└─ ]*)(?P<name>\w+Error)(?: \((?P<natural>\w+)\))?(?P<rest>.*)$"
)


def drawn_tree():
    """Read the tree drawn on top of the module: name, parent, natural parent, exit code."""
    above: list[str] = []
    for line in errors.__doc__.splitlines():
        match = LINE.match(line)
        if match is None:
            continue
        depth = len(match["rails"]) // 4
        above[depth:] = [match["name"]]
        code = re.search(r"exit (\d)", match["rest"])
        parent = above[depth - 1] if depth else None
        yield match["name"], parent, match["natural"], int(code[1]) if code else None


def test_the_drawn_tree_names_every_class_once():
    drawn = [name for name, *_ in drawn_tree()]
    assert sorted(drawn) == sorted(kind.__name__ for kind in CLASSES)


@pytest.mark.parametrize(("name", "parent", "natural", "code"), list(drawn_tree()))
def test_the_drawn_tree_is_the_real_one(name, parent, natural, code):
    kind = getattr(errors, name)
    ours = [base.__name__ for base in kind.__bases__ if issubclass(base, errors.SitingError)]
    others = [base.__name__ for base in kind.__bases__ if not issubclass(base, errors.SitingError)]
    assert ours == ([parent] if parent else [])
    assert others == ([natural] if natural else ["Exception"] if parent is None else [])
    if code is not None:
        assert kind.exit_code == code


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_every_class_says_what_it_is_for_and_has_an_exit_code(kind):
    assert kind.__doc__
    assert kind.exit_code in {1, 2, 3, 4}


@pytest.mark.parametrize(
    "kind", [kind for kind in CLASSES if kind is not errors.SitingError], ids=lambda k: k.__name__
)
def test_a_natural_parent_catches_it(kind):
    natural = [base for base in kind.__mro__ if base.__module__ == "builtins"]
    assert natural[0] not in {Exception, BaseException, object}
    with pytest.raises(natural[0]):
        raise kind("cut short", where="roads.osm.pbf")


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.__name__)
def test_an_error_crosses_a_process_border_whole(kind):
    error = kind("cut short", where="roads.osm.pbf", cure="download it again")
    back = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes
    assert type(back) is kind
    assert (back.what, back.where, back.cure) == (error.what, error.where, error.cure)
    assert str(back) == str(error)


def test_the_text_says_what_where_and_the_cure():
    error = errors.BrokenFileError("cut short", where="roads.osm.pbf", cure="download it again")
    assert str(error).splitlines() == [
        "cut short",
        "  where: roads.osm.pbf",
        "  cure:  download it again",
    ]
    assert str(errors.RecountError("549 stations, not 550")) == "549 stations, not 550"


def test_the_exit_codes_are_those_the_command_line_promises():
    assert errors.UnknownKeyError.exit_code == errors.EXIT_SCENARIO == 2
    assert errors.DownloadError.exit_code == errors.EXIT_DATA == 3
    assert errors.InfeasibleError.exit_code == errors.EXIT_NO_PLAN == 4
    assert errors.RecountError.exit_code == errors.EXIT_BUG == 1
    assert errors.EXIT_GOOD == 0
