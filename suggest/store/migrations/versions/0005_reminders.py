"""Reminders of departments, notices to managers, and how agents write of themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
UNTOLD = sa.text("done_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "reminders",
        sa.Column("hand_over", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("busy_until", MOMENT, nullable=False),
        *(sa.Column(name, MOMENT) for name in ("reminded_at", "next_at")),
        sa.PrimaryKeyConstraint("hand_over", "number", name="reminders_pkey"),
        sa.ForeignKeyConstraint(["hand_over"], ["hand_overs.id"], name="reminders_hand_over_fkey"),
    )
    op.create_table(
        "notices",
        sa.Column("suggestion_id", sa.Text(), nullable=False),
        sa.Column("flag", sa.Text(), nullable=False),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("raised_at", "try_at")),
        sa.Column("tries", sa.Integer(), nullable=False),
        *(sa.Column(name, MOMENT) for name in ("mail_at", "hook_at", "done_at")),
        sa.PrimaryKeyConstraint("suggestion_id", "flag", name="notices_pkey"),
        sa.ForeignKeyConstraint(["suggestion_id"], ["suggestions.id"], name="notices_suggestion_id_fkey"),
    )
    op.create_index("notices_untold", "notices", ["try_at"], postgresql_where=UNTOLD, sqlite_where=UNTOLD)
    op.create_table(
        "agent_forms",
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("gender", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent", name="agent_forms_pkey"),
    )
