"""Published angles become obliquity and tilt by their source's own zero; what a source does not state gives no window."""

import numpy as np
import pytest

from planner.angles import from_cephalad_tilt, from_horizontal, from_midline, from_offset, middle
from planner.procedures import PROCEDURES
from planner.procedures.prt import DORSAL_S1, POSTEROLATERAL, POSTEROLATERAL_L5


def needle(obliquity_deg: float, tilt_deg: float) -> np.ndarray:
    """Unit direction from entry to tip, LPS, of a path whose entry lies to the left."""
    across, up = np.radians(obliquity_deg), np.radians(tilt_deg)
    return np.array([-np.sin(across) * np.cos(up), -np.cos(across) * np.cos(up), np.sin(up)])


def test_foraminal_35_to_45_from_the_midline_is_the_same_obliquity() -> None:
    assert POSTEROLATERAL.preferred_obliquity_deg == from_midline(middle(35.0, 45.0)) == 40.0
    entry_from_tip = -100.0 * needle(40.0, 0.0)
    assert entry_from_tip[0] == pytest.approx(100 * np.sin(np.radians(40.0)))
    assert entry_from_tip[1] > 0


def test_l5_oblique_25_or_30_and_craniocaudal_11_or_14_enter_cranial_of_the_tip() -> None:
    assert POSTEROLATERAL_L5.preferred_obliquity_deg == 27.5
    assert POSTEROLATERAL_L5.preferred_tilt_deg == from_cephalad_tilt(12.45) == -12.45
    assert (-100.0 * needle(27.5, -12.45))[2] > 20


def test_the_retrocrural_26_to_36_agree_with_their_skin_offset_and_depth() -> None:
    approach = PROCEDURES["splanchnic"].approaches[0]
    assert approach.preferred_obliquity_deg == pytest.approx(31.2)
    skin_mm, depth_mm, tip_mm = (61.0, 76.0), (96.0, 116.0), 15.0
    by_offset = from_offset(middle(*skin_mm), tip_mm, middle(*depth_mm))
    assert 26.4 <= by_offset <= 36.0


def test_an_angle_from_the_table_is_turned_to_one_from_the_vertical() -> None:
    assert from_horizontal(58.1) == pytest.approx(31.9)
    assert needle(from_horizontal(90.0), 0.0) == pytest.approx([0.0, -1.0, 0.0])


@pytest.mark.parametrize("procedure", PROCEDURES.values(), ids=lambda procedure: procedure.key)
def test_a_window_without_a_published_angle_says_assumed(procedure: object) -> None:
    for approach in procedure.approaches:  # type: ignore[attr-defined]
        assert "assumed" in approach.source


def test_s1_s_source_states_no_angle_and_so_none_is_converted() -> None:
    assert "no angle is stated" in DORSAL_S1.source
    assert DORSAL_S1.preferred_tilt_deg < 0


@pytest.mark.parametrize("words", ["118 +- 12", "58.1", "61.7", "64.4"])
def test_the_thoracic_study_whose_zero_is_not_stated_gives_no_window(words: str) -> None:
    for procedure in PROCEDURES.values():
        assert all(words not in approach.source for approach in procedure.approaches)
