"""Who may open cases: names, roles and argon2 hashes in one file; logins that end; guesses that are slowed down.

In: a users file, a name and a password, the time. Out: a ``Login`` with its own cookie and form token, or nothing. Passwords are
never kept or logged.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from service.errors import RequestError, SettingsError
from service.files import write_text
from service.viewing.roles import Role

SHORTEST_PASSWORD = 12
"""BSI and NIST SP 800-63B ask for at least 8; 12 where a password is the only factor (assumed)."""

GUESSES, GUESSES_WITHIN_S = 5, 300.0
"""Failed logins for one name or one address before the next is refused."""

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_hex(16))
"""Checked for names that do not exist, so that both answers take as long."""


@dataclass(frozen=True, slots=True)
class User:
    """One line of the users file."""

    name: str
    role: Role
    password_hash: str
    person: str = ""
    """Name in the DICOM way, ``Family^Given``: as it stands under a plan; empty: the login name stands there."""

    @property
    def signs_as(self) -> str:
        """Verifying Observer Name (0040,A075)."""
        return self.person or self.name


@dataclass(frozen=True, slots=True)
class Login:
    """One browser that logged in. ``key`` is the cookie, ``form_token`` goes into every form (CSRF)."""

    key: str
    form_token: str
    name: str
    role: Role
    seen_at_s: float
    person: str = field(default="", repr=False)
    """Who would stand under a plan; empty where no password was given."""


class UsersFile:
    """``users.json``: read at every login, so that a removed user is out at once."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def users(self) -> dict[str, User]:
        """By name; empty where there is no file."""
        if not self._path.is_file():
            return {}
        try:
            rows = json.loads(self._path.read_text(encoding="utf-8"))
            return {row["name"]: User(**{**row, "role": Role(row["role"])}) for row in rows}
        except (ValueError, TypeError, KeyError) as error:
            raise SettingsError("the users file cannot be read; write it with: needleplan user") from error

    def put(self, name: str, role: Role, password: str, person: str = "") -> None:
        """Add or change one user."""
        if len(password) < SHORTEST_PASSWORD:
            raise RequestError(f"the password has {len(password)} characters; give at least {SHORTEST_PASSWORD}")
        users = self.users() | {name: User(name, role, _HASHER.hash(password), person)}
        write_text(self._path, json.dumps([asdict(user) for user in users.values()], indent=1) + "\n")
        self._path.chmod(0o600)

    def check(self, name: str, password: str) -> User | None:
        """The user, where the password is right."""
        user = self.users().get(name)
        try:
            _HASHER.verify(user.password_hash if user else _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return None
        return user


class Guesses:
    """Counts failed logins; too many within ``GUESSES_WITHIN_S`` close the door for a while."""

    def __init__(self) -> None:
        self._failed_at_s: dict[str, list[float]] = {}

    def is_open(self, now_s: float, *keys: str) -> bool:
        """Whether another try is allowed."""
        return all(len(self._recent(key, now_s)) < GUESSES for key in keys)

    def failed(self, now_s: float, *keys: str) -> None:
        """Remember a wrong password."""
        for key in keys:
            self._failed_at_s[key] = [*self._recent(key, now_s), now_s]

    def _recent(self, key: str, now_s: float) -> list[float]:
        return [at for at in self._failed_at_s.get(key, []) if now_s - at < GUESSES_WITHIN_S]


class Logins:
    """Everybody who is logged in; forgotten after ``idle_s`` without a touch."""

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._logins: dict[str, Login] = {}

    def start(self, name: str, role: Role, now_s: float, person: str = "") -> Login:
        """A new login, its key unguessable."""
        login = Login(secrets.token_hex(32), secrets.token_hex(32), name, role, now_s, person)
        self._logins[login.key] = login
        return login

    def find(self, key: str, now_s: float) -> Login | None:
        """The login of a cookie, where it is not idle for too long; a look is a touch."""
        login = self._logins.get(key)
        if login is None or now_s - login.seen_at_s > self._idle_s:
            self._logins.pop(key, None)
            return None
        self._logins[key] = replace(login, seen_at_s=now_s)
        return login

    def is_idle(self, key: str, now_s: float) -> bool:
        """Whether a login has ended; asking is no touch."""
        login = self._logins.get(key)
        return login is None or now_s - login.seen_at_s > self._idle_s

    def name(self, key: str) -> str:
        """Whose login it is; empty where it ended."""
        login = self._logins.get(key)
        return "" if login is None else login.name

    def end(self, key: str) -> None:
        """Log out."""
        self._logins.pop(key, None)
