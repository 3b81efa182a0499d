"""The block over HTTP: every body gets 200 and `{"html": …}` that an agent understands, in time, harmless."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suggest.api import create_app
from suggest.demo.account import TOKEN
from suggest.demo.rest import Knobs
from suggest.demo.tickets import SAMPLES, Sample, notification
from suggest.desk import Desk, InMemory
from suggest.domain import StoreUnavailable, Suggestion
from suggest.usedesk.block import DEADLINE
from suggest.usedesk.view import View
from tests.fakes import PATIENCE, KeywordMatcher, a_review, a_suggester, the_bank
from tests.usedesk_fakes import COMPLAINT, SECRET, Standin, a_client, a_served, a_side, standin

SLOW = 4.0
"""Seconds in which what is on record is found however busy the machine is."""

HOSTILE = SAMPLES[12]


class Open:
    """Opens tickets' blocks as Usedesk does."""

    def __init__(self, http: TestClient, there: Standin, side: Any) -> None:
        self.http, self.there, self.side = http, there, side

    def body(self, **changes: Any) -> dict[str, Any]:
        ticket = self.there.helpdesk.tickets()[0]
        return {
            "ticket_id": ticket["id"],
            "subject": ticket["subject"],
            "client_data": [],
            "secret_key": SECRET,
        } | changes

    def __call__(self, **changes: Any) -> str:
        return html_of(self.http.post("/usedesk/block", json=self.body(**changes)))


def html_of(response: Any) -> str:
    assert response.status_code == 200
    answer = response.json()
    assert list(answer) == ["html"]
    assert answer["html"].startswith("<div")
    return str(answer["html"])


@contextmanager
def opening(*samples: Sample, desk: Desk | None = None, secret: str = SECRET, **more: Any) -> Iterator[Open]:
    with (
        standin(*samples) as there,
        closing(a_client(there.url, more.pop("token", TOKEN))) as client,
        a_side(client, desk, secret=secret, **more) as side,
    ):
        yield Open(TestClient(create_app(a_served(side))), there, side)


@pytest.fixture(scope="module")
def opened() -> Iterator[Open]:
    with opening(COMPLAINT) as it:
        it()
        yield it


def test_a_suggestion(opened: Open) -> None:
    html = opened()
    for shown in (
        "В первую очередь",
        "2ГИС",
        "Доставка",
        "000 §8",
        "Ответ клиенту",
        "readonly",
        "/ 1000",
        "Открыть отзыв",
    ):
        assert shown in html
    for shown in ("Что сделать", "Другие формулировки", "checkbox", "Руководство фирменного магазина"):
        assert shown in html
    assert "<script" not in html


def test_a_prepared_ticket_is_not_read_again_until_refreshed(opened: Open) -> None:
    opened()
    before = opened.there.methods().count("ticket")
    opened(is_auto_load="1")
    assert opened.there.methods().count("ticket") == before
    opened(is_auto_load="0")
    assert opened.there.methods().count("ticket") == before + 1


@pytest.mark.parametrize("name", ["token", "secret_key", "secret"])
@pytest.mark.parametrize("shape", ["json", "form", "multipart", "json as form"])
def test_every_shape_of_body(opened: Open, name: str, shape: str) -> None:
    body = opened.body(ticket_id=str(opened.body()["ticket_id"]))
    body.pop("secret_key")
    body |= {name: SECRET, "channel_data": [], "unknown": {"a": [1, None]}, "is_auto_load": 1}
    flat = {key: value for key, value in body.items() if isinstance(value, str | int)}
    sent: dict[str, Any] = {
        "json": {"json": body},
        "form": {"data": flat | {"client_data[name]": "Мария", "channel_data[type]": "email"}},
        "multipart": {"files": {key: (None, str(value)) for key, value in flat.items()}},
        "json as form": {
            "content": json.dumps(body),
            "headers": {"content-type": "application/x-www-form-urlencoded"},
        },
    }[shape]
    assert "Ответ клиенту" in html_of(opened.http.post("/usedesk/block", **sent))


@pytest.mark.parametrize("given", ["", "x", SECRET + "x", SECRET[:-1], None, 0, [SECRET], {"a": SECRET}, "пароль"])
def test_a_wrong_secret_shows_nothing(opened: Open, given: object) -> None:
    html = opened(secret_key=given)
    assert "не совпадает" in html
    assert "Ответ клиенту" not in html


def test_without_a_secret_of_ours_serve_refuses_and_demo_does_not() -> None:
    with opening(COMPLAINT, secret="") as it:
        assert "SUGGEST_USEDESK_BLOCK_SECRET" in it(secret_key="")
    with opening(COMPLAINT, secret="", open_block=True) as it:
        assert "Ответ клиенту" in it(secret_key="")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ticket_id": None}, "Нет номера тикета"),
        ({"ticket_id": "12abc"}, "Нет номера тикета"),
        ({"ticket_id": -5}, "Нет номера тикета"),
        ({"ticket_id": True}, "Нет номера тикета"),
        ({"ticket_id": 10**30}, "Нет номера тикета"),
        ({"ticket_id": 42}, "не показывает этот тикет"),
    ],
)
def test_a_bad_ticket_is_said_so(opened: Open, changes: dict[str, Any], said: str) -> None:
    assert said in opened(**changes)


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (notification("2gis", 5, "Ольга", "👍"), "Отвечать не нужно"),
        (notification("2gis", 2, "Ольга", ""), "Без подробностей"),
        (notification("google", 4, "Гость", "Рецепт: взбить яйца с сахаром."), "Здесь лучше ответить своими словами"),
        (notification("google", 1, "Гость", "Из духовки пошёл дым и заискрила розетка."), "после согласования"),
        (Sample("Сводка", "3 события", "Робот", "noreply@svodka.example"), "незнакомого робота"),
        (Sample("Новый отзыв в 2ГИС", "Загляните в кабинет", "2ГИС", "noreply@2gis.ru"), "Текст отзыва не нашёлся"),
        (Sample("Отзыв", "Курьер не приехал", "Гость", channel="api", tags=("отзыв",)), "В тикете не нашлось"),
        (Sample("", "Курьер не приехал", "Азамат", channel="chat"), "Личное сообщение"),
        (notification("2gis", 1, "Айгерім", "Тоңазытқышты бір апта күттік, курьер келмеді, доставка жоқ"), "казахском"),
    ],
)
def test_every_kind_of_ticket(sample: Sample, said: str) -> None:
    with opening(sample) as it:
        assert said in it()


@pytest.mark.parametrize(
    ("fault", "said"),
    [("429", "просит подождать"), ("500", "не отвечает"), ("garbage", "непонятно"), ("error", "ответил ошибкой")],
)
def test_errors_of_usedesk_are_explained(fault: str, said: str) -> None:
    with opening(COMPLAINT) as it:
        it.there.rest.knobs = Knobs(faults=[fault] * 8)
        assert said in it()
        it.there.rest.knobs = Knobs()
        assert "Ответ клиенту" in it()
        it.there.rest.knobs = Knobs(faults=[fault] * 8)
        kept = it(is_auto_load="0")
        assert "показана сохранённая подсказка" in kept
        assert "Ответ клиенту" in kept


@pytest.mark.parametrize(("token", "said"), [("", "токен"), ("wrong-token-of-ours", "не принимает токен")])
def test_token_trouble_is_explained(token: str, said: str) -> None:
    with opening(COMPLAINT, token=token) as it:
        html = it()
        assert said in html
        assert "wrong-token-of-ours" not in html


def test_the_deadline_leaves_time_for_the_way() -> None:
    assert DEADLINE <= 1


def test_a_slow_usedesk_does_not_keep_the_agent_waiting() -> None:
    """Usedesk answers only after the agent was answered."""
    with opening(COMPLAINT) as it:
        with it.there.holding():
            it.side.block.deadline = 0.3
            assert "Подсказка готовится" in it()
        it.side.block.deadline = PATIENCE
        assert "Ответ клиенту" in it()
        with it.there.holding():
            it.side.block.deadline = SLOW
            assert "Тикет ещё читается" in it(is_auto_load="0")


def test_a_slow_match_does_not_keep_the_agent_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    match, matched = KeywordMatcher.match, threading.Event()

    def slow(self: KeywordMatcher, text: str, rating: int | None) -> Any:
        matched.wait(PATIENCE)
        return match(self, text, rating)

    monkeypatch.setattr(KeywordMatcher, "match", slow)
    with opening(COMPLAINT) as it:
        it.side.block.deadline = 0.3
        assert "Подсказка готовится" in it(), "answered while the match still waits"
        assert not matched.is_set()
        matched.set()


class Away(InMemory):
    """A store whose database does not answer."""

    def get(self, suggestion_id: str, revision: int | None = None) -> Suggestion | None:
        raise StoreUnavailable("away")

    def of_ticket(self, ticket_id: str) -> Suggestion | None:
        raise StoreUnavailable("away")


class Broken(InMemory):
    def of_ticket(self, ticket_id: str) -> Suggestion | None:
        raise ZeroDivisionError(COMPLAINT.message)


def test_without_a_database_it_still_suggests() -> None:
    with opening(COMPLAINT, desk=Desk(a_suggester(), Away())) as it:
        html = it()
        assert "Ответ клиенту" in html
        assert "не сохранена" in html


def test_a_bug_of_ours_is_a_message_and_a_line_without_texts(caplog: pytest.LogCaptureFixture) -> None:
    with opening(COMPLAINT, desk=Desk(a_suggester(), Broken())) as it:
        assert "Внутренняя ошибка" in it()
    assert "ZeroDivisionError" in caplog.text
    assert "Доставку" not in caplog.text


class Tags(HTMLParser):
    """Collects what a browser would act upon."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]


def acted_upon(html: str) -> Tags:
    tags = Tags()
    tags.feed(html)
    return tags


def harmless(html: str) -> bool:
    tags = acted_upon(html)
    links = [value for name, value in tags.attributes if name in {"href", "src"}]
    return (
        not tags.names & {"script", "img", "iframe", "b", "svg", "object", "form", "link", "meta"}
        and not any(name.startswith("on") for name, _ in tags.attributes)
        and all(link.startswith("https://") for link in links)
    )


def test_a_hostile_ticket_is_harmless() -> None:
    with opening(HOSTILE) as it:
        html = it(subject="<script>alert(1)</script>", contact="<img src=x onerror=alert(1)>")
        assert "Ответ клиенту" in html
        assert harmless(html)
        assert "49" not in html.split("Ответ клиенту")[1].split("</textarea>")[0]


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x", "//x", "https:alert"]
)
def test_what_is_no_web_page_is_no_link(url: str) -> None:
    """The block stands in Usedesk's own page, and a review may come through the API with any address."""
    made = a_suggester().suggest(a_review(url=url))
    assert "href" not in View(the_bank()).suggestion(made)
    linked = a_suggester().suggest(a_review(url="https://2gis.ru/reviews/1"))
    assert 'href="https://2gis.ru/reviews/1"' in View(the_bank()).suggestion(linked)


KEYS = st.sampled_from(
    ["ticket_id", "secret", "token", "secret_key", "subject", "client_data", "channel_data", "is_auto_load", "contact"]
)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(SECRET),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
KINDS = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]
)
BODIES = st.one_of(
    st.binary(max_size=200),
    JUNK.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(KEYS, JUNK).map(lambda value: json.dumps(value).encode()),
    st.dictionaries(KEYS | st.just("a[b][c]"), st.text(max_size=20)).map(lambda value: urlencode(value).encode()),
    st.sampled_from(
        [b"[" * 100_000, b"9" * 6000, b'{"ticket_id":' + b"9" * 6000 + b"}", b"\xef\xbb\xbf{}", b"x" * 1_100_000]
    ),
    st.just(b'{"secret":"' + SECRET.encode() + b'","ticket_id":"\\ud800"}'),
    st.just(b'--x\r\nContent-Disposition: form-data; name="ticket_id"\r\n\r\n1\r\n--x--'),
)


@given(body=BODIES, kind=KINDS)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_gets_an_answer(opened: Open, body: bytes, kind: str) -> None:
    response = opened.http.post("/usedesk/block", content=body, headers={"content-type": kind})
    assert harmless(html_of(response))


@given(subject=st.text(max_size=50), contact=st.text(max_size=30), number=st.integers() | st.text(max_size=8))
@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_opening_gets_an_answer(opened: Open, subject: str, contact: str, number: object) -> None:
    assert harmless(opened(ticket_id=number, subject=subject, contact=contact))


def test_logs_hold_no_token_secret_or_text(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with opening(COMPLAINT) as it:
        it(contact="maria@mail.example")
        it(secret_key="wrong-secret-of-theirs")
        it.there.rest.knobs = Knobs(faults=["500"] * 3)
        it(is_auto_load="0")
    for hidden in (TOKEN, SECRET, "wrong-secret-of-theirs", "курьер", "Мария", "maria@mail.example"):
        assert hidden not in caplog.text
