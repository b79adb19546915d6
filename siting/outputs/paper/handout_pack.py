"""The pack: a PDF, a page and a picture for everybody, and one sheet with all pages on it."""

from __future__ import annotations

import base64
import io
import logging
import os
import re
import unicodedata
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from io import BytesIO
from multiprocessing import get_context
from typing import TYPE_CHECKING, Literal

import matplotlib as mpl
import numpy as np
from jinja2 import Environment
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.image import imsave

from siting import files
from siting.outputs.assets import asset
from siting.outputs.pages import guarded
from siting.outputs.paper.base_map import make_ground
from siting.outputs.paper.bodies import all_bodies
from siting.outputs.paper.document import Setting, draw_first_page, draw_pages
from siting.outputs.paper.lettering import find_face
from siting.outputs.paper.paper import FORMATS
from siting.outputs.paper.sheet import make_say, make_sheet

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from siting.notes import Progress
    from siting.outputs.paper.bodies import Body
    from siting.outputs.paper.lettering import Face
    from siting.outputs.paper.sheet import Sheet
    from siting.plan.plan import Plan

    Pixels = NDArray[np.uint8]


_HTML_LANGUAGE = {"zh": "zh-CN", "en": "en", "both": "zh-CN"}


def make_sheet_page(
    plan: Plan,
    sheet: Sheet,
    *,
    language: str,
    date: str,
    picture: bytes | None,
) -> str:
    """Return a handout as HTML, every text of a plan escaped.

    Parameters
    ----------
    plan, sheet
        The plan and what the handout says.
    language
        ``"zh"``, ``"en"`` or ``"both"``.
    date
        Date on the sheet.
    picture
        The first page as a PNG; without a Chinese font there is none.
    """
    say = make_say(language, plan.kinds)
    template = asset("sheet_page.html")
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    environment.filters["zip"] = zip
    page = environment.from_string(template).render(
        say=say,
        lang=_HTML_LANGUAGE[language],
        plan=plan,
        sheet=sheet,
        date=date,
        picture=_embedded(picture) if picture else "",
        tables=[(say(title), table) for title, table in sheet.tables],
    )
    return guarded(page)


def _embedded(picture: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


_LOG = logging.getLogger(__name__)

CONTACT_SHEET = "contact-sheet.png"
_THUMB_DPI = 24
_FINER = 4
_PICTURE_DPI = _THUMB_DPI * _FINER
_FINE_DPI = 200
_THUMBS_ACROSS = 14
_SMALL_PACK = 3
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
# Direction marks and other signs without a form, halves of surrogates, codes of no meaning.
_UNSEEN = frozenset({"Cf", "Cs", "Co", "Cn"})
_LONGEST_NAME = 40


@dataclass(frozen=True)
class Order:
    """What is asked for: language, paper, the date on the sheets."""

    language: Literal["zh", "en", "both"]
    paper: Literal["A3", "A4"]
    date: str


def write_handouts(  # what, where, and who is told
    plan: Plan,
    bodies: Sequence[Body],
    folder: Path,
    order: Order,
    *,
    workers: int = 1,
    progress: Progress = lambda _name, _share: None,
) -> list[Path]:
    """Write the handouts of some bodies into a folder that is there.

    Parameters
    ----------
    plan
        The plan.
    bodies
        Of :func:`siting.outputs.paper.bodies.all_bodies`.
    folder
        Where the files go: ``<nn>-<name>.pdf``, ``.html`` and ``.png``, and the contact sheet
        if there is more than one handout.
    order
        Language, paper, date.
    workers
        Processes; more than one where the pack is large.
    progress
        Told the name of each handout and the share done when it is written.

    Returns
    -------
    list
        Files written, sorted.

    Raises
    ------
    OutputError
        If the folder cannot be written.
    """
    places = {body.key: place for place, body in enumerate(all_bodies(plan))}
    stems = {body.key: f"{places[body.key]:02d}-{file_name(body.name('zh'))}" for body in bodies}
    face = find_face()
    thumbs: dict[str, list[Pixels]] = {}
    jobs = [(body, folder / stems[body.key]) for body in bodies]
    if workers > 1 and len(jobs) > _SMALL_PACK:
        fresh = get_context("spawn")
        with ProcessPoolExecutor(workers, fresh, _start, (plan, face, order)) as pool:
            # longest first, so that no worker is left with it at the end
            waiting = {pool.submit(_job, body, stem): body for body, stem in _longest(plan, jobs)}
            for done, future in enumerate(as_completed(waiting), start=1):
                body = waiting[future]
                thumbs[body.key] = future.result()
                progress(body.name("zh"), done / len(jobs))
    else:
        setting = _setting(plan, face, order)
        for done, (body, stem) in enumerate(jobs, start=1):
            thumbs[body.key] = _write(setting, body, stem, thumbs=len(jobs) > 1)
            progress(body.name("zh"), done / len(jobs))
    if len(bodies) > 1:
        pages = [page for body in bodies for page in thumbs[body.key]]
        files.write_whole(folder / CONTACT_SHEET, _png(_contact_sheet(pages)))
    return sorted(path for path in folder.iterdir() if path.is_file())


def write_map(plan: Plan, path: Path, *, language: Literal["zh", "en"], date: str) -> None:
    """Write the first page of the overview as a picture."""
    setting = _setting(plan, find_face(), Order(language, "A4", date))
    sheet = make_sheet(plan, all_bodies(plan)[0], language=language)
    with mpl.rc_context(setting.face.settings):
        files.write_whole(path, _png(_pixels(draw_first_page(setting, sheet).figure, _FINE_DPI)))


def file_name(text: str) -> str:
    """Return a text as part of a file name that every system takes.

    Examples
    --------
    >>> file_name('a/b:"c"')
    'a_b__c_'
    """
    seen = "".join(letter for letter in text if unicodedata.category(letter) not in _UNSEEN)
    plain = _FORBIDDEN.sub("_", " ".join(seen.split())).strip(" .")
    return plain[:_LONGEST_NAME].rstrip(" .") or "_"


def worker_count() -> int:
    """Return how many processes suit this machine."""
    return min(os.cpu_count() or 1, 8)


def _longest(plan: Plan, jobs: list[tuple[Body, Path]]) -> list[tuple[Body, Path]]:
    counts = plan.sites["zone_id"].value_counts()
    return sorted(jobs, key=lambda job: -float(counts.get(job[0].zone_id, 0) or 1e6))


def _setting(plan: Plan, face: Face, order: Order) -> Setting:
    return Setting(plan, make_ground(plan), face, FORMATS[order.paper], order.language, order.date)


_HERE: dict[str, Setting] = {}


def _start(plan: Plan, face: Face, order: Order) -> None:
    """Prepare a worker: the ground is made once in each."""
    find_face()
    _HERE["setting"] = _setting(plan, face, order)


def _job(body: Body, stem: Path) -> list[Pixels]:
    return _write(_HERE["setting"], body, stem, thumbs=True)


def _write(setting: Setting, body: Body, stem: Path, *, thumbs: bool) -> list[Pixels]:
    """Write one handout, and return its pages as small pictures if they are wanted."""
    sheet = make_sheet(setting.plan, body, language=setting.language)
    with mpl.rc_context(setting.face.settings):
        pages = draw_pages(setting, sheet)
        title = f"{sheet.title} · {sheet.subtitle}"
        paper = BytesIO()
        with PdfPages(paper, metadata={"Title": title, "CreationDate": None}) as pdf:
            for page in pages:
                pdf.savefig(page.figure)
        files.write_whole(stem.with_name(f"{stem.name}.pdf"), paper.getvalue())
        pixels = _pixels(pages[0].figure, _PICTURE_DPI)
        picture = _png(pixels)
        files.write_whole(stem.with_name(f"{stem.name}.png"), picture)
        small = [_small(pixels)] if thumbs else []
        small += [_pixels(page.figure, _THUMB_DPI) for page in pages[1:] if thumbs]
    _write_page(setting.plan, sheet, stem, (setting.language, setting.date), picture)
    return small


def _write_page(
    plan: Plan, sheet: Sheet, stem: Path, said: tuple[str, str], picture: bytes | None
) -> None:
    """Write a handout as HTML in a language, with a date, and a picture where there is one."""
    language, date = said
    page = make_sheet_page(plan, sheet, language=language, date=date, picture=picture)
    files.write_whole(stem.with_name(f"{stem.name}.html"), page)


def _pixels(figure: mpl.figure.Figure, dpi: int) -> Pixels:
    """Return a figure as pixels (height, width, 3)."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
    return pixels[:, :, :3].copy()


def _png(pixels: Pixels) -> bytes:
    buffer = io.BytesIO()
    imsave(buffer, pixels, format="png")
    return buffer.getvalue()


def _small(picture: Pixels) -> Pixels:
    """Return a picture at the size of the contact sheet: the mean of each block of pixels."""
    high, wide = (size // _FINER * _FINER for size in picture.shape[:2])
    blocks = picture[:high, :wide].reshape(high // _FINER, _FINER, wide // _FINER, _FINER, 3)
    return np.asarray(blocks.mean(axis=(1, 3)).astype(np.uint8))


def _contact_sheet(pages: list[Pixels]) -> Pixels:
    """Return all pages side by side as one picture."""
    high = max(page.shape[0] for page in pages) + 6
    wide = max(page.shape[1] for page in pages) + 6
    rows = -(-len(pages) // _THUMBS_ACROSS)
    across = min(len(pages), _THUMBS_ACROSS)
    sheet = np.full((rows * high, across * wide, 3), 205, dtype=np.uint8)
    for place, page in enumerate(pages):
        top, left = divmod(place, _THUMBS_ACROSS)
        y, x = top * high + 3, left * wide + 3
        sheet[y : y + page.shape[0], x : x + page.shape[1]] = page
    return sheet
