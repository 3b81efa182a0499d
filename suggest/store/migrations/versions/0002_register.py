"""What goes on around a review (contacts, hand-overs, attachments), and what is learnt from feedback."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _contacts()
    _hand_overs()
    _edits()
    _candidates()
    _phrases()


def _around(table: str, *columns: sa.schema.SchemaItem) -> None:
    """A table of things that belong to a suggestion."""
    op.create_table(
        table,
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("suggestion_id", sa.Text(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"{table}_pkey"),
        sa.ForeignKeyConstraint(["suggestion_id"], ["suggestions.id"], name=f"{table}_suggestion_id_fkey"),
    )
    op.create_index(f"{table}_suggestion_id", table, ["suggestion_id"])


def _contacts() -> None:
    _around(
        "contacts",
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("agent", sa.Text()),
        sa.Column("ticket_id", sa.Text()),
    )


def _hand_overs() -> None:
    _around(
        "hand_overs",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text()),
        sa.Column("agent", sa.Text()),
        sa.Column("asked_at", MOMENT, nullable=False),
        *(sa.Column(name, MOMENT) for name in ("sent_at", "due_at", "answered_at", "outcome_sent_at")),
        sa.UniqueConstraint("key", name="hand_overs_key_key"),
    )
    op.create_index("hand_overs_due_at", "hand_overs", ["due_at"])
    _around(
        "attachments",
        sa.Column("hand_over", sa.BigInteger()),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["hand_over"], ["hand_overs.id"], name="attachments_hand_over_fkey"),
    )


def _edits() -> None:
    op.create_table(
        "slot_edits",
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("suggestion_id", sa.Text(), nullable=False),
        sa.Column("slot", sa.Text(), nullable=False),
        sa.Column("part", sa.Text()),
        sa.Column("phrase_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "place", name="slot_edits_pkey"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="slot_edits_event_id_fkey"),
        sa.ForeignKeyConstraint(["suggestion_id"], ["suggestions.id"], name="slot_edits_suggestion_id_fkey"),
    )
    op.create_index("slot_edits_suggestion_id", "slot_edits", ["suggestion_id"])
    op.create_index("slot_edits_alike", "slot_edits", ["slot", "part", "digest"])


def _candidates() -> None:
    _around(
        "candidates",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in ("scenario", "slot", "part", "phrase_id")),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text()),
        sa.Column("on", MOMENT),
        sa.Column("wording", sa.Text()),
        sa.UniqueConstraint("kind", "key", name="candidates_kind_key_key"),
    )
    op.create_index("candidates_state", "candidates", ["state", "created_at"])


def _phrases() -> None:
    op.create_table(
        "phrase_counts",
        sa.Column("phrase_id", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.Integer(), nullable=False)
            for name in ("shown", "accepted", "changed", "deleted", "rejected", "overruled")
        ),
        sa.Column("last_used_at", MOMENT),
        sa.PrimaryKeyConstraint("phrase_id", name="phrase_counts_pkey"),
    )
    op.create_table(
        "phrase_events",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("phrase_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="phrase_events_pkey"),
    )
    op.create_index("phrase_events_phrase_id", "phrase_events", ["phrase_id"])
