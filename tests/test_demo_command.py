"""`suggest demo` as a newcomer starts it: what it prints, what it serves, and what is switched on to be seen."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from suggest.demo.process import for_demo
from suggest.settings import PROJECT, Settings
from tests.fakes import PATIENCE
from tests.usedesk_fakes import until

pytestmark = pytest.mark.encoder
CACHE = Settings().cache
START_SECONDS = 300


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of a running demo, and the file it prints to."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("demo")
    for built in ("encoder", "matcher"):
        if (CACHE / built).exists():
            (folder / built).symlink_to(CACHE / built)
    printed = folder / "printed"
    settings = {"SUGGEST_CACHE": str(folder), "SUGGEST_PORT": str(port), "PATH": "/usr/bin:/bin"}
    with (
        printed.open("wb") as out,
        subprocess.Popen(
            [sys.executable, "-m", "suggest", "demo", "--no-history"], stdout=out, stderr=out, env=settings, cwd=PROJECT
        ) as process,
    ):
        try:
            live = f"http://127.0.0.1:{port}/health/live"
            assert until(lambda: _answers(live) or process.poll() is not None, START_SECONDS), printed.read_text()
            assert process.poll() is None, printed.read_text()
            yield f"http://127.0.0.1:{port}", printed
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(PATIENCE)


def _answers(address: str) -> bool:
    try:
        return httpx.get(address, timeout=PATIENCE).status_code == 200
    except httpx.HTTPError:
        return False


def test_it_prints_suggestions_and_lets_a_newcomer_into_the_console(demo: tuple[str, Path]) -> None:
    address, printed = demo
    said = printed.read_text()
    assert "Сценарий: Доставка" in said
    found = re.search(r"Консоль: (\S+) — «(.+?)» или «(.+?)», пароль (\S+)", said)
    assert found
    console, lead, _, password = found.groups()
    assert console == f"{address}/console"
    with httpx.Client(base_url=address, timeout=PATIENCE, follow_redirects=True) as visitor:
        form = visitor.get("/console/sign-in").text
        csrf = re.findall('name="csrf" value="([^"]+)"', form)[0]
        page = visitor.post("/console/sign-in", data={"csrf": csrf, "name": lead, "password": password})
        assert (page.status_code, "Очередь" in page.text) == (200, True)


def test_its_replies_ask_for_the_code_by_which_a_letter_finds_its_review(demo: tuple[str, Path]) -> None:
    review = {"platform": "2gis", "rating": 1, "text": "Курьер не привёз холодильник, третий день жду.", "id": "d1"}
    made = httpx.post(f"{demo[0]}/v1/suggestions", json=review, timeout=PATIENCE).json()
    assert re.search(r"«Отзыв \d{5}»", made["text"])


def test_what_is_switched_off_by_name_stays_off() -> None:
    assert for_demo(Settings()).return_code is True
    assert for_demo(Settings(return_code=False)).return_code is False
