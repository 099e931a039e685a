"""A schematic patient's lower spine with true canal, bone and discs: what the later stages are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from planner.anatomy.column import SpineColumn, lay_straight
from planner.anatomy.model import Anatomy
from planner.anatomy.spine_frame import SpineFrame
from planner.anatomy.stages import Bone, CanalTrack, DiscLevel
from planner.geometry import FloatArray
from planner.structures import Interspace, LevelName, Structure
from planner.volume import LabelMap, Volume
from sample_data.parameters import PhantomParameters
from sample_data.phantom import Phantom, make_phantom

BONES = (Structure.VERTEBRA, Structure.SACRUM, Structure.ILIUM, Structure.RIB)


@dataclass(frozen=True, eq=False)
class SpineCase:
    """A phantom, its truth, and the stages before the straightened spine, taken from that truth."""

    phantom: Phantom
    volume: Volume
    truth: LabelMap
    anatomy: Anatomy
    bone: Bone
    canal: CanalTrack
    discs: tuple[DiscLevel, ...]
    interspaces: tuple[Interspace, ...]
    column: SpineColumn

    @property
    def names(self) -> tuple[LevelName, ...]:
        """Of vertebra 0, 1 and on."""
        return (self.interspaces[0].lower, *(between.upper for between in self.interspaces))


def spine_case(parameters: PhantomParameters) -> SpineCase:
    phantom = make_phantom(parameters)
    volume, truth, anatomy = phantom.volume.in_patient_axes(), phantom.truth, phantom.anatomy()
    line = _every_mm(anatomy.canal_centreline_mm)
    line = line[volume.geometry.contains(line)]
    frame = SpineFrame.along(line)
    canal_mask = truth.mask(Structure.CANAL, Structure.THECAL_SAC)
    ones = np.ones(len(line))
    canal = CanalTrack(frame, canal_mask, 10 * ones, ones, 1.0)
    bone = Bone(truth.mask(*BONES), np.zeros_like(canal_mask), 1.0)
    seen = [d for d in anatomy.discs if _is_whole(d.center_mm, volume)]
    discs = tuple(
        DiscLevel(float(frame.from_lps(d.center_mm[None])[0, 0]), d.center_mm, d.normal, 8.0, 1.0) for d in seen
    )
    column = lay_straight(volume, bone, canal, discs)
    return SpineCase(phantom, volume, truth, anatomy, bone, canal, discs, tuple(d.between for d in seen), column)


def _every_mm(line: FloatArray) -> FloatArray:
    upward = line if line[0, 2] < line[-1, 2] else line[::-1]
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(upward, axis=0), axis=1))])
    at = np.arange(0.0, along[-1], 1.0)
    return np.stack([np.interp(at, along, upward[:, axis]) for axis in range(3)], axis=1)


def _is_whole(center_mm: FloatArray, volume: Volume) -> bool:
    low, high = volume.geometry.corners_mm.min(axis=0)[2], volume.geometry.corners_mm.max(axis=0)[2]
    return bool(low + 25.0 < center_mm[2] < high - 25.0)


@pytest.fixture(scope="session")
def lumbar() -> SpineCase:
    """L1 to L5 in 1.5 mm slices, cropped to the spine."""
    return spine_case(
        PhantomParameters(
            spacing_mm=(1.5, 1.0, 1.0),
            field_of_view_mm=(200.0, 150.0, 130.0),
            center_mm=(0.0, 45.0, -15.0),
        )
    )
