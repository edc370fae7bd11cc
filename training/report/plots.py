"""The plots of the report as SVG: drawn without pyplot, the same to the byte for the same figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from training.drawing import GRID, OTHERS, OWN, SOFT, figure_of, svg_of
from training.report.facts import Report
from training.report.words import CHOSEN, CONSTANTS, HEADS, method


def plots(report: Report) -> dict[str, bytes]:
    """Every plot by name: ``<head>_calibration``, ``_gain``, ``_scores``, and ``_dates`` where there are dates."""
    kinds: dict[str, Callable[[Report, str, Axes], None]] = {
        "calibration": _calibration,
        "gain": _gain,
        "scores": _scores,
    }
    out = {}
    for head in report.heads:
        for name, draw in kinds.items():
            with figure_of(3.8, 3.2) as (figure, axes):
                draw(report, head, axes[0])
                out[f"{head}_{name}"] = svg_of(figure)
        if report.timed:
            with figure_of(11.4, 4.0, columns=2) as (figure, axes):
                _dates(report, head, "auc", axes[0])
                _dates(report, head, "log_loss", axes[1])
                handles, labels = axes[1].get_legend_handles_labels()
                figure.legend(handles, labels, loc="outside lower center", ncols=6)
                out[f"{head}_dates"] = svg_of(figure)
    return out


def _calibration(report: Report, head: str, axes: Axes) -> None:
    """What was predicted against what happened, with intervals; the diagonal is perfect."""
    curve = report.evaluation.calibration
    rows = curve[(curve["head"] == head) & (curve["method"] == CHOSEN)]
    most = 1.08 * float(max(rows["predicted"].max(), rows["high"].max()))
    axes.plot([0, most], [0, most], color=SOFT, linewidth=1, linestyle=(0, (4, 3)), label="perfect")
    spread = np.abs(rows[["low", "high"]].to_numpy().T - rows["observed"].to_numpy())
    style: Any = {"color": OWN, "marker": "o", "markersize": 4, "linewidth": 1.3, "elinewidth": 1, "capsize": 2}
    axes.errorbar(rows["predicted"], rows["observed"], yerr=spread, label="observed, 95 % interval", **style)
    axes.set(xlim=(0, most), ylim=(0, most), xlabel="predicted probability", ylabel=f"share {HEADS[head][1]}")
    axes.set_title("Do probabilities mean what they say?")
    axes.legend(loc="upper left")


def _gain(report: Report, head: str, axes: Axes) -> None:
    """How much of all yeses the best share of leads holds."""
    axes.plot([0, 1], [0, 1], color=SOFT, linewidth=1, linestyle=(0, (4, 3)), label="at random")
    for name, colour in _ranking(report):
        rows = report.evaluation.gain
        rows = rows[(rows["head"] == head) & (rows["method"] == name)]
        own = name == CHOSEN
        axes.plot(rows["share"], rows["captured"], color=colour, linewidth=2.2 if own else 1.1, label=method(name))
    axes.axvline(0.1, color=GRID, linewidth=1.5, zorder=0)
    axes.set(
        xlim=(0, 1), ylim=(0, 1.01), xlabel="share of leads taken, best first", ylabel=f"share of all {HEADS[head][1]}"
    )
    axes.set_title("How early do the good ones come?")
    axes.legend(loc="lower right", fontsize=7)


def _scores(report: Report, head: str, axes: Axes) -> None:
    """How probabilities are spread, for those that said yes and those that did not."""
    rows = report.table[(report.table["head"] == head) & (report.table["weight"] > 0)]
    edges = np.linspace(0.0, min(1.0, 1.05 * float(rows[CHOSEN].max())), 31).tolist()
    for answer, colour, label in ((0.0, "#9aa5b1", f"not {HEADS[head][1]}"), (1.0, OWN, HEADS[head][1])):
        mine = rows[rows["y"] == answer]
        weight = mine["weight"] / mine["weight"].sum()
        axes.hist(mine[CHOSEN], edges, weights=weight, color=colour, alpha=0.65, label=label)
    axes.set(xlabel="predicted probability", ylabel="share of each group")
    axes.set_title("How are the probabilities spread?")
    axes.legend(loc="best")


def _dates(report: Report, head: str, metric: str, axes: Axes) -> None:
    """A metric by backtest date, with intervals for the chosen one."""
    table = report.evaluation.metrics
    table = table[(table["head"] == head) & (table["metric"] == metric) & table["date"].notna()]
    days = [f"{date:%d %b\n%Y}" for date in sorted(table["date"].unique())]
    for name, colour in _compared(report, metric):
        rows = table[table["method"] == name].sort_values("date")
        place = np.arange(len(rows))
        own = name == CHOSEN
        axes.plot(
            place, rows["value"], color=colour, marker="o", markersize=4 if own else 2.5, linewidth=2 if own else 1
        )
        axes.lines[-1].set_label(method(name))
        if own:
            axes.fill_between(place, rows["low"], rows["high"], color=colour, alpha=0.15, linewidth=0)
    axes.set_xticks(np.arange(len(days)), days)
    axes.set_title("AUC by date (higher is better)" if metric == "auc" else "Log-loss by date (lower is better)")


def _compared(report: Report, metric: str) -> list[tuple[str, str]]:
    """Methods with their colours; constants have no ranking worth a line."""
    return _ranking(report) if metric == "auc" else _coloured(report.methods)


def _ranking(report: Report) -> list[tuple[str, str]]:
    return [(name, colour) for name, colour in _coloured(report.methods) if name not in CONSTANTS]


def _coloured(methods: tuple[str, ...]) -> list[tuple[str, str]]:
    others = [name for name in methods if name != CHOSEN]
    return [(CHOSEN, OWN), *((name, OTHERS[i % len(OTHERS)]) for i, name in enumerate(others))]
