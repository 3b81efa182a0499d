"""What the tests of the console share: users with known passwords, and a client that has signed in."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from suggest.api import create_app
from suggest.console.passwords import hashed
from suggest.store.accounts import Role
from suggest.store.store import Store
from tests.fakes import a_service

PASSWORD = "пароль для проверки 1"
LEAD, AGENT = "Вера Главная", "Анна Агентова"


@cache
def _hash() -> str:
    return hashed(PASSWORD, LEAD)


def a_console(store: Store, clock: Callable[[], datetime], **settings: str) -> FastAPI:
    """The service with a lead and an agent in its store."""
    roles: tuple[tuple[str, Role], ...] = ((LEAD, "lead"), (AGENT, "agent"))
    for name, role in roles:
        store.accounts.add(name, role, _hash())
    return another(store, clock, **settings)


def another(store: Store, clock: Callable[[], datetime], **settings: str) -> FastAPI:
    """A further replica of the service over the same store."""
    return create_app(a_service(store, clock, **{"secret": "of-the-tests", **settings}))


def token(text: str) -> str:
    """The token that the forms of a page send."""
    found = re.search(r'"X-CSRF-Token": "([0-9a-f]+)"', text)
    assert found
    return found[1]


def send(client: TestClient, path: str, page: str = "/console/", **fields: str) -> Any:
    """The answer to a form of a page of ours, not followed."""
    fields.setdefault("csrf", token(client.get(page).text))
    return client.post(path, data=fields, follow_redirects=False)


def sign_in(client: TestClient, name: str, password: str = PASSWORD, **more: str) -> Any:
    """The answer to the sign-in form."""
    return send(client, "/console/sign-in", "/console/sign-in", name=name, password=password, **more)


def signed_in(app: FastAPI, name: str = LEAD, base: str = "http://testserver") -> TestClient:
    """A client with a session."""
    client = TestClient(app, base)
    assert sign_in(client, name).status_code == 303
    return client
