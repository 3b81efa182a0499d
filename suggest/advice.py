"""The port through which a model may advise the walk: it chooses among what is offered, flags a tone, and never fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from suggest.domain import Finding, Match, Reason, Review, Usage
from suggest.regulation import Plan, SlotKey


class Advice(Protocol):
    """The advice on one suggestion. Its methods are called in this order, each at most once, and raise nothing."""

    def scenario(self, review: Review, matched: Match) -> str | None:
        """One of the candidates of a match that is not sure; None where none of them fits or nobody can tell."""
        ...

    def phrases(self, review: Review, plan: Plan) -> Mapping[SlotKey, str]:
        """A phrase id offered there for each place that it chose for; the places left out are the caller's."""
        ...

    def tone(self, review: Review, text: str) -> tuple[Finding, ...]:
        """What is wrong with the tone of a reply; each span stands in the text."""
        ...

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What an agent has to know of the choices."""
        ...

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """Why the scenario is what it is."""
        ...

    @property
    def model(self) -> str | None:
        """Which model answered, None where none did."""
        ...

    @property
    def prompt(self) -> str | None:
        """The prompts that were answered, each with the hash of its wording."""
        ...

    @property
    def usage(self) -> Usage | None:
        """What it took."""
        ...


class Adviser(Protocol):
    """Anything that can be asked for advice, suggestion by suggestion, from many threads."""

    def begin(self) -> Advice: ...


class NoAdvice:
    """Nobody to ask."""

    findings: tuple[Finding, ...] = ()
    reasons: tuple[Reason, ...] = ()
    model: str | None = None
    prompt: str | None = None
    usage: Usage | None = None

    def begin(self) -> NoAdvice:
        return self

    def scenario(self, review: Review, matched: Match) -> None: ...

    def phrases(self, review: Review, plan: Plan) -> Mapping[SlotKey, str]:
        return {}

    def tone(self, review: Review, text: str) -> tuple[Finding, ...]:
        return ()
