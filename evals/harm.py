"""The mistakes that hurt: answers that offend, and urgent flags that were missed (design.md, section 4)."""

from __future__ import annotations

from evals.dataset import Case
from evals.regulation import flags_of, regulation, scenario_of, slots_of
from suggest.domain import Status, Suggestion

URGENT = ("safety", "legal")


def complains(scenario: str | None) -> bool:
    """Whether the regulation joins in the client's trouble there (000 §4)."""
    return scenario in regulation().shapes and "empathy" in regulation().shapes[scenario or ""]["public"]


def harms(case: Case, suggestion: Suggestion) -> tuple[str, ...]:
    """The kinds of harm a suggestion does: wrong answers that offend, and missed urgent flags."""
    found = [f"missed_{flag}" for flag in URGENT if flag in case.expect.flags and flag not in flags_of(suggestion)]
    expected, got = case.expect.scenario, scenario_of(suggestion)
    if suggestion.status is not Status.READY or got in case.accepted:
        return tuple(found)
    if complains(expected) and got in {"positive", "resolved"}:
        found.append("praise_for_complaint" if got == "positive" else "solved_for_complaint")
    if expected == "positive" and "empathy" in slots_of(suggestion):
        found.append("apology_for_praise")
    if expected == "violation" and ("resolution" in slots_of(suggestion) or got == "resolved"):
        found.append("promise_for_violation")
    return tuple(found)


HARMS = {
    "praise_for_complaint": "жалоба отвечена как похвала",
    "solved_for_complaint": "жалоба отвечена как решённая",
    "apology_for_praise": "в ответ на похвалу извинились",
    "promise_for_violation": "в ответ на нарушение правил дано обещание",
    "missed_safety": "пропущена угроза безопасности",
    "missed_legal": "пропущена претензия или суд",
}
