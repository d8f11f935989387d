"""The modules of 1998 that torch lacks. Sources are pages of LeCun et al. (1998)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

AMPLITUDE = 1.7159
SLOPE = 2 / 3

# Table I (p. 8): for each map of C3, the maps of S2 that it reads.
TABLE_I: tuple[tuple[int, ...], ...] = (
    (0, 1, 2),
    (1, 2, 3),
    (2, 3, 4),
    (3, 4, 5),
    (0, 4, 5),
    (0, 1, 5),
    (0, 1, 2, 3),
    (1, 2, 3, 4),
    (2, 3, 4, 5),
    (0, 3, 4, 5),
    (0, 1, 4, 5),
    (0, 1, 2, 5),
    (0, 1, 3, 4),
    (1, 2, 4, 5),
    (0, 2, 3, 5),
    (0, 1, 2, 3, 4, 5),
)


class ScaledTanh(nn.Module):
    """The squash of 1998: 1.7159 tanh(2x/3), which takes +1 to +1 and -1 to -1.

    Any shape in, the same shape out.

    Example:
        >>> f"{ScaledTanh()(torch.tensor(1.0)).item():.4f}"
        '1.0000'

    Source: p. 7 and appendix A (p. 40). Introduced in chapter 07; opened up in chapter 03.
    """

    def forward(self, inputs: Tensor) -> Tensor:
        """Squash every number."""
        return AMPLITUDE * torch.tanh(SLOPE * inputs)


class Subsampling(nn.Module):
    """The pooling of 1998: gather each window, times a coefficient, plus a bias.

    Args:
        channels: number of maps; each has its own coefficient and bias.
        kernel_size: side of the window.
        stride: step of the window; its own side when left out.
        reduction: "sum" as on p. 7, or "mean" as on p. 6: with the mean a coefficient has to be
            as many times larger as the window has pixels.

    Shapes: (N, channels, H, W) to (N, channels, H', W').

    Example:
        >>> Subsampling(6)(torch.zeros(1, 6, 28, 28)).shape
        torch.Size([1, 6, 14, 14])

    Source: p. 6-7. Introduced in chapter 07; opened up in chapter 04.
    """

    def __init__(
        self,
        channels: int,
        kernel_size: int | tuple[int, int] = 2,
        stride: int | tuple[int, int] | None = None,
        reduction: str = "sum",
    ) -> None:
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.reduction = reduction
        self.coefficient = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self.reset_parameters()

    @property
    def window(self) -> int:
        """The number of pixels that a unit looks at."""
        sides = self.kernel_size if isinstance(self.kernel_size, tuple) else (self.kernel_size,) * 2
        return math.prod(sides)

    def reset_parameters(self) -> None:
        """Start as a gentle blur: half the sum of four, which is twice their mean."""
        with torch.no_grad():
            self.coefficient.fill_(0.5 if self.reduction == "sum" else 0.5 * self.window)
            self.bias.zero_()

    def forward(self, maps: Tensor) -> Tensor:
        """Gather, scale and shift every window of every map."""
        gathered = functional.avg_pool2d(maps, self.kernel_size, self.stride)
        if self.reduction == "sum":
            gathered = gathered * self.window
        return gathered * self.coefficient[:, None, None] + self.bias[:, None, None]

    def extra_repr(self) -> str:
        """Show the settings when the module is printed."""
        channels = len(self.coefficient)
        return f"{channels}, kernel_size={self.kernel_size}, reduction={self.reduction!r}"


class TableConv2d(nn.Module):
    """A convolution in which each output map reads the input maps that a table lists.

    Only the kernels of the table exist, so Table I gives 60 kernels of 5x5 and 16 biases: 1,516
    parameters, none of them masked.

    Args:
        in_channels: number of input maps.
        table: for each output map, the input maps that it reads.
        kernel_size, stride, padding, dilation: as in torch.nn.Conv2d.
        bias: one more number for each output map.

    Shapes: (N, in_channels, H, W) to (N, len(table), H', W'); weight is (links, kH, kW).

    Example:
        >>> c3 = TableConv2d(6, TABLE_I, kernel_size=5)
        >>> sum(parameter.numel() for parameter in c3.parameters())
        1516

    Source: p. 8, Table I. Introduced in chapter 07; opened up in chapter 05.
    """

    def __init__(
        self,
        in_channels: int,
        table: Sequence[Sequence[int]],
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        padding: int | tuple[int, int] | str = 0,
        dilation: int | tuple[int, int] = 1,
        bias: bool = True,
    ) -> None:
        super().__init__()
        sides = kernel_size if isinstance(kernel_size, tuple) else (kernel_size, kernel_size)
        links = [(output, source) for output, row in enumerate(table) for source in row]
        self.in_channels = in_channels
        self.table = tuple(tuple(row) for row in table)
        self.stride, self.padding, self.dilation = stride, padding, dilation
        self.weight = nn.Parameter(torch.empty(len(links), *sides))
        self.bias = nn.Parameter(torch.empty(len(table))) if bias else None
        # Not in the state_dict: the table is part of the architecture, not of what was learned.
        self.register_buffer("links", torch.tensor(links).T, persistent=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw each unit's weights and bias evenly from +-1/sqrt(fan-in), as torch's layers do."""
        inputs = torch.tensor([len(row) for row in self.table], device=self.weight.device)
        bound = (inputs * self.weight[0].numel()).rsqrt()
        with torch.no_grad():
            self.weight.uniform_(-1, 1).mul_(bound[self.links[0]][:, None, None])
            if self.bias is not None:
                self.bias.uniform_(-1, 1).mul_(bound)

    def dense_weight(self) -> Tensor:
        """Lay the kernels out as torch's Conv2d has them, (out, in, kH, kW), zero where none is."""
        shape = (len(self.table), self.in_channels, *self.weight.shape[1:])
        dense = self.weight.new_zeros(shape)
        return dense.index_put((self.links[0], self.links[1]), self.weight)

    def forward(self, maps: Tensor) -> Tensor:
        """Convolve; input maps that the table leaves out add nothing."""
        return functional.conv2d(
            maps, self.dense_weight(), self.bias, self.stride, self.padding, self.dilation
        )

    def extra_repr(self) -> str:
        """Show the settings when the module is printed."""
        links, height, width = self.weight.shape
        return f"{self.in_channels}, {len(self.table)}, {links} kernels of {height}x{width}"


class RBF(nn.Module):
    """The output of 1998: squared distances from each class's code. The smallest one wins.

    Args:
        codes: one row of +1 and -1 for each class. They are fixed: a buffer, not a parameter.

    Shapes: (N, features) to (N, classes).

    Example:
        >>> RBF([[1, 1], [-1, -1]])(torch.tensor([[1.0, 1.0]]))
        tensor([[0., 8.]])

    Source: eq. 7, p. 8. Introduced in chapter 07; opened up in chapter 06.
    """

    def __init__(self, codes: Sequence[Sequence[int]]) -> None:
        super().__init__()
        self.register_buffer("codes", torch.tensor(codes, dtype=torch.get_default_dtype()))

    def forward(self, states: Tensor) -> Tensor:
        """Measure each state's squared distance from every code."""
        return (states[:, None, :] - self.codes).square().sum(dim=2)

    def extra_repr(self) -> str:
        """Show the settings when the module is printed."""
        classes, features = self.codes.shape
        return f"{features}, {classes}, codes fixed"


def map_loss(distances: Tensor, labels: Tensor, j: float = 20.0) -> Tensor:
    """Pull the states of F6 towards the right code and push them away from the others (eq. 9).

    Args:
        distances: (N, classes), from RBF.
        labels: (N,), whole numbers.
        j: the paper calls it "positive" and no more. Wrong classes much farther than j stop
            counting; with a small j nearly all do.

    Returns:
        (N,), one loss a digit: distance of the right class
        + log(exp(-j) + sum over i of exp(-distance i)).

    Example:
        >>> f"{map_loss(torch.tensor([[0.0, 30.0]]), torch.tensor([0])).item():.4f}"
        '0.0000'

    Source: eq. 9, p. 9. Introduced in chapter 07; opened up in chapter 06.
    """
    right = distances.gather(1, labels[:, None]).squeeze(1)
    rubbish = distances.new_full((len(distances), 1), -j)
    return right + torch.logsumexp(torch.cat([rubbish, -distances], dim=1), dim=1)
