"""Run every chapter's source from clean, without a browser, and say how long and how large it was.

make run                        every chapter
make run ARGS="00 07"           these chapters only
make run ARGS="--like-binder"   on one core and with 2 GB of memory, as on mybinder.org
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import binder_limits
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from sync import CELL_SECONDS, KERNEL, QUIET_KERNEL, ROOT, SyncError, chosen, read_source

# The kernel's largest size so far, in bytes, asked of the kernel itself. Linux keeps it for each
# program; getrusage there would also count the program that started the kernel.
PEAK_BYTES = {
    "linux": "int(open('/proc/self/status').read().split('VmHWM:')[1].split()[0]) * 1024",
    "darwin": "__import__('resource').getrusage(__import__('resource').RUSAGE_SELF).ru_maxrss",
    "win32": "__import__('psutil').Process().memory_info().peak_wset",
}
# The processor time of the kernel and of the processes that it started and waited for.
CPU_SECONDS = "sum(__import__('os').times()[:4])"
SLOWEST_SHOWN = 5


@dataclass
class Outcome:
    """What running one chapter showed."""

    chapter: str
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_megabytes: float = 0.0
    failure: str = ""
    cells: list[tuple[float, str, str]] = field(default_factory=list)  # seconds, name, first line

    @property
    def result(self) -> str:
        """One word for the table, or the failure."""
        return self.failure or "ok"


def first_line(source: str) -> str:
    """Return the first line of a cell that is not a comment, at most 60 characters of it."""
    lines = [line.strip() for line in source.splitlines()]
    return next((line for line in lines if line and not line.startswith("#")), "")[:60]


async def run_chapter(path: Path) -> Outcome:
    """Run a chapter's source in a kernel of its own, a dot for every cell that has run."""
    notebook, outcome = read_source(path), Outcome(path.stem)
    print(f"{path.stem} ", end="", flush=True)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name=KERNEL["name"],
        extra_arguments=QUIET_KERNEL,
        resources={"metadata": {"path": str(path.parent)}},
    )
    started, number = time.monotonic(), 0
    try:
        async with client.async_setup_kernel():
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type != "code":
                    continue
                number += 1
                began = time.monotonic()
                await client.async_execute_cell(cell, index)
                spent = time.monotonic() - began
                outcome.cells.append((spent, f"{path.stem}[{number}]", first_line(cell.source)))
                print(".", end="", flush=True)
            outcome.peak_megabytes = await ask(client, PEAK_BYTES.get(sys.platform, "0")) / 1e6
            outcome.cpu_seconds = await ask(client, CPU_SECONDS)
    except CellExecutionError as error:
        outcome.failure = f"FAILED in cell {number}: {error.ename}: {error.evalue}"
        print(f"\n{error}", file=sys.stderr)
    except CellTimeoutError:
        outcome.failure = f"FAILED in cell {number}: it ran longer than {CELL_SECONDS} s"
    except DeadKernelError:
        outcome.failure = f"FAILED in cell {number}: the kernel died (too little memory?)"
    outcome.seconds = time.monotonic() - started
    print(f" {outcome.seconds:.0f} s", flush=True)
    return outcome


async def ask(client: NotebookClient, question: str) -> float:
    """Ask the kernel for a number; 0 where the system does not tell."""
    reply = await client.kc.execute(
        "", silent=True, user_expressions={"answer": question}, reply=True, timeout=30
    )
    answer = reply["content"]["user_expressions"]["answer"]
    return float(answer["data"]["text/plain"]) if answer["status"] == "ok" else 0.0


def table(outcomes: list[Outcome]) -> str:
    """Write the outcomes as aligned text, and the slowest cells below."""
    width = max(len(outcome.chapter) for outcome in outcomes)
    lines = [f"{'chapter':{width}}  seconds  of cpu  peak MB  result"]
    lines += [
        f"{one.chapter:{width}}  {one.seconds:7.1f}  {one.cpu_seconds:6.1f}  "
        f"{one.peak_megabytes:7.0f}  {one.result}"
        for one in outcomes
    ]
    cells = sorted((cell for one in outcomes for cell in one.cells), reverse=True)
    lines += ["", "slowest cells"]
    lines += [f"{spent:7.1f} s  {name}  {line}" for spent, name, line in cells[:SLOWEST_SHOWN]]
    return "\n".join(lines)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Read the command line; return 0 when every chapter ran to its end, else 1."""
    parser = argparse.ArgumentParser(description="Run the chapters from clean, without a browser.")
    parser.add_argument("chapters", nargs="*", help="such as 00 07; all of them without")
    parser.add_argument("--like-binder", action="store_true", help="one core, 2 GB of memory")
    options = parser.parse_args(arguments)
    try:
        paths = chosen(root / "chapters", options.chapters)
    except SyncError as error:
        print(error, file=sys.stderr)
        return 1
    if not paths:
        print("There are no chapters to run.", file=sys.stderr)
        return 1
    return run_like_binder(paths) if options.like_binder else int(not run_all(paths)[1])


def run_all(paths: list[Path]) -> tuple[list[Outcome], bool]:
    """Run chapters one after the other and print the table; return it, and whether all ran."""
    outcomes = [asyncio.run(run_chapter(path)) for path in paths]
    print(f"\n{table(outcomes)}")
    return outcomes, not any(outcome.failure for outcome in outcomes)


def run_like_binder(paths: list[Path]) -> int:
    """Run chapters within mybinder.org's limits; return 0 when they ran and kept within them."""
    with binder_limits.limited_memory() as peak:
        memory = "2 GB of memory" if peak else "memory measured, not limited (root may limit it)"
        print(f"As on mybinder.org: {binder_limits.one_core()}, {memory}.", flush=True)
        outcomes, fine = run_all(paths)
        largest = max(outcome.peak_megabytes for outcome in outcomes)
        used = sum(outcome.cpu_seconds for outcome in outcomes)
        words, kept = binder_limits.judged(used, largest)
        print(f"\n{words}")
        if peak:
            in_all = int(peak.read_text()) / 1e6
            print(f"all processes together, and files kept in memory: {in_all:.0f} MB at most")
    return 0 if fine and kept else 1


if __name__ == "__main__":
    sys.exit(main())
