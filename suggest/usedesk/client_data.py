"""What a client gave of themselves in their own ticket: fetched when it is passed on, shown to the agent, never kept."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.html import letter, unquoted
from suggest.usedesk.payload import items, mapping, text

LONGEST = 2000
"""Characters of each message of the client."""


def client_data(client: UsedeskClient, ticket_id: int) -> str:
    """Name, mail, phones and the client's own words, a line each; "" where the ticket tells none. Raises UsedeskError."""
    answer = client.whole_ticket(ticket_id)
    ticket, comments = mapping(answer.get("ticket")), [mapping(row) for row in items(answer.get("comments"))]
    people = [
        mapping(answer.get("client")),
        mapping(ticket.get("client")),
        *(mapping(row.get("client")) for row in comments),
    ]
    names = [text(ticket.get("client_name"), 200), *(text(person.get("name"), 200) for person in people)]
    mails = [text(ticket.get("email")), *(text(mail) for person in people for mail in items(person.get("emails")))]
    phones = [phone for person in people for phone in _phones(person)]
    words = [
        unquoted(letter(text(row.get("message"), 50_000)).text)[:LONGEST]
        for row in comments
        if row.get("from") == "client"
    ]
    titled = (("Имя", names[:1]), ("Почта", mails), ("Телефон", phones), ("Написал", words))
    return "\n".join(f"{title}: {value}" for title, values in titled for value in dict.fromkeys(filter(None, values)))


def _phones(person: dict[str, Any]) -> Iterator[str]:
    for row in items(person.get("phones")):
        yield text(mapping(row).get("phone")) if isinstance(row, dict) else text(row)
