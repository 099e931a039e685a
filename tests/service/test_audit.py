"""The trail shows when a line was changed, removed or added in between."""

import json

import pytest

from service.audit import AuditEvent, AuditTrail


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
