"""Usedesk's REST API, as far as we call it: typed answers, polite pace, errors by kind, the token kept out of sight."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import httpx

from suggest.usedesk.errors import (
    CLIENT_ERROR,
    UsedeskBusy,
    UsedeskError,
    UsedeskGarbled,
    UsedeskNotFound,
    UsedeskRefused,
    UsedeskUnreachable,
    UsedeskUnset,
    of_answer,
    of_status,
)
from suggest.usedesk.fields import Fields
from suggest.usedesk.fields import fields as read_fields
from suggest.usedesk.payload import items, mapping, number, text
from suggest.usedesk.throttle import Throttle
from suggest.usedesk.ticket import Ticket, User
from suggest.usedesk.ticket import ticket as read_ticket
from suggest.usedesk.ticket import user as read_user

DEFAULT_BASE = "https://api.usedesk.ru"
TIMEOUT = httpx.Timeout(10, connect=3)
PAGE = 100
"""So many rows at most has one answer of /tickets."""

ATTEMPTS = 4
URGENT_ATTEMPTS = 2
LONGEST_PAUSE = 20.0
URGENT_PAUSE = 1.0


class File(Protocol):
    """Something to attach."""

    @property
    def name(self) -> str: ...

    @property
    def media_type(self) -> str: ...

    @property
    def data(self) -> bytes: ...


class UsedeskClient:
    """Asks Usedesk; safe to share among threads. Every method raises a UsedeskError of its kind.

    `urgent` is for an agent who waits: it goes before everything else and is retried once; the rest keeps the pace of
    `throttle` and is retried with growing pauses. What could be done twice is repeated only where it surely was not done.
    """

    def __init__(
        self,
        base: str = DEFAULT_BASE,
        token: str = "",
        throttle: Throttle | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base = base.rstrip("/")
        self._token = token
        self._throttle = throttle or Throttle()
        self._http = httpx.Client(timeout=TIMEOUT, transport=transport, headers={"User-Agent": "suggest"})
        self._sleep = sleep

    def __repr__(self) -> str:
        return f"UsedeskClient({self.base!r})"

    @property
    def usable(self) -> bool:
        """Whether there is a token to ask with."""
        return bool(self._token)

    def close(self) -> None:
        self._http.close()

    def ticket(self, ticket_id: int, urgent: bool = False) -> Ticket:
        """A ticket with its messages, tags and fields."""
        found = read_ticket(self._ask("ticket", {"ticket_id": ticket_id}, urgent))
        if found is None:
            raise UsedeskNotFound("ticket: the answer holds none")
        return found

    def whole_ticket(self, ticket_id: int) -> dict[str, Any]:
        """A ticket's answer as it came, with what `ticket` drops of its client: to be shown, never kept."""
        return mapping(self._ask("ticket", {"ticket_id": ticket_id}, urgent=True))

    def tickets(
        self, updated_after: str = "", offset: int = 0, urgent: bool = False, **filters: object
    ) -> tuple[Ticket, ...]:
        """A page of tickets, without their messages; `updated_after` is in Usedesk's own time."""
        asked = {"updated_after": updated_after, "offset": offset, "sort": "last_updated_at", "order": "asc", **filters}
        rows = self._ask("tickets", {name: value for name, value in asked.items() if value != ""}, urgent)
        listed = mapping(rows).get("tickets", rows)
        return tuple(found for found in map(read_ticket, items(listed)) if found)

    def fields(self, urgent: bool = False) -> Fields:
        """The dictionary of custom fields."""
        return read_fields(self._ask("ticket/fields", {}, urgent))

    def users(self, urgent: bool = False) -> tuple[User, ...]:
        """Who works in Usedesk."""
        rows = self._ask("users", {}, urgent)
        return tuple(found for found in map(read_user, items(mapping(rows).get("users", rows))) if found)

    def tags(self) -> tuple[str, ...]:
        """The names of all tags."""
        rows = self._ask("tags", {})
        return tuple(text(mapping(row).get("name")) for row in items(mapping(rows).get("tags", rows)))

    def comment(self, ticket_id: int, message: str, user_id: int, private: bool = True) -> int:
        """Writes a comment (HTML) in a user's name; returns its id."""
        kind = "private" if private else "public"
        body = {"ticket_id": ticket_id, "message": message, "type": kind, "from": "user", "user_id": user_id}
        return _created(self._ask("create/comment", body, once=True), "comment_id")

    def update(self, ticket_id: int, user_id: int, changes: Mapping[str, object]) -> None:
        """Changes a ticket, without opening a new one. Names and values as documented for /update/ticket."""
        body = {"ticket_id": ticket_id, "user_id": user_id, "silent": True, **changes}
        _succeeded("update/ticket", self._ask("update/ticket", body))

    def create(self, subject: str, message: str, facts: Mapping[str, object], files: Sequence[File] = ()) -> int:
        """Opens a ticket, with files as attachments, and returns its id. Names and values as documented for /create/ticket."""
        body = {"subject": subject[:255], "message": message, **facts}
        return _created(self._ask("create/ticket", body, urgent=True, once=True, files=files), "ticket_id")

    def skew(self) -> float | None:
        """By how many seconds Usedesk's clock is ahead of ours; None where its answers carry no date."""
        from email.utils import parsedate_to_datetime

        before = time.time()
        try:
            said = self._http.post(f"{self.base}/tags", json={"api_token": self._token}).headers.get("date")
            return parsedate_to_datetime(said).timestamp() - (before + time.time()) / 2 if said else None
        except (httpx.HTTPError, ValueError):
            return None

    def _ask(
        self,
        method: str,
        body: Mapping[str, object],
        urgent: bool = False,
        once: bool = False,
        files: Sequence[File] = (),
    ) -> Any:
        if not self._token:
            raise UsedeskUnset("no API token is set")
        attempts = URGENT_ATTEMPTS if urgent else ATTEMPTS
        for attempt in range(1, attempts + 1):
            self._throttle.wait(urgent)
            try:
                return self._once(method, body, files)
            except (UsedeskBusy, UsedeskUnreachable) as error:
                if attempt == attempts or (once and not isinstance(error, UsedeskBusy)):
                    raise
                self._back_off(error, attempt, urgent)
        raise AssertionError("unreachable")

    def _once(self, method: str, body: Mapping[str, object], files: Sequence[File]) -> Any:
        whole = {"api_token": self._token, **body}
        sent: dict[str, Any] = {"json": whole}
        if files:
            sent = {
                "data": {name: str(value) for name, value in whole.items()},
                "files": [("files[]", (file.name, file.data, file.media_type)) for file in files],
            }
        try:
            response = self._http.post(f"{self.base}/{method}", **sent)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UsedeskUnreachable(f"{method}: {type(error).__name__}") from None
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            answer = None
        fault = self._fault(method, response, answer)
        if fault:
            raise fault
        return answer

    def _fault(self, method: str, response: httpx.Response, answer: Any) -> UsedeskError | None:
        """What is wrong with an answer: its body says it best, then its status; both may be silent and yet it is wrong."""
        status = response.status_code
        by_status = of_status(method, status, _seconds(response.headers.get("retry-after")))
        if by_status:
            return by_status
        said = mapping(answer).get("error")
        if said:
            hidden = (text(said) or "an error without words").replace(self._token, "***")
            return of_answer(method, hidden, mapping(answer).get("code"))
        if status >= CLIENT_ERROR:
            return UsedeskRefused(f"{method}: HTTP {status}")
        return UsedeskGarbled(f"{method}: not JSON") if answer is None else None

    def _back_off(self, error: UsedeskError, attempt: int, urgent: bool) -> None:
        asked = error.retry_after if isinstance(error, UsedeskBusy) else None
        grown = 0.5 * 2 ** (attempt - 1) * random.uniform(0.8, 1.2)  # noqa: S311
        if isinstance(error, UsedeskBusy):
            self._throttle.hold(min(asked or grown, LONGEST_PAUSE))
        self._sleep(min(asked or grown, URGENT_PAUSE if urgent else LONGEST_PAUSE))


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isascii() and header.isdigit() else None


def _succeeded(method: str, answer: Any) -> None:
    if mapping(answer).get("status") != "success":
        raise UsedeskGarbled(f"{method}: no success reported")


def _created(answer: Any, name: str) -> int:
    created = number(mapping(answer).get(name))
    if created is None:
        raise UsedeskGarbled(f"no {name} in the answer")
    return created
