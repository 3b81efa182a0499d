"""What the Usedesk tests share: the stand-in over a real loopback server, and our side of it over the fakes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from fastapi import FastAPI

from suggest.bootstrap import Service
from suggest.demo.account import TOKEN, USERS
from suggest.demo.rest import Rest
from suggest.demo.standin import create_app, listening
from suggest.demo.state import Helpdesk
from suggest.demo.tell import Teller
from suggest.demo.tickets import Sample, notification
from suggest.desk import Desk, InMemory
from suggest.settings import PROJECT, Settings
from suggest.usedesk.client import UsedeskClient
from suggest.usedesk.filing import Filing
from suggest.usedesk.rules import load_filing, load_rules
from suggest.usedesk.side import Secrets, Side, build_side
from suggest.usedesk.throttle import Throttle
from tests.fakes import PATIENCE, a_suggester, the_bank

SECRET = "block-secret-of-the-tests"
HOOK = "webhook-secret-of-the-tests"
COMPLAINT = notification("2gis", 1, "Мария К.", "Доставку ждали неделю, курьер так и не приехал.")


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The address of an application that a real server serves on loopback."""
    listener = listening("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@dataclass(frozen=True)
class Standin:
    """A running stand-in: its address, and what is behind it."""

    url: str
    rest: Rest

    @property
    def helpdesk(self) -> Helpdesk:
        return self.rest.helpdesk

    @contextmanager
    def holding(self) -> Iterator[None]:
        """While this lasts nothing that is asked is answered."""
        answer, free = self.rest._answer, threading.Event()

        def held(*asked: Any) -> Any:
            free.wait()
            return answer(*asked)

        self.rest._answer = held  # type: ignore[method-assign]
        try:
            yield
        finally:
            self.rest._answer = answer  # type: ignore[method-assign]
            free.set()

    def methods(self) -> list[str]:
        """The methods called so far."""
        return [method for _, method in self.rest.calls]


@contextmanager
def standin(*samples: Sample, teller: Teller | None = None) -> Iterator[Standin]:
    """A stand-in that holds these tickets."""
    app = create_app(teller, Helpdesk(samples))
    with serving(app) as url:
        yield Standin(url, app.state.rest)
    app.state.rest.teller.close()


def a_client(url: str, token: str = TOKEN, **changes: Any) -> UsedeskClient:
    """A client that does not wait between calls."""
    return UsedeskClient(url, token, **({"throttle": Throttle(1000), "sleep": lambda _: None} | changes))


@contextmanager
def a_side(
    client: UsedeskClient,
    desk: Desk | None = None,
    filing: bool = False,
    secret: str = SECRET,
    open_block: bool = False,
) -> Iterator[Side]:
    """Our side over the fakes and nothing but memory; its block has time enough on a busy machine."""
    phrasebank = PROJECT / "phrasebank"
    writes = Filing(client, load_filing(phrasebank), int(str(USERS[0]["id"]))) if filing else None
    desk = desk or Desk(a_suggester(), InMemory())
    side = build_side(client, load_rules(phrasebank), the_bank(), desk, Secrets(secret, HOOK, open_block), writes)
    side.block.deadline = PATIENCE
    try:
        yield side
    finally:
        side.close()


def a_served(side: Side, desk: Desk | None = None) -> Service:
    """A service with this side of Usedesk, for `create_app`."""
    return Service(Settings(), the_bank(), desk or Desk(a_suggester(), InMemory()), None, side)


def until(happens: Callable[[], bool], seconds: float = PATIENCE) -> bool:
    """Whether it happens within so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if happens():
            return True
        time.sleep(0.02)
    return happens()
