"""Truth as files: a label map and a JSON that reads like ``anatomy.json`` and ``labels.json``.

In: a ``Phantom``. Out: ``truth.nii.gz`` (uint16, RAS as NIfTI demands) and ``truth.json`` in a folder.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import SimpleITK as sitk  # noqa: N813 - the name the whole field uses

from planner.geometry import FloatArray
from planner.volume import LabelMap
from sample_data.images import as_image
from sample_data.phantom import Phantom


def write_truth(phantom: Phantom, folder: Path) -> tuple[Path, Path]:
    """Label map and landmarks."""
    folder.mkdir(parents=True, exist_ok=True)
    labels, landmarks = folder / "truth.nii.gz", folder / "truth.json"
    _write_nifti(phantom.truth, labels)
    landmarks.write_text(json.dumps(landmarks_of(phantom), indent=1) + "\n", encoding="utf-8")
    return labels, landmarks


def _write_nifti(label_map: LabelMap, path: Path) -> None:
    sitk.WriteImage(as_image(label_map.labels, label_map.geometry), str(path), useCompression=True)


def landmarks_of(phantom: Phantom) -> dict[str, Any]:
    """Labels and landmarks as plain values, LPS mm to a hundredth."""
    anatomy = phantom.anatomy()
    return {
        "parameters": asdict(phantom.parameters),
        "labels": {
            str(value): {"structure": e.structure, "part": e.part, "level": _text(e.level), "side": e.side}
            for value, e in sorted(phantom.truth.entries.items())
        },
        "levels": [{"name": str(v.name), "body_center_mm": _mm(v.body_center_mm)} for v in anatomy.vertebrae],
        "discs": [
            {"name": str(d.between), "center_mm": _mm(d.center_mm), "normal": _mm(d.normal, 5)} for d in anatomy.discs
        ],
        "canal_centreline_mm": [_mm(point) for point in anatomy.canal_centreline_mm],
        "foramina": [
            {"level": str(f.between), "side": f.side, "center_mm": _mm(f.center_mm), "area_mm2": round(f.area_mm2, 1)}
            for f in anatomy.foramina
        ],
        "facets": [
            {"level": str(f.between), "side": f.side, "point_mm": _mm(f.point_mm), "axis": _mm(f.axis, 5)}
            for f in anatomy.facets
        ],
        "nerve_roots": [
            {"root": r.root, "side": r.side, "ganglion_mm": _mm(r.ganglion_mm), "course_mm": [*map(_mm, r.course_mm)]}
            for r in anatomy.nerve_roots
        ],
    }


def _text(level: object) -> str | None:
    return None if level is None else str(level)


def _mm(point: FloatArray, digits: int = 2) -> list[float]:
    return [round(float(value), digits) for value in point]
