"""The page on a real abdominal scan: looked at, changed by hand, searched again, exported as a draft; nothing of it can be signed.

The patient lies supine and the needle is planned for a prone patient: a rehearsal. Screenshots of each step lie in the run's
temporary folder (``pytest --basetemp``).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.viewing.keeping import KEPT
from service.viewing.people import UsersFile
from service.viewing.roles import Role
from tests.end_to_end.browsing import PASSWORD, Department, Visit, visiting

pytestmark = [pytest.mark.realdata, pytest.mark.graphics, pytest.mark.slow]

PLANNED_WITHIN_S = 900.0
"""Segmentation and plan, on a busy machine."""


@pytest.fixture(scope="module")
def results(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("abdomen")
    asked = ["--procedure", "prt", "--root", "L2", "--side", "left"]
    command = [Path(sys.executable).parent / "needleplan", "plan", real_data / "abdomen_ct" / "series", *asked]
    done = subprocess.run([*command, "--out", folder], capture_output=True, check=False, timeout=PLANNED_WITHIN_S)
    assert (folder / KEPT / "case.json").is_file(), done.stderr.decode()
    return folder


@pytest.fixture
def visit(results: Path, tmp_path: Path) -> Iterator[Visit]:
    users = UsersFile(tmp_path / "users.json")
    users.put("ada", Role.PLANNER, PASSWORD, "Lovelace^Ada")
    with Department(users, [results / KEPT]) as department, visiting(tmp_path) as one:
        one.log_in(department.base)
        yield one


def test_a_rehearsal_is_worked_on_and_never_signed(visit: Visit, results: Path):
    page = visit.page
    visit.open_first()
    visit.shot("opened")
    assert "PROBE" in page.inner_text("[data-test=banner]")
    visit.look_around()
    change_the_path(visit)
    search_again(visit)
    export_is_refused_a_signature(visit)
    assert not (results / "signed").exists()


def change_the_path(visit: Visit) -> None:
    page = visit.page
    best, clearances = visit.chosen(), visit.clearances()
    page.keyboard.press("n")
    page.wait_for_selector("[data-test=path-1].chosen")
    assert visit.clearances() != clearances
    visit.shot("another-path")
    page.keyboard.press("p")
    page.wait_for_selector("[data-test=path-0].chosen")
    page.click("[data-test=numbers] summary")
    fields = page.locator("[data-test=numbers] form").first.locator("input")
    fields.nth(0).fill(str(float(fields.nth(0).input_value()) + 6.0))
    fields.nth(0).press("Enter")
    page.wait_for_selector("[data-test=path--1].chosen")
    assert visit.clearances() != clearances
    visit.shot("entry-moved")
    page.wait_for_function("!document.querySelector('tr.chosen').innerText.includes('...')", timeout=180_000)
    visit.shot("measured")
    page.locator("#desk").focus()
    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-test=path-0].chosen")
    assert (visit.chosen(), visit.clearances()) == (best, clearances)
    page.keyboard.press("Control+y")
    page.wait_for_selector("[data-test=path--1].chosen")


def search_again(visit: Visit) -> None:
    page = visit.page
    page.click("[data-test=replan]")
    page.wait_for_selector(".busy")
    page.wait_for_timeout(1500)
    visit.shot("busy")
    page.wait_for_selector(".busy", state="detached", timeout=240_000)
    assert page.locator("[data-test=path--1].chosen").count() == 1
    visit.shot("searched-again")


def export_is_refused_a_signature(visit: Visit) -> None:
    page = visit.page
    page.click("[data-test=sign]")
    page.wait_for_selector("[data-test=sign-blockers]", timeout=120_000)
    reasons = page.inner_text("[data-test=sign-blockers]")
    assert "Probe: Scan in Rückenlage, Behandlung in Bauchlage" in reasons
    assert page.locator("[data-test=sign-form]").count() == 0
    visit.shot("not-to-be-signed")
