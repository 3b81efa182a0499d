"""The short code of every review, which ticket is about which review, and which data a client has given."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from suggest.review_code import code_of

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
STANDING = sa.text("ended_at IS NULL")
BATCH = 5000


def upgrade() -> None:
    op.add_column("suggestions", sa.Column("code", sa.Text()))
    _fill()
    op.create_index("suggestions_code", "suggestions", ["code"])
    op.create_table(
        "links",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("suggestion_id", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("agent", sa.Text()),
        sa.Column("ended_at", MOMENT),
        sa.PrimaryKeyConstraint("ticket_id", "suggestion_id", name="links_pkey"),
        sa.ForeignKeyConstraint(["suggestion_id"], ["suggestions.id"], name="links_suggestion_id_fkey"),
    )
    op.create_index("links_suggestion_id", "links", ["suggestion_id"])
    op.create_index(
        "links_standing", "links", ["ticket_id"], unique=True, postgresql_where=STANDING, sqlite_where=STANDING
    )
    op.create_table(
        "given_data",
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("agent", sa.Text()),
        sa.PrimaryKeyConstraint("ticket_id", "item", name="given_data_pkey"),
    )


def _fill() -> None:
    """The codes of what is there already, in the order of ids, some at a time."""
    connection, last = op.get_bind(), ""
    while ids := _ids_after(connection, last):
        rows = [{"named": named, "its": code_of(named)} for named in ids]
        connection.execute(sa.text("UPDATE suggestions SET code = :its WHERE id = :named"), rows)
        last = ids[-1]


def _ids_after(connection: sa.Connection, last: str) -> Sequence[str]:
    query = sa.text("SELECT id FROM suggestions WHERE id > :last ORDER BY id LIMIT :some")
    return connection.scalars(query, {"last": last, "some": BATCH}).all()
