"""Exercises of chapter 11, checkpointing."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import itertools
import math
import random
import sys

from .declaring import problem

# --- needed_parts -------------------------------------------------------------------------------


def kinds_of_runs(generator):
    return list(itertools.product([False, True], repeat=3))


@problem(
    inputs=kinds_of_runs,
    hints=[
        "Weights and position are always needed. What remembers earlier steps in this run?",
        "Momentum lies in the optimizer's state, and so does the learning rate of the next step. "
        "Which of the three arguments changes the rate? Dropout draws random numbers.",
        "optimizer where momentum or scheduler; scheduler where scheduler; random state where "
        "dropout. Then sorted(parts).",
    ],
)
def needed_parts(momentum, scheduler, dropout):
    parts = ["weights", "position"]
    if momentum or scheduler:
        parts.append("optimizer")
    if scheduler:
        parts.append("scheduler")
    if dropout:
        parts.append("random state")
    return sorted(parts)


@needed_parts.mistake(
    "The optimizer holds the learning rate as well. Where a scheduler has changed it, the next "
    "step needs it, even without momentum."
)
def optimizer_for_momentum_only(momentum, scheduler, dropout):
    parts = needed_parts.solution(momentum, scheduler, dropout)
    return [part for part in parts if part != "optimizer" or momentum]


@needed_parts.mistake(
    "Keeping everything is safe, and checkpoints should. Asked here is what this run could not do "
    "without: what has not changed since the start need not be kept."
)
def everything(momentum, scheduler, dropout):
    return ["optimizer", "position", "random state", "scheduler", "weights"]


@needed_parts.mistake("Without the position, the run would see the first digits again.")
def position_forgotten(momentum, scheduler, dropout):
    parts = needed_parts.solution(momentum, scheduler, dropout)
    return [part for part in parts if part != "position"]


@needed_parts.mistake("Dropout draws random numbers: which ones, the random state decides.")
def chance_forgotten(momentum, scheduler, dropout):
    parts = needed_parts.solution(momentum, scheduler, dropout)
    return [part for part in parts if part != "random state"]


@needed_parts.mistake(
    "The scheduler counts the steps it has seen. Without its state it begins at the first rate."
)
def scheduler_forgotten(momentum, scheduler, dropout):
    parts = needed_parts.solution(momentum, scheduler, dropout)
    return [part for part in parts if part != "scheduler"]


@needed_parts.mistake("Weights alone are what people keep, and not what a run needs to go on.")
def weights_alone(momentum, scheduler, dropout):
    return ["weights"]


@needed_parts.mistake("The right parts, in another order: give them sorted.")
def not_sorted(momentum, scheduler, dropout):
    return needed_parts.solution(momentum, scheduler, dropout)[::-1]


# --- position -----------------------------------------------------------------------------------


def steps_and_sizes(generator):
    yield from [(110, 640, 32), (0, 640, 32), (20, 640, 32), (7, 100, 32)]
    for _ in range(10):
        yield generator.randint(1, 2000), generator.randint(65, 900), generator.choice([20, 32, 64])


@problem(
    inputs=steps_and_sizes,
    hints=[
        "How many batches does one pass have? The last one may be smaller, and counts.",
        "math.ceil(count / batch_size) batches a pass. How often does that go into step?",
        "divmod(step, batches) gives both numbers.",
    ],
)
def position(step, count, batch_size):
    batches = math.ceil(count / batch_size)
    return divmod(step, batches)


@position.mistake("The last batch of a pass may be smaller. It counts: round up.")
def small_batch_forgotten(step, count, batch_size):
    return divmod(step, count // batch_size)


@position.mistake("The two numbers are right; the epoch comes first.")
def turned_round(step, count, batch_size):
    return position.solution(step, count, batch_size)[::-1]


@position.mistake("Epochs and batches are counted from 0 here, as Python does.")
def counted_from_one(step, count, batch_size):
    epoch, batch = position.solution(step, count, batch_size)
    return epoch + 1, batch + 1


@position.mistake("That is the batch just done. Asked for is the next: after 0 steps, batch 0.")
def the_batch_just_done(step, count, batch_size):
    return position.solution(step - 1, count, batch_size)


@position.mistake("A step takes a whole batch of digits, not one digit.")
def digits_for_steps(step, count, batch_size):
    return divmod(step, count)


@position.mistake("The epoch is right. The batch counts from the epoch's beginning: take the rest.")
def counted_from_the_start(step, count, batch_size):
    return position.solution(step, count, batch_size)[0], step


# --- digit_order --------------------------------------------------------------------------------

INCOMPLETE = "Every index below count must stand in the order once, and nothing else."
READS = (
    "Called again with the same seed and epoch, it gives another order, for someone else had drawn "
    "random numbers in between. Use a generator of its own, such as random.Random(...)."
)
MOVES = (
    "It changes the global random state, which others draw from: seeding it there restarts their "
    "dropout. Use a generator of its own, such as random.Random(...)."
)
SORTED = "The digits come in their stored order. Shuffle them."
EPOCHS_ALIKE = "Two epochs have the same order. Let the epoch's number take part."
SEEDS_ALIKE = "Two seeds give the same order. Let the seed take part."
ADDED = (
    "Epoch 1 of seed 0 is the same as epoch 0 of seed 1, so two runs would share their orders. Do "
    'not add the two: make one text of them, such as f"{seed} {epoch}".'
)


def _global_states():
    """Python's random state, and numpy's and torch's where they are in use."""
    states = [random.getstate()]
    if (numpy := sys.modules.get("numpy")) is not None:
        states.append(str(numpy.random.get_state()))
    if (torch := sys.modules.get("torch")) is not None:
        states.append(torch.get_rng_state().tolist())
    return states


def _draw_elsewhere():
    """What a program does between two epochs: it draws from every global generator."""
    random.random()
    if (numpy := sys.modules.get("numpy")) is not None:
        numpy.random.rand()
    if (torch := sys.modules.get("torch")) is not None:
        torch.rand(1)


def what_is_wrong_with_the_order(answer, generator):
    count, seed = generator.randint(30, 60), generator.randint(0, 99)

    def order(seed, epoch):
        return [int(index) for index in answer(count, seed, epoch)]

    before = _global_states()
    first = order(seed, 0)
    moved = _global_states() != before
    if sorted(first) != list(range(count)):
        return INCOMPLETE
    _draw_elsewhere()
    if order(seed, 0) != first:
        return READS
    if moved:
        return MOVES
    if first == sorted(first):
        return SORTED
    if order(1, 0) == order(0, 1):
        return SEEDS_ALIKE if order(2, 0) == order(0, 0) else ADDED
    if order(seed, 1) == first or order(0, 1) == order(0, 2):
        return EPOCHS_ALIKE
    return SEEDS_ALIKE if order(seed + 1, 0) == first or order(1, 0) == order(2, 0) else None


@problem(
    diagnose=what_is_wrong_with_the_order,
    hints=[
        "random.shuffle draws from one generator that everybody shares. How do you get your own?",
        "random.Random(something) is a generator of your own, with all of random's functions. The "
        "something may be a text.",
        'random.Random(f"{seed} {epoch}").sample(range(count), count)',
    ],
)
def digit_order(count, seed, epoch):
    generator = random.Random(f"{seed} {epoch}")
    return generator.sample(range(count), count)


@digit_order.mistake(READS)
def from_the_shared_generator(count, seed, epoch):
    return random.sample(range(count), count)


@digit_order.mistake(MOVES)
def shared_generator_seeded(count, seed, epoch):
    random.seed(f"{seed} {epoch}")
    return random.sample(range(count), count)


@digit_order.mistake(ADDED)
def added_up(count, seed, epoch):
    return random.Random(seed + epoch).sample(range(count), count)


@digit_order.mistake(EPOCHS_ALIKE)
def every_epoch_alike(count, seed, epoch):
    return random.Random(seed).sample(range(count), count)


@digit_order.mistake(SEEDS_ALIKE)
def every_seed_alike(count, seed, epoch):
    return random.Random(epoch).sample(range(count), count)


@digit_order.mistake(SORTED)
def stored_order(count, seed, epoch):
    return list(range(count))


@digit_order.mistake(INCOMPLETE)
def with_repeats(count, seed, epoch):
    return random.Random(f"{seed} {epoch}").choices(range(count), k=count)


# --- safe_order ---------------------------------------------------------------------------------


@problem(
    hints=[
        "Think of the machine stopping after each of them: is there a whole file under the name?",
        "A name may only be given to bytes that are on the disk already. One of the six leaves a "
        "moment without any file.",
        "Open beside, write, push the file, replace, push the folder.",
    ],
)
def safe_order():
    return ["open beside", "write", "push the file", "replace", "push the folder"]


@safe_order.mistake(
    "The name is given before the bytes are on the disk: after a power cut it may name an empty "
    "file. Push the file first."
)
def replaced_too_early():
    return ["open beside", "write", "replace", "push the file", "push the folder"]


@safe_order.mistake(
    "Between deleting and replacing there is no file at all. Replacing takes the old one's place "
    "by itself."
)
def old_one_deleted():
    return ["open beside", "write", "push the file", "delete the old", "replace", "push the folder"]


@safe_order.mistake(
    "The old file is deleted before a new one is there. That one of the six is not needed."
)
def old_one_deleted_first():
    return ["delete the old", "open beside", "write", "push the file", "replace", "push the folder"]


@safe_order.mistake(
    "The folder holds the names, and it is pushed before the new name stands in it. Push it last."
)
def folder_pushed_too_early():
    return ["open beside", "write", "push the file", "push the folder", "replace"]


@safe_order.mistake("The file is pushed to the disk before anything is written into it.")
def pushed_empty():
    return ["open beside", "push the file", "write", "replace", "push the folder"]


@safe_order.mistake(
    "The new name stands in the folder, which is not on the disk yet: push the folder, or a power "
    "cut may take the name away."
)
def folder_forgotten():
    return ["open beside", "write", "push the file", "replace"]


@safe_order.mistake(
    "Nothing makes sure that the bytes are on the disk before the name is. Push the file."
)
def file_not_pushed():
    return ["open beside", "write", "replace", "push the folder"]


# --- may_be_deleted -----------------------------------------------------------------------------


def records_and_counts(generator):
    yield [(20, 0.4), (40, 0.1), (60, 0.3), (80, 0.2), (100, 0.25)], 2
    yield [(20, math.nan), (40, 0.3), (60, 0.1), (80, 0.1), (100, 0.2)], 1
    yield [(20, math.nan), (40, math.nan), (60, math.nan)], 1
    yield [(20, 0.4), (40, 0.1)], 3
    for _ in range(10):
        errors = [generator.choice([0.1, 0.2, 0.3, 0.4, math.nan]) for _ in range(8)]
        yield [(20 * n, error) for n, error in enumerate(errors, start=1)], generator.randint(1, 4)


@problem(
    inputs=records_and_counts,
    hints=[
        "Which ones must stay? The newest `keep`, and the best, which may be one of them.",
        "The best has the smallest error among those that are numbers: math.isnan tells.",
        "Gather the steps that stay in a set; go through the records, and list the others.",
    ],
)
def may_be_deleted(records, keep):
    newest = [step for step, _ in records[-keep:]]
    judged = [(error, step) for step, error in records if not math.isnan(error)]
    best = [step for _, step in sorted(judged)[:1]]
    return [step for step, _ in records if step not in newest + best]


@may_be_deleted.mistake("The best one is deleted where it is not among the newest. It must stay.")
def best_forgotten(records, keep):
    return [step for step, _ in records[:-keep]]


@may_be_deleted.mistake(
    "NaN is taken for the best: nothing is smaller than NaN, and nothing is larger. Leave such "
    "records out of the choice."
)
def nan_taken_for_the_best(records, keep):
    errors = [error for _, error in records]
    best = errors.index(min(errors))
    return [step for n, (step, _) in enumerate(records[:-keep]) if n != best]


@may_be_deleted.mistake("These are errors: the best one has the smallest.")
def largest_error_kept(records, keep):
    judged = [(error, step) for step, error in records if not math.isnan(error)]
    best = max(judged, default=(0, None))[1]
    return [step for step, _ in records[:-keep] if step != best]


@may_be_deleted.mistake("This keeps the oldest. The newest stand at the end of the list.")
def oldest_kept(records, keep):
    judged = [(error, step) for step, error in records if not math.isnan(error)]
    best = min(judged, default=(0, None))[1]
    return [step for step, _ in records[keep:] if step != best]


@may_be_deleted.mistake("Those are the ones that stay. Asked for are the others.")
def those_that_stay(records, keep):
    gone = may_be_deleted.solution(records, keep)
    return [step for step, _ in records if step not in gone]


@may_be_deleted.mistake(
    "The best one is counted among the newest `keep`. It stays beside them: up to keep + 1 in all."
)
def best_counted_in(records, keep):
    judged = [(error, step) for step, error in records if not math.isnan(error)]
    best = min(judged, default=(0, None))[1]
    others = [step for step, _ in records if step != best]
    return others[: -(keep - 1)] if keep > 1 else others


@may_be_deleted.mistake("Of equally good ones, the earliest stays.")
def latest_of_equals(records, keep):
    judged = [(error, -step) for step, error in records if not math.isnan(error)]
    best = -min(judged, default=(0, 0))[1]
    return [step for step, _ in records[:-keep] if step != best]
