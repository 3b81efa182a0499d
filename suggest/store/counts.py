"""How agents take each phrase: for every phrase the sum of what `tally` makes of the events of each revision."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, bindparam, select, text

from suggest.feedback import Outcome
from suggest.store.columns import Moment
from suggest.store.fold import Event, Kind, State, step
from suggest.store.tables import revisions

COUNTED = ("shown", "accepted", "changed", "deleted", "rejected", "overruled")
Tally = dict[str, Counter[str]]
"""By phrase id, how often each of COUNTED."""

_ADD = text(
    f"INSERT INTO phrase_counts (phrase_id, {', '.join(COUNTED)}, last_used_at) "  # noqa: S608
    f"VALUES (:phrase_id, {', '.join(f':{name}' for name in COUNTED)}, :at) ON CONFLICT (phrase_id) DO UPDATE SET "
    + ", ".join(f"{name} = phrase_counts.{name} + excluded.{name}" for name in COUNTED)
    + ", last_used_at = excluded.last_used_at"
).bindparams(bindparam("at", type_=Moment))


def tally(events: Iterable[Event], phrases: Sequence[str]) -> Tally:
    """What the feedback on one revision says of its phrases.

    Of a copied or confirmed reply every phrase is accepted, of an edited one those that were left alone.
    """
    state = State()
    edited: dict[str, str] = {}
    for event in events:
        state = step(state, event)
        edited = dict(json.loads(event.detail)) if event.kind is Kind.EDITED and event.detail else edited
    fate = {Outcome.REJECTED: "rejected", Outcome.OVERRULED: "overruled", None: ""}
    tallied: Tally = {}
    for phrase in dict.fromkeys(phrases):
        what = fate.get(state.outcome, "accepted")
        if state.outcome is Outcome.EDITED:
            what = edited.get(phrase, "accepted")
        tallied[phrase] = Counter({"shown": int(state.shown), **({what: 1} if what else {})})
    return tallied


def count(connection: Connection, suggestion_id: str, past: Iterable[Event], event: Event) -> None:
    """Brings the counts up to an event that follows `past`, the earlier feedback on the suggestion."""
    before = [earlier for earlier in past if earlier.revision == event.revision]
    phrases = phrases_of(connection, suggestion_id, event.revision)
    old, new = tally(before, phrases), tally([*before, event], phrases)
    rows = [
        {"phrase_id": phrase, "at": event.at} | {name: new[phrase][name] - old[phrase][name] for name in COUNTED}
        for phrase in sorted(new)
    ]
    if rows:
        connection.execute(_ADD, rows)


def phrases_of(connection: Connection, suggestion_id: str, revision: int) -> list[str]:
    """The phrases of a revision, in the order of the reply."""
    query = select(revisions.c.phrases).where(
        revisions.c.suggestion_id == suggestion_id, revisions.c.revision == revision
    )
    return [phrase for _, _, phrase in json.loads(connection.scalar(query) or "[]")]
