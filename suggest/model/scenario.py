"""A model chooses the scenario where the matcher is not sure: one of its candidates, or none of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from suggest.domain import Match, Neighbour, Review
from suggest.model.prompts import Prompts
from suggest.model.questions import Question
from suggest.model.session import Session
from suggest.model.shown import Shown
from suggest.regulation import Exemplar, Phrasebank

NAME = "scenario"
NONE = "none"
UNSURE = "unsure"
"""The code of the reason for which a matcher that knows the scenario abstains all the same."""

_EACH = 2
"""Examples of each candidate."""

_LENGTHS = range(40, 200)


@dataclass(frozen=True)
class Shot:
    """A review and what it is, for the prompt."""

    text: str
    rating: int | None
    scenario: str | None


class ModelScenario:
    """Asks which candidate it is. Examples are those that the match resembles, then others of the phrasebank."""

    def __init__(self, prompts: Prompts, bank: Phrasebank, exemplars: Sequence[Exemplar]) -> None:
        self._prompts, self._bank = prompts, bank
        self._exemplars = {
            label: [
                Shot(item.text, item.rating, label)
                for item in exemplars
                if item.scenario == label and len(item.text) in _LENGTHS
            ][: 2 * _EACH]
            for label in (None, *bank.scenarios)
        }

    def decide(self, session: Session, shown: Shown, review: Review, matched: Match) -> str | Literal[False] | None:
        """The scenario; False for none of the candidates, None where the model gave no answer.

        What is suspicious in the review is left out: a sentence that asks for a scenario decides nothing.
        """
        if not is_unsure(matched) or not shown.honest:
            return None
        answer = session.ask(self.question(shown.honest, review.rating, matched))
        if answer is None:
            return None
        given = answer.values.get("scenario")
        if given == NONE:
            return False
        if not any(candidate.scenario == given for candidate in matched.runners_up):
            session.meter.refused(NAME, "unknown_id" if isinstance(given, str) else "not_an_id")
            return None
        return str(given)

    def question(self, text: str, rating: int | None, matched: Match) -> Question:
        """The question as it is sent; `text` is the masked review."""
        names = [candidate.scenario for candidate in matched.runners_up]
        allowed = {"type": "string", "enum": [*names, NONE]}
        return self._prompts.question(
            NAME,
            {
                "type": "object",
                "properties": {"scenario": allowed},
                "required": ["scenario"],
                "additionalProperties": False,
            },
            candidates=[self._bank.scenarios[name] for name in names],
            nothing=NONE,
            examples=self._examples(names, matched.nearest),
            review=text,
            rating=rating,
        )

    def _examples(self, names: Sequence[str], nearest: Sequence[Neighbour]) -> list[Shot]:
        found = [Shot(near.text, None, near.scenario) for near in nearest if near.scenario in names]
        known = {shot.text for shot in found}
        for name in (*names, None):
            already = sum(shot.scenario == name for shot in found)
            found += [shot for shot in self._exemplars[name] if shot.text not in known][: max(0, _EACH - already)]
        return found


def is_unsure(matched: Match) -> bool:
    """Whether the match is an abstention between known candidates, and not for want of any."""
    return matched.scenario is None and any(reason.code == UNSURE for reason in matched.reasons)
