"""Hand-overs on record: sent once whoever presses and however often, open until their outcome is sent."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Column, MetaData, Table, inspect, select

from suggest.desk import Desk
from suggest.feedback import Feedback
from suggest.store.engine import Database
from suggest.store.fold import Kind, fold
from suggest.store.hand_overs import LEASE, Asked, Claim, ClaimLost, HandOvers
from suggest.store.schema import upgrade
from suggest.store.store import Store, open_store, store_over
from suggest.store.tables import hand_overs, suggestions
from tests.fakes import Clock, a_review, a_suggester


@pytest.fixture
def made(store: Store, clock: Clock) -> str:
    """The id of a suggestion whose reply is on record."""
    desk = Desk(a_suggester(clock), store.suggestions, store.records)
    suggestion = desk.receive(a_review())
    desk.feedback(suggestion.id, Feedback(outcome="copied", revision=1, agent="Анна"))
    return suggestion.id


def asked(made: str, key: str = "k1", **more: str) -> Asked:
    facts = {"suggestion_id": made, "key": key, "department": "brand_store", "mode": "usedesk", "agent": "Анна"}
    return Asked.model_validate(facts | more)


def send(store: Store, clock: Clock, made: str, key: str = "k1", ticket: str = "9001") -> int:
    claim = store.hand_overs.claim(asked(made, key))
    store.hand_overs.trying(claim.hand_over.id)
    store.hand_overs.sent(claim.hand_over.id, clock() + timedelta(days=1), ticket)
    store.hand_overs.release(claim.hand_over)
    return claim.hand_over.id


def state(store: Store, made: str) -> tuple[str, int]:
    found = store.events.state(made)
    assert found
    assert found == fold(store.events.of(made))
    return found.state, found.pending


def test_of_many_who_press_at_once_one_sends(store: Store, clock: Clock, made: str) -> None:
    replicas = [HandOvers(store_over(store.database, clock).database, clock) for _ in range(8)]
    together = threading.Barrier(len(replicas))

    def press(replica: HandOvers) -> Claim:
        together.wait()
        return replica.claim(asked(made))

    with ThreadPoolExecutor(len(replicas)) as pool:
        claims = list(pool.map(press, replicas))
    assert sum(claim.mine for claim in claims) == 1
    assert len({claim.hand_over.id for claim in claims}) == 1
    assert len(store.hand_overs.of(made)) == 1


def test_it_is_done_only_when_the_outcome_was_sent(store: Store, clock: Clock, made: str) -> None:
    assert state(store, made) == ("done", 0)
    over = send(store, clock, made)
    assert state(store, made) == ("open", 1)
    assert store.hand_overs.answered(over)
    assert state(store, made) == ("open", 1)
    assert store.hand_overs.outcome_sent(over, "Анна")
    assert state(store, made) == ("done", 0)
    told = [(event.kind, event.hand_over) for event in store.events.of(made)][-3:]
    assert told == [(Kind.HANDED_OVER, over), (Kind.HEARD, over), (Kind.CLOSED, over)]


def test_everything_is_told_once(store: Store, clock: Clock, made: str) -> None:
    over = send(store, clock, made)
    assert store.hand_overs.sent(over, clock() + timedelta(days=9), "9002").ticket_id == "9001"
    assert [store.hand_overs.answered(over) for _ in range(2)] == [True, False]
    assert [store.hand_overs.outcome_sent(over) for _ in range(2)] == [True, False]
    kinds = [event.kind for event in store.events.of(made) if event.hand_over]
    assert kinds == [Kind.HANDED_OVER, Kind.HEARD, Kind.CLOSED]


def test_what_was_not_sent_is_not_open_and_cannot_be_answered(store: Store, made: str) -> None:
    over = store.hand_overs.claim(asked(made)).hand_over.id
    assert store.hand_overs.answered(over) is store.hand_overs.outcome_sent(over) is False
    assert state(store, made) == ("done", 0)


def test_a_failure_is_seen_and_claimed_again_under_its_key(store: Store, made: str) -> None:
    first = store.hand_overs.claim(asked(made))
    store.hand_overs.trying(first.hand_over.id)
    failed = store.hand_overs.failed(first.hand_over.id, "Usedesk отказал.")
    assert not store.hand_overs.claim(asked(made)).mine
    store.hand_overs.release(first.hand_over)
    assert (failed.error, failed.uncertain, failed.sent_at) == ("Usedesk отказал.", False, None)
    again = store.hand_overs.claim(asked(made, mode="eml"))
    assert (again.mine, again.hand_over.id, again.hand_over.mode) == (True, first.hand_over.id, "eml")
    assert (again.hand_over.error, again.hand_over.uncertain) == (None, False)


def test_a_send_without_an_answer_is_uncertain_until_somebody_looked(store: Store, made: str) -> None:
    claimed = store.hand_overs.claim(asked(made)).hand_over
    store.hand_overs.trying(claimed.id)
    store.hand_overs.failed(claimed.id, "Ответа нет.", uncertain=True)
    store.hand_overs.release(claimed)
    again = store.hand_overs.claim(asked(made, mode="eml"))
    assert (again.mine, again.hand_over.uncertain, again.hand_over.mode) == (True, True, "usedesk")
    assert store.hand_overs.trying(claimed.id).uncertain is False


@pytest.mark.parametrize(("tried", "uncertain"), [(False, False), (True, True)])
def test_a_sender_that_died_loses_the_claim(
    store: Store, clock: Clock, made: str, tried: bool, uncertain: bool
) -> None:
    over = store.hand_overs.claim(asked(made)).hand_over.id
    if tried:
        store.hand_overs.trying(over)
    assert not store.hand_overs.claim(asked(made)).mine
    clock.at += LEASE
    again = store.hand_overs.claim(asked(made))
    assert (again.mine, again.hand_over.uncertain) == (True, uncertain)


def test_a_send_whose_end_could_not_be_kept_is_uncertain_though_its_claim_was_given_back(
    store: Store, made: str
) -> None:
    claimed = store.hand_overs.claim(asked(made)).hand_over
    store.hand_overs.trying(claimed.id)
    store.hand_overs.release(claimed)
    again = store.hand_overs.claim(asked(made, mode="eml")).hand_over
    assert (again.uncertain, again.mode) == (True, "usedesk")


def test_whoever_lost_the_claim_does_not_end_that_of_another(store: Store, clock: Clock, made: str) -> None:
    first = store.hand_overs.claim(asked(made)).hand_over
    clock.at += LEASE
    second = store.hand_overs.claim(asked(made)).hand_over
    store.hand_overs.release(first)
    assert not store.hand_overs.claim(asked(made)).mine
    store.hand_overs.release(second)
    assert store.hand_overs.claim(asked(made)).mine


def test_whoever_lost_the_claim_does_not_send(store: Store, clock: Clock, made: str) -> None:
    first = store.hand_overs.claim(asked(made)).hand_over
    clock.at += LEASE
    second = store.hand_overs.claim(asked(made)).hand_over
    with pytest.raises(ClaimLost):
        store.hand_overs.trying(first.id, first)
    assert store.hand_overs.trying(second.id, second).tried_at == clock()


def test_what_is_sent_is_claimed_again_only_to_be_finished(store: Store, clock: Clock, made: str) -> None:
    send(store, clock, made)
    again = store.hand_overs.claim(asked(made, mode="eml", agent="Борис"))
    assert again.mine
    assert (again.hand_over.sent_at, again.hand_over.mode, again.hand_over.agent) == (clock(), "usedesk", "Анна")
    assert not store.hand_overs.claim(asked(made)).mine
    store.hand_overs.release(again.hand_over)
    assert store.hand_overs.claim(asked(made)).mine


def test_the_due_are_those_sent_and_not_answered(store: Store, clock: Clock, made: str) -> None:
    waiting, answered, told = (send(store, clock, made, key, key) for key in ("a", "b", "c"))
    store.hand_overs.claim(asked(made, "unsent"))
    store.hand_overs.answered(answered)
    store.hand_overs.outcome_sent(told)
    assert store.reminders.due(clock()) == ()
    due = store.reminders.due(clock() + timedelta(days=1))
    assert [one.hand_over for one in due] == [waiting]
    assert store.reminders.due(clock() + timedelta(days=1), limit=0) == ()
    assert [over.id for over in store.hand_overs.of_ticket("b")] == [answered]
    assert len(store.hand_overs.of(made)) == 4


def test_an_unknown_one_is_an_error(store: Store, clock: Clock, made: str) -> None:
    with pytest.raises(KeyError):
        store.hand_overs.claim(asked("nothing"))
    for act in (store.hand_overs.trying, store.hand_overs.answered, store.hand_overs.outcome_sent):
        with pytest.raises(KeyError):
            act(404)
    with pytest.raises(KeyError):
        store.hand_overs.sent(404, clock())
    assert store.hand_overs.get(404) is None


def test_a_hand_over_kept_before_these_columns_reads_on(tmp_path: Path, clock: Clock) -> None:
    url = f"sqlite:///{tmp_path / 'old.db'}"
    new, old = open_store(f"sqlite:///{tmp_path / 'new.db'}", clock), Database(url)
    made = Desk(a_suggester(clock), new.suggestions, new.records).receive(a_review()).id
    upgrade(old.engine, "0003")
    with new.database.reading() as source, old.engine.begin() as target:
        row = dict(source.execute(select(suggestions)).mappings().one())
        there = {column["name"] for column in inspect(target).get_columns("suggestions")}
        target.execute(suggestions.insert(), {name: value for name, value in row.items() if name in there})
        names = ("suggestion_id", "key", "department", "asked_at", "sent_at")
        table = Table("hand_overs", MetaData(), *(Column(name, hand_overs.c[name].type) for name in names))
        target.execute(table.insert(), dict(zip(names, (made, "k", "brand_store", clock(), clock()), strict=True)))
    old.dispose()
    upgraded = open_store(url, clock)
    (over,) = upgraded.hand_overs.of(made)
    assert (over.key, over.mode, over.purpose, over.uncertain, over.open) == ("k", "usedesk", "check", False, True)
    assert upgraded.hand_overs.outcome_sent(over.id)
    new.close()
    upgraded.close()
