"""Why a DICOM input is refused: one class per reason a caller can act on.

Each constructor takes facts and writes the sentence a user reads: what was wrong, the value, the limit, what to do.
No sentence ever holds patient data, a UID or a path; those travel as attributes where a caller needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

SEVERAL_VOLUMES = "volumes at one place"
"""In every sentence of ``SeveralVolumesError``."""

EXPORT_AGAIN = "export the whole series again from the scanner or the PACS"


class DicomIoError(Exception):
    """Base of everything this room refuses."""


class SeriesFacts(Protocol):
    """What a refusal may say about a series, and the UID that a caller may show."""

    @property
    def series_uid(self) -> str:
        """Series Instance UID (0020,000E); never part of a sentence."""

    @property
    def modality(self) -> str:
        """Modality (0008,0060)."""

    @property
    def summary(self) -> str:
        """Series number, modality, count and spacing in words."""


class NoSeriesError(DicomIoError):
    """Nothing here can be a CT or MR volume."""

    def __init__(self, left_out: Mapping[str, int]) -> None:
        found = "; ".join(f"{count} x {reason}" for reason, count in left_out.items()) or "no file"
        super().__init__(f"no CT or MR volume series found (left out: {found}); give the folder of one series")


class SeriesNotFoundError(DicomIoError):
    """The named series is not among the files."""

    def __init__(self, found: Sequence[SeriesFacts]) -> None:
        listed = "; ".join(series.summary for series in found) or "none"
        super().__init__(f"the named series is not here (found: {listed}); name one of these by its UID")


class SeveralSeriesError(DicomIoError):
    """More than one series could be meant; ``choices`` pairs each one's UID with its facts, to be shown to a person."""

    def __init__(self, series: Sequence[SeriesFacts]) -> None:
        listed = "; ".join(one.summary for one in series)
        stacks = (
            "; or give two stacks of one MR study a folder each, the second with --also"
            if all(one.modality == "MR" for one in series)
            else ""
        )
        super().__init__(f"{len(series)} series could be meant: {listed}; name one by its UID (--series UID){stacks}")
        self.choices = tuple((one.series_uid, one.summary) for one in series)


class NoPositionError(DicomIoError):
    """Images that do not say where they lie."""

    def __init__(self, attribute: str, count: int, total: int) -> None:
        super().__init__(f"{count} of {total} images have no valid {attribute}; {EXPORT_AGAIN}")


class NoPixelDataError(DicomIoError):
    """An image without pixels."""

    def __init__(self, image: str) -> None:
        super().__init__(f"{image} has no pixel data; {EXPORT_AGAIN}")


class TruncatedPixelDataError(DicomIoError):
    """An image whose pixels end too early."""

    def __init__(self, image: str, found_bytes: int, expected_bytes: int) -> None:
        super().__init__(
            f"the pixel data of {image} end too early ({found_bytes} of {expected_bytes} bytes); {EXPORT_AGAIN}"
        )


class DecodingError(DicomIoError):
    """Pixels that no installed decoder can read, or that are damaged."""

    def __init__(self, image: str, transfer_syntax: str) -> None:
        super().__init__(
            f"the pixel data of {image} ({transfer_syntax or 'encoding not stated'}) cannot be decoded; "
            "export the series again, uncompressed (Explicit VR Little Endian)"
        )


class OneSliceError(DicomIoError):
    """One slice is no volume."""

    def __init__(self) -> None:
        super().__init__("the series has 1 slice, a volume needs at least 2; give the folder of the whole series")


class TwoOrientationsError(DicomIoError):
    """Images of one series that are not parallel."""

    def __init__(self, image: str, angle_deg: float, off_mm: float, limit_mm: float) -> None:
        super().__init__(
            f"the images are not parallel: {image} is turned by {angle_deg:.2f} degrees against the first "
            f"({off_mm:.2f} mm at its corner, limit {limit_mm} mm); export one orientation alone"
        )


class DuplicatePositionError(DicomIoError):
    """Several images at one place."""

    def __init__(self, count: int, image: str, gap_mm: float) -> None:
        super().__init__(
            f"{count} images lie where another one lies, the first is {image} ({gap_mm:.3f} mm from its neighbour); "
            "the series holds several volumes or copies: export one volume (one phase, one echo) as its own series"
        )


class MissingSliceError(DicomIoError):
    """A regular series with holes."""

    def __init__(self, count: int, image: str, gap_mm: float, spacing_mm: float) -> None:
        super().__init__(
            f"{count} slices are missing, the first after {image}: a gap of {gap_mm:.3f} mm where slices are "
            f"{spacing_mm:.3f} mm apart; {EXPORT_AGAIN}"
        )


class UnevenSpacingError(DicomIoError):
    """Slices that are not evenly spaced."""

    def __init__(self, image: str, off_mm: float, limit_mm: float, smallest_mm: float, largest_mm: float) -> None:
        super().__init__(
            f"slices are not evenly spaced: {image} lies {off_mm:.3f} mm from its even place (limit {limit_mm} mm; "
            f"gaps {smallest_mm:.3f} to {largest_mm:.3f} mm); export a series reconstructed with one increment"
        )


class ShearError(DicomIoError):
    """Slices shifted sideways in a way no gantry tilt explains."""

    def __init__(self, image: str, off_mm: float, limit_mm: float) -> None:
        super().__init__(
            f"slices are shifted sideways: {image} lies {off_mm:.3f} mm beside the line through all slices "
            f"(limit {limit_mm} mm), which no constant gantry tilt explains; {EXPORT_AGAIN}"
        )


class TiltError(DicomIoError):
    """A gantry tilt beyond what a gantry can do."""

    def __init__(self, angle_deg: float, limit_deg: float, off_mm: float) -> None:
        super().__init__(
            f"slices are sheared by {angle_deg:.1f} degrees ({off_mm:.1f} mm at the last slice), more than a gantry "
            f"can tilt (limit {limit_deg} degrees); {EXPORT_AGAIN}"
        )


class AxesError(DicomIoError):
    """Row and column directions that are not unit vectors at right angles."""

    def __init__(self, image: str, off_mm: float, limit_mm: float) -> None:
        super().__init__(
            f"rows and columns of {image} are not at right angles, or not of length 1 ({off_mm:.2f} mm at the corner, "
            f"limit {limit_mm} mm); {EXPORT_AGAIN}"
        )


class MixedGridError(DicomIoError):
    """Images of one series on different grids."""

    def __init__(self, attribute: str, image: str, value: str, first: str) -> None:
        super().__init__(f"{attribute} differs: {value} in {image}, {first} in the first; {EXPORT_AGAIN}")


class MixedSeriesError(DicomIoError):
    """Images of one series that disagree on whose or what they are."""

    def __init__(self, attribute: str) -> None:
        super().__init__(
            f"images of one series disagree on {attribute}; the series is not trusted: check it in the PACS and "
            "export it again"
        )


class ValuesError(DicomIoError):
    """Stored values that cannot be turned into Hounsfield units or a signal."""

    def __init__(self, attribute: str, found: str) -> None:
        super().__init__(
            f"{attribute} is {found}: the stored values cannot be read as Hounsfield units or signal; "
            "export the original reconstruction"
        )


class MultiFrameError(DicomIoError):
    """Several frames in an object of a single-frame class."""

    def __init__(self, frames: int) -> None:
        super().__init__(
            f"an image holds {frames} frames but says that it is a single-frame image; "
            "export it as enhanced or as single-frame CT or MR images"
        )


class SeveralVolumesError(DicomIoError):
    """Several volumes of one place in one series; a person, a rule or an order says which is meant."""

    def __init__(self, told_by: str, counts: Sequence[int], listed: Sequence[str]) -> None:
        sizes = ", ".join(map(str, counts[:8])) + (" ..." if len(counts) > 8 else "")
        super().__init__(
            f"the series holds {len(counts)} {SEVERAL_VOLUMES}, told apart by {told_by} ({sizes} images); "
            f"say which is meant (--volume NUMBER): {_some(listed)}"
        )


class VolumeNotFoundError(DicomIoError):
    """The named volume is not in the series."""

    def __init__(self, wanted: str, listed: Sequence[str]) -> None:
        number = wanted if wanted.isdecimal() else "of that mark"
        found = (
            f"it holds {len(listed)} {SEVERAL_VOLUMES}: {_some(listed)}"
            if listed
            else "it holds one volume alone, which is volume 1"
        )
        super().__init__(f"there is no volume {number} in the series; {found}")


def _some(listed: Sequence[str]) -> str:
    return "; ".join(listed[:8]) + (f"; and {len(listed) - 8} more" if len(listed) > 8 else "")


class ReceiverError(DicomIoError):
    """A receiver that cannot be started as it is set."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(f"the receiver cannot start: {what}; {advice}")
