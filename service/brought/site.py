"""What a site brings to every case: received segmentations, else its own command.

In: settings and the rows of received images. Out: ``Bringing``, which travels to the case's process, and there what it brings.
A received segmentation must refer to the series; our own ones, which a PACS may send back, are left aside.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pydicom
from pydicom.dataset import Dataset

from service.brought.tables import NO_MAP, OwnMap, read_map
from service.settings.segmentation import SegmentationSettings

if TYPE_CHECKING:
    from service.brought.command import OutsideCommand
    from service.brought.reading import Bring

_OURS = "needleplan anatomy"


@dataclass(frozen=True, slots=True)
class Bringing:
    """What one case is given; it pickles. ``received`` goes before ``command``."""

    received: tuple[Path, ...] = ()
    command: OutsideCommand | None = None
    own: OwnMap = NO_MAP
    second_opinion: bool = False

    @property
    def bring(self) -> Bring:
        """What gives it to the case."""
        from service.brought.reading import from_command, from_files, nothing_brought  # noqa: PLC0415 - in the case's process

        if self.received:
            return from_files(self.received, self.own)
        return nothing_brought if self.command is None else from_command(self.command, self.own)


def _of_site(own: OwnMap) -> OwnMap:
    """A site's map never confirms a frame of reference: that is said of one scan, by a person."""
    return OwnMap(own.names, own.numbers, own.ours_first)


OWN_ANATOMY = Bringing()


def bringing_for(settings: SegmentationSettings, series_uid: str, folders: Iterable[Path]) -> Bringing:
    """For one series; ``folders`` hold the other series of its study."""
    command = None if settings.command is None else _command(settings.command, settings)
    received = segmentations_of(series_uid, folders) if settings.received else ()
    own = NO_MAP if settings.names_file is None else _of_site(read_map(settings.names_file))
    return Bringing(received, command, own, settings.second_opinion)


def _command(words: str, settings: SegmentationSettings) -> OutsideCommand:
    from service.brought.command import OutsideCommand  # noqa: PLC0415 - only where a site has one

    return OutsideCommand(words, settings.time_limit_seconds, settings.memory_limit_gb)


def segmentations_of(series_uid: str, folders: Iterable[Path]) -> tuple[Path, ...]:
    """Segmentation files that refer to this series and are not ours, the newest first."""
    from dicom_io.outside_segmentation import is_segmentation  # noqa: PLC0415 - only where a site takes them

    found: list[tuple[str, Path]] = []
    for folder in folders:
        for path in sorted(folder.glob("*.dcm")):
            if not is_segmentation(path):
                break  # a series holds one kind of object
            header = pydicom.dcmread(path, stop_before_pixels=True)
            if _refers_to(header, series_uid) and not _is_ours(header):
                found.append((f"{header.get('ContentDate', '')}{header.get('ContentTime', '')}", path))
    return tuple(path for _, path in sorted(found, reverse=True))


def _refers_to(header: Dataset, series_uid: str) -> bool:
    return any(one.SeriesInstanceUID == series_uid for one in header.get("ReferencedSeriesSequence") or ())


def _is_ours(header: Dataset) -> bool:
    segments = header.get("SegmentSequence") or ()
    items = [one.get("SegmentationAlgorithmIdentificationSequence") for one in segments]
    return any(item and item[0].get("AlgorithmName") == _OURS for item in items)
