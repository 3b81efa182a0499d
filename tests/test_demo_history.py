"""The demo's month of history: made through the real ports, the same for the same day, and never in a real database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from suggest.demo.history import AGENTS, DAYS, LEAD, Clock, demo_store, fill, hurried, let_in
from suggest.demo.reviews import BRANCHES, THEMES
from suggest.mend import mend
from suggest.store.register import Entry, Filter
from suggest.store.store import Store, open_store
from tests.fakes import a_suggester, the_bank

UNTIL = datetime(2026, 11, 25, 9, tzinfo=UTC)
SIZE = 90


def filled(folder: Path) -> Store:
    clock = Clock(UNTIL - timedelta(days=DAYS))
    store = open_store(f"sqlite:///{folder / 'history.db'}", clock)
    hurried(store)
    fill(store, a_suggester(clock), clock, UNTIL, lambda what, part: None, SIZE)
    return store


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with closing(filled(tmp_path_factory.mktemp("month"))) as store:
        yield store


@pytest.fixture(scope="module")
def entries(month: Store) -> tuple[Entry, ...]:
    return tuple(month.register.every(Filter()))


def test_a_month_of_all_kinds(month: Store, entries: tuple[Entry, ...]) -> None:
    outcomes = Counter(entry.outcome for entry in entries)
    assert {"copied", "accepted", "edited", None} <= set(outcomes)
    assert {entry.branch for entry in entries} == set(BRANCHES)
    assert {entry.agent for entry in entries} >= set(AGENTS)
    assert {entry.state for entry in entries} == {"open", "done"}
    assert UNTIL - timedelta(days=DAYS + 1) < min(entry.since for entry in entries)
    assert max(entry.since for entry in entries) < UNTIL
    assert month.register.queue()


def test_hand_overs_are_open_and_closed(month: Store, entries: tuple[Entry, ...]) -> None:
    asked = [one for entry in entries for one in month.hand_overs.of(entry.id)]
    assert any(one.open for one in asked)
    assert any(one.outcome_sent_at for one in asked)
    assert month.reminders.due(UNTIL)


def test_one_branch_has_a_spike(month: Store) -> None:
    found = mend(month, the_bank(), UNTIL.date(), UTC)
    assert found.spikes[0].branch == BRANCHES[0]


def test_the_lead_has_worked_too(month: Store) -> None:
    assert [row.by for row in month.phrases.withdrawn()] == [LEAD]
    assert month.candidates(the_bank()).queue()
    assert month.scores.given(UNTIL - timedelta(days=DAYS), UNTIL)


def test_the_same_day_gives_the_same_month(entries: tuple[Entry, ...], tmp_path: Path) -> None:
    with closing(filled(tmp_path)) as again:
        assert tuple(again.register.every(Filter())) == entries


def test_every_text_can_be_read_and_none_is_empty_but_where_it_is_meant() -> None:
    for theme in THEMES:
        texts = [" ".join(filter(None, chosen)) for chosen in product(*theme.parts)]
        assert all(text or theme.scenario in {"skip", "no_details"} for text in texts)
        assert all("  " not in text for text in texts)


def test_a_database_of_its_own_used_again_and_made_anew_the_next_day(tmp_path: Path) -> None:
    real = tmp_path / "suggest.db"
    real.write_text("real")
    suggester = replace(a_suggester(), clock=lambda: UNTIL)
    told: list[float] = []
    url = demo_store(tmp_path, suggester, UNTIL, lambda what, part: told.append(part), 5)
    steps = len(told)
    assert demo_store(tmp_path, suggester, UNTIL, lambda what, part: told.append(part), 5) == url
    assert (steps > 0, len(told)) == (True, steps)
    following = demo_store(tmp_path, suggester, UNTIL + timedelta(days=1), lambda what, part: None, 5)
    assert following != url
    assert [path.name for path in (tmp_path / "demo").glob("*.db")] == [following.rpartition("/")[2]]
    assert real.read_text() == "real"


def test_the_console_is_open_to_both_with_a_password_of_this_start(tmp_path: Path) -> None:
    with closing(open_store(f"sqlite:///{tmp_path / 'x.db'}")) as store:
        first, second = let_in(store), let_in(store)
        assert first != second
        assert {(user.name, user.role) for user in store.accounts.all()} == {(LEAD, "lead"), (AGENTS[0], "agent")}
