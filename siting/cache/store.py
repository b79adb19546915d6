"""A folder of checked bytes, and the memory of stages on top of it.

One entry is one file, named by its stage and its key. A writer fills a file of another name and
renames it at the end, so that no reader and no second process meets half of one; the first 32 bytes
are the SHA-256 of the rest. Content follows from the key, so two processes that write one
entry write the same, and it does not matter who is last. The entry read longest ago goes first when
the folder is full.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from platformdirs import user_cache_path

from siting import files
from siting.cache.codec import pack, unpack
from siting.cache.keys import result_key, table_print
from siting.errors import OutputError, ScenarioError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    import pandas as pd


log = logging.getLogger(__name__)

FOLDER_VARIABLE = "SITING_CACHE"
"""Environment variable with the folder of the cache; ``off`` for none."""
LIMIT_VARIABLE = "SITING_CACHE_MB"
"""Environment variable with the most the cache may hold, in megabytes."""

_OFF = "off"
_LIMIT_MB = 1000.0
_MEGABYTE = 1_000_000
_SUFFIX = ".siting"
_PART_LIFE_S = 3600.0
_DIGEST_BYTES = 32


@dataclass(frozen=True)
class Entry:
    """One file of the cache: its stage, its size, and when it was last read or written."""

    stage: str
    path: Path
    size_bytes: int
    used_s: float


class Cache:
    """A folder of bytes by stage and key.

    Nothing here fails a plan: what cannot be read counts as absent, and what cannot be written is
    left out with a line in the log.

    Parameters
    ----------
    folder
        Where the entries lie; made when the first one is written.
    limit_bytes
        Most bytes of all entries together.
    """

    def __init__(self, folder: Path, *, limit_bytes: float = _LIMIT_MB * _MEGABYTE) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    def get(self, stage: str, key: str) -> bytes | None:
        """Return what was kept under a stage and key; None if nothing, or nothing whole, is."""
        path = self._path(stage, key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        payload = content[_DIGEST_BYTES:]
        if hashlib.sha256(payload).digest() != content[:_DIGEST_BYTES]:
            log.info("cache: %s is broken and is made again", path.name)
            _remove(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return payload

    def put(self, stage: str, key: str, payload: bytes) -> None:
        """Keep bytes under a stage and key, then make room."""
        size = len(payload) + _DIGEST_BYTES
        if size > self.limit_bytes:
            log.info("cache: %d MB of %s are more than the limit", size // _MEGABYTE, stage)
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._write(self._path(stage, key), payload)
        except OSError as error:
            log.warning("cache: %s cannot be kept in %s: %s", stage, self.folder, error)
            return
        self._make_room()

    def entries(self) -> list[Entry]:
        """Return the entries, the one used last first."""
        found = [
            Entry(path.name.partition("-")[0], path, status.st_size, status.st_mtime)
            for path, status in self._files(half=False)
        ]
        return sorted(found, key=lambda entry: (-entry.used_s, entry.path.name))

    def clear(self) -> int:
        """Remove every entry and every half-written one; return how many entries went."""
        for path, _ in self._files(half=True):
            _remove(path)
        return sum(_remove(entry.path) for entry in self.entries())

    def _path(self, stage: str, key: str) -> Path:
        return self.folder / f"{stage}-{key}{_SUFFIX}"

    def _write(self, path: Path, payload: bytes) -> None:
        try:
            with files.whole_file(path) as part, part.open("xb") as stream:
                stream.write(hashlib.sha256(payload).digest())
                stream.write(payload)
        except OutputError:
            # Windows refuses while another process reads the entry: then it is there already
            if not path.exists():
                raise

    def _make_room(self) -> None:
        """Remove the entries used longest ago, and what writers that died have left."""
        for path, status in self._files(half=True):
            if time.time() - status.st_mtime > _PART_LIFE_S:
                _remove(path)
        total = 0
        for entry in self.entries():
            total += entry.size_bytes
            if total > self.limit_bytes:
                _remove(entry.path)

    def _files(self, *, half: bool) -> Iterator[tuple[Path, os.stat_result]]:
        try:
            names = sorted(self.folder.iterdir())
        except OSError:
            return
        for path in names:
            # a half-written file is hidden (siting.files)
            if path.suffix == _SUFFIX and path.name.startswith(".") is half:
                with contextlib.suppress(OSError):  # another process was quicker
                    yield path, path.stat()


def open_cache() -> Cache | None:
    """Return the cache of this user, or the one the environment names; None if it is off.

    Raises
    ------
    ScenarioError
        If the limit is no number.
    """
    named = os.environ.get(FOLDER_VARIABLE, "").strip()
    if named.casefold() == _OFF:
        return None
    folder = (
        files.expanded(named, where=FOLDER_VARIABLE)
        if named
        else user_cache_path("siting", appauthor=False)
    )
    return Cache(folder / "stages", limit_bytes=_limit_mb() * _MEGABYTE)


def _limit_mb() -> float:
    text = os.environ.get(LIMIT_VARIABLE, "").strip()
    if not text:
        return _LIMIT_MB
    try:
        limit_mb = float(text)
    except ValueError:
        limit_mb = -1.0
    if not 0 <= limit_mb < float("inf"):
        raise ScenarioError(
            f"the limit of the cache is no number of megabytes: '{text}'",
            where=LIMIT_VARIABLE,
            cure=f"e.g. {LIMIT_VARIABLE}={_LIMIT_MB:g}; {FOLDER_VARIABLE}={_OFF} keeps nothing",
        )
    return limit_mb


def _remove(path: Path) -> bool:
    """Remove a file; False if it is gone already or, on Windows, being read."""
    try:
        path.unlink()
    except OSError:
        return False
    return True


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
        silent: Mapping[str, object] | None = None,
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
