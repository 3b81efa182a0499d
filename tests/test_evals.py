"""The harness's numbers: cases, judging, metrics, statistics, robustness, tone checks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evals import distance, perturb, replies
from evals.dataset import Case, CasesError, load, sliced
from evals.judge import Row
from evals.metrics import measure
from evals.stats import calibration_error, mcnemar, risk_coverage, wilson
from suggest.domain import ChosenBy, Match
from suggest.phrasebank import load_exemplars
from suggest.settings import PROJECT
from suggest.triage import has_letters
from tests.evals_fakes import BANK, CASES, Always, Oracle, a_row, case, rows_of, service


def test_our_cases_cover_what_they_must() -> None:
    assert len(CASES) >= 400
    assert {one.expect.scenario for one in CASES} == {*BANK.scenarios, "skip", None}
    assert {flag for one in CASES for flag in one.expect.flags} == set(BANK.flags)
    assert {one.review.platform for one in CASES} == set(BANK.platforms)
    assert sum(one.kind == "injection" for one in CASES) >= 60
    assert {one.review.client.known for one in CASES} == {True, False}
    skipped = [one.review for one in CASES if one.expect.scenario == "skip"]
    assert all(review.rating not in {1, 2, 3} and not has_letters(review.text) for review in skipped)
    assert not [one.id for one in CASES if {*one.expect.flags} & {*one.expect.flags_optional}]
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
        good | {"id": "e", "review": {"platform": "2gis", "rating": None, "text": " "}},
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


def test_ids_of_several_files_are_told_apart(tmp_path: Path) -> None:
    line = case("a", "Плохо", "store").model_dump_json()
    paths = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for path in paths:
        path.write_text(line, encoding="utf-8")
    assert [one.id for one in load(paths, BANK)] == ["a", "two:a"]


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


def one_row(one: Case, **matcher: Any) -> Row:
    return rows_of((one,), service(matcher=Oracle(cases=(one,), **matcher)))[0]


def test_an_abstention_counts_by_its_first_runner_up() -> None:
    row = one_row(case("a", "Мутный текст", "positive", also=["question"]), threshold=0.95)
    assert (row.got, row.ready, row.ok, row.top(1)) == (None, False, False, True)
    assert row.routed
    assert row.shaped is None


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
