"""Every rule of the regulation has a scorer, applies to a case, and is seen where it is broken on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from evals.judge import Row
from evals.metrics import measure
from evals.rules import CHECKED, rules, scores
from suggest.domain import Review, Status, Suggestion
from tests.evals_fakes import BANK, CASES, rows_of, service


@pytest.fixture(scope="module")
def ideal() -> list[Row]:
    """Every case as a service would do it that knows the answers."""
    return rows_of(CASES, service())


def test_every_rule_of_the_phrasebank_has_a_scorer_of_our_own() -> None:
    assert set(BANK.rules) == set(CHECKED)
    ids = [rule.id for rule in rules(BANK)]
    assert len(ids) == len(set(ids))
    assert all(rule.paragraph and rule.title for rule in rules(BANK))
    assert {
        document for rule in rules(BANK) for document in ("000", "001", "002", "004") if document in rule.paragraph
    } == {
        "000",
        "001",
        "002",
        "004",
    }


def test_every_rule_applies_to_some_case_and_is_kept_by_right_answers(ideal: list[Row]) -> None:
    measured = measure(ideal)["rules"]
    assert set(measured) == {rule.id for rule in rules(BANK)}
    assert {rule: told for rule, told in measured.items() if told["applicable"] != told["passed"]} == {}


def made(scenario: str, **review: Any) -> Suggestion:
    given = {"platform": "2gis", "rating": 1, "text": "Плохо, пишите на a@b.ru или +7 701 555 66 77"} | review
    return service().suggest(Review.model_validate(given), scenario)


def saying(sentence: str, scenario: str = "store", **review: Any) -> Suggestion:
    """A suggestion with a sentence of no approved phrase at its end."""
    whole = made(scenario, **review)
    last = whole.segments[-1].model_copy(update={"text": sentence, "phrase_id": "made-up"})
    return whole.model_copy(update={"segments": (*whole.segments, last), "text": f"{whole.text} {sentence}"})


def without(slot: str, scenario: str = "store", part: str | None = None, **review: Any) -> Suggestion:
    whole = made(scenario, **review)
    kept = tuple(s for s in whole.segments if s.slot != slot or (part and s.part != part))
    return whole.model_copy(update={"segments": kept, "text": " ".join(s.text for s in kept)})


def turned(suggestion: Suggestion, **changes: Any) -> Suggestion:
    return suggestion.model_copy(update=changes)


def with_match(suggestion: Suggestion, **changes: Any) -> Suggestion:
    assert suggestion.match is not None
    return turned(suggestion, match=suggestion.match.model_copy(update=changes))


def with_priority(suggestion: Suggestion, priority: int | None) -> Suggestion:
    return turned(suggestion, triage=suggestion.triage.model_copy(update={"priority": priority}))


def backwards(scenario: str = "store", **review: Any) -> Suggestion:
    whole = made(scenario, **review)
    return turned(whole, segments=whole.segments[::-1], text=" ".join(s.text for s in whole.segments[::-1]))


def borrowed(slot: str, lender: str, scenario: str = "store", **review: Any) -> Suggestion:
    """A suggestion with another scenario's slot in it."""
    whole = made(scenario, **review)
    lent = [s for s in made(lender, **review).segments if s.slot == slot]
    segments = (*whole.segments, *lent)
    return turned(whole, segments=segments, text=" ".join(s.text for s in segments))


FIRE = "Телевизор загорелся, дым по всей комнате, вызвали пожарных"
AGAIN = "Пишу второй раз, на прошлое обращение так никто и не ответил, холодильник сломан"
BROKEN: dict[str, Callable[[], Suggestion]] = {
    "triage-order": lambda: with_priority(made("store"), 2),
    "urgent-first": lambda: with_priority(made("product", text=FIRE), 1),
    "skip-high-without-text": lambda: made("positive", rating=5, text="👍"),
    "answer-low-without-text": lambda: turned(made("no_details", text=""), status=Status.ABSTAINED),
    "answer-with-text": lambda: turned(
        made("store"), triage=made("store").triage.model_copy(update={"disposition": "skip"})
    ),
    "silence-is-silent": lambda: turned(made("store"), status=Status.ABSTAINED),
    "abstention-helps": lambda: turned(with_match(made("store"), scenario=None), status=Status.ABSTAINED),
    "topic-of-scenario": lambda: with_match(made("store"), topic="app"),
    "department-by-topic": lambda: turned(made("store"), department="technical"),
    "greeting-first": lambda: without("greeting"),
    "no-forbidden-slot": lambda: borrowed("closing", "positive"),
    "wish-before-request": lambda: without("identification", part="wish"),
    "dm-order": lambda: backwards(platform="dm"),
    "safety-direct-contact": lambda: turned(made("product", text=FIRE), text="Здравствуйте!"),
    "answer-place": lambda: without("explanation", "question"),
    "approved-only": lambda: saying("Мы вас любим."),
    "assembled-verbatim": lambda: turned(made("store"), text=made("store").text + " И ещё."),
    "verbatim-source": lambda: misquoted(),
    "resolved-wordings": lambda: borrowed("thanks", "resolved"),
    "sober-phrases": lambda: with_match(made("product"), flags=("safety",)),
    "ticket-closed": lambda: turned(made("store"), actions=()),
    "read-before-reply": lambda: turned(made("store"), actions=made("store").actions[::-1]),
    "store-screenshot": lambda: turned(made("store"), actions=()),
    "ask-first-on-follow-up": lambda: turned(made("store", text=AGAIN), actions=()),
    "forward-after-data": lambda: turned(made("service"), actions=()),
    "check-facts-first": lambda: turned(made("unfair"), actions=made("unfair").actions[::-1]),
    "appeal-beside-reply": lambda: turned(made("violation"), actions=()),
    "department-request": lambda: turned(made("service"), actions=()),
    "reminder-24h": lambda: turned(made("app"), actions=()),
    "interim-reply": lambda: turned(made("app", platform="dm"), actions=()),
    "overdue-reply": lambda: turned(made("app", platform="dm"), actions=()),
    "status-by-outcome": lambda: turned(made("app", platform="dm"), actions=()),
    "category-by-outcome": lambda: turned(made("app", platform="dm"), actions=()),
    "greet-after-bot": lambda: turned(made("app", platform="dm"), actions=()),
    "manager-told": lambda: turned(made("product", text=FIRE), actions=()),
    "hide-personal-data": lambda: turned(made("store"), actions=()),
    "greeting-missing": lambda: without("greeting"),
    "empathy-missing": lambda: without("empathy"),
    "identification-missing": lambda: without("identification", part="request"),
    "identification-wish-missing": lambda: without("identification", part="wish"),
    "resolution-missing": lambda: without("resolution"),
    "explanation-missing": lambda: without("explanation", "unfair"),
    "thanks-missing": lambda: without("thanks", "positive"),
    "closing-missing": lambda: without("closing", "positive"),
    "unneeded-empathy": lambda: borrowed("empathy", "store", "positive"),
    "unneeded-resolution": lambda: saying("Мы проведем проверку.", "positive"),
    "identification-of-known-client": lambda: with_known(made("store")),
    "identification-not-needed": lambda: borrowed("identification", "store", "positive"),
    "promise-in-violation": lambda: borrowed("resolution", "store", "violation"),
    "thanks-in-complaint": lambda: borrowed("thanks", "positive"),
    "closing-not-needed": lambda: borrowed("closing", "positive"),
    "slot-order": lambda: backwards(),
    "phrase-out-of-place": lambda: borrowed("thanks", "resolved", "mixed"),
    "contact-missing": lambda: turned(made("store"), text="Напишите нам."),
    "repeated-apology": lambda: saying("Нам очень жаль, извините."),
    "wrong-name": lambda: turned(made("store", author="Анна"), review=made("store", author="Ольга").review),
    "blame": lambda: saying("Вы сами виноваты."),
    "rudeness": lambda: saying("Это бред."),
    "irony": lambda: saying("Очень смешно."),
    "coldness": lambda: saying("Это ваши проблемы."),
    "false-cheer": lambda: saying("Мы так рады."),
    "pleading": lambda: saying("Умоляем вас."),
    "excuse": lambda: saying("Это человеческий фактор."),
    "familiarity": lambda: saying("Мы тебя поняли."),
    "chancery": lambda: saying("Вышеуказанное принято."),
    "sensitive-wording": lambda: saying("Это недоразумение.", "product", text=FIRE),
    "money-promise": lambda: saying("Вернем вам деньги."),
    "remedy-promise": lambda: saying("Пришлем мастера."),
    "term-promise": lambda: saying("Ответим завтра."),
    "improvement-promise": lambda: saying("Больше такого не повторится."),
    "legal-admission": lambda: saying("Мы виноваты."),
    "review-removal": lambda: saying("Удалите отзыв."),
    "bargaining": lambda: saying("Если вы измените оценку, поможем."),
    "internal-kitchen": lambda: saying("Продавец уволен."),
    "department-in-public": lambda: saying("Этим займется сервисный департамент."),
    "employee-named": lambda: saying("Вам поможет менеджер Олег."),
    "personal-data-in-public": lambda: saying("Ваш номер +7 701 555 66 77."),
    "data-request-in-public": lambda: saying("Напишите здесь ваш номер."),
    "foreign-link": lambda: saying("Подробнее: https://example.com."),
    "secret": lambda: saying("Сообщите пароль."),
    "exclamation-marks": lambda: saying("Ждём! Очень!"),
    "caps": lambda: saying("СРОЧНО."),
    "emoji": lambda: saying("Спасибо 😊"),
    "markup": lambda: saying("**Важно**"),
    "invisible-characters": lambda: saying("Отве\u200bтим."),
    "latin-lookalikes": lambda: saying("Отвeтим."),
    "wrong-language": lambda: saying("We will answer you shortly."),
    "too-long": lambda: saying("Мы вам ответим. " * 100),
    "too-short": lambda: turned(made("store"), text="Здравствуйте."),
    "empty": lambda: turned(made("store"), text=""),
    "repetition": lambda: turned(made("store"), text=" ".join([made("store").text] * 2)),
    "unfilled-place": lambda: saying("Мы [впишите ответ]."),
    "unfilled-variable": lambda: saying("Пишите {company_email}."),
    "wrong-code": lambda: saying("Поставьте в тему письма «Отзыв 10000»."),
}


def misquoted() -> Suggestion:
    whole = made("store")
    told = whole.segments[1].model_copy(update={"phrase_id": "empathy-very-sorry", "text": "Нам жаль, что так вышло."})
    return turned(whole, segments=(whole.segments[0], told, *whole.segments[2:]))


def with_known(suggestion: Suggestion) -> Suggestion:
    client = suggestion.review.client.model_copy(update={"known": True})
    return turned(suggestion, review=suggestion.review.model_copy(update={"client": client}))


BY_BANK = {"verbatim-in-bank", "interim-wordings"}
"""Rules that only another phrasebank can break."""


@pytest.mark.parametrize("rule", BROKEN)
def test_a_broken_rule_is_seen(rule: str) -> None:
    """Each scorer fails on a suggestion that breaks its rule, and says why."""
    score = next(one.scorer for one in rules(BANK) if one.id == rule)(BROKEN[rule](), BANK)
    assert score is not None
    assert not score.passed
    assert score.explanation


def test_every_rule_is_broken_once_on_purpose() -> None:
    assert {rule.id for rule in rules(BANK)} - BY_BANK == set(BROKEN)


def test_a_wording_of_the_regulation_that_is_gone_is_missed() -> None:
    phrases = {
        id_: phrase
        for id_, phrase in BANK.phrases.items()
        if id_ != "resolution-sort-out" and phrase.source != "000 §6"
    }
    interim = {id_: phrase.model_copy(update={"channels": ("public", "dm")}) for id_, phrase in BANK.interim.items()}
    poorer = replace(BANK, phrases=phrases, interim=interim)
    scored = scores(made("store", platform="dm"), poorer)
    assert not scored["verbatim-in-bank"].passed
    assert not scored["interim-wordings"].passed


def test_a_finding_of_the_service_breaks_its_rule_even_where_we_see_nothing() -> None:
    clean = made("store")
    finding = {"rule": "irony", "severity": "warning", "message": "Ирония", "source": "004"}
    found = Suggestion.model_validate(clean.model_dump() | {"findings": [finding]})
    assert scores(clean, BANK)["irony"].passed
    assert not scores(found, BANK)["irony"].passed
