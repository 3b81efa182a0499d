"""Public replies of one branch do not repeat each other while other phrases serve; a withdrawn phrase is never offered."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suggest.choose import History, Rotation, allowed
from suggest.desk import Desk
from suggest.domain import Suggestion
from suggest.feedback import Feedback
from suggest.plan import plan
from suggest.regulation import Plan
from suggest.store.store import Store
from tests.fakes import Clock, a_review, a_suggester, the_bank


@pytest.fixture
def desk(store: Store, clock: Clock) -> Desk:
    return Desk(a_suggester(clock), store.suggestions, store.records, store.histories)


def said(suggestion: Suggestion) -> tuple[str, ...]:
    return tuple(segment.phrase_id for segment in suggestion.segments)


def receive(desk: Desk, clock: Clock, review_id: str, **changes: object) -> Suggestion:
    clock.forward(minutes=1)
    return desk.receive(a_review(id=review_id, author=None, **changes))


def plans() -> list[Plan]:
    """A public plan of every scenario."""
    bank, checker = the_bank(), a_suggester().checker
    situation = checker.situation(a_review(), None)
    return [plan(scenario, situation, bank) for scenario in bank.scenarios.values()]


PLANS = plans()


@settings(max_examples=60, deadline=None)
@given(data=st.data(), window=st.integers(1, 10))
def test_no_phrase_is_repeated_while_another_serves(data: st.DataObject, window: int) -> None:
    chosen = data.draw(st.sampled_from(PLANS))
    feed: list[tuple[str, ...]] = []
    for number in range(25):
        history = History(replies=tuple(reversed(feed[-window:])))
        review = a_review(id=str(number))
        reply = Rotation().choose(review, chosen, history)
        assert reply == Rotation().choose(review, chosen, history)
        near = {phrase for earlier in feed[-window:] for phrase in earlier}
        for place in chosen.slots:
            named = [phrase for phrase in place.offered if ("client_name" in phrase.variables)] or place.offered
            fresh = {phrase.id for phrase in named} - near
            assert reply[place.key] in fresh or not fresh
        ids = tuple(reply.values())
        varied = any(len(place.offered) > 1 for place in chosen.slots)
        assert not (feed and varied and ids == feed[-1])
        feed.append(ids)


def test_without_a_history_the_choice_is_as_ever() -> None:
    for chosen in PLANS:
        assert Rotation().choose(a_review(), chosen) == Rotation().choose(a_review(), chosen, History())


def test_a_disliked_phrase_is_avoided_while_another_serves() -> None:
    for chosen in PLANS:
        for place in chosen.slots:
            first = Rotation().choose(a_review(), chosen)[place.key]
            history = History(disliked=frozenset({first}))
            others = [phrase for phrase in place.offered if phrase.id != first]
            again = Rotation().choose(a_review(), chosen, history)[place.key]
            named = {phrase.id for phrase in place.offered if "client_name" in phrase.variables}
            assert again != first or not others or named == {first}


def test_the_feed_of_a_branch_does_not_repeat_itself(desk: Desk, clock: Clock) -> None:
    replies = [said(receive(desk, clock, str(number))) for number in range(8)]
    assert all(first != second for first, second in pairwise(replies))
    assert len({reply[1] for reply in replies[:3]}) == 3


def test_other_branches_platforms_and_messages_do_not_count(store: Store, desk: Desk, clock: Clock) -> None:
    receive(desk, clock, "1")
    window = 10
    assert len(store.histories.of(a_review(), "x", window).replies) == 1
    assert store.histories.of(a_review(branch="Омск"), "x", window).replies == ()
    assert store.histories.of(a_review(branch=None), "x", window).replies == ()
    assert store.histories.of(a_review(platform="google"), "x", window).replies == ()
    assert store.histories.of(a_review(platform="dm"), "x", window).replies == ()


def test_a_rejected_reply_and_the_suggestion_itself_do_not_count(store: Store, desk: Desk, clock: Clock) -> None:
    first, second = receive(desk, clock, "1"), receive(desk, clock, "2")
    assert store.histories.of(a_review(), first.id, 10).replies == (said(second),)
    desk.feedback(second.id, Feedback(outcome="rejected", revision=1))
    assert store.histories.of(a_review(), "x", 10).replies == (said(first),)


def test_what_was_posted_stays_in_sight_behind_what_waits(store: Store, desk: Desk, clock: Clock) -> None:
    posted = receive(desk, clock, "posted")
    desk.feedback(posted.id, Feedback(outcome="copied", revision=1))
    waiting = [receive(desk, clock, str(number)) for number in range(3)]
    replies = store.histories.of(a_review(), "x", 2).replies
    assert replies == (said(waiting[2]), said(waiting[1]), said(posted))


def test_a_phrase_often_deleted_is_disliked(store: Store, desk: Desk, clock: Clock) -> None:
    deleted = None
    for number in range(40):
        made = receive(desk, clock, str(number))
        deleted = deleted or made.segments[-1].phrase_id
        text = " ".join(segment.text for segment in made.segments if segment.phrase_id != deleted)
        outcome = {"outcome": "edited", "text": text} if text != made.text else {"outcome": "copied"}
        desk.feedback(made.id, Feedback(revision=1, **outcome))
    assert store.histories.of(a_review(), "x", 10).disliked == {deleted}
    assert said(receive(desk, clock, "last"))[-1] != deleted


def test_a_withdrawal_takes_effect_at_once_in_every_replica(store: Store, desk: Desk, clock: Clock) -> None:
    waiting, answered = receive(desk, clock, "1"), receive(desk, clock, "2", branch="Омск")
    desk.feedback(answered.id, Feedback(outcome="copied", revision=1))
    gone = waiting.segments[1].phrase_id
    assert store.phrases.withdraw(gone, "lead", "обещает лишнее")
    assert not store.phrases.withdraw(gone, "lead")
    again = receive(desk, clock, "1")
    assert again.revision == 2
    assert gone not in again.model_dump_json()
    assert receive(desk, clock, "1") == again
    assert receive(desk, clock, "2", branch="Омск").revision == 1
    assert gone not in receive(desk, clock, "3").model_dump_json()
    assert [(row.phrase_id, row.by) for row in store.phrases.withdrawn()] == [(gone, "lead")]
    assert store.phrases.restore(gone, "lead")
    assert not store.phrases.restore(gone, "lead")
    assert store.phrases.withdrawn() == ()


def test_an_agents_scenario_outlives_a_withdrawal(store: Store, desk: Desk, clock: Clock) -> None:
    made = receive(desk, clock, "1")
    desk.feedback(made.id, Feedback(outcome="overruled", revision=1, scenario="refund"))
    kept = receive(desk, clock, "1")
    store.phrases.withdraw(kept.segments[0].phrase_id, "lead")
    again = receive(desk, clock, "1")
    assert again.match
    assert (again.revision, again.match.scenario, again.match.by) == (3, "refund", "agent")


def test_a_slot_with_every_phrase_withdrawn_is_found_missing(store: Store, desk: Desk, clock: Clock) -> None:
    made = receive(desk, clock, "1")
    slot = made.segments[1]
    for phrase_id in (slot.phrase_id, *(other.phrase_id for other in slot.alternatives)):
        store.phrases.withdraw(phrase_id, "lead")
    again = receive(desk, clock, "1")
    assert slot.slot not in [segment.slot for segment in again.segments]
    assert [finding for finding in again.findings if slot.slot in finding.rule]


def test_a_plan_keeps_what_was_not_withdrawn() -> None:
    for chosen in PLANS:
        assert allowed(chosen, History()) is chosen
