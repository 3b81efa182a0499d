"""The rules on slots: what the regulation asks for in a reply to this review, and what it does not want there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from suggest.check.reading import Check, Hit, Reading
from suggest.check.slots_in_text import Sentence
from suggest.domain import Span
from suggest.regulation import Plan, Rule

VIOLATION = "violation"


def missing(slot: str, part: str | None = None) -> Check:
    """The rule that a planned slot, or a part of it, is in the reply; an empty reply has a rule of its own."""

    def check(reading: Reading, rule: Rule) -> Iterator[Hit]:
        planned = reading.plan and any(place.key == (slot, part) for place in reading.plan.slots)
        if planned and reading.sentences and not reading.slots.of(slot, part):
            yield None, None

    return check


def explanation_missing(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """An explanation is in the agent's own words: any sentence that is no other planned slot may be one (001)."""
    others = {place.slot for place in reading.plan.slots} - {"explanation"} if reading.plan else set()
    if all(_slots_within(reading, sentence) & others for sentence in reading.sentences):
        yield from missing("explanation")(reading, rule)


def unneeded_empathy(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Apologies in a reply to praise, a question or a violation (the table in 000 §4 is for complaints)."""
    if reading.plan and not _asks_for(reading.plan, "empathy"):
        spans = {place.span for place in reading.slots.of("empathy") if place.phrases}
        yield from _once(spans | set(reading.said(rule)))


def identification_of_known_client(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """000 §5 asks for data only where the client cannot be identified."""
    if reading.plan and reading.plan.client_known and _asks_for(reading.plan, "identification"):
        yield from _data_requests(reading)


def identification_not_needed(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """Nothing is to be investigated in this scenario at all (000 §7)."""
    if reading.plan and not _asks_for(reading.plan, "identification"):
        yield from _data_requests(reading)


def promise_in_violation(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """A review that only breaks the platform's rules gets a neutral answer (004)."""
    if reading.plan and reading.plan.scenario.id == VIOLATION:
        yield from _once(place.span for place in reading.slots.of("resolution") if place.cue != "done")


def unneeded_resolution(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """A promise to sort things out where nobody complained (000 §6)."""
    plan = reading.plan
    if plan and plan.scenario.id != VIOLATION and not _asks_for(plan, "empathy"):
        yield from _once(reading.said(rule))


def unplanned(slot: str) -> Check:
    """The hint that a slot stands in a public reply without being asked for."""

    def check(reading: Reading, rule: Rule) -> Iterator[Hit]:
        plan = reading.plan
        if plan and plan.channel == "public" and not _asks_for(plan, slot):
            yield from ((place.span, None) for place in reading.slots.of(slot)[:1])

    return check


def slot_order(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """The planned slots come in the regulation's order; told once, at the first slot that comes too early."""
    plan = reading.plan
    planned = list(dict.fromkeys(place.slot for place in plan.slots)) if plan else []
    first = {slot: found[0] for slot in planned if (found := reading.slots.of(slot))}
    expected = [slot for slot in planned if slot in first]
    actual = sorted(expected, key=lambda slot: first[slot].span)
    for want, got in zip(expected, actual, strict=True):
        if want != got:
            yield first[got].span, " → ".join(reading.bank.slots[slot].title.lower() for slot in planned)
            return


def phrase_out_of_place(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """An approved phrase of a planned slot that the plan does not offer here; a greeting by name never is one."""
    planned = {place.slot for place in reading.plan.slots} if reading.plan else set()
    for place in reading.slots.places:
        named = any("client_name" in reading.bank.phrases[id_].variables for id_ in place.phrases)
        if place.phrases and place.key[0] in planned and not named and not reading.offered & set(place.phrases):
            yield place.span, None


def contact_missing(reading: Reading, rule: Rule) -> Iterator[Hit]:
    """A public request must say where to write (000 §5): the company's mail or phone, or another private way."""
    company = reading.draft.company
    asked = [place for place in reading.slots.of("identification", "request") if place.cue != "contact"]
    told = company.email in reading.text or company.phone in reading.text or next(reading.said(rule, "elsewhere"), None)
    if reading.channel == "public" and asked and not told:
        yield asked[0].span, None


def _asks_for(plan: Plan, slot: str) -> bool:
    return any(use.slot == slot for use in plan.scenario.slots(plan.channel))


def _data_requests(reading: Reading) -> Iterator[Hit]:
    asked = (place for place in reading.slots.of("identification", "request") if place.cue != "contact")
    return _once(place.span for place in asked)


def _once(spans: Iterator[Span] | set[Span]) -> Iterator[Hit]:
    """Each span that does not lie in one already given."""
    end = -1
    for span in sorted(spans, key=lambda span: (span[0], -span[1])):
        if span[1] > end:
            end = span[1]
            yield span, None


def _slots_within(reading: Reading, sentence: Sentence) -> set[str]:
    first, last = reading.folded.span(sentence.start, sentence.end)
    return {place.key[0] for place in reading.slots.places if first <= place.span[0] < last}


CHECKS: Mapping[str, Check] = {
    "greeting-missing": missing("greeting"),
    "empathy-missing": missing("empathy"),
    "identification-missing": missing("identification", "request"),
    "identification-wish-missing": missing("identification", "wish"),
    "resolution-missing": missing("resolution"),
    "explanation-missing": explanation_missing,
    "thanks-missing": missing("thanks"),
    "closing-missing": missing("closing"),
    "unneeded-empathy": unneeded_empathy,
    "identification-of-known-client": identification_of_known_client,
    "identification-not-needed": identification_not_needed,
    "promise-in-violation": promise_in_violation,
    "unneeded-resolution": unneeded_resolution,
    "thanks-in-complaint": unplanned("thanks"),
    "closing-not-needed": unplanned("closing"),
    "slot-order": slot_order,
    "phrase-out-of-place": phrase_out_of_place,
    "contact-missing": contact_missing,
}
