"""What the block shows: a suggestion or a message, as HTML in which every text is escaped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from suggest.domain import Suggestion
from suggest.regulation import Phrasebank, PlatformRules
from suggest.usedesk.reader import missing

MOST_ROWS = 14
COLUMNS = 38
"""So many characters of the reply fit into a line of the sidebar, about."""


@dataclass(frozen=True)
class Message:
    """Something to tell the agent instead of a suggestion."""

    title: str
    text: str
    severe: bool = False
    url: str | None = None


@dataclass(frozen=True)
class View:
    """Renders the block from `suggest/web/templates`."""

    bank: Phrasebank
    widget: Callable[[Suggestion], str] | None = None
    """The path at which a suggestion's widget opens; None: there is no widget."""

    def suggestion(self, made: Suggestion, note: str = "", base: str = "", case: Sequence[str] = ()) -> str:
        """A suggestion of any status; `note` says what the agent should know of how it came about, `case` where it stands.

        `base` is the address at which agents' browsers reach the service; without it the widget is left out.
        """
        frame = base.rstrip("/") + self.widget(made) if self.widget and base and made.review.ticket_id else ""
        about = {"made": made, "note": note, "missing": missing(made.review), "rows": rows(made.text), "frame": frame}
        about["case"] = case
        return self._render({**about, **self._said(made)})

    def message(self, message: Message) -> str:
        return self._render({"message": message})

    def _said(self, made: Suggestion) -> Mapping[str, Any]:
        matched = made.match
        near = [self.bank.scenarios[candidate.scenario] for candidate in matched.runners_up[:2]] if matched else []
        platform = self.bank.platforms[made.review.platform]
        return {
            "platform": platform,
            "scenario": self.bank.scenarios[matched.scenario] if matched and matched.scenario else None,
            "near": near,
            "flags": [self.bank.flags[flag] for flag in (matched.flags if matched else ())],
            "department": self.bank.departments[made.department].title if made.department else "",
            "slots": self.bank.slots,
            "length": length(made.text, platform),
        }

    def _render(self, context: Mapping[str, Any]) -> str:
        return self._environment.get_template("block.html.j2").render({"made": None, "message": None, **context})

    @cached_property
    def _environment(self) -> Environment:
        loader = PackageLoader("suggest", "web/templates")
        return Environment(
            loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
        )


def rows(text: str) -> int:
    """The height of a text area in which the text is seen whole, or nearly."""
    lines = sum(1 + len(line) // COLUMNS for line in text.splitlines())
    return max(3, min(MOST_ROWS, lines + 1))


def length(text: str, platform: PlatformRules) -> int:
    """How long a text is for a platform, in what it counts."""
    return len(text.encode()) if platform.unit == "bytes" else len(text)
