"""The radiologist's page in Debian's Chromium against a running front, on a patient with known truth.

Screenshots of each step lie in the run's temporary folder (``pytest --basetemp``).
"""

import os
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
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
from service.viewing.keeping import KeptCase, keep
from service.viewing.people import UsersFile
from service.viewing.roles import Role
from tests.end_to_end.browsing import Department

pytestmark = [pytest.mark.graphics, pytest.mark.servers, pytest.mark.slow]

CHROMIUM = "/usr/bin/chromium"
PASSWORD = "a long enough password"  # noqa: S105 - of users that live for one test
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def case() -> KeptCase:
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


@pytest.fixture
def department(case: KeptCase, tmp_path: Path) -> Iterator[Department]:
    users = UsersFile(tmp_path / "users.json")
    users.put("ada", Role.PLANNER, PASSWORD)
    users.put("vera", Role.VIEWER, PASSWORD)
    with Department(users, [keep(tmp_path / "case", case).parent]) as one:
        yield one


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


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    arguments = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-gpu"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=arguments)
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.set_default_timeout(PATIENCE_MS)
        hosts: set[str] = set()
        page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if "://" in request.url else None)
        page.on("websocket", lambda socket: hosts.add(socket.url.split("/")[2]))
        yield Visit(page, hosts, tmp_path)
        browser.close()


def log_in(visit: Visit, department: Department, name: str = "ada") -> None:
    visit.page.goto(department.base)
    visit.page.fill("[name=name]", name)
    visit.page.fill("[name=password]", PASSWORD)
    visit.page.click("button")
    visit.page.wait_for_selector("table")
    visit.shot("worklist")


def open_first(visit: Visit) -> None:
    visit.page.click("form[action^='/open/'] button")
    visit.page.wait_for_selector("tr.chosen")
    visit.page.wait_for_function("document.querySelector('[data-test=pane-axial] img, [data-test=pane-axial] canvas')")
    empty = visit.pane("axial") * 0
    assert visit.changes("axial", empty)
    visit.page.wait_for_timeout(1500)


def entry_px(visit: Visit) -> tuple[float, float]:
    """Where the axial pane shows the entry: the needle's end nearest to the ceiling (the patient lies prone)."""
    picture = visit.pane("axial")
    cyan = (picture[..., 0] < 90) & (picture[..., 1] > 190) & (picture[..., 2] > 190)
    rows, columns = np.nonzero(cyan)
    ring = rows <= rows.min() + 9
    box = visit.page.locator("[data-test=pane-axial]").bounding_box()
    assert box is not None
    return box["x"] + float(columns[ring].mean()), box["y"] + rows.min() + 5.0


def look_around(visit: Visit) -> None:
    page = visit.page
    before = visit.pane("axial")
    box = page.locator("[data-test=pane-axial]").bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 200)
    page.mouse.wheel(0, -300)
    assert visit.changes("axial", before)
    visit.shot("scrolled")

    before = visit.pane("sagittal")
    page.keyboard.press("1")
    assert visit.changes("sagittal", before)
    visit.shot("window")
    page.keyboard.press("3")
    page.keyboard.press(" ")
    page.wait_for_timeout(1000)


def change_the_path(visit: Visit) -> None:
    page = visit.page
    best, clearances = visit.chosen(), visit.clearances()
    page.keyboard.press("n")
    page.wait_for_selector("[data-test=path-1].chosen")
    assert visit.clearances() != clearances
    visit.shot("another-path")
    page.click("[data-test=path-0] td:nth-child(2)")
    page.wait_for_selector("[data-test=path-0].chosen")
    assert visit.chosen() == best
    page.wait_for_timeout(1000)

    x, y = entry_px(visit)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 10, y, steps=4)
    page.mouse.move(x + 22, y, steps=6)
    page.mouse.up()
    page.wait_for_selector("[data-test=path--1].chosen")
    visit.shot("dragged")
    assert visit.clearances() != clearances
    page.wait_for_function("!document.querySelector('tr.chosen').innerText.includes('...')")
    visit.shot("measured")

    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-test=path-0].chosen")
    assert visit.chosen() == best
    assert visit.clearances() == clearances
    page.keyboard.press("Control+y")
    page.wait_for_selector("[data-test=replan]")
    page.click("[data-test=replan]")
    page.wait_for_selector(".busy")
    page.wait_for_selector(".busy", state="detached")
    visit.shot("planned-again")


def test_a_plan_is_judged_and_changed(visit: Visit, department: Department):
    page = visit.page
    log_in(visit, department)
    open_first(visit)
    visit.shot("opened")
    assert "ENTWURF" in page.inner_text("[data-test=banner]")
    assert "LINKS" in page.inner_text("[data-test=target]")

    look_around(visit)
    change_the_path(visit)
    page.click("[data-test=language]")
    page.wait_for_function("document.querySelector('[data-test=banner]').innerText.includes('DRAFT')")
    page.keyboard.press("?")
    page.wait_for_selector("[data-test=help-sheet]")
    visit.shot("help")
    assert visit.hosts == {department.base.split("/")[2]}
    assert next(facts for event, facts in department.records if "opened" in event)["user"] == "ada"


def test_a_crash_closes_one_case_and_keeps_the_edit(visit: Visit, department: Department):
    page = visit.page
    log_in(visit, department)
    open_first(visit)
    page.keyboard.press("n")
    page.wait_for_selector("[data-test=path-1].chosen")
    page.wait_for_timeout(500)
    [opened] = department.front._pages.all()
    os.kill(opened.worker.process.pid, signal.SIGSEGV)
    page.wait_for_selector(".lost")
    visit.shot("crashed")
    page.reload()
    page.wait_for_selector("[role=alert]")
    visit.shot("ended")
    page.click("a")
    page.wait_for_selector("form[action^='/open/']")
    assert "geändert" in page.inner_text("table")
    open_first(visit)
    assert page.locator("[data-test=path-1].chosen").count() == 1
    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-test=path-0].chosen")


def test_a_viewer_reads_only(visit: Visit, department: Department):
    page = visit.page
    log_in(visit, department, "vera")
    open_first(visit)
    assert "NUR LESEN" in page.inner_text("[data-test=banner]")
    page.keyboard.press("n")
    page.wait_for_selector("[data-test=path-1].chosen")
    page.keyboard.press("p")
    page.wait_for_selector("[data-test=path-0].chosen")
    x, y = entry_px(visit)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 22, y, steps=6)
    page.mouse.up()
    page.wait_for_timeout(1000)
    assert page.locator("[data-test=path-0].chosen").count() == 1
    assert page.locator("[data-test=path--1]").count() == 0
    assert not list(visit.folder.glob("case/session.json"))
    visit.shot("read-only")


def test_a_closed_page_gives_its_process_back(visit: Visit, department: Department, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.viewing.pages.ABANDONED_AFTER_S", 0.5)
    log_in(visit, department)
    open_first(visit)
    [opened] = department.front._pages.all()
    visit.page.goto("about:blank")
    for _ in range(100):
        if not department.front._pages.all() and not opened.worker.is_alive:
            break
        visit.page.wait_for_timeout(100)
    assert department.front._pages.all() == []
    assert not opened.worker.is_alive
