"""The page of procedures says what the procedures say."""

from pathlib import Path

from planner.procedures import PROCEDURES
from service.procedures_page import page

WRITTEN = Path(__file__).resolve().parents[2] / "docs" / "procedures.md"


def test_the_page_is_in_step_with_the_procedures():
    assert WRITTEN.read_text(encoding="utf8") == page(PROCEDURES.values())


def test_every_source_is_on_the_page():
    text = page(PROCEDURES.values())
    for procedure in PROCEDURES.values():
        assert all(source in text for source in procedure.references.values())
        assert all(approach.source in text for approach in procedure.approaches)
