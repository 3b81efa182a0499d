"""What is written to a ticket once its suggestion is made: priority and tags, so that Usedesk's own filters sort the day.

`phrasebank/filing.yaml` says which. Written only while nobody has touched the ticket, or when its review is new or
changed; what is there already is not written again, so that repeats change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from suggest.domain import Suggestion
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.rules import FilingRules
from suggest.usedesk.ticket import GONE, Ticket, TicketStatus


@dataclass(frozen=True)
class Filing:
    """Writes to tickets in the name of `user_id`."""

    client: UsedeskClient
    rules: FilingRules
    user_id: int

    def file(self, ticket: Ticket, suggestion: Suggestion, fresh: bool) -> bool:
        """Writes what the ticket lacks; whether anything was written. `fresh`: the suggestion was made just now."""
        if ticket.status in GONE or not (fresh or ticket.status == TicketStatus.NEW):
            return False
        changes = dict(self._changes(ticket, suggestion))
        if changes:
            self.client.update(ticket.id, self.user_id, changes)
        return bool(changes)

    def _changes(self, ticket: Ticket, suggestion: Suggestion) -> Iterator[tuple[str, str]]:
        order = suggestion.triage.priority
        priority = self.rules.priority.get(order) if order is not None else None
        if priority and priority != ticket.priority and ticket.status == TicketStatus.NEW:
            yield "priority", priority
        known = {tag.casefold() for tag in ticket.tags}
        tags = [tag for tag in self._tags(suggestion) if tag not in known]
        if tags:
            yield "tag", ", ".join(tags)

    def _tags(self, suggestion: Suggestion) -> Iterator[str]:
        matched = suggestion.match
        if matched and matched.scenario and self.rules.scenario:
            yield matched.scenario
        yield from (flag for flag in (matched.flags if matched else ()) if flag in self.rules.flags)
