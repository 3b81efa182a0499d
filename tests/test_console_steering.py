"""The console's pages for learning and steering: what they show, what a lead does there, and what an agent may not."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from suggest.desk import Desk
from suggest.domain import Suggestion
from suggest.feedback import Feedback
from suggest.store.store import Store
from tests.console_fakes import AGENT, LEAD, a_console, send, signed_in
from tests.fakes import Clock, a_review, a_suggester, the_bank
from tests.test_trends import fill

PAGES = ("/mend", "/mend/summary", "/scenarios", "/phrases", "/approval", "/approval/patch", "/quality", "/evaluation")
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEW = "Нам искренне жаль, что ожидание так затянулось."


@pytest.fixture
def app(store: Store, clock: Clock, tmp_path: Path) -> FastAPI:
    return a_console(store, clock, cache=str(tmp_path))


@pytest.fixture
def lead(app: FastAPI, clock: Clock) -> TestClient:
    """A lead on the day after what is filled in."""
    clock.at = NOW
    return signed_in(app)


@pytest.fixture
def desk(store: Store, clock: Clock) -> Desk:
    return Desk(a_suggester(clock), store.suggestions, store.records)


def text_of(client: TestClient, path: str) -> str:
    """What a page says, without its markup."""
    answer = client.get(f"/console{path}")
    assert answer.status_code == 200
    return " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())


def acts(store: Store) -> list[str]:
    return [line.what for line in store.audit.lines()]


def answered(desk: Desk, agent: str = AGENT, **changes: object) -> Suggestion:
    """A reply that an agent copied."""
    made = desk.receive(a_review(**changes))
    desk.feedback(made.id, Feedback(outcome="copied", revision=made.revision, agent=agent))
    return made


@pytest.mark.parametrize("path", PAGES)
def test_an_empty_store_has_every_page(lead: TestClient, path: str) -> None:
    assert lead.get(f"/console{path}").status_code == 200


@pytest.mark.parametrize("path", [*PAGES, "/quality/x"])
def test_an_agent_is_refused(app: FastAPI, path: str) -> None:
    assert signed_in(app, AGENT).get(f"/console{path}").status_code == 403


@pytest.mark.parametrize(
    "path", ["/phrases/empathy-very-sorry/withdraw", "/phrases/empathy-very-sorry/restore", "/approval/1/approve"]
)
def test_an_agent_changes_nothing(app: FastAPI, store: Store, path: str) -> None:
    assert send(signed_in(app, AGENT), f"/console{path}", why="потому что").status_code == 403
    assert store.phrases.withdrawn() == ()


def test_without_the_token_of_a_form_nothing_changes(lead: TestClient, store: Store) -> None:
    answer = lead.post("/console/phrases/empathy-very-sorry/withdraw", data={"why": "x"}, follow_redirects=False)
    assert (answer.status_code, store.phrases.withdrawn()) == (403, ())


def test_a_spike_is_shown_with_its_reviews_and_by_branch(lead: TestClient, desk: Desk, clock: Clock) -> None:
    for week in range(1, 6):
        fill(desk, clock, week * 7 + 1, 1)
    fill(desk, clock, 1, 9)
    fill(desk, clock, 2, 2, branch="Уфа", text="Верните деньги <script>alert(1)</script>")
    clock.at = NOW
    page = lead.get("/console/mend").text
    assert "<script>alert(1)" not in page
    shown = text_of(lead, "/mend")
    assert "Казань: доставка 9 жалоб за неделю, обычно 1,0" in shown
    assert a_review().text in shown
    assert shown.count("Уфа: ") == 0
    assert "За неделю 16–22 ноя — 11 жалоб." in shown
    assert "2 жалобы в филиале «Уфа»" in text_of(lead, "/mend?branch=Уфа")
    assert "Всплесков нет." in text_of(lead, "/mend?until=2026-11-14")


def test_the_summary_is_one_file_and_covers_what_is_personal(lead: TestClient, desk: Desk, clock: Clock) -> None:
    for week in range(1, 6):
        fill(desk, clock, week * 7 + 1, 1)
    fill(desk, clock, 1, 9, text="Доставку жду, звоните +7 900 123-45-67, Иван Петров")
    clock.at = NOW
    answer = lead.get("/console/mend/summary")
    assert "attachment" in answer.headers["content-disposition"]
    assert "всплесков: 1" in answer.text
    assert "123-45-67" not in answer.text
    assert "<link" not in answer.text
    assert "src=" not in answer.text


@pytest.mark.parametrize("query", ["until=", "until=2026-02-28", "branch=%00"])
def test_odd_questions_are_answered(lead: TestClient, query: str) -> None:
    assert lead.get(f"/console/mend?{query}").status_code == 200


@pytest.mark.parametrize("query", ["until=never", "until=0001-01-01", "until=9999-12-31"])
def test_days_that_are_none_are_refused_in_russian(lead: TestClient, query: str) -> None:
    answer = lead.get(f"/console/mend?{query}")
    assert (answer.status_code, "Запрос не понят" in answer.text) == (422, True)


def test_scenarios_tell_acceptance_and_what_was_overruled(lead: TestClient, desk: Desk, clock: Clock) -> None:
    made = fill(desk, clock, 1, 3)
    for one, outcome in zip(made, ["copied", "rejected", "shown"], strict=True):
        desk.feedback(one, Feedback(outcome=outcome, revision=1))
    (other,) = fill(desk, clock, 2, 1, text="Верните деньги")
    desk.feedback(other, Feedback(outcome="overruled", revision=1, scenario="store"))
    clock.at = NOW
    shown = text_of(lead, "/scenarios?span=4")
    assert "Доставка 3 3 33 % 6 %…79 %, 3 0 1 0" in shown.replace("\u00a0", " ")
    assert "Возврат и обмен Фирменный магазин 1" in shown


def test_a_phrase_is_withdrawn_with_a_reason_and_given_back(
    lead: TestClient, app: FastAPI, desk: Desk, store: Store
) -> None:
    phrase = answered(desk).segments[0].phrase_id
    assert "100 %" in text_of(lead, "/phrases").replace("\u00a0", " ")
    refused = send(lead, f"/console/phrases/{phrase}/withdraw", why=" ")
    assert (refused.status_code, store.phrases.withdrawn()) == (422, ())
    assert send(lead, f"/console/phrases/{phrase}/withdraw", why="звучит сухо").status_code == 303
    assert "звучит сухо" in text_of(lead, "/phrases?state=withdrawn")

    assert send(lead, f"/console/phrases/{phrase}/restore").status_code == 303
    assert store.phrases.withdrawn() == ()
    assert {"phrase_withdrawn", "phrase_restored"} <= set(acts(store))
    assert send(lead, "/console/phrases/no-such/withdraw", why="x").status_code == 404


def test_a_candidate_is_approved_and_comes_out_as_a_patch(lead: TestClient, desk: Desk, store: Store) -> None:
    for number in range(3):
        made = desk.receive(a_review(id=str(number)))
        old = next(segment.text for segment in made.segments if segment.slot == "empathy")
        desk.feedback(made.id, Feedback(outcome="edited", revision=1, text=made.text.replace(old, NEW)))
    review = desk.receive(a_review(id="x", text="Курьер не приехал, звоните +7 900 123-45-67"))
    desk.feedback(review.id, Feedback(outcome="overruled", revision=1, scenario="refund"))
    shown = text_of(lead, "/approval")
    assert NEW in shown
    assert "служба: Доставка → агент: Возврат и обмен" in shown
    phrase, exemplar = (one.id for one in store.candidates(the_bank()).queue())
    if store.candidates(the_bank()).queue()[0].kind == "exemplar":
        phrase, exemplar = exemplar, phrase
    refused = send(lead, f"/console/approval/{exemplar}/approve")
    assert (refused.status_code, "личные данные" in refused.text) == (422, True)
    assert send(lead, f"/console/approval/{exemplar}/approve", wording="Курьер не приехал").status_code == 303
    assert send(lead, f"/console/approval/{phrase}/approve").status_code == 303
    assert "не ждёт решения" in send(lead, f"/console/approval/{phrase}/decline").text
    diff = lead.get("/console/approval/patch")
    assert NEW in diff.text
    assert LEAD in diff.text
    assert "attachment" in diff.headers["content-disposition"]
    assert {"candidate_approved", "patch_taken"} <= set(acts(store))


def test_of_many_candidates_some_are_shown_and_the_rest_counted(lead: TestClient, desk: Desk) -> None:
    for number in range(33):
        made = desk.receive(a_review(id=str(number)))
        desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="refund"))
    assert "Показаны первые 30, за ними ещё 3." in text_of(lead, "/approval")


def test_a_reply_is_scored_and_the_checks_are_compared(
    lead: TestClient, desk: Desk, store: Store, clock: Clock
) -> None:
    clock.at = NOW - timedelta(days=1)
    made = answered(desk)
    clock.at = NOW
    assert AGENT in text_of(lead, "/quality")
    assert made.text.replace("\u00a0", " ")[:40] in text_of(lead, f"/quality/{made.id}").replace("\u00a0", " ")
    path, page = f"/console/quality/{made.id}", f"/console/quality/{made.id}"
    halfway = send(lead, path, page, tone="yes")
    assert (halfway.status_code, store.scores.of(made.id)) == (422, ())
    names = set(re.findall(r'type="radio" name="([a-z]+)"', lead.get(page).text))
    answers = dict.fromkeys(names, "yes") | {"greeting": "no", "thanks": "na"}
    assert send(lead, path, page, **answers).status_code == 303
    (kept,) = store.scores.of(made.id)
    assert (kept.by, kept.agent, kept.answers["greeting"], kept.checks["greeting"]) == (LEAD, AGENT, "no", "yes")
    shown = text_of(lead, "/quality")
    assert "Проверка пропустила 1, подняла зря 0" in shown
    assert "reply_scored" in acts(store)


def test_what_was_erased_or_never_published_is_not_scored(lead: TestClient, desk: Desk, store: Store) -> None:
    waiting = desk.receive(a_review())
    erased = answered(desk, id="other", text="Курьер опоздал, доставку ждали")
    store.retention.erase(suggestion_id=erased.id)
    assert lead.get(f"/console/quality/{erased.id}").status_code == 404
    names = re.findall(r'type="radio" name="([a-z]+)"', lead.get(f"/console/quality/{waiting.id}").text)
    assert send(lead, f"/console/quality/{waiting.id}", **dict.fromkeys(names, "yes")).status_code == 404
    assert lead.get("/console/quality/none").status_code == 404


RESULT = {
    "n": 10,
    "provenance": {"phrasebank": "old", "matcher": "keywords"},
    "counts": {"top1": [9, 10], "harmful_rate": [1, 10]},
    "intervals": {"top1": [0.6, 0.98]},
    "top1": 0.9,
    "rules": {"blame": {"applicable": 9, "passed": 8}, "caps": {"applicable": 9, "passed": 9}},
    "per_scenario": {"delivery": {"n": 5, "top1": 0.8, "top3": 1.0, "coverage": 0.6}},
    "latency_ms": {"p50": 10, "p95": 23.4},
}


def test_the_evaluation_is_dated_and_says_of_which_version(lead: TestClient, tmp_path: Path) -> None:
    assert "python -m evals run" in text_of(lead, "/evaluation")
    (tmp_path / "evaluation.json").write_text(json.dumps(RESULT))
    shown = text_of(lead, "/evaluation").replace("\u00a0", " ")
    assert "Лучшая догадка верна 90 % 9 из 10, вероятно 60 %…98 %" in shown
    assert "не та версия" in shown
    assert "нарушены: blame" in shown
    same = RESULT | {"provenance": {"phrasebank": the_bank().version, "matcher": "keywords"}}
    (tmp_path / "evaluation.json").write_text(json.dumps(same))
    assert "та же версия" in text_of(lead, "/evaluation")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"n": "x"}'])
def test_a_result_that_cannot_be_read_is_said(lead: TestClient, tmp_path: Path, content: str) -> None:
    (tmp_path / "evaluation.json").write_text(content)
    assert "не читается" in text_of(lead, "/evaluation")
