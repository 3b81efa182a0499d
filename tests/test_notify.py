"""Managers are told of urgent reviews: once by each way, again after a failure, and nothing personal goes out."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.testclient import TestClient

from suggest.api import create_app
from suggest.bootstrap import company_of
from suggest.domain import Match, Suggestion
from suggest.mail import Mailer
from suggest.metrics import Metrics
from suggest.notify import Notifier, NotTold, Telling, by_mail, by_webhook
from suggest.regulation import CompanyOverride
from suggest.settings import PROJECT, Settings
from suggest.store.engine import Database
from suggest.store.notices import FRESH, LEASE, Notice, Way
from suggest.store.store import Store, open_store, store_over
from suggest.workdays import Workdays, load_calendar
from tests.fakes import Clock, a_review, a_service, a_suggester, the_bank
from tests.mail_fakes import mailbox, trusted
from tests.usedesk_fakes import serving, until

CALENDAR = Workdays("ru", ZoneInfo("Europe/Moscow"), load_calendar(PROJECT / "phrasebank"))
TELLING = Telling(the_bank(), CALENDAR, Settings().usedesk_ticket_url)
FIRE = "Холодильник загорелся, пошёл дым, верните деньги."
PERSONAL = ("Мария", "Петрова", "загорелся", "дым")


@dataclass
class Hook:
    """A company's endpoint: what came in, and what it answers."""

    address: str = ""
    status: int = 200
    got: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)


@contextmanager
def a_hook() -> Iterator[Hook]:
    hook, app = Hook(), FastAPI()

    @app.post("/hook")
    async def take(request: Request) -> Response:
        hook.got.append(await request.json())
        hook.keys.append(request.headers["idempotency-key"])
        return Response(status_code=hook.status)

    with serving(app) as address:
        hook.address = f"{address}/hook"
        yield hook


@dataclass
class Recorder:
    """A way that fails as often as told, and remembers what went out."""

    fails: int = 0
    told: list[str] = field(default_factory=list)

    def __call__(self, notice: Notice) -> None:
        if self.fails:
            self.fails -= 1
            raise NotTold("out of order")
        self.told.append(notice.flag)


def flagged(store: Store, clock: Clock, *flags: str, **changes: Any) -> Suggestion:
    """A suggestion with these flags, kept as the service keeps it."""
    made = a_suggester(clock).suggest(a_review(**changes))
    matched = made.match or Match(scenario=None, topic=None, by="matcher", confidence=0)
    urgent = made.model_copy(update={"match": matched.model_copy(update={"flags": flags})})
    return store.suggestions.put(urgent)


def a_notifier(
    store: Store, clock: Clock, metrics: Metrics | None = None, **ways: Callable[[Notice], None]
) -> Notifier:
    given: dict[Way, Any] = dict(ways)  # type: ignore[arg-type]
    return Notifier(store.notices, given, metrics or Metrics(), clock)


def test_each_urgent_flag_is_told_once_by_each_way(store: Store, clock: Clock) -> None:
    flagged(store, clock, "safety", "legal", "follow_up")
    mail, hook = Recorder(), Recorder()
    notifier = a_notifier(store, clock, mail=mail, hook=hook)
    assert notifier.waiting() == 2
    assert [notifier.sweep(), notifier.sweep()] == [2, 0]
    assert sorted(mail.told) == sorted(hook.told) == ["legal", "safety"]
    assert notifier.waiting() == 0


def test_what_is_not_urgent_is_told_to_nobody(store: Store, clock: Clock) -> None:
    flagged(store, clock, "follow_up", "personal_data")
    assert a_notifier(store, clock, mail=Recorder()).sweep() == 0


def test_a_new_revision_tells_only_of_what_is_new(store: Store, clock: Clock) -> None:
    made = flagged(store, clock, "safety")
    mail = Recorder()
    a_notifier(store, clock, mail=mail).sweep()
    assert made.match
    both = made.match.model_copy(update={"flags": ("safety", "legal")})
    store.suggestions.revise(made.model_copy(update={"revision": 2, "match": both}))
    a_notifier(store, clock, mail=mail).sweep()
    assert mail.told == ["safety", "legal"]


def test_a_failure_is_repeated_by_the_way_that_failed(
    store: Store, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    flagged(store, clock, "safety", text=FIRE)
    metrics, mail, hook = Metrics(), Recorder(), Recorder(fails=2)
    notifier = a_notifier(store, clock, metrics, mail=mail, hook=hook)
    with caplog.at_level(logging.ERROR):
        assert notifier.sweep() == 0
    assert "safety of suggestion" in caplog.text
    assert not any(word in caplog.text for word in PERSONAL)
    assert notifier.sweep() == 0, "not at once"
    for pause in (1, 2):
        clock.forward(minutes=pause)
        notifier.sweep()
    assert (mail.told, hook.told) == (["safety"], ["safety"])
    told = metrics.text().decode()
    assert 'suggest_notices_total{flag="safety",result="failed",way="hook"} 2.0' in told
    assert 'suggest_notices_total{flag="safety",result="told",way="hook"} 1.0' in told


def test_a_process_that_died_is_made_good_for(store: Store, clock: Clock) -> None:
    flagged(store, clock, "safety")
    (notice,) = store.notices.untold(clock())
    assert store.notices.claim(notice, clock())
    mail = Recorder()
    notifier = a_notifier(store, clock, mail=mail)
    assert notifier.sweep() == 0
    clock.at += LEASE
    assert notifier.sweep() == 1


def test_what_is_long_past_is_not_told(store: Store, clock: Clock) -> None:
    flagged(store, clock, "safety")
    clock.at += FRESH
    assert a_notifier(store, clock, mail=Recorder()).sweep() == 0


def test_replicas_tell_once(store: Store, clock: Clock, database_url: str) -> None:
    for number in range(6):
        flagged(store, clock, "safety", id=str(number))
    mail = Recorder()
    replicas = [Database(database_url) for _ in range(5)]
    with ThreadPoolExecutor(5) as pool:
        told = list(pool.map(lambda one: a_notifier(store_over(one, clock), clock, mail=mail).sweep(), replicas))
    for replica in replicas:
        replica.dispose()
    assert sum(told) == len(mail.told) == 6


def test_the_letter_says_where_and_what_and_nothing_personal(store: Store, clock: Clock) -> None:
    made = flagged(store, clock, "safety", text=FIRE)
    with mailbox() as box:
        mailer = Mailer(box.url, "otzyvy@company.example", trusted)
        a_notifier(
            store, clock, mail=by_mail(mailer, TELLING, lambda branch: f"{branch and 'kazan'}@company.example")
        ).sweep()
    (letter,) = box.letters
    whole = f"{letter['Subject']}\n{letter.get_content()}"
    assert letter["To"] == "kazan@company.example"
    for said in ("Угроза безопасности", "Казань", "2ГИС", "02.11.2026 13:00", "https://secure.usedesk.ru/tickets/1001"):
        assert said in whole
    assert not any(word in whole for word in PERSONAL)
    assert made.id not in whole


def test_a_letter_that_one_of_two_addresses_refuses_is_not_sent_to_the_other_again(store: Store, clock: Clock) -> None:
    flagged(store, clock, "safety")
    metrics = Metrics()
    with mailbox() as box:
        mailer = Mailer(box.url, "suggest@company.example", trusted)
        both = by_mail(mailer, TELLING, lambda _: "kazan@company.example, nobody@company.example")
        notifier = a_notifier(store, clock, metrics, mail=both)
        notifier.sweep()
        clock.forward(hours=2)
        notifier.sweep()
        assert len(box.letters) == 1
    assert 'result="failed"' in metrics.text().decode()


def test_a_branch_without_a_manager_is_a_failure_that_shows(store: Store, clock: Clock) -> None:
    flagged(store, clock, "legal")
    metrics = Metrics()
    mailer = Mailer("smtps://127.0.0.1:1", "otzyvy@company.example")
    a_notifier(store, clock, metrics, mail=by_mail(mailer, TELLING, lambda _: "")).sweep()
    assert 'result="failed"' in metrics.text().decode()


def test_the_webhook_gets_facts_and_a_key(store: Store, clock: Clock) -> None:
    made = flagged(store, clock, "legal", text=FIRE)
    with a_hook() as hook:
        hook.status = 503
        notifier = a_notifier(store, clock, hook=by_webhook(hook.address, TELLING))
        assert notifier.sweep() == 0
        hook.status = 204
        clock.at += timedelta(minutes=1)
        assert notifier.sweep() == 1
    first, second = hook.got
    assert first == second
    assert hook.keys == [f"{made.id}:legal"] * 2
    assert first == {
        "event": "urgent_review",
        "flag": "legal",
        "title": "Претензия или суд",
        "priority": made.triage.priority,
        "branch": "Казань",
        "platform": "2gis",
        "ticket_id": "1001",
        "ticket_url": "https://secure.usedesk.ru/tickets/1001",
        "suggestion_id": made.id,
        "raised_at": made.created_at.isoformat(),
    }
    assert not any(word in json.dumps(first, ensure_ascii=False) for word in PERSONAL)


def test_a_webhook_that_is_away_is_told_without_its_address() -> None:
    notice = Notice.model_validate(
        {
            "suggestion_id": "s",
            "flag": "legal",
            "raised_at": Clock()(),
            "tries": 0,
            "mailed": False,
            "hooked": False,
            "platform": "2gis",
            "branch": None,
            "ticket_id": None,
            "priority": 0,
        }
    )
    with pytest.raises(NotTold) as away:
        by_webhook("http://127.0.0.1:1/geheim", TELLING)(notice)
    assert "geheim" not in f"{away.value}{away.value.__cause__}"


def test_the_service_tells_by_itself_and_no_agent_waits(tmp_path: Path) -> None:
    """The whole way: a review comes in over HTTP, its suggestion is answered, and the manager's endpoint hears of it."""
    with a_hook() as hook:
        clock = Clock()
        store = open_store(f"sqlite:///{tmp_path / 's.db'}", clock)
        service = a_service(store, clock, notify_webhook=hook.address)
        with TestClient(create_app(service)) as client:
            answer = client.post("/v1/suggestions", json=a_review(text=FIRE).model_dump(mode="json"))
            assert answer.status_code == 200
            assert "safety" in answer.json()["match"]["flags"]
            assert until(lambda: bool(hook.got))
        store.close()
    assert [told["flag"] for told in hook.got] == ["safety"]


def test_without_an_address_nobody_is_told_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 's.db'}")
    assert a_service(store).notifier is None
    assert "SUGGEST_NOTIFY_WEBHOOK" in caplog.text
    store.close()


def test_the_webhooks_address_is_never_shown() -> None:
    shown = Settings.read({"SUGGEST_NOTIFY_WEBHOOK": "https://hook.example/geheim"}).shown()
    assert shown["notify_webhook"] == "set"


def test_the_managers_address_is_the_branchs_own() -> None:
    bank = the_bank()
    file = bank.company_file.model_copy(
        update={"branches": {"Казань": CompanyOverride(manager="kazan@company.example")}}
    )
    company = company_of(Settings(), replace(bank, company_file=file))
    assert (company("Казань").manager, company("Омск").manager) == ("kazan@company.example", "")
