"""Suggestions with their revisions, texts, flags and events."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
QUEUE = sa.text("state = 'open' AND priority IS NOT NULL")
OPEN = sa.text("state = 'open'")


def upgrade() -> None:
    _suggestions()
    _indexes()
    _revisions()
    _texts()
    _events()


def _suggestions() -> None:
    op.create_table(
        "suggestions",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text()),
        sa.Column("ticket_id", sa.Text()),
        sa.Column("rating", sa.SmallInteger()),
        sa.Column("status", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Text()) for name in ("scenario", "topic", "department")),
        sa.Column("priority", sa.SmallInteger()),
        *(sa.Column(name, MOMENT, nullable=False) for name in ("since", "received_at", "feed_at")),
        sa.Column("texts_at", MOMENT),
        sa.Column("erased", sa.Text()),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.Column("overruled", sa.Boolean(), nullable=False),
        sa.Column("agent", sa.Text()),
        sa.Column("answered_at", MOMENT),
        sa.Column("pending", sa.Integer(), nullable=False),
        sa.Column("reminders", sa.Integer(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="suggestions_pkey"),
    )


def _indexes() -> None:
    for name, columns, where in (("queue", ["priority", "since", "id"], QUEUE), ("open", ["since", "id"], OPEN)):
        op.create_index(f"suggestions_{name}", "suggestions", columns, postgresql_where=where, sqlite_where=where)
    op.create_index("suggestions_since", "suggestions", ["since", "id"])
    for name in ("platform", "branch", "scenario", "agent"):
        op.create_index(f"suggestions_{name}", "suggestions", [name, "since", "id"])
    op.create_index("suggestions_ticket", "suggestions", ["ticket_id"])
    op.create_index("suggestions_feed", "suggestions", ["platform", "branch", "feed_at"])
    op.create_index("suggestions_texts", "suggestions", ["texts_at"])


def _of_suggestion(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["suggestion_id"], ["suggestions.id"], name=f"{table}_suggestion_id_fkey")


def _revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column("suggestion_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("phrases", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("suggestion_id", "revision", name="revisions_pkey"),
        _of_suggestion("revisions"),
    )
    op.create_table(
        "suggestion_flags",
        sa.Column("suggestion_id", sa.Text(), nullable=False),
        sa.Column("flag", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("suggestion_id", "flag", name="suggestion_flags_pkey"),
        _of_suggestion("suggestion_flags"),
    )
    op.create_index("suggestion_flags_since", "suggestion_flags", ["flag", "since", "suggestion_id"])


def _texts() -> None:
    op.create_table(
        "texts",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("suggestion_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ref", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary()),
        sa.Column("folded", sa.Text(), nullable=False),
        sa.Column("author", sa.Text()),
        sa.Column("client", sa.Text()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="texts_pkey"),
        sa.UniqueConstraint("suggestion_id", "kind", "ref", name="texts_suggestion_id_kind_ref_key"),
        _of_suggestion("texts"),
    )
    op.create_index("texts_author", "texts", ["author"])
    op.create_index("texts_client", "texts", ["client"])
    if op.get_bind().dialect.name == "postgresql":
        words = sa.text("to_tsvector('russian', folded)")
        op.create_index("texts_words", "texts", [words], postgresql_using="gin")


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", SERIAL, nullable=False),
        sa.Column("suggestion_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("agent", sa.Text()),
        sa.Column("scenario", sa.Text()),
        sa.Column("reason", sa.Text()),
        sa.Column("hand_over", sa.BigInteger()),
        sa.Column("key", sa.Text()),
        sa.Column("detail", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="events_pkey"),
        sa.UniqueConstraint("suggestion_id", "seq", name="events_suggestion_id_seq_key"),
        _of_suggestion("events"),
    )
    op.create_index("events_kind", "events", ["kind", "at"])
