"""Who asks what is kept gets a true answer, on an association of its own, also after a restart."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage
from pynetdicom import AE, evt
from pynetdicom.sop_class import StorageCommitmentPushModel

from dicom_io.association import Destination
from dicom_io.commitment import CommitmentReport, CommitmentRequest, Reference, request_commitment
from dicom_io.receive import Listeners, Receiver, ReceiverSettings
from service.arrivals import Arrivals
from service.commitment import Commitments
from service.image_rows import as_row
from service.store import Store
from tests.dicom_io.builders import Grid, write_series
from tests.servers import Orthanc, a_free_port, run, wait_until

pytestmark = pytest.mark.servers

SERIES = "1.2.826.0.1.1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(tmp_path / "rows.db")
    yield opened
    opened.close()


@pytest.fixture
def uids(tmp_path: Path, store: Store) -> list[str]:
    """Three images that the service keeps."""
    arrivals = Arrivals(tmp_path / "received", store)
    write_series(arrivals.folder_of(SERIES), Grid(count=3), series_uid=SERIES)
    arrivals.reconcile(1.0)
    return [one.sop_instance_uid for one in store.instances(SERIES)]


def request(uids: list[str]) -> CommitmentRequest:
    return CommitmentRequest("1.2.99", tuple(Reference(CTImageStorage, uid) for uid in uids), "SCANNER")


@contextmanager
def scanner(heard: list[tuple[int, Dataset]]) -> Iterator[Destination]:
    """A modality that waits for the answer."""

    def on_event(event: evt.Event) -> tuple[int, None]:
        heard.append((event.event_type, event.event_information))
        return 0x0000, None

    entity, port = AE(ae_title="SCANNER"), a_free_port()
    entity.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    server = entity.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, on_event)])
    try:
        yield Destination("127.0.0.1", port, "SCANNER", tries=1)
    finally:
        server.shutdown()


def test_what_is_kept_is_told_and_what_is_not(tmp_path, store, uids) -> None:
    Path(store.instances(SERIES)[1].path).write_bytes(b"changed on disk")
    heard: list[tuple[int, Dataset]] = []
    with scanner(heard) as node:
        commitments = Commitments(tmp_path / "commitment", store, lambda _: node)
        assert commitments.take(request([*uids, "1.2.3"]), now_s=10.0)
        assert commitments.answer_due(10.0) == 1
    ((event_type, told),) = heard
    assert (event_type, told.TransactionUID) == (2, "1.2.99")
    assert [one.ReferencedSOPInstanceUID for one in told.ReferencedSOPSequence] == [uids[0], uids[2]]
    failed = {(one.ReferencedSOPInstanceUID, one.FailureReason) for one in told.FailedSOPSequence}
    assert failed == {(uids[1], 0x0112), ("1.2.3", 0x0112)}
    assert not list((tmp_path / "commitment").iterdir())


def test_an_asker_that_is_away_is_told_later_and_a_restart_forgets_nothing(tmp_path, store, uids) -> None:
    away = Destination("127.0.0.1", a_free_port(), "SCANNER", tries=1, connect_timeout_s=1)
    assert Commitments(tmp_path / "commitment", store, lambda _: away).take(request(uids), now_s=10.0)
    assert Commitments(tmp_path / "commitment", store, lambda _: away).answer_due(10.0) == 0
    heard: list[tuple[int, Dataset]] = []
    with scanner(heard) as node:
        again = Commitments(tmp_path / "commitment", store, lambda _: node)
        assert again.answer_due(14.0) == 0, "not before its time"
        assert again.answer_due(15.0) == 1
    assert heard[0][0] == 1


def test_an_asker_without_address_is_refused_and_a_request_without_end_is_given_up(tmp_path, store, uids) -> None:
    nobody = Commitments(tmp_path / "commitment", store, lambda _: None)
    assert not nobody.take(request(uids), now_s=10.0)
    away = Destination("127.0.0.1", a_free_port(), "SCANNER", tries=1, connect_timeout_s=1)
    Commitments(tmp_path / "commitment", store, lambda _: away).take(request(uids), now_s=10.0)
    assert nobody.answer_due(10.0 + 3 * 24 * 3600) == 0
    assert [path.suffix for path in (tmp_path / "commitment").iterdir()] == [".dead"]


def test_orthanc_asks_us_and_hears_that_all_is_kept(tmp_path, store, orthanc: Orthanc) -> None:
    """A real archive sends us a series, asks whether we keep it, and believes the answer."""
    paths = write_series(tmp_path / "sent", Grid(count=3))
    assert run("storescu", "-aec", orthanc.ae_title, orthanc.host, orthanc.dicom_port, *paths).returncode == 0
    back = Destination(orthanc.host, orthanc.dicom_port, orthanc.ae_title, tries=1)
    commitments = Commitments(tmp_path / "commitment", store, lambda _: back)
    listeners = Listeners(
        lambda image: store.add_instance(as_row(image), 1.0),
        takes_commitment=lambda asked: commitments.take(asked, time.time()),
    )
    settings = ReceiverSettings("NEEDLEPLAN", frozenset({orthanc.ae_title}), tmp_path / "in", port=0)
    with Receiver(settings, listeners) as receiver:
        orthanc.know("NEEDLEPLAN", receiver.port)
        orthanc.request("POST", "/modalities/NEEDLEPLAN/store", orthanc.get("/series"))
        body = {"DicomInstances": [[CTImageStorage, "1.2.3.4"]], "Resources": orthanc.get("/series")}
        asked = json.loads(orthanc.request("POST", "/modalities/NEEDLEPLAN/storage-commitment", body))
        wait_until(lambda: commitments.answer_due(time.time()) == 1, what="the request, and its answer")
        wait_until(lambda: orthanc.get(asked["Path"])["Status"] != "Pending", what="Orthanc's belief")
    told = orthanc.get(asked["Path"])
    assert told["Status"] == "Failure", "one of four was never sent"
    assert len(told["Success"]) == 3
    assert [one["SOPInstanceUID"] for one in told["Failures"]] == ["1.2.3.4"]


def test_we_ask_orthanc_and_hear_what_it_keeps(tmp_path, orthanc: Orthanc) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=2))
    assert run("storescu", "-aec", orthanc.ae_title, orthanc.host, orthanc.dicom_port, *paths).returncode == 0
    uids = [orthanc.get(f"/instances/{one}")["MainDicomTags"]["SOPInstanceUID"] for one in orthanc.instances()]
    heard: list[CommitmentReport] = []
    listeners = Listeners(lambda _: None, on_commitment=heard.append)
    settings = ReceiverSettings("NEEDLEPLAN", frozenset({orthanc.ae_title}), tmp_path / "in", port=0)
    with Receiver(settings, listeners) as receiver:
        orthanc.know("NEEDLEPLAN", receiver.port)
        node = Destination(orthanc.host, orthanc.dicom_port, orthanc.ae_title, "NEEDLEPLAN")
        references = [Reference(CTImageStorage, uid) for uid in [*uids, "1.2.3.4"]]
        assert request_commitment(node, "1.2.77", references)
        wait_until(lambda: bool(heard), what="the answer")
    assert heard[0].transaction_uid == "1.2.77"
    assert {one.sop_instance_uid for one in heard[0].kept} == set(uids)
    assert [one.sop_instance_uid for one in heard[0].failed] == ["1.2.3.4"]
