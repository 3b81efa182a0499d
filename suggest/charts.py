"""Charts as inline SVG, drawn by pygal: no script, no style of their own (`charts.css` has it), readable in print.

What pygal adds for its tooltips is taken out. Each chart is one picture to a screen reader, named by its title: the
numbers stand in a table beside it, which is the caller's.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pygal
from markupsafe import Markup
from pygal.style import Style

# pygal finds its plugins by a finder of a kind that Python warns of at every later import; we have no plugins.
sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, pygal.PluginImportFixer)]

CSS = Path(__file__).parent / "console" / "static" / "charts.css"
COLOURS = 6
"""So many series have a colour of their own in `charts.css`."""
WIDTH = 560
_SVG = "{http://www.w3.org/2000/svg}"
_ROOM = Style(label_font_size=14, major_label_font_size=14, value_font_size=14)
"""Room for the letters of a narrow screen, which are larger beside the picture; `charts.css` sets the letters."""
_LABEL = 28
"""Longer names of bars are cut; the table has them whole."""


@dataclass(frozen=True)
class Series:
    """Values by column; None leaves a gap."""

    name: str
    values: Sequence[float | None]


def columns(title: str, labels: Sequence[str], series: Sequence[Series]) -> Markup:
    """Stacked columns, one a label, the first series at the bottom."""
    chart = pygal.StackedBar(**_plain(height=260), x_label_rotation=35 if len(labels) > 5 else 0)
    chart.x_labels = list(labels)
    for one in series:
        chart.add(one.name, list(one.values))
    return _markup(chart, title)


def bars(title: str, labels: Sequence[str], series: Sequence[Series], marked: Collection[int] = ()) -> Markup:
    """Lying bars, a group a label, the first one on top, with values beside them; `marked` of the first series stand out."""
    height = 46 + len(labels) * (14 + 16 * len(series))
    chart = pygal.HorizontalBar(
        **_plain(height=height), print_values=True, print_values_position="top", margin_right=44
    )
    chart.x_labels = [_short(label) for label in reversed(labels)]
    last = len(labels) - 1
    for number, one in enumerate(series):
        values = enumerate(reversed(one.values))
        chart.add(one.name, [_value(value, not number and last - place in marked) for place, value in values])
    return _markup(chart, title)


def lines(title: str, labels: Sequence[str], series: Sequence[Series], most: float | None = None) -> Markup:
    """Lines over labels, from zero up."""
    rotation = 35 if len(labels) > 5 else 0
    chart = pygal.Line(**_plain(height=240), x_label_rotation=rotation, include_x_axis=True, margin_right=44)
    chart.x_labels = list(labels)
    if most is not None:
        chart.range = (0, most)
    for one in series:
        chart.add(one.name, list(one.values))
    return _markup(chart, title)


def _plain(height: int) -> dict[str, Any]:
    return {
        "js": (),
        "no_prefix": True,
        "width": WIDTH,
        "height": height,
        "show_legend": False,
        "margin": 12,
        "style": _ROOM,
        "truncate_label": -1,
        "spacing": 6,
        "max_scale": 6,
        "print_zeroes": False,
        "value_formatter": _said,
        "no_data_text": "Нет данных",
    }


def _said(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}".rstrip("0").rstrip(".").replace(".", ",")


def _value(value: float | None, marked: bool) -> Any:
    return {"value": value, "node": {"class": "rect marked"}} if marked and value else value


def _short(name: str) -> str:
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 1].rstrip()}…"


def _markup(chart: Any, title: str) -> Markup:
    """The picture without what is not to be seen."""
    root = chart.render_tree()
    for parent in list(root.iter()):
        for child in list(parent):
            unseen = child.tag in {"desc", "defs"} or (child.tag == "title" and parent is not root)
            if unseen or not isinstance(child.tag, str) or "tooltip-overlay" in child.get("class", ""):
                parent.remove(child)
    for node in root.iter():
        node.attrib.pop("style", None)
    named = root.find("title")
    if named is not None:
        named.text = title
    root.attrib.pop("id", None)
    root.set("class", "chart")
    root.set("role", "img")
    root.set("aria-label", title)
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704
