"""Messages as people read them: the text of an HTML letter or a plain one, and the links in it.

Strangers write these messages, so everything here takes time in proportion to their length. The parser of the standard
library does not: a letter of nothing but `<a` would keep it busy for minutes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape

_TOKEN = re.compile(r"<!--.*?(?:-->|\Z)|<[!?][^<>]*>?|<(/?)([a-z][a-z0-9]*)\b([^<>]*)>", re.I | re.S)
"""A comment, a declaration, or a tag: whether it closes, its name, its attributes."""

_ATTRIBUTE = re.compile(r"""([a-z][\w:-]*)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>]+))""", re.I)
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
DEEPEST = 100
LONGEST_TAG = 4000
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
    end = 0
    for token in _TOKEN.finditer(message):
        reader.words(message[end : token.start()])
        end = token.end()
        if token[2]:
            reader.tag(token[2].lower(), token[1] == "/", token[3])
    reader.words(message[end:])
    return Letter(_tidy("".join(reader.parts)), tuple(reader.links))


def unquoted(text: str) -> str:
    """The text without the letter that it answers, where one is quoted below; nothing else left: the text."""
    return _REPLY_HEAD.split(text, maxsplit=1)[0].strip() or text


class _Reader:
    """Gathers text and links tag by tag; `hidden` is the stack of elements open inside one that is not shown."""

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.links: list[Link] = []
        self._hidden: list[str] = []
        self._href = ""
        self._caption: list[str] | None = None

    def words(self, text: str) -> None:
        if text and not self._hidden:
            self._say(re.sub(r"\s+", " ", unescape(text)))

    def tag(self, name: str, closes: bool, attributes: str) -> None:
        if closes:
            self._close(name)
            return
        given = _attributes(attributes)
        if self._hidden or name in _UNSEEN or _is_hidden(name, given):
            if name not in _VOID and len(self._hidden) < DEEPEST:
                self._hidden.append(name)
            return
        self._break(name)
        if name == "img" and _STARRED.search(given.get("alt", "")):
            self._say(given["alt"])
        if name == "a":
            self._href, self._caption = given.get("href", "").strip(), []

    def _close(self, name: str) -> None:
        if self._hidden:
            if name in self._hidden:
                while self._hidden.pop() != name:
                    pass
            return
        if name == "a" and self._caption is not None:
            self.links.append(Link(" ".join("".join(self._caption).split()), self._href))
            self._caption = None
        self._break(name)
        if name in _CELLS:
            self.parts.append(" ")

    def _break(self, name: str) -> None:
        """A new line where one is due; only <br> makes an empty one."""
        if name == "br" or (name in _LINES and "".join(self.parts[-2:]).rstrip(" ")[-1:] != "\n"):
            self.parts.append("\n")

    def _say(self, words: str) -> None:
        self.parts.append(words)
        if self._caption is not None:
            self._caption.append(words)


def _attributes(inside: str) -> dict[str, str]:
    """What stands inside a tag, the first of each name."""
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(inside[:LONGEST_TAG]):
        found.setdefault(name.lower(), unescape(next(filter(None, values), "")))
    return found


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
