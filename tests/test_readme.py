"""The README shows the program as it is."""

from __future__ import annotations

import re

import pytest

from suggest import parse, show
from suggest.__main__ import parser
from suggest.bootstrap import build_bank, build_suggester
from suggest.settings import PROJECT, Settings

README = (PROJECT / "README.md").read_text(encoding="utf-8")


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.encoder
def test_the_suggestion_it_shows_is_the_real_one() -> None:
    [given] = re.findall(r"```json\n(.*?)\n```", README, re.DOTALL)
    shown = re.findall(r"```text\n(.*?)\n```", README, re.DOTALL)[0]
    settings = Settings.read({})
    bank = build_bank(settings)
    made = build_suggester(settings, bank).suggest(parse.review(given.encode()))
    assert show.suggestion(made, bank) == shown


def test_every_command_it_names_exists() -> None:
    known = set(re.findall(r"^    ([a-z]+) ", parser().format_help(), re.MULTILINE))
    named = set(re.findall(r"`suggest ([a-z]+)", README))
    assert named <= known, named - known


def test_every_file_it_names_exists() -> None:
    for path in re.findall(r"\]\(([^)#]+)\)", README):
        assert (PROJECT / path).exists(), path
