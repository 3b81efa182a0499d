"""A million suggestions in PostgreSQL: p95 of the queue, of the register and of each page of the console, with the plans.

    python -m tests.bench.million [--rows 1000000] [--repeat 40] [--clients 2] [--keep URL] [--pages]

Makes a database of its own and drops it; `--keep` uses the database named, fills it up if need be, and leaves it.
Exit code 1 if a p95 is above 200 ms, or above 300 ms for a page.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from sqlalchemy import event

from suggest.domain import Status, Suggestion
from suggest.folding import fold
from suggest.phrasebank import load_exemplars
from suggest.settings import PROJECT
from suggest.show import progress
from suggest.store.bodies import VERSION, pack
from suggest.store.columns import metadata
from suggest.store.register import Filter, Waiting
from suggest.store.store import Store, open_store
from suggest.store.suggestions import named
from tests.bench.console_pages import pages
from tests.databases import postgres_database, postgres_missing
from tests.fakes import a_review, a_suggester

LIMIT_MS, PAGE_LIMIT_MS = 200, 300
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAYS = 900
BRANCHES = [f"Филиал {number}" for number in range(200)]
AGENTS = [str(number) for number in range(40)]
PLATFORMS = ["2gis"] * 6 + ["yandex"] * 2 + ["google", "otzovik", "dm"]
AUTHORS = ["Мария Петрова", "Пётр К.", "user77", "Анна", "Гость", "Ольга Смирнова", "Тимур", "Елена", "А. Б."]
SCENARIOS = ["store", "delivery", "refund", "price", "service", "warranty", "product", "app", "support", "positive"]
RARE = "бегемот"
"""A word that one review in fifty thousand has."""

TABLES = {
    "suggestions": "id platform branch ticket_id rating status scenario topic department priority since received_at "
    "feed_at texts_at seq revision shown outcome confirmed overruled agent answered_at pending reminders closed state",
    "revisions": "suggestion_id revision version body phrases created_at",
    "texts": "suggestion_id kind ref content folded author created_at",
    "events": "suggestion_id seq kind revision at agent reason",
    "suggestion_flags": "suggestion_id flag since",
}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--repeat", type=int, default=40)
    options.add_argument("--clients", type=int, default=2)
    options.add_argument("--keep", metavar="URL")
    options.add_argument("--pages", action="store_true", help="only the pages of the console")
    given = options.parse_args()
    if not given.keep and (missing := postgres_missing()):
        sys.exit(missing)
    with kept(given.keep) if given.keep else postgres_database() as url, closing(open_store(url, lambda: NOW)) as store:
        fill(url, store, given.rows)
        slow = 0 if given.pages else report(store, given.repeat, given.clients)
        with pages(store, random.Random(12), NOW.date()) as asked:
            slow += timed(asked, given.repeat, given.clients, PAGE_LIMIT_MS)
        return 1 if slow else 0


@contextmanager
def kept(url: str) -> Iterator[str]:
    yield url


# Filling


def fill(url: str, store: Store, rows: int) -> None:
    """Copies suggestions into a database until it has so many; the indexes are made afterwards."""
    started = time.perf_counter()
    indexes = [index for table in metadata.sorted_tables if table.name in TABLES for index in table.indexes]
    with psycopg.connect(url, autocommit=True) as connection, progress() as tell:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET default_toast_compression = lz4")
        (there,) = connection.execute("SELECT count(*) FROM suggestions").fetchone() or (0,)
        if there >= rows:
            return
        for index in indexes:
            connection.execute(f'DROP INDEX IF EXISTS "{index.name}"')
        _copy(connection, there, rows, tell)
        for number, index in enumerate(indexes):
            tell("indexing", number / len(indexes))
            with store.database.engine.begin() as plain:
                plain.exec_driver_sql("SET LOCAL statement_timeout = 0")
                plain.exec_driver_sql("SET LOCAL maintenance_work_mem = '1GB'")
                index.create(plain)
        for number, table in enumerate(TABLES):
            tell("vacuum analyze", number / len(TABLES))
            connection.execute(f"VACUUM ANALYZE {table}")
    print(f"filled with {rows - there:,} suggestions in {time.perf_counter() - started:.0f} s")


BATCH = 5_000


def _copy(connection: psycopg.Connection, there: int, rows: int, tell: Callable[[str, float], None]) -> None:
    chance = random.Random(there)
    shapes = list(_shapes(chance))
    for start in range(there, rows, BATCH):
        tell("copying", start / rows)
        lines: dict[str, list[str]] = {table: [] for table in TABLES}
        for number in range(start, min(rows, start + BATCH)):
            since = NOW - timedelta(days=DAYS) * (1 - (number + chance.random()) / rows)
            _one(number, since, chance, shapes, lines)
        with connection.transaction(), connection.cursor() as cursor:
            for table, columns in TABLES.items():
                with cursor.copy(f"COPY {table} ({', '.join(columns.split())}) FROM STDIN") as copy:
                    copy.write("".join(lines[table]))


@dataclass(frozen=True)
class Shape:
    """A real suggestion that many rows are made after, with what is long packed and escaped once."""

    made: Suggestion
    body: str
    text: str
    folded: str


def _shapes(chance: random.Random) -> Iterator[Shape]:
    """Suggestions for real exemplars, in real proportions."""
    exemplars = load_exemplars(PROJECT / "phrasebank")
    suggester = a_suggester()
    for exemplar in chance.sample(exemplars, 1500):
        scenario = None if exemplar.scenario in {None, "positive"} else exemplar.scenario
        review = a_review(text=exemplar.text, rating=exemplar.rating or 1, author=chance.choice(AUTHORS))
        made = suggester.suggest(review, scenario)
        packed = pack(made)
        body, personal, phrases = (_escape(part) for part in (packed.body, packed.personal, packed.phrases))
        yield Shape(made, f"{VERSION}\t{body}\t{phrases}", personal, _escape(fold(f"{review.text} {review.author}")))


def _one(number: int, since: datetime, chance: random.Random, shapes: list[Shape], lines: dict[str, list[str]]) -> None:
    """Adds the rows of one suggestion; the newest two per cent are unanswered."""
    shape, suggestion_id = shapes[number % len(shapes)], str(uuid.UUID(int=chance.getrandbits(128), version=4))
    silent = shape.made.status is Status.SKIPPED
    answered = since + timedelta(hours=chance.random() * 20)
    waits = silent or answered > NOW - timedelta(days=DAYS * 0.02 * chance.random() * 2)
    outcome = None if waits else chance.choices(["copied", "accepted", "edited", "rejected"], [70, 10, 15, 5])[0]
    done = outcome in {"copied", "accepted", "edited"} or (silent and chance.random() < 0.98)
    agent = chance.choice(AGENTS) if outcome else None
    match, moment = shape.made.match, since.isoformat()
    folded = f"{shape.folded} {RARE}" if number % 50_000 == 0 else shape.folded
    facts = [
        shape.made.review.rating,
        shape.made.status.value,
        *((match.scenario, match.topic) if match else (None,) * 2),
    ]
    told = [
        outcome is not None,
        outcome,
        outcome == "accepted",
        False,
        agent,
        answered.isoformat() if outcome else None,
    ]
    row = [suggestion_id, chance.choice(PLATFORMS), chance.choice(BRANCHES), str(number), *facts, shape.made.department]
    row += [shape.made.triage.priority, *[moment] * 4, 4 if outcome else 2, 1, *told, 0, 0, silent and done]
    row += ["done" if done else "open"]
    lines["suggestions"].append(_line(row))
    lines["revisions"].append(f"{suggestion_id}\t1\t{shape.body}\t{moment}\n")
    author = named(shape.made.review.author)
    lines["texts"].append(f"{suggestion_id}\treview\t1\t{shape.text}\t{folded}\t{author}\t{moment}\n")
    lines["events"].append(_line([suggestion_id, 1, "received", 0, moment, None, None]))
    lines["events"].append(_line([suggestion_id, 2, "suggested", 1, moment, None, "first"]))
    if outcome:
        lines["events"].append(_line([suggestion_id, 3, "shown", 1, answered.isoformat(), agent, None]))
        lines["events"].append(_line([suggestion_id, 4, outcome, 1, answered.isoformat(), agent, None]))
    flags = match.flags if match else ()
    lines["suggestion_flags"].extend(_line([suggestion_id, flag, moment]) for flag in dict.fromkeys(flags))


_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": ""})


def _escape(value: str) -> str:
    return value.translate(_ESCAPED)


def _line(row: list[Any]) -> str:
    """A line of COPY; none of these values needs to be escaped."""
    return "\t".join("\\N" if value is None else str(value) for value in row) + "\n"


# Measuring


def questions(store: Store, chance: random.Random) -> dict[str, Callable[[], object]]:
    """What is asked, each time with other values."""
    find, day = store.register.find, timedelta(days=1)

    def moment() -> datetime:
        return NOW - day * chance.randrange(DAYS)

    def deep() -> object:
        return find(Filter(), after=f"{moment().isoformat()}~x")

    return {
        "queue": lambda: store.register.queue(),
        "queue of a branch": lambda: store.register.queue(Waiting(branch=chance.choice(BRANCHES))),
        "register": lambda: find(Filter()),
        "register, some page": deep,
        "open": lambda: find(Filter(state="open")),
        "done": lambda: find(Filter(state="done")),
        "platform": lambda: find(Filter(platform=chance.choice(PLATFORMS))),
        "branch": lambda: find(Filter(branch=chance.choice(BRANCHES))),
        "scenario": lambda: find(Filter(scenario=chance.choice(SCENARIOS))),
        "agent": lambda: find(Filter(agent=chance.choice(AGENTS))),
        "flag": lambda: find(Filter(flag=chance.choice(["safety", "legal", "follow_up"]))),
        "a week": lambda: (lambda at: find(Filter(since=at, until=at + 7 * day)))(moment()),
        "branch, scenario, month": lambda: (
            lambda at: find(
                Filter(branch=chance.choice(BRANCHES), scenario=chance.choice(SCENARIOS), since=at, until=at + 30 * day)
            )
        )(moment()),
        "platform, scenario, open": lambda: find(
            Filter(platform=chance.choice(PLATFORMS), scenario=chance.choice(SCENARIOS), state="open")
        ),
        "agent, flag": lambda: find(Filter(agent=chance.choice(AGENTS), flag="safety")),
        "nothing fits": lambda: find(Filter(platform="other", scenario=chance.choice(SCENARIOS))),
        "a common word": lambda: find(Filter(q=chance.choice(["холодильник", "магазин", "мастер", "доставка"]))),
        "a rare word": lambda: find(Filter(q="бегемоты")),
        "three words": lambda: find(Filter(q="мастер не приехал вчера")),
        "no such word": lambda: find(Filter(q="абырвалг")),
        "common and rare": lambda: find(Filter(q="холодильник бегемот")),
        "a word in a branch": lambda: find(Filter(q="холодильник", branch=chance.choice(BRANCHES))),
        "a word, open": lambda: find(Filter(q="ремонт", state="open")),
        "a word in a week": lambda: (lambda at: find(Filter(q="деньги", since=at, until=at + 7 * day)))(moment()),
        "history of a branch": lambda: store.histories.of(a_review(branch=chance.choice(BRANCHES)), "x", 10),
        "one suggestion by its ticket": lambda: store.suggestions.of_ticket(str(chance.randrange(1_000_000))),
    }


def report(store: Store, repeat: int, clients: int) -> int:
    """Prints plans, then times; how many p95 are above the limit."""
    asked = questions(store, random.Random(11))
    for name, ask in asked.items():
        print(f"\n── {name}")
        for line in plan(store, ask):
            print(line)
    return timed(asked, repeat, clients, LIMIT_MS)


def timed(asked: dict[str, Callable[[], object]], repeat: int, clients: int, limit: int) -> int:
    """Prints the times; how many p95 are above the limit."""
    slow = 0
    print(f"\n{'ms, ' + str(clients) + ' clients at once':32}{'median':>8}{'p95':>8}{'max':>8}")
    for name, ask in asked.items():
        times = measured(ask, repeat, clients)
        p95 = statistics.quantiles(times, n=20)[-1]
        slow += p95 > limit
        mark = "  ✗" if p95 > limit else ""
        print(f"{name:32}{statistics.median(times):8.1f}{p95:8.1f}{max(times):8.1f}{mark}", flush=True)
    return slow


def measured(ask: Callable[[], object], repeat: int, clients: int) -> list[float]:
    """Milliseconds of each answer, from so many clients at once."""

    def one(_: int) -> float:
        started = time.perf_counter()
        ask()
        return (time.perf_counter() - started) * 1000

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(one, range(clients * 2)))
        return list(pool.map(one, range(repeat)))


def plan(store: Store, ask: Callable[[], object]) -> Iterator[str]:
    """The plan of the main statement behind a question."""
    seen: list[tuple[str, Any]] = []

    def remember(_: Any, __: Any, statement: str, parameters: Any, *___: Any) -> None:
        seen.append((statement, parameters))

    event.listen(store.database.engine, "before_cursor_execute", remember)
    try:
        ask()
    finally:
        event.remove(store.database.engine, "before_cursor_execute", remember)
    statement, parameters = next((one for one in seen if "ORDER BY suggestion" in one[0]), seen[0])
    with store.database.reading() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(f"EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) {statement}", parameters)
        yield from (f"   {row[0]}" for row in cursor.fetchall())
        cursor.close()


if __name__ == "__main__":
    sys.exit(main())
