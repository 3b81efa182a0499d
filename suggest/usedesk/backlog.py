"""The queue of tickets that nobody waits for: bounded, each ticket in it once, worked off by one thread."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from suggest.usedesk.reader import Reading

CAPACITY = 1000
RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class Job:
    """A ticket to read, because of something heard of it at `since`; `reading` is what was heard, if enough to go by."""

    ticket_id: int
    since: float
    reading: Reading | None = None


class Backlog:
    """`work` does one job and says whether it is done; one that is not goes back to the end of the queue."""

    def __init__(
        self,
        work: Callable[[Job], bool],
        clock: Callable[[], float] = time.monotonic,
        capacity: int = CAPACITY,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        self._work = work
        self._clock = clock
        self._capacity = capacity
        self._retry_seconds = retry_seconds
        self._jobs: OrderedDict[int, Job] = OrderedDict()
        self._change = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    def __contains__(self, ticket_id: int) -> bool:
        with self._change:
            return ticket_id in self._jobs

    def add(self, ticket_id: int, reading: Reading | None = None) -> bool:
        """Puts a ticket in; False where there is no room. One that is in it already is asked for only once."""
        with self._change:
            earlier = self._jobs.get(ticket_id)
            if self._closed or (earlier is None and len(self._jobs) >= self._capacity):
                logging.getLogger(__name__).warning("a ticket does not fit into the queue and is left to the poll")
                return False
            reading = reading or (earlier.reading if earlier else None)
            self._jobs[ticket_id] = Job(ticket_id, self._clock(), reading)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="usedesk-backlog", daemon=True)
                self._thread.start()
            self._change.notify_all()
            return True

    def empty(self, timeout: float) -> bool:
        """Waits until nothing is left to do, at most so many seconds; whether that came."""
        with self._change:
            return self._change.wait_for(lambda: not self._jobs, timeout)

    def close(self) -> None:
        """Lets the running job end and drops the rest: the poll finds it after the next start."""
        with self._change:
            self._closed = True
            self._jobs.clear()
            self._change.notify_all()
        if self._thread:
            self._thread.join(timeout=5)

    def _run(self) -> None:
        while job := self._next():
            done = self._work(job)
            with self._change:
                if self._jobs.get(job.ticket_id) is job:
                    if done:
                        del self._jobs[job.ticket_id]
                    else:
                        self._jobs.move_to_end(job.ticket_id)
                self._change.notify_all()
                if not done:
                    self._change.wait_for(lambda: self._closed, self._retry_seconds)

    def _next(self) -> Job | None:
        with self._change:
            self._change.wait_for(lambda: bool(self._jobs) or self._closed)
            return None if self._closed else next(iter(self._jobs.values()))
