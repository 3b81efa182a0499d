"""Messages as people read them: the text of an HTML letter or a plain one, and the links in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser

_TAG = re.compile(
    r"</?(?:html|body|div|p|br|span|a|b|i|u|em|strong|table|tr|td|ul|ol|li|h[1-6]|img|font|blockquote)\b", re.I
)
_LINES = frozenset({"p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "section"})
_CELLS = frozenset({"td", "th"})
_UNSEEN = frozenset({"script", "style", "head", "title", "template", "noscript", "svg"})
_VOID = frozenset(
    {"br", "img", "hr", "meta", "link", "input", "area", "base", "col", "wbr", "source", "embed", "param"}
)
_HIDDEN = re.compile(r"display\s*:\s*none|font-size\s*:\s*0|max-height\s*:\s*0|mso-hide\s*:\s*all", re.I)
_STARRED = re.compile(r"[★☆⭐]|\b[1-5]\s*(?:из|/|of)\s*5\b|зв[её]зд|\bstars?\b", re.I)
_QUOTE = re.compile(r"gmail_quote|moz-cite|yahoo_quoted|usedesk_quote", re.I)
_REPLY_HEAD = re.compile(
    r"^(?:>|-{3,} ?(?:Original|Исходное|Пересылаемое|Forwarded)|.{4,80}<[^<>\s]+@[^<>\s]+>.{0,20}:\s*$)", re.I | re.M
)


@dataclass(frozen=True)
class Link:
    caption: str
    href: str


@dataclass(frozen=True)
class Letter:
    """What a message says, and where its links lead."""

    text: str
    links: tuple[Link, ...] = ()


def letter(message: str) -> Letter:
    """A message in HTML or in plain text; what is hidden or quoted in HTML is left out."""
    if not _TAG.search(message):
        return Letter(_tidy(message))
    reader = _Reader()
    reader.feed(_without_comments(message))
    reader.close()
    return Letter(_tidy("".join(reader.parts)), tuple(reader.links))


def unquoted(text: str) -> str:
    """The text without the letter that it answers, where one is quoted below; nothing else left: the text."""
    return _REPLY_HEAD.split(text, maxsplit=1)[0].strip() or text


def _without_comments(message: str) -> str:
    """The message without comments and declarations, over thousands of which Python's parser takes minutes."""
    pieces, at = [], 0
    while (start := message.find("<!--", at)) >= 0:
        pieces.append(message[at:start])
        end = message.find("-->", start)
        at = end + 3 if end >= 0 else len(message)
    return re.sub(r"<[!?][^<>]*>?", "", "".join([*pieces, message[at:]]))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.links: list[Link] = []
        self._skipped: list[str] = []
        self._href = ""
        self._caption: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if self._skipped or tag in _UNSEEN or _is_hidden(tag, given):
            if tag not in _VOID:
                self._skipped.append(tag)
            return
        self._break(tag)
        if tag == "img" and _STARRED.search(given.get("alt", "")):
            self._say(given["alt"])
        if tag == "a":
            self._href, self._caption = given.get("href", "").strip(), []

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            if tag in self._skipped:
                while self._skipped.pop() != tag:
                    pass
            return
        if tag == "a" and self._caption is not None:
            self.links.append(Link(" ".join("".join(self._caption).split()), self._href))
            self._caption = None
        self._break(tag)
        if tag in _CELLS:
            self.parts.append(" ")

    def handle_data(self, data: str) -> None:
        if not self._skipped:
            self._say(re.sub(r"\s+", " ", data))

    def _break(self, tag: str) -> None:
        """A new line where one is due; only <br> makes an empty one."""
        if tag == "br" or (tag in _LINES and "".join(self.parts[-2:]).rstrip(" ")[-1:] != "\n"):
            self.parts.append("\n")

    def _say(self, words: str) -> None:
        self.parts.append(words)
        if self._caption is not None:
            self._caption.append(words)


def _is_hidden(tag: str, given: dict[str, str]) -> bool:
    return (
        bool(_HIDDEN.search(given.get("style", "")))
        or bool(_QUOTE.search(given.get("class", "")))
        or (tag == "blockquote" and given.get("type") == "cite")
    )


def _tidy(text: str) -> str:
    text = re.sub(r"[\u00ad\u200b-\u200f\u2060\ufeff\0]", "", text.replace("\r\n", "\n").replace("\r", "\n"))
    lines = (re.sub(r"[^\S\n]+", " ", line).strip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
