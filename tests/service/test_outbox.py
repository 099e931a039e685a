"""An export arrives, is tried again later and later, or ends where a person sees it."""

import random
from pathlib import Path

import pytest

from service.outbox import Answer, Outbox
from service.rows import ExportState
from service.settings import Confirm, Destination, OutboxSettings
from service.store import NewExport, NewInstance, Store

NOT_TAKEN = "this kind of object is not taken"
PACS = Destination(name="pacs", ae_title="PACS", host="127.0.0.1", port=104, confirm=Confirm.NONE)


class Network:
    """A PACS that answers each file with the next of the given faults, then with success."""

    def __init__(self, *faults: str) -> None:
        self.faults = list(faults)
        self.received: list[Path] = []

    def send(self, _: Destination, paths: list[Path]) -> list[Answer]:
        answers = [self.faults.pop(0) if self.faults else "" for _ in paths]
        self.received += [path for path, fault in zip(paths, answers, strict=True) if not fault]
        return [Answer(fault, is_final=fault == NOT_TAKEN) for fault in answers]


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "rows.db")
    opened.add_instance(NewInstance("1.2.1", "1.2", "1", "/1.dcm", "1", "CT1"), 0.0)
    yield opened
    opened.close()


def outbox(store: Store, network: Network, attempts: int = 3) -> Outbox:
    settings = OutboxSettings(first_retry_seconds=10, longest_retry_seconds=60, attempts=attempts)
    return Outbox(store, [PACS], settings, network, random.Random(1))  # noqa: S311 - jitter is no secret


def queue(store: Store, *names: str, destination: str = "pacs") -> None:
    store.add_exports(1, [NewExport(f"/{name}.dcm", name, destination) for name in names], 0.0)


def test_what_is_confirmed_is_sent_once(store):
    network = Network()
    queue(store, "1.8", "1.9")
    done = outbox(store, network).send_due(0.0)
    assert (done.sent, done.cases) == (2, {1})
    assert outbox(store, network).send_due(1e9).sent == 0
    assert len(network.received) == 2


def test_only_what_failed_is_tried_again_after_a_pause(store):
    network = Network("", "refused")
    queue(store, "1.8", "1.9")
    box = outbox(store, network)
    assert (box.send_due(0.0).postponed, box.send_due(4.0).sent) == (1, 0)
    assert box.send_due(10.0).sent == 1
    assert [path.name for path in network.received] == ["1.8.dcm", "1.9.dcm"]


def test_after_the_last_try_the_export_waits_for_a_person(store):
    queue(store, "1.8")
    box = outbox(store, Network("refused", "refused", "refused", "refused"), attempts=3)
    assert [box.send_due(time_s).dead for time_s in (0.0, 100.0, 200.0, 300.0)] == [0, 0, 1, 0]
    (export,) = store.exports(1)
    assert (export.state, export.last_error) == (ExportState.DEAD, "refused")


def test_what_cannot_be_helped_by_trying_again_waits_for_a_person_at_once(store):
    queue(store, "1.8", "1.9")
    done = outbox(store, Network(NOT_TAKEN)).send_due(0.0)
    assert (done.sent, done.dead) == (1, 1)


def test_a_destination_that_is_gone_from_the_settings_is_a_fault_not_a_loss(store):
    queue(store, "1.8", destination="old archive")
    assert outbox(store, Network()).send_due(0.0).postponed == 1


def test_pauses_double_up_to_a_cap_and_are_jittered(store):
    box = outbox(store, Network())
    for attempts, longest in enumerate([10, 20, 40, 60, 60]):
        pauses = [box.pause_s(attempts) for _ in range(50)]
        assert longest / 2 <= min(pauses) < max(pauses) <= longest
