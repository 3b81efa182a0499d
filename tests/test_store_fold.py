"""The state is the fold of the events, whatever happens in whatever order, and so are the counts by phrase."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suggest.desk import Desk
from suggest.domain import StaleRevision
from suggest.feedback import Feedback
from suggest.store.counts import COUNTED, phrases_of, tally
from suggest.store.fold import OUTCOMES, Event, Kind, State, fold
from suggest.store.register import Filter
from suggest.store.store import Store
from tests.fakes import Clock, a_review, a_suggester

NUMBERS = itertools.count()

ACTS = st.one_of(
    st.builds(Feedback, outcome=st.sampled_from(["shown", "copied", "accepted", "rejected"]), revision=st.just(1)),
    st.builds(
        Feedback, outcome=st.just("edited"), revision=st.just(1), text=st.sampled_from(["Здравствуйте!", "Иначе."])
    ),
    st.builds(
        Feedback, outcome=st.just("overruled"), revision=st.just(1), scenario=st.sampled_from(["refund", "store"])
    ),
    st.sampled_from([Kind.HANDED_OVER, Kind.REMINDED, Kind.CLOSED, "closed_hand_over", "changed", "stale"]),
)


def act(desk: Desk, store: Store, clock: Clock, review_id: str, step: object) -> None:
    """Does one thing to the suggestion of a review, through the doors that everybody uses."""
    suggestion = desk.receive(a_review(id=review_id), None) if step != "changed" else None
    if suggestion is None:
        desk.receive(a_review(id=review_id, text=f"Доставка, {next(NUMBERS)}"))
    elif isinstance(step, Feedback):
        desk.feedback(suggestion.id, step.model_copy(update={"revision": suggestion.revision}))
    elif step == "stale":
        with pytest.raises(StaleRevision):
            desk.feedback(suggestion.id, Feedback(outcome="copied", revision=suggestion.revision + 1))
    else:
        over = 1 if step == "closed_hand_over" else None
        kind = Kind.CLOSED if over else Kind(step)
        event = Event(kind=kind, revision=suggestion.revision, at=clock(), hand_over=over)
        store.events.append(suggestion.id, event)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(ACTS, max_size=12))
def test_the_state_is_the_fold_of_the_events(store: Store, clock: Clock, steps: list[object]) -> None:
    desk, review_id = Desk(a_suggester(clock), store.suggestions, store.records), f"fold-{next(NUMBERS)}"
    suggestion_id = desk.receive(a_review(id=review_id)).id
    for step in steps:
        clock.forward(minutes=1)
        act(desk, store, clock, review_id, step)
        events = store.events.of(suggestion_id)
        assert store.events.state(suggestion_id) == fold(events)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))


def test_the_counts_are_the_sum_of_the_tallies(store: Store, clock: Clock) -> None:
    desk = Desk(a_suggester(clock), store.suggestions, store.records)
    outcomes = ["shown", "copied", "rejected", "edited", "overruled", "accepted", "edited"]
    for number, (first, second) in enumerate(itertools.product(outcomes, repeat=2)):
        for outcome in (first, second):
            made = desk.receive(a_review(id=f"c{number}"))
            more = {"edited": {"text": made.segments[0].text}, "overruled": {"scenario": "refund"}}.get(outcome, {})
            desk.feedback(made.id, Feedback(outcome=outcome, revision=made.revision, **more))
    assert counted(store) == summed(store)
    assert sum(use.deleted for use in store.phrases.uses()) > 0


def counted(store: Store) -> Counter[tuple[str, str]]:
    uses = store.phrases.uses()
    return +Counter({(use.phrase_id, name): getattr(use, name) for use in uses for name in COUNTED})


def summed(store: Store) -> Counter[tuple[str, str]]:
    """The counts made anew from every event there is."""
    total: Counter[tuple[str, str]] = Counter()
    for entry in store.register.every(Filter()):
        events = [event for event in store.events.of(entry.id) if event.kind in OUTCOMES]
        for revision in {event.revision for event in events}:
            with store.database.reading() as connection:
                phrases = phrases_of(connection, entry.id, revision)
            for phrase, of in tally((event for event in events if event.revision == revision), phrases).items():
                total.update({(phrase, name): of[name] for name in COUNTED})
    return +total


AT = Clock()()


def happened(*kinds: tuple[Kind, str | None] | Kind) -> State:
    """The state after these events on revision 1; a pair gives the kind and the reason or the hand-over."""
    events = []
    for given_kind in kinds:
        kind, more = given_kind if isinstance(given_kind, tuple) else (given_kind, None)
        over = 7 if more == "hand_over" else None
        events.append(Event(kind=kind, revision=1, at=AT, reason=None if over else more, hand_over=over))
    return fold(events)


@pytest.mark.parametrize(
    ("kinds", "state", "outcome"),
    [
        ([], "open", None),
        ([Kind.SHOWN], "open", None),
        ([Kind.COPIED], "done", "copied"),
        ([Kind.ACCEPTED], "done", "accepted"),
        ([Kind.EDITED], "done", "edited"),
        ([Kind.EDITED, Kind.COPIED], "done", "edited"),
        ([Kind.EDITED, Kind.ACCEPTED], "done", "edited"),
        ([Kind.ACCEPTED, Kind.COPIED], "done", "accepted"),
        ([Kind.COPIED, Kind.REJECTED], "open", "rejected"),
        ([Kind.REJECTED, Kind.COPIED], "done", "copied"),
        ([Kind.CLOSED], "done", None),
        ([Kind.HANDED_OVER, Kind.COPIED], "open", "copied"),
        ([Kind.COPIED, Kind.HANDED_OVER], "open", "copied"),
        ([Kind.HANDED_OVER, Kind.CLOSED], "open", None),
        ([Kind.HANDED_OVER, Kind.COPIED, (Kind.CLOSED, "hand_over")], "done", "copied"),
        ([Kind.HANDED_OVER, Kind.HANDED_OVER, Kind.COPIED, (Kind.CLOSED, "hand_over")], "open", "copied"),
        ([Kind.HANDED_OVER, (Kind.CLOSED, "hand_over")], "open", None),
        ([Kind.COPIED, (Kind.SUGGESTED, "changed")], "open", None),
        ([Kind.COPIED, (Kind.SUGGESTED, "replanned")], "done", None),
        ([Kind.OVERRULED, (Kind.SUGGESTED, "overruled")], "open", None),
    ],
)
def test_the_register_is_done_when_the_reply_is_recorded_and_nothing_is_open(
    kinds: list[Kind], state: str, outcome: str | None
) -> None:
    after = happened(*kinds)
    assert (after.state, after.outcome) == (state, outcome)
