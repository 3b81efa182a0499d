"""The way back into the ticket after a reply (000, 002): comment, category, status, each step once and on record.

What was done is read from the suggestion's events and from the ticket itself, so that pressing twice does nothing twice
and a run that failed half-way goes on where it stopped. A changed review is answered anew, and its steps done anew.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter

from suggest.datafile import read
from suggest.domain import Frozen, StoreUnavailable, Suggestion
from suggest.store.fold import Event, Kind
from suggest.usedesk.casebook import is_own
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.dictionary import Dictionary
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.steps import CLOSING_TITLES, STATUSES, Aim, Closing, Result, Step, StepResult, Wanted, planned
from suggest.usedesk.ticket import Ticket
from suggest.usedesk.writing import THERE, StepFailed, noted, writable

FILE = "way_back.yaml"
DRY = "пробный режим: в тикет ничего не записано"


class WayBackRules(Frozen):
    """What is written, by the names that agents see in Usedesk."""

    comment: str
    category: str
    subcategory: str


def load_way_back(phrasebank: Path) -> WayBackRules:
    """The rules in a phrasebank's folder; raises PhrasebankError."""
    return read(phrasebank, FILE, TypeAdapter(WayBackRules))


class Journal(Protocol):
    """Keeps the events of suggestions."""

    def of(self, suggestion_id: str) -> tuple[Event, ...]: ...

    def append(self, suggestion_id: str, event: Event) -> Event: ...


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

    def steps(
        self, suggestion: Suggestion, closing: Closing = Closing.SOLVED, wanted: Wanted | None = None
    ) -> tuple[StepResult[Step], ...]:
        """Every step for this suggestion, as far as the record tells of it; asks Usedesk nothing.

        `wanted`: the outcome of a client's own ticket; a notification's category is always that of the rules.
        """
        before = _this_round(self.journal.of(suggestion.id))
        return tuple(self._on_record(step, closing, wanted, before) for step in planned(suggestion, closing, wanted))

    def run(
        self,
        suggestion: Suggestion,
        closing: Closing = Closing.SOLVED,
        agent: str | None = None,
        user: int | None = None,
        wanted: Wanted | None = None,
        only: Step | None = None,
    ) -> tuple[StepResult[Step], ...]:
        """Does what is not done yet, in order, up to the first failure; the results of all steps. `only`: that one step.

        A client's own ticket goes on living, so there the ticket is looked at again, whatever is on record. Raises
        StoreUnavailable where nothing can be kept on record: then nothing is written to the ticket either.
        """
        aim, user = Aim(closing, wanted), user or self.user_id
        with self._locks.setdefault(suggestion.id, threading.Lock()):
            results = list(self.steps(suggestion, closing, wanted))
            if is_own(suggestion):
                self._at_once(suggestion, results, aim, agent, user, only)
            else:
                self._in_order(suggestion, results, aim, agent, user)
            solved = closing is Closing.SOLVED or not is_own(suggestion)
            if solved and not self.dry_run and all(result.result == "done" for result in results):
                self._close(suggestion, agent)
            return tuple(results)

    def _in_order(
        self, suggestion: Suggestion, results: list[StepResult[Step]], aim: Aim, agent: str | None, user: int | None
    ) -> None:
        """What is left of a notification's steps, up to the first failure."""
        for place, known in enumerate(results):
            if known.result != "done":
                results[place] = self._do(suggestion, known, aim, agent, user)
                if results[place].result == "failed":
                    return

    def _at_once(
        self,
        suggestion: Suggestion,
        results: list[StepResult[Step]],
        aim: Aim,
        agent: str | None,
        user: int | None,
        only: Step | None,
    ) -> None:
        """A client's own ticket: one look, one change with all of it; no status where something else is in the way."""
        places = [place for place, known in enumerate(results) if only in (None, known.step)]
        changes: dict[str, object] = {}
        try:
            ticket = None if self.dry_run else self._ticket(suggestion, user)
            for place in places:
                results[place] = self._meant(results[place], ticket, aim, changes, results)
            if ticket and changes:
                self.client.update(ticket.id, user or 0, changes)
        except (UsedeskError, StepFailed) as error:
            said = error.advice if isinstance(error, UsedeskError) else str(error)
            for place in places:
                results[place] = StepResult(results[place].step, results[place].title, "failed", said)
        for place in places:
            if results[place].result in {"done", "failed"}:
                self._note(suggestion, results[place], aim, agent)

    def _meant(
        self,
        known: StepResult[Step],
        ticket: Ticket | None,
        aim: Aim,
        changes: dict[str, object],
        before: Sequence[StepResult[Step]],
    ) -> StepResult[Step]:
        """The step as it will be once `changes`, to which it adds its own, are written; `ticket` None: a dry run."""
        if ticket is None:
            return StepResult(known.step, known.title, "dry", DRY)
        if known.step is Step.STATUS and any(other.result == "failed" for other in before):
            return StepResult(known.step, known.title, "waiting")
        try:
            mine = self._changes(ticket, known.step, aim)
        except StepFailed as error:
            return StepResult(known.step, known.title, "failed", str(error))
        changes.update(mine)
        return StepResult(known.step, known.title, "done", "" if mine else THERE)

    def _do(
        self, suggestion: Suggestion, known: StepResult[Step], aim: Aim, agent: str | None, user: int | None
    ) -> StepResult[Step]:
        if self.dry_run:
            return StepResult(known.step, known.title, "dry", DRY)
        try:
            note = self._written(suggestion, known.step, aim, user)
        except UsedeskError as error:
            outcome = StepResult(known.step, known.title, "failed", error.advice)
        except StepFailed as error:
            outcome = StepResult(known.step, known.title, "failed", str(error))
        else:
            outcome = StepResult(known.step, known.title, "done", note)
        self._note(suggestion, outcome, aim, agent)
        return outcome

    def _written(self, suggestion: Suggestion, step: Step, aim: Aim, user: int | None) -> str:
        """Does a step unless the ticket shows that it was done; what to add to «готово»."""
        ticket = self._ticket(suggestion, user)
        if step is Step.COMMENT:
            return self._comment(suggestion, ticket, user or 0)
        changes = self._changes(ticket, step, aim)
        if not changes:
            return THERE
        self.client.update(ticket.id, user or 0, changes)
        return ""

    def _ticket(self, suggestion: Suggestion, user: int | None) -> Ticket:
        return writable(self.client, int(suggestion.review.ticket_id or 0), user)

    def _comment(self, suggestion: Suggestion, ticket: Ticket, user: int) -> str:
        if noted(ticket, self.rules.comment) > _comments(self.journal.of(suggestion.id)):
            return THERE
        self.client.comment(ticket.id, self.rules.comment, user)
        return ""

    def _changes(self, ticket: Ticket, step: Step, aim: Aim) -> Mapping[str, object]:
        """What /update/ticket is asked for; empty where the ticket has it already."""
        if step is Step.STATUS:
            wanted = STATUSES[aim.closing]
            return {} if ticket.status == wanted else {"status": int(wanted)}
        if step is Step.CATEGORY:
            return self._lists(ticket, aim)
        value = aim.value(step)
        there = ticket.type if step is Step.TYPE else ticket.priority
        return {} if there == value else {step.value: value}

    def _lists(self, ticket: Ticket, aim: Aim) -> Mapping[str, object]:
        """Category and subcategory as fields of the ticket, unless they are set."""
        category, subcategory = aim.pair or (self.rules.category, self.rules.subcategory)
        pair = self.dictionary.get(urgent=True).pair(category, subcategory)
        if pair is None:
            names = f"«{category}» → «{subcategory}»"
            raise StepFailed(f"в полях Usedesk не нашлось {names}: поставьте вручную или сообщите администратору")
        values = {value.id: value.value for value in ticket.fields}
        if all(values.get(known.id) in {str(option.id), option.value} for known, option in pair):
            return {}
        return {"lists": [{"id": known.id, "value": option.id} for known, option in pair]}

    def _on_record(
        self, step: Step, closing: Closing, wanted: Wanted | None, before: Sequence[Event]
    ) -> StepResult[Step]:
        """The step as it was last done; for another value than the one wanted now it still waits."""
        aim = Aim(closing, wanted)
        last = next((event for event in reversed(before) if _is(event, step)), None)
        detail = json.loads(last.detail or "{}") if last else {}
        if detail.get("status" if step is Step.STATUS else "value", "") != aim.value(step):
            detail = {}
        result: Result = detail.get("result", "waiting")
        return StepResult(step, self._title(step, aim), result, detail.get("note", ""))

    def _title(self, step: Step, aim: Aim) -> str:
        category, subcategory = aim.pair or (self.rules.category, self.rules.subcategory)
        wanted = aim.wanted
        titles = {
            Step.COMMENT: f"Комментарий «{self.rules.comment}»",
            Step.CATEGORY: f"Категория «{category}», подкатегория «{subcategory}»",
            Step.TYPE: f"Тип «{wanted.type_title}»" if wanted else "",
            Step.PRIORITY: f"Приоритет «{wanted.priority_title}»" if wanted else "",
            Step.STATUS: f"Статус «{CLOSING_TITLES[aim.closing]}»",
        }
        return titles[step]

    def _note(self, suggestion: Suggestion, outcome: StepResult[Step], aim: Aim, agent: str | None) -> None:
        detail = {"result": outcome.result, "note": outcome.note, "status": aim.closing.value}
        if aim.wanted:
            detail["value"] = aim.value(outcome.step)
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


def _this_round(events: Sequence[Event]) -> Sequence[Event]:
    """The events since the review last changed."""
    changes = [
        place for place, event in enumerate(events) if event.kind is Kind.SUGGESTED and event.reason == "changed"
    ]
    return events[changes[-1] :] if changes else events


def _is(event: Event, step: Step) -> bool:
    return event.kind is Kind.FILED and event.reason == step.value and event.hand_over is None


def _comments(events: Sequence[Event]) -> int:
    """How many comments were noted as done, in all rounds."""
    filed = [event for event in events if event.kind is Kind.FILED and event.reason == Step.COMMENT.value]
    return sum(json.loads(event.detail or "{}").get("result") == "done" for event in filed)
