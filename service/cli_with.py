"""The options of ``plan`` and ``segment`` for segmentations that others made, and for an earlier scan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from planner.volume import Modality

With = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FILE",
        help=(
            "A segmentation that others made: DICOM SEG or RTSTRUCT, NIfTI or NRRD label map, or a folder of masks. "
            "Its structures take the place of our own; see docs/plugins.md."
        ),
    ),
]
NamesMap = Annotated[
    Path | None,
    typer.Option("--map", metavar="MAP.toml", help="What the names or numbers of --with mean, and whose word counts."),
]
EarlierScanPath = Annotated[
    Path | None,
    typer.Option(
        "--earlier-scan",
        metavar="SERIES",
        help=(
            "An earlier CT or MR of this patient: laid over today's vertebra by vertebra; nerves and vessels that --earlier-with shows "
            "in it, and plans of --earlier made on it, come along with the residual in their uncertainty."
        ),
    ),
]
EarlierWith = Annotated[
    Path | None,
    typer.Option("--earlier-with", metavar="FILE", help="What was drawn in the earlier scan; as --with."),
]
EarlierMap = Annotated[Path | None, typer.Option("--earlier-map", metavar="MAP.toml", help="As --map.")]
EarlierAnchor = Annotated[
    str | None,
    typer.Option(
        "--earlier-anchor",
        metavar="LEVEL@Z",
        help="Names one vertebra of the earlier scan; an MR without a drawing needs it.",
    ),
]
EarlierModality = Annotated[
    Modality | None, typer.Option("--earlier-modality", help="As --modality: what the earlier scan's image file holds.")
]
