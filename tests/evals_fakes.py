"""What the tests of the harness share: our cases, matchers that know or ignore the answers, rows made by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from evals.dataset import Case, load, own_files
from evals.judge import Row, judge, suggested
from suggest.checker import Checker
from suggest.domain import Candidate, Match, MatchedBy, Reason
from suggest.phrasebank import load as load_bank
from suggest.pipeline import Suggester
from suggest.regulation import Phrasebank
from suggest.settings import PROJECT, Settings

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


class Always:
    """A matcher with one answer for everything."""

    version = "always"
    limits: Mapping[str, float] = {}

    def __init__(self, scenario: str) -> None:
        self.scenario = scenario

    def match(self, text: str, rating: int | None) -> Match:
        others = [Candidate(scenario=name, confidence=0.1) for name in ("refund", "mixed") if name != self.scenario]
        return Match(scenario=self.scenario, topic=None, by=MatchedBy.MATCHER, confidence=0.9, runners_up=tuple(others))
