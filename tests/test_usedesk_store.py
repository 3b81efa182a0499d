"""Which suggestion belongs to a ticket: the same answer from memory and from each database."""

from __future__ import annotations

import pytest

from suggest.desk import Desk, InMemory, Suggestions
from suggest.store.store import Store
from tests.fakes import Clock, a_review, a_suggester


@pytest.mark.parametrize("kind", ["memory", "database"])
def test_the_newest_suggestion_of_a_ticket(kind: str, store: Store, clock: Clock) -> None:
    kept: Suggestions = InMemory() if kind == "memory" else store.suggestions
    desk = Desk(a_suggester(clock), kept)
    assert kept.of_ticket("1001") is None
    desk.receive(a_review(id="a"))
    desk.receive(a_review(id="other", ticket_id="1002"))
    clock.forward(minutes=1)
    newest = desk.receive(a_review(id="b"))
    assert kept.of_ticket("1001") == newest
    clock.forward(minutes=1)
    changed = desk.receive(a_review(id="a", text="Курьер так и не приехал, доставка сорвана."))
    assert changed.revision == 2
    assert kept.of_ticket("1001") == changed
    assert kept.of_ticket("9999") is None
