"""The HTTP contract: what comes in, what goes out, and every error as a problem document that names the field."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from suggest.api import EXAMPLE, create_app
from suggest.bootstrap import Service
from suggest.desk import Desk, InMemory
from suggest.settings import Settings
from tests.fakes import a_suggester, the_bank

REVIEW = {"id": "1", "platform": "2gis", "rating": 1, "text": "Доставку ждали неделю", "author": "Мария К."}


def a_client(**settings: Any) -> TestClient:
    service = Service(Settings(**settings), the_bank(), Desk(a_suggester(), InMemory()))
    return TestClient(create_app(service), raise_server_exceptions=False)


@pytest.fixture
def client() -> Iterator[TestClient]:
    with a_client() as opened:
        yield opened


def test_a_review_gets_a_suggestion_that_can_be_read_again(client: TestClient) -> None:
    made = client.post("/v1/suggestions", json=REVIEW)
    assert made.status_code == 200
    body = made.json()
    assert (body["status"], body["revision"], body["match"]["scenario"]) == ("ready", 1, "delivery")
    assert client.get(f"/v1/suggestions/{body['id']}").json() == body


def test_the_same_review_is_the_same_suggestion(client: TestClient) -> None:
    assert client.post("/v1/suggestions", json=REVIEW).json() == client.post("/v1/suggestions", json=REVIEW).json()


def test_a_changed_review_is_a_new_revision_and_says_so(client: TestClient) -> None:
    first = client.post("/v1/suggestions", json=REVIEW).json()
    second = client.post("/v1/suggestions", json=REVIEW | {"rating": 2}).json()
    assert (second["id"], second["revision"]) == (first["id"], 2)
    assert "review_changed" in {reason["code"] for reason in second["triage"]["reasons"]}
    assert client.get(f"/v1/suggestions/{first['id']}?revision=1").json() == first


def test_an_override_is_a_new_revision_by_the_agent_and_stays(client: TestClient) -> None:
    client.post("/v1/suggestions", json=REVIEW)
    forced = client.post("/v1/suggestions?scenario=store", json=REVIEW).json()
    assert (forced["revision"], forced["match"]["scenario"], forced["match"]["by"]) == (2, "store", "agent")
    assert client.post("/v1/suggestions?scenario=store", json=REVIEW).json() == forced
    assert client.post("/v1/suggestions", json=REVIEW).json() == forced


def test_an_idempotency_key_stands_for_the_id(client: TestClient) -> None:
    nameless = {name: value for name, value in REVIEW.items() if name != "id"}
    first = client.post("/v1/suggestions", json=nameless, headers={"Idempotency-Key": "a"}).json()
    changed = client.post("/v1/suggestions", json=nameless | {"rating": 2}, headers={"Idempotency-Key": "a"}).json()
    assert (changed["id"], changed["revision"]) == (first["id"], 2)


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"rating": 7}, "rating", "must be at most 5, not 7"),
        ({"rating": 0}, "rating", "must be at least 1, not 0"),
        ({"rating": "5"}, "rating", "integer"),
        ({"rating": True}, "rating", "integer"),
        ({"text": "а" * 20_001}, "text", "at most 20,000 characters are allowed, here are 20,001"),
        ({"platform": "fido"}, "platform", "must be one of"),
        ({"text": "", "rating": None}, "text", "neither"),
        ({"stars": 5}, "stars", "no such field"),
        ({"client": {"knwon": True}}, "client.knwon", "no such field"),
    ],
)
def test_bad_input_is_named(client: TestClient, change: dict[str, Any], field: str, reason: str) -> None:
    answer = client.post("/v1/suggestions", json=REVIEW | change)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["field"] == field
    assert reason in problem["detail"]


@pytest.mark.parametrize(
    "body", [b"{not json", b"\xff\xfe", b'"text"', b"[]", b"", b'{"platform": "2gis", "text": "\\ud800"}']
)
def test_what_is_no_review_at_all_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/v1/suggestions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_an_unknown_scenario_or_suggestion_is_named(client: TestClient) -> None:
    assert client.post("/v1/suggestions?scenario=nope", json=REVIEW).json()["field"] == "scenario"
    assert client.get("/v1/suggestions/nope").status_code == 404
    assert client.post("/v1/check", json={"text": "Здравствуйте", "suggestion_id": "nope"}).status_code == 404
    assert client.get("/nowhere").headers["content-type"] == "application/problem+json"


def test_a_reply_is_checked_against_what_it_answers(client: TestClient) -> None:
    made = client.post("/v1/suggestions", json=REVIEW).json()
    bad = made["text"] + " Мы вернём вам деньги."

    def rules(**request: Any) -> set[str]:
        return {finding["rule"] for finding in client.post("/v1/check", json=request).json()["findings"]}

    assert rules(text=made["text"], suggestion_id=made["id"]) == set()
    assert "money-promise" in rules(text=bad, suggestion_id=made["id"])
    assert "money-promise" in rules(text=bad)
    assert "empathy-missing" in rules(text="Здравствуйте!", review=REVIEW, scenario="delivery")
    assert "empathy-missing" not in rules(text="Здравствуйте!")


def test_scenarios_and_phrases_are_listed(client: TestClient) -> None:
    assert len(client.get("/v1/scenarios").json()) == 16
    greetings = client.get("/v1/phrases?slot=greeting").json()
    assert {phrase["slot"] for phrase in greetings} == {"greeting"}
    resolved = {phrase["id"] for phrase in client.get("/v1/phrases?scenario=resolved").json()}
    assert resolved < {phrase["id"] for phrase in client.get("/v1/phrases").json()}


def test_keys_guard_the_api_and_nothing_else() -> None:
    with a_client(api_keys="one, two") as client:
        assert client.post("/v1/suggestions", json=REVIEW).status_code == 401
        assert client.get("/v1/scenarios", headers={"Authorization": "Bearer three"}).status_code == 401
        assert client.get("/v1/scenarios", headers={"Authorization": "Bearer two"}).status_code == 200
        assert client.get("/health/live").status_code == 200


def test_it_says_whether_it_is_ready(client: TestClient) -> None:
    assert client.get("/health/ready").json()["phrasebank"] == the_bank().version


def test_the_documentations_examples_run(client: TestClient) -> None:
    page = client.get("/").text
    assert "swagger-ui-bundle.js" in page
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page), "the page must need no network"
    paths = client.get("/openapi.json").json()["paths"]
    tried = 0
    for path, methods in paths.items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            for example in content.get("examples", {}).values():
                if "{" not in path:
                    assert client.request(method, path, json=example["value"]).status_code == 200, path
                    tried += 1
    assert tried >= 2
    assert client.post("/v1/suggestions", json=EXAMPLE).json()["status"] == "ready"
