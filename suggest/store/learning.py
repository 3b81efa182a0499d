"""What the service may learn: candidates that wait for the content owner, and never come into use by themselves.

An overruled scenario makes the review a candidate exemplar of the scenario the agent named. The same new wording of a
slot in the edits of ALIKE suggestions makes a candidate phrase.
"""

from __future__ import annotations

import hashlib
import re

from sqlalchemy import Connection, delete, insert, select, update

from suggest.feedback import Edit
from suggest.folding import fold
from suggest.store.fold import Event
from suggest.store.tables import candidates, slot_edits

ALIKE = 3
"""In how many suggestions agents must have put the same wording before it is proposed as a phrase."""

EXEMPLAR = "exemplar"
PHRASE = "phrase"
WAITING = "waiting"


def digest(wording: str) -> str:
    """The same for wordings that differ in nothing but case, punctuation, spaces and disguises."""
    words = re.findall(r"[\w{}]+", fold(wording))
    return hashlib.blake2b(" ".join(words).encode(), digest_size=12).hexdigest()


def notice_overruling(connection: Connection, suggestion_id: str, event: Event) -> None:
    """Makes the review a candidate exemplar; overruled again before anybody decided, it is one of the last scenario."""
    known = connection.execute(
        select(candidates.c.id, candidates.c.state).where(
            candidates.c.kind == EXEMPLAR, candidates.c.key == suggestion_id
        )
    ).first()
    now = {"scenario": event.scenario, "revision": event.revision, "created_at": event.at}
    if known is None:
        row = {"kind": EXEMPLAR, "key": suggestion_id, "suggestion_id": suggestion_id, "times": 1, "state": WAITING}
        connection.execute(insert(candidates).values(row | now))
    elif known.state == WAITING:
        connection.execute(update(candidates).where(candidates.c.id == known.id).values(now))


def notice_edit(connection: Connection, suggestion_id: str, event: Event, edit: Edit) -> None:
    """Remembers which wording an edit gave to which slot, in place of what an earlier edit of the suggestion gave."""
    connection.execute(delete(slot_edits).where(slot_edits.c.suggestion_id == suggestion_id))
    rows = [
        {
            "event_id": event.id,
            "place": place,
            "suggestion_id": suggestion_id,
            "slot": change.slot,
            "part": change.part,
            "phrase_id": change.phrase_id,
            "digest": digest(wording),
        }
        for place, (change, wording) in enumerate(zip(edit.slots, edit.templates, strict=True))
        if wording
    ]
    if rows:
        connection.execute(insert(slot_edits), rows)
