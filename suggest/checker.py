"""Holds replies to the regulation: assembled ones and those that an agent wrote, with or without a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from suggest import plan as planning
from suggest.check import Draft, check
from suggest.domain import Finding, InputError, Match, MatchedBy, Review
from suggest.flags import detect
from suggest.names import given_name
from suggest.plan import Situation
from suggest.regulation import Channel, Company, Phrasebank, Plan, Scenario
from suggest.review_code import code_of
from suggest.suggestion_id import suggestion_id


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
        known_as: str = "",
    ) -> tuple[Finding, ...]:
        """The findings on a reply to a review; `matched` gives topic and flags, else they are read off the review.

        `known_as` is the id of the suggestion where there is one.

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
            plan = planning.plan(known, self.situation(review, matched, known_as), self.bank)
        return self.checked(text, review, plan)

    def checked(self, text: str, review: Review | None, plan: Plan | None) -> tuple[Finding, ...]:
        """The findings on a reply that was planned."""
        platform = self.bank.platforms[review.platform] if review else None
        company = self.company(review.branch if review else None)
        return check(Draft(text=text, platform=platform, company=company, plan=plan, review=review), self.bank)

    def situation(self, review: Review, matched: Match | None, known_as: str = "") -> Situation:
        """What is known of a review when its reply is planned; `known_as` as in `check`."""
        company = self.company(review.branch)
        channel = self.bank.platforms[review.platform].channel
        facts = {"company_name": company.name, "company_email": company.email, "company_phone": company.phone}
        if company.return_code and channel == "public":
            facts["code"] = code_of(known_as or suggestion_id(review))
        name = given_name(_called(review, channel), self.bank.given_names)
        return Situation(
            topic=self.bank.topics[matched.topic] if matched and matched.topic else None,
            channel=channel,
            client_known=review.client.known,
            flags=matched.flags if matched else (),
            facts=facts | ({"client_name": name} if name else {}),
        )


def known_scenario(bank: Phrasebank, scenario: str) -> Scenario:
    """The scenario of that id; raises InputError naming the known ones."""
    if scenario not in bank.scenarios:
        raise InputError("scenario", f"no such scenario: {scenario}; known: {', '.join(bank.scenarios)}")
    return bank.scenarios[scenario]


def _called(review: Review, channel: Channel) -> str | None:
    """Whom to greet: in public only the author as signed, for a name from our records would tell who a nickname is."""
    return review.client.name if channel == "dm" and review.client.known and review.client.name else review.author
