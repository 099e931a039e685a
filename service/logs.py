"""Logs: one JSON object per line on stderr, with facts as keys and no patient data.

In: an event's name and its facts. Out: lines that a log collector reads. Third-party libraries that log what is in
the images or queries are kept quiet.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from typing import TextIO

_TALKATIVE = ("pynetdicom", "pydicom", "highdicom", "sqlalchemy")
"""pynetdicom logs query identifiers and peers' data sets; these libraries may log values."""


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        facts = getattr(record, "facts", {})
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        line = {"at": f"{stamp}Z", "level": record.levelname.lower(), "event": record.getMessage(), **facts}
        if record.exc_info and record.exc_info[0] is not None:
            line["error"] = record.exc_info[0].__name__  # the kind only: a text may hold patient data
        return json.dumps(line)


class Log:
    """Writes events with facts."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(f"needleplan.{name}")

    def info(self, event: str, **facts: str | float) -> None:
        """Something happened as it should."""
        self._logger.info(event, extra={"facts": facts})

    def warning(self, event: str, **facts: str | float) -> None:
        """Something a person may want to look at."""
        self._logger.warning(event, extra={"facts": facts})

    def error(self, event: str, **facts: str | float) -> None:
        """Something a person must look at; within ``except``, the error's kind is added."""
        self._logger.error(event, extra={"facts": facts}, exc_info=sys.exc_info()[0] is not None)


def start_logging(stream: TextIO) -> None:
    """Send our events to ``stream`` and silence libraries that log data."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_JsonLines())
    root = logging.getLogger("needleplan")
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    root.propagate = False
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.CRITICAL)
