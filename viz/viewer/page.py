"""The page: the desk behind a browser. The only module that talks to the web toolkit's server.

In: a desk, whose case it is, what the service allows. Out: a server on loopback that one front talks to.
Drawing and short questions run on the event loop; planning runs beside it, and the page says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.resources import files
from typing import Any

from trame.app import get_server
from trame.ui.html import DivLayout
from trame.widgets import client, html
from trame_rca import module as areas_module

from viz.viewer.acts import Acts
from viz.viewer.areas import Area, Turns, adapter_of
from viz.viewer.beside import page_values
from viz.viewer.desk import Desk
from viz.viewer.host import Host
from viz.viewer.looks import PANES, SLABS
from viz.viewer.lost import lost_page
from viz.viewer.session import Signature
from viz.viewer.words import texts
from viz.viewer.work import Work

OTHERS_AFTER_S, OTHERS_AT_LEAST_S = 0.08, 0.4
"""The pane under the pointer first; the linked ones follow when the hand rests, and now and then while it moves."""

RESTED_AFTER_S = 3.0
"""Longer than a hand pauses between two turns of the wheel; assumed."""

_FIRST_VALUES: dict[str, object] = {
    "help": False,
    "big": "",
    "busy": "",
    "panes": list(PANES),
    "wish_procedure": "",
    "offered": "",
    "confirmed": False,
    "signing": False,
    "digest": "",
    "export_state": "",
}


class Page:
    """One case in one browser."""

    def __init__(self, desk: Desk, host: Host) -> None:
        self.desk, self.host, self._language = desk, host, host.language
        self._server = get_server("needleplan-viewer")
        self._adapters: dict[str, Any] = {}
        self._waiting: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._others_by_s = 0.0
        self._is_prepared = False
        self._resting: asyncio.TimerHandle | None = None
        self._work = Work(self)
        self._build()

    async def run(self, port: int, ready: Callable[[int], None]) -> None:
        """Serve on loopback until the process is told to end; ``ready`` hears the port."""
        self._server.controller.on_server_ready.add(lambda **_: self._register(ready))
        await self._server.start(
            port=port, host="127.0.0.1", exec_mode="coroutine", open_browser=False, show_connection_info=False,
            disable_logging=True, timeout=0,
        )  # fmt: skip

    def signed(self, signature: Signature) -> None:
        """The state at hand was signed."""
        if self.desk.session is not None:
            self.desk.session = self.desk.session.signed(signature)
            self.host.keep(self.desk.session)
        self.tell("")

    def tell(self, message: str) -> None:
        """A sentence from the service, or none; the sheet is closed."""
        self.desk.message = message
        self.put(signing=False)
        self.refresh()

    def exported(self, state: str) -> None:
        """How far the export has come: a key of the page's words, or nothing."""
        self.put(export_state=state)

    def _build(self) -> None:
        self._server.enable_module(areas_module)
        self._server.client_type = "vue3"
        self._server.state.trame__title = "needleplan"
        self._server.state.trame__template_error = lost_page()
        for name, handler in Acts(self, self._work).triggers().items():
            self._server.trigger(name)(handler)
        self.put(**_FIRST_VALUES)
        self.refresh()
        with DivLayout(self._server):
            client.Style(_file("page.css"))
            html.Div(_template())

    def _register(self, ready: Callable[[int], None]) -> None:
        turns = Turns(self._rest)
        for name in PANES:
            self._adapters[name] = adapter_of(Area(self.desk, name, self.moved), turns)
            self._server.controller.rc_area_register(self._adapters[name])
        ready(self._server.port)

    def _rest(self) -> None:
        """Every picture is drawn: what the first drag would wait for can be made."""
        if not self._is_prepared:
            self._is_prepared = True
            self._work.prepare()
        if self._resting is not None:
            self._resting.cancel()
        self._resting = asyncio.get_running_loop().call_later(RESTED_AFTER_S, self.host.rested)

    def moved(self, names: tuple[str, ...]) -> None:
        """After a pointer's event: draw, and where a step was made say what it means."""
        if not names:
            return
        judged, session = self._seen
        is_new = self.desk.judged is not judged or self.desk.session is not session
        self.show(
            names, says_facts=is_new or bool(self.desk.message) or bool(self.desk.choosing.offers and session is None)
        )
        if self.desk.wanted is not None:
            self._work.correct()
        elif is_new:
            self._work.settle()

    def show(self, names: tuple[str, ...], *, says_facts: bool = True) -> None:
        """Draw panes: the first one now, the others when the hand rests."""
        if not names:
            return
        self._adapters[names[0]].schedule_render()
        self._waiting.update(names[1:])
        if self._waiting:
            self._wait_for_rest()
        if says_facts:
            self.refresh()
        self.put(**self._looks_values())

    def _wait_for_rest(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._timer is None:
            self._others_by_s = now + OTHERS_AT_LEAST_S
        else:
            self._timer.cancel()
        self._timer = loop.call_at(min(now + OTHERS_AFTER_S, self._others_by_s), self._show_waiting)

    def _show_waiting(self) -> None:
        self._timer = None
        names, self._waiting = self._waiting, set()
        for name in names:
            self._adapters[name].schedule_render()

    def put(self, **values: object) -> None:
        """Set values of the template."""
        with self._server.state as state:
            state.update(values)

    def get(self, name: str) -> Any:  # noqa: ANN401 - the template's
        """A value of the template."""
        return self._server.state[name]

    def say(self, key: str) -> str:
        """A word in the page's language."""
        return texts(self._language)[key]

    def refresh(self) -> None:
        """Every word and number beside the pictures."""
        self._seen = (self.desk.judged, self.desk.session)
        self.put(**page_values(self.desk, self.host, self._language), **self._looks_values())

    def switch_language(self) -> None:
        """To the other one."""
        self._language = self._language.other
        self.refresh()

    def _looks_values(self) -> dict[str, Any]:
        looks, path, windows = self.desk.looks, self.desk.path, self.desk.windows
        return {
            "depth_share": 0.0 if path is None else 100 * looks.depth_mm / path.length_mm,
            "window_on": windows.index(looks.window) if looks.window in windows else -1,
            "slab": SLABS[looks.slab].words,
        }


def _template() -> str:
    """The page with its parts put in: a comment with its name stands for a file."""
    page = _file("page.html")
    for part in ("beside.html", "before.html", "sheets.html"):
        page = page.replace(f"<!-- {part} -->", _file(part))
    return page


def _file(name: str) -> str:
    return files("viz.viewer").joinpath(name).read_text(encoding="utf-8")
