"""Whatever a person brings with ``--with``: told apart by what it is, and matched to the series.

In: paths, a person's map, the open series. Out: ``BroughtAlong``: the sources in order and the choices of the map. A Segmentation of
another frame of reference is refused unless the map confirms it; one that refers to this very series needs no other proof.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from dicom_io.contours import is_structure_set, read_structure_set
from dicom_io.outside_segmentation import OutsideSegmentation, is_segmentation, read_outside_segmentation
from planner.anatomy.outside.segment_with import Choice
from planner.brought import Brought, BroughtError
from planner.geometry import VolumeGeometry
from service.brought.command import OutsideCommand, run_command
from service.brought.label_files import read_folder, read_label_map, with_instances
from service.brought.tables import NO_MAP, OwnMap
from service.image_files import is_image_file
from service.opening import OpenSeries


@dataclass(frozen=True, slots=True, eq=False)
class BroughtAlong:
    """What goes into one case beside the scan."""

    sources: tuple[Brought, ...]
    choice: Choice = field(default_factory=Choice)
    notes: tuple[str, ...] = ()


Bring = Callable[[OpenSeries], BroughtAlong]
"""Brings what belongs to a series; no sources: our own anatomy alone."""


def nothing_brought(_series: OpenSeries) -> BroughtAlong:
    """Our own anatomy alone."""
    return BroughtAlong(())


def from_files(paths: tuple[Path, ...], own: OwnMap = NO_MAP) -> Bring:
    """What a person named on the command line."""

    def bring(series: OpenSeries) -> BroughtAlong:
        sources = _paired(tuple(_read(path, series, own) for path in paths))
        notes = tuple(note for one in sources for note in one.notes)
        return BroughtAlong(sources, Choice(own.ours_first, own.frame_is_confirmed), notes)

    return bring


def from_command(command: OutsideCommand, own: OwnMap = NO_MAP) -> Bring:
    """What a site's own model makes of each scan."""

    def bring(series: OpenSeries) -> BroughtAlong:
        return BroughtAlong((run_command(command, series.volume, own),), Choice(own.ours_first))

    return bring


def _read(path: Path, series: OpenSeries, own: OwnMap) -> Brought:
    if path.is_dir():
        objects = [one for one in sorted(path.iterdir()) if one.is_file() and is_segmentation(one)]
        return (
            _of_series(read_outside_segmentation(objects[0], own.meaning), series)
            if len(objects) == 1
            else read_folder(path, own)
        )
    if is_image_file(path):
        return read_label_map(path, own)
    if is_segmentation(path):
        return _of_series(read_outside_segmentation(path, own.meaning), series)
    if is_structure_set(path):
        return _of_series(read_structure_set(path, series.volume.geometry, own.meaning), series)
    raise BroughtError(
        "the segmentation is none of: DICOM SEG or RTSTRUCT, NIfTI, NRRD or MetaImage label map, folder of masks; give one of these"
    )


def _of_series(read: OutsideSegmentation, series: OpenSeries) -> Brought:
    """Its frame of reference is the scan's where it refers to this very series."""
    source = series.facts.source
    if source is None or read.series_instance_uid != source.series_instance_uid:
        return read.brought
    geometry = read.brought.geometry
    stated = geometry.frame_of_reference_uid
    if stated and not source.frame_of_reference_is_derived and stated != source.frame_of_reference_uid:
        return read.brought  # says this series and another frame: refused later, with both
    ours = VolumeGeometry(geometry.lps_from_index, geometry.shape, source.frame_of_reference_uid)
    return replace(read.brought, geometry=ours)


def _paired(sources: tuple[Brought, ...]) -> tuple[Brought, ...]:
    """A map of parts without levels and one of whole vertebrae with names become one (SPINEPS writes such a pair)."""
    if len(sources) != 2 or not sources[0].geometry.matches(sources[1].geometry, tolerance_mm=0.1):
        return sources
    has_parts = [
        any(getattr(s.meaning, "part", None) and not getattr(s.meaning, "level", None) for s in one.segments)
        for one in sources
    ]
    if has_parts == [True, False]:
        return (with_instances(sources[0], sources[1]),)
    if has_parts == [False, True]:
        return (with_instances(sources[1], sources[0]),)
    return sources
