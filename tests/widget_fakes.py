"""What the tests of the widget and the way back share: the whole service over the fakes, beside the stand-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI

from suggest.api import create_app
from suggest.bootstrap import Service, build_checker, served
from suggest.demo.account import TOKEN, USERS
from suggest.demo.rest import Rest
from suggest.demo.standin import create_app as create_standin
from suggest.demo.state import Helpdesk
from suggest.demo.tell import Teller
from suggest.demo.tickets import SAMPLES, Sample
from suggest.domain import Suggestion
from suggest.pipeline import now
from suggest.settings import Settings
from suggest.store.store import open_store
from tests.fakes import PATIENCE, a_suggester, the_bank
from tests.usedesk_fakes import HOOK, SECRET, serving

FIRST = 153341101
ANNA, BORIS = (str(user["id"]) for user in USERS)


@dataclass(frozen=True)
class Site:
    """A running stand-in, and the service behind its block."""

    helpdesk: str
    service: Service
    address: str
    app: FastAPI
    rest: Rest

    def made(self, ticket: int) -> Suggestion:
        """The suggestion for a ticket, made as if its block had been opened."""
        assert self.service.usedesk
        prepared = self.service.usedesk.preparer.now(ticket, {}).result(PATIENCE)
        assert prepared.suggestion, prepared.error
        return prepared.suggestion

    def widget(self, ticket: int) -> str:
        """The path of a ticket's widget."""
        assert self.service.tokens
        return self.service.tokens.path(self.made(ticket))

    def helpdesk_receives(self, sample: Sample) -> int:
        """A ticket comes in, and its webhook is told."""
        ticket_id = self.rest.helpdesk.receive(sample)
        self.rest.teller.ticket(self.rest.helpdesk.ticket(ticket_id))
        return ticket_id

    def ticket(self, ticket: int) -> Any:
        """A ticket as the stand-in holds it."""
        return self.rest.helpdesk.ticket(ticket)


@contextmanager
def a_site(folder: Path, *samples: Sample, clock: Callable[[], datetime] = now, **settings: str) -> Iterator[Site]:
    """Both, each behind a server of its own; the tickets are the demo's, the database a file, unless given.

    The block has time enough on a busy machine.
    """
    teller = Teller("", SECRET, HOOK)
    standin = create_standin(teller, Helpdesk(samples or SAMPLES))
    with closing(teller), serving(standin) as helpdesk:
        given = {
            "usedesk_api_base": helpdesk,
            "usedesk_api_token": TOKEN,
            "usedesk_block_secret": SECRET,
            "usedesk_webhook_secret": HOOK,
            "usedesk_user_id": ANNA,
            "frame_ancestors": "http://127.0.0.1:*",
            "secret": "of-the-tests",
            "database_url": f"sqlite:///{folder / 'suggest.db'}",
            **settings,
        }
        read = Settings.read({f"SUGGEST_{name.upper()}": value for name, value in given.items()})
        with closing(open_store(read.database, clock)) as store:
            suggester = replace(a_suggester(clock), checker=build_checker(read, the_bank()))
            service = served(read, the_bank(), suggester, store)
            assert service.usedesk
            service.usedesk.block.deadline = PATIENCE
            app = create_app(service)
            with serving(app) as address:
                teller.address = address
                yield Site(helpdesk, service, address, app, standin.state.rest)
