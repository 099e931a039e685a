"""The page beside the receiver: off by default, never in clear beyond this machine, its worklist from the service's rows."""

import os
import socket
import time
import urllib.request
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.audit import AuditTrail
from service.cli import app
from service.errors import SettingsError
from service.progress import begun, telling
from service.rows import CaseState
from service.settings import ViewerSettings, load_settings
from service.store import NewInstance, Store
from service.viewing import forms
from service.viewing.department import kept_cases, left_s, running_cases, viewing
from service.viewing.people import Login, UsersFile
from service.viewing.roles import Role
from service.viewing.took import Took
from service.viewing.worklist import Listed, Running


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "needleplan.db")


def test_the_page_is_off_until_it_is_enabled():
    assert not load_settings(None, {}).viewer.enabled
    assert load_settings(None, {"NEEDLEPLAN_VIEWER__ENABLED": "true"}).viewer.enabled


def test_beyond_this_machine_the_page_needs_tls():
    with pytest.raises(SettingsError, match="TLS"):
        load_settings(None, {"NEEDLEPLAN_VIEWER__ENABLED": "true", "NEEDLEPLAN_VIEWER__HOST": "0.0.0.0"})  # noqa: S104


def test_the_page_asks_for_a_login_while_the_service_runs(store: Store, tmp_path: Path):
    settings = ViewerSettings(enabled=True, port=free_port())
    address = f"http://127.0.0.1:{settings.port}/"
    with viewing(settings, tmp_path, store, AuditTrail(tmp_path / "audit.jsonl")):
        answer = urllib.request.urlopen(address, timeout=20).read().decode()
    assert 'name="password"' in answer
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(address, timeout=5)
    store.close()


def test_a_port_that_is_taken_is_said(store: Store, tmp_path: Path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        settings = ViewerSettings(enabled=True, port=other.getsockname()[1])
        with (
            pytest.raises(SettingsError, match="cannot listen on port"),
            viewing(settings, tmp_path, store, AuditTrail(tmp_path / "audit.jsonl")),
        ):
            pass
    store.close()


def test_the_worklist_holds_segmented_cases_that_are_not_stale(store: Store, tmp_path: Path):
    for number, state in enumerate((CaseState.WAITING, CaseState.STALE), start=1):
        case = store.add_instance(NewInstance(f"1.{number}", f"2.{number}", "3", f"/{number}", "00", "CT"), 0.0)
        store.remember_folder(case.number, str(tmp_path / str(number)))
        store.move(case.number, state, "", 0.0)
    assert kept_cases(store) == [tmp_path / "1" / "view"]
    store.close()


def test_a_person_is_added_from_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NEEDLEPLAN_STORAGE__FOLDER", str(tmp_path))
    words = "a long enough password\n" * 2
    done = CliRunner().invoke(app, ["user", "ada", "--role", "planner"], input=words)
    assert done.exit_code == 0
    assert UsersFile(tmp_path / "users.json").check("ada", "a long enough password") is not None


def test_a_running_case_is_listed_with_its_stage(store: Store, tmp_path: Path):
    case = store.add_instance(NewInstance("1.1", "2.1", "3", "/1", "00", "CT"), 0.0)
    store.remember_folder(case.number, str(tmp_path))
    store.move(case.number, CaseState.RUNNING, "", 0.0)
    telling(tmp_path)("planning")
    (found,) = running_cases(store, time.time() + 5.0)
    assert (found.number, found.stage) == (case.number, "planning")
    assert 5.0 <= found.for_s < 60.0
    store.close()


def test_how_long_a_running_case_takes_is_told_by_the_cases_before(store: Store, tmp_path: Path):
    done = tmp_path / "done"
    telling(done)("planning")
    (done / "anatomy.json").write_text("{}")
    begun_s = begun(done)["planning"]
    os.utime(done / "anatomy.json", (begun_s + 30.0, begun_s + 30.0))
    assert left_s("planning", 12.0, [done]) == pytest.approx(18.0, abs=0.01)
    assert left_s("planning", 45.0, [done]) == 0.0
    assert left_s("a stage of another version", 1.0, [done]) is None
    assert left_s("planning", 1.0, []) is None
    store.close()


def test_the_worklist_speaks_german_and_says_what_is_unknown():
    row = Listed(
        "0" * 16,
        Path(),
        "Muster, Eva",
        "",
        "2026-03-02",
        (("Periradicular therapy, T10 to S1", "L4 root, foramen L4/L5, left"),),
        "draft",
    )
    running = [Running(3, "vertebrae", 4.0, 21.0), Running(4, "skin", 1.0)]
    page = forms.worklist([row], {}, running, Login("k", "f", "ada", Role.PLANNER, 0.0), "de")
    assert "<b>Wurzel L4, Foramen L4/L5, links</b>Periradikuläre Therapie" in page
    assert "keine ID" in page
    assert "Fall 3: Wirbel suchen, 4 s, noch etwa 21 s bis zum Plan" in page
    assert "Fall 4: Haut suchen, 1 s, Dauer noch nie gemessen" in page


def test_what_work_takes_here_is_known_the_next_time(tmp_path: Path):
    took = Took(tmp_path / "deep" / "took.json")
    assert took.about_s("planning") is None
    for seconds in (4.0, 5.0, 60.0):
        took.add("planning", seconds)
    assert Took(tmp_path / "deep" / "took.json").about_s("planning") == 5.0
    assert took.about_s("mapping") is None
    (tmp_path / "deep" / "took.json").write_text("[1, 2]")
    assert took.about_s("planning") is None
