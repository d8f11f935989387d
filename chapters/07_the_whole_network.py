# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 07 · The whole network
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F07_the_whole_network.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/07_the_whole_network.ipynb)
#
# **Question.** What is LeNet-5, down to its last number, and how much of it is in the networks that
# carry its name today?
#
# **Afterwards you can**
#
# * assemble the network of 1998 from descriptions, and from parts made by hand;
# * account for each of its 60,000 parameters and 340,908 connections;
# * read an answer from distances;
# * say what each of seven networks called LeNet-5 changes against the paper.
#
# 45 minutes, 15 of them exercises · needs chapter 01. Chapters 02 to 06 go through the layers:
# every part is introduced here in a few lines, with the chapter that goes further.

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
import torch
from IPython.display import Markdown
from torch import nn
from torch.nn import functional

from lenet_course import codes, data, figures, layers, networks, shapes, training, widgets
from lenet_course.exercises import TODO, exercise, hint, solution  # for you to call

digits = data.load()

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Three numbers carry this chapter: 60,000, 340,908 and 1,706. Write them on
# the board and tick them off. With 20 minutes only: "Three pages, eight lines", "All of it in seven
# lines", "1,706 more" and "Both read digits".

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three pages, eight lines
#
# Pages 6 to 8 of LeCun, Bottou, Bengio and Haffner (1998) describe LeNet-5 layer by layer. As
# descriptions, that is a line for each: what the layer is, and not yet a single weight. `flatten`
# is ours: it turns 120 maps of 1×1 into a vector. The paper counts 7 layers.

# %% slideshow={"slide_type": "fragment"}
of_1998 = [
    shapes.Conv2d(6, kernel_size=5, name="C1"),
    shapes.Subsampling(2, name="S2"),
    shapes.Conv2d(16, kernel_size=5, connection_table=layers.TABLE_I, name="C3"),
    shapes.Subsampling(2, name="S4"),
    shapes.Conv2d(120, kernel_size=5, name="C5"),
    shapes.Flatten(name="flatten"),
    shapes.Linear(84, name="F6"),
    shapes.RBF(codes.digit_codes(), name="output"),
]
assert sum(layer.name != "flatten" for layer in of_1998) == 7
shapes.trace(of_1998, input_shape=(1, 32, 32))

# %% [markdown] slideshow={"slide_type": "subslide"}
# The course's own list holds the same layers, and after each of C1 to F6 the *squash*: the
# function, a scaled tanh, that bends every number. It learns nothing, and so it counts neither as
# parameters nor as connections. In the picture each sheet is a map, and at most 8 are drawn.

# %%
paper = networks.find("lenet5-1998")
without_squash = [layer for layer in paper.layers if not isinstance(layer, shapes.Activation)]
assert without_squash == of_1998
squashes = [row for row in paper.trace() if isinstance(row.layer, shapes.Activation)]
assert len(squashes) == 6 and not any(row.parameters + row.connections for row in squashes)
figures.architecture(paper.trace())

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## 60,000 and 340,908
#
# Parameters are the numbers that training may change. Connections are what a machine has to
# compute: one for every input of every unit, and one for its bias (p. 6-8). Sharing a kernel over
# all places makes few of the first and many of the second. The paper states both for each layer;
# the ten outputs of 84 follow from its equation 7.

# %%
stated = {  # layer: (parameters, connections)
    "C1": (156, 122_304),
    "S2": (12, 5_880),
    "C3": (1_516, 151_600),
    "S4": (32, 2_000),
    "C5": (48_120, 48_120),
    "F6": (10_164, 10_164),
    "output": (0, 840),
}
rows = [row for row in networks.find("lenet5-1998").trace() if row.connections]
assert {row.name: (row.parameters, row.connections) for row in rows} == stated
tuple(map(sum, zip(*stated.values(), strict=True)))

# %% [markdown] slideshow={"slide_type": "subslide"}
# Both totals of the paper (p. 6-8), to the last unit. Where are they?

# %%
trace = networks.find("lenet5-1998").trace()
parameters = {row.name: row.parameters for row in trace if row.connections}
assert sum(parameters.values()) == 60_000
assert round(parameters["C5"] / 60_000, 2) == 0.80
figures.bars(parameters, label="parameters of LeNet-5")

# %%
trace = networks.find("lenet5-1998").trace()
connections = {row.name: row.connections for row in trace if row.connections}
assert sum(connections.values()) == 340_908
assert round((connections["C1"] + connections["C3"]) / 340_908, 2) == 0.80
figures.bars(connections, label="connections of LeNet-5")

# %% [markdown]
# Four fifths of the parameters sit in C5, where nothing is shared; four fifths of the connections
# in C1 and C3, where a kernel visits every place.

# %% [markdown] slideshow={"slide_type": "subslide"}
# One number of the paper does not fit. Its figure 11 gives 401,000 *multiply-accumulates* for a
# digit: products that are formed and added up. Counted from the layers there are 328,096, and even
# all connections together are fewer than that. What was counted is not said.

# %%
trace = networks.find("lenet5-1998").trace()
assert trace.multiply_adds == 328_096 < trace.connections == 340_908 < 401_000
trace.multiply_adds

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The parts of 1998, each by hand
#
# PyTorch has no scaled tanh, no trainable subsampling, no connection table and no output of
# distances. Each takes a few lines.
#
# ### A squash that leaves 1 at 1
#
# The paper bends every number by `1.7159 tanh(2x/3)`: the two constants are chosen so that +1 stays
# +1 and -1 stays -1, and the slope changes fastest near there (p. 7; appendix A). Chapter 03 opens
# it up.


# %%
def squash(numbers):
    return 1.7159 * torch.tanh(2 * numbers / 3)


ends, some = torch.tensor([-1.0, 1.0]), torch.linspace(-3, 3, 50)
assert torch.allclose(squash(ends), ends, atol=1e-6)
assert torch.allclose(squash(some), layers.ScaledTanh()(some), atol=1e-6)
round(squash(torch.tensor(1.0)).item(), 4)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### A subsampling that learns
#
# S2 and S4 halve each map: a unit adds its 2x2 inputs, multiplies the sum by a coefficient and adds
# a bias. A map has one coefficient and one bias for all its units, hence 2 x 6 parameters in S2.
# Chapter 04 opens it up.


# %%
def subsample(maps, coefficient, bias):
    """(N, maps, H, W) to (N, maps, H / 2, W / 2)."""
    upper = maps[..., 0::2, 0::2] + maps[..., 0::2, 1::2]
    lower = maps[..., 1::2, 0::2] + maps[..., 1::2, 1::2]
    return coefficient[:, None, None] * (upper + lower) + bias[:, None, None]


s2, maps = layers.Subsampling(6), torch.randn(1, 6, 28, 28)
assert torch.allclose(subsample(maps, s2.coefficient, s2.bias), s2(maps), atol=1e-6)
sum(parameter.numel() for parameter in s2.parameters())

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Average or add?
#
# Page 6 says that the unit *averages* its four inputs, page 7 that it *adds* them. On paper the two
# are the same network: a coefficient four times larger makes up for the average. To gradient
# descent (training by small steps down the loss, chapter 09) they are not: the sum makes the
# coefficient's gradient four times larger as well. This course adds, unless told otherwise.

# %%
maps = torch.randn(1, 6, 28, 28)
adds, averages = layers.Subsampling(6), layers.Subsampling(6, reduction="mean")
assert torch.equal(averages.coefficient, 4 * adds.coefficient)
assert torch.allclose(adds(maps), averages(maps), atol=1e-5)
for layer in (adds, averages):
    layer(maps).square().sum().backward()
ratio = adds.coefficient.grad / averages.coefficient.grad
assert torch.allclose(ratio, torch.full((6,), 4.0))
round(ratio[0].item(), 3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Sixty kernels
#
# Only the last map of C3 reads all six maps of S2. Table I (p. 8) says who reads which: 60 of 96
# pairs. The paper's reasons: fewer connections, and maps that get different inputs have to learn
# different things. Chapter 05 opens it up.

# %%
assert sum(len(row) for row in layers.TABLE_I) == 60
for source in range(6):
    assert sum(source in row for row in layers.TABLE_I) == 10
figures.table(layers.TABLE_I, inputs=6)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · The rule behind the table
#
# The first twelve columns of the picture follow a rule. Write `table_row(row)`, for a `row` from 0
# to 11, so that it gives the sorted list of the maps of S2 that this map of C3 reads:
# `table_row(4)` is `[0, 4, 5]`. (A row of `layers.TABLE_I` is a column of the picture.)


# %% tags=["exercise"]
@exercise("table_row")
def table_row(row):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def table_row(row):
#     count = 3 if row < 6 else 4
#     return sorted((row + step) % 6 for step in range(count))
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### A convolution that obeys the table
#
# By hand: one small convolution for each output map, fed with the maps that its row lists.


# %%
def convolve_by_table(maps, table, kernels, biases):
    """(N, 6, H, W) to (N, 16, H - 4, W - 4); kernels are (60, 5, 5), in the table's order."""
    by_map = kernels.split([len(row) for row in table])
    outputs = [
        functional.conv2d(maps[:, list(row)], kernel[None], bias[None])
        for row, kernel, bias in zip(table, by_map, biases, strict=True)
    ]
    return torch.cat(outputs, dim=1)


c3, maps = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5), torch.randn(2, 6, 14, 14)
by_hand = convolve_by_table(maps, layers.TABLE_I, c3.weight, c3.bias)
assert torch.allclose(by_hand, c3(maps), atol=1e-5)
by_hand.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# Sixteen calls are slow. The package makes a single one, with zeros where the table has no mark.
# The zeros are no parameters: 60 kernels of 25 and 16 biases are 1,516, where all 96 pairs would
# take 2,416.

# %%
c3 = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5)
full = nn.Conv2d(6, 16, kernel_size=5)
counts = [sum(parameter.numel() for parameter in layer.parameters()) for layer in (c3, full)]
assert counts == [60 * 25 + 16, 96 * 25 + 16] == [1_516, 2_416]
assert int((c3.dense_weight() == 0).sum()) == 36 * 25
counts

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### C5: a convolution with one place left
#
# C5's window of 5x5 meets maps of 5x5: it stands at one place, so each of its 120 units reads all
# 400 numbers, as in a fully connected layer. The paper calls it a convolution all the same (p. 8),
# because on a larger picture it grows. On 36 pixels in place of 32 it gives 2x2. Chapter 06 opens
# it up.

# %%
c5, maps = nn.Conv2d(16, 120, kernel_size=5), torch.randn(1, 16, 5, 5)
as_matrix = functional.linear(maps.flatten(1), c5.weight.flatten(1), c5.bias)
assert torch.allclose(c5(maps).flatten(1), as_matrix, atol=1e-5)

up_to_c5 = networks.find("lenet5-1998").layers[:9]
assert up_to_c5[-1].name == "C5"
grown = networks.build(up_to_c5, input_shape=(1, 36, 36), seed=0)
assert grown(torch.zeros(1, 1, 36, 36)).shape == (1, 120, 2, 2)
shapes.trace(up_to_c5, input_shape=(1, 36, 36))["C5"].output_shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Ten pictures to aim at
#
# Why 84 units in F6? Because 84 is 7 x 12: the states of F6 are meant to become a small picture of
# the printed character, ink +1 and paper -1, bars and all, as the paper draws them (figure 3).
# These ten *codes* are fixed; they are not learned.

# %%
ten = codes.digit_codes()
assert len(ten) == 10 and all(len(code) == 84 == 7 * 12 for code in ten)
nearest = min(codes.distance(one, other) for one in ten for other in ten if one != other)
assert nearest == codes.distance(ten[6], ten[8]) == 12
figures.code_pictures(ten, "0123456789")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Answers that are distances
#
# An output unit says how far F6 is from its code: the sum of 84 squared differences (eq. 7, p. 8).
# It is called an RBF unit, for *radial basis function*. So the **smallest** output wins.
#
# 6 and 8 differ in 12 of 84 pixels, the least of any two digits. A pixel that goes from -1 to +1 is
# a squared distance of 4, so these two codes are 4 × 12 = 48 apart: in the distances of 6 below,
# the number at place 8.


# %%
def distances_from(states, ten):
    """(N, 84) states and (10, 84) codes to (N, 10) squared distances."""
    return torch.stack([(states - code).square().sum(dim=1) for code in ten], dim=1)


ten = torch.tensor(codes.digit_codes()).float()
output = layers.RBF(codes.digit_codes())
states = torch.randn(5, 84)
assert torch.allclose(distances_from(states, ten), output(states), atol=1e-4)
assert distances_from(ten, ten)[6, 8] == 4 * 12
distances_from(ten, ten)[6].int().tolist()

# %% [markdown] slideshow={"slide_type": "subslide"}
# Give the outputs ten perfect pictures. `argmin` reads all of them; `argmax`, which every other
# network of this chapter uses, reads none: it names the digit that the picture is *least* like.

# %%
ten = torch.tensor(codes.digit_codes()).float()
outputs = layers.RBF(codes.digit_codes())(ten)
right = torch.arange(10)
read_by_argmin = int((outputs.argmin(dim=1) == right).sum())
read_by_argmax = int((outputs.argmax(dim=1) == right).sum())
assert (read_by_argmin, read_by_argmax) == (10, 0)
read_by_argmin, read_by_argmax

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · Decide, or refuse
#
# Distances can say one thing more: that a picture is no digit at all. Write
# `nearest_code(distances, limit)`, where `distances` is a list of ten numbers: the digit whose code
# is nearest, or -1 when even that one is farther than `limit`.


# %% tags=["exercise"]
@exercise("nearest_code")
def nearest_code(distances, limit):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def nearest_code(distances, limit):
#     nearest = min(distances)
#     return distances.index(nearest) if nearest <= limit else -1
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### A loss for distances
#
# A loss says how wrong an answer is. Equation 9 (p. 9), called MAP for *maximum a posteriori*,
# pulls the states of F6 towards the right code and pushes them away from the others: the right
# distance, plus the logarithm of `exp(-j)` and all ten `exp(-distance)` added up. `j` stands for
# "no digit at all"; of its size the paper says only that it is positive.


# %%
def map_loss(distances, labels, j=20.0):
    """(N, 10) distances and (N,) labels to (N,) losses, as equation 9 is written."""
    right = distances[torch.arange(len(labels)), labels]
    everything = torch.exp(torch.tensor(-j)) + torch.exp(-distances).sum(dim=1)
    return right + torch.log(everything)


distances, labels = 40 * torch.rand(8, 10), torch.arange(8)
assert torch.allclose(map_loss(distances, labels), layers.map_loss(distances, labels), atol=1e-4)
far = torch.full((1, 10), 150.0)
assert map_loss(far, labels[:1], j=200.0).isinf() and map_loss(far, labels[:1], j=20.0) == 130
without_breaking = layers.map_loss(far, labels[:1], j=200.0)
assert torch.isclose(without_breaking, torch.tensor([10.0]).log())
round(without_breaking.item(), 4)

# %% [markdown]
# As written, the formula breaks where all distances *and* `j` are large, here 150 and 200: in
# numbers of 32 bits both `exp(-150)` and `exp(-200)` are 0, and the logarithm of 0 is minus
# infinity. The package's version takes the largest term out first, and gives log 10: ten codes
# equally far. With `j` = 20 nothing breaks. Chapter 06 opens both up.

# %% [markdown] slideshow={"slide_type": "slide"}
# ### All of it in seven lines
#
# A picture goes in, ten distances come out. The weights `w` are those of the network that the
# course builds from its descriptions, by their names.


# %%
def lenet5(pictures, w):
    """(N, 1, 32, 32) pictures to (N, 10) distances; w is a state_dict."""
    maps = squash(functional.conv2d(pictures, w["C1.weight"], w["C1.bias"]))
    maps = squash(subsample(maps, w["S2.coefficient"], w["S2.bias"]))
    maps = squash(convolve_by_table(maps, layers.TABLE_I, w["C3.weight"], w["C3.bias"]))
    maps = squash(subsample(maps, w["S4.coefficient"], w["S4.bias"]))
    maps = squash(functional.conv2d(maps, w["C5.weight"], w["C5.bias"]))
    states = squash(functional.linear(maps.flatten(1), w["F6.weight"], w["F6.bias"]))
    return distances_from(states, w["output.codes"])


# %%
network, model = networks.find("lenet5-1998"), networks.build("lenet5-1998", seed=0)
pictures = network.prepare(digits.test.images[:100])
with torch.no_grad():
    by_hand, built = lenet5(pictures, model.state_dict()), model(pictures)
assert torch.allclose(by_hand, built, atol=1e-3)
assert sum(parameter.numel() for parameter in model.parameters()) == 60_000
by_hand.shape

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Built from its description
#
# `networks.build` turns a list of descriptions into a torch module: a child for each layer, called
# by the layer's name, in the layers' order. Its `state_dict`, the table of all its weights, keeps
# that order.

# %%
model = networks.build("lenet5-1998", seed=0)
trace = networks.find("lenet5-1998").trace()
assert [name for name, _ in model.named_children()] == [row.name for row in trace]
layers_with_weights = dict.fromkeys(name.split(".")[0] for name in model.state_dict())
assert list(layers_with_weights) == [row.name for row in trace if row.connections]
list(model.state_dict())

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now send one digit through, child by child. What arithmetic predicted (chapter 01), torch
# confirms: every shape of the trace, and in the end ten numbers.

# %%
network, model = networks.find("lenet5-1998"), networks.build("lenet5-1998", seed=0)
values = network.prepare(digits.test.images[:1])
for row in network.trace():
    values = model.get_submodule(row.name)(values)
    assert values.shape == (1, *row.output_shape)
values.shape

# %% [markdown] slideshow={"slide_type": "slide"}
# ## 1,706 more
#
# The usual LeNet-5 of today has 61,706 parameters. It reads all six maps in every map of C3, pools
# without parameters, bends by *ReLU*, which turns negative numbers into 0 (chapter 03), and ends in
# ten plain units, of which the largest wins.

# %%
modern = networks.find("relu-max").trace()
assert modern.parameters == 61_706 == 60_000 + 1_706
figures.architecture(modern)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · Where do the 1,706 come from?
#
# With a pencil: how many parameters has the modern network *more* than the one of 1998, in C3, in
# S2 and S4 together, and in the output? Fewer is a negative number. Replace each `TODO`.


# %% tags=["exercise"]
@exercise("surplus")
def surplus():
    c3, subsampling, output = TODO, TODO, TODO
    return c3, subsampling, output


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def surplus():
#     c3, subsampling, output = 900, -44, 850
#     return c3, subsampling, output
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# Pencil first, machine second. In C3 there are 36 more pairs of maps with 25 weights each; the
# coefficients and biases of 6 + 16 maps are gone; and ten units have 84 weights and a bias each,
# where the codes were fixed.

# %%
old, new = (networks.find(name).trace() for name in ("lenet5-1998", "relu-max"))
learning = ["C1", "S2", "C3", "S4", "C5", "F6", "output"]
more = {name: new[name].parameters - old[name].parameters for name in learning}
assert more == {"C1": 0, "S2": -12, "C3": 900, "S4": -32, "C5": 0, "F6": 0, "output": 850}
assert sum(more.values()) == 1_706
more

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Seven networks, one name
#
# All of these are taught as "LeNet-5". Each is a list of descriptions, so the table makes itself.
# *Multiply-adds* are the products that are formed and summed for one digit.


# %%
def entries(network):
    trace = network.trace()
    bends = {layer.function for layer in network.layers if isinstance(layer, shapes.Activation)}
    pooling = type(trace["S2"].layer).__name__
    costs = [trace.parameters, trace.connections, trace.multiply_adds]
    described = [network.name, str(network.input_shape[1]), *(bends or ["none"]), pooling]
    return described + [f"{cost:,}" for cost in costs]


head = ["network", "input", "activation", "pooling", "parameters", "connections", "multiply-adds"]
table = [head, ["---"] * 4 + ["---:"] * 3, *map(entries, networks.FAMILY.values())]
assert len(networks.FAMILY) == 7
Markdown("\n".join(f"| {' | '.join(cells)} |" for cells in table))

# %% slideshow={"slide_type": "subslide"}
sizes = {name: network.trace().parameters for name, network in networks.FAMILY.items()}
assert list(sizes.values()) == [60_000, 61_706, 61_706, 61_706, 44_426, 61_610, 3_274_634]
figures.bars(sizes, label="parameters")

# %%
costs = {name: network.trace().multiply_adds for name, network in networks.FAMILY.items()}
thousands = [round(cost / 1_000) for cost in costs.values()]
assert thousands == [328, 417, 417, 417, 282, 341, 13_884]
figures.bars(costs, label="multiply-adds for one digit")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What six of them have in common
#
# A full C3 in place of Table I, pooling that learns nothing, a linear output in place of codes, and
# another function, or none, in place of the scaled tanh. None is the network of 1998, and none of
# the four changes has to be an error: but a text that says "exactly as in the paper" is wrong in
# four places.

# %%
for name, network in networks.FAMILY.items():
    rows = network.trace()
    as_in_1998 = name == "lenet5-1998"
    assert (rows["C3"].layer.connection_table is not None) == as_in_1998
    assert (rows["S2"].parameters > 0) == (rows["S4"].parameters > 0) == as_in_1998
    assert isinstance(rows["output"].layer, shapes.RBF) == as_in_1998
    assert ("scaled_tanh" in [getattr(row.layer, "function", "") for row in rows]) == as_in_1998
len(networks.FAMILY) - 1

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### sigmoid-avg and sigmoid-max: the padding moves into C1
#
# The paper's field is 32x32 (p. 6-8). These two take MNIST's 28x28 and let C1 pad it by 2: the same
# numbers, as long as the padding is paper-white, that is 0. The sigmoid squashes to between 0 and
# 1: a unit that hears nothing says 0.5 where the paper's says 0.

# %%
images = data.fit_field(digits.test.images[:1], 28)
small = networks.find("sigmoid-avg").prepare(images)
wide = networks.find("relu-max").prepare(images)
c1 = networks.build("sigmoid-avg", seed=0).C1
assert (small.shape[-1], wide.shape[-1]) == (28, 32)
assert torch.allclose(c1(small), functional.conv2d(wide, c1.weight, c1.bias), atol=1e-6)
silence = torch.tensor(0.0)
assert (torch.sigmoid(silence), layers.ScaledTanh()(silence)) == (0.5, 0.0)
tuple(c1(small).shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### relu-avg: 28 pixels and no padding
#
# Without padding the maps are 24, 12, 8 and 4 pixels wide, and C5 reads 16 x 4 x 4 = 256 numbers,
# not 400: 17,280 parameters fewer. Published programs of this kind carry the comment "32x32 input"
# above a layer that needs 28. Comments are never run; shapes are.

# %%
trace = networks.find("relu-avg").trace()
sides = [trace[name].output_shape[-1] for name in ("C1", "S2", "C3", "S4")]
assert sides == [24, 12, 8, 4] and trace["C5"].input_shape == (256,)
assert 61_706 - trace.parameters == 17_280 == (400 - 256) * 120
try:
    networks.build("relu-avg")(torch.zeros(1, 1, 32, 32))
except RuntimeError as error:
    said = str(error)
assert "1x400 and 256x120" in said
said

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### no-activation: three layers that are one
#
# Here nothing bends the numbers between C5, F6 and the output, so the three are one *affine map*, a
# matrix and a bias, from 400 numbers to 10. How do two such layers merge?

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · Merge two layers
#
# The first layer turns `x` into `W1 @ x + b1`, the second turns that into `W2 @ (...) + b2`. Write
# `merged(W1, b1, W2, b2)`: the weight and the bias of the one layer that does the same.


# %% tags=["exercise"]
@exercise("merged")
def merged(W1, b1, W2, b2):
    return TODO, TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def merged(W1, b1, W2, b2):
#     return W2 @ W1, W2 @ b1 + b2
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# Merge all three, and compare the outputs: the same ten numbers from 4,010 parameters as from
# 59,134. The rest of the depth adds nothing to what the network *can* say. It is not a linear
# network, though: the maxima of S2 and S4 bend. Chapter 09 trains it.

# %%
model = networks.build("no-activation", seed=0).double()
three = nn.Sequential(model.C5, model.F6, model.output)
weight, bias = torch.eye(400).double(), torch.zeros(400).double()
for layer in three:
    weight, bias = layer.weight @ weight, layer.weight @ bias + layer.bias
features = torch.randn(1000, 400).double()
assert torch.allclose(three(features), features @ weight.T + bias)
before = sum(parameter.numel() for parameter in three.parameters())
assert (before, weight.numel() + bias.numel()) == (59_134, 4_010)
before, weight.numel() + bias.numel()

# %% [markdown]
# Its C1 is another one, too: a window of 3, padded by 1, in place of 5, so 60 parameters in place
# of 156.

# %%
c1 = networks.find("no-activation").trace()["C1"]
assert (c1.layer.kernel_size, c1.layer.padding, c1.parameters) == (3, 1, 60)
c1.parameters

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### wide-dropout: 53 times larger
#
# 32 and 64 maps (at most 8 are drawn), both convolutions padded, no F6, and a C5 of 1,024 units
# that holds 98% of all parameters. *Dropout* silences half of them at random in each training step,
# a guard against learning the training digits by heart.

# %%
wide = networks.find("wide-dropout").trace()
assert wide.parameters == 3_274_634
assert round(wide.parameters / 61_706) == 53
assert round(wide["C5"].parameters / wide.parameters, 2) == 0.98
assert "F6" not in [row.name for row in wide]
figures.architecture(wide)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 5 · From words to layers
#
# An eighth one, in words. The picture is 20x20. C1 learns 8 maps with a window of 5, padded by 2;
# ReLU. S2 keeps the largest of every 2x2. C3 learns 12 maps with a window of 3, not padded; ReLU.
# S4 averages every 2x2. All is flattened; F6 has 50 units; ReLU; the output has 10. Give the list
# of descriptions, in order (`shapes.` and the tab key show what there is; names are up to you).


# %% tags=["exercise"]
@exercise("described")
def described():
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def described():
#     return [
#         shapes.Conv2d(8, kernel_size=5, padding=2),
#         shapes.Activation("relu"),
#         shapes.MaxPool2d(2),
#         shapes.Conv2d(12, kernel_size=3),
#         shapes.Activation("relu"),
#         shapes.AvgPool2d(2),
#         shapes.Flatten(),
#         shapes.Linear(50),
#         shapes.Activation("relu"),
#         shapes.Linear(10),
#     ]
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Both read digits
#
# The network of 1998 and a modern one, each trained for 400 steps of 64 digits, less than half a
# pass through MNIST. Adam decides the steps; chapter 09 opens training up, and chapter 13
# trains the way the paper did.


# %%
def trained(name):
    network, model = networks.find(name), networks.build(name, seed=0)
    reading = {"prepare": network.prepare, "loss": network.loss, "decide": network.decide}
    adam = torch.optim.Adam(model.parameters(), lr=1e-3)
    training.fit(model, digits.train, optimizer=adam, epochs=100, max_steps=400, **reading)
    return model, training.evaluate(model, digits.test, **reading)


(paper, paper_test), (modern, modern_test) = trained("lenet5-1998"), trained("relu-max")
assert paper_test.error < 0.15 and modern_test.error < 0.15
paper_test.count

# %% [markdown] slideshow={"slide_type": "subslide"}
# The first ten test digits, twice: above as the network of 1998 reads them, below as the modern one
# does. A cross marks a wrong answer.

# %% tags=["nbval-ignore-output"]
images, labels = torch.cat([digits.test.images[:10]] * 2), torch.cat([digits.test.labels[:10]] * 2)
answers = torch.cat([paper_test.predictions[:10], modern_test.predictions[:10]])
assert (answers == labels).sum() > 10
figures.digits(images, labels, answers)

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Ask before the next cell runs: how many would be right if the *largest*
# distance won?

# %% [markdown] slideshow={"slide_type": "subslide"}
# A trained network makes the mistake of the wrong end visible. Read the same outputs by `argmax`,
# as copied evaluation code does, and the accuracy is not the 10% of a guess: it is about 0%.

# %% tags=["nbval-ignore-output"]
network = networks.find("lenet5-1998")
wrong_end = training.evaluate(
    paper, digits.test, prepare=network.prepare, loss=network.loss, decide=training.largest
)
tests = {"1998, argmin": paper_test, "1998, argmax": wrong_end, "relu-max, argmax": modern_test}
accuracies = {name: 100 * test.accuracy for name, test in tests.items()}
assert accuracies["1998, argmax"] < 5 and min(paper_test.accuracy, modern_test.accuracy) > 0.85
figures.bars(accuracies, label="test digits read rightly, %", form="{:.1f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# One digit on its way, dark where a number is large: C1 answers to parts of strokes, S2 and S4
# halve the maps, C3 combines them; in C5 and F6 no unit belongs to a place *of the digit* any more.
# In the output the right digit is the *lightest* field, the smallest distance.

# %%
values = networks.find("lenet5-1998").prepare(digits.test.images[:1])
seen = {"input": values[0]}
for name, layer in paper.named_children():
    values = layer(values)
    seen[name.removesuffix("_scaled_tanh")] = values[0]
del seen["flatten"]
assert [len(layer) for layer in seen.values()] == [1, 6, 6, 16, 16, 120, 84, 10]
figures.feature_maps(seen)

# %% [markdown] slideshow={"slide_type": "subslide"}
# And F6, drawn as what it is: for each digit the states of the first test digit that was read
# rightly. The network answers with pictures, already after 400 steps.

# %%
rightly = paper_test.predictions == digits.test.labels
chosen = [int((rightly & (digits.test.labels == digit)).nonzero()[0]) for digit in range(10)]
up_to_f6 = paper[:-1]
with torch.no_grad():
    states = up_to_f6(networks.find("lenet5-1998").prepare(digits.test.images[chosen]))
agree = (states.sign() == paper.output.codes).float().mean(dim=1)
assert agree.mean() > 0.8
figures.code_pictures(states.tolist(), "0123456789", what="the states of F6 for")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Both, while you draw
#
# Clear the pad and draw a 3, slowly; then close it to an 8 with two more strokes. Look for
#
# * colour: the squash of 1998 gives numbers of both signs, orange above zero, blue and hatched
#   below. ReLU lets none below zero through, so on the right much stays white. (A page without a
#   kernel shows greys, dark where a number is large);
# * F6: on the left a picture that turns from a 3 into an 8 as you draw. *Melt* turns it into the
#   code that it is nearest to; stop the slider halfway, and a quarter of the squared distance is
#   left. On the right 84 numbers that were never asked to be a picture;
# * the bars: on the left the *shortest* wins, on the right the *largest*.
#
# Last, draw letters. Both have to answer, and on the left the distance sometimes tells: an A, an H
# or a K often lies farther from its nearest code than your digits did. But a B or an S may well
# pass for a digit.

# %%
two = {"1998": (paper, "lenet5-1998"), "modern": (modern, "relu-max")}
two = {title: (model, networks.find(name)) for title, (model, name) in two.items()}
motion = widgets.LeNetInMotion(two, name="both read digits")
if not motion.pad.ink.any():
    motion.pad.ink = digits.test.images[0].numpy()  # your own drawing stays
distances, logits = (seen["output"] for seen in motion.seen.values())
assert motion.answers == {"1998": distances.argmin(), "modern": logits.argmax()}
below_zero = [int((seen["C1"] < 0).sum()) for seen in motion.seen.values()]
assert below_zero[0] > 0 == below_zero[1]
motion

# %% [markdown] slideshow={"slide_type": "fragment"}
# Does the distance tell when a *digit* is read wrongly, too? Take the first 1,000 test digits, sort
# them by it, those read rightly and those read wrongly apart, and compare the middle ones: a wrong
# answer lies more than twice as far.

# %%
with torch.no_grad():
    nearest = paper(networks.find("lenet5-1998").prepare(digits.test.images[:1_000])).amin(dim=1)
right = paper_test.predictions[:1_000] == digits.test.labels[:1_000]
middle = {"rightly": nearest[right].median(), "wrongly": nearest[~right].median()}
assert middle["wrongly"] > 1.5 * middle["rightly"]
bool(middle["wrongly"] > 2 * middle["rightly"])

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * Eight lines and a squash after six of them are the network of 1998: 60,000 parameters, 340,908
#   connections, the rows of C1 to F6 as the paper states them.
# * By hand it is seven lines: squash, subsample, convolve by the table, measure distances. The
#   built module gives the same numbers.
# * Outputs of 1998 are distances. The smallest wins; `argmax` reads about nothing.
# * The usual modern network has 61,706: 900 more in C3, 44 fewer in S2 and S4, 850 more in the
#   output.
# * Seven networks share the name. Six have neither Table I, nor trainable subsampling, nor codes,
#   nor the scaled tanh; one of them has three layers that are one, another is 53 times larger.
# * The paper leaves things open: whether S2 averages or adds, and what `j` is.
#
# ## Where to go next
#
# Back into the layers, one at a time: chapter 02 looks through C1's window. Or on to chapter 09,
# where most of these are trained by the recipes that people publish for them.
