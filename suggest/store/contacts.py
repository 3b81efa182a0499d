"""Contacts with the client and files of a case, as the register keeps them (003); their words and bytes are erasable."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, insert, select, update

from suggest.domain import Frozen
from suggest.store.engine import Database
from suggest.store.events import locked
from suggest.store.suggestions import Kept, forgotten, keep_text
from suggest.store.tables import attachments, contacts, suggestions, texts

CONTACT, ATTACHMENT = "contact", "attachment"
"""The kinds of text that hold a contact's note and a file's bytes; `ref` is the row's id."""


class Contact(Frozen):
    """One exchange with the client. `note` None: nothing was noted, or it was erased."""

    id: int = 0
    at: datetime
    channel: Literal["mail", "dm", "call", "other"]
    direction: Literal["in", "out"]
    agent: str | None = None
    ticket_id: str | None = None
    note: str | None = None


class Attachment(Frozen):
    """A file of a case; `name` is None where it was erased, and its bytes with it. `size` is in bytes."""

    id: int
    hand_over: int | None
    media_type: str
    size: int
    at: datetime
    name: str | None


class Contacts:
    """Keeps contacts; every method raises StoreUnavailable where it cannot."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, suggestion_id: str, contact: Contact, key: str | None = None) -> bool:
        """Keeps a contact, once for each `key`; whether it is news. Raises KeyError for an unknown suggestion."""
        with self._database.writing() as connection:
            _locked(connection, suggestion_id)
            known = select(contacts.c.id).where(contacts.c.key == key)
            if key is not None and connection.scalar(known) is not None:
                return False
            row = contact.model_dump(exclude={"id", "note"}) | {"suggestion_id": suggestion_id, "key": key}
            contact_id = connection.execute(insert(contacts).values(row).returning(contacts.c.id)).scalar_one()
            if contact.note and not _ticket_forgotten(connection, contact.ticket_id):
                content = json.dumps({"note": contact.note}, ensure_ascii=False)
                _keep(connection, suggestion_id, Kept(CONTACT, contact_id, content, contact.note, contact.at))
            return True

    def of(self, suggestion_id: str) -> tuple[Contact, ...]:
        """Those of a suggestion, in order of time."""
        held = and_(texts.c.kind == CONTACT, texts.c.ref == contacts.c.id)
        held = and_(held, texts.c.suggestion_id == contacts.c.suggestion_id)
        query = select(contacts, texts.c.content).outerjoin(texts, held)
        query = query.where(contacts.c.suggestion_id == suggestion_id).order_by(contacts.c.at, contacts.c.id)
        with self._database.reading() as connection:
            return tuple(_contact(row) for row in connection.execute(query).mappings())


class Attachments:
    """Keeps files; every method raises StoreUnavailable where it cannot."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def add(self, suggestion_id: str, name: str, media_type: str, data: bytes, hand_over: int | None = None) -> int:
        """Keeps a file and returns its id; of an erased suggestion the bytes are not kept. KeyError: no such suggestion."""
        with self._database.writing() as connection:
            _locked(connection, suggestion_id)
            at = self._clock()
            row: dict[str, Any] = {"suggestion_id": suggestion_id, "hand_over": hand_over, "media_type": media_type}
            row |= {"size": len(data), "at": at}
            answer = connection.execute(insert(attachments).values(row).returning(attachments.c.id))
            attachment_id = int(answer.scalar_one())
            content = json.dumps({"name": name}, ensure_ascii=False)
            _keep(connection, suggestion_id, Kept(ATTACHMENT, attachment_id, content, "", at, data))
            return attachment_id

    def of(self, suggestion_id: str) -> tuple[Attachment, ...]:
        """Those of a suggestion, in the order they came."""
        query = select(attachments, texts.c.content).outerjoin(texts, _bytes())
        query = query.where(attachments.c.suggestion_id == suggestion_id).order_by(attachments.c.id)
        with self._database.reading() as connection:
            return tuple(_attachment(row) for row in connection.execute(query).mappings())

    def data(self, attachment_id: int) -> bytes | None:
        """A file's bytes; None where there is none, or it was erased."""
        query = select(texts.c.data).select_from(attachments).join(texts, _bytes())
        with self._database.reading() as connection:
            return connection.scalar(query.where(attachments.c.id == attachment_id))


def _locked(connection: Connection, suggestion_id: str) -> None:
    if locked(connection, suggestion_id) is None:
        raise KeyError(suggestion_id)


def _keep(connection: Connection, suggestion_id: str, text: Kept) -> None:
    """Keeps words or bytes unless a person had the suggestion erased; its time to be forgotten begins anew."""
    if forgotten(connection, suggestion_id):
        return
    keep_text(connection, suggestion_id, text)
    connection.execute(update(suggestions).where(suggestions.c.id == suggestion_id).values(texts_at=text.at))


def _ticket_forgotten(connection: Connection, ticket_id: str | None) -> bool:
    """Whether a person had what this ticket brought erased, whichever review its talks are kept with."""
    query = select(suggestions.c.id).where(suggestions.c.ticket_id == ticket_id, suggestions.c.erased == "request")
    return ticket_id is not None and connection.scalar(query.limit(1)) is not None


def _bytes() -> Any:
    of_suggestion = texts.c.suggestion_id == attachments.c.suggestion_id
    return and_(of_suggestion, texts.c.kind == ATTACHMENT, texts.c.ref == attachments.c.id)


def _contact(row: Any) -> Contact:
    facts = {name: row[name] for name in Contact.model_fields if name != "note"}
    return Contact(**facts, note=json.loads(row["content"])["note"] if row["content"] else None)


def _attachment(row: Any) -> Attachment:
    facts = {name: row[name] for name in Attachment.model_fields if name != "name"}
    return Attachment(**facts, name=json.loads(row["content"])["name"] if row["content"] else None)
