"""C-STORE by hand says what pynetdicom and DCMTK say; what is not plainly one is left to them."""

from io import BytesIO

import pytest
from pynetdicom.dimse_messages import C_STORE_RSP
from pynetdicom.pdu import P_DATA_TF

from dicom_io.store_message import LONGEST_RESPONSE_BYTES, StoreCommand, store_command, store_response
from tests.dicom_io import hostile

COMMAND = StoreCommand(1, hostile.CT.decode(), "1.2.3")


def test_a_request_is_read() -> None:
    assert store_command(hostile.store_command(b"1.2.3")) == COMMAND


@pytest.mark.parametrize("status", [0x0000, 0xA700, 0xC000])
@pytest.mark.parametrize("uid", ["1.2.3", "1." + "2" * 62])
def test_a_response_is_what_pynetdicom_understands(status: int, uid: str) -> None:
    encoded = store_response(5, StoreCommand(7, hostile.CT.decode(), uid), status)
    assert len(encoded) <= LONGEST_RESPONSE_BYTES
    pdu, message = P_DATA_TF(), C_STORE_RSP()
    pdu.decode(encoded)
    assert message.decode_msg(pdu.to_primitive())
    answer = message.message_to_primitive()
    assert (answer.MessageIDBeingRespondedTo, answer.Status, answer.AffectedSOPInstanceUID) == (7, status, uid)
    assert message.context_id == 5
    assert isinstance(message.encoded_command_set, BytesIO)


@pytest.mark.parametrize(
    "command",
    [
        b"",
        hostile.store_command(b"1.2.3")[:-3],
        hostile.store_command(b"../1"),
        hostile.element(8, 0x18, b"1.2.3"),
        hostile.command(hostile.element(0, 0x100, b"\x30\x00")),
        hostile.store_command(b"1.2.3").replace(
            hostile.element(0, 0x800, b"\x01\x00"), hostile.element(0, 0x800, b"\x01\x01")
        ),
    ],
    ids=["nothing", "cut short", "no UID", "another group", "an echo", "no data set"],
)
def test_what_is_not_plainly_one_is_left(command: bytes) -> None:
    assert store_command(command) is None
