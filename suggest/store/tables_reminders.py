"""The tables of what is told in time: reminders of departments, notices to managers, and how agents write of themselves."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, PrimaryKeyConstraint, Table, text

from suggest.store.columns import Moment, Plain, metadata

UNTOLD = text("done_at IS NULL")

reminders = Table(
    "reminders",
    metadata,
    Column("hand_over", BigInteger, ForeignKey("hand_overs.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("busy_until", Moment, nullable=False),
    Column("reminded_at", Moment),
    Column("next_at", Moment),
    PrimaryKeyConstraint("hand_over", "number"),
)

notices = Table(
    "notices",
    metadata,
    Column("suggestion_id", Plain, ForeignKey("suggestions.id"), nullable=False),
    Column("flag", Plain, nullable=False),
    Column("raised_at", Moment, nullable=False),
    Column("try_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("mail_at", Moment),
    Column("hook_at", Moment),
    Column("done_at", Moment),
    PrimaryKeyConstraint("suggestion_id", "flag"),
    Index("notices_untold", "try_at", postgresql_where=UNTOLD, sqlite_where=UNTOLD),
)

agent_forms = Table(
    "agent_forms",
    metadata,
    Column("agent", Plain, primary_key=True),
    Column("gender", Plain, nullable=False),
)
