"""Who saves a training run, when, and how much of it is kept. Introduced in chapter 11."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .checks import check_run
from .files import CheckpointError, brief, check_folder
from .folder import newest, retain, save
from .state import environment, put_back, take


@dataclass(frozen=True)
class Keeper:
    """Keeps the checkpoints of one run in one folder.

    Args:
        folder: of this run alone; made when it is missing.
        keep: how many of the newest stay; the best one stays as well.
        every_steps: save every so many steps too, and not only after each epoch.
        about: numbers and text that tell this run from others, such as its recipe's name; a run
            that is about something else is refused.

    Example:
        >>> Keeper("runs/first", keep=2).keep
        2

    Introduced in chapter 11.
    """

    folder: str | Path
    keep: int = 3
    every_steps: int | None = None
    about: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse counts that would keep nothing, or never save."""
        for name in ("keep", "every_steps"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise CheckpointError(f"{name}={value} cannot be. Give at least 1.")

    def is_due(self, steps: int, steps_a_pass: int) -> bool:
        """Tell whether a run should be saved after so many steps."""
        return steps % steps_a_pass == 0 or bool(self.every_steps and steps % self.every_steps == 0)

    def save(
        self,
        run: dict[str, Any],
        model: nn.Module,
        optimizer: Optimizer,
        scheduler: LRScheduler | None = None,
    ) -> Path:
        """Write a checkpoint, then let go of those that are no longer needed.

        Raises:
            CheckpointError: the disk is full or the folder cannot be written to.
        """
        run = {**run, "plan": {**run["plan"], **self.about}}
        path = save(self.folder, take(model, optimizer, scheduler, run))
        retain(self.folder, self.keep)
        return path

    def restore(
        self,
        plan: dict[str, Any],
        model: nn.Module,
        optimizer: Optimizer,
        scheduler: LRScheduler | None = None,
    ) -> dict[str, Any] | None:
        """Give everything the state of the folder's latest checkpoint, if it has one.

        Args:
            plan: what the run must have in common with the one that was begun here, or its numbers
                would not be those of one uninterrupted run.
            model, optimizer, scheduler: like those of the run.

        Returns:
            What the run wrote down about itself, or None where there is no checkpoint.

        Raises:
            CheckpointError: the checkpoint is of another network, optimizer, scheduler or plan, or
                nothing can be saved in the folder. Nothing has been changed.

        Warns where it was made with another torch, device or number of threads: the numbers that
        follow may then differ from an uninterrupted run's in the last digits.
        """
        check_folder(Path(self.folder))
        found = newest(self.folder)
        if found is None:
            return None
        path, state = found
        check_run(state.run, path.name)
        _check_plan(state.run["plan"], {**plan, **self.about}, path.name)
        put_back(state, model, optimizer, scheduler, path.name)
        _warn_of_changes(state.environment, environment(model), path.name)
        return state.run

    def annotate(self, **notes: Any) -> None:
        """Write notes into the latest checkpoint, such as what its network reached on the test.

        Raises:
            CheckpointError: there is no checkpoint, or the folder cannot be written to.
        """
        found = newest(self.folder)
        if found is None:
            raise CheckpointError(
                f"There is no checkpoint in {Path(self.folder).name} to annotate. Save one first."
            )
        before, state = found
        state.run["notes"] = {**state.run.get("notes", {}), **notes}
        if save(self.folder, state) != before:
            before.unlink(missing_ok=True)

    def recall(self, note: str) -> Any:
        """Read a note from the latest checkpoint; None where there is none."""
        found = newest(self.folder)
        return None if found is None else found[1].run.get("notes", {}).get(note)


def _check_plan(begun: dict[str, Any], plan: dict[str, Any], name: str) -> None:
    different = [key for key in plan if begun.get(key) != plan[key]]
    if different:
        was = ", ".join(f"{key} {brief(begun.get(key))} (now {plan[key]})" for key in different)
        raise CheckpointError(
            f"{name} was begun with other settings: {was}. Go on with those, or use another "
            f"folder for the new run."
        )


def _warn_of_changes(made: dict[str, Any], now: dict[str, Any], name: str) -> None:
    made, now = ({"processes": 1, **facts} for facts in (made, now))
    changed = [key for key in now if made.get(key) != now[key]]
    if changed:
        were = ", ".join(f"{key} {brief(made.get(key))} (now {now[key]})" for key in changed)
        warnings.warn(
            f"{name} was made with {were}: the numbers that follow may differ in their last "
            f"digits from those of an uninterrupted run.",
            stacklevel=6,  # whoever called fit
        )
