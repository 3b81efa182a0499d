"""The prompts of the folder `prompts/`: one template for each question, with blocks `system` and `user`, and its hash.

What a review says goes in fenced: as one JSON string in which nothing can close the fence or pass for a chat token.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, StrictUndefined

from suggest.model.questions import Question, Schema

LONGEST = 6_000
"""Of a text a model sees no more characters than this: the beginning, and the end where it is longer."""

_TAIL = 1_000
_MARKUP = re.compile(r"[<>{}`|]|\[(?=/?[A-Z_]+\])")


class Prompts:
    """Renders questions; a name that a template lacks or does not get is an error, not an empty place."""

    def __init__(self, folder: Path) -> None:
        self._sources = {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.j2"))}
        # No HTML is made here, and what is not ours goes through `fenced`.
        self._environment = Environment(loader=DictLoader(self._sources), undefined=StrictUndefined)  # noqa: S701
        self._environment.globals |= {"fenced": fenced, "json": _json}

    def question(self, name: str, schema: Schema, extra: str = "", /, **values: Any) -> Question:
        """The question `name` filled in; `extra` is what else its hash stands for, such as the version of examples."""
        template = self._environment.get_template(name)
        context = template.new_context(values)
        system, user = ("".join(template.blocks[block](context)).strip() for block in ("system", "user"))
        return Question(name, f"{name}@{self.hash(name, extra)}", system, user, schema)

    def hash(self, name: str, extra: str = "") -> str:
        """Of the wording of a template."""
        return hashlib.sha256((self._sources[name] + extra).encode()).hexdigest()[:12]


def fenced(text: str) -> str:
    """A text as one JSON string, shortened where it is too long, with every sign of markup escaped."""
    if len(text) > LONGEST:
        text = f"{text[: LONGEST - _TAIL]} … {text[-_TAIL:]}"
    return _MARKUP.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
