"""The one table of texts: complete in both languages, with the same values to fill in."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pandas as pd
import pytest

from siting.outputs import words as module
from siting.outputs.words import WORDS, note_text, speaker, words
from siting.plan import Note

PACKAGE = Path(__file__).parents[1] / "siting"
HAN = re.compile(r"[\u4e00-\u9fff]")
SAME_IN_BOTH = {"mark.sample", "basemap.osm"}


def fields(text):
    return sorted(f"{name}:{spec}" for _, name, spec, _ in Formatter().parse(text) if name)


@pytest.mark.parametrize("key", sorted(WORDS))
def test_each_text_is_there_in_both_languages_with_the_same_values(key):
    chinese, english = WORDS[key]
    assert chinese.strip() == chinese
    assert english.strip() == english
    assert chinese
    assert english
    assert fields(chinese) == fields(english)
    if key not in SAME_IN_BOTH:
        assert not HAN.search(english), "Chinese in the English text"
        assert chinese != english


def test_values_are_filled_in():
    assert words("total.of_target", "zh", target=12000) == "目标 12,000"
    assert speaker("en")("status.within_gap", gap=0.00456).startswith("Proven within 0.46%")
    assert "not zero" in note_text(Note("no_baseline"), "en")


def test_an_unknown_key_language_or_value_is_an_error():
    for arguments in (("no.such", "zh"), ("map.legend", "fr"), ("total.of_target", "zh")):
        with pytest.raises(KeyError):
            words(*arguments)


def test_kinds_of_an_own_table_are_called_by_their_name():
    assert words("kind.boat_dock", "zh") == "boat_dock"


def test_every_shipped_kind_has_words():
    kinds = pd.read_csv(PACKAGE.parent / "data" / "site_kinds.csv")["kind"]
    assert [kind for kind in kinds if f"kind.{kind}" not in WORDS] == []


def calls(name):
    """Yield the first argument of each call of a name in the package, where it is a text."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args:
                called = node.func.id if isinstance(node.func, ast.Name) else None
                first = node.args[0]
                if called == name and isinstance(first, ast.Constant):
                    yield first.value


def test_every_note_of_the_package_has_words():
    notes = set(calls("Note"))
    assert notes, "no notes found: the test has lost its aim"
    assert sorted(key for key in notes if f"note.{key}" not in WORDS) == []


def test_every_text_asked_for_exists():
    asked = set(calls("say")) | set(calls("words"))
    assert "mark.sample" in asked
    assert sorted(key for key in asked if key not in WORDS) == []


def test_no_text_is_left_over():
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*")
        if path.suffix in {".py", ".html", ".js"} and path != Path(module.__file__)
    )
    prefixes = ("note.", "step.", "figure.", "kind.", "zone.", "quality.", "road.", "verdict.",
                "landscape.", "status.", "fact.", "layer.", "basemap.", "total.")  # fmt: skip
    left = [key for key in WORDS if not key.startswith(prefixes) and f'"{key}"' not in code]
    assert left == []
