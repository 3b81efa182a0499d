"""The widget in a browser, inside the demo's ticket page and by itself: what issue 8 wants proved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Frame, Page, expect

from suggest.store.fold import Kind
from suggest.web.token import EXPIRED, FORGED, OTHER_TICKET
from tests.browser import LIMIT, browser_missing, chromium
from tests.usedesk_fakes import until
from tests.widget_fakes import ANNA, FIRST, Site, a_site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser_missing() is not None, reason=browser_missing() or ""),
]
DELIVERY, SAFETY, EMOJI, CHAT, COFFEE = (FIRST + place for place in (0, 2, 4, 9, 10))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with a_site(tmp_path) as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page as agents have it, with a clipboard that can be read."""
    context = browser.new_context(viewport={"width": 420, "height": 1000})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(LIMIT)
    with closing(context.new_page()) as opened:
        yield opened
    context.close()


def widget(page: Page, site: Site, ticket: int) -> Page:
    """The widget by itself, once it has told who was here."""
    page.goto(site.address + site.widget(ticket))
    expect(page.locator("#agent")).to_be_visible()
    expect(page.locator("#activity li").first).to_be_visible()
    return page


def kinds(site: Site, ticket: int) -> list[Kind]:
    """What stands on record of a ticket's suggestion."""
    assert site.service.store
    return [event.kind for event in site.service.store.events.of(site.made(ticket).id)]


def in_sidebar(page: Page, site: Site, ticket: int) -> Frame:
    """The widget's frame in the sidebar of the ticket page."""
    page.set_viewport_size({"width": 1280, "height": 1100})
    site.made(ticket)
    page.goto(f"{site.helpdesk}/tickets/{ticket}")
    return the_frame(page)


def the_frame(page: Page) -> Frame:
    """The widget inside the page of a ticket."""
    expect(page.locator("object.sb-frame")).to_be_visible()
    while not (found := [frame for frame in page.frames if "/widget/" in frame.url]):
        page.wait_for_timeout(50)
    frame = found[-1]
    expect(frame.locator("#agent")).to_be_visible()
    return frame


def test_from_the_suggestion_to_the_way_back(page: Page, site: Site) -> None:
    frame = in_sidebar(page, site, DELIVERY)
    expect(page.get_by_label("Ответ клиенту")).to_be_hidden()
    reply, suggested = frame.locator("#reply"), frame.locator("#reply").input_value()
    frame.locator(".swap").nth(0).click()
    frame.locator(".swap").nth(1).click()
    assert reply.input_value() != suggested
    reply.press("Control+End")
    # At one stroke: by keys, a pause between two of them would make it two steps to undo.
    page.keyboard.insert_text(" Вы сами виноваты.")
    expect(frame.locator("#findings .error")).to_contain_text("Не обвиняйте")
    expect(frame.locator("#mirror mark.error")).to_have_text("Вы сами виноваты")
    frame.locator("#undo").click()
    expect(frame.locator("#findings .error")).to_have_count(0)
    frame.locator("#copy").click()
    expect(frame.locator("#record")).to_contain_text("отмечено")
    assert page.evaluate("navigator.clipboard.readText()") == reply.input_value()
    frame.locator("#accept").click()
    expect(frame.locator("#way-back .steps .done")).to_have_count(3)
    page.reload()
    expect(page.locator("#ticket-status")).to_have_text("Выполнен")
    expect(page.get_by_text("Ответ предоставлен", exact=True)).to_be_visible()
    for said in ("Прочее", "Рассылка"):
        expect(page.locator("aside")).to_contain_text(said)
    assert [kind for kind in kinds(site, DELIVERY) if kind is Kind.CLOSED]


def test_a_fit_reply_takes_two_keys(page: Page, site: Site) -> None:
    widget(page, site, DELIVERY)
    page.keyboard.press("c")
    expect(page.locator("#record")).to_contain_text("отмечено")
    page.keyboard.press("a")
    expect(page.locator("#way-back .steps .done")).to_have_count(3)


def test_two_swapped_phrases_take_four_keys(page: Page, site: Site) -> None:
    suggested = widget(page, site, DELIVERY).locator("#reply").input_value()
    for key in ("1", "3", "c"):
        page.keyboard.press(key)
    expect(page.locator("#record")).to_contain_text("отмечено")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("#reply").input_value() != suggested
    page.keyboard.press("a")
    expect(page.locator("#way-back .steps .done")).to_have_count(3)
    assert {Kind.EDITED, Kind.COPIED, Kind.ACCEPTED} <= set(kinds(site, DELIVERY))


def test_keyboard_only_through_a_list_of_phrases(page: Page, site: Site) -> None:
    widget(page, site, DELIVERY)
    page.locator(".more").first.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    chosen = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert page.locator("#reply").input_value().startswith(chosen)
    page.keyboard.press("e")
    page.keyboard.insert_text("Точно. ")
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    assert page.locator("#reply").input_value().startswith(chosen)


def test_an_abstention_is_overridden(page: Page, site: Site) -> None:
    widget(page, site, COFFEE)
    expect(page.locator(".help")).to_contain_text("своими словами")
    near = page.get_by_role("group", name="Сценарий").locator(".chip")
    expect(near).to_have_count(3)
    near.nth(1).click()
    expect(page.locator("#reply")).to_have_value(re.compile(".{100}"))
    assert Kind.OVERRULED in kinds(site, COFFEE)


def test_another_scenario_from_the_whole_list_and_the_client_found(page: Page, site: Site) -> None:
    widget(page, site, DELIVERY)
    page.locator("#every").select_option("support")
    expect(page.locator(".plan")).to_contain_text("выбрано вручную")
    expect(page.locator(".slots")).to_contain_text("Просьба написать")
    page.get_by_role("button", name="Клиент найден").click()
    expect(page.locator(".slots")).not_to_contain_text("Просьба написать")
    assert site.made(DELIVERY).review.client.known
    expect(page.locator(".plan")).to_contain_text("выбрано вручную")


def test_a_newer_revision_never_overwrites_what_is_typed(page: Page, site: Site) -> None:
    reply = widget(page, site, DELIVERY).locator("#reply")
    reply.fill("Здравствуйте! Мой собственный ответ.")
    made = site.made(DELIVERY)
    site.service.desk.receive(made.review, "store")
    expect(page.locator("#newer")).to_contain_text("Есть другой вариант")
    expect(reply).to_have_value("Здравствуйте! Мой собственный ответ.")
    page.locator("#newer button").click()
    expect(page.locator("#own-text")).to_be_visible()
    page.locator("#own-back").click()
    expect(reply).to_have_value("Здравствуйте! Мой собственный ответ.")


def test_what_is_typed_survives_the_refresh_button(page: Page, site: Site) -> None:
    frame = in_sidebar(page, site, DELIVERY)
    frame.locator("#reply").fill("Здравствуйте! Пишу сам.")
    page.get_by_role("button", name="Обновить").click()
    while not frame.is_detached():
        page.wait_for_timeout(50)
    expect(the_frame(page).locator("#reply")).to_have_value("Здравствуйте! Пишу сам.")


def test_two_agents_see_each_other(page: Page, site: Site, browser: Browser) -> None:
    widget(page, site, DELIVERY).locator("#agent").select_option(label="Анна Агентова")
    with closing(browser.new_page()) as other:
        widget(other, site, DELIVERY).locator("#agent").select_option(label="Борис Старший")
        page.get_by_role("button", name="Взять в работу").click()
        expect(page.locator("#agents")).to_contain_text("в работе")
        expect(other.locator("#activity")).to_contain_text("тикет взят в работу Анна Агентова")
        other.locator("#copy").click()
        expect(page.locator("#activity")).to_contain_text("скопирован ответ Борис Старший")
    assert str(site.ticket(DELIVERY)["ticket"]["assignee_id"]) == ANNA


def test_the_plain_block_serves_where_frames_are_stripped(page: Page, site: Site) -> None:
    def strip(route, request) -> None:  # type: ignore[no-untyped-def]
        answer = route.fetch()
        route.fulfill(response=answer, body=re.sub(r"<object.*?</object>", "", answer.text(), flags=re.S))

    page.route("**/tickets/*/block*", strip)
    page.goto(f"{site.helpdesk}/tickets/{DELIVERY}")
    expect(page.get_by_label("Ответ клиенту")).to_be_visible()
    expect(page.locator("object")).to_have_count(0)


def test_a_frame_that_the_browser_refuses_leaves_the_reply_and_the_plain_view(page: Page, tmp_path: Path) -> None:
    with a_site(tmp_path, frame_ancestors="https://elsewhere.example") as site:
        made = site.made(DELIVERY)
        page.goto(f"{site.helpdesk}/tickets/{DELIVERY}")
        refused = page.locator("object.sb-frame")
        expect(refused).to_contain_text("Подсказка здесь не открылась")
        expect(refused.locator("textarea")).to_have_value(made.text)
        expect(page.get_by_label("Ответ клиенту")).to_be_hidden()
        page.get_by_text("Простой вид", exact=True).click()
        expect(page.get_by_label("Ответ клиенту")).to_be_visible()


def test_a_way_back_that_fails_half_way_is_resumed(page: Page, site: Site) -> None:
    widget(page, site, DELIVERY)
    refused = site.rest.helpdesk.update
    site.rest.helpdesk.update = lambda asked: refused({**asked, "status": 99})  # type: ignore[method-assign]
    page.locator("#accept").click()
    expect(page.locator("#way-back .failed")).to_have_count(1)
    expect(page.locator("#way-back .done")).to_have_count(1)
    site.rest.helpdesk.update = refused  # type: ignore[method-assign]
    page.get_by_role("button", name="Продолжить").click()
    expect(page.locator("#way-back .done")).to_have_count(3)
    comments = [row["message"] for row in site.ticket(DELIVERY)["comments"]]
    assert comments.count("Ответ предоставлен") == 1


def test_an_urgent_reply_is_signed_off_before_copying(page: Page, site: Site) -> None:
    widget(page, site, SAFETY)
    page.locator("#every").select_option("product")
    expect(page.locator("#reply")).to_have_value(re.compile(".{100}"))
    expect(page.locator(".sign")).to_be_visible()
    page.locator("#copy").click(force=True)
    expect(page.locator("#notice")).to_contain_text("Сначала согласуйте")
    page.get_by_role("button", name="Записать").click()
    expect(page.locator("#record")).to_contain_text("Не согласовано")
    assert Kind.COPIED not in kinds(site, SAFETY)
    page.locator("#agent").select_option(label="Анна Агентова")
    page.locator("#sign-name").select_option("Ольга Руководитель")
    page.get_by_label("согласовано").check()
    page.get_by_role("button", name="Записать").click()
    expect(page.locator("#signed")).to_be_visible()
    page.locator("#copy").click()
    assert until(lambda: Kind.COPIED in kinds(site, SAFETY))
    page.locator("#reply").press_sequentially("x")
    expect(page.locator("#copy")).to_have_attribute("aria-disabled", "true")
    expect(page.locator("#signed")).to_be_hidden()


def test_skipped_reviews_are_closed_without_a_comment(page: Page, site: Site) -> None:
    widget(page, site, EMOJI)
    page.get_by_role("button", name="Закрыть тикет").click()
    expect(page.locator("#way-back .done")).to_have_count(2)
    kept = site.ticket(EMOJI)
    assert kept["ticket"]["status_id"] == 2
    assert len(kept["comments"]) == 1


@pytest.mark.parametrize("ticket", [DELIVERY, SAFETY, EMOJI, CHAT, COFFEE])
def test_axe_finds_nothing_serious_at_320_px(page: Page, site: Site, ticket: int) -> None:
    page.set_viewport_size({"width": 320, "height": 1000})
    widget(page, site, ticket)
    for more in page.locator("summary:visible").all():
        more.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    found = Axe().run(page).response["violations"]
    grave = [row for row in found if row["impact"] in ("serious", "critical")]
    assert [(row["id"], node["html"]) for row in grave for node in row["nodes"]] == []


def test_copying_works_without_a_clipboard_of_its_own(page: Page, site: Site) -> None:
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    widget(page, site, DELIVERY)
    page.locator("#copy").click()
    expect(page.locator("#record")).to_contain_text("отмечено")


def test_a_refused_token_explains_itself(page: Page, site: Site) -> None:
    made, tokens = site.made(DELIVERY), site.service.tokens
    assert tokens
    for token, said in (
        ("nonsense", FORGED),
        (tokens.sign(str(SAFETY), made.id), OTHER_TICKET),
    ):
        page.goto(f"{site.address}/widget/{token}")
        expect(page.locator("#refused")).to_have_text(said)
        expect(page.locator("#reply")).to_have_count(0)


def test_a_token_that_ends_while_the_widget_is_open_leaves_the_text(page: Page, site: Site) -> None:
    """Whatever is pressed says so and does nothing; afresh the page is refused, and the text waits for the next token."""
    reply = widget(page, site, DELIVERY).locator("#reply")
    reply.fill("Здравствуйте! Мой текст.")
    assert site.service.tokens
    lasting, site.service.tokens._life = site.service.tokens._life, -1
    page.locator("#copy").click()
    expect(page.locator("#notice")).to_contain_text("Срок ссылки истёк")
    with page.expect_response(lambda answer: answer.url.endswith("/accept")):
        page.locator("#accept").click()
    expect(page.locator("#way-back .steps .done")).to_have_count(0)
    expect(reply).to_have_value("Здравствуйте! Мой текст.")
    page.reload()
    expect(page.locator("#refused")).to_have_text(EXPIRED)
    site.service.tokens._life = lasting
    assert not {Kind.COPIED, Kind.ACCEPTED} & set(kinds(site, DELIVERY))
    page.goto(site.address + site.widget(DELIVERY))
    expect(page.locator("#reply")).to_have_value("Здравствуйте! Мой текст.")
