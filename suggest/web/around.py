"""What stands around a client's own ticket: the client's other tickets with their state, and whether the company knows them.

Asked for after the page, since it may take a moment; never of a platform's robot, whose tickets are not one client's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from suggest.lookup import LookupFailed
from suggest.usedesk.casebook import is_own
from suggest.usedesk.errors import UsedeskError
from suggest.usedesk.preparing import asked_about
from suggest.usedesk.ticket import Ticket, TicketStatus, ticket_address
from suggest.web.counter import Counter
from suggest.web.pages import page

MOST = 8
STATES: Mapping[int, str] = {
    TicketStatus.OPEN: "открыт",
    TicketStatus.SOLVED: "выполнен",
    TicketStatus.CLOSED: "закрыт",
    TicketStatus.DELETED: "удалён",
    TicketStatus.ON_HOLD: "на удержании",
    TicketStatus.PENDING: "в ожидании",
    TicketStatus.SPAM: "спам",
    TicketStatus.NEW: "новый",
    TicketStatus.MAILING: "рассылка",
    TicketStatus.MERGED: "объединён",
}


@dataclass(frozen=True)
class Related:
    """Another ticket of the same client."""

    id: int
    subject: str
    state: str
    url: str


class Around:
    """The route of the fragment."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter
        self.client = counter.service.usedesk.client if counter.service.usedesk else None

    def router(self) -> APIRouter:
        router = APIRouter()
        router.add_api_route("/{token}/case/around", self.shown, methods=["GET"])
        return router

    def shown(self, token: str) -> HTMLResponse:
        """The client's other tickets, the newest first."""
        here = self.counter.open(token)
        if not is_own(here.made) or self.client is None or not self.client.usable:
            return page("widget_around.html.j2", related=(), trouble="", known="")
        try:
            ticket = self.client.ticket(int(here.made.review.ticket_id or 0), urgent=True)
            related = self._related(ticket)
        except UsedeskError as error:
            return page("widget_around.html.j2", related=(), trouble=error.advice, known="")
        return page("widget_around.html.j2", related=related, trouble="", known=self._known(ticket))

    def _known(self, ticket: Ticket) -> str:
        """What the company's own system says of the client; "" where none is set."""
        lookup = self.counter.service.usedesk.preparer.lookup if self.counter.service.usedesk else None
        if lookup is None:
            return ""
        asked = asked_about(ticket)
        if not asked:
            return "В системе компании клиента не искали: нет ни почты, ни телефона, ни номера заказа."
        try:
            found = lookup.ask(asked)
        except LookupFailed:
            return "Система компании не ответила: проверьте клиента вручную."
        if not found.known:
            return "В системе компании клиент не найден."
        return f"Клиент есть в системе компании: {found.name}." if found.name else "Клиент есть в системе компании."

    def _related(self, ticket: Ticket) -> tuple[Related, ...]:
        if self.client is None or ticket.client_id is None:
            return ()
        rows = self.client.tickets(urgent=True, client_id=ticket.client_id)
        others = sorted((row for row in rows if row.id != ticket.id), key=lambda row: row.id, reverse=True)
        pattern = self.counter.service.settings.usedesk_ticket_url
        return tuple(
            Related(row.id, row.subject or "Без темы", STATES.get(row.status or 0, ""), ticket_address(pattern, row.id))
            for row in others[:MOST]
        )
