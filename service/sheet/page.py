"""The sheet, one A4 page for a needle: what it says, and three pictures, as the bytes of a PDF.

In: a ``Sheet``, pictures, a date. Out: PDF, the same bytes for the same input. Letters shrink until everything stands on one
page; below the smallest, the last warnings give way to a line that counts them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from io import BytesIO

from PIL import Image
from reportlab import rl_config
from reportlab.lib.colors import black, lightgrey
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Image as PlacedImage
from reportlab.platypus import Spacer

from dicom_io.pictures import Picture
from service.pictures import Drawn
from service.sheet.content import Sheet
from service.sheet.needles import NeedleFacts, brief_headings
from service.sheet.type import Flow, labelled, table, text
from service.sheet.wording import Wording

MARGIN = 9 * mm
WIDTH, HEIGHT = A4[0] - 2 * MARGIN, A4[1] - 2 * MARGIN
_SIZES_PT = (8.4, 8.0, 7.6, 7.2, 6.8, 6.5, 6.2, 5.9)
"""Of the text; the numbers a hand needs are larger. Below the last nothing is legible in print."""

rl_config.useA85 = 0
"""Pictures as bytes, not as letters: a fifth smaller, and without 0.3 s of spelling."""

_IN_MM = ("clearance", "required", "spare", "at_depth")
_PICTURES, _GAP = 3, 1.5 * mm
_SMALLEST_PICTURE = 0.7
"""Of a third of the page's width."""


def write_page(sheet: Sheet, drawn: Drawn, made_at: datetime, say: Wording) -> bytes:
    """One page; for several needles one that lists them all, and one for each."""
    buffer = BytesIO()
    canvas = Canvas(buffer, pagesize=A4, pageCompression=1, invariant=1)
    canvas.setDateFormatter(lambda *_: made_at.strftime("D:%Y%m%d%H%M%S"))
    canvas.setTitle("Needle plan, sheet for the intervention room")
    canvas.setCreator("needleplan")
    canvas.setSubject(sheet.state)
    for one, pictures in [(sheet, drawn), *_of_needles(sheet, drawn, say)]:
        _draw(canvas, _fitted(one, pictures, say), one)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _of_needles(sheet: Sheet, drawn: Drawn, say: Wording) -> list[tuple[Sheet, Drawn]]:
    """Of several needles, a whole sheet for each that has a path, with its own pictures."""
    count = len(sheet.needles)
    if count < 2:
        return []
    pictures = drawn.of_needles or ((),) * count
    return [
        (
            replace(sheet, title=say("needle_of", title=sheet.title, number=number, count=count), needles=(needle,)),
            replace(drawn, on_paper=own),
        )
        for number, (needle, own) in enumerate(zip(sheet.needles, pictures, strict=True), start=1)
        if needle.numbers
    ]


def _fitted(sheet: Sheet, drawn: Drawn, say: Wording) -> list[Flow]:
    """The page in the largest letters that fit."""
    for size in _SIZES_PT:
        flows = _flows(sheet, _pictures(drawn, say, 1.0), say, size)
        if _height(flows) <= _room():
            return flows
    warnings = sheet.checks.warnings
    for kept in range(len(warnings) - 1, -1, -1):
        cut = (*warnings[:kept], say("more", count=len(warnings) - kept))
        shorter = replace(sheet, checks=replace(sheet.checks, warnings=cut))
        flows = _flows(shorter, _pictures(drawn, say, _SMALLEST_PICTURE), say, _SIZES_PT[-1])
        if _height(flows) <= _room():
            break
    return flows


def _room() -> float:
    return float(HEIGHT - 18 * mm)


def _height(flows: Iterable[Flow]) -> float:
    return sum(float(flow.wrap(WIDTH, HEIGHT)[1]) for flow in flows)


def _draw(canvas: Canvas, flows: Sequence[Flow], sheet: Sheet) -> None:
    top = MARGIN + HEIGHT
    for flow in flows:
        _, height = flow.wrapOn(canvas, WIDTH, HEIGHT)
        top -= height
        flow.drawOn(canvas, MARGIN, top)
    bottom = MARGIN
    for flow in reversed(_footer(sheet)):
        _, height = flow.wrapOn(canvas, WIDTH, HEIGHT)
        flow.drawOn(canvas, MARGIN, bottom)
        bottom += height


def _footer(sheet: Sheet) -> list[Flow]:
    lines = [text(line, 5.4) for line in sheet.footer]
    box = [("BOX", (0, 0), (-1, -1), 1.0, black), ("BOTTOMPADDING", (0, 0), (-1, -1), 3)]
    return [table([[text(sheet.valid, 10, is_bold=True, is_centred=True)]], [WIDTH], box), Spacer(1, 2), *lines]


def _flows(sheet: Sheet, pictures: Flow, say: Wording, size: float) -> list[Flow]:
    single = len(sheet.needles) == 1
    notes = _notes(sheet, say, size)
    if single:
        needles = _one_needle(sheet.needles[0], notes, say, size)
    else:
        needles = [*_several(sheet.needles, say, size), Spacer(1, 2), *notes]
    return [
        *_head(sheet, say, size),
        Spacer(1, 3),
        pictures,
        Spacer(1, 3),
        *needles,
        Spacer(1, 3),
        *_checks(sheet, say, size),
    ]


def _head(sheet: Sheet, say: Wording, size: float) -> list[Flow]:
    line = [("BOX", (0, 0), (-1, -1), 2.0, black), ("BOTTOMPADDING", (0, 0), (-1, -1), 5)]
    filled = [] if sheet.is_released else [("BACKGROUND", (0, 0), (-1, -1), black)]
    large = 15 if sheet.is_released else 22
    state = text(sheet.state, large, is_bold=True, is_inverse=not sheet.is_released, is_centred=True)
    banners = [
        table([[text(one, 9.5, is_bold=True, is_centred=True)]], [WIDTH], [("BOX", (0, 0), (-1, -1), 1.2, black),
                                                                           ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5)])
        for one in sheet.banners
    ]  # fmt: skip
    return [
        table([[state]], [WIDTH], [*line, *filled]),
        *banners,
        Spacer(1, 2),
        text(sheet.patient, 11, is_bold=True),
        text(f"{sheet.scan}. {sheet.positions}", size),
        Spacer(1, 2),
        _target(sheet, say),
    ]


def _target(sheet: Sheet, say: Wording) -> Flow:
    """Procedure, level and side: the largest words after the state."""
    if len(sheet.needles) != 1:
        shown = next((n for n, needle in enumerate(sheet.needles, 1) if needle.numbers), "-")
        words = say("targets", title=sheet.title, count=len(sheet.needles), shown=shown)
        return text(words, 12, is_bold=True)
    needle = sheet.needles[0]
    doubt = [text(needle.doubt, 8, is_bold=True)] if needle.doubt else []
    left = [text(sheet.title, 8.5), text(needle.words, 14, is_bold=True), *doubt]
    side = text(needle.side, 15, is_bold=True, is_centred=True)
    styles = [("BOX", (1, 0), (1, 0), 2.0, black), ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
              ("BOTTOMPADDING", (1, 0), (1, 0), 5)]  # fmt: skip
    return table([[left, side]], [WIDTH * 0.68, WIDTH * 0.32], styles)


def _pictures(drawn: Drawn, say: Wording, share: float) -> Flow:
    if not drawn.on_paper:
        return text(say("no_pictures", why=say.planner(drawn.note.removeprefix("no pictures: "))), 9, is_bold=True)
    side = share * (WIDTH - (_PICTURES - 1) * _GAP) / _PICTURES
    cells = [PlacedImage(_stream(one), side, side) for one in drawn.on_paper[:_PICTURES]]
    return table([cells], [WIDTH / _PICTURES] * len(cells), [("ALIGN", (0, 0), (-1, -1), "CENTER")])


def _stream(picture: Picture) -> BytesIO:
    stream = BytesIO()
    Image.fromarray(picture.rgb).save(stream, format="PNG", compress_level=0)  # unpacked again at once
    stream.seek(0)
    return stream


def _one_needle(needle: NeedleFacts, notes: Sequence[Flow], say: Wording, size: float) -> list[Flow]:
    if needle.no_path:
        first, *rest = needle.no_path
        return [text(first, 16, is_bold=True), *(text(line, size) for line in rest), *notes]
    half = WIDTH / 2
    numbers = [[text(label, size), text(value, size + 0.8, is_bold=True)] for label, value in needle.numbers]
    left = table(numbers, [half * 0.3, half * 0.68], [("LINEBELOW", (0, 0), (-1, -1), 0.25, lightgrey)])
    right = [
        _clearances(needle, say, size, half),
        Spacer(1, 2),
        labelled(say("way"), needle.sentence, size),
        labelled(say("risk"), needle.risk, size),
        labelled(say("second"), needle.second, size),
        *notes,
    ]
    return [table([[left, right]], [half, half])]


def _clearances(needle: NeedleFacts, say: Wording, size: float, width: float) -> Flow:
    keys = ("structure", "clearance", "required", "spare", "at_depth", "sure")
    head = [text(f"{say(key)}{' mm' if key in _IN_MM else ''}", size - 0.8, is_bold=True) for key in keys]
    rows = [
        [
            text(f"{row.name}{' - ' + say('binding') if row.is_binding else ''}", size, is_bold=row.is_binding),
            *(
                text(cell, size, is_bold=row.is_binding)
                for cell in (row.gap, row.required, row.spare, row.depth, row.sure)
            ),
        ]
        for row in needle.clearances
    ]
    widths = [width * share for share in (0.46, 0.1, 0.14, 0.11, 0.1, 0.09)]
    return table(
        [head, *rows],
        widths,
        [("LINEBELOW", (0, 0), (-1, 0), 0.8, black), ("LINEBELOW", (0, 1), (-1, -1), 0.25, lightgrey)],
    )


def _several(needles: Sequence[NeedleFacts], say: Wording, size: float) -> list[Flow]:
    """A row for each needle: one page holds them all."""
    head = [text(words, size - 0.8, is_bold=True) for words in ("", *brief_headings(say))]
    rows = [_row(number, needle, size) for number, needle in enumerate(needles, 1)]
    shares = (0.15, 0.15, 0.13, 0.095, 0.085, 0.07, 0.06, 0.06, 0.08, 0.12)
    grid = [("GRID", (0, 0), (-1, -1), 0.4, black)]
    return [table([head, *rows], [WIDTH * share for share in shares], grid)]


def _row(number: int, needle: NeedleFacts, size: float) -> list[object]:
    name = [
        text(f"{number}. {needle.words}", size, is_bold=True),
        *([text(needle.doubt, size - 0.8)] if needle.doubt else []),
    ]
    if needle.no_path:
        return [name, [text(line, size, is_bold=True) for line in needle.no_path[:2]], *[""] * 8]
    return [name, *(text(cell, size) for cell in needle.brief)]


def _checks(sheet: Sheet, say: Wording, size: float) -> list[Flow]:
    checks, half = sheet.checks, WIDTH / 2
    left = [
        text(f"{say('blockers')} ({len(checks.blockers)})", size, is_bold=True),
        *_list(checks.blockers, size - 0.4),
    ]
    right = [
        text(f"{say('warnings')} ({len(checks.warnings)})", size, is_bold=True),
        *_list(checks.warnings, size - 0.4),
    ]
    return [
        labelled(say("checklist"), checks.checklist, size),
        *_gates(sheet, say, size),
        Spacer(1, 3),
        table([[left, right]], [half, half], [("LINEBEFORE", (1, 0), (1, 0), 0.4, black)]),
    ]


def _notes(sheet: Sheet, say: Wording, size: float) -> list[Flow]:
    """Injectate and earlier plans."""
    return [
        labelled(say("injectate"), " ".join(sheet.checks.injectate), size),
        *(labelled(say("together"), line, size) for line in sheet.checks.placing),
        *(labelled(say("earlier"), line, size) for line in sheet.checks.earlier),
    ]


def _list(lines: Sequence[str], size: float) -> list[Flow]:
    return [text(f"- {line}", size) for line in lines]


def _gates(sheet: Sheet, say: Wording, size: float) -> list[Flow]:
    rows = [
        [
            text("[x]" if gate.is_closed else "[  ]", size, is_bold=True),
            text(gate.words, size - 0.4),
            text(_answer(gate.answer, say, is_closed=gate.is_closed), size - 0.4, is_bold=not gate.is_closed),
        ]
        for gate in sheet.checks.gates
    ]
    if not rows:
        return []
    middle, half = (len(rows) + 1) // 2, WIDTH / 2
    widths = [half * share for share in (0.06, 0.68, 0.24)]
    return [table([[table(part, widths) if part else "" for part in (rows[:middle], rows[middle:])]], [half, half])]


def _answer(answer: str, say: Wording, *, is_closed: bool) -> str:
    if is_closed:
        return answer
    return f"{answer}: {say('open')}" if answer else say("open")
