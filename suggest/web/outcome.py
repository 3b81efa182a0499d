"""The sections `outcome` and `deadline` of the widget: what a client's own ticket ends in (002), and by when to answer.

Everything is a proposal with its reason; the agent changes it and sets all of it, or one thing, with a press.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query
from fastapi.responses import HTMLResponse
from pydantic import ConfigDict, Field

from suggest.deadlines import answer_by
from suggest.domain import Frozen, StoreUnavailable
from suggest.given_data import received
from suggest.outcome import PRIORITIES, SOURCE, TYPES, Done, Outcomes, Priority, Proposal
from suggest.store.fold import Event, Kind, fold
from suggest.usedesk.casebook import Casebook, is_own
from suggest.usedesk.steps import CLOSING_TITLES, Closing, Step, StepResult, Wanted
from suggest.web.counter import Counter, Opened
from suggest.web.pages import page

SOON = timedelta(minutes=30)


class Asked(Frozen):
    """The section's fields as it sends them; those called `was_` say what was proposed when it was shown.

    Whatever differs from it the agent chose; the rest follows the proposal of the moment.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    outcome: str = Field(default="", max_length=60)
    priority: Priority | None = None
    closing: Closing | None = None
    was_outcome: str = Field(default="", max_length=60)
    was_priority: str = Field(default="", max_length=60)
    was_closing: str = Field(default="", max_length=60)
    doubt: Literal["", "all", "status"] = ""
    """What the agent is being asked about «Выполнен»."""
    only: Step | None = None
    sure: bool = False
    agent: str = Field(default="", max_length=40)

    def chosen(self) -> Choice:
        return Choice(
            outcome="" if self.outcome == self.was_outcome else self.outcome,
            priority=None if self.priority == self.was_priority else self.priority,
            closing=None if self.closing == self.was_closing else self.closing,
        )


@dataclass(frozen=True)
class Choice:
    """What the agent chose against the proposal; "" and None: as proposed."""

    outcome: str = ""
    priority: Priority | None = None
    closing: Closing | None = None


class TicketOutcome:
    """The routes; each answers with its section anew."""

    def __init__(self, counter: Counter, outcomes: Outcomes) -> None:
        self.counter = counter
        self.outcomes = outcomes

    def router(self) -> APIRouter:
        router = APIRouter(default_response_class=HTMLResponse)
        router.add_api_route("/{token}/outcome", self.shown, methods=["GET"])
        # A PUT, not a POST: the page is not told of an act, and what the agent chose stays as it is.
        router.add_api_route("/{token}/outcome", self.set, methods=["PUT"])
        router.add_api_route("/{token}/deadline", self.deadline, methods=["GET"])
        return router

    def shown(self, token: str, asked: Annotated[Asked, Query()]) -> HTMLResponse:
        """The proposal with what the agent chose; nothing for a notification (000 says it all)."""
        return self._page(self.counter.open(token), asked.chosen(), doubt=asked.doubt)

    def set(self, token: str, asked: Annotated[Asked, Form()]) -> HTMLResponse:
        """Sets it in the ticket; «Выполнен» while something is open only where the agent is `sure`."""
        here, choice = self.counter.open(token), asked.chosen()
        if not is_own(here.made) or self.counter.way_back is None:
            return self._page(here, choice)
        proposal = self._proposal(here, choice.outcome)
        closing = choice.closing or Closing(proposal.closing)
        touches = asked.only in (None, Step.STATUS)
        if touches and closing is Closing.SOLVED and proposal.against and not asked.sure:
            return self._page(here, choice, doubt="status" if asked.only else "all")
        user = self.counter.agents.find(asked.agent)
        name, number = (user.name, user.id) if user else (None, None)
        wanted = _wanted(proposal, choice.priority)
        results = self.counter.way_back.run(here.made, closing, name, number, wanted, asked.only)
        return self._page(here, choice, results)

    def deadline(self, token: str) -> HTMLResponse:
        """By when the review is to be answered; nothing once it is, or needs no reply."""
        here, service = self.counter.open(token), self.counter.service
        events, now = self.counter.events(here), service.store.clock() if service.store else None
        started = _started(events)
        by = answer_by(here.made.triage.priority, started, service.targets, service.workdays) if started else None
        state = fold(events)
        if by is None or now is None or state.answered_at or state.closed:
            return HTMLResponse("")
        local, left = service.workdays.local(now), by - now
        return page(
            "widget_deadline.html.j2",
            by=_moment(by, local),
            late=left <= timedelta(),
            soon=left < SOON,
            left=spell(abs(left)),
        )

    def _page(
        self,
        here: Opened,
        choice: Choice,
        results: tuple[StepResult[Step], ...] | None = None,
        doubt: str = "",
    ) -> HTMLResponse:
        if not is_own(here.made) or self.counter.service.store is None:
            return HTMLResponse("")
        usual = self._proposal(here)
        proposal = self._proposal(here, choice.outcome) if choice.outcome else usual
        closing = choice.closing or Closing(proposal.closing)
        if results is None and self.counter.way_back:
            results = self.counter.way_back.steps(here.made, closing, _wanted(proposal, choice.priority))
        return page(
            "widget_outcome.html.j2",
            base=f"/widget/{here.token}",
            proposal=proposal,
            rows=self.outcomes.rows,
            types=TYPES,
            priorities=PRIORITIES,
            priority=choice.priority or proposal.outcome.priority,
            closing=closing.value,
            closings={option.value: title for option, title in CLOSING_TITLES.items()},
            results={result.step.value: result for result in results or ()},
            dry=self.counter.way_back is not None and self.counter.way_back.dry_run,
            doubt=doubt,
            usual=usual.outcome.id,
            source=SOURCE,
        )

    def _proposal(self, here: Opened, chosen: str = "") -> Proposal:
        """From what stands on record of the case; the outcome last set stays until the agent names another."""
        return self.outcomes.propose(self._done(here), chosen or self._set(here))

    def _set(self, here: Opened) -> str:
        """The outcome that was set last, by its id; "" where none was, or another has the same category and type."""
        last: dict[str, str] = {}
        for event in self.counter.events(here):
            detail = json.loads(event.detail or "{}") if event.kind is Kind.FILED and event.reason else {}
            if event.reason and detail.get("result") == "done" and "value" in detail:
                last[event.reason] = detail["value"]
        rows = [row for row in self.outcomes.rows if row.category == last.get(Step.CATEGORY)]
        if len(rows) > 1:
            rows = [row for row in rows if row.type == last.get(Step.TYPE)]
        return rows[0].id if len(rows) == 1 else ""

    def _done(self, here: Opened) -> Done:
        store = self.counter.service.store
        if store is None:
            raise StoreUnavailable("the outcome is proposed by what the database knows")
        case = Casebook(store, self.counter.service.bank).open(here.made)
        sent = [over for over in case.standing.hand_overs if over.sent_at]
        flags = {flag for made in (case.about, here.made) if made.match for flag in made.match.flags}
        topics = [made.match.topic for made in (case.about, here.made) if made.match and made.match.topic]
        return Done(
            topic=topics[0] if topics else None,
            flags=tuple(sorted(flags)),
            departments=tuple(over.department for over in sent),
            open_hand_overs=sum(over.outcome_sent_at is None for over in sent),
            data_missing=bool(case.standing.data) and not received(case.standing.data),
        )


def _wanted(proposal: Proposal, priority: Priority | None) -> Wanted:
    row = proposal.outcome
    first, second = row.pair
    chosen = priority or row.priority
    return Wanted(first, second, row.type, TYPES[row.type], chosen, PRIORITIES[chosen])


def _started(events: tuple[Event, ...]) -> datetime | None:
    """When the time began: the review came, or was last changed by its author."""
    begins = [e for e in events if e.kind is Kind.RECEIVED or (e.kind is Kind.SUGGESTED and e.reason == "changed")]
    return begins[-1].at if begins else None


def _moment(at: datetime, now: datetime) -> str:
    day = "" if at.date() == now.date() else f"{at:%d.%m}, "
    return f"{day}{at:%H:%M}"


def spell(left: timedelta) -> str:
    """A span in words an agent reads at a glance: the two largest units."""
    minutes = int(left.total_seconds() // 60)
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    if days:
        return f"{days} дн. {hours} ч"
    return f"{hours} ч {minutes} мин" if hours else f"{minutes} мин"
