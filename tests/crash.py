"""Kill -9 under load: every acknowledged write is there afterwards, none twice.

    python -m tests.crash [--times 20] [--database sqlite|postgresql]

Two replicas of the real HTTP service (with the keyword matcher) take reviews and feedback from several clients. Both are
killed in the midst of it; then the database is opened anew and compared with what the clients were told.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select, text

from suggest.desk import UNSAVED
from suggest.store.counts import COUNTED, phrases_of, tally
from suggest.store.fold import OUTCOMES, fold
from suggest.store.register import Filter
from suggest.store.store import Store, open_store
from suggest.store.tables import revisions, texts
from tests.databases import database, postgres_missing
from tests.fakes import a_review, a_service
from tests.usedesk_fakes import until

REPLICAS = 2
CLIENTS = 6
START_SECONDS = 300
OUTCOMES_SENT = ("shown", "copied", "edited", "rejected", "overruled", "accepted")


@dataclass
class Told:
    """What the service acknowledged: suggestions with their newest revision, and events with what they are."""

    suggestions: dict[str, int] = field(default_factory=dict)
    events: dict[int, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def suggested(self, suggestion_id: str, revision: int) -> None:
        with self.lock:
            self.suggestions[suggestion_id] = max(revision, self.suggestions.get(suggestion_id, 0))

    def recorded(self, suggestion_id: str, event: int, body: dict[str, Any]) -> None:
        with self.lock:
            assert self.events.get(event, (suggestion_id, body)) == (suggestion_id, body), "an event told twice differs"
            self.events[event] = suggestion_id, body


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--times", type=int, default=20)
    options.add_argument("--database", choices=["sqlite", "postgresql"], action="append")
    options.add_argument("--serve", nargs=2, metavar=("URL", "SOCKET"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.serve:
        serve(given.serve[0], int(given.serve[1]))
        return 0
    for kind in given.database or ("sqlite", "postgresql"):
        with tempfile.TemporaryDirectory() as folder, database(kind, Path(folder)) as url:
            told = run(url, given.times)
        print(f"{kind}: {given.times} kills, {len(told.suggestions)} suggestions and {len(told.events)} events kept")
    return 0


def run(url: str, times: int) -> Told:
    """Kills the service `times` times over one database; raises AssertionError for the first write lost or doubled."""
    told = Told()
    open_store(url).close()
    for number in range(times):
        with replicas(url) as (ports, processes):
            killer = threading.Thread(target=kill_under_load, args=(processes, told))
            clients = [
                threading.Thread(target=load, args=(ports[client % REPLICAS], f"{number}", client, told))
                for client in range(CLIENTS)
            ]
            for thread in (killer, *clients):
                thread.start()
            for thread in (killer, *clients):
                thread.join()
        with closing(open_store(url)) as store:
            assert until(partial(alone, store))
            compare(store, told)
    return told


def serve(url: str, inherited: int) -> None:
    """One replica on a socket that is open already: a port that is only named may be taken by another process."""
    import uvicorn

    from suggest.api import create_app

    app = create_app(a_service(open_store(url), secret="crash"))
    uvicorn.Server(uvicorn.Config(app, log_level="error")).run([socket.socket(fileno=inherited)])


@contextmanager
def replicas(url: str) -> Iterator[tuple[list[int], list[subprocess.Popen[bytes]]]]:
    """Replicas that answer."""
    ports: list[int] = []
    processes: list[subprocess.Popen[bytes]] = []
    try:
        for _ in range(REPLICAS):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                command = [sys.executable, "-m", "tests.crash", "--serve", url, str(listener.fileno())]
                root = Path(__file__).parents[1]
                processes.append(subprocess.Popen(command, cwd=root, pass_fds=[listener.fileno()]))
                ports.append(listener.getsockname()[1])
        for port in ports:
            httpx.get(f"http://127.0.0.1:{port}/health/live", timeout=START_SECONDS)
        yield ports, processes
    finally:
        kill(processes)


def kill_under_load(processes: list[subprocess.Popen[bytes]], told: Told) -> None:
    """Waits until writes are acknowledged, and a moment longer."""
    before = len(told.events)
    while len(told.events) < before + CLIENTS and all(process.poll() is None for process in processes):
        time.sleep(0.01)
    time.sleep(random.uniform(0.2, 1.5))
    kill(processes)


def kill(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()


def load(port: int, run_id: str, client: int, told: Told) -> None:
    """Sends reviews and feedback until nobody answers; half of the reviews are those of the client beside it."""
    chance = random.Random(f"{run_id}-{client}")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
        for number in range(100_000):
            review = a_review(id=f"{run_id}-{client // 2 if number % 2 else f'own{client}'}-{number}")
            try:
                made = http.post("/v1/suggestions", json=review.model_dump(mode="json")).json()
                if any(reason["code"] == UNSAVED.code for reason in made["triage"]["reasons"]):
                    continue
                told.suggested(made["id"], made["revision"])
                for outcome in chance.sample(OUTCOMES_SENT, 2):
                    act(http, made, outcome, told)
            except httpx.TransportError:
                return


def act(http: httpx.Client, made: dict[str, Any], outcome: str, told: Told) -> None:
    """Sends one feedback, twice, and remembers what was acknowledged: a database that is busy for long is away (503)."""
    more = {"edited": {"text": made["segments"][0]["text"]}, "overruled": {"scenario": "refund"}}.get(outcome, {})
    body = {"outcome": outcome, "revision": made["revision"], **more}
    for _ in range(2):
        answer = http.post(f"/v1/suggestions/{made['id']}/feedback", json=body)
        if answer.status_code == 200:
            told.recorded(made["id"], answer.json()["event"], body)
            told.suggested(made["id"], answer.json()["newest"])
        else:
            assert answer.status_code in {409, 503}, answer.text


def alone(store: Store) -> bool:
    """Whether nothing is done any more for those who were killed: PostgreSQL ends what it was at, and may commit it."""
    others = "datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    if store.database.sqlite:
        return True
    with store.database.reading() as connection:
        return connection.scalar(text(f"SELECT count(*) FROM pg_stat_activity WHERE {others}")) == 0


def compare(store: Store, told: Told) -> None:
    """Holds the database to what was told, and to itself."""
    kept = {entry.id: entry for entry in store.register.every(Filter())}
    for suggestion_id, revision in told.suggestions.items():
        assert kept[suggestion_id].revision >= revision, f"a revision of {suggestion_id} is lost"
    by_suggestion: dict[str, set[int]] = {}
    for event_id, (suggestion_id, _) in told.events.items():
        by_suggestion.setdefault(suggestion_id, set()).add(event_id)
    total: Counter[tuple[str, str]] = Counter()
    for suggestion_id in kept:
        whole(store, suggestion_id, by_suggestion.get(suggestion_id, set()), told, total)
    counts = {(use.phrase_id, name): getattr(use, name) for use in store.phrases.uses() for name in COUNTED}
    assert +Counter(counts) == +total, "the counts by phrase are not those of the events"
    with store.database.reading() as connection:
        if store.database.sqlite:
            assert connection.scalar(text("PRAGMA integrity_check")) == "ok"


def whole(store: Store, suggestion_id: str, events: set[int], told: Told, total: Counter[tuple[str, str]]) -> None:
    """One suggestion is whole: all its revisions and texts, its events in order, its state their fold."""
    happened = store.events.of(suggestion_id)
    state = store.events.state(suggestion_id)
    assert state == fold(happened)
    assert [event.seq for event in happened] == list(range(1, len(happened) + 1))
    known = {event.id: event for event in happened}
    assert events <= known.keys(), f"an event of {suggestion_id} is lost"
    for event_id in events:
        body = told.events[event_id][1]
        assert (known[event_id].kind, known[event_id].revision) == (body["outcome"], body["revision"])
    for earlier, later in pairwise(happened):
        assert earlier.key is None or earlier.key != later.key, f"a feedback on {suggestion_id} was kept twice"
    with store.database.reading() as connection:
        for table, of in ((revisions, revisions.c.revision), (texts, texts.c.id)):
            query = select(func.count(of)).where(table.c.suggestion_id == suggestion_id)
            query = query.where(texts.c.kind == "review") if table is texts else query
            assert state
            assert connection.scalar(query) == state.revision
        for revision in range(1, state.revision + 1):
            mine = [event for event in happened if event.revision == revision and event.kind in OUTCOMES]
            for phrase, of_phrase in tally(mine, phrases_of(connection, suggestion_id, revision)).items():
                total.update({(phrase, name): of_phrase[name] for name in COUNTED})
    assert store.suggestions.get(suggestion_id)


if __name__ == "__main__":
    if (missing := postgres_missing()) and "--serve" not in sys.argv:
        sys.exit(missing)
    sys.exit(main())
