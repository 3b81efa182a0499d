"""Databases for tests: SQLite files, and PostgreSQL databases that each test run makes and drops."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.fakes import PATIENCE

SERVER = os.environ.get("SUGGEST_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
"""A server on which the tests may make databases of their own."""


def postgres_missing() -> str | None:
    """Why there is no PostgreSQL to test on, or None if there is one."""
    try:
        psycopg.connect(SERVER, connect_timeout=int(PATIENCE)).close()
    except psycopg.OperationalError as error:
        return f"no PostgreSQL at {SERVER} (set SUGGEST_TEST_POSTGRES): {str(error).splitlines()[0]}"
    return None


@contextmanager
def postgres_database() -> Iterator[str]:
    """The address of a new, empty database, dropped at the end."""
    name = f"suggest_test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(SERVER, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
        try:
            yield f"{SERVER.rpartition('/')[0]}/{name}?connect_timeout={PATIENCE:.0f}"
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database of this kind: `sqlite` (a file in `folder`) or `postgresql`."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'suggest.db'}"
    else:
        with postgres_database() as url:
            yield url
