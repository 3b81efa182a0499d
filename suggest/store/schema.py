"""The schema: brought up to date when the service starts, refused when it is ahead of this release."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from suggest.domain import NewerSchema

MIGRATIONS = Path(__file__).parent / "migrations"
LOCK = 7_341_905
"""The advisory lock under which replicas that start together wait for the one that migrates."""


def upgrade(engine: Engine, target: str = "head") -> None:
    """Migrates to `target`, in one transaction; raises NewerSchema and changes nothing if the schema is unknown."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    with engine.connect() as plain:
        connection = plain.execution_options(writing=True)
        with connection.begin():
            if connection.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL statement_timeout = 0"))
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
                connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
            if _current(connection, script) != script.get_current_head():
                config.attributes["connection"] = connection
                command.upgrade(config, target)


def _current(connection: Connection, script: ScriptDirectory) -> str | None:
    current = MigrationContext.configure(connection).get_current_revision()
    if current is not None and current not in {known.revision for known in script.walk_revisions()}:
        raise NewerSchema(f"the database has schema {current}, which this release does not know: run the newer release")
    return current
