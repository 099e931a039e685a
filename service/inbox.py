"""When a series is complete: a decision about geometry, taken after a quiet time.

In: the folder of one series and how long ago its last image came. Out: a verdict in words. Headers only, no pixels.
A gap in the slices may be an image still on its way: the series waits until patience ends, then asks a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from dicom_io.candidates import Candidate, with_volume
from dicom_io.errors import MissingSliceError, NoSeriesError, OneSliceError, UnevenSpacingError
from dicom_io.series import find_series
from service.settings import InboxSettings

_MAY_STILL_COME = (MissingSliceError, UnevenSpacingError, OneSliceError)
"""Refusals that one more slice can lift."""


class Readiness(StrEnum):
    """What to do with a series now."""

    KEEP_WAITING = "keep waiting"
    COMPLETE = "complete"
    ASK = "ask a person"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decision and why, in words without patient data."""

    readiness: Readiness
    why: str


def judge(folder: Path, series_uid: str, quiet_for_s: float, settings: InboxSettings, volume: str = "") -> Verdict:
    """Whether the images of one series under ``folder`` make a whole volume, or the named one of several at one place."""
    if quiet_for_s < settings.quiet_seconds:
        return Verdict(Readiness.KEEP_WAITING, "images came a moment ago")
    found = [one for one in find_series(folder) if one.series_uid == series_uid]
    if not found:
        return Verdict(Readiness.IGNORE, str(NoSeriesError({"no CT or MR image": 1})))
    series = with_volume(found[0], volume) if volume else found[0]
    return _of_geometry(series, quiet_for_s, settings)


def _of_count(series: Candidate, quiet_for_s: float, settings: InboxSettings) -> Verdict:
    """Slices missing at an end leave no gap; where the scanner told a count, it is waited for as long as patience lasts."""
    found, expected = len(series.instances), series.expected_count or 0
    if found < expected and quiet_for_s < settings.patience_seconds:
        return Verdict(Readiness.KEEP_WAITING, f"{found} of the {expected} images that the scanner counted")
    told = f", of {expected} that the scanner counted" if found < expected else ""
    return Verdict(Readiness.COMPLETE, f"{found} evenly spaced images{told}")


def _of_geometry(series: Candidate, quiet_for_s: float, settings: InboxSettings) -> Verdict:
    refusal = series.refusal
    if refusal is None:
        return _of_count(series, quiet_for_s, settings)
    if isinstance(refusal, _MAY_STILL_COME) and quiet_for_s < settings.patience_seconds:
        return Verdict(Readiness.KEEP_WAITING, str(refusal))
    return Verdict(Readiness.ASK, str(refusal))
