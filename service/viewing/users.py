"""Where the department's users lie, and adding one; the web parts are an extra, so that ``plan`` works without them.

In: settings, a name, a role, a password. Out: the users file changed.
"""

from __future__ import annotations

from pathlib import Path

from service.errors import MissingPartError
from service.settings import Settings
from service.viewing.roles import Role

USERS_FILE = "users.json"
INSTALL = "pip install 'needleplan[viewer]'"


def users_path(storage: Path) -> Path:
    """In the storage folder, which only the service may read."""
    return storage / USERS_FILE


def put_user(settings: Settings, name: str, role: Role, password: str, person: str = "") -> None:
    """Add or change one user; ``person`` is the name under a plan, ``Family^Given``."""
    try:
        from service.viewing.people import UsersFile  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingPartError(f"the package {error.name}", "logging in", INSTALL) from error
    folder = settings.storage.folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    UsersFile(users_path(folder)).put(name, role, password, person)
