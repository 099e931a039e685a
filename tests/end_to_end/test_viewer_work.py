"""The page at work: a target picked on the picture, the skin's map, a measurement, a brush stroke, the keyboard alone, a 4K screen,
the idle lock. Chromium against a running front, on a patient with known truth.

Screenshots of each step lie in the run's temporary folder (``pytest --basetemp``).
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from service.viewing.keeping import KeptCase, keep
from service.viewing.people import UsersFile
from tests.end_to_end.browsing import PASSWORD, Department, Visit, visiting

pytestmark = [pytest.mark.graphics, pytest.mark.servers, pytest.mark.slow]

PLANNED_WITHIN_MS = 240_000
ULTRA_HD = (3840, 2160)


@pytest.fixture
def planned(case: KeptCase, users: UsersFile, tmp_path: Path) -> Iterator[Department]:
    with Department(users, [keep(tmp_path / "case", case).parent]) as one:
        yield one


@pytest.fixture
def waiting(case: KeptCase, users: UsersFile, tmp_path: Path) -> Iterator[Department]:
    with Department(users, [keep(tmp_path / "case", replace(case, plan=None)).parent]) as one:
        yield one


def middle_of(visit: Visit, name: str) -> tuple[float, float]:
    box = visit.page.locator(f"[data-test=pane-{name}]").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def await_rest(visit: Visit) -> None:
    visit.page.wait_for_selector(".busy", state="detached", timeout=PLANNED_WITHIN_MS)


def test_a_target_is_picked_on_the_picture_checked_and_planned(visit: Visit, waiting: Department):
    page = visit.page
    visit.log_in(waiting.base)
    assert "kein Ziel gewählt" in page.inner_text("table")
    page.click("form[action^='/open/'] button")
    visit.await_pictures("[data-test=choose]")
    visit.shot("waits-for-a-target")
    assert page.input_value("[data-test=procedure]") == ""

    page.select_option("[data-test=procedure]", "prt")
    page.wait_for_selector(".offers", timeout=PLANNED_WITHIN_MS)
    assert page.locator(".offers .on").count() == 0
    page.click(".offers button[aria-label^='Wurzel L4'][aria-label*='links']")
    page.wait_for_selector("[data-test=picked]")
    assert "LINKS" in page.inner_text("[data-test=picked]")
    assert page.locator("[data-test=plan]").is_disabled()
    visit.shot("picked")
    page.check("[data-test=confirmed]")
    page.click("[data-test=plan]")
    page.wait_for_selector(".busy")
    visit.shot("planning")
    page.wait_for_selector("[data-test=paths]", timeout=PLANNED_WITHIN_MS)
    assert "LINKS" in page.inner_text("[data-test=target]")
    page.wait_for_selector("[data-test=path-0].chosen")
    visit.shot("planned")

    await_rest(visit)
    before = visit.pane("scene")
    page.locator("#desk").focus()
    page.keyboard.press("k")
    page.wait_for_selector("[data-test=skin-legend]", timeout=PLANNED_WITHIN_MS)
    assert visit.changes("scene", before)
    page.wait_for_timeout(1000)
    visit.shot("skin-map")


def test_a_measurement_and_a_brush_stroke_are_made_in_a_slice(visit: Visit, planned: Department):
    page = visit.page
    visit.log_in(planned.base)
    visit.open_first()
    x, y = middle_of(visit, "axial")
    before = visit.pane("axial")
    page.click("[data-test=tool-distance]")
    page.wait_for_selector("[data-test=tool-distance].on")
    page.mouse.click(x - 50, y)
    page.mouse.click(x + 50, y)
    assert visit.changes("axial", before)
    page.wait_for_timeout(1000)
    visit.shot("measured")
    pink = np.abs(visit.pane("axial") - np.array([255, 150, 220])).max(axis=-1) < 60
    assert pink[:, 20:].any(axis=0).sum() >= 90
    page.keyboard.press("Escape")

    paths = page.inner_text("[data-test=paths]")
    page.click("[data-test=correct] summary")
    page.click("[data-test=brush-aorta]")
    page.wait_for_selector("[data-test=brush-aorta].on")
    page.click("[data-test=tool-add]")
    page.wait_for_selector("[data-test=tool-add].on")
    page.mouse.click(*visit.entry_px())
    page.wait_for_selector("[data-test=corrections] li", timeout=PLANNED_WITHIN_MS)
    await_rest(visit)
    visit.shot("corrected")
    assert page.inner_text("[data-test=paths]") != paths
    page.locator("#desk").focus()
    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-test=corrections]", state="detached", timeout=PLANNED_WITHIN_MS)
    assert page.inner_text("[data-test=paths]") == paths


def test_the_keyboard_alone_is_enough(visit: Visit, planned: Department):
    page = visit.page
    page.goto(planned.base)
    page.keyboard.type("ada")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("table")
    for _ in range(6):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('form')?.getAttribute('action')?.startsWith('/open/')"):
            break
    page.keyboard.press("Enter")
    visit.await_pictures("tr.chosen")
    page.keyboard.press("n")
    page.wait_for_selector("[data-test=path-1].chosen")

    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.dataset.test") == "pane-axial":
            break
    before = visit.pane("axial")
    page.keyboard.press("ArrowUp")
    assert visit.changes("axial", before)
    page.keyboard.press("d")
    page.wait_for_selector("[data-test=tool-distance].on")
    page.keyboard.press("Enter")
    for _ in range(10):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1500)
    visit.shot("by-keyboard")
    page.keyboard.press("Escape")
    page.keyboard.press("t")
    page.wait_for_selector("[data-test=path--1].chosen", timeout=PLANNED_WITHIN_MS)
    await_rest(visit)
    page.keyboard.press("Control+z")
    page.wait_for_selector("[data-test=path-1].chosen", timeout=PLANNED_WITHIN_MS)


def test_a_4k_screen_is_filled_and_an_idle_page_is_locked(case: KeptCase, users: UsersFile, tmp_path: Path):
    cases = [keep(tmp_path / "case", case).parent]
    with Department(users, cases) as department, visiting(tmp_path, *ULTRA_HD) as visit:
        page = visit.page
        visit.log_in(department.base)
        visit.open_first()
        visit.shot("4k")
        for name in ("axial", "needle", "scene", "sagittal", "coronal", "down"):
            box = page.locator(f"[data-test=pane-{name}]").bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) > 900
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert float(page.evaluate("parseFloat(getComputedStyle(document.querySelector('td')).fontSize)")) >= 18.0
        department.front._logins._idle_s = 0.5
        page.wait_for_selector(".lost")
        visit.shot("locked")
        page.goto(department.base)
        page.wait_for_selector("[name=password]")
