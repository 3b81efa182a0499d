"""One review of the register (003): its entry, the contacts with the client, the hand-overs and the files."""

from __future__ import annotations

from suggest.domain import Frozen
from suggest.store.contacts import Attachment, Attachments, Contact, Contacts
from suggest.store.engine import Database
from suggest.store.hand_overs import HandOver, HandOvers
from suggest.store.register import Entry, entries


class Detail(Frozen):
    """Everything around one review, each list in order of time."""

    entry: Entry
    contacts: tuple[Contact, ...]
    hand_overs: tuple[HandOver, ...]
    files: tuple[Attachment, ...]


class Details:
    """Reads details; raises StoreUnavailable where it cannot."""

    def __init__(self, database: Database, contacts: Contacts, hand_overs: HandOvers, attachments: Attachments) -> None:
        self._database = database
        self._contacts, self._hand_overs, self._attachments = contacts, hand_overs, attachments

    def of(self, suggestion_id: str) -> Detail | None:
        """The detail of a suggestion; None where there is none."""
        with self._database.reading() as connection:
            kept = entries(connection, [suggestion_id])
        if not kept:
            return None
        return Detail(
            entry=kept[0],
            contacts=self._contacts.of(suggestion_id),
            hand_overs=self._hand_overs.of(suggestion_id),
            files=self._attachments.of(suggestion_id),
        )
