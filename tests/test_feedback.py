"""What an edit changed: a word-level diff that loses nothing, and the slots it touched."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suggest.domain import ChosenBy, Segment
from suggest.feedback import compare, template

PHRASES = ("Здравствуйте!", "Нам очень жаль, что так произошло.", "Мы разберёмся и ответим вам.", "Спасибо за отзыв.")


def segments(*texts: str) -> tuple[Segment, ...]:
    return tuple(
        Segment(slot=f"slot{place}", phrase_id=f"phrase{place}", text=text, chosen_by=ChosenBy.ROTATION)
        for place, text in enumerate(texts)
    )


def changes(edited: str) -> list[tuple[str, str, str | None]]:
    """The slots that an edit of PHRASES touched."""
    edit = compare(segments(*PHRASES), " ".join(PHRASES), edited, {})
    return [(slot.slot, slot.change, slot.text) for slot in edit.slots]


CASES = [
    (" ".join(PHRASES), []),
    ("\n\n".join(PHRASES), []),
    ("", [(f"slot{place}", "deleted", None) for place in range(4)]),
    (" ".join(PHRASES[1:]), [("slot0", "deleted", None)]),
    (" ".join(PHRASES[:-1]), [("slot3", "deleted", None)]),
    (" ".join([*PHRASES[:2], PHRASES[3]]), [("slot2", "deleted", None)]),
    (" ".join(PHRASES).replace("очень", "искренне"), [("slot1", "changed", "Нам искренне жаль, что так произошло.")]),
    (" ".join(PHRASES).replace("очень ", ""), [("slot1", "changed", "Нам жаль, что так произошло.")]),
    (
        " ".join(PHRASES).replace("что так", "что всё так"),
        [("slot1", "changed", "Нам очень жаль, что всё так произошло.")],
    ),
    (" ".join(PHRASES) + " Всего доброго!", []),
    ("Добрый день! " + " ".join(PHRASES[1:]), [("slot0", "changed", "Добрый день!")]),
    (
        " ".join([*PHRASES[:1], "Совсем другие слова", *PHRASES[3:]]),
        [("slot1", "changed", None), ("slot2", "changed", None)],
    ),
]


@pytest.mark.parametrize(("edited", "expected"), CASES)
def test_the_slots_that_an_edit_touched(edited: str, expected: list[tuple[str, str, str | None]]) -> None:
    assert changes(edited) == expected


WORDS = st.lists(st.sampled_from(["мы", "вам", "ответим", "жаль,", "очень", "Здравствуйте!", "\n"]), max_size=12)


@given(parts=st.lists(WORDS, max_size=4), edited=WORDS)
def test_a_diff_loses_no_word(parts: list[list[str]], edited: list[str]) -> None:
    made = segments(*(" ".join(part) for part in parts))
    text, other = " ".join(segment.text for segment in made), " ".join(edited)
    edit = compare(made, text, other, {})
    assert " ".join(old for _, old, _ in edit.diff if old).split() == text.split()
    assert " ".join(new for _, _, new in edit.diff if new).split() == other.split()
    for op, old, new in edit.diff:
        assert (op == "equal") == (old.split() == new.split())
    for slot in edit.slots:
        assert slot.text is None or slot.text in other
    assert len(edit.templates) == len(edit.slots)


def test_nothing_changed_is_no_change() -> None:
    made = segments(*PHRASES)
    edit = compare(made, " ".join(PHRASES), " ".join(PHRASES), {})
    assert (edit.slots, [op for op, _, _ in edit.diff]) == ((), ["equal"])


@pytest.mark.parametrize("edited", ["а " * 10_000, "вам " * 5_000, " ".join(PHRASES) * 130, "x" * 20_000])
def test_the_longest_edit_is_compared_in_time(edited: str) -> None:
    started = time.thread_time()
    compare(segments(*PHRASES), " ".join(PHRASES), edited[:20_000], {})
    assert time.thread_time() - started < 1


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("Здравствуйте, Анна!", {"client_name": "Анна"}, "Здравствуйте, {client_name}!"),
        ("Анна Ивановна, Анна", {"client_name": "Анна"}, "{client_name} Ивановна, {client_name}"),
        ("Аннабель {x}", {"client_name": "Анна"}, "Аннабель {{x}}"),
        ("a@b.ru", {"company_email": "a@b.ru", "company_name": "b"}, "{company_email}"),
        ("Мы", {"company_name": ""}, "Мы"),
    ],
)
def test_facts_become_variables(text: str, facts: dict[str, str], expected: str) -> None:
    assert template(text, facts) == expected
