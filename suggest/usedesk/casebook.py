"""A case as it stands on record: which review a client's ticket is about, what was replied, where it has got to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from suggest.case import Standing
from suggest.domain import Platform, Suggestion
from suggest.given_data import Datum, data_of, received
from suggest.hand_over import called_for
from suggest.regulation import Phrasebank
from suggest.store.contacts import Contact
from suggest.store.fold import ANSWERS, Event, Kind
from suggest.store.hand_overs import HandOver
from suggest.store.links import Link
from suggest.store.store import Store
from suggest.store.trace import Trace


@dataclass(frozen=True)
class Case:
    """`about` is what the case is about: the linked review in a client's own ticket, else what the ticket brought.

    `link`: that of the client's ticket to the review, from either side; `links`: all of them. `posted`: the reply as it
    was given in public, "" where none is on record.
    """

    made: Suggestion
    about: Suggestion
    link: Link | None
    links: tuple[Link, ...]
    posted: str
    contacts: tuple[Contact, ...]
    standing: Standing

    @property
    def own(self) -> bool:
        """Whether this ticket is the client's own."""
        return is_own(self.made)

    @property
    def client_ticket(self) -> str | None:
        """The ticket in which the client writes."""
        return self.made.review.ticket_id if self.own else self.link.ticket_id if self.link else None


def is_own(made: Suggestion) -> bool:
    """Whether a suggestion is for a client's own message, not for a public review."""
    return made.review.platform is Platform.DM


@dataclass(frozen=True)
class Casebook:
    """Opens cases; every method raises StoreUnavailable where it cannot."""

    store: Store
    bank: Phrasebank

    def about(self, made: Suggestion) -> tuple[Suggestion, Link | None]:
        """What a ticket's suggestion is about, and by which link."""
        link = self.store.links.of_ticket(made.review.ticket_id or "") if is_own(made) else None
        linked = self.store.suggestions.get(link.suggestion_id) if link else None
        return (linked, link) if linked else (made, None)

    def begun(self, made: Suggestion) -> bool:
        """Whether there is more to a ticket than its review: the client's own words, a link, or a hand-over. Cheap."""
        return is_own(made) or bool(self.store.links.of(made.id)) or bool(self.store.hand_overs.of(made.id))

    def hand_overs(self, made: Suggestion, about: Suggestion) -> tuple[HandOver, ...]:
        """Those of what the case is about, and those that its ticket asked for before it was linked; in order."""
        found = [over for id_ in dict.fromkeys((about.id, made.id)) for over in self.store.hand_overs.of(id_)]
        return tuple(sorted(found, key=lambda over: over.id))

    def open(self, made: Suggestion, letters: Sequence[str] = ()) -> Case:
        """The case of a ticket; `letters` are what the client has written in private, as far as it was read."""
        about, link = self.about(made)
        links = self.store.links.of(about.id)
        link = link or (links[0] if links else None)
        ticket = made.review.ticket_id if is_own(made) else link.ticket_id if link else None
        trace = self.store.traces.of(about.id)
        contacts = self.store.contacts.of(about.id)
        known = self._standing(made, about, link, trace, contacts, self._data(made, about, ticket, letters))
        return Case(made, about, link, links, posted(trace), contacts, known)

    def data_received(self, made: Suggestion, letters: Sequence[str] = ()) -> bool:
        """Whether the client's data have arrived, so that a department may be asked (000 §9)."""
        return received(self.open(made, letters).standing.data)

    def _data(
        self, made: Suggestion, about: Suggestion, ticket: str | None, letters: Sequence[str]
    ) -> tuple[Datum, ...]:
        named = [one.match.topic for one in (about, made) if one.match and one.match.topic]
        if ticket is None or not named:
            return ()
        opening = made if is_own(made) else None if letters else self.store.suggestions.of_ticket(ticket)
        told = letters or ([opening.review.text] if opening else [])
        return data_of(self.bank.topics[named[0]].private_data, told, self.store.links.ticks(ticket))

    def _standing(
        self,
        made: Suggestion,
        about: Suggestion,
        link: Link | None,
        trace: Trace | None,
        contacts: Sequence[Contact],
        data: tuple[Datum, ...],
    ) -> Standing:
        asked = about.department if called_for(about) else made.department if called_for(made) else None
        events = trace.events if trace else ()
        informed = {event.reason or "": event.at for event in events if event.kind is Kind.INFORMED}
        own = is_own(about)
        heard = [contact.at for contact in contacts if contact.direction == "in"]
        return Standing(
            own=own,
            answered_at=trace.entry.answered_at if trace else None,
            linked_at=link.at if link and not own else None,
            data=data,
            department=asked,
            department_title=self.bank.departments[asked].title if asked else "",
            hand_overs=self.hand_overs(made, about),
            informed=informed,
            done=trace is not None and trace.entry.state == "done",
            now=self.store.clock(),
            wrote_at=max(heard, default=link.at if link and not own else None),
        )


def posted(trace: Trace | None) -> str:
    """The reply as it was last recorded: in the agent's own words, else as it was suggested."""
    if trace is None or trace.entry.answered_at is None:
        return ""
    answers = [event for event in trace.events if event.kind in ANSWERS]
    edits = [event for event in answers if event.kind is Kind.EDITED]
    last = edits[-1] if edits and _stands(edits[-1], answers) else None
    if last and last.id in trace.replies:
        return trace.replies[last.id]
    made = trace.at(answers[-1].revision) if answers else None
    return made.text if made else ""


def _stands(edit: Event, answers: Sequence[Event]) -> bool:
    """Whether an edit is of the revision that was answered last."""
    return edit.revision == answers[-1].revision
