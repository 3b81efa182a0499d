"""Tickets of all kinds for the stand-in, written for the demo."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from suggest.demo import letters

ROBOTS = {
    "2gis": "noreply@2gis.ru",
    "yandex": "noreply@business.yandex.ru",
    "google": "businessprofile-noreply@google.com",
}
SUBJECTS = {
    "2gis": "Новый отзыв о вашей компании в 2ГИС",
    "yandex": "Новый отзыв о вашей организации на Яндекс Картах",
    "google": "{author} оставил отзыв о компании «Компания»",
}
LETTERS = {"2gis": letters.twogis, "yandex": letters.yandex, "google": letters.google}
BRANCHES = {"2gis": "Фирменный магазин, ул. Баумана, 12", "yandex": "Компания», Тверская, 7", "google": "Компания"}


@dataclass(frozen=True)
class Sample:
    """A ticket as it comes in; `fields` by the names of the stand-in's dictionary."""

    subject: str
    message: str
    client: str
    email: str = ""
    channel: str = "email"
    additional_id: str = ""
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = field(default_factory=dict)


def notification(platform: str, stars: int, author: str, text: str, number: int = 4821) -> Sample:
    """The ticket that a platform's letter about a review opens."""
    message = LETTERS[platform](BRANCHES[platform].rstrip("»"), stars, author, text, number)
    return Sample(SUBJECTS[platform].format(author=author), message, "Уведомления", ROBOTS[platform])


SAMPLES = (
    notification(
        "2gis",
        1,
        "Мария Кравцова",
        "Холодильник обещали привезти во вторник, потом в четверг, сегодня уже понедельник.\n"
        "Весь день просидела дома, никто даже не позвонил.",
    ),
    notification(
        "yandex",
        2,
        "Ильдар С.",
        "Зашли в фирменный магазин выбрать духовку. Продавец разговаривал сквозь зубы, на вопросы отвечал «читайте ценник».",
    ),
    notification(
        "google",
        1,
        "Тимур",
        "Через месяц из духовки пошёл дым и заискрила розетка, ребёнок еле успел отскочить. Если не решите, пойду в суд.",
    ),
    notification("2gis", 2, "Ааа", ""),
    notification("2gis", 5, "Ольга", "👍👍👍"),
    notification(
        "yandex",
        5,
        "Сергей Павлович",
        "Брали посудомойку в новый дом. Продавец объяснил всё спокойно и без навязывания, установили за час. Довольны!",
    ),
    notification(
        "google",
        3,
        "Роза Ветрова",
        "Телевизор хороший, картинка отличная. А вот приложение с пультом не соединяется третий день, пароль не принимает.",
    ),
    Sample(
        "Отзыв 2ГИС: 2★, Сервисный центр на Лесной",
        "Мастер приезжал дважды, детали всё нет. Стиральная машина стоит разобранная вторую неделю, трубку не берут.",
        "Наталья Гордеева",
        channel="api",
        additional_id="2gis-70000001023",
        tags=("отзыв", "2gis"),
    ),
    Sample(
        "Отзыв о филиале",
        "Отменили заказ сами, а деньги за чайник не возвращают уже три недели. Мой телефон 8 900 000-00-00, звоните.",
        "bridge",
        channel="api",
        additional_id="yandex-88112",
        fields={
            "Площадка": "Яндекс Карты",
            "Оценка": "1",
            "Филиал": "Казань, ул. Баумана, 12",
            "Ссылка на отзыв": "https://yandex.ru/maps/org/1/reviews/88112",
        },
    ),
    Sample(
        "Сообщение из чата",
        "Здравствуйте, мастер приезжал дважды, детали всё нет, стиралка стоит разобранная. Сколько ещё ждать?",
        "Азамат",
        channel="chat",
    ),
    Sample(
        "Отзыв 2ГИС: 4★, Кофейня у вокзала",
        "Взбить три яйца с сахаром, добавить муку и выпекать до румяной корочки.",
        "Гость",
        channel="api",
        additional_id="2gis-70000001024",
    ),
    notification(
        "2gis",
        1,
        "Айгерим",
        "Тоңазытқышты бір апта күттік, курьер келмеді, ешкім хабарласпады. Ақшамызды қайтарыңыз!",
    ),
    notification(
        "2gis",
        1,
        "<b onmouseover=alert(1)>Вова</b>",
        '<img src=x onerror="document.title=\'взломано\'"><script>document.title="взломано"</script> {{7*7}} ${7*7} '
        "<a href='javascript:alert(1)'>Ответить</a> Курьер доставку не привёз! Ответить: javascript:alert(1)",
    ),
    Sample("Ежедневная сводка", "Вчера в вашем кабинете 3 новых события.", "Робот", "noreply@svodka.example"),
)
