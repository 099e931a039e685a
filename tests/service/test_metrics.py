"""What is seen from outside: figures from the rows, health that judges, nothing of a patient."""

import json
import urllib.error
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.exc import OperationalError

from service.metrics import Meters, health, offered
from service.outlook import Outlook
from service.rows import CaseState, ExportState
from service.settings import MetricsSettings

SEEN = Outlook({CaseState.READY: 3, CaseState.PUBLISHED: 7}, {ExportState.DEAD: 1}, 12.0, 0.0, 8 * 10**9)
ON = MetricsSettings(enabled=True, port=0)


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def figures(text: str) -> dict[tuple[str, str], float]:
    return {
        (sample.name, sample.labels.get("state", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if "le" not in sample.labels
    }


def test_prometheus_reads_states_from_the_rows_and_counts_of_this_process():
    meters = Meters()
    meters.images.inc(5)
    meters.case_seconds.observe(50)
    with offered(ON, meters, lambda: SEEN, lambda: health(lambda: SEEN, 0.0, 0)) as port:
        status, text = get(port, "/metrics")
    found = figures(text)
    assert status == 200
    assert found["needleplan_cases", "ready"] == 3
    assert found["needleplan_cases", "failed"] == 0
    assert found["needleplan_exports", "dead"] == 1
    assert found["needleplan_oldest_ready_seconds", ""] == 12.0
    assert found["needleplan_images_received_total", ""] == 5
    assert found["needleplan_case_seconds_count", ""] == 1


def test_health_is_200_when_well_and_503_with_the_reason_when_not():
    silent = [0.0]
    with offered(ON, Meters(), lambda: SEEN, lambda: health(lambda: SEEN, silent[0], 0)) as port:
        assert get(port, "/health") == (200, '{"status": "well", "faults": []}')
        silent[0] = 60.0
        status, text = get(port, "/health")
    assert status == 503
    assert json.loads(text)["faults"] == ["the main loop has been silent for 60 s"]


def test_a_full_disk_and_a_lost_database_are_faults():
    assert "reserve" in health(lambda: SEEN, 0.0, 10**10).faults[0]

    def lost() -> Outlook:
        raise OperationalError("", {}, Exception())

    assert "does not answer" in health(lost, 0.0, 0).faults[0]


def test_off_by_default():
    with offered(MetricsSettings(), Meters(), lambda: SEEN, lambda: health(lambda: SEEN, 0.0, 0)) as port:
        assert port == 0


@pytest.mark.parametrize("path", ["/", "/metrics/x", "/../etc/passwd"])
def test_nothing_else_is_answered(path):
    with offered(ON, Meters(), lambda: SEEN, lambda: health(lambda: SEEN, 0.0, 0)) as port:
        assert get(port, path)[0] == 404
