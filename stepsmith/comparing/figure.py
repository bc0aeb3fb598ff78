"""The figure of a comparison: performance profiles, and training curves with bands, as SVG."""

import io
import math
from typing import Any

import matplotlib
import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from evaluators.comparison.ranking import best_baseline, profiles
from evaluators.comparison.results import SCALE, Comparison

_COLUMNS = 4
_FACTORS = np.geomspace(1, 10, 181)
_STYLE: dict[Any, Any] = {"svg.hashsalt": "stepsmith", "svg.fonttype": "none", "font.size": 8}


def figure(comparison: Comparison) -> str:
    """SVG text, the same for the same comparison.

    The first panel holds the profiles of all rules; each other one the validation loss on a task,
    median and quartiles over seeds, of the candidates, the best baseline and AdamW.
    """
    panels = 1 + len(comparison.tasks)
    columns = min(_COLUMNS, panels)
    rows = math.ceil(panels / columns)
    with matplotlib.rc_context(_STYLE):
        drawing = Figure(figsize=(3.2 * columns, 2.6 * rows), layout="constrained")
        axes = [drawing.add_subplot(rows, columns, place + 1) for place in range(panels)]
        styles = _styles(comparison)
        _profiles(axes[0], comparison, styles)
        shown = (*comparison.candidates, best_baseline(comparison), comparison.scale)
        for task, panel in enumerate(axes[1:]):
            _curves(panel, comparison, task, tuple(dict.fromkeys(shown)), styles)
        drawing.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=5)
        text = io.StringIO()
        drawing.savefig(text, format="svg", metadata={"Date": None, "Creator": "Stepsmith"})
    return text.getvalue()


def _styles(comparison: Comparison) -> list[dict[str, Any]]:
    """The style of each rule's line: baselines are dashed, the scale is black."""
    cycle = iter(f"C{number % 10}" for number in range(len(comparison.entrants)))
    return [
        {
            "color": "black" if rule.name == SCALE else next(cycle),
            "linestyle": "-" if rule.candidate else "--",
            "label": rule.name,
        }
        for rule in comparison.entrants
    ]


def _profiles(axes: Axes, comparison: Comparison, styles: list[dict[str, Any]]) -> None:
    for shares, style in zip(profiles(comparison, _FACTORS), styles, strict=True):
        axes.step(_FACTORS, shares, where="post", **style)
    axes.set_xscale("log")
    axes.set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
    axes.set_ylim(0, 1.02)
    axes.set_title("performance profiles")
    axes.set_xlabel(f"steps to {SCALE}'s final loss, times the fewest")
    axes.set_ylabel("share of tasks and seeds")


def _curves(
    axes: Axes,
    comparison: Comparison,
    task: int,
    shown: tuple[int, ...],
    styles: list[dict[str, Any]],
) -> None:
    setup = comparison.setups[task]
    lowest = math.inf
    for index in shown:
        low, median, high = _quartiles(comparison.losses(index, task))
        axes.plot(setup.checkpoints, median, linewidth=1, **styles[index])
        colour = styles[index]["color"]
        axes.fill_between(setup.checkpoints, low, high, color=colour, alpha=0.2, linewidth=0)
        lowest = min(lowest, np.min(low, initial=math.inf, where=np.isfinite(low)))
    if 0 < lowest < math.inf:
        axes.set_yscale("log")
    axes.set_title(setup.name)
    axes.set_xlabel("steps")
    axes.set_ylabel("validation loss")


def _quartiles(
    losses: Float[np.ndarray, "seeds checkpoints"],
) -> Float[np.ndarray, "3 checkpoints"]:
    """The three quartiles over seeds; not finite where that many runs failed."""
    curves = np.where(np.isfinite(losses), losses, np.inf)
    with np.errstate(invalid="ignore"):
        found = np.quantile(curves, [0.25, 0.5, 0.75], axis=0)
    return np.where(np.isfinite(found), found, np.nan)
