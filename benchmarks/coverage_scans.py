"""The scans that ``coverage.py`` tries: opened, segmented once, and kept for a run that goes on where another stopped.

In: a scan's name and the folder of all scans. Out: one scan with its anatomy, or the sentence of its refusal.
"""

from __future__ import annotations

import pickle
import subprocess
from dataclasses import dataclass
from pathlib import Path

import accuracy_cases

from planner.anatomy.model import Anatomy
from planner.anatomy.segment import segment
from planner.errors import PlannerError
from planner.obstacles import ordered, with_roots
from planner.position import reconcile
from planner.structures import PatientPosition, Pose
from planner.volume import LabelMap, Modality, Volume
from service.errors import ServiceError
from service.network import shipped_network
from service.opening import SeriesChoice, open_chosen

FILES = {
    "abdomen_ct": "abdomen_ct/series",
    "lumbar_pelvis_ct": "lumbar_pelvis_ct/ct.nii.gz",
    "thorax_ct": "thorax_ct/ct.nii.gz",
    "lumbar_bone_ct": "lumbar_bone_ct",
    "vertebra_ct": "vertebra_ct/sub-ct_label-22_ct.nii.gz",
    "lumbar_mr": "lumbar_mr/t2.nii.gz",
    "lumbar_mr_crop": "lumbar_mr_crop/sub-mri_label-6_T2w.nii.gz",
    "abdomen_mr": "abdomen_mr/mr.nii.gz",
}
COMPOSED = {"lumbar_bone_ct": "real bone in painted soft tissue, see `accuracy_cases.py`"}
"""What is no scan as it came; said in the page."""


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One opened and segmented scan; ``labels`` have its roots drawn."""

    name: str
    volume: Volume
    position: PatientPosition | None
    anatomy: Anatomy
    labels: LabelMap
    commit: str
    """That its anatomy was found at."""

    @property
    def pose(self) -> Pose:
        """How the body lies, by the images' tags and by themselves."""
        return reconcile(self.position, self.anatomy.lie).pose


def opened(name: str, data: Path, kept: Path | None) -> Scan | str:
    """The scan with its anatomy, or the sentence of its refusal; what an earlier run kept is taken as it is."""
    at = None if kept is None else kept / f"{name}.pickle"
    if at is not None and at.exists():
        volume, position, anatomy, found_at = pickle.loads(at.read_bytes())  # noqa: S301 - our own file of an earlier run
        return Scan(name, volume, position, anatomy, with_roots(anatomy), found_at)
    try:
        volume, position = _image(name, data)
        anatomy = ordered(segment(volume, network=shipped_network()))
    except (PlannerError, ServiceError) as refusal:
        return str(refusal)
    if at is not None:
        at.write_bytes(pickle.dumps((volume, position, anatomy, commit()), protocol=pickle.HIGHEST_PROTOCOL))
    return Scan(name, volume, position, anatomy, with_roots(anatomy), commit())


def commit() -> str:
    """Of the planner that runs; *with changes* where the tree is not that commit's."""
    git = ["git", "-C", str(Path(__file__).resolve().parent)]
    name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
    changed = subprocess.run(
        [*git, "status", "--porcelain", "--", ":/planner"], capture_output=True, text=True, check=True
    ).stdout
    return name.strip() + (" with changes" if changed.strip() else "")


def _image(name: str, data: Path) -> tuple[Volume, PatientPosition | None]:
    if name in COMPOSED:
        return accuracy_cases.load(name, data).volume, None
    path = data / FILES[name]
    modality = Modality.MR if "mr" in name.split("_") else Modality.CT
    series = open_chosen(SeriesChoice(path, modality=None if path.is_dir() else modality))
    return series.volume, series.patient_position
