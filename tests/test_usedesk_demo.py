"""The stand-in as people and processes meet it: its pages, its webhooks, and a life no longer than its parent's."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest

from suggest.api import create_app
from suggest.demo.process import standin as started
from suggest.demo.standin import create_app as create_standin
from suggest.demo.tell import Teller
from suggest.demo.tickets import SAMPLES
from suggest.desk import Desk, InMemory
from suggest.settings import PROJECT, Settings
from tests.fakes import PATIENCE, a_suggester
from tests.usedesk_fakes import HOOK, SECRET, a_client, a_served, a_side, serving, standin, until


def test_a_dozen_tickets_of_all_kinds() -> None:
    assert len(SAMPLES) >= 12


def test_the_list_and_every_ticket_page() -> None:
    with standin(*SAMPLES) as there, httpx.Client(base_url=there.url, timeout=PATIENCE) as http:
        listed = http.get("/").text
        for row in there.helpdesk.tickets():
            assert f"/tickets/{row['id']}" in listed
            page = http.get(f"/tickets/{row['id']}").text
            assert "dynamic-block" in page
            assert "<b onmouseover" not in page
            assert "Подсказчик не отвечает" in http.get(f"/tickets/{row['id']}/block").text
        assert http.get("/tickets/1").status_code == 404
        assert "label" in http.get("/usedesk.css").text


@pytest.fixture
def both() -> Iterator[tuple[httpx.Client, Desk]]:
    """The stand-in and the service over the fakes, each behind a server of its own, calling each other."""
    desk, teller = Desk(a_suggester(), InMemory()), Teller("", SECRET, HOOK)
    app = create_standin(teller)
    with (
        serving(app) as url,
        closing(a_client(url)) as client,
        a_side(client, desk, filing=True) as side,
        serving(create_app(a_served(side, desk))) as service,
        httpx.Client(base_url=url, timeout=PATIENCE, follow_redirects=True) as http,
    ):
        teller.address = service
        yield http, desk
    teller.close()


def test_a_review_written_in_the_stand_in_is_prepared(both: tuple[httpx.Client, Desk]) -> None:
    http, desk = both
    form = {"platform": "yandex", "stars": "2", "author": "Ян", "text": "Мастер так и не приехал."}
    number = str(http.post("/reviews", data=form).url).rsplit("/", 1)[-1]
    assert until(lambda: desk.suggestions.of_ticket(number) is not None)
    block = http.get(f"/tickets/{number}/block").text
    assert "Ремонт" in block
    assert until(lambda: "service" in http.get("/").text)


def test_an_agents_comment_is_kept(both: tuple[httpx.Client, Desk]) -> None:
    http, _ = both
    page = http.get("/").text
    number = page.split("/tickets/")[1].split('"')[0]
    assert "Ответ предоставлен" in http.post(f"/tickets/{number}/comment", data={"message": "Ответ предоставлен"}).text


def alive(address: str) -> bool:
    try:
        return httpx.get(address, timeout=PATIENCE).status_code == 200
    except httpx.HTTPError:
        return False


def test_the_second_process_ends_with_the_first() -> None:
    with started(Settings(port=65535)) as ours:
        address = ours.usedesk_api_base
        assert until(lambda: alive(address))
        assert ours.usedesk_api_token != ""
    assert not alive(address)


# A job in the background of a shell inherits SIGINT as ignored; a person's Ctrl-C does not meet that.
CHILD = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from suggest.settings import Settings
from suggest.demo.process import standin
with standin(Settings(port=65535)) as ours:
    print(ours.usedesk_api_base, flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_it_ends_however_the_first_ends(how: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=PROJECT,
        start_new_session=True,
    ) as parent:
        assert parent.stdout is not None
        address = parent.stdout.readline().strip()
        assert until(lambda: alive(address))
        os.kill(parent.pid, how)
        parent.wait(PATIENCE)
    assert until(lambda: not alive(address))
