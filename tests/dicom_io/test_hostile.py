"""No peer brings the receiver down, keeps an honest one waiting, fills the memory, or writes where it should not."""

import logging
import random
import resource
import socket
import struct
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from dicom_io.errors import DicomIoError
from dicom_io.receive import Receiver
from dicom_io.scan import scan_files
from dicom_io.series import find_series, read_series
from tests.dicom_io import hostile
from tests.dicom_io.builders import Grid, write_series
from tests.dicom_io.receivers import Inbox, listening, send
from tests.servers import run, wait_until

pytestmark = pytest.mark.servers

HONEST_WAIT_S = 10.0


def echo_s(port: int) -> float:
    """Seconds that an honest C-ECHO takes."""
    start = time.monotonic()
    assert run("echoscu", "-aec", "NEEDLEPLAN", "-aet", "SCANNER", "127.0.0.1", port).returncode == 0
    return time.monotonic() - start


def memory_bytes() -> int:
    """Largest resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def fuzz(receiver: Receiver, seed: int, count: int) -> None:
    """So many broken conversations, eight at once; an honest peer is served all the while."""
    rng = random.Random(seed)  # noqa: S311 - a fuzzer
    conversations = [hostile.malformed(rng) for _ in range(count)]
    waits: list[float] = []
    with ThreadPoolExecutor(8) as pool:
        broken = [pool.submit(hostile.exchange, receiver.port, *said, patience_s=0.3) for said in conversations]
        while not all(one.done() for one in broken):
            waits.append(echo_s(receiver.port))
            time.sleep(0.1)
    assert max(waits) < HONEST_WAIT_S
    assert echo_s(receiver.port) < HONEST_WAIT_S


@pytest.fixture
def nothing_escapes(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch):
    """No thread ends by an exception, and no log names the patient."""
    escaped: list[str] = []
    monkeypatch.setattr(threading, "excepthook", lambda what: escaped.append(repr(what.exc_value)))
    caplog.set_level(logging.DEBUG)
    yield
    assert escaped == []
    assert "Secret" not in caplog.text


@pytest.mark.usefixtures("nothing_escapes")
@pytest.mark.parametrize("seed", [1, 2])
def test_malformed_conversations_end_themselves_alone(tmp_path: Path, seed: int) -> None:
    before, inbox = memory_bytes(), Inbox()
    with listening(tmp_path / "in", inbox, acse_timeout_s=1.0, network_timeout_s=2.0) as receiver:
        fuzz(receiver, seed, 250)
        wait_until(lambda: not receiver._server.active_associations, what="every broken association's end")
    assert memory_bytes() - before < 150e6
    known = {"series", "quarantine", "conflicts"}
    assert {path.relative_to(tmp_path / "in").parts[0] for path in files_in(tmp_path / "in")} <= known
    assert not any("Secret" in reason for reason in inbox.reasons)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("nothing_escapes")
def test_ten_thousand_malformed_conversations(tmp_path: Path) -> None:
    before, inbox = memory_bytes(), Inbox()
    with listening(tmp_path / "in", inbox, acse_timeout_s=1.0, network_timeout_s=2.0) as receiver:
        for seed in range(20):
            fuzz(receiver, seed, 500)
        wait_until(lambda: not receiver._server.active_associations, what="every broken association's end")
    assert memory_bytes() - before < 150e6


def test_a_slow_loris_is_shown_the_door_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    """One byte at a time, forever, before the association and inside of it."""
    inbox = Inbox()
    with listening(tmp_path / "in", inbox, acse_timeout_s=1.5, network_timeout_s=2.0) as receiver:
        slow = [socket.create_connection(("127.0.0.1", receiver.port)) for _ in range(24)]
        for one in slow[12:]:
            one.sendall(hostile.associate())
            assert one.recv(65536)[:1] == b"\x02"
        stop = threading.Event()

        def drip(one: socket.socket, content: bytes) -> None:
            for byte in content:
                if stop.wait(0.05):
                    return
                try:
                    one.sendall(bytes([byte]))
                except OSError:
                    return

        command = hostile.data(hostile.store_command(b"1.2.3"), is_command=True)
        said = [hostile.associate()] * 12 + [command] * 12
        drips = [threading.Thread(target=drip, args=pair) for pair in zip(slow, said, strict=True)]
        for one in drips:
            one.start()
        assert echo_s(receiver.port) < 3.0
        paths = write_series(tmp_path / "sent", Grid(count=5))
        assert send(receiver.port, *paths).returncode == 0
        wait_until(lambda: not receiver._server.active_associations, 6.0, "the end of every slow one")
        stop.set()
        for thread, one in zip(drips, slow, strict=True):
            thread.join()
            one.close()


def test_two_hundred_associations_at_once_are_all_served(tmp_path: Path) -> None:
    inbox = Inbox()
    with listening(tmp_path / "in", inbox) as receiver:
        open_ones = [socket.create_connection(("127.0.0.1", receiver.port)) for _ in range(200)]
        start = time.monotonic()
        for one in open_ones:
            one.settimeout(HONEST_WAIT_S)
            one.sendall(hostile.associate())
        assert all(one.recv(65536)[:1] == b"\x02" for one in open_ones)
        assert time.monotonic() - start < HONEST_WAIT_S
        assert echo_s(receiver.port) < HONEST_WAIT_S
        for number, one in enumerate(open_ones):
            uid = f"1.2.3.{number}".encode()
            one.sendall(hostile.data(hostile.store_command(uid), is_command=True))
            one.sendall(hostile.data(hostile.data_set(uid), is_command=False))
        assert all(one.recv(65536)[:1] == b"\x04" for one in open_ones)
        for one in open_ones:
            one.close()
    assert len(inbox.stored) == 200


def test_beyond_the_limit_connections_are_closed_at_once_and_told(tmp_path: Path) -> None:
    inbox = Inbox()
    with listening(tmp_path / "in", inbox, largest_associations=5) as receiver:
        held = [socket.create_connection(("127.0.0.1", receiver.port)) for _ in range(5)]
        wait_until(lambda: len(receiver._server.active_associations) == 5)
        with socket.create_connection(("127.0.0.1", receiver.port)) as sixth:
            sixth.settimeout(3)
            assert sixth.recv(1) == b""
        assert inbox.reasons == ["association rejected: 5 connections are open"]
        for one in held:
            one.close()


def test_a_pdu_that_claims_4_gb_ends_its_association(tmp_path: Path) -> None:
    inbox, before = Inbox(), memory_bytes()
    with listening(tmp_path / "in", inbox) as receiver:
        claim = struct.pack(">BBL", 4, 0, 0xFFFFFFFF)
        start = time.monotonic()
        hostile.exchange(receiver.port, hostile.associate(), claim)
        assert time.monotonic() - start < 2.0
        hostile.exchange(receiver.port, struct.pack(">BBL", 1, 0, 0xFFFFFFFF))
    assert memory_bytes() - before < 50e6


def bytes_until_it_ends(connection: socket.socket) -> int:
    """How much of a data set without end goes out before the receiver closes the connection."""
    sent = 0
    while sent < 30_000_000:
        try:
            connection.sendall(hostile.data(bytes(100_000), is_command=False, is_last=False))
        except OSError:
            break
        sent += 100_000
    return sent


def test_a_message_without_end_is_stopped_at_the_largest_object(tmp_path: Path) -> None:
    inbox = Inbox()
    with (
        listening(tmp_path / "in", inbox, largest_object_bytes=3_000_000) as receiver,
        socket.create_connection(("127.0.0.1", receiver.port)) as endless,
    ):
        endless.settimeout(5)
        endless.sendall(hostile.associate())
        endless.recv(65536)
        endless.sendall(hostile.data(hostile.store_command(b"1.2.3"), is_command=True))
        sent = bytes_until_it_ends(endless)
    assert 3_000_000 <= sent < 12_000_000
    assert not inbox.stored


def status_of(receiver: Receiver, content: bytes, uid: bytes = b"1.2.3", syntax: bytes = hostile.IMPLICIT) -> int:
    """The status that one C-STORE of raw bytes gets."""
    with socket.create_connection(("127.0.0.1", receiver.port)) as connection:
        connection.settimeout(10)
        connection.sendall(hostile.associate(syntax=syntax))
        assert connection.recv(65536)[:1] == b"\x02"
        connection.sendall(hostile.data(hostile.store_command(uid), is_command=True))
        for start in range(0, max(len(content), 1), 100_000):
            piece = content[start : start + 100_000]
            connection.sendall(hostile.data(piece, is_command=False, is_last=start + 100_000 >= len(content)))
        answer = connection.recv(65536)
    at = answer.index(struct.pack("<HHL", 0, 0x900, 2))
    return int(struct.unpack_from("<H", answer, at + 8)[0])


@pytest.mark.usefixtures("nothing_escapes")
@pytest.mark.parametrize("series_uid", [b"../../../tmp/x", b"1.2/../../3", b"/etc/cron.d/x", b"1.2\\x", b"1.2.3\0/x"])
def test_path_tricks_in_uids_are_refused(tmp_path: Path, series_uid: bytes) -> None:
    inbox = Inbox()
    content = hostile.data_set(b"1.2.3").replace(
        hostile.element(0x20, 0x0E, b"1.2.3.4"), hostile.element(0x20, 0x0E, series_uid)
    )
    with listening(tmp_path / "in", inbox) as receiver:
        assert status_of(receiver, content) == 0xC000
    assert {path.parent.name for path in files_in(tmp_path)} == {"quarantine"}


@pytest.mark.usefixtures("nothing_escapes")
def test_an_element_that_claims_4_gb_is_refused_and_costs_no_memory(tmp_path: Path) -> None:
    inbox, before = Inbox(), memory_bytes()
    claim = struct.pack("<HHL", 8, 0x17, 0xFFFFFFFE)
    with listening(tmp_path / "in", inbox) as receiver:
        content = hostile.data_set(b"1.2.3").replace(hostile.element(8, 0x18, b"1.2.3"), claim)
        assert status_of(receiver, content) == 0xC000
        late = hostile.data_set(b"1.2.4", struct.pack("<HHL", 0x28, 0x10, 0xFFFFFFFE))
        status_of(receiver, late, b"1.2.4")
    assert memory_bytes() - before < 50e6
    assert [one.plane.rows for one in scan_files(tmp_path / "in" / "series").instances] == [0]


@pytest.mark.usefixtures("nothing_escapes")
def test_a_deflate_bomb_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    """1 MB that inflates to 1 GB; the limit here is 64 MiB."""
    (path,) = write_series(tmp_path / "sent", Grid(count=1))
    image = pydicom.dcmread(path)
    image.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    image.save_as(path)
    deflater = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    header = zlib.decompress(path.read_bytes()[path.read_bytes().index(b"DICM") + 4 :][_meta_bytes(path) :], -15)
    bomb = deflater.compress(header) + b"".join(deflater.compress(bytes(2**20)) for _ in range(1024)) + deflater.flush()
    inbox, before = Inbox(), memory_bytes()
    uid = str(image.SOPInstanceUID).encode()
    with listening(tmp_path / "in", inbox, largest_object_bytes=2**26) as receiver:
        assert status_of(receiver, bomb, uid, DeflatedExplicitVRLittleEndian.encode()) == 0xC000
    assert memory_bytes() - before < 50e6
    assert inbox.reasons == ["inflates to more than 64 MiB, the limit"]


def _meta_bytes(path: Path) -> int:
    """Length of group 0002 behind the prefix (PS3.10 7.1)."""
    return 12 + int.from_bytes(path.read_bytes()[140:144], "little")


@pytest.mark.usefixtures("nothing_escapes")
def test_sequences_nested_without_end_are_refused_or_left_out(tmp_path: Path) -> None:
    """In front of the UIDs they end the instance; behind them, where the receiver does not look, the reading."""
    nested = (struct.pack("<HHL", 8, 0x1115, 0xFFFFFFFF) + struct.pack("<HHL", 0xFFFE, 0xE000, 0xFFFFFFFF)) * 20_000
    behind = nested.replace(struct.pack("<HH", 8, 0x1115), struct.pack("<HH", 0x40, 0x275))
    inbox = Inbox()
    with listening(tmp_path / "in", inbox) as receiver:
        front = hostile.data_set(b"1.2.3").replace(
            hostile.element(0x10, 0x10, b"Secret^Name"), nested + hostile.element(0x10, 0x10, b"Secret^Name")
        )
        assert status_of(receiver, front) == 0xC000
        status_of(receiver, hostile.data_set(b"1.2.4", behind), b"1.2.4")
    assert find_series(tmp_path / "in" / "series") == ()


def test_pixels_shorter_than_told_are_kept_and_refused_when_read(tmp_path: Path) -> None:
    paths = write_series(tmp_path / "sent", Grid(count=4))
    image = pydicom.dcmread(paths[2])
    image.PixelData = image.PixelData[:-100]
    image.save_as(paths[2])
    inbox = Inbox()
    with listening(tmp_path / "in", inbox) as receiver:
        assert send(receiver.port, *paths).returncode == 0
    with pytest.raises(DicomIoError, match=r"pixel data of image 3 end too early \(860 of 960 bytes\)"):
        read_series(inbox.stored[0].path.parent)
