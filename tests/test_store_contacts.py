"""Contacts and files of a case: kept, shown, and gone where a person asks for it."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from suggest.api import create_app
from suggest.desk import Desk
from suggest.store.contacts import Contact
from suggest.store.hand_overs import Asked
from suggest.store.register import Filter
from suggest.store.store import Store
from tests.fakes import Clock, a_review, a_service, a_suggester
from tests.test_store_retention import everything

NOTE, NAME, BYTES = "Звонила Тайнова, ждёт ответа.", "тайный-снимок.png", b"\x89PNG secret-bytes"


@pytest.fixture
def made(store: Store, clock: Clock) -> str:
    return Desk(a_suggester(clock), store.suggestions, store.records).receive(a_review()).id


def fill(store: Store, clock: Clock, made: str) -> int:
    call = Contact(at=clock(), channel="call", direction="in", agent="Анна", ticket_id="7", note=NOTE)
    assert store.contacts.add(made, call)
    return store.attachments.add(made, NAME, "image/png", BYTES)


def test_they_are_kept_and_shown(store: Store, clock: Clock, made: str) -> None:
    file_id = fill(store, clock, made)
    (contact,) = store.contacts.of(made)
    assert (contact.channel, contact.direction, contact.agent, contact.note) == ("call", "in", "Анна", NOTE)
    (file,) = store.attachments.of(made)
    assert (file.id, file.name, file.media_type, file.size) == (file_id, NAME, "image/png", len(BYTES))
    assert store.attachments.data(file_id) == BYTES
    assert [entry.id for entry in store.register.find(Filter(q="Тайнова")).items] == [made]


def test_a_contact_with_a_key_is_kept_once(store: Store, clock: Clock, made: str) -> None:
    letter = Contact(at=clock(), channel="mail", direction="in")
    assert [store.contacts.add(made, letter, key="message:1") for _ in range(2)] == [True, False]
    assert store.contacts.add(made, letter)
    assert len(store.contacts.of(made)) == 2


@pytest.mark.parametrize("how", ["erase", "purge"])
def test_their_words_and_bytes_are_forgotten(store: Store, clock: Clock, made: str, how: str) -> None:
    clock.forward(days=100)
    file_id = fill(store, clock, made)
    if how == "erase":
        store.retention.erase(suggestion_id=made)
    else:
        assert store.retention.purge(50, clock()) == 0
        assert store.retention.purge(50, clock.forward(days=51)) == 1
    whole = everything(store)
    assert not [word for word in (NOTE, NAME, "secret-bytes") if word in whole]
    assert store.attachments.data(file_id) is None
    assert store.attachments.of(made)[0].name is store.contacts.of(made)[0].note is None


def test_after_an_erasure_nothing_of_them_is_kept(store: Store, clock: Clock, made: str) -> None:
    store.retention.erase(suggestion_id=made)
    file_id = fill(store, clock, made)
    assert NOTE not in everything(store)
    assert store.attachments.data(file_id) is None
    assert len(store.contacts.of(made)) == len(store.attachments.of(made)) == 1


@pytest.mark.parametrize("whom", [{"ticket_id": "7"}, {"author": "Мария Тайнова"}])
def test_a_client_who_is_forgotten_takes_along_the_talks_kept_with_a_linked_review(
    store: Store, clock: Clock, made: str, whom: dict[str, str]
) -> None:
    desk = Desk(a_suggester(clock), store.suggestions, store.records)
    letter = {"id": "letter", "platform": "dm", "rating": None, "author": "Мария Тайнова", "ticket_id": "7"}
    desk.receive(a_review(**letter))
    fill(store, clock, made)
    other = Contact(at=clock(), channel="call", direction="out", ticket_id="8", note="О другом тикете.")
    store.contacts.add(made, other)
    assert store.retention.erase(**whom) == 1
    fill(store, clock, made)
    assert NOTE not in everything(store)
    assert [contact.note for contact in store.contacts.of(made) if contact.note] == ["О другом тикете."]


def test_the_register_shows_them_to_callers(store: Store, clock: Clock, made: str) -> None:
    file_id = fill(store, clock, made)
    asked = Asked(suggestion_id=made, key="k", department="brand_store", mode="usedesk")
    over = store.hand_overs.claim(asked).hand_over
    store.hand_overs.sent(over.id, clock(), "9001")
    client = TestClient(create_app(a_service(store, clock)))
    told = client.get(f"/v1/register/{made}").json()
    assert (told["entry"]["id"], told["entry"]["pending"]) == (made, 1)
    assert [row["note"] for row in told["contacts"]] == [NOTE]
    assert [row["ticket_id"] for row in told["hand_overs"]] == ["9001"]
    assert [row["name"] for row in told["files"]] == [NAME]
    file = client.get(f"/v1/register/{made}/files/{file_id}")
    assert (file.content, file.headers["content-disposition"]) == (BYTES, "attachment")
    store.retention.erase(suggestion_id=made)
    assert client.get(f"/v1/register/{made}/files/{file_id}").status_code == 404
    assert client.get("/v1/register/nothing").status_code == 404


def test_an_unknown_suggestion_is_an_error(store: Store, clock: Clock) -> None:
    with pytest.raises(KeyError):
        fill(store, clock, "nothing")
    with pytest.raises(KeyError):
        store.attachments.add("nothing", NAME, "image/png", BYTES)
