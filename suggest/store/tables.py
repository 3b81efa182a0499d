"""The tables, one schema for SQLite and PostgreSQL. What each column is for and how long it lives: `README.md`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    FetchedValue,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR

from suggest.store.columns import Moment, Plain, Serial, metadata


def _of_suggestion(**more: Any) -> Column[str]:
    return Column("suggestion_id", Plain, ForeignKey("suggestions.id"), nullable=False, **more)


OPEN = text("state = 'open'")
WAITING = text("state = 'open' AND priority IS NOT NULL")
ANSWERED = text("answered_at IS NOT NULL")
_COUNTED = "since scenario topic branch status priority shown outcome confirmed overruled"
"""What the console counts weeks by, so that it reads the index alone (see `trends.py`)."""

suggestions = Table(
    "suggestions",
    metadata,
    Column("id", Plain, primary_key=True),
    Column("platform", Plain, nullable=False),
    Column("branch", Plain),
    Column("ticket_id", Plain),
    Column("rating", SmallInteger),
    Column("status", Plain, nullable=False),
    Column("scenario", Plain),
    Column("topic", Plain),
    Column("department", Plain),
    Column("priority", SmallInteger),
    Column("since", Moment, nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("feed_at", Moment, nullable=False),
    Column("texts_at", Moment),
    Column("erased", Plain),
    Column("code", Plain),
    # From here on: the fold of the suggestion's events, see `fold.py`.
    Column("seq", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("shown", Boolean, nullable=False),
    Column("outcome", Plain),
    Column("confirmed", Boolean, nullable=False),
    Column("overruled", Boolean, nullable=False),
    Column("agent", Plain),
    Column("answered_at", Moment),
    Column("pending", Integer, nullable=False),
    Column("reminders", Integer, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("state", Plain, nullable=False),
    Index("suggestions_queue", "priority", "since", "id", postgresql_where=WAITING, sqlite_where=WAITING),
    Index("suggestions_since", "since", "id"),
    Index("suggestions_open", "since", "id", postgresql_where=OPEN, sqlite_where=OPEN),
    Index("suggestions_platform", "platform", "since", "id"),
    Index("suggestions_branch", "branch", "since", "id"),
    Index("suggestions_scenario", "scenario", "since", "id"),
    Index("suggestions_agent", "agent", "since", "id"),
    Index("suggestions_ticket", "ticket_id"),
    Index("suggestions_feed", "platform", "branch", "feed_at"),
    Index("suggestions_texts", "texts_at"),
    Index("suggestions_code", "code"),
    Index("suggestions_counted", *_COUNTED.split()),
    Index("suggestions_answered", "answered_at", postgresql_where=ANSWERED, sqlite_where=ANSWERED),
)

revisions = Table(
    "revisions",
    metadata,
    _of_suggestion(primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("version", SmallInteger, nullable=False),
    Column("body", Plain, nullable=False),
    Column("phrases", Plain, nullable=False),
    Column("created_at", Moment, nullable=False),
)

suggestion_flags = Table(
    "suggestion_flags",
    metadata,
    _of_suggestion(primary_key=True),
    Column("flag", Plain, primary_key=True),
    Column("since", Moment, nullable=False),
    Index("suggestion_flags_since", "flag", "since", "suggestion_id"),
)

texts = Table(
    "texts",
    metadata,
    Column("id", Serial, primary_key=True),
    _of_suggestion(),
    Column("kind", Plain, nullable=False),
    Column("ref", BigInteger, nullable=False),
    Column("content", Plain, nullable=False),
    Column("data", LargeBinary),
    Column("folded", Plain, nullable=False),
    Column("author", Plain),
    Column("client", Plain),
    Column("created_at", Moment, nullable=False),
    UniqueConstraint("suggestion_id", "kind", "ref"),
    Index("texts_author", "author"),
    Index("texts_client", "client"),
    Column("words", TSVECTOR().with_variant(Text(), "sqlite"), server_default=FetchedValue()),
    Index("texts_words", "words", postgresql_using="gin").ddl_if("postgresql"),
)

events = Table(
    "events",
    metadata,
    Column("id", Serial, primary_key=True),
    _of_suggestion(),
    Column("seq", Integer, nullable=False),
    Column("kind", Plain, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("agent", Plain),
    Column("scenario", Plain),
    Column("reason", Plain),
    Column("hand_over", BigInteger),
    Column("key", Plain),
    Column("detail", Plain),
    UniqueConstraint("suggestion_id", "seq"),
    Index("events_kind", "kind", "at"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("id", Serial, primary_key=True),
    _of_suggestion(index=True),
    Column("at", Moment, nullable=False),
    Column("channel", Plain, nullable=False),
    Column("direction", Plain, nullable=False),
    Column("agent", Plain),
    Column("ticket_id", Plain),
    Column("key", Plain),
    Index("contacts_key", "key", unique=True),
)

hand_overs = Table(
    "hand_overs",
    metadata,
    Column("id", Serial, primary_key=True),
    _of_suggestion(index=True),
    Column("key", Plain, nullable=False, unique=True),
    Column("department", Plain, nullable=False),
    Column("ticket_id", Plain),
    Column("agent", Plain),
    Column("asked_at", Moment, nullable=False),
    Column("sent_at", Moment),
    Column("due_at", Moment, index=True),
    Column("answered_at", Moment),
    Column("outcome_sent_at", Moment),
    Column("mode", Plain, nullable=False, server_default="usedesk"),
    Column("purpose", Plain, nullable=False, server_default="check"),
    Column("store", Plain),
    Column("tried_at", Moment),
    Column("busy_until", Moment),
    Column("error", Plain),
    Column("uncertain", Boolean, nullable=False, server_default=false()),
    Index("hand_overs_ticket_id", "ticket_id"),
)

attachments = Table(
    "attachments",
    metadata,
    Column("id", Serial, primary_key=True),
    _of_suggestion(index=True),
    Column("hand_over", BigInteger, ForeignKey("hand_overs.id")),
    Column("media_type", Plain, nullable=False),
    Column("size", Integer, nullable=False),
    Column("at", Moment, nullable=False),
)

slot_edits = Table(
    "slot_edits",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True),
    Column("place", SmallInteger, primary_key=True),
    _of_suggestion(index=True),
    Column("slot", Plain, nullable=False),
    Column("part", Plain),
    Column("phrase_id", Plain, nullable=False),
    Column("digest", Plain, nullable=False),
    Index("slot_edits_alike", "slot", "part", "digest"),
)

candidates = Table(
    "candidates",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("kind", Plain, nullable=False),
    Column("key", Plain, nullable=False),
    _of_suggestion(index=True),
    Column("revision", Integer, nullable=False),
    Column("scenario", Plain),
    Column("slot", Plain),
    Column("part", Plain),
    Column("phrase_id", Plain),
    Column("times", Integer, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("state", Plain, nullable=False),
    Column("by", Plain),
    Column("on", Moment),
    Column("wording", Plain),
    UniqueConstraint("kind", "key"),
    Index("candidates_state", "state", "created_at"),
)

phrase_counts = Table(
    "phrase_counts",
    metadata,
    Column("phrase_id", Plain, primary_key=True),
    Column("shown", Integer, nullable=False),
    Column("accepted", Integer, nullable=False),
    Column("changed", Integer, nullable=False),
    Column("deleted", Integer, nullable=False),
    Column("rejected", Integer, nullable=False),
    Column("overruled", Integer, nullable=False),
    Column("last_used_at", Moment),
)

phrase_events = Table(
    "phrase_events",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("phrase_id", Plain, nullable=False, index=True),
    Column("kind", Plain, nullable=False),
    Column("at", Moment, nullable=False),
    Column("by", Plain, nullable=False),
    Column("why", Plain),
)
