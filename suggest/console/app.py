"""The console as an application of its own under `/console`."""

from __future__ import annotations

import secrets
from pathlib import Path
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from suggest.bootstrap import Service
from suggest.console import approval, evaluation, mend, phrases, quality, queue, register, scenarios, sign_in
from suggest.console.guard import Guard
from suggest.console.records import records
from suggest.console.shell import Console, Forbidden, NotSignedIn, csrf, page
from suggest.domain import InputError, StoreUnavailable
from suggest.store.store import Store

STATIC = Path(__file__).parent / "static"
WEB = Path(__file__).parent.parent / "web" / "static"
STEERING = (mend.router, scenarios.router, phrases.router, approval.router, quality.router, evaluation.router)
ROUTERS = (sign_in.router, queue.router, register.router, *STEERING)
TROUBLES: dict[type[Exception], tuple[int, str]] = {
    StoreUnavailable: (503, "База данных не отвечает, ничего не записано. Повторите через минуту."),
    RequestValidationError: (422, "Запрос не понят: проверьте, что введено в поля."),
    InputError: (422, "Запрос не понят: проверьте, что введено в поля."),
}


def console_app(service: Service, store: Store) -> FastAPI:
    """The application over a service and its store."""
    settings = service.settings
    app = FastAPI(title="console", docs_url=None, redoc_url=None, openapi_url=None, dependencies=[Depends(csrf)])
    guard = Guard(store, settings.secret or secrets.token_urlsafe(32), settings.public_url.startswith("https:"))
    app.state.console = Console(service, store, guard)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.mount("/web", StaticFiles(directory=WEB))
    records(service, store, guard).mount_to(app)
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(NotSignedIn, _to_sign_in)
    app.add_exception_handler(Forbidden, _forbidden)
    app.add_exception_handler(HTTPException, _http)
    for kind in TROUBLES:
        app.add_exception_handler(kind, _trouble)
    return app


def _to_sign_in(request: Request, _: Exception) -> Response:
    """To the form, and back to the page afterwards; a fragment takes the whole page with it."""
    path = str(request.scope["path"]).removeprefix(str(request.scope.get("root_path", "")))
    if "HX-Request" in request.headers:
        return Response(status_code=401, headers={"HX-Redirect": "/console/sign-in"})
    query = f"?{request.url.query}" if request.url.query else ""
    back = f"?{urlencode({'next': path + query})}" if request.method == "GET" and path not in {"", "/"} else ""
    return RedirectResponse(f"/console/sign-in{back}", 303, {"Cache-Control": "no-store"})


def _forbidden(request: Request, error: Exception) -> HTMLResponse:
    return page(request, "trouble.html.j2", 403, title="Нет доступа", said=str(error))


def _http(request: Request, error: Exception) -> HTMLResponse:
    status = error.status_code if isinstance(error, HTTPException) else 500
    title = "Не найдено" if status == 404 else "Не получилось"
    said = "Такой страницы или записи нет." if status == 404 else "Такой запрос здесь не принимают."
    return page(request, "trouble.html.j2", status, title=title, said=said)


def _trouble(request: Request, error: Exception) -> HTMLResponse:
    status, said = next(told for kind, told in TROUBLES.items() if isinstance(error, kind))
    return page(request, "trouble.html.j2", status, title="Не получилось", said=said)
