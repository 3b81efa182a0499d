"""Run by Alembic: migrates over the connection, and within the transaction, that `suggest.store.schema` opened."""

from alembic import context

from suggest.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
