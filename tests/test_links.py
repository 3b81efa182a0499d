"""Clients' own tickets led back to their reviews: by code at once, else proposed; kept, undone, never forced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from suggest.demo.tickets import Sample, notification
from suggest.desk import Desk
from suggest.domain import Platform, Suggestion
from suggest.likely import Letter, Seen, likely, same_name
from suggest.review_code import code_of
from suggest.store.fold import Kind
from suggest.store.store import Store
from suggest.store.tables import suggestions
from suggest.usedesk.brief import Brief
from suggest.usedesk.casebook import Casebook
from tests.fakes import Clock, a_review, a_suggester, the_bank
from tests.usedesk_fakes import until
from tests.widget_fakes import FIRST, a_site


def received(store: Store, clock: Clock, **changes: object) -> Suggestion:
    return Desk(a_suggester(clock), store.suggestions, store.records).receive(a_review(**changes))


def test_every_suggestion_is_found_by_its_code(store: Store, clock: Clock) -> None:
    made = received(store, clock)
    received(store, clock, id="another")
    assert store.links.coded([code_of(made.id)]) == (made.id,)
    with store.database.reading() as connection:
        assert all(code_of(row.id) == row.code for row in connection.execute(select(suggestions)))


def test_a_code_is_no_way_to_a_private_message_nor_to_an_old_review(store: Store, clock: Clock) -> None:
    private = received(store, clock, id="m", platform=Platform.DM)
    old = received(store, clock, id="old")
    clock.forward(days=181)
    assert store.links.coded([code_of(private.id), code_of(old.id)]) == ()


def test_a_link_is_made_once_and_told_once(store: Store, clock: Clock) -> None:
    made = received(store, clock)
    first = store.links.link("2002", made.id, "code")
    clock.forward(hours=1)
    assert first == store.links.link("2002", made.id, "code") == store.links.of_ticket("2002")
    assert store.links.of(made.id) == (first,)
    events = [event for event in store.events.of(made.id) if event.kind is Kind.LINKED]
    assert [(event.reason, event.detail) for event in events] == [("code", '{"ticket_id": "2002"}')]


def test_what_an_agent_has_undone_no_code_links_again_but_an_agent_may(store: Store, clock: Clock) -> None:
    made = received(store, clock)
    store.links.link("2002", made.id, "code")
    assert store.links.unlink("2002", "Анна")
    assert not store.links.unlink("2002", "Анна")
    assert store.links.link("2002", made.id, "code") is None
    assert store.links.of_ticket("2002") is None
    again = store.links.link("2002", made.id, "agent", "Борис")
    assert again
    assert (again.by, again.agent) == ("agent", "Борис")
    kinds = [event.kind for event in store.events.of(made.id)]
    assert kinds[-3:] == [Kind.LINKED, Kind.UNLINKED, Kind.LINKED]


def test_an_agent_may_link_elsewhere_a_code_may_not(store: Store, clock: Clock) -> None:
    one, other = received(store, clock), received(store, clock, id="other")
    store.links.link("2002", one.id, "code")
    assert store.links.link("2002", other.id, "code") is None
    assert store.links.link("2002", other.id, "agent", "Анна")
    assert store.links.of(one.id) == ()
    assert [link.ticket_id for link in store.links.of(other.id)] == ["2002"]


def test_an_unknown_review_is_not_linked(store: Store) -> None:
    with pytest.raises(KeyError):
        store.links.link("2002", "nothing", "agent")


def test_a_link_changes_nothing_of_the_reviews_state(store: Store, clock: Clock) -> None:
    made = received(store, clock)
    before = store.events.state(made.id)
    store.links.link("2002", made.id, "code")
    after = store.events.state(made.id)
    assert before
    assert after
    assert (before.state, before.answered_at) == (after.state, after.answered_at)


def test_ticks_say_whether_data_were_given_and_the_last_one_counts(store: Store) -> None:
    store.links.tick("2002", "номер заказа", True, "Анна")
    store.links.tick("2002", "дату покупки", True)
    store.links.tick("2002", "дату покупки", False)
    assert store.links.ticks("2002") == {"номер заказа": True, "дату покупки": False}
    assert store.links.ticks("2003") == {}


def test_candidates_come_by_name_branch_and_date_the_likeliest_first(store: Store, clock: Clock) -> None:
    right = received(store, clock, id="right", author="Мария К.", branch="Казань, ул. Баумана, 12", posted_at=clock.at)
    namesake = received(store, clock, id="same", author="Мария", posted_at=clock.at - timedelta(days=40))
    received(store, clock, id="stranger", author="Олег", branch="Омск", posted_at=clock.at, text="Шумит холодильник")
    received(store, clock, id="later", author="Мария К.", posted_at=clock.at + timedelta(days=9))
    erased = received(store, clock, id="gone", author="Мария К.", posted_at=clock.at)
    store.retention.erase(suggestion_id=erased.id)
    letter = Letter("Мария Кравцова", "Писала отзыв о магазине на Баумана.", clock.at + timedelta(days=2), "delivery")
    found = store.links.candidates(letter)
    assert [one.suggestion_id for one in found] == [right.id, namesake.id]
    assert found[0].reasons == (
        "имя совпадает",
        "назван тот же филиал",
        "та же тема",
        "отзыв свежий, прошло не больше недели",
    )


@pytest.mark.parametrize(
    ("author", "client", "points"),
    [
        ("Мария Кравцова", "Кравцова Мария", 4),
        ("Мария К.", "Мария Кравцова", 3),
        ("Мария", "Мария Кравцова", 2),
        ("Мария К.", "Мария Иванова", 2),
        ("user77", "Мария Кравцова", 0),
        ("М. К.", "Мария Кравцова", 0),
        ("", "", 0),
        ("Алёна", "Алена", 2),
    ],
)
def test_names_are_compared_word_by_word(author: str, client: str, points: int) -> None:
    assert same_name(author, client) == points


def test_a_letter_like_no_review_gets_no_candidates(clock: Clock) -> None:
    seen = Seen("s", "Олег", "Шумит холодильник, ремонт не помог", "Омск", clock.at)
    assert likely(Letter("Мария", "Где мой заказ?", clock.at), [seen]) == ()
    near = Seen("s", "Олег", "Шумит", "Омск", clock.at, "delivery")
    assert likely(Letter("Мария", "Где мой заказ?", clock.at, "delivery"), [near]) == ()
    told = "Холодильник шумит, после ремонта, который не помог, ещё громче. Олегу писали."
    assert [one.points for one in likely(Letter("Мария", told, clock.at), [seen])] == [3]


MAIL = "maria@client.example"


def test_the_clients_mail_is_linked_as_it_comes_in(tmp_path: Path) -> None:
    review = notification("2gis", 1, "Мария К.", "Доставку ждали неделю, курьер так и не приехал.")
    with a_site(tmp_path, review) as site:
        made = site.made(FIRST)
        assert site.service.store
        links = site.service.store.links
        site.helpdesk_receives(Sample("Жалоба", "Здравствуйте! Где мой заказ?", "Мария К.", MAIL))
        site.helpdesk_receives(Sample(f"Re: отзыв № {code_of(made.id)}", "Заказ 7744551.", "Мария К.", MAIL))
        assert until(lambda: links.of_ticket(str(FIRST + 2)) is not None)
        link = links.of_ticket(str(FIRST + 2))
        assert link
        assert (link.suggestion_id, link.by) == (made.id, "code")
        assert links.of_ticket(str(FIRST + 1)) is None


def test_a_platforms_letter_that_names_a_code_is_not_linked(tmp_path: Path) -> None:
    review = notification("2gis", 1, "Мария К.", "Доставку ждали неделю, курьер так и не приехал.")
    with a_site(tmp_path, review) as site:
        made = site.made(FIRST)
        other = notification("2gis", 1, "Олег", f"Пишу «Отзыв {code_of(made.id)}», деньги не вернули.", 99)
        site.helpdesk_receives(other)
        site.made(FIRST + 1)
        assert site.service.store
        assert site.service.store.links.of(made.id) == ()


def test_the_plain_block_tells_of_a_case_by_the_companys_day_and_of_a_review_alone_nothing(
    store: Store, clock: Clock
) -> None:
    brief = Brief(Casebook(store, the_bank()), ZoneInfo("Europe/Moscow"))
    late = datetime(2026, 11, 20, 22, 30, tzinfo=UTC)
    review = received(store, clock, posted_at=late)
    letter = received(store, clock, id="m", platform=Platform.DM, ticket_id="2002")
    assert brief.lines(review) == ()
    store.links.link("2002", review.id, "code")
    assert brief.lines(review)[0] == "Клиент написал: тикет 2002."
    assert "21.11.2026" in brief.lines(letter)[0]
