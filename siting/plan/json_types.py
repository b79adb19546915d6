"""From frozen classes to JSON types and back: the doors of ``plan.json`` and of ``--json``."""

from __future__ import annotations

import math
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

DECIMALS = 6
_Part = TypeVar("_Part")


def tidy(value: Any, decimals: int | None = DECIMALS) -> Any:  # noqa: ANN401  # any JSON type in and out
    """Return plain JSON types: classes as objects, numpy's numbers unwrapped, missing as None.

    A field with the metadata ``{"absent": True}`` is left out where it is None.

    Parameters
    ----------
    value
        A frozen class, or what JSON knows.
    decimals
        Decimals that floats are rounded to; None for all they have.
    """
    if is_dataclass(value):
        return {
            one.name: tidy(getattr(value, one.name), decimals)
            for one in fields(value)
            if getattr(value, one.name) is not None or not one.metadata.get("absent")
        }
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return tidy(value._asdict(), decimals)
    if isinstance(value, dict):
        return {str(key): tidy(entry, decimals) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [tidy(entry, decimals) for entry in value]
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, float) or (decimals is None and math.isfinite(value)):
        return value
    return round(value, decimals) if math.isfinite(value) else None


def made(kind: type[_Part], content: Any) -> _Part:  # noqa: ANN401  # JSON types
    """Return a frozen class made of JSON types; the inverse of :func:`tidy`.

    A number that is missing becomes NaN where its field takes no None. Entries that the class
    does not know are left out; what it knows and has a default for may be missing.

    Raises
    ------
    KeyError
        If an entry is missing that has no default.
    TypeError, ValueError
        If an entry is of another kind than its field.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Year:
    ...     year: int
    ...     value: float
    >>> made(Year, tidy(Year(2025, float("nan"))))
    Year(year=2025, value=nan)
    """
    if not isinstance(content, dict):
        raise TypeError(f"a {kind.__name__} is made of an object, not of {content!r}")
    found = {}
    for name, (hint, needed) in _fields(kind).items():  # type: ignore[arg-type]  # a class hashes
        if name in content:
            found[name] = _value(hint, content[name])
        elif needed:
            raise KeyError(name)
    return kind(**found)


@cache
def _fields(kind: Any) -> dict[str, tuple[Any, bool]]:  # noqa: ANN401  # a dataclass
    """Return of each field its type, and whether it has no default."""
    hints = get_type_hints(kind)
    return {
        one.name: (hints[one.name], one.default is MISSING and one.default_factory is MISSING)
        for one in fields(kind)
    }


def _value(hint: Any, content: Any) -> Any:  # noqa: ANN401, PLR0911  # one return a kind
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        if content is None and NoneType in inner:
            return None
        (hint,) = (one for one in inner if one is not NoneType)
        return _value(hint, content)
    if origin is dict:
        return {str(key): _value(inner[1], entry) for key, entry in content.items()}
    if hasattr(hint, "_fields"):
        return hint(**content)
    if origin is tuple:
        return tuple(_value(inner[0], entry) for entry in content)
    if is_dataclass(hint):
        return made(hint, content)  # type: ignore[arg-type]  # a class, not one of it
    if hint is float:
        return math.nan if content is None else float(content)
    if hint is int:
        return int(content)
    return content
