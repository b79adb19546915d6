"""A report as a Word document or as Markdown."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from siting import files
from siting.outputs.report import Bullets, Grid, Heading, Paragraph, Picture

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from docx.document import Document

    from siting.outputs.report import Block

_FONT = "Microsoft YaHei"
# what XML has no place for
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]#|])")
_PICTURE_CM = 16.0


def write_docx(blocks: Sequence[Block], path: Path) -> None:
    """Write a report as a Word document.

    Parameters
    ----------
    blocks
        Result of :func:`siting.outputs.report.make_report`.
    path
        The file to make; pictures lie beside it.
    """
    document = docx.Document()
    style = document.styles["Normal"]
    style.font.name, style.font.size = _FONT, Pt(10.5)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), _FONT)
    document.core_properties.author = "siting"
    for block in blocks:
        _add(document, block, path)
    document.save(made := BytesIO())
    files.write_whole(path, made.getvalue())


def _add(document: Document, block: Block, path: Path) -> None:
    match block:
        case Heading():
            document.add_heading(_clean(block.text), level=block.level)
        case Paragraph():
            document.add_paragraph(_clean(block.text))
        case Bullets():
            for item in block.items:
                document.add_paragraph(_clean(item), style="List Bullet")
        case Picture():
            document.add_picture(str(path.with_name(block.name)), width=Cm(_PICTURE_CM))
            document.add_paragraph(_clean(block.caption))
        case Grid():
            _add_grid(document, block)


def _add_grid(document: Document, grid: Grid) -> None:
    table = document.add_table(rows=1, cols=len(grid.headers))
    table.style = "Light Grid Accent 1"
    for row, texts in enumerate((grid.headers, *grid.rows)):
        cells = table.rows[0].cells if row == 0 else table.add_row().cells
        for place, (cell, text) in enumerate(zip(cells, texts, strict=True)):
            cell.text = _clean(text)
            if place in grid.numbers:
                cell.paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.RIGHT
    document.add_paragraph()


def _clean(text: str) -> str:
    return _CONTROL.sub("", " ".join(text.split()))


def write_markdown(blocks: Sequence[Block], path: Path) -> None:
    """Write a report as Markdown, every sign of a name that Markdown would read escaped."""
    files.write_whole(path, "\n\n".join(map(_markdown, blocks)) + "\n")


def _markdown(block: Block) -> str:
    match block:
        case Heading():
            return f"{'#' * (block.level + 1)} {_plain(block.text)}"
        case Paragraph():
            return _plain(block.text)
        case Bullets():
            return "\n".join(f"- {_plain(item)}" for item in block.items)
        case Picture():
            return f"![{_plain(block.caption)}]({block.name})"
        case Grid():
            rule = [
                "---:" if place in block.numbers else "---" for place in range(len(block.headers))
            ]
            lines = [block.headers, rule, *block.rows]
            escaped = [row if row is rule else [_plain(cell) for cell in row] for row in lines]
            return "\n".join("| " + " | ".join(row) + " |" for row in escaped)


def _plain(text: str) -> str:
    escaped = _clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", escaped)
