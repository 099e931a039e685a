"""What was done before for the same patient, on the page: signed plans beside today's, an earlier scan over today's slices.

Chromium against a running front, on a patient with known truth. Screenshots of each step lie in the run's temporary folder
(``pytest --basetemp``).
"""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from planner.anatomy.registration.landmarks import Landmark
from planner.anatomy.registration.register import LevelFit, Registration
from planner.motion import RigidMotion
from planner.structures import SpineLevel
from planner.volume import Modality, Volume
from service.documents import EarlierPlanDocument, EarlierTargetDocument
from service.earlier import BY_IDENTITY
from service.opening import OpenSeries
from service.series_facts import SeriesFacts
from service.viewing.before import PLAN_FILE
from service.viewing.keeping import KEPT, KeptCase, keep
from service.viewing.laying_over import keep_refused, keep_registered
from service.viewing.people import UsersFile
from tests.end_to_end.browsing import Department, Visit

pytestmark = [pytest.mark.graphics, pytest.mark.servers, pytest.mark.slow]

STAYS = RigidMotion(np.eye(3), np.zeros(3))
EARLIER_PLAN = EarlierPlanDocument(
    procedure="prt",
    title="Periradicular therapy, T10 to S1",
    state_words="RELEASED",
    content_date="2026-03-02",
    sop_instance_uid="2.25.1",
    joined_by=BY_IDENTITY,
    targets=[
        EarlierTargetDocument(
            words="L4 root, foramen L4/L5, left",
            needle="22 G x 90 mm Quincke",
            length_mm=71.3,
            obliquity_deg=31.2,
            tilt_deg=-2.0,
            sentence="",
        )
    ],
)


@pytest.fixture
def folder(case: KeptCase, tmp_path: Path) -> Path:
    return keep(tmp_path / "results" / KEPT, case).parent


@pytest.fixture
def department(folder: Path, users: UsersFile) -> Iterator[Department]:
    with Department(users, [folder]) as one:
        yield one


def earlier_scan(case: KeptCase) -> OpenSeries:
    """Today's scan with dark and bright exchanged, as an MR."""
    voxels = (1000 - np.clip(case.volume.voxels.astype(int), -1000, 1000)).astype(np.int16)
    volume = Volume(case.volume.geometry, voxels, Modality.MR)
    return OpenSeries(volume, SeriesFacts(volume.geometry, None, ()))


def lay_over(folder: Path, case: KeptCase) -> None:
    marks = tuple(
        Landmark(v.name, v.body_center_mm, v.body_center_mm)
        for v in case.anatomy.vertebrae
        if isinstance(v.name, SpineLevel) and case.volume.geometry.contains(v.body_center_mm)
    )
    fits = tuple(LevelFit(mark.level, STAYS, 0.7 if n else 4.4) for n, mark in enumerate(marks))
    keep_registered(folder, earlier_scan(case), Registration(fits, STAYS, 2.0), marks, case.volume.geometry)


def test_an_earlier_signed_plan_stands_beside_todays(visit: Visit, department: Department, folder: Path):
    found = {"earlier_plans": [EARLIER_PLAN.model_dump(mode="json")]}
    (folder.parent / PLAN_FILE).write_text(json.dumps(found), encoding="utf-8")
    page = visit.page
    visit.log_in(department.base)
    visit.open_first()
    page.click("[data-test=earlier] summary")
    page.locator("[data-test=earlier]").scroll_into_view_if_needed()
    visit.shot("earlier-plan")
    told = page.inner_text("[data-test=earlier]")
    assert "2026-03-02" in told
    assert "Wurzel L4, Foramen L4/L5, links" in told
    assert "71.3 mm" in told
    assert "nur zum Vergleich" in told
    assert "LINKS" in page.inner_text("[data-test=target]")


def test_an_earlier_scan_is_blended_into_every_slice(
    visit: Visit, department: Department, folder: Path, case: KeptCase
):
    lay_over(folder, case)
    page = visit.page
    visit.log_in(department.base)
    visit.open_first()
    assert "MR" in page.inner_text("[data-test=before]")
    page.click("[data-test=before] summary")
    rows = page.inner_text("[data-test=before] table")
    assert "4.4 mm zu groß, nicht verwendet" in rows
    assert "0.7 mm" in rows
    scene = visit.pane("scene")
    before = {name: visit.pane(name) for name in ("axial", "sagittal")}
    page.fill("[data-test=blend]", "50")
    for name, picture in before.items():
        assert visit.changes(name, picture)
    page.wait_for_timeout(1500)
    visit.shot("half-of-each")
    half = visit.pane("axial")
    page.locator("#desk").focus()
    page.keyboard.press("b")
    assert visit.changes("axial", half)
    page.wait_for_timeout(1500)
    visit.shot("earlier-alone")
    assert "100 %" in page.inner_text("[data-test=before]")
    page.keyboard.press("b")
    page.wait_for_timeout(1500)
    assert np.abs(visit.pane("axial") - before["axial"]).max() <= 1
    assert np.abs(visit.pane("scene") - scene).max() <= 1


def test_a_refused_earlier_scan_is_shown_as_refused(visit: Visit, department: Department, folder: Path, case: KeptCase):
    why = "no vertebra fits within 3 mm (the best one: 5.1 mm); check the patient, or use a scan with thinner slices"
    keep_refused(folder, earlier_scan(case), case.volume.geometry, why)
    page = visit.page
    visit.log_in(department.base)
    visit.open_first()
    visit.shot("refused")
    told = page.inner_text("[data-test=before-refused]")
    assert "Nicht auf diese Aufnahme gelegt" in told
    assert "kein Wirbel passt auf 3 mm (der beste: 5.1 mm)" in told
    assert page.locator("[data-test=blend]").count() == 0
