"""Fixtures that several test files share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings
from sqlalchemy import delete

from suggest.store import engine
from suggest.store.columns import metadata
from suggest.store.engine import Database
from suggest.store.store import Store, store_over
from tests.databases import database, postgres_missing
from tests.fakes import PATIENCE, Clock

DATABASES = ("sqlite", "postgresql")

# A busy machine may stop any thread for seconds: no example is too slow, and a writer waits longer than a service may.
settings.register_profile("patient", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("patient")
engine.PRAGMAS = (*engine.PRAGMAS, f"busy_timeout = {PATIENCE * 1000:.0f}")
engine.BUSY_SECONDS = PATIENCE


@pytest.fixture(scope="session", params=DATABASES)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a database of each kind, made for this run and dropped after it."""
    if request.param == "postgresql" and (missing := postgres_missing()):
        pytest.skip(missing)
    with database(request.param, tmp_path_factory.mktemp("store")) as url:
        yield url


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still until it is moved."""
    return Clock()


@pytest.fixture(scope="session")
def opened(database_url: str) -> Iterator[Database]:
    """The database with its schema, its connections kept for the run."""
    found = Database(database_url)
    found.prepare()
    yield found
    found.dispose()


@pytest.fixture
def store(opened: Database, clock: Clock) -> Store:
    """A store with nothing in it, on each kind of database."""
    with opened.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    return store_over(opened, clock)
