"""The text of a file in whatever encoding its office saved it: stated, marked, or guessed."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from charset_normalizer import from_bytes

from siting.errors import BrokenFileError, ScenarioError
from siting.notes import Note

if TYPE_CHECKING:
    from pathlib import Path

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSED = ("gb18030", "cp1252", "big5")
"""What is guessed between: the encodings that desktops of offices save without a mark."""

_NAMES = {"gb18030": "GB 18030", "cp1252": "Windows-1252", "big5": "Big5"}
_ALONE = re.compile(r"(?<![^\x00-\x7f])[^\W\d_\x00-\x7f](?![^\x00-\x7f])")
_SAMPLE = 200_000
_HIGH = 0x80
_NUL_SHARE = 0.2
_MANY_TIMES = 20
_COMMON_BONUS = 0.3
_MOSTLY_COMMON = 0.9
_ENOUGH = 6
_LONGEST = 4


@dataclass(frozen=True)
class Decoded:
    """Text and how it was read.

    Attributes
    ----------
    text
        The text, without a byte-order mark.
    encoding
        Python's name of the encoding.
    confidence
        From 0 to 1 where the encoding was guessed; None where it is stated or certain.
    """

    text: str
    encoding: str
    confidence: float | None = None

    @property
    def label(self) -> str:
        """Name of the encoding for readers."""
        return _NAMES.get(self.encoding, self.encoding.upper())


def decoded(data: bytes, path: Path, *, declared: str | None = None, key: str = "") -> Decoded:
    """Return the text of some bytes.

    A declared encoding is taken at its word. Otherwise a byte-order mark decides, then UTF-16
    without one (every other byte zero), then UTF-8 if the bytes are that; what is left is guessed
    between GB 18030, Windows-1252 and Big5, and the guess says how sure it is.

    Parameters
    ----------
    data
        The bytes.
    path
        The file, for messages.
    declared
        Encoding of the scenario, if it names one.
    key
        Key of the block that names the file, for the cure.

    Raises
    ------
    ScenarioError
        If nobody knows the declared encoding.
    BrokenFileError
        If the bytes are not in the declared encoding, or in none that can be told.
    """
    if declared is not None:
        return _declared(data, path, declared, key)
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return Decoded(_strict(data, encoding, path, key), encoding)
    if bare := _bare_utf16(data):
        return Decoded(_strict(data, bare, path, key), bare)
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        guessed, confidence = guess_encoding(data)
    if guessed is None:
        raise _unreadable(path, key, "it is text in no encoding that can be told")
    return Decoded(_strict(data, guessed, path, key), guessed, confidence)


def note_encoding(found: Decoded, path: Path, notes: list[Note]) -> None:
    """Tell an encoding that is not the usual one, and how sure a guess is."""
    if found.confidence is not None:
        sample = next((line for line in found.text.splitlines() if not line.isascii()), "")
        values = {"file": path.name, "encoding": found.label, "share": found.confidence,
                  "sample": sample.strip()[:40]}  # fmt: skip
        notes.append(Note("encoding_guessed", values))


def guess_encoding(data: bytes) -> tuple[str | None, float]:
    """Return the likeliest encoding of bytes that are not UTF-8, and how sure that is.

    charset-normalizer measures how messy the text would be in each encoding; that of Chinese
    also counts how many of its characters are everyday ones (GB 2312), because a few accented
    letters of the west make rare Chinese characters.
    """
    sample = _lines_with_high_bytes(data)
    ranks = {}
    for match in from_bytes(sample, cp_isolation=list(_GUESSED), threshold=1.0):
        clean = 1.0 - float(match.chaos)
        ranks[match.encoding] = clean - _COMMON_BONUS * (1.0 - _everyday(sample, match.encoding))
    for encoding in _GUESSED:
        if encoding not in ranks and _fits(sample, encoding):
            ranks[encoding] = _everyday(sample, encoding) - _COMMON_BONUS
    if not ranks:
        return None, 0.0
    best = max(_GUESSED, key=lambda name: ranks.get(name, -1.0))
    others = [rank for name, rank in ranks.items() if name != best]
    margin = ranks[best] - max(others, default=0.0)
    return best, round(min(0.99, max(0.5, 0.6 + margin)), 2)


def _everyday(sample: bytes, encoding: str) -> float:
    """Return the share of the characters beyond ASCII that people write every day."""
    text = sample.decode(encoding, errors="ignore")
    characters = [sign for sign in text if ord(sign) >= _HIGH]
    if not characters:
        return 0.0
    if encoding == "cp1252":  # letters of the west stand alone among plain ones
        return len(_ALONE.findall(text)) / len(characters)
    charset = "gb2312" if encoding == "gb18030" else "big5"
    level = (0xB0, 0xD7) if encoding == "gb18030" else (0xA4, 0xC6)
    common = 0
    for sign in characters:
        coded = sign.encode(charset, errors="ignore")
        common += bool(coded) and (level[0] <= coded[0] <= level[1] or coded[0] < level[0] - 8)
    return common / len(characters)


def _fits(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _lines_with_high_bytes(data: bytes) -> bytes:
    """Return the lines that say something about the encoding: numbers would only dilute them."""
    lines = [line for line in data.splitlines() if any(byte >= _HIGH for byte in line)]
    return b"\n".join(lines)[:_SAMPLE].rpartition(b"\n")[0] or b"\n".join(lines)[:_SAMPLE]


def _bare_utf16(data: bytes) -> str | None:
    """Tell UTF-16 without a mark by the zero bytes of its digits and commas."""
    sample = data[: _SAMPLE - _SAMPLE % 2]
    half = len(sample) // 2
    if not half or len(data) % 2:
        return None
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    if max(low, high) > _NUL_SHARE * half and min(low, high) * _MANY_TIMES < max(low, high):
        return "utf-16-le" if high > low else "utf-16-be"
    return None


def _declared(data: bytes, path: Path, declared: str, key: str) -> Decoded:
    try:
        name = codecs.lookup(declared).name
    except LookupError as error:
        raise ScenarioError(
            f"nobody knows the encoding '{declared}'",
            where=f"{key}.encoding",
            cure='e.g. "utf-8", "gb18030", "utf-16", "windows-1252", "big5"',
        ) from error
    marked = name in {"utf-8", "utf_8"} and data.startswith(codecs.BOM_UTF8)
    return Decoded(_strict(data, "utf-8-sig" if marked else name, path, key), name)


def _strict(data: bytes, encoding: str, path: Path, key: str) -> str:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, UnicodeError) as error:
        raise _unreadable(path, key, f"it is not {encoding}: {error}") from error


def _unreadable(path: Path, key: str, what: str) -> BrokenFileError:
    return BrokenFileError(
        f"'{path.name}' cannot be read: {what}",
        where=str(path),
        cure=f'say its encoding: {key or "the block"}.encoding = "gb18030" (or "windows-1252", '
        '"utf-16", ...); or save it as CSV UTF-8',
    )


def with_cut_ends(pieces: list[bytes]) -> list[bytes]:
    """Return texts of GB 18030 without the half of a character that a narrow field cut off."""
    whole = []
    for piece in pieces:
        try:
            piece.decode("gb18030")
            whole.append(piece)
        except UnicodeDecodeError as error:
            whole.append(piece[: error.start] if error.start >= len(piece) - _LONGEST else b"")
    return [piece for piece in whole if piece]


def guess_of_fields(pieces: list[bytes]) -> tuple[str | None, float]:
    """Return the likeliest encoding of the texts of narrow fields, whose ends may be cut."""
    name, confidence = guess_encoding(b"\n".join(pieces))
    whole = b"\n".join(with_cut_ends(pieces))
    if name == "gb18030" or whole.count(b"\n") * 2 < len(pieces) - 2:
        return name, confidence
    common = _everyday(whole, "gb18030")
    if common >= _MOSTLY_COMMON and sum(byte >= _HIGH for byte in whole) >= _ENOUGH:
        return "gb18030", round(0.6 + 0.3 * common, 2)
    return name, confidence
