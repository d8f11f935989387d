"""Exercises of chapter 14, faster and further."""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

import math
import statistics

import torch

from .declaring import problem

# --- gain ---------------------------------------------------------------------------------------


def rounds(random):
    yield [9.0, 4.0, 4.5, 30.0], [8.0, 2.0, 1.0, 1.5]
    for count in (5, 6, 7, 8, 9, 6, 7):
        before = [random.uniform(2, 6) for _ in range(count)]
        after = [random.uniform(1, 5) for _ in range(count)]
        before[0], after[0] = random.uniform(20, 30), random.uniform(10, 15)
        before[random.randrange(1, count)] *= 7  # a neighbour
        yield before, after


@problem(
    inputs=rounds,
    hints=[
        "Leave the first round out: `before[1:]` is all that follow it.",
        "statistics.median gives the middle one. A slower way has the larger seconds.",
        "The median of before[1:] over the median of after[1:].",
    ],
)
def gain(before, after):
    return statistics.median(before[1:]) / statistics.median(after[1:])


@gain.mistake("The first round warms up, and does not count: leave it out, with [1:].")
def warm_up_counted(before, after):
    return statistics.median(before) / statistics.median(after)


@gain.mistake(
    "Turned round: this is the share of the time that is left. Twice as fast takes half the "
    "seconds, so the old ones come on top."
)
def turned_round(before, after):
    return statistics.median(after[1:]) / statistics.median(before[1:])


@gain.mistake(
    "A mean is moved by one slow round, such as a neighbour's visit. Take the median: "
    "statistics.median."
)
def means(before, after):
    return statistics.mean(before[1:]) / statistics.mean(after[1:])


@gain.mistake(
    "A mean is moved by one slow round, and the first one counts here too. Take the median of "
    "what follows it."
)
def means_of_all(before, after):
    return statistics.mean(before) / statistics.mean(after)


@gain.mistake("These are seconds saved. How many *times* as fast asks for a ratio.")
def seconds_saved(before, after):
    return statistics.median(before[1:]) - statistics.median(after[1:])


@gain.mistake(
    "This takes a ratio in every round, and then the median. That is a fair measure, too; asked "
    "for is the ratio of the two medians."
)
def median_of_ratios(before, after):
    return statistics.median(old / new for old, new in zip(before[1:], after[1:], strict=True))


@gain.mistake("These are the fastest rounds. Asked for are the medians.")
def fastest_rounds(before, after):
    return min(before[1:]) / min(after[1:])


@gain.mistake(
    "The middle of a list is its median only if the list is sorted. statistics.median sorts it."
)
def middle_of_the_unsorted(before, after):
    return before[1:][(len(before) - 1) // 2] / after[1:][(len(after) - 1) // 2]


@gain.mistake(
    "For an even number of rounds there are two in the middle, and the median is their mean. "
    "statistics.median knows."
)
def upper_of_two(before, after):
    return statistics.median_high(before[1:]) / statistics.median_high(after[1:])


@gain.mistake(
    "The first round warms up: leave out that one, with [1:]. This leaves out the last, with [:-1]."
)
def last_left_out(before, after):
    return statistics.median(before[:-1]) / statistics.median(after[:-1])


@gain.mistake("Asked for is how many times as fast, not what that is more than 1: subtract no 1.")
def only_what_is_more(before, after):
    return gain.solution(before, after) - 1


# --- speed_up -----------------------------------------------------------------------------------


def shares_and_times(random):
    yield from [(0.5, 2.0), (0.25, 4.0), (0.9, 10.0), (0.0, 3.0), (1.0, 3.0)]
    for _ in range(8):
        yield random.uniform(0.05, 0.95), random.uniform(0.5, 20.0)


@problem(
    inputs=shares_and_times,
    hints=[
        "Let the whole take 1 before. How long does the part take afterwards, and how long the "
        "rest?",
        "The rest takes 1 - share, as before; the part takes share / times.",
        "The speed-up is 1, the time before, over the sum of these two.",
    ],
)
def speed_up(share, times):
    return 1 / (1 - share + share / times)


@speed_up.mistake(
    "This is the time that is left, as a part of the time before. How many times as fast is one "
    "over that."
)
def time_left(share, times):
    return 1 - share + share / times


@speed_up.mistake(
    "Speeds do not add up like that; seconds do. Let the whole take 1: the part then takes "
    "share / times, the rest 1 - share."
)
def speeds_added(share, times):
    return 1 - share + share * times


@speed_up.mistake("That is the most there is, for an endlessly fast part. `times` is finite.")
def the_most(share, times):
    return 1 / (1 - share) if share < 1 else ...


@speed_up.mistake("The rest of the time is missing: it stays as it was, 1 - share.")
def rest_forgotten(share, times):
    return times / share


@speed_up.mistake("The rest of the time is missing: it stays as it was, 1 - share.")
def part_alone(share, times):
    return times


@speed_up.mistake("Here the *rest* gets faster. The part, `share`, does.")
def rest_made_faster(share, times):
    return 1 / (share + (1 - share) / times)


@speed_up.mistake(
    "The part is counted twice: once as fast as before, once faster. The rest is 1 - share."
)
def part_twice(share, times):
    return 1 / (1 + share / times)


@speed_up.mistake(
    "The part takes share / times afterwards, not share * times: twice as fast is half the seconds."
)
def part_made_slower(share, times):
    return 1 / (1 - share + share * times)


@speed_up.mistake("`//` leaves out what is behind the point. Divide with /.")
def rounded_down(share, times):
    return 1 // (1 - share + share / times)


@speed_up.mistake("`//` leaves out what is behind the point. Divide with /.")
def part_rounded_down(share, times):
    return 1 / (1 - share + share // times)


@speed_up.mistake("Saved is share - share / times, not all of share / times.")
def saved_too_much(share, times):
    return 1 / (1 - share / times)


# --- largest_by_slices --------------------------------------------------------------------------


def maps_and_windows(random):
    noise = torch.Generator().manual_seed(random.randrange(2**31))
    yield torch.tensor([[[1.0, 5.0], [3.0, 2.0]]]), 2
    for shape, size in [
        ((1, 4, 6), 2),
        ((3, 6, 9), 3),
        ((2, 6, 4), 2),
        ((2, 3, 8, 12), 4),
        ((1, 2, 6, 12), 3),
        ((2, 3, 5), 1),
    ]:
        yield torch.randn(shape, generator=noise) - 1, size


def _corners(maps, size):
    return [maps[..., down::size, right::size] for down in range(size) for right in range(size)]


@problem(
    inputs=maps_and_windows,
    hints=[
        "`maps[..., down::size, right::size]` is one place of every window. Which pairs of down "
        "and right are there?",
        "Both go through range(size), each with each: size * size slices. torch.stack lays them "
        "on each other.",
        "torch.stack(slices).amax(dim=0) is the largest of them, place by place.",
    ],
)
def largest_by_slices(maps, size):
    starts = range(size)
    slices = [maps[..., down::size, right::size] for down in starts for right in starts]
    return torch.stack(slices).amax(dim=0)


@largest_by_slices.mistake("These are means of the windows. Asked for is the largest of each.")
def mean_of_windows(maps, size):
    return torch.stack(_corners(maps, size)).mean(dim=0)


@largest_by_slices.mistake("These are sums of the windows. Asked for is the largest of each.")
def sum_of_windows(maps, size):
    return torch.stack(_corners(maps, size)).sum(dim=0)


@largest_by_slices.mistake("These are the smallest of the windows: amax, not amin.")
def smallest_of_windows(maps, size):
    return torch.stack(_corners(maps, size)).amin(dim=0)


@largest_by_slices.mistake(
    "Only the places on a window's diagonal are compared. Each row goes with each column: two "
    "loops, one inside the other."
)
def diagonal_only(maps, size):
    slices = [maps[..., place::size, place::size] for place in range(size)]
    return torch.stack(slices).amax(dim=0)


@largest_by_slices.mistake("Only the windows' first rows are compared. Let `down` move as well.")
def first_rows_only(maps, size):
    slices = [maps[..., ::size, right::size] for right in range(size)]
    return torch.stack(slices).amax(dim=0)


@largest_by_slices.mistake(
    "Only the windows' first columns are compared. Let `right` move as well."
)
def first_columns_only(maps, size):
    slices = [maps[..., down::size, ::size] for down in range(size)]
    return torch.stack(slices).amax(dim=0)


@largest_by_slices.mistake(
    "This compares whole quarters of the map with each other. The places of one window lie side "
    "by side, so a slice takes every size-th: `down::size`."
)
def blocks_of_the_map(maps, size):
    height, width = (side // size for side in maps.shape[-2:])
    tall = maps.unflatten(-2, (size, height)).amax(dim=-3)
    return tall.unflatten(-1, (size, width)).amax(dim=-2)


@largest_by_slices.mistake(
    "A largest number may be negative: begin with the first slice, not with zeros."
)
def begun_with_zeros(maps, size):
    return torch.stack(_corners(maps, size)).amax(dim=0).clamp(min=0)


@largest_by_slices.mistake(
    "These windows overlap, for they move by one pixel. They stand side by side: every size-th "
    "row and column."
)
def overlapping(maps, size):
    return maps.unfold(-2, size, 1).unfold(-2, size, 1).amax(dim=(-2, -1))


@largest_by_slices.mistake(
    "These are the upper left pixels of the windows, one slice of size * size. Take the largest of "
    "all slices."
)
def upper_left_only(maps, size):
    return maps[..., ::size, ::size]


@largest_by_slices.mistake(
    "A stack's max(0) gives two things, the numbers and where they stand. amax(dim=0) gives the "
    "numbers."
)
def with_places(maps, size):
    return tuple(torch.stack(_corners(maps, size)).max(0))


@largest_by_slices.mistake(
    "Only pairs side by side are compared, so the map gets narrower and no lower. The rows as well."
)
def columns_only(maps, size):
    return torch.stack([maps[..., right::size] for right in range(size)]).amax(dim=0)


@largest_by_slices.mistake(
    "`maps[:, :, ...]` fits only maps with four dimensions. Three dots, `maps[..., down::size, "
    "right::size]`, stand for all before the last two."
)
def for_four_dimensions(maps, size):
    starts = range(size)
    slices = [maps[:, :, down::size, right::size] for down in starts for right in starts]
    return torch.stack(slices).amax(dim=0)


@largest_by_slices.mistake("The window is always 2 by 2 here. Let it be `size` by `size`.")
def two_by_slices(maps, size):
    return torch.stack([maps[..., d::2, r::2] for d in (0, 1) for r in (0, 1)]).amax(dim=0)


@largest_by_slices.mistake("This is one number for all. Asked for is one for each window.")
def one_for_all(maps, size):
    return maps.max()


@largest_by_slices.mistake("The window is always 2 by 2 here. Let it be `size` by `size`.")
def always_two(maps, size):
    height, width = (side // 2 * 2 for side in maps.shape[-2:])
    return torch.stack(_corners(maps[..., :height, :width], 2)).amax(dim=0)


# --- loss_factor --------------------------------------------------------------------------------


def uneven_parts(random):
    yield from [(3, 5, 2), (2, 5, 2), (32, 64, 2), (0, 2, 3), (9, 24, 4)]
    for _ in range(8):
        processes = random.randint(2, 9)
        mine = random.randint(1, 40)
        yield mine, processes * mine + random.randint(1, processes + 5), processes


@problem(
    inputs=uneven_parts,
    hints=[
        "In the right sum, which weight does this process's mean loss have? Which one does a plain "
        "mean give it?",
        "Right is mine / total; the plain mean gives every process 1 / processes.",
        "The factor times 1 / processes must be mine / total.",
    ],
)
def loss_factor(mine, total, processes):
    return processes * mine / total


@loss_factor.mistake(
    "That would be right if the gradients were *added*. Their plain mean divides by the number of "
    "processes once more: make up for that."
)
def as_for_a_sum(mine, total, processes):
    return mine / total


@loss_factor.mistake(
    "That is the factor for the *sum* of the part's losses. Here it is their mean, in which each "
    "digit already weighs 1 / mine."
)
def for_summed_losses(mine, total, processes):
    return processes / total


@loss_factor.mistake(
    "Without a factor a digit of a smaller part weighs more. It is 1 only where all parts are even."
)
def no_factor(mine, total, processes):
    return 1


@loss_factor.mistake("Turned round: a larger part has to weigh more, not less.")
def turned_upside_down(mine, total, processes):
    return total / (processes * mine) if mine else ...


@loss_factor.mistake(
    "The plain mean divides by the number of processes already. Multiply with it, do not divide "
    "once more."
)
def divided_twice(mine, total, processes):
    return mine / total / processes


@loss_factor.mistake(
    "total // processes rounds down, and an even share need not be whole. Divide with /."
)
def by_a_rounded_share(mine, total, processes):
    return mine / (total // processes)


@loss_factor.mistake(
    "That is what the plain mean does already. Missing is how many digits of the batch are `mine`."
)
def plain_mean(mine, total, processes):
    return 1 / processes


@loss_factor.mistake("Of the mean over the whole batch this lacks the division by `total`.")
def not_divided(mine, total, processes):
    return processes * mine


@loss_factor.mistake("Rounded: parts may differ by one digit, and so may factors by little. Use /.")
def rounded(mine, total, processes):
    return processes * mine // total


@loss_factor.mistake("Weights are shares of the digits: mine of total, not mine of the others.")
def share_of_the_others(mine, total, processes):
    return processes * mine / (total - mine)


# --- step_seconds -------------------------------------------------------------------------------


def clusters(random):
    yield 1000, 2, 0.1, 4000, 1.0, 500.0
    yield 1200, 1, 0.05, 4000, 2.0, 500.0
    for machines in (2, 3, 4, 8, 5, 7):
        yield (
            random.randint(100, 1000),
            machines,
            random.uniform(0.01, 0.1),
            random.randint(10_000, 90_000),
            random.uniform(0.5, 2.0),
            random.uniform(2e3, 2e4),
        )


def _step(computing, messages, latency, transfer):
    return computing + messages * (latency + transfer)


@problem(
    inputs=clusters,
    hints=[
        "Two times add up: computing, and exchanging. One machine alone exchanges nothing.",
        "Computing takes digits / machines * per_digit. A message takes latency plus its bytes "
        "over bandwidth. How many bytes has a message, and how many messages are there?",
        "2 * (machines - 1) messages of size / machines bytes each.",
    ],
)
def step_seconds(digits, machines, per_digit, size, latency, bandwidth):
    computing = digits / machines * per_digit
    message = latency + size / machines / bandwidth
    return computing + 2 * (machines - 1) * message


@step_seconds.mistake("A message holds one n-th of the gradient, not all of it.")
def whole_messages(digits, machines, per_digit, size, latency, bandwidth):
    computing = digits / machines * per_digit
    return _step(computing, 2 * (machines - 1), latency, size / bandwidth)


@step_seconds.mistake(
    "There are two rounds: one in which the pieces are summed, and one in which the sums are "
    "handed on. Each has n - 1 messages."
)
def one_round(digits, machines, per_digit, size, latency, bandwidth):
    computing = digits / machines * per_digit
    return _step(computing, machines - 1, latency, size / machines / bandwidth)


@step_seconds.mistake(
    "A round has n - 1 messages, not n: what a machine has itself need not be sent to it. One "
    "machine alone sends nothing."
)
def a_message_too_many(digits, machines, per_digit, size, latency, bandwidth):
    computing = digits / machines * per_digit
    return _step(computing, 2 * machines, latency, size / machines / bandwidth)


@step_seconds.mistake("The digits are shared: each machine computes one n-th of them.")
def digits_not_shared(digits, machines, per_digit, size, latency, bandwidth):
    return _step(digits * per_digit, 2 * (machines - 1), latency, size / machines / bandwidth)


@step_seconds.mistake("Every message takes `latency`, not only the first one.")
def latency_once(digits, machines, per_digit, size, latency, bandwidth):
    computing, messages = digits / machines * per_digit, 2 * (machines - 1)
    return computing + latency + messages * size / machines / bandwidth


@step_seconds.mistake("The latency of the messages is missing.")
def no_latency(digits, machines, per_digit, size, latency, bandwidth):
    computing = digits / machines * per_digit
    return _step(computing, 2 * (machines - 1), 0, size / machines / bandwidth)


@step_seconds.mistake("The exchange is missing: the gradients have to travel as well.")
def no_exchange(digits, machines, per_digit, size, latency, bandwidth):
    return digits / machines * per_digit


@step_seconds.mistake("The computing is missing: this is the exchange alone.")
def no_computing(digits, machines, per_digit, size, latency, bandwidth):
    return _step(0, 2 * (machines - 1), latency, size / machines / bandwidth)


@step_seconds.mistake("Bandwidth is bytes a second: more of it makes a message *shorter*. Divide.")
def bandwidth_multiplied(digits, machines, per_digit, size, latency, bandwidth):
    computing = digits / machines * per_digit
    return _step(computing, 2 * (machines - 1), latency, size / machines * bandwidth)


@step_seconds.mistake(
    "Computing and exchanging follow each other: their times add up. The longer one alone is too "
    "little."
)
def the_longer_one(digits, machines, per_digit, size, latency, bandwidth):
    messages = 2 * (machines - 1) * (latency + size / machines / bandwidth)
    return max(digits / machines * per_digit, messages)


@step_seconds.mistake("Shared evenly, a part of the digits need not be whole: use / and not //.")
def digits_rounded_down(digits, machines, per_digit, size, latency, bandwidth):
    messages = 2 * (machines - 1)
    return _step(digits // machines * per_digit, messages, latency, size / machines / bandwidth)


@step_seconds.mistake("Shared evenly, a part of the digits need not be whole: do not round it up.")
def digits_rounded_up(digits, machines, per_digit, size, latency, bandwidth):
    messages, most = 2 * (machines - 1), math.ceil(digits / machines)
    return _step(most * per_digit, messages, latency, size / machines / bandwidth)


@step_seconds.mistake("`size` is in bytes already, four for each number.")
def four_bytes_twice(digits, machines, per_digit, size, latency, bandwidth):
    computing = digits / machines * per_digit
    return _step(computing, 2 * (machines - 1), latency, 4 * size / machines / bandwidth)
