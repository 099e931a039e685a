"""The page of procedures says what the procedures say."""

from pathlib import Path

from planner.procedures import PROCEDURES
from service.checklist import read_checklist
from service.procedures_page import CHECKLIST_SAMPLE, SITE_SAMPLE, page
from service.site_file import read_site

WRITTEN = Path(__file__).resolve().parents[2] / "docs" / "procedures.md"


def test_the_page_is_in_step_with_the_procedures():
    assert WRITTEN.read_text(encoding="utf8") == page(PROCEDURES.values())


def test_every_source_is_on_the_page():
    text = page(PROCEDURES.values())
    for procedure in PROCEDURES.values():
        assert all(source in text for source in procedure.references.values())
        assert all(approach.source in text for approach in procedure.approaches)


def test_the_page_s_site_file_is_one(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE_SAMPLE, encoding="utf8")
    site = read_site(path)
    assert site.own(PROCEDURES["prt"]).volume_ml == (0.5, 2)
    assert len(site.own(PROCEDURES["splanchnic"]).site_values) == 2


def test_the_page_s_checklist_is_one(tmp_path):
    path = tmp_path / "checklist.toml"
    path.write_text(CHECKLIST_SAMPLE, encoding="utf8")
    assert read_checklist(path, PROCEDURES["lumbar-sympathetic-neurolysis"]).tests[0].place == "L3"


def test_what_has_no_source_says_assumed():
    for procedure in PROCEDURES.values():
        values = (*procedure.references.values(), *(role.source for role in procedure.roles.values()))
        assert all("memory" not in value for value in values)
        assert "assumed" in procedure.references["stock lengths"]
        assert "assumed" in procedure.references["reserves"]
