"""The conformance statement says what the code does."""

import re

import pytest
from pynetdicom.sop_class import (
    ModalityWorklistInformationFind,
    StorageCommitmentPushModel,
    StudyRootQueryRetrieveInformationModelFind,
    StudyRootQueryRetrieveInformationModelGet,
    StudyRootQueryRetrieveInformationModelMove,
    Verification,
)

from dicom_io import commitment, query, retrieve, storing, worklist
from dicom_io.association import LARGEST_CONTEXT_COUNT
from dicom_io.contexts import STORAGE_CLASSES, TRANSFER_SYNTAXES, name_of, receiver_contexts, retrieve_contexts
from dicom_io.receive import ReceiverSettings
from dicom_io.upper_layer import LARGEST_PDU_BYTES
from tests.conftest import PROJECT

PAGE = (PROJECT / "docs" / "conformance.md").read_text(encoding="utf8")


def table(heading: str) -> set[tuple[str, str]]:
    """Names and UIDs of the table under a heading row."""
    rows = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0]
    return set(re.findall(r"^\| (.+?) \| `([\d.]+)` \|$", rows, re.MULTILINE))


def test_the_received_classes_and_encodings_are_those_of_the_page() -> None:
    assert table("what is taken") == {(name_of(uid), str(uid)) for uid in STORAGE_CLASSES}
    assert table("encoded as") == {(uid.name, str(uid)) for uid in TRANSFER_SYNTAXES}


def test_every_service_of_the_page_is_one_that_is_spoken() -> None:
    spoken = {
        Verification,
        StorageCommitmentPushModel,
        StudyRootQueryRetrieveInformationModelFind,
        StudyRootQueryRetrieveInformationModelGet,
        StudyRootQueryRetrieveInformationModelMove,
        ModalityWorklistInformationFind,
    }
    rows = PAGE.split("| service | role | SOP class |", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"`([\d.]+)`", rows)) == {str(uid) for uid in spoken}
    used = {name for module in (commitment, query, retrieve, worklist) for name in vars(module)}
    assert {
        "StorageCommitmentPushModel",
        "StudyRootQueryRetrieveInformationModelFind",
        "StudyRootQueryRetrieveInformationModelGet",
        "StudyRootQueryRetrieveInformationModelMove",
        "ModalityWorklistInformationFind",
    } <= used


def test_the_receiver_accepts_nothing_else() -> None:
    accepted = {str(context.abstract_syntax) for context in receiver_contexts()}
    assert accepted == {str(uid) for uid in (*STORAGE_CLASSES, Verification, StorageCommitmentPushModel)}


def test_a_c_get_fits_into_one_association() -> None:
    assert len(retrieve_contexts()) + 1 <= LARGEST_CONTEXT_COUNT


@pytest.mark.parametrize(
    "status", [storing.SUCCESS, storing.OUT_OF_RESOURCES, storing.DATA_SET_DOES_NOT_MATCH, storing.CANNOT_UNDERSTAND]
)
def test_every_status_is_explained(status: int) -> None:
    assert f"`0x{status:04X}`" in PAGE


def test_the_limits_are_the_defaults() -> None:
    fields = ReceiverSettings.__dataclass_fields__
    assert fields["pdu_bytes"].default == 128 * 1024
    assert LARGEST_PDU_BYTES == 2**20
    assert f"At most {fields['largest_associations'].default} connections" in PAGE
    assert f"{fields['acse_timeout_s'].default:g} s for the request" in PAGE
    assert f"{fields['network_timeout_s'].default:g} s for each PDU" in PAGE
    assert f"`0x{commitment.NO_SUCH_OBJECT_INSTANCE:04X}`" in PAGE
