"""How much memory is free, asked before much of it is taken."""

from __future__ import annotations

from pathlib import Path

from .idx import DataError


def available(root: str | Path = "/") -> int | None:
    """Bytes of memory still free to this process, or None where the system does not say.

    The smaller of what the machine has free and what its container (cgroup, version 1 or 2) still
    allows. Known on Linux only. `root` is where /proc and /sys lie; tests put their own there.
    """
    root = Path(root)
    candidates = [_machine(root), _container(root)]
    return min((bytes_ for bytes_ in candidates if bytes_ is not None), default=None)


def require(needed: int, purpose: str) -> None:
    """Raise DataError when fewer than `needed` bytes are free. `purpose` completes "... takes".

    >>> require(1_000, "Opening MNIST")
    """
    free = available()
    if free is not None and free < needed:
        raise too_little(needed, purpose, free)


def too_little(needed: int, purpose: str, free: int | None = None) -> DataError:
    """The error that says so: what for, how much, and the way out."""
    left = "that much could not be had" if free is None else f"{free / 1e6:,.0f} MB are free"
    return DataError(
        f"{purpose} takes about {needed / 1e6:,.0f} MB of memory, and {left}: shut down other "
        "notebooks (Kernel > Shut Down All Kernels) or close other programs, then run this again."
    )


def _machine(root: Path) -> int | None:
    try:
        lines = (root / "proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    kilobytes = [int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")]
    return kilobytes[0] * 1024 if kilobytes else None


def _container(root: Path) -> int | None:
    version_2 = _cgroup(root / "sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
    if version_2 is not None:
        return version_2
    folder = root / "sys/fs/cgroup/memory"
    return _cgroup(folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def _cgroup(folder: Path, limit: str, usage: str, reclaimable: str) -> int | None:
    try:
        allowed = int((folder / limit).read_text())  # "max", no limit, is a ValueError
        used = int((folder / usage).read_text())
        rows = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except (OSError, ValueError):
        return None
    # Files the system keeps in memory for speed count as used, and are given back when asked.
    return max(0, allowed - used + int(rows.get(reclaimable, 0)))
