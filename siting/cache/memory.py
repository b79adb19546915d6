"""Calling a stage once: what it made of the same arguments before comes from the cache."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from siting.cache.codec import pack, unpack
from siting.cache.keys import result_key
from siting.cache.table_hash import table_print

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from siting.cache.store import Cache

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Memory:
    """Calls stages, and keeps what they return.

    Parameters
    ----------
    cache
        Where results are kept; None to call every stage and keep nothing.
    classes
        Dataclasses that results consist of.
    """

    def __init__(self, cache: Cache | None, classes: tuple[type, ...]) -> None:
        self._cache = cache
        self._classes = classes
        self._prints: dict[int, tuple[pd.DataFrame, str]] = {}
        self._called: dict[str, bool] = {}

    @property
    def reused(self) -> tuple[str, ...]:
        """Stages all of whose results came from the cache, in the order they were called."""
        return tuple(stage for stage, kept in self._called.items() if kept)

    def call(
        self,
        stage: str,
        function: Callable[..., Result],
        *arguments: Any,  # noqa: ANN401  # whatever the stage takes
        silent: dict[str, Any] | None = None,
        keep: bool = True,
        **options: Any,  # noqa: ANN401
    ) -> Result:
        """Return ``function(*arguments, **options)``, made now or before.

        Parameters
        ----------
        stage
            Name of the stage.
        function
            The stage. It must be pure: the result follows from the arguments, and from the
            files that they name.
        arguments, options
            What it is called with.
        silent
            Further options that do not change the result, e.g. a listener.
        keep
            Whether the result may be kept; not that of a download, which changes by itself.
        """
        silent = silent or {}
        if self._cache is None:
            return function(*arguments, **options, **silent)
        given = (arguments, options)
        key = result_key(function, given, table_print=self._print) if keep else None
        found = self._found(stage, key)
        self._called[stage] = self._called.get(stage, True) and found is not None
        if found is not None:
            return found[0]
        made = function(*arguments, **options, **silent)
        # a file that changed meanwhile may have been read before or after
        if key is not None and key == result_key(function, given, table_print=self._print):
            payload = pack(made, self._classes)
            if payload is None:
                log.warning("cache: what the stage %s makes cannot be kept", stage)
            else:
                self._cache.put(stage, key, payload)
        return made

    def _found(self, stage: str, key: str | None) -> tuple[Any] | None:
        """Return what was kept, in a tuple of one: it may be None; or None if nothing was."""
        payload = self._cache.get(stage, key) if self._cache and key else None
        if payload is None:
            return None
        try:
            return (unpack(payload, self._classes),)
        except Exception as error:  # noqa: BLE001  # an entry must never fail a plan
            log.warning("cache: an entry of %s cannot be read (%s) and is made again", stage, error)
            return None

    def _print(self, frame: pd.DataFrame) -> str:
        """Return the hash of a table, of one seen before from memory."""
        if id(frame) not in self._prints:
            self._prints[id(frame)] = (frame, table_print(frame))
        return self._prints[id(frame)][1]
