"""The register (003): filters, Russian search, pages, the queue, and files that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
import json

import pytest
from fastapi.testclient import TestClient

from suggest.api import create_app
from suggest.desk import Desk
from suggest.domain import InputError, Review
from suggest.feedback import Feedback
from suggest.store.export import defused, write
from suggest.store.fold import Event, Kind
from suggest.store.register import Entry, Filter, Waiting
from suggest.store.store import Store
from tests.fakes import Clock, a_review, a_service, a_suggester

REVIEWS = {
    "fire": a_review(
        id="fire", text="Холодильник загорелся, пошёл дым.", posted_at="2026-10-03T10:00:00Z", branch="Омск"
    ),
    "late": a_review(id="late", text="Курьер опоздал.", posted_at="2026-10-01T10:00:00Z", author="Ёлкина Анна"),
    "praise": a_review(id="praise", rating=5, text="Отлично, спасибо!", posted_at="2026-10-02T10:00:00Z"),
    "emoji": a_review(id="emoji", rating=5, text="👍", posted_at="2026-10-04T10:00:00Z", platform="google"),
    "money": a_review(
        id="money", text="Верните деньги за холодильники.", posted_at="2026-10-05T10:00:00Z", branch=None
    ),
}


@pytest.fixture
def desk(store: Store, clock: Clock) -> Desk:
    desk = Desk(a_suggester(clock), store.suggestions, store.records)
    for review in REVIEWS.values():
        desk.receive(review)
        clock.forward(minutes=1)
    done = desk.receive(REVIEWS["money"])
    desk.feedback(done.id, Feedback(outcome="copied", revision=1, agent="7"))
    return desk


def found(store: Store, **wanted: object) -> list[str]:
    """The names of the reviews found, in order."""
    names = {review.text: name for name, review in REVIEWS.items()}
    return [names[entry.text or ""] for entry in store.register.find(Filter(**wanted)).items]


CASES = [
    ({}, ["money", "emoji", "fire", "praise", "late"]),
    ({"platform": "google"}, ["emoji"]),
    ({"branch": "Омск"}, ["fire"]),
    ({"scenario": "refund"}, ["money"]),
    ({"state": "open"}, ["emoji", "fire", "praise", "late"]),
    ({"state": "done"}, ["money"]),
    ({"status": "skipped"}, ["emoji"]),
    ({"agent": "7"}, ["money"]),
    ({"flag": "safety"}, ["fire"]),
    ({"flag": "none"}, []),
    ({"since": "2026-10-03T10:00:00Z"}, ["money", "emoji", "fire"]),
    ({"until": "2026-10-03T10:00:00Z"}, ["praise", "late"]),
    ({"since": "2026-10-02", "until": "2026-10-04"}, ["fire", "praise"]),
    ({"q": "холодильника"}, ["money", "fire"]),
    ({"q": "ХОЛОДИЛЬНИК деньги"}, ["money"]),
    ({"q": "елкина"}, ["late"]),
    ({"q": "опоздали"}, ["late"]),
    ({"q": "100% _"}, []),
    ({"q": "!!!"}, ["money", "emoji", "fire", "praise", "late"]),
    ({"q": "' OR 1=1 --"}, []),
    ({"q": "\x00"}, ["money", "emoji", "fire", "praise", "late"]),
    ({"q": "холодильник", "state": "open", "branch": "Омск", "flag": "safety"}, ["fire"]),
]


@pytest.mark.parametrize(("wanted", "expected"), CASES, ids=[json.dumps(case[0], ensure_ascii=False) for case in CASES])
def test_filters_and_search(store: Store, desk: Desk, wanted: dict[str, str], expected: list[str]) -> None:
    assert found(store, **wanted) == expected


def test_an_edited_reply_is_searched_too(store: Store, desk: Desk) -> None:
    made = desk.receive(REVIEWS["late"])
    desk.feedback(made.id, Feedback(outcome="edited", revision=1, text="Подарим вам чайник."))
    assert found(store, q="чайники") == ["late"]


def test_pages_join_without_gap_or_double(store: Store, desk: Desk) -> None:
    for number in range(7):
        desk.receive(a_review(id=f"same-{number}", posted_at="2026-09-01T10:00:00Z"))
    seen: list[str] = []
    after = None
    while True:
        page = store.register.find(Filter(), 2, after)
        seen += [entry.id for entry in page.items]
        after = page.next
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 12
    assert [entry.id for entry in store.register.every(Filter())] == seen
    with pytest.raises(InputError, match="after"):
        store.register.find(Filter(), 2, "nonsense")


def test_the_queue_is_by_priority_then_by_age(store: Store, desk: Desk) -> None:
    by_text = {review.text: name for name, review in REVIEWS.items()}
    assert [by_text[entry.text or ""] for entry in store.register.queue()] == ["fire", "late", "praise"]
    assert [entry.branch for entry in store.register.queue(Waiting(branch="Омск"))] == ["Омск"]
    assert len(store.register.queue(limit=1)) == 1


def test_an_open_hand_over_keeps_a_review_in_the_register_open(store: Store, desk: Desk, clock: Clock) -> None:
    made = desk.receive(REVIEWS["late"])
    store.events.append(made.id, Event(kind=Kind.HANDED_OVER, revision=1, at=clock(), hand_over=1))
    answer = desk.feedback(made.id, Feedback(outcome="copied", revision=1))
    assert answer
    assert answer.state == "open"
    store.events.append(made.id, Event(kind=Kind.CLOSED, revision=1, at=clock(), hand_over=1))
    assert found(store, state="done") == ["money", "late"]
    with pytest.raises(KeyError):
        store.events.append("none", Event(kind=Kind.CLOSED, revision=1, at=clock()))


def test_the_register_over_http(store: Store, desk: Desk, clock: Clock) -> None:
    with TestClient(create_app(a_service(store, clock, api_keys="key"))) as client:
        headers = {"Authorization": "Bearer key"}
        page = client.get("/v1/register?limit=2&state=open", headers=headers).json()
        assert [item["text"] for item in page["items"]] == [REVIEWS["emoji"].text, REVIEWS["fire"].text]
        assert page["items"][1]["flags"] == ["safety"]
        rest = client.get("/v1/register", params={"state": "open", "after": page["next"]}, headers=headers).json()
        assert (len(rest["items"]), rest["next"]) == (2, None)
        for wrong in ("limit=0", "limit=1001", "platform=x", "since=x", "colour=red", "after=x"):
            assert client.get(f"/v1/register?{wrong}", headers=headers).status_code == 422, wrong
        assert client.get("/v1/register").status_code == 401
    with TestClient(create_app(a_service())) as client:
        assert client.get("/v1/register").status_code == 503


NASTY = ["=1+1", "+7 900", "-x", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", '"', "a;b,c\nd", "обычный", ""]


def test_a_spreadsheet_runs_nothing(store: Store, clock: Clock) -> None:
    desk = Desk(a_suggester(clock), store.suggestions, store.records)
    for number, text in enumerate(NASTY):
        desk.receive(Review(id=str(number), platform="2gis", rating=1, text=text, author=text, branch=text or None))
    out = io.StringIO(newline="")
    assert write(store.register.every(Filter()), out, "csv") == len(NASTY)
    assert out.getvalue().startswith("\ufeffid,")
    rows = list(csv.reader(io.StringIO(out.getvalue().removeprefix("\ufeff"), newline="")))
    assert rows[0] == list(Entry.model_fields)
    cells = [cell for row in rows[1:] for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))]
    assert sorted(row[rows[0].index("author")] for row in rows[1:]) == sorted(defused(text) for text in NASTY)


@pytest.mark.parametrize(
    "text", ["Да;=HYPERLINK(1)", "Да; =1+1", 'Да;"=1+1"', "Да\n=1+1", "Да;-1+cmd|' /C calc'!A0", "Да;+SUM(1)", "Да;＝1"]
)
def test_a_spreadsheet_that_splits_at_semicolons_runs_nothing(store: Store, clock: Clock, text: str) -> None:
    desk = Desk(a_suggester(clock), store.suggestions, store.records)
    desk.receive(Review(id="1", platform="2gis", rating=1, text=text, author="Иван"))
    out = io.StringIO(newline="")
    write(store.register.every(Filter()), out, "csv")
    cells = [cell.lstrip(' "') for row in csv.reader(io.StringIO(out.getvalue()), delimiter=";") for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "＝"))]


@pytest.mark.parametrize("text", ["Спасибо ;-)", "Плохо:\n- долго\n- дорого", "10-20; 5+5", "a;b"])
def test_ordinary_words_are_exported_as_they_are(text: str) -> None:
    assert defused(text) == text


def test_json_lines_say_what_the_register_says(store: Store, desk: Desk) -> None:
    out = io.StringIO()
    write(store.register.every(Filter()), out, "jsonl")
    entries = [Entry.model_validate_json(line) for line in out.getvalue().splitlines()]
    assert tuple(entries) == store.register.find(Filter()).items
