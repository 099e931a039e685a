"""A real worklist server's orders are read as codes; what a person wrote decides nothing and is never printed."""

from pathlib import Path

import pytest

from dicom_io.worklist import Code, find_worklist
from tests.worklists import coded, order, worklist_server

pytestmark = pytest.mark.servers


def test_todays_orders_come_with_identity_codes_and_checks(tmp_path: Path) -> None:
    asked = order(codes=(coded("PRT"),), protocol=(coded("L4"), coded("7771000", "SCT")), Allergies="iodine")
    with worklist_server(tmp_path, asked, order(accession="A8", date="20260106")) as server:
        (item,) = find_worklist(server, "20260105")
    assert (item.accession_number, item.study_uid, item.patient_id) == ("A7", "1.2.9", "R-1")
    assert (item.start_date, item.start_time, item.modality, item.station_ae_title) == (
        "20260105",
        "101500",
        "CT",
        "CT1",
    )
    assert item.codes == (Code("PRT", "99SITE"), Code("L4", "99SITE"), Code("7771000", "SCT"))
    assert item.checks == ("allergies: iodine",)
    for secret in ("Secret", "R-1", "A7", "iodine", "PRT L4 left", "1960"):
        assert secret not in repr(item)


def test_another_modality_has_no_orders(tmp_path: Path) -> None:
    with worklist_server(tmp_path, order()) as server:
        assert find_worklist(server, "20260105", modality="MR") == []
