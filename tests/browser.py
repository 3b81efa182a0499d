"""Debian's Chromium for the browser tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, expect, sync_playwright

from tests.fakes import PATIENCE

LIMIT = 1000 * PATIENCE
"""Milliseconds after which a test gives up waiting for a page."""

expect.set_options(timeout=LIMIT)
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def browser_missing() -> str | None:
    """Why there is no browser to test with, or None if there is one."""
    return None if CHROMIUM.exists() else f"no Chromium at {CHROMIUM} (apt-get install chromium)"


@contextmanager
def chromium() -> Iterator[Browser]:
    """A running Chromium without a window."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
