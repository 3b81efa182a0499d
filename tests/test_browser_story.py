"""The story of one complaint, told by the demo in a browser: from one star at a store to «исполнено» in the register."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Frame, Page, expect

from suggest.bootstrap import build_reminding
from suggest.demo.tickets import SAMPLES, Sample
from suggest.review_code import code_of, codes_in
from suggest.store.fold import Kind
from suggest.store.register import Filter
from tests.browser import LIMIT, browser_missing, chromium
from tests.fakes import Clock
from tests.usedesk_fakes import until
from tests.widget_fakes import ANNA, FIRST, Site, a_site

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(browser_missing() is not None, reason=browser_missing() or ""),
]
ON_HOLD, SOLVED = 5, 2


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 1100})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    context.set_default_timeout(LIMIT)
    with closing(context.new_page()) as opened:
        yield opened
    context.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Site]:
    with a_site(tmp_path, SAMPLES[0], clock=clock, return_code="true") as running:
        yield running


def opened(page: Page, site: Site, ticket: int) -> Frame:
    """The ticket's page, and the widget in its sidebar with Anna before it."""
    page.goto(f"{site.helpdesk}/tickets/{ticket}")
    expect(page.locator(".sb-frame")).to_be_visible()
    while not (found := [frame for frame in page.frames if "/widget/" in frame.url]):
        page.wait_for_timeout(50)
    frame = found[-1]
    expect(frame.locator("#agent option")).to_have_count(3)
    frame.select_option("#agent", ANNA)
    expect(frame.locator("#activity li").first).to_be_visible()
    return frame


def handed_over(widget: Frame) -> None:
    """The request as it is proposed, sent."""
    expect(widget.locator("#ho-new")).to_be_attached()
    if not widget.locator("#ho-send").is_visible():
        widget.locator("#ho-new > summary").click()
    widget.locator("#ho-send").click()


def written(page: Page, site: Site, form: str, **fields: str) -> int:
    """A form of the demo's start page filled in and sent; the ticket that it opens."""
    page.goto(site.helpdesk)
    for name, value in fields.items():
        field = page.locator(f"form[action='{form}'] [name={name}]")
        _ = field.select_option(value) if name in {"platform", "stars"} else field.fill(value)
    page.locator(f"form[action='{form}'] button").click()
    page.wait_for_url(re.compile(r"/tickets/\d+$"))
    return int(page.url.rpartition("/")[2])


def test_from_one_star_to_done(page: Page, site: Site, clock: Clock) -> None:
    store = site.service.store
    assert store

    # 1★ at a store comes in; its reply asks for a letter that names the review, and is put on record.
    text = "Продавец в магазине нагрубил и ничего не показал."
    ticket = written(page, site, "/reviews", platform="2gis", stars="1", author="Мария Кравцова", text=text)
    widget = opened(page, site, ticket)
    made = site.made(ticket)
    (code,) = codes_in("", widget.locator("#reply").input_value())
    widget.locator("#accept").click()
    expect(widget.locator("#way-back")).to_contain_text("✓ готово")
    assert site.ticket(ticket)["ticket"]["status_id"] == SOLVED

    # The store is asked at once, with a card of the review; the ticket waits.
    handed_over(widget)
    expect(widget.locator("#ho-state")).to_contain_text("Ждём ответа до")
    (over,) = store.hand_overs.of(made.id)
    request = site.ticket(int(over.ticket_id or 0))
    assert text in request["comments"][0]["message"]
    assert site.ticket(ticket)["ticket"]["status_id"] == ON_HOLD
    state = store.events.state(made.id)
    assert state
    assert state.state == "open"

    # The client writes, naming the number: their ticket knows the review, what was promised and which data are there.
    clock.forward(minutes=30)
    letter = "Здравствуйте! Была в магазине на Баумана 20 ноября в пять вечера. Телефон 8 900 123-45-67."
    mail = written(page, site, "/letters", subject=f"Re: отзыв №{code}", text=letter)
    assert until(lambda: store.links.of_ticket(str(mail)) is not None)
    widget = opened(page, site, mail)
    case = widget.locator("#case")
    expect(case).to_contain_text("по номеру отзыва, имя совпадает")
    expect(case).to_contain_text(text)
    expect(case).to_contain_text("Клиент написал, когда вопрос уже передан")
    case.locator("summary", has_text="Наш ответ").click()
    expect(case).to_contain_text(f"«Отзыв {code}»")
    expect(case.locator(".data input:checked")).to_have_count(3)

    # Interim: the department by name, the term by the hour; then the store is asked first whether it is solved (000 §8).
    words = case.locator("textarea[name=text]")
    assert "подключить руководство фирменного магазина" in words.input_value()
    case.locator(".copy-from").click()
    expect(widget.locator("#case-said")).to_have_text("Скопировано и отмечено.")
    assert page.evaluate("navigator.clipboard.readText()").startswith("Спасибо")
    expect(widget.locator("#hand-over")).to_contain_text("сначала уточните, решён ли вопрос")
    handed_over(widget)
    expect(widget.locator("#ho-state article")).to_have_count(2)
    assert "решён" in site.ticket(int(over.ticket_id or 0))["comments"][-1]["message"]

    # A day passes in silence: the ticket is moved up with a note, and the client is told that it is being worked on.
    clock.forward(hours=25)
    reminding = build_reminding(site.service.settings, site.service.bank, store)
    with closing(reminding.client):
        reminded = list(reminding.run())
    assert {one.result for one in reminded} == {"done"}
    assert "Нет ответа" in site.ticket(mail)["comments"][-1]["message"]
    widget = opened(page, site, mail)
    case = widget.locator("#case")
    expect(case).to_contain_text("Отдел молчит больше суток")
    overdue = case.locator("textarea[name=text]")
    expect(overdue).to_have_value(re.compile("не получили. Я уже напомнила про срочность"))
    for chosen in ("напомнил", "напомнила"):
        case.get_by_role("button", name=chosen, exact=True).click()
        expect(overdue).to_have_value(re.compile(f"Я уже {chosen} про срочность"))
    case.locator(".copy-from").click()
    expect(widget.locator("#case-said")).to_have_text("Скопировано и отмечено.")

    # The store answers in its own ticket, and the widget knows.
    page.goto(f"{site.helpdesk}/tickets/{over.ticket_id}")
    page.locator("form[action$='/answer'] textarea").fill("Позвонили клиенту, извинились, консультацию провели.")
    page.locator("form[action$='/answer'] button").click()
    assert until(lambda: all(one.answered_at for one in store.hand_overs.of(made.id)))
    widget = opened(page, site, mail)
    case = widget.locator("#case")
    expect(case).to_contain_text("Отдел ответил: сообщите клиенту результат")

    # The result goes out only once its place is filled; then everything is done, and the register says so.
    answer = case.locator("textarea[name=text]")
    expect(case.locator("#case-findings")).to_contain_text("Впишите сюда свой текст")
    answer.fill("Здравствуйте. Мы проверили ваш вопрос: руководитель магазина поговорил с продавцом. Хорошего вам дня.")
    expect(case.locator("#case-findings li")).to_have_count(0)
    case.locator(".copy-from").click()
    expect(widget.locator("#case-said")).to_have_text("Скопировано и отмечено.")
    widget.locator(f"#ho-outcome-{over.id}").click()
    expect(case).to_contain_text("✓ исполнено")
    entry = next(one for one in store.register.find(Filter(state="done")).items if one.id == made.id)
    assert (entry.pending, entry.reminders) == (0, len(reminded))
    told = [(event.kind, event.reason) for event in store.events.of(made.id)]
    story = [
        (Kind.ACCEPTED, None),
        (Kind.HANDED_OVER, "check"),
        (Kind.LINKED, "code"),
        (Kind.INFORMED, "interim"),
        (Kind.HANDED_OVER, "solved"),
        (Kind.INFORMED, "overdue"),
        (Kind.HEARD, "solved"),
        (Kind.INFORMED, "result"),
        (Kind.CLOSED, "solved"),
    ]
    assert [step for step in told if step in story] == story
    assert Kind.REMINDED in {kind for kind, _ in told}


def test_the_case_is_usable_and_accessible_at_320_px(page: Page, site: Site) -> None:
    made = site.made(FIRST)
    assert site.service.store
    letter = Sample("Отзыв", "Курьер не приехал. Телефон 8 900 123-45-67.", "Вова", "v@client.example")
    mail = site.helpdesk_receives(letter)
    path = site.widget(mail)
    page.set_viewport_size({"width": 320, "height": 900})
    for linked in (False, True):
        if linked:
            site.service.store.links.link(str(mail), made.id, "code")
        page.goto(site.address + path)
        expect(page.locator("#case .steps")).to_be_visible()
        expect(page.locator("#agents select")).to_be_visible()
        page.locator("#talk > summary").click()
        if not linked:
            page.fill("#case-code", code_of(made.id))
            page.locator("#case form button", has_text="Найти").click()
            expect(page.locator("#case")).to_contain_text("номер совпадает")
        grave = [
            found for found in Axe().run(page).response["violations"] if found["impact"] in {"serious", "critical"}
        ]
        assert [(found["id"], node["html"]) for found in grave for node in found["nodes"]] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
