"""A database of every earlier schema becomes today's without losing a row; a copy can be put back."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import inspect

from service.database import OtherSchemaError, open_engine
from service.errors import SettingsError
from service.migrations import FIRST, NEWEST, schema_of
from service.rows import Base, CaseState, ExportState
from service.settings import Settings
from service.store import NewInstance, Store, address_of
from service.upkeep import UpkeepError, backup_database, owned, restore_database, upgrade_database
from tests.servers import run

SCHEMAS = Path(__file__).parent / "schemas"


@pytest.fixture
def settings(tmp_path):
    return Settings.model_validate({"storage": {"folder": tmp_path / "storage"}})


def old_database(settings: Settings, schema: int) -> Path:
    file = address_of(settings)
    file.parent.mkdir()
    with closing(sqlite3.connect(file)) as made:
        made.executescript((SCHEMAS / f"{schema}.sql").read_text())
    return file


def columns(engine) -> dict[str, set[str]]:
    found = inspect(engine)
    return {table: {one["name"] for one in found.get_columns(table)} for table in Base.metadata.tables}


@pytest.mark.parametrize("schema", range(FIRST, NEWEST))
def test_an_earlier_database_is_refused_until_it_is_upgraded_and_loses_no_row(settings, schema):
    file = old_database(settings, schema)
    with pytest.raises(OtherSchemaError, match="needleplan database upgrade"):
        Store(file)
    assert len(upgrade_database(settings)) == NEWEST - schema
    store = Store(file)
    (case,) = store.cases()
    assert (case.state, case.reason, case.priority, case.tries) == (CaseState.PLANNED, "3 paths", 0, 0)
    assert [(one.state, one.attempts) for one in store.exports(1)] == [(ExportState.PENDING, 2)]
    assert len(store.history(1)) == 2
    assert store.add_instance(NewInstance("1.2.2", "1.2", "1", "/2.dcm", "cd", "CT1"), 50.0).revision == 2
    store.close()


@pytest.mark.parametrize("schema", range(FIRST, NEWEST))
def test_an_upgraded_database_has_the_columns_of_a_new_one(settings, schema, tmp_path):
    upgraded = open_engine(old_database(settings, schema))
    upgrade_database(settings)
    new = Store(tmp_path / "new.db")
    assert columns(upgraded) == columns(new.engine)
    new.close()
    upgraded.dispose()


def test_the_database_before_an_upgrade_lies_beside_it(settings):
    file = old_database(settings, 1)
    upgrade_database(settings)
    before = open_engine(file.with_name(f"{file.name}.schema-1"))
    assert schema_of(before) == 1
    before.dispose()


def test_an_upgrade_twice_does_nothing_the_second_time(settings):
    old_database(settings, 1)
    upgrade_database(settings)
    assert upgrade_database(settings) == []


def test_a_newer_database_is_refused(settings):
    file = old_database(settings, 1)
    upgrade_database(settings)
    with closing(sqlite3.connect(file)) as opened, opened:
        opened.execute("UPDATE schema_version SET number = 99")
    with pytest.raises(OtherSchemaError, match="install that version"):
        Store(file)
    with pytest.raises(UpkeepError, match="99"):
        upgrade_database(settings)


def test_a_backup_of_a_running_service_is_whole_and_can_be_put_back(settings, tmp_path):
    store = Store(address_of(settings))
    store.add_instance(NewInstance("1.2.1", "1.2", "1", "/1.dcm", "ab", "CT1"), 10.0)
    backup_database(settings, tmp_path / "backup.db")
    store.move(1, CaseState.FAILED, "after the backup", 20.0)
    store.close()
    restore_database(settings, tmp_path / "backup.db")
    again = Store(address_of(settings))
    assert again.case(1).state is CaseState.RECEIVING
    again.close()
    replaced = Store(next(address_of(settings).parent.glob("*.replaced-*")))
    assert replaced.case(1).reason == "after the backup"
    replaced.close()


def test_what_is_no_backup_changes_nothing(settings, tmp_path):
    Store(address_of(settings)).close()
    (tmp_path / "no.db").write_bytes(b"no database")
    with pytest.raises(UpkeepError, match="nothing was changed"):
        restore_database(settings, tmp_path / "no.db")


def test_nothing_is_put_back_under_a_running_service(settings, tmp_path):
    Store(address_of(settings)).close()
    backup_database(settings, tmp_path / "backup.db")
    with owned(settings.storage.folder), pytest.raises(SettingsError, match="stop it"):
        restore_database(settings, tmp_path / "backup.db")


@pytest.mark.servers
def test_postgresql_has_the_same_tables(postgresql, tmp_path):
    there, here = Store(postgresql), Store(tmp_path / "rows.db")
    assert columns(there.engine) == columns(here.engine)
    there.close()
    here.close()


@pytest.mark.servers
def test_postgresql_of_the_last_schema_is_upgraded_and_loses_no_row(postgresql, tmp_path):
    store = Store(postgresql)
    store.add_instance(NewInstance("1.2.1", "1.2", "1", "/1.dcm", "ab", "CT1"), 10.0)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE cases DROP COLUMN volume")
        connection.exec_driver_sql("UPDATE schema_version SET number = 3")
    store.close()
    with pytest.raises(OtherSchemaError, match="needleplan database upgrade"):
        Store(postgresql)
    told = {"storage": {"folder": tmp_path / "storage"}, "database": {"address": postgresql}}
    assert upgrade_database(Settings.model_validate(told))[0] == "4: volumes chosen by hand"
    again = Store(postgresql)
    assert (again.case(1).series_instance_uid, again.case(1).volume) == ("1.2", "")
    again.close()


@pytest.mark.servers
def test_postgresql_is_dumped_and_restored_by_its_own_tools_as_documented(postgresql, tmp_path):
    store = Store(postgresql)
    store.add_instance(NewInstance("1.2.1", "1.2", "1", "/1.dcm", "ab", "CT1"), 10.0)
    dumped = run("pg_dump", "--format=custom", "--file", tmp_path / "rows.dump", postgresql)
    assert dumped.returncode == 0, dumped.stderr
    store.move(1, CaseState.FAILED, "after the backup", 20.0)
    store.add_instance(NewInstance("1.3.1", "1.3", "1", "/2.dcm", "cd", "CT1"), 30.0)
    store.close()
    restored = run("pg_restore", "--clean", "--dbname", postgresql, tmp_path / "rows.dump")
    assert restored.returncode == 0, restored.stderr
    again = Store(postgresql)
    assert [(case.number, case.state) for case in again.cases()] == [(1, CaseState.RECEIVING)]
    assert again.add_instance(NewInstance("1.4.1", "1.4", "1", "/3.dcm", "ef", "CT1"), 40.0).number == 2
    again.close()
