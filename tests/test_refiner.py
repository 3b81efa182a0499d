"""The model behind the agent's back: the first answer is there at once, the model's comes as an offer, or not at all."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from suggest.api import create_app
from suggest.bootstrap import Service
from suggest.bootstrap_model import Keeping, ModelSide
from suggest.budget import Budget, Limit
from suggest.choose import NOTHING
from suggest.desk import Desk, InMemory
from suggest.domain import ChosenBy, ModelFailed, Status, StoreUnavailable, Suggestion, Usage, Why
from suggest.metrics import Metrics
from suggest.model.guard import Guarded
from suggest.model.questions import Answer, Deadline, Question
from suggest.pipeline import now
from suggest.refiner import Refiner
from suggest.settings import Settings
from suggest.store.store import Store
from tests.fakes import PATIENCE, a_review, a_suggester, tell, the_bank
from tests.model_fakes import CountingMeter, FakeModel, an_adviser

REVIEW = {"id": "1", "platform": "2gis", "rating": 1, "text": "Доставку ждали неделю", "author": "Мария К."}


@dataclasses.dataclass
class Door:
    """A gate as a test wants it."""

    open: bool = True
    exhausted: bool = False


OPEN = Door()


class Gate:
    """A model that answers when it is let to."""

    def __init__(self) -> None:
        self.inner, self.open, self.asked = FakeModel(), threading.Event(), threading.Event()

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        self.asked.set()
        assert self.open.wait(PATIENCE)
        return self.inner.ask(question, deadline)


def a_refiner(model: Any, keeping: Keeping, watch: CountingMeter | None = None, **options: Any) -> Refiner:
    suggester = dataclasses.replace(a_suggester(clock=now), adviser=an_adviser(model))
    options = {"gate": OPEN, "watch": watch or CountingMeter(), **options}
    return Refiner(suggester, keeping.suggestions, keeping.history, keeping.decided, **options)


@dataclasses.dataclass
class Bench:
    desk: Desk
    kept: InMemory
    watch: CountingMeter
    refiner: Refiner


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def build(model: Any, **options: Any) -> Bench:
        kept, watch = InMemory(), CountingMeter()
        keeping = Keeping(kept, **{name: options.pop(name) for name in ("history", "decided") if name in options})
        refiner = a_refiner(model, keeping, watch, **options)
        made.append(Bench(Desk(a_suggester(), kept, refiner=refiner), kept, watch, refiner))
        return made[-1]

    yield build
    for one in made:
        one.refiner.close()


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)
    return value


def second(bench: Bench, made: Suggestion) -> Suggestion:
    until(lambda: bench.kept.newest(made.id) == 2)
    newest = bench.kept.get(made.id)
    assert newest
    return newest


def test_the_first_answer_is_there_at_once_and_the_models_comes_later(bench: Callable[..., Bench]) -> None:
    gate = Gate()
    at = bench(gate)
    first = at.desk.receive(a_review())
    assert (first.revision, first.chosen_by) == (1, ChosenBy.ROTATION)
    assert gate.asked.wait(PATIENCE)
    assert at.desk.receive(a_review()) == first
    gate.open.set()
    later = second(at, first)
    assert (later.revision, later.chosen_by) == (2, ChosenBy.MODEL)
    assert later.provenance.model == "openai/fake"
    assert later.review == first.review
    assert at.kept.get(first.id, 1) == first
    assert at.desk.receive(a_review()) == later
    until(lambda: at.watch.outcomes == ["revised"])


def test_an_unsure_review_is_asked_about_and_an_out_of_scope_one_is_not(bench: Callable[..., Bench]) -> None:
    at = bench(FakeModel())
    made = at.desk.receive(a_review(text="Ну и ну"))
    assert made.status is Status.ABSTAINED
    assert second(at, made).status is Status.ABSTAINED  # the fake model says "none", the last of the list
    assert made.match
    outside = made.match.model_copy(
        update={"reasons": (made.match.reasons[0].model_copy(update={"code": "out_of_scope"}),)}
    )
    idle = bench(FakeModel(), workers=0).refiner
    idle.offer(made.model_copy(update={"match": outside}))
    assert idle.waiting == 0
    idle.offer(made)
    assert idle.waiting == 1


@pytest.mark.parametrize("why", list(Why))
def test_a_model_that_does_not_answer_makes_no_revision(bench: Callable[..., Bench], why: Why) -> None:
    at = bench(FakeModel(lambda question: why))
    made = at.desk.receive(a_review())
    until(lambda: at.watch.outcomes == ["no_answer"])
    assert at.kept.newest(made.id) == 1


def test_what_an_agent_has_decided_is_left_alone(bench: Callable[..., Bench]) -> None:
    gate, decided = Gate(), set[str]()
    at = bench(gate, decided=lambda id_: id_ in decided)
    made = at.desk.receive(a_review())
    assert gate.asked.wait(PATIENCE)
    decided.add(made.id)
    gate.open.set()
    until(lambda: at.watch.outcomes == ["stale"])
    assert at.kept.newest(made.id) == 1


def test_a_revision_that_came_meanwhile_wins(bench: Callable[..., Bench]) -> None:
    gate = Gate()
    at = bench(gate, workers=1)
    first = at.desk.receive(a_review())
    assert gate.asked.wait(PATIENCE)
    changed = at.desk.receive(a_review(rating=2))
    gate.open.set()
    until(lambda: at.watch.outcomes == ["stale", "revised"])
    newest = at.kept.get(first.id)
    assert newest
    assert (newest.revision, newest.review) == (3, changed.review)
    assert "review_changed" in {reason.code for reason in newest.triage.reasons}


def test_a_full_queue_drops_and_counts_and_nobody_waits(bench: Callable[..., Bench]) -> None:
    gate = Gate()
    at = bench(gate, workers=1, room=2)
    at.desk.receive(a_review())
    assert gate.asked.wait(PATIENCE)
    for number in range(5):
        assert at.desk.receive(a_review(id=f"more-{number}")).revision == 1
    assert at.watch.outcomes == ["dropped"] * 3
    assert at.refiner.waiting == 2
    gate.open.set()


def test_a_broken_thing_stops_no_worker(bench: Callable[..., Bench]) -> None:
    calls = iter([StoreUnavailable("away"), ValueError("секрет")])

    def history(_: Suggestion) -> Any:
        for error in calls:
            raise error
        return NOTHING

    at = bench(FakeModel(), workers=1, history=history)
    for number in range(3):
        at.desk.receive(a_review(id=str(number)))
    until(lambda: at.watch.outcomes == ["unsaved", "broken", "revised"])


def test_a_spent_budget_is_a_visible_notice(bench: Callable[..., Bench]) -> None:
    model = FakeModel()
    at = bench(model, gate=Door(open=False, exhausted=True))
    made = at.desk.receive(a_review())
    until(lambda: at.watch.outcomes == ["not_asked"])
    assert model.questions == []
    assert made.chosen_by is ChosenBy.ROTATION
    assert [reason.text for reason in made.triage.reasons if reason.code == "model_budget"] == [
        "Дневной лимит обращений к модели исчерпан: до завтра фразы выбираются без неё."
    ]


def test_while_every_model_rests_nothing_is_done(bench: Callable[..., Bench]) -> None:
    model = FakeModel()
    at = bench(model, gate=Door(open=False))
    made = at.desk.receive(a_review())
    until(lambda: at.watch.outcomes == ["not_asked"])
    assert model.questions == []
    assert "model_budget" not in {reason.code for reason in made.triage.reasons}


def test_closing_leaves_no_thread(bench: Callable[..., Bench]) -> None:
    before = {thread for thread in threading.enumerate() if thread.name.startswith("suggest-refiner")}
    at = bench(FakeModel())
    at.refiner.close()
    until(lambda: {t for t in threading.enumerate() if t.name.startswith("suggest-refiner")} <= before)


# The guard before the model


class Slow:
    """A model that answers two questions at a time, each when the other is there."""

    def __init__(self) -> None:
        self.now, self.most, self.lock = 0, 0, threading.Lock()
        self.together = threading.Barrier(2)

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.together.wait(PATIENCE)
        time.sleep(0.05)
        with self.lock:
            self.now -= 1
        return Answer({"a": "b"}, "m", Usage(calls=1))


QUESTION = Question("tone", "tone@1", "s", "u", {"properties": {"a": {}}})


def a_guard(model: Any, folder: Path, limit: str = "", **options: Any) -> Guarded:
    meter = options.pop("meter", CountingMeter())
    return Guarded(model, Budget(Limit.read(limit), folder / "b.json", lambda: now().date()), meter, **options)


def test_only_so_many_questions_are_under_way_together(tmp_path: Path) -> None:
    slow = Slow()
    guard = a_guard(slow, tmp_path, at_once=2)
    threads = [threading.Thread(target=guard.ask, args=(QUESTION, Deadline.after(PATIENCE))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert slow.most == 2


def test_who_finds_no_place_before_the_deadline_is_told_so(tmp_path: Path) -> None:
    gate = Gate()
    guard = a_guard(gate, tmp_path, at_once=1)
    first = threading.Thread(target=guard.ask, args=(QUESTION, Deadline.after(PATIENCE)))
    first.start()
    assert gate.asked.wait(PATIENCE)
    with pytest.raises(ModelFailed) as failure:
        guard.ask(QUESTION, Deadline.after(0.05))
    assert failure.value.why is Why.BUSY
    gate.open.set()
    first.join()


def test_the_budget_stops_the_asking_and_failures_count(tmp_path: Path) -> None:
    meter, model = CountingMeter(), FakeModel(lambda question: Why.GARBLED)
    guard = a_guard(model, tmp_path, "2 calls", meter=meter)
    for expected in (Why.GARBLED, Why.GARBLED, Why.SPENT, Why.SPENT):
        with pytest.raises(ModelFailed) as failure:
            guard.ask(QUESTION, Deadline.after(PATIENCE))
        assert failure.value.why is expected
    assert len(model.questions) == 2
    assert meter.calls == [("tone", why) for why in ("garbled", "garbled", "spent", "spent")]


# Over HTTP


def a_side(model: Any, keeping: Keeping, watch: Any = None) -> ModelSide:
    return ModelSide(an_adviser(model), a_refiner(model, keeping, watch))


@pytest.fixture
def served_with() -> Iterator[Callable[..., TestClient]]:
    opened: list[TestClient] = []

    def serve(model: Any | None, **settings: Any) -> TestClient:
        kept, metrics = InMemory(), Metrics()
        side = a_side(model, Keeping(kept), metrics) if model else None
        desk = Desk(a_suggester(), kept, refiner=side.refiner if side else None)
        service = Service(Settings(**settings), the_bank(), desk, model=side, metrics=metrics)
        opened.append(TestClient(create_app(service)))
        opened[-1].__enter__()
        return opened[-1]

    yield serve
    for client in opened:
        client.__exit__(None, None, None)


def test_waiting_over_http_gets_the_models_revision(served_with: Callable[..., TestClient]) -> None:
    gate = Gate()
    client = served_with(gate)
    first = client.post("/v1/suggestions", json=REVIEW).json()
    assert (first["revision"], first["chosen_by"]) == (1, "rotation")
    threading.Timer(0.2, gate.open.set).start()
    later = client.get(f"/v1/suggestions/{first['id']}?revision=1&wait=30").json()
    assert (later["revision"], later["chosen_by"]) == (2, "model")
    assert {segment["chosen_by"] for segment in later["segments"]} == {"model"}
    assert later["provenance"]["usage"]["calls"] == 2
    assert later["text"] != first["text"]
    assert client.get(f"/v1/suggestions/{first['id']}?revision=1").json() == first


def test_a_check_asks_about_the_tone_only_where_it_is_wanted(served_with: Callable[..., TestClient]) -> None:
    model = FakeModel(lambda question: {"findings": [{"flag": "blame", "quote": "Вы сами"}]})
    client = served_with(model)
    body = {"text": "Вы сами это выбрали.", "review": REVIEW}
    assert model.questions == []
    plain = client.post("/v1/check", json=body).json()
    toned = client.post("/v1/check", json=body | {"tone": True}).json()
    assert [finding["rule"] for finding in toned["findings"]][: len(plain["findings"])] == [
        finding["rule"] for finding in plain["findings"]
    ]
    assert toned["findings"][-1]["rule"] == "tone-blame"
    assert toned["findings"][-1]["span"] == [0, 7]
    assert model.names == ["tone"]
    assert (
        client.post("/v1/check", json={"text": "Вы сами.", "tone": True}).json()["findings"][-1]["rule"] == "tone-blame"
    )


@pytest.mark.parametrize(("model", "code"), [(None, "model_off"), (FakeModel(lambda _: Why.TIMEOUT), "model_failed")])
def test_a_check_without_an_answer_says_so(served_with: Callable[..., TestClient], model: Any, code: str) -> None:
    answer = served_with(model).post("/v1/check", json={"text": "Здравствуйте!", "tone": True}).json()
    assert [notice["code"] for notice in answer["notices"]] == [code]


def test_metrics_show_counts_and_no_texts(served_with: Callable[..., TestClient]) -> None:
    client = served_with(FakeModel())
    made = client.post("/v1/suggestions", json=REVIEW).json()
    client.get(f"/v1/suggestions/{made['id']}?revision=1&wait=30")
    client.get("/nothing/Мария")
    until(lambda: 'outcome="revised"' in client.get("/metrics").text)
    shown = client.get("/metrics")
    assert shown.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'suggest_requests_total{method="POST",route="/v1/suggestions",status="200"} 1.0' in shown.text
    assert 'route="unknown",status="404"' in shown.text
    assert "suggest_request_seconds_bucket" in shown.text
    for text in ("Доставку", "Мария", made["id"]):
        assert text not in shown.text


def test_metrics_are_behind_the_key(served_with: Callable[..., TestClient]) -> None:
    client = served_with(None, api_keys="secret")
    assert client.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"Authorization": "Bearer secret"}).status_code == 200


# With the database


def stored(store: Store, model: Any) -> tuple[TestClient, Callable[[str], int | None]]:
    desk = Desk(a_suggester(clock=now), store.suggestions, store.records, store.histories)
    service = Service(Settings(), the_bank(), desk, store)

    def refine(suggestion_id: str) -> int | None:
        kept = store.suggestions.get(suggestion_id)
        assert kept
        fresh = dataclasses.replace(a_suggester(clock=now), adviser=an_adviser(model)).refine(kept)
        assert fresh
        store.suggestions.revise(fresh)
        return store.suggestions.newest(suggestion_id)

    return TestClient(create_app(service)), refine


def test_feedback_on_the_revision_an_agent_read_counts_beside_an_offer(store: Store) -> None:
    client, refine = stored(store, FakeModel())
    made = client.post("/v1/suggestions", json=REVIEW).json()
    assert refine(made["id"]) == 2
    told = tell(client, made, "copied", agent="Анна")
    assert told.status_code == 200
    assert (told.json()["revision"], told.json()["newest"]) == (1, 2)
    newest = client.get(f"/v1/suggestions/{made['id']}").json()
    assert tell(client, newest, "copied", agent="Анна").status_code == 200


def test_an_offer_leaves_a_decision_decided(store: Store) -> None:
    client, refine = stored(store, FakeModel())
    made = client.post("/v1/suggestions", json=REVIEW).json()
    tell(client, made, "copied")
    refine(made["id"])
    state = store.events.state(made["id"])
    assert state
    assert (state.outcome, state.revision) == ("copied", 2)


def test_feedback_on_a_revision_that_a_changed_review_made_stale_is_refused(store: Store) -> None:
    client, refine = stored(store, FakeModel())
    made = client.post("/v1/suggestions", json=REVIEW).json()
    refine(made["id"])
    client.post("/v1/suggestions", json=REVIEW | {"rating": 2})
    assert tell(client, made, "copied").status_code == 409


def test_overruling_beside_an_offer_makes_the_next_revision(store: Store) -> None:
    client, refine = stored(store, FakeModel())
    made = client.post("/v1/suggestions", json=REVIEW).json()
    refine(made["id"])
    told = tell(client, made, "overruled", scenario="store")
    assert told.status_code == 200
    newest = client.get(f"/v1/suggestions/{made['id']}").json()
    assert (newest["revision"], newest["match"]["scenario"], newest["match"]["by"]) == (3, "store", "agent")


def test_the_models_revision_comes_back_from_the_database_as_it_was(store: Store) -> None:
    client, refine = stored(store, FakeModel())
    made = client.post("/v1/suggestions", json=REVIEW).json()
    refine(made["id"])
    kept = store.suggestions.get(made["id"])
    assert kept
    assert kept.provenance.usage
    assert kept.provenance.usage.calls == 2
    assert kept.chosen_by is ChosenBy.MODEL
