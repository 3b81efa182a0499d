"""What the widget shows of a suggestion, as plain values for its templates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from suggest.domain import Match, MatchedBy, Suggestion
from suggest.regulation import Phrasebank
from suggest.store.fold import Event, Kind, fold
from suggest.titles import APPEALS, REASONS
from suggest.usedesk.steps import CLOSING_TITLES, Closing, proposed
from suggest.web.appeals import offers
from suggest.web.counter import Counter, Opened

NEAREST = 3


def panel(counter: Counter, opened: Opened) -> dict[str, Any]:
    """Everything that `widget_main.html.j2` needs."""
    made, bank = opened.made, counter.service.bank
    matched = made.match
    return {
        "base": f"/widget/{opened.token}",
        "made": made,
        "urgent": opened.urgent,
        "signers": counter.signers(opened) if opened.urgent else (),
        "platform": bank.platforms[made.review.platform],
        "scenario": bank.scenarios[matched.scenario] if matched and matched.scenario else None,
        "near": _near(made, bank),
        "ranked": _ranked(matched, bank),
        "scenarios": sorted(bank.scenarios.values(), key=lambda scenario: scenario.title),
        "flags": [bank.flags[flag] for flag in (matched.flags if matched else ())],
        "department": bank.departments[made.department].title if made.department else "",
        "slots": [_title(bank, segment.slot, segment.part) for segment in made.segments],
        "reasons": REASONS,
        "data": _data(made, opened.urgent, bank) | {"tone": counter.judges},
        **steps(counter, opened),
        **appeal(counter, opened),
    }


def steps(counter: Counter, opened: Opened, closing: Closing | None = None, results: Any = None) -> dict[str, Any]:
    """The way back: its steps with their results, and the statuses to choose among on a client's own ticket."""
    events = counter.events(opened)
    closing = closing or proposed(opened.made, fold(events).pending)
    way_back = counter.way_back
    if results is None:
        results = way_back.steps(opened.made, closing) if way_back else ()
    return {
        "base": f"/widget/{opened.token}",
        "made": opened.made,
        "steps": results,
        "done": bool(results) and all(result.result == "done" for result in results),
        "dry": way_back is not None and way_back.dry_run,
        "closing": closing.value,
        "closings": {choice.value: title for choice, title in CLOSING_TITLES.items()},
        "own": counter.service.bank.platforms[opened.made.review.platform].channel == "dm",
    }


def appeal(counter: Counter, opened: Opened) -> dict[str, Any]:
    """The grounds to appeal on, and how an appeal stands."""
    bank = counter.service.bank
    rules = bank.platforms[opened.made.review.platform].appeal
    told = [event for event in counter.events(opened) if event.kind is Kind.APPEALED]
    return {
        "base": f"/widget/{opened.token}",
        "offers": offers(opened.made, bank, counter.appeals),
        "form": rules.url if rules else "",
        "appeal_states": APPEALS,
        "appeal_state": _last(told),
    }


def _last(told: Sequence[Event]) -> str:
    return (told[-1].reason or "") if told else ""


def _near(made: Suggestion, bank: Phrasebank) -> list[Any]:
    """The scenarios a click away: the present one with its runners-up, or the three nearest."""
    matched = made.match
    if matched is None:
        return []
    ranked = [matched.scenario, *(candidate.scenario for candidate in matched.runners_up)]
    return [bank.scenarios[name] for name in ranked if name][:NEAREST]


def _ranked(matched: Match | None, bank: Phrasebank) -> list[tuple[str, float, str]]:
    """How the matcher came to it: the title, the confidence and the most alike exemplar of the nearest scenarios."""
    if matched is None or matched.by is not MatchedBy.MATCHER:
        return []
    first = [(matched.scenario, matched.confidence)] if matched.scenario else []
    ranked = [*first, *((other.scenario, other.confidence) for other in matched.runners_up)]
    alike = {near.scenario: near.text for near in reversed(matched.nearest)}
    return [(bank.scenarios[name].title, confidence, alike.get(name, "")) for name, confidence in ranked]


def _title(bank: Phrasebank, slot: str, part: str | None) -> str:
    known = bank.slots[slot]
    return next((option.title for option in known.parts if option.id == part), known.title)


def _data(made: Suggestion, urgent: bool, bank: Phrasebank) -> dict[str, Any]:
    """What the script works with; it escapes by writing text nodes only."""
    platform = bank.platforms[made.review.platform]
    places = [[segment.text, *(other.text for other in segment.alternatives)] for segment in made.segments]
    return {
        "id": made.id,
        "revision": made.revision,
        "text": made.text,
        "places": places,
        "limit": platform.limit,
        "unit": platform.unit,
        "urgent": urgent,
        "findings": [finding.model_dump(mode="json") for finding in made.findings],
    }
