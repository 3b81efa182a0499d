"""The walk of one review, and the only module that knows its order.

triage → match → plan → choose → render → check
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from suggest import plan as planning
from suggest.advice import Advice, Adviser, NoAdvice
from suggest.checker import Checker, known_scenario
from suggest.choose import NOTHING, Chooser, History, Rotation, accept, allowed, unworn, varied
from suggest.domain import (
    ChosenBy,
    Disposition,
    InputError,
    Match,
    MatchedBy,
    Provenance,
    Reason,
    Review,
    Segment,
    Status,
    Suggestion,
    Triage,
)
from suggest.flags import detect
from suggest.language import language
from suggest.regulation import Phrasebank, SlotKey
from suggest.render import letter, render
from suggest.suggestion_id import suggestion_id
from suggest.triage import NO_DETAILS, has_letters, settle, triage


class Matching(Protocol):
    """Finds the scenario of a review that has letters; the walk adds topic and flags."""

    @property
    def version(self) -> str: ...

    @property
    def limits(self) -> Mapping[str, float]: ...

    def match(self, text: str, rating: int | None) -> Match: ...


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Case:
    """A review on its walk: whose suggestion it will be, and what is known of it so far."""

    review: Review
    id: str
    revision: int
    triaged: Triage
    matched: Match | None
    advice: Advice
    history: History


@dataclass(frozen=True)
class Suggester:
    """Makes suggestions; stores nothing and, but for an adviser, calls nothing outside."""

    bank: Phrasebank
    matcher: Matching
    checker: Checker
    chooser: Chooser = field(default_factory=Rotation)
    clock: Callable[[], datetime] = now
    adviser: Adviser = field(default_factory=NoAdvice)

    def suggest(
        self, review: Review, scenario: str | None = None, key: str | None = None, history: History = NOTHING
    ) -> Suggestion:
        """The first revision of the suggestion for a review.

        `scenario` overrides match, abstention and skip; `key` stands for the review's id in the suggestion's; `history`
        is what the choice of phrases minds.
        Raises InputError for a review that says nothing (no text, no rating) and for an unknown scenario.
        """
        if scenario is not None:
            known_scenario(self.bank, scenario)
        if review.rating is None and not review.text.strip():
            raise InputError("text", "a review needs a text or a rating, this one has neither")
        triaged, advice, named = triage(review), self.adviser.begin(), suggestion_id(review, key)
        if triaged.disposition is Disposition.SKIP and scenario is None:
            return self._silent(Case(review, named, 1, triaged, None, advice, history))
        matched = self._understood(review, scenario, advice)
        triaged = settle(triaged, review, matched.scenario, matched.flags, self._urgent())
        return self._made(Case(review, named, 1, triaged, matched, advice, history))

    def refine(self, made: Suggestion, history: History = NOTHING) -> Suggestion | None:
        """The next revision of a suggestion, with what the adviser chose; None where no model answered.

        It starts from the match: nothing is matched again, and what an agent or the triage decided stays.
        """
        if made.match is None or made.erased:
            return None
        advice = self.adviser.begin()
        matched, triaged = self._advised(made.review, made.match, advice), made.triage
        if matched.scenario != made.match.scenario:
            triaged = settle(triaged, made.review, matched.scenario, (), ())
            matched = self._filed(matched)
        fresh = self._made(Case(made.review, made.id, made.revision + 1, triaged, matched, advice, history))
        return fresh if fresh.provenance.model else None

    def _understood(self, review: Review, scenario: str | None, advice: Advice) -> Match:
        """The match with its topic and flags, and with what an agent or the triage already decided put first."""
        matched = self._matched(review)
        if scenario is not None:
            matched = _overridden(matched, scenario, MatchedBy.AGENT)
        else:
            matched = self._advised(review, matched, advice)
        reasons = matched.reasons
        if language(review.text) in {"kk", "mixed"}:
            reasons += (Reason(code="kazakh", text="Отзыв на казахском: ответ предлагается на русском."),)
        flags = self._flags(review.text, matched.flags)
        return self._filed(matched).model_copy(update={"flags": flags, "reasons": reasons})

    def _advised(self, review: Review, matched: Match, advice: Advice) -> Match:
        """The match with the scenario that a model chose where the matcher was not sure, and with why."""
        chosen = advice.scenario(review, matched)
        reasons = matched.reasons
        if chosen:
            reasons = tuple(reason for reason in reasons if reason.code != "unsure")
            matched = _overridden(matched, chosen, MatchedBy.MODEL)
        return matched.model_copy(update={"reasons": (*reasons, *advice.reasons)})

    def _filed(self, matched: Match) -> Match:
        """The match under the topic that its ranking leads to."""
        ranked = [matched.scenario, *(candidate.scenario for candidate in matched.runners_up)]
        named = [name for name in ranked if name is not None]
        topic = planning.topic_of(self.bank.scenarios[named[0]], named, self.bank)
        return matched.model_copy(update={"topic": topic.id if topic else None})

    def _flags(self, text: str, ringing: Sequence[str]) -> tuple[str, ...]:
        """What the detectors hear in the words, and what the matcher has learnt to hear beside them."""
        raised = {*detect(text), *ringing}
        return tuple(flag for flag in self.bank.flags if flag in raised)

    def _matched(self, review: Review) -> Match:
        if has_letters(review.text):
            return self.matcher.match(review.text, review.rating)
        return Match(scenario=NO_DETAILS, topic=None, by=MatchedBy.TRIAGE, confidence=1.0)

    def _made(self, case: Case) -> Suggestion:
        """A reply where the scenario is known, else an abstention."""
        if case.matched is None or case.matched.scenario is None:
            return self._silent(case)
        scenario = self.bank.scenarios[case.matched.scenario]
        situation = self.checker.situation(case.review, case.matched, case.id)
        plan = planning.plan(scenario, situation, self.bank)
        offered = allowed(plan, case.history)
        advised = case.advice.phrases(case.review, unworn(offered, case.history))
        chosen = accept({**self.chooser.choose(case.review, offered, case.history), **advised}, offered)
        other = varied(chosen, case.review, offered, case.history)
        advised = {key: id_ for key, id_ in advised.items() if key not in other}
        segments = _signed(render(offered, {**chosen, **other}, ChosenBy.ROTATION), advised)
        text = letter(segments)
        findings = (*self.checker.checked(text, case.review, plan), *case.advice.tone(case.review, text))
        return self._recorded(case, Status.READY).model_copy(
            update={
                "segments": segments,
                "text": text,
                "actions": planning.actions(Status.READY, scenario, situation, self.bank),
                "department": plan.department,
                "findings": (*findings, *case.advice.findings),
                "chosen_by": ChosenBy.MODEL if advised else ChosenBy.ROTATION,
            }
        )

    def _silent(self, case: Case) -> Suggestion:
        """A skip (no match) or an abstention: no text, but priority, flags, routing and what to do."""
        status = Status.ABSTAINED if case.matched else Status.SKIPPED
        situation = self.checker.situation(case.review, case.matched, case.id)
        return self._recorded(case, status).model_copy(
            update={
                "actions": planning.actions(status, None, situation, self.bank),
                "department": situation.department,
            }
        )

    def _recorded(self, case: Case, status: Status) -> Suggestion:
        """What every suggestion records of its walk, with nothing suggested yet."""
        return Suggestion(
            id=case.id,
            revision=case.revision,
            status=status,
            review=case.review,
            triage=case.triaged,
            match=case.matched,
            provenance=self._provenance(case.advice),
            created_at=self.clock(),
        )

    def _urgent(self) -> tuple[str, ...]:
        return tuple(flag.id for flag in self.bank.flags.values() if flag.urgent)

    def _provenance(self, advice: Advice) -> Provenance:
        return Provenance(
            phrasebank=self.bank.version,
            matcher=self.matcher.version,
            prompt=advice.prompt,
            model=advice.model,
            thresholds=dict(self.matcher.limits),
            usage=advice.usage,
        )


def _signed(segments: tuple[Segment, ...], advised: Collection[SlotKey]) -> tuple[Segment, ...]:
    """The segments, each with who chose it."""
    return tuple(
        segment.model_copy(update={"chosen_by": ChosenBy.MODEL}) if (segment.slot, segment.part) in advised else segment
        for segment in segments
    )


def _overridden(matched: Match, scenario: str, by: MatchedBy) -> Match:
    """The match as an agent decided it: `scenario` first, the matcher's ranking behind it."""
    ranked = [(matched.scenario, matched.confidence)] if matched.scenario else []
    ranked += [(candidate.scenario, candidate.confidence) for candidate in matched.runners_up]
    confidence = next((p for name, p in ranked if name == scenario), 0.0)
    others = [{"scenario": name, "confidence": p} for name, p in ranked if name != scenario]
    return Match.model_validate(
        matched.model_dump()
        | {"scenario": scenario, "by": by, "confidence": confidence, "runners_up": others[:2], "reasons": ()}
    )
