"""What the regulation says of hand-overs (000 §8-9): to whom, when, in which words; and pictures told by their bytes."""

from __future__ import annotations

import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from suggest.domain import InputError
from suggest.hand_over import AFTER_DATA, STORE, called_for, faults, forbidden, load_hand_over
from suggest.hand_over_letter import request
from suggest.phrasebank import load
from suggest.pictures import EMPTY, LARGEST, NOT_A_PICTURE, TOO_LARGE, picture
from suggest.settings import PROJECT
from tests.fakes import a_review, a_suggester, the_bank

RULES = load_hand_over(PROJECT / "phrasebank")
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script> {{7*7}} Доставку сорвали"


@pytest.mark.parametrize(
    ("branch", "store"),
    [
        ("Фирменный магазин, ул. Баумана, 12", "kazan-baumana"),
        ("Компания», Тверская, 7", "moscow-tverskaya"),
        ("КАЗАНЬ, УЛ. БАУМАНА, 12", "kazan-baumana"),
        ("Казань", None),
        ("Баумана, 12 и Тверская, 7", None),
        ("Сервисный центр на Лесной", None),
        (None, None),
    ],
)
def test_a_branch_names_its_store_or_none(branch: str | None, store: str | None) -> None:
    found = RULES.store_of(branch)
    assert (found.id if found else None) == store


def test_whom_a_request_goes_to() -> None:
    bank = the_bank()
    store = RULES.recipient(bank, STORE, "kazan-baumana")
    assert store
    assert store.mail == "kazan-baumana@stores.example"
    assert RULES.recipient(bank, STORE) is RULES.recipient(bank, STORE, "nowhere") is None
    assert RULES.recipient(bank, "nobody") is None
    for department in bank.departments:
        assert department == STORE or RULES.recipient(bank, department)


def test_the_store_is_asked_at_once_and_others_after_the_data() -> None:
    assert forbidden(STORE, data_received=False) is None
    for department in the_bank().departments:
        if department != STORE:
            assert forbidden(department, data_received=False) == AFTER_DATA
            assert forbidden(department, data_received=True) is None


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, True),
        ({"text": "Ремонт: мастер не приехал."}, True),
        ({"rating": 5, "text": "Отлично, спасибо!"}, False),
        ({"rating": 5, "text": "👍"}, False),
    ],
)
def test_a_hand_over_is_called_for_by_the_actions(changes: dict[str, object], asked: bool) -> None:
    assert called_for(a_suggester().suggest(a_review(**changes))) is asked


def test_a_request_holds_the_review_and_approved_words_only() -> None:
    made = a_suggester().suggest(a_review(url="https://2gis.ru/r/1", posted_at="2026-10-05T10:00:00Z", branch="Казань"))
    told = request(made, the_bank(), RULES, "check", screenshot=False, data="Тел. 7 000\nзаказ 5")
    lines = told.text.splitlines()
    for said in ("Просим проверить и разобраться в ситуации.", "Карточка отзыва (не скриншот)", "https://2gis.ru/r/1"):
        assert said in lines
    assert "2ГИС · ★☆☆☆☆ · Мария Петрова · Казань · 05.10.2026" in lines
    facts = {
        "2ГИС · ★☆☆☆☆ · Мария Петрова · Казань · 05.10.2026",
        "Карточка отзыва (не скриншот)",
        "https://2gis.ru/r/1",
    }
    ours = set(RULES.texts.values()) | facts | {made.review.text, "Тел. 7 000", "заказ 5", ""}
    assert set(lines) <= ours
    assert told.subject == "Отзыв 2ГИС, 1★, Казань"


def test_the_day_of_a_review_is_told_by_the_clock_of_the_company() -> None:
    posted = "2026-10-05T22:30:00Z"
    made = a_suggester().suggest(a_review(posted_at=posted))
    told = request(made, the_bank(), RULES, "check", screenshot=False, zone=ZoneInfo("Europe/Moscow"))
    assert "06.10.2026" in told.text
    assert "05.10.2026" not in told.text + told.html
    assert "05.10.2026" in request(made, the_bank(), RULES, "check", screenshot=False).text


def test_a_request_with_a_screenshot_has_no_word_of_a_card_and_asks_whether_it_is_solved() -> None:
    made = a_suggester().suggest(a_review())
    told = request(made, the_bank(), RULES, "solved", screenshot=True)
    assert "Скриншот отзыва приложен." in told.text
    assert "арточка" not in told.text + told.html
    assert "был ли решён вопрос с клиентом?" in told.text
    assert "Данных клиента пока нет." in told.text


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", None, "http://["])
def test_a_hostile_review_is_harmless_in_its_card(url: str | None) -> None:
    made = a_suggester().suggest(a_review(text=HOSTILE, author="<b>Вова</b>", url=url, branch='"><script>'))
    html = request(made, the_bank(), RULES, "check", screenshot=False, data="<script>data</script>").html
    for said in ("<script", "<img", "<b>Вова", "javascript:", "href"):
        assert said not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (PNG, "screenshot.png", "image/png"),
        (b"\xff\xd8\xff\xe0" + bytes(20), "screenshot.jpg", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "screenshot.webp", "image/webp"),
    ],
)
def test_a_picture_is_told_by_its_bytes(data: bytes, name: str, kind: str) -> None:
    found = picture(data)
    assert (found.name, found.media_type, found.data) == (name, kind, data)


def test_the_name_of_a_picture_is_tamed() -> None:
    assert picture(PNG, '../../x/Снимок "1".exe').name == "Снимок-1.png"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", EMPTY),
        (b"<svg onload=alert(1)>", NOT_A_PICTURE),
        (b"GIF89a" + bytes(20), NOT_A_PICTURE),
        (b"RIFF\x00\x00\x00\x00WAVE", NOT_A_PICTURE),
        (PNG + bytes(LARGEST), TOO_LARGE),
    ],
)
def test_anything_else_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(InputError) as refused:
        picture(data, "picture.png")
    assert refused.value.reason == said


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT / "phrasebank", tmp_path / "phrasebank"))


def test_the_directory_as_it_stands_has_no_fault() -> None:
    assert list(faults(the_bank())) == []


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("stores.yaml", "kazan-baumana@stores.example", "kazan", "kazan-baumana: mail: not an address"),
        ("stores.yaml", "id: moscow-tverskaya", "id: kazan-baumana", "kazan-baumana: the id occurs twice"),
        ("stores.yaml", '"Тверская, 7"', '"Баумана, 12"', "«Баумана, 12» names kazan-baumana too"),
        ("stores.yaml", "branches", "branch", "Extra inputs"),
        ("departments.yaml", "app@departments.example", "app", "app_developers: mail"),
        ("phrases/hand_over.yaml", "use: check", "use: solved", "an approved wording for check is needed"),
        ("phrases/hand_over.yaml", "{ticket}", "{request}", "hand-over-link-back: ticket must stand in it"),
        ("phrases/hand_over.yaml", "Здравствуйте, коллеги.", "Здравствуйте, {client_name}.", "no variable must stand"),
    ],
)
def test_lint_names_every_fault(folder: Path, name: str, old: str, new: str, said: str) -> None:
    path = folder / name
    content = path.read_text(encoding="utf-8")
    assert old in content
    path.write_text(content.replace(old, new), encoding="utf-8")
    assert said in "\n".join(faults(load(folder)))
