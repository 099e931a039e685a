"""The options that say which series a command reads, and which of its levels a person names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.volume import Modality

SeriesPath = Annotated[
    Path,
    typer.Argument(
        metavar="SERIES",
        help="A folder with a DICOM series, one of its files, or a NIfTI, NRRD or MetaImage file (no DICOM output).",
        show_default=False,
    ),
]
SeriesUid = Annotated[
    str | None,
    typer.Option("--series", metavar="UID", help="Series Instance UID, where the folder holds several series."),
]
VolumeOption = Annotated[
    str,
    typer.Option(
        metavar="NUMBER",
        help="Which of several volumes at one place in the series: a number, or 'Acquisition Number=3'.",
        show_default=False,
    ),
]
ModalityOption = Annotated[
    Modality | None,
    typer.Option(help="What an image file holds, where its values do not show it (no air in view)."),
]
Anchor = Annotated[
    str | None,
    typer.Option(
        metavar="LEVEL@Z",
        help=(
            "Name one vertebra by the LPS z [mm] of its body, for example L3@-210; all others follow. "
            "Needed where the scan shows neither the sacrum nor a last rib."
        ),
    ),
]
Also = Annotated[
    list[Path] | None,
    typer.Option(
        metavar="STACK",
        help=(
            "Another stack of the same MR study, axial beside sagittal: a folder with it, or one of its images. The spine is sought in both; "
            "all else is SERIES'. Another study or frame of reference is refused."
        ),
    ),
]
