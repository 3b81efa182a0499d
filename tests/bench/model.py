"""What a slow model costs the agents: the time to the first answer with and without one, over HTTP, 50 reviews at once.

    python -m tests.bench.model [--real] [--rounds N]

The service runs in a process of its own, with its database; the provider answers after 5 s. `--real` takes the fitted
matcher, else the matcher of the tests stands in, beside which anything that the model adds weighs more.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import median, quantiles

import httpx

from tests.model_server import after, chooses, model_server

AT_ONCE = 50
PROVIDER_SECONDS = 5.0
MOST = 1.2
"""The p95 with a model over the p95 without one."""

SERVE = """
import sys, uvicorn
from suggest.api import create_app
from suggest.bootstrap import build_bank, build_store, build_suggester, served
from suggest.settings import Settings
from tests.fakes import a_suggester
settings = Settings.read()
bank = build_bank(settings)
suggester = build_suggester(settings, bank) if sys.argv[1] == "real" else a_suggester(bank=bank)
app = create_app(served(settings, bank, suggester, build_store(settings)))
uvicorn.run(app, host="127.0.0.1", port=settings.port, log_level="error")
"""


@contextmanager
def service(matcher: str, port: int, **settings: str) -> Iterator[str]:
    """The service in a process of its own; gives its address."""
    with tempfile.TemporaryDirectory() as folder:
        given = {"SUGGEST_PORT": str(port), "SUGGEST_DATABASE_URL": f"sqlite:///{folder}/bench.db"}
        if matcher != "real":
            given["SUGGEST_CACHE"] = folder
        process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", SERVE, matcher], env=os.environ | given | settings
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _until_ready(url, process)
            yield url
        finally:
            process.terminate()
            process.wait()


def _until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        try:
            httpx.get(f"{url}/health/ready", timeout=5)
            return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError("the service did not start")


def measured(url: str, name: str) -> float:
    """The p95 of the time to the first answer, in ms, for 50 reviews at once."""

    def one(number: int) -> float:
        review = {
            "id": f"{name}-{number}",
            "platform": "2gis",
            "rating": 1,
            "branch": f"Филиал {number}",
            "text": f"Доставку ждали неделю, курьер так и не приехал, день {number}.",
        }
        started = time.perf_counter()
        answer = client.post(f"{url}/v1/suggestions", json=review)
        taken = 1000 * (time.perf_counter() - started)
        assert answer.status_code == 200, answer.text
        assert answer.json()["chosen_by"] == "rotation"
        return taken

    with (
        httpx.Client(timeout=60, limits=httpx.Limits(max_connections=AT_ONCE)) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        list(pool.map(one, range(-AT_ONCE, 0)))
        return quantiles(pool.map(one, range(AT_ONCE)), n=20)[-1]


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--real", action="store_true")
    options.add_argument("--rounds", type=int, default=5)
    given = options.parse_args()
    matcher = "real" if given.real else "fake"
    with model_server() as provider:
        provider.behaviour = after(PROVIDER_SECONDS, chooses())
        model = {"SUGGEST_MODEL": "openai/bench", "SUGGEST_MODEL_API_BASE": provider.url}
        with service(matcher, 18471) as plain, service(matcher, 18472, **model) as asking:
            pairs = []
            for number in range(given.rounds):
                pairs.append((measured(plain, f"r{number}"), measured(asking, f"r{number}")))
                print(f"round {number + 1}: p95 without {pairs[-1][0]:.0f} ms, with {pairs[-1][1]:.0f} ms", flush=True)
            asked = len(provider.bodies)
    without, with_model = (median(column) for column in zip(*pairs, strict=True))
    print(
        f"p95 without a model {without:.0f} ms, with one that takes 5 s {with_model:.0f} ms: {with_model / without:.2f}"
    )
    print(f"asked meanwhile: {asked} questions")
    return 0 if with_model <= MOST * without else 1


if __name__ == "__main__":
    sys.exit(main())
