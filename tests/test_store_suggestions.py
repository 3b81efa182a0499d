"""The store behind the port `Suggestions`: what is put in comes out, once, whoever else is writing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from suggest.desk import Desk, InMemory
from suggest.domain import StaleRevision, Suggestion
from suggest.store.store import Store
from suggest.store.tables import events, revisions, suggestions, texts
from tests.fakes import Clock, a_review, a_suggester


def a_suggestion(**changes: object) -> Suggestion:
    return a_suggester().suggest(a_review(**changes))


def revised(suggestion: Suggestion, revision: int) -> Suggestion:
    return suggestion.model_copy(update={"revision": revision})


def count(store: Store, table: object) -> int:
    with store.database.reading() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


REVIEWS = [
    a_review(),
    a_review(id=None, text="", author=None),
    a_review(rating=5, text="👍", author="Ольга"),
    a_review(text="Мусор \x00 и «кавычки» \\u0000", author="\x00", branch="\x00", ticket_id="1\x00"),
    a_review(posted_at="2026-10-01T23:59:59+03:00", url="https://2gis.ru/1", client={"known": True, "name": "Пётр"}),
    a_review(platform="dm", rating=None, text="Мастер не приехал"),
]


@pytest.mark.parametrize("review", REVIEWS, ids=range(len(REVIEWS)))
def test_a_suggestion_comes_back_as_it_went_in(store: Store, review: object) -> None:
    made = a_suggester().suggest(review)
    assert store.suggestions.put(made) == made
    assert store.suggestions.get(made.id) == made
    assert store.suggestions.get(made.id, 1) == made


def test_a_second_put_gets_the_newest_kept(store: Store) -> None:
    first = a_suggestion()
    store.suggestions.put(first)
    store.suggestions.revise(revised(first, 2))
    assert store.suggestions.put(first) == revised(first, 2)
    assert count(store, suggestions) == 1


def test_revisions_stay_and_follow_each_other(store: Store) -> None:
    first = a_suggestion()
    store.suggestions.put(first)
    store.suggestions.revise(revised(first, 2))
    assert store.suggestions.get(first.id, 1) == first
    assert store.suggestions.get(first.id) == revised(first, 2)
    assert store.suggestions.newest(first.id) == 2
    for wrong in (1, 2, 4):
        with pytest.raises(StaleRevision) as stale:
            store.suggestions.revise(revised(first, wrong))
        assert stale.value.newest == 2


def test_what_is_not_there_is_none(store: Store) -> None:
    assert store.suggestions.get("none") is None
    assert store.suggestions.get("\x00") is None
    assert store.suggestions.newest("none") is None
    store.suggestions.put(a_suggestion())
    assert store.suggestions.get(a_suggestion().id, 2) is None


@pytest.mark.parametrize("keeper", ["store", "memory"])
def test_revise_begins_at_one_only(store: Store, keeper: str) -> None:
    kept = store.suggestions if keeper == "store" else InMemory()
    with pytest.raises(StaleRevision):
        kept.revise(revised(a_suggestion(), 2))
    kept.revise(a_suggestion())
    assert kept.newest(a_suggestion().id) == 1


def test_texts_are_nowhere_but_in_texts(store: Store) -> None:
    review = a_review(text="Уникальныйтекст доставка", author="Мария Уникальная", url="https://unique.example")
    store.suggestions.put(a_suggester().suggest(review))
    with store.database.reading() as connection:
        for table in (suggestions, revisions, events):
            found = " ".join(str(row) for row in connection.execute(select(table)))
            for text in ("Уникальн", "unique.example", "Мария"):
                assert text not in found
        assert "Уникальныйтекст" in str(connection.execute(select(texts)).all())


def test_many_clients_with_one_review_make_one_suggestion(store: Store, clock: Clock) -> None:
    desk = Desk(a_suggester(clock), store.suggestions)
    with ThreadPoolExecutor(16) as pool:
        got = list(pool.map(desk.receive, [a_review()] * 64))
    assert {(suggestion.id, suggestion.revision) for suggestion in got} == {(got[0].id, 1)}
    assert count(store, suggestions) == count(store, revisions) == count(store, texts) == 1


def test_many_clients_that_revise_make_one_row_of_revisions(store: Store, clock: Clock) -> None:
    desk = Desk(a_suggester(clock), store.suggestions)
    changed = [a_review(text=f"Доставка опоздала на {n} дней") for n in range(12)]
    with ThreadPoolExecutor(12) as pool:
        got = list(pool.map(desk.receive, changed))
    assert sorted(suggestion.revision for suggestion in got) == list(range(1, 13))
    assert count(store, revisions) == store.suggestions.newest(got[0].id) == 12


def test_one_revision_is_won_by_one(store: Store) -> None:
    first = a_suggestion()
    store.suggestions.put(first)

    def attempt(_: int) -> bool:
        try:
            store.suggestions.revise(revised(first, 2))
        except StaleRevision:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(8))) == 1
