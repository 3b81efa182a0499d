"""The matching of our own reviews as it stands: a change shows here, case by case, and is accepted on purpose.

`python -m tests.test_golden` writes the present state to `tests/data/golden.json`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from suggest.bootstrap import build_suggester
from suggest.domain import Platform, Review
from suggest.settings import PROJECT, Settings

GOLDEN = Path(__file__).with_name("data") / "golden.json"
CASES = [json.loads(line) for line in (PROJECT / "evals/cases/plain.jsonl").read_text(encoding="utf-8").splitlines()]
EVERY = 6
"""Every so many-th of our plain evaluation cases is looked at."""

SURE = 0.9
"""Only guesses as sure as this are held: another processor rounds int8 a little differently."""


def matched(cases: Sequence[dict[str, Any]]) -> dict[str, tuple[str, float]]:
    """The first guess for each case by its id, with the confidence."""
    suggester = build_suggester(Settings.read({}))
    found = {}
    for case in cases:
        said = Review(platform=Platform.OTHER, rating=case["review"]["rating"], text=case["review"]["text"])
        match = suggester.suggest(said).match
        assert match is not None
        found[case["id"]] = (match.scenario or match.runners_up[0].scenario, match.confidence)
    return found


@pytest.mark.encoder
def test_our_own_reviews_are_matched_as_before() -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    found = matched([case for case in CASES if case["id"] in golden])
    assert {name: scenario for name, (scenario, _) in found.items()} == golden
    assert len(golden) >= 24


if __name__ == "__main__":
    held = {name: scenario for name, (scenario, confidence) in matched(CASES[::EVERY]).items() if confidence >= SURE}
    GOLDEN.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
