"""From pydantic's list of errors to one error a planner can act on."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from siting.errors import ScenarioError, UnknownKeyError
from siting.scenario.blocks import Scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError

_UNKNOWN = "extra_forbidden"
_NEAR_ENOUGH = 0.5


def translated(error: ValidationError, where: str, prefix: str = "") -> ScenarioError:
    """Return the error that names every fault of a scenario with its path after a prefix."""
    faults = error.errors()
    lines = [_fault_line(fault["loc"], fault["type"], fault["msg"], prefix) for fault in faults]
    unknown = any(fault["type"] == _UNKNOWN for fault in faults)
    kind = UnknownKeyError if unknown else ScenarioError
    what = f"the scenario has {len(lines)} fault(s):\n    - " + "\n    - ".join(lines)
    return kind(what, where=where, cure="docs/scenario.md lists every key with its meaning")


def block_of(annotation: Any) -> type[BaseModel] | None:  # noqa: ANN401  # any type expression
    """Return the block a field's annotation holds, alone, optional or in a tuple."""
    for candidate in (annotation, *getattr(annotation, "__args__", ())):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None


def _fault_line(loc: tuple[int | str, ...], kind: str, message: str, prefix: str) -> str:
    path = prefix + _path(loc)
    if kind != _UNKNOWN:
        return f"{path or 'scenario'}: {message.removeprefix('Value error, ')}"
    near = _nearest(loc)
    hint = f"; did you mean '{prefix}{near}'?" if near else ""
    return f"unknown key '{path}'{hint}"


def _nearest(loc: tuple[int | str, ...]) -> str:
    """Return the key meant: the same name in another block, else a like one in this."""
    key = str(loc[-1])
    for path in _all_keys(Scenario):
        if path.rpartition(".")[2] == key:
            return path
    near = difflib.get_close_matches(key, _keys_beside(loc), n=1, cutoff=_NEAR_ENOUGH)
    return _path((*loc[:-1], near[0])) if near else ""


def _path(loc: tuple[int | str, ...]) -> str:
    """Return keys with their tables; the entries of a list count from 1."""
    parts = [f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in loc]
    return "".join(parts).removeprefix(".")


def _all_keys(block: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in block.model_fields.items():
        yield prefix + name
        inner = block_of(field.annotation)
        if inner is not None:
            yield from _all_keys(inner, f"{prefix}{name}.")


def _keys_beside(loc: tuple[int | str, ...]) -> list[str]:
    block: type[BaseModel] | None = Scenario
    for part in loc[:-1]:
        if isinstance(part, str) and block is not None:
            field = block.model_fields.get(part)
            block = block_of(field.annotation) if field else None
    return list(block.model_fields) if block else []
