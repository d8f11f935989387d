"""What work costs: the parts of a whole, and how cost grows. Introduced in chapter 14."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from .picture import BLUE, DASHES, SERIES, Picture, canvas, painted

MARKERS = "osD^v"


def parts(wholes: Mapping[str, Mapping[str, float]]) -> Picture:
    """Draw what share of a whole each of its parts has: one panel a whole, one bar a part.

    Args:
        wholes: name of a whole to its parts, name to number, in any unit.

    Example:
        >>> print(parts({"a step": {"forward": 1, "back": 3}}))
        Parts in percent. A step: forward 25, back 75.

    Introduced in chapter 14.
    """
    longest, told = max(len(whole) for whole in wholes.values()), []
    with canvas(0.6 + 0.3 * longest, 1, len(wholes), squeeze=False) as (figure, grid):
        for axes, (title, whole) in zip(grid[0], wholes.items(), strict=True):
            total = sum(whole.values())
            percents = [100 * part / total for part in whole.values()]
            bars = axes.barh(list(whole), percents, color=BLUE)
            axes.bar_label(bars, [f"{percent:.0f}%" for percent in percents], padding=4)
            axes.set(title=title, xticks=[], xlim=(0, 1.25 * max(percents)))
            axes.set_ylim(longest - 0.5, -0.5)
            axes.spines["bottom"].set_visible(False)
            pairs = zip(whole, percents, strict=True)
            shares = ", ".join(f"{name} {percent:.0f}" for name, percent in pairs)
            told.append(f"{title[:1].upper()}{title[1:]}: {shares}.")
        return painted(figure, f"Parts in percent. {' '.join(told)}")


def growth(panels: Mapping[str, Mapping[str, Mapping[float, float]]], label: str) -> Picture:
    """Draw how a number grows with others; every mark of both scales is a multiple of the last.

    Args:
        panels: what it grows with, one panel each, to lines: name to {x: y}, all above 0.
        label: what the number is.

    Example:
        >>> print(growth({"width": {"multiply-adds": {1: 1, 2: 3.43}}}, label="cost"))
        Cost against width: multiply-adds 1 at 1, 3.43 at 2.

    Introduced in chapter 14.
    """
    names = list(dict.fromkeys(name for lines in panels.values() for name in lines))
    told, handles = [], {}
    with canvas(3.3, 1, len(panels), squeeze=False, sharey=True) as (figure, grid):
        for axes, (along, lines) in zip(grid[0], panels.items(), strict=True):
            ends = []
            for name, values in lines.items():
                place = names.index(name)
                style = {"color": SERIES[place], "linestyle": DASHES[place]}
                marker = {"marker": MARKERS[place], "markersize": 5}
                (handles[name],) = axes.plot(*zip(*values.items(), strict=True), **style, **marker)
                ends.append(f"{name} {_ends(values)}")
            axes.set_xscale("log", base=2)
            axes.set_yscale("log", base=2)
            axes.set_xlabel(along)
            axes.set_xticks(sorted({x for values in lines.values() for x in values}))
            axes.xaxis.set_minor_locator(NullLocator())
            if len(panels) > 2:  # narrow ones
                axes.tick_params(axis="x", labelrotation=60)
            axes.yaxis.set_major_locator(LogLocator(base=2))
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
            told.append(f"{along}: {'; '.join(ends)}")
        grid[0, 0].set_ylabel(label)
        figure.legend(
            handles.values(), handles, frameon=False, ncols=len(names), loc="outside upper center"
        )
        start = f"{label[:1].upper()}{label[1:]} against"
        return painted(figure, f"{start} {'. Against '.join(told)}.")


def _ends(values: Mapping[float, float]) -> str:
    """Tell the first number and the last, and the largest where it is neither."""
    peak = max(values, key=values.__getitem__)
    places = dict.fromkeys([min(values), peak, max(values)])
    return ", ".join(f"{values[x]:.3g} at {x:g}" for x in places)
