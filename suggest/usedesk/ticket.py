"""The nouns of Usedesk, typed, and read from its answers whatever shape they come in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Any

from suggest.usedesk.payload import items, mapping, number, text

MAX_MESSAGE = 100_000
"""Usedesk takes messages of about 64 kB."""


class TicketStatus(IntEnum):
    """Usedesk's statuses by their ids."""

    OPEN = 1
    SOLVED = 2
    CLOSED = 3
    DELETED = 4
    ON_HOLD = 5
    PENDING = 6
    SPAM = 7
    NEW = 8
    MAILING = 9
    MERGED = 10


GONE = frozenset({TicketStatus.DELETED, TicketStatus.SPAM, TicketStatus.MERGED})


@dataclass(frozen=True)
class Message:
    """A comment of a ticket; `html` is as it was sent."""

    id: int
    html: str = field(repr=False)
    by_client: bool
    public: bool = True
    at: str = ""
    first: bool = False


@dataclass(frozen=True)
class FieldValue:
    """A custom field of a ticket; `name` is "" until the dictionary of fields gives it one."""

    id: int
    name: str
    value: str = field(repr=False)


@dataclass(frozen=True)
class Ticket:
    """What we read of a ticket. Times are Usedesk's own, without a zone: fit only to be compared with each other."""

    id: int
    subject: str = field(default="", repr=False)
    status: int | None = None
    priority: str = ""
    type: str = ""
    channel_id: int | None = None
    channel_type: str = ""
    contact: str = field(default="", repr=False)
    """The address it came from: a person's, or a platform's robot's."""
    client_name: str = field(default="", repr=False)
    additional_id: str = ""
    tags: tuple[str, ...] = ()
    fields: tuple[FieldValue, ...] = ()
    messages: tuple[Message, ...] = ()
    updated_at: str = ""
    published_at: str = ""
    assignee_id: int | None = None
    client_id: int | None = None

    @property
    def opening(self) -> Message | None:
        """The client's first message: the one marked so, else the earliest; None where only the company wrote."""
        written = [message for message in self.messages if message.by_client]
        marked = [message for message in written if message.first]
        return min(marked or written, key=lambda message: (message.at, message.id), default=None)

    def hinted(self, hints: Mapping[str, str]) -> Ticket:
        """With what only the block tells (`subject`, `channel_type`, `contact`) where the ticket lacks it."""
        return replace(
            self,
            subject=self.subject or hints.get("subject", ""),
            channel_type=self.channel_type or hints.get("channel_type", ""),
            contact=self.contact or hints.get("contact", ""),
        )


@dataclass(frozen=True)
class User:
    """Somebody who works in Usedesk."""

    id: int
    name: str
    email: str = field(default="", repr=False)


def ticket(answer: object) -> Ticket | None:
    """The ticket in an answer of POST /ticket, or in a webhook's body; None where there is none."""
    body = mapping(answer)
    facts = mapping(body.get("ticket")) or body
    ticket_id = number(facts.get("id")) or number(facts.get("ticket_id"))
    if ticket_id is None:
        return None
    client = mapping(body.get("client")) or mapping(facts.get("client"))
    return Ticket(
        id=ticket_id,
        subject=text(facts.get("subject"), 1000),
        status=number(facts.get("status_id")) or number(facts.get("status")),
        priority=text(facts.get("priority")),
        type=text(facts.get("type")),
        channel_id=number(facts.get("channel_id")),
        contact=text(facts.get("email")),
        client_name=text(facts.get("client_name") or client.get("name"), 200),
        additional_id=text(facts.get("additional_id"), 255),
        tags=_tags(body.get("tags") or facts.get("tags")),
        fields=_fields(body, facts),
        messages=_messages(body, facts),
        updated_at=text(facts.get("last_updated_at")),
        published_at=text(facts.get("published_at")),
        assignee_id=number(facts.get("assignee_id")),
        client_id=number(facts.get("client_id")),
    )


def user(row: object) -> User | None:
    """A row of /users."""
    facts = mapping(row)
    user_id = number(facts.get("id")) or number(facts.get("user_id"))
    return User(user_id, text(facts.get("name")), text(facts.get("email"))) if user_id else None


def _tags(value: object) -> tuple[str, ...]:
    rows = value.split(",") if isinstance(value, str) else items(value)
    named = (text(mapping(row).get("name")) if isinstance(row, dict) else text(row) for row in rows)
    return tuple(dict.fromkeys(tag.strip() for tag in named if tag.strip()))


def _fields(body: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[FieldValue, ...]:
    """Under `custom_fields` or `ticket_fields`, in the ticket or beside it: every shape that was seen."""
    found = []
    for place in (body, facts):
        for row in (*items(place.get("custom_fields")), *items(place.get("ticket_fields"))):
            cells = mapping(row)
            field_id = number(cells.get("ticket_field_id")) or number(cells.get("id"))
            value = text(cells.get("value"), 5000)
            if field_id and value:
                found.append(FieldValue(field_id, text(cells.get("name")), value))
    return tuple(dict.fromkeys(found))


def _messages(body: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[Message, ...]:
    """The comments; in a webhook's body the first message stands in the ticket itself."""
    rows = [mapping(row) for row in items(body.get("comments"))]
    if not rows and facts.get("message"):
        first = text(facts["message"], MAX_MESSAGE)
        return (Message(0, first, by_client=True, at=text(facts.get("published_at")), first=True),)
    return tuple(
        Message(
            id=number(row.get("id")) or 0,
            html=text(row.get("message"), MAX_MESSAGE),
            by_client=row.get("from") == "client",
            public=row.get("type") != "private",
            at=text(row.get("published_at")),
            first=str(row.get("is_first")) in {"1", "True", "true"},
        )
        for row in rows
    )


def ticket_address(pattern: str, number: object) -> str:
    """Where an agent's browser opens a ticket, `{id}` of the pattern being its number; "" for what is no number."""
    said = str(number)
    return pattern.replace("{id}", said) if said.isascii() and said.isdigit() else ""
