"""The page: the desk behind a browser. The only module that talks to the web toolkit's server.

In: a desk, whose case it is, what the service allows. Out: a server on loopback that one front talks to.
Drawing and short questions run on the event loop; planning runs beside it, and the page says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from importlib.resources import files
from typing import Any

from trame.app import get_server
from trame.ui.html import DivLayout
from trame.widgets import client, html
from trame_rca import module as areas_module

from planner.errors import PlannerError
from planner.geometry import FloatArray
from planner.structures import Side
from viz.viewer.areas import Area, adapter_of
from viz.viewer.beside import page_values
from viz.viewer.desk import Desk
from viz.viewer.host import Host
from viz.viewer.looks import PANES, SLABS
from viz.viewer.pointer import Pointer
from viz.viewer.session import Session
from viz.viewer.words import lost_page, texts

OTHERS_AFTER_S = 0.08
"""The pane under the pointer first; the linked ones follow when the hand rests."""


class Page:
    """One case in one browser."""

    def __init__(self, desk: Desk, host: Host) -> None:
        self._desk, self._host, self._language = desk, host, host.language
        self._server = get_server("needleplan-viewer")
        self._adapters: dict[str, Any] = {}
        self._waiting: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._build()

    async def run(self, port: int, ready: Callable[[int], None]) -> None:
        """Serve on loopback until the process is told to end; ``ready`` hears the port."""
        self._server.controller.on_server_ready.add(lambda **_: self._register(ready))
        await self._server.start(
            port=port, host="127.0.0.1", exec_mode="coroutine", open_browser=False, show_connection_info=False,
            disable_logging=True, timeout=0,
        )  # fmt: skip

    def _build(self) -> None:
        self._server.enable_module(areas_module)
        self._server.client_type = "vue3"
        self._server.state.trame__title = "needleplan"
        self._server.state.trame__template_error = lost_page()
        for name, handler in self._triggers().items():
            self._server.trigger(name)(handler)
        self._put(
            help=False,
            big="",
            busy="",
            panes=list(PANES),
            wish_procedure="",
            wish_level="",
            wish_side="",
            confirmed=False,
        )
        self._refresh()
        with DivLayout(self._server):
            client.Style(files("viz.viewer").joinpath("page.css").read_text(encoding="utf-8"))
            html.Div(files("viz.viewer").joinpath("page.html").read_text(encoding="utf-8"))

    def _triggers(self) -> dict[str, Callable[..., Any]]:
        return {
            "key": self._key,
            "undo": lambda: self._change(Session.undo),
            "redo": lambda: self._change(Session.redo),
            "choose": lambda index: self._change(lambda session: session.choose(int(index))),
            "reset": lambda: self._show(self._desk.reset()),
            "language": self._switch_language,
            "anterior_up": self._turn_axial,
            "look": lambda depth_mm: self._show(self._desk.look_along(float(depth_mm))),
            "look_share": self._look_share,
            "replan": self._replan,
            "plan": self._plan,
            "show_level": self._show_level,
        }

    def _register(self, ready: Callable[[int], None]) -> None:
        for name in PANES:
            self._adapters[name] = adapter_of(Area(self._desk, name, self._moved))
            self._server.controller.rc_area_register(self._adapters[name])
        ready(self._server.port)
        self._prepare()

    def _prepare(self) -> None:
        session = self._desk.session
        if session is not None:
            now = session.now
            self._start(asyncio.to_thread(self._host.planning.prepare, now.plan, now.target_index))

    def _moved(self, names: tuple[str, ...]) -> None:
        """After a pointer's event: draw, and where a step was made say what it means."""
        if not names:
            return
        judged, session = self._seen
        is_new = self._desk.judged is not judged or self._desk.session is not session
        self._show(names, says_facts=is_new or bool(self._desk.message))
        if is_new:
            self._settle()

    def _show(self, names: tuple[str, ...], *, says_facts: bool = True) -> None:
        if not names:
            return
        self._adapters[names[0]].schedule_render()
        self._waiting.update(names[1:])
        if self._timer is None and self._waiting:
            self._timer = asyncio.get_running_loop().call_later(OTHERS_AFTER_S, self._show_waiting)
        if says_facts:
            self._refresh()
        self._put(**self._looks_values())

    def _show_waiting(self) -> None:
        self._timer = None
        names, self._waiting = self._waiting, set()
        for name in names:
            self._adapters[name].schedule_render()

    def _put(self, **values: object) -> None:
        with self._server.state as state:
            state.update(values)

    def _refresh(self) -> None:
        """Every word and number beside the pictures."""
        self._seen = (self._desk.judged, self._desk.session)
        self._put(**page_values(self._desk, self._host, self._language), **self._looks_values())

    def _looks_values(self) -> dict[str, Any]:
        looks, path, windows = self._desk.looks, self._desk.path, self._desk.windows
        return {
            "depth_share": 0.0 if path is None else 100 * looks.depth_mm / path.length_mm,
            "window_on": windows.index(looks.window) if looks.window in windows else -1,
            "slab": SLABS[looks.slab].words,
        }

    def _change(self, step: Callable[[Session], Session]) -> None:
        """A step of the session, kept on disk before it is shown."""
        session = self._desk.session
        if session is None:
            return
        changed = step(session)
        if changed is not session:
            self._host.keep(changed)
            self._show(self._desk.change(changed))
            self._settle()

    def _settle(self) -> None:
        """After an edit: keep it, and measure its tolerance beside the event loop."""
        session = self._desk.session
        if session is None or self._desk.is_dragging:
            return
        self._host.keep(session)
        judged = session.now.judged
        if judged is not None and not judged.is_tolerance_known:
            self._start(self._measure_tolerance(session))

    async def _measure_tolerance(self, session: Session) -> None:
        now = session.now
        assert now.judged is not None
        settled = await asyncio.to_thread(self._host.planning.settle, now.plan, now.target_index, now.judged)
        present = self._desk.session
        if present is not None and present.now is now:
            self._desk.session = present.settle(settled)
            self._refresh()

    def _replan(self) -> None:
        session, path = self._desk.session, self._desk.path
        if session is not None and path is not None and not self._host.is_read_only:
            index = session.now.target_index

            async def run() -> None:
                plan = await asyncio.to_thread(self._host.planning.replan, session.now.plan, index, path.target_mm)
                self._change(lambda present: present.replan(plan))

            self._start(self._busily(run))

    def _plan(self, procedure: str, level: str, side: str) -> None:
        if self._host.is_read_only:
            return

        async def run() -> None:
            plan = await asyncio.to_thread(self._host.first_plan, procedure, level, Side.parse(side))
            session = Session.opened(plan)
            self._host.keep(session)
            self._show(self._desk.start(session))
            self._prepare()

        self._start(self._busily(run))

    async def _busily(self, work: Callable[[], Awaitable[None]]) -> None:
        """Say that it takes a moment; a refusal becomes a sentence on the page."""
        self._desk.message = ""
        self._put(busy=texts(self._language)["planning"])
        try:
            await work()
        except PlannerError as refusal:
            self._desk.message = str(refusal)
            self._refresh()
        finally:
            self._put(busy="")

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _show_level(self, level: str, side: str) -> None:
        point = self._host.level_mm(level, side)
        if point is not None:
            self._desk.looks = self._desk.looks.at(point)
            self._show(PANES)

    def _look_share(self, share: float) -> None:
        path = self._desk.path
        if path is not None:
            self._show(self._desk.look_along(float(share) * path.length_mm))

    def _switch_language(self) -> None:
        self._language = self._language.other
        self._refresh()

    def _turn_axial(self) -> None:
        self._desk.looks = replace(self._desk.looks, anterior_up=not self._desk.looks.anterior_up)
        self._show(PANES)

    def _key(self, key: str, ctrl: bool = False, shift: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002
        """A key pressed anywhere on the page; one that is not known does nothing."""
        if ctrl:
            wanted = {"z": Session.undo, "y": Session.redo}.get(key.lower())
            if wanted is not None:
                self._change(wanted)
            return
        action = self._actions().get(key.lower())
        if action is not None:
            action()

    def _actions(self) -> dict[str, Callable[[], None]]:
        return {
            "n": lambda: self._change(lambda session: session.step_path(1)),
            "p": lambda: self._change(lambda session: session.step_path(-1)),
            "e": lambda: self._place(self._desk.set_entry),
            "t": lambda: self._place(self._desk.set_target),
            "s": lambda: self._look(slab=(self._desk.looks.slab + 1) % len(SLABS)),
            "o": lambda: self._look(shows_outlines=not self._desk.looks.shows_outlines),
            "m": self._enlarge,
            " ": lambda: self._show(self._desk.reset()),
            "?": lambda: self._put(help=not self._server.state.help),
            "escape": lambda: self._put(help=False, big=""),
            "arrowup": lambda: self._scroll(1),
            "arrowdown": lambda: self._scroll(-1),
            **{str(n + 1): self._window_action(n) for n in range(len(self._desk.windows))},
        }

    def _window_action(self, index: int) -> Callable[[], None]:
        return lambda: self._look(window=self._desk.windows[index])

    def _look(self, **changes: Any) -> None:  # noqa: ANN401 - fields of Looks
        self._desk.looks = replace(self._desk.looks, **changes)
        self._show(PANES)

    def _place(self, place: Callable[[FloatArray], tuple[str, ...]]) -> None:
        point = self._desk.under_pointer_mm()
        if point is None or self._host.is_read_only:
            return
        changed = place(point)
        self._show(changed or PANES)
        if changed:
            self._settle()

    def _enlarge(self) -> None:
        at = self._desk.pointer_at
        if at is not None:
            self._put(big="" if self._server.state.big else at[0])

    def _scroll(self, notches: int) -> None:
        at = self._desk.pointer_at
        if at is not None:
            self._show(self._desk.wheel(at[0], notches, Pointer(at[1].x_px, at[1].y_px)), says_facts=False)
