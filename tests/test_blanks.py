"""The fields of a review form that say nothing are not read; everything else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.blanks import without_blanks


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (
            "Достоинства: тихий\nНедостатки: нет\nКомментарий: беру второй",
            "Достоинства: тихий\nКомментарий: беру второй",
        ),
        ("Плюсы: звук. Минусы: пока не обнаружила!", "Плюсы: звук."),
        ("Достоинства: -\nНедостатки: не греет", "Недостатки: не греет"),
        ("Минусы — нет\nПлюсы — лёгкий", "Плюсы — лёгкий"),
        ("Кемшілігі: жоқ\nАртықшылығы: жеңіл", "Артықшылығы: жеңіл"),
        ("Недостатки: нет кнопки", "Недостатки: нет кнопки"),
        ("Недостатки: всё", "Недостатки: всё"),
        ("Достоинства: нет\nНедостатки: нет", "Достоинства: нет\nНедостатки: нет"),
        ("Плюсы ожидания: никаких. Мастер не пришёл.", "Плюсы ожидания: никаких. Мастер не пришёл."),
    ],
)
def test_only_fields_that_say_nothing_are_left_out(text: str, read: str) -> None:
    assert without_blanks(text) == read


@given(
    st.lists(st.sampled_from(["Достоинства", "недостатки", "Минусы", "нет", "не нашла", " ", "\n", ".", ","])).map(
        "".join
    )
)
def test_a_label_is_one_only_with_its_mark(text: str) -> None:
    assert without_blanks(text) == text


@given(st.lists(st.sampled_from(["Достоинства:", "Недостатки:", "нет", "тихий", "-", "\n", " ", "."])).map("".join))
def test_what_is_left_says_something_where_the_text_did(text: str) -> None:
    assert bool(without_blanks(text).strip()) == bool(text.strip())
    assert ("тихий" in text) == ("тихий" in without_blanks(text))
