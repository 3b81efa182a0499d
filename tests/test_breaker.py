"""The breaker as a machine of three states, and the day's budget in its file."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

from suggest.breaker import Breaker, State
from suggest.budget import Budget, Limit
from suggest.domain import InputError, Usage


class Clock:
    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(threshold=3, rest=30, longest=100, clock=clock)


def opened(breaker: Breaker) -> Breaker:
    for _ in range(3):
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_only(breaker: Breaker) -> None:
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.state is State.CLOSED
    assert breaker.enter()
    assert opened(breaker).state is State.OPEN
    assert not breaker.enter()
    assert not breaker.ready


def test_after_its_rest_one_call_goes_through_and_decides(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.at = 31
    assert breaker.ready
    assert breaker.enter()
    assert not breaker.enter()
    assert not breaker.ready
    breaker.succeeded()
    assert breaker.state is State.CLOSED
    assert breaker.enter()
    assert breaker.enter()


def test_a_failed_try_doubles_the_rest_up_to_the_longest(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    for rest in (30, 60, 100, 100):
        clock.at += rest - 1
        assert breaker.state is State.OPEN
        clock.at += 2
        assert breaker.enter()
        breaker.failed()


def test_a_try_that_is_never_reported_does_not_block_for_ever(breaker: Breaker, clock: Clock) -> None:
    opened(breaker)
    clock.at = 31
    assert breaker.enter()
    clock.at = 62
    assert breaker.enter()


def test_who_asks_to_be_left_alone_is(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(rest=50)
    assert breaker.state is State.OPEN
    clock.at = 49
    assert not breaker.enter()
    clock.at = 51
    assert breaker.enter()


def test_a_rest_asked_for_is_bounded(breaker: Breaker, clock: Clock) -> None:
    breaker.failed(rest=10**6)
    clock.at = 101
    assert breaker.enter()


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("", None),
        ("1000", Limit(1000)),
        ("1000 calls", Limit(1000)),
        ("2000000 tokens", Limit(2_000_000, "tokens")),
        ("500.5 cost", Limit(500.5, "cost")),
    ],
)
def test_a_limit_is_read(text: str, limit: Limit | None) -> None:
    assert Limit.read(text) == limit


@pytest.mark.parametrize("text", ["many", "-1", "10 roubles", "1 000"])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="calls, tokens or cost"):
        Limit.read(text)


def a_budget(folder: Path, limit: Limit | None, day: date = date(2026, 11, 24)) -> Budget:
    return Budget(limit, folder / "cache" / "budget.json", lambda: day)


@pytest.mark.parametrize(
    ("limit", "uses"), [(Limit(3), 3), (Limit(2500, "tokens"), 3), (Limit(0.25, "cost"), 3), (None, 10**9)]
)
def test_a_budget_is_spent_in_its_unit(tmp_path: Path, limit: Limit | None, uses: int) -> None:
    budget = a_budget(tmp_path, limit)
    for _ in range(min(uses, 5)):
        assert not budget.exhausted
        budget.add(Usage(calls=1, tokens_in=900, tokens_out=100, cost=0.1))
    assert budget.exhausted is (uses <= 5)


def test_a_restart_does_not_renew_it_and_the_next_day_does(tmp_path: Path) -> None:
    a_budget(tmp_path, Limit(1)).add(Usage(calls=1))
    assert a_budget(tmp_path, Limit(1)).exhausted
    tomorrow = a_budget(tmp_path, Limit(1), date(2026, 11, 25))
    assert not tomorrow.exhausted
    tomorrow.add(Usage(calls=1))
    assert tomorrow.spent == 1


@pytest.mark.parametrize("torn", ["", "{", "[]", '{"day": "2026-11-24"}', '{"day": "2026-11-24", "calls": "x"}'])
def test_a_torn_file_counts_as_nothing_spent(tmp_path: Path, torn: str) -> None:
    budget = a_budget(tmp_path, Limit(2))
    budget.add(Usage(calls=1))
    (tmp_path / "cache" / "budget.json").write_text(torn)
    assert budget.spent == 0
    budget.add(Usage(calls=1))
    assert budget.spent == 1


def test_threads_and_objects_count_together(tmp_path: Path) -> None:
    budgets = [a_budget(tmp_path, None) for _ in range(4)]
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda turn: budgets[turn % 4].add(Usage(calls=1)), range(200)))
    assert budgets[0].spent == 200
