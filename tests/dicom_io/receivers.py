"""A receiver on a free port with an inbox that remembers, and DCMTK's storescu to send to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dicom_io.receive import Received, Receiver, ReceiverSettings, Refused
from tests.servers import run


class Inbox:
    """What the receiver told."""

    def __init__(self) -> None:
        self.stored: list[Received] = []
        self.refused: list[Refused] = []

    @property
    def reasons(self) -> list[str]:
        """Why each was refused."""
        return [one.reason for one in self.refused]


@contextmanager
def listening(folder: Path, inbox: Inbox, **settings: object) -> Iterator[Receiver]:
    """A receiver for senders called SCANNER, on a free port."""
    wanted = {"ae_title": "NEEDLEPLAN", "calling_ae_titles": frozenset({"SCANNER"}), "folder": folder, "port": 0}
    with Receiver(ReceiverSettings(**{**wanted, **settings}), inbox.stored.append, inbox.refused.append) as receiver:
        yield receiver


def send(port: int, *what: object, called: str = "NEEDLEPLAN", calling: str = "SCANNER", options: tuple[str, ...] = ()):
    """DCMTK's storescu."""
    return run("storescu", *options, "-aec", called, "-aet", calling, "127.0.0.1", port, *what)
