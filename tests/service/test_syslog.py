"""Every line of the audit trail reaches the repository as a DICOM audit message, in order, also after it was away."""

import re
import socket
import ssl
import threading
import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.audit import AuditEvent, AuditTrail
from service.settings import AuditSettings, DestinationTls, Settings
from service.syslog import AuditExport, audit_exports
from tests.certificates import Authority
from tests.servers import a_free_port


class Collector:
    """A syslog server that reads whole connections, as RFC 5425 and RFC 6587 frame them."""

    def __init__(self, context: ssl.SSLContext | None = None, *, is_rude: bool = False) -> None:
        self.heard: list[bytes] = []
        self._context, self._is_rude = context, is_rude
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
            except OSError:
                return
            try:
                self._hear(plain)
            except OSError:
                plain.close()

    def _hear(self, plain: socket.socket) -> None:
        connection = self._context.wrap_socket(plain, server_side=True) if self._context else plain
        with connection:
            content = b"".join(iter(lambda: connection.recv(65536), b""))
            while content:
                size, _, rest = content.partition(b" ")
                self.heard.append(rest[: int(size)])
                content = rest[int(size) :]
            if isinstance(connection, ssl.SSLSocket) and not self._is_rude:
                connection.unwrap()

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "certificates")


def collecting(authority: Authority, *, asks: bool = False, is_rude: bool = False) -> Collector:
    own = authority.sign("localhost")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.certificate)
    context.load_cert_chain(own.certificate, own.private_key)
    context.verify_mode = ssl.CERT_REQUIRED if asks else ssl.CERT_NONE
    return Collector(context, is_rude=is_rude)


def export(folder: Path, address: str, **tls: object) -> AuditExport:
    told = {"repository": address} | ({"tls": tls} if tls else {})
    (one,) = audit_exports(Settings.model_validate({"audit": told}), folder)
    return one


def trail(folder: Path, *cases: int) -> None:
    for case in cases:
        AuditTrail(folder / "audit.jsonl").record(AuditEvent.CASE_CHANGED, 10.25, case=case, state="ready")


def cases_of(heard: list[bytes]) -> list[str]:
    return re.findall('ParticipantObjectID="([0-9]+)"', b"".join(heard).decode())


def test_a_line_is_one_message_of_rfc_5424_with_the_xml_of_dicom(tmp_path):
    collector = Collector()
    trail(tmp_path, 7)
    AuditTrail(tmp_path / "audit.jsonl").record(AuditEvent.SECURITY_ALERT, 11.0, reason="x")
    assert export(tmp_path, f"tcp://127.0.0.1:{collector.port}").send_due(0.0) == 2
    collector.close()
    first, second = (one.decode() for one in collector.heard)
    head = (
        r"<85>1 1970-01-01T00:00:10\.250Z [!-~]+ needleplan [0-9]+ DICOM\+RFC3881 - \ufeff<\?xml .*\?>(<AuditMessage.*)"
    )
    found = re.fullmatch(head, first)
    assert found is not None
    assert ET.fromstring(found[1]).find("EventIdentification/EventID").get("csd-code") == "110111"  # noqa: S314 - our own
    assert second.startswith("<84>1 1970-01-01T00:00:11.000Z ")


@pytest.mark.parametrize("is_rude", [False, True])
def test_over_tls_each_line_is_told_once_and_in_order_across_restarts(tmp_path, authority, is_rude):
    collector = collecting(authority, is_rude=is_rude)
    made = partial(export, tmp_path, f"tls://localhost:{collector.port}", authority=authority.certificate)
    trail(tmp_path, 1, 2)
    assert made().send_due(0.0) == 2
    assert made().send_due(1.0) == 0
    trail(tmp_path, 3)
    assert made().send_due(2.0) == 1
    collector.close()
    assert cases_of(collector.heard) == ["1", "2", "3"]


def test_a_repository_that_asks_is_shown_our_certificate_and_without_one_nothing_counts_as_heard(tmp_path, authority):
    collector = collecting(authority, asks=True)
    address, own = f"tls://localhost:{collector.port}", authority.sign("needleplan")
    trail(tmp_path, 1)
    assert export(tmp_path, address, authority=authority.certificate).send_due(0.0) == 0
    shown = {"certificate": own.certificate, "private_key": own.private_key}
    assert export(tmp_path, address, authority=authority.certificate, **shown).send_due(0.0) == 1
    collector.close()
    assert cases_of(collector.heard) == ["1"]


def test_a_stranger_with_anothers_certificate_hears_nothing(tmp_path, authority):
    collector = collecting(Authority(tmp_path / "others", "others"))
    trail(tmp_path, 1)
    assert export(tmp_path, f"tls://localhost:{collector.port}", authority=authority.certificate).send_due(0.0) == 0
    collector.close()
    assert collector.heard == []


def test_what_was_said_while_the_repository_was_away_is_told_later(tmp_path):
    port = a_free_port()
    away = export(tmp_path, f"tcp://127.0.0.1:{port}")
    trail(tmp_path, 1)
    assert away.send_due(0.0) == 0
    trail(tmp_path, 2)
    collector = Collector()
    away.repository = export(tmp_path, f"tcp://127.0.0.1:{collector.port}").repository
    assert away.send_due(1.0) == 0, "it waits before it tries again"
    assert away.send_due(10.0) == 2
    collector.close()
    assert cases_of(collector.heard) == ["1", "2"]


def test_a_line_that_is_not_whole_yet_waits_and_a_broken_one_stops_nothing(tmp_path):
    collector = Collector()
    told = export(tmp_path, f"tcp://127.0.0.1:{collector.port}")
    trail(tmp_path, 1)
    with (tmp_path / "audit.jsonl").open("ab") as file:
        file.write(b'{"event": "no event of ours"}\n{"eve')
    assert told.send_due(0.0) == 1
    assert told.send_due(1.0) == 0
    collector.close()
    assert cases_of(collector.heard) == ["1"]


def test_by_udp_each_message_is_one_datagram(tmp_path):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        trail(tmp_path, 1, 2)
        assert export(tmp_path, f"udp://127.0.0.1:{listening.getsockname()[1]}").send_due(0.0) == 2
        assert cases_of([listening.recv(65536) for _ in range(2)]) == ["1", "2"]


@pytest.mark.parametrize(
    "told",
    [
        {"repository": "tls://a.example:6514"},
        {"repository": "udp://a.example:514", "tls": DestinationTls(authority=Path("ca.crt"))},
        {"repository": "http://a.example:80"},
    ],
)
def test_an_address_that_cannot_be_meant_is_refused(told):
    with pytest.raises(ValidationError):
        AuditSettings.model_validate(told)


def test_no_repository_is_the_default(tmp_path):
    assert audit_exports(Settings(), tmp_path) == []
