"""What tests share: a matcher that needs no encoder, reviews, and a service over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from fastapi.testclient import TestClient

from suggest.bootstrap import Service, served
from suggest.checker import Checker
from suggest.desk import Desk, InMemory
from suggest.domain import Candidate, Match, MatchedBy, Neighbour, Platform, Reason, Review
from suggest.phrasebank import load
from suggest.pipeline import Suggester
from suggest.regulation import Phrasebank
from suggest.settings import PROJECT, Settings
from suggest.store.store import Store

PATIENCE = 60.0
"""Seconds after which a test gives up waiting: many, for a busy machine may stop any thread for a while."""

KEYWORDS = {
    "refund": ("верните", "деньги", "возврат"),
    "delivery": ("достав", "курьер", "привез"),
    "service": ("мастер", "ремонт"),
    "app": ("приложени", "wi-fi"),
    "store": ("магазин", "продав"),
    "product": ("сломал", "шумит", "холодильник"),
    "positive": ("отлично", "спасибо", "доволен", "довольны"),
}


class KeywordMatcher:
    """Implements `pipeline.Matching`: the first scenario of KEYWORDS with a word in the text, else it abstains."""

    version = "keywords"
    limits: Mapping[str, float] = {"confidence": 0.5}

    def match(self, text: str, rating: int | None) -> Match:
        folded = text.lower()
        hits = [scenario for scenario, words in KEYWORDS.items() if any(word in folded for word in words)]
        others = [scenario for scenario in KEYWORDS if scenario not in hits]
        ranked = [Candidate(scenario=name, confidence=0.9 / (place + 1)) for place, name in enumerate(hits + others)]
        if not hits:
            unsure = Reason(code="unsure", text="Ни один сценарий не подходит уверенно.")
            return Match(
                scenario=None,
                topic=None,
                by=MatchedBy.MATCHER,
                confidence=0.2,
                runners_up=tuple(ranked[:3]),
                reasons=(unsure,),
            )
        return Match(
            scenario=ranked[0].scenario,
            topic=None,
            by=MatchedBy.MATCHER,
            confidence=ranked[0].confidence,
            runners_up=tuple(ranked[1:3]),
            nearest=(Neighbour(scenario=ranked[0].scenario, text=f"Ещё один <отзыв> про {hits[0]}.", similarity=0.9),),
        )


@dataclass
class Clock:
    """Tells `at`; moves only when told to."""

    at: datetime = field(default_factory=lambda: datetime(2026, 11, 2, 10, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


def a_review(**changes: Any) -> Review:
    """A complaint about a delivery, changed as told; pass `id` to make another review of it."""
    review = {
        "id": "r1",
        "platform": Platform.TWOGIS,
        "rating": 1,
        "text": "Доставку ждали неделю, курьер так и не приехал.",
        "author": "Мария Петрова",
        "branch": "Казань",
        "ticket_id": "1001",
    }
    return Review.model_validate(review | changes)


@cache
def the_bank() -> Phrasebank:
    """The real phrasebank, loaded once."""
    return load(PROJECT / "phrasebank")


def a_suggester(clock: Callable[[], datetime] | None = None, bank: Phrasebank | None = None) -> Suggester:
    """The real walk over the real phrasebank with the keyword matcher; `clock` tells when suggestions are made."""
    bank = bank or the_bank()
    checker = Checker(bank, lambda branch: bank.company("ru", branch))
    return Suggester(bank, KeywordMatcher(), checker, clock=clock or Clock())


def a_service(store: Store | None = None, clock: Callable[[], datetime] | None = None, **settings: str) -> Service:
    """The service over the fakes, with a store or with nothing but memory."""
    suggester, read = (
        a_suggester(clock),
        Settings.read({f"SUGGEST_{name.upper()}": settings[name] for name in settings}),
    )
    if store is None:
        return Service(read, suggester.bank, Desk(suggester, InMemory()))
    return served(read, suggester.bank, suggester, store)


def tell(client: TestClient, made: Mapping[str, Any], outcome: str, **more: object) -> Any:
    """The answer to a feedback on a suggestion."""
    body = {"outcome": outcome, "revision": made["revision"], **more}
    return client.post(f"/v1/suggestions/{made['id']}/feedback", json=body)
