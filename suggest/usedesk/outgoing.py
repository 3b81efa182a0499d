"""Outgoing requests as tickets of Usedesk: finding one again, and telling when the store or department answered.

A request bears our id in `additional_id` and at the end of its subject, so it is known before and without our record.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from suggest.domain import StoreUnavailable
from suggest.hand_over_letter import Request
from suggest.store.hand_overs import HandOver, HandOvers
from suggest.usedesk.client import PAGE, UsedeskClient
from suggest.usedesk.html import letter
from suggest.usedesk.poll import FORMAT
from suggest.usedesk.ticket import Message, Ticket

EXTERNAL = re.compile(r"suggest-hand-over-(\d+)-\w+")
HALF_A_DAY = timedelta(hours=14)
"""Usedesk tells local times without a zone: at most so far from ours."""

MOST_PAGES = 50
log = logging.getLogger(__name__)


def external_id(over: HandOver) -> str:
    """The `additional_id` of a hand-over's outgoing ticket."""
    return f"suggest-hand-over-{over.id}-{over.suggestion_id[:8]}"


def ours(ticket: Ticket) -> bool:
    """Whether a ticket says that it is an outgoing request of ours."""
    return EXTERNAL.fullmatch(ticket.additional_id) is not None


@dataclass(frozen=True)
class Search:
    """Looks for a request that may have been sent without our knowing. Raises UsedeskError."""

    client: UsedeskClient
    hand_overs: HandOvers

    def opened(self, over: HandOver) -> str | None:
        """The outgoing ticket of a hand-over, None where there is none."""
        since = ((over.tried_at or over.asked_at) - HALF_A_DAY).strftime(FORMAT)
        ending = f" · запрос {over.id}"
        for page in range(MOST_PAGES):
            rows = self.client.tickets(since, page * PAGE)
            for row in rows:
                if row.additional_id == external_id(over) or (not row.additional_id and row.subject.endswith(ending)):
                    return str(row.id)
            if len(rows) < PAGE:
                break
        return None

    def asked_again(self, thread: int, request: Request) -> str | None:
        """The ticket `thread` where it holds this question oftener than is on record; None where it does not."""
        ticket = self.client.ticket(thread, urgent=True)
        known = [other for other in self.hand_overs.of_ticket(str(thread)) if other.purpose == "solved"]
        return str(thread) if len(_questions(ticket.messages, request.html)) > len(known) else None


@dataclass(frozen=True)
class Answers:
    """Tells our outgoing requests from reviews, and puts on record that one was answered."""

    hand_overs: HandOvers
    question: str
    """The wording that asks again within a request."""

    def take(self, ticket: Ticket) -> bool:
        """Whether it is an outgoing request; an answer in it is noted. Without the database only `ours` tells."""
        try:
            overs = self.hand_overs.of_ticket(str(ticket.id))
            for over in overs:
                if over.answered_at is None and self._answered(ticket, over, overs):
                    self.hand_overs.answered(over.id)
        except StoreUnavailable as error:
            log.warning("ticket %d: answers were not looked for: %s", ticket.id, error)
            overs = ()
        return bool(overs) or ours(ticket)

    def _answered(self, ticket: Ticket, over: HandOver, overs: Sequence[HandOver]) -> bool:
        """Whether the other side wrote after what was asked."""
        messages = sorted(ticket.messages, key=lambda message: (message.at, message.id))
        if over.purpose == "check":
            return any(message.by_client for message in messages)
        asked = [place for place, message in enumerate(messages) if self._asks(message)]
        turn = [other.id for other in overs if other.purpose == "solved"].index(over.id)
        return len(asked) > turn and any(message.by_client for message in messages[asked[turn] + 1 :])

    def _asks(self, message: Message) -> bool:
        return not message.by_client and message.public and self.question in letter(message.html).text


def _questions(messages: Sequence[Message], html: str) -> list[Message]:
    wanted = letter(html).text
    return [m for m in messages if not m.by_client and m.public and letter(m.html).text == wanted]
