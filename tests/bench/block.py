"""Openings of the block under load: a hundred prepared tickets at once, then a hundred that nobody prepared.

`python -m tests.bench.block` starts `suggest serve` as it is (with its encoder) against the stand-in for Usedesk; exit 1
if the 95th percentile of prepared openings is over the limit.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx

from suggest.demo.account import TOKEN
from suggest.demo.rest import Knobs
from suggest.demo.standin import listening
from suggest.demo.tell import Teller
from suggest.demo.tickets import SAMPLES, Sample
from tests.usedesk_fakes import HOOK, SECRET, Standin, standin

AT_ONCE = 100
LIMIT = 1.5
"""Seconds that 95 of 100 prepared openings may take."""

START_SECONDS = 120
SERVE = (sys.executable, "-m", "suggest", "serve")
KINDS: Sequence[Sample] = [sample for sample in SAMPLES if sample.subject != "Ежедневная сводка"]


@contextmanager
def service(standin_url: str, folder: Path, command: Sequence[str] = SERVE) -> Iterator[str]:
    """The service in a process of its own, with a database of its own; its address once it is ready."""
    with listening("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
    ours = {
        "PORT": str(port),
        "DATABASE_URL": f"sqlite:///{folder / 'bench.db'}",
        "USEDESK_API_BASE": standin_url,
        "USEDESK_API_TOKEN": TOKEN,
        "USEDESK_BLOCK_SECRET": SECRET,
        "USEDESK_WEBHOOK_SECRET": HOOK,
    }
    process = subprocess.Popen(command, env=os.environ | {f"SUGGEST_{name}": ours[name] for name in ours})
    address = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + START_SECONDS
        while not _ready(address):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("the service did not start")
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait(20)


async def openings(address: str, numbers: Sequence[int]) -> tuple[list[float], list[str]]:
    """How long each opening took, all sent at once, and what it showed."""
    limits = httpx.Limits(max_connections=len(numbers))
    async with httpx.AsyncClient(limits=limits, timeout=60) as http:

        async def one(number: int) -> tuple[float, str]:
            started = time.perf_counter()
            body = {"ticket_id": number, "secret": SECRET, "is_auto_load": "1"}
            answer = await http.post(f"{address}/usedesk/block", json=body)
            return time.perf_counter() - started, answer.json()["html"]

        answers = await asyncio.gather(*(one(number) for number in numbers))
    return [seconds for seconds, _ in answers], [html for _, html in answers]


def main(command: Sequence[str] = SERVE) -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        standin() as there,
        service(there.url, Path(folder), command) as address,
    ):
        there.rest.knobs = Knobs(limit=10_000, delay=0.05)
        prepared = _received(there, AT_ONCE)
        _prepare(address, there, prepared)
        warm, shown = asyncio.run(openings(address, prepared))
        _report("prepared", warm, shown)
        cold, shown = asyncio.run(openings(address, _received(there, AT_ONCE)))
        _report("cold", cold, shown)
        return 1 if _p95(warm) > LIMIT else 0


def _received(there: Standin, count: int) -> list[int]:
    """So many tickets of all kinds, each with a review of its own."""
    kinds = [KINDS[place % len(KINDS)] for place in range(count)]
    return [there.helpdesk.receive(replace(kind, additional_id=kind.additional_id and uuid4().hex)) for kind in kinds]


def _prepare(address: str, there: Standin, numbers: Sequence[int]) -> None:
    """Sends the webhooks of these tickets, and waits until the service has read them all."""
    teller = Teller(address, SECRET, HOOK)
    for number in numbers:
        teller.ticket(there.helpdesk.ticket(number))
    deadline = time.monotonic() + 2 * len(numbers)
    while there.methods().count("ticket") < len(numbers) and time.monotonic() < deadline:
        time.sleep(0.5)
    time.sleep(2)
    teller.close()


def _ready(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/ready", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def _p95(seconds: Sequence[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95) - 1]


def _report(kind: str, seconds: Sequence[float], shown: Sequence[str]) -> None:
    late = sum("готовится" in html for html in shown)
    print(
        f"block, {kind}: {len(seconds)} at once, p50 {statistics.median(seconds):.2f} s, p95 {_p95(seconds):.2f} s, "
        f"longest {max(seconds):.2f} s, {late} told to come back"
    )


if __name__ == "__main__":
    sys.exit(main())
