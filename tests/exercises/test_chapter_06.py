"""Chapter 06's solutions are held to torch, and right answers may be written in other words."""

import math
from itertools import combinations, product

import pytest
import torch
from torch.nn import functional

from lenet_course import codes
from lenet_course.exercises import chapter_06 as chapter
from lenet_course.exercises import check


def normal(*sides):
    return torch.randn(sides, generator=torch.Generator().manual_seed(0))


def test_the_place_is_that_of_torchs_flatten():
    maps = torch.arange(3 * 4 * 5).reshape(3, 4, 5)
    for m, row, column in product(range(3), range(4), range(5)):
        assert chapter.flat_place.solution(m, row, column, 4, 5) == maps[m, row, column]


def test_carried_over_weights_give_the_same_units():
    maps, foreign = normal(2, 3, 4, 5), normal(7, 60)
    by_place = maps.permute(0, 2, 3, 1).flatten(1)
    ours = chapter.carried_over.solution(foreign, 3)
    torch.testing.assert_close(maps.flatten(1) @ ours.T, by_place @ foreign.T)


@pytest.mark.parametrize("seed", range(6))
def test_so_many_flips_are_borne_and_one_more_is_not(seed):
    dice = torch.Generator().manual_seed(seed)
    several = [tuple(row) for row in (2 * torch.randint(0, 2, (3, 9), generator=dice) - 1).tolist()]
    borne = chapter.flips_borne.solution(several)

    def always_read(count):
        for own, turned in product(several, combinations(range(9), count)):
            drawn = [-pixel if k in turned else pixel for k, pixel in enumerate(own)]
            others = [codes.distance(drawn, other) for other in several if other != own]
            if min(others) <= codes.distance(drawn, own):
                return False
        return True

    assert all(always_read(count) for count in range(borne + 1))
    assert not always_read(borne + 1)


def test_the_digit_codes_bear_five():
    assert chapter.flips_borne.solution(codes.digit_codes()) == 5


def test_the_safe_softmax_is_torchs():
    logits = 100 * normal(5, 7)
    torch.testing.assert_close(chapter.safe_softmax.solution(logits), logits.softmax(dim=1))


def test_the_mean_cross_entropy_is_torchs():
    logits, labels = 100 * normal(5, 7), torch.tensor([0, 6, 3, 2, 2])
    wanted = functional.cross_entropy(logits, labels)
    torch.testing.assert_close(chapter.mean_cross_entropy.solution(logits, labels), wanted)


# --- right answers in other words ---------------------------------------------------------------


def place_by_unravelling(m, row, column, rows, columns):
    return torch.arange((m + 1) * rows * columns).reshape(-1, rows, columns)[m, row, column]


def carried_by_loops(matrix, maps):
    places = matrix.shape[1] // maps
    return [
        [line[place * maps + m].item() for m in range(maps) for place in range(places)]
        for line in matrix
    ]


def carried_by_permute(matrix, maps):
    return matrix.double().reshape(len(matrix), -1, maps).permute(0, 2, 1).reshape(matrix.shape)


def carried_by_view(matrix, maps):
    return matrix.view(len(matrix), -1, maps).transpose(1, 2).contiguous().view(len(matrix), -1)


def carried_by_indices(matrix, maps):
    return matrix[:, torch.arange(matrix.shape[1]).reshape(-1, maps).T.flatten()]


def flips_by_tensors(pictures):
    table = torch.tensor(pictures)
    apart = (table[:, None] != table).sum(dim=2) + 1_000 * torch.eye(len(table))
    return torch.div(apart.min() - 1, 2, rounding_mode="floor")


def flips_by_ceiling(pictures):
    pairs = combinations(pictures, 2)
    nearest = min(sum(a != b for a, b in zip(one, other, strict=True)) for one, other in pairs)
    return math.ceil(nearest / 2) - 1


def softmax_by_loops(logits):
    rows = []
    for row in logits.tolist():
        powers = [math.exp(logit - max(row)) for logit in row]
        rows.append([power / sum(powers) for power in powers])
    return rows


def softmax_by_logarithms(logits):
    return (logits - logits.logsumexp(dim=1, keepdim=True)).exp().double()


def softmax_on_its_side(logits):
    columns = logits.T
    powers = torch.exp(columns - columns.max(dim=0).values)
    return (powers / powers.sum(dim=0)).T  # not contiguous


def loss_by_gathering(logits, labels):
    return -logits.double().log_softmax(1).gather(1, labels[:, None]).mean()


def loss_by_loops(logits, labels):
    total = 0.0
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        largest = max(row)
        powers = sum(math.exp(logit - largest) for logit in row)
        total += largest + math.log(powers) - row[label]
    return total / len(labels)


def loss_by_one_hot(logits, labels):
    wanted = functional.one_hot(labels, logits.shape[1])
    return -torch.einsum("nc,nc->", logits.log_softmax(dim=1), wanted.float()) / len(labels)


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("flat_place", place_by_unravelling),
        ("flat_place", lambda m, r, c, rows, columns: (m * rows + r) * columns + c),
        ("carried_over", carried_by_loops),
        ("carried_over", carried_by_permute),
        ("carried_over", carried_by_view),
        ("carried_over", carried_by_indices),
        ("flips_borne", flips_by_tensors),
        ("flips_borne", flips_by_ceiling),
        ("safe_softmax", softmax_by_loops),
        ("safe_softmax", softmax_by_logarithms),
        ("safe_softmax", softmax_on_its_side),
        ("mean_cross_entropy", loss_by_gathering),
        ("mean_cross_entropy", loss_by_loops),
        ("mean_cross_entropy", loss_by_one_hot),
    ],
)
def test_a_right_answer_in_other_words_is_right(name, answer):
    outcome = check(name, answer)
    assert outcome.status == "right", outcome


# --- wrong answers, written as learners write them ----------------------------------------------


def softmax_as_in_the_chapter(logits):
    rows = []
    for row in logits:
        powers = row.exp()
        rows.append(powers / powers.sum())
    return torch.stack(rows)


def flips_over_ordered_pairs(pictures):
    return min(codes.distance(one, other) for one in pictures for other in pictures) // 2


def borne(distances):
    return (min(distances) - 1) // 2


def flips_after_one_loop_only(pictures):
    nearest = 84
    for k, one in enumerate(pictures):
        for other in pictures[k + 1 :]:
            nearest = min(nearest, codes.distance(one, other))
        return (nearest - 1) // 2


def flips_in_a_ring(pictures):
    return borne(codes.distance(pictures[k - 1], pictures[k]) for k in range(len(pictures)))


def carried_in_a_square(matrix, maps):
    side = int((matrix.shape[1] / maps) ** 0.5)
    return matrix.reshape(len(matrix), side, side, maps).permute(0, 3, 1, 2).flatten(1)


def naive(logits):
    return logits.exp() / logits.exp().sum(1, keepdim=True)


WRONG = [
    (
        "flat_place",
        lambda m, r, c, rows, columns: (m - 1) * rows * columns + (r - 1) * columns + c,
        "from 0",
    ),
    ("flat_place", lambda m, r, c, rows, columns: m * rows + r * columns + c, "not `rows`"),
    ("carried_over", carried_in_a_square, "not always a square"),
    ("carried_over", lambda x, m: x.reshape(len(x), 25, 16).mT.flatten(1), "whatever they are"),
    ("carried_over", lambda x, m: x.view(120, 25, 16).mT.flatten(1), "whatever they are"),
    ("carried_over", lambda x, m: x.T, "units became columns"),
    ("safe_softmax", lambda x: naive(x - x.abs().amax(1, keepdim=True)), "with its sign"),
    ("safe_softmax", lambda x: (x - x.max(dim=1, keepdim=True)).exp(), ".values"),
    ("safe_softmax", lambda x: (x - x.max(1, keepdim=True)).softmax(1), ".values"),
    ("safe_softmax", lambda x: naive(x - 200), "taken from every row"),
    ("safe_softmax", lambda x: naive(x - 1000), "taken from every row"),
    ("safe_softmax", lambda x: x.exp() / x.exp().sum(dim=0), "dim=1, not 0"),
    ("safe_softmax", lambda x: naive(x - x.amax(0)), "each *column*"),
    ("safe_softmax", lambda x: naive(x / x.amax(1, keepdim=True)), "Dividing by the largest"),
    ("safe_softmax", lambda x: naive(x / x.max()), "Dividing by the largest"),
    ("mean_cross_entropy", lambda x, y: (x.logsumexp(1) - x.amax(1)).mean(), "have no effect"),
    ("mean_cross_entropy", lambda x, y: x.logsumexp(1) - x.amax(1), "have no effect"),
    (
        "mean_cross_entropy",
        lambda x, y: -(x.softmax(1)[range(len(y)), y] + 1e-12).log().mean(),
        "puts another number",
    ),
    (
        "mean_cross_entropy",
        lambda x, y: -x.softmax(1).clamp(min=1e-9).log()[range(len(y)), y].mean(),
        "puts another number",
    ),
    ("mean_cross_entropy", lambda x, y: (x.logsumexp(1) - x[y]).mean(), "takes whole rows"),
    (
        "mean_cross_entropy",
        lambda x, y: (x.logsumexp(0) - x[range(len(y)), y]).mean(),
        "adds up columns",
    ),
    ("mean_cross_entropy", lambda x, y: functional.cross_entropy(x, y) * len(y) / 10, "nor by 10"),
    ("flat_place", lambda m, r, c, rows, columns: m * 25 + r * 5 + c, "sizes of S4"),
    ("flat_place", lambda m, r, c, rows, columns: m * rows * columns + r * rows + c, "`columns`"),
    ("flat_place", lambda m, r, c, rows, columns: r * columns + c, "maps before this one"),
    ("flat_place", lambda m, r, c, rows, columns: columns * (m * rows + r) + c + 1, "from 0"),
    ("flat_place", lambda m, r, c, rows, columns: m * rows * columns + c * rows + r, "row by row"),
    ("flat_place", lambda m, r, c, rows, columns: m + r + c, "expected"),
    ("carried_over", lambda x, m: x.reshape(len(x), m, -1).flatten(1), "Nothing has changed"),
    ("carried_over", lambda x, m: x.reshape(len(x), m, -1).transpose(1, 2).flatten(1), "way back"),
    ("carried_over", lambda x, m: x.reshape(-1, m).T.reshape(len(x), -1), "mixed up"),
    ("carried_over", lambda x, m: x.reshape(len(x), -1, m).permute(0, 2, 1), "flatten all sides"),
    ("carried_over", lambda x, m: x.reshape(len(x), -1, m).mT.flatten(), "One long row"),
    ("carried_over", lambda x, m: carried_by_permute(x, m).T, "on its side"),
    ("flips_borne", lambda p: chapter.flips_borne_distance(p) / 2, "is whole"),
    ("flips_borne", lambda p: chapter.flips_borne_distance(p) // 2, "*below* half"),
    ("flips_borne", flips_over_ordered_pairs, "with itself"),
    ("flips_borne", lambda p: codes.distance(p[0], p[1]), "expected"),
    ("flips_borne", lambda p: min(codes.distance(*c) for c in combinations(p, 2)), "Past half way"),
    ("flips_borne", flips_after_one_loop_only, "inside a loop"),
    ("flips_borne", lambda p: borne(codes.distance(p[0], b) for b in p[1:]), "Every pair"),
    ("flips_borne", lambda p: borne(codes.distance(p[-1], b) for b in p[:-1]), "Every pair"),
    ("flips_borne", lambda p: borne([codes.distance(p[0], p[-1])]), "Every pair"),
    ("flips_borne", lambda p: borne([codes.distance(p[0], p[1])]), "Every pair"),
    ("flips_borne", flips_in_a_ring, "not only neighbours"),
    ("flips_borne", lambda p: math.ceil(chapter.flips_borne_distance(p) / 2), "rounds up"),
    ("flips_borne", lambda p: chapter.flips_borne_distance(p) // 2 - 1, "One too few"),
    ("safe_softmax", softmax_as_in_the_chapter, "exp(200) is infinite"),
    ("safe_softmax", lambda x: (x - x.max()).softmax(dim=0), "dim=1, not 0"),
    ("safe_softmax", lambda x: (x - x.amax(1)).exp(), "expected"),
    ("safe_softmax", lambda x: torch.exp(x - x.max()) / torch.exp(x - x.max()).sum(), "expected"),
    ("safe_softmax", lambda x: torch.log_softmax(x, 1), "logarithms"),
    ("safe_softmax", lambda x: x / x.sum(dim=1, keepdim=True), "no `exp`"),
    ("safe_softmax", lambda x: x.sigmoid(), "each logit by itself"),
    ("mean_cross_entropy", lambda x, y: (x.softmax(1)[range(len(y)), y]).log().mean(), "expected"),
    (
        "mean_cross_entropy",
        lambda x, y: -x.softmax(1).log()[range(len(y)), y].mean(),
        "no logarithm",
    ),
    ("mean_cross_entropy", lambda x, y: functional.nll_loss(x, y), "the logits themselves"),
    (
        "mean_cross_entropy",
        lambda x, y: functional.nll_loss(x.softmax(1), y),
        "without a logarithm",
    ),
    ("mean_cross_entropy", lambda x, y: functional.cross_entropy(x.softmax(1), y), "twice"),
    ("mean_cross_entropy", lambda x, y: -(x.log_softmax(1)[:, y]).mean(), "all these columns"),
    ("mean_cross_entropy", lambda x, y: functional.cross_entropy(x, y, reduction="sum"), "the sum"),
    ("mean_cross_entropy", lambda x, y: x.log_softmax(1)[range(len(y)), y].mean(), "sign"),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome
