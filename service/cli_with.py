"""The options of ``plan`` and ``segment`` for segmentations that others made."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
