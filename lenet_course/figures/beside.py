"""What several seeds gave, beside what the paper reports. Introduced in chapter 13."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import mean

from .picture import DASHES, SERIES, Picture, canvas, painted

MARKERS = "osD^v"


def beside_paper(
    ours: Mapping[str, Sequence[Sequence[float]]],
    paper: Mapping[str, Sequence[float]],
    places: Sequence[float] | None = None,
    label: str = "pass",
) -> Picture:
    """Draw errors in percent: the mean of our seeds as a line, their reach shaded, points beside.

    Args:
        ours: name of an error to the values at each place, one a seed.
        paper: the same names to the paper's values, one a place.
        places: where they lie on the horizontal axis; counted from 1 when left out.
        label: what that axis counts.

    Example:
        >>> print(beside_paper({"test": [[2.0, 3.0], [1.0, 1.5]]}, {"test": [2.6, 0.9]}))
        Error in percent against pass, ours as lines, the paper's as points. test: ours from \
2.50 to 1.25, at the end 1.00 to 1.50 over 2 seeds; the paper's from 2.60 to 0.90; ours furthest \
above it at 2, by 0.35.

    Introduced in chapter 13.
    """
    told = []
    with canvas(3.6) as (figure, axes):
        for (name, values), colour, dash, marker in zip(
            ours.items(), *(marks[: len(ours)] for marks in (SERIES, DASHES, MARKERS)), strict=True
        ):
            means, beside = [mean(seeds) for seeds in values], paper[name]
            at = range(1, 1 + max(len(values), len(beside))) if places is None else places
            of_ours, of_paper = at[: len(values)], at[: len(beside)]
            lowest, highest = ([end(seeds) for seeds in values] for end in (min, max))
            axes.fill_between(of_ours, lowest, highest, color=colour, alpha=0.2, linewidth=0)
            axes.plot(of_ours, means, color=colour, linestyle=dash, label=f"{name}, ours")
            look = {"color": colour, "marker": marker, "linestyle": "none", "markersize": 5}
            axes.plot(of_paper, beside, label=f"{name}, paper's", **look)
            above, where = max(
                (our - their, place)
                for our, their, place in zip(means, beside, at, strict=False)  # as far as both go
            )
            counts = [len(seeds) for seeds in values]
            most = f"furthest above it at {where:,}, by {above:.2f}"
            told.append(
                f"{name}: ours from {means[0]:.2f} to {means[-1]:.2f}, at the end "
                f"{lowest[-1]:.2f} to {highest[-1]:.2f} over {counts[-1]} seeds"
                + (f", {counts[0]} at the beginning" if counts[0] != counts[-1] else "")
                + f"; the paper's from {beside[0]:.2f} to {beside[-1]:.2f}; ours "
                + (most if above > 0 else "never above it")
            )
        axes.set(xlabel=label, ylabel="error, %", ylim=(0, None))
        axes.set_xticks(list(at), [f"{place:,}" for place in at])
        axes.legend(frameon=False)
        return painted(
            figure,
            f"Error in percent against {label}, ours as lines, the paper's as points. "
            f"{'. '.join(told)}.",
        )
