"""The PACS, reached: our settings in the words of ``dicom_io``, its answers in the outbox's.

In: a destination of the settings and files. Out: one ``Answer`` per file, sent by C-STORE or STOW, asked for by C-FIND,
QIDO or storage commitment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dicom_io import web
from dicom_io.association import Destination as Node
from dicom_io.commitment import reference_of, request_commitment
from dicom_io.scan import UNREADABLE
from dicom_io.send import SendResult, echo, send_files, verify
from service.nodes import node, web_server
from service.outbox import Answer
from service.settings import Destination, SendBy


@dataclass(frozen=True, slots=True)
class Sender:
    """Reaches destinations under our own AE title."""

    calling_ae_title: str
    answer_timeout_s: float = 60.0

    def send(self, destination: Destination, paths: Sequence[Path]) -> list[Answer]:
        """Send files."""
        if destination.send is SendBy.STOW:
            return list(map(_answer, web.store(self._web(destination), paths)))
        return list(map(_answer, send_files(paths, self._node(destination))))

    def confirm(self, destination: Destination, paths: Sequence[Path]) -> list[Answer]:
        """Ask whether files are there."""
        if destination.send is SendBy.STOW:
            return list(map(_answer, web.verify(self._web(destination), paths)))
        return list(map(_answer, verify(paths, self._node(destination))))

    def request_commitment(self, destination: Destination, transaction_uid: str, paths: Sequence[Path]) -> bool:
        """Ask for storage commitment; whether the request was taken on."""
        try:
            references = [reference_of(path) for path in paths]
        except UNREADABLE:
            return False
        return request_commitment(self._node(destination), transaction_uid, references)

    def _node(self, destination: Destination) -> Node:
        return replace(node(destination, self.calling_ae_title), answer_timeout_s=self.answer_timeout_s)

    def _web(self, destination: Destination) -> web.WebServer:
        return replace(web_server(destination), timeout_s=self.answer_timeout_s)


def echo_fault(destination: Destination, calling_ae_title: str) -> str:
    """Why a PACS does not answer C-ECHO, or the empty text."""
    return node_fault(node(destination, calling_ae_title))


def node_fault(reached: Node) -> str:
    """Why a node does not answer C-ECHO, or the empty text."""
    result = echo(reached)
    return "" if result.outcome.is_success else result.words


def _answer(result: SendResult) -> Answer:
    if result.outcome.is_success:
        return Answer("", is_final=True)
    return Answer(result.words, is_final=not result.outcome.is_worth_trying_again)
