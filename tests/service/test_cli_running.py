"""Commands beside a running service: what they print and what they change."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from service.audit import AuditEvent, AuditTrail
from service.cli import main
from service.rows import CaseState, ExportState
from service.settings import Settings
from service.store import NewExport, NewInstance, Store, address_of
from service.upkeep import owned


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("NEEDLEPLAN_STORAGE__FOLDER", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    store = Store(address_of(Settings.model_validate({"storage": {"folder": tmp_path}})))
    for number in (1, 2, 3):
        image = NewInstance(f"1.{number}.1", f"1.{number}", "1", f"/{number}.dcm", "x", "CT1")
        store.add_instance(image, 0.0)
    store.move(1, CaseState.WAITING, "no target chosen: no rule matches", 5.0)
    store.move(2, CaseState.PLANNED, "prt L4 left: 3 paths", 6.0)
    store.add_exports(2, [NewExport("/r.dcm", "1.9", "pacs"), NewExport("/s.dcm", "1.8", "pacs")], 6.0)
    store.update_export(1, ExportState.DEAD, 7.0, "refused (status 0x0122)")
    store.close()
    return tmp_path


def needleplan(monkeypatch, capsys, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["needleplan", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), " ".join((printed.out + printed.err).split())


def test_status_counts_and_says_what_needs_a_person(folder, monkeypatch, capsys):
    code, text = needleplan(monkeypatch, capsys, "status")
    assert code == 0
    assert "the service does not run" in text
    for told in ("waiting", "planned", "receiving", "exports on their way: 1, waiting for a person: 1"):
        assert told in text
    with owned(folder):
        assert "the service runs" in needleplan(monkeypatch, capsys, "status")[1]


@pytest.mark.usefixtures("folder")
def test_cases_lists_by_state_and_shows_one_with_its_history(monkeypatch, capsys):
    _, text = needleplan(monkeypatch, capsys, "cases", "--state", "waiting")
    assert "no target chosen" in text
    assert "3 paths" not in text
    _, text = needleplan(monkeypatch, capsys, "cases", "2")
    for told in ("first image", "prt L4 left: 3 paths", "dead", "0x0122"):
        assert told in text
    assert needleplan(monkeypatch, capsys, "cases", "99")[0] == 2


@pytest.mark.usefixtures("folder")
def test_a_dead_letter_is_sent_again_when_a_person_says_so(monkeypatch, capsys):
    assert "0x0122" in needleplan(monkeypatch, capsys, "outbox", "list")[1]
    assert needleplan(monkeypatch, capsys, "outbox", "resend", "2")[0] == 2, "not dead"
    code, text = needleplan(monkeypatch, capsys, "outbox", "resend", "1")
    assert (code, "due again: 1" in text) == (0, True)
    assert "dead" not in needleplan(monkeypatch, capsys, "outbox", "list")[1]
    assert needleplan(monkeypatch, capsys, "outbox", "resend")[0] == 2, "neither numbers nor --all"


@pytest.mark.usefixtures("folder")
def test_settings_prints_every_key_and_refuses_what_it_does_not_know(monkeypatch, capsys):
    code, text = needleplan(monkeypatch, capsys, "settings")
    assert code == 0
    for key in ("retention.images_days", "jobs.lease_seconds", "metrics.port", "receiver.ae_title"):
        assert key in text
    monkeypatch.setenv("NEEDLEPLAN_JOBS__WORKRS", "2")
    assert needleplan(monkeypatch, capsys, "settings")[0] == 2


def test_database_is_backed_up_restored_and_upgraded_by_name(folder, monkeypatch, capsys):
    copy = str(folder / "copy.db")
    assert needleplan(monkeypatch, capsys, "database", "backup", copy)[0] == 0
    assert needleplan(monkeypatch, capsys, "database", "backup", copy)[0] == 2, "the copy is there already"
    assert needleplan(monkeypatch, capsys, "database", "restore", copy)[0] == 0
    assert "nothing to do" in needleplan(monkeypatch, capsys, "database", "upgrade")[1]


@pytest.mark.usefixtures("folder")
def test_purge_only_lists_unless_told(monkeypatch, capsys):
    assert "would be purged: images of 0 cases" in needleplan(monkeypatch, capsys, "purge")[1]


def test_without_a_database_the_sentence_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NEEDLEPLAN_STORAGE__FOLDER", str(tmp_path / "nothing"))
    code, text = needleplan(monkeypatch, capsys, "status")
    assert code == 2
    assert "start the service once" in text


def test_the_audit_trail_is_checked_and_told_by_name(folder, monkeypatch, capsys):
    assert needleplan(monkeypatch, capsys, "audit", "check")[0] == 2, "there is none yet"
    AuditTrail(folder / "audit.jsonl").record(AuditEvent.APPLICATION_START, 10.0)
    assert needleplan(monkeypatch, capsys, "audit", "check") == (0, "the trail is whole")
    assert 'csd-code="110120"' in needleplan(monkeypatch, capsys, "audit", "messages")[1]
    with (folder / "audit.jsonl").open("a") as trail:
        trail.write("{}")
    assert needleplan(monkeypatch, capsys, "audit", "check") == (2, "the trail is broken at line 2")
