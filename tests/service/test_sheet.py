"""The sheet for the intervention room: one page, every fact of the plan in words, the same bytes for the same case."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import numpy as np
import pypdfium2
import pytest

from dicom_io.instances import Patient
from dicom_io.pictures import Picture
from dicom_io.series import ImageSeries, read_series
from dicom_io.signature import ReportReference, Signature
from planner.palpable import Landmark
from planner.plan import Plan, PlanState, TargetPlan
from planner.release.gate_answers import GateAnswer
from planner.structures import Interspace, Side, SpineLevel
from service.documents import EarlierPlanDocument, EarlierTargetDocument
from service.pictures import Drawn
from service.series_facts import SeriesFacts
from service.sheet.content import SheetCase, sheet_of
from service.sheet.page import write_page
from service.sheet.wording import Wording
from tests.dicom_io import plans
from tests.dicom_io.ct_files import write_ct_series
from viz.viewer.words import Language

MADE = datetime(2026, 1, 5, 10, 15, tzinfo=UTC)
ENGLISH, GERMAN = Wording(Language.ENGLISH), Wording(Language.GERMAN)
PICTURE = Picture("axial", "axial", np.full((64, 64, 3), 90, np.uint8), ("L", "P"))
DRAWN = Drawn((), "", (PICTURE,) * 3)
GATES = (
    GateAnswer("pregnancy", "Could the patient be pregnant?", "no", is_closed=True, answered_by="Dr. Who"),
    GateAnswer("paralysis", "Is there a new or progressive paralysis?", "yes", is_closed=False, answered_by="Dr. Who"),
    GateAnswer("inr", "INR, at most 3", "", is_closed=False, answered_by="Dr. Who"),
)


@pytest.fixture(scope="module")
def series(tmp_path_factory: pytest.TempPathFactory) -> ImageSeries:
    folder = tmp_path_factory.mktemp("ct")
    write_ct_series(folder, name="Müller^Jürgen", patient_id="ID-77")
    return read_series(folder)


@pytest.fixture(scope="module")
def facts(series: ImageSeries) -> SeriesFacts:
    return SeriesFacts.of(series)


def advised_plan(**changes: object) -> Plan:
    first, *others = plans.target().trajectories
    target = replace(plans.target(), trajectories=(plans.advised(first), *others))
    return replace(plans.plan(targets=(target,)), gates=GATES, volume_ml=(0.5, 4.0), **changes)  # type: ignore[arg-type]


def case(facts: SeriesFacts, **changes: object) -> SheetCase:
    known = SheetCase(advised_plan(), facts, "labels", MADE)
    return replace(known, **changes)  # type: ignore[arg-type]


def pdf(of: SheetCase, say: Wording = ENGLISH, drawn: Drawn = DRAWN) -> bytes:
    return write_page(sheet_of(of, say), drawn, of.made_at, say)


def pages(page: bytes) -> list[str]:
    """The text of each page, line ends as spaces."""
    document = pypdfium2.PdfDocument(BytesIO(page))
    return [" ".join(one.get_textpage().get_text_bounded().split()) for one in document]


def words(page: bytes) -> str:
    """The text of the one page there is."""
    (said,) = pages(page)
    return said


def test_it_says_what_must_not_be_missed(facts: SeriesFacts) -> None:
    said = words(pdf(case(facts)))
    for must in (
        "DRAFT - NOT RELEASED",
        "REHEARSAL: scanned supine, treated prone. Re-scan in treatment position",
        "NOT CHECKED: ureter, bowel",
        "Müller, Jürgen · ID ID-77",
        "L4 root, foramen L4/L5, left",
        "SIDE: LEFT",
        "Valid for this series only: patient moved or re-scanned -> plan again.",
        "scan is not in treatment position: scan again prone",
        "aorta and inferior vena cava are on the usual sides",
        "Not a certified medical device.",
        "needleplan 0.1.0",
    ):
        assert must in said, must


def test_its_numbers_are_the_plans(facts: SeriesFacts) -> None:
    of = case(facts)
    (path, other, *_), said = of.plan.targets[0].trajectories, words(pdf(of))
    found = facts.slice_at(path.entry_mm)
    assert found is not None
    for must in (
        "44.5 mm left of the spinous processes",
        "12 mm caudal of the tip of the L4 spinous process",
        f"series {found.series_number}, image {found.instance_number}, location {found.slice_location_mm:.1f} mm",
        f"{path.obliquity_deg:+.1f}° (entry on the patient's left)",
        f"{path.tilt_deg:+.1f}°",
        "in treatment position only",
        f"{path.length_mm:.1f} mm",
        "at 60 mm, 70 mm",
        f"22 G x 90 mm Quincke, {90 - path.length_mm:.0f} mm stay outside",
        "3.2° of angle, entry 7.1 mm",
        "at 3 o'clock",
        "left L4 ganglion (not its last 4 mm) - BINDING 0.8 1.5 -0.7",
        "touches other than bone 23.1% (21.3%-25.0%), with control scans 10.0% (8.8%-11.4%)",
        "n = 2000",
        f"{other.length_mm:.1f} mm, 22 G x 90 mm Quincke",
        "0.5 to 4 ml at each target.",
    ):
        assert must in said, must


def test_each_gate_stands_with_its_answer_and_is_open_or_closed(facts: SeriesFacts) -> None:
    said = words(pdf(case(facts)))
    assert "2 open, 1 closed; answered by Dr. Who" in said
    assert "[x] Could the patient be pregnant? no" in said
    assert "[ ] Is there a new or progressive paralysis? yes: OPEN" in said
    assert "[ ] INR, at most 3 OPEN" in said


def test_a_gate_is_not_said_twice_and_no_other_sentence_is_left_out(facts: SeriesFacts) -> None:
    plan = advised_plan(release_blockers=("OPEN GATE (paralysis): yes.", "bowel: confidence 0.30"))
    said = words(pdf(case(facts, plan=plan)))
    assert "OPEN GATE" not in said
    assert "bowel: confidence 0.30" in said


def test_a_released_plan_names_who_and_when_and_is_no_draft(facts: SeriesFacts) -> None:
    signature = Signature("Curie^Marie", "clinic", MADE, ReportReference("1.2", "1.3", "1.4"))
    plan = advised_plan(state=PlanState.RELEASED, release_blockers=(), is_rehearsal=False)
    said = words(pdf(case(facts, plan=plan, signature=signature)))
    assert "RELEASED by Curie, Marie, 2026-01-05 10:15" in said
    assert "DRAFT" not in said
    assert "REHEARSAL" not in said


def test_the_same_case_gives_the_same_bytes_and_another_time_others(facts: SeriesFacts) -> None:
    of = case(facts)
    assert pdf(of) == pdf(of)
    assert pdf(of) != pdf(replace(of, made_at=MADE.replace(hour=11)))
    assert b"D:20260105101500" in pdf(of)


def test_any_number_of_warnings_leaves_one_page_that_counts_what_gave_way(facts: SeriesFacts) -> None:
    many = tuple(f"warning {n}: " + "something is not known and must be looked at by a person, " * 3 for n in range(60))
    page = pdf(case(facts, plan=advised_plan(warnings=many)))
    said = words(page)
    shown = sum(f"warning {n}:" in said for n in range(60))
    assert 0 < shown < 60
    assert f"+ {60 - shown} more: see the report in the PACS, or plan.json" in said
    assert "SIDE: LEFT" in said
    assert lowest_of_body_pt(page) > highest_of_footer_pt(page)


def lowest_of_body_pt(page: bytes) -> float:
    text = pypdfium2.PdfDocument(BytesIO(page))[0].get_textpage()
    found = text.search("more: see the report").get_next()
    assert found is not None
    return min(text.get_charbox(found[0] + n)[1] for n in range(4))


def highest_of_footer_pt(page: bytes) -> float:
    text = pypdfium2.PdfDocument(BytesIO(page))[0].get_textpage()
    found = text.search("Valid for this series").get_next()
    assert found is not None
    return max(text.get_charbox(found[0] + n)[3] for n in range(5))


def on_both_sides(plan: Plan) -> tuple[TargetPlan, ...]:
    levels = (SpineLevel.L3, SpineLevel.L4, SpineLevel.L5)
    target = plan.targets[0]
    return tuple(
        replace(target, root=str(level), between=Interspace(level, below), side=side)
        for level, below in zip(levels, (*levels[1:], SpineLevel.S1), strict=True)
        for side in (Side.LEFT, Side.RIGHT)
    )


def test_six_needles_stand_on_the_first_page_each_with_its_side_and_each_on_its_own(facts: SeriesFacts) -> None:
    plan = advised_plan()
    said, *each = pages(pdf(case(facts, plan=replace(plan, targets=on_both_sides(plan)))))
    assert len(each) == 6
    for number, (root, level, side) in enumerate(
        (root, level, side)
        for root, level in (("L3", "L3/L4"), ("L4", "L4/L5"), ("L5", "L5/S1"))
        for side in ("left", "right")
    ):
        assert f"{number + 1}. {root} root, foramen {level}, {side}" in said
        own = each[number]
        for must in ("DRAFT - NOT RELEASED", f"needle {number + 1} of 6", f"{root} root, foramen {level}, {side}",
                     f"SIDE: {side.upper()}", "Checklist", "Could the patient be pregnant?", "ID-77"):  # fmt: skip
            assert must in own, must


def test_each_needle_has_its_own_pictures(facts: SeriesFacts) -> None:
    plan = advised_plan()
    targets = (*on_both_sides(plan)[:2], plans.target(()))
    shades = [replace(PICTURE, rgb=np.full((8, 8, 3), grey, np.uint8)) for grey in (10, 200)]
    drawn = replace(DRAWN, of_needles=((shades[0],) * 3, (shades[1],) * 3, ()))
    document = pypdfium2.PdfDocument(BytesIO(pdf(case(facts, plan=replace(plan, targets=targets)), drawn=drawn)))
    shown = [[one.get_bitmap().to_numpy().flat[0] for one in page.get_objects(filter=[3])] for page in document]
    assert shown == [[90] * 3, [10] * 3, [200] * 3]


def test_needles_that_go_together_are_shown_with_the_path_that_goes_with_the_others(facts: SeriesFacts) -> None:
    plan = advised_plan()
    targets = on_both_sides(plan)[:2]
    said, *_ = pages(pdf(case(facts, plan=replace(plan, targets=targets, together=(3, 1)))))
    assert f"{targets[0].trajectories[2].obliquity_deg:+.1f}°" in said


def test_no_safe_path_is_said_large_with_its_counts(facts: SeriesFacts) -> None:
    plan = advised_plan(targets=(plans.target(()),))
    said = words(pdf(case(facts, plan=plan), drawn=Drawn((), "no path is safe")))
    assert "NO SAFE PATH 120000 directions examined; first refused by: bone 91022, skin outside image 31" in said
    assert "No pictures: no path is safe" in said


def test_why_no_path_is_safe_is_said_in_german_too(facts: SeriesFacts) -> None:
    target = replace(plans.target(()), rejected={"tip: bowel": 125, "clearance: pleural zone": 99})
    said = words(
        pdf(case(facts, plan=advised_plan(targets=(target,))), GERMAN, Drawn((), "no pictures: no path is safe"))
    )
    assert "Darm 125" in said
    assert "Pleurazone 99" in said
    assert "Keine Bilder: kein Weg ist sicher" in said


def test_an_earlier_plan_stands_in_one_line_with_what_differs(facts: SeriesFacts) -> None:
    path = advised_plan().targets[0].trajectories[0]
    target = EarlierTargetDocument(
        words="L4 root, foramen L4/L5, left",
        needle="25 G x 90 mm Quincke",
        length_mm=path.length_mm - 4.0,
        obliquity_deg=path.obliquity_deg,
        tilt_deg=path.tilt_deg + 3.0,
        entry_from_midline_mm=-31.0,
        sentence="",
    )
    earlier = EarlierPlanDocument(
        procedure="prt",
        title="t",
        state_words="RELEASED",
        content_date="20250203",
        sop_instance_uid="1.2",
        joined_by="by hand",
        targets=[target],
    )
    said = words(pdf(case(facts, earlier=(earlier,))))
    assert "Earlier: 2025-02-03, RELEASED: L4 root, foramen L4/L5, left: Skin entry 31.0 mm right, 25 G x 90 mm" in said
    assert "(now 22 G x 90 mm Quincke, Depth skin to tip +4.0 mm, Tilt -3.0°)" in said


def test_german_words_where_they_exist(facts: SeriesFacts) -> None:
    said = words(pdf(case(facts), GERMAN))
    for must in ("ENTWURF - NICHT FREIGEGEBEN", "SEITE: LINKS", "PROBE: Scan in Rückenlage", "NICHT GEPRÜFT: Harnleiter, Darm",
                 "Wurzel L4, Foramen L4/L5, links", "44.5 mm links der Dornfortsätze", "Ganglion L4, links", "Schwangerschaft"):  # fmt: skip
        assert must in said, must


def test_a_path_s_own_sentence_is_said_in_german_from_its_numbers(facts: SeriesFacts) -> None:
    plan = advised_plan()
    first, *others = plan.targets[0].trajectories
    path = replace(first, landmark=Landmark(SpineLevel.L4, -12.5, 69.0, above_crests_mm=30.0))
    target = replace(plan.targets[0], trajectories=(path, *others))
    said = words(pdf(case(facts, plan=replace(plan, targets=(target,))), GERMAN))
    binding = path.binding
    assert binding is not None
    assert binding.spare_mm < 0
    assert f"bindend: {GERMAN.structure(binding)}, {-binding.spare_mm:.1f} mm zu nah." in said
    assert "12 mm kaudal der Spitze des Dornfortsatzes L4, 30 mm kranial der Beckenkammlinie" in said
    assert f"{path.length_mm:.1f} mm bis zur Spitze, erster Kontrollscan" in said
    assert path.sentence not in said


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Żółć^Łukasz", "Zółć, Łukasz"),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou"),
        ("山田^太郎", "??, ??"),
        ("", "no name"),
    ],
)
def test_a_name_is_printed_in_letters_the_fonts_have(facts: SeriesFacts, name: str, printed: str) -> None:
    assert facts.source is not None
    source = replace(facts.source, patient=Patient("ID-77", "", name))
    assert f"{printed} · ID ID-77" in words(pdf(case(replace(facts, source=source))))


def test_every_font_that_a_word_is_set_in_is_embedded(facts: SeriesFacts) -> None:
    page = pypdfium2.PdfDocument(BytesIO(pdf(case(facts))))[0]
    fonts = {one.get_font() for one in page.get_objects() if hasattr(one, "get_font")}
    assert fonts
    assert all(font.is_embedded for font in fonts)


def test_images_without_a_patient_say_so(facts: SeriesFacts) -> None:
    nobody = SeriesFacts(facts.geometry, None, ())
    assert "PATIENT UNKNOWN: no DICOM images" in words(pdf(case(nobody)))
