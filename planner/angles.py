"""Published angles to obliquity: degrees from the sagittal plane, 0 straight from posterior.

One function for each zero that a source uses; a source that does not state its zero gives no window.
"""

from __future__ import annotations

from math import asin, degrees


def from_midline(angle_deg: float) -> float:
    """A source that counts from the midline, or from the vertical with the patient prone.

    >>> from_midline(40.0)
    40.0
    """
    return angle_deg


def from_horizontal(angle_deg: float) -> float:
    """A source that counts from the table, the patient prone.

    >>> from_horizontal(58.1)
    31.9
    """
    return round(90.0 - angle_deg, 6)


def from_cephalad_tilt(angle_deg: float) -> float:
    """A source that tilts the image towards the head: a needle along the beam enters cranial of its tip and aims caudally.

    >>> from_cephalad_tilt(12.5)
    -12.5
    """
    return -angle_deg


def middle(low_deg: float, high_deg: float) -> float:
    """The middle of a published range.

    >>> middle(35.0, 45.0)
    40.0
    """
    return (low_deg + high_deg) / 2


def from_offset(skin_mm: float, tip_mm: float, depth_mm: float) -> float:
    """A source that gives skin entry and tip from the midline, and the path's length.

    >>> round(from_offset(70.0, 20.0, 100.0), 1)
    30.0
    """
    return degrees(asin((skin_mm - tip_mm) / depth_mm))
