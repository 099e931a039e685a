"""Messages put together from the fragments of PDUs: images straight to the disk, everything else by pynetdicom.

In: presentation data values (PS3.8 9.3.5.1) of one association. Out: C-STORE requests answered at once, by the thread that
reads them; other messages in pynetdicom's queue. No message may be larger than told, nor may more wait than told.
"""

from __future__ import annotations

from typing import Any

from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.pdu_primitives import P_DATA

from dicom_io.store_message import LONGEST_RESPONSE_BYTES, StoreCommand, store_command, store_response
from dicom_io.storing import Incoming, StoreRequest, Storing
from dicom_io.upper_layer import Pace, Telling

_LARGEST_QUEUE = 8
"""Requests waiting for an answer; a peer without an asynchronous window sends one at a time (PS3.7 D.3.3.3)."""

_LARGEST_COMMAND_BYTES = 2**16
"""A command set has a dozen short elements; with lists of attributes, a few kB."""

_IS_COMMAND, _IS_LAST = 1, 2
"""Bits of the message control header (PS3.8 E.2)."""


class Messages(DIMSEServiceProvider):  # type: ignore[misc]
    """What one association says, message by message."""

    def __init__(self, association: Any, storing: Storing, largest_bytes: int, pace: Pace) -> None:  # noqa: ANN401
        super().__init__(association)
        self.msg_queue = Telling(pace)
        self._storing = storing
        self._largest_bytes = largest_bytes
        self._command = bytearray()
        self._image: tuple[int, StoreCommand, Incoming] | None = None

    def take(self, context_id: int, control: int, content: memoryview) -> None:
        """One fragment; ``content`` may be overwritten afterwards."""
        if not control & _IS_COMMAND and self._image is not None:
            self._add(content, is_last=bool(control & _IS_LAST))
        elif control & _IS_COMMAND and self._image is None and self.message is None:
            self._hear(context_id, control, content)
        else:
            self._leave(context_id, control, content)

    def drop(self) -> None:
        """The association has ended: nothing of a message that is not whole stays."""
        if self._image is not None:
            self._image[2].drop()
            self._image = None

    def receive_primitive(self, primitive: Any) -> None:  # noqa: ANN401
        """One P-DATA indication; what cannot be understood is raised to the upper layer, which ends this association alone."""
        if self._is_too_much(primitive):
            self.dul.socket.close()
        else:
            super().receive_primitive(primitive)

    def _hear(self, context_id: int, control: int, content: memoryview) -> None:
        self._command += content
        if len(self._command) > _LARGEST_COMMAND_BYTES:
            self.dul.event_queue.put("Evt19")
        elif control & _IS_LAST:
            whole, self._command = bytes(self._command), bytearray()
            self._image = self._image_of(context_id, whole)
            if self._image is None:
                self._leave(context_id, control, memoryview(whole))

    def _image_of(self, context_id: int, command: bytes) -> tuple[int, StoreCommand, Incoming] | None:
        """Where the data set of a plain C-STORE request goes; None leaves the message to pynetdicom."""
        told = store_command(command)
        context = self.assoc._accepted_cx.get(context_id)  # noqa: SLF001
        largest_pdu = self.maximum_pdu_size
        if told is None or context is None or not self.assoc.is_established:
            return None
        if context.abstract_syntax != told.sop_class_uid or 0 < largest_pdu < LONGEST_RESPONSE_BYTES:
            return None
        sender = str(self.assoc.requestor.ae_title).strip()
        request = StoreRequest(told.sop_class_uid, told.sop_uid, str(context.transfer_syntax[0]), sender)
        return context_id, told, Incoming(self._storing, request)

    def _add(self, content: memoryview, *, is_last: bool) -> None:
        if self._image is None:
            return
        context_id, told, incoming = self._image
        if incoming.size_bytes + len(content) > self._largest_bytes:
            self.dul.socket.close()
            return
        incoming.add(content)
        if is_last:
            self._image = None
            self.dul.socket.send(store_response(context_id, told, incoming.finish()))

    def _leave(self, context_id: int, control: int, content: memoryview) -> None:
        """To pynetdicom's own way: commands but C-STORE, their data sets, and what is out of order."""
        primitive = P_DATA()
        primitive.presentation_data_value_list = [[context_id, bytes((control,)) + content]]
        self.receive_primitive(primitive)

    def _is_too_much(self, primitive: Any) -> bool:  # noqa: ANN401
        held = 0
        if self.message is not None:
            held = self.message.data_set.tell() + self.message.encoded_command_set.tell()
        coming = sum(len(content) for _, content in primitive.presentation_data_value_list)
        return held + coming > self._largest_bytes or self.msg_queue.qsize() > _LARGEST_QUEUE
