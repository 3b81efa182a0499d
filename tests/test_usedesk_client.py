"""The client against the stand-in over a real loopback server, and its pace on a clock of its own."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from suggest.demo.account import CATEGORY, SUBCATEGORY, TOKEN
from suggest.demo.rest import Knobs
from suggest.demo.state import FIRST_TICKET
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.errors import (
    UsedeskBusy,
    UsedeskDenied,
    UsedeskError,
    UsedeskGarbled,
    UsedeskNotFound,
    UsedeskRefused,
    UsedeskUnreachable,
    UsedeskUnset,
)
from suggest.usedesk.throttle import Throttle
from suggest.web.agents import Agents
from tests.usedesk_fakes import COMPLAINT, Standin, a_client, standin

USER = 501


@pytest.fixture
def there() -> Iterator[Standin]:
    with standin(COMPLAINT) as running:
        yield running


@pytest.fixture
def client(there: Standin) -> Iterator[UsedeskClient]:
    made = a_client(there.url)
    yield made
    made.close()


@pytest.fixture
def number(there: Standin) -> int:
    return int(there.helpdesk.tickets()[0]["id"])


def test_a_ticket_is_typed(client: UsedeskClient, number: int) -> None:
    ticket = client.ticket(number)
    assert (ticket.id, ticket.status, ticket.priority, ticket.contact) == (number, 8, "low", "noreply@2gis.ru")
    assert ticket.opening is not None
    assert "курьер так и не приехал" in ticket.opening.html


def test_what_is_written_is_there(client: UsedeskClient, number: int) -> None:
    assert client.comment(number, "Ответ предоставлен", USER) > 0
    lists = [{"id": CATEGORY, "value": "1001"}, {"id": SUBCATEGORY, "value": "1101"}]
    client.update(number, USER, {"status": 2, "priority": "medium", "tag": "store, safety", "lists": lists})
    ticket = client.fields().named(client.ticket(number))
    assert (ticket.status, ticket.priority, ticket.tags) == (2, "medium", ("store", "safety"))
    assert {value.name: value.value for value in ticket.fields} == {"Категория": "Прочее", "Подкатегория": "Рассылка"}
    assert [(message.by_client, message.public) for message in ticket.messages] == [(True, True), (False, False)]


def test_a_ticket_is_opened(client: UsedeskClient) -> None:
    opened = client.create("Просим проверить", "<p>Отзыв</p>", {"client_email": "store@company.example"})
    assert client.ticket(opened).subject == "Просим проверить"


def test_lists(client: UsedeskClient, there: Standin, number: int) -> None:
    assert [row.id for row in client.tickets()] == [number]
    assert client.tickets(updated_after="2999-01-01 00:00:00") == ()
    assert [user.id for user in client.users()] == [501, 502]
    assert "safety" in client.tags()
    pair = client.fields().pair("прочее", "Рассылка")
    assert pair is not None
    assert [(field.id, option.id) for field, option in pair] == [(CATEGORY, 1001), (SUBCATEGORY, 1101)]
    assert client.fields().pair("Заявка", "Рассылка") is None


def test_pages_are_walked_by_offset(client: UsedeskClient, there: Standin) -> None:
    for _ in range(120):
        there.helpdesk.receive(COMPLAINT)
    pages = [client.tickets(offset=offset) for offset in (0, 100, 200)]
    assert [len(page) for page in pages] == [100, 21, 0]
    assert len({row.id for page in pages for row in page}) == 121


@pytest.mark.parametrize(
    ("method", "facts", "kind"),
    [
        ("ticket", (1,), UsedeskNotFound),
        ("update", (1, USER, {}), UsedeskNotFound),
        ("comment", (FIRST_TICKET, "x", 999), UsedeskRefused),
        ("update", (FIRST_TICKET, USER, {"status": 77}), UsedeskRefused),
        ("update", (FIRST_TICKET, USER, {"lists": [{"id": SUBCATEGORY, "value": "1101"}]}), UsedeskRefused),
        ("create", ("", "", {}), UsedeskRefused),
    ],
)
def test_errors_inside_200(client: UsedeskClient, method: str, facts: tuple[object, ...], kind: type) -> None:
    with pytest.raises(kind):
        getattr(client, method)(*facts)


def test_a_wrong_token_is_denied(there: Standin, number: int) -> None:
    with closing(a_client(there.url, "a-wrong-token")) as stranger, pytest.raises(UsedeskDenied):
        stranger.ticket(number)


def test_no_token_asks_nothing(there: Standin) -> None:
    with closing(a_client(there.url, "")) as unset, pytest.raises(UsedeskUnset):
        unset.ticket(1)
    assert there.methods() == []


@pytest.mark.parametrize(("fault", "kind"), [("429", UsedeskBusy), ("500", UsedeskUnreachable)])
def test_an_agent_waits_for_one_retry(
    client: UsedeskClient, there: Standin, number: int, fault: str, kind: type[UsedeskError]
) -> None:
    there.rest.knobs = Knobs(faults=[fault])
    assert client.ticket(number, urgent=True).id == number
    there.rest.knobs = Knobs(faults=[fault] * 2)
    with pytest.raises(kind):
        client.ticket(number, urgent=True)


def test_the_rest_is_retried_longer(client: UsedeskClient, there: Standin, number: int) -> None:
    there.rest.knobs = Knobs(faults=["429", "500", "429"])
    assert client.ticket(number).id == number


def test_garbage_is_told_apart(client: UsedeskClient, there: Standin, number: int) -> None:
    there.rest.knobs = Knobs(faults=["garbage"])
    with pytest.raises(UsedeskGarbled):
        client.ticket(number)
    there.rest.knobs = Knobs(faults=["error"])
    with pytest.raises(UsedeskRefused):
        client.ticket(number)


def test_a_comment_is_never_written_twice(client: UsedeskClient, there: Standin, number: int) -> None:
    there.rest.knobs = Knobs(faults=["500"])
    with pytest.raises(UsedeskUnreachable):
        client.comment(number, "Ответ предоставлен", USER)
    there.rest.knobs = Knobs(faults=["429"])
    client.comment(number, "Ответ предоставлен", USER)
    assert there.methods().count("create/comment") == 3
    assert len(client.ticket(number).messages) == 2


def test_a_dead_server_is_unreachable() -> None:
    with closing(a_client("http://127.0.0.1:1")) as lost, pytest.raises(UsedeskUnreachable):
        lost.ticket(1, urgent=True)


@pytest.mark.parametrize("answer", [{"error": f"token {TOKEN} is bad"}, {"error": ["x", TOKEN]}, TOKEN, [TOKEN], None])
def test_the_token_is_never_seen(answer: object, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    client = a_client(
        "http://usedesk.example", transport=httpx.MockTransport(lambda _: httpx.Response(200, json=answer))
    )
    seen = [repr(client), str(client)]
    for act in (lambda: client.ticket(1), lambda: client.comment(1, "x", 1), lambda: client.users()):
        try:
            act()
        except UsedeskError as error:
            seen += [str(error), repr(error), "".join(traceback.format_exception(error))]
    assert TOKEN not in "\n".join([*seen, caplog.text])


def test_skew_is_measured(client: UsedeskClient) -> None:
    skew = client.skew()
    assert skew is not None
    assert abs(skew) < 30


class Time:
    """A clock that moves only when somebody sleeps."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


def test_two_unhurried_calls_a_second() -> None:
    time = Time()
    throttle = Throttle(2, time, time.sleep)
    starts = []
    for _ in range(7):
        throttle.wait()
        starts.append(time.at)
    assert starts == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0]


def test_an_agent_goes_first_and_pushes_the_rest_back() -> None:
    time = Time()
    throttle = Throttle(2, time, time.sleep)
    throttle.wait()
    throttle.wait(urgent=True)
    assert time.at == 0.0
    throttle.wait()
    assert time.at == 1.0


def test_what_an_agent_waits_for_is_not_queued_behind_the_rest() -> None:
    time = Time()
    throttle = Throttle(2, time, time.sleep)
    throttle.hold(30)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=[{"id": 1, "name": "Анна"}]))
    client = a_client("http://usedesk.example", transport=transport, throttle=throttle)
    assert [user.name for user in Agents(client).all()] == ["Анна"]
    client.tickets(urgent=True, client_id=7)
    assert time.at == 0.0
    client.users()
    assert time.at >= 30


def test_a_busy_server_is_left_alone() -> None:
    time = Time()
    throttle = Throttle(2, time, time.sleep)
    throttle.hold(30)
    throttle.wait(urgent=True)
    assert time.at == 0.0
    throttle.wait()
    assert time.at >= 30


def test_back_off_grows_and_honours_retry_after() -> None:
    slept: list[float] = []
    answers = iter([httpx.Response(503), httpx.Response(503), httpx.Response(429, headers={"Retry-After": "7"})])
    ok = httpx.Response(200, json=[])
    transport = httpx.MockTransport(lambda _: next(answers, ok))
    time = Time()
    throttle = Throttle(2, time, time.sleep)
    a_client("http://usedesk.example", transport=transport, sleep=slept.append, throttle=throttle).users()
    assert len(slept) == 3
    assert slept[0] < slept[1] < slept[2] == 7
