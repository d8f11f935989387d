"""Exercises of chapter 05, many maps.

Maps and kernels hold small whole numbers, as floats: sums are exact in any order, in float32 and in
float64, and a message shows numbers that can be checked by hand.
"""

# ruff: noqa: D103 - solutions are printed as they stand; a mistake's message says what it does

from __future__ import annotations

from itertools import product

import torch

from .declaring import problem


def whole_numbers(random, *sides):
    """A tensor of whole numbers from -9 to 9, none of them zero, as floats."""
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    sizes = torch.randint(1, 10, sides, generator=generator)
    signs = torch.randint(0, 2, sides, generator=generator) * 2 - 1
    return (sizes * signs).float()


def random_table(random, in_maps, out_maps):
    """A row of two to in_maps - 1 input maps for each output map, in any order.

    Row 0 does not read map 0, and row 1 is surely not sorted. Tuples, as in layers.TABLE_I: nobody
    can empty them.
    """
    rows = [random.sample(range(in_maps), random.randint(2, in_maps - 1)) for _ in range(out_maps)]
    rows[0] = random.sample(range(1, in_maps), 2)
    rows[1] = sorted(rows[1], reverse=True)
    return tuple(map(tuple, rows))


# --- c3_unit ------------------------------------------------------------------------------------


def units(random):
    for number, count in enumerate((2, 3, 3, 4, 4, 3, 2, 3)):
        high = random.randint(12, 14)
        maps = whole_numbers(random, 6, high, high + random.randint(1, 3))
        reads = random.sample(range(1, 6), count)
        reads = sorted(reads, reverse=number % 2 == 1)
        row, column = random.sample(range(2, 7), 2)
        kernels, bias = whole_numbers(random, count, 5, 5), random.choice((-1, 1)) * (3 + number)
        if (c3_unit.solution(maps, reads, kernels, bias, row, column) > 0) == (number % 3 == 1):
            kernels = -kernels  # some units are below zero
        yield maps, reads, kernels, bias, row, column


@problem(
    inputs=units,
    hints=[
        "A window on each map that is read: maps[reads] are those maps, and each has 5 rows from "
        "`row` on and 5 columns from `column` on.",
        "maps[reads, row : row + 5, column : column + 5] has the same shape as kernels.",
        ".sum() adds up the products of all windows. The bias comes once, at the end.",
    ],
)
def c3_unit(maps, reads, kernels, bias, row, column):
    windows = maps[reads, row : row + 5, column : column + 5]
    return (windows * kernels).sum() + bias


@c3_unit.mistake("The bias is missing: add it once, after the sum over all maps.")
def bias_missing(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads, kernels, 0, row, column)


@c3_unit.mistake(
    "The bias is added once for each map. A unit has one bias, however many maps it reads."
)
def bias_for_every_map(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads, kernels, len(reads) * bias, row, column)


@c3_unit.mistake("The bias is added to every product. Add it once, after the sum over all maps.")
def bias_for_every_product(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads, kernels, kernels.numel() * bias, row, column)


@c3_unit.mistake(
    "These are the partial sums, one for each map. A unit is one number: add them up, and add the "
    "bias once."
)
def one_number_a_map(maps, reads, kernels, bias, row, column):
    windows = maps[reads, row : row + 5, column : column + 5]
    return (windows * kernels).sum(dim=(1, 2)) + bias


@c3_unit.mistake(
    "These are the partial sums, one for each map. A unit is one number: add them up, and add the "
    "bias once."
)
def one_number_a_map_without_bias(maps, reads, kernels, bias, row, column):
    return one_number_a_map(maps, reads, kernels, 0, row, column)


@c3_unit.mistake("The products are averaged. A unit adds them up: .sum(), not .mean().")
def averaged(maps, reads, kernels, bias, row, column):
    return (maps[reads, row : row + 5, column : column + 5] * kernels).mean() + bias


@c3_unit.mistake("The partial sums of the maps are averaged. A unit adds them up.")
def averaged_over_maps(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads, kernels, 0, row, column) / len(reads) + bias


@c3_unit.mistake(
    "These are the windows of the first maps, 0, 1, 2 and so on. `reads` says which maps the "
    "kernels belong to: maps[reads]."
)
def the_first_maps(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, list(range(len(reads))), kernels, bias, row, column)


@c3_unit.mistake(
    "All six maps are read here, and there are not that many kernels: take maps[reads] only."
)
def all_maps(maps, reads, kernels, bias, row, column):
    return (maps[:, row : row + 5, column : column + 5] * kernels).sum() + bias


@c3_unit.mistake("Only one map is read here. Add up the windows of all maps in `reads`.")
def only_the_first_map(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads[:1], kernels[:1], bias, row, column)


@c3_unit.mistake("Only one map is read here. Add up the windows of all maps in `reads`.")
def only_the_last_map(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads[-1:], kernels[-1:], bias, row, column)


@c3_unit.mistake(
    "The rows were sorted: these maps are read in rising order. Kernel 0 belongs to map reads[0], "
    "and so on, in the order of `reads`."
)
def maps_sorted(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, sorted(reads), kernels, bias, row, column)


@c3_unit.mistake(
    "A kernel is looked up by the number of its map. Kernels are counted from 0: kernels[0] is for "
    "map reads[0]."
)
def kernels_by_map(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads, kernels[reads], bias, row, column)


@c3_unit.mistake("Negative units are cut off. ReLU comes later: give the sum as it is.")
def relu_applied(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads, kernels, bias, row, column).clamp(min=0)


@c3_unit.mistake(
    "The windows are added up first. Each window has a kernel of its own: multiply first, then add."
)
def windows_added_first(maps, reads, kernels, bias, row, column):
    windows = maps[reads, row : row + 5, column : column + 5]
    return (windows.sum(dim=0) * kernels).sum() + bias


@c3_unit.mistake(
    "The windows are added up first. Each window has a kernel of its own: multiply first, then add."
)
def windows_and_kernels_added_first(maps, reads, kernels, bias, row, column):
    windows = maps[reads, row : row + 5, column : column + 5]
    return (windows.sum(dim=0) * kernels.sum(dim=0)).sum() + bias


@c3_unit.mistake("Row and column have changed places: maps[map, rows, columns], rows first.")
def places_swapped(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads, kernels, bias, column, row)


@c3_unit.mistake(
    "These windows have their *centre* at (row, column). Their upper left corner should be there."
)
def centred(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads, kernels, bias, row - 2, column - 2)


@c3_unit.mistake(
    "The windows begin one place too late: rows and columns are counted from 0, as Python does."
)
def counted_from_one(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads, kernels, bias, row + 1, column + 1)


@c3_unit.mistake("The kernels are turned by half a turn. C3 uses them as they stand.")
def kernels_turned(maps, reads, kernels, bias, row, column):
    return c3_unit.solution(maps, reads, kernels.flip(1, 2), bias, row, column)


@c3_unit.mistake(
    "@ multiplies rows by columns, a matrix product. Here each place meets the weight at its own "
    "place: *."
)
def matrix_product(maps, reads, kernels, bias, row, column):
    return (maps[reads, row : row + 5, column : column + 5] @ kernels).sum() + bias


# --- table_cost ---------------------------------------------------------------------------------


def tables_and_sizes(random):
    yield ((0,), (0, 1)), 3, 10
    for _ in range(8):
        in_maps = random.randint(4, 6)
        table = random_table(random, in_maps, in_maps + random.randint(1, 4))
        kernel = random.choice([3, 5, 7])
        yield table, kernel, random.randint(2 * kernel, 30)


@problem(
    inputs=tables_and_sizes,
    hints=[
        "How many kernels are there? As many as the table has marks: the lengths of all rows, "
        "added up.",
        "A kernel has kernel * kernel weights. Each output map, that is each row, has one bias.",
        "All of them are used at every place where the window can stand: size - kernel + 1 down, "
        "and as many across.",
    ],
)
def table_cost(table, kernel, size):
    parameters = sum(len(row) for row in table) * kernel**2 + len(table)
    return parameters, parameters * (size - kernel + 1) ** 2


def _links(table):
    return sum(map(len, table))


def _side(kernel, size):
    return size - kernel + 1


@table_cost.mistake(
    "This counts every pair of maps, as in a full C3. Only pairs that the table lists have a "
    "kernel: add up the lengths of its rows."
)
def every_pair(table, kernel, size):
    in_maps = 1 + max(max(row) for row in table)
    parameters = in_maps * len(table) * kernel**2 + len(table)
    return parameters, parameters * _side(kernel, size) ** 2


@table_cost.mistake(
    "Every row is charged six maps. A row costs as many kernels as it lists maps: len(row)."
)
def six_maps_each(table, kernel, size):
    parameters = 6 * len(table) * kernel**2 + len(table)
    return parameters, parameters * _side(kernel, size) ** 2


@table_cost.mistake(
    "There are always 16 biases here, as in C3. Each row of the table has one: len(table)."
)
def sixteen_biases(table, kernel, size):
    parameters = _links(table) * kernel**2 + 16
    return parameters, parameters * _side(kernel, size) ** 2


@table_cost.mistake(
    "These are the parameters, and they are right. A pair is wanted: (parameters, connections)."
)
def only_the_parameters(table, kernel, size):
    return table_cost.solution(table, kernel, size)[0]


@table_cost.mistake(
    "These are the connections, and they are right. A pair is wanted: (parameters, connections)."
)
def only_the_connections(table, kernel, size):
    return table_cost.solution(table, kernel, size)[1]


@table_cost.mistake(
    "One bias for each kernel is too many: an output map has one bias, however many maps it reads."
)
def a_bias_for_each_link(table, kernel, size):
    parameters = _links(table) * (kernel**2 + 1)
    return parameters, parameters * _side(kernel, size) ** 2


@table_cost.mistake("The biases are missing: one for each output map, that is for each row.")
def without_biases(table, kernel, size):
    parameters = _links(table) * kernel**2
    return parameters, parameters * _side(kernel, size) ** 2


@table_cost.mistake("There is one bias in all here. Each output map, each row, has one of its own.")
def one_bias_in_all(table, kernel, size):
    parameters = _links(table) * kernel**2 + 1
    return parameters, parameters * _side(kernel, size) ** 2


@table_cost.mistake("A kernel has kernel * kernel weights, and not `kernel` of them.")
def kernel_not_squared(table, kernel, size):
    parameters = _links(table) * kernel + len(table)
    return parameters, parameters * _side(kernel, size) ** 2


@table_cost.mistake("kernel * 2 is not the square: kernel * kernel, or kernel**2.")
def kernel_doubled(table, kernel, size):
    parameters = _links(table) * kernel * 2 + len(table)
    return parameters, parameters * _side(kernel, size) ** 2


@table_cost.mistake("The two numbers have changed places: parameters first, then connections.")
def exchanged(table, kernel, size):
    return table_cost.solution(table, kernel, size)[::-1]


@table_cost.mistake(
    "The parameters are right. A bias is a connection as well, at every place: multiply all "
    "parameters by the number of places."
)
def biases_not_connected(table, kernel, size):
    parameters, _ = table_cost.solution(table, kernel, size)
    return parameters, (parameters - len(table)) * _side(kernel, size) ** 2


@table_cost.mistake(
    "The parameters are right. The window cannot stand at every place of the map: size - kernel + "
    "1 places down, and as many across."
)
def as_large_as_the_input(table, kernel, size):
    parameters, _ = table_cost.solution(table, kernel, size)
    return parameters, parameters * size**2


@table_cost.mistake(
    "The parameters are right. One place too few down and across: a window of 5 on 14 stands at "
    "14 - 5 + 1 = 10 places."
)
def one_place_too_few(table, kernel, size):
    parameters, _ = table_cost.solution(table, kernel, size)
    return parameters, parameters * (size - kernel) ** 2


@table_cost.mistake(
    "The parameters are right. The window moves down as well as across: square the number of "
    "places in a row."
)
def one_row_of_places(table, kernel, size):
    parameters, _ = table_cost.solution(table, kernel, size)
    return parameters, parameters * _side(kernel, size)


@table_cost.mistake(
    "The parameters are right. How often is each of them used? Once at every place of the window."
)
def other_connections(table, kernel, size):
    return table_cost.solution(table, kernel, size)[0], ...


# --- dense_kernels ------------------------------------------------------------------------------


def tables_and_kernels(random):
    yield ((1,), (2, 0)), torch.arange(1.0, 4.0).reshape(3, 1, 1), 3
    for _ in range(7):
        in_maps = random.randint(4, 6)
        table = random_table(random, in_maps, random.choice([3, 7, 8]))
        high, wide = random.sample(range(2, 5), 2)
        yield (
            table,
            whole_numbers(random, _links(table), high, wide),
            in_maps + random.randint(1, 2),
        )
    table = random_table(random, 4, 5)
    yield table, whole_numbers(random, 3, 2, _links(table)).permute(2, 0, 1), 5  # not contiguous


@problem(
    inputs=tables_and_kernels,
    hints=[
        "Begin with zeros: torch.zeros(len(table), in_maps, *kernels.shape[1:]).",
        "Walk through the table, row by row, and in each row from map to map: every pair gets the "
        "next kernel.",
        "dense[output, source] = the next kernel. iter(kernels) and next(...) count for you.",
    ],
)
def dense_kernels(table, kernels, in_maps):
    remaining = iter(kernels)
    dense = torch.zeros(len(table), in_maps, *kernels.shape[1:])
    for output, row in enumerate(table):
        for source in row:
            dense[output, source] = next(remaining)
    return dense


def _dealt(table, kernels, in_maps, pairs):
    """Kernels dealt to (output, source) pairs in the order given."""
    dense = torch.zeros(len(table), in_maps, *kernels.shape[1:])
    for kernel, (output, source) in zip(kernels, pairs, strict=False):
        dense[output, source] = kernel
    return dense


@dense_kernels.mistake(
    "The kernels are dealt out in another order. Row after row of the table: first all kernels of "
    "output map 0, then those of map 1."
)
def by_source_first(table, kernels, in_maps):
    pairs = [(o, s) for s in range(in_maps) for o, row in enumerate(table) if s in row]
    return _dealt(table, kernels, in_maps, pairs)


@dense_kernels.mistake(
    "The rows were sorted: a boolean mask does so too. The kernels of a row come in the order in "
    "which it names its maps, and (2, 0) means map 2 first."
)
def rows_sorted(table, kernels, in_maps):
    return dense_kernels.solution([sorted(row) for row in table], kernels, in_maps)


@dense_kernels.mistake(
    "Input and output maps have changed places: torch's weight is (output, input, rows, columns)."
)
def out_and_in_swapped(table, kernels, in_maps):
    return dense_kernels.solution(table, kernels, in_maps).transpose(0, 1)


@dense_kernels.mistake("Rows and columns of each kernel have changed places.")
def kernels_transposed(table, kernels, in_maps):
    return dense_kernels.solution(table, kernels, in_maps).mT


@dense_kernels.mistake(
    "The kernels stand packed at the front of each row. A kernel stands at the number of the map "
    "that it reads: dense[output, source]."
)
def packed_to_the_front(table, kernels, in_maps):
    pairs = [(output, place) for output, row in enumerate(table) for place in range(len(row))]
    return _dealt(table, kernels, in_maps, pairs)


@dense_kernels.mistake(
    "Every output map begins again with kernel 0. The kernels go on from row to row: there is one "
    "for each pair."
)
def beginning_again(table, kernels, in_maps):
    dense = torch.zeros(len(table), in_maps, *kernels.shape[1:])
    for output, row in enumerate(table):
        for place, source in enumerate(row):
            dense[output, source] = kernels[place]
    return dense


@dense_kernels.mistake(
    "Every map that an output map reads gets the same kernel here. There is one for each pair."
)
def one_kernel_a_row(table, kernels, in_maps):
    dense = torch.zeros(len(table), in_maps, *kernels.shape[1:])
    for output, row in enumerate(table):
        dense[output, list(row)] = kernels[output]
    return dense


@dense_kernels.mistake(
    "A kernel is looked up by the number of the map that it reads. There is one for each pair: "
    "count on from pair to pair."
)
def kernels_by_source(table, kernels, in_maps):
    dense = torch.zeros(len(table), in_maps, *kernels.shape[1:])
    for output, row in enumerate(table):
        for source in row:
            dense[output, source] = kernels[source]
    return dense


@dense_kernels.mistake(
    "This is the mask: 1 where there is a kernel. Put the kernels themselves there."
)
def the_mask(table, kernels, in_maps):
    return dense_kernels.solution(table, kernels.new_ones(kernels.shape), in_maps)


@dense_kernels.mistake(
    "Some input maps are read by nobody, and they have their zeros too: the second side is in_maps "
    "long."
)
def unread_maps_left_out(table, kernels, in_maps):
    return dense_kernels.solution(table, kernels, 1 + max(map(max, table)))


def _with_sides(table, kernels, in_maps, high, wide):
    dense = torch.zeros(len(table), in_maps, high, wide)
    for kernel, pair in zip(kernels, _pairs(table), strict=True):
        dense[pair] = kernel
    return dense


ANY_SIZE = (
    "Kernels may have any size, with other numbers of rows and columns: the last two sides are "
    "*kernels.shape[1:]."
)


@dense_kernels.mistake(ANY_SIZE)
def five_by_five(table, kernels, in_maps):
    return _with_sides(table, kernels, in_maps, 5, 5)


@dense_kernels.mistake(ANY_SIZE)
def as_high_as_wide(table, kernels, in_maps):
    return _with_sides(table, kernels, in_maps, kernels.shape[2], kernels.shape[2])


@dense_kernels.mistake(ANY_SIZE)
def as_wide_as_high(table, kernels, in_maps):
    return _with_sides(table, kernels, in_maps, kernels.shape[1], kernels.shape[1])


@dense_kernels.mistake(
    "The kernels are turned by half a turn. They stay as they are, in another place."
)
def turned(table, kernels, in_maps):
    return dense_kernels.solution(table, kernels.flip(1, 2), in_maps)


@dense_kernels.mistake(
    "The kernels are where they should be. Elsewhere a zero is wanted: begin with torch.zeros."
)
def no_zeros_elsewhere(table, kernels, in_maps):
    dense = dense_kernels.solution(table, kernels, in_maps).tolist()
    for output, source in product(range(len(table)), range(in_maps)):
        if source not in table[output]:
            dense[output][source] = ...
    return dense


# --- grouped_table ------------------------------------------------------------------------------


def groupings(random):
    yield from [(6, 16, 2), (4, 8, 4), (6, 3, 3)]
    for _ in range(6):
        groups = random.randint(2, 4)
        reads, makes = random.sample(range(2, 6), 2)
        yield reads * groups, makes * groups, groups


@problem(
    inputs=groupings,
    hints=[
        "With 6 input maps, 16 output maps and groups=2, the output maps 0 to 7 read 0, 1, 2, and "
        "8 to 15 read 3, 4, 5.",
        "A group has in_maps // groups input maps and out_maps // groups output maps.",
        "output // (out_maps // groups) is the number of the group that an output map is in.",
    ],
)
def grouped_table(in_maps, out_maps, groups):
    reads, makes = in_maps // groups, out_maps // groups
    table = []
    for output in range(out_maps):
        first = output // makes * reads
        table.append(list(range(first, first + reads)))
    return table


def _rows(in_maps, groups):
    reads = in_maps // groups
    return [list(range(group * reads, (group + 1) * reads)) for group in range(groups)]


@grouped_table.mistake(
    "The groups are taken in turn, like cards that are dealt. Output maps of a group stand side by "
    "side: first all of group 0."
)
def outputs_in_turn(in_maps, out_maps, groups):
    return [_rows(in_maps, groups)[output % groups] for output in range(out_maps)]


@grouped_table.mistake(
    "The input maps are dealt out in turn. Those of a group stand side by side: group 0 has the "
    "first in_maps // groups."
)
def inputs_in_turn(in_maps, out_maps, groups):
    makes = out_maps // groups
    return [list(range(output // makes, in_maps, groups)) for output in range(out_maps)]


@grouped_table.mistake(
    "Input and output maps are both dealt out in turn. The maps of a group stand side by side, on "
    "both sides: first all of group 0."
)
def both_in_turn(in_maps, out_maps, groups):
    return [list(range(output % groups, in_maps, groups)) for output in range(out_maps)]


@grouped_table.mistake("Every output map reads every input map here, as with groups=1.")
def one_group(in_maps, out_maps, groups):
    return [list(range(in_maps)) for _ in range(out_maps)]


@grouped_table.mistake(
    "One row for each group is not enough: the table has a row for each output map."
)
def one_row_a_group(in_maps, out_maps, groups):
    return _rows(in_maps, groups)


@grouped_table.mistake(
    "This table lies on its side: it lists who reads each input map. A row lists what an output "
    "map reads."
)
def on_its_side(in_maps, out_maps, groups):
    return grouped_table.solution(out_maps, in_maps, groups)


@grouped_table.mistake(
    "An output map reads all in_maps // groups input maps of its group, and not only one."
)
def one_map_each(in_maps, out_maps, groups):
    return [[output // (out_maps // groups)] for output in range(out_maps)]


@grouped_table.mistake(
    "The last input map of each group is missing: the end of a range is not included."
)
def the_last_one_missing(in_maps, out_maps, groups):
    return [row[:-1] for row in grouped_table.solution(in_maps, out_maps, groups)]


@grouped_table.mistake("Maps are counted from 0, as Python does.")
def maps_counted_from_one(in_maps, out_maps, groups):
    table = grouped_table.solution(in_maps, out_maps, groups)
    return [[source + 1 for source in row] for row in table]


@grouped_table.mistake(
    "`groups` is the number of groups, and here it is their size: a group has in_maps // groups "
    "input maps."
)
def groups_of_that_size(in_maps, out_maps, groups):
    return [
        list(range(output // groups * groups, (output // groups + 1) * groups))
        for output in range(out_maps)
    ]


@grouped_table.mistake(
    "The windows of input maps overlap: the next group begins in_maps // groups maps further on."
)
def overlapping(in_maps, out_maps, groups):
    reads, makes = in_maps // groups, out_maps // groups
    return [list(range(o // makes, o // makes + reads)) for o in range(out_maps)]


# --- link_gradients -----------------------------------------------------------------------------


def maps_slopes_and_tables(random):
    yield torch.arange(1.0, 9.0).reshape(2, 2, 2), torch.tensor([[[1.0, 2.0]]]), ((1,),)
    for _ in range(6):
        in_maps = random.randint(3, 4)
        table = random_table(random, in_maps, random.randint(5, 6))
        high, wide = random.sample(range(3, 6), 2)
        maps = whole_numbers(random, in_maps, high + 1, wide + 2)
        yield maps, whole_numbers(random, len(table), high, wide), table


def _slide(image, kernel):
    return torch.conv2d(image[None, None], kernel[None, None])[0, 0]


@problem(
    inputs=maps_slopes_and_tables,
    hints=[
        "One link first: it joins one map that is read to one map that is made. Chapter 02: the "
        "gradient of its kernel is the map that is read, with the slopes sliding over it.",
        "The slopes of the map that is *made*: slopes[output], over maps[source].",
        "torch.conv2d wants maps as (channels, rows, columns) and a weight as (out, in, rows, "
        "columns): [None] adds a side in front. torch.cat joins a list to one tensor.",
    ],
)
def link_gradients(maps, slopes, table):
    gradients = []
    for output, row in enumerate(table):
        for source in row:
            read, felt = maps[source][None], slopes[output][None, None]
            gradients.append(torch.conv2d(read, felt))
    return torch.cat(gradients)


def _stacked(maps, slopes, pairs):
    return torch.stack([_slide(maps[source], slopes[output]) for output, source in pairs])


def _pairs(table):
    return [(output, source) for output, row in enumerate(table) for source in row]


@link_gradients.mistake(
    "This is the mean over the places. The loss feels a weight at every place: their sum."
)
def averaged_over_places(maps, slopes, table):
    return link_gradients.solution(maps, slopes, table) / slopes[0].numel()


@link_gradients.mistake("The slopes are turned by half a turn. They slide as they stand.")
def slopes_turned(maps, slopes, table):
    return link_gradients.solution(maps, slopes.flip(1, 2), table)


@link_gradients.mistake(
    "The gradients of an output map's kernels are added up here. Each link has a kernel, and a "
    "gradient, of its own."
)
def added_up_by_output(maps, slopes, table):
    return torch.stack(
        [_stacked(maps, slopes, [(o, s) for s in row]).sum(dim=0) for o, row in enumerate(table)]
    )


@link_gradients.mistake(
    "This is the gradient of every pair of maps. Only pairs in the table have a kernel."
)
def every_pair_of_maps(maps, slopes, table):
    return _stacked(maps, slopes, [(o, s) for o in range(len(slopes)) for s in range(len(maps))])


@link_gradients.mistake(
    "This is the gradient of every pair of maps. Only pairs in the table have a kernel."
)
def every_pair_of_maps_as_torch_has_it(maps, slopes, table):
    return every_pair_of_maps(maps, slopes, table).unflatten(0, (len(slopes), len(maps)))


@link_gradients.mistake(
    "The gradients are right, their order is not: row after row of the table, first all links of "
    "output map 0."
)
def by_source_first_of_links(maps, slopes, table):
    return _stacked(maps, slopes, sorted(_pairs(table), key=lambda pair: pair[::-1]))


@link_gradients.mistake(
    "The rows were sorted. The links of a row come in the order in which it names its maps, and "
    "(2, 0) means map 2 first."
)
def rows_of_links_sorted(maps, slopes, table):
    return link_gradients.solution(maps, slopes, [sorted(row) for row in table])


@link_gradients.mistake(
    "One side too many: (links, 1, rows, columns). torch.stack makes a new side, torch.cat joins "
    "along the first one."
)
def a_side_too_many(maps, slopes, table):
    return link_gradients.solution(maps, slopes, table)[:, None]


@link_gradients.mistake(
    "Maps and slopes have changed places: the slopes slide over the map that is read."
)
def maps_over_slopes(maps, slopes, table):
    output, source = _pairs(table)[0]
    return torch.conv2d(slopes[output][None], maps[source][None, None])


WINDOW_OF_SLOPES = (
    "A window of 5 rows and columns is not what slides here: all slopes of a map do, as many as "
    "there are."
)


@link_gradients.mistake(WINDOW_OF_SLOPES)
def window_of_five_on_a_map(maps, slopes, table):
    return maps[0].unfold(0, 5, 1)


@link_gradients.mistake(WINDOW_OF_SLOPES)
def window_of_five_on_all_maps(maps, slopes, table):
    return maps.unfold(1, 5, 1)


@link_gradients.mistake(
    "The sign is reversed: this is the step that training takes, the gradient points uphill."
)
def downhill(maps, slopes, table):
    return -link_gradients.solution(maps, slopes, table)


@link_gradients.mistake(
    "Every link reads map 0, 1, 2, ... in turn here. Which map a link reads stands in its row."
)
def the_first_maps_of_each_row(maps, slopes, table):
    pairs = [(output, place) for output, row in enumerate(table) for place in range(len(row))]
    return _stacked(maps, slopes, pairs)


@link_gradients.mistake(
    "Output and source have changed places: the slopes are those of the map that is made."
)
def output_and_source_swapped(maps, slopes, table):
    return _stacked(maps, slopes, [(source, output) for output, source in _pairs(table)])


@link_gradients.mistake(
    "The slopes have no effect here. Each place counts as much as its slope says."
)
def slopes_left_out(maps, slopes, table):
    return link_gradients.solution(maps, torch.ones_like(slopes), table)


@link_gradients.mistake(
    "The slopes of all maps are added up. A kernel feels only the map that it helps to make."
)
def slopes_of_all_maps(maps, slopes, table):
    return link_gradients.solution(maps, slopes.sum(dim=0).expand_as(slopes), table)


@link_gradients.mistake("One gradient a link is wanted, (links, rows, columns), and not their sum.")
def all_added_up(maps, slopes, table):
    return link_gradients.solution(maps, slopes, table).sum(dim=0)
