"""What takes longer than a picture: steps kept on disk, tolerance, new plans, reading before signing; beside the event loop.

In: wishes of a person. Out: the session changed, and the page told; while it lasts the page says so and stays usable.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Protocol

from planner.errors import PlannerError
from viz.viewer.desk import Desk
from viz.viewer.host import Host
from viz.viewer.looks import PANES
from viz.viewer.session import Session


class Sheet(Protocol):
    """What work needs of the page."""

    desk: Desk
    host: Host

    def show(self, names: tuple[str, ...], *, says_facts: bool = True) -> None:
        """Draw panes, the first one now."""

    def refresh(self) -> None:
        """Say everything anew."""

    def put(self, **values: object) -> None:
        """Set values of the template."""

    def get(self, name: str) -> Any:  # noqa: ANN401 - the template's
        """A value of the template."""

    def say(self, key: str) -> str:
        """A word in the page's language."""


class Work:
    """Long work of one page, one piece after the other where it must be."""

    def __init__(self, page: Sheet) -> None:
        self._page = page
        self._tasks: set[asyncio.Task[None]] = set()
        self._stage = ""
        page.host.listen(self._hear)

    @property
    def _desk(self) -> Desk:
        return self._page.desk

    @property
    def _host(self) -> Host:
        return self._page.host

    def change(self, step: Callable[[Session], Session], *, moves_view: bool = True) -> None:
        """A step of the session, kept on disk before it is shown."""
        session = self._desk.session
        if session is None:
            return
        changed = step(session)
        if changed is session:
            return
        self._host.keep(changed)
        if changed.now.corrections != session.now.corrections:
            self.start(self._busily(self._apply_corrections, "correcting"))
        if moves_view:
            self._page.show(self._desk.change(changed))
            self.settle()
        else:
            self._desk.session = changed
            self._page.refresh()

    def prepare(self) -> None:
        """Make what the first drag would wait for."""
        session = self._desk.session
        if session is not None:
            now = session.now
            self.start(asyncio.to_thread(self._host.planning.prepare, now.plan, now.target_index))

    def settle(self) -> None:
        """After an edit: keep it, and measure its tolerance."""
        session = self._desk.session
        if session is None or self._desk.is_dragging:
            return
        self._host.keep(session)
        judged = session.now.judged
        if judged is not None and not judged.is_tolerance_known:
            self.start(self._measure_tolerance(session))
        if self._desk.wants_replan:
            self.replan()

    async def _measure_tolerance(self, session: Session) -> None:
        now = session.now
        assert now.judged is not None
        try:
            settled = await asyncio.to_thread(self._host.planning.settle, now.plan, now.target_index, now.judged)
        except PlannerError as refusal:
            self._desk.message = str(refusal)
            self._page.refresh()
            return
        present = self._desk.session
        if present is not None and present.now.judged is now.judged:
            self._desk.session = present.settle(settled)
            self._host.keep(self._desk.session)
            self._page.refresh()

    def replan(self) -> None:
        """New paths to the tip as it lies now, and once more where it moved meanwhile."""
        if self._host.is_read_only or self._desk.path is None:
            return

        async def run() -> None:
            session, path = self._desk.session, self._desk.path
            while session is not None and path is not None and self._desk.wants_replan:
                self._desk.wants_replan = False
                now = session.now
                plan = await asyncio.to_thread(self._host.planning.replan, now.plan, now.target_index, path.target_mm)
                present = self._desk.session
                if (
                    present is not None
                    and present.now.target_index == now.target_index
                    and present.now.plan is now.plan
                ):
                    self._desk.session = present.with_paths(plan)
                    self._host.keep(self._desk.session)
                    self._page.refresh()
                session, path = self._desk.session, self._desk.path

        self._desk.wants_replan = True
        self.start(self._busily(run))

    async def _apply_corrections(self) -> None:
        """The anatomy of the step that is shown."""
        session = self._desk.session
        if session is not None:
            anatomy = await asyncio.to_thread(self._host.planning.apply, session.now.corrections)
            self._page.show(self._desk.take_anatomy(anatomy))
            self.prepare()

    def correct(self) -> None:
        """A stroke of the brush becomes a correction: the anatomy changes, and every path is measured anew."""
        session, stroke = self._desk.session, self._desk.wanted
        self._desk.wanted = None
        if session is None or stroke is None or self._host.is_read_only or self._page.get("busy"):
            return

        async def run() -> None:
            now, planning = session.now, self._host.planning
            anatomy = await asyncio.to_thread(planning.apply, (*now.corrections, stroke))
            self._page.show(self._desk.take_anatomy(anatomy))
            plan = await asyncio.to_thread(planning.measured_anew, now.plan)
            judged = None
            if now.path_index is None and now.judged is not None:
                path = now.judged.path
                judged = await asyncio.to_thread(planning.judge, plan, now.target_index, path.entry_mm, path.target_mm)
            changed = session.corrected(stroke, plan, judged)
            self._host.keep(changed)
            self._page.show(self._desk.change(changed))
            self.settle()

        self.start(self._busily(run, "correcting"))

    def map_skin(self) -> None:
        """Show or hide where one may enter."""
        session, path = self._desk.session, self._desk.path
        if self._desk.skin is not None or session is None:
            self._page.show(self._desk.show_skin(None))
            return
        now = session.now
        tip_mm = now.target.point_mm if path is None else path.target_mm

        async def run() -> None:
            skin = await asyncio.to_thread(self._host.planning.skin_map, now.plan, now.target_index, tip_mm)
            self._page.show(self._desk.show_skin(skin))

        self.start(self._busily(run, "mapping"))

    def look_for_offers(self, procedure: str) -> None:
        """The places that the anatomy offers a procedure."""

        async def run() -> None:
            self._page.put(offered="")
            offers = await asyncio.to_thread(self._host.offers, procedure)
            self._page.put(offered=procedure, confirmed=False)
            self._desk.choosing.put(offers)
            self._page.show(PANES)

        self.start(self._busily(run, "looking"))

    def plan(self) -> None:
        """The first plan of a case that waited, for the place a person chose and checked."""
        desk, procedure = self._desk, str(self._page.get("offered"))
        offer = desk.choosing.chosen
        if self._host.is_read_only or not procedure or offer is None:
            return

        async def run() -> None:
            session = await asyncio.to_thread(self._host.first_plan, procedure, offer)
            self._host.keep(session)
            self._page.show(self._desk.start(session))
            self.prepare()

        self.start(self._busily(run))

    def read_to_sign(self) -> None:
        """Open the sheet that is read before signing, with the digest of what is read."""
        session = self._desk.session
        if session is None:
            return

        async def run() -> None:
            digest = await asyncio.to_thread(self._host.signing.digest, session)
            self._page.put(digest=digest, signing=True)

        self.start(self._busily(run, "reading"))

    def export_draft(self) -> None:
        """The state at hand as files, for one person at one machine."""
        session = self._desk.session
        if session is None:
            return

        async def run() -> None:
            self._desk.message = await asyncio.to_thread(self._host.signing.export_draft, session)
            self._page.refresh()

        self.start(self._busily(run, "writing"))

    def _hear(self, stage: str) -> None:
        self._stage = stage

    async def _busily(self, work: Callable[[], Awaitable[None]], word: str = "planning") -> None:
        """Say that it takes a moment, one thing at a time; a refusal becomes a sentence on the page."""
        if self._page.get("busy"):
            return
        self._desk.message = ""
        self._stage = ""
        self._page.put(busy=self._page.say(word))
        clock, start = asyncio.create_task(self._count(word)), time.monotonic()
        try:
            await work()
            self._host.took(word, time.monotonic() - start)
        except PlannerError as refusal:
            self._desk.message = str(refusal)
            self._page.refresh()
        finally:
            clock.cancel()
            self._page.put(busy="")

    async def _count(self, word: str) -> None:
        """Seconds, while somebody waits, and how many are left where it was done before on this machine."""
        usual_s = self._host.about_s(word)
        for seconds in itertools.count(1):
            await asyncio.sleep(1.0)
            stage = f" {self._page.say(self._stage)}," if self._stage else ""
            self._page.put(busy=f"{self._page.say(word)}{stage} {seconds} s ({self._left(usual_s, seconds)})")

    def _left(self, usual_s: float | None, seconds: int) -> str:
        """About how many seconds are left; said where it is not known."""
        if usual_s is None:
            return self._page.say("left_unknown")
        left = round(usual_s) - seconds
        return f"{self._page.say('left_about')} {left} s" if left > 0 else self._page.say("longer")

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Beside the event loop."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
