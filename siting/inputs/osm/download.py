"""The network: Overpass and Nominatim, asked by osmnx, with an end to every wait.

osmnx keeps its settings in module globals, waits 55 s on a busy server for as often as it
takes, and pins host names for the whole process. :func:`_osmnx_as` changes the settings
for one download and puts everything back; a response hook turns a busy or broken server
into an error of ours, so that retries and waits follow the scenario.
"""

from __future__ import annotations

import contextlib
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
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from siting import files
from siting.errors import AreaError, DataError, DownloadError
from siting.inputs.osm.answers import merged
from siting.inputs.provenance import sha256_of_text
from siting.scenario import local_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from shapely import MultiPolygon, Polygon
    from shapely.geometry.base import BaseGeometry

    from siting import scenario
    from siting.inputs.osm.answers import Answers
    from siting.notes import Progress

log = logging.getLogger(__name__)

_BUSY = (429, 502, 503, 504)
_FIRST_PAUSE_S = 5.0
_LONGEST_PAUSE_S = 60.0
_OK = 200
_PIECE = 1 << 16
_MOST_BYTES = 1_000_000_000
_WHOLE_ANSWER = 3.0  # times the time for the server to begin
_SHOWN = 300
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
        stack.enter_context(files.writing(Path(settings.cache_dir or tempfile.gettempdir())))
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
            try:
                _with_retries(ask, settings.endpoint, settings.retries)
            except InsufficientResponseError as error:
                raise DownloadError(
                    f"the server's answer is none of Overpass: {str(error)[:_SHOWN]}",
                    where=settings.endpoint,
                    cure="check inputs.overpass.endpoint, or plan from a local extract",
                ) from error
        if progress:
            progress("download", 1.0)
        return merged(folder, settings.endpoint)


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
        stack.enter_context(files.writing(Path(settings.cache_dir or tempfile.gettempdir())))
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
                f"the geocoder knows no area called '{place}': {str(error)[:_SHOWN]}",
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
    limit_s = _WHOLE_ANSWER * settings.timeout_s
    wanted: dict[str, Any] = {
        "overpass_url": settings.endpoint,
        "nominatim_url": settings.nominatim,
        "requests_timeout": max(1, round(settings.timeout_s)),
        "overpass_rate_limit": False,
        "doh_url_template": None,
        "use_cache": settings.cache_dir is not None or cache_only,
        "cache_folder": folder,
        "cache_only_mode": cache_only,
        "requests_kwargs": {"hooks": {"response": _judge_within(limit_s)}},
    }
    _forget_broken(folder)
    before = {name: getattr(ox.settings, name) for name in wanted}
    look_up = socket.getaddrinfo
    try:
        for name, value in wanted.items():
            setattr(ox.settings, name, value)
        with _headers_within(limit_s):
            yield
    finally:
        for name, value in before.items():
            setattr(ox.settings, name, value)
        socket.getaddrinfo = look_up


@contextlib.contextmanager
def _headers_within(limit_s: float) -> Iterator[None]:
    """Have urllib3 wait for the headers of an answer, and of a proxy's, only so long in all.

    Its own limit is for each piece of them: a server that sends a letter now and then would hold
    us for ever.
    """
    pools: tuple[Any, ...] = (HTTPConnectionPool, HTTPSConnectionPool)
    before = [pool.ConnectionCls for pool in pools]
    try:
        for pool, kind in zip(pools, before, strict=True):
            pool.ConnectionCls = _hurried(kind, limit_s)
        yield
    finally:
        for pool, kind in zip(pools, before, strict=True):
            pool.ConnectionCls = kind


def _hurried(kind: Any, limit_s: float) -> Any:  # noqa: ANN401  # a class of urllib3
    """Return a kind of connection that is cut off when its headers are not there in time."""

    class Hurried(kind):
        def _tunnel(self) -> None:  # of a proxy
            with _cut_off(self, limit_s):
                super()._tunnel()

        def getresponse(self) -> Any:  # noqa: ANN401  # what urllib3 gives
            with _cut_off(self, limit_s):
                return super().getresponse()

    return Hurried


@contextlib.contextmanager
def _cut_off(connection: Any, limit_s: float) -> Iterator[None]:  # noqa: ANN401  # one of urllib3
    late = threading.Event()

    def cut() -> None:
        late.set()
        with contextlib.suppress(OSError, AttributeError):  # closed, or not open yet
            connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(limit_s, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        if late.is_set():
            raise _BusyError(f"{connection.host} has not begun its answer within {limit_s:g} s")


def _judge_within(limit_s: float) -> Callable[..., None]:
    """Return a hook of requests that raises unless a response holds data, all of it in time."""

    def judge(response: requests.Response, *_args: object, **_kwargs: object) -> None:
        if response.is_redirect:
            return
        try:
            _require_data(response, limit_s)
        except Exception:
            response.close()  # else its socket stays open until somebody collects it
            raise

    return judge


def _require_data(response: requests.Response, limit_s: float) -> None:
    host = urlsplit(response.url).netloc
    text = f"{host} answered {response.status_code} {response.reason}"
    if response.status_code in _BUSY:
        raise _BusyError(text, _asked_pause(response))
    if response.status_code != _OK:
        raise _RefusedError(text)
    response._content = _body(response, host, limit_s)  # noqa: SLF001  # requests reads without an end
    response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001  # the same
    try:
        content = response.json()
    except (ValueError, RecursionError) as error:
        raise _BusyError(f"{text}, but not with JSON, or not with all of it") from error
    # A query that ran out of time or memory is answered 200, with a remark for data.
    if isinstance(content, dict) and "remark" in content:
        raise _BusyError(f"{host} gave up: {str(content['remark'])[:_SHOWN]}")


def _body(response: requests.Response, host: str, limit_s: float) -> bytes:
    """Return the body of a response: requests limits the wait for each piece, not for all."""
    ends = time.monotonic() + limit_s - response.elapsed.total_seconds()
    parts, size = [], 0
    try:
        while part := response.raw.read1(_PIECE, decode_content=True):
            parts.append(part)
            size += len(part)
            if size > _MOST_BYTES:
                raise _RefusedError(f"{host} answers with more than {_MOST_BYTES / 1e9:g} GB")
            if time.monotonic() > ends:
                raise _BusyError(f"{host} has not sent all of its answer within {limit_s:g} s")
    except HTTPError as error:
        raise _BusyError(f"the answer of {host} broke off: {error}") from error
    return b"".join(parts)


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
                    f"no data after {retries + 1} tries: {str(error)[:_SHOWN]}",
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
            files.read_json(path)
        except DataError:
            log.warning("deleted a broken cached answer: %s", path.name)
            path.unlink(missing_ok=True)
