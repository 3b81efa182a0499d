"""One scorer for each rule of the regulation: those of `phrasebank/rules.yaml`, and those that are no text checks."""

from __future__ import annotations

from collections.abc import Mapping

from evals.rules import actions, form, phrases, slots, triage, wording
from evals.rules.base import Rule, Score, Scorer
from suggest.domain import Suggestion
from suggest.regulation import Phrasebank

__all__ = ["CHECKED", "OTHERS", "Rule", "Score", "rules", "scores"]

OTHERS: tuple[Rule, ...] = (*triage.RULES, *slots.RULES, *phrases.RULES, *actions.RULES)
"""The rules that are no text checks."""

CHECKED: Mapping[str, Scorer] = {**slots.CHECKED, **phrases.CHECKED, **wording.CHECKED, **form.CHECKED}
"""Our own scorer for each rule of `phrasebank/rules.yaml`."""

INTENDED = ("question", "unfilled-place")
"""The one finding that a suggestion is meant to have: the place that the agent fills (see `answer-place`)."""


def rules(bank: Phrasebank) -> tuple[Rule, ...]:
    """Every rule that can be scored, with title and paragraph; rules of the bank that have no scorer are left out."""
    checked = (
        Rule(rule.id, rule.source, rule.title, CONFIRMED[rule.id])
        for rule in bank.rules.values()
        if rule.id in CONFIRMED
    )
    return (*OTHERS, *checked)


def scores(suggestion: Suggestion, bank: Phrasebank) -> dict[str, Score]:
    """The score by every rule that applies to this suggestion."""
    scorers = {**{rule.id: rule.scorer for rule in OTHERS}, **CONFIRMED}
    found = ((id_, scorer(suggestion, bank)) for id_, scorer in scorers.items())
    return {id_: score for id_, score in found if score is not None}


def _confirmed(rule: str, scorer: Scorer) -> Scorer:
    """Kept only where both our scorer and the service's own check have nothing against the reply."""

    def score(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
        scenario = suggestion.match.scenario if suggestion.match else None
        found = [finding.message for finding in suggestion.findings if finding.rule == rule]
        if found and (scenario, rule) != INTENDED:
            return Score(False, f"проверка службы: {found[0]}")
        return scorer(suggestion, bank)

    return score


CONFIRMED: Mapping[str, Scorer] = {rule: _confirmed(rule, scorer) for rule, scorer in CHECKED.items()}
