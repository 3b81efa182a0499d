"""What is forgotten: one person's texts on request, old texts by age; counts, states and events stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from suggest.api import create_app
from suggest.desk import Desk
from suggest.domain import InputError
from suggest.feedback import Feedback
from suggest.store.register import Filter
from suggest.store.store import Store
from suggest.store.tables import texts
from tests.fakes import Clock, a_review, a_service, a_suggester

SECRETS = ("Тайнова", "тайнова", "уникальнаяпримета", "secret.example", "уникальнаяправка")


@pytest.fixture
def desk(store: Store, clock: Clock) -> Desk:
    return Desk(a_suggester(clock), store.suggestions, store.records, store.histories)


def secret(desk: Desk, **changes: object) -> str:
    """A suggestion whose texts hold SECRETS, revised, edited and copied; its id."""
    review = {"author": "Мария Тайнова", "text": "Доставка, уникальнаяпримета.", "url": "https://secret.example/1"}
    made = desk.receive(a_review(**review | changes))
    desk.feedback(made.id, Feedback(outcome="edited", revision=1, text="Мария, уникальнаяправка!", agent="7"))
    return desk.receive(a_review(**review | {"rating": 2} | changes)).id


def everything(store: Store) -> str:
    """Every row of every table as text."""
    from suggest.store.columns import metadata

    with store.database.reading() as connection:
        return "\n".join(str(connection.execute(select(table)).all()) for table in metadata.sorted_tables)


def only_texts_hold_them(store: Store) -> bool:
    with store.database.reading() as connection:
        inside = str(connection.execute(select(texts)).all())
    whole = everything(store)
    return all(whole.count(word) == inside.count(word) for word in SECRETS)


WAYS = {"author": " мария  ТАЙНОВА ", "ticket_id": "1001", "suggestion_id": None}


@pytest.mark.parametrize("way", WAYS)
def test_erasing_leaves_nothing_of_a_person(store: Store, desk: Desk, way: str, database_url: str) -> None:
    suggestion_id = secret(desk)
    other = desk.receive(a_review(id="other", author="Пётр", ticket_id="2", text="Доставку задержали."))
    assert only_texts_hold_them(store)
    events, uses = store.events.of(suggestion_id), store.phrases.uses()
    assert store.retention.erase(**{way: WAYS[way] or suggestion_id}) == 1
    whole = everything(store)
    assert not [word for word in SECRETS if word in whole]
    assert (store.events.of(suggestion_id), store.phrases.uses()) == (events, uses)
    assert store.suggestions.get(other.id) == other
    if store.database.sqlite:
        left = b"".join(path.read_bytes() for path in Path(database_url.removeprefix("sqlite:///")).parent.iterdir())
        assert not [word for word in SECRETS if word.encode() in left]
    assert store.retention.erase(**{way: WAYS[way] or suggestion_id}) == 0


def test_what_is_erased_reads_back_empty_and_marked(store: Store, desk: Desk) -> None:
    suggestion_id = secret(desk)
    before = store.suggestions.get(suggestion_id)
    store.retention.erase(suggestion_id=suggestion_id)
    after = store.suggestions.get(suggestion_id)
    assert before
    assert after
    assert (after.erased, after.text, after.review.text, after.review.author) == ("request", "", "", None)
    assert [segment.phrase_id for segment in after.segments] == [segment.phrase_id for segment in before.segments]
    assert {segment.text for segment in after.segments} == {""}
    assert (after.match, after.triage, after.provenance) == (before.match, before.triage, before.provenance)
    entry = store.register.find(Filter()).items[0]
    assert (entry.erased, entry.text, entry.author, entry.scenario) == ("request", None, None, "delivery")
    assert store.register.find(Filter(q="уникальнаяпримета")).items == ()


def test_what_a_person_had_erased_does_not_come_back(store: Store, desk: Desk) -> None:
    suggestion_id = secret(desk)
    store.retention.erase(suggestion_id=suggestion_id)
    again = desk.receive(a_review(author="Мария Тайнова", text="Доставка, уникальнаяпримета, опять."))
    assert (again.id, again.erased) == (suggestion_id, "request")
    assert again.text
    assert desk.feedback(suggestion_id, Feedback(outcome="edited", revision=again.revision, text="Мария Тайнова"))
    with pytest.raises(InputError):
        desk.feedback(suggestion_id, Feedback(outcome="overruled", revision=again.revision, scenario="refund"))
    whole = everything(store)
    assert not [word for word in SECRETS if word in whole]


def test_an_erased_review_without_text_is_answered_too(store: Store, desk: Desk, clock: Clock) -> None:
    nameless = {"text": "", "author": None}
    made = desk.receive(a_review(**nameless))
    clock.forward(days=200)
    store.retention.purge(180, clock())
    assert desk.receive(a_review(**nameless)).text
    store.retention.erase(suggestion_id=made.id)
    assert desk.receive(a_review(**nameless)).text


def test_old_texts_are_purged_and_may_come_again(store: Store, desk: Desk, clock: Clock) -> None:
    old = secret(desk)
    clock.forward(days=100)
    young = desk.receive(a_review(id="young"))
    clock.forward(days=81)
    assert store.retention.purge(180, clock()) == 1
    assert store.retention.purge(180, clock()) == 0
    assert store.suggestions.get(young.id) == young
    purged = store.suggestions.get(old)
    assert purged
    assert (purged.erased, purged.text) == ("retention", "")
    again = desk.receive(a_review(author="Мария Тайнова", text="Доставка, уникальнаяпримета."))
    assert (again.revision, again.erased) == (purged.revision + 1, None)
    assert "review_changed" not in [reason.code for reason in again.triage.reasons]
    assert store.suggestions.get(old) == again


def test_many_are_purged_in_batches(store: Store, desk: Desk, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suggest.store.retention.BATCH", 3)
    for number in range(10):
        desk.receive(a_review(id=str(number)))
    clock.forward(days=200)
    assert store.retention.purge(180, clock()) == 10
    with store.database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(texts)) == 0


@pytest.mark.parametrize("named", [{}, {"author": "  "}, {"author": "x", "ticket_id": "1"}])
def test_erasing_needs_to_know_whom(store: Store, named: dict[str, str]) -> None:
    with pytest.raises(InputError):
        store.retention.erase(**named)


def test_a_waiting_exemplar_of_an_erased_person_is_gone(store: Store, desk: Desk) -> None:
    made = desk.receive(a_review())
    desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="refund"))
    queue = store.candidates(a_suggester().bank)
    assert len(queue.queue()) == 1
    store.retention.erase(suggestion_id=made.id)
    assert queue.queue() == ()


def test_an_erased_suggestion_is_served_over_http(store: Store, desk: Desk, clock: Clock) -> None:
    suggestion_id = secret(desk)
    store.retention.erase(suggestion_id=suggestion_id)
    with TestClient(create_app(a_service(store, clock))) as client:
        body = client.get(f"/v1/suggestions/{suggestion_id}").json()
        assert (body["erased"], body["text"], body["review"]["text"]) == ("request", "", "")
        assert (
            client.post("/v1/check", json={"text": "Здравствуйте!", "suggestion_id": suggestion_id}).status_code == 200
        )
