"""Hands a review over: the outgoing request, comments that link both tickets, «На удержании» (000 §8-9, 002 §6-7).

Like the way back: each step once and on record; pressed twice or stopped half-way it goes on where it was. Of several who
press at once, in whatever replica, one is let in by `HandOvers.claim`, for the whole of the run.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from suggest.domain import Suggestion
from suggest.hand_over import HandOverRules, Mode
from suggest.hand_over_letter import note
from suggest.regulation import Phrasebank
from suggest.store.fold import Event, Kind
from suggest.store.hand_overs import Asked, HandOver, HandOvers
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.sending import NotSent, Parcel, Sending
from suggest.usedesk.steps import Result, StepResult
from suggest.usedesk.ticket import TicketStatus
from suggest.usedesk.way_back import Journal
from suggest.usedesk.writing import THERE, StepFailed, noted, writable

SENDING = "Запрос уже отправляют. Подождите минуту и нажмите «Обновить»."


class Step(StrEnum):
    """The steps of a hand-over; the same names stand in the events."""

    REQUEST = "request"
    LINK_OUT = "link_out"
    LINK_BACK = "link_back"
    HOLD = "hold"


@dataclass(frozen=True)
class Handed:
    """What became of it: the record (None in a dry run) and every step; `said` is for the agent."""

    hand_over: HandOver | None
    steps: tuple[StepResult[Step], ...] = ()
    said: str = ""
    mine: bool = True
    """Whether this press did it, and not somebody else who is at it."""


@dataclass(frozen=True)
class Handing:
    """Hands over in the name of an agent, else of `user_id`; `dry_run` only tells what would be done."""

    client: UsedeskClient
    hand_overs: HandOvers
    journal: Journal
    sending: Sending
    rules: HandOverRules
    bank: Phrasebank
    due: Callable[[datetime], datetime]
    clock: Callable[[], datetime]
    user_id: int | None = None
    dry_run: bool = False

    @property
    def modes(self) -> tuple[Mode, ...]:
        """How requests can go out, the preferred way first; a file can always be sent by hand."""
        usable: dict[Mode, object] = {"usedesk": self.client.usable, "smtp": self.sending.mail, "eml": True}
        return tuple(mode for mode, can in usable.items() if can)

    def whom(self, over: HandOver) -> str:
        """Whom it goes to, in words: the department, and which store."""
        known = self.bank.departments.get(over.department)
        store = next((store.title for store in self.rules.stores if store.id == over.store), "")
        return ", ".join(filter(None, (known.title if known else over.department, store)))

    def steps(self, over: HandOver, home: int | None) -> tuple[StepResult[Step], ...]:
        """Every step of a hand-over on record, as far as the record tells of it; asks Usedesk nothing."""
        told = {
            event.reason: json.loads(event.detail or "{}")
            for event in self.journal.of(over.suggestion_id)
            if event.kind is Kind.FILED and event.hand_over == over.id
        }
        return tuple(self._on_record(step, over, told.get(step.value, {})) for step in planned(over.mode, over, home))

    def send(self, made: Suggestion, parcel: Parcel, agent: str | None = None, user: int | None = None) -> Handed:
        """Sends it, or goes on where an earlier press stopped; nothing where somebody else is at it.

        Raises StoreUnavailable where nothing can be kept on record: then nothing is sent either.
        """
        if self.dry_run:
            return Handed(None, tuple(self._dry(parcel)), "Пробный режим: ничего не отправлено.")
        claim = self.hand_overs.claim(_asked(made, parcel, agent))
        over = claim.hand_over
        if not claim.mine:
            return Handed(over, self.steps(over, parcel.home), SENDING, mine=False)
        try:
            if over.sent_at is None:
                over = self._request(over, parcel, user or self.user_id)
            if over.sent_at is not None:
                self._finish(over, parcel.home, agent, user or self.user_id)
        finally:
            self.hand_overs.release(claim.hand_over)
        over = self.hand_overs.get(over.id) or over
        return Handed(over, self.steps(over, parcel.home), over.error or "")

    def resume(self, over: HandOver, home: int | None, agent: str | None = None, user: int | None = None) -> None:
        """Does the steps that are left after the request itself; nothing where somebody else is at it."""
        claim = self.hand_overs.claim(Asked.model_validate(over.model_dump(include=set(Asked.model_fields))))
        if claim.mine:
            try:
                self._finish(claim.hand_over, home, agent, user or self.user_id)
            finally:
                self.hand_overs.release(claim.hand_over)

    def mailed(self, over: HandOver, home: int | None, agent: str | None = None, user: int | None = None) -> HandOver:
        """The agent sent the file by hand."""
        sent = self.hand_overs.sent(over.id, self.due(self.clock()))
        self.resume(sent, home, agent, user)
        return sent

    def _request(self, over: HandOver, parcel: Parcel, user: int | None) -> HandOver:
        if over.mode == "eml":
            return over
        try:
            ticket = self.sending.send(over, parcel, user)
        except NotSent as error:
            return self.hand_overs.failed(over.id, str(error), error.uncertain)
        return self.hand_overs.sent(over.id, self.due(self.clock()), ticket)

    def _finish(self, over: HandOver, home: int | None, agent: str | None, user: int | None) -> None:
        """What is not done yet, in order, up to the first failure."""
        for known in self.steps(over, home):
            if known.result == "done":
                continue
            outcome = self._do(over, known, home, user)
            self._note(over, outcome, agent)
            if outcome.result == "failed":
                return

    def _do(self, over: HandOver, known: StepResult[Step], home: int | None, user: int | None) -> StepResult[Step]:
        try:
            note = self._written(over, known.step, home, user)
        except UsedeskError as error:
            return StepResult(known.step, known.title, "failed", error.advice)
        except StepFailed as error:
            return StepResult(known.step, known.title, "failed", str(error))
        return StepResult(known.step, known.title, "done", note)

    def _written(self, over: HandOver, step: Step, home: int | None, user: int | None) -> str:
        where = int(over.ticket_id or 0) if step is Step.LINK_BACK else home or 0
        ticket = writable(self.client, where, user)
        if step is Step.HOLD:
            if ticket.status == TicketStatus.ON_HOLD:
                return THERE
            self.client.update(ticket.id, user or 0, {"status": int(TicketStatus.ON_HOLD)})
            return ""
        said = self._link(over, step, home)
        if noted(ticket, said):
            return THERE
        self.client.comment(ticket.id, note(said), user or 0)
        return ""

    def _link(self, over: HandOver, step: Step, home: int | None) -> str:
        if step is Step.LINK_BACK:
            return self.rules.texts["link_back"].format(ticket=home)
        number = f"тикет № {over.ticket_id}" if over.ticket_id else f"письмо, запрос {over.id}"
        asked = "" if over.purpose == "check" else f", вопрос {over.id}"
        return self.rules.texts["link_out"].format(whom=self.whom(over), request=number + asked)

    def _on_record(self, step: Step, over: HandOver, told: Mapping[str, str]) -> StepResult[Step]:
        title = self._title(step, over.mode, over.ticket_id)
        if step is Step.REQUEST:
            if over.sent_at:
                return StepResult(step, title, "done")
            return StepResult(step, title, "failed" if over.error else "waiting", over.error or "")
        result: Result = told.get("result", "waiting")  # type: ignore[assignment]
        return StepResult(step, title, result, told.get("note", ""))

    def _title(self, step: Step, mode: Mode, ticket: str | None) -> str:
        number = f" № {ticket}" if ticket else ""
        return {
            Step.REQUEST: {"usedesk": f"Исходящий запрос{number}", "smtp": "Письмо", "eml": "Письмо отправлено вами"}[
                mode
            ],
            Step.LINK_OUT: "Комментарий в тикете клиента",
            Step.LINK_BACK: "Комментарий в исходящем запросе",
            Step.HOLD: "Статус «На удержании»",
        }[step]

    def _dry(self, parcel: Parcel) -> Iterator[StepResult[Step]]:
        for step in planned(parcel.mode, None, parcel.home, asks_again=parcel.thread is not None):
            yield StepResult(step, self._title(step, parcel.mode, None), "dry", "пробный режим: ничего не отправлено")

    def _note(self, over: HandOver, outcome: StepResult[Step], agent: str | None) -> None:
        detail = json.dumps({"result": outcome.result, "note": outcome.note}, ensure_ascii=False)
        newest = max((event.revision for event in self.journal.of(over.suggestion_id)), default=1)
        event = Event(
            kind=Kind.FILED,
            revision=newest,
            at=self.clock(),
            agent=agent,
            reason=outcome.step.value,
            hand_over=over.id,
            detail=detail,
        )
        self.journal.append(over.suggestion_id, event)


def planned(mode: Mode, over: HandOver | None, home: int | None, asks_again: bool = False) -> Iterator[Step]:
    """The steps of a hand-over; without a ticket of Usedesk there is nothing to link and nothing to hold."""
    yield Step.REQUEST
    if home is None:
        return
    yield Step.LINK_OUT
    again = over.purpose == "solved" if over else asks_again
    if mode == "usedesk" and not again:
        yield Step.LINK_BACK
    yield Step.HOLD


def _asked(made: Suggestion, parcel: Parcel, agent: str | None) -> Asked:
    return Asked(
        suggestion_id=made.id,
        key=parcel.key,
        department=parcel.recipient.department,
        mode=parcel.mode,
        purpose=parcel.purpose,
        store=parcel.recipient.store,
        agent=agent,
    )
