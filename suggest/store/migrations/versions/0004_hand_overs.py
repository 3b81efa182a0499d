"""How a hand-over is sent and how sending went; contacts that are kept once."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("mode", sa.Text(), nullable=False, server_default="usedesk"),
        sa.Column("purpose", sa.Text(), nullable=False, server_default="check"),
        sa.Column("store", sa.Text()),
        sa.Column("tried_at", MOMENT),
        sa.Column("busy_until", MOMENT),
        sa.Column("error", sa.Text()),
        sa.Column("uncertain", sa.Boolean(), nullable=False, server_default=sa.false()),
    ):
        op.add_column("hand_overs", column)
    op.create_index("hand_overs_ticket_id", "hand_overs", ["ticket_id"])
    op.add_column("contacts", sa.Column("key", sa.Text()))
    op.create_index("contacts_key", "contacts", ["key"], unique=True)
