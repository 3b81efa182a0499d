"""Every fault of the phrasebank that reading it does not show: phrases, coverage, exemplars, and the proof of the promise.

Loads no encoder. Each check is a function that yields faults, each with its file and id.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import product

from suggest.check import Draft, check, unimplemented
from suggest.deadlines import load_targets
from suggest.dialogue import faults as dialogue_faults
from suggest.domain import PhrasebankError, Platform
from suggest.folding import fold
from suggest.hand_over import faults as hand_over_faults
from suggest.interim import faults as interim_faults
from suggest.model.examples import example_faults
from suggest.outcome import outcome_faults
from suggest.phrasebank import load_exemplars
from suggest.plan import SOBERING, Situation, plan
from suggest.regulation import Exemplar, Phrase, Phrasebank, Plan, Scenario, Topic
from suggest.render import fill
from suggest.usedesk.rules import rule_faults
from suggest.web.appeals import load_appeals
from suggest.web.signers import load_signers
from suggest.workdays import load_calendar

FILLINGS = 3
"""So many phrases at least can fill every place a scenario asks for, whatever the situation."""

PER_SLOT = 10
DRAFTED = "drafted"
"""Stands for an approver where the content owner has not yet confirmed a phrase of the house."""

FIVE_SLOTS = ("greeting", "empathy", "identification", "resolution", "thanks")
NEAR = 0.75
"""Exemplars that share more of their character n-grams than this are near-duplicates."""

GRAM = 10
"""The length of those n-grams."""

WORN, VOICES, SPREAD = 6, 10, 0.05
SHORT, LONG = 60, 200
"""Characters: of each scenario's exemplars a `SPREAD` at least is shorter, and another longer."""

FILLED_BY_AGENT = "unfilled-place"
"""The one finding that an offered phrase may have: `question` holds a place that the agent fills."""

_WORDS, _STARTS = re.compile(r"\w+"), re.compile(r"\b\w")
_MIXED = re.compile(r"[А-Яа-яЁё][A-Za-z]|[A-Za-z][А-Яа-яЁё]")


def faults(bank: Phrasebank) -> list[str]:
    """Every fault, file by file; empty for a sound phrasebank."""
    exemplars = load_exemplars(bank.path)
    found = unimplemented(bank)
    for over_bank in BANK_CHECKS:
        found += over_bank(bank)
    for over_exemplars in EXEMPLAR_CHECKS:
        found += over_exemplars(bank, exemplars)
    return found


def summary(bank: Phrasebank) -> str:
    """What the bank holds, in one line; phrases that their owner has not confirmed are counted."""
    approved = [phrase for phrase in bank.phrases.values() if phrase.status == "approved"]
    drafted = sum(phrase.approved is not None and phrase.approved.by == DRAFTED for phrase in approved)
    return (
        f"phrasebank {bank.version}: {len(approved)} approved phrases ({drafted} drafts, not yet confirmed by their owner), "
        f"{len(bank.scenarios)} scenarios, {len(bank.rules)} rules"
    )


def situations(bank: Phrasebank) -> Iterator[tuple[Scenario, Situation]]:
    """Every situation that a reply can be planned in; each with the client's name known, the place of a greeting apart."""
    company = bank.company()
    facts = {variable.id: variable.example for variable in bank.variables.values()} | {
        "company_email": company.email,
        "company_phone": company.phone,
    }
    flag_sets = [(), *((flag,) for flag in SOBERING), SOBERING]
    for scenario in bank.scenarios.values():
        for topic, channel, known, flags in product(
            _topics(scenario, bank), ("public", "dm"), (False, True), flag_sets
        ):
            yield scenario, Situation(topic, channel, known, flags, facts)  # type: ignore[arg-type]


def _topics(scenario: Scenario, bank: Phrasebank) -> Sequence[Topic | None]:
    if scenario.topic is None:
        return tuple(bank.topics.values())
    return (bank.topics.get(scenario.topic),)


def _phrases(bank: Phrasebank) -> Iterator[str]:
    seen: dict[tuple[str, str | None, str], str] = {}
    for phrase in bank.phrases.values():
        where = f"phrases/{phrase.slot}.yaml: {phrase.id}"
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", phrase.id):
            yield f"{where}: an id is words of small Latin letters joined by hyphens"
        if _MIXED.search(re.sub(r"\{.*?\}", "", phrase.text)):
            yield f"{where}: a Latin letter inside a Cyrillic word"
        if phrase.text != phrase.text.strip() or "  " in phrase.text:
            yield f"{where}: stray spaces"
        if phrase.text[-1:] not in ".!?»]":
            yield f"{where}: must end as a sentence does"
        key = phrase.slot, phrase.part, fold(phrase.text)
        if key in seen:
            yield f"{where}: the same text as {seen[key]}"
        seen[key] = phrase.id


def _slots_are_rich(bank: Phrasebank) -> Iterator[str]:
    for slot in FIVE_SLOTS:
        count = sum(phrase.slot == slot and phrase.status == "approved" for phrase in bank.phrases.values())
        if count < PER_SLOT:
            yield f"phrases/{slot}.yaml: {count} approved phrases, at least {PER_SLOT} are needed"


def _every_place_can_be_filled(bank: Phrasebank) -> Iterator[str]:
    poor: set[str] = set()
    for scenario, situation in situations(bank):
        for place in plan(scenario, situation, bank).slots:
            enough = 1 if (scenario.id, place.slot) == ("question", "explanation") else FILLINGS
            if len(place.offered) < enough:
                flags = "+".join(situation.flags) or "no flag"
                poor.add(
                    f"scenarios/{scenario.id}.yaml: {place.slot} {place.part or ''}: {len(place.offered)} phrases fit "
                    f"({situation.channel}, {flags}), at least {enough} are needed"
                )
    yield from sorted(poor)


def _no_reply_has_findings(bank: Phrasebank) -> Iterator[str]:
    """Every phrase is checked in a whole letter of each channel that offers it; the tests do so for every scenario too."""
    company = bank.company()
    seen: set[tuple[str, str]] = set()
    reported: set[str] = set()
    for scenario, situation in situations(bank):
        shape = plan(scenario, situation, bank)
        for chosen in _letters(shape, seen):
            text = " ".join(fill(phrase, situation.facts) for phrase in chosen)
            platform = bank.platforms[Platform.DM if situation.channel == "dm" else Platform.OTHER]
            for finding in check(Draft(text, platform, company, shape), bank):
                if finding.rule not in (FILLED_BY_AGENT, *reported):
                    reported.add(finding.rule)
                    yield f"scenarios/{scenario.id}.yaml: {finding.rule}: {text}"


def _letters(shape: Plan, seen: set[tuple[str, str]]) -> Iterator[list[Phrase]]:
    """Letters that say every phrase of the plan not yet seen in its channel."""
    fresh = [[p for p in place.offered if (p.id, shape.channel) not in seen] for place in shape.slots]
    for turn in range(max(map(len, fresh), default=0)):
        chosen = [
            new[turn] if turn < len(new) else place.offered[turn % len(place.offered)]
            for new, place in zip(fresh, shape.slots, strict=True)
            if place.offered
        ]
        seen.update((phrase.id, shape.channel) for phrase in chosen)
        yield chosen


def _exemplars_are_labelled(bank: Phrasebank, exemplars: Sequence[Exemplar]) -> Iterator[str]:
    for item in exemplars:
        for named in (item.scenario, item.counter_to):
            if named is not None and named not in bank.scenarios:
                yield f"exemplars/{named}.jsonl: no such scenario"
    counted = Counter(item.scenario for item in exemplars)
    for scenario in bank.scenarios:
        if counted[scenario] < 40:
            yield f"exemplars/{scenario}.jsonl: {counted[scenario]} exemplars, at least 40 are needed"


def _exemplars_differ(bank: Phrasebank, exemplars: Sequence[Exemplar]) -> Iterator[str]:
    """Duplicates and near-duplicates, by the character n-grams at the starts of their words."""
    holders: dict[str, list[int]] = defaultdict(list)
    samples = [_sampled(item.text) for item in exemplars]
    for number, own in enumerate(samples):
        shared = Counter(other for gram in own for other in holders[gram])
        for other, count in shared.items():
            if count > NEAR * (len(own) + len(samples[other]) - count):
                first, second = exemplars[other], exemplars[number]
                yield f"exemplars: {second.scenario}: «{second.text[:60]}» repeats «{first.text[:60]}» ({first.scenario})"
        for gram in own:
            holders[gram].append(number)


def _exemplars_are_varied(bank: Phrasebank, exemplars: Sequence[Exemplar]) -> Iterator[str]:
    """Each scenario is told in many voices, short and at length, and no opening is worn out."""
    for scenario in bank.scenarios:
        own = [item for item in exemplars if item.scenario == scenario]
        where = f"exemplars/{scenario}.jsonl"
        openings = Counter(" ".join(fold(item.text).split()[:3]) for item in own if len(item.text.split()) > 4)
        for opening, count in openings.items():
            if count > WORN:
                yield f"{where}: {count} exemplars open with «{opening}», at most {WORN} may"
        if len({item.voice for item in own}) < VOICES:
            yield f"{where}: fewer than {VOICES} voices"
        for what, part in (
            ("short", sum(len(item.text) < SHORT for item in own)),
            ("long", sum(len(item.text) > LONG for item in own)),
        ):
            if part < SPREAD * len(own):
                yield f"{where}: only {part} of {len(own)} exemplars are {what}, at least {SPREAD:.0%} should be"


def _sampled(text: str) -> frozenset[str]:
    """The n-grams of a text that begin where a word does, across the words that follow."""
    joined = " ".join(_WORDS.findall(fold(text)))
    return frozenset(joined[start.start() : start.start() + GRAM] for start in _STARTS.finditer(joined)) or frozenset(
        [joined]
    )


def _data_files(bank: Phrasebank) -> Iterator[str]:
    """The files that stand for themselves and that the phrasebank does not read."""
    for load in (load_calendar, load_targets, load_appeals, load_signers):
        try:
            load(bank.path)
        except PhrasebankError as error:
            yield from error.faults


BANK_CHECKS: tuple[Callable[[Phrasebank], Iterator[str]], ...] = (
    _phrases,
    _slots_are_rich,
    _every_place_can_be_filled,
    _no_reply_has_findings,
    interim_faults,
    hand_over_faults,
    dialogue_faults,
    example_faults,
    rule_faults,
    outcome_faults,
    _data_files,
)
EXEMPLAR_CHECKS: tuple[Callable[[Phrasebank, Sequence[Exemplar]], Iterator[str]], ...] = (
    _exemplars_are_labelled,
    _exemplars_differ,
    _exemplars_are_varied,
)
