"""The harness itself: numbers on rows made by hand, rules broken on purpose, gates, comparison, drafts, the report."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from evals import baseline, distance, gates, perturb, replies, run
from evals.__main__ import main
from evals.dataset import Case, CasesError, load, own_files, sliced
from evals.judge import Row, judge, suggested
from evals.metrics import measure
from evals.rules import CHECKED, rules, scores
from evals.stats import calibration_error, mcnemar, risk_coverage, wilson
from suggest.bootstrap import PROJECT, Settings
from suggest.domain import Candidate, ChosenBy, Match, MatchedBy, Reason, Review, Status, Suggestion
from suggest.phrasebank import load as load_bank
from suggest.phrasebank import load_exemplars
from suggest.pipeline import Checker, Suggester
from suggest.regulation import Phrasebank, Scenario, SlotUse

pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:Items? .*ReadOnly:UserWarning", "ignore::DeprecationWarning"),
]
"""What inspect_ai and litellm do on their own account."""

BANK = load_bank(PROJECT / "phrasebank")
CASES = load(own_files(), BANK)
OUTSIDE = 0.4
"""How sure the oracle is of what belongs to no scenario."""


@dataclass(frozen=True)
class Oracle:
    """Implements `pipeline.Matching` by knowing the answers; below `threshold` it abstains."""

    cases: tuple[Case, ...] = CASES
    threshold: float = 0.5
    version: str = "oracle"

    @property
    def limits(self) -> Mapping[str, float]:
        return {"confidence": self.threshold}

    def match(self, text: str, rating: int | None) -> Match:
        expected = next((case.expect.scenario for case in self.cases if case.review.text == text), "store")
        sure = 0.9 if expected in BANK.scenarios else OUTSIDE
        named = expected if expected in BANK.scenarios else "positive"
        ranked = [named, *(name for name in ("store", "product", "refund", "positive") if name != named)]
        silent = sure < self.threshold
        return Match(
            scenario=None if silent else named,
            topic=None,
            by=MatchedBy.MATCHER,
            confidence=sure,
            runners_up=tuple(Candidate(scenario=name, confidence=0.1) for name in ranked[not silent :][:3]),
            reasons=(Reason(code="unsure", text="Не похоже."),) if silent else (),
        )


def service(bank: Phrasebank = BANK, matcher: Any = None) -> Suggester:
    return Suggester(bank, matcher or Oracle(), Checker(bank, lambda branch: bank.company(None, branch)))


def building(bank: Phrasebank = BANK, matcher: Any = None) -> Callable[[Settings, Phrasebank], Suggester]:
    return lambda settings, given: service(bank, matcher)


def case(id_: str, text: str, scenario: str | None, **more: Any) -> Case:
    review = {"platform": "2gis", "rating": 1, "text": text} | more.pop("review", {})
    return Case.model_validate({"id": id_, "review": review, "expect": {"scenario": scenario, **more}, "kind": "plain"})


def a_row(**changes: Any) -> Row:
    row: dict[str, Any] = {
        "id": "r",
        "digest": "d",
        "kind": "plain",
        "expected": "store",
        "also": (),
        "in_scope": True,
        "got": "store",
        "ready": True,
        "by": "matcher",
        "confidence": 0.9,
        "ranking": ("store", "refund", "price"),
        "flags": (),
        "flags_expected": (),
        "flags_optional": (),
        "routed": True,
        "shaped": True,
        "harm": (),
        "rules": {"slot-order": True},
        "broken": {},
        "public": True,
        "reply": "Здравствуйте!",
        "phrases": ("greeting-hello",),
        "latency_ms": 10.0,
        "explanation": "",
    }
    return Row.model_validate(row | changes)


def rows_of(cases: tuple[Case, ...], suggester: Suggester) -> list[Row]:
    return [judge(one, *suggested(one, suggester), suggester) for one in cases]


# ── Cases ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_our_cases_cover_what_they_must() -> None:
    assert len(CASES) >= 400
    assert {one.expect.scenario for one in CASES} == {*BANK.scenarios, "skip", None}
    assert {flag for one in CASES for flag in one.expect.flags} == set(BANK.flags)
    assert {one.review.platform for one in CASES} == set(BANK.platforms)
    assert sum(one.kind == "injection" for one in CASES) >= 60
    assert {one.review.client.known for one in CASES} == {True, False}
    assert sum(len(one.review.text) > 1000 for one in CASES) >= 10


def test_no_case_is_near_an_exemplar() -> None:
    assert distance.faults(CASES, load_exemplars(PROJECT / "phrasebank")) == []


def test_the_lint_sees_a_copied_exemplar() -> None:
    exemplar = next(one for one in load_exemplars(PROJECT / "phrasebank") if len(one.text) > 60)
    copied = case("copy", exemplar.text.upper(), exemplar.scenario)
    assert len(distance.faults([copied], [exemplar])) == 1


def test_faulty_cases_are_refused_with_file_and_line(tmp_path: Path) -> None:
    good: dict[str, Any] = {"id": "a", "review": {"platform": "2gis", "rating": 1, "text": "Плохо"}, "kind": "plain"}
    good["expect"] = {"scenario": "store"}
    lines = [
        good | {"more": 1},
        good,
        good | {"id": "b", "expect": {"scenario": "shop", "flags": ["fire"]}},
        good | {"id": "c", "expect": {}},
        good | {"id": "d", "draft": True},
        good | {"id": "e", "expect": {"scenario": "skip"}},
    ]
    path = tmp_path / "cases.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)) + "\n{", encoding="utf-8")
    with pytest.raises(CasesError) as refused:
        load([path], BANK)
    told = [fault.removeprefix(f"{path}:") for fault in refused.value.faults]
    assert [fault.split(": ", 1)[0] for fault in told] == ["2", "3", "3", "4", "5", "6", "7"]
    assert "twice" in told[0]
    assert "shop" in told[1]
    assert "draft" in told[4]


def test_unknown_keys_of_a_case_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    line = {
        "id": "a",
        "review": {"platform": "dm", "rating": None, "text": "А"},
        "expect": {"scenario": None},
        "kind": "oos",
        "note": "n",
    }
    path.write_text(json.dumps(line), encoding="utf-8")
    assert load([path], BANK)[0].model_extra == {"note": "n"}


def test_a_slice_is_spread_evenly_or_named() -> None:
    assert len(sliced(CASES, "40")) == 40
    assert {one.kind for one in sliced(CASES, "oos")} == {"oos"}
    assert all(one.expect.scenario == "refund" for one in sliced(CASES, "refund"))
    assert all("safety" in one.expect.flags for one in sliced(CASES, "safety"))
    with pytest.raises(CasesError):
        sliced(CASES, "nothing")


# ── Rules ──────────────────────────────────────────────────────────────────────────────────────────────────────────


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


# ── Judging and numbers ────────────────────────────────────────────────────────────────────────────────────────────


def one_row(one: Case, **matcher: Any) -> Row:
    return rows_of((one,), service(matcher=Oracle(cases=(one,), **matcher)))[0]


def test_an_abstention_counts_by_its_first_runner_up() -> None:
    row = one_row(case("a", "Мутный текст", "positive", also=["question"]), threshold=0.95)
    assert (row.got, row.ready, row.ok, row.top(1)) == (None, False, False, True)
    assert row.routed
    assert row.shaped is None


class Always:
    """A matcher with one answer for everything."""

    version = "always"
    limits: Mapping[str, float] = {}

    def __init__(self, scenario: str) -> None:
        self.scenario = scenario

    def match(self, text: str, rating: int | None) -> Match:
        others = [Candidate(scenario=name, confidence=0.1) for name in ("refund", "mixed") if name != self.scenario]
        return Match(scenario=self.scenario, topic=None, by=MatchedBy.MATCHER, confidence=0.9, runners_up=tuple(others))


@pytest.mark.parametrize(
    ("expected", "also", "got", "text", "harm"),
    [
        ("delivery", [], "positive", "Не привезли", ("praise_for_complaint",)),
        ("delivery", [], "resolved", "Не привезли", ("solved_for_complaint",)),
        ("delivery", ["positive"], "positive", "Не привезли", ()),
        ("positive", [], "store", "Хорошо", ("apology_for_praise",)),
        ("positive", [], "question", "Хорошо", ()),
        ("violation", [], "store", "Реклама", ("promise_for_violation",)),
        ("violation", [], "positive", "Реклама", ()),
        ("store", [], "refund", "Плохо", ()),
        (None, [], "positive", "Рецепт", ()),
    ],
)
def test_harm_is_told_by_kind(
    expected: str | None, also: list[str], got: str, text: str, harm: tuple[str, ...]
) -> None:
    one = case("a", text, expected, also=also)
    assert rows_of((one,), service(matcher=Always(got)))[0].harm == harm


def test_a_missed_urgent_flag_is_harm_even_where_the_scenario_is_right() -> None:
    one = case("a", "Тихо и спокойно", "store", flags=["safety", "legal", "follow_up"])
    assert rows_of((one,), service(matcher=Always("store")))[0].harm == ("missed_safety", "missed_legal")


def test_route_and_shape_are_those_an_accepted_scenario_leads_to() -> None:
    """A refund answered as a store matter goes to the same people in the same shape; a support matter does not."""
    near, far, other = (
        rows_of((case("a", "Плохо", expected),), service(matcher=Always(got)))[0]
        for expected, got in (("refund", "store"), ("support", "store"), ("unfair", "store"))
    )
    assert (near.ok, near.routed, near.shaped) == (False, True, True)
    assert (far.routed, far.shaped) == (False, True)
    assert other.shaped is False


def test_the_numbers_of_rows_made_by_hand() -> None:
    rows = [
        a_row(id="right"),
        a_row(id="also", expected="refund", also=("store",), flags=("legal",), flags_expected=("legal",)),
        a_row(id="second", expected="refund", routed=True, shaped=True, flags=("safety",), flags_optional=("safety",)),
        a_row(id="silent", got=None, ready=False, confidence=0.3, ranking=("store", "app"), shaped=None),
        a_row(
            id="far", expected="app", routed=False, shaped=False, harm=("missed_safety",), flags_expected=("safety",)
        ),
        a_row(id="oos", expected=None, in_scope=False, got=None, ready=False, routed=None, shaped=None),
        a_row(id="answered", expected=None, in_scope=False, routed=None, shaped=None, flags=("legal",)),
        a_row(
            id="skip", expected="skip", in_scope=False, got="skip", ready=False, by=None, confidence=None, ranking=()
        ),
        a_row(id="skipped", got="skip", ready=False, by=None, confidence=None, ranking=(), rules={"slot-order": False}),
    ]
    told = measure(rows)
    assert told["n"] == 9
    assert told["counts"] == {
        "top1": (3, 6),
        "top3": (4, 6),
        "coverage": (4, 6),
        "selective_accuracy": (2, 5),
        "oos_recall": (1, 2),
        "triage_accuracy": (8, 9),
        "flag_precision": (1, 2),
        "flag_recall": (1, 2),
        "route_accuracy": (5, 6),
        "shape_accuracy": (4, 5),
        "harmful_rate": (1, 9),
    }
    assert told["top1"] == 0.5
    assert told["intervals"]["top1"] == wilson(3, 6)
    assert told["harmful"]["missed_safety"] == 1
    assert told["rules"] == {"slot-order": {"applicable": 9, "passed": 8}}
    assert told["confusion"]["null"] == {"null": 1, "store": 1}
    assert told["confusion"]["refund"] == {"store": 2}
    assert told["per_scenario"]["refund"]["top1"] == 0.5
    assert [line["got"] for line in told["cases"][-3:]] == ["store", "skip", "skip"]
    json.dumps(told)


def test_nothing_to_count_is_null() -> None:
    told = measure(
        [
            a_row(
                expected=None, in_scope=False, got=None, ready=False, by=None, confidence=None, routed=None, shaped=None
            )
        ]
    )
    assert told["top1"] is None
    assert told["selective_accuracy"] is None
    assert told["flag_recall"] is None
    assert told["ece"] is None


def test_diversity_counts_repeats_in_the_visible_feed() -> None:
    rows = [a_row(id=str(i), reply=f"ответ {i % 5}", phrases=("greeting", f"p{i % 3}")) for i in range(20)]
    told = measure(rows)["diversity"]
    assert told["distinct_per_100"] == 25.0
    assert told["longest_repeat_reply"] == 2
    assert told["longest_repeat_phrase"] == 4


def test_the_statistics_agree_with_known_values() -> None:
    assert wilson(8, 10) == (0.4902, 0.9433)
    assert wilson(0, 10) == (0.0, 0.2775)
    assert wilson(0, 0) is None
    assert mcnemar(1, 9) == pytest.approx(0.021484375)
    assert mcnemar(5, 5) == 1.0
    assert mcnemar(0, 0) == 1.0
    assert calibration_error([(0.95, True), (0.95, False), (0.15, False)]) == pytest.approx((0.9 + 0.15) / 3)
    assert risk_coverage([(0.9, True), (0.8, False), (0.8, True), (0.1, False)]) == [
        (0.25, 0.0),
        (0.75, pytest.approx(1 / 3, abs=1e-4)),
        (1.0, 0.5),
    ]


# ── Robustness ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", perturb.PERTURBATIONS)
def test_a_perturbation_changes_texts_and_always_alike(kind: str) -> None:
    changed = list(perturb.pairs(CASES, kind, 20))
    assert len(changed) >= (1 if kind == "yo" else 15)
    assert [review.text for _, review in changed] == [review.text for _, review in perturb.pairs(CASES, kind, 20)]
    assert all(review.text != one.review.text for one, review in changed)


class Gullible(Oracle):
    """An oracle that does what a review tells it to."""

    def match(self, text: str, rating: int | None) -> Match:
        told = any(word in text for word in ("Игнорируй", "SYSTEM", "Ассистент", "Ответь"))
        return Always("positive" if told else "store").match(text, rating)


def test_steering_is_seen() -> None:
    told = perturb.change_rates(sliced(CASES, "store"), service(matcher=Gullible()), 10, lambda: None)
    assert told["planted"]["scenario"] == 1.0
    assert told["planted"]["misled"] == 1.0
    assert told["planted"]["phrases"] is None
    assert told["no_punctuation"]["scenario"] == 0.0


def test_a_models_choice_is_compared_too() -> None:
    suggester = service()
    one = next(pair for pair in perturb.pairs(CASES, "planted", None))
    told = suggester.suggest(one[0].review).model_copy(update={"chosen_by": ChosenBy.MODEL})
    assert perturb._changes(one[0], told, told)["phrases"] is False
    assert perturb._changes(one[0], told, told.model_copy(update={"segments": ()}))["phrases"] is True


# ── The command ────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUGGEST_PHRASEBANK", str(PROJECT / "phrasebank"))
    monkeypatch.setattr("evals.gates.load", lambda: gates_without_luck())


def gates_without_luck() -> tuple[gates.Gate, ...]:
    """The gates that hold for a service that knows the answers, whatever the real one is held to."""
    exact = {"metric": "oos_recall", "at_least": 1, "reason": "an oracle knows"}
    return tuple(gate for gate in LOADED if not gate.whole) + (gates.Gate.model_validate(exact),)


LOADED = gates.load()


def run_slice(tmp_path: Path, build: Any, *more: str, count: str = "60") -> int:
    written = [
        "--json",
        str(tmp_path / "out.json"),
        "--junit",
        str(tmp_path / "junit.xml"),
        "--log-dir",
        str(tmp_path / "logs"),
    ]
    return main(["run", "--slice", count, *written, *more], build)


def out(tmp_path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    return told


def test_a_run_of_a_right_service_passes_every_gate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_slice(tmp_path, building()) == 0
    told = out(tmp_path)
    assert (told["n"], told["top1"], told["coverage"], told["harmful_rate"]) == (60, 1.0, 1.0, 0.0)
    assert list((tmp_path / "logs").glob("*.eval"))
    assert "gates hold" in capsys.readouterr().err
    suites = {suite.get("name"): suite for suite in ElementTree.parse(tmp_path / "junit.xml").getroot()}
    assert {name: suite.get("failures") for name, suite in suites.items()} == {"gates": "0", "rules": "0", "cases": "0"}
    assert len(suites["cases"]) == 60


def blaming() -> Phrasebank:
    """A bank whose every promise blames the client."""
    phrases = {
        id_: phrase.model_copy(update={"text": "Вы сами виноваты."}) if phrase.slot == "resolution" else phrase
        for id_, phrase in BANK.phrases.items()
    }
    return replace(BANK, phrases=phrases)


def disordered() -> Phrasebank:
    """A bank whose complaints are greeted last."""

    def turned_round(scenario: Scenario) -> Scenario:
        slots: tuple[SlotUse, ...] = scenario.public
        return scenario.model_copy(update={"public": (*slots[1:], slots[0])})

    return replace(BANK, scenarios={id_: turned_round(scenario) for id_, scenario in BANK.scenarios.items()})


@pytest.mark.parametrize(
    ("bank", "matcher", "gate"),
    [
        (blaming(), Oracle(), "rules.blame"),
        (disordered(), Oracle(), "rules.slot-order"),
        (BANK, Oracle(threshold=0.1), "oos_recall"),
    ],
    ids=["a rule is broken", "the slots are in a wrong order", "the threshold is lowered"],
)
def test_what_is_broken_on_purpose_makes_the_run_fail(
    bank: Phrasebank, matcher: Oracle, gate: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_slice(tmp_path, building(bank, matcher)) == 1
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith(f"GATE FAILED: {gate} ")]
    assert len(told) == 1
    assert any(one.id in told[0] for one in CASES)
    assert out(tmp_path)["n"] == 60


def test_gates_do_not_judge_other_peoples_cases(tmp_path: Path) -> None:
    path = tmp_path / "others.jsonl"
    path.write_text(case("x", "Рецепт борща", None).model_dump_json() + "\n", encoding="utf-8")
    written = ["--json", str(tmp_path / "out.json"), "--log-dir", str(tmp_path)]
    assert main(["run", "--cases", str(path), *written], building(matcher=Oracle(threshold=0.0))) == 0
    assert out(tmp_path)["oos_recall"] == 0.0
    assert not (tmp_path / baseline.LAST).exists()


def test_a_service_that_raises_ends_the_run_with_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(Oracle):
        def match(self, text: str, rating: int | None) -> Match:
            raise RuntimeError("no luck")

    assert run_slice(tmp_path, building(matcher=Broken())) == 2
    assert "no luck" in capsys.readouterr().err


def test_models_need_a_service_that_knows_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(Settings, "model_fields", {})
    assert run_slice(tmp_path, building(), "--model", "m") == 2
    assert "model" in capsys.readouterr().err


def test_each_model_gets_a_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "_with_model", lambda name: Settings())
    assert run_slice(tmp_path, building(), "--model", "one", "--model", "two", count="12") == 0
    columns = out(tmp_path)["columns"]
    assert list(columns) == ["one", "two"]
    assert columns["one"]["top1"] == 1.0
    assert columns["one"]["usage"] == {"calls": 0, "failures": 0, "tokens": 0, "cost": 0}


def test_gates_are_read_with_a_reason_and_one_bound() -> None:
    assert all(gate.reason for gate in LOADED)
    assert {gate.metric for gate in LOADED} >= {"triage_accuracy", "rules"}
    with pytest.raises(ValueError, match="either"):
        gates.Gate(metric="top1", reason="r")


# ── Tone checks ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_judge_of_replies_is_measured() -> None:
    bad = replies.Reply(text="Вы сами виноваты.", expect=("blame",))
    clean = replies.Reply(text="Спасибо за заботу.", expect=(), not_expect=("blame", "caps"))
    told = replies.measure([bad, clean], lambda reply: frozenset({"blame"}), BANK)
    assert (told["precision"], told["recall"], told["clean"]) == (0.5, 1.0, 1)
    assert told["rules"]["blame"] == {"n": 1, "precision": 0.5, "recall": 1.0}
    assert [wrong["false"] for wrong in told["wrong"]] == [["blame"]]


def test_our_replies_reach_every_rule() -> None:
    told = replies.load(replies.files(), BANK)
    assert len(told) >= 120
    assert {rule for reply in told for rule in reply.expect} == set(BANK.rules)
    assert sum(not reply.expect for reply in told) >= 40


# ── Baseline ───────────────────────────────────────────────────────────────────────────────────────────────────────


def a_result(rows: list[Row]) -> dict[str, Any]:
    told = measure(rows) | {
        "provenance": {"phrasebank": "p", "matcher": "m", "thresholds": {}},
        "files": [],
        "columns": {},
    }
    told |= {"own": True, "whole": True}
    value: dict[str, Any] = json.loads(json.dumps(told))
    return value


def many(wrong: int = 0, **changes: Any) -> list[Row]:
    rows = [
        a_row(id=f"c{i}", got="refund" if i < wrong else "store", ranking=("refund",) if i < wrong else ("store",))
        for i in range(40)
    ]
    return [row.model_copy(update=changes) for row in rows]


@pytest.fixture
def blessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "baseline.json"
    monkeypatch.setattr(baseline.bless, "__defaults__", (path,))
    monkeypatch.setattr(baseline.load, "__defaults__", (path,))
    return path


def commanded(command: str, tmp_path: Path, rows: list[Row], **changes: Any) -> int:
    result = tmp_path / "result.json"
    result.write_text(json.dumps(a_result(rows) | changes), encoding="utf-8")
    return main([command, str(result)])


def test_a_blessed_run_compares_as_the_same(tmp_path: Path, blessed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert commanded("compare", tmp_path, many()) == 2
    assert "bless" in capsys.readouterr().err
    assert commanded("bless", tmp_path, many()) == 0
    assert commanded("compare", tmp_path, many()) == 0
    assert len(json.loads(blessed.read_text(encoding="utf-8"))["cases"]) == 40


def test_only_a_whole_run_is_blessed(tmp_path: Path, blessed: Path) -> None:
    assert commanded("bless", tmp_path, many(), whole=False) == 2
    assert not blessed.exists()


def test_a_significant_loss_fails_and_a_small_one_does_not(
    tmp_path: Path, blessed: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    commanded("bless", tmp_path, many())
    assert commanded("compare", tmp_path, many(wrong=3)) == 0
    assert "c0, c1, c2" in capsys.readouterr().out
    assert commanded("compare", tmp_path, many(wrong=8)) == 1
    assert "significant loss" in capsys.readouterr().out


def test_a_gain_passes(tmp_path: Path, blessed: Path) -> None:
    commanded("bless", tmp_path, many(wrong=20))
    assert commanded("compare", tmp_path, many()) == 0


def test_any_new_harmful_case_fails(tmp_path: Path, blessed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    harmed = [*many()[:-1], many()[-1].model_copy(update={"harm": ("missed_safety",)})]
    commanded("bless", tmp_path, many())
    assert commanded("compare", tmp_path, harmed) == 1
    assert "c39" in capsys.readouterr().out
    commanded("bless", tmp_path, harmed)
    assert commanded("compare", tmp_path, harmed) == 0


def test_changed_cases_are_not_compared(tmp_path: Path, blessed: Path, capsys: pytest.CaptureFixture[str]) -> None:
    commanded("bless", tmp_path, many())
    assert commanded("compare", tmp_path, many(wrong=30, digest="other")) == 0
    assert "40 new or changed" in capsys.readouterr().out


def test_a_newly_broken_rule_fails(tmp_path: Path, blessed: Path) -> None:
    commanded("bless", tmp_path, many())
    assert commanded("compare", tmp_path, many(broken={"slot-order": "порядок"})) == 1


# ── Drafts from feedback ───────────────────────────────────────────────────────────────────────────────────────────


def test_feedback_becomes_anonymised_drafts_the_dangerous_first(tmp_path: Path) -> None:
    private = "Заказ № 448812 не привезли! Я, Петрова Анна Ивановна, живу на ул. Абая, д. 5, кв 7, +7 701 555-66-77, a.petrova@mail.ru, курьер Сергей нахамил"
    reviews = {
        "edited": ("store", {"text": "Консультант молчал", "rating": 2}),
        "overruled": ("positive", {"text": private, "author": "Анна П.", "rating": 5}),
        "rejected": ("app", {"text": "Приложение виснет", "rating": 1}),
        "accepted": ("app", {"text": "Всё виснет", "rating": 1}),
    }
    suggestions, feedback = [], []
    for outcome, (scenario, review) in reviews.items():
        one = service().suggest(Review.model_validate({"id": outcome, "platform": "2gis"} | review), scenario)
        suggestions.append(one.model_dump_json())
        told = {"suggestion_id": one.id, "revision": 1, "outcome": outcome, "agent": "Иван"}
        more = {"overruled": {"scenario": "delivery"}, "edited": {"text": "Здравствуйте, Анна! Ждём на a@b.ru"}}.get(
            outcome, {}
        )
        feedback.append(json.dumps(told | more))
    (tmp_path / "s.jsonl").write_text("\n".join(suggestions), encoding="utf-8")
    (tmp_path / "f.jsonl").write_text("\n".join(feedback), encoding="utf-8")
    drafts = tmp_path / "drafts.jsonl"
    assert main(["from-feedback", str(tmp_path / "f.jsonl"), str(tmp_path / "s.jsonl"), "--out", str(drafts)]) == 0
    told = [json.loads(line) for line in drafts.read_text(encoding="utf-8").splitlines()]
    assert [draft["outcome"] for draft in told] == ["overruled", "rejected", "edited"]
    assert told[0]["expect"]["scenario"] == "delivery"
    assert told[0]["danger"] == ["жалоба отвечена как похвала"]
    for word in ("Анна", "Петрова", "Ивановна", "448812", "Абая", "555", "petrova", "Сергей", "Иван", "a@b.ru"):
        assert word not in drafts.read_text(encoding="utf-8")
    assert "не привезли" in told[0]["review"]["text"]
    with pytest.raises(CasesError, match="draft"):
        load([drafts], BANK)


def test_feedback_without_its_suggestion_is_a_fault(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "f.jsonl").write_text(
        '{"suggestion_id": "x", "revision": 1, "outcome": "edited", "text": "t"}', encoding="utf-8"
    )
    (tmp_path / "s.jsonl").write_text("", encoding="utf-8")
    assert main(["from-feedback", str(tmp_path / "f.jsonl"), str(tmp_path / "s.jsonl")]) == 2
    assert "f.jsonl:1" in capsys.readouterr().err


# ── The report ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_report_is_one_page_that_escapes_reviews(tmp_path: Path) -> None:
    hostile = case("evil", "<script>alert(1)</script> не привезли", "delivery")
    path = tmp_path / "cases.jsonl"
    path.write_text(hostile.model_dump_json() + "\n", encoding="utf-8")
    written = ["--json", str(tmp_path / "out.json"), "--log-dir", str(tmp_path), "--robustness"]
    assert main(["run", "--cases", str(path), *written], building(matcher=Always("positive"))) == 0
    assert main(["report", str(tmp_path / "out.json"), "--out", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "жалоба отвечена как похвала" in page
    assert "000 §3" in page
    assert page.count("<svg") == page.count("</svg>") == 3
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )


def test_the_page_of_a_whole_run_tells_gates_and_comparison(tmp_path: Path, blessed: Path) -> None:
    commanded("bless", tmp_path, many())
    result = tmp_path / "result.json"
    result.write_text(json.dumps(a_result(many(wrong=8))), encoding="utf-8")
    assert main(["report", str(result), "--out", str(tmp_path / "r.html")]) == 0
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Принять нельзя" in page
    assert "Ворота" in page


def test_a_meter_counts_what_litellm_reports() -> None:
    pytest.importorskip("litellm")
    import litellm

    from evals.meter import metering

    with metering() as meter:
        litellm.completion(model="gpt-4o-mini", messages=[{"role": "user", "content": "да"}], mock_response="нет")
    assert meter.shown()["calls"] in {0, 1}
    assert math.isfinite(meter.cost)
