"""The one table of texts: complete in both languages, with the same values to fill in."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pandas as pd
import pytest

from siting.notes import Note
from siting.outputs.words import LANGUAGES, all_words, note_text, speaker, words

PACKAGE = Path(__file__).parents[1] / "siting"
WORDS = all_words()
HAN = re.compile(r"[\u4e00-\u9fff]")
PANEL = PACKAGE / "outputs" / "assets" / "panel.html"
SAME_IN_BOTH = {"mark.sample", "basemap.osm"}


def fields(text):
    return sorted(f"{name}:{spec}" for _, name, spec, _ in Formatter().parse(text) if name)


def test_each_key_stands_once():
    lines = (PACKAGE / "outputs" / "words.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "key,zh,en"
    assert len(lines) == len({key for key in WORDS if not key.startswith("field.")}) + 1


@pytest.mark.parametrize("key", sorted(WORDS))
def test_each_text_is_there_in_both_languages_with_the_same_values(key):
    assert tuple(WORDS[key]) == LANGUAGES
    chinese, english = WORDS[key]["zh"], WORDS[key]["en"]
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
    assert speaker("en")("status.within_gap", gap=0.00456).startswith(
        "Stations and chargers: proven within 0.46%"
    )
    assert "not zero" in note_text(Note("no_baseline", {"from_map": 3}), "en")


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


def notes_of_the_stages():
    """Yield key and value names of each ``Note("key", {...})`` that a stage hands up."""
    for room in ("inputs", "analysis", "optimize"):
        for path in sorted((PACKAGE / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                is_note = isinstance(node, ast.Call) and ast.unparse(node.func) == "Note"
                if is_note and len(node.args) == 2:
                    key, values = node.args
                    if isinstance(key, ast.Constant) and isinstance(values, ast.Dict):
                        names = [getattr(name, "value", None) for name in values.keys]
                        yield key.value, names


def test_every_note_of_the_stages_has_words_for_its_values():
    notes = list(notes_of_the_stages())
    assert len(notes) > 20, "few notes found: the test has lost its aim"
    for key, given in notes:
        asked = {name for _, name, _, _ in Formatter().parse(WORDS[f"note.{key}"]["zh"]) if name}
        if None not in given:  # a dict made of another one is filled in elsewhere
            assert asked <= set(given), key


def test_no_note_is_left_over():
    code = "\n".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    # keys put together from a kind of demand
    made = ("work_at_home", "retail_at_home", "visit_at_home", "road_at_home")
    keys = [key.removeprefix("note.") for key in WORDS if key.startswith("note.")]
    assert [key for key in keys if f'"{key}"' not in code and key not in made] == []


def test_every_step_of_the_screening_has_words():
    code = (PACKAGE / "analysis" / "candidates" / "sites.py").read_text(encoding="utf-8")
    steps = re.findall(r'(?:keep|screening\.add|steps\.add)\("(\w+)"', code)
    assert "places" in steps
    assert "with_existing" in steps
    assert sorted(f"step.{step}" for step in steps) == sorted(
        key for key in WORDS if key.startswith("step.")
    )


def test_every_stage_has_words():
    rooms = (
        "pipeline/*.py",
        "cli/*.py",
        "study/*.py",
        "why/*.py",
    )
    files = sorted(file for room in rooms for file in PACKAGE.glob(room))
    code = "".join(file.read_text(encoding="utf-8") for file in files)
    stages = set(re.findall(r'meter\.stage\("(\w+)"\)', code))
    assert {f"stage.{stage}" for stage in stages} == {
        key for key in WORDS if key.startswith("stage.")
    }


def test_every_step_of_a_long_stage_has_words():
    told = re.compile(r'(?:tell|progress|run\.stage)\(\s*f?"([^"{]+)(\{name\})?"')
    steps = set()
    for room in ("inputs", "optimize"):
        for path in sorted((PACKAGE / room).rglob("*.py")):
            steps |= {match[0].strip() for match in told.findall(path.read_text(encoding="utf-8"))}
    assert {"bound", "build roads", "year by year"} <= steps
    assert sorted(step for step in steps if f"doing.{step}" not in WORDS) == []


def test_lists_are_written_out():
    assert words("note.zones_cut", "zh", count=2, names=["木耳", "古路"]).endswith("：木耳、古路")
    many = words("note.stations_merged", "en", count=9, ids=list("abcdefghi"))
    assert many.endswith(": a, b, c, d, e, …")
    pairs = [["A", "B", 0.5], ["B", "C", 1.0]]
    assert words("note.zones_overlap", "en", count=2, pairs=pairs).endswith(
        ": A, B, 0.5, B, C, 1.0"
    )


def test_names_come_in_the_language_of_the_run():
    both = {"zh": "未划入分区", "en": "ground without a zone"}
    note = Note("no_home_demand", {"zones": 2, "names": [both, "Vaduz"]})
    assert note_text(note, "en").endswith(": ground without a zone, Vaduz")
    assert note_text(note, "zh").endswith("：未划入分区、Vaduz")


def test_every_text_asked_for_exists():
    asked = set(calls("say")) | set(calls("words"))
    asked |= set(re.findall(r"say\('([^']+)'", PANEL.read_text(encoding="utf-8")))
    assert {"mark.sample", "map.legend"} <= asked
    assert sorted(key for key in asked if key not in WORDS) == []


def test_no_text_is_left_over():
    code = "\n".join(
        path.read_text(encoding="utf-8")
        for path in PACKAGE.rglob("*")
        if path.suffix in {".py", ".html"}
    )
    put_together = ("field.", "note.", "step.",
                    "figure.", "kind.", "zone.", "quality.", "road.", "verdict.",
                    "landscape.", "size.", "status.", "fact.", "layer.", "total.", "terminal.",
                    "source.", "stage.", "column.", "found.", "need.", "nev.", "why.",
                    "class.", "clash.", "check.", "goal.", "pool.", "cover.", "month.",
                    "book.", "report.basis_", "report.stations_", "report.chargers_", "contrast.",
                    "use.", "zones.", "phase.", "tornado.", "doing.", "new.")  # fmt: skip
    left = [
        key
        for key in WORDS
        if not key.startswith(put_together) and f'"{key}"' not in code and f"'{key}'" not in code
    ]
    assert left == []
