"""The servers that other tests rely on do what they say."""

import urllib.request

import pytest

from tests.servers import Orthanc, run

pytestmark = pytest.mark.servers


def test_orthanc_answers_an_echo_and_is_empty(orthanc: Orthanc) -> None:
    assert run("echoscu", "-aec", orthanc.ae_title, orthanc.host, orthanc.dicom_port).returncode == 0
    assert orthanc.instances() == []


def test_orthanc_speaks_dicomweb(orthanc: Orthanc) -> None:
    with urllib.request.urlopen(f"{orthanc.dicomweb_url}/studies", timeout=10) as answer:
        assert answer.status == 200
