"""The rules of the regulation: replies with what is to be found in them, near misses, and the laws of the checker."""

from __future__ import annotations

import json
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suggest import check as checking
from suggest.check import CHECKS, Draft, check, unimplemented
from suggest.check.wordlist import Index, fold
from suggest.domain import Client, Finding, Platform, Review, Severity
from suggest.phrasebank import load
from suggest.plan import Situation, plan
from suggest.regulation import Phrasebank, Plan, Rule

ROOT = Path(__file__).parent.parent
CASES = [json.loads(line) for line in (ROOT / "tests/data/replies.jsonl").read_text(encoding="utf-8").splitlines()]
GRAVE = {Severity.ERROR, Severity.WARNING}


@pytest.fixture(scope="module")
def bank() -> Phrasebank:
    return load(ROOT / "phrasebank")


def review_of(case: dict[str, Any]) -> Review | None:
    """The review of a case; a case with a scenario has one even where it names none."""
    if "review" not in case and "scenario" not in case:
        return None
    client = Client(known=case.get("client_known", False))
    return Review.model_validate({"platform": case["platform"], "client": client} | case.get("review", {}))


def plan_of(bank: Phrasebank, case: dict[str, Any]) -> Plan | None:
    if "scenario" not in case:
        return None
    named = {"code": case["code"]} if "code" in case else {}
    scenario, company = bank.scenarios[case["scenario"]], bank.company()
    situation = Situation(
        topic=bank.topics.get(scenario.topic or "store"),
        channel=bank.platforms[Platform(case["platform"])].channel,
        client_known=case.get("client_known", False),
        flags=tuple(case.get("flags", ())),
        facts={"company_name": company.name, "company_email": company.email, "company_phone": company.phone} | named,
    )
    return plan(scenario, situation, bank)


def draft_of(bank: Phrasebank, case: dict[str, Any]) -> Draft:
    platform = bank.platforms[Platform(case["platform"])] if "platform" in case else None
    return Draft(case["text"], platform, bank.company(), plan_of(bank, case), review_of(case))


def text_only(bank: Phrasebank, text: str) -> tuple[Finding, ...]:
    return check(Draft(text, None, bank.company()), bank)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case['note']}: {case['text'][:40]}")
def test_a_reply_gets_the_findings_it_deserves(bank: Phrasebank, case: dict[str, Any]) -> None:
    """All that is expected is found, nothing that must not be, and nothing grave beyond."""
    draft = draft_of(bank, case)
    findings = check(draft, bank)
    found = {finding.rule for finding in findings}
    shown = [(f.rule, draft.text[slice(*f.span)] if f.span else None) for f in findings]
    assert set(case["expect"]) <= found, shown
    assert not set(case.get("not_expect", ())) & found, shown
    assert {finding.rule for finding in findings if finding.severity in GRAVE} <= set(case["expect"]), shown


@pytest.mark.parametrize("rule", CHECKS)
def test_every_rule_has_two_cases_and_two_near_misses(rule: str) -> None:
    """A rule without a negative control proves nothing."""
    assert sum(rule in case["expect"] for case in CASES) >= 2
    assert sum(rule in case.get("not_expect", ()) for case in CASES) >= 2


def test_every_listed_rule_has_cases(bank: Phrasebank) -> None:
    """Also a rule that an owner has added with a word list alone."""
    expected = Counter(rule for case in CASES for rule in set(case["expect"]))
    assert {rule for rule in bank.rules if expected[rule] < 2} == set()


@pytest.mark.parametrize("rule", CHECKS)
def test_a_rule_that_does_nothing_is_noticed(bank: Phrasebank, rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: with the rule's function put out of action its own cases fail."""
    monkeypatch.setattr(checking, "CHECKS", {**CHECKS, rule: lambda reading, rule: iter(())})
    cases = [case for case in CASES if rule in case["expect"]]
    assert not any(finding.rule == rule for case in cases for finding in check(draft_of(bank, case), bank))


# ── The phrasebank and the rules agree ──


def filled(bank: Phrasebank, text: str) -> str:
    return text.format(**{variable.id: variable.example for variable in bank.variables.values()})


def test_the_shipped_rules_and_the_program_agree(bank: Phrasebank) -> None:
    assert unimplemented(bank) == []


def test_no_approved_phrase_offends_a_rule_on_the_text(bank: Phrasebank) -> None:
    """Alone a phrase may be short, and the place for an answer waits to be filled; nothing else is wrong with any."""
    for phrase in bank.phrases.values():
        for platform in (None, *(rules for rules in bank.platforms.values() if rules.channel in phrase.channels)):
            findings = check(Draft(filled(bank, phrase.text), platform, bank.company()), bank)
            assert {finding.rule for finding in findings} <= {"too-short", "unfilled-place"}, phrase.id


def test_an_interim_wording_is_fit_for_direct_messages_only(bank: Phrasebank) -> None:
    """002's wordings promise a term and name a department: verbatim, and where the regulation uses them."""
    for phrase in bank.interim.values():
        text = phrase.text.format(department=bank.departments["technical"].accusative)
        private = check(Draft(text, bank.platforms[Platform.DM], bank.company()), bank)
        public = check(Draft(text, bank.platforms[Platform.TWOGIS], bank.company()), bank)
        assert not private
        assert "term-promise" in {finding.rule for finding in public}


@pytest.mark.parametrize("scenario", [path.stem for path in sorted((ROOT / "phrasebank/scenarios").glob("*.yaml"))])
def test_what_the_plan_offers_gets_no_findings(bank: Phrasebank, scenario: str) -> None:
    """Every phrase that is offered in any situation stands in at least one letter that was checked."""
    for platform in (Platform.TWOGIS, Platform.DM):
        for known in (False, True):
            for flags in ((), ("safety",), ("legal",), ("safety", "legal")):
                case = {"scenario": scenario, "platform": platform, "client_known": known, "flags": flags}
                planned = plan_of(bank, case)
                assert planned
                for turn in range(max(len(place.offered) for place in planned.slots)):
                    chosen = [place.offered[turn % len(place.offered)].text for place in planned.slots]
                    text = filled(bank, " ".join(chosen))
                    review = Review(platform=platform, rating=1, text="Плохо", author="Анна")
                    findings = check(Draft(text, bank.platforms[platform], bank.company(), planned, review), bank)
                    assert {finding.rule for finding in findings} <= {"unfilled-place"}, (case, text)


def test_a_broken_bank_is_told_in_full(bank: Phrasebank) -> None:
    """A rule without a function, a function without a rule, an entry that cannot be read, a missing list of cues."""
    rules = {id_: rule for id_, rule in bank.rules.items() if id_ != "blame"}
    rules["caps"] = rules["caps"].model_copy(update={"id": "shouting", "words": {}})
    rules["irony"] = rules["irony"].model_copy(update={"words": {"find": ("(вы", "а|б", ".. да", "д*")}})
    rules["slot-order"] = rules["slot-order"].model_copy(update={"words": {}})
    faults = "\n".join(unimplemented(with_rules(bank, rules)))
    for expected in ("blame", "shouting: neither", "irony: find: (вы", "а|б", ".. да", "д*", "slot-order: greeting"):
        assert expected in faults


def with_rules(bank: Phrasebank, rules: dict[str, Rule]) -> Phrasebank:
    return replace(bank, rules=rules)


def test_an_owner_may_add_a_rule_of_words_alone(bank: Phrasebank) -> None:
    rule = bank.rules["irony"].model_copy(update={"id": "own", "words": {"find": ("(наш|ваш) слоган*",)}})
    own = with_rules(bank, {"own": rule})
    assert [finding.rule for finding in text_only(own, "Вспомним наш слоган про тишину.")] == ["own"]


# ── The laws of a check ──


@given(text=st.text(max_size=400), review=st.text(max_size=100), data=st.data())
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_checked_without_a_fault(bank: Phrasebank, text: str, review: str, data: st.DataObject) -> None:
    """Spans lie in the text, the gravest comes first, and the same draft has the same findings."""
    scenario = data.draw(st.sampled_from(sorted(bank.scenarios)))
    case = {"text": text, "platform": "2gis", "scenario": scenario, "review": {"text": review, "author": "Анна"}}
    draft = draft_of(bank, case)
    findings = check(draft, bank)
    assert findings == check(draft, bank)
    assert all(0 <= f.span[0] < f.span[1] <= len(text) for f in findings if f.span)
    gravity = [list(reversed(Severity)).index(finding.severity) for finding in findings]
    assert gravity == sorted(gravity)


@pytest.mark.parametrize(
    "text",
    [
        "а" * 20000,
        "вернем " + " " * 19000,
        "вы " * 6000,
        "Мы ответим завтра. " * 1000,
        "ул. " * 5000,
        "12-" * 6000,
        "(" * 20000,
    ],
    ids=lambda text: text[:12],
)
def test_hostile_texts_take_no_longer_than_they_are_long(bank: Phrasebank, text: str) -> None:
    started = time.thread_time()
    text_only(bank, text)
    assert time.thread_time() - started < 2


def test_a_usual_reply_takes_about_a_millisecond(bank: Phrasebank) -> None:
    """The budget is 1 ms; the limit here leaves room for a slow and busy machine."""
    draft = draft_of(bank, next(case for case in CASES if case["note"] == "первый пример 004 целиком"))
    check(draft, bank)

    def taken() -> float:
        started = time.thread_time()
        check(draft, bank)
        return time.thread_time() - started

    assert min(taken() for _ in range(100)) < 0.005


def test_findings_say_what_where_why_and_how_grave(bank: Phrasebank) -> None:
    """Spans count code points of the text as it came, whatever was folded away before."""
    text = "😀 Здравствуйте! Мы вер\u00adнём вам деньги."
    found = {finding.rule: finding for finding in text_only(bank, text)}["money-promise"]
    assert found.span
    assert text[slice(*found.span)] == "вер\u00adнём вам деньги"
    assert (found.severity, found.source) == (Severity.ERROR, "house")
    assert "Не обещайте деньги" in found.message


def test_the_length_is_counted_as_the_platform_counts(bank: Phrasebank) -> None:
    """Google takes 4,096 bytes of UTF-8; a message says by how much a reply is too long."""
    google = bank.platforms[Platform.GOOGLE]
    for letters, too_long in ((2048, False), (2049, True)):
        findings = check(Draft("я" * letters, google, bank.company()), bank)
        messages = [finding.message for finding in findings if finding.rule == "too-long"]
        assert messages == (["Сократите ответ: 4098 байт, а площадка принимает 4096."] if too_long else [])


def test_the_company_of_a_branch_has_its_own_contacts(bank: Phrasebank) -> None:
    """The phone of one country is a stranger's in another."""
    text = "Здравствуйте! Позвоните нам по телефону +7 700 000-00-00, поможем."
    assert not check(Draft(text, None, bank.company("kz")), bank)
    assert [finding.rule for finding in text_only(bank, text)] == ["personal-data-in-public"]


# ── The notation of the word lists ──


@pytest.mark.parametrize(
    ("entry", "hits", "misses"),
    [
        ("обман*", ["обманом", "Обманули!", "обма\u0301н"], ["самообман", "не обманули"]),
        (
            "вернём .. деньг*",
            ["вернем деньги", "Вернём вам все эти ваши деньги"],
            ["вернём не деньги", "вернём. Деньги"],
        ),
        ("вы [сами|же] виноваты", ["вы виноваты", "вы, сами, виноваты", "вы же виноваты"], ["вы не виноваты"]),
        ("(верну|отдам) долг", ["верну долг", "отдам  долг"], ["верну", "долг"]),
        ("из-за вас", ["из-за вас"], ["из за вас всех", "за вас"]),
        ("<число> дней", ["10 дней"], ["десять дней", "10 дня"]),
        ("не врите", ["не врите"], ["врите"]),
        ("бот", ["бот", "чат-бот"], ["заботу", "боты"]),
    ],
)
def test_the_notation(entry: str, hits: list[str], misses: list[str]) -> None:
    index = Index({"list": [entry]})
    assert [text for text in hits if not index.find(fold(text).text)] == []
    assert [text for text in misses if index.find(fold(text).text)] == []


def test_an_exception_takes_back_what_it_overlaps() -> None:
    index = Index({"list": ["жаль", "кроме как жаль"]})
    assert index.find("нам жаль, а как жаль") == {"list": ((4, 8),)}
