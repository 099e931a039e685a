"""What Debian's programs say about a DICOM file: ``dciodvfy`` (dicom3tools), ``dsrdump`` and ``dcmdump`` (dcmtk)."""

from pathlib import Path

from tests.servers import run

_EXPECTED_WARNINGS = (
    "Unrecognized defined term <99NEEDLEPLAN>",  # a private scheme, declared in the object
    "needed to build DICOMDIR",  # the source's own gaps: empty Patient ID, Study ID
    "Retired Person Name form",  # the source's own
    "attribute <Laterality>",  # absent is an error to dciodvfy, empty a warning
)


def complaints(path: Path) -> list[str]:
    """Errors, and the warnings that have no reason, of ``dciodvfy``."""
    said = run("dciodvfy", path)
    lines = (said.stdout + said.stderr).splitlines()
    return [
        line
        for line in lines
        if line.startswith("Error") or (line.startswith("Warning") and not any(ok in line for ok in _EXPECTED_WARNINGS))
    ]


def report_text(path: Path) -> str:
    """The report as ``dsrdump`` prints it, long values in full."""
    said = run("dsrdump", "+Pl", path)
    assert said.returncode == 0, said.stderr
    return said.stdout


def header_text(path: Path) -> str:
    """The header as ``dcmdump`` prints it."""
    said = run("dcmdump", "+L", path)
    assert said.returncode == 0, said.stderr
    return said.stdout
