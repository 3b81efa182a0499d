"""`suggest doctor` against the stand-in: what it finds, in words an administrator can act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from suggest import __main__ as command_line
from suggest.demo.account import FIELDS, TOKEN
from suggest.demo.rest import Knobs
from suggest.settings import PROJECT
from suggest.usedesk.doctor import Check, Doctor
from suggest.usedesk.reader import Reader
from suggest.usedesk.rules import load_rules
from tests.usedesk_fakes import COMPLAINT, HOOK, SECRET, Standin, a_client, standin


@pytest.fixture
def there() -> Iterator[Standin]:
    with standin(COMPLAINT) as running:
        yield running


@pytest.fixture
def doctor(there: Standin) -> Iterator[Doctor]:
    with closing(a_client(there.url)) as client:
        reader = Reader(load_rules(PROJECT / "phrasebank"))
        yield Doctor(client, reader, SECRET, HOOK, 501, True, "https://secure.usedesk.ru")


def test_a_category_that_the_account_lacks_is_named(doctor: Doctor) -> None:
    pairs = (("Заявка", "Заявка на ремонт"), ("Заявка", "На воду"))
    lacking = found(replace(doctor, categories=pairs))["Категории"]
    assert (lacking.level, "«Заявка» → «На воду»" in lacking.text, "ремонт" in lacking.text) == ("warning", True, False)
    assert "Категории" not in found(replace(doctor, categories=pairs[:1]))


def found(doctor: Doctor) -> dict[str, Check]:
    return {check.title: check for check in doctor.examine()}


def test_a_sound_account(doctor: Doctor) -> None:
    checks = found(doctor)
    assert {check.level for check in checks.values()} == {"ok"}
    assert {"Токен API", "Часы", "Поля", "Пользователь", "Статусы", "Секрет блока", "Секрет вебхуков"} <= set(checks)
    assert "Уведомление 2ГИС" in checks["Чтение последних тикетов (1)"].text


@pytest.mark.parametrize(
    ("changes", "title", "level", "said"),
    [
        ({"block_secret": ""}, "Секрет блока", "error", "SUGGEST_USEDESK_BLOCK_SECRET"),
        ({"webhook_secret": "short"}, "Секрет вебхуков", "warning", "короче"),
        ({"webhook_secret": SECRET}, "Секреты", "warning", "одинаковы"),
        ({"user_id": None}, "Пользователь", "error", "SUGGEST_USEDESK_USER_ID"),
        ({"user_id": 99}, "Пользователь", "error", "не найден"),
        ({"addresses": ("a@stores.example", "b@shop.ru")}, "Адреса магазинов и отделов", "warning", "1 из 2"),
        ({"frame_ancestors": "*"}, "SUGGEST_FRAME_ANCESTORS", "warning", "https"),
    ],
)
def test_settings_to_mend(doctor: Doctor, changes: dict[str, Any], title: str, level: str, said: str) -> None:
    check = found(replace(doctor, **changes))[title]
    assert check.level == level
    assert said in check.text


@pytest.mark.parametrize(("token", "said"), [("", "канал «API»"), ("wrong-token", "токен пора проверить")])
def test_a_bad_token(doctor: Doctor, there: Standin, token: str, said: str) -> None:
    with closing(a_client(there.url, token)) as client:
        check = found(replace(doctor, client=client))["Токен API"]
    assert check.level == "error"
    assert said in str(check)
    assert "wrong-token" not in str(check)


def test_the_account_to_mend(doctor: Doctor, there: Standin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("suggest.demo.rest.FIELDS", [row for row in FIELDS if row["custom_field"]["id"] > 102])
    monkeypatch.setattr(type(doctor.client), "skew", lambda self: -300.0)
    there.helpdesk.ticket(there.helpdesk.tickets()[0]["id"])["ticket"]["status_id"] = 42
    checks = found(doctor)
    assert "«Рассылка»" in checks["Поля"].text
    assert "спешат на 300 с" in checks["Часы"].text
    assert "42" in checks["Статусы"].text


def test_errors_on_the_way_are_findings(doctor: Doctor, there: Standin) -> None:
    original = there.rest._answer
    there.rest._answer = lambda method, handler, asked: (  # type: ignore[method-assign]
        original(method, handler, {} if method == "users" else asked)
    )
    assert found(doctor)["Usedesk"].level == "error"


def test_required_fields_are_named(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    required = [{**row, "custom_field": {**row["custom_field"], "required": 1}} for row in FIELDS[:1]]
    monkeypatch.setattr("suggest.demo.rest.FIELDS", [*required, *FIELDS[1:]])
    assert "«Категория»" in found(doctor)["Обязательные поля"].text


def test_the_command(there: Standin, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SUGGEST_USEDESK_API_BASE", there.url)
    monkeypatch.setenv("SUGGEST_USEDESK_API_TOKEN", TOKEN)
    assert command_line.main(["doctor"]) == 1
    monkeypatch.setenv("SUGGEST_USEDESK_BLOCK_SECRET", SECRET)
    monkeypatch.setenv("SUGGEST_USEDESK_WEBHOOK_SECRET", HOOK)
    assert command_line.main(["doctor"]) == 0
    assert TOKEN not in capsys.readouterr().out


def test_a_slow_account_is_not_a_broken_one(doctor: Doctor, there: Standin) -> None:
    there.rest.knobs = Knobs(faults=["429"])
    assert found(doctor)["Токен API"].level == "ok"
