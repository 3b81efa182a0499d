"""The widget's own knowledge of one suggestion: what stands on record of it, and who is at it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from suggest.bootstrap import Service
from suggest.domain import StaleRevision, StoreUnavailable, Suggestion
from suggest.feedback import Feedback, Outcome
from suggest.plan import SOBERING
from suggest.store.feedback import key_of
from suggest.store.fold import Event, Kind
from suggest.usedesk.ticket import User
from suggest.usedesk.way_back import WayBack
from suggest.web.agents import Agents
from suggest.web.appeals import AppealPhrase
from suggest.web.signers import Signer, Signers, known
from suggest.web.token import OTHER_TICKET, TokenRefused, Tokens


class NeedsSignOff(Exception):
    """The wording of an urgent reply has not been agreed to."""


@dataclass(frozen=True)
class Opened:
    """A token, and a revision of the suggestion that it opens."""

    token: str
    made: Suggestion

    @property
    def urgent(self) -> bool:
        """Whether copying asks for a sign-off."""
        return self.made.match is not None and any(flag in self.made.match.flags for flag in SOBERING)


@dataclass(frozen=True)
class Counter:
    """Where the widget's pages ask and write."""

    service: Service
    tokens: Tokens
    agents: Agents
    appeals: tuple[AppealPhrase, ...]
    sign_off: Signers

    @property
    def way_back(self) -> WayBack | None:
        return self.service.way_back

    @property
    def judges(self) -> bool:
        """Whether a model is asked about the tone of what agents write."""
        return self.service.model is not None and self.service.model.judges

    def open(self, token: str, revision: int = 0) -> Opened:
        """With the newest revision, or the one that the agent was shown; raises TokenRefused."""
        opens = self.tokens.read(token)
        made = self.service.desk.suggestions.get(opens.suggestion_id, revision or None)
        if made is None or made.review.ticket_id != opens.ticket_id:
            raise TokenRefused(OTHER_TICKET)
        return Opened(token, made)

    def events(self, opened: Opened) -> tuple[Event, ...]:
        """Everything on record; nothing without a database."""
        return self.service.store.events.of(opened.made.id) if self.service.store else ()

    def linked(self, opened: Opened) -> bool:
        """Whether the ticket is that of a client who wrote about a review; then the case leads, not the first reply."""
        store, ticket = self.service.store, opened.made.review.ticket_id
        return bool(store and ticket and store.links.of_ticket(ticket))

    def note(self, opened: Opened, kind: Kind, agent: User | None, reason: str = "", detail: object = None) -> None:
        """Puts an act on record; raises StoreUnavailable."""
        if self.service.store is None:
            raise StoreUnavailable("nothing can be noted without the database")
        event = Event(
            kind=kind,
            revision=opened.made.revision,
            at=self.service.store.clock(),
            agent=agent.name if agent else None,
            reason=reason or None,
            detail=json.dumps(detail, ensure_ascii=False) if detail else None,
        )
        self.service.store.events.append(opened.made.id, event)

    def tell(self, opened: Opened, outcome: Outcome, agent: User | None, text: str) -> None:
        """Records what became of the reply: a text of the agent's own counts as edited.

        Raises NeedsSignOff, StaleRevision and StoreUnavailable.
        """
        if opened.urgent and not self.signed(opened, text):
            raise NeedsSignOff
        name = agent.name if agent else None
        made = opened.made
        said = Feedback(outcome=outcome, revision=made.revision, agent=name)
        edit = said.model_copy(update={"outcome": Outcome.EDITED, "text": text.strip()})
        news = text.strip() and text.strip() != made.text and not self._last_edit(opened, edit)
        for given in (edit, said) if news else (said,):
            if self.service.desk.feedback(made.id, given) is None:
                raise StaleRevision(made.revision)

    def _last_edit(self, opened: Opened, edit: Feedback) -> bool:
        """Whether the agent's latest wording on record is this one: copying it again is no other edit."""
        edits = [event for event in self.events(opened) if event.kind is Kind.EDITED]
        return bool(edits) and edits[-1].key == key_of(edit)

    def signers(self, opened: Opened) -> tuple[Signer, ...]:
        """Who may agree to the reply."""
        return self.sign_off.of(opened.made.review.branch, self._leads())

    def wrote(self, opened: Opened, agent: User | None) -> frozenset[str]:
        """Who has a hand in the reply, as `known` by name: the agent before the page, and all who changed its wording."""
        edited = {event.agent for event in self.events(opened) if event.kind is Kind.EDITED}
        return frozenset(known(name) for name in (*edited, agent.name if agent else None) if name)

    def _leads(self) -> tuple[str, ...]:
        """The console's leads; none without a database."""
        users = self.service.store.accounts.all() if self.service.store else ()
        return tuple(user.name for user in users if user.role == "lead" and user.disabled_at is None)

    def signed(self, opened: Opened, text: str) -> bool:
        """Whether a lead agreed to exactly this wording."""
        wanted = digest(text)
        signs = [event for event in self.events(opened) if event.kind is Kind.SIGNED_OFF]
        return any(json.loads(event.detail or "{}").get("digest") == wanted for event in signs)


def digest(text: str) -> str:
    """A wording by which it is known again, without keeping it."""
    return hashlib.blake2b(text.strip().encode(), digest_size=16).hexdigest()
