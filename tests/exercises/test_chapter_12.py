"""Chapter 12's solutions are held to libraries, and right answers may be written in other words."""

import math
import random
from itertools import combinations

import numpy
import pytest
import torch

from lenet_course.exercises import chapter_12 as chapter
from lenet_course.exercises import check

# --- the solutions ------------------------------------------------------------------------------


def test_the_strongest_are_those_of_topk():
    maps = torch.randn(20, 4, 6, generator=torch.Generator().manual_seed(0))
    wanted = maps.amax(dim=(1, 2)).topk(5).indices
    assert torch.equal(chapter.strongest.solution(maps, 5), wanted)


def test_the_weak_spot_is_where_the_score_of_all_places_is_lowest():
    for image, size, paper, score in chapter.pictures_to_cover(random.Random(1)):
        row, column = chapter.weak_spot.solution(image, size, paper, score)
        lowest = chapter._covered_score(image, (row, column), size, paper, score)
        spots = chapter._spots(image, size, paper, score)
        assert lowest == min(spots.values())
        assert 0 <= row <= len(image) - size and 0 <= column <= image.shape[1] - size


def test_four_and_nine_are_a_pair_in_both_directions():
    counts = torch.diag(torch.full((10,), 90))
    counts[4, 9], counts[9, 4], counts[3, 5] = 6, 5, 8
    assert chapter.confused_pair.solution(counts) == (4, 9)


def test_the_interval_is_numpys_where_the_cut_is_whole():
    generator = torch.Generator().manual_seed(0)
    wrong = torch.rand(100, generator=generator) < 0.2
    draws = torch.randint(100, (1_001, 100), generator=generator)
    errors = wrong[draws].double().mean(dim=1).numpy()
    wanted = numpy.quantile(errors, [0.025, 0.975])
    given = chapter.bootstrap_interval.solution(wrong, draws, 25)
    assert [end.item() for end in given] == pytest.approx(wanted.tolist(), abs=1e-6)


@pytest.mark.parametrize(
    ("ours", "theirs", "chance"),
    [(1, 1, 1.0), (2, 0, 0.5), (0, 5, 0.0625), (5, 25, 0.000325), (10, 20, 0.0987)],
)
def test_the_chance_of_coins_is_that_of_the_two_sided_binomial_test(ours, theirs, chance):
    assert chapter.coin_chance.solution(ours, theirs) == pytest.approx(chance, rel=2e-3)


# --- right answers in other words ---------------------------------------------------------------


def strongest_by_sorting(maps, count):
    def largest(digit):
        return max(value for row in maps[digit].tolist() for value in row)

    return sorted(range(len(maps)), key=largest, reverse=True)[:count]


def strongest_by_topk(maps, count):
    return maps.double().amax(dim=(1, 2)).topk(count).indices


def weak_spot_by_search(image, size, paper, score):
    lowest, spot = math.inf, None
    rows, columns = image.shape
    for row in range(rows - size + 1):
        for column in range(columns - size + 1):
            mask = torch.zeros_like(image, dtype=torch.bool)
            mask[row : row + size, column : column + size] = True
            value = score(torch.where(mask, torch.tensor(paper), image))
            if value < lowest:
                lowest, spot = value, [row, column]
    return spot


def pair_by_combinations(counts):
    def together(pair):
        return counts[pair[0]][pair[1]] + counts[pair[1]][pair[0]]

    return max(combinations(range(len(counts)), 2), key=together)


def interval_by_lists(wrong, draws, cut):
    errors = sorted(sum(wrong[i] for i in draw) / len(draw) for draw in draws.tolist())
    return [errors[cut].item(), errors[len(errors) - cut - 1].item()]


def interval_by_numpy(wrong, draws, cut):
    errors = numpy.sort(wrong.numpy()[draws.numpy()].mean(axis=1))
    return errors[cut], errors[::-1][cut]


def chance_by_both_ends(ours, theirs):
    n = ours + theirs
    lopsided = [k for k in range(n + 1) if abs(2 * k - n) >= abs(ours - theirs)]
    return sum(math.comb(n, k) for k in lopsided) * 0.5**n


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("strongest", strongest_by_sorting),
        ("strongest", strongest_by_topk),
        ("weak_spot", weak_spot_by_search),
        ("confused_pair", pair_by_combinations),
        ("bootstrap_interval", interval_by_lists),
        ("bootstrap_interval", interval_by_numpy),
        ("coin_chance", chance_by_both_ends),
    ],
)
def test_a_right_answer_in_other_words_is_right(name, answer):
    outcome = check(name, answer)
    assert outcome.status == "right", outcome


# --- wrong answers, written as learners write them ----------------------------------------------


def spot_without_clone(image, size, paper, score):
    spots = {}
    for row in range(image.shape[0] - size + 1):
        for column in range(image.shape[1] - size + 1):
            image[row : row + size, column : column + size] = paper
            spots[row, column] = score(image)
    return min(spots, key=spots.get)


def pair_by_largest_entry(counts):
    counts.fill_diagonal_(0)
    return divmod(counts.argmax().item(), len(counts))


def interval_of_quantiles(wrong, draws, cut):
    errors = wrong[draws].float().mean(dim=1)
    return errors.quantile(0.025), errors.quantile(0.975)


def interval_of_sums(wrong, draws, cut):
    errors = wrong[draws].sum(dim=1).sort().values
    return errors[cut], errors[-1 - cut]


def coins_of_one_end(ours, theirs):
    n = ours + theirs
    return sum(math.comb(n, k) for k in range(min(ours, theirs) + 1)) / 2**n


def pair_of_rates(counts):
    rates = counts / counts.sum(1, keepdim=True)
    return divmod((rates + rates.T).triu(1).argmax().item(), len(counts))


def spot_by_place(image, size, paper, score):
    spots = chapter._spots(image, size, paper, score)
    return divmod(min(range(len(spots)), key=list(spots.values()).__getitem__), image.shape[1])


def interval_of_a_slice(wrong, draws, cut):
    errors = wrong[draws].float().mean(dim=1).sort().values[cut:-cut]
    return errors.min(), errors.max()


def interval_to_minus_cut(wrong, draws, cut):
    errors = wrong[draws].float().mean(dim=1).sort().values
    return errors[cut], errors[-cut]


def coins_mid_p(ours, theirs):
    n = ours + theirs
    return chance_by_both_ends(ours, theirs) - math.comb(n, ours) / 2**n


WRONG = [
    ("strongest", lambda m, c: m.amax(dim=(1, 2)).argsort()[-c:], "the strongest last"),
    ("strongest", lambda m, c: m.amax(dim=(1, 2)).argsort()[:c], "the weakest"),
    ("strongest", lambda m, c: m.amax(dim=(1, 2)).topk(c).values, "which digits they belong to"),
    ("strongest", lambda m, c: m.sum(dim=(1, 2)).topk(c).indices, "by the mean or the sum"),
    ("strongest", lambda m, c: m.abs().amax(dim=(1, 2)).topk(c).indices, "sign left out"),
    ("strongest", lambda m, c: m.flatten().topk(c).indices, "all the numbers of all maps"),
    ("weak_spot", spot_without_clone, "fresh copy"),
    ("weak_spot", lambda i, s, p, f: weak_spot_by_search(i, s, p, f)[::-1], "the row first"),
    ("weak_spot", lambda i, s, p, f: weak_spot_by_search(i, s, 0.0, f), "Fill it with `paper`"),
    ("weak_spot", lambda i, s, p, f: weak_spot_by_search(i[:-1, :-1], s, p, f), "stopped with"),
    ("confused_pair", pair_by_largest_entry, "one direction only"),
    ("weak_spot", spot_by_place, "by the width of the image"),
    ("confused_pair", pair_of_rates, "a rare digit first"),
    (
        "confused_pair",
        lambda c: divmod((c - c.T).abs().argmax().item(), len(c)),
        "directions differ",
    ),
    ("confused_pair", lambda c: set(pair_by_combinations(c)), "no order"),
    ("confused_pair", lambda c: divmod((c + c.T).argmax().item(), len(c)), "read rightly"),
    ("confused_pair", lambda c: pair_by_combinations(c)[::-1], "the larger digit first"),
    ("bootstrap_interval", interval_of_quantiles, "expected"),
    ("bootstrap_interval", interval_of_a_slice, "nothing is left"),
    ("bootstrap_interval", interval_to_minus_cut, "upper end is off by one"),
    ("bootstrap_interval", lambda w, d, c: w[d].mean(dim=1), "no mean in torch"),
    ("bootstrap_interval", interval_of_sums, "counts of wrong digits"),
    ("bootstrap_interval", lambda w, d, c: chapter.nothing_cut(w, d, c), "Nothing is cut off"),
    ("coin_chance", coins_of_one_end, "one side only"),
    ("coin_chance", lambda a, b: 2 * coins_of_one_end(a, b), "never more than 1"),
    ("coin_chance", lambda a, b: 100 * chance_by_both_ends(a, b), "per cent"),
    ("coin_chance", coins_mid_p, "mid-p"),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome
