"""Settings of segmentations that others make: received by DICOM, or made by the site's own command."""

from __future__ import annotations

import shlex
from pathlib import Path

from pydantic import Field, field_validator

from service.settings.part import Part


class SegmentationSettings(Part):
    """Whose segmentation a case is planned on; by default only needleplan's own."""

    command: str | None = None
    """A template without a shell: ``totalsegmentator -i {input} -o {output}``; it is given the scan as NIfTI."""
    time_limit_seconds: float = Field(default=600.0, gt=0)
    """Less than ``jobs.time_limit_seconds``, which holds for the whole case."""
    memory_limit_gb: float = Field(default=16.0, ge=0)
    """Of address space; 0: no limit, which a GPU's driver needs."""
    names_file: Path | None = None
    """The map of names, as for ``--map``."""
    received: bool = False
    """DICOM segmentations of the same study that refer to the series, received before its case begins."""
    other_stacks: bool = True
    """Thick slices of an MR are looked at together with its study's stacks across them; their case waits for those that still arrive."""
    second_opinion: bool = False
    """The shipped network looks too; where it does not agree, the confidence of our own anatomy is lowered."""

    @field_validator("command")
    @classmethod
    def _says_both_places(cls, command: str | None) -> str | None:
        if command is not None and not ("{input}" in command and "{output}" in command and shlex.split(command)):
            raise ValueError("command needs {input} and {output}")
        return command
