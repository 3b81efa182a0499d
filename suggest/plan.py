"""What the regulation requires of one reply, and which approved phrases can say it.

Only phrases that can be filled here are offered, so nothing downstream has to go back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from suggest.domain import Action, Status
from suggest.regulation import (
    ANY,
    NO_TOPIC,
    ActionRule,
    Channel,
    Condition,
    Phrase,
    Phrasebank,
    Plan,
    PlannedSlot,
    Scenario,
    SlotUse,
    Topic,
)

SOBERING = ("safety", "legal")
"""Under these flags only phrases that name them are offered: a fire never gets «ситуация неприятная»."""


@dataclass(frozen=True)
class Situation:
    """What is known of one review when its reply is planned; `facts` are the variables that have a value."""

    topic: Topic | None
    channel: Channel
    client_known: bool
    flags: tuple[str, ...]
    facts: Mapping[str, str]

    @property
    def department(self) -> str | None:
        return self.topic.department if self.topic else None


CONDITIONS: Mapping[Condition, Callable[[Situation], bool]] = {
    "client_known": lambda here: here.client_known,
    "client_unknown": lambda here: not here.client_known,
    "visit": lambda here: here.topic is not None and here.topic.visit,
    "remote": lambda here: here.topic is None or not here.topic.visit,
    "safety": lambda here: "safety" in here.flags,
    "legal": lambda here: "legal" in here.flags,
}


def plan(scenario: Scenario, situation: Situation, bank: Phrasebank) -> Plan:
    """The places of the reply in order, each with the phrases that fit and can be filled."""
    return Plan(
        scenario=scenario,
        topic=situation.topic,
        department=situation.department,
        channel=situation.channel,
        client_known=situation.client_known,
        flags=situation.flags,
        slots=tuple(_places(scenario, situation, bank)),
        facts=situation.facts,
    )


def actions(status: Status, scenario: Scenario | None, situation: Situation, bank: Phrasebank) -> tuple[Action, ...]:
    """What the agent does beside replying, in order; without a scenario only what holds for any."""
    return tuple(
        Action(id=rule.id, text=rule.text, source=rule.source)
        for rule in bank.actions
        if _applies(rule, status, scenario, situation)
    )


def topic_of(scenario: Scenario, ranked: Sequence[str], bank: Phrasebank) -> Topic | None:
    """The topic that decides who solves it: the scenario's own, else that of the nearest topical scenario."""
    if scenario.topic == NO_TOPIC:
        return None
    if scenario.topic is not None:
        return bank.topics[scenario.topic]
    topical = (bank.scenarios[candidate].topic for candidate in ranked if candidate in bank.scenarios)
    return bank.topics[next((topic for topic in topical if topic and topic in bank.topics), DEFAULT_TOPIC)]


DEFAULT_TOPIC = "store"
"""Reviews on maps are of branches, so a review that names nothing is about the brand store (000 §8)."""


def wanted(scenario: Scenario, situation: Situation) -> tuple[SlotUse, ...]:
    """The slots that the scenario asks for in this situation, in the order of the reply."""
    uses = scenario.slots(situation.channel)
    return tuple(use for use in uses if use.when is None or CONDITIONS[use.when](situation))


def fits(phrase: Phrase, scenario: Scenario, situation: Situation) -> bool:
    """Whether a phrase may be said here and every variable in it has a value."""
    named = {*phrase.when, *phrase.fits}
    return (
        situation.channel in phrase.channels
        and phrase.serves(scenario.id)
        and (phrase.topics == ANY or (situation.topic is not None and situation.topic.id in phrase.topics))
        and all(CONDITIONS[condition](situation) for condition in phrase.when)
        and all(flag in named for flag in SOBERING if flag in situation.flags)
        and phrase.variables <= situation.facts.keys()
    )


def _places(scenario: Scenario, situation: Situation, bank: Phrasebank) -> Iterator[PlannedSlot]:
    for use in wanted(scenario, situation):
        slot = bank.slots[use.slot]
        optional = {part.id for part in slot.parts if part.optional}
        for part in slot.part_ids:
            offered = [phrase for phrase in bank.approved[use.slot, part] if fits(phrase, scenario, situation)]
            if offered or part not in optional:
                closest_first = sorted(offered, key=lambda phrase: phrase.closeness, reverse=True)
                yield PlannedSlot(use.slot, part, tuple(closest_first))


def _applies(rule: ActionRule, status: Status, scenario: Scenario | None, situation: Situation) -> bool:
    only = rule.only_for
    return (
        status in only.statuses
        and (not only.scenarios or (scenario is not None and scenario.id in only.scenarios))
        and (not only.topics or (situation.topic is not None and situation.topic.id in only.topics))
        and (not only.flags or any(flag in situation.flags for flag in only.flags))
        and (not only.channels or situation.channel in only.channels)
        and (not only.departments or situation.department in only.departments)
        and all(CONDITIONS[condition](situation) for condition in only.when)
    )
