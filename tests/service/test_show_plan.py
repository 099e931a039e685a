"""What is printed of a plan: what matters first, nothing of the patient."""

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from planner.plan import Plan
from service.describe import plan_document
from service.documents import EarlierPlanDocument, EarlierTargetDocument
from service.series_facts import SeriesFacts
from service.show_plan import show_plan
from tests.dicom_io import plans
from tests.service.test_describe import GEOMETRY, source


def printed(plan: Plan, *earlier: EarlierPlanDocument) -> str:
    into = StringIO()
    facts = SeriesFacts(GEOMETRY, source("SECRET77"), ())
    show_plan(Console(file=into, width=300), plan_document(plan, facts, earlier))
    return into.getvalue()


def advised(count: int = 2) -> Plan:
    paths = tuple(plans.advised(plans.path(rank)) for rank in range(1, count + 1))
    return plans.plan((plans.target(paths),))


def test_the_first_lines_say_state_rehearsal_and_what_was_not_checked() -> None:
    first, second, third = printed(advised()).splitlines()[:3]
    assert first == "DRAFT - NOT RELEASED; 1 thing keeps it from release"
    assert second.startswith("REHEARSAL: scanned supine, treated prone")
    assert third == "NOT CHECKED: ureter, bowel"


@pytest.mark.parametrize(
    "words",
    [
        "Path 1 of 2: best overall, safest, shortest",
        "44.5 mm left of the spinous processes; 12 mm caudal of the tip of the L4 spinous process",
        "first control scan at 60 mm, then at 70 mm",
        "22 G x 90 mm Quincke",
        "Passes 0.8 mm dorsal to the left L4 root",
        "3.2 deg, or 7.1 mm at the skin",
        "freehand, in one go: touches other than bone 23.1% (21.3% to 25.0%)",
        "with control scans at 60 mm and 70 mm: touches other than bone 10.0% (8.8% to 11.4%)",
        "95 % intervals, n = 2000",
        "Bevel at 3 o'clock",
    ],
)
def test_a_path_says_everything_before_its_tables(words: str) -> None:
    text = printed(advised())
    assert words in text.split("structure")[0]


def test_every_structure_stands_in_the_table_and_every_path_has_one() -> None:
    text = printed(advised())
    for words in ("left L4 ganglion", "L5 superior articular process, left", "spinal canal"):
        assert text.count(words) == 2, words
    assert "Clearances of the alternatives: L4 root" in text


def test_a_rehearsal_has_no_angle_to_the_floor_and_a_scan_in_position_has() -> None:
    assert "to the floor" not in printed(advised())
    prone = replace(plans.path(1), floor_angle_deg=52.4)
    assert "52 deg to the floor" in printed(plans.plan((plans.target((prone,)),)))


def test_no_safe_path_says_what_binds_and_what_would_help_and_counts() -> None:
    none = replace(
        plans.target(paths=()),
        binding="iliac crest",
        relaxations=("No safe path; binding: iliac crest. Refused: x 1.", "None long enough: 32 mm missing."),
    )
    text = printed(plans.plan((none,)))
    assert "NO SAFE PATH among 120000 directions examined; binding: iliac crest." in text
    assert "None long enough: 32 mm missing." in text
    assert "No safe path; binding" not in text
    assert "bone 91022; skin outside image 31" in text


def test_the_path_that_goes_with_the_others_is_the_one_shown_whole() -> None:
    one = plans.target((plans.advised(plans.path(1)), plans.advised(plans.path(2))))
    together = replace(plans.plan((one, one)), together=(2, 1), placing=("Place L4 first.",))
    text = printed(together)
    assert text.index("Place L4 first.") < text.index("Path 2 of 2")
    assert text.index("Path 2 of 2") < text.index("Path 1 of 2")


def test_an_earlier_plan_stands_before_the_new_one() -> None:
    target = EarlierTargetDocument(
        words="L4 root, foramen L4/L5, left",
        needle="22 G x 90 mm Quincke",
        length_mm=70.0,
        obliquity_deg=30.0,
        tilt_deg=0.0,
        sentence="Passed 2.0 mm dorsal to it.",
    )
    earlier = EarlierPlanDocument(
        procedure="prt",
        title="Periradicular therapy",
        state_words="RELEASED",
        content_date="20260105",
        sop_instance_uid="1.2.3",
        joined_by="a test",
        targets=[target],
    )
    text = printed(advised(), earlier)
    assert text.index("Earlier plan, 20260105, RELEASED") < text.index("Path 1 of 2")
    assert "Passed 2.0 mm dorsal to it." in text


def test_nothing_printed_names_the_patient() -> None:
    text = printed(advised())
    assert not [secret for secret in ("SECRET77", "DOE", "JANE", "1950") if secret in text]
