"""The database itself: schema, migrations with data in them, a newer schema, and a database that is away."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from fastapi.testclient import TestClient
from sqlalchemy import Column, MetaData, Table, inspect, make_url, select, text

from suggest.api import create_app
from suggest.desk import Desk
from suggest.domain import InputError, NewerSchema, StoreUnavailable
from suggest.feedback import Feedback
from suggest.settings import Settings
from suggest.store import engine
from suggest.store.columns import metadata
from suggest.store.engine import Database
from suggest.store.schema import LOCK, MIGRATIONS, upgrade
from suggest.store.store import Store, open_store
from tests.conftest import DATABASES
from tests.databases import SERVER, database, postgres_database, postgres_missing
from tests.fakes import PATIENCE, Clock, a_review, a_service, a_suggester, tell
from tests.usedesk_fakes import until

REVISIONS = [script.revision for script in reversed(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions()))]


@pytest.fixture(params=DATABASES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database with no schema."""
    if request.param == "postgresql" and (missing := postgres_missing()):
        pytest.skip(missing)
    with database(request.param, tmp_path) as url:
        yield url


@pytest.fixture
def postgres() -> None:
    if missing := postgres_missing():
        pytest.skip(missing)


def filled(store: Store, clock: Clock, prefix: str = "") -> Desk:
    """Suggestions of every status, revised, edited and overruled; a user of the console, signed in."""
    desk = Desk(a_suggester(clock), store.suggestions, store.records)
    changes = [{}, {"text": "Здравствуйте"}, {"rating": 5, "text": "!"}, {"text": "Верните деньги"}]
    for number, more in enumerate(changes):
        made = desk.receive(a_review(id=f"{prefix}{number}", **more))
        desk.feedback(made.id, Feedback(outcome="edited", revision=1, text="Здравствуйте, мы разберёмся."))
        desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="refund", agent="7"))
    user = store.accounts.add(f"Вера {prefix}", "lead", "a hash")
    store.accounts.begin(user, f"a digest {prefix}")
    store.audit.write("exported", user.name, format="csv")
    return desk


DROPPED = {"since": "created_at"}
"""Columns of older schemas that are no more, and what is like what stood in them."""


def copied(source: Database, target: Database) -> list[Table]:
    """The rows of one database put into another of an older schema; the tables that it has."""
    found = inspect(target.engine)
    tables = [table for table in metadata.sorted_tables if found.has_table(table.name)]
    with source.reading() as connection, target.engine.connect() as plain:
        for table in tables:
            names = [column["name"] for column in found.get_columns(table.name) if "computed" not in column]
            columns = [table.c[name] for name in names if name in table.c]
            gone = [name for name in names if name not in table.c]
            rows = [dict(row) for row in connection.execute(select(*columns)).mappings()]
            if rows:
                there = Table(table.name, MetaData(), *(Column(column.name, column.type) for column in columns))
                for name in gone:
                    there.append_column(Column(name, table.c[DROPPED[name]].type))
                plain.execute(there.insert(), [row | {name: row[DROPPED[name]] for name in gone} for row in rows])
            if rows and "id" in table.c and not target.sqlite and table.name != "suggestions":
                plain.execute(text(f"SELECT setval('{table.name}_id_seq', (SELECT max(id) FROM {table.name}))"))
        plain.commit()
    return tables


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_a_migration_keeps_the_data(empty: str, clock: Clock, tmp_path: Path, revision: str) -> None:
    source = open_store(f"sqlite:///{tmp_path / 'source.db'}", clock)
    filled(source, clock)
    old = Database(empty)
    upgrade(old.engine, revision)
    tables = copied(source.database, old)
    old.dispose()
    upgraded = open_store(empty, clock)
    with source.database.reading() as before, upgraded.database.reading() as after:
        for table in tables:
            kept = select(*(column for column in table.c if column.server_default is None))
            assert set(before.execute(kept)) == set(after.execute(kept))
    made = filled(upgraded, clock, "new").receive(a_review(id="0"))
    assert (made.revision, made.match and made.match.scenario) == (2, "refund")
    source.close()
    upgraded.close()


def test_the_migrations_make_the_tables_of_the_program(empty: str) -> None:
    made = Database(empty)
    made.prepare()
    with made.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
        assert [found for found in differences if getattr(found[1], "name", "") != "texts_words"] == []
        indexes = {index["name"] for table in metadata.tables for index in inspect(connection).get_indexes(table)}
    assert ("texts_words" in indexes) is not made.sqlite
    made.dispose()


def test_replicas_may_start_together(empty: str) -> None:
    replicas = [Database(empty) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(Database.prepare, replicas))
    for replica in replicas:
        replica.dispose()


def test_a_replica_waits_for_the_one_that_migrates_as_long_as_that_takes(postgres: None) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    with postgres_database() as url, ThreadPoolExecutor(1) as pool:
        migrating = Database(url)
        replica = Database(f"{url}&options=-c%20lock_timeout%3D50")
        with migrating.engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
            prepared = pool.submit(replica.prepare)
            assert until(lambda: connection.scalar(waiting) == 1 or prepared.done())
            time.sleep(0.2)
        prepared.result(PATIENCE)
        with replica.reading() as connection:
            assert connection.scalar(text("SHOW lock_timeout")) == "50ms"
        migrating.dispose()
        replica.dispose()


def test_a_newer_schema_is_refused(empty: str) -> None:
    store = open_store(empty)
    with store.database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    with pytest.raises(NewerSchema, match="9999"):
        open_store(empty)


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://x/y", "sqlite://", "sqlite:///:memory:", "postgresql", "http://example.com"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="SUGGEST_DATABASE_URL"):
        Database(url)


def test_the_settings_show_no_password(tmp_path: Path) -> None:
    url = "postgresql://user:geheim@host/name"
    shown = Settings.read({"SUGGEST_DATABASE_URL": url}).shown()["database_url"]
    assert shown == "postgresql://user:***@host/name"
    assert Settings.read({"SUGGEST_CACHE": str(tmp_path)}).database == f"sqlite:///{tmp_path}/suggest.db"


@contextmanager
def renamed(server: psycopg.Connection, url: str) -> Iterator[None]:
    """While this lasts nobody finds the database."""
    name = make_url(url).database
    server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
    server.execute(f'ALTER DATABASE "{name}" RENAME TO "{name}_away"')
    try:
        yield
    finally:
        server.execute(f'ALTER DATABASE "{name}_away" RENAME TO "{name}"')


def found(store: Store) -> bool:
    """Whether the database answers again."""
    try:
        return store.suggestions.get("x") is None
    except StoreUnavailable:
        return False


def test_while_the_database_is_away_suggestions_come_and_feedback_is_refused(postgres: None, clock: Clock) -> None:
    body = a_review().model_dump(mode="json")
    with postgres_database() as url, psycopg.connect(SERVER, autocommit=True) as server:
        store = open_store(url, clock)
        client = TestClient(create_app(a_service(store, clock)))
        made = client.post("/v1/suggestions", json=body).json()
        phrase = made["segments"][0]["phrase_id"]
        store.phrases.withdraw(phrase, "lead")
        assert next(row for row in client.get("/v1/phrases").json() if row["id"] == phrase)["status"] == "retired"
        with renamed(server, url):
            away = client.post("/v1/suggestions", json=body)
            assert away.status_code == 200
            assert "unsaved" in [reason["code"] for reason in away.json()["triage"]["reasons"]]
            assert f'"{phrase}"' not in away.text
            refused = tell(client, made, "copied")
            assert (refused.status_code, refused.json()["title"]) == (503, "Store unavailable")
            assert client.get(f"/v1/suggestions/{made['id']}").status_code == 503
            assert client.get("/v1/register").status_code == 503
            assert client.get("/v1/phrases").status_code == 200
        assert until(lambda: client.post("/v1/suggestions", json=body).json()["revision"] == 2)
        made = client.post("/v1/suggestions", json=body).json()
        assert (made["revision"], tell(client, made, "copied").status_code) == (2, 200)
        store.close()


def test_a_service_starts_without_its_database_and_finds_it_later(postgres: None, clock: Clock) -> None:
    with postgres_database() as url, psycopg.connect(SERVER, autocommit=True) as server:
        with renamed(server, url):
            with pytest.raises(StoreUnavailable):
                open_store(url, clock)
            store = open_store(url, clock, needed=False)
            with pytest.raises(StoreUnavailable):
                store.suggestions.get("x")
        assert until(lambda: found(store))
        assert store.suggestions.get("x") is None
        store.close()


def test_a_locked_sqlite_is_away(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PRAGMAS", ("busy_timeout = 50",))
    with database("sqlite", tmp_path) as url:
        store = open_store(url, clock)
        other = sqlite3.connect(tmp_path / "suggest.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        desk = Desk(a_suggester(clock), store.suggestions, store.records)
        assert "unsaved" in [reason.code for reason in desk.receive(a_review()).triage.reasons]
        with pytest.raises(StoreUnavailable):
            store.suggestions.put(a_suggester(clock).suggest(a_review()))
        other.execute("ROLLBACK")
        other.close()
        assert desk.receive(a_review()).triage.reasons == a_suggester(clock).suggest(a_review()).triage.reasons
        store.close()
