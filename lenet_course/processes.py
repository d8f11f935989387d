"""Several processes that train one network together: torch's DistributedDataParallel for `fit`.

Each process has the whole network and a part of every batch. Each computes the gradient of its
part; the gradients are summed over all processes, and each takes the same step, so that all
networks stay the same. Who starts the processes, torchrun or another launcher, tells each of them
through variables: RANK (its number, from 0), WORLD_SIZE (how many there are), LOCAL_RANK (its
number on this machine), MASTER_ADDR and MASTER_PORT (where they meet).

`OneProcess` and `Group` answer the same questions. To see what a second process changes, read them
side by side. Introduced in chapter 14.

Example:
    >>> with joined() as group:  # nobody has started several processes here
    ...     group.size
    1
"""

from __future__ import annotations

import gc
import math
import os
import random
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from datetime import timedelta
from typing import Any, TypeVar

import numpy
import torch
from torch import Tensor, distributed, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from .devices import pick
from .errors import CourseError

NEEDED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")

Result = TypeVar("Result")


class ProcessesError(CourseError, RuntimeError):
    """The processes cannot meet, or have lost each other; the message says what to do."""


class OneProcess:
    """A process that trains alone, and so has every answer itself. Introduced in chapter 14."""

    rank, size = 0, 1

    @property
    def device(self) -> torch.device:
        """Where this process computes."""
        return pick()

    def check_alike(self, **facts: Any) -> None:
        """Refuse to start when the processes were asked for different things."""

    def wrap(self, model: nn.Module) -> nn.Module:
        """Make the module whose gradients are those of all processes: here the model itself."""
        return model

    def part(self, batch: Tensor) -> Tensor:
        """Take this process's indices from those of a batch, (N,)."""
        return batch

    def draw(self, seed: int, step: int) -> None:
        """Prepare the random numbers of a step, such as dropout's: here they go on and on."""

    def descended(self, losses: Tensor, reduction: str, count: int) -> Tensor:
        """Make one loss of those of this process's digits, for `backward`.

        Args:
            losses: one a digit of this process's part.
            reduction: "mean" or "sum".
            count: digits of the whole batch.
        """
        return getattr(losses, reduction)()

    def total(self, numbers: Tensor) -> Tensor:
        """Add up what every process has, element by element."""
        return numbers

    def any(self, flag: bool) -> bool:
        """Tell whether any process says yes."""
        return flag

    def each(self, work: Callable[[], Result]) -> Result:
        """Let every process do something; when it fails in one, all stop with that error."""
        return work()

    def by_first(self, work: Callable[[], Result]) -> Result:
        """Let process 0 do something, and give its result, or its error, to all."""
        return work()

    def copy(
        self, model: nn.Module, optimizer: Optimizer, scheduler: LRScheduler | None = None
    ) -> None:
        """Give all processes the state that process 0 has."""


class Group(OneProcess):
    """One of several processes that train one network. All of them call the same, in one order.

    Every method but `part`, `draw` and `descended` waits for the other processes. When one of them
    ends, or says nothing for as long as `patience` allows, torch raises an error in the others,
    and `joined` makes a ProcessesError of it.

    Introduced in chapter 14.
    """

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""
        return distributed.get_rank()

    @property
    def size(self) -> int:
        """How many processes there are, on all machines."""
        return distributed.get_world_size()

    @property
    def device(self) -> torch.device:
        """Where this process computes: a GPU of its own where there are enough, or the CPU."""
        return _device()

    def check_alike(self, **facts: Any) -> None:
        """Refuse to start when the processes were asked for different things.

        Raises:
            ProcessesError: in every process; the message names the first difference.
        """
        answers = self._answers(facts)
        for name in facts:
            for rank, answer in enumerate(answers):
                if answer.get(name) != answers[0].get(name):
                    error = ProcessesError(
                        f"The processes were not started alike: {name} is {answers[0].get(name)} "
                        f"in process 0 and {answer.get(name)} in process {rank}. Give all of them "
                        f"the same command and the same data."
                    )
                    raise _in_all(error)

    def wrap(self, model: nn.Module) -> nn.Module:
        """Make the module whose gradients are those of all processes.

        DistributedDataParallel gives every process the weights of process 0, and from then on
        averages the gradients over the processes during `backward`.
        """
        return DistributedDataParallel(model, gradient_as_bucket_view=True)

    def part(self, batch: Tensor) -> Tensor:
        """Take every size-th index of a batch, (N,), from the rank-th on: each is taken once.

        A batch with fewer digits than there are processes leaves some of them without any.
        """
        return batch[self.rank :: self.size]

    def draw(self, seed: int, step: int) -> None:
        """Start the random numbers of a step anew: other ones in each process.

        They depend on the seed, the step and the rank alone, so that a run that goes on from a
        checkpoint, which holds the random state of process 0 only, draws the same ones again.
        """
        numbers = numpy.random.SeedSequence([seed, step, self.rank]).generate_state(1, "uint64")
        own = int(numbers[0])
        random.seed(own)
        torch.default_generator.manual_seed(own)
        if torch.cuda.is_initialized():
            torch.cuda.manual_seed(own)

    def descended(self, losses: Tensor, reduction: str, count: int) -> Tensor:
        """Make one loss of those of this process's digits, for `backward`.

        Gradients are averaged over the processes, whatever number of digits each had. Times the
        number of processes the average is the sum; and divided by the digits of the whole batch,
        not of the part, the sum is the mean over digits, also when the parts are uneven.
        """
        return losses.sum() * (self.size / count if reduction == "mean" else self.size)

    def total(self, numbers: Tensor) -> Tensor:
        """Add up what every process has, element by element."""
        distributed.all_reduce(numbers)
        return numbers

    def any(self, flag: bool) -> bool:
        """Tell whether any process says yes: all hear the same, and can stop after one step."""
        return bool(self.total(torch.tensor(int(flag))))

    def each(self, work: Callable[[], Result]) -> Result:
        """Let every process do something; when it fails in one, all stop with that error."""
        result, error = _attempt(work)
        errors = [each for each in self._answers(error) if each is not None]
        if errors:
            raise _in_all(errors[0])
        return result

    def by_first(self, work: Callable[[], Result]) -> Result:
        """Let process 0 do something, and give its result, or its error, to all.

        Meanwhile the others wait. A checkpoint is read and written in this way: the machines need
        no disk that they share.
        """
        answer = list(_attempt(work)) if self.rank == 0 else [None, None]
        distributed.broadcast_object_list(answer, src=0)
        result, error = answer
        if error is not None:
            raise _in_all(error)
        return result

    def copy(
        self, model: nn.Module, optimizer: Optimizer, scheduler: LRScheduler | None = None
    ) -> None:
        """Give all processes the state that process 0 has, in the form of a checkpoint's bytes."""
        # Here, because a checkpoint wants to know in turn how many processes there are.
        from .checkpoints import put_back, take
        from .checkpoints.files import pack, unpack
        from .checkpoints.state import from_parts

        content = self.by_first(lambda: pack(*take(model, optimizer, scheduler).encoded()))
        if self.rank:
            name = "The state of process 0"
            put_back(from_parts(*unpack(content), name), model, optimizer, scheduler, name)

    def _answers(self, answer: Any) -> list[Any]:
        answers = [None] * self.size
        distributed.all_gather_object(answers, answer)
        return answers


def current() -> OneProcess:
    """Tell with whom this process trains: a Group where torch's process group has been started.

    Example:
        >>> current().size
        1

    Introduced in chapter 14.
    """
    started = distributed.is_available() and distributed.is_initialized()
    return Group() if started else OneProcess()


@contextmanager
def joined() -> Iterator[OneProcess]:
    """Meet the other processes that were started with this one, if any, and part at the end.

    Only process 0 prints meanwhile. An error that all processes have in common is told by process 0
    as well; the others end with exit code 2.

    Raises:
        ProcessesError: the others did not come, or were lost, within `patience`.

    Example:
        >>> with joined() as group:
        ...     group.part(torch.arange(4)).tolist()
        [0, 1, 2, 3]

    Introduced in chapter 14.
    """
    if "RANK" not in os.environ and "WORLD_SIZE" not in os.environ:
        yield OneProcess()
        return
    wait = patience()
    _meet(wait)
    group = Group()
    rank, size = group.rank, group.size
    try:
        with _parting(), _quiet(rank > 0):
            group.check_alike(device=group.device.type, patience=wait)
            yield group
            group.any(False)  # nobody leaves while another still listens
    except CourseError as error:
        if rank > 0 and getattr(error, "is_in_all", False):
            raise SystemExit(2) from None
        raise
    except RuntimeError as error:
        if not _is_about_processes(error):
            raise
        raise ProcessesError(_lost(error, rank, size, wait)) from error


def patience() -> float:
    """Tell for how many seconds a process waits for the others: LENET_COURSE_TIMEOUT, or 60.

    Raises:
        ProcessesError: the variable holds no number of seconds.

    Example:
        >>> patience()
        60.0

    Introduced in chapter 14.
    """
    words = os.environ.get("LENET_COURSE_TIMEOUT", "60")
    try:
        seconds = float(words)
    except ValueError:
        seconds = math.nan
    if not 1 <= seconds <= 86_400:
        raise ProcessesError(
            f"LENET_COURSE_TIMEOUT is {words!r}. Give the seconds to wait for other processes, "
            f"from 1 to 86400."
        )
    return seconds


def is_restart() -> bool:
    """Tell whether torchrun has started this process again after a failure.

    Example:
        >>> is_restart()
        False

    Introduced in chapter 14.
    """
    return _restarts() > 0


def _restarts() -> int:
    return int(os.environ.get("TORCHELASTIC_RESTART_COUNT", 0))


def _meet(wait: float) -> None:
    missing = [name for name in NEEDED if name not in os.environ]
    if missing:
        raise ProcessesError(
            f"Several processes were asked for, and the variables {', '.join(missing)} are not "
            f"set. Start them with torchrun, which sets all of them."
        )
    if not distributed.is_available():
        raise ProcessesError(
            "This build of torch cannot train in several processes. Start one, without torchrun."
        )
    rank, size = os.environ["RANK"], os.environ["WORLD_SIZE"]
    place = f"{os.environ['MASTER_ADDR']}:{os.environ['MASTER_PORT']}"
    device = _device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    limit = timedelta(seconds=wait)
    try:
        distributed.init_process_group(
            _backend(device),
            store=_meeting_place(limit),
            rank=int(rank),
            world_size=int(size),
            timeout=limit,
        )
    except (RuntimeError, ValueError) as error:
        raise ProcessesError(
            f"Process {rank} of {size} could not meet the others at {place} within {wait:g} "
            f"seconds ({_first_words(error)}). Start all of them within that time; "
            f"LENET_COURSE_TIMEOUT=300 waits longer."
        ) from error


def _meeting_place(limit: timedelta) -> distributed.Store:
    """Open the store where the processes leave each other their addresses.

    Torchrun keeps one store for all its restarts, and the addresses of the dead stay in it. So each
    restart writes under a name of its own. (With several torchruns, on several machines, the
    counts may differ; there TORCH_DISABLE_SHARE_RDZV_TCP_STORE=1 gives each restart a new store.)
    """
    store, _, _ = next(distributed.rendezvous("env://", timeout=limit))
    store.set_timeout(limit)
    if os.environ.get("GROUP_WORLD_SIZE") != "1":
        return store
    return distributed.PrefixStore(f"restart {_restarts()}", store)


def _device() -> torch.device:
    if not torch.cuda.is_available():  # Apple's GPUs cannot exchange gradients
        return torch.device("cpu")
    return torch.device("cuda", _local_rank() % torch.cuda.device_count())


def _backend(device: torch.device) -> str:
    """Choose what carries the numbers: NVIDIA's nccl from GPU to GPU, gloo over the network."""
    if device.type == "cpu":
        return "gloo"
    processes_here = int(os.environ.get("LOCAL_WORLD_SIZE", os.environ["WORLD_SIZE"]))
    own_gpu = processes_here <= torch.cuda.device_count()
    return f"cpu:gloo,cuda:{'nccl' if own_gpu else 'gloo'}"  # nccl refuses to share a GPU


def _local_rank() -> int:
    return int(os.environ.get("LOCAL_RANK", os.environ["RANK"]))


@contextmanager
def _parting() -> Iterator[None]:
    """Give the connections back at the end, whether the end is good or bad.

    Gloo aborts a process that ends while anything holds its connections. A wrapped network does,
    and an error holds the network, by the frames that it passed.
    """
    try:
        yield
    except BaseException as error:
        traceback.clear_frames(error.__traceback__)
        gc.collect()
        if "nccl" not in distributed.get_backend_config():  # it would wait for those that are gone
            distributed.destroy_process_group()
        raise
    gc.collect()
    distributed.destroy_process_group()


@contextmanager
def _quiet(is_quiet: bool) -> Iterator[None]:
    """Keep what this process prints to itself. An error leaves the block, and so is told."""
    with ExitStack() as stack:
        if is_quiet:
            nowhere = stack.enter_context(open(os.devnull, "w"))  # noqa: PTH123
            stack.enter_context(redirect_stdout(nowhere))
            stack.enter_context(redirect_stderr(nowhere))
        yield


def _attempt(work: Callable[[], Result]) -> tuple[Result | None, CourseError | None]:
    """Work, and take an error that speaks to a learner as an answer, which others can be given."""
    try:
        return work(), None
    except CourseError as error:
        return None, error


def _in_all(error: CourseError) -> CourseError:
    """Mark an error that is raised in all processes, so that one of them tells it."""
    error.is_in_all = True
    return error


def _is_about_processes(error: RuntimeError) -> bool:
    """Gloo raises plain RuntimeErrors, which only their words tell from others."""
    words = str(error).lower()
    return isinstance(error, distributed.DistError) or "gloo" in words or "nccl" in words


def _lost(error: RuntimeError, rank: int, size: int, wait: float) -> str:
    silent = "timed out" in str(error).lower()
    what = f"was silent for {wait:g} seconds" if silent else "has ended"
    return (
        f"Process {rank} of {size} cannot go on: another {what}. Look for what that one printed. "
        f"The same command goes on from the last checkpoint, if --checkpoints keeps any; "
        f"torchrun --max-restarts=3 does so by itself."
    )


def _first_words(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
