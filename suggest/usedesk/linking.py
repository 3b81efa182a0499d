"""A client's own ticket led back to its review by the code it names (000 §5 → §9), and its letters put on record.

Everything that a code does not settle is left to agents.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from suggest.domain import StoreUnavailable, Suggestion
from suggest.store.contacts import Contact, Contacts
from suggest.store.hand_overs import HandOvers
from suggest.store.links import Links
from suggest.usedesk.reader import Reading
from suggest.usedesk.ticket import Ticket

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Linking:
    """Links tickets as they are read."""

    links: Links
    hand_overs: HandOvers
    contacts: Contacts
    clock: Callable[[], datetime]

    def read(self, reading: Reading, ticket: Ticket | None = None, made: Suggestion | None = None) -> None:
        """Links a client's own ticket at once where exactly one review fits the codes it names, and notes its letters.

        Where several fit, they are among the candidates that the agent is shown. Without the database nothing is done:
        the ticket is read again with the next message or opening.
        """
        if reading.robot or reading.unreadable == "outgoing":
            return
        try:
            if self.hand_overs.of_ticket(str(reading.ticket_id)):
                return  # our own request to a department, which may name the review
            if reading.codes:
                self._link(reading)
            if ticket:
                self._note(ticket, made)
        except (StoreUnavailable, KeyError) as error:
            log.warning("ticket %d was not linked: %s", reading.ticket_id, type(error).__name__)

    def _link(self, reading: Reading) -> None:
        fitting = self.links.coded(reading.codes)
        if len(fitting) == 1 and self.links.link(str(reading.ticket_id), fitting[0], "code"):
            log.info("ticket %d is linked to a review by its code", reading.ticket_id)

    def _note(self, ticket: Ticket, made: Suggestion | None) -> None:
        """Every message of the client as a contact of the case (003), once; when, not what."""
        link = self.links.of_ticket(str(ticket.id))
        about = link.suggestion_id if link else made.id if made and not made.erased else None
        channel: Literal["mail", "dm"] = "mail" if ticket.channel_type in {"", "email"} else "dm"
        for message in ticket.messages if about else ():
            if about and message.by_client:
                came = Contact(at=self.clock(), channel=channel, direction="in", ticket_id=str(ticket.id))
                self.contacts.add(about, came, key=f"in:{ticket.id}:{message.id}:{about}")
