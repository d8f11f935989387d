"""The limits of mybinder.org for a run here: one core, 2 GB of memory, and what is allowed in all.

A kernel started afterwards inherits them. The core is set on Linux. Memory is limited by a control
group where this process may make one, as root in a container may; a limit on addresses would not
do, because torch reserves far more of them than it fills. Elsewhere the peak is measured only.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

MEMORY_BYTES = 2_000_000_000
KERNEL_MEGABYTES = 800
CPU_SECONDS = 3600
CGROUPS = Path("/sys/fs/cgroup")


def one_core() -> str:
    """Keep this process, and what it starts, on one core; say how that went."""
    os.environ.update(CPU_LIMIT="1", OMP_NUM_THREADS="1")
    if not hasattr(os, "sched_setaffinity"):
        return "one thread; the system does not keep a process on one core"
    core = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return "one core"


@contextlib.contextmanager
def limited_memory(root: Path = CGROUPS) -> Iterator[Path | None]:
    """Keep this process, and what it starts, within 2 GB; give the file that knows the peak.

    The file is None where no group can be made: then memory is measured only.
    """
    name = f"lenet-course-{os.getpid()}"
    version_1 = root / "memory" / name, "memory.limit_in_bytes", "memory.max_usage_in_bytes"
    version_2 = root / name, "memory.max", "memory.peak"
    for folder, limit, peak in (version_1, version_2):
        if not (folder.parent / "cgroup.procs").exists():
            continue
        try:
            folder.mkdir()
            (folder / limit).write_text(str(MEMORY_BYTES))
            (folder / "cgroup.procs").write_text(str(os.getpid()))
        except OSError:  # not ours to set: away with the empty group
            with contextlib.suppress(OSError):
                folder.rmdir()
            continue
        try:
            yield folder / peak
        finally:
            with contextlib.suppress(OSError):  # a kernel may still be ending in it
                (folder.parent / "cgroup.procs").write_text(str(os.getpid()))
                folder.rmdir()
        return
    yield None


def judged(cpu_seconds: float, largest_megabytes: float) -> tuple[str, bool]:
    """Say in a sentence whether all chapters together keep within Binder's means, and whether."""
    fine = cpu_seconds <= CPU_SECONDS and largest_megabytes < KERNEL_MEGABYTES
    line = (
        f"{cpu_seconds / 60:.1f} minutes of processor time (at most {CPU_SECONDS / 60:.0f}), "
        f"largest kernel {largest_megabytes:.0f} MB (below {KERNEL_MEGABYTES})"
    )
    return f"{line}: {'ok' if fine else 'TOO MUCH'}", fine
