"""The console's queue, register and traces, and what an agent may not do; the browser's part: test_browser_console."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta
from typing import get_args

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from suggest.case import Stage
from suggest.console.app import ROUTERS
from suggest.console.queue import overdue_since
from suggest.console.words import number, percent, plural
from suggest.deadlines import answer_by
from suggest.desk import Desk
from suggest.feedback import Feedback
from suggest.store.fold import Kind
from suggest.store.hand_overs import Asked
from suggest.store.store import Store
from suggest.titles import KINDS, STAGES, STEPS
from suggest.usedesk import handing, steps
from tests.console_fakes import AGENT, LEAD, a_console, signed_in
from tests.fakes import Clock, a_review, a_service, a_suggester

HOSTILE = "<script>alert(1)</script> {{ 7 * 7 }} \" onmouseover='x' холодильник javascript:alert(2)"


@pytest.fixture
def app(store: Store, clock: Clock) -> FastAPI:
    return a_console(store, clock)


@pytest.fixture
def desk(store: Store, clock: Clock) -> Desk:
    return Desk(a_suggester(clock), store.suggestions, store.records)


def words_of(page: str) -> str:
    """What a page says, without its markup."""
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


def listed(client: TestClient, path: str) -> list[str]:
    """The ids of the reviews that a page lists, in order."""
    return re.findall(r'id="e-([^"]+)"', client.get(path).text)


AGENTS_MAY = {"/", "/queue", "/register", "/register/{suggestion_id}", "/mine"} | {
    "/sign-in",
    "/sign-out",
    "/password",
}


def test_an_agent_sees_the_queue_the_register_and_their_own_work_and_nothing_else(app: FastAPI, desk: Desk) -> None:
    """Every route there is, so that a page added later is an agent's only if this says so."""
    desk.receive(a_review())
    client, refused = signed_in(app, AGENT), 0
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, APIRoute)
            path = re.sub(r"\{[^}]*\}", "1", route.path)
            for method in route.methods:
                answer = client.request(method, f"/console{path}", headers=csrf(client), follow_redirects=False)
                if route.path not in AGENTS_MAY:
                    assert answer.status_code == 403, (method, route.path)
                    refused += 1
                elif method == "GET":
                    assert answer.status_code != 403, route.path
                client = client if method == "GET" else signed_in(app, AGENT)
    assert refused
    navigation = client.get("/console/").text.partition("</nav>")[0]
    assert re.findall(r'href="/console([^"]+)"', navigation.partition("<nav")[2]) == ["/", "/register", "/mine"]


def csrf(client: TestClient) -> dict[str, str]:
    found = re.search(r'"X-CSRF-Token": "([0-9a-f]+)"', client.get("/console/").text)
    assert found
    return {"X-CSRF-Token": found[1]}


def test_a_refusal_is_a_page_in_russian(app: FastAPI) -> None:
    answer = signed_in(app, AGENT).get("/console/register/export")
    assert answer.status_code == 403
    assert "открыта руководителям" in words_of(answer.text)


def test_the_queue_is_in_order_with_what_is_overdue_marked(app: FastAPI, desk: Desk, clock: Clock) -> None:
    praise = desk.receive(a_review(id="praise", rating=5, text="Спасибо, отлично!"))
    clock.forward(days=1)
    late = desk.receive(a_review(id="late"))
    clock.forward(days=10)
    fresh = desk.receive(a_review(id="fresh", branch="Омск", platform="yandex"))
    client = signed_in(app)
    assert listed(client, "/console/") == [late.id, fresh.id, praise.id]
    page = words_of(client.get("/console/").text)
    assert "3 отзыва ждут ответа" in page
    assert "просрочено: 2" in page
    assert "10 дн" in page
    assert listed(client, "/console/queue?late=true") == [late.id, praise.id]
    assert listed(client, "/console/queue?priority=1") == [late.id, fresh.id]
    assert listed(client, "/console/queue?platform=yandex&priority=&flag=&branch=&scenario=") == [fresh.id]
    assert listed(client, "/console/queue?branch=%D0%9E%D0%BC%D1%81%D0%BA&scenario=delivery") == [fresh.id]
    assert listed(client, "/console/queue?start=1") == [fresh.id, praise.id]
    assert "Назад" in client.get("/console/queue?start=1").text
    for more in range(50):
        desk.receive(a_review(id=str(more)))
    following = re.search(r'rel="next" href="([^"]+)"', client.get("/console/queue?priority=1").text)
    assert following
    assert len(listed(client, following[1].replace("&amp;", "&"))) == 2
    assert client.get("/console/queue?priority=7").status_code == 422


def test_the_queue_refreshes_alone_and_says_when_it_is_empty(app: FastAPI, desk: Desk) -> None:
    client = signed_in(app)
    assert "Очередь пуста" in client.get("/console/").text
    made = desk.receive(a_review())
    fragment = client.get("/console/queue?priority=1", headers={"HX-Request": "true"}).text
    assert fragment.lstrip().startswith("<section")
    assert "priority=1" in fragment
    desk.feedback(made.id, Feedback(outcome="copied", revision=1))
    assert "По этому отбору" in client.get("/console/queue?priority=1").text


def test_the_border_of_what_is_overdue_agrees_with_each_deadline(store: Store, clock: Clock) -> None:
    service = a_service(store, clock)
    for priority, border in overdue_since(service, clock()).items():
        by = answer_by(priority, border, service.targets, service.workdays)
        assert by
        assert by < clock()
        later = answer_by(priority, border + timedelta(minutes=2), service.targets, service.workdays)
        assert later
        assert later >= clock()


def test_the_register_finds_by_words_and_filters_page_by_page(app: FastAPI, desk: Desk, clock: Clock) -> None:
    made = [desk.receive(a_review(id=str(n), posted_at=f"2026-10-{n + 1:02}T22:30:00Z")) for n in range(28)]
    many = [desk.receive(a_review(id=f"x{n}", text="Купон не сработал", rating=2)) for n in range(30)]
    client = signed_in(app)
    first = client.get("/console/register").text
    seen = re.findall(r'id="e-([^"]+)"', first)
    following = re.search(r'rel="next" href="([^"]+)"', first)
    assert following
    seen += listed(client, following[1].replace("&amp;", "&"))
    assert len(seen) == len(set(seen)) == 58
    assert set(listed(client, "/console/register?q=купоны")) == {one.id for one in many}
    assert listed(client, "/console/register?since=2026-10-03&until=2026-10-03") == [made[1].id]
    assert listed(client, "/console/register?scenario=refund") == []
    assert "ничего не найдено" in client.get("/console/register?scenario=refund").text
    for wrong in ("since=x", "platform=x", "after=x", "until=31.12.2026"):
        assert client.get(f"/console/register?{wrong}").status_code == 422, wrong
    assert client.get("/console/register?until=9999-12-31").status_code == 200


def test_own_work_is_what_one_answered(app: FastAPI, desk: Desk) -> None:
    mine, other = desk.receive(a_review(id="mine")), desk.receive(a_review(id="other"))
    desk.feedback(mine.id, Feedback(outcome="copied", revision=1, agent=AGENT))
    desk.feedback(other.id, Feedback(outcome="copied", revision=1, agent="Борис"))
    client = signed_in(app, AGENT)
    assert listed(client, "/console/mine") == [mine.id]
    assert "За 7 дней: 1 отзыв" in words_of(client.get("/console/mine").text)
    assert listed(signed_in(app, LEAD), "/console/mine") == []


def test_a_trace_tells_everything(app: FastAPI, desk: Desk, clock: Clock) -> None:
    made = desk.receive(a_review())
    clock.forward(minutes=5)
    text = made.text.replace(made.segments[1].text, "Нам жаль, что вы столько ждали.")
    desk.feedback(made.id, Feedback(outcome="edited", revision=1, text=text, agent=AGENT))
    desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="refund", agent=AGENT))
    client = signed_in(app)
    page = client.get(f"/console/register/{made.id}?revision=1").text
    said = words_of(page)
    for segment in made.segments:
        assert f"{segment.phrase_id}@{made.provenance.phrasebank[:12]}" in page
    assert "одобрено:" in said
    assert f"{made.match.confidence:.0%}".removesuffix("%") in said if made.match else False
    assert "Следующие по близости" in said
    assert "<ins>" in page
    assert "<del>" in page
    for happened in ("отзыв получен", "составлена подсказка", "ответ изменён", "выбран другой сценарий", AGENT):
        assert happened in said, happened
    newest = words_of(client.get(f"/console/register/{made.id}").text)
    assert "выбрал агент" in newest
    for path in (f"{made.id}?revision=9", "none"):
        assert client.get(f"/console/register/{path}").status_code == 404


def test_an_erased_trace_says_so_and_keeps_the_rest(app: FastAPI, desk: Desk, store: Store) -> None:
    made = desk.receive(a_review())
    desk.feedback(made.id, Feedback(outcome="edited", revision=1, text="Мария, мы разберёмся."))
    store.retention.erase(suggestion_id=made.id)
    page = signed_in(app).get(f"/console/register/{made.id}").text
    assert "удалены по просьбе" in page
    assert "текст правки удалён" in page
    assert "Мария" not in page
    assert made.segments[0].phrase_id in page


def test_every_kind_of_event_has_a_name() -> None:
    assert set(Kind) == set(KINDS)
    # The request itself is told by its own kind of event.
    assert {*steps.Step, *handing.Step} - {handing.Step.REQUEST} == set(STEPS)
    assert set(get_args(Stage)) == set(STAGES)


def test_a_hostile_review_is_harmless_on_every_page(app: FastAPI, desk: Desk) -> None:
    made = desk.receive(a_review(text=HOSTILE, author="<img src=x>", branch="'\"><b>", url="javascript:alert(3)"))
    desk.feedback(made.id, Feedback(outcome="edited", revision=1, text=HOSTILE, agent="<i>агент</i>"))
    second = desk.receive(a_review(id="2", text=HOSTILE, author="<img src=x>", branch="'\"><b>"))
    client = signed_in(app)
    for path in ("/", "/register?q=%3Cscript%3E", "/register", f"/register/{made.id}", f"/register/{second.id}"):
        answer = client.get(f"/console{path}")
        for raw in ("<script>alert", "<img src=x", "<b>", "<i>агент", 'href="javascript'):
            assert raw not in answer.text, (path, raw)
        assert "{{ 7 * 7 }}" in answer.text or path.endswith("%3E"), path
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert policy.index("frame-ancestors 'none'") > 0
        assert answer.headers["cache-control"] == "no-store"


def test_an_export_holds_what_the_filters_find_and_no_formula(app: FastAPI, desk: Desk, store: Store) -> None:
    desk.receive(a_review(id="1", text="=1+1 холодильник", branch="Омск"))
    desk.receive(a_review(id="2", text="Верните деньги"))
    client = signed_in(app)
    answer = client.get("/console/register/export?format=csv&branch=Омск&q=")
    assert answer.headers["content-disposition"].startswith('attachment; filename="register-2026-11-')
    rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
    assert [row["text"] for row in rows] == ["'=1+1 холодильник"]
    every = client.get("/console/register/export?format=jsonl").text.splitlines()
    assert {json.loads(line)["text"] for line in every} == {"=1+1 холодильник", "Верните деньги"}
    assert client.get("/console/register/export?format=csv&branch=x").text.count("\n") == 1
    lines = [line for line in store.audit.lines() if line.what == "exported"]
    assert [line.who for line in lines] == [LEAD] * 3
    assert lines[-1].detail == {"format": "csv", "filters": ["branch"]}


LISTS = ("audit", "users", "phrase-events", "hand-overs")


def test_the_lists_are_read_only_and_for_leads_within_the_same_sign_in(
    app: FastAPI, store: Store, desk: Desk, clock: Clock
) -> None:
    store.phrases.withdraw("empathy-very-sorry", "Вера", "не нравится")
    made = desk.receive(a_review())
    store.hand_overs.claim(Asked(suggestion_id=made.id, key="k", department="store", mode="eml", agent=AGENT))
    client = signed_in(app)
    said = ("вход", "руководитель", "empathy-very-sorry", AGENT)
    for name, expected in zip(LISTS, said, strict=True):
        answer = client.get(f"/console/records/{name}/list")
        assert (answer.status_code, expected in answer.text) == (200, True), name
        assert "$argon2" not in answer.text
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        agent = signed_in(app, AGENT).get(f"/console/records/{name}/list")
        assert agent.status_code == 403, name
        unknown = TestClient(app, follow_redirects=False).get(f"/console/records/{name}/list")
        assert unknown.headers["location"].startswith("/console/sign-in"), name
        for act in ("create", "edit/1", "edit?pk=1", "import"):
            assert client.get(f"/console/records/{name}/{act}").status_code in {403, 404, 405}, (name, act)
        for act in ("create", "delete", "list", "action?name=delete&pks=1", "edit?pk=1"):
            assert client.post(f"/console/records/{name}/{act}", headers=csrf(client)).status_code == 405, (name, act)
    detail = client.get("/console/records/users/detail?pk=1")
    assert detail.status_code in {200, 404}
    assert "$argon2" not in detail.text


def test_without_the_database_there_is_no_console() -> None:
    from suggest.api import create_app

    assert TestClient(create_app(a_service())).get("/console/").status_code == 404


def test_numbers_are_written_as_people_write_them() -> None:
    assert [plural(n, "отзыв", "отзыва", "отзывов") for n in (1, 2, 5, 11, 21, 112)] == [
        "1 отзыв",
        "2 отзыва",
        "5 отзывов",
        "11 отзывов",
        "21 отзыв",
        "112 отзывов",
    ]
    assert (number(1234567), number(0.5, 2), percent(0.873), percent(None)) == (
        "1\u202f234\u202f567",
        "0,50",
        "87\u00a0%",
        "–",
    )


def test_a_review_that_was_answered_and_waits_for_a_department_is_no_late_reply(
    app: FastAPI, desk: Desk, store: Store, clock: Clock
) -> None:
    made = desk.receive(a_review())
    desk.feedback(made.id, Feedback(outcome="copied", revision=1))
    over = store.hand_overs.claim(Asked(suggestion_id=made.id, key="k", department="brand_store", mode="eml")).hand_over
    store.hand_overs.sent(over.id, clock() + timedelta(days=1))
    clock.forward(days=30)
    client = signed_in(app)
    page = client.get("/console/queue").text
    assert "ответ дан, ждём отдел" in words_of(page)
    assert "просроч" not in page.partition("<main")[2].partition('id="list"')[2]
    assert listed(client, "/console/queue?late=true") == []


@pytest.mark.parametrize("path", ["/register", "/register/export", "/mine"])
def test_a_day_before_all_days_is_refused_in_words(app: FastAPI, path: str) -> None:
    client = signed_in(app)
    for day in ("since", "until"):
        answer = client.get(f"/console{path}?{day}=0001-01-01")
        assert answer.status_code == 422
        assert "проверьте, что введено в поля" in answer.text


def test_a_candidate_of_any_number_is_not_found_in_words(app: FastAPI) -> None:
    client = signed_in(app)
    for act in ("approve", "decline"):
        assert client.post(f"/console/approval/{10**19}/{act}", headers=csrf(client)).status_code == 422
