"""What the paper reports of its own training, to be set beside ours. Introduced in chapter 13.

Sources are pages and figures of LeCun et al. (1998). Errors are in percent.
"""

from __future__ import annotations

TEST_ERROR = 0.95
"""Of LeNet-5 without distortions, from about pass 10 on."""

TRAINING_ERROR = 0.35
"""After 19 passes."""

TEST_ERROR_DISTORTED = 0.8
"""With distorted digits; figure 8 shows the mistakes of a network with 0.82."""

STEP_SIZES = (7e-5, 0.016)
"""The smallest and the largest step size in the first pass (p. 10)."""

DAYS = (2, 3)
"""Of training, for 10 to 20 passes, on one processor of 200 MHz (p. 15)."""

# Figure 5 has 21 points, though the text speaks of twenty passes. Measured in the drawing, to
# about 0.03. The training error is that of each digit just before its step.
FIGURE_5_TRAINING = (
    *(4.89, 3.05, 1.77, 1.48, 1.22, 0.91, 0.78, 0.70, 0.57, 0.49, 0.47),
    *(0.44, 0.41, 0.39, 0.39, 0.39, 0.39, 0.36, 0.36, 0.36, 0.36),
)
FIGURE_5_TEST = (
    *(2.65, 2.24, 1.48, 1.43, 1.43, 1.09, 1.04, 1.06, 0.99, 0.96, 0.96),
    *(0.99, 0.96, 0.96, 0.96, 0.96, 0.96, 0.96, 0.96, 0.96, 0.96),
)

FIGURE_6 = {15_000: 1.68, 30_000: 1.14, 60_000: 0.94}
"""Test error by the number of training digits."""
