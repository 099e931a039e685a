"""Who is told when a case changes: a web address, by HTTP POST, without patient data.

In: the history's lines, in order. Out: one POST for each change of a wanted state: case, revision, state, time. The line
that was told last is kept in a file: a restart tells nothing twice and forgets nothing, an address that is away is
told later.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from service.files import write_text
from service.logs import Log
from service.rows import HistoryLine
from service.settings import Notification
from service.store import Store

_LOG = Log("notify")
_TIMEOUT_S = 10.0
_LINES_AT_ONCE = 200
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 300.0


@dataclass(slots=True)
class Teller:
    """Tells one address, one change after the other."""

    address: Notification
    store: Store
    folder: Path
    _due_at_s: float = field(default=0.0, init=False)
    _pause_s: float = field(default=_FIRST_PAUSE_S, init=False)

    def __post_init__(self) -> None:
        if not self._cursor.exists():
            self._remember(self.store.last_line())

    def tell_due(self, now_s: float) -> int:
        """Tell what is new; how many changes were heard."""
        if now_s < self._due_at_s:
            return 0
        heard = 0
        for line in self.store.history_after(int(self._cursor.read_text()), _LINES_AT_ONCE):
            if line.state in self.address.states:
                if not self._tell(line):
                    self._postpone(now_s)
                    return heard
                heard += 1
            self._remember(line.line)
        self._pause_s = _FIRST_PAUSE_S
        return heard

    @property
    def _cursor(self) -> Path:
        return self.folder / f"told-{hashlib.sha256(self.address.url.encode()).hexdigest()[:12]}.txt"

    def _remember(self, line: int) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_text(self._cursor, str(line))

    def _postpone(self, now_s: float) -> None:
        _LOG.warning("a notification was not heard", retry_in_s=self._pause_s)
        self._due_at_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)

    def _tell(self, line: HistoryLine) -> bool:
        body = {
            "line": line.line,
            "case": line.case_number,
            "state": str(line.state),
            "at": datetime.fromtimestamp(line.at_s, UTC).isoformat(timespec="seconds"),
        }
        headers = {"Content-Type": "application/json"}
        try:
            if self.address.authorization_file is not None:
                headers["Authorization"] = self.address.authorization_file.read_text().strip()
            request = urllib.request.Request(self.address.url, json.dumps(body).encode(), headers)  # noqa: S310 - the settings allow http and https alone
            with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - as above
                return bool(answer.status < 300)
        except (urllib.error.URLError, OSError, http.client.HTTPException):
            return False


def tellers(addresses: Sequence[Notification], store: Store, folder: Path) -> list[Teller]:
    """One for each address of the settings."""
    return [Teller(address, store, folder / "notified") for address in addresses]
