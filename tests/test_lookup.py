"""The company's own system is asked whether it knows a client: politely, rarely, and without harm where it fails."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import httpx
import pytest

from suggest.demo.tickets import Sample, notification
from suggest.lookup import Asked, Known, Lookup, LookupFailed, asked_of
from suggest.usedesk.preparing import Preparer
from tests.fakes import PATIENCE
from tests.widget_fakes import FIRST, a_site

PHONE = "8 900 123-45-67"
ASKED = Asked(("m@client.example",), (PHONE,), ("7744551",))


class System:
    """A company's system that answers what it is told to."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.now = 0.0

    def lookup(self, key: str = "") -> Lookup:
        return Lookup("http://crm.example/find", key, httpx.MockTransport(self._answer), lambda: self.now)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def known(**body: object) -> httpx.Response:
    return httpx.Response(200, json=body)


def test_it_asks_as_documented_and_reads_no_more_than_it_needs() -> None:
    system = System(known(known=True, name="Мария", address="секрет"))
    assert system.lookup("key-1").ask(ASKED) == Known(known=True, name="Мария")
    (request,) = system.requests
    assert request.headers["authorization"] == "Bearer key-1"
    assert json.loads(request.content) == {"emails": ["m@client.example"], "phones": [PHONE], "orders": ["7744551"]}


@pytest.mark.parametrize("answer", [httpx.Response(404), known(known=False)])
def test_not_found_is_an_answer(answer: httpx.Response) -> None:
    assert not System(answer).lookup().ask(ASKED).known


def test_the_same_question_is_asked_once_in_ten_minutes() -> None:
    system = System(known(known=True))
    lookup = system.lookup()
    for _ in range(3):
        lookup.ask(ASKED)
    assert len(system.requests) == 1
    lookup.ask(Asked(phones=("другой",)))
    system.now = 601
    lookup.ask(ASKED)
    assert len(system.requests) == 3


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500),
        httpx.Response(401),
        httpx.Response(200, text="<html>"),
        known(name="Мария"),
        known(known="может быть"),
        httpx.ConnectError("m@client.example"),
        httpx.ReadTimeout("slow"),
    ],
)
def test_a_failure_is_told_without_anything_personal_and_nobody_waits_again(
    answer: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    system = System(answer)
    lookup = system.lookup()
    with caplog.at_level(logging.DEBUG, "suggest"), pytest.raises(LookupFailed):
        lookup.ask(ASKED)
    told = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("suggest"))
    assert told
    assert not any(word in told for word in ("client.example", "900", "7744551"))
    with pytest.raises(LookupFailed):
        lookup.ask(Asked(phones=("другой",)))
    assert len(system.requests) == 1
    system.now = 31
    with pytest.raises(LookupFailed):
        lookup.ask(ASKED)
    assert len(system.requests) == 2


def test_nobody_is_asked_about_nothing() -> None:
    system = System(known(known=True))
    assert not system.lookup().ask(Asked()).known
    assert system.requests == []


def test_what_a_letter_holds_is_asked_about() -> None:
    asked = asked_of("m@client.example", ["Заказ № 7744551, телефон 8 900 123-45-67.", "Всё."])
    assert asked.emails == ("m@client.example",)
    assert asked.phones == (PHONE,)
    assert any("7744551" in order for order in asked.orders)
    assert not asked_of("", ["Плохо"])


def looking(preparer: Preparer, system: System) -> None:
    preparer.lookup = system.lookup()


def test_a_client_who_is_known_is_greeted_by_name_and_asked_for_nothing(tmp_path: Path) -> None:
    mail = Sample("Доставка", "Доставку ждали неделю. Телефон 8 900 123-45-67.", "M", "m@client.example")
    with a_site(tmp_path, mail, notification("2gis", 1, "Мария", "Доставка сорвана, заказ 7744551.")) as site:
        assert site.service.usedesk
        system = System(known(known=True, name="Мария"))
        looking(site.service.usedesk.preparer, system)
        made = site.made(FIRST)
        assert (made.review.client.known, made.review.client.name) == (True, "Мария")
        assert "Мария" in made.segments[0].text
        assert "identification" not in {segment.slot for segment in made.segments}
        site.made(FIRST + 1)
        assert len(system.requests) == 1
        shown = httpx.get(f"{site.address}{site.widget(FIRST)}/case/around", timeout=PATIENCE).text
        assert "Клиент есть в системе компании: Мария." in shown


def test_where_the_system_is_away_the_suggestion_comes_and_the_agent_is_told(tmp_path: Path) -> None:
    mail = Sample("Доставка", "Доставку ждали неделю.", "Мария", "m@client.example")
    with a_site(tmp_path, mail) as site:
        assert site.service.usedesk
        looking(site.service.usedesk.preparer, System(httpx.ConnectError("away")))
        made = site.made(FIRST)
        assert not made.review.client.known
        assert made.text
        shown = httpx.get(f"{site.address}{site.widget(FIRST)}/case/around", timeout=PATIENCE).text
        assert "Система компании не ответила: проверьте клиента вручную." in shown
