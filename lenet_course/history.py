"""What a training run leaves behind: losses, epochs, validations. Introduced in chapter 09."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Epoch:
    """One pass through the training digits, or the part of it that was run.

    The training figures are gathered while the weights move, so they describe no single network:
    the digits at the start were judged by weights that the digits at the end never met. The
    learning rate is the one that the last step was taken with.
    """

    number: int
    steps: int
    digits: int
    train_loss: float
    train_error: float
    learning_rate: float


@dataclass(frozen=True)
class Validation:
    """The network as it was after so many steps, judged on digits it does not learn from."""

    step: int
    epoch: int
    loss: float
    error: float


@dataclass
class History:
    """The record of a run. Losses are means over a digit; errors are fractions from 0 to 1.

    Args:
        losses: one number a step: the mean loss of its batch, before the step was taken.
        epochs: one row a pass.
        validations: one row each time the network was judged.
        stopped: None when the run came to its end, otherwise "interrupted" or "diverged".

    Example:
        >>> History().losses
        []

    Introduced in chapter 09.
    """

    losses: list[float] = field(default_factory=list)
    epochs: list[Epoch] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    stopped: str | None = None

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.losses)

    def __str__(self) -> str:
        """Write a line for each epoch, and why the run stopped if it did."""
        judged = {row.epoch: row for row in self.validations}
        lines = [_line(epoch, judged.get(epoch.number)) for epoch in self.epochs]
        if self.stopped:
            lines.append(f"{self.stopped} after {self.steps:,} steps")
        return "\n".join(lines) or "nothing trained yet"

    def to_dict(self) -> dict[str, Any]:
        """Write the record as plain lists and numbers, which JSON can hold.

        Example:
            >>> History([0.5]).to_dict()["losses"]
            [0.5]

        Introduced in chapter 11.
        """
        return asdict(self)

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> History:
        """Read a record back from what `to_dict` gave.

        Example:
            >>> History.from_dict(History([0.5]).to_dict()) == History([0.5])
            True

        Introduced in chapter 11.
        """
        return cls(
            list(record["losses"]),
            [Epoch(**row) for row in record["epochs"]],
            [Validation(**row) for row in record["validations"]],
            record["stopped"],
        )


def _line(epoch: Epoch, judged: Validation | None) -> str:
    line = (
        f"epoch {epoch.number}, {epoch.steps:,} steps: "
        f"training loss {epoch.train_loss:.4f}, error {epoch.train_error:.2%}"
    )
    return line if judged is None else f"{line}; validation error {judged.error:.2%}"
