"""The port `Suggestions` over the database: every revision of every suggestion, safe among several replicas."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ScalarSelect, and_, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from suggest.domain import MatchedBy, StaleRevision, Suggestion
from suggest.folding import fold
from suggest.review_code import code_of
from suggest.store.bodies import pack, unpack
from suggest.store.engine import Database
from suggest.store.events import append, columns, locked
from suggest.store.fold import Cause, Event, Kind, State
from suggest.store.notices import raise_notices
from suggest.store.tables import revisions, suggestion_flags, suggestions, texts

REVIEW = "review"
"""The kind of text that holds a revision's review and reply; `ref` is the revision."""


class StoredSuggestions:
    """Keeps suggestions in the database; every method raises StoreUnavailable where it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, suggestion_id: str, revision: int | None = None) -> Suggestion | None:
        """A revision, by default the newest; None where there is none. Erased texts come back empty and marked."""
        with self._database.reading() as connection:
            row = connection.execute(_one(suggestion_id, revision)).first()
        return unpack(row.body, row.version, row.content, row.erased) if row else None

    def newest(self, suggestion_id: str) -> int | None:
        """The number of the newest revision, cheap enough to be asked again and again."""
        with self._database.reading() as connection:
            return connection.scalar(select(suggestions.c.revision).where(suggestions.c.id == suggestion_id))

    def of_ticket(self, ticket_id: str) -> Suggestion | None:
        """The newest suggestion for a review that a Usedesk ticket brought; None where there is none."""
        of_ticket = select(suggestions.c.id).where(suggestions.c.ticket_id == ticket_id)
        newest = of_ticket.order_by(suggestions.c.feed_at.desc()).limit(1).scalar_subquery()
        with self._database.reading() as connection:
            row = connection.execute(_one(newest, None)).first()
        return unpack(row.body, row.version, row.content, row.erased) if row else None

    def put(self, suggestion: Suggestion) -> Suggestion:
        """Keeps a first revision; where one is already kept, the newest is returned and nothing changes."""
        try:
            with self._database.writing() as connection:
                _begin(connection, suggestion)
        except IntegrityError:
            kept = self.get(suggestion.id)
            if kept is None:
                raise
            return kept
        return suggestion

    def revise(self, suggestion: Suggestion) -> None:
        """Keeps the next revision; raises StaleRevision unless it follows the newest kept, and after an erasure."""
        with self._database.writing() as connection:
            state = locked(connection, suggestion.id)
            if state is None and suggestion.revision == 1:
                _begin(connection, suggestion)
                return
            if state is None or suggestion.revision != state.revision + 1 or forgotten(connection, suggestion.id):
                raise StaleRevision(state.revision if state else 0)
            revise(connection, suggestion, state)


def revise(connection: Connection, suggestion: Suggestion, state: State) -> State:
    """Adds the next revision to a locked suggestion in this state, and returns the state after it."""
    before = connection.scalar(select(suggestions.c.scenario).where(suggestions.c.id == suggestion.id))
    query = update(suggestions).where(suggestions.c.id == suggestion.id)
    connection.execute(query.values({**_facts(suggestion), "feed_at": suggestion.created_at}))
    event = Event(
        kind=Kind.SUGGESTED,
        revision=suggestion.revision,
        at=suggestion.created_at,
        scenario=suggestion.match.scenario if suggestion.match else None,
        reason=_cause(suggestion, before),
    )
    _, state = append(connection, suggestion.id, state, event)
    _add_revision(connection, suggestion)
    connection.execute(delete(suggestion_flags).where(suggestion_flags.c.suggestion_id == suggestion.id))
    _add_flags(connection, suggestion)
    return state


@dataclass(frozen=True)
class Kept:
    """A text to keep: its kind and what it belongs to, the JSON, the words it is found by, when it came; a file's bytes."""

    kind: str
    ref: int
    content: str
    searched: str
    at: datetime
    data: bytes | None = None


def keep_text(connection: Connection, suggestion_id: str, text: Kept, **names: str | None) -> None:
    """Keeps a text of a suggestion, or a file's bytes, in the one table that can be erased."""
    row: dict[str, Any] = {
        "suggestion_id": suggestion_id,
        "kind": text.kind,
        "ref": text.ref,
        "content": text.content,
        "data": text.data,
        **names,
    }
    connection.execute(insert(texts).values(row | {"folded": fold(text.searched), "created_at": text.at}))


def forgotten(connection: Connection, suggestion_id: str) -> bool:
    """Whether a person had this erased: then no text of it is kept again."""
    query = select(suggestions.c.erased).where(suggestions.c.id == suggestion_id)
    return connection.scalar(query) == "request"


def _begin(connection: Connection, suggestion: Suggestion) -> None:
    """The first revision, received and suggested; raises IntegrityError where the suggestion exists."""
    at = suggestion.created_at
    code = code_of(suggestion.id)
    row = {
        "id": suggestion.id,
        "code": code,
        "received_at": at,
        "feed_at": at,
        **_facts(suggestion),
        **columns(State()),
    }
    connection.execute(insert(suggestions).values(row))
    _, state = append(connection, suggestion.id, State(), Event(kind=Kind.RECEIVED, revision=0, at=at))
    scenario = suggestion.match.scenario if suggestion.match else None
    first = Event(kind=Kind.SUGGESTED, revision=suggestion.revision, at=at, scenario=scenario, reason="first")
    append(connection, suggestion.id, state, first)
    _add_revision(connection, suggestion)
    _add_flags(connection, suggestion)


def _facts(suggestion: Suggestion) -> dict[str, Any]:
    """What the register filters by, and the renewed date of its texts."""
    review, match = suggestion.review, suggestion.match
    return {
        "platform": review.platform.value,
        "branch": review.branch,
        "ticket_id": review.ticket_id,
        "rating": review.rating,
        "status": suggestion.status.value,
        "scenario": match.scenario if match else None,
        "topic": match.topic if match else None,
        "department": suggestion.department,
        "priority": suggestion.triage.priority,
        "since": _since(suggestion),
        "texts_at": suggestion.created_at,
        "erased": None,
    }


def _add_revision(connection: Connection, suggestion: Suggestion) -> None:
    packed, review = pack(suggestion), suggestion.review
    row = {"suggestion_id": suggestion.id, "revision": suggestion.revision, "created_at": suggestion.created_at}
    body = {"version": packed.version, "body": packed.body, "phrases": packed.phrases}
    connection.execute(insert(revisions).values(row | body))
    searched = f"{review.text} {review.author or ''}".strip()
    names = {"author": named(review.author), "client": named(review.client.name)}
    kept = Kept(REVIEW, suggestion.revision, packed.personal, searched, suggestion.created_at)
    keep_text(connection, suggestion.id, kept, **names)


def _add_flags(connection: Connection, suggestion: Suggestion) -> None:
    flags = suggestion.match.flags if suggestion.match else ()
    row = {"suggestion_id": suggestion.id, "since": _since(suggestion)}
    rows = [row | {"flag": flag} for flag in dict.fromkeys(flags)]
    if rows:
        connection.execute(insert(suggestion_flags), rows)
    raise_notices(connection, suggestion.id, flags, suggestion.created_at)


def _since(suggestion: Suggestion) -> datetime:
    """When the review was posted, as far as we know."""
    return suggestion.review.posted_at or suggestion.created_at


def named(name: str | None) -> str | None:
    """A name as it is looked up: folded, its words one space apart."""
    return " ".join(fold(name).split()) if name else None


def _cause(suggestion: Suggestion, before: str | None) -> Cause:
    """Why a revision was made, `before` being the scenario of the one before it."""
    if suggestion.provenance.model:
        return "model"
    if any(reason.code == "review_changed" for reason in suggestion.triage.reasons):
        return "changed"
    match = suggestion.match
    overruled = match is not None and match.by is MatchedBy.AGENT and match.scenario != before
    return "overruled" if overruled else "replanned"


def _one(suggestion_id: str | ScalarSelect[str], revision: int | None) -> Any:
    of_revision = and_(
        texts.c.suggestion_id == revisions.c.suggestion_id, texts.c.kind == REVIEW, texts.c.ref == revisions.c.revision
    )
    wanted = suggestions.c.revision if revision is None else revision
    return (
        select(revisions.c.body, revisions.c.version, texts.c.content, suggestions.c.erased)
        .select_from(suggestions)
        .join(revisions, and_(revisions.c.suggestion_id == suggestions.c.id, revisions.c.revision == wanted))
        .outerjoin(texts, of_revision)
        .where(suggestions.c.id == suggestion_id)
    )
