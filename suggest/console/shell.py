"""What every page of the console is built on.

A page is a plain `def` in a router of its own, which `app.py` includes; its link is a line of `NAVIGATION`:

    router = APIRouter(dependencies=[Depends(lead)])

    @router.get("/phrases")
    def phrases(request: Request) -> HTMLResponse:
        return page(request, "phrases.html.j2", rows=service(request).store...)

Its template extends `base.html.j2`, and gets beside its own context: `user`, `here` (the path below /console), `csrf`,
`bank`, the filters of `words.py`. Each POST is refused unless it brings `csrf`: a form by `{{ csrf_field() }}`, htmx by
itself. After a change: `audit(request, "phrase_withdrawn", phrase=id)`.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from functools import cache, partial
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from suggest.bootstrap import Service
from suggest.console import words
from suggest.console.guard import Guard
from suggest.store.accounts import User
from suggest.store.store import Store
from suggest.usedesk.ticket import ticket_address

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Console:
    """What the pages work with."""

    service: Service
    store: Store
    guard: Guard


@dataclass(frozen=True)
class Link:
    """A page in the navigation; `for_agents`: whether agents may open it too."""

    path: str
    title: str
    for_agents: bool = False


NAVIGATION: tuple[Link, ...] = (
    Link("/", "Очередь", for_agents=True),
    Link("/register", "Реестр", for_agents=True),
    Link("/mine", "Моя работа", for_agents=True),
    Link("/mend", "Что исправить"),
    Link("/scenarios", "Сценарии"),
    Link("/phrases", "Фразы"),
    Link("/approval", "Одобрение"),
    Link("/quality", "Качество"),
    Link("/evaluation", "Оценка"),
    Link("/records/audit/list", "Записи"),
)


class NotSignedIn(Exception):
    """Nobody is signed in, or the session is over."""


class Forbidden(Exception):
    """The user's role does not allow this; its text says so in Russian."""


def console(request: Request) -> Console:
    """The console that a request came to."""
    found: Console = request.app.state.console
    return found


def service(request: Request) -> Service:
    """The service behind the console."""
    return console(request).service


def store(request: Request) -> Store:
    """The store behind the console; it is always there."""
    return console(request).store


def signed_in(request: Request) -> User:
    """A dependency: whoever is signed in; sends everybody else to the sign-in."""
    user = getattr(request.state, "user", None) or console(request).guard.user(request)
    if user is None:
        raise NotSignedIn
    request.state.user = user
    return user


def lead(user: Annotated[User, Depends(signed_in)]) -> User:
    """A dependency: a lead; a page of refusal for an agent."""
    if user.role != "lead":
        raise Forbidden("Эта страница открыта руководителям. Если она вам нужна, попросите руководителя.")
    return user


async def csrf(request: Request) -> None:
    """A dependency of every route: what changes something was sent from our own page."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    given = request.headers.get("X-CSRF-Token") or (await request.form()).get("csrf")
    wanted = console(request).guard.csrf(request)
    if not wanted or not hmac.compare_digest(str(given or "").encode(), wanted.encode()):
        raise Forbidden("Страница устарела или открыта не из консоли. Обновите её и повторите действие.")


def audit(request: Request, what: str, **detail: object) -> None:
    """A line on record: the user did `what` (a word of `words.ACTS`) to these ids. Never a text in it."""
    store(request).audit.write(what, signed_in(request).name, **detail)


def page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """An answer of a template of the console, or of a fragment."""
    here = console(request)
    user: User | None = getattr(request.state, "user", None)
    token = here.guard.csrf(request)
    if not token:
        request.state.visit = secrets.token_urlsafe(32)
        token = here.guard.csrf_of(request.state.visit)
    told = {
        "user": user,
        "csrf": token,
        "csrf_field": lambda: Markup('<input type="hidden" name="csrf" value="{}">').format(token),
        "here": str(request.scope["path"]).removeprefix(str(request.scope.get("root_path", ""))) or "/",
        "navigation": [link for link in NAVIGATION if user and (user.role == "lead" or link.for_agents)],
        "bank": here.service.bank,
        "zone": here.service.settings.zone,
        "now": here.store.clock(),
        "link": _link,
        "ticket_url": partial(ticket_address, here.service.settings.usedesk_ticket_url),
    }
    text = _environment().get_template(template).render(told | context)
    response = HTMLResponse(text, status, HEADERS)
    here.guard.visit(request, response)
    return response


def _link(path: str, **query: object) -> str:
    """The address of a page of ours; what is None or empty is left out."""
    asked = {name: value for name, value in query.items() if value not in (None, "")}
    return f"/console{path}{'?' + urlencode(asked) if asked else ''}"


@cache
def _environment() -> Environment:
    loader = PackageLoader("suggest", "console/templates")
    made = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    made.filters.update(words.FILTERS)
    made.globals["words"] = words
    return made
