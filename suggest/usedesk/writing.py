"""What every write to a ticket shares: in whose name, whether the ticket still takes it, whether it was written before."""

from __future__ import annotations

from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.html import letter
from suggest.usedesk.ticket import GONE, Ticket

NO_USER = "не выбран сотрудник, от имени которого писать в тикет"
GONE_TICKET = "тикет удалён, объединён или отмечен как спам"
THERE = "уже было в тикете"
"""What a step adds to «готово» when the ticket shows that it was done."""


class StepFailed(Exception):
    """A step cannot be done; the text (Russian) tells the agent why."""


def writable(client: UsedeskClient, ticket_id: int, user: int | None) -> Ticket:
    """The ticket as it is now, fit to be written to in the name of `user`; raises StepFailed and UsedeskError."""
    if user is None:
        raise StepFailed(NO_USER)
    ticket = client.ticket(ticket_id, urgent=True)
    if ticket.status in GONE:
        raise StepFailed(GONE_TICKET)
    return ticket


def noted(ticket: Ticket, note: str) -> int:
    """How many private comments of ours say just this, however they are spaced."""
    ours = (message for message in ticket.messages if not message.by_client and not message.public)
    return sum(_words(letter(message.html).text) == _words(note) for message in ours)


def _words(text: str) -> list[str]:
    return text.split()
