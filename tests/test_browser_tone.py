"""The model's word on the tone of what an agent writes, in a browser: later than the rules', and never in the way."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser import browser_missing, chromium
from tests.fakes import PATIENCE
from tests.model_server import Behaviour, Exchange, fails, hangs, model_server
from tests.usedesk_fakes import until
from tests.widget_fakes import FIRST, Site, a_site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser_missing() is not None, reason=browser_missing() or ""),
]
DELIVERY = FIRST
COLD = "Ваше обращение учтено"
WRITTEN = f"Здравствуйте. {COLD}. Вы сами виноваты."


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@contextmanager
def a_widget(browser: Browser, folder: Path, behaviour: Behaviour, **settings: str) -> Iterator[tuple[Page, Site]]:
    """A delivery's widget over a model that behaves so when it is asked about a tone."""
    with model_server() as model, closing(browser.new_page(viewport={"width": 420, "height": 1000})) as page:
        model.behaviour = behaviour
        asked: dict[str, Any] = {
            "model": "openai/tone",
            "model_api_base": model.url,
            "model_tasks": "tone",
            "model_deadline": str(PATIENCE),
            "cache": str(folder),
        }
        with a_site(folder, **(asked | settings)) as site:
            page.goto(site.address + site.widget(DELIVERY))
            expect(page.locator("#agent")).to_be_visible()
            yield page, site


def finds(flag: str, quote: str) -> Behaviour:
    """Reports one flag where these words stand in the reply, else nothing."""

    def answer(exchange: Exchange) -> None:
        there = quote in exchange.body["messages"][-1]["content"]
        exchange.says(json.dumps({"findings": [{"flag": flag, "quote": quote}] if there else []}, ensure_ascii=False))

    return answer


def after(event: threading.Event, behaviour: Behaviour) -> Behaviour:
    """Holds the answer back until then."""

    def answer(exchange: Exchange) -> None:
        event.wait(PATIENCE)
        behaviour(exchange)

    return answer


def test_the_models_findings_join_those_of_the_rules_after_a_pause(browser: Browser, tmp_path: Path) -> None:
    with a_widget(browser, tmp_path, finds("coldness", COLD)) as (page, _):
        page.locator("#reply").fill(WRITTEN)
        expect(page.locator("#findings")).to_contain_text("Не обвиняйте")
        expect(page.locator("#findings .model")).to_contain_text("Модель: Звучит холодно")
        expect(page.locator("#mirror mark.warning")).to_have_text(COLD)
        expect(page.locator("#mirror mark.error")).to_have_text("Вы сами виноваты")
        expect(page.locator("#reply")).to_have_value(WRITTEN)
        page.locator("#reply").press("Control+End")
        page.keyboard.type(" И ещё.")
        expect(page.locator("#findings .model")).to_have_count(1)
        page.locator("#reply").fill("Здравствуйте. Мы всё проверим и ответим вам.")
        expect(page.locator("#findings .model")).to_have_count(0)


@pytest.mark.parametrize(
    ("behaviour", "settings", "said"),
    [
        (hangs, {"model_deadline": "0.5"}, "не успела ответить|пока не спрашиваем"),
        (fails(401), {}, "не принимает ключ|пока не спрашиваем"),
        (finds("coldness", COLD), {"model_budget": "1"}, "лимит обращений исчерпан"),
    ],
)
def test_where_the_model_cannot_say_the_rules_stand_and_the_agent_is_told(
    browser: Browser, tmp_path: Path, behaviour: Behaviour, settings: dict[str, str], said: str
) -> None:
    with a_widget(browser, tmp_path, behaviour, **settings) as (page, site):
        assert site.service.model
        if "model_budget" in settings:
            site.service.model.tone("Здравствуйте.", None)
        page.locator("#reply").fill(WRITTEN)
        expect(page.locator("#tone")).to_contain_text(re.compile(said))
        expect(page.locator("#findings")).to_contain_text("Не обвиняйте")
        expect(page.locator("#findings .model")).to_have_count(0)
        expect(page.locator("#reply")).to_have_value(WRITTEN)


def test_without_a_model_nothing_is_asked_or_shown(browser: Browser, tmp_path: Path) -> None:
    with a_site(tmp_path) as site, closing(browser.new_page()) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(site.address + site.widget(DELIVERY))
        page.locator("#reply").fill(WRITTEN)
        expect(page.locator("#findings")).to_contain_text("Не обвиняйте")
        page.wait_for_timeout(2000)
        assert not [url for url in asked if url.endswith("/tone")]
        expect(page.locator("#tone")).to_be_hidden()


def test_a_revision_of_the_model_is_offered_only_for_what_it_changes(browser: Browser, tmp_path: Path) -> None:
    with a_widget(browser, tmp_path, finds("pleading", "нигде")) as (page, site):
        assert until(lambda: site.service.desk.suggestions.newest(site.made(DELIVERY).id) == 2)
        page.evaluate("htmx.trigger(document.body, 'acted')")
        page.wait_for_timeout(500)
        expect(page.locator("#newer")).to_have_count(0)
    opened = threading.Event()
    slow = after(opened, finds("coldness", "Здравствуйте"))
    with a_widget(browser, tmp_path / "again", slow) as (page, _):
        opened.set()
        expect(page.locator("#newer")).to_contain_text("Модель добавила замечания")
        page.locator("#newer button").click()
        expect(page.locator("#findings .model")).to_contain_text("Звучит холодно")
