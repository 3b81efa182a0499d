"""The way back into the ticket after a reply (000, 002): comment, category, status, each step once and on record.

What was done is read from the suggestion's events and from the ticket itself, so that pressing twice does nothing twice
and a run that failed half-way goes on where it stopped. A changed review is answered anew, and its steps done anew.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Literal, Protocol

import yaml
from pydantic import ValidationError

from suggest.domain import Frozen, PhrasebankError, Platform, Status, StoreUnavailable, Suggestion
from suggest.store.fold import Event, Kind
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.dictionary import Dictionary
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.html import letter
from suggest.usedesk.ticket import GONE, Ticket, TicketStatus

FILE = "way_back.yaml"
Result = Literal["done", "failed", "dry", "waiting"]


class Step(StrEnum):
    COMMENT = "comment"
    CATEGORY = "category"
    STATUS = "status"


class Closing(StrEnum):
    """The statuses of 002, point 6."""

    SOLVED = "solved"
    PENDING = "pending"
    ON_HOLD = "on_hold"
    UNCHANGED = "unchanged"


STATUSES: Mapping[Closing, TicketStatus] = {
    Closing.SOLVED: TicketStatus.SOLVED,
    Closing.PENDING: TicketStatus.PENDING,
    Closing.ON_HOLD: TicketStatus.ON_HOLD,
}
CLOSING_TITLES: Mapping[Closing, str] = {
    Closing.SOLVED: "Выполнен",
    Closing.PENDING: "В ожидании",
    Closing.ON_HOLD: "На удержании",
    Closing.UNCHANGED: "Не изменять",
}


class WayBackRules(Frozen):
    """What is written, by the names that agents see in Usedesk."""

    comment: str
    category: str
    subcategory: str


def load_way_back(phrasebank: Path) -> WayBackRules:
    """The rules in a phrasebank's folder; raises PhrasebankError."""
    try:
        return WayBackRules.model_validate(yaml.safe_load((phrasebank / FILE).read_text(encoding="utf-8")))
    except (OSError, ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise PhrasebankError([f"{FILE}: {' '.join(str(error).split())}"]) from error


class Journal(Protocol):
    """Keeps the events of suggestions."""

    def of(self, suggestion_id: str) -> tuple[Event, ...]: ...

    def append(self, suggestion_id: str, event: Event) -> Event: ...


@dataclass(frozen=True)
class StepResult:
    """One step as the agent sees it: what it does, whether it is done, and why not."""

    step: Step
    title: str
    result: Result
    note: str = ""


class _Failed(Exception):
    """A step cannot be done; the text tells the agent why."""


def proposed(suggestion: Suggestion, pending: int) -> Closing:
    """The status of 002 that what was done asks for; `pending` is how many departments have yet to act."""
    if pending:
        return Closing.ON_HOLD
    asked = any(segment.slot == "identification" for segment in suggestion.segments)
    own = suggestion.review.platform is Platform.DM
    return Closing.PENDING if own and asked else Closing.SOLVED


@dataclass(frozen=True)
class WayBack:
    """Takes tickets back in the name of an agent, else of `user_id`; `dry_run` only tells what would be done."""

    client: UsedeskClient
    dictionary: Dictionary
    journal: Journal
    rules: WayBackRules
    clock: Callable[[], datetime]
    user_id: int | None = None
    dry_run: bool = False
    _locks: dict[str, threading.Lock] = field(default_factory=dict)

    def steps(self, suggestion: Suggestion, closing: Closing = Closing.SOLVED) -> tuple[StepResult, ...]:
        """Every step for this suggestion, as far as the record tells of it; asks Usedesk nothing."""
        before = _this_round(self.journal.of(suggestion.id))
        return tuple(self._on_record(step, closing, before) for step in planned(suggestion, closing))

    def run(
        self,
        suggestion: Suggestion,
        closing: Closing = Closing.SOLVED,
        agent: str | None = None,
        user: int | None = None,
    ) -> tuple[StepResult, ...]:
        """Does what is not done yet, in order, up to the first failure; the results of all steps.

        Raises StoreUnavailable where nothing can be kept on record: then nothing is written to the ticket either.
        """
        with self._locks.setdefault(suggestion.id, threading.Lock()):
            results = list(self.steps(suggestion, closing))
            for place, known in enumerate(results):
                if known.result == "done":
                    continue
                results[place] = self._do(suggestion, known, closing, agent, user or self.user_id)
                if results[place].result == "failed":
                    break
            if not self.dry_run and all(result.result == "done" for result in results):
                self._close(suggestion, agent)
            return tuple(results)

    def _do(
        self, suggestion: Suggestion, known: StepResult, closing: Closing, agent: str | None, user: int | None
    ) -> StepResult:
        if self.dry_run:
            return StepResult(known.step, known.title, "dry", "пробный режим: в тикет ничего не записано")
        try:
            note = self._written(suggestion, known.step, closing, user)
        except UsedeskError as error:
            outcome = StepResult(known.step, known.title, "failed", error.advice)
        except _Failed as error:
            outcome = StepResult(known.step, known.title, "failed", str(error))
        else:
            outcome = StepResult(known.step, known.title, "done", note)
        self._note(suggestion, outcome, closing, agent)
        return outcome

    def _written(self, suggestion: Suggestion, step: Step, closing: Closing, user: int | None) -> str:
        """Does a step unless the ticket shows that it was done; what to add to «готово»."""
        if user is None:
            raise _Failed("не выбран сотрудник, от имени которого писать в тикет")
        ticket = self.client.ticket(int(suggestion.review.ticket_id or 0), urgent=True)
        if ticket.status in GONE:
            raise _Failed("тикет удалён, объединён или отмечен как спам")
        if step is Step.COMMENT:
            return self._comment(suggestion, ticket, user)
        changes = self._changes(ticket, step, closing)
        if not changes:
            return "уже было в тикете"
        self.client.update(ticket.id, user, changes)
        return ""

    def _comment(self, suggestion: Suggestion, ticket: Ticket, user: int) -> str:
        ours = [message for message in ticket.messages if not message.by_client and not message.public]
        there = sum(letter(message.html).text.strip() == self.rules.comment for message in ours)
        if there > _comments(self.journal.of(suggestion.id)):
            return "уже было в тикете"
        self.client.comment(ticket.id, self.rules.comment, user)
        return ""

    def _changes(self, ticket: Ticket, step: Step, closing: Closing) -> Mapping[str, object]:
        """What /update/ticket is asked for; empty where the ticket has it already."""
        if step is Step.STATUS:
            wanted = STATUSES[closing]
            return {} if ticket.status == wanted else {"status": int(wanted)}
        pair = self.dictionary.get(urgent=True).pair(self.rules.category, self.rules.subcategory)
        if pair is None:
            names = f"«{self.rules.category}» → «{self.rules.subcategory}»"
            raise _Failed(f"в полях Usedesk не нашлось {names}: поставьте вручную или сообщите администратору")
        values = {value.id: value.value for value in ticket.fields}
        if all(values.get(known.id) in {str(option.id), option.value} for known, option in pair):
            return {}
        return {"lists": [{"id": known.id, "value": option.id} for known, option in pair]}

    def _on_record(self, step: Step, closing: Closing, before: Sequence[Event]) -> StepResult:
        last = next((event for event in reversed(before) if _is(event, step, closing)), None)
        detail = json.loads(last.detail or "{}") if last else {}
        result: Result = detail.get("result", "waiting")
        return StepResult(step, self._title(step, closing), result, detail.get("note", ""))

    def _title(self, step: Step, closing: Closing) -> str:
        if step is Step.COMMENT:
            return f"Комментарий «{self.rules.comment}»"
        if step is Step.CATEGORY:
            return f"Категория «{self.rules.category}», подкатегория «{self.rules.subcategory}»"
        return f"Статус «{CLOSING_TITLES[closing]}»"

    def _note(self, suggestion: Suggestion, outcome: StepResult, closing: Closing, agent: str | None) -> None:
        detail = {"result": outcome.result, "note": outcome.note, "status": closing.value}
        self._append(
            suggestion, Kind.FILED, agent, reason=outcome.step.value, detail=json.dumps(detail, ensure_ascii=False)
        )

    def _close(self, suggestion: Suggestion, agent: str | None) -> None:
        if not any(event.kind is Kind.CLOSED and event.hand_over is None for event in self._round(suggestion)):
            self._append(suggestion, Kind.CLOSED, agent)

    def _round(self, suggestion: Suggestion) -> Sequence[Event]:
        return _this_round(self.journal.of(suggestion.id))

    def _append(
        self,
        suggestion: Suggestion,
        kind: Kind,
        agent: str | None,
        reason: str | None = None,
        detail: str | None = None,
    ) -> None:
        event = Event(
            kind=kind, revision=suggestion.revision, at=self.clock(), agent=agent, reason=reason, detail=detail
        )
        try:
            self.journal.append(suggestion.id, event)
        except KeyError:
            raise StoreUnavailable("the suggestion is not kept, so nothing can be noted of it") from None


def planned(suggestion: Suggestion, closing: Closing) -> Iterator[Step]:
    """The steps that the regulation asks for: a client's own ticket gets a status only (002), the rest all (000)."""
    own = suggestion.review.platform is Platform.DM
    if not own:
        if suggestion.status is not Status.SKIPPED:
            yield Step.COMMENT
        yield Step.CATEGORY
    if closing is not Closing.UNCHANGED:
        yield Step.STATUS


def _this_round(events: Sequence[Event]) -> Sequence[Event]:
    """The events since the review last changed."""
    changes = [
        place for place, event in enumerate(events) if event.kind is Kind.SUGGESTED and event.reason == "changed"
    ]
    return events[changes[-1] :] if changes else events


def _is(event: Event, step: Step, closing: Closing) -> bool:
    if event.kind is not Kind.FILED or event.reason != step.value:
        return False
    return step is not Step.STATUS or json.loads(event.detail or "{}").get("status") == closing.value


def _comments(events: Sequence[Event]) -> int:
    """How many comments were noted as done, in all rounds."""
    filed = [event for event in events if event.kind is Kind.FILED and event.reason == Step.COMMENT.value]
    return sum(json.loads(event.detail or "{}").get("result") == "done" for event in filed)
