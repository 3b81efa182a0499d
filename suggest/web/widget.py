"""The widget as an application of its own under `/widget`: what an agent opens, reads, changes and is warned of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, FastAPI, Form, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from suggest.bootstrap import Service
from suggest.dialogue import load_dialogue
from suggest.domain import InputError, StaleRevision, StoreUnavailable
from suggest.feedback import Feedback, Outcome, compare
from suggest.outcome import load_outcomes
from suggest.usedesk.errors import UsedeskError
from suggest.web.activity import acts
from suggest.web.acts import Acts
from suggest.web.agents import Agents
from suggest.web.appeals import load_appeals
from suggest.web.around import Around
from suggest.web.case import Cases
from suggest.web.counter import Counter, NeedsSignOff, Opened
from suggest.web.hand_over import HandOvers
from suggest.web.outcome import TicketOutcome
from suggest.web.pages import Agent, Said, Shown, page
from suggest.web.panel import panel
from suggest.web.signers import load_signers
from suggest.web.token import TokenRefused, Tokens

STATIC = Path(__file__).parent / "static"
TROUBLES: dict[type[Exception], tuple[int, str]] = {
    NeedsSignOff: (403, "Сначала согласуйте ответ с руководителем: выберите, кто согласовал, и поставьте отметку."),
    StoreUnavailable: (503, "База данных не отвечает, действие не записано. Повторите через минуту."),
    StaleRevision: (409, "Появился другой вариант ответа. Посмотрите его и повторите действие."),
    RequestValidationError: (422, "Подсказчик не понял запрос. Нажмите «Обновить» над подсказкой."),
    InputError: (422, "Подсказчик не понял запрос. Нажмите «Обновить» над подсказкой."),
}


def widget_app(service: Service, tokens: Tokens) -> FastAPI:
    """The application; its errors are sentences in Russian that the page shows."""
    client = service.usedesk.client if service.usedesk else None
    folder = service.settings.phrasebank
    counter = Counter(service, tokens, Agents(client), load_appeals(folder), load_signers(folder))
    app = FastAPI(title="widget", docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=STATIC))
    app.include_router(Reading(counter).router())
    app.include_router(Acts(counter).router())
    app.include_router(Cases(counter, load_dialogue(folder)).router())
    app.include_router(Around(counter).router())
    app.include_router(HandOvers(counter).router())
    app.include_router(TicketOutcome(counter, load_outcomes(folder)).router())
    app.add_exception_handler(TokenRefused, _refused)
    app.add_exception_handler(UsedeskError, _usedesk)
    for kind in TROUBLES:
        app.add_exception_handler(kind, _trouble)
    return app


class Reading:
    """The routes by which the widget is opened, re-planned and warned."""

    def __init__(self, counter: Counter) -> None:
        self.counter = counter

    def router(self) -> APIRouter:
        router = APIRouter()
        routes: tuple[tuple[str, str, Callable[..., Response]], ...] = (
            ("GET", "", self.opened),
            ("GET", "/reply", self.reply),
            ("POST", "/check", self.check),
            ("POST", "/tone", self.tone),
            ("POST", "/scenario", self.scenario),
            ("POST", "/client", self.client),
            ("GET", "/activity", self.activity),
        )
        for method, path, endpoint in routes:
            router.add_api_route(f"/{{token}}{path}", endpoint, methods=[method])
        return router

    def opened(self, token: str) -> HTMLResponse:
        """The whole page."""
        opened = self.counter.open(token)
        return page("widget.html.j2", linked=self.counter.linked(opened), **panel(self.counter, opened))

    def reply(self, token: str) -> HTMLResponse:
        """The newest revision, to be put in the place of an older one."""
        return page("widget_main.html.j2", **panel(self.counter, self.counter.open(token)))

    def check(self, token: str, text: Said = "", revision: Shown = 0) -> JSONResponse:
        """Findings on a text, what it changes, and whether it is signed off."""
        here = self.counter.open(token, revision)
        made, checker = here.made, self.counter.service.desk.suggester.checker
        scenario = made.match.scenario if made.match else None
        findings = checker.check(text, made.review, scenario, made.match, made.id) if text.strip() else ()
        edit = compare(made.segments, made.text, text, {})
        told: dict[str, Any] = {
            "findings": [finding.model_dump(mode="json") for finding in findings],
            "diff": edit.diff,
            "signed": not here.urgent or self.counter.signed(here, text),
        }
        return JSONResponse(told)

    def tone(self, token: str, text: Said = "", revision: Shown = 0) -> JSONResponse:
        """What the model finds in the tone of a text, and why it found nothing where it could not say.

        Answers within the model's deadline; without a model, at once and nothing.
        """
        here, model = self.counter.open(token, revision), self.counter.service.model
        if model is None or not model.judges or not text.strip():
            return JSONResponse({"findings": [], "notices": []})
        findings, notices = model.tone(text, here.made.review)
        told = [finding.model_dump(mode="json") for finding in findings]
        return JSONResponse({"findings": told, "notices": [notice.text for notice in notices]})

    def scenario(self, token: str, scenario: Annotated[str, Form()], agent: Agent = "") -> HTMLResponse:
        """The reply for the scenario that the agent names."""
        here = self.counter.open(token)
        user = self.counter.agents.find(agent)
        given = Feedback(
            outcome=Outcome.OVERRULED,
            revision=here.made.revision,
            scenario=scenario,
            agent=user.name if user else None,
        )
        self.counter.service.desk.feedback(here.made.id, given)
        return page("widget_main.html.j2", **panel(self.counter, self.counter.open(token)))

    def client(self, token: str, known: Annotated[bool, Form()]) -> HTMLResponse:
        """The reply for a client who was found, or was not."""
        review = self.counter.open(token).made.review
        found = review.client.model_copy(update={"known": known})
        self.counter.service.desk.receive(review.model_copy(update={"client": found}))
        return page("widget_main.html.j2", **panel(self.counter, self.counter.open(token)))

    def activity(self, token: str, revision: Annotated[int, Query()] = 0) -> HTMLResponse:
        """What was done by anyone, and whether there is a newer revision than the one shown."""
        here = self.counter.open(token)
        newer = self._newer(here, revision) if 0 < revision < here.made.revision else ""
        base = f"/widget/{token}"
        done = acts(self.counter.events(here), self.counter.service.settings.zone)
        return page("widget_activity.html.j2", acts=done, newer=newer, base=base)

    def _newer(self, here: Opened, revision: int) -> str:
        """What the newest revision has that the one shown has not; "" where a model found nothing to change."""
        shown, newest = self.counter.open(here.token, revision).made, here.made
        if not newest.provenance.model or (shown.text, shown.status) != (newest.text, newest.status):
            return "Есть другой вариант ответа."
        return "" if shown.findings == newest.findings else "Модель добавила замечания к ответу."


def _refused(_: Request, error: Exception) -> HTMLResponse:
    return page("widget_refused.html.j2", 403, said=str(error))


def _usedesk(_: Request, error: Exception) -> HTMLResponse:
    return page("widget_said.html.j2", 502, said=error.advice if isinstance(error, UsedeskError) else "")


def _trouble(_: Request, error: Exception) -> HTMLResponse:
    status, said = next(told for kind, told in TROUBLES.items() if isinstance(error, kind))
    return page("widget_said.html.j2", status, said=said)
