"""The widget over HTTP: its tokens, its refusals, what it records, and what it never shows unescaped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from html import escape
from pathlib import Path

import httpx
import pytest

from suggest.demo.tickets import SAMPLES
from suggest.domain import PhrasebankError
from suggest.store.fold import Kind
from suggest.web.appeals import load_appeals, offers
from suggest.web.signers import Signers, load_signers
from suggest.web.token import EXPIRED, FORGED, OTHER_TICKET, TokenRefused, Tokens
from tests.fakes import PATIENCE, a_review, a_suggester, the_bank
from tests.widget_fakes import ANNA, BORIS, FIRST, Site, a_site

DELIVERY, SAFETY, EMOJI, REPAIR, COFFEE, HOSTILE = (FIRST + place for place in (0, 2, 4, 7, 10, 12))
LEAD = "Ольга Руководитель"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with a_site(tmp_path_factory.mktemp("widget")) as running:
        yield running


@pytest.fixture
def http(site: Site) -> Iterator[httpx.Client]:
    with closing(httpx.Client(base_url=site.address, timeout=PATIENCE)) as client:
        yield client


def kinds(site: Site, ticket: int) -> list[Kind]:
    assert site.service.store
    return [event.kind for event in site.service.store.events.of(site.made(ticket).id)]


def test_a_token_opens_its_own_suggestion_only(site: Site, http: httpx.Client) -> None:
    assert site.service.tokens
    made = site.made(DELIVERY)
    assert "Подсказка ответа" in http.get(site.widget(DELIVERY)).text
    for refused, said in (
        (site.service.tokens.sign(str(SAFETY), made.id), OTHER_TICKET),
        (site.service.tokens.sign(str(DELIVERY), "nothing"), OTHER_TICKET),
        (Tokens("another secret").sign(str(DELIVERY), made.id), FORGED),
        (Tokens("of-the-tests", life=-1).sign(str(DELIVERY), made.id)[:-2], FORGED),
    ):
        answer = http.get(f"/widget/{refused}")
        assert answer.status_code == 403
        assert said in answer.text


def test_a_token_expires() -> None:
    tokens = Tokens("secret", life=-1)
    with pytest.raises(TokenRefused, match=EXPIRED[:10]):
        tokens.read(tokens.sign("1", "2"))


def test_without_a_secret_tokens_end_with_the_process(caplog: pytest.LogCaptureFixture) -> None:
    token = Tokens("").sign("1", "2")
    assert "SUGGEST_SECRET" in caplog.text
    with pytest.raises(TokenRefused):
        Tokens("").read(token)


def test_only_our_own_files_run_and_only_named_pages_frame(site: Site, http: httpx.Client) -> None:
    policy = http.get(site.widget(DELIVERY)).headers["content-security-policy"]
    for said in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'self' http://127.0.0.1:*"):
        assert said in policy
    for name in ("htmx.min.js", "widget.js", "widget.css", "htmx-LICENSE.txt"):
        assert http.get(f"/widget/static/{name}").status_code == 200


def test_a_hostile_review_is_harmless(site: Site, http: httpx.Client) -> None:
    text = http.get(site.widget(HOSTILE)).text
    for said in ("<img", "onmouseover=alert", "javascript:"):
        assert said not in text


def test_findings_diff_and_sign_off_of_a_text(site: Site, http: httpx.Client) -> None:
    told = http.post(site.widget(DELIVERY) + "/check", data={"text": "Вы сами виноваты."}).json()
    assert "Вы сами виноваты." in [step[2] for step in told["diff"]]
    assert [finding for finding in told["findings"] if finding["severity"] == "error" and finding["span"]]
    assert told["signed"] is True
    assert http.post(site.widget(SAFETY) + "/check", data={"text": "Ответ"}).json()["signed"] is False


def test_an_urgent_reply_is_not_recorded_without_a_sign_off(site: Site, http: httpx.Client) -> None:
    base = site.widget(SAFETY)
    refused = http.post(base + "/copied", data={"text": "Ответ"})
    assert refused.status_code == 403
    assert "согласуйте" in refused.text
    sign = {"text": "Ответ", "name": LEAD, "agreed": "true", "agent": ANNA}
    assert http.post(base + "/sign-off", data=sign | {"agreed": ""}).status_code == 422
    assert "Согласовано" in http.post(base + "/sign-off", data=sign).text
    assert http.post(base + "/copied", data={"text": "Другой ответ"}).status_code == 403
    assert http.post(base + "/copied", data={"text": "Ответ"}).is_success
    assert {Kind.SIGNED_OFF, Kind.COPIED} <= set(kinds(site, SAFETY))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": " "}, "из списка"),
        ({"name": "Кто угодно"}, "из списка"),
        ({"agent": ""}, "выберите себя"),
        ({"agent": BORIS, "name": "Борис  старший"}, "автор ответа"),
        ({"agreed": ""}, "поставьте отметку"),
    ],
)
def test_only_a_named_person_signs_off_and_not_who_writes(
    site: Site, http: httpx.Client, changed: dict[str, str], said: str
) -> None:
    sign = {"text": "Другой", "name": LEAD, "agreed": "true", "agent": ANNA}
    refused = http.post(site.widget(SAFETY) + "/sign-off", data=sign | changed)
    assert refused.status_code == 422
    assert said in refused.text
    assert http.post(site.widget(SAFETY) + "/check", data={"text": "Другой"}).json()["signed"] is False


def test_whoever_changed_the_wording_does_not_sign_it_off(site: Site, http: httpx.Client) -> None:
    base = site.widget(SAFETY)
    sign = {"text": "Правка", "name": "Борис Старший", "agreed": "true", "agent": ANNA}
    assert http.post(base + "/sign-off", data=sign).is_success
    assert http.post(base + "/copied", data={"text": "Правка", "agent": BORIS}).is_success
    assert "автор ответа" in http.post(base + "/sign-off", data=sign).text


def test_signers_are_listed_by_branch_and_a_lead_of_the_console_is_one(site: Site) -> None:
    listed = Signers.model_validate(
        {"default": [{"name": "Общий"}], "branches": {"Тверь": [{"name": "Свой"}, {"name": "общий", "role": "зам"}]}}
    )
    assert [signer.name for signer in listed.of("Москва", ["Лида", "ОБЩИЙ"])] == ["Общий", "Лида"]
    assert [signer.name for signer in listed.of("Тверь")] == ["Свой", "общий"]
    assert site.service.store
    site.service.store.accounts.add("Вера Консольная", "lead", "hash")
    site.service.store.accounts.add("Глеб Консольный", "agent", "hash")
    with closing(httpx.Client(base_url=site.address, timeout=PATIENCE)) as http:
        text = http.get(site.widget(SAFETY)).text
    assert "Вера Консольная" in text
    assert "Глеб Консольный" not in text
    sign = {"text": "От Веры", "name": "Вера Консольная", "agreed": "true", "agent": ANNA}
    with closing(httpx.Client(base_url=site.address, timeout=PATIENCE)) as http:
        assert http.post(site.widget(SAFETY) + "/sign-off", data=sign).is_success
        assert http.post(site.widget(SAFETY) + "/sign-off", data=sign | {"name": "Глеб Консольный"}).status_code == 422


def test_a_faulty_list_of_signers_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sign_off.yaml").write_text("default: [{role: без имени}]", encoding="utf-8")
    with pytest.raises(PhrasebankError, match=r"sign_off\.yaml"):
        load_signers(tmp_path)


def test_a_rejection_with_its_reason(site: Site, http: httpx.Client) -> None:
    assert "не тот тон" in http.post(site.widget(DELIVERY) + "/reject", data={"reason": "tone", "agent": ANNA}).text
    assert Kind.REJECTED in kinds(site, DELIVERY)
    assert http.post(site.widget(DELIVERY) + "/reject", data={"reason": "boredom"}).status_code == 422


def test_skipped_reviews_are_closed_together(site: Site, http: httpx.Client) -> None:
    said = http.post(site.widget(EMOJI) + "/skipped", data={"agent": ANNA}).text
    assert "1 из 1" in said
    assert Kind.CLOSED in kinds(site, EMOJI)


def test_the_record_is_told_to_everyone(site: Site, http: httpx.Client) -> None:
    base = site.widget(COFFEE)
    assert "Анна Агентова" in http.post(base + "/opened", data={"agent": ANNA}).text
    told = http.get(base + "/activity").text
    assert "открыта подсказка" in told
    at = datetime.fromisoformat(re.findall('datetime="([^"]+)"', told)[0])
    assert at.utcoffset() == timedelta(hours=3), "told by the company's clock, Moscow's by default"
    http.post(base + "/scenario", data={"scenario": "store"})
    assert "Есть другой вариант" in http.get(base + "/activity", params={"revision": 1}).text
    assert "Есть другой вариант" not in http.get(base + "/activity", params={"revision": 2}).text


@pytest.mark.parametrize(
    ("text", "platform", "grounds"),
    [
        ("Курьер не приехал, доставку ждали неделю.", "2gis", []),
        ("Идиоты, доставку сорвали!", "2gis", ["obscene"]),
        ("Подписывайтесь: https://spam.example", "google", ["solicitation"]),
        ("ДОСТАВКУ ЖДАЛИ НЕДЕЛЮ НИКТО НЕ ПРИЕХАЛ", "2gis", ["all_caps"]),
        ("Идиоты, доставку сорвали!", "otzovik", []),
        ("Курьер не приехал, доставку ждали неделю.", "yandex", []),
        ("Доставку сорвали, берите на shop.example.com", "yandex", ["links"]),
    ],
)
def test_a_ground_is_offered_only_where_it_is_found(text: str, platform: str, grounds: list[str]) -> None:
    bank = the_bank()
    made = a_suggester().suggest(a_review(text=text, platform=platform))
    assert [offer.ground.id for offer in offers(made, bank, load_appeals(bank.path))] == grounds


def test_a_violation_is_offered_every_ground_and_its_state_is_kept(site: Site, http: httpx.Client) -> None:
    base = site.widget(COFFEE)
    shown = http.post(base + "/scenario", data={"scenario": "violation"}).text
    assert "Жалоба площадке" in shown
    assert "https://account.2gis.com" in shown
    for state, title in (("submitted", "подана"), ("declined", "отклонена"), ("removed", "отзыв удалён")):
        assert f'<span class="tag">{title}</span>' in http.post(base + "/appeal", data={"state": state}).text
    assert Kind.APPEALED in kinds(site, COFFEE)


def test_yandex_names_its_own_rules_and_the_general_one_last() -> None:
    bank = the_bank()
    made = a_suggester().suggest(a_review(text="Плохо.", platform="yandex"), "violation")
    told = [offer.ground.id for offer in offers(made, bank, load_appeals(bank.path))]
    assert told == ["not_client", "conflict_of_interest", "links", "obscene", "rules"]


def test_every_ground_has_approved_words_without_findings_in_them() -> None:
    bank = the_bank()
    named = {ground.id for rules in bank.platforms.values() if rules.appeal for ground in rules.appeal.grounds}
    assert named == {ground for phrase in load_appeals(bank.path) for ground in phrase.grounds}


def test_a_question_keeps_its_place_until_it_is_filled(site: Site, http: httpx.Client) -> None:
    base = site.widget(DELIVERY)
    http.post(base + "/scenario", data={"scenario": "question"})
    told = http.post(base + "/check", data={"text": site.made(DELIVERY).text}).json()
    assert [finding for finding in told["findings"] if "впишите" in finding["message"].lower()]


def test_it_says_what_a_review_is_like_and_how_likely_each_scenario_is(site: Site, http: httpx.Client) -> None:
    matched = site.made(REPAIR).match
    assert matched
    page = http.get(site.widget(REPAIR)).text
    assert "Почему этот сценарий" in page
    assert f"<q>{escape(matched.nearest[0].text)}</q>" in page
    assert page.count("<meter") == 1 + len(matched.runners_up)
    assert "Почему этот сценарий" not in http.post(site.widget(REPAIR) + "/scenario", data={"scenario": "store"}).text


def test_it_says_why_there_is_no_reply_ready(site: Site, http: httpx.Client) -> None:
    matched = site.made(SAFETY).match
    assert matched
    assert matched.scenario is None
    page = http.get(site.widget(SAFETY)).text
    assert matched.reasons[0].text in page
    assert "Что ближе всего" in page


def test_samples_are_where_these_tests_expect_them() -> None:
    assert SAMPLES[HOSTILE - FIRST].message.count("onerror")
