"""The charts of the report as inline SVG, drawn by matplotlib. Each takes numbers and titles, and returns markup."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib

matplotlib.use("svg")

from matplotlib.figure import Figure

INK, FAINT, BLUE, LIGHT, ORANGE = "#1f2933", "#9aa5b1", "#2563a8", "#a9c9ea", "#c2570c"
_STYLE: Any = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": FAINT,
    "text.color": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def _drawn(figure: Figure, name: str) -> str:
    """The figure as SVG that fits its column, the same bytes for the same numbers."""
    target = io.StringIO()
    with matplotlib.rc_context(_STYLE | {"svg.hashsalt": name}):
        figure.savefig(target, format="svg", bbox_inches="tight", metadata={"Date": None})
    markup = target.getvalue()
    markup = markup[markup.index("<svg") :]
    head, rest = markup.split(">", 1)
    markup = re.sub(r' (?:width|height)="[^"]*"', "", head) + ">" + rest
    return re.sub(r'(id="|href="#|url\(#)', rf"\1{name}-", markup)


def _figure(width: float, height: float) -> tuple[Figure, Any]:
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(width, height))
        return figure, figure.add_subplot()


def risk_coverage(points: Sequence[Sequence[float]], operating: Sequence[float] | None) -> str:
    """The share of wrong answers by how much is answered; `operating` is where the service stands."""
    figure, axes = _figure(7, 3.6)
    axes.plot([100 * x for x, _ in points], [100 * y for _, y in points], color=BLUE, linewidth=2)
    if operating:
        axes.plot(100 * operating[0], 100 * operating[1], "o", color=ORANGE, markersize=8)
        axes.annotate(
            "служба сейчас",
            (100 * operating[0], 100 * operating[1]),
            (-10, 12),
            textcoords="offset points",
            ha="right",
            color=ORANGE,
        )
    axes.set_xlabel("отвечено, % отзывов")
    axes.set_ylabel("ошибок среди ответов, %")
    axes.set_xlim(0, 102)
    axes.set_ylim(bottom=0)
    axes.grid(axis="y", color="#e4e7eb")
    return _drawn(figure, "risk")


def scenarios(lines: Mapping[str, Mapping[str, float]], titles: Mapping[str, str]) -> str:
    """Bars of top 3, top 1 and coverage by scenario, the weakest at the top."""
    names = sorted(lines, key=lambda name: (lines[name]["top1"], lines[name]["top3"]), reverse=True)
    figure, axes = _figure(7, 0.36 * len(names) + 1.1)
    places = range(len(names))
    axes.barh(
        places, [100 * lines[name]["top3"] for name in names], color=LIGHT, height=0.7, label="среди трёх догадок"
    )
    axes.barh(
        places, [100 * lines[name]["top1"] for name in names], color=BLUE, height=0.7, label="лучшая догадка верна"
    )
    axes.plot(
        [100 * lines[name]["coverage"] for name in names],
        places,
        "|",
        color=ORANGE,
        markersize=13,
        markeredgewidth=2.5,
        label="предложен ответ",
    )
    axes.set_yticks(places, [f"{titles.get(name, name)} ({lines[name]['n']})" for name in names])
    axes.set_xlim(0, 100)
    axes.set_xlabel("% отзывов сценария")
    axes.tick_params(axis="y", length=0)
    axes.legend(loc="lower center", bbox_to_anchor=(0.35, 1.0), ncols=3, frameon=False, fontsize=9)
    return _drawn(figure, "scenarios")


def confusion(table: Mapping[str, Mapping[str, int]], titles: Mapping[str, str]) -> str:
    """A heat map: rows are what was expected, columns what came, coloured by the share of the row."""
    names = [name for name in titles if name in table or any(name in got for got in table.values())]
    rows = [name for name in names if name in table]
    shares = [[table[row].get(name, 0) / sum(table[row].values()) for name in names] for row in rows]
    figure, axes = _figure(9, 0.42 * len(rows) + 2.2)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    _numbers(axes, table, rows, names)
    axes.set_xticks(range(len(names)), [titles[name] for name in names], rotation=40, ha="left")
    axes.set_yticks(range(len(rows)), [titles[name] for name in rows])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_ylabel("ожидалось")
    axes.set_xlabel("получено")
    axes.xaxis.set_label_position("top")
    return _drawn(figure, "confusion")


def _numbers(axes: Any, table: Mapping[str, Mapping[str, int]], rows: Sequence[str], names: Sequence[str]) -> None:
    """Writes the counts into the cells, light on dark ones."""
    for y, row in enumerate(rows):
        for x, name in enumerate(names):
            if count := table[row].get(name):
                axes.text(
                    x,
                    y,
                    str(count),
                    ha="center",
                    va="center",
                    fontsize=9,
                    color="white" if count > 0.5 * sum(table[row].values()) else INK,
                )


def learning(points: Sequence[Mapping[str, float]]) -> str:
    """Accuracy by the number of exemplars that the matcher learnt from."""
    figure, axes = _figure(7, 3.2)
    for name, label, colour in (("top3", "среди трёх догадок", LIGHT), ("top1", "лучшая догадка верна", BLUE)):
        known = [point for point in points if name in point]
        if known:
            axes.plot(
                [point["exemplars"] for point in known],
                [100 * point[name] for point in known],
                "o-",
                color=colour,
                label=label,
            )
    axes.set_xlabel("образцов")
    axes.set_ylabel("верно, %")
    axes.grid(axis="y", color="#e4e7eb")
    axes.legend(frameon=False)
    return _drawn(figure, "learning")
