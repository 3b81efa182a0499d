"""Tells the responsible manager at once of reviews about safety or law: by mail and by webhook, each once, until it worked.

It runs beside the service on a thread of its own, so no agent waits for it. What is told is kept in `store.notices`: a
notice is repeated after a failure, and rather told twice than never (both ways carry a key by which a repeated one is
known). Nothing personal goes out: flag, priority, branch, platform, moment and a link to the ticket; never the text of the
review or a name.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import httpx

from suggest.domain import StoreUnavailable, SuggestError
from suggest.mail import Letter, Mailer, MailError
from suggest.regulation import Phrasebank
from suggest.store.notices import Notice, Notices, Way
from suggest.usedesk.ticket import ticket_address
from suggest.workdays import Workdays

PAUSE = 3.0
"""Seconds between two looks into the database."""

SLOWEST = timedelta(hours=1)
TIMEOUT = httpx.Timeout(10, connect=3)


class NotTold(SuggestError):
    """A notice did not go out; its text holds no address."""


class Meter(Protocol):
    """Counts what became of notices."""

    def noticed(self, way: str, flag: str, result: str) -> None: ...


@dataclass(frozen=True)
class Telling:
    """How a notice is put, for people and for programs."""

    bank: Phrasebank
    workdays: Workdays
    ticket_url: str
    """Where agents open a ticket; `{id}` is its number."""

    def letter(self, notice: Notice, to: str) -> Letter:
        title, where = self.bank.flags[notice.flag].title, notice.branch or "филиал не указан"
        facts = (
            ("Признак", title),
            ("Филиал", where),
            ("Площадка", self.bank.platforms[notice.platform].title),
            ("Получен", f"{self.workdays.local(notice.raised_at):%d.%m.%Y %H:%M}"),
            ("Тикет", self.link(notice) or "не указан"),
        )
        lines = "\n".join(f"{name}: {value}" for name, value in facts)
        text = f"Пришёл отзыв, на который отвечаем раньше всех остальных.\n\n{lines}\n\n"
        text += "Сам отзыв — в тикете. Ответ клиенту уходит только после вашего согласования.\n"
        return Letter(to, f"Срочный отзыв: {title.lower()}, {where}", text, key=key(notice))

    def payload(self, notice: Notice) -> dict[str, Any]:
        """The webhook's body; absent facts are null."""
        return {
            "event": "urgent_review",
            "flag": notice.flag,
            "title": self.bank.flags[notice.flag].title,
            "priority": notice.priority,
            "branch": notice.branch,
            "platform": notice.platform.value,
            "ticket_id": notice.ticket_id,
            "ticket_url": self.link(notice),
            "suggestion_id": notice.suggestion_id,
            "raised_at": notice.raised_at.isoformat(),
        }

    def link(self, notice: Notice) -> str | None:
        return ticket_address(self.ticket_url, notice.ticket_id) or None


Send = Callable[[Notice], None]
"""Sends a notice one way; raises NotTold or MailError."""


def by_mail(mailer: Mailer, telling: Telling, manager: Callable[[str | None], str]) -> Send:
    """To the manager of the branch; one without an address is a failure that shows."""

    def send(notice: Notice) -> None:
        to = manager(notice.branch)
        if not to:
            raise NotTold("nobody to write to: set `manager` in company.yaml or SUGGEST_NOTIFY_MAIL")
        mailer.send(telling.letter(notice, to))

    return send


def by_webhook(url: str, telling: Telling, transport: httpx.BaseTransport | None = None) -> Send:
    """As a POST of JSON with an `Idempotency-Key`; taken when answered with 2xx."""

    def send(notice: Notice) -> None:
        try:
            with httpx.Client(timeout=TIMEOUT, transport=transport) as client:
                answer = client.post(url, json=telling.payload(notice), headers={"Idempotency-Key": key(notice)})
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotTold(f"the webhook cannot be reached ({type(error).__name__})") from None
        if not answer.is_success:
            raise NotTold(f"the webhook answered HTTP {answer.status_code}")

    return send


def key(notice: Notice) -> str:
    """The same however often this is told."""
    return f"{notice.suggestion_id}:{notice.flag}"


class Notifier:
    """Tells what waits, from `start` to `close`; safe beside the same in other replicas."""

    def __init__(self, notices: Notices, ways: Mapping[Way, Send], meter: Meter, clock: Callable[[], datetime]) -> None:
        self._notices, self._ways, self._meter, self._clock = notices, ways, meter, clock
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="notifier", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Ends the thread; what is being told is told to the end, for a few seconds at most."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def sweep(self) -> int:
        """Tells what is to be told now; how many were told whole. Raises StoreUnavailable."""
        claimed = (
            notice for notice in self._notices.untold(self._clock()) if self._notices.claim(notice, self._clock())
        )
        return sum(map(self._told, claimed))

    def waiting(self) -> float:
        """How many managers have still to be told of something; -1 while the database cannot be asked."""
        try:
            return self._notices.waiting(self._clock())
        except StoreUnavailable:
            return -1

    def _told(self, notice: Notice) -> bool:
        open_ways = {
            way: send for way, send in self._ways.items() if not (notice.mailed if way == "mail" else notice.hooked)
        }
        results = [self._sent(notice, way, send) for way, send in open_ways.items()]
        if all(results):
            self._notices.done(notice, self._clock())
            return True
        self._notices.later(notice, self._clock() + min(timedelta(minutes=2**notice.tries), SLOWEST))
        return False

    def _sent(self, notice: Notice, way: Way, send: Send) -> bool:
        try:
            send(notice)
        except (NotTold, MailError) as error:
            logging.getLogger(__name__).error(
                "%s of suggestion %s was not told by %s: %s", notice.flag, notice.suggestion_id, way, error
            )
            self._meter.noticed(way, notice.flag, "failed")
            if not (isinstance(error, MailError) and error.partly):
                return False
            # Repeated, it would reach those again who have it; whom it did not reach the log and the counter tell.
            self._notices.told(notice, way, self._clock())
            return True
        self._notices.told(notice, way, self._clock())
        self._meter.noticed(way, notice.flag, "told")
        return True

    def _run(self) -> None:
        while not self._closing.wait(PAUSE):
            try:
                self.sweep()
            except StoreUnavailable:
                continue
            except Exception:
                logging.getLogger(__name__).exception("a notice could not be told")
