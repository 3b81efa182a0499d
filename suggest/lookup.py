"""Whether a client is known, asked of a company's own system at SUGGEST_LOOKUP_URL; optional, and harmless where it fails.

The contract is in `suggest/usedesk/SETUP.md`. Asked only with data that a real client has given: mail, telephone, order.
Nothing of what is asked is logged or kept: answers are remembered for a while under a checksum of the question.
"""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import httpx
from pydantic import BaseModel, Field, ValidationError

from suggest.domain import SuggestError
from suggest.folding import clean
from suggest.mask_numbers import numbers

TIMEOUT = httpx.Timeout(2.0, connect=1.0)
"""Seconds: an agent waits for it."""

LIFE = 600.0
PAUSE = 30.0
"""So long nobody asks a system that did not answer."""

REMEMBERED = 1000
MOST = 5
"""So many mails, telephones or orders at most are asked about."""

NOT_FOUND = 404
log = logging.getLogger(__name__)


class LookupFailed(SuggestError):
    """The company's system gave no usable answer; its text says why without anything personal."""


@dataclass(frozen=True)
class Asked:
    """What a client can be found by."""

    emails: tuple[str, ...] = field(default=(), repr=False)
    phones: tuple[str, ...] = field(default=(), repr=False)
    orders: tuple[str, ...] = field(default=(), repr=False)

    def __bool__(self) -> bool:
        return bool(self.emails or self.phones or self.orders)


class Known(BaseModel):
    """What the system says; whatever else it answers is dropped."""

    known: bool
    name: str | None = Field(default=None, max_length=200)


def asked_of(contact: str, texts: Iterable[str]) -> Asked:
    """What stands in a client's address and letters."""
    found: dict[str, list[str]] = {"email": [contact] if "@" in contact else [], "phone": [], "number": []}
    for text in map(clean, texts):
        for start, end, kind in numbers(text):
            if kind in found:
                found[kind].append(text[start:end].strip())
    kept = (tuple(dict.fromkeys(values))[:MOST] for values in found.values())
    return Asked(*kept)


class Lookup:
    """Asks the system; safe to share among threads."""

    def __init__(
        self,
        url: str,
        key: str = "",
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        headers = {"User-Agent": "suggest"} | ({"Authorization": f"Bearer {key}"} if key else {})
        self._http = httpx.Client(timeout=TIMEOUT, transport=transport, headers=headers)
        self._clock = clock
        self._salt = secrets.token_bytes(16)
        self._answers: OrderedDict[bytes, tuple[float, Known]] = OrderedDict()
        self._paused_until = float("-inf")
        self._lock = threading.Lock()

    def ask(self, asked: Asked) -> Known:
        """Whether the client is known; raises LookupFailed. The same question is asked once in ten minutes."""
        if not asked:
            return Known(known=False)
        named = hashlib.blake2b(repr((asked.emails, asked.phones, asked.orders)).encode(), key=self._salt).digest()
        now = self._clock()
        with self._lock:
            kept = self._answers.get(named)
            if kept and now < kept[0]:
                return kept[1]
            if now < self._paused_until:
                raise LookupFailed("the company's system did not answer lately")
        try:
            found = self._answer(asked)
        except LookupFailed as error:
            log.warning("lookup: %s", error)
            with self._lock:
                self._paused_until = now + PAUSE
            raise
        with self._lock:
            self._answers[named] = (now + LIFE, found)
            while len(self._answers) > REMEMBERED:
                self._answers.popitem(last=False)
        return found

    def close(self) -> None:
        self._http.close()

    def _answer(self, asked: Asked) -> Known:
        body = {"emails": list(asked.emails), "phones": list(asked.phones), "orders": list(asked.orders)}
        try:
            response = self._http.post(self._url, json=body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise LookupFailed(f"no answer ({type(error).__name__})") from None
        if response.status_code == NOT_FOUND:
            return Known(known=False)
        if response.status_code != httpx.codes.OK:
            raise LookupFailed(f"HTTP {response.status_code}")
        try:
            return Known.model_validate_json(response.content)
        except ValidationError:
            raise LookupFailed("the answer is not {known, name}") from None
