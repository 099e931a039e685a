"""Which other stacks of its MR study a case is looked at together with: those across its own thick slices.

In: an open MR series and the folders of its study's other MR series. Out: the series with its stacks, each that was left out with the reason
in its notes. Nobody chose them: what cannot be joined is left out, and never refuses the case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from dicom_io.errors import DicomIoError
from planner.errors import PlannerError
from planner.geometry import FloatArray, VolumeGeometry
from planner.volume import Modality
from service.errors import ServiceError
from service.opening import OpenSeries, open_series, require_one_study, with_stacks

_THICK_MM = 2.0
"""Slices that need no other stack are thinner; from here on the anatomy says that its borders suffer."""

_ACROSS = 0.7
"""Cosine between two stacks' normals: 45 degrees. A parallel stack sees no more across the gaps (assumed)."""


def with_study(series: OpenSeries, folders: Sequence[Path]) -> OpenSeries:
    """The series with every stack of its study that serves it."""
    if series.volume.modality is not Modality.MR or not _is_thick(series.volume.geometry):
        return series
    chosen: list[OpenSeries] = []
    notes: list[str] = []
    for folder in folders:
        other, why_not = _opened(series, folder)
        if other is not None:
            chosen.append(other)
        elif why_not:
            notes.append(f"another stack of this study was left out: {why_not}")
    joined = with_stacks(series, chosen)
    return replace(joined, facts=replace(joined.facts, notes=(*joined.facts.notes, *notes)))


def _opened(series: OpenSeries, folder: Path) -> tuple[OpenSeries | None, str]:
    """The stack, or why it is left out; a parallel one is, without a word."""
    try:
        other = open_series(folder)
        require_one_study(series, other)
    except (DicomIoError, PlannerError, ServiceError) as refusal:
        return None, str(refusal)
    is_across = abs(float(_normal(series.volume.geometry) @ _normal(other.volume.geometry))) <= _ACROSS
    return (other, "") if is_across else (None, "")


def _is_thick(geometry: VolumeGeometry) -> bool:
    return float(geometry.spacing_mm.max()) > _THICK_MM


def _normal(geometry: VolumeGeometry) -> FloatArray:
    """(3,) across the slices: the axis of the widest spacing."""
    return np.asarray(geometry.axes[:, int(np.argmax(geometry.spacing_mm))])
