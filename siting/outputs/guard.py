"""The content security policy of our pages: only what we wrote runs, and nobody is asked.

A page's scripts and style sheets stand in it, and the policy names the hash of each, so that a
name which slipped through every escape could still run nothing. Styles on single elements cannot be
named so; they move to a style sheet.
"""

from __future__ import annotations

import base64
import hashlib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MARK = "<!-- policy -->"
"""What stands in the head of a page, before any script, where its policy goes."""

_BLOCK = re.compile(r"<(script|style)[^>]*>(.*?)</\1>", re.DOTALL)
_PICKED = '[data-style="{}"]'
_STYLED = re.compile(r'(<[a-z][^<>]*?) style="([^"<>]*)"')


def guarded(page: str, *, pictures: Sequence[str] = ()) -> str:
    """Return a page with its content security policy.

    Parameters
    ----------
    page
        HTML with :data:`MARK` in its head; every text of a plan in it is escaped.
    pictures
        Hosts that tiles come from; without them the page asks nobody for anything.
    """
    page = _without_inline_styles(page)
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for name, content in _BLOCK.findall(page):
        digest = base64.b64encode(hashlib.sha256(content.encode("utf-8")).digest()).decode("ascii")
        hashes[name].append(f"'sha256-{digest}'")
    policy = [
        "default-src 'none'",
        *(
            f"{name}-src {' '.join(dict.fromkeys(found))}"
            for name, found in hashes.items()
            if found
        ),
        f"img-src {' '.join(('data:', *pictures))}",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    meta = f'<meta http-equiv="Content-Security-Policy" content="{"; ".join(policy)}">'
    return page.replace(MARK, meta, 1)


def _without_inline_styles(page: str) -> str:
    """Move styles of single elements outside of scripts to a style sheet of the head."""
    rules: dict[str, str] = {}

    def moved(found: re.Match[str]) -> str:
        number = rules.setdefault(found[2], str(len(rules) + 1))
        return f'{found[1]} data-style="{number}"'

    parts, end = [], 0
    for block in _BLOCK.finditer(page):
        parts += [_STYLED.sub(moved, page[end : block.start()]), block[0]]
        end = block.end()
    parts.append(_STYLED.sub(moved, page[end:]))
    # three times the attribute: a style of an element went before every rule of the sheet
    sheet = "".join(_PICKED.format(number) * 3 + f"{{{style}}}" for style, number in rules.items())
    text = "".join(parts)
    return text.replace("</head>", f"<style>{sheet}</style>\n</head>", 1) if sheet else text
