"""Search by windows of time: the texts carry the date of their review, and their words ready to be looked up."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    postgres = op.get_bind().dialect.name == "postgresql"
    if postgres:
        op.drop_index("texts_words", "texts")
    op.add_column("texts", sa.Column("since", sa.DateTime(timezone=True)))
    op.execute("UPDATE texts SET since = (SELECT since FROM suggestions WHERE suggestions.id = texts.suggestion_id)")
    with op.batch_alter_table("texts") as texts:
        texts.alter_column("since", nullable=False)
    words = "to_tsvector('russian', folded)" if postgres else "folded"
    op.execute(
        f"ALTER TABLE texts ADD words {'tsvector' if postgres else 'text'} GENERATED ALWAYS AS ({words}) "
        f"{'STORED' if postgres else 'VIRTUAL'}"
    )
    op.create_index("texts_since", "texts", ["since"])
    if postgres:
        op.create_index("texts_words", "texts", ["words"], postgresql_using="gin")
