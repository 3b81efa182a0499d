"""Notification letters as the platforms send them, near enough to read and to look at; their layouts are ours."""

from __future__ import annotations

from html import escape

STARS = 5
PAGE = '<html><head><style>td{{font-family:Arial}}</style></head><body><table width="600">{rows}</table></body></html>'


def twogis(branch: str, stars: int, author: str, text: str, number: int) -> str:
    """A letter of 2GIS: stars as characters, the button «Ответить»."""
    lines = (
        "2ГИС",
        f"Новый отзыв о компании «{branch}»",
        "★" * stars + "☆" * (STARS - stars),
        author,
        "20 ноября 2026, 11:40",
        text or "Без текста",
    )
    button = f'<a href="https://account.2gis.com/reviews/{number}">Ответить</a>'
    return _page(lines, button, "Вы получили это письмо, потому что управляете компанией в 2ГИС.")


def yandex(company: str, stars: int, author: str, text: str, number: int) -> str:
    """A letter of Yandex: stars in words, the organisation in guillemets."""
    lines = (
        "Здравствуйте!",
        f"Новый отзыв об организации «{company}»",
        author,
        f"Оценка: {stars} из 5",
        text or "Пользователь поставил только оценку",
    )
    button = f'<a href="https://yandex.ru/sprav/{number}/p/edit/reviews/">Ответить на отзыв</a>'
    return _page(lines, button, "Команда Яндекс Бизнеса")


def google(company: str, stars: int, author: str, text: str, number: int) -> str:
    """A letter of Google: stars as a picture."""
    head = f"<tr><td>{escape(author)}</td></tr>"
    picture = f'<tr><td><img src="https://www.gstatic.com/stars.png" alt="{stars} из 5 звёзд"></td></tr>'
    button = f'<a href="https://business.google.com/reviews/{number}">Ответить на отзыв</a>'
    title = f"Новый отзыв о компании {company}"
    rows = "".join((_row(title), head, picture, _row(text or "Пользователь не оставил комментарий")))
    foot = f"<tr><td>{button}</td></tr>{_row('Google LLC, 1600 Amphitheatre Parkway, Mountain View')}"
    return PAGE.format(rows=rows + foot)


def _page(lines: tuple[str, ...], button: str, foot: str) -> str:
    rows = "".join(_row(line) for line in lines)
    return PAGE.format(rows=f"{rows}<tr><td>{button}</td></tr>{_row(foot)}")


def _row(text: str) -> str:
    return f"<tr><td>{escape(text).replace(chr(10), '<br>')}</td></tr>"
