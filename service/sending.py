"""The PACS, reached: our settings in the words of ``dicom_io.send``, its answers in the outbox's.

In: a destination of the settings and files. Out: one ``Answer`` per file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from dicom_io.association import Destination as Node
from dicom_io.send import SendResult, echo, send_files
from service.nodes import node
from service.outbox import Answer, Send
from service.settings import Destination


def sender(calling_ae_title: str) -> Send:
    """Sends files under our own AE title."""

    def send(destination: Destination, paths: Sequence[Path]) -> list[Answer]:
        return [_answer(result) for result in send_files(paths, node(destination, calling_ae_title))]

    return send


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
