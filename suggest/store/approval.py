"""The approval queue of the content owner: candidate exemplars and phrases, approved or declined, none used as such."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, func, insert, select, update

from suggest.domain import Frozen, InputError
from suggest.folding import clean
from suggest.personal import has_personal_data
from suggest.regulation import Phrasebank, variables_of
from suggest.store.engine import Database
from suggest.store.feedback import REPLY
from suggest.store.learning import ALIKE, EXEMPLAR, PHRASE, WAITING, digest
from suggest.store.suggestions import REVIEW, Kept, keep_text
from suggest.store.tables import candidates, slot_edits, suggestions, texts

CANDIDATE = "candidate"
"""The kind of text that holds the wording under which an exemplar was approved; `ref` is the candidate."""

State = Literal["waiting", "approved", "declined"]


class Candidate(Frozen):
    """What might be learnt.

    An exemplar: `text` is a review of `scenarios[0]`. A phrase: `text` is what agents put in place of `phrase_id`, with
    `{variables}`, in `times` suggestions of `scenarios`. `text` is None where it was erased; with `personal` it holds
    personal data and cannot be approved as it is.
    """

    id: int
    kind: Literal["exemplar", "phrase"]
    state: State
    text: str | None
    personal: bool
    scenarios: tuple[str, ...]
    rating: int | None
    slot: str | None
    part: str | None
    phrase_id: str | None
    times: int
    suggestion_id: str
    created_at: datetime
    by: str | None
    on: datetime | None


class Candidates:
    """The queue; `bank` tells which wordings are approved phrases already."""

    def __init__(self, database: Database, bank: Phrasebank, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._bank = bank
        self._clock = clock

    def queue(self, state: State = "waiting", limit: int | None = None) -> tuple[Candidate, ...]:
        """The candidates in this state, the oldest first, without those whose text was erased before a decision.

        With a `limit` at most so many: first the phrases, the most frequent ahead, then the exemplars.
        """
        known = {digest(phrase.text) for phrase in self._bank.phrases.values()}
        with self._database.writing() as connection:
            _gather_phrases(connection, known)
            query = select(candidates).where(candidates.c.state == state)
            oldest = candidates.c.created_at, candidates.c.id
            if limit is not None:
                query = query.order_by(candidates.c.kind.desc(), candidates.c.times.desc())
            rows = connection.execute(query.order_by(*oldest)).all()
            found = (_candidate(connection, row) for row in rows)
            there = (candidate for candidate in found if candidate.text is not None or state != WAITING)
            return tuple(islice(there, limit))

    def count(self, state: State) -> int:
        """How many candidates are in this state."""
        with self._database.reading() as connection:
            return connection.scalar(select(func.count()).where(candidates.c.state == state)) or 0

    def approve(self, candidate_id: int, by: str, wording: str | None = None) -> Candidate:
        """Approves it, as it is or in the owner's `wording`, for the next patch to the phrasebank.

        Raises InputError where it does not wait, its text is gone, holds personal data or names unknown variables.
        """
        with self._database.writing() as connection:
            candidate = _waiting(connection, candidate_id)
            text = _fit(candidate, wording or candidate.text, self._bank)
            decided: dict[str, Any] = {"state": "approved", "by": by, "on": self._clock()}
            if candidate.kind == PHRASE:
                decided["wording"] = text
            else:
                content = json.dumps({"text": text}, ensure_ascii=False)
                kept = Kept(CANDIDATE, candidate_id, content, "", decided["on"])
                keep_text(connection, candidate.suggestion_id, kept)
            connection.execute(update(candidates).where(candidates.c.id == candidate_id).values(decided))
        return candidate.model_copy(update={"state": "approved", "by": by, "on": decided["on"], "text": text})

    def decline(self, candidate_id: int, by: str) -> None:
        """Declines it for good; raises InputError where it does not wait."""
        with self._database.writing() as connection:
            _waiting(connection, candidate_id)
            decided = {"state": "declined", "by": by, "on": self._clock()}
            connection.execute(update(candidates).where(candidates.c.id == candidate_id).values(decided))


def _gather_phrases(connection: Connection, known: set[str]) -> None:
    """Makes candidates of wordings that occurred often enough and are no phrases yet; counts known ones anew."""
    edits = slot_edits.c
    times = func.count(edits.suggestion_id.distinct())
    alike = select(edits.slot, edits.part, edits.digest, times.label("times"), func.max(edits.event_id).label("event"))
    alike = alike.group_by(edits.slot, edits.part, edits.digest).having(times >= ALIKE)
    kept = dict(connection.execute(select(candidates.c.key, candidates.c.id).where(candidates.c.kind == PHRASE)).all())
    for row in connection.execute(alike).all():
        key = json.dumps([row.slot, row.part, row.digest])
        if key in kept:
            waiting = and_(candidates.c.id == kept[key], candidates.c.state == WAITING)
            connection.execute(update(candidates).where(waiting).values(times=row.times))
        elif row.digest not in known:
            _propose(connection, key, row)


def _propose(connection: Connection, key: str, row: Row[Any]) -> None:
    query = select(
        slot_edits.c.suggestion_id, slot_edits.c.phrase_id, suggestions.c.revision, suggestions.c.answered_at
    )
    query = query.join(suggestions, suggestions.c.id == slot_edits.c.suggestion_id)
    edit = connection.execute(
        query.where(slot_edits.c.event_id == row.event, slot_edits.c.digest == row.digest)
    ).first()
    if edit is None:
        return
    candidate = {"kind": PHRASE, "key": key, "slot": row.slot, "part": row.part, "times": row.times, "state": WAITING}
    candidate |= {"suggestion_id": edit.suggestion_id, "phrase_id": edit.phrase_id, "revision": edit.revision}
    connection.execute(insert(candidates).values(candidate | {"created_at": edit.answered_at}))


def _waiting(connection: Connection, candidate_id: int) -> Candidate:
    row = connection.execute(select(candidates).where(candidates.c.id == candidate_id).with_for_update()).first()
    if row is None or row.state != WAITING:
        raise InputError("id", f"no candidate {candidate_id} waits for a decision")
    return _candidate(connection, row)


def _fit(candidate: Candidate, text: str | None, bank: Phrasebank) -> str:
    """The text if it may be approved."""
    if not text or not text.strip():
        raise InputError("id", "the text of the candidate was erased")
    if has_personal_data(clean(text)):
        raise InputError("wording", "the text holds personal data: give a wording without it")
    if candidate.kind == PHRASE:
        try:
            unknown = set(variables_of(text)) - set(bank.variables)
        except ValueError as error:
            raise InputError("wording", str(error)) from error
        if unknown:
            raise InputError("wording", f"no such variable: {', '.join(sorted(unknown))}")
    return " ".join(text.split()) if candidate.kind == PHRASE else text


def _candidate(connection: Connection, row: Row[Any]) -> Candidate:
    text, scenarios, rating = _exemplar(connection, row) if row.kind == EXEMPLAR else _phrase(connection, row)
    shown = {name: value for name, value in row._mapping.items() if name in Candidate.model_fields}
    personal = text is not None and has_personal_data(clean(text))
    return Candidate(**shown, text=text, personal=personal, scenarios=scenarios, rating=rating)


Shown = tuple[str | None, tuple[str, ...], int | None]


def _exemplar(connection: Connection, row: Row[Any]) -> Shown:
    kept = {found.kind: found.content for found in connection.execute(_texts_of(row))}
    rating = connection.scalar(select(suggestions.c.rating).where(suggestions.c.id == row.suggestion_id))
    if CANDIDATE in kept:
        return json.loads(kept[CANDIDATE])["text"], (row.scenario,), rating
    text = json.loads(kept[REVIEW])["review"]["text"] if REVIEW in kept else None
    return text, (row.scenario,), rating


def _texts_of(row: Row[Any]) -> Any:
    wanted = and_(texts.c.kind == REVIEW, texts.c.ref == row.revision) | and_(
        texts.c.kind == CANDIDATE, texts.c.ref == row.id
    )
    return select(texts.c.kind, texts.c.content).where(texts.c.suggestion_id == row.suggestion_id, wanted)


def _phrase(connection: Connection, row: Row[Any]) -> Shown:
    edits, (_, _, alike) = slot_edits.c, json.loads(row.key)
    same = and_(edits.slot == row.slot, edits.part == row.part, edits.digest == alike)
    of_scenarios = select(suggestions.c.scenario).distinct().join(slot_edits, edits.suggestion_id == suggestions.c.id)
    scenarios = sorted(name for name in connection.scalars(of_scenarios.where(same)) if name)
    if row.wording is not None:
        return row.wording, tuple(scenarios), None
    reply = and_(texts.c.suggestion_id == edits.suggestion_id, texts.c.kind == REPLY, texts.c.ref == edits.event_id)
    query = select(texts.c.content).join(slot_edits, reply).where(same).order_by(edits.event_id.desc()).limit(1)
    content = connection.scalar(query)
    wordings = json.loads(content)["wordings"] if content else []
    wording = next((text for slot, part, text in wordings if (slot, part) == (row.slot, row.part)), None)
    return wording, tuple(scenarios), None
