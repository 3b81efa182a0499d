"""The way back into the ticket, against the stand-in over loopback: every step once, whatever happens between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from suggest.demo.tickets import Sample, notification
from suggest.store.fold import Kind
from suggest.usedesk.steps import Closing, Step, StepResult, proposed
from suggest.usedesk.way_back import WayBack
from tests.usedesk_fakes import COMPLAINT
from tests.widget_fakes import ANNA, FIRST, Site, a_site

SAMPLES = (
    COMPLAINT,
    notification("2gis", 5, "Ольга", "👍👍👍"),
    Sample("Сообщение", "Мастер не приехал, ремонт стоит.", "Азамат", channel="chat"),
)
PUBLIC, SKIPPED, OWN = (FIRST + place for place in range(3))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path, *SAMPLES, usedesk_filing="") as running:
        yield running


def way_back(site: Site) -> WayBack:
    assert site.service.way_back
    return site.service.way_back


def results(steps: tuple[StepResult[Step], ...]) -> list[tuple[str, str]]:
    return [(step.step.value, step.result) for step in steps]


def comments(site: Site, ticket: int) -> list[str]:
    return [row["message"] for row in site.ticket(ticket)["comments"][1:]]


def test_comment_category_and_status_are_written_once(site: Site) -> None:
    made = site.made(PUBLIC)
    assert {step.result for step in way_back(site).steps(made)} == {"waiting"}
    first = way_back(site).run(made, agent="Анна", user=int(ANNA))
    assert results(first) == [("comment", "done"), ("category", "done"), ("status", "done")]
    calls = len(site.rest.calls)
    assert results(way_back(site).run(made)) == results(first)
    assert len(site.rest.calls) == calls
    kept = site.ticket(PUBLIC)
    assert comments(site, PUBLIC) == ["Ответ предоставлен"]
    assert kept["comments"][1]["type"] == "private"
    assert kept["ticket"]["status_id"] == 2
    assert {row["value"] for row in kept["custom_fields"]} == {"1001", "1101"}
    assert site.service.store
    state = site.service.store.events.state(made.id)
    assert state
    assert state.state == "done"


def test_a_failure_half_way_is_shown_and_resumed(site: Site) -> None:
    made, write = site.made(PUBLIC), site.rest.helpdesk.update
    site.rest.helpdesk.update = lambda asked: write({**asked, "status": 99})  # type: ignore[method-assign]
    stopped = way_back(site).run(made)
    assert results(stopped) == [("comment", "done"), ("category", "failed"), ("status", "waiting")]
    assert "Usedesk" in stopped[1].note
    site.rest.helpdesk.update = write  # type: ignore[method-assign]
    assert {step.result for step in way_back(site).run(made)} == {"done"}
    assert comments(site, PUBLIC) == ["Ответ предоставлен"]


def test_a_comment_that_was_written_but_not_noted_is_not_written_again(site: Site) -> None:
    made = site.made(PUBLIC)
    site.rest.helpdesk.comment({"ticket_id": PUBLIC, "message": "<p>Ответ предоставлен</p>", "user_id": ANNA})
    done = way_back(site).run(made)
    assert done[0].note == "уже было в тикете"
    assert len(comments(site, PUBLIC)) == 1


def test_a_changed_review_is_brought_back_anew(site: Site) -> None:
    made = site.made(PUBLIC)
    way_back(site).run(made)
    changed = made.review.model_copy(update={"text": "Доставку так и не привезли, верните деньги."})
    fresh = site.service.desk.receive(changed)
    assert {step.result for step in way_back(site).steps(fresh)} == {"waiting"}
    assert {step.result for step in way_back(site).run(fresh)} == {"done"}
    assert comments(site, PUBLIC) == ["Ответ предоставлен"] * 2


def test_a_skipped_review_gets_no_comment(site: Site) -> None:
    assert results(way_back(site).run(site.made(SKIPPED))) == [("category", "done"), ("status", "done")]
    assert comments(site, SKIPPED) == []


@pytest.mark.parametrize(("closing", "status"), [(Closing.PENDING, 6), (Closing.ON_HOLD, 5), (Closing.SOLVED, 2)])
def test_a_clients_own_ticket_gets_a_status_only(site: Site, closing: Closing, status: int) -> None:
    made = site.made(OWN)
    assert [step.step for step in way_back(site).run(made, closing)] == [Step.STATUS]
    assert site.ticket(OWN)["ticket"]["status_id"] == status


def test_the_status_follows_from_what_was_done(site: Site) -> None:
    own, public = site.made(OWN), site.made(PUBLIC)
    assert proposed(own, pending=0) is Closing.PENDING
    assert proposed(own, pending=1) is Closing.ON_HOLD
    assert proposed(own.model_copy(update={"segments": ()}), pending=0) is Closing.SOLVED
    assert proposed(public, pending=0) is Closing.SOLVED


def test_unchanged_writes_nothing(site: Site) -> None:
    before = site.ticket(OWN)["ticket"]["status_id"]
    assert way_back(site).run(site.made(OWN), Closing.UNCHANGED) == ()
    assert site.ticket(OWN)["ticket"]["status_id"] == before


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    with a_site(tmp_path, COMPLAINT, way_back_dry_run="true") as site:
        made = site.made(FIRST)
        assert {step.result for step in way_back(site).run(made)} == {"dry"}
        assert comments(site, FIRST) == []
        assert site.service.store
        assert Kind.FILED not in {event.kind for event in site.service.store.events.of(made.id)}


def test_a_category_that_usedesk_does_not_have_is_named(site: Site) -> None:
    object.__setattr__(way_back(site), "rules", way_back(site).rules.model_copy(update={"category": "Иное"}))
    failed = way_back(site).run(site.made(PUBLIC))[1]
    assert failed.result == "failed"
    assert "«Иное» → «Рассылка»" in failed.note
