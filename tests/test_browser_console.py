"""The console in a browser: signing in, the queue that refreshes itself, the register, both roles, both widths, axe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from suggest.desk import Desk
from suggest.domain import Suggestion
from suggest.feedback import Feedback
from suggest.store.store import Store, open_store
from tests.browser import LIMIT, browser_missing, chromium
from tests.console_fakes import AGENT, LEAD, PASSWORD, a_console
from tests.fakes import Clock, a_review, a_suggester
from tests.usedesk_fakes import serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser_missing() is not None, reason=browser_missing() or ""),
]
WIDTHS = (1280, 400)
HOSTILE = "<script>document.title = 'украдено'</script><img src=x onerror=\"document.title='украдено'\"> холодильник"


@dataclass(frozen=True)
class Site:
    """A served console, its store, and one suggestion with a story."""

    address: str
    store: Store
    desk: Desk
    told: Suggestion


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    clock = Clock()
    url = f"sqlite:///{tmp_path_factory.mktemp('console') / 'suggest.db'}"
    with closing(open_store(url, clock)) as store:
        desk = Desk(a_suggester(clock), store.suggestions, store.records)
        told = desk.receive(a_review(url="https://2gis.example/1"))
        text = told.text.replace(told.segments[1].text, "Нам жаль, что вы столько ждали.")
        desk.feedback(told.id, Feedback(outcome="edited", revision=1, text=text, agent=AGENT))
        desk.feedback(told.id, Feedback(outcome="overruled", revision=1, scenario="refund", agent=AGENT))
        desk.receive(a_review(id="fire", text="Холодильник искрит и дымится, чуть не сгорели!", ticket_id="1002"))
        desk.receive(a_review(id="bad", text=HOSTILE, author="<b>Аноним</b>", rating=2, ticket_id="1003"))
        desk.receive(a_review(id="good", text="Спасибо, всё отлично!", rating=5, platform="yandex", author=None))
        done = desk.receive(a_review(id="done", text="Верните деньги за холодильник", author="Пётр"))
        desk.feedback(done.id, Feedback(outcome="copied", revision=1, agent=AGENT))
        clock.forward(days=3)
        with serving(a_console(store, clock)) as address:
            yield Site(f"{address}/console", store, desk, told)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900}, locale="ru-RU")
    context.set_default_timeout(LIMIT)
    with closing(context.new_page()) as opened:
        yield opened
    context.close()


def entered(page: Page, site: Site, name: str = LEAD, path: str = "/") -> Page:
    """The page at `path`, signed in through the form."""
    page.goto(site.address + path)
    page.get_by_label("Имя").fill(name)
    page.get_by_label("Пароль").fill(PASSWORD)
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("navigation", name="Разделы")).to_be_visible()
    return page


def pages(site: Site) -> tuple[str, ...]:
    return ("/", "/register", f"/register/{site.told.id}", f"/register/{site.told.id}?revision=1", "/mine", "/password")


def test_from_the_sign_in_to_a_trace_and_out(page: Page, site: Site) -> None:
    entered(page, site, path="/register?q=курьер")
    expect(page.get_by_role("heading", name="Реестр")).to_be_visible()
    expect(page.locator("table.register tbody tr")).to_have_count(1)
    page.locator(f"#e-{site.told.id}").click()
    expect(page.get_by_role("heading", name="Что произошло")).to_be_visible()
    expect(page.locator(".timeline")).to_contain_text("ответ изменён")
    page.get_by_role("link", name="1", exact=True).click()
    expect(page.locator(".diff ins").first).to_be_visible()
    expect(page.locator(".places")).to_contain_text("@")
    page.locator(".who summary").click()
    page.get_by_role("button", name="Выйти").click()
    expect(page.get_by_role("button", name="Войти")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_role("button", name="Войти")).to_be_visible()


def test_a_wrong_password_is_said_kindly(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/sign-in")
    page.get_by_label("Имя").fill("Никто")
    page.get_by_label("Пароль").fill("не тот пароль")
    page.get_by_role("button", name="Войти").click()
    expect(page.get_by_role("alert")).to_contain_text("не подходят")
    expect(page.get_by_label("Имя")).to_have_value("Никто")


def test_the_queue_refreshes_itself_and_keeps_its_filter(page: Page, site: Site) -> None:
    entered(page, site)
    expect(page.locator("table.queue tbody tr").first).to_contain_text("искрит")
    expect(page.locator("table.queue tbody tr").first).to_contain_text("просрочен")
    page.get_by_label("Площадка").select_option("yandex")
    page.get_by_role("button", name="Показать", exact=True).click()
    expect(page.locator("table.queue tbody tr")).to_have_count(1)
    site.desk.receive(a_review(id="news", platform="yandex", text="Магазин закрыт", rating=1))
    page.evaluate(
        "htmx.ajax('GET', document.querySelector('#list').getAttribute('hx-get'), {target: '#list', swap: 'outerHTML'})"
    )
    expect(page.locator("table.queue tbody tr")).to_have_count(2)
    assert "platform=yandex" in str(page.locator("#list").get_attribute("hx-get"))
    assert page.locator("#list").get_attribute("hx-trigger") == "every 20s"


def test_an_agent_has_three_pages_and_is_told_why_not_more(page: Page, site: Site) -> None:
    entered(page, site, AGENT)
    names = page.get_by_role("navigation", name="Разделы").get_by_role("link").all_inner_texts()
    assert names == ["Очередь", "Реестр", "Моя работа"]
    page.goto(f"{site.address}/register")
    expect(page.get_by_text("CSV для таблиц")).to_have_count(0)
    page.goto(f"{site.address}/register/export")
    expect(page.get_by_role("alert")).to_contain_text("руководителям")
    page.goto(f"{site.address}/mine")
    expect(page.locator("table.register tbody tr").first).to_contain_text(AGENT)


def test_an_export_is_downloaded_by_a_lead(page: Page, site: Site) -> None:
    entered(page, site, path="/register")
    with page.expect_download() as waited:
        page.get_by_role("link", name="CSV для таблиц").click()
    assert waited.value.suggested_filename.endswith(".csv")
    assert "Верните деньги" in Path(waited.value.path()).read_text(encoding="utf-8-sig")


def test_a_hostile_review_runs_nothing(page: Page, site: Site) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    entered(page, site, path="/register?q=холодильник")
    for path in ("/", "/register"):
        page.goto(site.address + path)
        expect(page.get_by_text("document.title").first).to_be_visible()
        assert "украдено" not in page.title()
    assert refused == []


@pytest.mark.parametrize("width", WIDTHS)
def test_every_page_is_usable_and_accessible(page: Page, site: Site, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(f"{site.address}/sign-in")
    _sound(page, "sign-in")
    entered(page, site)
    for path in pages(site):
        page.goto(site.address + path)
        _sound(page, path)


def _sound(page: Page, path: str) -> None:
    """Axe finds nothing serious, nothing stands out to the right, and the heading is there."""
    found = Axe().run(page).response["violations"]
    serious = [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in {"serious", "critical"}]
    assert serious == [], path
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, path
    expect(page.locator("h1")).to_have_count(1)
