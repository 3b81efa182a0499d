"""Lists of what is on record beside the reviews, for leads to look through: starlette-admin's screens, read only.

Whatever would change a row there is refused: rules, events and audit lines are kept by the pages and commands of ours.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from anyio.to_thread import run_sync
from sqlalchemy import Table
from sqlalchemy.orm import registry
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_admin import BaseField, DateTimeField, EnumField, I18nConfig, StringField, TimezoneConfig
from starlette_admin.contrib.sqla import Admin, ModelView
from starlette_admin.views import Link

from suggest.bootstrap import Service
from suggest.console import words
from suggest.console.guard import Guard
from suggest.console.shell import HEADERS
from suggest.store.store import Store
from suggest.store.tables import hand_overs, phrase_events
from suggest.store.tables_console import audit, users

PATH = "/records"
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; font-src 'self'; "
    "connect-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""The library's screens have handlers inside their markup; no text of a review is shown on them."""


class ReadOnly(ModelView):
    """A table to be looked through, the newest first, twenty-five rows at a time."""

    page_size = 25
    page_size_options = (25, 50, 100)
    import_types = ()
    fields_default_sort = (("id", True),)

    def can_create(self, request: Request) -> bool:
        return False

    def can_edit(self, request: Request) -> bool:
        return False

    def can_delete(self, request: Request) -> bool:
        return False

    def can_import(self, request: Request) -> bool:
        return False


class Named(EnumField):
    """A choice by its name in Russian; a value that has none, such as a department no longer listed, as it is."""

    async def serialize_value(self, request: Request, value: Any) -> Any:
        try:
            return await super().serialize_value(request, value)
        except ValueError:
            return value


class OnlyLeads:
    """ASGI middleware: the console's own sign-in and roles before the library, and nothing but reading."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app, self._guard = app, guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or str(scope["path"]).startswith(f"/console{PATH}/static/"):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        user = await run_sync(self._guard.user, request)
        app = self._app
        if user is None:
            app = RedirectResponse("/console/sign-in?next=/records/", 303, HEADERS)
        elif user.role != "lead":
            app = PlainTextResponse("Эти списки открыты руководителям.", 403, HEADERS)
        elif request.method not in {"GET", "HEAD"}:
            app = PlainTextResponse("Здесь можно только смотреть.", 405, HEADERS)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                ours = {**HEADERS, "Content-Security-Policy": POLICY}
                kept = [(name, value) for name, value in message["headers"] if name.title().decode() not in ours]
                message["headers"] = kept + [(name.lower().encode(), value.encode()) for name, value in ours.items()]
            await send(message)

        await app(scope, receive, guarded)


def records(service: Service, store: Store, guard: Guard) -> Admin:
    """The screens, to be mounted beside the pages of ours."""
    admin = Admin(
        store.database.engine,
        title="Записи",
        base_url=PATH,
        route_name="records",
        secret_key=service.settings.secret or secrets.token_urlsafe(32),
        i18n_config=I18nConfig(default_locale="ru"),
        timezone_config=TimezoneConfig(default_timezone=service.settings.timezone),
        middlewares=[Middleware(OnlyLeads, guard=guard)],
    )
    of = registry()
    admin.add_view(_view(of, audit, "Журнал изменений", _AUDIT))
    admin.add_view(_view(of, users, "Пользователи", _USERS))
    admin.add_view(_view(of, phrase_events, "Снятые фразы", _PHRASES))
    admin.add_view(_view(of, hand_overs, "Передачи в отделы", _hand_overs(service)))
    admin.add_view(Link(menu_label="Вернуться в консоль", url="/console/"))
    return admin


def _view(of: registry, table: Table, title: str, fields: Sequence[BaseField]) -> ReadOnly:
    """The screen of one table; whatever is not among the fields, such as a password's hash, is never read out."""
    model = type(f"{table.name.title().replace('_', '')}Row", (), {})
    names = [field.name for field in fields]
    of.map_imperatively(model, table, include_properties=["id", *(name for name in names if name != "id")])
    made: type[ReadOnly] = type(f"{model.__name__}View", (ReadOnly,), {"fields": list(fields)})
    return made(model, display_name=title, menu_label=title, key=table.name.replace("_", "-"))


def _chosen(name: str, label: str, titles: dict[str, str]) -> Named:
    return Named(name, label=label, choices=list(titles.items()))


def _moment(name: str, label: str) -> DateTimeField:
    return DateTimeField(name, label=label, output_format="d.MM.y HH:mm")


_AUDIT = (
    StringField("id", label="№"),
    _moment("at", "Когда"),
    StringField("who", label="Кто"),
    _chosen("what", "Что", words.ACTS),
    StringField("detail", label="Подробности"),
)
_USERS = (
    StringField("id", label="№"),
    StringField("name", label="Имя"),
    _chosen("role", "Роль", words.ROLES),
    _moment("created_at", "Добавлен"),
    _moment("disabled_at", "Вход закрыт"),
)
_PHRASES = (
    StringField("id", label="№"),
    _moment("at", "Когда"),
    StringField("phrase_id", label="Фраза"),
    _chosen("kind", "Что", {"withdrawn": "снята", "restored": "возвращена"}),
    StringField("by", label="Кто"),
    StringField("why", label="Почему"),
)


def _hand_overs(service: Service) -> tuple[Any, ...]:
    departments = {department.id: department.title for department in service.bank.departments.values()}
    return (
        StringField("id", label="№"),
        StringField("suggestion_id", label="Подсказка"),
        _chosen("department", "Отдел", departments),
        StringField("ticket_id", label="Тикет"),
        StringField("agent", label="Кто"),
        _moment("asked_at", "Запрошено"),
        _moment("sent_at", "Отправлено"),
        _moment("due_at", "Ответ до"),
        _moment("answered_at", "Отдел ответил"),
        _moment("outcome_sent_at", "Клиенту сообщено"),
    )
