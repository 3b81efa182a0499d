"""The hand-over through the widget's own routes, with the stand-in as a real server, on both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from suggest.feedback import Feedback
from suggest.pictures import LARGEST
from suggest.store.fold import Kind
from tests.conftest import DATABASES
from tests.databases import postgres_missing
from tests.fakes import PATIENCE, Clock
from tests.hand_over_fakes import (
    CHAT,
    DELIVERY,
    HOSTILE,
    PNG,
    SERVICE,
    STORE_FORM,
    Section,
    breaking,
    outgoing,
    private,
    site_on,
    wrote_again,
)
from tests.usedesk_fakes import until
from tests.widget_fakes import ANNA, Site


@pytest.fixture(params=DATABASES)
def site(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Iterator[Site]:
    if request.param == "postgresql" and (missing := postgres_missing()):
        pytest.skip(missing)
    with site_on(request.param, tmp_path, clock=clock) as running:
        yield running


def answered(site: Site, ticket: int) -> None:
    """The reply to a ticket's review is on record."""
    made = site.made(ticket)
    site.service.desk.feedback(made.id, Feedback(outcome="copied", revision=made.revision))


def test_from_the_request_to_the_outcome(site: Site) -> None:
    section = Section(site, DELIVERY)
    answered(site, DELIVERY)
    assert section.state == ("done", 0)
    shown = section.send({"shot": ("Снимок.png", PNG, "image/png")}, data="Тел. 900")
    assert shown.status_code == 200
    assert "ждём ответа" in shown.text
    (request,) = outgoing(site)
    (over,) = section.overs
    assert (over.ticket_id, over.agent, over.store) == (str(request["ticket"]["id"]), "Анна Агентова", "kazan-baumana")
    first = request["comments"][0]
    assert request["ticket"]["email"] == "kazan-baumana@stores.example"
    assert str(first["user_id"]) == ANNA
    for said in (
        "Просим проверить и разобраться в ситуации.",
        "Скриншот отзыва приложен.",
        "Тел. 900",
        "курьер так и не",
    ):
        assert said in first["message"]
    assert site.rest.helpdesk.file(first["files"][0]["id"])["data"] == PNG
    assert f"тикет № {over.ticket_id}" in private(site.ticket(DELIVERY))[0]
    assert f"№ {DELIVERY}" in private(request)[0]
    assert site.ticket(DELIVERY)["ticket"]["status_id"] == 5
    assert section.state == ("open", 1)
    httpx.post(f"{site.helpdesk}/tickets/{over.ticket_id}/answer", data={"message": "Решили."}, timeout=PATIENCE)
    assert until(lambda: section.overs[0].answered_at is not None)
    assert "ответ получен" in section.get("/state").text
    assert section.state == ("open", 1)
    assert "исполнено" in section.post("outcome", hand_over=over.id, agent=ANNA).text
    assert section.state == ("done", 0)
    kinds = [event.kind for event in site.service.store.events.of(over.suggestion_id) if event.hand_over]  # type: ignore[union-attr]
    assert [kind for kind in kinds if kind is not Kind.FILED] == [Kind.HANDED_OVER, Kind.HEARD, Kind.CLOSED]


def test_pressed_by_many_at_once_it_is_sent_once(site: Site) -> None:
    sections = [Section(site, DELIVERY) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda section: section.send(data="Данные"), sections))
    assert {answer.status_code for answer in answers} == {200}
    Section(site, DELIVERY).send()
    assert len(outgoing(site)) == 1
    assert len(private(site.ticket(DELIVERY))) == len(private(outgoing(site)[0])) == 1
    (over,) = Section(site, DELIVERY).overs
    steps = [event for event in site.service.store.events.of(over.suggestion_id) if event.kind is Kind.HANDED_OVER]  # type: ignore[union-attr]
    assert len(steps) == 1


def test_a_refused_request_is_shown_and_sent_again_with_its_screenshot(site: Site) -> None:
    section, create = Section(site, DELIVERY), site.rest.helpdesk.create
    site.rest.helpdesk.create = lambda asked: create({**asked, "status": 99})  # type: ignore[method-assign]
    failed = section.send({"shot": ("a.png", PNG, "image/png")}, data="Тел. 900")
    assert "не отправлено" in failed.text
    assert "Тел. 900" in failed.text
    (over,) = section.overs
    assert (over.sent_at, over.uncertain, section.state) == (None, False, ("open", 0))
    site.rest.helpdesk.create = create  # type: ignore[method-assign]
    section.send(data="Тел. 900")
    (request,) = outgoing(site)
    assert site.rest.helpdesk.file(request["comments"][0]["files"][0]["id"])["data"] == PNG
    assert [again.id for again in section.overs] == [over.id]


def test_a_request_whose_answer_was_lost_is_found_and_not_sent_twice(site: Site) -> None:
    section = Section(site, DELIVERY)
    with breaking(site, keeps=True):
        assert "неизвестно, ушло ли" in section.send().text
    assert section.overs[0].uncertain
    assert "ждём ответа" in section.send().text
    (request,) = outgoing(site)
    assert section.overs[0].ticket_id == str(request["ticket"]["id"])


def test_a_request_that_never_came_is_sent_again_only_when_it_is_sure(site: Site, clock: Clock) -> None:
    section = Section(site, DELIVERY)
    with breaking(site, keeps=False):
        section.send()
    assert "Через минуту" in section.send().text
    assert outgoing(site) == []
    clock.forward(minutes=2)
    assert "ждём ответа" in section.send().text
    assert len(outgoing(site)) == 1


@pytest.mark.parametrize("stage", ["link_out", "link_back", "hold"])
def test_a_failure_after_the_request_is_resumed(site: Site, stage: str) -> None:
    section, helpdesk = Section(site, DELIVERY), site.rest.helpdesk
    comment, update, calls = helpdesk.comment, helpdesk.update, []

    def failing(asked: dict[str, object]) -> int:
        calls.append(asked)
        wrong = (stage, len(calls)) in {("link_out", 1), ("link_back", 2)}
        return comment({**asked, "user_id": 0} if wrong else asked)

    helpdesk.comment = failing  # type: ignore[method-assign,assignment]
    if stage == "hold":
        helpdesk.update = lambda asked: update({**asked, "status": 99})  # type: ignore[method-assign]
    shown = section.send().text
    assert "не получилось" in shown
    assert "Продолжить" in shown
    helpdesk.comment, helpdesk.update = comment, update  # type: ignore[method-assign]
    done = section.post("resume", hand_over=section.overs[0].id, agent=ANNA).text
    assert "не получилось" not in done
    assert "Продолжить" not in done
    assert len(outgoing(site)) == 1
    assert len(private(site.ticket(DELIVERY))) == len(private(outgoing(site)[0])) == 1
    assert site.ticket(DELIVERY)["ticket"]["status_id"] == 5


def test_other_departments_are_asked_after_the_data_have_arrived(site: Site) -> None:
    section = Section(site, SERVICE)
    form = {"department": "service_centre", "store": ""}
    refused = section.send(**form, data="Заявка 7")
    assert refused.status_code == 422
    assert "Сначала данные клиента" in refused.text
    assert "Заявка 7" in refused.text
    assert outgoing(site) == []
    assert "ждём ответа" in section.send(**form, received="true").text
    assert outgoing(site)[0]["ticket"]["email"] == "service-centres@departments.example"


def test_a_linked_ticket_brings_the_data_and_is_held(site: Site) -> None:
    assert site.service.store
    site.made(CHAT)
    site.service.store.links.link(str(CHAT), site.made(SERVICE).id, "agent")
    section = Section(site, SERVICE)
    told = section.get("/data").json()
    for said in ("Имя: Азамат", "Почта: azamat@client.example", "Написал: Мастер не приехал"):
        assert said in told["text"]
    section.send(department="service_centre", store="", data=told["text"])
    assert site.ticket(CHAT)["ticket"]["status_id"] == 5
    assert site.ticket(SERVICE)["ticket"]["status_id"] != 5
    assert private(site.ticket(CHAT))
    with site.service.store.database.reading() as connection:
        rows = connection.exec_driver_sql("SELECT content FROM texts").scalars().all()
    assert not [row for row in rows if "azamat@client.example" in row]


def test_what_a_clients_ticket_asked_for_is_followed_though_it_is_linked_later(site: Site) -> None:
    section, store = Section(site, CHAT), site.service.store
    assert store
    section.send()
    (over,) = section.overs
    store.links.link(str(CHAT), site.made(SERVICE).id, "agent")
    assert "ждём ответа" in section.get().text
    assert "Вопрос передан" in httpx.get(section.base.replace("/hand-over", "/case"), timeout=PATIENCE).text
    assert section.post("answered", hand_over=over.id, agent=ANNA).status_code == 200
    assert section.post("outcome", hand_over=over.id, agent=ANNA).status_code == 200
    assert section.state[1] == 0
    assert Section(site, SERVICE).post("outcome", hand_over=over.id).status_code == 422


def test_what_may_have_been_sent_before_a_ticket_was_linked_is_not_sent_again(site: Site) -> None:
    section, store = Section(site, CHAT), site.service.store
    assert store
    with breaking(site, keeps=True):
        section.send()
    store.links.link(str(CHAT), site.made(SERVICE).id, "agent")
    section.send()
    assert len(outgoing(site)) == 1
    assert store.hand_overs.of(site.made(SERVICE).id) == ()


def test_when_the_client_writes_again_the_store_is_asked_first(site: Site) -> None:
    section = Section(site, DELIVERY)
    section.send()
    assert "Клиент пишет повторно" not in section.get().text
    wrote_again(site, DELIVERY)
    shown = section.get().text
    assert "Клиент пишет повторно: сначала уточните, решён ли вопрос" in shown
    assert 'value="solved" checked' in shown
    section.send(purpose="solved")
    section.send(purpose="solved")
    (request,) = outgoing(site)
    questions = [row for row in request["comments"] if "был ли решён вопрос с клиентом?" in row["message"]]
    assert [(row["type"], row["from"]) for row in questions] == [("public", "user")]
    assert [over.purpose for over in section.overs] == ["check", "solved"]
    assert section.state[1] == 2
    httpx.post(f"{site.helpdesk}/tickets/{request['ticket']['id']}/answer", data={"message": "Да."}, timeout=PATIENCE)
    assert until(lambda: all(over.answered_at for over in section.overs))
    section.post("outcome", hand_over=section.overs[0].id)
    assert section.state[1] == 0


@pytest.mark.parametrize("mode", ["usedesk", "eml"])
def test_a_question_that_may_have_been_asked_is_looked_for_in_its_ticket_whatever_is_chosen_then(
    site: Site, clock: Clock, mode: str
) -> None:
    section, comment = Section(site, DELIVERY), site.rest.helpdesk.comment
    section.send()
    wrote_again(site, DELIVERY)

    def breaks(asked: Any) -> int:
        kept = comment(asked)
        if asked.get("type") == "public":
            raise RuntimeError("the stand-in breaks down, as it was told to")
        return kept

    site.rest.helpdesk.comment = breaks  # type: ignore[method-assign]
    section.send(purpose="solved")
    site.rest.helpdesk.comment = comment  # type: ignore[method-assign]
    clock.forward(minutes=5)
    section.send(purpose="solved", mode=mode)
    (request,) = outgoing(site)
    assert len([row for row in request["comments"] if "был ли решён вопрос с клиентом?" in row["message"]]) == 1
    assert [over.sent_at is not None for over in section.overs] == [True, True]


def test_an_answer_before_the_question_does_not_answer_it(site: Site) -> None:
    section = Section(site, DELIVERY)
    section.send()
    ticket = section.overs[0].ticket_id
    httpx.post(f"{site.helpdesk}/tickets/{ticket}/answer", data={"message": "Проверяем."}, timeout=PATIENCE)
    assert until(lambda: section.overs[0].answered_at is not None)
    section.send(purpose="solved")
    site.service.usedesk.preparer.now(int(ticket or 0), {}).result(PATIENCE)  # type: ignore[union-attr]
    assert section.overs[1].answered_at is None


def test_a_hostile_review_is_harmless_in_the_section_and_in_the_request(site: Site) -> None:
    section = Section(site, HOSTILE)
    section.send(data="<script>data</script>")
    (request,) = outgoing(site)
    page = httpx.get(f"{site.helpdesk}/tickets/{request['ticket']['id']}", timeout=PATIENCE).text
    for text in (section.get().text, request["comments"][0]["message"]):
        assert "<script" not in text
        assert "<img src=x" not in text
    assert "<img src=x" not in page


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<svg onload=alert(1)>", "годятся картинки PNG, JPEG и WebP"),
        (b"\x89PNG\r\n\x1a\n" + bytes(LARGEST), "Картинка больше 5 МБ"),
    ],
)
def test_what_is_no_picture_is_refused_and_nothing_is_sent(site: Site, data: bytes, said: str) -> None:
    refused = Section(site, DELIVERY).send({"shot": ("shot.png", data, "image/png")})
    assert refused.status_code in {413, 422}
    assert said in refused.text
    assert outgoing(site) == []
    assert Section(site, DELIVERY).overs == ()


def test_a_form_of_any_size_is_not_read(site: Site) -> None:
    url = Section(site, DELIVERY).base + "/send"
    huge = httpx.post(url, files={"shot": ("a.png", bytes(LARGEST + 300_000), "image/png")}, timeout=PATIENCE)
    unsaid = httpx.post(
        url, content=iter([b"x"]), headers={"content-type": "multipart/form-data; boundary=x"}, timeout=PATIENCE
    )
    assert {huge.status_code, unsaid.status_code} == {413}


def test_without_usedesk_the_request_is_a_letter_to_be_sent_by_hand(site: Site) -> None:
    section = Section(site, DELIVERY)
    letter = section.post("letter", {"shot": ("a.png", PNG, "image/png")}, **STORE_FORM)
    assert letter.headers["content-type"] == "message/rfc822"
    assert b"X-Unsent: 1" in letter.content
    assert b"kazan-baumana@stores.example" in letter.content
    (over,) = section.overs
    assert (over.mode, over.sent_at) == ("eml", None)
    assert "Письмо отправлено" in section.get().text
    shown = section.post("mailed", hand_over=over.id, agent=ANNA).text
    assert "ждём ответа" in shown
    assert outgoing(site) == []
    assert "письмо, запрос" in private(site.ticket(DELIVERY))[0]
    assert site.ticket(DELIVERY)["ticket"]["status_id"] == 5
    assert section.post("letter", **STORE_FORM).status_code == 200


def test_what_was_not_sent_by_usedesk_is_not_told_to_be_a_letter_that_was(site: Site) -> None:
    section = Section(site, DELIVERY)
    with breaking(site, keeps=False):
        section.send()
    assert section.post("mailed", hand_over=section.overs[0].id, agent=ANNA).status_code == 422
    assert section.overs[0].sent_at is None


def test_what_went_by_usedesk_is_no_letter_to_be_sent_too(site: Site) -> None:
    section = Section(site, DELIVERY)
    section.send()
    assert section.post("letter", **STORE_FORM).status_code == 409


def test_the_agent_may_say_that_the_department_answered(site: Site) -> None:
    section = Section(site, DELIVERY)
    section.send()
    assert "ответ получен" in section.post("answered", hand_over=section.overs[0].id, agent=ANNA).text
    assert section.overs[0].answered_at


def test_one_may_not_touch_the_hand_over_of_another_review(site: Site) -> None:
    section = Section(site, DELIVERY)
    section.send()
    for path in ("answered", "outcome", "resume", "mailed"):
        assert Section(site, SERVICE).post(path, hand_over=section.overs[0].id).status_code == 422
    assert section.overs[0].answered_at is None


def test_our_own_request_is_no_review(site: Site) -> None:
    section = Section(site, DELIVERY)
    section.send()
    ticket = int(section.overs[0].ticket_id or 0)
    httpx.post(
        f"{site.helpdesk}/tickets/{ticket}/answer", data={"message": "Магазин: курьер заболел."}, timeout=PATIENCE
    )
    block = httpx.get(f"{site.helpdesk}/tickets/{ticket}/block", timeout=PATIENCE).text
    assert "Это наш запрос магазину или отделу" in block
    assert site.service.desk.suggestions.of_ticket(str(ticket)) is None


def test_the_preview_says_what_is_sent_and_why_not(site: Site) -> None:
    section = Section(site, DELIVERY)
    told = section.post("preview", **STORE_FORM, data="Тел. 900").json()
    assert told["to"] == "Казань, ул. Баумана, 12 <kazan-baumana@stores.example>"
    assert "Тел. 900" in told["text"]
    assert told["why_not"] == ""
    told = section.post("preview", department="technical", shot="true").json()
    assert "Сначала данные клиента" in told["why_not"]
    assert "Скриншот отзыва приложен." in told["text"]
    assert section.overs == ()


def test_nobody_chosen_is_said(site: Site) -> None:
    assert "Выберите, кому передать" in Section(site, DELIVERY).send(store="").text
