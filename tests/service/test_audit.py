"""The trail shows when a line was changed, removed or added in between."""

import json
from xml.etree import ElementTree as ET

import pytest

from service.audit import AuditEvent, AuditTrail
from service.audit_message import messages


@pytest.fixture
def path(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for number in range(4):
        trail.record(AuditEvent.CASE_CHANGED, 10.0 + number, case=number, state="ready")
    return tmp_path / "audit.jsonl"


def test_an_untouched_trail_is_whole(path):
    assert AuditTrail(path).broken_line() is None
    assert [json.loads(line)["case"] for line in path.read_text().splitlines()] == [0, 1, 2, 3]


def test_a_changed_line_breaks_the_chain_at_the_next(path):
    path.write_text(path.read_text().replace('"case": 1', '"case": 9'))
    assert AuditTrail(path).broken_line() == 3


def test_a_removed_line_breaks_the_chain(path):
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[:1] + lines[2:]))
    assert AuditTrail(path).broken_line() == 2


def test_a_line_that_is_no_json_breaks_the_chain(path):
    path.write_text(path.read_text() + "x\n")
    assert AuditTrail(path).broken_line() == 5


def test_a_long_trail_stays_whole(tmp_path):
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for number in range(300):
        trail.record(AuditEvent.SECURITY_ALERT, float(number), reason="x" * 400)
    assert (tmp_path / "audit.jsonl").stat().st_size > 100_000
    assert trail.broken_line() is None


def test_every_event_is_a_dicom_audit_message_with_its_code(tmp_path):
    """Codes of PS3.16 CID 400; the schema's order and attributes are those of PS3.15 A.5.1."""
    trail = AuditTrail(tmp_path / "audit.jsonl")
    for event in AuditEvent:
        trail.record(event, 10.0, case=4, user="ada")
    told = [ET.fromstring(one) for one in messages(tmp_path / "audit.jsonl")]  # noqa: S314 - our own
    assert len(told) == len(AuditEvent)
    for one in told:
        assert [part.tag for part in one] == [
            "EventIdentification",
            "ActiveParticipant",
            "ActiveParticipant",
            "AuditSourceIdentification",
            "ParticipantObjectIdentification",
        ]
        assert one.find("EventIdentification/EventID").get("csd-code") in CID_400
        assert one.find("EventIdentification").get("EventDateTime") == "1970-01-01T00:00:10.000+00:00"


CID_400 = {f"1101{number:02}" for number in range(15)}
