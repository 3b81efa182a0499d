"""Usedesk's webhooks: what happened to which ticket, read in both documented shapes; everything else is dropped at once.

Bodies hold tokens and client data, so nothing of them is kept but a ticket's id and the review that is read off a new one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from suggest.usedesk.outgoing import ours
from suggest.usedesk.payload import Unreadable, authentic, items, mapping, number, read, text
from suggest.usedesk.preparing import Preparer
from suggest.usedesk.reader import Reader, Reading
from suggest.usedesk.ticket import ticket as read_ticket

Kind = Literal["ticket", "comment", "change"]
Outcome = Literal["accepted", "ignored", "refused", "unreadable", "unset"]

NAMES = ("secret",)
MOVING = frozenset({"subject", "ticket_field", "message_from_client", "new_tags", "removed_tags", "ticket_created"})
"""The changes of a ticket that may change its review; the others are none of ours."""


@dataclass(frozen=True)
class Event:
    """Something that happened to a ticket; a new one brings its reading along."""

    kind: Kind
    ticket_id: int
    reading: Reading | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Webhook:
    """Takes events in and has them worked off in the background; `secret` "" refuses all."""

    preparer: Preparer
    reader: Reader
    secret: str

    def take(self, body: bytes, content_type: str) -> Outcome:
        """What became of a body of any kind; returns at once."""
        if not self.secret:
            return "unset"
        try:
            fields = read(body, content_type)
        except Unreadable:
            return "unreadable"
        if not authentic(fields, self.secret, NAMES):
            return "refused"
        happened = event(fields, self.reader)
        if happened is None:
            return "ignored"
        self.preparer.later(happened.ticket_id, happened.reading)
        logging.getLogger(__name__).info("webhook: %s of ticket %d", happened.kind, happened.ticket_id)
        return "accepted"


def event(fields: Mapping[str, Any], reader: Reader) -> Event | None:
    """The event in a body; None for what concerns no review: ratings, agents' own comments, other changes."""
    comment, trigger = mapping(fields.get("comment")), mapping(fields.get("trigger"))
    if comment:
        ticket_id = number(comment.get("ticket_id"))
        return Event("comment", ticket_id) if ticket_id and text(comment.get("from")) != "user" else None
    if trigger:
        ticket_id = number(trigger.get("ticket_id"))
        return Event("change", ticket_id) if ticket_id and MOVING & set(_targets(trigger)) else None
    if mapping(fields.get("ticket")):
        found = read_ticket(fields)
        if found and ours(found):
            return Event("ticket", found.id)
        return Event("ticket", found.id, reader.read(found)) if found else None
    return None


def _targets(trigger: Mapping[str, Any]) -> Iterator[str]:
    data = trigger.get("data")
    rows = [data] if isinstance(data, dict) and "target" in data else items(data)
    yield from (text(mapping(row).get("target")) for row in rows)
