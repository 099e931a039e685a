"""A password asked at the door and under a signature: slowed down alike.

In: a name, where from, a password, the time. Out: the user, or nobody.
"""

from __future__ import annotations

import asyncio

from service.viewing.people import Guesses, User, UsersFile


class Passwords:
    """One count of wrong tries for every place that asks."""

    def __init__(self, users: UsersFile) -> None:
        self._users, self._guesses = users, Guesses()

    def is_open(self, name: str, address: str, now_s: float) -> bool:
        """Whether another try is allowed."""
        return self._guesses.is_open(now_s, f"name {name}", f"address {address}")

    async def check(self, name: str, address: str, password: str, now_s: float) -> User | None:
        """The user, where the password is right; a wrong one is remembered."""
        user = await asyncio.to_thread(self._users.check, name, password)
        if user is None:
            self._guesses.failed(now_s, f"name {name}", f"address {address}")
        return user
