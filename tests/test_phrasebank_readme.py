"""The memo to the owner of the phrases says what is so: its examples parse, its tables hold."""

from __future__ import annotations

import json
import re
from typing import Any, get_args

import pytest
import yaml
from pydantic import ValidationError

from suggest.check import Draft, check
from suggest.check.wordlist import Index, fold
from suggest.domain import Platform
from suggest.plan import CONDITIONS, Situation, fits
from suggest.regulation import Condition, Exemplar, Phrase, Rule
from suggest.settings import PROJECT
from tests.fakes import the_bank

README = PROJECT / "phrasebank" / "README.md"
TEXT = README.read_text(encoding="utf-8")
FLAG_SETS = ((), ("safety",), ("legal",), ("safety", "legal"))


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def table(heading: str) -> list[list[str]]:
    """The rows under the head of the table whose first column is called so."""
    lines = TEXT[TEXT.index(f"\n| {heading} |") + 1 :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def code(cell: str) -> list[str]:
    return [part.replace("\\|", "|") for part in re.findall("`([^`]*)`", cell)]


def example(name: str) -> dict[str, Any]:
    """The entry of the YAML block that begins with a comment of this name."""
    (block,) = (block for block in blocks("yaml") if block.startswith(f"# {name}"))
    (row,) = yaml.safe_load(block)
    return dict(row)


def the_phrase(**changes: Any) -> Phrase:
    return Phrase.model_validate({"slot": "resolution", **example("phrases/resolution.yaml"), **changes})


def test_it_is_short_and_every_block_is_tested_here() -> None:
    assert len(TEXT.splitlines()) <= 140
    assert [block.partition("\n")[0] for block in blocks("yaml")] == ["# phrases/resolution.yaml", "# rules.yaml"]
    assert len(blocks("json")) == 1


def test_it_names_every_file_of_the_phrasebank() -> None:
    named = {name for row in table("Файл") for name in code(row[0])}
    there = {f"{path.name}/" if path.is_dir() else path.name for path in README.parent.iterdir()} - {README.name}
    assert named == there


def test_its_phrase_can_be_said() -> None:
    phrase, bank = the_phrase(), the_bank()
    assert phrase.variables <= set(bank.variables)
    assert phrase.serves("delivery")
    text = phrase.text.format(company_email=bank.company().email)
    assert check(Draft(text, bank.platforms[Platform.TWOGIS], bank.company()), bank) == ()


def test_it_tells_every_condition() -> None:
    listed = TEXT[TEXT.index("### Условия") :].partition("|")[0]
    assert set(get_args(Condition)) == set(CONDITIONS) <= set(code(listed))


@pytest.mark.parametrize("row", table("Фраза"))
def test_when_and_fits_work_as_the_table_says(row: list[str]) -> None:
    bank, (conditions,) = the_bank(), code(row[0])
    phrase = the_phrase(text="Проверим и ответим.", **yaml.safe_load(f"{{{conditions}}}"))
    answers = [
        fits(phrase, bank.scenarios["delivery"], Situation(bank.topics["delivery"], "public", False, flags, {}))
        for flags in FLAG_SETS
    ]
    assert ["да" if answer else "нет" for answer in answers] == row[1:]


@pytest.mark.parametrize("row", table("Закон"))
def test_a_law_of_wording_is_kept_by_its_rule(row: list[str]) -> None:
    bank = the_bank()
    findings = check(Draft(row[1], bank.platforms[Platform.TWOGIS], bank.company()), bank)
    assert set(code(row[2])) <= {finding.rule for finding in findings}


def test_its_exemplar_is_one() -> None:
    row = json.loads(blocks("json")[0])
    assert Exemplar.model_validate(row | {"scenario": "product"}).hand == "owner"


def test_its_rule_is_one() -> None:
    rule = Rule.model_validate(example("rules.yaml"))
    index = Index(rule.words)
    found = [
        bool(index.find(fold(text).text))
        for text in ("Вот наш слоган", "Лучшие цены в городе", "Лучший мастер в городе")
    ]
    assert found == [True, True, False]


@pytest.mark.parametrize("row", table("Запись"))
def test_the_notation_works_as_the_table_says(row: list[str]) -> None:
    index = Index({"find": code(row[0])})
    assert [bool(index.find(fold(text).text)) for text in row[2:]] == [True, False]


def test_the_messages_are_those_of_lint() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (PROJECT / "suggest").rglob("*.py"))
    with pytest.raises(ValidationError) as of_pydantic:
        Phrase.model_validate({"why": "x"})
    for message in (message for row in table("В сообщении") for message in code(row[0])):
        assert message in sources or message in str(of_pydantic.value), message
