"""Webhooks, the poll and the filing: repeats, reordering, restarts, and what is never kept."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from suggest.api import create_app
from suggest.demo.account import TOKEN
from suggest.demo.rest import Knobs
from suggest.demo.shapes import named
from suggest.demo.state import Refused
from suggest.demo.tickets import Sample, notification
from suggest.desk import Desk, InMemory
from suggest.settings import PROJECT
from suggest.store.store import open_store
from suggest.usedesk.backlog import Backlog, Job
from suggest.usedesk.poll import Poll
from suggest.usedesk.reader import Reader
from suggest.usedesk.rules import load_rules
from suggest.usedesk.side import Side
from suggest.usedesk.webhook import Event, event
from tests.fakes import PATIENCE, a_suggester
from tests.usedesk_fakes import COMPLAINT, HOOK, Standin, a_client, a_served, a_side, standin, until

READER = Reader(load_rules(PROJECT / "phrasebank"))
OTHER_SECRET = "secret-of-another-block"
PHONE = "+7 900 123-45-67"
FORM = "application/x-www-form-urlencoded"


class Hook:
    """Sends webhooks as Usedesk does."""

    def __init__(self, there: Standin, side: Side, desk: Desk) -> None:
        self.there, self.side, self.desk = there, side, desk
        self.http = TestClient(create_app(a_served(side)))
        self.kept = there.helpdesk.ticket(there.helpdesk.tickets()[0]["id"])
        self.number = int(self.kept["ticket"]["id"])

    def new(self, beside: bool = False, **changes: Any) -> dict[str, Any]:
        """The webhook of a new ticket: custom fields in the ticket, or beside it as others saw them."""
        ticket = {**self.kept["ticket"], "message": self.kept["comments"][0]["message"], **changes}
        private = {"custom_fields": named(self.kept), "custom_blocks": [{"name": "x", "secret_key": OTHER_SECRET}]}
        client = {"name": "Уведомления", "phones": [{"phone": PHONE}], "emails": ["maria@mail.example"]}
        if beside:
            return {"secret": HOOK, "ticket": ticket, "client": client, **private}
        return {"secret": HOOK, "ticket": {**ticket, **private, "client": client}}

    def comment(self, writer: str = "client") -> dict[str, Any]:
        return {"secret": HOOK, "comment": {"id": 7, "ticket_id": str(self.number), "from": writer, "message": "Ещё"}}

    def change(self, *targets: str) -> dict[str, Any]:
        data = [{"target": target, "value": "x", "old_value": None} for target in targets]
        return {"secret": HOOK, "trigger": {"id": 9, "ticket_id": self.number, "data": data}}

    def post(self, body: dict[str, Any]) -> Any:
        return self.http.post("/usedesk/webhook", json=body)

    def settle(self) -> Any:
        """The suggestion on record once nothing is left to do."""
        assert self.side.preparer.backlog.empty(PATIENCE)
        return self.desk.suggestions.of_ticket(str(self.number))


@contextmanager
def hooked(*samples: Sample, filing: bool = False, token: str = TOKEN, desk: Desk | None = None) -> Iterator[Hook]:
    desk = desk or Desk(a_suggester(), InMemory())
    with (
        standin(*(samples or (COMPLAINT,))) as there,
        closing(a_client(there.url, token)) as client,
        a_side(client, desk, filing) as side,
    ):
        yield Hook(there, side, desk)


@pytest.fixture
def hook() -> Iterator[Hook]:
    with hooked() as it:
        yield it


@pytest.mark.parametrize("beside", [False, True])
def test_a_new_ticket_is_prepared_before_anybody_opens_it(hook: Hook, beside: bool) -> None:
    assert hook.post(hook.new(beside)).json() == {"status": "accepted"}
    made = hook.settle()
    assert made.match.scenario == "delivery"
    assert made.review.client.known is False
    assert hook.side.preparer.fresh(hook.number)


def test_a_form_is_read_too(hook: Hook) -> None:
    fields = {"secret": HOOK, "ticket[id]": hook.number, "ticket[subject]": "x", "ticket[custom_fields][0][id]": "1"}
    assert hook.http.post("/usedesk/webhook", data=fields).json() == {"status": "accepted"}
    whole = {"secret": HOOK, "ticket": json.dumps({"id": hook.number, "message": "x"})}
    answer = hook.http.post("/usedesk/webhook", content=urlencode(whole), headers={"content-type": FORM})
    assert answer.json() == {"status": "accepted"}
    assert hook.settle() is not None


def test_it_answers_at_once(hook: Hook) -> None:
    with hook.there.holding():
        for _ in range(5):
            assert hook.post(hook.new()).json() == {"status": "accepted"}
        assert hook.number in hook.side.preparer.backlog, "answered while the ticket is still being read"
    assert hook.settle().revision == 1


def test_without_an_api_token_the_body_itself_is_enough() -> None:
    with hooked(token="") as hook:
        hook.post(hook.new())
        assert hook.settle().match.scenario == "delivery"
        assert not hook.side.preparer.fresh(hook.number)


def test_repeats_make_one_suggestion(hook: Hook) -> None:
    for _ in range(20):
        hook.post(hook.new())
    made = hook.settle()
    hook.post(hook.new())
    assert hook.settle() == made
    assert made.revision == 1


def test_reordered_events_end_with_what_is_true_now(hook: Hook) -> None:
    stale = hook.new()
    hook.kept["comments"][0]["message"] = notification(
        "2gis", 2, "Мария К.", "Мастер не приехал, ремонт сорван."
    ).message
    hook.post(hook.change("message_from_client"))
    hook.post(stale)
    made = hook.settle()
    assert made.match.scenario == "service"
    hook.post(stale)
    assert hook.settle() == made


def test_a_changed_review_is_a_new_revision(hook: Hook) -> None:
    hook.post(hook.new())
    assert hook.settle().revision == 1
    hook.kept["comments"][0]["message"] = notification("2gis", 2, "Мария К.", "Доставку ждали две недели.").message
    hook.post(hook.change("ticket_field"))
    changed = hook.settle()
    assert changed.revision == 2
    assert "review_changed" in {reason.code for reason in changed.triage.reasons}


@pytest.mark.parametrize(
    ("about", "status"),
    [
        ("new", "accepted"),
        ("comment", "accepted"),
        ("comment of an agent", "ignored"),
        ("change of tags", "accepted"),
        ("change of assignee", "ignored"),
        ("rating", "ignored"),
        ("nothing", "ignored"),
    ],
)
def test_which_events_concern_us(hook: Hook, about: str, status: str) -> None:
    body = {
        "new": hook.new(),
        "comment": hook.comment(),
        "comment of an agent": hook.comment("user"),
        "change of tags": hook.change("assignee_id", "new_tags"),
        "change of assignee": hook.change("assignee_id", "status_id"),
        "rating": {"secret": HOOK, "csi": {"id": 1, "ticket_id": hook.number}},
        "nothing": {"secret": HOOK},
    }[about]
    answer = hook.post(body)
    assert (answer.status_code, answer.json()["status"]) == (200, status)


@pytest.mark.parametrize("secret", [None, "", "x", HOOK + "x", [HOOK], 5])
def test_a_wrong_secret_is_refused(hook: Hook, secret: object) -> None:
    assert hook.post(hook.new() | {"secret": secret}).status_code == 403
    assert hook.post({key: value for key, value in hook.new().items() if key != "secret"}).status_code == 403
    assert hook.settle() is None


def test_without_a_secret_of_ours_all_are_refused(hook: Hook) -> None:
    object.__setattr__(hook.side.webhook, "secret", "")
    assert hook.post(hook.new() | {"secret": ""}).status_code == 403


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "ticket_id", "data", "target", "message", "custom_fields", "from"]), inner
        )
    ),
    max_leaves=10,
)


@given(
    body=st.binary(max_size=100)
    | st.fixed_dictionaries({"secret": st.just(HOOK)}, optional={"ticket": JUNK, "comment": JUNK, "trigger": JUNK}).map(
        lambda value: json.dumps(value).encode()
    ),
    kind=st.sampled_from(["application/json", FORM, "multipart/form-data; boundary=-", ""]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_body_gets_an_answer(hook: Hook, body: bytes, kind: str) -> None:
    answer = hook.http.post("/usedesk/webhook", content=body, headers={"content-type": kind})
    assert answer.status_code in {200, 400, 403}
    json.loads(answer.content)


def test_nothing_private_is_kept_or_logged(hook: Hook, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    happened = event(hook.new(), READER)
    assert isinstance(happened, Event)
    hook.post(hook.new())
    made = hook.settle()
    for hidden in (PHONE, "maria@mail.example", OTHER_SECRET, HOOK, TOKEN):
        assert hidden not in caplog.text
        assert hidden not in repr(happened) + str(happened.reading and happened.reading.review) + made.model_dump_json()
    assert "курьер" not in caplog.text


def test_the_queue_is_bounded_and_holds_a_ticket_once() -> None:
    free, done = threading.Event(), []

    def work(job: Job) -> bool:
        free.wait(PATIENCE)
        done.append(job.ticket_id)
        return True

    backlog = Backlog(work, capacity=3)
    assert [backlog.add(number) for number in (1, 2, 2, 3, 4, 5)] == [True, True, True, True, False, False]
    free.set()
    assert backlog.empty(PATIENCE)
    assert done == [1, 2, 3]
    backlog.close()
    assert not backlog.add(6)


def test_what_failed_for_the_moment_is_tried_again() -> None:
    both, tries = threading.Event(), []

    def work(job: Job) -> bool:
        both.wait(PATIENCE)
        tries.append(job.ticket_id)
        return len(tries) > 2

    backlog = Backlog(work, retry_seconds=0.01)
    backlog.add(1)
    backlog.add(2)
    both.set()
    assert backlog.empty(PATIENCE)
    assert tries == [1, 2, 1, 2]
    backlog.close()


def test_usedesk_away_is_waited_for(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook.side.preparer.backlog, "_retry_seconds", 0.05)
    hook.there.rest.knobs = Knobs(faults=["500"] * 9)
    hook.post(hook.comment())
    assert hook.settle().match.scenario == "delivery"


def test_the_poll_finds_what_no_webhook_told(hook: Hook) -> None:
    poll = Poll(hook.side.preparer)
    assert poll.once() == 1
    assert hook.settle().match.scenario == "delivery"
    assert poll.once() == 0
    hook.there.helpdesk.receive(notification("google", 2, "Макс", "Мастер не приехал."))
    assert poll.once() == 1
    hook.kept["comments"][0]["message"] = notification("2gis", 2, "Мария К.", "Мастер не приехал.").message
    hook.kept["ticket"]["last_updated_at"] = "2999-01-01 00:00:00"
    assert poll.once() == 1
    assert hook.settle().match.scenario == "service"


def test_the_poll_leaves_out_what_a_webhook_told(hook: Hook) -> None:
    hook.post(hook.new())
    hook.settle()
    assert Poll(hook.side.preparer).once() == 0


def test_the_poll_leaves_out_what_is_gone_and_walks_every_page(hook: Hook) -> None:
    for _ in range(130):
        hook.there.helpdesk.receive(COMPLAINT)
    hook.kept["ticket"]["status_id"] = 7
    assert Poll(hook.side.preparer).once() == 130


def test_the_poll_looks_back_over_a_weekend_first(hook: Hook) -> None:
    poll = Poll(hook.side.preparer, clock=lambda: datetime(2999, 1, 4, tzinfo=UTC))
    assert poll.once() == 0
    hook.kept["ticket"]["last_updated_at"] = "2999-01-02 00:00:00"
    assert poll.once() == 1


def test_what_was_missed_while_down_is_found_after_the_restart(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'suggest.db'}"
    with standin(COMPLAINT) as there:
        for expected in (1, 1):
            with closing(a_client(there.url)) as client, closing(open_store(address)) as store:
                desk = Desk(a_suggester(), store.suggestions)
                with a_side(client, desk) as side:
                    poll = Poll(side.preparer)
                    assert poll.once() == expected
                    assert side.preparer.backlog.empty(PATIENCE)
                    for row in there.helpdesk.tickets():
                        kept = desk.suggestions.of_ticket(str(row["id"]))
                        assert kept is not None
                        assert kept.revision == 1
            there.helpdesk.receive(notification("yandex", 2, "Ян", "Мастер не приехал."))


def test_the_poll_runs_with_the_service() -> None:
    with hooked() as hook, TestClient(create_app(a_served(hook.side))):
        assert until(lambda: hook.desk.suggestions.of_ticket(str(hook.number)) is not None)


def test_the_poll_outlives_errors(hook: Hook) -> None:
    hook.there.rest.knobs = Knobs(faults=["garbage"] * 3)
    poll = Poll(hook.side.preparer, every=0.05)
    poll.start()
    assert until(lambda: hook.desk.suggestions.of_ticket(str(hook.number)) is not None)
    poll.close()


def test_filing_sorts_the_day() -> None:
    with hooked(filing=True) as hook:
        hook.post(hook.new())
        hook.settle()
        assert (hook.kept["ticket"]["priority"], hook.kept["tags"]) == ("medium", ["delivery"])
        assert hook.kept["ticket"]["status_id"] == 8
        for _ in range(3):
            hook.post(hook.change("new_tags"))
            hook.settle()
        assert hook.there.methods().count("update/ticket") == 1


def test_filing_puts_safety_first() -> None:
    fire = notification("google", 1, "Тимур", "Из духовки пошёл дым, ремонт не помог. Подам в суд.")
    with hooked(fire, filing=True) as hook:
        hook.post(hook.new())
        hook.settle()
        assert hook.kept["ticket"]["priority"] == "urgent"
        assert {"safety", "legal"} <= set(hook.kept["tags"])


def test_filing_leaves_alone_what_an_agent_has_touched() -> None:
    with hooked(filing=True) as hook:
        hook.post(hook.new())
        hook.settle()
        hook.kept["ticket"] |= {"status_id": 1, "priority": "low"}
        hook.kept["tags"].clear()
        hook.post(hook.change("removed_tags"))
        hook.settle()
        assert (hook.kept["ticket"]["priority"], hook.kept["tags"]) == ("low", [])


def test_a_failed_filing_keeps_the_suggestion(caplog: pytest.LogCaptureFixture) -> None:
    with hooked(filing=True) as hook:
        hook.there.helpdesk.update = refuse  # type: ignore[method-assign]
        hook.post(hook.new())
        assert hook.settle().match.scenario == "delivery"
    assert "was not filed" in caplog.text


def refuse(asked: object) -> Any:
    raise Refused("Unknown user_id", 141)


def test_an_opening_files_too() -> None:
    with hooked(filing=True) as hook:
        assert hook.side.preparer.now(hook.number, {}).result(PATIENCE).suggestion is not None
        assert until(lambda: hook.kept["tags"] == ["delivery"])
