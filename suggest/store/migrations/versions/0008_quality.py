"""Quality control: scores of published replies; and the indexes by which the console counts weeks."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
COUNTED = "since scenario topic branch status priority shown outcome confirmed overruled"
ANSWERED = sa.text("answered_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "scores",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("suggestion_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("agent", sa.Text()),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("checks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="scores_pkey"),
        sa.ForeignKeyConstraint(["suggestion_id"], ["suggestions.id"], name="scores_suggestion_id_fkey"),
        sa.UniqueConstraint("suggestion_id", "by", name="scores_suggestion_id_by_key"),
    )
    op.create_index("scores_at", "scores", ["at"])
    op.create_index("suggestions_counted", "suggestions", COUNTED.split())
    op.create_index(
        "suggestions_answered", "suggestions", ["answered_at"], postgresql_where=ANSWERED, sqlite_where=ANSWERED
    )
