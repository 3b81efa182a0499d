"""One database, SQLite or PostgreSQL: connections, transactions, and its failures as the errors of the domain."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError, TimeoutError

from suggest.domain import InputError, StoreUnavailable

BUSY_SECONDS = 5
"""How long a writer of SQLite waits for another one."""

PAUSE_SECONDS = 1.0
"""How long nobody knocks at a database that could not be reached, so that suggestions need not wait for it."""

POOL: dict[str, Any] = {"pool_size": 5, "max_overflow": 15}
"""At most twenty connections for each replica; whoever finds none waits."""

PRAGMAS = (
    f"busy_timeout = {BUSY_SECONDS * 1000}",
    "foreign_keys = ON",
    "synchronous = FULL",
    "secure_delete = ON",
)

POSTGRES_OPTIONS = "-c statement_timeout=10000 -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000"


class Database:
    """Opens transactions; `reading` sees a snapshot, `writing` commits when left without an error.

    Both raise StoreUnavailable where the database cannot be reached or does not answer in time. The schema is brought
    up to date before the first transaction (NewerSchema if it is ahead of this release).
    """

    def __init__(self, url: str) -> None:
        """Connects to nothing yet; raises InputError if `url` is none we know."""
        self.url = parsed(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(self.url) if self.sqlite else _postgres(self.url)
        self._ready = False
        self._upgrading = threading.Lock()
        self._away_until = 0.0

    def prepare(self) -> None:
        """Brings the schema up to date, once."""
        from suggest.store.schema import upgrade

        with self._upgrading:
            if not self._ready:
                with _translated():
                    upgrade(self.engine)
                self._ready = True

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A look at the database: one snapshot on SQLite, one for each statement on PostgreSQL."""
        with self._connected() as connection, _translated(), connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction: committed when the block ends, undone when it raises."""
        with self._connected() as connection, _translated(), connection.execution_options(writing=True).begin():
            yield connection

    def settle(self) -> None:
        """Lets nothing deleted linger in SQLite's write-ahead log; PostgreSQL's vacuum does that by itself."""
        if self.sqlite:
            with self._connected() as connection, _translated():
                cursor = connection.connection.cursor()
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                cursor.close()

    def dispose(self) -> None:
        """Closes every connection."""
        self.engine.dispose()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        if time.monotonic() < self._away_until:
            raise StoreUnavailable("the database cannot be reached")
        try:
            if not self._ready:
                self.prepare()
            with _translated():
                connection = self.engine.connect()
        except StoreUnavailable:
            self._away_until = time.monotonic() + PAUSE_SECONDS
            raise
        with connection:
            yield connection


def parsed(url: str) -> URL:
    """The address of a database, with psycopg 3 for PostgreSQL; raises InputError naming the setting."""
    try:
        address = make_url(url)
    except ArgumentError as error:
        raise InputError(
            "SUGGEST_DATABASE_URL", "not the address of a database, such as sqlite:///suggest.db"
        ) from error
    name = address.get_backend_name()
    if name in {"postgres", "postgresql"}:
        return address.set(drivername="postgresql+psycopg")
    if name == "sqlite" and address.database and address.database != ":memory:":
        return address
    raise InputError("SUGGEST_DATABASE_URL", f"sqlite:///FILE or postgresql://HOST/NAME is expected, not {name}://")


def _sqlite(url: URL) -> Engine:
    Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_timeout=BUSY_SECONDS, **POOL)

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _: object) -> None:
        connection.isolation_level = None
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        if connection.execute("PRAGMA journal_mode").fetchone() != ("wal",):
            connection.execute("PRAGMA journal_mode = WAL")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writing")
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgres(url: URL) -> Engine:
    options = {
        "connect_timeout": "2",
        "tcp_user_timeout": "5000",
        "options": POSTGRES_OPTIONS,
        "application_name": "suggest",
    }
    return create_engine(
        url.update_query_dict({name: value for name, value in options.items() if name not in url.query}),
        pool_timeout=BUSY_SECONDS,
        pool_pre_ping=True,
        **POOL,
    )


@contextmanager
def _translated() -> Iterator[None]:
    """The driver's failures to reach or finish as StoreUnavailable; mistakes in a statement stay what they are."""
    try:
        yield
    except (OperationalError, InterfaceError, TimeoutError) as error:
        raise StoreUnavailable(f"the database does not answer ({type(error).__name__})") from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreUnavailable("the connection to the database was lost") from error
        raise
