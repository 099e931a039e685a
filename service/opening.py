"""A path given by a person becomes a volume with its facts, or a refusal.

In: a folder, a DICOM file, or a NIfTI, NRRD or MetaImage file. Out: ``OpenSeries``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dicom_io.series import read_series
from planner.errors import FrameMismatchError
from planner.structures import PatientPosition
from planner.volume import Modality, Volume
from service.errors import RequestError
from service.series_facts import SeriesFacts


@dataclass(frozen=True, slots=True)
class SeriesChoice:
    """Where a series lies, and what a person says about it.

    ``series_uid`` chooses among several DICOM series; ``modality`` is for an image file whose values leave it open.
    """

    path: Path
    series_uid: str | None = None
    modality: Modality | None = None
    volume: str = ""
    """Which of several volumes at one place in the series (``dicom_io.volumes.CHOICE``)."""
    also: tuple[Path, ...] = ()
    """Other stacks of the same MR study, beside this one."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenSeries:
    """One volume and what is known of its origin."""

    volume: Volume
    facts: SeriesFacts
    stacks: tuple[Volume, ...] = ()
    """Other MR stacks of the same study and frame of reference; labels and plan stay on ``volume``."""

    @property
    def patient_position(self) -> PatientPosition | None:
        """Patient Position (0018,5100); None where the images do not say."""
        return None if self.facts.source is None else self.facts.source.patient_position


def open_chosen(choice: SeriesChoice) -> OpenSeries:
    """The volume of a choice, with the stacks that stand beside it."""
    series = _open_alone(choice)
    return with_stacks(series, [open_series(path) for path in choice.also])


def with_stacks(series: OpenSeries, others: Sequence[OpenSeries]) -> OpenSeries:
    """The same with other stacks beside it; what is not surely of this MR study and frame of reference is refused."""
    for other in others:
        require_one_study(series, other)
    said = (f"the spine was sought in {len(others) + 1} stacks of this study together; all else is this one's",)
    facts = replace(series.facts, notes=(*series.facts.notes, *said)) if others else series.facts
    return replace(series, facts=facts, stacks=tuple(other.volume for other in others))


def require_one_study(series: OpenSeries, other: OpenSeries) -> None:
    """Refused: what is not surely another stack of this MR study in this frame of reference."""
    own, theirs = series.facts.source, other.facts.source
    if own is None or theirs is None:
        raise RequestError("--also joins DICOM series: an image file does not say its study and frame of reference")
    if {series.volume.modality, other.volume.modality} != {Modality.MR}:
        raise RequestError("--also joins two MR stacks; an earlier CT or MR goes with --earlier-scan")
    if own.study_instance_uid != theirs.study_instance_uid:
        raise RequestError(
            "the stacks are of two studies: the patient lay anew; plan on one, lay the other over it (--earlier-scan)"
        )
    if own.series_instance_uid == theirs.series_instance_uid:
        raise RequestError("--also names the same series again; name another stack of the study")
    if own.frame_of_reference_is_derived or theirs.frame_of_reference_is_derived:
        raise RequestError(
            "a stack states no Frame of Reference UID: nothing says that both lie in one place; plan on one"
        )
    if own.frame_of_reference_uid != theirs.frame_of_reference_uid:
        raise FrameMismatchError(own.frame_of_reference_uid, theirs.frame_of_reference_uid)


def _open_alone(choice: SeriesChoice) -> OpenSeries:
    from service.image_files import is_image_file  # noqa: PLC0415 - SimpleITK: whoever opens a kept case needs none

    if choice.modality is None:
        return open_series(choice.path, choice.series_uid, choice.volume)
    if not is_image_file(choice.path):
        raise RequestError("--modality is for image files; a DICOM series says its own: leave it out")
    return _open_image_file(choice.path, choice.series_uid, choice.modality)


def open_series(path: Path, series_uid: str | None = None, volume: str = "") -> OpenSeries:
    """The volume at ``path``; ``series_uid`` chooses among several DICOM series, ``volume`` among those of one series."""
    from service.image_files import is_image_file  # noqa: PLC0415 - as above

    if not path.exists():
        raise RequestError("there is no such file or folder; give the folder of a CT series, or one image file")
    if is_image_file(path):
        if volume:
            raise RequestError("--volume chooses within a DICOM series, this is an image file; leave it out")
        return _open_image_file(path, series_uid)
    from service.jpeg_12_bit import enable_jpeg_12_bit  # noqa: PLC0415 - as above

    enable_jpeg_12_bit()
    series = read_series(path, series_uid, volume)
    return OpenSeries(series.volume, SeriesFacts.of(series))


def _open_image_file(path: Path, series_uid: str | None, modality: Modality | None = None) -> OpenSeries:
    from service.image_files import read_image_file  # noqa: PLC0415 - as above

    if series_uid is not None:
        raise RequestError("--series names a DICOM series, this is an image file; leave it out")
    image = read_image_file(path, modality)
    return OpenSeries(image.volume, SeriesFacts(image.volume.geometry, None, image.notes))
