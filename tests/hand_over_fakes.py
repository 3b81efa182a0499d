"""What the tests of hand-overs share: a site on each kind of database, the form, and what the stand-in holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from suggest.demo.tickets import Sample, notification
from suggest.store.contacts import Contact
from suggest.store.hand_overs import HandOver
from suggest.usedesk.throttle import Throttle
from tests.databases import database
from tests.fakes import PATIENCE, Clock
from tests.widget_fakes import ANNA, FIRST, Site, a_site

STORE_FORM = {"department": "brand_store", "store": "kazan-baumana", "purpose": "check", "agent": ANNA}
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
SAMPLES = (
    notification("2gis", 1, "Мария К.", "Доставку ждали неделю, курьер так и не приехал."),
    notification("2gis", 1, "Пётр", "Ремонт: мастер приезжал дважды, детали всё нет."),
    Sample("Сообщение", "Мастер не приехал, ремонт стоит.", "Азамат", "azamat@client.example", channel="chat"),
    notification(
        "2gis", 1, "<b>Вова</b>", '<img src=x onerror="document.title=1"><script>1</script> Курьер доставку не привёз'
    ),
)
DELIVERY, SERVICE, CHAT, HOSTILE = (FIRST + place for place in range(len(SAMPLES)))


@contextmanager
def site_on(kind: str, folder: Path, **settings: Any) -> Iterator[Site]:
    """The service and the stand-in over a database of this kind."""
    clock = settings.pop("clock", None) or Clock()
    with (
        database(kind, folder) as url,
        a_site(folder, *SAMPLES, clock=clock, database_url=url, usedesk_filing="", **settings) as site,
    ):
        assert site.service.usedesk
        site.service.usedesk.client._throttle = Throttle(1000)
        yield site


class Section:
    """A ticket's hand-over section, over HTTP."""

    def __init__(self, site: Site, ticket: int) -> None:
        self.site, self.ticket = site, ticket
        self.base = f"{site.address}{site.widget(ticket)}/hand-over"

    def post(self, path: str, files: Any = None, **fields: Any) -> httpx.Response:
        return httpx.post(f"{self.base}/{path}", data=fields, files=files, timeout=PATIENCE)

    def get(self, path: str = "") -> httpx.Response:
        return httpx.get(self.base + path, timeout=PATIENCE)

    def send(self, files: Any = None, **fields: Any) -> httpx.Response:
        return self.post("send", files, **{**STORE_FORM, **fields})

    @property
    def overs(self) -> tuple[HandOver, ...]:
        assert self.site.service.store
        return self.site.service.store.hand_overs.of(self.site.made(self.ticket).id)

    @property
    def state(self) -> tuple[str, int]:
        """«исполнение» or «исполнено», and how many hand-overs are open."""
        assert self.site.service.store
        found = self.site.service.store.events.state(self.site.made(self.ticket).id)
        assert found
        return found.state, found.pending


def wrote_again(site: Site, ticket: int) -> None:
    """The client of a ticket's review is on record as having written, an hour later."""
    store = site.service.store
    assert store
    letter = Contact(at=store.clock() + timedelta(hours=1), channel="mail", direction="in")
    store.contacts.add(site.made(ticket).id, letter)


@contextmanager
def breaking(site: Site, keeps: bool) -> Iterator[None]:
    """While this lasts /create/ticket of the stand-in ends in HTTP 500, after opening the ticket where it `keeps` it."""
    helpdesk, create = site.rest.helpdesk, site.rest.helpdesk.create

    def broken(asked: Any) -> int:
        if keeps:
            create(asked)
        raise RuntimeError("the stand-in breaks down, as it was told to")

    helpdesk.create = broken  # type: ignore[method-assign]
    try:
        yield
    finally:
        helpdesk.create = create  # type: ignore[method-assign]


def outgoing(site: Site) -> list[Any]:
    """The outgoing requests that the stand-in holds."""
    kept = (site.ticket(row["id"]) for row in site.rest.helpdesk.tickets())
    return [ticket for ticket in kept if ticket["comments"][0]["from"] == "user"]


def private(ticket: Any) -> list[str]:
    """The private comments of a ticket."""
    return [row["message"] for row in ticket["comments"] if row["type"] == "private"]
