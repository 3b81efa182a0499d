"""The outcome of a client's ticket (002): what is proposed by what was done, out of files that an owner changes."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from suggest.demo.account import FIELDS
from suggest.domain import PhrasebankError
from suggest.outcome import CLASSIFIER, MATRIX, Done, load_outcomes, outcome_faults
from suggest.settings import PROJECT
from suggest.usedesk.fields import fields
from tests.fakes import the_bank

OUTCOMES = load_outcomes(PROJECT / "phrasebank")


def done(**what: object) -> Done:
    return replace(Done(), **what)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("what", "category", "type_"),
    [
        ({}, "Консультация | Консультация по обращению", "question"),
        ({"topic": "service", "departments": ("service_centre",)}, "Заявка | Заявка на ремонт", "task"),
        ({"topic": "product", "departments": ("service_department",)}, "Заявка | Заявка на ремонт", "task"),
        ({"topic": "product", "departments": ("product_manager",)}, "Жалоба | Сервис", "problem"),
        ({"topic": "service"}, "Жалоба | Сервис", "problem"),
        ({"topic": "delivery", "departments": ("brand_store",)}, "Жалоба | Фирменный магазин", "problem"),
        ({"topic": "app"}, "Жалоба | Приложение и сайт", "problem"),
        ({"topic": "app", "flags": ("safety",)}, "Жалоба | Сервис", "incident"),
    ],
)
def test_category_and_type_follow_from_what_was_done(what: dict[str, object], category: str, type_: str) -> None:
    row = OUTCOMES.propose(done(**what)).outcome
    assert (row.category, row.type) == (category, type_)


@pytest.mark.parametrize(
    ("what", "closing", "against"),
    [
        ({}, "solved", 0),
        ({"data_missing": True}, "pending", 1),
        ({"open_hand_overs": 1, "departments": ("technical",)}, "on_hold", 1),
        ({"open_hand_overs": 2, "data_missing": True}, "on_hold", 2),
        ({"departments": ("technical",)}, "solved", 0),
    ],
)
def test_the_status_is_002s(what: dict[str, object], closing: str, against: int) -> None:
    proposal = OUTCOMES.propose(done(**what))
    assert (proposal.closing, len(proposal.against)) == (closing, against)


def test_the_priority_is_medium_unless_the_situation_asks_for_more() -> None:
    assert OUTCOMES.propose(done(topic="service")).outcome.priority == "medium"
    assert OUTCOMES.propose(done(topic="service", flags=("legal",))).outcome.priority == "urgent"


def test_the_agents_choice_wins() -> None:
    assert OUTCOMES.propose(done(topic="app"), "repair").outcome.id == "repair"
    assert OUTCOMES.propose(done(topic="app"), "no such").outcome.id == "app"


@pytest.mark.parametrize("chosen", ["offer", "job"])
def test_what_is_no_clients_matter_waits_for_nothing(chosen: str) -> None:
    """Negative control: the same ticket of a client does wait."""
    busy = done(open_hand_overs=1, data_missing=True)
    proposal = OUTCOMES.propose(busy, chosen)
    assert (proposal.closing, proposal.against, proposal.outcome.client) == ("solved", (), False)
    assert OUTCOMES.propose(busy).against


def test_the_demos_account_knows_every_category() -> None:
    known = fields(list(FIELDS))
    for row in OUTCOMES.rows:
        assert known.pair(*row.pair), row.category


def broken(tmp_path: Path, name: str, change: object) -> Path:
    """A phrasebank's folder whose first entry of a file is changed, or which lost the file."""
    for file in (CLASSIFIER, MATRIX):
        shutil.copy(PROJECT / "phrasebank" / file, tmp_path / file)
    rows = yaml.safe_load((tmp_path / name).read_text(encoding="utf-8"))
    rows[0] = {**rows[0], **change} if isinstance(change, dict) else rows[1]
    (tmp_path / name).write_text(yaml.safe_dump(rows, allow_unicode=True), encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (MATRIX, {"category": "Заявка | На воду"}, "has no «Заявка | На воду»"),
        (MATRIX, {"type": "wish"}, "matrix.yaml: 0.type"),
        (MATRIX, {"when": {"topic": []}}, "Extra inputs"),
        (MATRIX, "twice", "twice"),
        (CLASSIFIER, {"subcategories": []}, "classifier.yaml: 0.subcategories"),
        (CLASSIFIER, {"category": "Просьба"}, "has no «Заявка | Заявка на ремонт»"),
    ],
)
def test_a_faulty_file_is_told(tmp_path: Path, name: str, change: object, said: str) -> None:
    with pytest.raises(PhrasebankError, match=said.replace("|", r"\|")):
        load_outcomes(broken(tmp_path, name, change))


def test_lint_reads_both_files(tmp_path: Path) -> None:
    assert list(outcome_faults(the_bank())) == []
    bank = replace(the_bank(), path=broken(tmp_path, MATRIX, {"when": {"topics": ["moon"]}}))
    assert list(outcome_faults(bank)) == ["matrix.yaml: danger: unknown: moon"]


def test_a_matrix_without_an_end_is_refused(tmp_path: Path) -> None:
    folder = broken(tmp_path, MATRIX, {})
    rows = [row for row in yaml.safe_load((folder / MATRIX).read_text(encoding="utf-8")) if row.get("when") != {}]
    (folder / MATRIX).write_text(yaml.safe_dump(rows, allow_unicode=True), encoding="utf-8")
    with pytest.raises(PhrasebankError, match="whatever was done"):
        load_outcomes(folder)
