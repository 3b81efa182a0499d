"""Sample reviews of all kinds, written for the demo."""

from __future__ import annotations

from suggest.domain import Platform, Review

SAMPLES = (
    Review(
        platform=Platform.TWOGIS,
        rating=1,
        author="Мария Кравцова",
        text="Холодильник обещали привезти во вторник, потом в четверг, сегодня уже понедельник. Весь день просидела дома, "
        "никто даже не позвонил.",
    ),
    Review(
        platform=Platform.YANDEX,
        rating=5,
        author="user77",
        text="Брали посудомойку в новый дом. Продавец объяснил всё спокойно и без навязывания, установили за час. Довольны!",
    ),
    Review(
        platform=Platform.GOOGLE,
        rating=1,
        author="Тимур",
        text="Через месяц из духовки пошёл дым и заискрила розетка, ребёнок еле успел отскочить. Если не решите, пойду в суд.",
    ),
    Review(
        platform=Platform.TWOGIS,
        rating=3,
        author="Роза Ветров",
        text="Телевизор хороший, картинка отличная. А вот приложение с пультом не соединяется третий день, пароль не принимает.",
    ),
    Review(platform=Platform.TWOGIS, rating=2, author="Ааа", text=""),
    Review(platform=Platform.TWOGIS, rating=5, author="Ольга", text="👍👍👍"),
    Review(
        platform=Platform.DM,
        rating=None,
        author="Азамат",
        text="Здравствуйте, мастер приезжал дважды, детали всё нет, стиралка стоит разобранная. Сколько ещё ждать?",
    ),
    Review(
        platform=Platform.OTHER,
        rating=None,
        author=None,
        text="Взбить три яйца с сахаром, добавить муку и выпекать до румяной корочки.",
    ),
)
