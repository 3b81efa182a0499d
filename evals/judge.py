"""What a suggestion for a case is worth: one `Row`, by the semantics of design.md section 4."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from evals.dataset import SKIP, Case
from evals.harm import HARMS, harms
from evals.regulation import flags_of, scenario_of
from evals.rules import scores
from suggest.domain import Match, Status, Suggestion
from suggest.pipeline import Matching, Suggester
from suggest.regulation import Phrasebank

ABSTAINED = "null"
"""How an abstention is called where a JSON key must be a string."""


class Row(BaseModel):
    """A case and its outcome: everything the metrics count, and nothing they have to look up.

    `got` is a scenario, "skip", or None for an abstention. `routed` and `shaped` are None where they do not apply.
    `phrases` leaves out places that the agent fills.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    digest: str
    kind: str
    expected: str | None
    also: tuple[str | None, ...]
    in_scope: bool
    got: str | None
    ready: bool
    by: str | None
    confidence: float | None
    ranking: tuple[str, ...]
    flags: tuple[str, ...]
    flags_expected: tuple[str, ...]
    flags_optional: tuple[str, ...]
    routed: bool | None
    shaped: bool | None
    harm: tuple[str, ...]
    rules: dict[str, bool]
    broken: dict[str, str]
    public: bool
    reply: str
    phrases: tuple[str, ...]
    latency_ms: float
    explanation: str

    @property
    def ok(self) -> bool:
        """Whether what was given is expected or as good."""
        return self.got in {self.expected, *self.also}

    def top(self, count: int) -> bool:
        """Whether one of the first `count` of the ranking is right; an abstention counts by its runners-up."""
        return any(name in {self.expected, *self.also} for name in self.ranking[:count])


class Remembering:
    """A matcher that looks the last texts up only once, so that overrides of a review cost no second encoding."""

    def __init__(self, inner: Matching) -> None:
        self.version = inner.version
        self.limits = inner.limits
        self._match = lru_cache(maxsize=64)(inner.match)

    def match(self, text: str, rating: int | None) -> Match:
        return self._match(text, rating)


def remembering(suggester: Suggester) -> Suggester:
    return replace(suggester, matcher=Remembering(suggester.matcher))


def suggested(case: Case, suggester: Suggester) -> tuple[Suggestion, float]:
    """The suggestion for a case's review, and how many milliseconds it took."""
    start = time.perf_counter()
    suggestion = suggester.suggest(case.review)
    return suggestion, 1000 * (time.perf_counter() - start)


def judge(case: Case, suggestion: Suggestion, latency_ms: float, suggester: Suggester) -> Row:
    """The row of a case; overrides by the accepted scenarios tell which routes and shapes are right for its review."""
    matched, bank = suggestion.match, suggester.bank
    got = SKIP if suggestion.status is Status.SKIPPED else scenario_of(suggestion)
    scored = scores(suggestion, bank)
    routed, shaped = _fitting(case, suggestion, suggester)
    return Row(
        id=case.id,
        digest=case.digest,
        kind=case.kind,
        expected=case.expect.scenario,
        also=case.expect.also,
        in_scope=case.in_scope,
        got=got,
        ready=suggestion.status is Status.READY,
        by=matched.by if matched else None,
        confidence=matched.confidence if matched else None,
        ranking=ranking(suggestion),
        flags=flags_of(suggestion),
        flags_expected=case.expect.flags,
        flags_optional=case.expect.flags_optional,
        routed=routed,
        shaped=shaped,
        harm=harms(case, suggestion),
        rules={rule: score.passed for rule, score in scored.items()},
        broken={rule: score.explanation for rule, score in scored.items() if not score.passed},
        public=case.review.platform != "dm",
        reply=suggestion.text,
        phrases=tuple(segment.phrase_id for segment in suggestion.segments if "[" not in segment.text),
        latency_ms=round(latency_ms, 2),
        explanation=explain(case, suggestion, bank),
    )


def ranking(suggestion: Suggestion) -> tuple[str, ...]:
    """The scenario, if any, and the runners-up behind it."""
    if suggestion.match is None:
        return ()
    first = (suggestion.match.scenario,) if suggestion.match.scenario else ()
    return (*first, *(candidate.scenario for candidate in suggestion.match.runners_up))


def _fitting(case: Case, suggestion: Suggestion, suggester: Suggester) -> tuple[bool | None, bool | None]:
    """Whether department and planned slots are those that an accepted scenario leads to for this review.

    The department of an abstention counts; slots only where a reply was planned.
    """
    if not case.in_scope:
        return None, None
    accepted = [name for name in case.accepted if name in suggester.bank.scenarios]
    if scenario_of(suggestion) in accepted:
        return True, True
    right = [suggester.suggest(case.review, name) for name in accepted if name]
    routed = suggestion.department in {other.department for other in right}
    if suggestion.status is not Status.READY:
        return routed, None
    return routed, _places(suggestion) in {_places(other) for other in right}


def _places(suggestion: Suggestion) -> tuple[tuple[str, str | None], ...]:
    return tuple((segment.slot, segment.part) for segment in suggestion.segments)


def title(name: str | None, bank: Phrasebank) -> str:
    """A scenario, a skip or an abstention in Russian, for people."""
    if name in {None, ABSTAINED}:
        return "молчание"
    return "без ответа" if name == SKIP else f"«{bank.scenarios[name or ''].title}»"


def explain(case: Case, suggestion: Suggestion, bank: Phrasebank) -> str:
    """One sentence in Russian: what was expected, what came, and why."""
    got = SKIP if suggestion.status is Status.SKIPPED else scenario_of(suggestion)
    parts = [f"ждали {title(case.expect.scenario, bank)}, получили {title(got, bank)}"]
    matched = suggestion.match
    if matched is not None:
        parts += [reason.text.rstrip(".").lower() for reason in matched.reasons if reason.code != "kazakh"]
        ranked = ranking(suggestion)
        if got is None and ranked:
            parts.append(f"ближе всего {title(ranked[0], bank)} ({matched.confidence:.2f})")
        elif got != case.expect.scenario and matched.nearest:
            parts.append(f"уверенность {matched.confidence:.2f}, похоже на: «{matched.nearest[0].text[:80]}»")
    parts += [HARMS[harm] for harm in harms(case, suggestion)]
    return "; ".join(parts)
