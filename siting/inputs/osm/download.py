"""The network: Overpass and Nominatim, asked by osmnx, with an end to every wait.

osmnx keeps its settings in module globals, waits 55 s on a busy server for as often as it
takes, and pins host names for the whole process. :func:`_osmnx_as` changes the settings
for one download and puts everything back; a response hook turns a busy or broken server
into an error of ours, so that retries and waits follow the scenario.
"""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import socket
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import osmnx as ox
import requests
from osmnx._errors import CacheOnlyInterruptError, InsufficientResponseError

from siting.errors import AreaError, DownloadError
from siting.inputs.provenance import sha256_of_text
from siting.scenario import local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shapely import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from siting import scenario
    from siting.notes import Progress

log = logging.getLogger(__name__)

"""Called with the name of a step and the share of it that is done, 0..1."""

_BUSY = (429, 502, 503, 504)
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 60.0
_OK = 200
_TAIL = 4096
_OFFLINE_CURE = (
    "check the network, or plan from a file: inputs.osm = a local .osm.pbf extract, "
    "or a pack fetched before"
)


class _BusyError(Exception):
    """The server answered, but with no data: worth another try."""

    def __init__(self, text: str, pause_s: float | None = None) -> None:
        super().__init__(text)
        self.pause_s = pause_s


class _RefusedError(Exception):
    """The server refused the request: no use trying again."""


@dataclass(frozen=True)
class Answers:
    """Raw answers of an Overpass server.

    Attributes
    ----------
    elements
        OSM elements as Overpass gives them, each once, sorted by type and id.
    as_of
        Time of the server's data, ISO; empty if it does not say.
    """

    elements: dict[str, dict[int, dict[str, Any]]]
    as_of: str


@dataclass(frozen=True)
class Found:
    """A place as Nominatim knows it: its outline in WGS-84 and its full name."""

    geometry: BaseGeometry
    label: str


def download(
    polygon: Polygon | MultiPolygon,
    tags: dict[str, bool | str | list[str]],
    settings: scenario.Overpass,
    *,
    progress: Progress | None = None,
) -> Answers:
    """Download the drivable ways and the tagged features of an area through osmnx.

    Parameters
    ----------
    polygon
        Area to ask for, WGS-84.
    tags
        Feature tags in osmnx's form.
    settings
        Endpoint, time-outs, retries and cache.
    progress
        Told of each step.

    Raises
    ------
    DownloadError
        If the server cannot be reached, refuses, or stays busy through all retries.
    """
    _require_network(settings.endpoint, settings.connect_timeout_s)
    key = sha256_of_text(f"{settings.endpoint}\n{polygon.wkt}\n{sorted(tags.items())}")[:16]
    with contextlib.ExitStack() as stack:
        if settings.cache_dir is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="siting-")))
        else:
            folder = local_path(settings.cache_dir) / key
        stack.enter_context(_osmnx_as(settings, folder, cache_only=True))
        steps: dict[str, Callable[[], object]] = {
            "roads": lambda: ox.graph_from_polygon(polygon, network_type="drive", retain_all=True),
            "features": lambda: ox.features_from_polygon(polygon, tags),
        }
        for number, (name, ask) in enumerate(steps.items()):
            if progress:
                progress(f"download {name}", number / len(steps))
            _with_retries(ask, settings.endpoint, settings.retries)
        if progress:
            progress("download", 1.0)
        return _merged(folder)


def geocode(place: str, settings: scenario.Overpass) -> Found:
    """Ask Nominatim, through osmnx, for the outline of a place.

    Parameters
    ----------
    place
        Name of the place.
    settings
        Endpoint, time-outs, retries and cache.

    Raises
    ------
    DownloadError
        If the server cannot be reached, refuses, or stays busy through all retries.
    AreaError
        If it knows no such place, or only a point.
    """
    _require_network(settings.nominatim, settings.connect_timeout_s)
    with contextlib.ExitStack() as stack:
        if settings.cache_dir is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="siting-")))
        else:
            folder = local_path(settings.cache_dir)
        stack.enter_context(_osmnx_as(settings, folder, cache_only=False))
        try:
            frame = _with_retries(
                lambda: ox.geocode_to_gdf(place), settings.nominatim, settings.retries
            )
        except (InsufficientResponseError, TypeError) as error:
            raise AreaError(
                f"the geocoder knows no area called '{place}': {error}",
                where="area.place",
                cure="add the country or province, or give a boundary file instead",
            ) from error
    row = frame.iloc[0]
    return Found(row.geometry, str(row.get("display_name", place)))


def _require_network(url: str, timeout_s: float) -> None:
    """Find out within the time-out whether a host answers at all.

    The look-up of a host name knows no time-out of its own, so it runs in a thread that is
    left behind if it takes too long.
    """
    target = urlsplit(
        requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url)) or url
    )
    port = target.port or (443 if target.scheme == "https" else 80)
    answers: queue.Queue[OSError | None] = queue.Queue()

    def knock() -> None:
        try:
            with socket.create_connection((target.hostname or "", port), timeout=timeout_s):
                answers.put(None)
        except OSError as error:
            answers.put(error)

    threading.Thread(target=knock, daemon=True).start()
    try:
        failure = answers.get(timeout=timeout_s)
    except queue.Empty:
        failure = TimeoutError(f"no answer within {timeout_s:g} s")
    if failure is not None:
        raise DownloadError(
            f"no connection to {urlsplit(url).netloc}: {failure}", where=url, cure=_OFFLINE_CURE
        ) from failure


@contextlib.contextmanager
def _osmnx_as(settings: scenario.Overpass, folder: Path, *, cache_only: bool) -> Iterator[None]:
    """Lend osmnx our settings and put back its own, and the name look-up it replaces."""
    wanted: dict[str, Any] = {
        "overpass_url": settings.endpoint,
        "nominatim_url": settings.nominatim,
        "requests_timeout": max(1, round(settings.timeout_s)),
        "overpass_rate_limit": False,
        "doh_url_template": None,
        "use_cache": settings.cache_dir is not None or cache_only,
        "cache_folder": folder,
        "cache_only_mode": cache_only,
        "requests_kwargs": {"hooks": {"response": _judge}},
    }
    _forget_broken(folder)
    before = {name: getattr(ox.settings, name) for name in wanted}
    look_up = socket.getaddrinfo
    try:
        for name, value in wanted.items():
            setattr(ox.settings, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(ox.settings, name, value)
        socket.getaddrinfo = look_up


def _judge(response: requests.Response, *_args: object, **_kwargs: object) -> None:
    """Raise unless a response holds data; called by requests on every response."""
    if response.is_redirect:
        return
    text = f"{urlsplit(response.url).netloc} answered {response.status_code} {response.reason}"
    if response.status_code in _BUSY:
        raise _BusyError(text, _asked_pause(response))
    if response.status_code != _OK:
        raise _RefusedError(text)
    if response.content.lstrip()[:1] not in {b"{", b"["}:
        raise _BusyError(f"{text}, but not with JSON")
    # A query that ran out of time or memory is answered 200, with a remark for data.
    tail = response.content[-_TAIL:]
    if b'"remark"' in tail:
        remark = tail.split(b'"remark"')[1].decode("utf-8", "replace").strip(' :"\n}')
        raise _BusyError(f"{urlsplit(response.url).netloc} gave up: {remark}")


def _asked_pause(response: requests.Response) -> float | None:
    try:
        return min(float(response.headers["Retry-After"]), _LONGEST_PAUSE_S)
    except (KeyError, ValueError):
        return None


def _with_retries(
    ask: Callable[[], Any],
    endpoint: str,
    retries: int,
) -> Any:  # noqa: ANN401 - osmnx's own frames
    """Ask until there is an answer, pausing longer each time."""
    for attempt in range(retries + 1):
        try:
            return ask()
        except CacheOnlyInterruptError:  # osmnx's way of saying that all answers are in
            return None
        except _RefusedError as error:
            raise DownloadError(
                str(error),
                where=endpoint,
                cure="check inputs.overpass.endpoint and area; the server refuses this request",
            ) from error
        except (_BusyError, requests.RequestException) as error:
            if attempt == retries:
                raise DownloadError(
                    f"no data after {retries + 1} tries: {error}",
                    where=endpoint,
                    cure="try again later, raise inputs.overpass.timeout_s or retries, use another "
                    "inputs.overpass.endpoint, or plan from a local extract",
                ) from error
            asked = getattr(error, "pause_s", None)
            pause_s = min(_FIRST_PAUSE_S * 2**attempt, _LONGEST_PAUSE_S) if asked is None else asked
            log.warning("%s; try %d of %d in %g s", error, attempt + 2, retries + 1, pause_s)
            time.sleep(pause_s)
    raise AssertionError("unreachable")  # pragma: no cover


def _forget_broken(folder: Path) -> None:
    """Delete cached answers that a run broken off left half written."""
    for path in sorted(folder.glob("*.json")):
        try:
            json.loads(path.read_text(encoding="utf-8"))
        except ValueError:
            log.warning("deleted a broken cached answer: %s", path.name)
            path.unlink()


def _merged(folder: Path) -> Answers:
    """Join the answers of all queries, each element once and sorted by id."""
    found: dict[str, dict[int, dict[str, Any]]] = {"node": {}, "way": {}, "relation": {}}
    times = set()
    for path in sorted(folder.glob("*.json")):
        answer = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(answer, dict):
            continue
        times.add(str(answer.get("osm3s", {}).get("timestamp_osm_base", "")))
        for element in answer.get("elements", ()):
            if element.get("type") in found:
                found[element["type"]][int(element["id"])] = element
    elements = {kind: dict(sorted(things.items())) for kind, things in found.items()}
    return Answers(elements, min(times, default=""))
