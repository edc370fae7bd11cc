"""How our pages draw: one style for all plots, as SVG, the same to the byte for the same figures, without pyplot."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

INK, SOFT, GRID, OWN = "#1d2733", "#5c6b7a", "#dfe5ea", "#1f6f8b"
OTHERS = ("#b7791f", "#8a4f7d", "#6b8e4e", "#9aa5b1", "#c1666b")

_STYLE: Any = {
    "svg.hashsalt": "accord",
    "font.family": "DejaVu Sans",
    "font.size": 9.0,
    "text.color": INK,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.titlesize": 10.0,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "legend.frameon": False,
    "legend.fontsize": 8.0,
}


@contextmanager
def figure_of(width: float, height: float, columns: int = 1) -> Iterator[tuple[Figure, list[Axes]]]:
    """A figure of our style; settings of matplotlib are as before afterwards."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False)[0]
        for one in axes:
            one.set_axisbelow(True)
        yield figure, list(axes)


def svg_of(figure: Figure) -> bytes:
    """The figure as SVG, without date and maker."""
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()
