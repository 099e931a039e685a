"""Nerves and vessels drawn in an earlier scan serve today's: at the right place, with the residual in their uncertainty, never in place of today's."""

from dataclasses import replace

import numpy as np
import pytest

from planner.anatomy.model import Anatomy, NerveRoot
from planner.anatomy.registration.landmarks import landmarks_of
from planner.anatomy.registration.register import LARGEST_RESIDUAL_MM, LevelFit, Registration
from planner.anatomy.registration.serve import with_earlier
from planner.anatomy.registration.sightings import Sighting, sightings
from planner.brought import Brought, Source, brought_of
from planner.geometry import frozen
from planner.motion import RigidMotion
from planner.structures import Side, SpineLevel, Structure
from planner.volume import LabelMap
from sample_data.motion import moved_labels
from sample_data.parameters import PhantomParameters
from sample_data.phantom import make_phantom

PHANTOM = make_phantom(
    PhantomParameters(spacing_mm=(2.0, 1.5, 1.5), field_of_view_mm=(110.0, 130.0, 130.0), center_mm=(0.0, 45.0, 0.0))
)
TODAY = PHANTOM.anatomy()
MARKS = landmarks_of(TODAY)
SOURCE = "earlier MR"
RESIDUAL_MM = 0.8
MOTIONS = {
    mark.level: RigidMotion.about([0.0, 50.0, 0.0], [3.0, -4.0, 2.0], [5.0, -6.0, 7.0]).then(
        RigidMotion.about(mark.body_mm, [1.0, 0.5 * n, -1.0], [0.5, 0.3 * n, -0.5])
    )
    for n, mark in enumerate(MARKS)
}


def registration(residual_mm: dict[SpineLevel, float] | None = None) -> Registration:
    """The true motions, with residuals as given."""
    worse = residual_mm or {}
    fits = tuple(LevelFit(level, motion, worse.get(level, RESIDUAL_MM)) for level, motion in MOTIONS.items())
    return Registration(fits, RigidMotion.still(), 1.5)


@pytest.fixture(scope="module")
def drawing() -> Brought:
    return brought_of(moved_labels(PHANTOM, MOTIONS), Source("drawn by hand", "", "0"))


@pytest.fixture(scope="module")
def seen(drawing: Brought) -> tuple[Sighting, ...]:
    return sightings(drawing, registration(), MARKS, TODAY.labels.geometry)[0]


def middle_mm(one: Sighting) -> np.ndarray:
    return TODAY.labels.geometry.points_mm(np.argwhere(one.mask).mean(axis=0) + [span.start for span in one.box])


def of(found: tuple[Sighting, ...], structure: Structure) -> list[Sighting]:
    return [one for one in found if one.entry.structure is structure]


def test_a_drawn_nerve_lies_where_todays_truth_has_it(seen: tuple[Sighting, ...]):
    nerves = of(seen, Structure.NERVE_ROOT)
    assert len(nerves) >= 4
    for one in nerves:
        truth = TODAY.labels
        values = [v for v, e in truth.entries.items() if replace(e, confidence=one.entry.confidence) == one.entry]
        whole = np.isin(truth.labels, values)
        overlap = (whole[one.box] & one.mask).sum() / one.mask.sum()
        assert overlap > 0.6, one.entry


def test_the_residual_and_the_drawings_voxels_are_in_its_uncertainty(drawing: Brought, seen: tuple[Sighting, ...]):
    half_a_voxel = float(drawing.geometry.spacing_mm.max()) / 2.0
    for one in of(seen, Structure.NERVE_ROOT):
        assert one.uncertainty_mm >= RESIDUAL_MM + half_a_voxel
        assert one.uncertainty_mm <= RESIDUAL_MM + half_a_voxel + 1.5 + 1.5


def test_a_larger_residual_is_in_the_uncertainty_to_its_full_size(drawing: Brought, seen: tuple[Sighting, ...]):
    worse = registration(dict.fromkeys(MOTIONS, RESIDUAL_MM + 1.0))
    again, _ = sightings(drawing, worse, MARKS, TODAY.labels.geometry)
    assert [one.uncertainty_mm for one in again] == pytest.approx([one.uncertainty_mm + 1.0 for one in seen])


def test_nothing_is_carried_beside_a_vertebra_that_does_not_fit(drawing: Brought):
    level = MARKS[len(MARKS) // 2].level
    bad = registration({level: LARGEST_RESIDUAL_MM + 0.1})
    found, left = sightings(drawing, bad, MARKS, TODAY.labels.geometry)
    assert level not in {fit.level for one in found for fit in one.levels}
    assert len(found) < len(sightings(drawing, registration(), MARKS, TODAY.labels.geometry)[0])
    assert all("no vertebra that fits" in sentence for sentence in left)


def displaced(by_mm: float, uncertainty_mm: float = 3.5) -> tuple[Anatomy, int]:
    """Today's anatomy whose modelled L3 root on the left lies off by so much."""
    index = next(n for n, r in enumerate(TODAY.nerve_roots) if r.root == "L3" and r.side is Side.LEFT)
    root = TODAY.nerve_roots[index]
    off = np.array([0.0, 0.0, by_mm])
    moved = replace(
        root,
        course_mm=frozen(root.course_mm + off),
        ganglion_mm=frozen(root.ganglion_mm + off),
        uncertainty_mm=uncertainty_mm,
    )
    roots = (*TODAY.nerve_roots[:index], moved, *TODAY.nerve_roots[index + 1 :])
    return replace(TODAY, nerve_roots=roots), index


def only_l3_left(seen: tuple[Sighting, ...]) -> tuple[Sighting, ...]:
    return tuple(
        replace(one, uncertainty_mm=2.4)
        for one in of(seen, Structure.NERVE_ROOT)
        if one.entry.level is SpineLevel.L3 and one.entry.side is Side.LEFT
    )


def error_mm(root: NerveRoot, index: int) -> float:
    return float(np.linalg.norm(root.ganglion_mm - TODAY.nerve_roots[index].ganglion_mm))


def test_a_root_that_was_seen_better_than_it_is_modelled_moves_there(seen: tuple[Sighting, ...]):
    anatomy, index = displaced(3.0)
    served = with_earlier(anatomy, only_l3_left(seen), SOURCE)
    assert error_mm(anatomy.nerve_roots[index], index) == pytest.approx(3.0)
    assert error_mm(served.nerve_roots[index], index) < 1.5
    assert served.nerve_roots[index].uncertainty_mm == 2.4
    assert any("the earlier scan's is used" in sentence for sentence in served.warnings)


def test_a_root_that_today_knows_better_stays_and_both_are_kept_clear_of(seen: tuple[Sighting, ...]):
    anatomy, index = displaced(1.0, uncertainty_mm=1.0)
    served = with_earlier(anatomy, only_l3_left(seen), SOURCE)
    assert served.nerve_roots[index].ganglion_mm.tolist() == anatomy.nerve_roots[index].ganglion_mm.tolist()
    drawn = served.labels.mask(Structure.NERVE_ROOT)
    for one in only_l3_left(seen):
        assert drawn[one.box][one.mask].mean() > 0.7


def test_two_scans_that_contradict_each_other_leave_a_root_that_must_be_looked_at(seen: tuple[Sighting, ...]):
    anatomy, index = displaced(7.0)
    served = with_earlier(anatomy, only_l3_left(seen), SOURCE)
    root = served.nerve_roots[index]
    assert root.ganglion_mm.tolist() == anatomy.nerve_roots[index].ganglion_mm.tolist()
    assert root.confidence <= 0.3
    assert root.uncertainty_mm > 5.0
    assert any("contradict each other" in sentence for sentence in served.warnings)


def test_provenance_names_the_scan_and_the_residual_of_each_level(seen: tuple[Sighting, ...]):
    served = with_earlier(TODAY, seen, SOURCE)
    assert SOURCE in served.origin[Structure.NERVE_ROOT]
    assert f"L3 {RESIDUAL_MM:.1f} mm" in served.origin[Structure.NERVE_ROOT]


def test_a_vessel_that_today_does_not_show_is_kept_clear_of_and_bone_stays_bone(seen: tuple[Sighting, ...]):
    without = plain(Structure.ARTERY, Structure.VEIN, Structure.AORTA)
    served = with_earlier(without, seen, SOURCE)
    assert served.labels.values_of(Structure.AORTA).size
    assert served.confidence[Structure.AORTA] < 0.6
    bones = (Structure.VERTEBRA, Structure.SACRUM, Structure.CANAL)
    assert np.array_equal(served.labels.mask(*bones), without.labels.mask(*bones))


def test_a_great_vessel_that_today_shows_is_todays(seen: tuple[Sighting, ...]):
    served = with_earlier(TODAY, of(seen, Structure.AORTA), SOURCE)
    assert np.array_equal(served.labels.labels, TODAY.labels.labels)
    assert served.origin == TODAY.origin


def plain(*hidden: Structure) -> Anatomy:
    """Today's anatomy as if the scan did not show some structures."""
    labels = TODAY.labels
    values = [v for structure in hidden for v in labels.values_of(structure)]
    body = next(v for v, e in labels.entries.items() if e.structure is Structure.BODY)
    voxels = np.where(np.isin(labels.labels, values), np.uint16(body), labels.labels)
    entries = {v: e for v, e in labels.entries.items() if e.structure not in hidden}
    confidence = {s: c for s, c in TODAY.confidence.items() if s not in hidden}
    return replace(TODAY, labels=LabelMap(labels.geometry, voxels, entries), confidence=confidence)
