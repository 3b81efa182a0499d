"""The demo's ticket page in a browser: what an agent sees of the block, and what a hostile review cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect

from suggest.api import create_app
from suggest.demo.standin import create_app as create_standin
from suggest.demo.tell import Teller
from suggest.demo.tickets import SAMPLES
from suggest.desk import Desk, InMemory
from tests.browser import LIMIT, browser_missing, chromium
from tests.fakes import a_suggester
from tests.usedesk_fakes import HOOK, SECRET, a_client, a_served, a_side, serving

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser_missing() is not None, reason=browser_missing() or ""),
]
FIRST = 153341101
DELIVERY, SAFETY, EMOJI, CHAT, COFFEE, HOSTILE = (FIRST + place for place in (0, 2, 4, 9, 10, 12))


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """The stand-in, with the service behind its block."""
    desk, teller = Desk(a_suggester(), InMemory()), Teller("", SECRET, HOOK)
    with (
        closing(teller),
        serving(create_standin(teller)) as url,
        closing(a_client(url)) as client,
        a_side(client, desk) as side,
        serving(create_app(a_served(side, desk))) as service,
    ):
        teller.address = service
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(LIMIT)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    with closing(context.new_page()) as opened:
        yield opened
    context.close()


def opened(page: Page, site: str, ticket: int) -> Page:
    """The ticket's page once its block has come."""
    page.goto(f"{site}/tickets/{ticket}")
    expect(page.locator(".suggest-block")).to_be_visible()
    return page


def test_samples_are_where_these_tests_expect_them() -> None:
    assert SAMPLES[DELIVERY - FIRST].message.count("Холодильник обещали")
    assert SAMPLES[HOSTILE - FIRST].message.count("onerror")


def test_from_the_list_to_the_block(page: Page, site: str) -> None:
    page.goto(site)
    page.locator(f"a[href='/tickets/{DELIVERY}']").click()
    block = page.locator(".dynamic-block .suggest-block")
    expect(block).to_contain_text("В первую очередь")
    expect(block).to_contain_text("Доставка")
    expect(block.get_by_role("img", name="Оценка 1 из 5")).to_be_visible()
    expect(block.get_by_label("Ответ клиенту")).to_have_value(re.compile("доставк"))


def test_the_refresh_button_reads_the_ticket_again(page: Page, site: str) -> None:
    opened(page, site, DELIVERY)
    with page.expect_response(lambda answer: "refresh=true" in answer.url):
        page.get_by_role("button", name="Обновить").click()
    expect(page.locator(".suggest-block")).to_contain_text("Ответ клиенту")


def test_the_reply_is_selected_and_copied_by_keys(page: Page, site: str) -> None:
    reply = opened(page, site, DELIVERY).get_by_label("Ответ клиенту")
    reply.click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+c")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == reply.input_value()
    assert len(copied) > 100
    page.keyboard.type("x")
    assert reply.input_value() == copied


def test_actions_are_a_checklist_and_alternatives_unfold(page: Page, site: str) -> None:
    block = opened(page, site, DELIVERY).locator(".suggest-block")
    block.get_by_text("Что сделать").click()
    step = block.get_by_label("Вернуться в тикет и добавить комментарий")
    step.check()
    expect(step).to_be_checked()
    block.get_by_text("Другие формулировки").click()
    expect(block.get_by_text("Присоединение к проблеме")).to_be_visible()


def test_abstention_is_help(page: Page, site: str) -> None:
    block = opened(page, site, COFFEE).locator(".suggest-block")
    for said in ("своими словами", "ближе всего", "Что сделать"):
        expect(block).to_contain_text(said)
    expect(block.locator("textarea")).to_have_count(0)
    expect(block.locator(".alert-danger")).to_have_count(0)


def test_a_skip_and_an_urgent_one(page: Page, site: str) -> None:
    expect(opened(page, site, EMOJI).locator(".suggest-block")).to_contain_text("Отвечать не нужно")
    expect(opened(page, site, SAFETY).locator(".alert-danger")).to_contain_text("после согласования")


def test_hostile_text_is_only_text(page: Page, site: str) -> None:
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    opened(page, site, HOSTILE).wait_for_timeout(300)
    assert dialogs == []
    assert "взломано" not in page.title()
    block = page.locator(".suggest-block")
    assert block.locator("script, img, [onerror], [onmouseover]").count() == 0
    links = block.locator("a").evaluate_all("links => links.map(link => link.href)")
    assert links
    assert all(link.startswith("https://account.2gis.com/") for link in links)
    assert "49" not in block.get_by_label("Ответ клиенту").input_value()


def test_the_block_needs_no_script(browser: Browser, site: str) -> None:
    """As it comes, put into a page where no script runs: everything is there and unfolds."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/tickets/{DELIVERY}/block")
    expect(page.get_by_label("Ответ клиенту")).to_be_visible()
    page.get_by_text("Что сделать").click()
    expect(page.get_by_text("Взять в работу")).to_be_visible()
    context.close()


@pytest.mark.parametrize("ticket", [DELIVERY, SAFETY, COFFEE, CHAT, HOSTILE])
@pytest.mark.parametrize("width", [320, 480])
def test_it_fits_a_narrow_sidebar(page: Page, site: str, ticket: int, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    opened(page, site, ticket)
    page.evaluate("document.querySelectorAll('.suggest-block details').forEach(folded => folded.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = "block => [...block.querySelectorAll('p, li, ul, div, textarea')].filter(e => e.scrollWidth > e.clientWidth + 1)"
    assert page.locator(".suggest-block").evaluate(f"{wide}.map(e => e.outerHTML)") == []
