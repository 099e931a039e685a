"""Every object arrives once and is confirmed, or a dead letter says why, whatever the PACS does meanwhile."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path

import pydicom
import pytest

from dicom_io.commitment import CommitmentReport, reference_of
from dicom_io.receive import Listeners, Receiver
from dicom_io.receive import ReceiverSettings as Listening
from service.outbox import NOT_ANSWERED, NOT_KEPT, NOT_TAKEN_ON, Outbox
from service.rows import CaseState, ExportState
from service.sending import Sender
from service.settings import Destination, OutboxSettings
from service.store import NewExport, NewInstance, Store
from tests.dicom_io.ct_files import write_ct_series
from tests.peers import NO_ROOM, NONSENSE, REFUSE, abort, hostile_pacs, late, lie
from tests.servers import Orthanc, a_free_port, wait_until

ANSWER_S = 1.0


class Sending:
    """One case with objects to send, and an outbox moved by hand through time."""

    def __init__(self, folder: Path, objects: int = 3, **settings: float) -> None:
        self.store = Store(folder / "rows.db")
        self.store.add_instance(NewInstance("1.2.1", "1.2", "1", "/1.dcm", "1", "CT1"), 0.0)
        self.store.move(1, CaseState.PLANNED, "", 0.0)
        (folder / "objects").mkdir()
        self.files = write_ct_series(folder / "objects", slices=objects)
        self.uids = [str(pydicom.dcmread(path).SOPInstanceUID) for path in self.files]
        told = {"first_retry_seconds": 1.0, "longest_retry_seconds": 4.0, "attempts": 6, **settings}
        self.settings = OutboxSettings.model_validate(told)
        self.now_s = 0.0

    def outbox(self, *destinations: Destination) -> Outbox:
        rng = random.Random(1)  # noqa: S311 - jitter is no secret
        return Outbox(self.store, destinations, self.settings, Sender("NEEDLEPLAN", ANSWER_S), rng)

    def queue(self, *destinations: Destination) -> Outbox:
        rows = [NewExport(str(p), u, d.name) for d in destinations for p, u in zip(self.files, self.uids, strict=True)]
        self.store.add_exports(1, rows, 0.0)
        return self.outbox(*destinations)

    def states(self) -> list[str]:
        return [str(one.state) for one in self.store.exports(1)]

    def errors(self) -> set[str]:
        return {one.last_error for one in self.store.exports(1)}

    def drain(self, outbox: Outbox, rounds: int = 40) -> None:
        for _ in range(rounds):
            outbox.send_due(self.now_s)
            self.now_s += 2.0
            if not {"pending", "unconfirmed"} & set(self.states()):
                return


@pytest.fixture
def sending(tmp_path):
    opened = []

    def build(**settings: float) -> Sending:
        opened.append(Sending(tmp_path, **settings))
        return opened[-1]

    yield build
    for one in opened:
        one.store.close()


@pytest.mark.parametrize(
    "answers",
    [[NO_ROOM] * 4, [abort, abort], [late(2 * ANSWER_S)], [abort, NO_ROOM, late(2 * ANSWER_S), NO_ROOM]],
    ids=["out of room", "aborting", "late", "all of it"],
)
def test_a_pacs_that_recovers_has_every_object_at_the_end(sending, answers):
    place = sending()
    with hostile_pacs() as pacs:
        pacs.answers = list(answers)
        place.drain(place.queue(pacs.destination()))
    assert place.states() == ["sent"] * 3
    assert sorted(pacs.kept) == sorted(place.uids)


def test_a_pacs_that_was_away_is_served_when_it_is_back(sending):
    place, port = sending(), a_free_port()
    destination = Destination(name="pacs", ae_title="HOSTILE", host="127.0.0.1", port=port)
    outbox = place.queue(destination)
    for _ in range(3):
        outbox.send_due(place.now_s)
        place.now_s += 4.0
    assert place.states() == ["pending"] * 3
    with hostile_pacs(port) as pacs:
        place.drain(outbox)
    assert place.states() == ["sent"] * 3
    assert set(pacs.kept.values()) == {1}


@pytest.mark.parametrize(
    ("answer", "why"),
    [(REFUSE, "0x0122"), (NONSENSE, "0x1234"), (NO_ROOM, "0xA700"), (lie, "not found"), (abort, "no answer")],
    ids=["refusing", "wrong answers", "always full", "lying", "always aborting"],
)
def test_what_never_arrives_is_a_dead_letter_that_says_why(sending, answer, why):
    place = sending(attempts=3)
    with hostile_pacs() as pacs:
        pacs.always = answer
        place.drain(place.queue(pacs.destination()))
    assert place.states() == ["dead"] * 3
    assert pacs.kept == {}
    assert all(why in error for error in place.errors()), place.errors()


def test_a_dead_letter_that_a_person_sends_again_arrives(sending):
    place = sending()
    with hostile_pacs() as pacs:
        pacs.always = REFUSE
        outbox = place.queue(pacs.destination())
        place.drain(outbox)
        pacs.always = None
        place.store.resend([one.number for one in place.store.exports(1)], place.now_s)
        place.drain(outbox)
    assert place.states() == ["sent"] * 3


def test_one_destination_that_hangs_does_not_hold_up_another(sending):
    place = sending()
    with hostile_pacs() as slow, hostile_pacs() as quick:
        slow.always = late(30.0)
        there, here = slow.destination(), quick.destination().model_copy(update={"name": "quick"})
        outbox = place.queue(there, here)
        hanging = threading.Thread(target=outbox.send_to, args=("pacs", 0.0))
        hanging.start()
        start_s = time.monotonic()
        outbox.send_to("quick", 0.0)
        assert time.monotonic() - start_s < ANSWER_S
        assert sorted(quick.kept) == sorted(place.uids)
        hanging.join()


@pytest.mark.servers
@pytest.mark.parametrize("more", [{}, {"send": "stow"}], ids=["C-STORE and C-FIND", "STOW and QIDO"])
def test_orthanc_has_each_object_once_and_is_asked_about_it(sending, orthanc, more):
    place = sending()
    pacs = Destination(
        name="pacs", ae_title=orthanc.ae_title, host=orthanc.host, port=orthanc.dicom_port,
        dicomweb=orthanc.dicomweb_url, **more,
    )  # fmt: skip
    outbox = place.queue(pacs)
    place.drain(outbox)
    assert place.states() == ["sent"] * 3
    assert len(orthanc.instances()) == 3
    orthanc.empty()
    place.store.update_export(1, ExportState.UNCONFIRMED, place.now_s, "")
    outbox.send_due(place.now_s)
    assert place.states()[0] == "unconfirmed", "what the PACS lost is noticed"
    assert "not found" in place.store.exports(1)[0].last_error


@pytest.mark.servers
def test_orthanc_commits_to_what_it_has_and_to_nothing_else(sending, orthanc, tmp_path):
    place = sending()
    heard: list[CommitmentReport] = []
    listeners = Listeners(lambda _: None, on_commitment=heard.append)
    ours = Listening("NEEDLEPLAN", frozenset({orthanc.ae_title}), tmp_path / "received", port=a_free_port())
    with Receiver(ours, listeners) as receiver:
        orthanc.know("NEEDLEPLAN", receiver.port)
        outbox = place.queue(_at(orthanc, confirm="commitment"))
        outbox.send_due(0.0)
        wait_until(lambda: bool(heard), what="Orthanc's answer")
        outbox.hear(heard[0], 1.0)
        assert place.states() == ["sent"] * 3
        lost = orthanc.instances()[0]
        gone = orthanc.get(f"/instances/{lost}")["MainDicomTags"]["SOPInstanceUID"]
        orthanc.request("DELETE", f"/instances/{lost}")
        for one in place.store.exports(1):
            place.store.accepted(one.number, 2.0)
        outbox.send_due(3.0)
        wait_until(lambda: len(heard) == 2, what="Orthanc's second answer")
        outbox.hear(heard[1], 4.0)
    states = {one.sop_instance_uid: one for one in place.store.exports(1)}
    assert states[gone].state is ExportState.PENDING, "it is sent again"
    assert states[gone].last_error == NOT_KEPT
    assert {one.state for uid, one in states.items() if uid != gone} == {ExportState.SENT}


def test_a_commitment_that_is_never_answered_is_asked_again_then_a_person_is(sending):
    place = sending(attempts=2, commitment_seconds=10.0)
    with hostile_pacs() as pacs:
        outbox = place.queue(pacs.destination(confirm="commitment"))
        outbox.send_due(0.0)
        assert place.states() == ["unconfirmed"] * 3
        outbox.send_due(9.0)
        assert len(pacs.asked) == 1, "the answer is waited for"
        outbox.send_due(11.0)
        outbox.send_due(14.0)
        assert len({one.TransactionUID for one in pacs.asked}) == 2
        outbox.send_due(30.0)
    assert place.states() == ["dead"] * 3
    assert place.errors() == {NOT_ANSWERED}


def test_a_pacs_that_takes_no_commitment_on_is_named_as_that(sending):
    place = sending(attempts=2)
    with hostile_pacs() as pacs:
        pacs.takes_commitment = False
        place.drain(place.queue(pacs.destination(confirm="commitment")))
    assert place.states() == ["dead"] * 3
    assert place.errors() == {NOT_TAKEN_ON}


def test_an_answer_to_a_transaction_that_is_not_ours_changes_nothing(sending):
    place = sending()
    with hostile_pacs() as pacs:
        outbox = place.queue(pacs.destination(confirm="commitment"))
        outbox.send_due(0.0)
        references = tuple(map(reference_of, place.files))
        assert outbox.hear(CommitmentReport("1.2.3.4", references, ()), 1.0).sent == 0
    assert place.states() == ["unconfirmed"] * 3


def _at(pacs: Orthanc, **more: object) -> Destination:
    return Destination(name="pacs", ae_title=pacs.ae_title, host=pacs.host, port=pacs.dicom_port, **more)
