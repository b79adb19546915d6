"""What a run leaves for the next one: ``restart.npz`` in its run folder.

Stations, swap stations, and the prices of the bound, on ids
(:class:`siting.optimize.problem.solution.Start`). Plain numpy arrays without pickled objects; the
bytes depend on the plan alone.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from siting import files
from siting.errors import BrokenFileError, DataError, InputMissingError

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from siting.optimize.problem.solution import Start  # only where one is read

RESTART_NPZ = "restart.npz"
_FORMAT = 1
_NAMES = ("stations", "swap_ids", "site_id", "demand_id")
_ORIGIN = ("run", "sha256")
_MOST_BYTES = 1_000_000_000
_MOST_WORTH = 1e9
_AGAIN = "make the plan again with: siting plan SCENARIO; then start from it"


def write_start(start: Start, path: Path) -> None:
    """Write what a solve left into a file of a run folder."""
    content = {
        field.name: _plain(getattr(start, field.name))
        for field in fields(start)
        if field.name not in _ORIGIN
    }
    packed = io.BytesIO()
    np.savez_compressed(packed, format=np.array(_FORMAT), allow_pickle=False, **content)
    files.write_whole(path, packed.getvalue())


def _plain(value: object) -> NDArray[Any]:
    """Return an array without Python objects: names as text of one width."""
    array = np.asarray(value)
    return array.astype(str) if array.dtype == object else array


def read_start(folder: Path) -> Start:
    """Read what the solve of a run folder left.

    Raises
    ------
    InputMissingError
        If there is no such folder or the run left nothing.
    BrokenFileError
        If the file is cut short, changed, or of another format.
    """
    path = folder / RESTART_NPZ
    if not files.is_file(path):
        raise InputMissingError(
            f"nothing to start from: {RESTART_NPZ} is missing", where=str(folder), cure=_AGAIN
        )
    raw = files.read_bytes(path, cure=_AGAIN)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            _refuse_bomb(packed)
        with np.load(io.BytesIO(raw), allow_pickle=False) as content:
            return _from_content(dict(content), _run_name(folder), hashlib.sha256(raw).hexdigest())
    except (Exception, MemoryError) as error:  # a byte turned may end anywhere in numpy and zlib
        raise BrokenFileError(
            f"{RESTART_NPZ} cannot be read: {error}", where=str(path), cure=_AGAIN
        ) from error


def _refuse_bomb(packed: zipfile.ZipFile) -> None:
    size = sum(entry.file_size for entry in packed.infolist())
    if size > _MOST_BYTES:
        raise ValueError(f"it would unpack to {size / 1e9:.1f} GB")


def _from_content(content: dict[str, NDArray[Any]], run: str, sha256: str) -> Start:
    if int(content["format"]) != _FORMAT:
        raise ValueError(f"format {int(content['format'])}, not {_FORMAT}")
    names = {name: content[name].astype(str).astype(object) for name in _NAMES}
    wish, price = (content[name].astype(float) for name in ("wish", "price"))
    charger_price = float(content["charger_price"])
    for numbers in (wish, price, np.array(charger_price)):
        if not (np.abs(numbers) <= _MOST_WORTH).all():  # also where one is NaN
            raise ValueError("a price or wish is no number, or beyond all measure")
    if len(wish) != len(names["site_id"]) or len(price) != len(names["demand_id"]):
        raise ValueError("ids and numbers differ in length")
    from siting.optimize.problem.solution import Start  # noqa: PLC0415  # only where one is read

    return Start(
        stations=names["stations"],
        swap_ids=names["swap_ids"],
        site_id=names["site_id"],
        wish=wish,
        demand_id=names["demand_id"],
        price=price,
        charger_price=charger_price,
        swap_key=str(content["swap_key"]),
        run=run,
        sha256=sha256,
    )


def _run_name(folder: Path) -> str:
    """Return the name the run gave itself; that of its folder where it cannot be read."""
    try:
        return str(files.read_json(folder / "plan.json")["run"])
    except (DataError, KeyError, TypeError):
        return folder.resolve().name
