"""The request that a store or a department gets: subject, HTML and plain text, out of approved wordings and the review.

Nothing else is in it but the review itself, its facts, and the client's data as the agent saw them. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from html import escape

from suggest.domain import Suggestion
from suggest.hand_over import HandOverRules, Purpose
from suggest.regulation import Phrasebank

MAX_SUBJECT = 255
_BOX = "border:1px solid #d5dbe1;border-left:4px solid #0b5cad;border-radius:6px;padding:10px 12px;margin:12px 0;max-width:560px"
_QUIET = "color:#57606a;font-size:13px"


@dataclass(frozen=True)
class Request:
    """What goes out; the card is part of both bodies."""

    subject: str
    html: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True)
class Card:
    """A review as a request shows it. `facts`: platform, stars, author, branch, date; `url` is None unless it is safe."""

    title: str
    facts: str
    text: str
    url: str | None


def request(
    made: Suggestion,
    bank: Phrasebank,
    rules: HandOverRules,
    purpose: Purpose,
    screenshot: bool,
    data: str = "",
    zone: tzinfo = UTC,
) -> Request:
    """The request about a review, its day told in `zone`. `data` is what the client gave, as the agent passes it on."""
    say, shown = rules.texts, card(made, bank, screenshot, zone)
    lines = [say["greeting"], say[purpose], say["screenshot" if screenshot else "card"]]
    given = data.strip()
    ending = [say["answer"]]
    html = [*(_p(line) for line in lines), _card(shown), *_given(rules, given), *(_p(line) for line in ending)]
    link = [shown.url] if shown.url else []
    plain = [
        *lines,
        "",
        shown.title,
        shown.facts,
        shown.text or "Без текста.",
        *link,
        "",
        _data(rules, given),
        "",
        *ending,
    ]
    return Request(subject(made, bank, purpose), "\n".join(html), "\n".join(plain))


def subject(made: Suggestion, bank: Phrasebank, purpose: Purpose) -> str:
    """The line by which a request is known: what is asked, and of which review."""
    asked = "Отзыв" if purpose == "check" else "Решён ли вопрос: отзыв"
    review = made.review
    where = f", {' '.join(review.branch.split())}" if review.branch else ""
    stars = f", {review.rating}★" if review.rating else ""
    return f"{asked} {bank.platforms[review.platform].title}{stars}{where}"[: MAX_SUBJECT - 30]


def card(made: Suggestion, bank: Phrasebank, screenshot: bool, zone: tzinfo = UTC) -> Card:
    """The review as it is shown in the request, its day told in `zone`."""
    review = made.review
    at = review.posted_at
    facts = (
        bank.platforms[review.platform].title,
        "★" * review.rating + "☆" * (5 - review.rating) if review.rating else "без оценки",
        review.author or "",
        review.branch or "",
        _day(at, zone) if at else f"поступил {_day(made.created_at, zone)}",
    )
    title = "Отзыв" if screenshot else "Карточка отзыва (не скриншот)"
    return Card(title, " · ".join(filter(None, facts)), review.text, review.link)


def _day(at: datetime, zone: tzinfo) -> str:
    return f"{(at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(zone):%d.%m.%Y}"


def note(text: str) -> str:
    """A wording as HTML of a comment."""
    return _p(text)


def _card(shown: Card) -> str:
    link = ""
    if shown.url:
        link = f'<p><a href="{escape(shown.url)}" rel="noopener noreferrer">Открыть отзыв</a></p>'
    words = escape(shown.text).replace("\n", "<br>") or "Без текста."
    head = f'<p style="{_QUIET}"><b>{escape(shown.title)}</b><br>{escape(shown.facts)}</p>'
    return f'<div style="{_BOX}">{head}<p>{words}</p>{link}</div>'


def _given(rules: HandOverRules, given: str) -> Iterator[str]:
    if given:
        yield _p(rules.texts["data"])
        yield f"<p>{escape(given).replace(chr(10), '<br>')}</p>"
    else:
        yield _p(rules.texts["no_data"])


def _data(rules: HandOverRules, given: str) -> str:
    return f"{rules.texts['data']}\n{given}" if given else rules.texts["no_data"]


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"
