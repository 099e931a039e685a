"""The settings of the network reach the network: a whole service, with TLS, a worklist, and storage commitment."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from dicom_io.association import Destination
from dicom_io.commitment import Reference, request_commitment
from dicom_io.tls import OwnCertificate, requestor_context
from service.errors import SettingsError
from service.listening import listening
from service.rows import CaseState
from service.serving import run as run_service
from service.settings import Settings
from service.store import Store
from tests.certificates import Authority
from tests.dicom_io.builders import write_series
from tests.dicom_io.receivers import send
from tests.servers import a_free_port, is_listening, wait_until
from tests.service.test_commitment import scanner
from tests.worklists import coded, order, worklist_server

pytestmark = pytest.mark.servers


def test_every_key_of_the_receiver_reaches_it(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.sign("needleplan.example")
    settings = Settings.model_validate(
        {
            "receiver": {
                "ae_title": "NP",
                "host": "0.0.0.0",  # noqa: S104 - never listened on
                "port": 104,
                "allowed_calling_ae_titles": ["CT1"],
                "networks": ["10.1.0.0/16"],
                "largest_object_mb": 7,
                "tls": {
                    "certificate": own.certificate,
                    "private_key": own.private_key,
                    "authority": authority.certificate,
                    "senders": {"CT1": "ct1.example"},
                },
            },
            "storage": {"disk_reserve_gb": 1.5},
        }
    )
    told = listening(settings, tmp_path)
    assert (told.ae_title, told.host, told.port) == ("NP", "0.0.0.0", 104)  # noqa: S104 - as above
    assert told.calling_ae_titles == {"CT1"}
    assert told.networks == ("10.1.0.0/16",)
    assert told.certificates == {"CT1": "ct1.example"}
    assert told.tls is not None
    assert (told.reserve_bytes, told.largest_object_bytes) == (1_500_000_000, 7_000_000)
    assert told.folder == tmp_path / "received"


def test_a_service_that_nobody_may_send_to_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nobody may send"):
        listening(Settings(), tmp_path)


@contextmanager
def serving(settings: Settings) -> Iterator[None]:
    """The whole service in a thread, until the block ends."""
    stopping = threading.Event()
    thread = threading.Thread(target=run_service, args=(settings, stopping))
    thread.start()
    try:
        wait_until(lambda: is_listening(settings.receiver.port) or not thread.is_alive(), what="the service's start")
        yield
    finally:
        stopping.set()
        thread.join(30)


@pytest.mark.timeout(180)
def test_a_scanner_with_its_certificate_an_order_and_a_question_what_is_kept(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "ca")
    own, ct1 = authority.sign("needleplan.example"), authority.sign("ct1.example")
    asked = order(
        study_uid="", codes=(coded("PRT-L4"),), protocol=(coded("7771000", "SCT"),),
        date=datetime.now().astimezone().strftime("%Y%m%d"),
    )  # fmt: skip
    heard: list[tuple[int, object]] = []
    with worklist_server(tmp_path / "worklist", asked) as ris, scanner(heard) as back:
        settings = Settings.model_validate(
            {
                "receiver": {
                    "port": a_free_port(),
                    "allowed_calling_ae_titles": ["SCANNER"],
                    "commitment_to": {"SCANNER": f"{back.host}:{back.port}"},
                    "tls": {
                        "certificate": own.certificate,
                        "private_key": own.private_key,
                        "authority": authority.certificate,
                        "senders": {"SCANNER": "ct1.example"},
                    },
                },
                "storage": {"folder": tmp_path / "storage", "disk_reserve_gb": 0},
                "inbox": {"quiet_seconds": 0.5},
                "worklist": {"ae_title": ris.called_ae, "host": ris.host, "port": ris.port, "refresh_seconds": 1},
                "order_codes": [{"code": "PRT-L4", "scheme": "99SITE", "procedure": "prt", "root": "L4"}],
            }
        )
        with serving(settings):
            port = settings.receiver.port
            paths = write_series(tmp_path / "sent")
            shown = ("+tls", str(ct1.private_key), str(ct1.certificate), "+cf", str(authority.certificate))
            assert send(port, *paths, options=shown).returncode == 0
            store = Store(tmp_path / "storage" / "needleplan.db")
            series = store.cases()[0].series_instance_uid
            references = [
                Reference("1.2.840.10008.5.1.4.1.1.2", row.sop_instance_uid) for row in store.instances(series)
            ]
            tls = requestor_context(authority.certificate, OwnCertificate(ct1.certificate, ct1.private_key))
            assert request_commitment(
                Destination("127.0.0.1", port, "NEEDLEPLAN", "SCANNER", tls=tls), "1.2.9", references
            )
            wait_until(lambda: bool(heard), what="the report of what is kept")
            end = time.monotonic() + 120
            while store.cases()[0].state not in {CaseState.WAITING, CaseState.FAILED} and time.monotonic() < end:
                time.sleep(0.1)
            lines = [(line.state, line.reason) for line in store.history(1)]
            store.close()
    assert heard[0][0] == 1
    assert len(heard[0][1].ReferencedSOPSequence) == 10
    assert (CaseState.RUNNING, "ordered: prt L4 left") in lines
