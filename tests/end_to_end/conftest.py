"""What every test of the page starts from: the phantom's kept case, a department's users, one visit in a browser."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.viewing.keeping import KeptCase
from service.viewing.people import UsersFile
from service.viewing.roles import Role
from tests.end_to_end.browsing import PASSWORD, Visit, phantom_case, visiting


@pytest.fixture(scope="session")
def case() -> KeptCase:
    """The phantom, planned by closed-form truth; read only."""
    return phantom_case()


@pytest.fixture
def users(tmp_path: Path) -> UsersFile:
    """Ada may plan, Vera may look."""
    file = UsersFile(tmp_path / "users.json")
    file.put("ada", Role.PLANNER, PASSWORD)
    file.put("vera", Role.VIEWER, PASSWORD)
    return file


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Visit]:
    """A browser that nobody has logged in to yet."""
    with visiting(tmp_path) as one:
        yield one
