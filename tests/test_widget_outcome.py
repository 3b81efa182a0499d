"""The widget's sections `outcome` and `deadline`, over real HTTP beside the stand-in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from suggest.demo.tickets import Sample
from suggest.store.fold import Kind
from suggest.store.hand_overs import Asked
from suggest.web.outcome import spell
from tests.fakes import PATIENCE, Clock
from tests.usedesk_fakes import COMPLAINT
from tests.widget_fakes import ANNA, FIRST, Site, a_site

OWN, PUBLIC = FIRST, FIRST + 1
SAMPLES = (Sample("Сообщение", "Мастер не приехал, ремонт стоит.", "Азамат", channel="chat"), COMPLAINT)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path, *SAMPLES) as running:
        yield running


def shown(site: Site, ticket: int = OWN, section: str = "outcome", **query: str) -> str:
    answer = httpx.get(
        f"{site.address}{site.widget(ticket)}/{section}",
        params={"agent": ANNA, "revision": "1", **query},
        timeout=PATIENCE,
    )
    assert answer.status_code == 200
    return answer.text


def put(site: Site, ticket: int = OWN, **form: Any) -> str:
    answer = httpx.put(
        f"{site.address}{site.widget(ticket)}/outcome", data={"agent": ANNA, "revision": "1", **form}, timeout=PATIENCE
    )
    assert answer.status_code == 200, answer.text
    return answer.text


def kept(site: Site, ticket: int = OWN) -> dict[str, Any]:
    whole = site.ticket(ticket)
    return {**whole["ticket"], "fields": {row["ticket_field_id"]: row["value"] for row in whole["custom_fields"]}}


def selected(page: str, name: str) -> str:
    (select,) = re.findall(rf'<select [^>]*name="{name}".*?</select>', page, re.DOTALL)
    return re.findall(r'<option value="([^"]*)" selected', select)[0]


def hand_over(site: Site, department: str = "service_centre") -> int:
    assert site.service.store
    asked = Asked(suggestion_id=site.made(OWN).id, key="k", department=department, mode="usedesk")
    claimed = site.service.store.hand_overs.claim(asked).hand_over
    site.service.store.hand_overs.sent(claimed.id, site.service.store.clock())
    return claimed.id


def test_a_press_sets_everything_in_the_ticket(site: Site) -> None:
    page = shown(site)
    assert (selected(page, "outcome"), selected(page, "closing"), selected(page, "priority")) == (
        "service",
        "pending",
        "medium",
    )
    assert put(site).count("✓") == 4
    set_ = kept(site)
    assert (set_["type"], set_["priority"], set_["status_id"]) == ("problem", "medium", 6)
    assert set_["fields"] == {101: "1004", 102: "1106"}


def test_one_press_sets_one_thing(site: Site) -> None:
    before = kept(site)
    site.made(OWN)
    calls = site.rest.calls.copy()
    put(site, only="category", outcome="repair")
    assert [method for _, method in list(site.rest.calls)[len(calls) :]].count("update/ticket") == 1
    assert kept(site) == before | {
        "fields": {101: "1002", 102: "1102"},
        "last_updated_at": kept(site)["last_updated_at"],
    }


def test_the_outcome_is_corrected_in_the_end(site: Site) -> None:
    """002: a ticket that ends in a request for repair is filed as one."""
    put(site)
    hand_over(site)
    assert selected(shown(site), "outcome") == "service", "what was set stays until it is changed"
    assert 'value="repair"' in put(site, outcome="repair", closing="on_hold")
    set_ = kept(site)
    assert (set_["fields"], set_["type"], set_["status_id"]) == ({101: "1002", 102: "1102"}, "task", 5)


def test_a_hand_over_proposes_the_request_and_on_hold(site: Site) -> None:
    hand_over(site)
    page = shown(site)
    assert (selected(page, "outcome"), selected(page, "closing")) == ("repair", "on_hold")
    assert "Пока не «Выполнен»" in page


@pytest.mark.parametrize("only", ["", "status"])
def test_solved_while_something_is_open_is_asked_about_first(site: Site, only: str) -> None:
    hand_over(site)
    before = kept(site)["status_id"]
    form = {"closing": "solved", **({"only": only} if only else {})}
    asked = put(site, **form)
    assert "оценку консультации" in asked
    (doubt,) = re.findall('name="doubt" value="([a-z]+)"', asked)
    assert "оценку консультации" in shown(site, doubt=doubt, closing="solved", was_closing="on_hold"), (
        "a fresh look leaves the question standing"
    )
    assert kept(site)["status_id"] == before
    put(site, sure="true", **form)
    assert kept(site)["status_id"] == 2


def test_a_fresh_look_keeps_what_the_agent_chose_and_renews_the_rest(site: Site) -> None:
    page = shown(site)
    fields = dict(re.findall(r'name="(was_\w+)" value="(\w+)"', page))
    assert fields == {"was_outcome": "service", "was_priority": "medium", "was_closing": "pending"}
    hand_over(site)
    seen = {"outcome": "service", "priority": "urgent", "closing": "pending", **fields}
    page = shown(site, **seen)
    assert [selected(page, name) for name in ("outcome", "priority", "closing")] == ["repair", "urgent", "on_hold"]
    page = shown(site, **{**seen, "outcome": "app"})
    assert [selected(page, name) for name in ("outcome", "priority", "closing")] == ["app", "urgent", "on_hold"]


def test_category_alone_needs_no_asking(site: Site) -> None:
    hand_over(site)
    assert "оценку консультации" not in put(site, closing="solved", only="category")
    assert kept(site)["fields"]


def test_on_hold_does_not_close_the_case(site: Site) -> None:
    put(site)
    assert site.service.store
    events = site.service.store.events.of(site.made(OWN).id)
    assert Kind.CLOSED not in {event.kind for event in events}
    put(site, closing="solved", sure="true")
    assert Kind.CLOSED in {event.kind for event in site.service.store.events.of(site.made(OWN).id)}


def test_a_status_can_be_set_again(site: Site) -> None:
    for closing, status in (("pending", 6), ("on_hold", 5), ("pending", 6), ("unchanged", 6)):
        put(site, closing=closing)
        assert kept(site)["status_id"] == status
    site.rest.helpdesk.update({"ticket_id": OWN, "status": 1})
    put(site, closing="pending")
    assert kept(site)["status_id"] == 6, "the client had written, and the ticket was open again"


def test_who_is_no_client_is_let_go_with_a_press(site: Site) -> None:
    page = shown(site, outcome="job")
    assert (selected(page, "outcome"), selected(page, "closing"), selected(page, "priority")) == (
        "job",
        "solved",
        "low",
    )
    put(site, outcome="job")
    set_ = kept(site)
    assert (set_["fields"], set_["status_id"], set_["priority"]) == ({101: "1005", 102: "1109"}, 2, "low")


def test_a_category_that_usedesk_lacks_is_told(site: Site) -> None:
    site.service.usedesk.preparer.dictionary._fields = type(site.service.usedesk.preparer.dictionary.get())()  # type: ignore[union-attr]
    assert "не нашлось «Жалоба» → «Сервис»" in put(site)
    assert kept(site)["fields"] == {}


def test_a_notification_has_no_outcome_section(site: Site) -> None:
    """000 says all of it; and a forged request changes nothing."""
    before = kept(site, PUBLIC)
    assert (shown(site, PUBLIC), put(site, PUBLIC, outcome="repair", closing="solved")) == ("", "")
    assert kept(site, PUBLIC) == before


@pytest.mark.parametrize("form", [{"closing": "spam"}, {"priority": "huge"}, {"only": "everything"}])
def test_what_is_unknown_is_refused(site: Site, form: dict[str, str]) -> None:
    answer = httpx.put(f"{site.address}{site.widget(OWN)}/outcome", data=form, timeout=PATIENCE)
    assert answer.status_code == 422


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    with a_site(tmp_path, *SAMPLES, way_back_dry_run="true") as site:
        before = kept(site)
        assert "Пробный режим" in put(site)
        assert kept(site) == before


def test_the_deadline_is_counted_down_until_the_reply(tmp_path: Path, clock: Clock) -> None:
    with a_site(tmp_path, *SAMPLES, clock=clock) as site:
        assert "Ответ просрочен" not in shown(site, PUBLIC, "deadline")
        clock.forward(days=3)
        assert "Ответ просрочен" in shown(site, PUBLIC, "deadline")
        form = {"agent": ANNA, "text": site.made(PUBLIC).text}
        accepted = httpx.post(f"{site.address}{site.widget(PUBLIC)}/accept", data=form, timeout=PATIENCE)
        assert accepted.status_code == 200
        assert shown(site, PUBLIC, "deadline") == ""


@pytest.mark.parametrize(
    ("left", "said"),
    [
        ({"minutes": 9, "seconds": 59}, "9 мин"),
        ({"hours": 3, "minutes": 5}, "3 ч 5 мин"),
        ({"days": 2, "hours": 1}, "2 дн. 1 ч"),
    ],
)
def test_a_span_is_read_at_a_glance(left: dict[str, int], said: str) -> None:
    assert spell(timedelta(**left)) == said
