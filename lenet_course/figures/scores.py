"""Pictures of what stands at a network's output: logits, shares, the loss.

Introduced in chapter 06.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .picture import BLUE, GREY, Picture, canvas, painted


def shares(logits: Sequence[float], right: int) -> Picture:
    """Show logits, the shares that softmax makes of them, and what the right answer's share costs.

    Args:
        logits: one for each answer.
        right: the number of the right answer; its bars are blue, and its name says so.

    Example:
        >>> print(shares([0.0, 0.0], right=1))
        Logits 0.0, 0.0 become shares of 50.00%, 50.00%; answer 1 is right, so the loss is 0.6931.

    Introduced in chapter 06.
    """
    logits = [float(logit) for logit in logits]
    largest = max(logits)
    powers = [math.exp(logit - largest) for logit in logits]
    parts = [power / sum(powers) for power in powers]
    loss = math.log(sum(powers)) - (logits[right] - largest)
    names = [f"{k}, right" if k == right else str(k) for k in range(len(logits))]
    panels = (
        ("logits", logits, "{:.1f}", 1.35 * max(5.0, *map(abs, logits))),
        ("shares", parts, "{:.2%}", 1.25),
    )
    with canvas(0.9 + 0.34 * len(logits), 1, 2, sharey=True) as (figure, grid):
        for axes, (title, values, form, reach) in zip(grid, panels, strict=True):
            colours = [BLUE if k == right else GREY for k in range(len(values))]
            bars = axes.barh(names, values, color=colours)
            axes.bar_label(bars, [form.format(value + 0.0) for value in values], padding=4)
            axes.set(xticks=[], xlim=(-reach if title == "logits" else 0, reach), title=title)
            axes.axvline(0, color="black", linewidth=0.8)
            axes.spines[["left", "bottom"]].set_visible(False)
            axes.tick_params(axis="y", length=0)
        grid[0].invert_yaxis()
        grid[1].set_title(f"shares; the loss is {loss + 0.0:.4f}")
        told = ", ".join(f"{logit + 0.0:.1f}" for logit in logits)
        made = ", ".join(f"{part:.2%}" for part in parts)
        return painted(
            figure,
            f"Logits {told} become shares of {made}; answer {right} is right, so the loss is "
            f"{loss + 0.0:.4f}.",
        )
