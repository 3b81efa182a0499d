"""What `/metrics` shows, in the text form of Prometheus: counts and durations, never a text, a name or an id."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from suggest.domain import Usage

FORM = "text/plain; version=0.0.4; charset=utf-8"
_ANSWER = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_MODEL = (0.1, 0.25, 0.5, 1, 2, 4, 8, 16)
_STATES = ("closed", "half_open", "open")


class Metrics:
    """The counters of one service; implements the meters of the parts that count."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._requests = Counter("suggest_requests", "HTTP requests", ["method", "route", "status"], registry=registry)
        self._answering = Histogram(
            "suggest_request_seconds", "Time to an answer", ["route"], buckets=_ANSWER, registry=registry
        )
        self._calls = Counter("suggest_model_questions", "Questions asked", ["prompt", "outcome"], registry=registry)
        self._asking = Histogram(
            "suggest_model_seconds", "Time to the model's answer", ["prompt"], buckets=_MODEL, registry=registry
        )
        self._refusals = Counter(
            "suggest_model_refusals", "Answers or parts of them not accepted", ["prompt", "why"], registry=registry
        )
        self._tokens = Counter("suggest_model_tokens", "Tokens", ["model", "direction"], registry=registry)
        self._cost = Counter("suggest_model_cost", "Cost by the price list", ["model"], registry=registry)
        self._refined = Counter("suggest_refinements", "What became of suggestions", ["outcome"], registry=registry)
        self._notices = Counter("suggest_notices", "Urgent reviews told", ["way", "flag", "result"], registry=registry)
        self._breakers = Gauge("suggest_model_breaker", "State of the breaker", ["model", "state"], registry=registry)

    def text(self) -> bytes:
        """As it is scraped."""
        return generate_latest(self.registry)

    def requested(self, method: str, route: str, status: int, seconds: float) -> None:
        self._requests.labels(method, route, status).inc()
        self._answering.labels(route).observe(seconds)

    def called(self, name: str, outcome: str, seconds: float) -> None:
        self._calls.labels(name, outcome).inc()
        self._asking.labels(name).observe(seconds)

    def used(self, model: str, usage: Usage) -> None:
        self._tokens.labels(model, "in").inc(usage.tokens_in)
        self._tokens.labels(model, "out").inc(usage.tokens_out)
        self._cost.labels(model).inc(usage.cost or 0)

    def refused(self, name: str, why: str) -> None:
        self._refusals.labels(name, why).inc()

    def refined(self, outcome: str) -> None:
        self._refined.labels(outcome).inc()

    def noticed(self, way: str, flag: str, result: str) -> None:
        self._notices.labels(way, flag, result).inc()

    def watch(self, name: str, about: str, value: Callable[[], float]) -> None:
        """A number that is read whenever it is scraped."""
        Gauge(name, about, registry=self.registry).set_function(value)

    def watch_breaker(self, model: str, state: Callable[[], str]) -> None:
        """The state of a model's breaker: 1 for the one it is in."""
        for one in _STATES:
            self._breakers.labels(model, one).set_function(partial(_is_in, state, one))


def _is_in(state: Callable[[], str], one: str) -> float:
    return float(state() == one)


class Counting:
    """ASGI middleware that counts requests by route; an unknown path is one route, whatever it says."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, counted)
        finally:
            self._metrics.requested(scope["method"], _route(scope), status, time.perf_counter() - started)


def _route(scope: Scope) -> str:
    """The path as it is declared, with the prefix that its router was included under."""
    declared: str | None = getattr(scope.get("route"), "path_format", None)
    if declared is None:
        return "unknown"
    try:
        called = declared.format(**scope.get("path_params", {}))
    except KeyError:  # a library's application mounted inside one of ours names its routes anew
        return declared
    path = str(scope["path"])
    return path.removesuffix(called) + declared if path.endswith(called) else declared
