"""One deadline over all questions of a suggestion: what is asked in the time that is left, and what is not."""

from __future__ import annotations

from collections.abc import Mapping

from suggest.domain import ModelFailed, Usage, Why
from suggest.model.pace import Paces
from suggest.model.questions import Answer, Deadline, NoMeter, Question
from suggest.model.session import Session

SECONDS = 8.0


class Provider:
    """The port `Model` over a clock of its own: each kind of question takes its time, or what the deadline leaves."""

    def __init__(self, takes: Mapping[str, float]) -> None:
        self.takes = dict(takes)
        self.now = 0.0
        self.asked: list[str] = []

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        self.asked.append(question.name)
        took = self.takes[question.name]
        self.now += min(took, deadline.left)
        if took > deadline.left and deadline.left <= 0:
            raise ModelFailed(Why.TIMEOUT)
        return Answer({}, "openai/fake", Usage(calls=1, latency_ms=1000 * took))


def asked(provider: Provider, paces: Paces, *names: str) -> list[str]:
    """Which of these questions of one suggestion reach the provider."""
    provider.asked.clear()
    session = Session(provider, Deadline.after(SECONDS, lambda: provider.now), NoMeter(), paces)
    for name in names:
        session.ask(Question(name, name, "", "", {}))
    return list(provider.asked)


def test_a_short_question_is_asked_behind_a_long_one() -> None:
    """A choice of 5 s leaves 3: less than it took, but enough for what usually takes 2."""
    assert asked(Provider({"choose": 5, "tone": 2}), Paces(), "choose", "tone") == ["choose", "tone"]


def test_a_question_that_is_never_answered_in_time_is_soon_not_asked() -> None:
    provider, paces = Provider({"choose": 5, "tone": 5}), Paces()
    assert asked(provider, paces, "choose", "tone") == ["choose", "tone"]
    assert asked(provider, paces, "choose", "tone") == ["choose"]


def test_a_provider_that_recovers_is_noticed() -> None:
    provider, paces = Provider({"choose": 5, "tone": 5}), Paces()
    asked(provider, paces, "choose", "tone")
    provider.takes["tone"] = 1
    turns = [asked(provider, paces, "choose", "tone") for _ in range(6)]
    assert ["choose", "tone"] in turns
    assert turns[-1] == ["choose", "tone"]


def test_where_hardly_anything_is_left_nothing_more_is_asked() -> None:
    assert asked(Provider({"choose": 7, "tone": 1}), Paces(), "choose", "tone") == ["choose"]


def test_the_first_question_is_always_asked() -> None:
    provider, paces = Provider({"tone": 9}), Paces()
    assert [asked(provider, paces, "tone") for _ in range(3)] == [["tone"]] * 3
