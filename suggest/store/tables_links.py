"""The tables of the return loop: which ticket is about which review, and which data a client has given."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Table, text

from suggest.store.columns import Moment, Plain, metadata

STANDING = text("ended_at IS NULL")

links = Table(
    "links",
    metadata,
    Column("ticket_id", Plain, primary_key=True),
    Column("suggestion_id", Plain, ForeignKey("suggestions.id"), primary_key=True),
    Column("by", Plain, nullable=False),
    Column("at", Moment, nullable=False),
    Column("agent", Plain),
    Column("ended_at", Moment),
    Index("links_suggestion_id", "suggestion_id"),
    Index("links_standing", "ticket_id", unique=True, postgresql_where=STANDING, sqlite_where=STANDING),
)

given_data = Table(
    "given_data",
    metadata,
    Column("ticket_id", Plain, primary_key=True),
    Column("item", Plain, primary_key=True),
    Column("given", Boolean, nullable=False),
    Column("at", Moment, nullable=False),
    Column("agent", Plain),
)
