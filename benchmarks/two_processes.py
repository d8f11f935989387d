"""Time two processes of one thread against one process of two threads, and check a cost model.

    python benchmarks/two_processes.py             minutes on two quiet cores, an hour on busy ones
    python benchmarks/two_processes.py --rounds 1 --batches 64 256 --output quick.json

LeNet (relu-max) with fused Adam on made-up digits, by `training.fit`. All processes are started
once, and wait while another way has its turn; within a round the ways alternate, and every other
round goes backwards. Medians over the rounds are given, and the middle of the ratios of neighbours.

The model: in each step a process of n sends (and receives) 2 (n - 1) / n times the bytes of the
gradients. That takes a latency, and those bytes over a bandwidth; both are fitted to timings of
`all_reduce` alone. So a step of two processes takes as long as one process with one thread takes
for half the batch, and two all_reduce: of the gradients, and of one number, by which all learn
whether any has been asked to stop. The bytes are held against those that the kernel counted.

Where others use the cores, two threads that wait for each other at every layer lose most, and the
ratios say more about the load, which is written down, than about the ways.

Writes lenet_course/results/two-processes.json: no dates, no paths.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import socket
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy
import torch
from torch import distributed

from lenet_course import networks, processes
from lenet_course.data import Split
from lenet_course.training import fit

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "lenet_course" / "results" / "two-processes.json"
SCRIPT = "benchmarks/two_processes.py"
NETWORK = "relu-max"
BATCHES = (32, 64, 128, 256, 512, 1024)
DIGITS, LEAST_STEPS = 12_800, 20
NUMBERS = (1, 256, 4_096, 16_384, 61_706, 262_144, 1_048_576)
FLAG_BYTES = 8
BYTES_SENT = 200  # where Linux keeps a connection's count, in its struct tcp_info

ONE, TWO_THREADS, TWO = "one thread", "two threads", "two processes"


# What the processes do


def train(batch: int, steps: int) -> dict:
    """Train for so many steps; tell the seconds and the bytes that were sent."""
    torch.manual_seed(0)
    count = max(DIGITS, batch)
    digits = Split(
        torch.randint(0, 256, (count, 28, 28), dtype=torch.uint8), torch.randint(0, 10, (count,))
    )
    model = networks.build(NETWORK, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    prepare, before, begun = networks.FAMILY[NETWORK].prepare, sent(), time.perf_counter()
    length = {"epochs": steps, "max_steps": steps, "batch_size": batch}
    fit(model, digits, prepare=prepare, optimizer=optimizer, **length)
    return {"seconds": time.perf_counter() - begun, "sent": sent() - before}


def reduce(numbers: int, times: int) -> dict:
    """Add up so many float32 numbers over the processes, so many times."""
    tensor, found = torch.zeros(numbers), []
    distributed.all_reduce(tensor)
    before = sent()
    for _ in range(times):
        begun = time.perf_counter()
        distributed.all_reduce(tensor)
        found.append(time.perf_counter() - begun)
    return {"seconds": statistics.median(found), "sent": (sent() - before) / times}


def sent() -> int:
    """Count the bytes that this process has sent on all its open connections (on Linux; else 0)."""
    total = 0
    folder = Path("/proc/self/fd")
    for path in list(folder.iterdir()) if folder.is_dir() else []:
        try:
            if str(path.readlink()).startswith("socket:"):
                with socket.socket(fileno=os.dup(int(path.name))) as connection:
                    facts = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
                if len(facts) >= BYTES_SENT + 8:
                    total += struct.unpack_from("Q", facts, BYTES_SENT)[0]
        except OSError:  # closed meanwhile, or a connection of another kind
            continue
    return total


def work() -> None:
    """Do what each line of standard input asks for. The first process answers."""
    ways = {"train": train, "reduce": reduce}
    with processes.joined():
        for line in sys.stdin:
            name, *values = json.loads(line)
            print(json.dumps(ways[name](*values)), flush=True)


# Who asks them


class Workers:
    """Processes that train together, or one alone."""

    def __init__(self, size: int, threads: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
        common = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT)}
        if size > 1:
            common |= {**place, "WORLD_SIZE": str(size), "LOCAL_WORLD_SIZE": str(size)}
        self.all = []
        for rank in range(size):
            variables = common | ({"RANK": str(rank), "LOCAL_RANK": str(rank)} if size > 1 else {})
            command = [sys.executable, __file__, "--work"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            self.all.append(subprocess.Popen(command, env=variables, text=True, **pipes))

    def ask(self, *order: object) -> dict:
        """Give all of them an order, and wait for the answer of the first."""
        for worker in self.all:
            worker.stdin.write(json.dumps(order) + "\n")
            worker.stdin.flush()
        answer = self.all[0].stdout.readline()
        if not answer:
            raise SystemExit("A process has ended. What it printed above says why.")
        return json.loads(answer)

    def end(self) -> None:
        """Let them go home."""
        for worker in self.all:
            worker.stdin.close()
        for worker in self.all:
            worker.wait(timeout=120)


def steps_for(batch: int) -> int:
    """Choose how many steps are timed at once."""
    return max(LEAST_STEPS, DIGITS // batch)


def time_steps(teams: dict[str, Workers], batches: list[int], rounds: int) -> dict:
    """Time a step in each way: (way, digits a step) to milliseconds, one a round."""
    turns = [
        turn
        for batch in batches
        for turn in ((ONE, batch // 2), (TWO_THREADS, batch), (TWO, batch))
    ]
    times: dict[tuple[str, int], list[float]] = {turn: [] for turn in turns}
    for way, batch in turns:  # first steps are slow
        teams[way].ask("train", batch, 3)
    for number in range(rounds):
        for way, batch in turns if number % 2 else turns[::-1]:
            steps = steps_for(batch)
            seconds = teams[way].ask("train", batch, steps)["seconds"]
            times[way, batch].append(1000 * seconds / steps)
    return times


def time_reductions(pair: Workers, times: int) -> tuple[list[dict], float, float]:
    """Time `all_reduce`; fit its latency (ms) and its bandwidth (bytes a ms).

    The squares of relative deviations are made least, so that short ones count as much as long.
    """
    rows = []
    for numbers in NUMBERS:
        answer = pair.ask("reduce", numbers, max(5, min(times, 50_000_000 // numbers)))
        rows.append(
            {
                "bytes": 4 * numbers,
                "predicted bytes sent": sent_by_each(4 * numbers, 2),
                "bytes sent": round(answer["sent"]) or None,
                "milliseconds": answer["seconds"] * 1000,
            }
        )
    took = numpy.array([row["milliseconds"] for row in rows])
    moved = numpy.array([row["predicted bytes sent"] for row in rows])
    parts = numpy.stack([numpy.ones_like(took), moved], axis=1) / took[:, None]
    latency, each = numpy.linalg.lstsq(parts, numpy.ones_like(took), rcond=None)[0]
    for row in rows:
        row["model, milliseconds"] = round(latency + each * row["predicted bytes sent"], 4)
        row["milliseconds"] = round(row["milliseconds"], 4)
    return rows, float(latency), float(1 / each)


def sent_by_each(size: int, processes: int) -> float:
    """Predict the bytes that each of n processes sends to add up `size` bytes in a ring.

    Each number travels n - 1 times while it is added up, and n - 1 times until all have the sum;
    these 2 (n - 1) journeys of every number are shared by n processes.
    """
    return size * 2 * (processes - 1) / processes


def bytes_a_step(pair: Workers) -> float | None:
    """Count the bytes that a step sends: a long run's less a short one's, so no beginnings."""
    short, long = (pair.ask("train", 64, steps)["sent"] for steps in (5, 45))
    return round((long - short) / 40) or None


def middle(numbers: list[float]) -> float:
    """Round the median to what a timing can bear."""
    return round(statistics.median(numbers), 3)


def table(times: dict, batches: list[int], cost: float) -> list[dict]:
    """Set the three ways and the model side by side, a row for each global batch."""
    rows = []
    for batch in batches:
        half, threads, pair = times[ONE, batch // 2], times[TWO_THREADS, batch], times[TWO, batch]
        ratios = [one / other for one, other in zip(pair, threads, strict=True)]
        model = [each + cost for each in half]
        rows.append(
            {
                "batch": batch,
                "one thread, half the batch, ms": middle(half),
                "two threads, ms": middle(threads),
                "two processes, ms": middle(pair),
                "two processes / two threads": middle(ratios),
                "from": round(min(ratios), 3),
                "to": round(max(ratios), 3),
                "model, ms": middle(model),
                "two processes / model": middle(
                    [one / other for one, other in zip(pair, model, strict=True)]
                ),
            }
        )
    return rows


def load() -> float | None:
    """Tell how many processes wanted a core, on average over the last minute."""
    return round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None


def measure(batches: list[int], rounds: int) -> dict:
    """Measure everything."""
    machine = {
        "system": platform.system(),
        "cores": os.cpu_count(),
        "torch": str(torch.__version__),
        "load at the start": load(),
    }
    teams = {ONE: Workers(1, 1), TWO_THREADS: Workers(1, 2), TWO: Workers(2, 1)}
    times = time_steps(teams, batches, rounds)
    reductions, latency, bandwidth = time_reductions(teams[TWO], 40 * rounds)
    measured = bytes_a_step(teams[TWO])
    for workers in teams.values():
        workers.end()
    machine["load at the end"] = load()  # two of these are ours
    parameters = networks.FAMILY[NETWORK].trace().parameters
    gradients, flag = (sent_by_each(size, 2) for size in (4 * parameters, FLAG_BYTES))
    cost = 2 * latency + (gradients + flag) / bandwidth
    return {
        "script": SCRIPT,
        "network": NETWORK,
        "parameters": parameters,
        "rounds": rounds,
        "machine": machine,
        "bytes sent in a step": {"predicted": gradients + flag, "measured": measured},
        "latency, microseconds": round(1000 * latency, 1),
        "bandwidth, megabytes a second": round(bandwidth / 1000),
        "communication in a step, ms": round(cost, 3),
        "all_reduce": reductions,
        "steps": table(times, batches, cost),
    }


def show(rows: list[dict]) -> None:
    """Print rows with equal keys as a table."""
    heads = list(rows[0])
    print("  ".join(heads))
    for row in rows:
        print("  ".join(f"{row[head]!s:>{len(head)}}" for head in heads))


def main(words: list[str] | None = None) -> int:
    """Read the command line, measure, and write down what came of it."""
    parser = argparse.ArgumentParser(description="Two processes against two threads.")
    parser.add_argument("--rounds", type=int, default=5, help="of all ways (default: 5)")
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES, help="digits a step")
    parser.add_argument("--output", type=Path, default=RESULTS)
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(words)
    if options.work:
        work()
        return 0
    found = measure(list(options.batches), options.rounds)
    options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8", newline="\n")
    print(json.dumps({key: value for key, value in found.items() if type(value) is not list}))
    show(found["all_reduce"])
    show(found["steps"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
