"""The table of quality control: how a lead scored a published reply."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from suggest.store.columns import Moment, Plain, Serial, metadata

scores = Table(
    "scores",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("suggestion_id", Plain, ForeignKey("suggestions.id"), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("agent", Plain),
    Column("by", Plain, nullable=False),
    Column("at", Moment, nullable=False),
    Column("answers", Plain, nullable=False),
    Column("checks", Plain, nullable=False),
    UniqueConstraint("suggestion_id", "by"),
    Index("scores_at", "at"),
)
