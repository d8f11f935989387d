# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 02 · Convolution
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F02_convolution.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/02_convolution.ipynb)
#
# **Question.** What does one unit of C1 compute, and why is it worth computing at every place of
# the digit with the same few numbers?
#
# **Afterwards you can**
#
# * compute any unit of C1 by hand, and build the layer in three ways that give the same maps;
# * tell cross-correlation from convolution, and say which of them your library computes;
# * design a kernel that finds edges, blurs, or moves a picture;
# * say what sharing saves, how maps follow a digit that moves, and where they stop following.
#
# 45 minutes, 20 of them exercises · needs chapter 01

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
import time
from itertools import product

import numpy
import torch
from torch.nn import functional

from lenet_course import data, figures, networks, shapes
from lenet_course.exercises import TODO, exercise, hint, solution  # for you to call
from lenet_course.widgets import ConvolutionStepper

digits = data.load()
prepare = networks.FAMILY["relu-max"].prepare  # a field of 32 x 32, paper 0 and ink 1
sevens = digits.test[digits.test.labels == 7]
digit = prepare(sevens.images[:1])[0, 0]
assert digit.shape == (32, 32)

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Let one learner call out the 25 products of a unit and another add them up:
# the whole chapter is that sum. Ask for a guess before each picture of maps. Without time, leave
# out exercise 3 and the frame; exercise 5 is for those who want more.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One unit of C1
#
# A unit of C1 sees a *window* of 5×5 pixels. It has a *kernel*, 25 numbers called weights, one for
# each pixel of the window. It multiplies pixel by weight, adds up the 25 products, and adds one
# number more, its *bias*. That is all.
#
# This kernel looks for a vertical edge: dark on the right counts for it, dark on the left against.

# %%
kernel = torch.tensor([-1, -1, 0, 1, 1]).repeat(5, 1) / 10
row, column = 24, 10
assert 0 <= row <= 27 and 0 <= column <= 27, "The window must fit: row and column from 0 to 27."
window = digit[row : row + 5, column : column + 5]
assert window.shape == kernel.shape == (5, 5)
figures.products(digit, kernel, row, column)

# %% [markdown] slideshow={"slide_type": "fragment"}
# To that sum the unit adds its bias. Here it is 0.5; first the sum, then what the unit gives:

# %% slideshow={"slide_type": "fragment"}
bias = 0.5
products = window * kernel
unit = products.sum() + bias
assert products.numel() == 25
right, left = window[:, 3:].sum(), window[:, :2].sum()
assert torch.isclose(unit, (right - left) / 10 + bias, atol=1e-6)
round(products.sum().item(), 2), round(unit.item(), 2)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Move the window, by mouse or with the arrow keys, on the digit or on the map beside it. Where is
# the sum largest, where most negative, where zero? Then type other weights, or choose another
# digit. In 1998 the unit is *squashed* at the end, bent to lie between -1.72 and 1.72: chapter 03
# says why.

# %%
one_of_each = [int((digits.test.labels == label).nonzero()[0]) for label in range(10)]
ten = prepare(digits.test.images[one_of_each])[:, 0]
edge = torch.tensor([-1, -1, 0, 1, 1]).repeat(5, 1) / 10
stepper = ConvolutionStepper(ten, edge, 0.5, row=15, column=19, digit=7, name="chapter 02")
r, c = stepper.row, stepper.column
by_hand = (ten[stepper.digit, r : r + 5, c : c + 5] * stepper.kernel).sum() + stepper.bias
assert ten.shape == (10, 32, 32) and torch.equal(ten[7], digit)
assert abs(stepper.unit - by_hand) < 1e-4
stepper

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details>
# <summary>Answer</summary>
#
# Largest at row 24, column 10, where the first picture stood: 0.83. There the stroke begins. Most
# negative four columns further, at row 24, column 14, where it ends: -0.86. On plain paper the sum
# is 0.
#
# </details>
#
# A machine answers by trying all 784 places:

# %% slideshow={"slide_type": "fragment"}
kernel = torch.tensor([-1, -1, 0, 1, 1]).repeat(5, 1) / 10
places = list(product(range(28), range(28)))
sums = {(r, c): (digit[r : r + 5, c : c + 5] * kernel).sum().item() for r, c in places}
largest, smallest = max(places, key=sums.get), min(places, key=sums.get)
extremes = round(sums[largest], 2), round(sums[smallest], 2)
assert len(places) == 784 and sums[0, 0] == 0
if digits.name == "MNIST":
    assert (largest, smallest, *extremes) == ((24, 10), (24, 14), 0.83, -0.86)
extremes

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 1 · One unit by hand
#
# Write `one_unit(image, kernel, bias, row, column)`: the number that a unit gives whose window has
# its upper left corner at `row`, `column`. The kernel is 5×5.
#
# Running the cell checks your answer. Stuck? `hint("one_unit")` helps, `solution("one_unit")` shows
# an answer.


# %% tags=["exercise"]
@exercise("one_unit")
def one_unit(image, kernel, bias, row, column):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def one_unit(image, kernel, bias, row, column):
#     window = image[row : row + 5, column : column + 5]
#     return (window * kernel).sum() + bias
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## C1, built three times
#
# C1 has 6 kernels and 6 biases. Each kernel visits all 28×28 places of the padded digit, and what
# it finds there is one *feature map*. Let us build that layer from nothing, three times, and then
# ask torch.
#
# ### First: loops
#
# For every map, every place, every pixel of the window: one product, added up. Nothing is hidden.


# %%
def by_loops(image, kernels, biases):
    size = kernels.shape[-1]
    side = len(image) - size + 1
    maps = torch.zeros(len(kernels), side, side)
    for m, row, column in product(range(len(kernels)), range(side), range(side)):
        total = biases[m]
        for i, j in product(range(size), range(size)):
            total = total + kernels[m, i, j] * image[row + i, column + j]
        maps[m, row, column] = total
    return maps


# %%
torch.manual_seed(0)
kernels, biases = torch.randn(6, 5, 5) / 5, torch.randn(6)
in_loops = by_loops(digit, kernels, biases)
assert in_loops.shape == (6, 28, 28)
in_loops.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Second: pictures, shifted and added
#
# Turn the loops inside out. The weight at row `i`, column `j` of a kernel meets, over all places,
# the whole picture shifted by `i` and `j`. So take 25 shifted pictures, each times its weight, and
# add them up. Now the loop runs 25 times, not 117,600 times. (`None` puts in a side of length 1, so
# that each weight meets its whole picture.)


# %%
def by_shifts(image, kernels, biases):
    size = kernels.shape[-1]
    side = len(image) - size + 1
    maps = biases[:, None, None].expand(-1, side, side)
    for i, j in product(range(size), range(size)):
        shifted = image[i : i + side, j : j + side]
        maps = maps + kernels[:, i, j, None, None] * shifted
    return maps


in_shifts = by_shifts(digit, kernels, biases)
assert torch.allclose(in_shifts, in_loops, atol=1e-5)
in_shifts.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · All windows in one table
#
# For the third way we need a table with one line for each place. Write `patches(image, size)`: each
# line holds the pixels of one `size` × `size` window, row by row. The first line is the window in
# the upper left corner; then the window moves to the right, and line by line down the picture. The
# picture need not be square.


# %% tags=["exercise"]
@exercise("patches")
def patches(image, size):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def patches(image, size):
#     windows = image.unfold(0, size, 1).unfold(1, size, 1)
#     return windows.reshape(-1, size * size)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Third: one product of two matrices
#
# Every unit multiplies 25 pixels by 25 weights and adds. That is what a matrix product does, many
# times over: the 784 windows as rows, the 6 kernels as columns, and all of C1 is `patches @
# weights` plus the biases. `unfold(side, size, step)` cuts windows along one side, 0 for rows and 1
# for columns, without copying a pixel; `reshape` then writes them out as a table.


# %%
def by_product(image, kernels, biases):
    size = kernels.shape[-1]
    side = len(image) - size + 1
    windows = image.unfold(0, size, 1).unfold(1, size, 1)  # (28, 28, 5, 5)
    patches = windows.reshape(side * side, size * size)  # (784, 25)
    units = patches @ kernels.flatten(1).T + biases  # (784, 6)
    return units.T.reshape(-1, side, side)


in_one_product = by_product(digit, kernels, biases)
assert torch.allclose(in_one_product, in_loops, atol=1e-5)
in_one_product.shape

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### And torch
#
# The course's description of C1, built as a torch module, holds a `weight` of shape
# `(maps, input maps, rows, columns)` and a `bias`. Give it our numbers, and it gives our maps.
# Torch takes many digits at once, each of many channels: `[None, None]` puts two sides of length 1
# in front, one digit, one channel.

# %%
model = networks.build([shapes.Conv2d(6, kernel_size=5, name="C1")], input_shape=(1, 32, 32))
model.load_state_dict({"C1.weight": kernels[:, None], "C1.bias": biases})
with torch.no_grad():
    by_torch = model(digit[None, None])[0]
ways = {"loops": in_loops, "shifts": in_shifts, "one product": in_one_product}
assert all(torch.allclose(maps, by_torch, atol=1e-5) for maps in ways.values())
list(ways)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What the clock says
#
# The products are the same 117,600 in all three ways. The third one pays besides: in its table most
# pixels stand 25 times, 19 times as many numbers as the digit has. Is it worth it? How many times
# faster than the loops are the other two?


# %% tags=["nbval-ignore-output"]
def seconds(way, times):
    start = time.thread_time()  # leaves out what else the machine does meanwhile
    for _ in range(times):
        way(digit, kernels, biases)
    return (time.thread_time() - start) / times


assert 784 * 25 * 6 == 117_600
assert round(784 * 25 / digit.numel()) == 19
threads = torch.get_num_threads()
torch.set_num_threads(1)  # as the loops, which cannot share their work
loops = seconds(by_loops, times=1)
shifts, one_product = seconds(by_shifts, times=1_000), seconds(by_product, times=1_000)
torch.set_num_threads(threads)
faster = {"shifts": loops / shifts, "one product": loops / one_product}
assert min(faster.values()) > 500
{way: f"about {float(f'{times:.1g}'):,.0f} times" for way, times in faster.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# Thousands of times, and most of it comes from leaving Python's loop: the shifts form all 117,600
# products too, in 25 steps. The matrix product then hands over all of C1 in one call, the one that
# processors and their libraries do best. On large pictures the two can draw level: there the
# products take the time, not the calls, and the table is long to write.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What mathematics calls convolution
#
# Show the layer one black pixel on white paper, and a kernel whose numbers we can recognise.

# %%
dot = torch.zeros(9, 9)
dot[4, 4] = 1
kernel = torch.arange(1.0, 26.0).reshape(5, 5)
seen = torch.conv2d(dot[None, None], kernel[None, None])[0, 0]
assert torch.equal(seen, kernel.flip(0, 1))
figures.signed_maps([kernel, seen], ["the kernel", "what a dot becomes"], columns=4, shared=False)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The kernel comes back turned by half a turn. When the window stands far up, the dot lies at its
# lower end, and so the *last* weight meets it first.
#
# Mathematics wants a dot to become the kernel as it is, and so its *convolution* turns the kernel
# before it slides. What torch calls `conv2d` does not: it is a *cross-correlation*. In numpy the
# two still have their own names:

# %%
line, weights = numpy.array([0.0, 0, 1, 4, 2, 0, 0]), numpy.array([1.0, 2, 3])
turned = numpy.convolve(line, weights, "valid").tolist()
as_it_stands = numpy.correlate(line, weights, "valid").tolist()
in_torch = torch.conv1d(torch.tensor(line)[None, None], torch.tensor(weights)[None, None])
assert in_torch[0, 0].tolist() == as_it_stands != turned
as_it_stands, turned

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 3 · The other convolution
#
# Write `true_convolution(image, kernel)`: the mathematical convolution of two matrices at all
# places where the kernel fits. You may call `torch.conv2d`, which wants both as `(1, 1, rows,
# columns)` and gives the same.


# %% tags=["exercise"]
@exercise("true_convolution")
def true_convolution(image, kernel):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def true_convolution(image, kernel):
#     turned = kernel.flip(0, 1)
#     return torch.conv2d(image[None, None], turned[None, None])[0, 0]
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Who can tell?
#
# If half a turn leaves a kernel as it is, both give the same map. If half a turn changes its sign,
# as with our edge, they differ in sign only. Random kernels give two different maps. A network that
# *learns* its kernels does not care: it learns them turned. You will care when you carry weights
# from one program to another, and when you test: a test with a symmetric kernel passes either way.


# %%
def both(kernel):
    as_it_stands_and_turned = torch.stack([kernel, kernel.flip(0, 1)])
    return torch.conv2d(digit[None, None], as_it_stands_and_turned[:, None])[0]


blur, edge = torch.ones(5, 5) / 25, torch.tensor([-1, -1, 0, 1, 1]).repeat(5, 1) / 10
torch.manual_seed(0)
correlation, convolution = both(blur)
assert torch.allclose(correlation, convolution, atol=1e-6)
correlation, convolution = both(edge)
assert torch.allclose(correlation, -convolution, atol=1e-6)
correlation, convolution = both(torch.randn(5, 5))
most = (correlation - convolution).abs().max().item()
assert most > 1
f"with a random kernel the maps differ by up to {most:.1f}"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Six filters made by hand
#
# Before kernels were learned they were made. Here are six, small enough to read. The four edge
# finders add up to zero, so plain paper and plain ink leave them cold; only a change counts. *Blur*
# is an average. *Outline* asks how a pixel differs from its neighbours.

# %%
vertical = torch.tensor([-1.0, -1, 0, 1, 1]).repeat(5, 1)
falling = torch.ones(5, 5).triu(1) - torch.ones(5, 5).tril(-1)
outline = functional.pad(-torch.ones(3, 3), (1, 1, 1, 1))
outline[2, 2] = 8
by_hand = torch.stack([vertical, vertical.T, falling, falling.flip(1), torch.ones(5, 5), outline])
assert by_hand.sum(dim=(1, 2)).tolist() == [0, 0, 0, 0, 25, 0]
names = ["vertical", "horizontal", "falling", "rising", "blur", "outline"]
figures.signed_maps(by_hand, names, shared=False)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Divide each by the sum of its weights without their signs, so that none of them shouts, and put
# them into C1. Hatched is clearly negative.

# %%
weights = by_hand / by_hand.abs().sum(dim=(1, 2), keepdim=True)
maps = torch.conv2d(digit[None, None], weights[:, None])[0]
assert maps.shape == (6, 28, 28)
assert maps.abs().max() <= 1
figures.signed_maps(maps, names, columns=3)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Coming from the left, *vertical* is positive where ink begins and negative where it ends. Mirror
# the digit, left for right, and what began ends: every sign changes. Mirror it along its diagonal
# instead, rows for columns, and *vertical* sees what *horizontal* saw.

# %%
mirrored = torch.conv2d(digit.flip(1)[None, None], weights[:, None])[0]
rows_for_columns = torch.conv2d(digit.T[None, None], weights[:, None])[0]
assert torch.allclose(mirrored[0].flip(1), -maps[0], atol=1e-6)
assert torch.allclose(rows_for_columns[0].T, maps[1], atol=1e-6)
names[:2]

# %% [markdown] slideshow={"slide_type": "subslide"}
# Are two such filters enough to know something about a digit? Add up what *vertical* and
# *horizontal* answer, signs left out, over all test digits of a class. Which class should have the
# most vertical edges for each horizontal one, and which the fewest?


# %%
def upright(label):
    chosen = digits.test[digits.test.labels == label]
    maps = torch.conv2d(prepare(chosen.images), weights[:2, None])
    vertical, horizontal = maps.abs().sum(dim=(0, 2, 3)).tolist()
    return vertical / horizontal


share = {str(label): upright(label) for label in range(10)}
assert max(share, key=share.get) == "1"
assert min(share, key=share.get) == "5"
figures.bars(share, label="vertical edges for each horizontal one", form="{:.2f}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 4 · A kernel that moves a picture
#
# With a padding of 2 a map is as large as its picture. Write `moving_kernel(down, right)`: the 5×5
# kernel whose map is the picture itself, moved down by `down` and to the right by `right` pixels.
# Both lie between -2 and 2, and a negative one moves up or to the left. Torch slides the kernel as
# it stands.


# %% tags=["exercise"]
@exercise("moving_kernel")
def moving_kernel(down, right):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def moving_kernel(down, right):
#     kernel = torch.zeros(5, 5)
#     kernel[2 - down, 2 - right] = 1
#     return kernel
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What C1 costs
#
# 6 kernels of 25 weights and 6 biases: 156 *parameters*. They work at 28×28 places, so that there
# are 122,304 *connections*, as the paper counts them (p. 6-8), and 117,600 *multiply-adds*.
#
# A *dense* layer joins every pixel to every unit, each pair by a weight of its own. How many would
# it take to make the same 6×28×28 units from 1,024 pixels?

# %%
c1 = shapes.trace([shapes.Conv2d(6, kernel_size=5, name="C1")], input_shape=(1, 32, 32))
layers = [shapes.Flatten(), shapes.Linear(6 * 28 * 28, name="dense")]
dense = shapes.trace(layers, input_shape=(1, 32, 32))
assert (c1.parameters, c1.connections, c1.multiply_adds) == (156, 122_304, 117_600)
assert dense.parameters == 4_704 * 1_024 + 4_704 == 4_821_600
c1.parameters, dense.parameters

# %% [markdown] slideshow={"slide_type": "fragment"}
# 4,821,600 against 156. Two ideas share the credit. *Locality*: a unit reads 25 pixels and not
# 1,024. That alone, with weights of its own for each unit, leaves one parameter a connection.
# *Sharing*: all 784 units of a map use the same kernel.

# %%
local_only = 4_704 * (25 + 1)
assert local_only == c1.connections
assert local_only == 784 * c1.parameters
by_locality, by_sharing = dense.parameters / local_only, local_only / c1.parameters
assert (round(by_locality, 1), by_sharing) == (39.4, 784)
by_locality, by_sharing = round(by_locality, 1), round(by_sharing)
by_locality, by_sharing

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A dense layer in disguise
#
# C1 *is* a dense layer, one that has been forbidden nearly everything. To see its matrix, show it
# each of the 1,024 pixels alone: its answers to them are the columns.

# %%
torch.manual_seed(0)
kernels = torch.randn(6, 1, 5, 5)
pixels = torch.eye(1_024).reshape(1_024, 1, 32, 32)
matrix = torch.conv2d(pixels, kernels).flatten(1).T
as_dense, as_convolution = matrix @ digit.flatten(), torch.conv2d(digit[None, None], kernels)
assert matrix.shape == (4_704, 1_024)
assert torch.allclose(as_dense, as_convolution.flatten(), atol=1e-4)
weights = matrix[matrix != 0]
assert (len(weights), len(weights.unique())) == (117_600, 150)
len(weights), len(weights.unique())

# %% [markdown] slideshow={"slide_type": "fragment"}
# Of 4.8 million weights 117,600 are not zero, one for each multiply-add, and among those are only
# 150 different numbers. Training feels the sharing too. How much does the sum of all units change
# with each bias (`backward()` works that out)? All 784 units of a map pull at the same bias, and
# their pulls add up.

# %%
model = networks.build([shapes.Conv2d(6, kernel_size=5, name="C1")], seed=0)
model(digit[None, None]).sum().backward()
assert model.C1.bias.grad.tolist() == [784] * 6
model.C1.bias.grad.tolist()

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 5 · The gradient of a shared weight
#
# *For those who want more.* The *loss* is one number that says how wrong the network is; training
# makes it small. For each unit of a map we are given its slope: how much the loss changes when that
# unit grows by 1. The *gradient* of a weight says the same of the weight.
#
# Begin with the weight in the kernel's upper left corner. Which pixel does it meet at which place?
# When the weight grows by 1, how much does the unit there grow, and how much does the loss change?
# The weight is used at *all* places: add up.
#
# Then write `kernel_gradient(image, slopes)`: the gradient of every weight of the kernel. Its size
# follows: rows of the image minus rows of `slopes`, plus 1, and so with the columns.


# %% tags=["exercise"]
@exercise("kernel_gradient")
def kernel_gradient(image, slopes):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def kernel_gradient(image, slopes):
#     return torch.conv2d(image[None, None], slopes[None, None])[0, 0]
# ```
#
# </details>
#
# <details>
# <summary>Why it is so short</summary>
#
# The weight at row `i`, column `j` meets the pixel `image[row + i, column + j]` at every place. Its
# gradient is the sum of those pixels, each times the slope of its place: once more a window that
# slides, and this time the window is as large as the map.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What one unit sees
#
# Chapter 01 found the *receptive field* of a unit on paper: 5 for C1. The gradient of one unit with
# respect to the picture shows more than its size. How much does the unit change with each pixel?
# By that pixel's weight. So the gradient is the kernel itself, laid on the picture at its place.

# %%
model = networks.build("relu-max", seed=0)
image = digit[None, None].clone().requires_grad_()
unit = model.C1(image)[0, 0, 10, 20]
(slope,) = torch.autograd.grad(unit, image)
rows, columns = slope[0, 0].nonzero().T
field = int(rows.max() - rows.min()) + 1, int(columns.max() - columns.min()) + 1
assert field == (5, 5)
assert torch.equal(slope[0, 0, 10:15, 20:25], model.C1.weight[0, 0])
field

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The digit moves, the map moves
#
# Every place is treated alike. So when the digit moves, its maps must move with it: layers of that
# kind are called *shift equivariant*. Move the digit by 3 pixels to the right, or by other numbers.


# %%
def moved(maps, by):
    """Move to the right by so many pixels; what enters on the left is empty."""
    return functional.pad(maps, (by, 0))[..., : maps.shape[-1]]


by = 3
assert 0 <= by <= 27, "A map has 28 columns: move by 0 to 27."
C1 = networks.build("relu-max", seed=0).C1
with torch.no_grad():
    before, after = C1(digit[None, None]), C1(moved(digit[None, None], by))
assert torch.allclose(after[..., by:], before[..., : 28 - by], atol=1e-6)
seen = {"digit": digit, "a map": before[0, 2]}
seen |= {f"digit, moved by {by}": moved(digit, by), "its map": after[0, 2]}
told = "Digit and map stand there twice, the second time farther to the right."
figures.signed_maps(seen.values(), list(seen), columns=4, what=told)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The maps agree, to rounding, apart from the columns that enter at the border. *ReLU* comes
# next, which turns negative numbers into 0 (chapter 03), and then S2. S2 of this modern network
# keeps the largest of each 2×2 units, and so steps by 2. Is there a shift of S2's map that makes up
# for a digit moved by 1? By 2?


# %%
def answering_shift(depth, by):
    """The shift of the map after so many modules that answers a digit moved by pixels, or None."""
    start = networks.build("relu-max", seed=0)[:depth]
    before, after = (start(moved(digit[None, None], pixels)) for pixels in (0, by))
    width = before.shape[-1]
    for shift in range(min(by + 1, width)):  # what enters on the left is not compared
        if torch.allclose(after[..., shift:], before[..., : width - shift], atol=1e-5):
            return shift
    return None


S2 = {by: answering_shift(3, by) for by in range(5)}  # C1, its ReLU, S2
assert S2 == {0: 0, 1: None, 2: 1, 3: None, 4: 2}
S2

# %% [markdown] slideshow={"slide_type": "fragment"}
# Moved by 2, S2's map follows by 1; moved by 4, it follows by 2. Moved by 1 or 3 it is no shift of
# the old map at all: other units share a window now. And after S4, which steps by 4?

# %%
S4 = {by: answering_shift(6, by) for by in range(5)}  # and C3, its ReLU, S4
assert S4 == {0: 0, 1: None, 2: None, 3: None, 4: 1}
S4

# %% [markdown]
# Only every fourth shift survives. Convolution follows a digit; that a network bears *small* shifts
# is learned, or comes from pooling (chapter 04).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A frame that nobody drew
#
# With `padding=2` C1 reads MNIST's 28 pixels as if two rows of *zeros* lay around them. That is
# fine while zero is paper. But digits are often rescaled, so that paper becomes -1. Show such a
# layer an empty page: every unit should say the same.

# %%
blank = torch.full((1, 1, 28, 28), -1.0)
blur = torch.ones(1, 1, 5, 5) / 25
with_zeros = torch.conv2d(blank, blur, padding=2)[0, 0]
with_paper = torch.conv2d(functional.pad(blank, (2, 2, 2, 2), value=-1.0), blur)[0, 0]
framed = int((~torch.isclose(with_zeros, torch.tensor(-1.0))).sum())
assert torch.allclose(with_paper, torch.tensor(-1.0))
assert framed == 28**2 - 24**2 == 208
framed

# %%
page_and_ink = 2 * digit[None, None, 2:-2, 2:-2] - 1
digit_in_zeros = torch.conv2d(page_and_ink, blur, padding=2)[0, 0]
digit_on_paper = torch.conv2d(functional.pad(page_and_ink, (2, 2, 2, 2), value=-1.0), blur)[0, 0]
inside = (slice(2, -2), slice(2, -2))
assert torch.allclose(digit_in_zeros[inside], digit_on_paper[inside], atol=1e-6)
figures.signed_maps(
    [with_zeros, with_paper, digit_in_zeros, digit_on_paper],
    ["padded by zeros", "padded by paper", "padded by zeros", "padded by paper"],
    columns=4,
    what="Padded by zeros, page and digit have a paler frame, two units wide; by paper, none.",
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# 208 of 784 units see an edge where there is none: a paler frame, two units wide. The cure is to
# pad the picture with paper *before* it is rescaled, and to let C1 pad nothing. That is how the
# network of 1998 gets its digits: its paper is -0.1 (p. 7), up to the border of the 32×32 field.

# %%
page = networks.FAMILY["lenet5-1998"].prepare(torch.zeros(1, 28, 28, dtype=torch.uint8))
maps = networks.build("lenet5-1998", seed=0).C1(page)[0]
spans = maps.amax(dim=(1, 2)) - maps.amin(dim=(1, 2))
assert page.unique().numel() == 1
assert spans.max() < 1e-6
page.shape[-1], round(page.min().item(), 4)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Broken on purpose
#
# Three slips that everyone makes once. Each gives maps of the right shape, and no error. Which of
# the wrong maps could you tell without the right one beside it?

# %%
torch.manual_seed(0)
kernels, biases = torch.randn(6, 5, 5) / 5, torch.tensor([0.5, 1, 1.5, 2, 2.5, 3])
windows = digit.unfold(0, 5, 1).unfold(1, 5, 1).reshape(784, 25)
units = windows @ kernels.flatten(1).T + biases  # (784, 6)
right = units.T.reshape(6, 28, 28)
bias_forgotten = (windows @ kernels.flatten(1).T).T.reshape(6, 28, 28)
kernel_turned = (windows @ kernels.flip(1, 2).flatten(1).T + biases).T.reshape(6, 28, 28)
order_mixed_up = units.reshape(6, 28, 28)  # the .T is missing
wrong = [bias_forgotten, kernel_turned, order_mixed_up]
names = ["right", "bias forgotten", "kernel turned", "order mixed up"]
assert all(maps.shape == right.shape and not torch.allclose(maps, right) for maps in wrong)

# %%
firsts = [maps[0] for maps in (right, *wrong)]
told = "Without a bias or with a turned kernel there still is a digit; mixed up, only stripes."
figures.signed_maps(firsts, names, columns=4, shared=False, what=told)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Only the last: without a bias, or with a turned kernel, a map looks as good as the right one.
#
# In numbers it is the last slip that hides best. `units` has a row for each place and a column for
# each map. `reshape` does not know that: it reads the numbers row by row, and so it deals the six
# answers at each place out to neighbouring units. Transpose first, then reshape.
#
# A check on shapes finds none of the three. Does sorting all the numbers find the last slip? Does
# their mean?

# %%
everything, mixed_up = right.flatten().sort(), order_mixed_up.flatten().sort()
assert torch.equal(everything.values, mixed_up.values)
assert torch.isclose(right.mean(), order_mixed_up.mean(), atol=1e-4)
in_place = torch.isclose(right, order_mixed_up).float().mean().item()
assert in_place < 0.1
bias_off, turned_off, mixed_off = [(maps - right).mean(dim=(1, 2)).abs() for maps in wrong]
assert torch.allclose(bias_off, biases, atol=1e-4)
assert mixed_off.max() > 1 and turned_off.max() < 0.1
round(in_place, 2)

# %% [markdown]
# No and no: every number is there, and fewer than one place in ten holds the right one. The mean
# *of each map* does find it, where biases differ, and it finds a forgotten bias. A turned kernel
# meets the same ink with the same weights, and hardly moves any mean.

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** What finds all three: compare with a slow and plain version, on random
# kernels without any symmetry, biases that are not zero, and more than one map. That is how this
# chapter's own tests do it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * A unit of C1 is 25 products, their sum, and a bias; a feature map is that unit at 784 places.
# * Loops, shifted pictures and one matrix product give the same maps as torch. What makes them fast
#   is leaving Python's loop; the product is one call, and pays with a table 19 times as large as
#   the digit.
# * Torch's `conv2d` is a cross-correlation: convolution turns the kernel by half a turn first.
# * 156 parameters serve as many units as 4,821,600 in a dense layer: 39 times fewer by
#   locality, 784 times fewer by sharing.
# * C1's maps follow a digit by every pixel, S2's only by every second one.
# * Right shapes prove little. Compare with a plain version, on numbers without symmetry.
#
# ## Where to go next
#
# **Chapter 03** bends the numbers that C1 gives, and shows what a network could not do if nobody
# did. **Chapter 05** comes back to convolution, with many maps on both sides.
