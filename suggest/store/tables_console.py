"""The tables of the console: who may use it, who is in it, and who changed what."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Table

from suggest.store.columns import Moment, Plain, Serial, metadata

users = Table(
    "users",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("name", Plain, nullable=False),
    Column("key", Plain, nullable=False, unique=True),
    Column("role", Plain, nullable=False),
    Column("password", Plain, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("disabled_at", Moment),
)

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Plain, primary_key=True),
    Column("user_id", BigInteger, ForeignKey("users.id"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False, index=True),
    Column("seen_at", Moment, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("who", Plain),
    Column("what", Plain, nullable=False),
    Column("detail", Plain),
    Index("audit_what", "what", "at"),
)
