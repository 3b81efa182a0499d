"""The adapter against a real HTTP server, with LiteLLM as it is: answers, failures, fallbacks, breakers, sockets."""

from __future__ import annotations

import json
import logging
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from suggest.breaker import Breaker, State
from suggest.domain import ModelFailed, Why
from suggest.llm import Endpoint, LiteLLM, Price
from suggest.llm.errors import MEANING, why
from suggest.model.questions import Deadline, Question
from tests import model_server as server
from tests.fakes import PATIENCE
from tests.model_server import ModelServer, model_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

SCHEMA = {
    "type": "object",
    "properties": {"greeting": {"type": "string", "enum": ["hello", "good-day"]}},
    "required": ["greeting"],
    "additionalProperties": False,
}
QUESTION = Question("choose", "choose@1", "Выбери фразу, секрет-системы.", "Отзыв: секрет-отзыва", SCHEMA)


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server() as running:
        yield running


def an_llm(model: ModelServer, *names: str, **options: Any) -> LiteLLM:
    return LiteLLM([Endpoint(f"openai/{name}", model.url, "the-key") for name in names or ("one",)], **options)


def asked(llm: LiteLLM, seconds: float = PATIENCE) -> Any:
    return llm.ask(QUESTION, Deadline.after(seconds))


@pytest.fixture(scope="module", autouse=True)
def warm() -> None:
    LiteLLM([Endpoint("openai/x", "http://127.0.0.1:1/v1")]).warm()


def test_an_answer_comes_with_its_model_and_what_it_took(model: ModelServer) -> None:
    answer = asked(an_llm(model, price=Price(200, 400)))
    assert answer.values == {"greeting": "good-day"}
    assert answer.model == "openai/one"
    assert (answer.usage.calls, answer.usage.tokens_in, answer.usage.tokens_out) == (1, 1000, 50)
    assert answer.usage.cost == pytest.approx(0.22)
    assert answer.usage.latency_ms > 0


def test_the_messages_are_sent_as_they_are(model: ModelServer) -> None:
    asked(an_llm(model))
    assert model.bodies[0]["messages"] == QUESTION.messages
    assert model.bodies[0]["temperature"] == 0
    assert model.bodies[0]["response_format"]["json_schema"] == {"name": "choose", "strict": True, "schema": SCHEMA}
    assert model.keys == ["Bearer the-key"]


@pytest.mark.parametrize("form", ["json_schema", "json_object", "tools", "text"])
@pytest.mark.parametrize("refusal", [400, 422, 500])
def test_the_ladder_goes_down_to_the_form_that_works_and_remembers_it(
    model: ModelServer, form: str, refusal: int
) -> None:
    model.behaviour = server.knows_only(form, otherwise=refusal)
    llm = an_llm(model)
    assert asked(llm).values == {"greeting": "good-day"}
    first = len(model.bodies)
    assert asked(llm).values == {"greeting": "good-day"}
    assert [server.form_of(body) for body in model.bodies[first:]] == [form]


def test_prose_in_one_form_is_tried_in_the_next(model: ModelServer) -> None:
    def prose_without_tools(exchange: server.Exchange) -> None:
        (server.chooses() if exchange.body.get("tools") else server.says("Я выбрал бы приветствие."))(exchange)

    model.behaviour = prose_without_tools
    assert asked(an_llm(model)).values == {"greeting": "good-day"}


def test_a_fenced_object_is_read_and_nothing_around_it(model: ModelServer) -> None:
    model.behaviour = server.says('```json\n{"greeting": "hello"}\n```')
    assert asked(an_llm(model)).values == {"greeting": "hello"}
    model.behaviour = server.says('Вот ответ: {"greeting": "hello"}')
    with pytest.raises(ModelFailed):
        asked(an_llm(model))


FAILURES = {
    "prose": (server.says("Здравствуйте! Нам очень жаль."), Why.GARBLED),
    "nothing": (server.says(""), Why.GARBLED),
    "null": (server.says(None), Why.GARBLED),
    "a list": (server.says("[1]"), Why.GARBLED),
    "another object": (server.says('{"answer": 1}'), Why.GARBLED),
    "half a JSON": (server.half_a_json, Why.GARBLED),
    "duplicate keys": (server.duplicate_keys, Why.GARBLED),
    "nested too deep": (server.says("[" * 9_000 + "]" * 9_000), Why.GARBLED),
    "too long": (server.says('{"greeting": "' + "x" * 30_000 + '"}'), Why.GARBLED),
    "200 with an error": (server.error_in_200, None),
    "200 with HTML": (lambda exchange: exchange.sends(200, b"<html>busy</html>"), None),
    "200 without choices": (lambda exchange: exchange.sends(200, {"choices": []}), None),
    "401": (server.fails(401), Why.DENIED),
    "403": (server.fails(403), Why.DENIED),
    "404": (server.fails(404), Why.REFUSED),
    "429": (server.fails(429, {"Retry-After": "60"}), Why.LIMITED),
    "500": (server.fails(500), Why.AWAY),
    "503": (server.fails(503), Why.AWAY),
    "a hang": (server.hangs, Why.TIMEOUT),
    "a slow drip": (server.drips, Why.TIMEOUT),
    "a reset": (server.resets, Why.AWAY),
    "an enormous answer": (server.enormous, Why.AWAY),
    "a redirect": (lambda exchange: exchange.sends(307, {}, {"Location": "http://127.0.0.1:9/v1"}), None),
}


HANGING = {"a hang", "a slow drip"}
"""What nothing ends but the deadline; everything else is answered long before it, however busy the machine is."""


@pytest.mark.parametrize("kind", FAILURES)
def test_whatever_goes_wrong_is_one_error_within_the_deadline(model: ModelServer, kind: str) -> None:
    model.behaviour, expected = FAILURES[kind]
    with pytest.raises(ModelFailed) as failure:
        asked(an_llm(model), 1.0 if kind in HANGING else PATIENCE)
    assert expected in {None, failure.value.why}
    never_arrived = failure.value.calls - len(model.bodies)
    assert never_arrived in ({0, 1} if kind in HANGING else {0})


def test_a_server_that_is_not_there_is_away() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        llm = LiteLLM([Endpoint("openai/one", f"http://127.0.0.1:{closed.getsockname()[1]}/v1")])
    with pytest.raises(ModelFailed) as failure:
        asked(llm)
    assert failure.value.why is Why.AWAY


def test_an_enormous_answer_takes_no_memory(model: ModelServer) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    model.behaviour = server.enormous
    with pytest.raises(ModelFailed):
        asked(an_llm(model))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


@pytest.mark.parametrize("kind", ["401", "429", "500", "a reset", "prose", "a hang", "a slow drip", "half a JSON"])
def test_the_fallback_answers_when_the_first_model_fails(model: ModelServer, kind: str) -> None:
    model.models["one"] = FAILURES[kind][0]
    llm = an_llm(model, "one", "two")
    for _ in range(2):
        assert asked(llm, 10.0 if kind in HANGING else PATIENCE).model == "openai/two"


def test_a_fallback_behind_a_known_model_is_asked_by_the_router(model: ModelServer) -> None:
    llm = an_llm(model, "one", "two")
    assert asked(llm).model == "openai/one"
    model.models["one"] = server.hangs
    model.models["two"] = server.knows_only("json_schema")
    assert asked(llm, 10.0).model == "openai/two"
    assert model.asked == ["one", "one", "two"]


def test_each_model_is_asked_in_its_own_form(model: ModelServer) -> None:
    llm = an_llm(model, "one", "two")
    model.models["two"] = server.knows_only("tools")
    asked(llm)
    model.models["one"] = server.fails(500)
    assert asked(llm).model == "openai/two"
    assert asked(llm).model == "openai/two"
    forms = [server.form_of(body) for body in model.bodies if body["model"] == "two"]
    assert forms == ["json_schema", "json_object", "tools", "tools"]


def test_all_tries_together_keep_one_deadline(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    model.behaviour = server.hangs
    llm, given = an_llm(model, "one", "two", "three"), []
    llm.warm()
    complete = llm.router.acompletion

    async def noted(**request: Any) -> Any:
        given.append(request["timeout"])
        return await complete(**request)

    monkeypatch.setattr(llm.router, "acompletion", noted)
    with pytest.raises(ModelFailed) as failure:
        asked(llm, 3.0)
    assert failure.value.why is Why.TIMEOUT
    assert given
    assert sum(given) < 3.0 + 3 * 0.05, "the shortest that a try is given is 0.05"


def test_the_breaker_stops_asking_and_tries_again(model: ModelServer) -> None:
    now = [0.0]
    llm = an_llm(model, breaker=lambda: Breaker(threshold=2, rest=30, clock=lambda: now[0]))
    model.behaviour = server.fails(401)
    for _ in range(2):
        with pytest.raises(ModelFailed):
            asked(llm)
    before = len(model.bodies)
    with pytest.raises(ModelFailed) as failure:
        asked(llm)
    assert failure.value.why is Why.RESTING
    assert len(model.bodies) == before
    now[0], model.behaviour = 31.0, server.chooses()
    assert asked(llm).model == "openai/one"
    assert llm.breakers["openai/one"].state is State.CLOSED


def test_a_breaker_that_never_opens_would_ask_on(model: ModelServer) -> None:
    """The negative control of the test above."""
    llm = an_llm(model, breaker=lambda: Breaker(threshold=10**6))
    model.behaviour = server.fails(401)
    for _ in range(5):
        with pytest.raises(ModelFailed):
            asked(llm)
    assert len(model.bodies) == 5


def test_retry_after_opens_the_breaker_at_once(model: ModelServer) -> None:
    model.behaviour = server.fails(429, {"Retry-After": "40"})
    llm = an_llm(model)
    for expected in (Why.LIMITED, Why.RESTING):
        with pytest.raises(ModelFailed) as failure:
            asked(llm)
        assert failure.value.why is expected
    assert len(model.bodies) == 1


def test_a_dead_first_model_is_not_asked_each_time(model: ModelServer) -> None:
    llm = an_llm(model, "one", "two", breaker=lambda: Breaker(threshold=2, clock=lambda: 0.0))
    model.models["one"] = server.fails(500)
    for _ in range(6):
        asked(llm)
    assert model.asked[-3:] == ["two", "two", "two"]


def test_many_threads_ask_at_once(model: ModelServer) -> None:
    llm = an_llm(model)
    asked(llm)

    def chooses_in_company(exchange: server.Exchange) -> None:
        model.together(5)
        server.chooses()(exchange)

    model.behaviour = chooses_in_company
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: asked(llm, 2 * PATIENCE), range(16)))
    assert all(answer.values == {"greeting": "good-day"} for answer in answers)
    assert model.most >= 5


def test_nothing_else_is_called(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every socket of the process is watched while questions are asked, well and badly."""
    seen: list[Any] = []
    connect = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> Any:
        seen.append(address)
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    looked_up: list[Any] = []
    resolve = socket.getaddrinfo

    def watched_lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        looked_up.append(host)
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", watched_lookup)
    for behaviour in (server.chooses(), server.fails(500), server.says("prose")):
        model.behaviour = behaviour
        try:
            asked(an_llm(model))
        except ModelFailed:
            continue
    port = int(model.url.rsplit(":", 1)[1].split("/")[0])
    assert {address for address in seen if isinstance(address, tuple)} <= {("127.0.0.1", port)}
    assert set(looked_up) <= {"127.0.0.1"}


WATCHING = """
import socket, sys
def forbidden(*args, **kwargs):
    raise SystemExit(f"a socket was opened: {args[1:]}")
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = forbidden
from suggest.llm import Endpoint, LiteLLM
LiteLLM([Endpoint("openai/x", "http://127.0.0.1:1/v1")]).warm()
assert "litellm" in sys.modules
"""


def test_importing_litellm_opens_no_socket() -> None:
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", WATCHING], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_walk_and_the_model_side_load_no_litellm() -> None:
    code = (
        "import sys, suggest.pipeline\n"
        "assert not {'litellm', 'suggest.llm', 'suggest.model', 'jinja2', 'fastapi', 'sqlalchemy'} & set(sys.modules)\n"
        "import suggest.bootstrap_model\n"
        "assert 'litellm' not in sys.modules and 'openai' not in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_no_text_gets_into_the_logs(
    model: ModelServer, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for behaviour in (server.chooses(), server.says("секрет-ответа"), server.fails(500), server.fails(400)):
        model.behaviour = behaviour
        try:
            asked(an_llm(model))
        except ModelFailed as error:
            logging.getLogger("suggest").warning("%s", error)
    out, err = capfd.readouterr()
    written = caplog.text + out + err
    assert "suggest" in written
    for secret in ("секрет-системы", "секрет-отзыва", "секрет-ответа", "the-key", json.dumps("секрет-отзыва")[1:-1]):
        assert secret not in written


def test_every_error_of_litellm_has_a_meaning() -> None:
    import litellm.exceptions as theirs

    kinds = [kind for kind in vars(theirs).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert len(kinds) > 25
    for kind in kinds:
        assert {ancestor.__name__ for ancestor in kind.__mro__} & MEANING.keys(), kind
        assert isinstance(why(kind.__new__(kind)), Why)


def test_an_error_nobody_foresaw_is_still_ours(model: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    llm = an_llm(model)
    llm.warm()
    monkeypatch.setattr(llm.router, "acompletion", None)
    with pytest.raises(ModelFailed) as failure:
        asked(llm)
    assert failure.value.why is Why.AWAY
