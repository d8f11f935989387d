"""Chapter 05's solutions are held to the package and torch; right answers may be in other words."""

import pytest
import torch
from torch import nn

from lenet_course import layers, shapes
from lenet_course.exercises import chapter_05 as chapter
from lenet_course.exercises import check

TABLE = [[1, 2], [0, 3], [0, 1, 3], [2]]


def some(*sides):
    return torch.randn(sides, generator=torch.Generator().manual_seed(0))


def test_a_unit_is_what_the_table_convolution_gives_there():
    maps, kernels, biases = some(6, 14, 15), some(60, 5, 5), some(16)
    layer = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5)
    layer.load_state_dict({"weight": kernels, "bias": biases})
    for output, first in ((0, 0), (4, 12), (15, 54)):
        reads = list(layers.TABLE_I[output])
        own = kernels[first : first + len(reads)]
        unit = chapter.c3_unit.solution(maps, reads, own, biases[output], 3, 7)
        torch.testing.assert_close(unit, layer(maps[None])[0, output, 3, 7])


@pytest.mark.parametrize("table", [TABLE, layers.TABLE_I])
def test_the_cost_of_a_table_is_the_traces(table):
    layer = shapes.Conv2d(len(table), kernel_size=5, connection_table=table)
    trace = shapes.trace([layer], input_shape=(6, 14, 14))
    wanted = trace.parameters, trace.connections
    assert chapter.table_cost.solution(table, 5, 14) == wanted


def test_table_one_costs_what_the_paper_says():
    assert chapter.table_cost.solution(layers.TABLE_I, 5, 14) == (1_516, 151_600)


def test_the_dense_kernels_are_the_packages():
    layer = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5)
    dense = chapter.dense_kernels.solution(layers.TABLE_I, layer.weight.detach(), 6)
    assert torch.equal(dense, layer.dense_weight())


@pytest.mark.parametrize(("in_maps", "out_maps", "groups"), [(6, 16, 2), (4, 8, 4), (6, 3, 3)])
def test_the_grouped_table_is_torchs(in_maps, out_maps, groups):
    grouped = nn.Conv2d(in_maps, out_maps, 3, groups=groups)
    table = chapter.grouped_table.solution(in_maps, out_maps, groups)
    layer = layers.TableConv2d(in_maps, table, kernel_size=3)
    layer.load_state_dict({"weight": grouped.weight.flatten(0, 1), "bias": grouped.bias})
    maps = some(2, in_maps, 6, 7)
    torch.testing.assert_close(layer(maps), grouped(maps))


def test_the_gradients_of_the_links_are_autograds():
    maps, slopes = some(4, 8, 9), some(4, 6, 5)
    layer = layers.TableConv2d(4, TABLE, kernel_size=(3, 5))
    (layer(maps[None])[0] * slopes).sum().backward()
    ours = chapter.link_gradients.solution(maps, slopes, TABLE)
    torch.testing.assert_close(ours, layer.weight.grad)


# --- right answers in other words ---------------------------------------------------------------


def unit_by_loops(maps, reads, kernels, bias, row, column):
    total = bias
    for place, source in enumerate(reads):
        for i in range(5):
            for j in range(5):
                total += maps[source][row + i][column + j] * kernels[place][i][j]
    return total


def unit_by_einsum(maps, reads, kernels, bias, row, column):
    windows = maps[reads].double()[:, row : row + 5, column : column + 5]
    return torch.einsum("nij,nij->", windows, kernels.double()).item() + bias


def cost_map_by_map(table, kernel, size):
    parameters = sum(len(row) * kernel * kernel + 1 for row in table)
    return [parameters, parameters * (size - kernel + 1) * (size - kernel + 1)]


def cost_by_description(table, kernel, size):
    layer = shapes.Conv2d(len(table), kernel_size=kernel, connection_table=table)
    trace = shapes.trace([layer], input_shape=(1 + max(map(max, table)), size, size))
    return trace.parameters, trace.connections


def dense_by_index(table, kernels, in_maps):
    links = torch.tensor([(output, source) for output, row in enumerate(table) for source in row])
    dense = torch.zeros(len(table), in_maps, *kernels.shape[1:], dtype=torch.float64)
    dense[links[:, 0], links[:, 1]] = kernels.double()
    return dense


def dense_as_lists(table, kernels, in_maps):
    zeros, count, dense = (0 * kernels[0]).tolist(), 0, []
    for row in table:
        dense.append([zeros] * in_maps)
        for source in row:
            dense[-1][source] = kernels[count].tolist()
            count += 1
    return dense


def grouped_by_comprehension(in_maps, out_maps, groups):
    return [
        [s for s in range(in_maps) if s * groups // in_maps == o * groups // out_maps]
        for o in range(out_maps)
    ]


def grouped_as_tensor(in_maps, out_maps, groups):
    return torch.arange(in_maps).reshape(groups, -1).repeat_interleave(out_maps // groups, dim=0)


def links_by_autograd(maps, slopes, table):
    sides = [n - m + 1 for n, m in zip(maps.shape[1:], slopes.shape[1:], strict=True)]
    layer = layers.TableConv2d(len(maps), table, kernel_size=tuple(sides))
    (layer(maps[None])[0] * slopes).sum().backward()
    return layer.weight.grad


def links_by_loops(maps, slopes, table):
    rows, columns = slopes.shape[1:]
    high, wide = maps.shape[1] - rows + 1, maps.shape[2] - columns + 1
    return [
        [
            [
                (maps[source, i : i + rows, j : j + columns] * slopes[output]).sum().item()
                for j in range(wide)
            ]
            for i in range(high)
        ]
        for output, row in enumerate(table)
        for source in row
    ]


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("c3_unit", unit_by_loops),
        ("c3_unit", unit_by_einsum),
        ("table_cost", cost_map_by_map),
        ("table_cost", cost_by_description),
        ("dense_kernels", dense_by_index),
        ("dense_kernels", dense_as_lists),
        ("grouped_table", grouped_by_comprehension),
        ("grouped_table", grouped_as_tensor),
        ("link_gradients", links_by_autograd),
        ("link_gradients", links_by_loops),
    ],
)
def test_a_right_answer_in_other_words_is_right(name, answer):
    outcome = check(name, answer)
    assert outcome.status == "right", outcome


# --- wrong answers, written as learners write them ----------------------------------------------


def unit_with_a_bias_in_the_loop(maps, reads, kernels, bias, row, column):
    total = 0
    for source, kernel in zip(reads, kernels, strict=True):
        total += (maps[source, row : row + 5, column : column + 5] * kernel).sum() + bias
    return total


def unit_of_six_maps(maps, reads, kernels, bias, row, column):
    total = bias
    for source, kernel in enumerate(kernels):
        total += (maps[source, row : row + 5, column : column + 5] * kernel).sum()
    return total


def unit_of_the_last_map(maps, reads, kernels, bias, row, column):
    for source, kernel in zip(reads, kernels, strict=True):
        total = (maps[source, row : row + 5, column : column + 5] * kernel).sum()
    return total + bias


def cost_of_c3(table, kernel, size):
    return 1_516, 151_600


def dense_with_a_counter_for_each_row(table, kernels, in_maps):
    dense = torch.zeros(len(table), in_maps, *kernels.shape[1:])
    for output, row in enumerate(table):
        for count, source in enumerate(row):
            dense[output, source] = kernels[count]
    return dense


def dense_with_in_first(table, kernels, in_maps):
    dense = torch.zeros(in_maps, len(table), *kernels.shape[1:])
    remaining = iter(kernels)
    for output, row in enumerate(table):
        for source in row:
            dense[source, output] = next(remaining)
    return dense


def dense_by_columns(table, kernels, in_maps):
    dense = torch.zeros(len(table), in_maps, *kernels.shape[1:])
    remaining = iter(kernels)
    for source in range(in_maps):
        for output, row in enumerate(table):
            if source in row:
                dense[output, source] = next(remaining)
    return dense


def links_by_torchs_weight(maps, slopes, table):
    return torch.conv2d(maps[:, None], slopes[:, None]).transpose(0, 1)


def links_without_the_table(maps, slopes, table):
    return torch.conv2d(maps[:, None], slopes[:, None]).transpose(0, 1).flatten(0, 1)


def unit_with_kernels_by_source(maps, reads, kernels, bias, row, column):
    for source in reads:
        bias += (maps[source, row : row + 5, column : column + 5] * kernels[source]).sum()
    return bias


def unit_by_counting(maps, reads, kernels, bias, row, column):
    remaining = iter(kernels)
    for source in range(6):
        if source in reads:
            window = maps[source, row : row + 5, column : column + 5]
            bias += (window * next(remaining)).sum()
    return bias


def dense_from(begin):
    def dense_kernels(table, kernels, in_maps):
        dense, remaining = begin(len(table), in_maps, kernels), iter(kernels)
        for output, row in enumerate(table):
            for source in row:
                dense[output, source] = next(remaining)
        return dense

    return dense_kernels


def dense_by_mask(table, kernels, in_maps):
    dense = torch.zeros(len(table), in_maps, *kernels.shape[1:])
    dense[torch.tensor([[s in row for s in range(in_maps)] for row in table])] = kernels
    return dense


def dense_by_source(table, kernels, in_maps):
    dense = torch.zeros(len(table), in_maps, *kernels.shape[1:])
    for output, row in enumerate(table):
        for source in row:
            dense[output, source] = kernels[source]
    return dense


def dense_that_empties_its_table(table, kernels, in_maps):
    dense, count = torch.zeros(len(table), in_maps, *kernels.shape[1:]), 0
    for output, row in enumerate(table):
        while row:
            dense[output, row.pop(0)] = kernels[count]
            count += 1
    return dense


def links_by(one_link, join):
    def link_gradients(maps, slopes, table):
        return join([one_link(maps[s], slopes[o]) for o, row in enumerate(table) for s in row])

    return link_gradients


def slide(over, what):
    return torch.conv2d(over[None], what[None, None])


WRONG = [
    ("c3_unit", unit_with_kernels_by_source, "by the number of its map"),
    ("c3_unit", unit_by_counting, "The rows were sorted"),
    (
        "c3_unit",
        lambda m, n, k, b, r, c: max(0, unit_by_einsum(m, n, k, b, r, c)),
        "ReLU comes later",
    ),
    (
        "c3_unit",
        lambda m, n, k, b, r, c: (m[n].sum(dim=0)[r : r + 5, c : c + 5] * k).sum() + b,
        "multiply first",
    ),
    ("dense_kernels", dense_by_mask, "The rows were sorted"),
    ("dense_kernels", dense_by_source, "count on from pair to pair"),
    ("dense_kernels", dense_that_empties_its_table, "'tuple' object has no attribute 'pop'"),
    ("dense_kernels", dense_from(lambda o, i, k: torch.ones(o, i, *k.shape[1:])), "a zero"),
    ("dense_kernels", dense_from(lambda o, i, k: torch.zeros(o, i, 5, 5)), "any size"),
    ("dense_kernels", dense_from(lambda o, i, k: torch.zeros(o, i, *2 * k.shape[-1:])), "any size"),
    ("link_gradients", links_by(slide, torch.stack), "One side too many"),
    ("link_gradients", links_by(lambda m, s: slide(s, m), torch.cat), "have changed places"),
    (
        "link_gradients",
        links_by(lambda m, s: m.unfold(0, 5, 1).unfold(1, 5, 1), torch.stack),
        "all slopes of a map",
    ),
    (
        "link_gradients",
        lambda m, s, t: links_by(slide, torch.cat)(m, s, [sorted(row) for row in t]),
        "The rows were sorted",
    ),
    ("c3_unit", unit_with_a_bias_in_the_loop, "once for each map"),
    ("c3_unit", unit_of_six_maps, "`reads` says which maps"),
    ("c3_unit", unit_of_the_last_map, "Only one map is read"),
    (
        "c3_unit",
        lambda m, n, k, b, r, c: (m[:, r : r + 5, c : c + 5] * k).sum() + b,
        "All six maps are read",
    ),
    (
        "c3_unit",
        lambda m, n, k, b, r, c: (m[n, r : r + 5, c : c + 5] * k).sum(dim=(1, 2)) + b,
        "partial sums, one for each map",
    ),
    ("table_cost", cost_of_c3, "It does not use"),
    ("table_cost", lambda t, k, s: (len(t) * 6 * k**2 + len(t), 0), "expected"),
    ("table_cost", lambda t, k, s: (n := 6 * len(t) * k**2 + len(t), n * (s - k + 1) ** 2), "six"),
    ("table_cost", lambda t, k, s: cost_map_by_map(t, k, s)[0], "A pair is wanted"),
    ("table_cost", lambda t, k, s: (cost_map_by_map(t, k, s)[0], 0), "How often is each"),
    ("dense_kernels", dense_with_a_counter_for_each_row, "begins again with kernel 0"),
    ("dense_kernels", dense_with_in_first, "have changed places"),
    ("dense_kernels", dense_by_columns, "Row after row of the table"),
    (
        "grouped_table",
        lambda i, o, g: [[s for s in range(i) if s % g == m % g] for m in range(o)],
        "both dealt out in turn",
    ),
    (
        "grouped_table",
        lambda i, o, g: torch.arange(i).reshape(g, -1).repeat(o // g, 1),
        "like cards that are dealt",
    ),
    ("grouped_table", lambda i, o, g: torch.arange(i).reshape(g, -1), "a row for each output map"),
    ("link_gradients", links_by_torchs_weight, "every pair of maps"),
    ("link_gradients", links_without_the_table, "every pair of maps"),
    (
        "link_gradients",
        lambda m, s, t: chapter.link_gradients.solution(m, s.rot90(2, (1, 2)), t),
        "turned by half a turn",
    ),
]


@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome
