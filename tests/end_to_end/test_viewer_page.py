"""The radiologist's page in Debian's Chromium against a running front, on a patient with known truth.

Screenshots of each step lie in the run's temporary folder (``pytest --basetemp``).
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.viewing.keeping import KeptCase, keep
from service.viewing.people import UsersFile
from tests.end_to_end.browsing import Department, Visit

pytestmark = [pytest.mark.graphics, pytest.mark.servers, pytest.mark.slow]


@pytest.fixture
def department(case: KeptCase, users: UsersFile, tmp_path: Path) -> Iterator[Department]:
    with Department(users, [keep(tmp_path / "case", case).parent]) as one:
        yield one


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

    visit.drag(visit.entry_px(), (22, 0))
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
    visit.log_in(department.base)
    visit.open_first()
    visit.shot("opened")
    assert "ENTWURF" in page.inner_text("[data-test=banner]")
    assert "LINKS" in page.inner_text("[data-test=target]")

    visit.look_around()
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
    visit.log_in(department.base)
    visit.open_first()
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
    visit.open_first()
    assert page.locator("[data-test=path-1].chosen").count() == 1
    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-test=path-0].chosen")


def test_a_viewer_reads_only(visit: Visit, department: Department):
    page = visit.page
    visit.log_in(department.base, "vera")
    visit.open_first()
    assert "NUR LESEN" in page.inner_text("[data-test=banner]")
    page.keyboard.press("n")
    page.wait_for_selector("[data-test=path-1].chosen")
    page.keyboard.press("p")
    page.wait_for_selector("[data-test=path-0].chosen")
    visit.drag(visit.entry_px(), (22, 0))
    page.wait_for_timeout(1000)
    assert page.locator("[data-test=path-0].chosen").count() == 1
    assert page.locator("[data-test=path--1]").count() == 0
    assert not list(visit.folder.glob("case/session.json"))
    visit.shot("read-only")


def test_a_closed_page_gives_its_process_back(visit: Visit, department: Department, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("service.viewing.pages.ABANDONED_AFTER_S", 0.5)
    visit.log_in(department.base)
    visit.open_first()
    [opened] = department.front._pages.all()
    visit.page.goto("about:blank")
    for _ in range(100):
        if not department.front._pages.all() and not opened.worker.is_alive:
            break
        visit.page.wait_for_timeout(100)
    assert department.front._pages.all() == []
    assert not opened.worker.is_alive
