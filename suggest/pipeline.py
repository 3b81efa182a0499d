"""The walk of one review, and the only module that knows its order.

triage → match → plan → choose → render → check
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol
from uuid import UUID, uuid5

from suggest import plan as planning
from suggest.check import Draft, check
from suggest.choose import NOTHING, Chooser, History, Rotation, accept, allowed
from suggest.domain import (
    ChosenBy,
    Disposition,
    Finding,
    InputError,
    Match,
    MatchedBy,
    Provenance,
    Reason,
    Review,
    Status,
    Suggestion,
    Triage,
)
from suggest.flags import detect
from suggest.language import language
from suggest.names import given_name
from suggest.plan import Situation
from suggest.regulation import Company, Phrasebank, Plan, Scenario
from suggest.render import letter, render
from suggest.triage import NO_DETAILS, has_letters, settle, triage

NAMESPACE = UUID("6f3e2b52-7d0c-5d0e-9a51-6e2f3c1b8a70")
"""Of the uuid5 that a suggestion is known by."""


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
class Checker:
    """Holds replies to the regulation; needs no matcher. `company` gives name, mail and phone for a branch."""

    bank: Phrasebank
    company: Callable[[str | None], Company]

    def check(
        self,
        text: str,
        review: Review | None = None,
        scenario: str | None = None,
        matched: Match | None = None,
    ) -> tuple[Finding, ...]:
        """The findings on a reply to a review; `matched` gives topic and flags, else they are read off the review.

        Without a scenario only the rules on the text itself are checked, without a review those that need no platform.
        Raises InputError for an unknown scenario.
        """
        plan = None
        if review is not None and scenario is not None:
            known = known_scenario(self.bank, scenario)
            topic = planning.topic_of(known, (), self.bank)
            matched = matched or Match(
                scenario=scenario,
                topic=topic.id if topic else None,
                by=MatchedBy.AGENT,
                confidence=1.0,
                flags=detect(review.text),
            )
            plan = planning.plan(known, self.situation(review, matched), self.bank)
        return self.checked(text, review, plan)

    def checked(self, text: str, review: Review | None, plan: Plan | None) -> tuple[Finding, ...]:
        """The findings on a reply that was planned."""
        platform = self.bank.platforms[review.platform] if review else None
        company = self.company(review.branch if review else None)
        return check(Draft(text=text, platform=platform, company=company, plan=plan, review=review), self.bank)

    def situation(self, review: Review, matched: Match | None) -> Situation:
        """What is known of a review when its reply is planned."""
        company = self.company(review.branch)
        facts = {"company_name": company.name, "company_email": company.email, "company_phone": company.phone}
        name = given_name(review.client.name if review.client.known else review.author, self.bank.given_names)
        return Situation(
            topic=self.bank.topics[matched.topic] if matched and matched.topic else None,
            channel=self.bank.platforms[review.platform].channel,
            client_known=review.client.known,
            flags=matched.flags if matched else (),
            facts=facts | ({"client_name": name} if name else {}),
        )


@dataclass(frozen=True)
class Suggester:
    """Makes suggestions; stores nothing and calls nothing outside."""

    bank: Phrasebank
    matcher: Matching
    checker: Checker
    chooser: Chooser = field(default_factory=Rotation)
    clock: Callable[[], datetime] = now

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
        triaged = triage(review)
        if triaged.disposition is Disposition.SKIP and scenario is None:
            return self._silent(review, key, triaged, None)
        matched = self._understood(review, triaged, scenario)
        triaged = settle(triaged, review, matched.scenario, matched.flags, self._urgent())
        if matched.scenario is None:
            return self._silent(review, key, triaged, matched)
        return self._ready(review, key, triaged, matched, self.bank.scenarios[matched.scenario], history)

    def _understood(self, review: Review, triaged: Triage, scenario: str | None) -> Match:
        """The match with its topic and flags, and with what an agent or the triage already decided put first."""
        matched = self._matched(review)
        if scenario is not None:
            matched = _overridden(matched, scenario, MatchedBy.AGENT)
        ranked = [matched.scenario, *(candidate.scenario for candidate in matched.runners_up)]
        named = next(name for name in ranked if name is not None)
        topic = planning.topic_of(self.bank.scenarios[named], [name for name in ranked if name], self.bank)
        reasons = matched.reasons
        if language(review.text) in {"kk", "mixed"}:
            reasons += (Reason(code="kazakh", text="Отзыв на казахском: ответ предлагается на русском."),)
        return matched.model_copy(
            update={
                "topic": topic.id if topic else None,
                "flags": self._flags(review.text, matched.flags),
                "reasons": reasons,
            }
        )

    def _flags(self, text: str, ringing: Sequence[str]) -> tuple[str, ...]:
        """What the detectors hear in the words, and what the matcher has learnt to hear beside them."""
        raised = {*detect(text), *ringing}
        return tuple(flag for flag in self.bank.flags if flag in raised)

    def _matched(self, review: Review) -> Match:
        if has_letters(review.text):
            return self.matcher.match(review.text, review.rating)
        return Match(scenario=NO_DETAILS, topic=None, by=MatchedBy.TRIAGE, confidence=1.0)

    def _ready(
        self,
        review: Review,
        key: str | None,
        triaged: Triage,
        matched: Match,
        scenario: Scenario,
        history: History,
    ) -> Suggestion:
        situation = self.checker.situation(review, matched)
        plan = planning.plan(scenario, situation, self.bank)
        offered = allowed(plan, history)
        chosen = accept(self.chooser.choose(review, offered, history), offered)
        segments = render(offered, chosen, ChosenBy.ROTATION)
        text = letter(segments)
        return Suggestion(
            id=suggestion_id(review, key),
            revision=1,
            status=Status.READY,
            review=review,
            triage=triaged,
            match=matched,
            segments=segments,
            text=text,
            actions=planning.actions(Status.READY, scenario, situation, self.bank),
            department=plan.department,
            findings=self.checker.checked(text, review, plan),
            provenance=self._provenance(),
            created_at=self.clock(),
        )

    def _silent(self, review: Review, key: str | None, triaged: Triage, matched: Match | None) -> Suggestion:
        """A skip (`matched` None) or an abstention: no text, but priority, flags, routing and what to do."""
        status = Status.ABSTAINED if matched else Status.SKIPPED
        situation = self.checker.situation(review, matched)
        return Suggestion(
            id=suggestion_id(review, key),
            revision=1,
            status=status,
            review=review,
            triage=triaged,
            match=matched,
            actions=planning.actions(status, None, situation, self.bank),
            department=situation.department,
            provenance=self._provenance(),
            created_at=self.clock(),
        )

    def _urgent(self) -> tuple[str, ...]:
        return tuple(flag.id for flag in self.bank.flags.values() if flag.urgent)

    def _provenance(self) -> Provenance:
        return Provenance(
            phrasebank=self.bank.version, matcher=self.matcher.version, thresholds=dict(self.matcher.limits)
        )


def known_scenario(bank: Phrasebank, scenario: str) -> Scenario:
    """The scenario of that id; raises InputError naming the known ones."""
    if scenario not in bank.scenarios:
        raise InputError("scenario", f"no such scenario: {scenario}; known: {', '.join(bank.scenarios)}")
    return bank.scenarios[scenario]


def suggestion_id(review: Review, key: str | None = None) -> str:
    """The same for the same review: by platform and `key` or the review's id, else by its content."""
    if key or review.id:
        named: dict[str, object] = {"key": key} if key else {"id": review.id}
    else:
        named = review.model_dump(mode="json", exclude={"id", "client"})
    return str(uuid5(NAMESPACE, json.dumps({"platform": review.platform, **named}, sort_keys=True)))


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
