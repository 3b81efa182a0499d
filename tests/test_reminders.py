"""Reminders of departments: the private note and the ticket moved up, once for each hand-over and number, among replicas."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from suggest import interim
from suggest.demo.account import USERS
from suggest.demo.tickets import Sample
from suggest.desk import Desk
from suggest.interim import GENDERS
from suggest.reminders import PAUSE, Reminded, Reminding
from suggest.settings import PROJECT
from suggest.store.engine import Database
from suggest.store.fold import Kind
from suggest.store.hand_overs import Asked, HandOver
from suggest.store.reminders import LEASE, MOST, Due
from suggest.store.store import Store, store_over
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.ticket import TicketStatus
from suggest.workdays import Workdays, load_calendar
from tests.fakes import Clock, a_review, a_suggester, the_bank
from tests.usedesk_fakes import COMPLAINT, Standin, a_client, standin
from tests.widget_fakes import FIRST

MAIL = Sample("Отзыв 4821", "Прислала данные.", "Мария", channel="email", email="maria@client.example")
CALENDAR = Workdays("ru", ZoneInfo("Europe/Moscow"), load_calendar(PROJECT / "phrasebank"))
USER = int(str(USERS[0]["id"]))
ASKED = datetime(2026, 11, 25, 7, 0, tzinfo=UTC)
"""Wednesday, 10:00 in Moscow."""


@dataclass(frozen=True)
class Here(Standin):
    """The stand-in, and a client of it."""

    client: UsedeskClient


@pytest.fixture
def helpdesk() -> Iterator[Here]:
    with standin(COMPLAINT, MAIL) as running, closing(a_client(running.url)) as client:
        yield Here(running.url, running.rest, client)


@pytest.fixture
def asked(store: Store, clock: Clock) -> HandOver:
    """A hand-over of the review in the first ticket, sent on Wednesday at 10:00."""
    clock.at = ASKED
    made = Desk(a_suggester(clock), store.suggestions).receive(a_review(ticket_id=str(FIRST)))
    return another(store, made.id)


def another(store: Store, suggestion_id: str, key: str = "k1") -> HandOver:
    asked = Asked(suggestion_id=suggestion_id, key=key, department="brand_store", mode="usedesk")
    claimed = store.hand_overs.claim(asked).hand_over
    sent = store.hand_overs.sent(claimed.id, interim.due(ASKED, CALENDAR))
    store.hand_overs.release(claimed)
    return sent


def reminding(store: Store, helpdesk: Here, clock: Clock, **changes: object) -> Reminding:
    given = {"user_id": USER, **changes}
    return Reminding(store.reminders, store.links, helpdesk.client, the_bank(), CALENDAR, clock, **given)  # type: ignore[arg-type]


def results(reminded: Iterator[Reminded]) -> list[str]:
    return [one.result for one in reminded]


def notes(helpdesk: Here, ticket: int = FIRST) -> list[str]:
    rows = helpdesk.helpdesk.ticket(ticket)["comments"][1:]
    assert {row["type"] for row in rows} <= {"private"}
    return [row["message"] for row in rows]


def test_nothing_is_due_before_its_time(store: Store, helpdesk: Here, clock: Clock, asked: HandOver) -> None:
    clock.at = ASKED + timedelta(hours=24) - timedelta(seconds=1)
    assert results(reminding(store, helpdesk, clock).run()) == []
    clock.forward(seconds=1)
    assert results(reminding(store, helpdesk, clock).run()) == ["done"]


def test_the_note_is_private_and_the_ticket_moves_up(
    store: Store, helpdesk: Here, clock: Clock, asked: HandOver
) -> None:
    helpdesk.helpdesk.update({"ticket_id": FIRST, "status": int(TicketStatus.ON_HOLD)})
    clock.forward(hours=24)
    assert results(reminding(store, helpdesk, clock).run()) == ["done"]
    (note,) = notes(helpdesk)
    assert "Руководство фирменного магазина" in note
    assert "25.11.2026 10:00" in note
    assert not any(interim.overdue(the_bank(), gender) in note for gender in GENDERS), "the note is not for the client"
    kept = helpdesk.helpdesk.ticket(FIRST)["ticket"]
    assert (kept["priority"], kept["status_id"]) == ("urgent", TicketStatus.OPEN)
    state = store.events.state(asked.suggestion_id)
    assert state
    assert state.reminders == 1
    told = [event for event in store.events.of(asked.suggestion_id) if event.kind is Kind.REMINDED]
    assert [(event.hand_over, event.detail) for event in told] == [(asked.id, f'{{"number": 1, "ticket": "{FIRST}"}}')]


def test_run_again_it_does_nothing_until_another_day_has_passed(
    store: Store, helpdesk: Here, clock: Clock, asked: HandOver
) -> None:
    clock.forward(hours=24)
    for _ in range(3):
        list(reminding(store, helpdesk, clock).run())
    assert len(notes(helpdesk)) == 1
    clock.forward(hours=24)
    assert results(reminding(store, helpdesk, clock).run()) == ["done"]
    assert "Напоминание 2-е" in notes(helpdesk)[1]
    for _ in range(MOST + 2):
        clock.forward(days=7)
        list(reminding(store, helpdesk, clock).run())
    assert len(notes(helpdesk)) == MOST
    assert store.reminders.sent(asked.suggestion_id) == {asked.id: MOST}


@pytest.mark.parametrize("how", ["answered", "outcome_sent"])
def test_whoever_has_answered_is_not_reminded(
    store: Store, helpdesk: Here, clock: Clock, asked: HandOver, how: str
) -> None:
    clock.forward(hours=24)
    (due,) = store.reminders.due(clock())
    getattr(store.hand_overs, how)(asked.id)
    assert not store.reminders.claim(due, clock()), "it was answered between the looking and the claiming"
    assert results(reminding(store, helpdesk, clock).run()) == []


def test_the_clients_own_ticket_goes_first(store: Store, helpdesk: Here, clock: Clock, asked: HandOver) -> None:
    store.links.link(str(FIRST + 1), asked.suggestion_id, "agent")
    clock.forward(hours=24)
    (reminded,) = reminding(store, helpdesk, clock).run()
    assert reminded.ticket_id == str(FIRST + 1)
    assert (len(notes(helpdesk, FIRST + 1)), notes(helpdesk)) == (1, [])


def test_a_ticket_that_is_gone_gives_place_to_the_next(
    store: Store, helpdesk: Here, clock: Clock, asked: HandOver
) -> None:
    store.links.link(str(FIRST + 1), asked.suggestion_id, "agent")
    helpdesk.helpdesk.update({"ticket_id": FIRST + 1, "status": int(TicketStatus.MERGED)})
    clock.forward(hours=24)
    assert [one.ticket_id for one in reminding(store, helpdesk, clock).run()] == [str(FIRST)]


def test_a_failure_is_told_and_mended_later(store: Store, helpdesk: Here, clock: Clock, asked: HandOver) -> None:
    clock.forward(hours=24)
    write = helpdesk.helpdesk.update
    helpdesk.helpdesk.update = lambda asked: write({**asked, "status": 99})  # type: ignore[method-assign]
    (failed,) = reminding(store, helpdesk, clock).run()
    assert failed.result == "failed"
    assert "UsedeskRefused" in str(failed)
    helpdesk.helpdesk.update = write  # type: ignore[method-assign]
    assert results(reminding(store, helpdesk, clock).run()) == [], "it pauses, so that others have their turn"
    clock.at += PAUSE
    assert results(reminding(store, helpdesk, clock).run()) == ["done"]
    assert len(notes(helpdesk)) == 1, "the note had been written the first time"


def test_a_run_that_died_after_the_note_is_taken_over(
    store: Store, helpdesk: Here, clock: Clock, asked: HandOver
) -> None:
    clock.forward(hours=24)
    here = reminding(store, helpdesk, clock)
    (due,) = store.reminders.due(clock())
    assert store.reminders.claim(due, clock())
    here.client.comment(FIRST, here.note(due), USER)
    assert results(here.run()) == []
    clock.at += LEASE
    assert results(here.run()) == ["done"]
    assert len(notes(helpdesk)) == 1


def test_a_dry_run_claims_and_writes_nothing(store: Store, helpdesk: Here, clock: Clock, asked: HandOver) -> None:
    clock.forward(hours=24)
    assert results(reminding(store, helpdesk, clock, dry_run=True).run()) == ["dry"]
    assert notes(helpdesk) == []
    assert len(store.reminders.due(clock())) == 1


def test_replicas_that_run_at_once_remind_once(
    store: Store, helpdesk: Here, clock: Clock, asked: HandOver, database_url: str
) -> None:
    """Six processes' worth of connections, many hand-overs, every reminder claimed by one of them."""
    for number in range(7):
        another(store, asked.suggestion_id, f"more{number}")
    clock.forward(hours=24)
    replicas = [Database(database_url) for _ in range(6)]

    def run(replica: Database) -> list[Due]:
        return [one.due for one in reminding(store_over(replica, clock), helpdesk, clock).run()]

    with ThreadPoolExecutor(6) as pool:
        told = [due.hand_over for found in pool.map(run, replicas) for due in found]
    for replica in replicas:
        replica.dispose()
    assert len(told) == len(set(told)) == 8
    state = store.events.state(asked.suggestion_id)
    assert state
    assert state.reminders == 8


def test_an_agents_form_is_kept(store: Store) -> None:
    assert store.agent_forms.get("501") is None
    store.agent_forms.put("501", "she")
    store.agent_forms.put("502", "he")
    store.agent_forms.put("501", "he")
    assert (store.agent_forms.get("501"), store.agent_forms.get("502")) == ("he", "he")
