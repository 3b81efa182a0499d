"""The words of a text, ready to be looked up: PostgreSQL need not take a text apart for each search."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("texts_words", "texts")
        op.execute("ALTER TABLE texts ADD words tsvector GENERATED ALWAYS AS (to_tsvector('russian', folded)) STORED")
        op.create_index("texts_words", "texts", ["words"], postgresql_using="gin")
    else:
        op.execute("ALTER TABLE texts ADD words text GENERATED ALWAYS AS (folded) VIRTUAL")
