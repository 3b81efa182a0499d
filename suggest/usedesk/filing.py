"""What is written to a ticket once its suggestion is made: priority and tags, so that Usedesk's own filters sort the day.

`phrasebank/filing.yaml` says which. Written only while nobody has touched the ticket, or when its review is new or
changed; what is there already is not written again, so that repeats change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import yaml
from pydantic import ValidationError

from suggest.domain import Frozen, PhrasebankError, Suggestion
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.ticket import GONE, Ticket, TicketStatus

FILE = "filing.yaml"


class FilingRules(Frozen):
    """`priority`: Usedesk's by ours; `scenario`: whether the scenario's id becomes a tag; `flags`: those that do."""

    priority: dict[int, Literal["low", "medium", "urgent", "extreme"]]
    scenario: bool
    flags: tuple[str, ...]


def load_filing(phrasebank: Path) -> FilingRules:
    """The rules in a phrasebank's folder; raises PhrasebankError."""
    try:
        return FilingRules.model_validate(yaml.safe_load((phrasebank / FILE).read_text(encoding="utf-8")))
    except (OSError, ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise PhrasebankError([f"{FILE}: {' '.join(str(error).split())}"]) from error


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
