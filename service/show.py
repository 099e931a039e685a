"""What commands say on a terminal, beside the plan itself (``show_plan.py``).

In: documents. Out: rich renderables. No patient name or ID is ever shown here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from pydantic_core import to_jsonable_python
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from planner.procedure import Procedure
from service.doctor import Check, Health
from service.documents import AnatomyDocument

_FILES = {
    "plan.json": "the plan, for programs",
    "plan.png": "the pictures of the best path",
    "anatomy.json": "levels, discs, foramina, joints, roots",
    "labels.nii.gz": "every voxel's structure, on the scan's own grid",
    "labels.json": "what each label value means",
    "report.dcm": "the plan as DICOM Structured Report",
    "segmentation.dcm": "the structures as DICOM Segmentation",
    "sheet.pdf": "one page for the intervention room",
    "sheet.dcm": "the same page as DICOM Encapsulated PDF",
    "key-objects.dcm": "the key slices as DICOM Key Object Selection",
    "registration.json": "how the earlier scan was laid over this one, level by level",
    "registered-axial.png": "today's scan, half of each, the earlier one: look at it",
    "registered-sagittal.png": "the same from the side",
    ".dcm": "a picture as DICOM Secondary Capture",
}


def show_anatomy(console: Console, anatomy: AnatomyDocument) -> None:
    """What was found, how sure, and how long it took."""
    levels = ", ".join(level.name for level in anatomy.levels) or "none"
    console.print(escape(f"Levels: {levels} ({anatomy.naming or 'nothing in the scan anchors a name'})"))
    console.print(escape(f"Foramina: {', '.join(f'{f.level} {f.side}' for f in anatomy.foramina) or 'none'}"))
    console.print(escape(f"Lies {anatomy.pose} ({anatomy.pose_evidence})"))
    structures = Table("structure", "confidence", escape("border within [mm], 95 %"), title="Structures found")
    for one in anatomy.structures:
        border = "-" if one.uncertainty_mm is None else f"{one.uncertainty_mm:.1f}"
        structures.add_row(one.structure.replace("_", " "), f"{one.confidence:.2f}", border)
    console.print(structures)
    show_list(console, "Warnings", anatomy.warnings, "yellow")
    took = ", ".join(f"{stage} {seconds:.1f}" for stage, seconds in anatomy.seconds.items())
    console.print(escape(f"Seconds: {took}"))


def show_notes(console: Console, notes: Iterable[str]) -> None:
    """What a reader of the results must know of how they were made."""
    for note in notes:
        console.print(escape(f"Note: {note}."), style="yellow")


def show_files(console: Console, out: Path) -> None:
    """Where the results lie."""
    console.print(escape(f"Results in {out}:"))
    for file in sorted(out.iterdir()):
        if file.is_file() and not file.name.startswith("."):
            console.print(escape(f"  {file.name:<23} {_FILES.get(file.name, _FILES.get(file.suffix, ''))}"))


def show_list(console: Console, title: str, lines: Sequence[str], style: str) -> None:
    """A heading with its lines; nothing where there are none."""
    if lines:
        console.print(escape(f"{title}:"), style=style)
    for line in lines:
        console.print(escape(f"  - {line}"))


def show_procedures(console: Console, procedures: Iterable[Procedure], *, as_json: bool) -> None:
    """Every procedure: a table for people, every value for programs."""
    listed = list(procedures)
    if as_json:
        console.print_json(data=[{**to_jsonable_python(one), "aim": type(one.aim).__name__} for one in listed])
        return
    table = Table("procedure", "what", "patient lies", "needles", "approaches", title="Procedures")
    for one in listed:
        approaches = "\n".join(
            f"{way.name}: obliquity {way.obliquity_deg[0]:g} to {way.obliquity_deg[1]:g} deg towards the side, "
            f"tilt {way.tilt_deg[0]:g} to {way.tilt_deg[1]:g} deg ({way.source})"
            for way in one.approaches
        )
        needles = "\n".join(str(needle) for needle in one.needles)
        table.add_row(one.key, escape(one.title), one.treatment_pose, needles, escape(approaches))
    console.print(table)


def show_checks(console: Console, checks: Iterable[Check]) -> None:
    """What is there and what is missing."""
    table = Table("part", "state", "what was found", "what to do", title="This machine")
    for check in checks:
        style = {Health.OK: "green", Health.OPTIONAL: "", Health.MISSING: "bold red"}[check.health]
        table.add_row(escape(check.part), str(check.health), escape(check.words), escape(check.remedy), style=style)
    console.print(table)
