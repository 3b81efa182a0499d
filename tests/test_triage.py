"""Triage is total and is the table of 000 «Обработка отзыва»."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.domain import Disposition, Platform, Review
from suggest.triage import has_letters, settle, triage

URGENT = ("safety", "legal")


def review(rating: int | None, text: str) -> Review:
    return Review(platform=Platform.TWOGIS, rating=rating, text=text)


@pytest.mark.parametrize("text", ["", " ", "👍👍", "!!!", "5+", "…", "1000%"])
@pytest.mark.parametrize("rating", [4, 5])
def test_high_stars_without_words_are_not_answered(rating: int, text: str) -> None:
    decided = triage(review(rating, text))
    assert decided.disposition is Disposition.SKIP
    assert decided.priority is None


@pytest.mark.parametrize("text", ["", "👎", "...", "Плохо", "НЕТ"])
@pytest.mark.parametrize("rating", [1, 2, 3])
def test_low_stars_are_always_answered_and_first(rating: int, text: str) -> None:
    decided = triage(review(rating, text))
    assert (decided.disposition, decided.priority) == (Disposition.ANSWER, 1)


@pytest.mark.parametrize("rating", [4, 5])
def test_high_stars_with_words_are_answered_later(rating: int) -> None:
    assert triage(review(rating, "Спасибо")).priority == 2


@given(st.sampled_from([None, 1, 2, 3, 4, 5]), st.text())
def test_triage_decides_whatever_the_review(rating: int | None, text: str) -> None:
    if rating is None and not has_letters(text):
        return
    decided = triage(Review.model_construct(platform=Platform.TWOGIS, rating=rating, text=text))
    skipped = rating in (4, 5) and not has_letters(text)
    assert (decided.disposition is Disposition.SKIP) == skipped
    assert (decided.priority is None) == skipped
    assert decided.reasons


@pytest.mark.parametrize(
    ("rating", "scenario", "flags", "priority"),
    [
        (None, "delivery", (), 1),
        (None, "positive", (), 2),
        (None, "question", (), 2),
        (None, None, (), 1),
        (1, "positive", (), 1),
        (5, "positive", (), 2),
        (5, "positive", ("safety",), 0),
        (None, "question", ("legal",), 0),
        (1, "product", ("personal_data", "follow_up"), 1),
    ],
)
def test_priority_is_settled_once_the_review_is_understood(
    rating: int | None, scenario: str | None, flags: tuple[str, ...], priority: int
) -> None:
    said = review(rating, "слова")
    assert settle(triage(said), said, scenario, flags, URGENT).priority == priority
