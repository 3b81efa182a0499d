"""A trace told to people: one revision stage by stage, and everything that happened in order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from suggest.bootstrap import Service
from suggest.domain import Suggestion
from suggest.feedback import Op, compare
from suggest.regulation import Phrase, Phrasebank
from suggest.store.fold import Event, Kind
from suggest.store.store import Store
from suggest.store.trace import Trace
from suggest.titles import more, title

CAUSES = {
    "first": "первая",
    "changed": "отзыв изменили",
    "overruled": "агент выбрал сценарий",
    "model": "выбор модели",
    "replanned": "пересобрана",
}
CHANNELS = {"mail": "почта", "dm": "сообщение на площадке", "call": "звонок", "other": "другое"}


@dataclass(frozen=True)
class Place:
    """A segment with where its phrase comes from; `phrase` None: the phrasebank no longer has it."""

    title: str
    phrase_id: str
    text: str
    chosen_by: str
    others: int
    phrase: Phrase | None


@dataclass(frozen=True)
class Happening:
    """One event: when, who, what, more of it, and what the agent made of the reply as a diff."""

    at: datetime
    agent: str
    what: str
    more: str
    diff: tuple[Op, ...] = ()
    erased: bool = False


def tale(service: Service, store: Store, trace: Trace, shown: Suggestion) -> dict[str, Any]:
    """Everything that `detail.html.j2` needs."""
    bank = service.bank
    return {
        "entry": trace.entry,
        "made": shown,
        "revisions": trace.revisions,
        "places": [_place(bank, shown, number) for number in range(len(shown.segments))],
        "same_bank": shown.provenance.phrasebank == bank.version,
        "happenings": [_happening(bank, trace, event) for event in trace.events],
        "hand_overs": store.hand_overs.of(shown.id),
        "links": store.links.of(shown.id),
        "contacts": store.contacts.of(shown.id),
        "attachments": store.attachments.of(shown.id),
        "channels": CHANNELS,
    }


def _place(bank: Phrasebank, made: Suggestion, number: int) -> Place:
    segment = made.segments[number]
    slot = bank.slots.get(segment.slot)
    parts = slot.parts if slot else ()
    title = next((part.title for part in parts if part.id == segment.part), slot.title if slot else segment.slot)
    phrase = bank.phrases.get(segment.phrase_id)
    return Place(title, segment.phrase_id, segment.text, segment.chosen_by, len(segment.alternatives), phrase)


def _happening(bank: Phrasebank, trace: Trace, event: Event) -> Happening:
    diff: tuple[Op, ...] = ()
    made, reply = trace.at(event.revision), trace.replies.get(event.id)
    if event.kind is Kind.EDITED and made and reply is not None:
        diff = compare(made.segments, made.text, reply, {}).diff
    erased = event.kind is Kind.EDITED and reply is None
    return Happening(event.at, event.agent or "", title(event), _more(bank, event), diff, erased)


def _more(bank: Phrasebank, event: Event) -> str:
    """What an event says beside its kind."""
    known = bank.scenarios.get(event.scenario or "")
    scenario = known.title if known else event.scenario or ""
    reason = event.reason or ""
    match event.kind:
        case Kind.SUGGESTED:
            return ", ".join(filter(None, [f"№ {event.revision}", CAUSES.get(reason, reason), scenario]))
        case Kind.OVERRULED:
            return scenario
    return more(event)
