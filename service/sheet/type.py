"""Type on paper: one embedded family, styles of one base size, text that any printer can set.

In: words. Out: paragraphs and tables of reportlab, black on white: a printer without colour loses nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib.colors import black, white
from reportlab.lib.enums import TA_CENTER
from reportlab.lib.fonts import addMapping
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, Table

Flow: TypeAlias = Any
"""Something reportlab places on a page; the library has no types."""

PLAIN, BOLD = "Vera", "Vera-Bold"
_LEADING = 1.22


@lru_cache(maxsize=1)
def fonts() -> frozenset[int]:
    """Bitstream Vera, which reportlab brings, made ready; the characters it can set."""
    folder = Path(reportlab.__file__).parent / "fonts"
    plain, bold = TTFont(PLAIN, folder / "Vera.ttf"), TTFont(BOLD, folder / "VeraBd.ttf")
    registerFont(plain)
    registerFont(bold)
    for is_italic in (0, 1):
        addMapping(PLAIN, 0, is_italic, PLAIN)
        addMapping(PLAIN, 1, is_italic, BOLD)
    return frozenset(plain.face.charToGlyph) & frozenset(bold.face.charToGlyph)


def printable(text: str) -> str:
    """The text in characters the fonts have: a letter without its accent, else a question mark."""
    can = fonts()
    return "".join(_nearest(letter, can) for letter in unicodedata.normalize("NFC", text))


def _nearest(letter: str, can: frozenset[int]) -> str:
    if ord(letter) in can:
        return letter
    base = unicodedata.normalize("NFKD", letter)[0]
    return base if ord(base) in can else "?"


def text(
    words: str, size_pt: float, *, is_bold: bool = False, is_inverse: bool = False, is_centred: bool = False
) -> Flow:
    """A paragraph."""
    return marked(escape(printable(words)), size_pt, is_bold=is_bold, is_inverse=is_inverse, is_centred=is_centred)


def marked(
    markup: str, size_pt: float, *, is_bold: bool = False, is_inverse: bool = False, is_centred: bool = False
) -> Flow:
    """A paragraph of escaped words with ``<b>`` in it."""
    fonts()
    name = f"{size_pt}{is_bold}{is_inverse}{is_centred}"
    style = ParagraphStyle(
        name,
        fontName=BOLD if is_bold else PLAIN,
        fontSize=size_pt,
        leading=size_pt * _LEADING,
        textColor=white if is_inverse else black,
    )
    if is_centred:
        style.alignment = TA_CENTER
    return Paragraph(markup, style)


def labelled(label: str, words: str, size_pt: float) -> Flow:
    """*Label: words*, the label bold."""
    return marked(f"<b>{escape(printable(label))}:</b> {escape(printable(words))}", size_pt)


def table(rows: Sequence[Sequence[object]], widths: Sequence[float], styles: Sequence[tuple[object, ...]] = ()) -> Flow:
    """Cells close together, tops in line; ``widths`` in points."""
    close = (
        ("LEFTPADDING", (0, 0), (-1, -1), 1.5),
        ("RIGHTPADDING", (0, 0), (-1, -1), 1.5),
        ("TOPPADDING", (0, 0), (-1, -1), 0.4),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 0.9),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
    )
    return Table([list(row) for row in rows], colWidths=list(widths), style=[*close, *styles])
