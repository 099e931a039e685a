"""A visit to the page with Debian's Chromium: what is on it, what a pane shows, which hosts it asks.

Screenshots of each step lie in the run's temporary folder (``pytest --basetemp``).
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Self

import numpy as np
from aiohttp import web
from PIL import Image
from playwright.sync_api import Page, sync_playwright

from planner.planning import plan_trajectories
from planner.position import reconcile
from planner.procedures import PROCEDURES
from planner.structures import PatientPosition, Side
from planner.targets import TargetRequest, find_targets
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom
from service.opening import OpenSeries
from service.series_facts import SeriesFacts
from service.viewing.answers import FrontSettings
from service.viewing.front import Front
from service.viewing.keeping import KeptCase
from service.viewing.people import UsersFile

CHROMIUM = "/usr/bin/chromium"
PASSWORD = "a long enough password"  # noqa: S105 - of users that live for one test
PATIENCE_MS = 120_000
_ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One browser window that writes down which hosts it asks."""

    page: Page
    hosts: set[str]
    folder: Path

    def shot(self, name: str) -> None:
        self.page.screenshot(path=self.folder / f"{name}.png")

    def pane(self, name: str) -> np.ndarray:
        """(rows, columns, 3) what a pane shows."""
        picture = self.page.locator(f"[data-test=pane-{name}]").screenshot()
        return np.asarray(Image.open(BytesIO(picture)).convert("RGB")).astype(int)

    def changes(self, name: str, before: np.ndarray) -> bool:
        """Whether the pane shows something else within its patience."""
        for _ in range(40):
            now = self.pane(name)
            if now.shape == before.shape and np.abs(now - before).max() > 30:
                return True
            self.page.wait_for_timeout(100)
        return False

    def chosen(self) -> str:
        return self.page.inner_text("tr.chosen")

    def clearances(self) -> str:
        return self.page.inner_text("[data-test=clearances]")

    def log_in(self, base: str, name: str = "ada") -> None:
        self.page.goto(base)
        self.page.fill("[name=name]", name)
        self.page.fill("[name=password]", PASSWORD)
        self.page.click("button")
        self.page.wait_for_selector("table")
        self.shot("worklist")

    def open_first(self) -> None:
        self.page.click("form[action^='/open/'] button")
        self.await_pictures("tr.chosen")

    def await_pictures(self, sign: str) -> None:
        """Until the page shows a thing and the axial pane a picture."""
        page = self.page
        page.wait_for_selector(sign)
        page.wait_for_function("document.querySelector('[data-test=pane-axial] img, [data-test=pane-axial] canvas')")
        assert self.changes("axial", self.pane("axial") * 0)
        page.wait_for_timeout(1500)

    def look_around(self) -> None:
        """Scroll, another window, and back."""
        page = self.page
        box = page.locator("[data-test=pane-axial]").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 60, box["y"] + 160)
        before = self.pane("axial")
        page.mouse.wheel(0, -300)
        assert self.changes("axial", before)
        self.shot("scrolled")
        before = self.pane("sagittal")
        page.keyboard.press("1")
        assert self.changes("sagittal", before)
        self.shot("window")
        page.keyboard.press("3")
        page.keyboard.press(" ")
        page.wait_for_timeout(1000)

    def entry_px(self) -> tuple[float, float]:
        """Where the axial pane shows the entry: the needle's end nearest to the ceiling (the patient lies prone)."""
        picture = self.pane("axial")
        cyan = (picture[..., 0] < 90) & (picture[..., 1] > 190) & (picture[..., 2] > 190)
        rows, columns = np.nonzero(cyan)
        ring = rows <= rows.min() + 9
        box = self.page.locator("[data-test=pane-axial]").bounding_box()
        assert box is not None
        return box["x"] + float(columns[ring].mean()), box["y"] + rows.min() + 5.0

    def drag(self, start: tuple[float, float], by: tuple[float, float]) -> None:
        """A slow drag with the left button."""
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(start[0] + by[0] / 2, start[1] + by[1] / 2, steps=4)
        mouse.move(start[0] + by[0], start[1] + by[1], steps=6)
        mouse.up()


def phantom_case() -> KeptCase:
    """A patient with known truth, periradicular therapy planned at L4 left."""
    phantom = make_phantom(
        PhantomParameters(
            spacing_mm=(1.6, 1.0, 1.0), field_of_view_mm=(130.0, 140.0, 300.0), center_mm=(0.0, 60.0, -40.0)
        )
    )
    anatomy, prt = phantom.anatomy(), PROCEDURES["prt"]
    scan = reconcile(PatientPosition.HFP, anatomy.lie)
    targets = find_targets(anatomy, prt, TargetRequest(Side.LEFT, root="L4"))
    plan = plan_trajectories(anatomy, targets, prt, scan, {})
    geometry = phantom.volume.geometry
    return KeptCase(OpenSeries(phantom.volume, SeriesFacts(geometry, None, ())), anatomy, plan)


class Department:
    """A front on a port of its own, in a thread of its own."""

    def __init__(self, users: UsersFile, cases: list[Path]) -> None:
        self.records: list[tuple[str, dict[str, object]]] = []
        self.front = Front(users, lambda: cases, FrontSettings(), self._record)
        self._loop, self._ready = asyncio.new_event_loop(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.base = ""

    def _record(self, event: object, **facts: object) -> None:
        self.records.append((str(event), facts))

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        runner = web.AppRunner(self.front.application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.base = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._ready.set()
        await self._stop.wait()
        await runner.cleanup()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(20)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        self._loop.close()


@contextmanager
def visiting(folder: Path, width: int = 1280, height: int = 720) -> Iterator[Visit]:
    """A fresh browser that talks to nobody by itself."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=_ARGUMENTS)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(PATIENCE_MS)
        hosts: set[str] = set()
        page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if "://" in request.url else None)
        page.on("websocket", lambda socket: hosts.add(socket.url.split("/")[2]))
        yield Visit(page, hosts, folder)
        browser.close()
