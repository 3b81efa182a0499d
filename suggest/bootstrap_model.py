"""The composition of all that asks a model, from the settings; without SUGGEST_MODEL none of it is built."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from suggest.breaker import Breaker
from suggest.budget import Budget, Limit
from suggest.choose import NOTHING, History
from suggest.desk import Suggestions
from suggest.domain import Finding, InputError, Platform, Reason, Review, Suggestion
from suggest.llm import Endpoint, LiteLLM, Price
from suggest.llm.hosting import check_hosting
from suggest.mask import Masker
from suggest.model.adviser import FAILED, TASKS, ModelAdviser
from suggest.model.choose import ModelChooser
from suggest.model.examples import load_examples
from suggest.model.guard import AT_ONCE, Guarded
from suggest.model.preview import Recorder, written
from suggest.model.prompts import Prompts
from suggest.model.questions import Meter, Model, NoMeter
from suggest.model.scenario import ModelScenario
from suggest.model.tone import NAME as TONE
from suggest.model.tone import ModelTone
from suggest.phrasebank import load_exemplars
from suggest.pipeline import Suggester
from suggest.refiner import Refiner
from suggest.regulation import Phrasebank

if TYPE_CHECKING:
    from suggest.metrics import Metrics
    from suggest.settings import Settings

OFF = Reason(code="model_off", text="Модель о тоне не спрашивают: он проверен только по правилам.")


@dataclass(frozen=True)
class ModelSide:
    """What the service has of a model."""

    adviser: ModelAdviser
    refiner: Refiner
    places: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))

    @property
    def judges(self) -> bool:
        """Whether the model may be asked about a tone."""
        return TONE in self.adviser.tasks

    def tone(self, text: str, review: Review | None) -> tuple[tuple[Finding, ...], tuple[Reason, ...]]:
        """What the model finds in the tone of a reply, and why it found nothing where it could not say."""
        if not self.judges:
            return (), (OFF,)
        if not self.places.acquire(blocking=False):
            return (), (Reason(code="model_failed", text="Модель занята: тон проверен только по правилам."),)
        try:
            advice = self.adviser.begin()
            findings = advice.tone(review or Review(platform=Platform.OTHER), text)
        finally:
            self.places.release()
        told = (f"Модель {FAILED[why]}: тон проверен только по правилам." for why in advice.failures)
        return findings, tuple(Reason(code="model_failed", text=text) for text in told)


@dataclass(frozen=True)
class Keeping:
    """Where the model's revisions go, and what has to be known for that: what went before, what an agent decided."""

    suggestions: Suggestions
    history: Callable[[Suggestion], History] = lambda _: NOTHING
    decided: Callable[[str], bool] = lambda _: False


def build_side(settings: Settings, suggester: Suggester, keeping: Keeping, metrics: Metrics) -> ModelSide | None:
    """The model's side of a service over a deterministic suggester; None where no model is set.

    LiteLLM is imported here, so that nobody waits for that later.
    """
    if not settings.model:
        return None
    llm = build_llm(settings)
    llm.warm()
    guarded = guard(settings, llm, metrics)
    adviser = build_adviser(settings, suggester.bank, guarded, metrics)
    refiner = Refiner(
        replace(suggester, adviser=adviser),
        keeping.suggestions,
        keeping.history,
        keeping.decided,
        guarded,
        metrics,
    )
    _watch(metrics, llm, guarded, refiner)
    return ModelSide(adviser, refiner)


def _watch(metrics: Metrics, llm: LiteLLM, guarded: Guarded, refiner: Refiner) -> None:
    """What is read whenever the metrics are scraped."""
    for name, breaker in llm.breakers.items():
        metrics.watch_breaker(name, partial(_state, breaker))
    metrics.watch("suggest_refinements_waiting", "Suggestions that wait for the model", lambda: refiner.waiting)
    metrics.watch("suggest_model_budget_spent", "Used of the day's budget", lambda: guarded.budget.spent)
    limit = guarded.budget.limit
    metrics.watch("suggest_model_budget_limit", "The day's budget", lambda: limit.amount if limit else float("inf"))


def _state(breaker: Breaker) -> str:
    return breaker.state


def advised(settings: Settings, suggester: Suggester, meter: Meter | None = None) -> Suggester:
    """The suggester with the model in its walk: whoever asks waits for it, up to the deadline; without one as it was."""
    if not settings.model:
        return suggester
    llm = build_llm(settings)
    llm.warm()
    meter = meter or NoMeter()
    adviser = build_adviser(settings, suggester.bank, guard(settings, llm, meter), meter)
    return replace(suggester, adviser=adviser)


def preview(settings: Settings, suggester: Suggester) -> Callable[[Review, str | None], str]:
    """Writes down what would be asked about a review. Later questions stand as if the first ones were answered with the
    first thing they allow."""

    def written_down(review: Review, scenario: str | None) -> str:
        recorder = Recorder()
        adviser = build_adviser(settings, suggester.bank, recorder, NoMeter())
        replace(suggester, adviser=adviser).suggest(review, scenario)
        return written(recorder.questions)

    return written_down


def build_llm(settings: Settings) -> LiteLLM:
    """The model with its fallbacks; raises InputError where one may be abroad and that is not allowed."""
    found = endpoints(settings)
    check_hosting(found, settings.model_foreign)
    return LiteLLM(found, price(settings))


def guard(settings: Settings, llm: LiteLLM, meter: Meter) -> Guarded:
    """The model behind the day's budget and a limit of questions at once."""
    limit, zone = Limit.read(settings.model_budget), settings.zone
    budget = Budget(limit, settings.cache / "model_budget.json", lambda: datetime.now(zone).date())
    return Guarded(llm, budget, meter, lambda: llm.ready)


def build_adviser(settings: Settings, bank: Phrasebank, model: Model, meter: Meter) -> ModelAdviser:
    """What asks a model; raises PhrasebankError for faulty examples, InputError for an unknown task."""
    tasks = frozenset(task.strip() for task in settings.model_tasks.split(",") if task.strip())
    if unknown := tasks - set(TASKS):
        raise InputError("SUGGEST_MODEL_TASKS", f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(TASKS)}")
    prompts, masker = Prompts(settings.prompts), Masker(bank.given_names)
    return ModelAdviser(
        model=model,
        chooser=ModelChooser(prompts, bank, load_examples(bank)),
        decider=ModelScenario(prompts, bank, load_exemplars(settings.phrasebank)),
        judge=ModelTone(prompts, bank, masker),
        masker=masker,
        meter=meter,
        seconds=settings.model_deadline,
        tasks=tasks,
    )


def endpoints(settings: Settings) -> tuple[Endpoint, ...]:
    """The model, then its fallbacks: `NAME` at the model's own address, or `NAME@URL`, its key as the URL's password."""
    first = Endpoint(settings.model, settings.model_api_base or None, settings.model_api_key or None)
    found = [first]
    for entry in filter(None, map(str.strip, settings.model_fallbacks.split(","))):
        name, at, url = entry.partition("@")
        if not at:
            found.append(replace(first, name=name))
            continue
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InputError("SUGGEST_MODEL_FALLBACKS", f"{name}@: an address http(s)://HOST is expected")
        host = parts.netloc.rpartition("@")[2]
        found.append(Endpoint(name, urlunsplit(parts._replace(netloc=host)), parts.password or None))
    if len({endpoint.name for endpoint in found}) < len(found):
        raise InputError("SUGGEST_MODEL_FALLBACKS", "a name occurs twice")
    return tuple(found)


def price(settings: Settings) -> Price | None:
    """«IN/OUT» for a million tokens; None: LiteLLM's own price list, in dollars."""
    if not settings.model_price:
        return None
    tokens_in, _, tokens_out = settings.model_price.partition("/")
    try:
        return Price(float(tokens_in), float(tokens_out))
    except ValueError as error:
        raise InputError("SUGGEST_MODEL_PRICE", "two numbers are expected: IN/OUT for a million tokens") from error
