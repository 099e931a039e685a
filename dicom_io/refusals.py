"""Why an instance is not taken: C-STORE statuses, and the exception that carries one.

Statuses of PS3.4 B.2.3. No reason holds patient data.
"""

from __future__ import annotations

SUCCESS = 0x0000
OUT_OF_RESOURCES = 0xA700
DATA_SET_DOES_NOT_MATCH = 0xA900
CANNOT_UNDERSTAND = 0xC000


class RefusalError(Exception):
    """Ends the handling of one instance with a status."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
