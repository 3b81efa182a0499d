"""HTTP in, HTTP out: the routes of `design.md` section 4, and every error as an RFC 9457 problem document."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Header, HTTPException, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi_offline import FastAPIOffline
from pydantic import Field
from starlette.exceptions import HTTPException as StarletteHTTPException

from suggest.api_records import found, records
from suggest.bootstrap import Service
from suggest.console.app import console_app
from suggest.domain import (
    MAX_TEXT,
    Finding,
    Frozen,
    InputError,
    Reason,
    Review,
    StaleRevision,
    StoreUnavailable,
    SuggestError,
    Suggestion,
    Text,
)
from suggest.framing import FrameAncestors
from suggest.metrics import FORM, Counting
from suggest.parse import faults
from suggest.regulation import Phrase, Scenario
from suggest.usedesk.routes import usedesk
from suggest.web.widget import widget_app

PROBLEM = "application/problem+json"
TONE_OFF = Reason(code="model_off", text="Модель не подключена: тон проверен только по правилам.")
EXAMPLE = {
    "platform": "2gis",
    "rating": 1,
    "text": "Неделю жду доставку холодильника, обещали перезвонить и пропали.",
    "author": "Мария К.",
}


class CheckRequest(Frozen):
    """A reply to check, and what it answers: a kept suggestion or a review; neither: only the text rules."""

    text: Text = Field(max_length=MAX_TEXT)
    suggestion_id: str | None = None
    review: Review | None = None
    scenario: str | None = None
    tone: bool = False
    """Whether the model is asked about the tone too, which takes seconds."""


class CheckResponse(Frozen):
    """The findings, those of the model under rules `tone-…`; `notices` say where the model could not be asked."""

    findings: tuple[Finding, ...]
    notices: tuple[Reason, ...] = ()


def create_app(service: Service) -> FastAPI:
    """The application over a built service."""
    app = FastAPIOffline(
        title="suggest",
        summary="Reply suggestions for customer reviews, built only from approved phrases.",
        docs_url="/",
        redoc_url=None,
        lifespan=_running(service),
    )
    app.add_middleware(FrameAncestors, ancestors=service.settings.frame_ancestors)
    app.add_middleware(Counting, metrics=service.metrics)
    app.include_router(_health(service))
    if service.usedesk:
        app.include_router(usedesk(service.usedesk))
    if service.tokens:
        app.mount("/widget", widget_app(service, service.tokens))
    if service.store:
        app.mount("/console", console_app(service, service.store))
    guarded = [Depends(_guard(service.settings.keys))]
    app.include_router(_v1(service), prefix="/v1", dependencies=guarded)
    app.include_router(_metrics(service), dependencies=guarded)
    app.include_router(records(service), prefix="/v1", dependencies=guarded)
    app.add_exception_handler(SuggestError, _suggest_error)
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(StarletteHTTPException)(_http_error)
    app.add_exception_handler(Exception, _crash)
    return app


def _running(service: Service) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What runs beside the routes as long as they are served."""

    @asynccontextmanager
    async def running(_: FastAPI) -> AsyncIterator[None]:
        if service.usedesk:
            service.usedesk.start()
        if service.notifier:
            service.notifier.start()
        yield
        if service.notifier:
            service.notifier.close()
        if service.usedesk:
            service.usedesk.close()
        if service.model:
            service.model.refiner.close()

    return running


def _health(service: Service) -> APIRouter:
    router = APIRouter(prefix="/health", tags=["health"])

    @router.get("/live")
    def live() -> dict[str, str]:
        """The process answers."""
        return {"status": "ok"}

    @router.get("/ready")
    def ready() -> dict[str, str]:
        """The phrasebank is loaded and the matcher fitted: suggestions can be made."""
        provenance = service.desk.suggester
        return {"status": "ok", "phrasebank": service.bank.version, "matcher": provenance.matcher.version}

    return router


def _metrics(service: Service) -> APIRouter:
    router = APIRouter(tags=["health"])

    @router.get("/metrics", response_class=Response)
    def metrics() -> Response:
        """Counts and durations for Prometheus; no texts, names or ids."""
        return Response(service.metrics.text(), media_type=FORM)

    return router


def _v1(service: Service) -> APIRouter:
    router = APIRouter(tags=["v1"])
    desk, bank = service.desk, service.bank

    @router.post("/suggestions")
    def suggest(
        review: Annotated[Review, Body(openapi_examples={"delivery": {"value": EXAMPLE}})],
        scenario: Annotated[str | None, Query(description="overrides match, abstention and skip")] = None,
        idempotency_key: Annotated[str | None, Header(max_length=200)] = None,
    ) -> Suggestion:
        """A suggestion for a review. The same review again gets the same suggestion; a changed one a new revision."""
        return desk.receive(review, scenario, idempotency_key)

    @router.post("/check")
    def check(
        request: Annotated[
            CheckRequest, Body(openapi_examples={"text": {"value": {"text": "Мы вернём вам деньги!!"}}})
        ],
    ) -> CheckResponse:
        """What the regulation has against a reply text; nothing is altered."""
        review, scenario, matched = request.review, request.scenario, None
        known_as = request.suggestion_id or ""
        if known_as:
            kept = found(desk.suggestions.get(known_as), "suggestion")
            review, matched = kept.review, kept.match
            scenario = scenario or (matched.scenario if matched else None)
        findings = desk.suggester.checker.check(request.text, review, scenario, matched, known_as)
        if not request.tone:
            return CheckResponse(findings=findings)
        if service.model is None:
            return CheckResponse(findings=findings, notices=(TONE_OFF,))
        toned, notices = service.model.tone(request.text, review)
        return CheckResponse(findings=(*findings, *toned), notices=notices)

    @router.get("/scenarios")
    def scenarios() -> tuple[Scenario, ...]:
        """The scenarios of the regulation, each with its paragraph and slots."""
        return tuple(bank.scenarios.values())

    @router.get("/phrases")
    def phrases(slot: str | None = None, scenario: str | None = None) -> tuple[Phrase, ...]:
        """The phrases, retired and drafted ones too; by slot, or those that a scenario may use.

        One that a lead withdrew in the running service is `retired` already.
        """
        withdrawn = desk.withdrawn()
        return tuple(
            phrase.model_copy(update={"status": "retired"}) if phrase.id in withdrawn else phrase
            for phrase in bank.phrases.values()
            if slot in (None, phrase.slot) and (scenario is None or phrase.serves(scenario))
        )

    return router


def _guard(keys: frozenset[str]) -> Any:
    """Lets in whoever sends one of the keys; everyone, where none is set."""

    def guard(authorization: Annotated[str | None, Header()] = None) -> None:
        given = (authorization or "").removeprefix("Bearer ").encode()
        if keys and not sum(hmac.compare_digest(given, key.encode()) for key in keys):
            raise HTTPException(
                401, "an API key is required: Authorization: Bearer KEY", {"WWW-Authenticate": "Bearer"}
            )

    return guard


def problem(status: int, title: str, detail: str, **more: object) -> JSONResponse:
    """An RFC 9457 problem document."""
    content = {"type": "about:blank", "title": title, "status": status, "detail": detail, **more}
    return JSONResponse(content, status, media_type=PROBLEM)


def _suggest_error(_: Request, error: Exception) -> JSONResponse:
    if isinstance(error, StaleRevision):
        return problem(409, "Stale revision", str(error), newest=error.newest)
    if isinstance(error, InputError):
        return problem(422, "Invalid input", str(error), field=error.field)
    if isinstance(error, StoreUnavailable):
        return problem(503, "Store unavailable", str(error))
    return problem(500, "Internal error", str(error))


def _invalid(_: Request, error: RequestValidationError) -> JSONResponse:
    if any(fault["type"] == "json_invalid" for fault in error.errors()):
        return problem(400, "Not JSON", f"not JSON: {error.errors()[0]['ctx']['error']}")
    fault = faults(error.errors())
    return problem(422, "Invalid input", str(fault), field=fault.field)


def _http_error(_: Request, error: StarletteHTTPException) -> JSONResponse:
    response = problem(error.status_code, str(error.detail), str(error.detail))
    response.headers.update(error.headers or {})
    return response


def _crash(_: Request, error: Exception) -> JSONResponse:
    return problem(500, "Internal error", f"{type(error).__name__}; see the service's log")
