"""A PACS that misbehaves on purpose: a real DICOM node (pynetdicom) that answers each C-STORE as a test says.

It keeps what it answers with success unless it lies, answers C-FIND from what it keeps, and takes storage commitments.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from pydicom.dataset import Dataset
from pynetdicom import AE, AllStoragePresentationContexts, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, StudyRootQueryRetrieveInformationModelFind

from service.settings import Destination
from tests.servers import a_free_port

Event: TypeAlias = Any
"""pynetdicom's event; the library brings no types."""

REFUSE, NO_ROOM, NONSENSE = 0x0122, 0xA700, 0x1234


def abort(event: Event) -> int:
    """End the association in the middle of a C-STORE."""
    event.assoc.abort()
    return NO_ROOM


def late(seconds: float) -> Callable[[Event], int]:
    """Keep the object and answer after the sender has given up."""

    def answer(_: Event) -> int:
        time.sleep(seconds)
        return 0x0000

    return answer


def lie(_: Event) -> int:
    """Answer success and keep nothing."""
    return -1


@dataclass
class HostilePacs:
    """Its next answers, then success; what it keeps, by SOP Instance UID, with how often it was sent."""

    port: int
    answers: list[int | Callable[[Event], int]] = field(default_factory=list)
    always: int | Callable[[Event], int] | None = None
    kept: dict[str, int] = field(default_factory=dict)
    asked: list[Dataset] = field(default_factory=list)
    takes_commitment: bool = True
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def destination(self, **more: object) -> Destination:
        return Destination(name="pacs", ae_title="HOSTILE", host="127.0.0.1", port=self.port, **more)

    def store(self, event: Event) -> int:
        with self._guard:
            answer = self.always if self.always is not None else self.answers.pop(0) if self.answers else 0x0000
        status = answer(event) if callable(answer) else answer
        if status == 0x0000:
            uid = str(event.request.AffectedSOPInstanceUID)
            with self._guard:
                self.kept[uid] = self.kept.get(uid, 0) + 1
        return max(status, 0x0000)

    def find(self, event: Event) -> Iterator[tuple[int, Dataset]]:
        uid = str(event.identifier.SOPInstanceUID)
        if uid in self.kept:
            found = Dataset()
            found.QueryRetrieveLevel = "IMAGE"
            found.SOPInstanceUID = uid
            yield 0xFF00, found

    def commit(self, event: Event) -> tuple[int, None]:
        self.asked.append(event.action_information)
        return (0x0000 if self.takes_commitment else 0x0110), None


@contextmanager
def hostile_pacs(port: int = 0) -> Iterator[HostilePacs]:
    """A peer on loopback until the block ends."""
    pacs = HostilePacs(port or a_free_port())
    entity = AE(ae_title="HOSTILE")
    entity.maximum_associations = 20
    entity.supported_contexts = AllStoragePresentationContexts
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    entity.add_supported_context(StorageCommitmentPushModel)
    handlers = [(evt.EVT_C_STORE, pacs.store), (evt.EVT_C_FIND, pacs.find), (evt.EVT_N_ACTION, pacs.commit)]
    server = entity.start_server(("127.0.0.1", pacs.port), block=False, evt_handlers=handlers)
    try:
        yield pacs
    finally:
        server.shutdown()
