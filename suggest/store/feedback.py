"""Feedback on record: event, state, edited text, counts by phrase and what may be learnt, all or nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, update

from suggest.domain import StaleRevision, Suggestion
from suggest.feedback import Edit, Feedback, Outcome, Recorded
from suggest.store import counts, learning
from suggest.store.engine import Database
from suggest.store.events import append, locked, recorded
from suggest.store.fold import OUTCOMES, Event, Kind, State
from suggest.store.suggestions import Kept, forgotten, keep_text, revise
from suggest.store.tables import suggestions

REPLY = "reply"
"""The kind of text that holds what an agent made of a reply; `ref` is the event."""


class StoredRecords:
    """The port `Records` over the database; every method raises StoreUnavailable where it cannot keep."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def record(
        self, suggestion_id: str, given: Feedback, edit: Edit | None = None, fresh: Suggestion | None = None
    ) -> Recorded:
        """Keeps a feedback and, with an overruling, the revision it asks for; raises StaleRevision.

        A feedback under a key that came before, one that is already the last word, or a suggestion already shown to this
        agent, is not kept again. A revision is not stale for what a model has offered since.
        """
        with self._database.writing() as connection:
            state = locked(connection, suggestion_id)
            if state is None:
                raise StaleRevision(0)
            past = recorded(connection, suggestion_id, OUTCOMES)
            event = _repeated(past, given)
            if event is None:
                stale = not _stands(connection, suggestion_id, given.revision, state)
                if stale or (fresh and forgotten(connection, suggestion_id)):
                    raise StaleRevision(state.revision)
                event, state = append(connection, suggestion_id, state, self._event(given, edit))
                _learn(connection, suggestion_id, past, event, given, edit)
                if fresh:
                    state = revise(connection, fresh.model_copy(update={"revision": state.revision + 1}), state)
        told = {"event": event.id, "newest": state.revision, "state": state.state, "at": event.at}
        return Recorded.model_validate(told | {"outcome": given.outcome, "revision": given.revision})

    def _event(self, given: Feedback, edit: Edit | None) -> Event:
        return Event(
            kind=Kind(given.outcome),
            revision=given.revision,
            at=self._clock(),
            agent=given.agent,
            scenario=given.scenario,
            reason=given.reason,
            key=key_of(given),
            detail=json.dumps([[slot.phrase_id, slot.change] for slot in edit.slots]) if edit else None,
        )


def _stands(connection: Connection, suggestion_id: str, revision: int, state: State) -> bool:
    """Whether a revision is the newest, but for those that a model offered beside it."""
    if revision == state.revision:
        return True
    made = recorded(connection, suggestion_id, {Kind.SUGGESTED})
    return revision < state.revision and all(event.reason == "model" for event in made if event.revision > revision)


def _learn(
    connection: Connection,
    suggestion_id: str,
    past: tuple[Event, ...],
    event: Event,
    given: Feedback,
    edit: Edit | None,
) -> None:
    """Keeps what a feedback says beyond its event: counts by phrase, the edited text, candidates."""
    counts.count(connection, suggestion_id, past, event)
    if edit and not forgotten(connection, suggestion_id):
        _keep_text(connection, suggestion_id, event, given, edit)
        learning.notice_edit(connection, suggestion_id, event, edit)
    if event.kind is Kind.OVERRULED:
        learning.notice_overruling(connection, suggestion_id, event)


def _repeated(past: tuple[Event, ...], given: Feedback) -> Event | None:
    """The event that already says the same: any of its key, else the last word, else a showing to the same agent."""
    key = key_of(given)
    if given.outcome is Outcome.SHOWN or given.key:
        return next((event for event in past if event.key == key), None)
    decisions = [event for event in past if event.kind is not Kind.SHOWN]
    return decisions[-1] if decisions and decisions[-1].key == key else None


def key_of(given: Feedback) -> str:
    """Tells a repeated feedback from a new one, without its text."""
    return hashlib.blake2b(
        given.model_dump_json(exclude=None if given.key else {"key"}).encode(), digest_size=16
    ).hexdigest()


def _keep_text(connection: Connection, suggestion_id: str, event: Event, given: Feedback, edit: Edit) -> None:
    pairs = zip(edit.slots, edit.templates, strict=True)
    wordings = [[slot.slot, slot.part, wording] for slot, wording in pairs]
    content = json.dumps({"text": given.text, "wordings": wordings}, ensure_ascii=False)
    keep_text(connection, suggestion_id, Kept(REPLY, event.id, content, given.text or "", event.at))
    connection.execute(update(suggestions).where(suggestions.c.id == suggestion_id).values(texts_at=event.at))
