"""For mkdocs: every page gets into the menu, and the tables that a page links to into the site."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

_ROOT = Path(__file__).resolve().parent.parent
_OUTSIDE = re.compile(r"\]\(\.\./(data/[\w./-]+)\)")


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every page that the menu does not name at its end."""
    named = set(re.findall(r"[\w-]+\.md", str(config.nav)))
    pages = sorted(path.name for path in Path(config.docs_dir).glob("*.md"))
    if more := [name for name in pages if name not in named]:
        config.nav.append({"更多 · More": more})
    return config


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add every file of ``data/`` that a page names."""
    pages = [page.content_string for page in files.documentation_pages()]
    for name in sorted({name for text in pages for name in _OUTSIDE.findall(text)}):
        files.append(File.generated(config, name, abs_src_path=str(_ROOT / name)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Point the links of a page at where those files lie in the site."""
    return _OUTSIDE.sub(r"](\1)", markdown)
