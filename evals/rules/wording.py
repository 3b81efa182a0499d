"""What a reply must not say: a second opinion beside `suggest.check`, by the expressions of `regulation.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from evals.regulation import Where, channel_of, flags_of, folded, regulation, scenario_of, shape_of
from evals.rules.base import Score, Scorer, passes
from suggest.domain import Suggestion
from suggest.regulation import Phrasebank

APPLIES: Mapping[Where, Callable[[Suggestion], bool]] = {
    "any": lambda suggestion: True,
    "public": lambda suggestion: channel_of(suggestion) == "public",
    "complaint": lambda suggestion: "empathy" in shape_of(suggestion) and "thanks" not in shape_of(suggestion),
    "calm": lambda suggestion: "empathy" not in shape_of(suggestion) and scenario_of(suggestion) != "violation",
    "open": lambda suggestion: "resolution" in shape_of(suggestion),
    "violation": lambda suggestion: scenario_of(suggestion) == "violation",
    "safety": lambda suggestion: "safety" in flags_of(suggestion),
}


def unsaid(rule: str) -> Scorer:
    """The scorer of a rule of `regulation.yaml`'s wording: none of its expressions is in the reply.

    Verbatim wordings of the regulation are allowed in the slots that it has in this reply.
    """

    def score(suggestion: Suggestion, bank: Phrasebank) -> Score | None:
        wording = regulation().wording[rule]
        if scenario_of(suggestion) is None or not APPLIES[wording.where](suggestion):
            return None
        said = [
            found[0]
            for segment in suggestion.segments
            if segment.slot not in shape_of(suggestion) or not _cited(segment.phrase_id, bank)
            for found in wording.expression.finditer(folded(segment.text))
        ]
        return passes(not said, f"сказано: «{'», «'.join(said)}»")

    return score


def _cited(phrase_id: str, bank: Phrasebank) -> bool:
    return phrase_id in bank.phrases and bank.phrases[phrase_id].source != "house"


CHECKED: Mapping[str, Scorer] = {rule: unsaid(rule) for rule in regulation().wording}
"""Scorers of rules of rules.yaml."""
