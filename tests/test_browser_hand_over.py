"""The hand-over section in a browser: a screenshot pasted, dropped and chosen, the preview, the keyboard, narrow pages."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Error, Page, Route, expect

from tests.browser import LIMIT, browser_missing, chromium
from tests.hand_over_fakes import DELIVERY, HOSTILE, SERVICE, Section, outgoing, site_on, wrote_again
from tests.usedesk_fakes import until
from tests.widget_fakes import Site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser_missing() is not None, reason=browser_missing() or ""),
]
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
HAND = """([kind, bytes, name, type]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(bytes), c => c.charCodeAt(0))], name, { type }));
  const event = kind === "paste"
    ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
    : new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector(kind === "paste" ? "body" : "#ho-drop").dispatchEvent(event);
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with site_on("sqlite", tmp_path) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 420, "height": 1400}, accept_downloads=True)
    context.set_default_timeout(LIMIT)
    with closing(context.new_page()) as opened:
        yield opened
    context.close()


def section(page: Page, site: Site, ticket: int) -> None:
    page.goto(site.address + site.widget(ticket))
    expect(page.locator("#ho-new")).to_be_attached()
    expect(page.locator("#agent")).to_be_visible()


def hand(page: Page, kind: str, data: bytes = DOT, name: str = "image.png", media_type: str = "image/png") -> None:
    """The agent pastes or drops a file."""
    page.evaluate(HAND, [kind, base64.b64encode(data).decode(), name, media_type])


def held(page: Page, routes: list[Route]) -> Route:
    """The first request that was held back, once there is one."""
    for _ in range(int(LIMIT / 20)):
        if routes:
            return routes[0]
        page.wait_for_timeout(20)
    raise AssertionError("nothing was asked")


def refreshed(page: Page) -> None:
    """The section has asked how the hand-overs stand, and has shown what it was told."""
    page.evaluate(
        """() => new Promise(done => {
          document.addEventListener("htmx:afterRequest", ({ detail }) => {
            if (detail.elt.id === "ho-state" && detail.requestConfig.verb === "get") done();
          });
          htmx.trigger(document.body, "acted");
        })"""
    )


def test_a_pasted_screenshot_goes_to_the_store(page: Page, site: Site) -> None:
    section(page, site, DELIVERY)
    hand(page, "paste")
    expect(page.locator("#ho-thumb")).to_be_visible()
    expect(page.locator("#ho-shot-said")).to_have_text("Скриншот приложен")
    page.locator("#ho-data").fill("Мария, тел. 900")
    page.locator("#ho-preview summary").click()
    expect(page.locator("#ho-to")).to_contain_text("kazan-baumana@stores.example")
    expect(page.locator("#ho-words")).to_contain_text("Скриншот отзыва приложен.")
    expect(page.locator("#ho-words")).to_contain_text("Мария, тел. 900")
    page.locator("#ho-send").click()
    expect(page.locator("#ho-state .tag")).to_have_text("ждём ответа")
    expect(page.locator("#ho-state .steps .done")).to_have_count(4)
    (request,) = outgoing(site)
    assert site.rest.helpdesk.file(request["comments"][0]["files"][0]["id"])["data"] == DOT
    page.goto(f"{site.helpdesk}/tickets/{request['ticket']['id']}")
    expect(page.get_by_role("link", name="image.png")).to_be_visible()
    page.get_by_role("button", name="Ответить от имени магазина").click()
    assert until(lambda: Section(site, DELIVERY).overs[0].answered_at is not None)
    section(page, site, DELIVERY)
    expect(page.locator("#ho-state")).to_contain_text("Ответ получен")
    page.get_by_role("button", name="Результат отправлен клиенту").click()
    expect(page.locator("#ho-state .tag")).to_have_text("исполнено")


def test_a_screenshot_is_dropped_and_taken_away_again(page: Page, site: Site) -> None:
    section(page, site, DELIVERY)
    page.locator("#ho-new > summary").click()
    hand(page, "drop")
    expect(page.locator("#ho-thumb")).to_be_visible()
    page.locator("#ho-shot-off").click()
    expect(page.locator("#ho-thumb")).to_be_hidden()
    page.locator("#ho-preview summary").click()
    expect(page.locator("#ho-words")).to_contain_text("Карточка отзыва (не скриншот)")


@pytest.mark.parametrize(
    ("data", "said"), [(b"<svg/>", "годятся картинки"), (DOT + bytes(5 * 1024 * 1024), "больше 5 МБ")]
)
def test_what_is_no_picture_is_refused_at_once(page: Page, site: Site, data: bytes, said: str) -> None:
    section(page, site, DELIVERY)
    page.locator("#ho-new > summary").click()
    page.locator("#ho-shot").set_input_files({"name": "x.png", "mimeType": "image/png", "buffer": data})
    expect(page.locator("#ho-shot-said")).to_contain_text(said)
    assert page.evaluate("document.querySelector('#ho-shot').files.length") == 0


def test_another_department_waits_for_the_data(page: Page, site: Site) -> None:
    section(page, site, SERVICE)
    page.locator("#ho-new > summary").click()
    expect(page.locator("#ho-why")).to_contain_text("Сначала данные клиента")
    page.locator("#ho-data").fill("Заявка 7")
    page.locator("#ho-send").click()
    expect(page.locator("#ho-said")).to_contain_text("Сначала данные клиента")
    expect(page.locator("#ho-data")).to_have_value("Заявка 7")
    page.locator("#ho-received").check()
    page.locator("#ho-send").click()
    expect(page.locator("#ho-state .tag")).to_have_text("ждём ответа")


def test_keyboard_only_and_twice_at_once(page: Page, site: Site) -> None:
    section(page, site, DELIVERY)
    page.locator("#ho-new > summary").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ho-send")).to_be_visible()
    page.locator("#ho-send").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#ho-state .tag")).to_have_text("ждём ответа")
    assert len(outgoing(site)) == 1


def test_what_is_begun_survives_what_else_is_done(page: Page, site: Site) -> None:
    section(page, site, DELIVERY)
    page.locator("#ho-new > summary").click()
    page.locator("#ho-data").fill("Тел. 900")
    page.get_by_role("button", name="Клиент найден").click()
    expect(page.get_by_role("button", name="Клиент найден")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#ho-data")).to_have_value("Тел. 900")


def test_an_answer_from_before_a_press_neither_undoes_nor_hides_it(page: Page, site: Site) -> None:
    Section(site, DELIVERY).send()
    section(page, site, DELIVERY)
    state: list[Route] = []
    pressed: list[Route] = []
    page.route("**/hand-over/state?*", lambda route: route.continue_() if state else state.append(route))
    page.route("**/hand-over/outcome", lambda route: pressed.append(route))
    page.evaluate("htmx.trigger(document.body, 'acted')")
    earlier = held(page, state)
    page.get_by_role("button", name="Результат отправлен клиенту").click()
    press = held(page, pressed)
    with suppress(Error):  # it was given up by the page, as it should be
        earlier.fulfill(body="<p>прежнее</p>", content_type="text/html")
    page.wait_for_timeout(200)
    press.continue_()
    expect(page.locator("#ho-state .tag")).to_have_text("исполнено")
    expect(page.locator("#case")).not_to_contain_text("Ждём ответа отдела")


def test_a_section_that_says_the_same_is_left_alone_until_something_is_tried_in_it(page: Page, site: Site) -> None:
    Section(site, DELIVERY).send()
    section(page, site, DELIVERY)
    refreshed(page)
    page.evaluate("document.querySelector('#ho-state article').dataset.mark = ''")
    refreshed(page)
    expect(page.locator("#ho-state [data-mark]")).to_have_count(1)
    page.route("**/hand-over/outcome", lambda route: route.fulfill(status=503, body="{}"))
    with page.expect_response("**/hand-over/outcome"):
        page.get_by_role("button", name="Результат отправлен клиенту").click()
    refreshed(page)
    expect(page.locator("#ho-state [data-mark]")).to_have_count(0)


def test_when_the_client_writes_again_the_question_is_prepared(page: Page, site: Site) -> None:
    Section(site, DELIVERY).send()
    wrote_again(site, DELIVERY)
    section(page, site, DELIVERY)
    expect(page.locator("#hand-over")).to_contain_text("сначала уточните, решён ли вопрос")
    page.locator("#ho-new > summary").click()
    page.locator("#ho-preview summary").click()
    expect(page.locator("#ho-words")).to_contain_text("был ли решён вопрос с клиентом?")


def test_the_letter_is_downloaded_and_told_as_sent(page: Page, site: Site) -> None:
    section(page, site, DELIVERY)
    page.locator("#ho-new > summary").click()
    with page.expect_download() as downloading:
        page.locator("#ho-eml").click()
    assert b"kazan-baumana@stores.example" in Path(downloading.value.path()).read_bytes()
    page.get_by_role("button", name="Письмо отправлено").click()
    expect(page.locator("#ho-state .tag")).to_have_text("ждём ответа")


@pytest.mark.parametrize("ticket", [DELIVERY, SERVICE, HOSTILE])
def test_axe_finds_nothing_serious_at_320_px(page: Page, site: Site, ticket: int) -> None:
    page.set_viewport_size({"width": 320, "height": 1000})
    Section(site, ticket).send(received="true")
    section(page, site, ticket)
    for more in page.locator("#hand-over summary:visible").all():
        more.click()
    page.locator("#ho-preview > summary").click()
    expect(page.locator("#ho-words")).to_contain_text("коллеги")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.title() == "Подсказка ответа"
    found = Axe().run(page).response["violations"]
    grave = [row for row in found if row["impact"] in ("serious", "critical")]
    assert [(row["id"], node["html"]) for row in grave for node in row["nodes"]] == []
