"""What was signed becomes rows of the outbox, and the page hears how far they are."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from service.rows import CaseState, ExportState
from service.settings import Destination
from service.store import NewInstance, Store
from service.viewing.exports import DEAD, NONE, PENDING, SENT, WITHDRAWN, OutboxExports
from viz.viewer.session import Signature

PACS = Destination(name="pacs", ae_title="PACS", host="127.0.0.1", port=104)
FILES = [("report.dcm", "1.2.3"), ("segmentation.dcm", "1.2.4")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    signed = tmp_path / "results" / "signed" / "1"
    signed.mkdir(parents=True)
    return tmp_path / "results" / "view"


@pytest.fixture
def store(tmp_path: Path, folder: Path) -> Store:
    store = Store(tmp_path / "rows.db")
    case = store.add_instance(NewInstance("1.1", "1.2", "1.3", "image.dcm", "00", "CT1"), 0.0)
    store.remember_folder(case.number, str(folder.parent))
    store.move(case.number, CaseState.WAITING, "no target chosen", 1.0)
    return store


def signed_files(folder: Path) -> list[tuple[str, str]]:
    return [(str(folder.parent / "signed" / "1" / name), uid) for name, uid in FILES]


def test_each_signed_file_is_queued_once_for_each_destination(store: Store, folder: Path):
    exports = OutboxExports(store, [PACS])
    exports.add(folder, signed_files(folder))
    exports.add(folder, signed_files(folder))
    (case,) = store.cases()
    assert case.state is CaseState.PLANNED
    assert sorted(row.sop_instance_uid for row in store.exports(case.number)) == ["1.2.3", "1.2.4"]


def test_the_state_is_that_of_the_worst_row(store: Store, folder: Path):
    exports = OutboxExports(store, [PACS])
    exports.add(folder, signed_files(folder))
    first, second = store.exports(store.cases()[0].number)
    assert exports.state(folder) == PENDING
    store.update_export(first.number, ExportState.SENT, 0.0, "")
    assert exports.state(folder) == PENDING
    store.update_export(second.number, ExportState.SENT, 0.0, "")
    assert exports.state(folder) == SENT
    store.update_export(second.number, ExportState.DEAD, 0.0, "refused")
    assert exports.state(folder) == DEAD


def test_without_a_pacs_the_page_says_so_and_nothing_is_queued(store: Store, folder: Path):
    exports = OutboxExports(store, [])
    exports.add(folder, signed_files(folder))
    assert exports.state(folder) == NONE
    assert store.exports(store.cases()[0].number) == []


def test_what_nobody_signed_has_no_state(store: Store, tmp_path: Path):
    assert OutboxExports(store, [PACS]).state(tmp_path / "other" / "view") == ""


def kept_session(folder: Path, signature: Signature | None) -> None:
    folder.mkdir(exist_ok=True)
    content = {"version": 1, "plans": [None], "steps": [[0, 0, None, None, ["map", []]]], "past": 0}
    said = None if signature is None else ["type", "Signature", asdict(signature)]
    (folder / "session.json").write_text(json.dumps(content | {"signature": said}))


def test_an_edit_after_the_signature_withdraws_what_is_not_sent_yet(store: Store, folder: Path):
    exports = OutboxExports(store, [PACS])
    exports.add(folder, signed_files(folder))
    first, second = store.exports(store.cases()[0].number)
    store.update_export(first.number, ExportState.SENT, 0.0, "")
    kept_session(folder, Signature("Lovelace^Ada", "2026-01-02T03:04:05", "00"))
    assert not exports.withdraw_dropped(folder)
    kept_session(folder, None)
    assert exports.withdraw_dropped(folder)
    assert store.due_exports(1e12) == []
    states = {row.number: row.state for row in store.exports(store.cases()[0].number)}
    assert states == {first.number: ExportState.SENT, second.number: ExportState.WITHDRAWN}
    assert exports.state(folder) == WITHDRAWN
    assert store.resend([second.number], 2.0) == []
