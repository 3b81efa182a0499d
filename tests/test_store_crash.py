"""The short form of `tests/crash.py`: kill -9 under load, twice on each database."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import DATABASES
from tests.crash import run
from tests.databases import database, postgres_missing


@pytest.mark.parametrize("kind", DATABASES)
def test_every_acknowledged_write_outlives_kill_9(kind: str, tmp_path: Path) -> None:
    if kind == "postgresql" and (missing := postgres_missing()):
        pytest.skip(missing)
    with database(kind, tmp_path) as url:
        told = run(url, 2)
    assert told.suggestions
    assert told.events
