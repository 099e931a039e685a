"""What DCMTK's storescu is told is true: success means on disk and recorded, everything else is a status with a reason."""

import hashlib
import socket
import subprocess
import sys
import threading
import time
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DeflatedExplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.dsutils import encode

from dicom_io.errors import ReceiverError
from dicom_io.landing import Arrival, data_set, is_uid
from dicom_io.receive import NOT_AUTHORIZED, Received, Receiver, ReceiverSettings
from dicom_io.series import read_series
from tests.conftest import PROJECT
from tests.dicom_io.builders import Grid, edit_file, write_series
from tests.dicom_io.receivers import Inbox, listening, send
from tests.servers import Orthanc, run, wait_until

pytestmark = pytest.mark.servers


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def test_a_series_sent_by_storescu_is_on_disk_and_recorded(tmp_path: Path, inbox: Inbox) -> None:
    paths = write_series(tmp_path / "sent")
    with listening(tmp_path / "in", inbox) as receiver:
        assert send(receiver.port, *paths).returncode == 0
    assert len(inbox.stored) == 10
    assert {one.arrival for one in inbox.stored} == {Arrival.NEW}
    assert {one.calling_ae_title for one in inbox.stored} == {"SCANNER"}
    folder = tmp_path / "in" / "series" / inbox.stored[0].series_uid
    assert read_series(folder).volume.geometry.shape == (10, 20, 24)
    for one in inbox.stored:
        assert one.path.parent == folder
        assert one.path.stat().st_mode & 0o777 == 0o600
        assert hashlib.sha256(data_set(one.path.read_bytes())).hexdigest() == one.sha256
    assert not list((tmp_path / "in" / "tmp").iterdir())


def test_the_file_exists_when_the_record_is_made(tmp_path: Path) -> None:
    seen: list[bool] = []
    settings = ReceiverSettings("NEEDLEPLAN", frozenset({"SCANNER"}), tmp_path / "in", port=0)
    with Receiver(settings, lambda one: seen.append(one.path.is_file())) as receiver:
        send(receiver.port, *write_series(tmp_path / "sent", Grid(count=2)))
    assert seen == [True, True]


def test_the_same_bytes_again_are_a_success_and_no_second_file(tmp_path: Path, inbox: Inbox) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=3))
    with listening(tmp_path / "in", inbox) as receiver:
        send(receiver.port, *paths)
        before = sorted(path.stat().st_mtime_ns for path in (tmp_path / "in").rglob("*.dcm"))
        assert send(receiver.port, *paths).returncode == 0
    assert [one.arrival for one in inbox.stored] == [Arrival.NEW] * 3 + [Arrival.REPEATED] * 3
    assert sorted(path.stat().st_mtime_ns for path in (tmp_path / "in").rglob("*.dcm")) == before


def test_other_bytes_under_one_uid_are_kept_apart_and_flagged(tmp_path: Path, inbox: Inbox) -> None:
    (path,) = write_series(tmp_path / "sent", Grid(count=1))
    with listening(tmp_path / "in", inbox) as receiver:
        send(receiver.port, path)
        edit_file(path, lambda image: setattr(image, "PatientName", "Other"))
        assert send(receiver.port, path).returncode == 0
        assert send(receiver.port, path).returncode == 0
    first, conflict, again = inbox.stored
    assert (first.arrival, conflict.arrival, again.arrival) == (Arrival.NEW, Arrival.CONFLICT, Arrival.REPEATED)
    assert pydicom.dcmread(first.path).PatientName == "Test^Ramp"
    assert pydicom.dcmread(conflict.path).PatientName == "Other"
    assert again.path == conflict.path


@pytest.mark.parametrize(
    ("called", "calling", "ground"),
    [("NEEDLEPLAN", "STRANGER", "calling AE title is not named"), ("ANYONE", "SCANNER", "called AE title is not ours")],
    ids=["calling", "called"],
)
def test_an_unknown_ae_title_is_turned_away_and_told(
    tmp_path: Path, inbox: Inbox, called: str, calling: str, ground: str
) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=1))
    with listening(tmp_path / "in", inbox) as receiver:
        answer = send(receiver.port, *paths, called=called, calling=calling)
    assert answer.returncode != 0
    assert "AE Title Not Recognized" in answer.stderr + answer.stdout
    (refused,) = inbox.refused
    assert (refused.status, refused.calling_ae_title) == (NOT_AUTHORIZED, calling)
    assert ground in refused.reason
    assert not list((tmp_path / "in").rglob("*.dcm"))


def test_an_address_outside_the_networks_is_turned_away(tmp_path: Path, inbox: Inbox) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=1))
    with listening(tmp_path / "in", inbox, networks=("10.0.0.0/8",)) as receiver:
        assert send(receiver.port, *paths).returncode != 0
    with listening(tmp_path / "in", inbox, networks=("10.0.0.0/8", "127.0.0.0/8")) as receiver:
        assert send(receiver.port, *paths).returncode == 0


def test_a_receiver_without_named_senders_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ReceiverError, match="no calling AE title"):
        Receiver(ReceiverSettings("NEEDLEPLAN", frozenset(), tmp_path), print)


def test_a_taken_port_is_said(tmp_path: Path, inbox: Inbox) -> None:
    with (
        listening(tmp_path / "a", inbox) as receiver,
        pytest.raises(ReceiverError, match=f"port {receiver.port} cannot be listened on"),
        listening(tmp_path / "b", inbox, port=receiver.port),
    ):
        pass


def test_it_listens_on_the_loopback_address_alone(tmp_path: Path, inbox: Inbox) -> None:
    with listening(tmp_path / "in", inbox) as receiver:
        assert receiver._server.server_address[0] == "127.0.0.1"


def test_a_disk_below_the_reserve_is_answered_before_writing(tmp_path: Path, inbox: Inbox) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=1))
    with listening(tmp_path / "in", inbox, reserve_bytes=2**60) as receiver:
        answer = send(receiver.port, *paths, options=("-v",))
    assert "Refused: OutOfResources" in answer.stdout + answer.stderr
    assert inbox.refused[0].status == 0xA700
    assert "MiB left" in inbox.refused[0].reason
    assert not inbox.stored
    assert not [path for path in (tmp_path / "in").rglob("*") if path.is_file()]


def store(port: int, image: Dataset, requested_uid: str | None = None) -> int:
    """Status of one C-STORE by pynetdicom; ``requested_uid`` is what the request claims the instance to be."""
    entity = AE(ae_title="SCANNER")
    entity.add_requested_context(image.SOPClassUID, image.file_meta.TransferSyntaxUID)
    association = entity.associate("127.0.0.1", port, ae_title="NEEDLEPLAN")
    assert association.is_established
    request = C_STORE()
    request.MessageID, request.Priority = 1, 2
    request.AffectedSOPClassUID = image.SOPClassUID
    request.AffectedSOPInstanceUID = requested_uid or image.SOPInstanceUID
    syntax = image.file_meta.TransferSyntaxUID
    request.DataSet = BytesIO(encode(image, syntax.is_implicit_VR, syntax.is_little_endian, syntax.is_deflated))
    association._reactor_checkpoint.clear()
    association.dimse.send_msg(request, association.accepted_contexts[0].context_id)
    _, answer = association.dimse.get_msg(block=True)
    association._reactor_checkpoint.set()
    association.release()
    return int(answer.Status)


@pytest.mark.parametrize("uid", ["../../etc/passwd", "1.2.3/4", "1..2", "1" * 65, ""])
def test_what_is_no_uid_is_refused_and_quarantined(tmp_path: Path, inbox: Inbox, uid: str) -> None:
    (path,) = write_series(tmp_path / "sent", Grid(count=1))
    image = pydicom.dcmread(path)
    image["SeriesInstanceUID"]._value = uid
    with listening(tmp_path / "in", inbox) as receiver:
        assert store(receiver.port, image) == 0xC000
    assert not inbox.stored
    (kept,) = (tmp_path / "in" / "quarantine").glob("*.dcm")
    assert kept.with_suffix(".txt").read_text().startswith("0xc000 SeriesInstanceUID is")
    assert uid not in inbox.refused[0].reason or not uid


def test_a_request_for_another_instance_is_refused(tmp_path: Path, inbox: Inbox) -> None:
    (path,) = write_series(tmp_path / "sent", Grid(count=1))
    with listening(tmp_path / "in", inbox) as receiver:
        assert store(receiver.port, pydicom.dcmread(path), requested_uid="1.2.3") == 0xA900
    assert not inbox.stored


def test_a_record_that_fails_asks_the_sender_to_come_again(tmp_path: Path) -> None:
    (path,) = write_series(tmp_path / "sent", Grid(count=1))
    failures = [RuntimeError("database is locked")]
    stored: list[Received] = []

    def record(one: Received) -> None:
        if failures:
            raise failures.pop()
        stored.append(one)

    settings = ReceiverSettings("NEEDLEPLAN", frozenset({"SCANNER"}), tmp_path / "in", port=0)
    with Receiver(settings, record) as receiver:
        image = pydicom.dcmread(path)
        assert store(receiver.port, image) == 0xA700
        assert store(receiver.port, image) == 0x0000
    assert stored[0].arrival is Arrival.REPEATED


@pytest.mark.parametrize(
    "syntax",
    [RLELossless, JPEGLSLossless, JPEG2000Lossless, DeflatedExplicitVRLittleEndian],
    ids=lambda uid: uid.keyword,
)
def test_compressed_images_are_taken_as_they_are(tmp_path: Path, inbox: Inbox, syntax) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=2, rows=96, columns=80))
    plain = read_series(tmp_path / "sent").volume.voxels.copy()
    with listening(tmp_path / "in", inbox) as receiver:
        for path in paths:
            image = pydicom.dcmread(path)
            if syntax.is_compressed and not syntax.is_deflated:
                image.compress(syntax, generate_instance_uid=False)
            image.file_meta.TransferSyntaxUID = syntax
            assert store(receiver.port, image) == 0x0000
    assert pydicom.dcmread(inbox.stored[0].path).file_meta.TransferSyntaxUID == syntax
    assert (read_series(inbox.stored[0].path.parent).volume.voxels == plain).all()


def test_an_echo_is_answered(tmp_path: Path, inbox: Inbox) -> None:
    with listening(tmp_path / "in", inbox) as receiver:
        answer = run("echoscu", "-v", "-aec", "NEEDLEPLAN", "-aet", "SCANNER", "127.0.0.1", receiver.port)
    assert answer.returncode == 0
    assert "Received Echo Response (Success)" in answer.stdout + answer.stderr, "an abort is no failure to echoscu"


def test_idle_connections_do_not_hold_up_a_sender(tmp_path: Path, inbox: Inbox) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=1))
    with listening(tmp_path / "in", inbox, acse_timeout_s=2.0) as receiver:
        idle = [socket.create_connection(("127.0.0.1", receiver.port)) for _ in range(40)]
        start = time.monotonic()
        assert send(receiver.port, *paths).returncode == 0
        assert time.monotonic() - start < 5.0
        idle[0].settimeout(10)
        assert idle[0].recv(64)[:1] in {b"", b"\x07"}, "closed or aborted after the timeout"
        for one in idle:
            one.close()


def test_two_senders_of_one_instance_at_once_keep_it_whole(tmp_path: Path, inbox: Inbox) -> None:
    (path,) = write_series(tmp_path / "a", Grid(count=1))
    (other,) = write_series(tmp_path / "b", Grid(count=1))
    other.write_bytes(path.read_bytes())
    edit_file(other, lambda image: setattr(image, "PatientName", "Other"))
    images = [pydicom.dcmread(path), pydicom.dcmread(other)] * 3
    with listening(tmp_path / "in", inbox) as receiver:
        senders = [threading.Thread(target=store, args=(receiver.port, image)) for image in images]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    arrivals = sorted(one.arrival for one in inbox.stored)
    assert arrivals == sorted([Arrival.NEW, Arrival.CONFLICT] + [Arrival.REPEATED] * 4)
    assert len(list((tmp_path / "in").rglob("*.dcm"))) == 2


def test_what_was_never_acknowledged_is_cleared_at_the_start(tmp_path: Path, inbox: Inbox) -> None:
    (tmp_path / "in" / "tmp").mkdir(parents=True)
    (tmp_path / "in" / "tmp" / "half.part").write_bytes(b"half")
    with listening(tmp_path / "in", inbox):
        assert not list((tmp_path / "in" / "tmp").iterdir())


def test_what_was_acknowledged_survives_a_killed_receiver(tmp_path: Path, inbox: Inbox) -> None:
    """The sender's count of successes is at most what lies whole on disk; sent again, the series is complete."""
    paths = write_series(tmp_path / "sent", Grid(count=60))
    program = [sys.executable, str(Path(__file__).with_name("receiver_process.py")), str(tmp_path / "in")]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as receiver:
        assert receiver.stdout is not None
        port = int(receiver.stdout.readline())
        sender = threading.Thread(target=lambda: answers.append(send(port, *paths, options=("-v",))))
        answers: list[subprocess.CompletedProcess[str]] = []
        sender.start()
        wait_until(lambda: len(list((tmp_path / "in" / "series").rglob("*.dcm"))) >= 15)
        receiver.kill()
        sender.join()
    acknowledged = (answers[0].stdout + answers[0].stderr).count("Received Store Response (Success)")
    kept = list((tmp_path / "in" / "series").rglob("*.dcm"))
    assert 0 < acknowledged <= len(kept) < 60
    assert all(len(pydicom.dcmread(path).PixelData) == 20 * 24 * 2 for path in kept)
    with listening(tmp_path / "in", inbox) as again:
        assert send(again.port, *paths).returncode == 0
    assert sorted(one.arrival for one in inbox.stored) == sorted(
        [Arrival.NEW] * (60 - len(kept)) + [Arrival.REPEATED] * len(kept)
    )
    assert read_series(kept[0].parent).volume.geometry.shape[0] == 60


def test_an_archive_sends_what_it_holds(tmp_path: Path, inbox: Inbox, orthanc: Orthanc) -> None:
    paths = write_series(tmp_path / "sent")
    assert run("storescu", "-aec", orthanc.ae_title, orthanc.host, orthanc.dicom_port, *paths).returncode == 0
    with listening(tmp_path / "in", inbox, calling_ae_titles=frozenset({orthanc.ae_title})) as receiver:
        orthanc.know("NEEDLEPLAN", receiver.port)
        orthanc.request("POST", "/modalities/NEEDLEPLAN/store", orthanc.get("/series"))
    sent, kept = read_series(tmp_path / "sent"), read_series(inbox.stored[0].path.parent)
    assert (sent.volume.voxels == kept.volume.voxels).all()
    assert sent.volume.geometry.matches(kept.volume.geometry)


@pytest.mark.realdata
def test_the_real_series_arrives_as_it_was_sent(tmp_path: Path, inbox: Inbox, real_data: Path) -> None:
    folder = real_data / "abdomen_ct" / "series"
    with listening(tmp_path / "in", inbox) as receiver:
        assert send(receiver.port, folder, options=("+sd",)).returncode == 0
    sent, kept = read_series(folder), read_series(inbox.stored[0].path.parent)
    assert (sent.volume.voxels == kept.volume.voxels).all()
    assert sent.volume.geometry.matches(kept.volume.geometry)
    assert len({one.series_uid for one in inbox.stored}) == 1


def test_a_uid_is_digits_and_dots_of_64_at_most() -> None:
    assert is_uid("1.2.840.10008.1.1")
    assert is_uid("1." + "2" * 62)
    assert not any(map(is_uid, ["", ".", "1.", "a.b", "1.2\n", "1." + "2" * 63]))
