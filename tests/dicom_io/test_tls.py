"""With TLS, an AE title counts only with the certificate that belongs to it."""

import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from dicom_io.association import Destination
from dicom_io.send import Outcome, echo, send_files
from dicom_io.tls import OwnCertificate, TlsError, acceptor_context, requestor_context
from dicom_io.tls_connection import TlsConnection
from tests.certificates import Authority, Signed
from tests.dicom_io.builders import Grid, write_series
from tests.dicom_io.receivers import Inbox, listening, send

pytestmark = pytest.mark.servers


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def ours(authority: Authority) -> Signed:
    return authority.sign("needleplan.example")


@pytest.fixture(scope="module")
def scanner(authority: Authority) -> Signed:
    return authority.sign("ct1.example")


def secured(tmp_path: Path, inbox: Inbox, authority: Authority, ours: Signed, **settings: object):
    context = acceptor_context(OwnCertificate(ours.certificate, ours.private_key), authority.certificate)
    bound = {"tls": context, "certificates": {"SCANNER": "ct1.example"}, "acse_timeout_s": 3.0}
    return listening(tmp_path / "in", inbox, **{**bound, **settings})


def shows(signed: Signed, authority: Authority) -> tuple[str, ...]:
    """What storescu needs to speak TLS with a certificate of its own."""
    return ("+tls", str(signed.private_key), str(signed.certificate), "+cf", str(authority.certificate))


def test_storescu_with_its_certificate_is_let_in(tmp_path, authority, ours, scanner) -> None:
    inbox = Inbox()
    with secured(tmp_path, inbox, authority, ours) as receiver:
        paths = write_series(tmp_path / "sent", Grid(count=3))
        assert send(receiver.port, *paths, options=shows(scanner, authority)).returncode == 0
    assert len(inbox.stored) == 3


def test_a_certificate_is_known_by_its_fingerprint_too(tmp_path, authority, ours, scanner) -> None:
    inbox = Inbox()
    with secured(tmp_path, inbox, authority, ours, certificates={"SCANNER": scanner.fingerprint}) as receiver:
        paths = write_series(tmp_path / "sent", Grid(count=1))
        assert send(receiver.port, *paths, options=shows(scanner, authority)).returncode == 0


def test_anothers_certificate_does_not_prove_the_ae_title(tmp_path, authority, ours) -> None:
    inbox = Inbox()
    with secured(tmp_path, inbox, authority, ours) as receiver:
        paths = write_series(tmp_path / "sent", Grid(count=1))
        answer = send(receiver.port, *paths, options=shows(authority.sign("printer.example"), authority))
    assert answer.returncode != 0
    assert inbox.reasons == ["association rejected: the certificate does not prove the calling AE title"]
    assert not inbox.stored


def test_no_tls_no_certificate_and_a_strange_authority_are_turned_away(tmp_path, authority, ours) -> None:
    stranger = Authority(tmp_path / "strange", "stranger")
    inbox = Inbox()
    with secured(tmp_path, inbox, authority, ours) as receiver:
        paths = write_series(tmp_path / "sent", Grid(count=1))
        assert send(receiver.port, *paths).returncode != 0
        assert send(receiver.port, *paths, options=("+tla", "-ic")).returncode != 0
        of_stranger = (
            "+tls",
            *map(str, (stranger.sign("ct1.example").private_key, tmp_path / "strange/ct1.example.crt")),
        )
        assert send(receiver.port, *paths, options=(*of_stranger, "-ic")).returncode != 0
    assert not inbox.stored
    assert set(inbox.reasons) == {"association rejected: no TLS handshake, or no certificate of the named authority"}


def test_versions_before_1_2_are_not_spoken(authority, ours) -> None:
    context = acceptor_context(OwnCertificate(ours.certificate, ours.private_key), authority.certificate)
    assert context.minimum_version.name == "TLSv1_2"
    assert {cipher["protocol"] for cipher in context.get_ciphers()} <= {"TLSv1.2", "TLSv1.3"}
    assert all("GCM" in cipher["name"] or "CHACHA" in cipher["name"] for cipher in context.get_ciphers())


def test_a_handshake_that_never_comes_keeps_nobody_waiting(tmp_path, authority, ours, scanner) -> None:
    inbox = Inbox()
    with secured(tmp_path, inbox, authority, ours) as receiver:
        idle = [socket.create_connection(("127.0.0.1", receiver.port)) for _ in range(12)]
        start = time.monotonic()
        paths = write_series(tmp_path / "sent", Grid(count=1))
        assert send(receiver.port, *paths, options=shows(scanner, authority)).returncode == 0
        assert time.monotonic() - start < 2.5
        idle[0].settimeout(10)
        assert idle[0].recv(1) == b"", "closed after the time for greetings"
        for one in idle:
            one.close()


def test_we_send_with_tls_and_check_whom_we_send_to(tmp_path, authority, ours, scanner) -> None:
    inbox = Inbox()
    own = OwnCertificate(scanner.certificate, scanner.private_key)
    with secured(tmp_path, inbox, authority, ours) as receiver:
        trusted = requestor_context(authority.certificate, own)
        node = Destination("127.0.0.1", receiver.port, "NEEDLEPLAN", "SCANNER", tls=trusted)
        assert echo(node).outcome is Outcome.DONE
        paths = write_series(tmp_path / "sent", Grid(count=2))
        assert {one.outcome for one in send_files(paths, node)} == {Outcome.DONE}
        strange = requestor_context(Authority(tmp_path / "strange", "stranger").certificate, own)
        other = Destination("127.0.0.1", receiver.port, "NEEDLEPLAN", "SCANNER", tls=strange, tries=1)
        assert echo(other).outcome is Outcome.NOT_CONNECTED
    assert len(inbox.stored) == 2


def test_files_that_do_not_belong_together_are_said(authority, ours, scanner) -> None:
    with pytest.raises(TlsError, match="our certificate or its key"):
        acceptor_context(OwnCertificate(ours.certificate, scanner.private_key), authority.certificate)
    with pytest.raises(TlsError, match="authority"):
        requestor_context(ours.private_key, None)


def test_a_handshake_that_drips_has_no_longer_than_a_silent_one(authority, ours) -> None:
    """A record that claims 16 kB and comes byte by byte: each byte alone is in time, the handshake is not."""
    context = acceptor_context(OwnCertificate(ours.certificate, ours.private_key), authority.certificate)
    here, there = socket.socketpair()
    here.settimeout(0.5)
    stop = threading.Event()

    def drip() -> None:
        there.sendall(b"\x16\x03\x01\x40\x00")
        while not stop.wait(0.1):
            there.sendall(b"\x01")

    dripping = threading.Thread(target=drip)
    dripping.start()
    start = time.monotonic()
    with pytest.raises((TimeoutError, ssl.SSLError)):
        TlsConnection(here, context)
    assert time.monotonic() - start < 5.0
    stop.set()
    dripping.join()
    here.close()
    there.close()
