"""Run by Alembic: migrates over the connection, and within the transaction, that `suggest.store.schema` opened."""

from alembic import context

from suggest.store.tables import suggestions

context.configure(connection=context.config.attributes["connection"], target_metadata=suggestions.metadata)
context.run_migrations()
