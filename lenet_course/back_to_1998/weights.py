"""First weights, which of them learn, and the way to and from the course's own networks.

Sources are pages of LeCun et al. (1998). Introduced in chapter 13.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .. import networks
from ..errors import unknown
from ..layers import TABLE_I
from .network import COUNT, SHAPES, named

RULES = ("2.4/F", "1/sqrt(F)")


def trainable() -> Tensor:
    """Mark with 1 what the network has, and with 0 the kernels that Table I leaves out (p. 8).

    Returns:
        (60900,), of which 60,000 are 1.

    Example:
        >>> int(trainable().sum())
        60000

    Introduced in chapter 13.
    """
    marks = torch.ones(1, COUNT)
    kernels = named(marks)["C3.weight"].view(16, 6, 25)
    for output, row in enumerate(TABLE_I):
        for source in set(range(6)) - set(row):
            kernels[output, source] = 0
    return marks[0]


def fan_in() -> Tensor:
    """Say for each weight how many inputs its unit has, the bias aside: (60900,).

    Example:
        >>> named(fan_in()[None])["C3.bias"][0, :7].int().tolist()
        [75, 75, 75, 75, 75, 75, 100]

    Source: p. 41. Introduced in chapter 13.
    """
    inputs = {"C1": 25, "S2": 4, "S4": 4, "C5": 400, "F6": 120}
    maps = torch.tensor([25.0 * len(row) for row in TABLE_I])
    fans = torch.empty(1, COUNT)
    for name, part in named(fans).items():
        layer = name.partition(".")[0]
        of_units = maps if layer == "C3" else torch.full((SHAPES[name][0],), float(inputs[layer]))
        part[0] = of_units.view(-1, *[1] * (part.dim() - 2))
    return fans[0]


def first_weights(seeds: Sequence[int], rule: str = "1/sqrt(F)") -> Tensor:
    """Draw one network a seed, each as it would be drawn alone.

    Args:
        seeds: K whole numbers.
        rule: "2.4/F" is the paper's: all numbers, coefficients and biases too, evenly from
            +-2.4/F with F the fan-in. "1/sqrt(F)" is the authors' later one, for weights; biases
            begin at 0 and the coefficients of S2 and S4 at 0.5, which is twice the mean of four.

    Returns:
        (K, 60900).

    Raises:
        UnknownNameError: there is no such rule.

    Example:
        >>> named(first_weights([0, 1]))["S2.coefficient"][1, 0].item()
        0.5

    Source: p. 41. Introduced in chapter 13.
    """
    if rule not in RULES:
        raise unknown("rule for first weights", rule, RULES)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    drawn = torch.stack([torch.rand(COUNT, generator=each) * 2 - 1 for each in generators])
    bound = 2.4 / fan_in() if rule == "2.4/F" else fan_in().rsqrt()
    drawn *= bound * trainable()
    if rule == "1/sqrt(F)":
        for name, part in named(drawn).items():
            if name.endswith("bias"):
                part.zero_()
            elif name.endswith("coefficient"):
                part.fill_(0.5)
    return drawn


def to_module(flat: Tensor) -> nn.Sequential:
    """Carry one row of numbers, (60900,), into the course's "lenet5-1998", on its device.

    Example:
        >>> to_module(first_weights([0])[0]).C1.weight.shape
        torch.Size([6, 1, 5, 5])

    Introduced in chapter 13.
    """
    model = networks.build("lenet5-1998", seed=0).to(flat.device, flat.dtype)
    state = model.state_dict()
    for name, part in named(flat.detach().unsqueeze(0)).items():
        if name == "C3.weight":
            outputs, sources = model.C3.links
            part = part.view(16, 6, 5, 5)[outputs, sources]
        state[name] = part.reshape(state[name].shape)
    model.load_state_dict(state)
    return model


def from_module(model: nn.Module) -> Tensor:
    """Carry the weights of a "lenet5-1998" into one row of numbers: `to_module` backwards.

    Example:
        >>> from_module(networks.build("lenet5-1998")).shape
        torch.Size([60900])

    Introduced in chapter 13.
    """
    state = {name: tensor.detach() for name, tensor in model.state_dict().items()}
    state["C3.weight"] = model.C3.dense_weight().detach()
    return torch.cat([state[name].flatten() for name in SHAPES])
