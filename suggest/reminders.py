"""Reminders 24 hours after a hand-over (002 §7): a private note in the client's ticket, and the ticket moved up.

Run by `suggest remind`, from cron or a timer, as often as one likes and on as many replicas as one likes.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from suggest import interim
from suggest.regulation import Phrasebank
from suggest.store.links import Links
from suggest.store.reminders import Due, Reminders
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.errors import UsedeskError, UsedeskNotFound
from suggest.usedesk.ticket import GONE, Ticket, TicketStatus
from suggest.usedesk.writing import noted
from suggest.workdays import Workdays

PAUSE = timedelta(minutes=15)
"""So long a reminder that could not be written waits, so that it does not stand in the way of others."""

URGENT = "urgent"
RAISED = frozenset({URGENT, "extreme"})
RESTING = frozenset({TicketStatus.ON_HOLD, TicketStatus.PENDING, TicketStatus.SOLVED})
"""Statuses that hide a ticket from those at work: a reminder opens it."""


@dataclass(frozen=True)
class Reminded:
    """What became of one reminder; `ticket_id` None: there is no ticket to write to. `why`: what went wrong."""

    due: Due
    result: Literal["done", "failed", "dry"]
    ticket_id: str | None = None
    why: str = ""

    def __str__(self) -> str:
        place = f"ticket {self.ticket_id}" if self.ticket_id else "no ticket"
        said = f"hand-over {self.due.hand_over}, reminder {self.due.number}, {place}: {self.result}"
        return f"{said}: {self.why}" if self.why else said


@dataclass(frozen=True)
class Reminding:
    """Writes reminders in the name of `user_id`; `dry_run` only tells which ones are due."""

    reminders: Reminders
    links: Links
    client: UsedeskClient
    bank: Phrasebank
    workdays: Workdays
    clock: Callable[[], datetime]
    user_id: int | None = None
    dry_run: bool = False

    def run(self, limit: int = 100) -> Iterator[Reminded]:
        """Writes what is due, at most `limit`, one after the other; raises StoreUnavailable."""
        for due in self.reminders.due(self.clock(), limit):
            if self.dry_run:
                yield Reminded(due, "dry", due.ticket_id)
            elif self.reminders.claim(due, self.clock()):
                yield self._reminded(due)

    def _reminded(self, due: Due) -> Reminded:
        try:
            ticket = self._ticket(due)
            if ticket:
                self._write(due, ticket)
        except UsedeskError as error:
            self.reminders.release(due, self.clock() + PAUSE)
            return Reminded(due, "failed", due.ticket_id, f"{type(error).__name__}: {error}")
        ticket_id, now = str(ticket.id) if ticket else None, self.clock()
        self.reminders.done(due, now, interim.due(now, self.workdays), ticket_id)
        return Reminded(due, "done", ticket_id)

    def _ticket(self, due: Due) -> Ticket | None:
        """The client's own ticket, the latest linked one first, else the review's; None where none is left."""
        linked = [link.ticket_id for link in sorted(self.links.of(due.suggestion_id), key=lambda link: link.at)]
        for ticket_id in (*reversed(linked), due.ticket_id):
            if ticket_id and ticket_id.isdigit():
                try:
                    ticket = self.client.ticket(int(ticket_id))
                except UsedeskNotFound:
                    continue
                if ticket.status not in GONE:
                    return ticket
        return None

    def _write(self, due: Due, ticket: Ticket) -> None:
        """Note and move, each unless the ticket has it already: an earlier run may have died half-way."""
        user = self.user_id or 0
        note = self.note(due)
        if not noted(ticket, note):
            self.client.comment(ticket.id, html.escape(note, quote=False), user)
        changes: dict[str, Any] = {} if ticket.priority in RAISED else {"priority": URGENT}
        if ticket.status in RESTING:
            changes["status"] = int(TicketStatus.OPEN)
        if changes:
            self.client.update(ticket.id, user, changes)

    def note(self, due: Due) -> str:
        """The private note: which department is late, and what the agent does now."""
        title = self.bank.departments[due.department].title if due.department in self.bank.departments else ""
        who = f"отдела «{title}»" if title else "отдела"
        since = f"{self.workdays.local(due.sent_at):%d.%m.%Y %H:%M}"
        again = "" if due.number == 1 else f" Напоминание {due.number}-е."
        return (
            f"Нет ответа от {who} на запрос от {since}.{again} Напомните отделу о срочности и сообщите клиенту, "
            "что вопрос в работе: готовый текст есть в подсказчике."
        )
