"""Every ``siting`` command of the READMEs and the docs is parsed, and run but for one.

They run on a small town in the place of the reader's own plan and of the shipped scenarios, with
fewer stations, samples and points; ``PARSED_ONLY`` names what is only parsed, and why.
"""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
from pathlib import Path

import desk
import pytest
import typer
from clusters import address

from siting.cli.main import app, run
from siting.errors import EXIT_GOOD
from siting.scenario import load_scenario
from siting.scenario.variants import find_scenario
from siting.study.tornado import Assumption

ROOT = Path(__file__).resolve().parents[1]
PAGES = [
    ROOT / "README.md", ROOT / "README.zh.md", ROOT / "maps" / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
]  # fmt: skip
PARSED_ONLY = {"fetch": "wants the network; test_fetch has a server of its own"}
ON_WORKERS = {"sweep", "tornado", "robust", "front"}
SMALLER = {"--samples": "1", "--points": "4"}
SETS = {
    "yubei-2025": 'extends = "my-plan.toml"\n',
    "yubei-uncertain": """extends = "my-plan.toml"
[run]
name = "yubei-uncertain"
[uncertainty]
"demand.nev_share" = { low = 0.1, high = 0.3 }
""",
    "yubei-variants": """extends = "my-plan.toml"
[run]
name = "yubei-variants"
[variants.base]
[variants.equity.model]
objective = "max_min"
""",
    "mine": """extends = "my-plan.toml"
[run]
name = "mine"
[variants.base]
[variants.grid.model]
min_spacing_m = 120
""",
}
"""Files of the small town that stand for shipped scenarios and for those of the pages."""


def commands():
    """Return every command of the pages as words, each once, in the order they are read."""
    found = {}
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```(?:sh|bat)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
        lines = [line for block in blocks for line in block.splitlines()]
        lines += re.findall(r"^Example: `(siting .*)`$", text, re.MULTILINE)
        for line in lines:
            # A word may hold a "#" only inside quotes, as in a shell.
            words = shlex.split(line, comments=True)
            if words[:1] == ["siting"]:
                found.setdefault(tuple(words[1:]), page.name)
    return list(found)


COMMANDS = commands()


def at_the_desk(words):
    """Return a command as the small town can take it."""
    small = list(words)
    for place in range(len(words)):
        if words[place - 1] in SMALLER:
            small[place] = SMALLER[words[place - 1]]
        small[place] = re.sub(r"targets\.stations=\d+,\d+", "targets.stations=4,5", small[place])
        small[place] = re.sub(r"targets\.stations=\d+$", "targets.stations=5", small[place])
        small[place] = small[place].replace("maps/yubei-2025", "maps/my-plan")
    if "--workers" in small:
        place = small.index("--workers")
        del small[place : place + 2]
    return tuple(small)


RUN = [words for words in dict.fromkeys(map(at_the_desk, COMMANDS)) if words[0] not in PARSED_ONLY]


def test_the_pages_have_commands_and_all_verbs_but_one_run():
    assert len(COMMANDS) > 30
    verbs = set(typer.main.get_command(app).commands)
    assert {words[0] for words in RUN} == verbs - set(PARSED_ONLY)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_command_is_one_the_command_line_takes(words):
    verbs = typer.main.get_command(app).commands
    assert words[0] in verbs
    verb = verbs[words[0]]
    given = verb.make_context(words[0], list(words[1:])).params
    changes = [value for option, value in itertools.pairwise(words) if option == "--set"]
    name = str(given.get("scenario") or "yubei-2025")
    shipped = find_scenario("yubei-2025" if name.endswith(".toml") else name)
    load_scenario(shipped, overrides=[one for one in changes if not one.startswith("inputs.osm=")])


def test_a_wrong_command_would_be_found():
    verbs = typer.main.get_command(app).commands
    for words in (["--colour"], ["a", "b", "c"], ["--basemap", "moon"]):
        with pytest.raises(typer.exceptions.TyperException):
            verbs["plan"].make_context("plan", words)


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """Return the folder of a reader who has planned the small town under each name."""
    folder = tmp_path_factory.mktemp("reader")
    desk.set_up(folder).rename(folder / "my-plan.toml")
    desk.edit(folder / "my-plan.toml", 'name = "town"', 'name = "my-plan"')
    desk.edit(folder / "town.osm", '<way id="401"', '<way id="123"')
    words = ["plan", str(folder / "my-plan.toml"), "--out", str(folder / "maps")]
    for name, text in SETS.items():
        (folder / f"{name}.toml").write_text(f"siting = 1\n{text}", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SITING_CACHE", str(folder / "cache"))
        assert run(words) == EXIT_GOOD
    shutil.copytree(folder / "maps" / "my-plan", folder / "maps" / "other")
    return folder


def first(words):
    """Return the command that makes what another one reads."""
    if words[0] == "robust":
        return ("sweep", "yubei-uncertain", "--samples", "1")
    if any("yubei-variants-" in word for word in words):
        return ("plan", "yubei-variants", "--all-variants")
    return None


@pytest.mark.parametrize("words", RUN, ids=" ".join)
def test_the_command_runs(words, reader, tmp_path, monkeypatch):
    def find(name):
        return reader / f"{name}.toml" if name in SETS else find_scenario(name)

    few = [Assumption("factors.prices", 0.8, 1.3, "")]
    monkeypatch.setattr("siting.study.tornado.assumptions", lambda _: few)
    monkeypatch.setattr("siting.cli.options.find_scenario", find)
    monkeypatch.setattr("siting.cli.plan_verb.find_scenario", find)
    monkeypatch.setenv("SITING_CACHE", str(reader / "cache"))
    # A new scenario is written where none lies yet.
    monkeypatch.chdir(tmp_path if words[0] == "new" else reader)
    for command in filter(None, (first(words), words)):
        more = ("--scheduler", address()) if command[0] in ON_WORKERS else ()
        assert run([*command, *more]) == EXIT_GOOD
