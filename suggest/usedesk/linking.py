"""A client's own ticket led back to its review by the code it names (000 §5 → §9); everything else is left to agents."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from suggest.domain import StoreUnavailable
from suggest.store.hand_overs import HandOvers
from suggest.store.links import Links
from suggest.usedesk.reader import Reading

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Linking:
    """Links tickets as they are read."""

    links: Links
    hand_overs: HandOvers

    def read(self, reading: Reading) -> None:
        """Links a client's own ticket at once where exactly one review fits the codes it names.

        Where several do, they are among the candidates that the agent is shown. Without the database nothing is linked:
        the ticket is read again with the next message or opening.
        """
        if reading.robot or not reading.codes:
            return
        try:
            if self.hand_overs.of_ticket(str(reading.ticket_id)):
                return  # our own request to a department, which names the review
            fitting = self.links.coded(reading.codes)
            if len(fitting) == 1 and self.links.link(str(reading.ticket_id), fitting[0], "code"):
                log.info("ticket %d is linked to a review by its code", reading.ticket_id)
        except (StoreUnavailable, KeyError) as error:
            log.warning("ticket %d was not linked: %s", reading.ticket_id, type(error).__name__)
