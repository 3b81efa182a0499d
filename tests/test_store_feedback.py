"""Feedback over HTTP, on both databases: what is recorded, once, what an edit changed, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient

from suggest.api import create_app
from suggest.store.register import Filter
from suggest.store.store import Store
from tests.fakes import PATIENCE, Clock, a_review, a_service, tell


@pytest.fixture
def client(store: Store, clock: Clock) -> Iterator[TestClient]:
    with TestClient(create_app(a_service(store, clock))) as client:
        yield client


def suggested(client: TestClient, **changes: object) -> dict[str, Any]:
    response = client.post("/v1/suggestions", json=a_review(**changes).model_dump(mode="json"))
    assert response.status_code == 200
    return response.json()


@pytest.mark.parametrize("outcome", ["shown", "copied", "accepted", "rejected"])
def test_an_outcome_is_recorded_once(client: TestClient, store: Store, outcome: str) -> None:
    made = suggested(client)
    first = tell(client, made, outcome, agent="7")
    assert first.status_code == 200
    assert first.json()["state"] == ("done" if outcome in {"copied", "accepted"} else "open")
    assert tell(client, made, outcome, agent="7").json() == first.json()
    kinds = [event.kind for event in store.events.of(made["id"])]
    assert kinds == ["received", "suggested", outcome]


def test_the_last_word_counts(client: TestClient, store: Store) -> None:
    made = suggested(client)
    for outcome in ("copied", "rejected", "copied"):
        assert tell(client, made, outcome).status_code == 200
    state = store.events.state(made["id"])
    assert state
    assert state.outcome == "copied"
    assert len(store.events.of(made["id"])) == 5


def test_a_late_retry_under_its_key_changes_nothing(client: TestClient, store: Store) -> None:
    """Without a key it cannot be told from a change of mind, and counts."""
    made = suggested(client)
    path, late = f"/v1/suggestions/{made['id']}/feedback", {"outcome": "accepted", "revision": 1}
    first = client.post(path, json=late, headers={"Idempotency-Key": "press-1"})
    assert tell(client, made, "rejected", reason="tone").status_code == 200
    assert client.post(path, json=late, headers={"Idempotency-Key": "press-1"}).json()["event"] == first.json()["event"]
    state = store.events.state(made["id"])
    assert state
    assert state.outcome == "rejected"
    assert client.post(path, json=late, headers={"Idempotency-Key": "press-2"}).json()["event"] != first.json()["event"]
    assert len(store.events.of(made["id"])) == 5


def test_an_edit_tells_what_changed_and_is_checked(client: TestClient) -> None:
    made = suggested(client)
    segments = made["segments"]
    edited = made["text"].replace(segments[1]["text"], "Извините нас за эту долгую доставку!!")
    answer = tell(client, made, "edited", text=edited).json()
    assert [slot["slot"] for slot in answer["slots"]] == [segments[1]["slot"]]
    assert answer["slots"][0]["text"] == "Извините нас за эту долгую доставку!!"
    assert " ".join(new for _, _, new in answer["diff"] if new) == edited
    assert " ".join(old for _, old, _ in answer["diff"] if old) == made["text"]
    assert answer["findings"]
    assert tell(client, made, "edited", text=edited).json() == answer


def test_a_deleted_slot_is_told(client: TestClient) -> None:
    made = suggested(client)
    gone = made["segments"][-1]
    answer = tell(client, made, "edited", text=made["text"].replace(" " + gone["text"], "")).json()
    assert answer["slots"] == [
        {"slot": gone["slot"], "part": gone["part"], "phrase_id": gone["phrase_id"], "change": "deleted", "text": None}
    ]


def test_overruling_makes_a_revision_by_the_agent(client: TestClient, store: Store) -> None:
    made = suggested(client)
    answer = tell(client, made, "overruled", scenario="refund", agent="7")
    assert answer.json()["newest"] == 2
    assert tell(client, made, "overruled", scenario="refund", agent="7").json() == answer.json()
    newest = client.get(f"/v1/suggestions/{made['id']}").json()
    assert (newest["revision"], newest["match"]["scenario"], newest["match"]["by"]) == (2, "refund", "agent")
    kinds = [event.kind for event in store.events.of(made["id"])]
    assert kinds == ["received", "suggested", "overruled", "suggested"]


def test_overruling_keeps_the_id_that_a_key_gave(client: TestClient) -> None:
    review = a_review().model_dump(mode="json")
    made = client.post("/v1/suggestions", json=review, headers={"Idempotency-Key": "k"}).json()
    assert tell(client, made, "overruled", scenario="refund").json()["newest"] == 2
    assert client.get(f"/v1/suggestions/{made['id']}").json()["revision"] == 2


def test_a_stale_revision_is_refused(client: TestClient) -> None:
    made = suggested(client)
    suggested(client, text="Доставку ждали две недели.")
    answer = tell(client, made, "copied")
    assert (answer.status_code, answer.json()["newest"]) == (409, 2)
    assert tell(client, made | {"revision": 3}, "copied").status_code == 409


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"outcome": "edited"}, "text"),
        ({"outcome": "edited", "text": "  "}, "text"),
        ({"outcome": "edited", "text": "x" * 20_001}, "text"),
        ({"outcome": "overruled"}, "scenario"),
        ({"outcome": "overruled", "scenario": "нет такого"}, "scenario"),
        ({"outcome": "copied", "text": "x"}, "text"),
        ({"outcome": "copied", "scenario": "refund"}, "scenario"),
        ({"outcome": "liked"}, "outcome"),
        ({"outcome": "rejected", "reason": "бред"}, "reason"),
        ({"outcome": "copied", "revision": 0}, "revision"),
        ({"outcome": "copied", "mood": "good"}, "mood"),
    ],
)
def test_a_fault_names_its_field(client: TestClient, body: dict[str, Any], field: str) -> None:
    made = suggested(client)
    answer = client.post(f"/v1/suggestions/{made['id']}/feedback", json={"revision": 1} | body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


def test_feedback_on_nothing_is_404(client: TestClient) -> None:
    assert tell(client, {"id": "none", "revision": 1}, "copied").status_code == 404


def test_many_clients_with_one_outcome_record_it_once(client: TestClient, store: Store) -> None:
    made = suggested(client)
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: tell(client, made, "copied", agent="7").json(), range(24)))
    assert {answer["event"] for answer in answers} == {answers[0]["event"]}
    assert len(store.events.of(made["id"])) == 3


def test_of_two_overrulings_at_once_one_is_stale(client: TestClient, store: Store) -> None:
    made = suggested(client)
    scenarios = ["refund", "product", "store", "app"]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda name: tell(client, made, "overruled", scenario=name), scenarios))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    assert store.suggestions.newest(made["id"]) == 2


def test_acceptance_is_counted_as_zendesk_counts(client: TestClient, store: Store) -> None:
    acts = [[], ["shown"], ["copied"], ["shown", "accepted"], ["edited"], ["rejected"], ["copied", "rejected"]]
    for number, outcomes in enumerate(acts):
        made = suggested(client, id=str(number))
        for outcome in outcomes:
            tell(client, made, outcome, **({"text": "Здравствуйте!"} if outcome == "edited" else {}))
    made = suggested(client, id="overruled")
    tell(client, made, "overruled", scenario="refund")
    tell(client, made | {"revision": 2}, "copied")
    delivery, refund = store.acceptances.by_scenario(Filter(platform="2gis"))
    assert (delivery.scenario, delivery.made, delivery.shown) == ("delivery", 7, 6)
    assert (delivery.accepted, delivery.confirmed, delivery.edited, delivery.rejected) == (2, 1, 1, 2)
    assert delivery.rate == 3 / 6
    assert delivery.between[0] < 0.5 < delivery.between[1]
    assert (refund.scenario, refund.shown, refund.accepted, refund.overruled, refund.rate) == ("refund", 1, 0, 1, 0)
    assert store.acceptances.by_scenario(Filter(platform="google")) == ()


def test_those_who_wait_leave_room_for_others(client: TestClient) -> None:
    made = suggested(client)
    with ThreadPoolExecutor(60) as pool:
        waiting = [pool.submit(client.get, f"/v1/suggestions/{made['id']}?wait=30&revision=1") for _ in range(60)]
        assert tell(client, made, "overruled", scenario="refund").status_code == 200
        assert {answer.result(PATIENCE).json()["revision"] for answer in waiting} == {2}


def test_without_a_database_feedback_is_refused_and_suggestions_come() -> None:
    with TestClient(create_app(a_service())) as client:
        made = suggested(client)
        assert tell(client, made, "copied").status_code == 503


def test_waiting_returns_the_next_revision(client: TestClient) -> None:
    made = suggested(client)
    assert client.get(f"/v1/suggestions/{made['id']}?wait=0.1").json()["revision"] == 1
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(client.get, f"/v1/suggestions/{made['id']}?wait=30&revision=1")
        tell(client, made, "overruled", scenario="refund")
        assert waiting.result(PATIENCE).json()["revision"] == 2
    assert client.get(f"/v1/suggestions/{made['id']}?wait=20&revision=1").json()["revision"] == 2
    assert client.get("/v1/suggestions/none?wait=20").status_code == 404
    assert client.get(f"/v1/suggestions/{made['id']}?wait=31").status_code == 422
