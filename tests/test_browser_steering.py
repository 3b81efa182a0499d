"""The console's pages of steering in a browser: usable and accessible at both widths, and what a lead does there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from suggest.console.passwords import hashed
from suggest.demo.history import DAYS, LEAD, Clock, fill, hurried
from suggest.store.store import Store, open_store
from tests.browser import LIMIT, browser_missing, chromium
from tests.console_fakes import PASSWORD, another
from tests.fakes import a_suggester
from tests.test_console_steering import RESULT
from tests.test_demo_history import UNTIL
from tests.usedesk_fakes import serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser_missing() is not None, reason=browser_missing() or ""),
]
PAGES = ("mend", "scenarios", "phrases", "approval", "quality", "evaluation")


@dataclass(frozen=True)
class Site:
    address: str
    store: Store


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A console over the demo's month, with an evaluation."""
    folder = tmp_path_factory.mktemp("steering")
    clock = Clock(UNTIL - timedelta(days=DAYS))
    (folder / "evaluation.json").write_text(json.dumps(RESULT))
    with closing(open_store(f"sqlite:///{folder / 'x.db'}", clock)) as store:
        hurried(store)
        fill(store, a_suggester(clock), clock, UNTIL, lambda what, part: None, 90)
        store.accounts.add(LEAD, "lead", hashed(PASSWORD, LEAD))
        with serving(another(store, clock, cache=str(folder))) as address:
            yield Site(f"{address}/console", store)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    """A page on which the lead is signed in."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="ru-RU")
    context.set_default_timeout(LIMIT)
    with closing(context.new_page()) as opened:
        opened.goto(f"{site.address}/sign-in")
        opened.get_by_label("Имя").fill(LEAD)
        opened.get_by_label("Пароль").fill(PASSWORD)
        opened.get_by_role("button", name="Войти").click()
        expect(opened.get_by_role("navigation", name="Разделы")).to_be_visible()
        yield opened
    context.close()


def sound(page: Page, where: str) -> None:
    """Axe finds nothing serious, nothing stands out to the right, and there is one heading."""
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in {"serious", "critical"}] == [], (
        where
    )
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, where
    expect(page.locator("h1")).to_have_count(1)


@pytest.mark.parametrize("width", [1280, 400])
def test_every_page_is_usable_and_accessible(page: Page, site: Site, width: int) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.set_viewport_size({"width": width, "height": 900})
    for name in PAGES:
        page.goto(f"{site.address}/{name}")
        page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
        sound(page, f"{name}, {width}")
    assert refused == []


def test_each_chart_has_a_table_behind_it(page: Page, site: Site) -> None:
    for name in ("mend", "scenarios", "evaluation"):
        page.goto(f"{site.address}/{name}")
        figures = page.locator("figure.graph")
        assert figures.count() >= 1
        for figure in figures.all():
            expect(figure.get_by_role("img")).to_have_count(1)
            figure.locator("summary").click()
            expect(figure.get_by_role("table")).to_be_visible()


def test_from_a_spike_to_its_branch_and_the_file(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/mend")
    expect(page.locator("article.card.bad").first).to_contain_text("доставка")
    with page.expect_download() as waited:
        page.get_by_role("link", name="Скачать сводку").click()
    assert "Всплески" in Path(waited.value.path()).read_text(encoding="utf-8")
    page.get_by_role("link", name="Весь филиал").first.click()
    expect(page.get_by_role("textbox", name="Филиал")).to_have_value("Казань, ул. Баумана, 12")


def test_a_phrase_is_withdrawn_and_given_back(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/phrases?state=approved&slot=greeting")
    before = len(site.store.phrases.withdrawn())
    row = page.locator("tbody tr").first
    row.locator("summary").click()
    row.get_by_placeholder("Почему").fill("звучит сухо")
    row.get_by_role("button", name="Отозвать сейчас").click()
    gone = page.locator("tr", has_text="звучит сухо")
    expect(gone).to_have_count(1)
    assert len(site.store.phrases.withdrawn()) == before + 1
    gone.get_by_role("button", name="Вернуть").click()
    expect(page.locator("tr", has_text="звучит сухо")).to_have_count(0)


def test_a_candidate_is_decided(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/approval")
    cards = page.locator("article.card")
    count = cards.count()
    assert count >= 2
    cards.last.get_by_role("button", name="Отклонить").click()
    expect(cards).to_have_count(count - 1)
    cards.last.get_by_role("button", name="Одобрить").click()
    expect(cards).to_have_count(count - 2)
    with page.expect_download() as waited:
        page.get_by_role("link", name="Скачать правку").click()
    assert waited.value.suggested_filename == "phrasebank.patch"


def test_a_reply_is_scored(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/quality")
    page.get_by_role("link", name="оценить").first.click()
    expect(page.locator("fieldset.choices").first).to_be_visible()
    sound(page, "score")
    for item in page.locator("fieldset.choices").all():
        item.get_by_label("да", exact=True).check()
    page.get_by_role("button", name="Сохранить оценку").click()
    expect(page.get_by_role("heading", name="По агентам")).to_be_visible()
