"""``python -m sample_data OUT``: a phantom as a DICOM series, with its truth beside it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from planner.structures import PatientPosition, Pose
from sample_data.dicom_series import Encoding, SeriesOptions, head_first_position, write_dicom_series
from sample_data.files import write_truth
from sample_data.parameters import SMALL, Contrast, Kernel, PhantomParameters
from sample_data.phantom import make_phantom


def main(arguments: Sequence[str] | None = None) -> int:
    """Write OUT/series, OUT/truth.nii.gz and OUT/truth.json, or with --series-only the series into OUT."""
    given = _parser().parse_args(arguments)
    phantom = make_phantom(_parameters(given))
    position = given.position or head_first_position(phantom.parameters.pose)
    options = SeriesOptions(position, given.encoding, given.tilt, "" if given.no_extension else ".dcm")
    folder = given.out if given.series_only else given.out / "series"
    paths = write_dicom_series(phantom, folder, options)
    written = [f"{len(paths)} slices in {folder}"]
    if not given.series_only:
        written += [str(path) for path in write_truth(phantom, given.out)]
    sys.stdout.write("\n".join(written) + "\n")
    return 0


def _parameters(given: argparse.Namespace) -> PhantomParameters:
    base = SMALL if given.small else PhantomParameters()
    given_values = {field.name: getattr(given, field.name) for field in fields(PhantomParameters)}
    chosen: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in given_values.items()
        if value is not None
    }
    return replace(base, **chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sample_data", description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--small", action="store_true", help="the shipped series: 1.5 mm pixels, 2.5 mm slices")
    parser.add_argument("--series-only", action="store_true", help="the DICOM files straight into OUT, no truth")
    _add_patient_options(parser)
    _add_scan_options(parser)
    return parser


def _add_patient_options(parser: argparse.ArgumentParser) -> None:
    patient = parser.add_argument_group("patient")
    patient.add_argument("--pose", type=Pose, choices=[Pose.PRONE, Pose.SUPINE])
    patient.add_argument("--lumbar-count", type=int, choices=[4, 5, 6])
    patient.add_argument("--scoliosis-deg", type=float, help="Cobb angle, positive convex to the left")
    patient.add_argument("--axial-rotation-deg", type=float, help="at the apex, positive turns anterior to the left")
    patient.add_argument("--marrow-hu", type=float, help="trabecular bone, under 100 for osteoporosis")
    patient.add_argument("--contrast", type=Contrast, choices=list(Contrast))
    patient.add_argument("--mirrored", action="store_const", const=True, help="the mirror image: aorta on the right")
    patient.add_argument("--metal", action="store_const", const=True, help="pedicle screws in the last lumbar vertebra")


def _add_scan_options(parser: argparse.ArgumentParser) -> None:
    scan = parser.add_argument_group("scan")
    for name, what in (
        ("spacing-mm", "voxel size along slices, rows, columns"),
        ("field-of-view-mm", "size of the box along slices, rows, columns"),
        ("center-mm", "LPS centre of the box, x y z"),
        ("turn-deg", "turn of the grid about left, posterior, cranial"),
    ):
        scan.add_argument(f"--{name}", type=float, nargs=3, help=what)
    scan.add_argument("--noise-hu", type=float)
    scan.add_argument("--kernel", type=Kernel, choices=list(Kernel))
    scan.add_argument("--seed", type=int)
    scan.add_argument("--position", type=PatientPosition, help="Patient Position; default HFS or HFP, as it lies")
    scan.add_argument("--encoding", type=Encoding, choices=list(Encoding), default=Encoding.EXPLICIT)
    scan.add_argument("--tilt", type=float, default=0.0, help="gantry tilt in degrees")
    scan.add_argument("--no-extension", action="store_true", help="file names without .dcm")


if __name__ == "__main__":
    sys.exit(main())
