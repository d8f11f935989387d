# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 05 · Many maps
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F05_many_maps.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/05_many_maps.ipynb)
#
# **Question.** How does a map of C3 read several maps of S2 at once, and why does each read other
# ones?
#
# **Afterwards you can**
#
# * compute any unit of C3 by hand, and build the layer in three ways that give the same maps;
# * turn a table of links, such as Table I of 1998, into a layer, and say what it costs;
# * keep weights at zero so that they stay there, and tell when a mask has come loose;
# * find out by a gradient what a unit reads;
# * say what breaks the symmetry between maps, and what does not.
#
# 55 minutes, 20 of them exercises · needs chapters 02, 03 and 04

# %% slideshow={"slide_type": "skip"} tags=["setup"]
# On Google Colab this fetches the course. Elsewhere it does nothing: README tells how to install.
import importlib.util
import subprocess
import sys

if "google.colab" in sys.modules:
    if importlib.util.find_spec("lenet_course") is None:
        course = "git+https://github.com/lenet-course/lenet-course@v0.1.0"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", course]
        subprocess.run(pip, check=True)
        importlib.invalidate_caches()
    from lenet_course import colab

    colab.prepare()

# %% slideshow={"slide_type": "skip"}
from collections import Counter
from itertools import combinations, product

import torch
from torch import nn
from torch.nn import functional

from lenet_course import data, figures, layers, networks, shapes
from lenet_course.exercises import TODO, exercise, hint, solution  # for you to call
from lenet_course.widgets import TableExplorer

digits = data.load()
seven = digits.test[digits.test.labels == 7].images[:1]
digit = networks.find("relu-max").prepare(seven)[0, 0]  # 32 x 32, paper 0 and ink 1

# C1 by hand: four edge finders of chapter 02, two of them with the sign reversed as well. S2 takes
# the average of each 2 x 2 units.
edge = torch.tensor([-1.0, -1, 0, 1, 1]).repeat(5, 1) / 10
slant = (torch.ones(5, 5).triu(1) - torch.ones(5, 5).tril(-1)) / 20
finders = torch.stack([edge.T, -edge, edge, -edge.T, slant, slant.flip(1)])
names = ["0 upper", "1 right", "2 left", "3 lower", "4 falling", "5 rising"]
C1 = functional.relu(torch.conv2d(digit[None, None], finders[:, None]))
S2 = functional.avg_pool2d(C1, 2)[0]
assert S2.shape == (6, 14, 14)

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** One idea carries the first half: a unit of C3 is a unit of C1, several times
# over, with one bias. Let the class guess the counts of "Twins" before they are run. Without
# time, leave out "Groups" and exercise 4; exercise 5 is for those who want more.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Six maps of one digit
#
# C1 and S2 have made six *maps* of the digit, six pictures of what was found where. To know what
# they hold, we made their kernels by hand: ink that begins as one comes from above (an *upper*
# edge), ink that ends as one goes to the right (a *right* edge), and so on; *falling* and *rising*
# are edges along a diagonal, with the ink above. C1 cut off negative answers (that is ReLU, chapter
# 03), S2 took averages of 2×2 units (chapter 04).

# %%
assert len(S2) == len(names) == 6
assert S2.min() == 0 and S2.amax(dim=(1, 2)).min() > 0
figures.signed_maps(S2, names)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Where is the corner of the 7, at which its bar ends and its leg begins? No map shows it. A corner
# at the upper right is an upper edge that arrives from the left *and* a right edge that goes down.
# Whoever looks for it has to read two maps at once.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One unit of C3
#
# A unit of C3 has a window of 5×5 on each map that it reads, all at the same place, and a kernel
# for each. It adds up the products of *all* windows, and then one bias. This unit reads three maps.
# Upper edges in the left part of its window raise it, right edges in the right part as well, and
# left edges in the left part lower it:

# %%
corner_kernels = torch.zeros(3, 5, 5)
corner_kernels[0, 1:3, :3] = 1  # upper edges raise
corner_kernels[1, 1:, 3:] = 1  # right edges raise
corner_kernels[2, :, :2] = -1  # left edges lower
corner_kernels, corner_bias = corner_kernels / 6, -0.6

row, column = 2, 6
windows = S2[[0, 1, 2], row : row + 5, column : column + 5]
corner_sums = (windows * corner_kernels).sum(dim=(1, 2))
unit = corner_sums.sum() + corner_bias
assert windows.numel() == 75 and corner_sums.shape == (3,)
assert torch.isclose(unit, (windows * corner_kernels).sum() + corner_bias, atol=1e-6)
if digits.name == "MNIST":
    assert unit > 0
[round(part, 3) for part in corner_sums.tolist()], round(unit.item(), 3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three *partial sums*, one for each map, and a unit that is above zero. At all 10×10 places, the
# partial sums are maps themselves, and C3's map is their sum:

# %%
parts = torch.conv2d(S2[None, :3], corner_kernels[:, None], groups=3)[0]  # one kernel for each map
corner_map = parts.sum(dim=0) + corner_bias
assert parts.shape == (3, 10, 10) and corner_map.shape == (10, 10)
if digits.name == "MNIST":
    assert (parts + corner_bias).max() < 0 < corner_map.max()
figures.partial_sums(S2[:3], corner_kernels, corner_bias, names[:3])

# %% [markdown] slideshow={"slide_type": "fragment"}
# The bar is in one partial sum, the leg in another, and neither reaches 0.6 anywhere. Together they
# do, and not only at the corner. Here are all units that would be above zero without the third map:
# row and column, the unit without it, the unit with it.

# %%
without = corner_map - parts[2]
places = [tuple(place) for place in (without > 0).nonzero().tolist()]  # row and column
both = {place: [round(each[place].item(), 2) for each in (without, corner_map)] for place in places}
if digits.name == "MNIST":
    assert len(both) == 7 and {(8, 4), (9, 4)} < both.keys()
    assert [place for place in both if both[place][1] > 0] == [(2, 6), (2, 7)]
both

# %% [markdown] slideshow={"slide_type": "fragment"}
# Seven, two of them down the leg, in rows 8 and 9. There the third map finds a left edge and speaks
# against them. With it two units remain, both at the corner. That is what a layer with many maps is
# for: it finds what lies in no single one of them.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 1 · One unit, several maps
#
# Write `c3_unit(maps, reads, kernels, bias, row, column)`: the number that a unit gives whose
# windows have their upper left corner at `row`, `column`. `maps` are all six maps of S2, `reads` is
# a list of those that the unit reads, and `kernels` holds a 5×5 kernel for each of *these*, in that
# order.
#
# Running the cell checks your answer. Stuck? `hint("c3_unit")` helps, `solution("c3_unit")` shows
# an answer.


# %% tags=["exercise"]
@exercise("c3_unit")
def c3_unit(maps, reads, kernels, bias, row, column):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def c3_unit(maps, reads, kernels, bias, row, column):
#     windows = maps[reads, row : row + 5, column : column + 5]
#     return (windows * kernels).sum() + bias
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who reads whom
#
# C3 has 16 maps. Each could read all six of S2: 96 pairs, and a kernel for each. In 1998 it was
# otherwise. Table I of the paper (p. 8) lists the pairs that are linked:

# %%
readers = [sum(source in reads for reads in layers.TABLE_I) for source in range(6)]
lengths = [len(reads) for reads in layers.TABLE_I]
assert sum(lengths) == 60 and 6 * 16 == 96
assert readers == [10] * 6
assert Counter(lengths) == {3: 6, 4: 9, 6: 1} and lengths == sorted(lengths)
figures.table(layers.TABLE_I, inputs=6)

# %%
" ".join("".join(map(str, reads)) for reads in layers.TABLE_I)  # a word for each map of C3

# %% [markdown] slideshow={"slide_type": "fragment"}
# 60 links: map 0 reads 0, 1 and 2, map 15 reads all. Six maps read three maps each, nine read four,
# and only the last one reads all six. No map of S2 is neglected: each is read by ten. The paper
# gives two reasons: fewer connections, and broken symmetry, for maps that get different inputs have
# to find different things. The first can be counted right now; the second is the end of this
# chapter.

# %% [markdown] slideshow={"slide_type": "subslide"}
# How many pairs of C3's maps read exactly the same? In a full C3, all of them.

# %%
pairs = list(combinations(layers.TABLE_I, 2))
pairs_alike = sum(one == other for one, other in pairs)
assert (pairs_alike, len(pairs)) == (0, 120)
pairs_alike, len(pairs)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What it costs
#
# Each link has a kernel of 25 weights, each map of C3 one bias, and all of them are used at 10×10
# places. *Connections*, as the paper counts them (p. 6-8), are all inputs of all units, biases
# included.

# %%
partial_c3 = shapes.Conv2d(16, kernel_size=5, connection_table=layers.TABLE_I, name="C3")
full_c3 = shapes.Conv2d(16, kernel_size=5, name="C3")
costs = [shapes.trace([layer], input_shape=(6, 14, 14)) for layer in (partial_c3, full_c3)]
assert [cost.parameters for cost in costs] == [60 * 25 + 16, 96 * 25 + 16] == [1_516, 2_416]
assert [cost.connections for cost in costs] == [151_600, 241_600] == [1_516 * 100, 2_416 * 100]
assert round(1 - 1_516 / 2_416, 2) == 0.37
[(cost.parameters, cost.connections) for cost in costs]

# %% [markdown] slideshow={"slide_type": "fragment"}
# 1,516 parameters in place of 2,416, and 151,600 connections in place of 241,600: the table saves
# 37% of each. Networks that are called LeNet-5 today usually have the full C3, with 2,416 (chapter
# 07).

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 2 · What a table costs
#
# Write `table_cost(table, kernel, size)`: the pair `(parameters, connections)` of a convolution
# with that table, one row of input maps for each output map. The window is `kernel` × `kernel`,
# the input maps are `size` × `size`, stride 1, no padding. `table_cost(layers.TABLE_I, 5, 14)` is
# `(1516, 151600)`.


# %% tags=["exercise"]
@exercise("table_cost")
def table_cost(table, kernel, size):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def table_cost(table, kernel, size):
#     parameters = sum(len(row) for row in table) * kernel**2 + len(table)
#     return parameters, parameters * (size - kernel + 1) ** 2
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## C3, built three times
#
# 60 kernels, in the order of the table: first the three of map 0, then the three of map 1, and so
# on. And 16 biases.
#
# ### First: loops
#
# Every map begins as its bias. Then every link adds its part, one window times one kernel, at every
# place.


# %%
def by_loops(maps, table, kernels, biases):
    size = kernels.shape[-1]
    side = maps.shape[-1] - size + 1
    made = biases[:, None, None].repeat(1, side, side)
    remaining = iter(kernels)
    for output, reads in enumerate(table):
        for source in reads:
            kernel = next(remaining)
            for row, column in product(range(side), range(side)):
                window = maps[source, row : row + size, column : column + size]
                made[output, row, column] += (window * kernel).sum()
    return made


# %%
torch.manual_seed(0)
kernels, biases = torch.randn(60, 5, 5) / 5, torch.randn(16) / 5
in_loops = by_loops(S2, layers.TABLE_I, kernels, biases)
assert in_loops.shape == (16, 10, 10)
in_loops.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Second: sixty partial sums at once
#
# `unfold` cuts all windows (chapter 02). `einsum` is told by letters what to multiply: `l` is a
# link, `r` and `c` row and column of the place, `i` and `j` row and column in the window. Letters
# that are missing after the arrow are summed over. That gives 60 maps of partial sums, and
# `index_add` adds each to the map of C3 that it belongs to.


# %%
def by_links(maps, table, kernels, biases):
    size = kernels.shape[-1]
    links = [(output, source) for output, reads in enumerate(table) for source in reads]
    outputs, sources = torch.tensor(links).T
    windows = maps.unfold(1, size, 1).unfold(2, size, 1)[sources]  # (60, 10, 10, 5, 5)
    partial = torch.einsum("lrcij,lij->lrc", windows, kernels)  # (60, 10, 10)
    made = biases[:, None, None].repeat(1, *partial.shape[1:])
    return made.index_add(0, outputs, partial)


in_links = by_links(S2, layers.TABLE_I, kernels, biases)
assert torch.allclose(in_links, in_loops, atol=1e-5)
in_links.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · Sixty kernels in a weight for 96
#
# Torch's `conv2d` knows no such table. It wants a *dense* weight, one kernel for every pair, of
# shape `(output maps, input maps, rows, columns)`. Write `dense_kernels(table, kernels, in_maps)`:
# that weight, with the kernels at the pairs that the table lists, in its order, and zeros
# elsewhere. Kernels may have any size, and a row may name its maps in any order, such as `(2, 0)`.


# %% tags=["exercise"]
@exercise("dense_kernels")
def dense_kernels(table, kernels, in_maps):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def dense_kernels(table, kernels, in_maps):
#     remaining = iter(kernels)
#     dense = torch.zeros(len(table), in_maps, *kernels.shape[1:])
#     for output, row in enumerate(table):
#         for source in row:
#             dense[output, source] = next(remaining)
#     return dense
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### And torch
#
# The course's `TableConv2d` holds the 60 kernels and no more. When it is asked for maps it lays
# them out among zeros, as in exercise 3, and calls `conv2d` once. So it equals a dense convolution
# with 36 kernels of zeros, and our two ways. `load_state_dict` puts our numbers in, by name.

# %%
table_layer = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5)
table_layer.load_state_dict({"weight": kernels, "bias": biases})
dense = table_layer.dense_weight().detach()
with torch.no_grad():
    by_torch = table_layer(S2[None])[0]
among_zeros = torch.conv2d(S2[None], dense, biases)[0]
ways = {"loops": in_loops, "links": in_links, "conv2d with zeros": among_zeros}
assert all(torch.allclose(made, by_torch, atol=1e-5) for made in ways.values())
assert dense.shape == (16, 6, 5, 5) and (dense == 0).all(dim=(2, 3)).sum() == 36
assert sum(parameter.numel() for parameter in table_layer.parameters()) == 1_516
list(ways)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Look inside
#
# Click a map of C3, or go through them with the arrow keys: below the table stand the maps that it
# reads, its kernels (random ones here), the partial sums, and what they add up to. Click a unit of
# that map: its sum in numbers. Then switch to the full connection, in which every pair has a
# kernel, the 36 that Table I leaves out as well.

# %%
torch.manual_seed(1)
left_out = (dense == 0).all(dim=(2, 3))
everywhere = torch.where(left_out[:, :, None, None], torch.randn(16, 6, 5, 5) / 5, dense)
explorer = TableExplorer(
    S2, everywhere, biases, names, number=4, row=2, column=6, name="chapter 05"
)
full_maps = torch.conv2d(S2[None], everywhere, biases)[0]
ours = (full_maps if explorer.full else in_loops)[explorer.number, explorer.row, explorer.column]
assert abs(explorer.unit - ours) < 1e-4
assert explorer.parameters == (2_416 if explorer.full else 1_516)
assert int(left_out.sum()) == 96 - 60 == 36
explorer

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Groups: the table that torch knows
#
# One kind of table stands in `conv2d` itself. `groups=2` cuts input and output maps into two
# halves, and the halves never meet. Its weight holds 16 maps × 3 kernels; `flatten(0, 1)` makes one
# row of 48 of them, in the table's order.

# %%
halves = [[0, 1, 2]] * 8 + [[3, 4, 5]] * 8
grouped, in_halves = nn.Conv2d(6, 16, 5, groups=2), layers.TableConv2d(6, halves, kernel_size=5)
in_halves.load_state_dict({"weight": grouped.weight.flatten(0, 1), "bias": grouped.bias})
assert torch.allclose(grouped(S2[None]), in_halves(S2[None]), atol=1e-5)
assert sum(parameter.numel() for parameter in grouped.parameters()) == 48 * 25 + 16 == 1_216
figures.table(halves, inputs=6)

# %% [markdown] slideshow={"slide_type": "fragment"}
# 48 links, fewer than Table I. But how many maps can look for something that lies in 0 and 4
# together?

# %%
together = {
    name: sum(0 in reads and 4 in reads for reads in table)
    for name, table in {"halves": halves, "Table I": layers.TABLE_I}.items()
}
assert together == {"halves": 0, "Table I": 5}
together

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 4 · From groups to a table
#
# Write `grouped_table(in_maps, out_maps, groups)`: the table of a convolution with so many groups,
# as a list of lists. `grouped_table(6, 16, 2)` is `halves`. Both numbers of maps can be divided by
# `groups`.


# %% tags=["exercise"]
@exercise("grouped_table")
def grouped_table(in_maps, out_maps, groups):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def grouped_table(in_maps, out_maps, groups):
#     reads, makes = in_maps // groups, out_maps // groups
#     table = []
#     for output in range(out_maps):
#         first = output // makes * reads
#         table.append(list(range(first, first + reads)))
#     return table
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a mask does to a gradient
#
# Table I can also be written as a dense convolution times a *mask*, 1 at the links and 0 elsewhere.
# Training asks of each weight how much the loss, one number that says how wrong the network is,
# changes with it: its *gradient*. What is multiplied by 0 changes nothing.

# %%
mask = torch.zeros(16, 6, 1, 1)
for output, reads in enumerate(layers.TABLE_I):
    mask[output, list(reads)] = 1

torch.manual_seed(0)
batch, masked = torch.randn(8, 6, 14, 14), nn.Conv2d(6, 16, kernel_size=5)
torch.conv2d(batch, masked.weight * mask, masked.bias).square().mean().backward()  # some loss
outside = (mask == 0).expand_as(masked.weight)
assert int(outside.sum()) == 36 * 25 == 900
assert not masked.weight.grad[outside].any() and masked.weight.grad[~outside].all()
counted = sum(parameter.numel() for parameter in masked.parameters())
assert counted - 900 == 1_516
int(masked.weight.grad.count_nonzero()), counted

# %% [markdown] slideshow={"slide_type": "fragment"}
# 1,500 gradients, and exactly zero for the other 900. They are parameters of the module all the
# same: whoever counts with `numel` finds 2,416, and 900 of them never learn anything.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Broken on purpose: the mask comes loose
#
# A dense layer takes one step of training. Then we lay the table on it: 900 weights are set to
# zero. How many of them are back three steps later
#
# * if that was all;
# * if from then on the gradients are masked too, so that nothing pulls at those weights;
# * the same with *momentum*: the optimiser, which takes the steps, remembers earlier gradients and
#   follows them a while;
# * the same, but with an optimiser that is made after the mask;
# * if, with momentum, the weights are masked whenever they are used?


# %%
def one_step(layer, sgd, gradients=1, use=1):
    sgd.zero_grad()
    torch.conv2d(batch, layer.weight * use, layer.bias).square().mean().backward()
    layer.weight.grad *= gradients
    sgd.step()


# %%
def come_back(gradients=1, use=1, momentum=0.0, fresh=False):
    layer = nn.Conv2d(6, 16, kernel_size=5)
    sgd = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=momentum)
    one_step(layer, sgd)  # dense
    layer.weight.data *= mask
    if fresh:
        sgd = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=momentum)
    for _ in range(3):
        one_step(layer, sgd, gradients, use)
    return [int(w[outside].count_nonzero()) for w in (layer.weight * use, layer.weight)]


# %%
back = {  # how many of the 900 are in use, and how many are stored as something else than zero
    "masked once": come_back(),
    "gradients too": come_back(gradients=mask),
    "gradients too, momentum": come_back(gradients=mask, momentum=0.9),
    "gradients too, momentum, fresh": come_back(gradients=mask, momentum=0.9, fresh=True),
    "masked in use, momentum": come_back(use=mask, momentum=0.9),
}
assert list(back.values()) == [[900, 900], [0, 0], [900, 900], [0, 0], [0, 900]]
back

# %% [markdown] slideshow={"slide_type": "fragment"}
# Masked once, all 900 are back: the weights were zero, their gradients are not. Masked gradients
# hold, unless the optimiser remembers a step from before the mask: then all 900 come back as well.
# No error, the right shapes, and a full C3 under the name of a partial one.
#
# Masked where they are *used*, none of them is at work, whatever the optimiser remembers. But 900
# numbers are stored that mean nothing: save the weight without its mask, and they are in the file.
# `TableConv2d` has no such weights at all.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### In the wrong order
#
# A second slip, when weights are carried over from another program: in and out change places. From
# 6 maps to 16, `conv2d` refuses. From 6 maps to 6, it takes them without a word:

# %%
torch.manual_seed(0)
square, six_maps = nn.Conv2d(6, 6, kernel_size=5), torch.randn(1, 6, 14, 14)
right = square(six_maps)
wrong = torch.conv2d(six_maps, square.weight.transpose(0, 1), square.bias)
agree = torch.isclose(right, wrong).float().mean().item()  # share of the units
try:
    torch.conv2d(six_maps, torch.randn(6, 16, 5, 5))
except RuntimeError as error:
    said = str(error)
assert "to have 16 channels" in said
assert right.shape == wrong.shape and agree < 0.01
said, list(right.shape), list(wrong.shape), round(agree, 2)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The right shape, and not one unit in a hundred is right.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ask the gradient who reads whom
#
# Has the table arrived in the network that is built from it? The gradient of one unit of C3 with
# respect to S2's maps tells: it is zero where the unit does not read. `any` says of each map
# whether there is a slope, `nonzero` gives the numbers of those maps.

# %%
built = networks.build("lenet5-1998", seed=0).C3
asked = torch.randn(1, 6, 14, 14, requires_grad=True)
read_off = []
for answer in built(asked)[0, :, 2, 6]:  # the unit at row 2, column 6 of each map
    (slopes,) = torch.autograd.grad(answer, asked, retain_graph=True)  # there are more to ask
    read_off.append(tuple(slopes[0].any(dim=(1, 2)).nonzero().flatten().tolist()))
    assert slopes.count_nonzero() == 25 * len(read_off[-1])  # a window of 5 x 5 on each
assert tuple(read_off) == layers.TABLE_I
" ".join("".join(map(str, reads)) for reads in read_off)

# %% [markdown] slideshow={"slide_type": "subslide"}
# All sixteen rows, read off a network. Now further back, to the pixels. On S2 the unit's window is
# 5 wide, and S2's units lie 2 pixels apart and see 6 pixels each: 6 + 4 × 2 = 14. We follow one
# chain of units, each read by the next, and ask for all of them. `named_children` gives a network's
# layers in their order, with their names.


# %%
def square_seen(layer, row, column):
    network = networks.find("lenet5-1998")
    picture = values = network.prepare(seven).requires_grad_()
    for name, module in networks.build(network, seed=0).named_children():
        values = module(values)
        if name == layer:
            break
    (slopes,) = torch.autograd.grad(values[0, 0, row, column], picture)
    seen = slopes[0, 0].nonzero()  # pairs of row and column
    (top, left), (bottom, right) = seen.amin(dim=0).tolist(), seen.amax(dim=0).tolist()
    assert bottom - top == right - left
    return top, left, bottom - top + 1


# %%
chain = {"C1": (8, 16), "S2": (4, 8), "C3": (2, 6), "S4": (1, 3), "C5": (0, 0)}
squares = {name: square_seen(name, *place) for name, place in chain.items()}
assert [side for _, _, side in squares.values()] == [5, 6, 14, 16, 32]
figures.nested_squares(digit, squares)

# %% [markdown] slideshow={"slide_type": "fragment"}
# 5, 6, 14, 16, 32. In C1's 5 pixels there is room for an edge. C3's 14 hold the corner, with some
# of the bar and of the leg, and only C5 sees the whole field.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 5 · What a link learns from
#
# *For those who want more.* For each unit of C3 we are given its *slope*: how much the loss changes
# when that unit grows by 1. Write `link_gradients(maps, slopes, table)`: the gradient of every
# kernel, in the table's order, as one tensor `(links, rows, columns)`. `maps` are those that are
# read, `(input maps, height, width)`; `slopes` belong to the maps that are made, `(output maps,
# rows, columns)`.
#
# Chapter 02 did it for one kernel: the slopes slide over the picture, as they stand.


# %% tags=["exercise"]
@exercise("link_gradients")
def link_gradients(maps, slopes, table):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def link_gradients(maps, slopes, table):
#     gradients = []
#     for output, row in enumerate(table):
#         for source in row:
#             read, felt = maps[source][None], slopes[output][None, None]
#             gradients.append(torch.conv2d(read, felt))
#     return torch.cat(gradients)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Twins
#
# What a kernel learns depends on two things only: the map that it reads, and the slopes of the map
# that it helps to make. Two maps of C3 with equal kernels, equal biases and equal inputs are equal.
# If what follows treats both alike, their slopes are equal, and their kernels get equal gradients.
# First by hand: two such *twins*, a loss made from both, and the gradient of one weight of each;
# then a loss in which the second counts twice.


# %%
def gradients_of_twins(first, second):
    torch.manual_seed(0)
    twins = torch.randn(1, 6, 5, 5).repeat(2, 1, 1, 1).requires_grad_()
    one, other = torch.conv2d(S2[None], twins)[0]
    loss = (first * one + second * other - 1).square().mean()
    (gradients,) = torch.autograd.grad(loss, twins)
    return [round(number, 4) for number in gradients[:, 0, 2, 2].tolist()]


treated = {"alike": gradients_of_twins(1, 1), "not alike": gradients_of_twins(1, 2)}
assert len(set(treated["alike"])) == 1 and len(set(treated["not alike"])) == 2
treated

# %% [markdown] slideshow={"slide_type": "subslide"}
# Treated alike, they take equal steps and are equal for ever: two maps that are one, and are paid
# for twice. That is the *symmetry* that has to be broken. Does a table break it? In the network of
# 1998 we make all kernels of C3 equal, and all biases. C5 reads those maps after S4: there we make
# equal what it does with each of the 16. S4 starts that way by itself:

# %%
s4 = layers.Subsampling(16)
assert s4.coefficient.unique().numel() == s4.bias.unique().numel() == 1
s4.coefficient.unique().tolist(), s4.bias.unique().tolist()


# %%
def started(table, alike):
    kinds = list(networks.find("lenet5-1998").layers)
    place = [layer.name for layer in kinds].index("C3")
    kinds[place] = shapes.Conv2d(16, kernel_size=5, connection_table=table, name="C3")
    model = networks.build(kinds, seed=0).double()  # so that rounding does not count
    for layer in (getattr(model, name) for name in alike):
        if layer is model.C5:  # (120, 16, 5, 5): the first map's weights for every map
            layer.weight.data[:] = layer.weight.data[:, :1].clone()
        else:  # the first kernel for all, the first bias for all
            layer.weight.data[:] = layer.weight.data[:1].clone()
            layer.bias.data[:] = layer.bias.data[:1].clone()
    return model


# %% [markdown] slideshow={"slide_type": "subslide"}
# Then ten steps of training. Afterwards C3's kernels get numbers: equal kernels the same one.


# %%
def kernel_numbers(table, alike):
    network, model = networks.find("lenet5-1998"), started(table, alike)
    sgd = torch.optim.SGD(model.parameters(), lr=1e-3)
    for first in range(0, 320, 32):
        part = digits.train[first : first + 32]
        loss = network.loss(model(network.prepare(part.images).double()), part.labels).mean()
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    rounded = model.C3.weight.detach().flatten(1).round(decimals=9)
    return rounded.unique(dim=0, return_inverse=True)[1]


# %%
def different(numbers):
    return len(numbers.unique())


# %% [markdown] slideshow={"slide_type": "subslide"}
# A full C3 has 96 kernels, Table I has 60. All of them begin equal, and C5 treats C3's maps alike.
# Guess how many are different afterwards, before you run it.

# %%
every_map = [list(range(6))] * 16
in_full = kernel_numbers(every_map, alike=["C3", "C5"])
in_table = kernel_numbers(layers.TABLE_I, alike=["C3", "C5"])
sets_of_six = in_full.reshape(16, 6).unique(dim=0)  # one for each map of C3, equal ones once
assert (different(in_full), different(in_table), len(sets_of_six)) == (6, 60, 1)
{"full, of 96": different(in_full), "Table I, of 60": different(in_table)}, len(sets_of_six)

# %% [markdown] slideshow={"slide_type": "fragment"}
# In the full layer 6 of 96: one for each map of S2, and all sixteen maps of C3 share this one set.
# Twins stay twins. With Table I all 60 have parted, from the same start: no two maps read the same.
#
# So far the paper's argument. But who starts with equal kernels? One random layer is enough: here
# C3 is alike once more, but C5 is as it was built.

# %%
against_chance = kernel_numbers(every_map, alike=["C3"])
assert different(against_chance) == 96
different(against_chance)

# %% [markdown] slideshow={"slide_type": "fragment"}
# All different, without any table: where C5 is random, equal maps of C3 get different slopes.
# Random weights break the symmetry by themselves, and networks start from them, in 1998 as well (p.
# 41). One question more: what if the maps that are read are twins themselves?

# %%
with_twins = kernel_numbers(layers.TABLE_I, alike=["C1", "C3", "C5"])
row_lengths = torch.tensor([len(reads) for reads in layers.TABLE_I for _ in reads])  # of each link
by_length = {length: different(with_twins[row_lengths == length]) for length in (3, 4, 6)}
assert different(with_twins) == 3 and by_length == {3: 1, 4: 1, 6: 1}
different(with_twins), by_length

# %% [markdown] slideshow={"slide_type": "fragment"}
# Three of 60: one kernel in all maps that read three, one in those that read four, and one in the
# map that reads six. If S2's six maps are the same, it does not matter which one is read, only how
# many. So a table passes on differences that are there. It hardly makes any. They come from chance.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * A unit of C3 is a window on each map that it reads, all products added up, and one bias. It
#   finds what lies in no single map, such as a corner.
# * Table I has 60 links: ten for each map of S2, three, four or six for each of C3. 1,516
#   parameters in place of 2,416, 151,600 connections in place of 241,600.
# * Loops, sixty partial sums and one `conv2d` with zeros give the same maps. `groups` is a table
#   too, one whose halves never meet.
# * A masked weight gets no gradient. But mask it only once, or mask only its gradient while the
#   optimiser remembers a step from before, and it comes back to life.
# * One unit of C1, S2, C3, S4, C5 sees a square of 5, 6, 14, 16, 32 pixels, and by the gradient of
#   C3 one can read Table I off a network.
# * Equal maps with equal inputs and equal slopes stay equal for ever. Different inputs part them;
#   so do random weights, which networks usually start from.
#
# ## Where to go next
#
# **Chapter 06** reads the 16 maps of S4 with 120 units that see everything, and turns them into an
# answer. **Chapter 07** puts all layers together.
