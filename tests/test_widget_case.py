"""The section `case` of the widget, through its own door: links, data, words for the client, the talk, related tickets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from suggest.demo.tickets import Sample, notification
from suggest.domain import StoreUnavailable
from suggest.feedback import Feedback, Outcome
from suggest.review_code import code_of
from suggest.store.fold import Kind
from suggest.store.store import Store
from tests.fakes import PATIENCE
from tests.usedesk_fakes import until
from tests.widget_fakes import ANNA, FIRST, Site, a_site

REVIEW = notification("2gis", 1, "Мария К.", "Мастер приезжал дважды, ремонт так и не закончен.")
MAIL = Sample(
    "Жалоба",
    "Здравствуйте! Писала вам отзыв про ремонт. Телефон 8 900 123-45-67.",
    "Мария Кравцова",
    "m@client.example",
)
OTHER = Sample("Вопрос", "Когда откроется магазин?", "Олег", "o@client.example")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path, REVIEW, MAIL, OTHER, Sample("Ещё вопрос", "И ещё.", "Мария Кравцова", MAIL.email)) as found:
        found.made(FIRST)
        yield found


def section(site: Site, ticket: int, path: str = "", **form: str) -> str:
    url = f"{site.address}{site.widget(ticket)}/case{path}"
    verb = "PUT" if path in {"/check", "/find"} else "POST" if form or path else "GET"
    answer = httpx.request(verb, url, data=form or None, timeout=PATIENCE)
    assert answer.status_code == 200, answer.text
    return answer.text


def said(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def store(site: Site) -> Store:
    assert site.service.store
    return site.service.store


def answered(site: Site) -> str:
    made = site.made(FIRST)
    site.service.desk.feedback(made.id, Feedback(outcome=Outcome.ACCEPTED, revision=made.revision))
    return made.id


def test_a_review_without_a_client_shows_nothing(site: Site) -> None:
    assert said(section(site, FIRST)) == ""


def test_likely_reviews_are_proposed_linked_with_one_press_and_unlinked(site: Site) -> None:
    review = answered(site)
    proposed = said(section(site, FIRST + 1))
    assert "Похоже, это клиент" in proposed
    assert "имя совпадает" in proposed
    linked = said(section(site, FIRST + 1, "/link", review=review, agent=ANNA))
    assert "Связано связал: Анна Агентова" in linked
    assert "Мастер приезжал дважды" in linked
    link = store(site).links.of_ticket(str(FIRST + 1))
    assert link
    assert (link.suggestion_id, link.by, link.agent) == (review, "agent", "Анна Агентова")
    undone = said(section(site, FIRST + 1, "/unlink", agent=ANNA))
    assert "Похоже, это клиент" in undone
    assert store(site).links.of_ticket(str(FIRST + 1)) is None


def test_the_linked_ticket_shows_review_promise_data_steps_and_what_is_next(site: Site) -> None:
    review = answered(site)
    store(site).links.link(str(FIRST + 1), review, "code")
    shown = section(site, FIRST + 1)
    words = said(shown)
    made = site.made(FIRST)
    assert made.text in words
    promise = next(segment.text for segment in made.segments if segment.slot == "resolution")
    assert f"<strong>{promise}</strong>" in shown
    assert "по номеру отзыва, имя совпадает" in words
    assert re.search(r"номер телефона, указанный в заявке похоже, есть в письме", words)
    assert "Данные есть: передайте вопрос в отдел." in words
    assert f"{site.service.settings.usedesk_ticket_url.replace('{id}', str(FIRST))}" in shown


def test_the_case_leads_in_a_linked_ticket_only(site: Site) -> None:
    def leads(ticket: int) -> bool:
        whole = httpx.get(f"{site.address}{site.widget(ticket)}", timeout=PATIENCE).text
        return whole.index('id="case"') < whole.index('id="main"')

    review = answered(site)
    assert not leads(FIRST + 1)
    section(site, FIRST + 1, "/link", review=review, agent=ANNA)
    assert leads(FIRST + 1)
    assert not leads(FIRST)


def test_a_strangers_code_is_told_apart(site: Site) -> None:
    review = answered(site)
    store(site).links.link(str(FIRST + 2), review, "code")
    assert "имя другое: убедитесь, что пишет автор отзыва" in said(section(site, FIRST + 2))


def test_the_reviews_own_ticket_leads_to_the_clients(site: Site) -> None:
    review = answered(site)
    store(site).links.link(str(FIRST + 1), review, "code")
    assert f"Клиент написал: тикет {FIRST + 1}" in said(section(site, FIRST))


def test_a_tick_is_kept_as_yes_or_no(site: Site) -> None:
    store(site).links.link(str(FIRST + 1), answered(site), "code")
    section(site, FIRST + 1, "/tick", item="модель техники", given="true", agent=ANNA)
    section(site, FIRST + 1, "/tick", item="выдумка", given="true")
    assert store(site).links.ticks(str(FIRST + 1)) == {"модель техники": True}
    unticked = section(site, FIRST + 1, "/tick", item="модель техники")
    assert "0 из" not in said(unticked)
    assert store(site).links.ticks(str(FIRST + 1)) == {"модель техники": False}


def test_a_code_that_the_agent_types_finds_its_review(site: Site) -> None:
    review = answered(site)
    found = said(section(site, FIRST + 2, "/find", code=code_of(review)))
    assert "номер совпадает" in found
    assert "Отзыва с таким номером нет." in said(section(site, FIRST + 2, "/find", code="10001"))


def test_a_private_message_is_no_review_to_link_to(site: Site) -> None:
    other = site.made(FIRST + 2)
    answer = httpx.post(
        f"{site.address}{site.widget(FIRST + 1)}/case/link", data={"review": other.id}, timeout=PATIENCE
    )
    assert answer.status_code == 422


def test_the_words_for_the_client_are_put_on_record_when_copied_but_not_with_a_place_unfilled(site: Site) -> None:
    review = answered(site)
    store(site).links.link(str(FIRST + 1), review, "code")
    place = "Здравствуйте. Мы проверили ваш вопрос. [впишите, что выяснили и что сделано]"
    assert "Впишите сюда свой текст" in said(section(site, FIRST + 1, "/check", text=place))
    refused = said(section(site, FIRST + 1, "/informed", stage="result", text=place))
    assert "Не отмечено." in refused
    section(
        site, FIRST + 1, "/informed", stage="result", text="Здравствуйте. Деталь пришла, мастер записан.", agent=ANNA
    )
    events = [event for event in store(site).events.of(review) if event.kind is Kind.INFORMED]
    assert [(event.reason, event.agent) for event in events] == [("result", "Анна Агентова")]
    own = store(site).events.state(site.made(FIRST + 1).id)
    assert own
    assert own.state == "done"


def test_a_talks_result_goes_into_the_ticket_and_on_record(site: Site) -> None:
    review = answered(site)
    store(site).links.link(str(FIRST + 1), review, "code")
    assert "Выслушайте" in said(section(site, FIRST + 1))
    told = said(section(site, FIRST + 1, "/call", note="Дозвонилась <ок>,\nждёт мастера", agent=ANNA))
    assert "Записано в комментарий тикета." in told
    comment = site.ticket(FIRST + 1)["comments"][-1]
    assert comment["type"] == "private"
    assert comment["message"] == "Результат разговора с клиентом:<br>Дозвонилась &lt;ок&gt;,<br>ждёт мастера"
    calls = [contact for contact in store(site).contacts.of(review) if contact.channel == "call"]
    assert [(contact.note, contact.agent) for contact in calls] == [
        ("Дозвонилась <ок>,\nждёт мастера", "Анна Агентова")
    ]


def test_a_talk_that_cannot_be_kept_is_not_written_either_so_that_a_second_press_does_not_double_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, url = site.ticket(FIRST + 1)["comments"], f"{site.address}{site.widget(FIRST + 1)}/case/call"

    def away(ticket_id: str) -> None:
        raise StoreUnavailable("away")

    monkeypatch.setattr(store(site).links, "of_ticket", away)
    assert httpx.post(url, data={"note": "Дозвонилась.", "agent": ANNA}, timeout=PATIENCE).status_code == 503
    assert site.ticket(FIRST + 1)["comments"] == before


def test_other_tickets_of_the_client_are_shown_never_those_of_a_robot(site: Site) -> None:
    around = (
        said(section(site, FIRST + 1, ""))
        and httpx.get(f"{site.address}{site.widget(FIRST + 1)}/case/around", timeout=PATIENCE).text
    )
    assert str(FIRST + 3) in around
    assert str(FIRST + 2) not in around
    assert str(FIRST) not in re.sub(r"href=\"[^\"]*\"", "", around)
    robot = httpx.get(f"{site.address}{site.widget(FIRST)}/case/around", timeout=PATIENCE).text
    assert said(robot) == ""


def test_where_usedesk_is_away_the_section_is_shown_without_the_letters(site: Site) -> None:
    store(site).links.link(str(FIRST + 1), answered(site), "code")
    path = site.widget(FIRST + 1)
    site.rest.knobs.faults = ["500"] * 9
    shown = httpx.get(f"{site.address}{path}/case", timeout=PATIENCE)
    assert "Связано" in said(shown.text)
    assert "не загрузились" in said(httpx.get(f"{site.address}{path}/case/around", timeout=PATIENCE).text)


def test_every_letter_of_the_client_is_one_contact(site: Site) -> None:
    review = answered(site)
    store(site).links.link(str(FIRST + 1), review, "code")
    for _ in range(2):
        site.made(FIRST + 1)
    assert until(lambda: len([one for one in store(site).contacts.of(review) if one.direction == "in"]) == 1)


def test_the_plain_block_says_where_the_case_stands(site: Site) -> None:
    assert site.service.usedesk
    store(site).links.link(str(FIRST + 1), answered(site), "code")
    block = site.service.usedesk.block
    brief = block.case(site.made(FIRST + 1)) if block.case else ()
    assert brief[0].startswith("Клиент пишет по отзыву: 1★, 2ГИС")
    assert brief[-1] == "Дальше: данные есть: передайте вопрос в отдел."
    assert "Обращение клиента" in block.view.suggestion(site.made(FIRST + 1), case=brief)
    assert block.case
    assert block.case(site.made(FIRST)) == (f"Клиент написал: тикет {FIRST + 1}.", *brief[1:])
