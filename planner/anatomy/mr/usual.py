"""How large a canal, pedicles and body of each vertebra usually are.

In: a vertebra's name, or none. Out: a ``UsualSize`` in mm; what an image shows of the body's width scales it.
"""

from __future__ import annotations

from dataclasses import dataclass

from planner.structures import LevelName, SpineLevel


@dataclass(frozen=True, slots=True)
class UsualSize:
    """Of one vertebra, Panjabi 1992 (Spine 17:299, lumbar) and 1991 (16:888, thoracic): canal, pedicle and body [mm]."""

    canal_width_mm: float
    pedicle_width_mm: float
    pedicle_height_mm: float
    body_width_mm: float

    @property
    def middle_share(self) -> float:
        """Of the body's width: from the midline to the pedicle's middle."""
        return (self.canal_width_mm + self.pedicle_width_mm) / 2.0 / self.body_width_mm


_USUAL = {
    SpineLevel.T10: UsualSize(18.2, 7.0, 14.5, 33.0),
    SpineLevel.T11: UsualSize(19.4, 9.0, 16.5, 36.0),
    SpineLevel.T12: UsualSize(22.2, 8.8, 16.5, 39.5),
    SpineLevel.L1: UsualSize(23.7, 8.6, 15.9, 42.3),
    SpineLevel.L2: UsualSize(23.8, 8.3, 15.0, 44.2),
    SpineLevel.L3: UsualSize(24.3, 10.2, 14.4, 46.7),
    SpineLevel.L4: UsualSize(25.4, 14.1, 14.6, 48.9),
    SpineLevel.L5: UsualSize(27.1, 18.6, 14.0, 49.4),
    SpineLevel.S1: UsualSize(30.0, 18.0, 22.0, 50.0),
}
"""Heights of L4 and L5 at their isthmus, under which the root runs (Zindrick 1987, Spine 12:160). S1: assumed, as L5 and a little more."""

_OTHER = UsualSize(24.0, 9.0, 15.5, 45.0)
"""Unnamed: as L1 to L3."""


def usual_size(name: LevelName) -> UsualSize:
    """Of this vertebra; without a name, of the upper lumbar spine."""
    return _USUAL.get(name, _OTHER) if isinstance(name, SpineLevel) else _OTHER
