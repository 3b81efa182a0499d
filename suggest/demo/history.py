"""A month of work for the demo: reviews that came in, what agents did with them, and what a lead decided.

Everything goes through the same ports as real work does, under a clock that is moved; nothing is written around them.
The month ends now and is the same for the same day. It lives in a database of the demo's own in the cache, made anew
when the day or the phrasebank changes; a database that is set for real work is never opened.
"""

from __future__ import annotations

import heapq
import random
import secrets
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy.event import listens_for

from suggest.console.passwords import hashed
from suggest.demo import reviews
from suggest.desk import Desk
from suggest.domain import Platform, Review, Status, Suggestion
from suggest.feedback import Feedback, Outcome
from suggest.hand_over import STORE
from suggest.pipeline import Suggester
from suggest.quality import Answer, load_checklist, verdicts
from suggest.store.accounts import Role
from suggest.store.fold import Event, Kind
from suggest.store.hand_overs import Asked
from suggest.store.store import Store, open_store

DAYS = 30
REVIEWS = 300
SPIKE = 14
"""So many more complaints of one topic have one branch in the last days."""
AGENTS = ("Анна Агентова", "Дина Смирнова", "Ильдар Хасанов", "Олег Ким")
LEAD = "Борис Старший"
PLATFORMS = (Platform.TWOGIS,) * 6 + (Platform.YANDEX,) * 3 + (Platform.GOOGLE,)
STORE_TOPICS = frozenset({"store", "delivery", "refund", "price"})
WORDINGS = {
    "empathy": ("Нам жаль, что вы столкнулись с этим.", "Понимаем, как это огорчает, и просим прощения."),
    "resolution": ("Мы проверим каждый шаг и вернёмся к вам с ответом.",),
    "thanks": ("Спасибо, что нашли время написать.",),
}
"""What agents of the demo write in place of phrases, again and again."""
Tell = Callable[[str, float], None]


@dataclass
class Clock:
    """Tells `at`, which the history moves."""

    at: datetime

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Month:
    """The work of a month over a store; acts wait in `agenda` until their time."""

    store: Store
    desk: Desk
    clock: Clock
    until: datetime
    size: int = REVIEWS
    chance: random.Random = field(default_factory=lambda: random.Random(11))  # noqa: S311
    agenda: list[tuple[datetime, int, Callable[[], object]]] = field(default_factory=list)
    number: count[int] = field(default_factory=count)

    def later(self, at: datetime, act: Callable[[], object]) -> None:
        """Has something done at its time, unless that is still to come."""
        if at < self.until:
            heapq.heappush(self.agenda, (at, next(self.number), act))

    def run(self, tell: Tell) -> None:
        """Does everything in the order of time."""
        first = self.until - timedelta(days=DAYS)
        while self.agenda:
            at, _, act = heapq.heappop(self.agenda)
            self.clock.at = at
            act()
            tell("demo: a month of history", (at - first) / (self.until - first))


def fill(store: Store, suggester: Suggester, clock: Clock, until: datetime, tell: Tell, size: int = REVIEWS) -> None:
    """Puts the month that ends with `until` into an empty store; both the store and the suggester go by `clock`."""
    month = Month(store, Desk(suggester, store.suggestions, store.records, store.histories), clock, until, size)
    for at, review, theme in _incoming(month):
        month.later(at, lambda review=review, theme=theme: _received(month, review, theme))  # type: ignore[misc]
    _steered(month)
    month.run(tell)
    clock.at = until
    _scored(month)


def demo_store(cache: Path, suggester: Suggester, until: datetime, tell: Tell, size: int = REVIEWS) -> str:
    """The address of the demo's database, filled; what an earlier start left of the same day is used again.

    `size` 0: nothing is in it but what an earlier start of that kind left.
    """
    folder = cache / "demo"
    path = folder / f"{until:%Y-%m-%d}-{suggester.bank.version}-{suggester.matcher.version[:12]}-{size}.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.db*"):
            old.unlink()
        partial, clock = folder / "partial.db", Clock(until - timedelta(days=DAYS))
        with closing(open_store(f"sqlite:///{partial}", clock)) as store:
            hurried(store)
            if size:
                fill(store, replace(suggester, clock=clock), clock, until, tell, size)
            store.database.settle()
        partial.rename(path)
    return f"sqlite:///{path}"


def hurried(store: Store) -> None:
    """A database that is made anew after a crash need not wait for the disk at every step."""
    listens_for(store.database.engine, "connect")(lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    store.database.dispose()


def _incoming(month: Month) -> list[tuple[datetime, Review, reviews.Theme]]:
    """The reviews of the month; the last days of the first branch have a spike."""
    chance, begun = month.chance, month.until - timedelta(days=DAYS)
    weights = [theme.weight for theme in reviews.THEMES]
    found = []
    for number in range(month.size + SPIKE):
        spike = number >= month.size
        theme = reviews.SPIKE if spike else chance.choices(reviews.THEMES, weights)[0]
        branch = reviews.BRANCHES[0] if spike else chance.choices(reviews.BRANCHES, (5, 6, 4, 3, 4))[0]
        day = DAYS - chance.random() * 5 if spike else chance.random() * DAYS
        at = begun + timedelta(days=day)
        at = min(at.replace(hour=6 + chance.randrange(14), minute=chance.randrange(60)), month.until)
        text, urgent = reviews.text(theme, chance), chance.random()
        if theme.scenario in {"product", "refund"} and urgent < 0.06:
            text = reviews.URGENT[theme.scenario == "refund"]
        platform = chance.choice(PLATFORMS)
        review = Review(
            id=f"demo-{number}",
            platform=platform,
            rating=chance.choice(theme.stars),
            text=text,
            author=chance.choice(reviews.AUTHORS),
            branch=branch,
            posted_at=at - timedelta(minutes=chance.randrange(3, 40)),
            ticket_id=str(160_000_000 + number),
        )
        found.append((at, review, theme))
    return sorted(found, key=lambda row: row[0])


def _received(month: Month, review: Review, theme: reviews.Theme) -> None:
    """A review comes in; most are answered within hours, the newest and some others wait."""
    made, chance = month.desk.receive(review), month.chance
    age = month.until - month.clock.at
    if made.status is Status.SKIPPED or chance.random() < (0.45 if age < timedelta(days=1) else 0.03):
        return
    agent = chance.choice(AGENTS)
    wait = timedelta(minutes=chance.randrange(5, 60 * (4 if made.triage.priority == 1 else 20)))
    month.later(month.clock.at + wait, lambda: _worked(month, made, theme, agent))


def _worked(month: Month, made: Suggestion, theme: reviews.Theme, agent: str) -> None:
    """An agent opens the suggestion and decides."""
    chance, desk = month.chance, month.desk
    made = desk.suggestions.get(made.id) or made
    desk.feedback(made.id, Feedback(outcome=Outcome.SHOWN, revision=made.revision, agent=agent))
    month.clock.at += timedelta(minutes=chance.randrange(1, 6))
    matched = made.match.scenario if made.match else None
    wrong = matched != theme.scenario
    if made.status is Status.ABSTAINED and chance.random() < 0.55:
        # Answered in the agent's own words: nothing of ours was taken.
        closed = Event(kind=Kind.CLOSED, revision=made.revision, at=month.clock.at, agent=agent)
        month.store.events.append(made.id, closed)
        return
    if made.status is Status.ABSTAINED or (wrong and chance.random() < 0.25) or chance.random() < 0.015:
        near = made.match.runners_up if made.match else ()
        right = theme.scenario if wrong or not near else near[0].scenario
        given = Feedback(outcome=Outcome.OVERRULED, revision=made.revision, scenario=right, agent=agent)
        desk.feedback(made.id, given)
        made = desk.suggestions.get(made.id) or made
    _answered(month, made, agent)
    if made.department == STORE and made.match and made.match.topic in STORE_TOPICS and chance.random() < 0.5:
        _handed_over(month, made, agent)


def _answered(month: Month, made: Suggestion, agent: str) -> None:
    """The reply is taken as it is, edited, or rejected."""
    desk, how = month.desk, month.chance.random()
    told = {"revision": made.revision, "agent": agent}
    edited = _edited(month, made) if how < 0.24 else None
    if edited and edited != made.text:
        desk.feedback(made.id, Feedback.model_validate({"outcome": "edited", "text": edited, **told}))
    elif how > 0.955:
        reason = month.chance.choice(["tone", "facts", "not_needed", "other"])
        desk.feedback(made.id, Feedback.model_validate({"outcome": "rejected", "reason": reason, **told}))
    else:
        desk.feedback(made.id, Feedback.model_validate({"outcome": "copied", **told}))
        if how > 0.5:
            desk.feedback(made.id, Feedback.model_validate({"outcome": "accepted", **told}))


def _edited(month: Month, made: Suggestion) -> str:
    """The reply with one slot in the agent's words, with a sentence left out, or with more cheer than is allowed."""
    if month.chance.random() < 0.18:
        return f"{made.text} Ждём вас снова!!!"
    for segment in made.segments:
        if segment.slot in WORDINGS and month.chance.random() < 0.6:
            return made.text.replace(segment.text, month.chance.choice(WORDINGS[segment.slot]))
    wish = next((segment.text for segment in made.segments if segment.part == "wish"), None)
    return made.text.replace(f"{wish} ", "") if wish else made.text


def _handed_over(month: Month, made: Suggestion, agent: str) -> None:
    """The store is asked; mostly it answers within a day, sometimes it is silent."""
    chance, kept, at = month.chance, month.store.hand_overs, month.clock.at
    asked = Asked(suggestion_id=made.id, key=f"demo-{made.id}", department=STORE, mode="usedesk", agent=agent)
    claimed = kept.claim(asked).hand_over
    kept.trying(claimed.id)
    kept.sent(claimed.id, at + timedelta(hours=24), str(170_000_000 + claimed.id))
    kept.release(claimed)
    if chance.random() < 0.8:
        answered = at + timedelta(hours=chance.randrange(2, 30))
        month.later(answered, lambda: kept.answered(claimed.id))
        if chance.random() < 0.9:
            month.later(answered + timedelta(hours=2), lambda: kept.outcome_sent(claimed.id, agent))


def _steered(month: Month) -> None:
    """The lead withdraws a phrase in the third week and approves what has gathered before the last one."""
    bank, store = month.desk.suggester.bank, month.store

    def withdrawn() -> None:
        worst = max(store.phrases.uses(), key=lambda use: (use.changed + use.deleted, use.phrase_id), default=None)
        if worst:
            store.phrases.withdraw(worst.phrase_id, LEAD, "Агенты переписывают её каждый раз: ищем замену.")

    def approved() -> None:
        queue = store.candidates(bank)
        for candidate in [one for one in queue.queue() if not one.personal][:2]:
            queue.approve(candidate.id, LEAD)

    month.later(month.until - timedelta(days=9), withdrawn)
    month.later(month.until - timedelta(days=7), approved)


def _scored(month: Month) -> None:
    """The lead has scored the samples of three weeks; people and checks mostly agree."""
    items, chance, checker = load_checklist(month.desk.suggester.bank), month.chance, month.desk.suggester.checker
    for weeks in (3, 2, 1):
        until = month.until - timedelta(weeks=weeks - 1, days=1)
        for drawn in month.store.scores.sample(until - timedelta(weeks=1), until, 2, "demo"):
            made = month.desk.suggestions.get(drawn.suggestion_id)
            if made is None:
                continue
            text = month.store.scores.published(made.id) or made.text
            found = checker.check(text, made.review, drawn.scenario, made.match)
            checks = verdicts(items, found)
            answers: dict[str, Answer] = {item.id: checks.get(item.id, "yes") for item in items}
            if chance.random() < 0.2:
                doubted = chance.choice(items).id
                answers[doubted] = "yes" if answers[doubted] == "no" else "no"
            month.clock.at = until - timedelta(hours=chance.randrange(1, 20))
            month.store.scores.give(made.id, LEAD, answers, checks)
    month.clock.at = month.until


def let_in(store: Store) -> str:
    """Lets the demo's lead and one agent into the console, both with a password of this start alone, which is returned."""
    password = secrets.token_urlsafe(12)
    roles: tuple[tuple[str, Role], ...] = ((LEAD, "lead"), (AGENTS[0], "agent"))
    for name, role in roles:
        if store.accounts.find(name) is None:
            store.accounts.add(name, role, hashed(password, name))
        else:
            store.accounts.set_password(name, hashed(password, name))
    return password


def today() -> datetime:
    """The end of the month that the demo tells."""
    return datetime.now(UTC).replace(microsecond=0)
