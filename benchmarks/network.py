"""The network beside the classical anatomy, class by class, on scans it was never trained on.

``python benchmarks/network.py [SCAN ...]``; NEEDLEPLAN_DATA names the folder of scans. Prints seconds; keeps the rest in ``results/network.json``.
"Known" means that the classical canal is given to the network, as a plan on CT would; else it looks for the canal itself.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk  # noqa: N813
from accuracy_cases import Case, load, read

from planner.anatomy import itk
from planner.anatomy.model import Anatomy
from planner.anatomy.network.opinion import SpineOpinion, look
from planner.anatomy.network.session import Share
from planner.anatomy.network.spine_on_mr import MrSpine, spine_on_mr
from planner.anatomy.outside.schemes import TOTALSEGMENTATOR_MR
from planner.anatomy.segment import segment
from planner.errors import PlannerError
from planner.geometry import BoolArray, VolumeGeometry
from planner.structures import Part, Structure
from planner.volume import Modality, Volume
from service.network import shipped_network

PROJECT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("NEEDLEPLAN_DATA", PROJECT.parent / "shared" / "data"))
RESULT = PROJECT / "benchmarks" / "results" / "network.json"
_PROCESSES = (Part.SUPERIOR_ARTICULAR_PROCESS, Part.INFERIOR_ARTICULAR_PROCESS)
_ARCH = (Part.POSTERIOR, *_PROCESSES)
_AROUND_MM = 55.0
"""Where the network looks: beyond it a bone mask has ribs and hips that are no part of the question."""


@dataclass(frozen=True)
class Said:
    """Masks by name on one grid, from one way."""

    masks: dict[str, BoolArray]
    seconds: float


def overlap(found: BoolArray, true: BoolArray) -> float:
    """Dice."""
    return round(float(2.0 * (found & true).sum() / max(1, found.sum() + true.sum())), 3)


def recall(found: BoolArray, true: BoolArray) -> float:
    """Share of the true voxels that are found."""
    return round(float((found & true).sum() / max(1, true.sum())), 3)


def opinion_masks(opinion: SpineOpinion) -> dict[str, BoolArray]:
    """The likeliest class of each voxel, on the scan's grid."""
    shares = np.stack([opinion.on_grid(share) for share in Share if share is not Share.BACKGROUND])
    first = np.where(shares.sum(axis=0) > 0.5, shares.argmax(axis=0) + 1, 0)
    arch = np.isin(first, (Share.POSTERIOR, Share.SUPERIOR_PROCESS, Share.INFERIOR_PROCESS))
    body = first == Share.BODY
    return {
        "body": body,
        "posterior": arch,
        "whole": body | arch,
        "superior process": first == Share.SUPERIOR_PROCESS,
        "inferior process": first == Share.INFERIOR_PROCESS,
        "disc": first == Share.DISC,
        "canal": first == Share.CANAL,
        "sacrum": first == Share.SACRUM,
    }


def anatomy_masks(anatomy: Anatomy) -> dict[str, BoolArray]:
    """The same names from the classical anatomy."""
    labels = anatomy.labels

    def of(structure: Structure, *parts: Part) -> BoolArray:
        wanted = [v for v, e in labels.entries.items() if e.structure is structure and (not parts or e.part in parts)]
        return np.isin(labels.labels, wanted)

    return {
        "body": of(Structure.VERTEBRA, Part.BODY),
        "posterior": of(Structure.VERTEBRA, *_ARCH),
        "whole": of(Structure.VERTEBRA),
        "superior process": of(Structure.VERTEBRA, Part.SUPERIOR_ARTICULAR_PROCESS),
        "inferior process": of(Structure.VERTEBRA, Part.INFERIOR_ARTICULAR_PROCESS),
        "disc": of(Structure.DISC),
        "canal": labels.mask(Structure.CANAL, Structure.THECAL_SAC, Structure.NERVE_ROOT),
        "sacrum": of(Structure.SACRUM),
    }


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    """An answer and its seconds."""
    began = time.perf_counter()
    answer = work()
    return answer, round(time.perf_counter() - began, 2)


def ct_truth(case: Case) -> dict[str, BoolArray]:
    """What the scan's labels know, by the same names."""
    entries = case.truth.entries
    labels = case.truth.labels

    def of(structure: Structure, *parts: Part) -> BoolArray:
        return np.isin(
            labels, [v for v, e in entries.items() if e.structure is structure and (not parts or e.part in parts)]
        )

    whole = of(Structure.VERTEBRA)
    known = {"whole": whole, "sacrum": of(Structure.SACRUM), "canal": of(Structure.THECAL_SAC)}
    if any(entry.part is Part.BODY for entry in entries.values()):
        known |= {
            "body": of(Structure.VERTEBRA, Part.BODY),
            "posterior": of(Structure.VERTEBRA, *_ARCH),
            "superior process": of(Structure.VERTEBRA, Part.SUPERIOR_ARTICULAR_PROCESS),
            "inferior process": of(Structure.VERTEBRA, Part.INFERIOR_ARTICULAR_PROCESS),
        }
    if not whole.any():
        known["whole"] = of(Structure.BONE)
    return {name: mask for name, mask in known.items() if mask.any()}


def on_ct(name: str) -> list[dict[str, Any]]:
    """One row per class: the classical way, and the network with and without the classical canal."""
    case = load(name, DATA)
    network = shipped_network()
    try:
        anatomy, classical_s = timed(lambda: segment(case.volume))
        classical = Said(anatomy_masks(anatomy), classical_s)
        centreline = anatomy.canal_centreline_mm
    except PlannerError:
        anatomy, classical, centreline = None, None, None
    opinion, known_s = timed(lambda: look(case.volume, network, centreline))
    said = Said(opinion_masks(opinion), known_s)
    truth = ct_truth(case)
    near = near_canal(said.masks["canal"], case.volume.geometry) if name == "abdomen_ct" else None
    rows = []
    for part, true in truth.items():
        row = {"scan": name, "class": part, "network": score(said.masks[part], true, part, near), "network_s": known_s}
        if classical is not None:
            row |= {"classical": score(classical.masks[part], true, part, near), "classical_s": classical.seconds}
        rows.append(row)
    return rows


def score(found: BoolArray, true: BoolArray, part: str, near: BoolArray | None) -> float:
    """Dice; of the canal, whose label is thinner than it is, the share that is held."""
    if near is not None:
        found, true = found & near, true & near
    return recall(found, true) if part == "canal" else overlap(found, true)


def near_canal(canal: BoolArray, geometry: VolumeGeometry) -> BoolArray:
    """Within 55 mm of the canal."""
    grid = itk.isotropic_grid(geometry, 3.0)
    return itk.mask_on(itk.dilated(itk.mask_on(canal, geometry, grid), grid, _AROUND_MM), grid, geometry)


def mr_scan(path: Path) -> Volume:
    """A stored MR in the patient's axes."""
    volume = read(sitk.ReadImage(str(path)))
    return Volume(volume.geometry, volume.voxels, Modality.MR)


def on_mr(name: str) -> list[dict[str, Any]]:
    """One row per class; nothing classical finds a spine on MR."""
    volume = mr_scan(next((DATA / name).glob("*T2w.nii.gz"), DATA / name / "mr.nii.gz"))
    spine, seconds = timed(lambda: spine_on_mr(volume, shipped_network()))
    found = opinion_masks(SpineOpinion(volume.geometry, spine.opinion.box, spine.opinion.shares))
    rows = [
        {"scan": name, "class": part, "network": overlap(found[part], true), "network_s": seconds}
        for part, true in mr_truth(name).items()
    ]
    held = mr_truth(name)["canal"]
    rows.append({"scan": name, "class": "canal, recall", "network": recall(found["canal"], held), "network_s": seconds})
    rows.append({"scan": name, "class": "discs counted", "network": len(spine.discs), "network_s": seconds})
    return rows


def mr_truth(name: str) -> dict[str, BoolArray]:
    """The labels of an MR by our names."""
    if name == "abdomen_mr":
        numbers = {label: number for number, label in TOTALSEGMENTATOR_MR.names.items()}
        labels = read(sitk.ReadImage(str(DATA / name / "labels.nii.gz"))).voxels
        return {
            "whole": labels == numbers["vertebrae"],
            "disc": labels == numbers["intervertebral_discs"],
            "canal": labels == numbers["spinal_cord"],
        }
    labels = read(sitk.ReadImage(str(next((DATA / name).glob("*seg-subreg*"))))).voxels
    return {
        "body": np.isin(labels, (49, 50)),
        "posterior": (labels >= 41) & (labels <= 48),
        "superior process": np.isin(labels, (45, 46)),
        "inferior process": np.isin(labels, (47, 48)),
        "disc": labels == 100,
        "canal": np.isin(labels, (60, 61)),
    }


def seen_on_mr(name: str) -> list[dict[str, Any]]:
    """Of an MR without labels: how far the canal is followed, and how many discs there are."""
    volume = mr_scan(DATA / name / "t2.nii.gz")
    spine, seconds = timed(lambda: spine_on_mr(volume, shipped_network()))
    length = canal_length_mm(spine)
    return [
        {"scan": name, "class": "canal, mm", "network": length, "network_s": seconds},
        {"scan": name, "class": "discs counted", "network": len(spine.discs), "network_s": seconds},
    ]


def canal_length_mm(spine: MrSpine) -> float:
    """Along the canal."""
    return round(float(spine.canal.frame.s_mm[-1]), 0)


SCANS: dict[str, Callable[[str], list[dict[str, Any]]]] = {
    "vertebra_ct": on_ct,
    "abdomen_ct": on_ct,
    "thorax_ct": on_ct,
    "lumbar_mr_crop": on_mr,
    "abdomen_mr": on_mr,
    "lumbar_mr": seen_on_mr,
}
"""None of them was ever trained on."""


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scans", nargs="*", default=list(SCANS))
    rows = [row for name in parser.parse_args().scans for row in SCANS[name](name)]
    for row in rows:
        beside = f"{row['classical']:8.3f}" if "classical" in row else "       -"
        print(
            f"{row['scan']:16} {row['class']:18} classical {beside}  network {row['network']:8.3f}  {row['network_s']} s"
        )
    kept = json.loads(RESULT.read_text(encoding="utf8")) if RESULT.exists() else []
    kept = [row for row in kept if row["scan"] not in {new["scan"] for new in rows}]
    for row in rows:  # seconds depend on what else the machine does; they are printed, not kept
        row.pop("network_s")
        row.pop("classical_s", None)
    RESULT.write_text(json.dumps(kept + rows, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
