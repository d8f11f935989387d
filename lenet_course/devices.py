"""Which device computes, and how many threads it may use. Introduced in chapter 00."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import unknown

if TYPE_CHECKING:
    import torch

CGROUP_LIMIT = Path("/sys/fs/cgroup/cpu.max")


def pick(name: str | None = None) -> torch.device:
    """Choose where to compute: an NVIDIA GPU, then Apple's, then the CPU.

    Args:
        name: ask for one by name ("cuda", "mps", "cpu"), or leave the choice to this function.

    Raises:
        UnknownNameError: the device you asked for is not there.

    Example:
        >>> pick("cpu")
        device(type='cpu')

    Introduced in chapter 00.
    """
    import torch

    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    found = [device for device, present in there.items() if present]
    if name is None:
        return torch.device(found[0])
    if name.split(":")[0] not in found:
        raise unknown("device", name, found)
    return torch.device(name)


def thread_count() -> int:
    """Count the cores that are really ours: the least of what three places say.

    They are the variable CPU_LIMIT (set by mybinder.org), the container's limit (cgroup cpu.max),
    and the cores this process may run on. Torch asks none of the first two, and a thread without
    a core makes the others wait for it.

    Example:
        >>> thread_count() >= 1
        True

    Introduced in chapter 00.
    """
    limits = [_allowed_cores(), _container_limit(), _variable_limit()]
    return max(1, math.floor(min(limit for limit in limits if limit)))


def limit_threads() -> None:
    """Tell the numeric libraries, before they start, how many threads to use.

    A person's own OMP_NUM_THREADS is left as it is. If torch has been imported already it no
    longer reads the variable, so it is told directly. Called once, when the course is imported.

    Example:
        >>> limit_threads()
        >>> "OMP_NUM_THREADS" in os.environ
        True

    Introduced in chapter 00.
    """
    if "OMP_NUM_THREADS" in os.environ:
        return
    count = thread_count()
    os.environ["OMP_NUM_THREADS"] = str(count)
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(count)


def _allowed_cores() -> float:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _container_limit() -> float | None:
    try:
        quota, period = CGROUP_LIMIT.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return None


def _variable_limit() -> float | None:
    try:
        return float(os.environ["CPU_LIMIT"])
    except (KeyError, ValueError):
        return None
