"""Exercises of chapter 11, checkpointing."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import itertools
import math
import random
import sys

from .declaring import problem

# --- needed_parts -------------------------------------------------------------------------------

PARTS = ("optimizer", "position", "random state", "scheduler", "weights")
NOT_CALLED = "The parts are called " + ", ".join(f'"{part}"' for part in PARTS) + "."
TWICE = "A part stands in the list twice: put each in once."
EVERYTHING = (
    "Keeping everything is safe, and checkpoints should. Asked here is what this run could not do "
    "without: what has not changed since the start need not be kept."
)
REMEMBERS_NOTHING = (
    "Plain descent remembers nothing of earlier steps, and without a scheduler the rate is that of "
    "the start: if the optimizer's state is gone, what is lost?"
)
NO_CHANCE = (
    "Without dropout no step draws a random number, and the digits' order follows from seed and "
    "pass: if the random state is gone, what is lost?"
)
NO_SCHEDULER = "This run has no scheduler, so it has no state of one."
RATE = (
    "The optimizer holds the learning rate as well. Where a scheduler has changed it, the next "
    "step needs it, even without momentum."
)
MISSING = {
    "optimizer": "Momentum is a sum of earlier gradients, and it lies in the optimizer's state.",
    "position": "Without the position, the run would see the first digits again.",
    "random state": "Dropout draws random numbers: which ones, the random state decides.",
    "scheduler": (
        "The scheduler counts the steps it has seen. Without its state it counts from 0 again, and "
        "from the next step on gives the rates of the run's beginning."
    ),
    "weights": "Without the weights, nothing is left of what was learned.",
}
NOT_SORTED = "The right parts, in another order: give them sorted."
A_LIST = "A list is asked for: sorted(...) makes one, of a set too."


def what_is_wrong_with_the_parts(answer, generator):
    for kind in itertools.product([False, True], repeat=3):
        given = answer(*kind)
        if told := _about_parts(given, needed_parts.solution(*kind), *kind):
            return f"{needed_parts.call(kind)} gives {given!r}.\n{told}"
    return None


def _about_parts(given, wanted, momentum, scheduler, dropout):
    if given is None:
        return "Is a `return` missing?"
    if not isinstance(given, (list, tuple)):
        return A_LIST
    if not set(map(str, given)) <= set(PARTS):
        return NOT_CALLED
    if len(set(given)) < len(given):
        return TWICE
    missing, surplus = set(wanted) - set(given), set(given) - set(wanted)
    if surplus:
        reasons = {"optimizer": REMEMBERS_NOTHING, "random state": NO_CHANCE}
        return EVERYTHING if len(given) == len(PARTS) else reasons.get(min(surplus), NO_SCHEDULER)
    if missing:
        first = min(missing)
        return RATE if first == "optimizer" and not momentum else MISSING[first]
    return None if list(given) == wanted else NOT_SORTED


@problem(
    diagnose=what_is_wrong_with_the_parts,
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


def _without(part, *kind):
    return [each for each in needed_parts.solution(*kind) if each != part]


@needed_parts.mistake(REMEMBERS_NOTHING)
def optimizer_always(momentum, scheduler, dropout):
    return sorted({"optimizer", *needed_parts.solution(momentum, scheduler, dropout)})


@needed_parts.mistake(NO_CHANCE)
def random_state_always(momentum, scheduler, dropout):
    return sorted({"random state", *needed_parts.solution(momentum, scheduler, dropout)})


@needed_parts.mistake(NO_SCHEDULER)
def scheduler_always(momentum, scheduler, dropout):
    return sorted({"scheduler", *needed_parts.solution(momentum, scheduler, dropout)})


@needed_parts.mistake(EVERYTHING)
def everything(momentum, scheduler, dropout):
    return list(PARTS)


@needed_parts.mistake(RATE)
def optimizer_for_momentum_only(momentum, scheduler, dropout):
    parts = needed_parts.solution(momentum, scheduler, dropout)
    return [part for part in parts if part != "optimizer" or momentum]


@needed_parts.mistake(MISSING["optimizer"])
def optimizer_for_the_scheduler_only(momentum, scheduler, dropout):
    parts = needed_parts.solution(momentum, scheduler, dropout)
    return [part for part in parts if part != "optimizer" or scheduler]


@needed_parts.mistake(MISSING["position"])
def position_forgotten(momentum, scheduler, dropout):
    return _without("position", momentum, scheduler, dropout)


@needed_parts.mistake(MISSING["random state"])
def chance_forgotten(momentum, scheduler, dropout):
    return _without("random state", momentum, scheduler, dropout)


@needed_parts.mistake(MISSING["scheduler"])
def scheduler_forgotten(momentum, scheduler, dropout):
    return _without("scheduler", momentum, scheduler, dropout)


@needed_parts.mistake(MISSING["weights"])
def weights_forgotten(momentum, scheduler, dropout):
    return _without("weights", momentum, scheduler, dropout)


@needed_parts.mistake(MISSING["position"])
def weights_alone(momentum, scheduler, dropout):
    return ["weights"]


@needed_parts.mistake(NOT_CALLED)
def another_name(momentum, scheduler, dropout):
    parts = needed_parts.solution(momentum, scheduler, dropout)
    return [part.removesuffix(" state") for part in parts]


@needed_parts.mistake(TWICE)
def one_of_them_twice(momentum, scheduler, dropout):
    return ["position", *needed_parts.solution(momentum, scheduler, dropout)]


@needed_parts.mistake(NOT_SORTED)
def not_sorted(momentum, scheduler, dropout):
    return needed_parts.solution(momentum, scheduler, dropout)[::-1]


@needed_parts.mistake(A_LIST)
def a_set(momentum, scheduler, dropout):
    return set(needed_parts.solution(momentum, scheduler, dropout))


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


@position.mistake("A pass takes a whole number of batches, the last one smaller: round up.")
def not_rounded(step, count, batch_size):
    return divmod(step, count / batch_size)


@position.mistake(
    "Where batch_size divides count, there is no smaller last batch, and this counts one more. "
    "Round up: math.ceil does."
)
def always_one_more(step, count, batch_size):
    return divmod(step, count // batch_size + 1)


@position.mistake(
    "This counts digits. The last batch of a pass may be smaller, so fewer digits than step * "
    "batch_size have been seen: count batches."
)
def by_the_digits_seen(step, count, batch_size):
    return step * batch_size // count, ...


@position.mistake("After `step` steps the next one is number `step`, for the first is number 0.")
def one_step_on(step, count, batch_size):
    return position.solution(step + 1, count, batch_size)


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
    "It changes the global random state, which others draw from: seeding it there restarts "
    "whatever they draw. Use a generator of its own, such as random.Random(...)."
)
SORTED = "The digits come in their stored order. Shuffle them."
EPOCHS_ALIKE = "Two epochs have the same order. Let the epoch's number take part."
SEEDS_ALIKE = "Two seeds give the same order. Let the seed take part."
ADDED = (
    "Epoch 1 of seed 0 is the same as epoch 0 of seed 1, so two runs would share their orders. Do "
    'not add or multiply the two: make one text of them, such as f"{seed} {epoch}".'
)
GLUED = (
    "Seed 1 with epoch 11 and seed 11 with epoch 1 share an order: written without a gap, both are "
    "111. Put something between the two."
)
CLOSE = [(0, 10, 1, 0), (0, 100, 1, 0), (10, 0, 0, 1), (100, 0, 0, 1)]
TOO_CLOSE = (
    "Seed {}, epoch {} and seed {}, epoch {} share an order: no factor keeps the two apart for "
    'ever. Make one text of them, such as f"{{seed}} {{epoch}}".'
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
    if order(seed + 1, 0) == first or order(1, 0) == order(2, 0):
        return SEEDS_ALIKE
    if order(1, 11) == order(11, 1):
        return GLUED
    shared = (pairs for pairs in CLOSE if order(*pairs[:2]) == order(*pairs[2:]))
    return next((TOO_CLOSE.format(*pairs) for pairs in shared), None)


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


@digit_order.mistake(GLUED)
def glued_together(count, seed, epoch):
    return random.Random(f"{seed}{epoch}").sample(range(count), count)


@digit_order.mistake(ADDED)
def multiplied(count, seed, epoch):
    return random.Random((seed + 1) * (epoch + 1)).sample(range(count), count)


@digit_order.mistake(TOO_CLOSE.format(*CLOSE[0]))
def ten_epochs_apart(count, seed, epoch):
    return random.Random(seed * 10 + epoch).sample(range(count), count)


@digit_order.mistake(TOO_CLOSE.format(*CLOSE[1]))
def a_hundred_epochs_apart(count, seed, epoch):
    return random.Random(seed * 100 + epoch).sample(range(count), count)


@digit_order.mistake(TOO_CLOSE.format(*CLOSE[2]))
def ten_seeds_apart(count, seed, epoch):
    return random.Random(epoch * 10 + seed).sample(range(count), count)


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

SIX = ("delete the old", "open beside", "push the file", "push the folder", "replace", "write")
NO_SUCH = "The six are called " + ", ".join(f'"{one}"' for one in SIX) + "."
DELETED = (
    'With "delete the old" there is a moment without any file. That one is not needed: replacing '
    "takes the old one's place by itself."
)
ONCE = "One of them is done twice: once is enough."
LEFT_OUT = {
    "open beside": "Where is it written to? Under the old name, a half-written file would stand.",
    "push the file": (
        "Nothing makes sure that the bytes are on the disk before the name is. Push the file."
    ),
    "push the folder": (
        "The new name stands in the folder, which is not on the disk yet: push the folder, or a "
        "power cut may take the name away."
    ),
    "replace": "The new file never gets its name.",
    "write": "Nothing is ever written into the new file.",
}
TOO_EARLY = {
    ("open beside", "write"): "A file has to be opened before anything is written into it.",
    ("write", "push the file"): (
        "The file is pushed to the disk before anything is written into it."
    ),
    ("write", "replace"): (
        "The name is given to a file into which nothing is written yet. Replace after writing."
    ),
    ("push the file", "replace"): (
        "The name is given before the bytes are on the disk: after a power cut it may name an "
        "empty file. Push the file first."
    ),
    ("replace", "push the folder"): (
        "The folder holds the names, and it is pushed before the new name stands in it. Push it "
        "last."
    ),
}


def what_is_wrong_with_the_steps(answer, generator):
    given = answer()
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, str) for one in given):
        return f"A list of five of the six texts is asked for, and this is {given!r}."
    told = _about_steps(list(given))
    return f"You gave {', '.join(given) or 'an empty list'}.\n{told}" if told else None


def _about_steps(given):
    if "delete the old" in given:
        return DELETED
    if not set(given) <= set(SIX):
        return NO_SUCH
    if len(set(given)) < len(given):
        return ONCE
    for step, told in LEFT_OUT.items():
        if step not in given:
            return told
    for (before, after), told in TOO_EARLY.items():
        if given.index(before) > given.index(after):
            return told
    return None


@problem(
    diagnose=what_is_wrong_with_the_steps,
    hints=[
        "Think of the machine stopping after each of them: is there a whole file under the name?",
        "A name may only be given to bytes that are on the disk already. One of the six leaves a "
        "moment without any file.",
        "Open beside, write, push the file, replace, push the folder.",
    ],
)
def safe_order():
    return ["open beside", "write", "push the file", "replace", "push the folder"]


@safe_order.mistake(DELETED)
def old_one_deleted():
    return ["open beside", "write", "push the file", "delete the old", "replace", "push the folder"]


@safe_order.mistake(DELETED)
def old_one_deleted_and_folder_forgotten():
    return ["delete the old", "open beside", "write", "push the file", "replace"]


@safe_order.mistake(NO_SUCH)
def another_step():
    return ["open beside", "write", "fsync", "replace", "push the folder"]


@safe_order.mistake(ONCE)
def pushed_twice():
    return [
        *("open beside", "push the folder", "write", "push the file", "replace"),
        "push the folder",
    ]


@safe_order.mistake(LEFT_OUT["open beside"])
def straight_to_the_name():
    return ["write", "push the file", "replace", "push the folder"]


@safe_order.mistake(LEFT_OUT["push the file"])
def file_not_pushed():
    return ["open beside", "write", "replace", "push the folder"]


@safe_order.mistake(LEFT_OUT["push the folder"])
def folder_forgotten():
    return ["open beside", "write", "push the file", "replace"]


@safe_order.mistake(LEFT_OUT["replace"])
def never_named():
    return ["open beside", "write", "push the file", "push the folder"]


@safe_order.mistake(LEFT_OUT["write"])
def never_written():
    return ["open beside", "push the file", "replace", "push the folder"]


@safe_order.mistake(TOO_EARLY["open beside", "write"])
def written_before_opened():
    return ["write", "open beside", "push the file", "replace", "push the folder"]


@safe_order.mistake(TOO_EARLY["write", "push the file"])
def pushed_empty():
    return ["open beside", "push the file", "write", "replace", "push the folder"]


@safe_order.mistake(TOO_EARLY["write", "replace"])
def replaced_before_written():
    return ["open beside", "replace", "write", "push the file", "push the folder"]


@safe_order.mistake(TOO_EARLY["push the file", "replace"])
def replaced_too_early():
    return ["open beside", "write", "replace", "push the file", "push the folder"]


@safe_order.mistake(TOO_EARLY["replace", "push the folder"])
def folder_pushed_too_early():
    return ["open beside", "write", "push the file", "push the folder", "replace"]


# --- may_be_deleted -----------------------------------------------------------------------------


def records_and_counts(generator):
    yield [(1, 0.4), (2, 0.1), (3, 0.3), (4, 0.2)], 2
    yield [(1, math.nan), (2, 0.3), (3, 0.1), (4, 0.1), (5, 0.2)], 1
    yield [(1, math.nan), (2, math.nan), (3, math.nan)], 1
    yield [(1, 0.4), (2, 0.3), (3, 0.2), (4, 0.1)], 2
    yield [(1, 0.4), (2, 0.1)], 3
    for _ in range(15):
        errors = [generator.choice([0.1, 0.2, 0.3, 0.4, math.nan]) for _ in range(6)]
        yield list(enumerate(errors, start=1)), generator.randint(1, 3)


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


@may_be_deleted.mistake(
    "Here the best is sought among the older ones only. Seek it among all: where it is one of the "
    "newest, no older one stays."
)
def best_of_the_older_ones(records, keep):
    older = records[:-keep]
    judged = [(error, step) for step, error in older if not math.isnan(error)]
    best = min(judged, default=(0, None))[1]
    return [step for step, _ in older if step != best]


@may_be_deleted.mistake("If none is a number, none is the best: `min` then has nothing to look at.")
def best_of_none(records, keep):
    best = min((error, step) for step, error in records if not math.isnan(error))[1]
    return [step for step, _ in records[:-keep] if step != best]


@may_be_deleted.mistake("If none is a number, none is the best: the sorted list is then empty.")
def first_of_none(records, keep):
    judged = [(error, step) for step, error in records if not math.isnan(error)]
    best = sorted(judged)[0][1]
    return [step for step, _ in records[:-keep] if step != best]


@may_be_deleted.mistake("The steps are asked for, and these are the pairs.")
def pairs_for_steps(records, keep):
    gone = may_be_deleted.solution(records, keep)
    return [pair for pair in records if pair[0] in gone]


@may_be_deleted.mistake("The right steps, from the newest to the oldest. Give the oldest first.")
def newest_first(records, keep):
    return may_be_deleted.solution(records, keep)[::-1]
