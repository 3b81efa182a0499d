"""The pages of the console, asked for as a browser does, over a store full of suggestions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import httpx
from sqlalchemy import select

from suggest.api import create_app
from suggest.console.passwords import hashed
from suggest.store.store import Store
from suggest.store.tables import suggestions
from tests.fakes import a_service
from tests.usedesk_fakes import serving

NAME, PASSWORD = "7", "пароль для измерения"
"""Called as one of the agents, so that this lead has work of their own."""


@contextmanager
def pages(store: Store, chance: random.Random, today: date) -> Iterator[dict[str, Callable[[], object]]]:
    """What is asked, each time with other values, by a lead who is signed in; an answer other than 200 raises."""
    if store.accounts.find(NAME) is None:
        store.accounts.add(NAME, "lead", hashed(PASSWORD, NAME))
    with (
        serving(create_app(a_service(store, store.clock, secret="bench"))) as address,
        httpx.Client(base_url=f"{address}/console", timeout=60, follow_redirects=True) as client,
    ):
        _sign_in(client)
        yield _asked(client, store, chance, today)


def _sign_in(client: httpx.Client) -> None:
    form = client.get("/sign-in").text
    token = form.partition('name="csrf" value="')[2].partition('"')[0]
    client.post("/sign-in", data={"name": NAME, "password": PASSWORD, "csrf": token}).raise_for_status()


def _asked(client: httpx.Client, store: Store, chance: random.Random, today: date) -> dict[str, Callable[[], object]]:
    with store.database.reading() as connection:
        ids = connection.scalars(select(suggestions.c.id).limit(2000)).all()
    scenarios = ("delivery", "service", "product", "store")
    shown = {
        "queue": lambda: "/",
        "queue, overdue": lambda: "/queue?late=true",
        "queue of a branch": lambda: f"/queue?branch=Филиал {chance.randrange(200)}",
        "queue of a scenario": lambda: f"/queue?scenario={chance.choice(scenarios)}",
        "queue of a flag": lambda: f"/queue?flag={chance.choice(('safety', 'follow_up'))}",
        "queue, some page": lambda: f"/queue?start={50 * chance.randrange(100)}",
        "register": lambda: "/register",
        "register, a word": lambda: f"/register?q={chance.choice(('холодильник', 'магазин', 'бегемот'))}",
        "register, a month": lambda: _month("/register", chance, today),
        "register, filters": lambda: f"/register?state=open&platform=2gis&scenario={chance.choice(scenarios)}",
        "trace": lambda: f"/register/{chance.choice(ids)}",
        "own work": lambda: "/mine",
        "what to mend": lambda: "/mend",
        "what to mend, summary": lambda: "/mend/summary",
        "scenarios": lambda: "/scenarios",
        "phrases": lambda: "/phrases",
        "approval": lambda: "/approval",
        "quality": lambda: "/quality",
        "evaluation": lambda: "/evaluation",
        "records": lambda: f"/records/{chance.choice(('audit', 'users', 'phrase-events', 'hand-overs'))}/list",
    }
    return {f"page: {name}": _getting(client, path) for name, path in shown.items()}


def _month(path: str, chance: random.Random, today: date) -> str:
    since = today - timedelta(days=chance.randrange(30, 800))
    return f"{path}?since={since}&until={since + timedelta(days=30)}"


def _getting(client: httpx.Client, path: Callable[[], str]) -> Callable[[], object]:
    return lambda: client.get(path()).raise_for_status()
