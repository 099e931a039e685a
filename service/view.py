"""``needleplan view``: open a planned case, or a series that waits for its target, in this machine's browser.

In: a results folder, or a series. Out: the page, until Ctrl-C. A series is segmented first; what is made lies in a folder of the
person's choice, or in one that is gone afterwards.
"""

from __future__ import annotations

import asyncio
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.markup import escape

from service.errors import MissingPartError
from service.opening import open_series
from service.request import NamedAnchor
from service.tools import site_tools
from service.viewing.keeping import KEPT, is_kept
from service.viewing.users import INSTALL
from service.watch import Stopwatch


@dataclass(frozen=True, slots=True)
class ViewRequest:
    """What to open, and how."""

    path: Path
    series_uid: str | None = None
    anchor: NamedAnchor | None = None
    out: Path | None = None
    port: int = 0
    language: str = "de"
    opens_browser: bool = True


def view(console: Console, request: ViewRequest) -> None:
    """Serve the page until Ctrl-C."""
    try:
        from service.viewing.embedded import serve_embedded  # noqa: PLC0415 - the web parts are an extra
    except ImportError as error:
        raise MissingPartError(f"the package {error.name}", "the viewer", INSTALL) from error

    def ready(address: str) -> None:
        console.print(escape(f"Open once, on this machine: {address}"), soft_wrap=True)
        if request.opens_browser:
            webbrowser.open(address)

    with _case(console, request) as folder:
        try:
            asyncio.run(serve_embedded(folder, request.port, request.language, ready))
        except KeyboardInterrupt:
            console.print("Closed.")


@contextmanager
def _case(console: Console, request: ViewRequest) -> Iterator[Path]:
    for folder in (request.path / KEPT, request.path):
        if is_kept(folder):
            yield folder
            return
    if request.out is not None:
        yield _segmented(console, request, request.out)
        return
    with TemporaryDirectory(prefix="needleplan-view-") as temporary:
        yield _segmented(console, request, Path(temporary))


def _segmented(console: Console, request: ViewRequest, out: Path) -> Path:
    watch = Stopwatch(lambda stage: console.print(escape(f"... {stage}")))
    with watch("reading"):
        series = open_series(request.path, request.series_uid)
    site_tools(out, watch, datetime.now().astimezone()).segment(series, request.anchor)
    return out / KEPT
