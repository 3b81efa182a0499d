"""The rules of the regulation as a reader of replies would put them: cases, near misses, and the laws of the checker."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from suggest import check as checking
from suggest.check import CHECKS, Draft, check, unimplemented
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
    scenario, company = bank.scenarios[case["scenario"]], bank.company()
    situation = Situation(
        topic=bank.topics.get(scenario.topic or "store"),
        channel=bank.platforms[Platform(case["platform"])].channel,
        client_known=case.get("client_known", False),
        flags=tuple(case.get("flags", ())),
        facts={"company_name": company.name, "company_email": company.email, "company_phone": company.phone},
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
