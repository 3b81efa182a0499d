"""The short code of a review: out of its id, into a public reply where that is set, and back out of a client's letter."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.bootstrap import company_of
from suggest.checker import Checker
from suggest.domain import Platform, Status
from suggest.mask import Masker
from suggest.pipeline import Suggester
from suggest.regulation import CompanyOverride
from suggest.review_code import code_of, codes_in
from suggest.settings import Settings
from tests.fakes import a_review, a_suggester, the_bank


def with_codes() -> Suggester:
    """The walk of a company whose replies ask for the code."""
    bank = the_bank()
    coded = Checker(bank, lambda branch: bank.company("ru", branch).model_copy(update={"return_code": True}))
    return replace(a_suggester(), checker=coded)


@given(st.text(max_size=60))
def test_a_code_is_five_digits_and_always_the_same(named: str) -> None:
    assert code_of(named) == code_of(named)
    assert 10_000 <= int(code_of(named)) <= 99_999


def test_codes_are_spread() -> None:
    assert len({code_of(f"suggestion-{number}") for number in range(1000)}) > 985


@pytest.mark.parametrize(
    "subject",
    [
        "Отзыв 48213",
        "«Отзыв 48213»",
        "отзыв №48213",
        "Re: ОТЗЫВ — 48213",
        "Отзыв: 48213.",
        'тема "отзыв-48213"',
        "По отзыву 48213",
        "Отзыв номер 48213",
        "отзыв N 48 213",
        "48213",
        "Re: Fwd: «48213»",
        "Oтзыв 48213",
    ],
)
def test_a_code_is_read_however_it_is_written(subject: str) -> None:
    assert codes_in(subject) == ("48213",)


@pytest.mark.parametrize(
    "subject",
    ["Отзыв", "Отзыв 4821", "Отзыв 482133", "Заказ 48213", "Отзывчивый 48213", "Отзыв 48213-77", "5 отзывов", "01234"],
)
def test_other_numbers_are_no_codes(subject: str) -> None:
    assert codes_in(subject) == ()


def test_a_code_in_the_letter_counts_as_one_in_the_subject() -> None:
    assert codes_in("Жалоба", "Добрый день! Вы ответили: «Отзыв 48213». Телефон 89000000000, заказ 55555.") == (
        "48213",
    )
    assert codes_in("Отзыв 48213", "отзыв 48213", "или отзыв 70707?") == ("48213", "70707")


def test_a_reply_asks_for_the_code_only_where_that_is_set() -> None:
    plain, coded = a_suggester().suggest(a_review()), with_codes().suggest(a_review())
    assert code_of(plain.id) not in plain.text
    assert f"«Отзыв {code_of(coded.id)}»" in coded.text
    assert [segment.part for segment in coded.segments if segment.slot == "identification"] == [
        "wish",
        "request",
        "code",
    ]
    assert codes_in("", coded.text) == (code_of(coded.id),)
    assert coded.findings == ()


def test_every_reply_with_a_code_passes_every_check_and_reads_back_to_its_review() -> None:
    bank, suggester = the_bank(), with_codes()
    for scenario in bank.scenarios:
        for platform in (Platform.TWOGIS, Platform.DM):
            for words in ("", " Вызвали пожарных.", " Подам в суд!"):
                made = suggester.suggest(a_review(platform=platform, text=f"Заказ 48213.{words}"), scenario)
                asked = platform is not Platform.DM and any(part.slot == "identification" for part in made.segments)
                assert codes_in("", made.text) == ((code_of(made.id),) if asked else ())
                assert {finding.rule for finding in made.findings} <= {"unfilled-place"}, made.text


def test_a_known_client_is_not_asked_for_a_code() -> None:
    made = with_codes().suggest(a_review(client={"known": True}))
    assert made.status is Status.READY
    assert codes_in("", made.text) == ()


def test_masking_leaves_the_code_and_still_covers_an_order() -> None:
    masked = Masker(the_bank().given_names).mask("Мария, укажите «Отзыв 48213». Ваш заказ № 7744551.").text
    assert "48213" in masked
    assert "7744551" not in masked


def test_the_environment_decides_over_the_file() -> None:
    bank = the_bank()
    assert not company_of(Settings.read({}), bank)(None).return_code
    assert company_of(Settings.read({"SUGGEST_RETURN_CODE": "true"}), bank)(None).return_code
    on = replace(
        bank,
        company_file=bank.company_file.model_copy(update={"branches": {"Казань": CompanyOverride(return_code=True)}}),
    )
    assert company_of(Settings.read({}), on)("Казань").return_code
    assert not company_of(Settings.read({"SUGGEST_RETURN_CODE": "false"}), on)("Казань").return_code
