"""What a rule of the regulation is to the evaluation: a pure function of a suggestion, with its paragraph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from suggest.domain import Suggestion
from suggest.regulation import Phrasebank


@dataclass(frozen=True)
class Score:
    """Whether a suggestion keeps a rule; `explanation`, in Russian, says what is wrong where it does not."""

    passed: bool
    explanation: str = ""


Scorer = Callable[[Suggestion, Phrasebank], Score | None]
"""None: the rule does not apply to this suggestion."""


@dataclass(frozen=True)
class Rule:
    """A rule by the id that the report and the gates call it; `title` names what must hold or what is wrong."""

    id: str
    paragraph: str
    title: str
    scorer: Scorer


def passes(kept: bool, otherwise: str) -> Score:
    return Score(True) if kept else Score(False, otherwise)
