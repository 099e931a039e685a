"""The PACS' answers in the outbox's words."""

import pytest

from service.doctor import Health, examine
from service.sending import Sender, echo_fault
from service.settings import Destination, Settings
from tests.dicom_io.ct_files import write_ct_series
from tests.servers import Orthanc, a_free_port
from tests.worklists import order, worklist_server


@pytest.fixture
def nobody() -> Destination:
    return Destination(name="pacs", ae_title="PACS", host="127.0.0.1", port=a_free_port())


def at(pacs: Orthanc, ae_title: str | None = None) -> Destination:
    return Destination(name="pacs", ae_title=ae_title or pacs.ae_title, host=pacs.host, port=pacs.dicom_port)


def test_a_pacs_that_is_away_is_worth_another_try(nobody, tmp_path):
    (answer,) = Sender("NEEDLEPLAN").send(nobody, write_ct_series(tmp_path, slices=1))
    assert not answer.is_final
    assert "check host and port" in answer.fault


def test_a_file_that_is_no_dicom_file_is_never_worth_another_try(nobody, tmp_path):
    (tmp_path / "report.dcm").write_text("cut short")
    (answer,) = Sender("NEEDLEPLAN").send(nobody, [tmp_path / "report.dcm"])
    assert answer.is_final
    assert answer.fault


@pytest.mark.servers
def test_what_the_pacs_confirms_has_arrived(orthanc, tmp_path):
    answers = Sender("NEEDLEPLAN").send(at(orthanc), write_ct_series(tmp_path, slices=3))
    assert [answer.fault for answer in answers] == ["", "", ""]
    assert len(orthanc.instances()) == 3


@pytest.mark.servers
def test_a_pacs_that_knows_another_name_says_so(orthanc):
    assert echo_fault(at(orthanc), "NEEDLEPLAN") == ""
    assert "AE title" in echo_fault(at(orthanc, "OTHER"), "NEEDLEPLAN")


@pytest.mark.graphics
def test_doctor_finds_a_pacs_that_does_not_answer(nobody, tmp_path):
    settings = Settings.model_validate({"storage": {"folder": tmp_path}, "destinations": [nobody]})
    (check,) = [check for check in examine(settings) if check.part == "PACS pacs"]
    assert check.health is Health.MISSING
    assert check.remedy


def test_the_doctor_asks_the_worklist_and_reads_the_certificates(tmp_path):
    with worklist_server(tmp_path / "worklist", order()) as server:
        ris = {"ae_title": server.called_ae, "host": server.host, "port": server.port}
        tls = {"certificate": tmp_path / "no.crt", "private_key": tmp_path / "no.key", "authority": tmp_path / "no"}
        settings = Settings.model_validate({"worklist": ris, "receiver": {"tls": tls}})
        found = {check.part: check for check in examine(settings)}
    assert found["worklist"].health is Health.OK, found["worklist"].words
    assert found["TLS"].health is Health.MISSING
    assert {check.part: check for check in examine(settings)}["worklist"].health is Health.MISSING
