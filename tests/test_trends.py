"""What the console counts: weeks, volume, overrulings, complaints and spikes, and that forgetting changes no number."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from suggest.desk import Desk
from suggest.feedback import Feedback
from suggest.spikes import Compared, upper_tail
from suggest.store.store import Store
from suggest.store.trends import Trends
from suggest.weeks import bounds, weeks
from tests.fakes import Clock, a_review, a_suggester, the_bank

MOSCOW = ZoneInfo("Europe/Moscow")
TODAY = date(2026, 11, 22)


@pytest.fixture
def desk(store: Store, clock: Clock) -> Desk:
    return Desk(a_suggester(clock), store.suggestions, store.records)


@pytest.fixture
def trends(store: Store) -> Trends:
    return store.trends(the_bank())


def test_weeks_are_whole_days_of_the_company_and_follow_one_another() -> None:
    some = weeks(TODAY, 3, MOSCOW)
    assert some[-1].until == datetime(2026, 11, 22, 21, tzinfo=UTC)
    assert [week.label for week in some] == ["2–8\u00a0ноя", "9–15\u00a0ноя", "16–22\u00a0ноя"]
    assert bounds(some) == (*(week.since for week in some), some[-1].until)
    assert all(before.until == after.since for before, after in pairwise(some))
    assert weeks(date(2026, 11, 3), 1, MOSCOW)[0].label == "28\u00a0окт–3\u00a0ноя"


def fill(desk: Desk, clock: Clock, days_ago: int, count: int, **changes: object) -> list[str]:
    """So many reviews posted on a day; their suggestions' ids."""
    clock.at = datetime(2026, 11, 22, 12, tzinfo=UTC) - timedelta(days=days_ago)
    made = []
    for number in range(count):
        review = a_review(id=f"{days_ago}-{number}-{sorted(changes.items())}", **changes)
        made.append(desk.receive(review).id)
    return made


def edges(count: int = 9) -> tuple[datetime, ...]:
    return bounds(weeks(TODAY, count, MOSCOW))


def test_volume_and_acceptance_by_week(desk: Desk, clock: Clock, trends: Trends) -> None:
    old = fill(desk, clock, 9, 3)
    new = fill(desk, clock, 1, 2, text="Верните деньги")
    fill(desk, clock, 1, 1, rating=5, text="👍")
    for made, outcome in zip([*old, *new], ["copied", "rejected", "shown", "accepted", "shown"], strict=True):
        desk.feedback(made, Feedback(outcome=outcome, revision=1))
    told = [(row.week, row.scenario, row.made, row.shown, row.taken) for row in trends.by_scenario(edges(2))]
    assert told == [(0, "delivery", 3, 3, 1), (1, "refund", 2, 2, 1)]


def test_what_was_overruled_to_what(desk: Desk, clock: Clock, trends: Trends) -> None:
    for made, scenario in zip(fill(desk, clock, 1, 3), ["store", "store", "refund"], strict=True):
        desk.feedback(made, Feedback(outcome="overruled", revision=1, scenario=scenario))
    unclear = fill(desk, clock, 1, 1, text="Тоңазытқыш қашан келеді, ешкім айтпайды")
    desk.feedback(unclear[0], Feedback(outcome="overruled", revision=1, scenario="delivery"))
    told = [(row.of, row.to, row.times) for row in trends.overrulings(edges()[0], edges()[-1])]
    assert told[0] == ("delivery", "store", 2)
    assert set(told[1:]) == {("delivery", "refund", 1), (None, "delivery", 1)}
    assert trends.overrulings(edges()[0], edges()[-2]) == ()


def test_complaints_by_topic_branch_and_week_praise_left_out(desk: Desk, clock: Clock, trends: Trends) -> None:
    fill(desk, clock, 1, 2)
    fill(desk, clock, 1, 1, branch="Уфа")
    fill(desk, clock, 8, 4)
    fill(desk, clock, 1, 5, rating=5, text="Отлично, спасибо, всем доволен")
    told = [(row.week, row.topic, row.times) for row in trends.complaints(edges())]
    assert told == [(7, "delivery", 4), (8, "delivery", 3)]
    assert [row.times for row in trends.complaints(edges(), "Уфа")] == [1]
    assert [(row.branch, row.topic, row.now, row.before) for row in trends.standings(edges())] == [
        ("Казань", "delivery", 2, 4),
        ("Уфа", "delivery", 1, 0),
    ]


def test_purge_takes_the_texts_and_no_number(desk: Desk, clock: Clock, store: Store, trends: Trends) -> None:
    fill(desk, clock, 1, 3)
    before = trends.complaints(edges()), trends.by_scenario(edges()), trends.standings(edges())
    assert len(trends.typical(edges()[-2], edges()[-1], "delivery", "Казань", 2)) == 2
    assert trends.typical(edges()[-2], edges()[-1], "delivery", "Уфа", 2) == ()
    (found,) = trends.typical_by_topic(edges()[-2], edges()[-1], 2).values()
    assert [entry.text for entry in found] == [a_review().text] * 2
    store.retention.purge(1, datetime(2026, 12, 22, tzinfo=UTC))
    assert (trends.complaints(edges()), trends.by_scenario(edges()), trends.standings(edges())) == before
    assert trends.typical_by_topic(edges()[-2], edges()[-1], 2) == {}


def test_the_first_review(desk: Desk, clock: Clock, trends: Trends) -> None:
    assert trends.first() is None
    fill(desk, clock, 5, 1)
    fill(desk, clock, 9, 1)
    assert trends.first() == datetime(2026, 11, 13, 12, tzinfo=UTC)


@pytest.mark.parametrize(("hits", "of", "share", "tail"), [(0, 5, 0.1, 1.0), (5, 5, 0.5, 0.03125), (3, 4, 0.5, 0.3125)])
def test_the_tail_of_a_binomial(hits: int, of: int, share: float, tail: float) -> None:
    assert upper_tail(hits, of, share) == pytest.approx(tail)


def test_a_spike_stands_out_among_all_that_is_compared() -> None:
    assert Compared(now=14, before=16, weeks=8).is_spike(100)
    assert not Compared(now=6, before=16, weeks=8).is_spike(100)
    assert Compared(now=8, before=16, weeks=8).is_spike(1)
    assert not Compared(now=8, before=16, weeks=8).is_spike(100)


def test_little_is_never_called_a_spike() -> None:
    assert not Compared(now=4, before=0, weeks=8).is_spike(1)
    assert not Compared(now=40, before=2, weeks=2).is_spike(1)
    assert not Compared(now=40, before=0, weeks=0).is_spike(1)
