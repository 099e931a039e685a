"""Under MR guidance a procedure's needles are MR-conditional, unless they are the site's own, and the bore is assumed aloud."""

from dataclasses import replace

import pytest

from planner.errors import GuidanceError
from planner.procedures import PROCEDURES
from planner.procedures.on_mr import BORE_RADIUS_MM, NEEDLES, on_modality, site_on
from planner.site import PLAIN, Bore
from planner.volume import Modality

PRT = PROCEDURES["prt"]


def test_on_ct_nothing_changes():
    assert on_modality(PRT, Modality.CT) is PRT
    assert site_on(PLAIN, Modality.CT) == (PLAIN, ())


def test_on_mr_every_needle_states_its_artefact():
    assert on_modality(PRT, Modality.MR).needles == NEEDLES
    assert all(needle.artefact_mm is not None and needle.artefact_mm > needle.outer_diameter_mm for needle in NEEDLES)


def test_a_sites_own_needles_stay_and_are_doubted():
    own = replace(PRT, needles=PRT.needles[:1])
    changed = on_modality(own, Modality.MR)
    assert changed.needles == own.needles
    assert any("not known here" in note for note in changed.notes)


def test_the_bore_is_assumed_and_said_unless_the_site_states_its_own():
    site, said = site_on(PLAIN, Modality.MR)
    assert site.bore == Bore(0.0, 0.0, BORE_RADIUS_MM)
    assert "assumed" in said[0]
    wide = replace(PLAIN, bore=Bore(0.0, 10.0, 350.0))
    assert site_on(wide, Modality.MR) == (wide, ())


@pytest.mark.parametrize("key", sorted(key for key in PROCEDURES if not key.startswith("prt")))
def test_what_needs_joints_and_bone_is_refused_on_mr(key: str):
    with pytest.raises(GuidanceError, match="CT only, this image is MR"):
        on_modality(PROCEDURES[key], Modality.MR)
