"""What each part of the page shows where there is nothing, where something failed, and while it is busy. Chromium, running front.

Screenshots of each step lie in the run's temporary folder (``pytest --basetemp``).
"""

from dataclasses import replace
from pathlib import Path

import pytest

from service.viewing.keeping import KeptCase, keep
from service.viewing.people import UsersFile
from tests.end_to_end.browsing import PASSWORD, Department, Visit

pytestmark = [pytest.mark.graphics, pytest.mark.servers, pytest.mark.slow]

PLANNED_WITHIN_MS = 240_000
REFUSED = {"clearance: kidney": 40, "needle length": 3}


def without_path(case: KeptCase) -> KeptCase:
    """The same case where every direction was refused."""
    assert case.plan is not None
    said = "With a longer needle (22 G x 150 mm Quincke): a path opens. Passes nothing within reach that must not be touched; nothing binds. Not applied."
    target = replace(case.plan.targets[0], trajectories=(), rejected=REFUSED, relaxations=(said,))
    return replace(case, plan=replace(case.plan, targets=(target,)))


def test_an_empty_worklist_and_a_wrong_password_say_what_is_the_matter(visit: Visit, users: UsersFile):
    with Department(users, []) as department:
        page = visit.page
        page.goto(department.base)
        page.fill("[name=name]", "ada")
        page.fill("[name=password]", "not the password at all")
        page.click("button")
        page.wait_for_selector("[role=alert]")
        visit.shot("wrong-password")
        assert "Name oder Passwort ist falsch" in page.inner_text("[role=alert]")
        page.fill("[name=name]", "ada")
        page.fill("[name=password]", PASSWORD)
        page.click("button")
        page.wait_for_selector("header")
        visit.shot("empty-worklist")
        assert "Keine Fälle" in page.inner_text("main")


def test_no_safe_path_is_said_with_its_reasons_and_what_would_help(
    visit: Visit, users: UsersFile, case: KeptCase, tmp_path: Path
):
    with Department(users, [keep(tmp_path / "case", without_path(case)).parent]) as department:
        page = visit.page
        visit.log_in(department.base)
        assert "kein sicherer Weg" in page.inner_text("table")
        page.click("form[action^='/open/'] button")
        visit.await_pictures("[data-test=rejected]")
        visit.shot("no-safe-path")
        assert "KEIN SICHERER WEG" in page.inner_text("[data-test=pane-needle]")
        assert page.inner_text("[data-test=rejected]").split()[-4:] == ["Niere", "40", "Nadellänge", "3"]
        aside = page.inner_text("aside")
        assert "Mit einer längeren Nadel (22 G x 150 mm Quincke): ein Weg öffnet sich." in aside
        assert page.locator("[data-test=clearances]").count() == 0
        assert page.locator("[data-test=strip]").count() == 0
        assert "kein sicherer Weg, nichts kann freigegeben werden" in page.inner_text("[data-test=gates]")


def test_a_busy_page_says_for_how_long_and_takes_no_second_task(
    visit: Visit, users: UsersFile, case: KeptCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Department(users, [keep(tmp_path / "case", case).parent]) as department:
        page = visit.page
        visit.log_in(department.base)
        visit.open_first()
        page.click("[data-test=skin]")
        page.wait_for_function("document.querySelector('.busy')?.innerText.includes('noch nie gemessen')")
        visit.shot("busy-for-the-first-time")
        for name in ("sign", "skin"):
            assert page.get_attribute(f"[data-test={name}]", "aria-disabled") == "true"
        page.keyboard.press("n")
        page.wait_for_selector("[data-test=path-1].chosen")
        page.wait_for_selector("[data-test=skin-legend]", timeout=PLANNED_WITHIN_MS)
        page.wait_for_selector(".busy", state="detached")
        assert "mapping" in (tmp_path / "cache" / "needleplan" / "took.json").read_text()


def test_a_path_drawn_where_none_is_allowed_says_what_it_breaks(
    visit: Visit, users: UsersFile, case: KeptCase, tmp_path: Path
):
    with Department(users, [keep(tmp_path / "case", case).parent]) as department:
        page = visit.page
        visit.log_in(department.base)
        visit.open_first()
        best = visit.chosen()
        page.click("[data-test=numbers] summary")
        fields = page.locator("[data-test=numbers] form").first.locator("input")
        fields.nth(0).fill("-3000")
        fields.nth(0).press("Enter")
        page.wait_for_selector("[data-test=broken]")
        visit.shot("breaks-limits")
        told = "; ".join(page.locator("[data-test=broken]").all_inner_texts())
        assert "Verletzt: Zugangsfenster" in told
        assert "Verletzt: Nadellänge" in told
        assert "der Weg verletzt eine Grenze: Nadellänge" in page.inner_text("[data-test=gates]")
        page.locator("#desk").focus()
        page.keyboard.press("Control+z")
        page.wait_for_selector("[data-test=path-0].chosen")
        assert visit.chosen() == best


def test_panes_are_enlarged_turned_and_led_by_the_depth_strip(
    visit: Visit, users: UsersFile, case: KeptCase, tmp_path: Path
):
    with Department(users, [keep(tmp_path / "case", case).parent]) as department:
        page = visit.page
        visit.log_in(department.base)
        visit.open_first()
        page.hover("[data-test=pane-axial] .area")
        page.keyboard.press("m")
        page.wait_for_function("document.querySelector('[data-test=pane-scene]').offsetParent === null")
        box = page.locator("[data-test=pane-axial]").bounding_box()
        assert box is not None
        assert box["width"] > 850
        page.wait_for_timeout(1500)
        visit.shot("enlarged")
        page.keyboard.press("m")
        page.wait_for_function("document.querySelector('[data-test=pane-scene]').offsetParent !== null")
        page.wait_for_timeout(1000)
        before = visit.pane("down")
        strip = page.locator("[data-test=strip]").bounding_box()
        assert strip is not None
        page.mouse.click(strip["x"] + strip["width"] / 3, strip["y"] + strip["height"] / 2)
        assert visit.changes("down", before)
        before = visit.pane("axial")
        page.get_by_role("button", name="Vorn oben").click()
        assert visit.changes("axial", before)
        page.wait_for_timeout(1000)
        visit.shot("anterior-up")
