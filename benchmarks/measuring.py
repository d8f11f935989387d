"""What the benchmarks of speed share: a clock, turns, the machine, and files written whole.

Times are ratios of one run. On a machine that others use as well only a thread's own processor time
can be compared, and only between ways that took turns; so that is what is measured with one thread.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch

RESULTS = Path(__file__).resolve().parent.parent / "lenet_course" / "results"

SIDE = 2048
"""Rows and columns of the matrices whose product is the machine's limit: large enough that finding
the numbers costs nothing beside multiplying them."""


def clock() -> Callable[[], float]:
    """Choose the clock: processor time for one thread, the wall's for several."""
    return time.process_time if torch.get_num_threads() == 1 else time.perf_counter


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    now = clock()
    begun = now()
    work()
    return now() - begun


def in_turn(
    ways: dict[str, Callable[[], object]],
    rounds: int,
    told: Callable[[str], None] = print,
    measure: Callable[[Callable[[], object]], float] = seconds,
) -> dict[str, list[float]]:
    """Measure each way once a round, every other round from the last to the first."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds):
        for name in list(ways)[:: -1 if number % 2 else 1]:
            times[name].append(measure(ways[name]))
        told(f"round {number + 1} of {rounds}, load {load()}")
    return times


def ratio(times: list[float], others: list[float]) -> float:
    """Give the middle of the ratios, round by round: how many times as long these take."""
    return statistics.median(one / other for one, other in zip(times, others, strict=True))


def product() -> Callable[[], object]:
    """Make the work that nothing in a network can be faster than: a large matrix product."""
    left, right = torch.rand(SIDE, SIDE), torch.rand(SIDE, SIDE)
    return lambda: left @ right


def rate(times: list[float]) -> float:
    """Say how many floating-point operations a second `product` came to."""
    return 2 * SIDE**3 / statistics.median(times)


def machine() -> dict:
    """Say what kind of machine this is, and nothing that would name it."""
    return {
        "processor": processor(),
        "system": platform.system(),
        "cores": os.cpu_count(),
        "torch": str(torch.__version__),
    }


def load() -> float | None:
    """How many processes wanted a core during the last minute, where the system tells."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def processor() -> str:
    """Name the kind of processor, as far as the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def table(rows: list[dict]) -> str:
    """Write rows with equal keys as a table of text."""
    cells = [list(rows[0]), *[[_cell(value) for value in row.values()] for row in rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place == 0 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def write(path: Path, results: dict) -> None:
    """Write a result file whole or not at all."""
    beside = path.with_suffix(".part")
    beside.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8", newline="\n")
    beside.replace(path)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int | float) else str(value)
