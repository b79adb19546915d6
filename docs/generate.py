"""Write the reference pages of the scenario, the tables and the commands from the code.

Run it with ``make docs``; a test holds the pages against what it would write.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.cli import get_docs_for_click

from siting.cli.main import app
from siting.scenario import Scenario
from siting.scenario._block import IsPath
from siting.scenario._faults import block_of
from siting.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import BaseModel

    from siting.tables import Column

_HERE = Path(__file__).resolve().parent
_WRITTEN = "<!-- Written by docs/generate.py: change the code, then run `make docs`. -->\n"
_TYPES = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "array": "list",
    "object": "names to names",
}
_LIMITS = (
    ("minimum", "at least {}"),
    ("exclusiveMinimum", "above {}"),
    ("maximum", "at most {}"),
)
_BEYOND = 1e9  # a limit no district comes near to is not worth a reader's time

_SCENARIO_HEAD = f"""{_WRITTEN}
# The scenario file

A plan is made from one TOML file. Every key a stage reads stands here; a key that does not is
refused with its path and the nearest one that does. `siting new my-plan.toml` writes a file to
start from, and `siting check my-plan.toml` says what a plan from it would rest on.

- **Who wins:** the default here < the file that `extends` names < the file < the variant <
  `--set key=value`. Blocks are merged key by key, lists replaced whole. An `[area]` with another
  boundary, bbox or place takes nothing over from the old one.
- **Files** are relative to the scenario file they stand in (those of `--set` to the working
  folder). `shipped:` in front means the data that comes with the project.
- **Units** end the name: `_m` metres, `_km`, `_s` seconds, `_min`, `_kw`, `_kwh_day`, and
  `_share` for a part of 1.
- **Datum** of a file is `wgs84` (also CGCS2000), `gcj02` (AMap, Tencent) or `bd09` (Baidu). In
  Yubei they lie about half a kilometre apart, which no check can see: it has to be said.

`extends` and `siting` stand at the top of the file. `[variants.<name>.<block>]` holds the keys that
a variant changes ([scenarios.md](scenarios.md)); `siting plan FILE --variant NAME` plans it.

| key | what | default | meaning |
|---|---|---|---|
| `extends` | file | none | Scenario whose values hold where this file says nothing. |
"""

_TABLES_HEAD = f"""{_WRITTEN}
# The tables

What flows between the stages. Each table is checked where it is made, and all its faults are
named at once. Further columns are allowed.

- **Missing is never zero**: a column marked "may be missing" holds empty cells where nobody
  knows; any other must be filled.
- **Geometry** is in metres in the metric CRS of the run; WGS-84 exists only at the doors.
"""


_CLI_HEAD = f"""{_WRITTEN}
# The commands

What `siting VERB --help` says. Exit codes: 0 good, 1 a bug of ours, 2 the scenario, 3 the data or
the download, 4 no plan exists.

"""


def scenario_page() -> str:
    """Return the reference of the scenario file as Markdown."""
    top = "".join(_row("", Scenario, name) for name in _own_keys(Scenario))
    return _SCENARIO_HEAD + top + "".join(_sections(Scenario, ""))


def tables_page() -> str:
    """Return the reference of the tables as Markdown."""
    parts = [_TABLES_HEAD]
    for table in TABLES.values():
        empty = " It may have no rows." if table.may_be_empty else ""
        parts.append(
            f"\n## {table.name}\n\nMade by `{table.made_by}`.{empty}\n\n"
            "| column | type | unit | meaning |\n|---|---|---|---|\n"
        )
        parts.extend(
            f"| `{column.name}` | {column.dtype} | {column.unit} | {_meaning(column)} |\n"
            for column in table.columns
        )
    return "".join(parts)


def cli_page() -> str:
    """Return the reference of the command line as Markdown."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="siting")
    _, _, verbs = get_docs_for_click(obj=command, ctx=context, name="siting").partition("\n## ")
    text = re.sub(r"\[bold\](.*?)\[/\]", r"`\1`", f"## {verbs}").replace("```console", "```text")
    return _CLI_HEAD + re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


PAGES = {"scenario.md": scenario_page, "tables.md": tables_page, "cli.md": cli_page}


def main() -> None:
    """Write every page beside this script."""
    for name, page in PAGES.items():
        (_HERE / name).write_text(page(), encoding="utf-8", newline="\n")


def _sections(block: type[BaseModel], path: str) -> Iterator[str]:
    """Yield one section per block, an inner block after the block that holds it."""
    for name, field in block.model_fields.items():
        inner = block_of(field.annotation)
        if inner is None:
            continue
        here = f"{path}.{name}" if path else name
        heading = f"[[{here}]]" if "tuple" in str(field.annotation) else f"[{here}]"
        rows = "".join(_row(here, inner, key) for key in _own_keys(inner))
        doc = (inner.__doc__ or "").strip().splitlines()[0]
        table = f"\n| key | what | default | meaning |\n|---|---|---|---|\n{rows}" if rows else ""
        yield f"\n## `{heading}`\n\n{doc}\n{table}"
        yield from _sections(inner, here)


def _own_keys(block: type[BaseModel]) -> list[str]:
    return [
        name for name, field in block.model_fields.items() if block_of(field.annotation) is None
    ]


def _row(path: str, block: type[BaseModel], name: str) -> str:
    field = block.model_fields[name]
    schema = block.model_json_schema()["properties"][name]
    is_file = any(isinstance(mark, IsPath) for mark in field.metadata)
    default = (
        "**wanted**"
        if field.is_required()
        else _default(field.get_default(call_default_factory=True))
    )
    what = "file" if is_file else _what(schema)
    key = f"{path}.{name}" if path else name
    return f"| `{key}` | {what} | {default} | {_cell(field.description or '')} |\n"


def _default(value: object) -> str:
    if value is None:
        return "none"
    if value in ((), {}):
        return "empty"
    return f"`{json.dumps(value, ensure_ascii=False)}`"


def _what(schema: dict[str, Any]) -> str:
    """Return the type and range of a key in words."""
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    return " or ".join(_what_one(option) for option in options)


def _what_one(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    if schema.get("format") == "date":
        return "date"
    what = _TYPES[schema["type"]]
    if schema["type"] == "array" and "prefixItems" in schema:
        what = f"{len(schema['prefixItems'])} numbers"
    limits = [
        text.format(f"{schema[key]:g}")
        for key, text in _LIMITS
        if key in schema and schema[key] < _BEYOND
    ]
    return ", ".join([what, *limits])


def _meaning(column: Column) -> str:
    remarks = [column.meaning]
    if column.choices:
        remarks.append("one of " + ", ".join(f"`{choice}`" for choice in column.choices))
    if column.low is not None and column.high is not None:
        remarks.append(f"{column.low:g} to {column.high:g}")
    elif column.low is not None:
        remarks.append(f"at least {column.low:g}")
    if column.unique:
        remarks.append("no two alike")
    if column.nullable:
        remarks.append("may be missing")
    if column.optional:
        remarks.append("some plans lack the column")
    return _cell("; ".join(remarks))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
