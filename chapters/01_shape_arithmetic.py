# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 01 · Shape arithmetic
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F01_shape_arithmetic.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/01_shape_arithmetic.ipynb)
#
# **Question.** How large is the picture after each layer, how far does one unit see, and what does
# a layer cost?
#
# **Afterwards you can**
#
# * compute the size of any feature map with a pencil;
# * walk a receptive field through a network, and confirm it by a gradient;
# * count parameters, connections and multiply-adds, up to the 60,000 and 340,908 of the paper;
# * say which line of a network is wrong before you run it.
#
# 45 minutes, 20 of them exercises · needs chapter 00

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
from itertools import product

import torch
from IPython.display import Markdown

from lenet_course import data, figures, networks, shapes
from lenet_course.exercises import TODO, exercise, hint, solution
from lenet_course.widgets import ShapeExplorer

digits = data.load()
assert len(digits.test) >= 100

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Paper and pencil first: let the group compute each size before its cell runs.
# The torch cells are there to be predicted. Without time, leave out ceil mode and the sliders.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A window that slides
#
# A convolution looks at a picture through a small window, its *kernel*. At each place the window
# multiplies every pixel that it sees by a number of its own (a *weight*) and adds up: that gives
# one *unit*, one number of the *feature map* that comes out. So the question "how large is the
# output?" is another one: in how many places can the window stand?
#
# Here is a row of 7 pixels and a window of 3.

# %%
figures.window(7, kernel_size=3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# C1, the first layer of LeNet-5, has a window of 5 on a row of 32. Its left edge can stand at 0, 1,
# 2, … until the right edge touches the border. Let us list the places, and count.
#
# (In a layer's name the letter says what it does: C convolution, S subsampling, F fully connected,
# which means that each unit reads every number before it. The number is its place in the chain.)

# %%
left_edges = [left for left in range(32) if left + 5 <= 32]
assert left_edges == list(range(28))
len(left_edges)


# %% [markdown] slideshow={"slide_type": "fragment"}
# The last left edge is 32 - 5 = 27, and the first one is 0: that makes 32 - 5 + 1 = 28 places. No
# list is needed. This is version 1 of our formula:


# %%
def output_size(size, kernel):
    return size - kernel + 1


assert output_size(7, kernel=3) == 5
assert output_size(32, kernel=5) == 28
output_size(32, kernel=5)

# %% [markdown]
# Paper first, machine second. What does torch say? It wants `(digits, channels, height, width)`.
# The *channels* are the maps that lie on top of each other: a grey picture has 1. `Conv2d(1, 6, …)`
# slides 6 windows over it, down the columns as along the rows, and each gives a map of its own.

# %%
C1 = torch.nn.Conv2d(1, 6, kernel_size=5)
maps = C1(torch.zeros(1, 1, 32, 32))
assert maps.shape == (1, 6, 28, 28)
maps.shape

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A stride leaves places out
#
# The *stride* is how many pixels the window moves from one place to the next. S2 of LeNet-5 halves
# a map: a window of 2, moved by 2, so that no pixel is seen twice. It makes one number of four,
# their average, say: that is *subsampling*, and torch calls it *pooling*. On an even row all is
# well. On a row of 7 a pixel is left over at the end (the cross): the next place would hang over
# the border.

# %%
figures.window(7, kernel_size=2, stride=2)

# %%
last_left_edge = 4
left_over = 7 - (last_left_edge + 2)
assert left_over == 1
left_over

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 1 · The size that does not divide
#
# Write `places(size, kernel, stride)`: the list of all left edges at which the whole window lies on
# the row. In the picture above they are `[0, 2, 4]`. Where the window is wider than the row, the
# list is empty.
#
# Running the cell checks your answer. Stuck? `hint("places")` helps, `hint("places", 2)` says more,
# `solution("places")` shows an answer.


# %% tags=["exercise"]
@exercise("places")
def places(size, kernel, stride):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def places(size, kernel, stride):
#     return [left for left in range(0, size, stride) if left + kernel <= size]
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Counting steps
#
# The length of that list needs no list either. From the first place to the last possible one the
# window can move `size - kernel` pixels. Each step takes `stride` of them, and a step that does not
# fit is not taken: `//` divides and rounds down. Then comes `+ 1`, the place before the first step.


# %%
def output_size(size, kernel, stride=1):
    return (size - kernel) // stride + 1


assert output_size(28, kernel=2, stride=2) == 14
assert output_size(7, kernel=2, stride=2) == len([0, 2, 4])
S2 = torch.nn.AvgPool2d(kernel_size=2, stride=2)
assert S2(torch.zeros(1, 6, 28, 28)).shape == (1, 6, 14, 14)
assert S2(torch.zeros(1, 6, 7, 7)).shape == (1, 6, 3, 3)
output_size(7, kernel=2, stride=2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Padding makes room
#
# A window of 5 takes 4 pixels away. *Padding* puts pixels around the picture beforehand (hatched
# below), as many on the right as on the left: `size` becomes `size + 2 * padding`. With a padding
# of 2, MNIST's 28 pixels stay 28.

# %%
figures.window(7, kernel_size=5, padding=2)


# %%
def output_size(size, kernel, stride=1, padding=0):
    return (size + 2 * padding - kernel) // stride + 1


assert output_size(7, kernel=5, padding=2) == 7
assert output_size(28, kernel=5, padding=2) == 28
C1 = torch.nn.Conv2d(1, 6, kernel_size=5, padding=2)
assert C1(torch.zeros(1, 1, 28, 28)).shape == (1, 6, 28, 28)
output_size(28, kernel=5, padding=2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Dilation stretches the window
#
# *Dilation* spreads the pixels of the window apart. With a dilation of 2, a window of 3 looks at
# pixels 0, 2 and 4: it still holds 3 numbers, and it reaches over 5 pixels.

# %%
figures.window(9, kernel_size=3, dilation=2)

# %%
seen = [0 + 2 * sample for sample in range(3)]
reach = seen[-1] - seen[0] + 1
assert reach == 5
reach

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 2 · All four at once
#
# How far does a window of `kernel` pixels reach with a given `dilation`? And so, how many places
# has it? Write `dilated_size(size, kernel, stride, padding, dilation)`. The window always fits.


# %% tags=["exercise"]
@exercise("dilated_size")
def dilated_size(size, kernel, stride, padding, dilation):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def dilated_size(size, kernel, stride, padding, dilation):
#     span = dilation * (kernel - 1) + 1
#     return (size + 2 * padding - span) // stride + 1
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One line for all of them
#
# With `n` for the size, `p` for the padding, `d` for the dilation, `k` for the kernel and `s` for
# the stride, the last version is the formula that torch's documentation prints for Conv2d and
# MaxPool2d:
#
# $$\left\lfloor \frac{n + 2p - d(k - 1) - 1}{s} \right\rfloor + 1$$
#
# The brackets mean "round down", Python's `//`.


# %%
def output_size(size, kernel, stride=1, padding=0, dilation=1):
    return (size + 2 * padding - dilation * (kernel - 1) - 1) // stride + 1


assert output_size(32, kernel=5) == 28
assert output_size(28, kernel=2, stride=2) == 14
assert output_size(28, kernel=5, padding=2) == 28
assert output_size(9, kernel=3, dilation=2) == 5
output_size(9, kernel=3, dilation=2)

# %% [markdown]
# Does it hold for every setting? Let torch slide a window over a row of zeros, in all combinations
# of some small numbers. Where the formula gives less than 1 the window does not fit.


# %%
def size_by_torch(size, kernel, stride, padding, dilation):
    row, window = torch.zeros(1, 1, size), torch.zeros(1, 1, kernel)
    return torch.conv1d(row, window, None, stride, padding, dilation).shape[-1]


settings = list(product(range(5, 13), (1, 2, 3, 4), (1, 2, 3), (0, 1, 2), (1, 2, 3)))
fitting = [setting for setting in settings if output_size(*setting) >= 1]
assert all(size_by_torch(*setting) == output_size(*setting) for setting in fitting)
assert all(shapes.output_size(*setting) == output_size(*setting) for setting in settings)
assert (len(fitting), len(settings)) == (825, 864)
len(fitting)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Of 864 settings 825 fit, and torch agrees with all of those. `shapes.output_size` is the course's
# own copy of this line: that is what every chapter uses from here on.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Ceil mode: rounding up
#
# Torch's pooling layers can be asked not to lose the pixel left over: `ceil_mode=True` rounds up,
# and the last window hangs over the border. In Python `-(-a // b)` rounds up. One rule more: a
# window has to start on the picture or on the padding before it, else it would see nothing at all.
# A row of 4, a window of 1, a stride of 2: rounding up gives places 0, 2 and 4. At 4 there is no
# pixel, so 2 places remain.


# %%
def rounded_up(size, kernel, stride, padding=0):
    places = -(-(size + 2 * padding - kernel) // stride) + 1
    last_start = (places - 1) * stride
    return places - 1 if last_start >= size + padding else places


assert rounded_up(7, 2, 2) == shapes.output_size(7, 2, 2, ceil_mode=True) == 4
assert rounded_up(4, 1, 2) == shapes.output_size(4, 1, 2, ceil_mode=True) == 2
S2 = torch.nn.MaxPool2d(kernel_size=2, ceil_mode=True)
assert S2(torch.zeros(1, 6, 7, 7)).shape == (1, 6, 4, 4)
rounded_up(7, 2, 2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Move it yourself
#
# A function that writes the formula with its numbers, and says why where nothing fits:


# %%
def in_words(size, kernel, stride=1, padding=0, dilation=1):
    reach, room = dilation * (kernel - 1) + 1, size + 2 * padding
    if reach > room:
        return f"It stands nowhere: the window reaches over {reach} pixels, the row has {room}."
    formula = f"({size} + 2*{padding} - {dilation}*({kernel} - 1) - 1) // {stride} + 1"
    return f"{formula} = {shapes.output_size(size, kernel, stride, padding, dilation)}"


assert in_words(32, kernel=5).endswith("= 28")
assert in_words(4, kernel=5).startswith("It stands nowhere")
in_words(32, kernel=5)

# %% [markdown]
# And five sliders that do the same, when a kernel is running. A click or the arrow keys move the
# window, on the pixels or on the map that it makes. Two puzzles: make the map wider than the
# picture; leave exactly two pixels of a row over (two crosses). Then both at once.

# %%
explorer = ShapeExplorer(size=7, kernel_size=3, stride=2, padding=1, name="chapter 01")
by_hand = in_words(*explorer.window.values())
if explorer.formula:
    assert explorer.formula == by_hand
else:
    assert by_hand.startswith("It stands nowhere") and "It stands nowhere" in explorer.words
explorer

# %% [markdown] slideshow={"slide_type": "skip"}
# <details>
# <summary>Both at once</summary>
#
# Size 1, kernel 1, stride 3, padding 4, dilation 1. With its padding the row has 9 pixels; the
# window stands at 3 places, and reaches as far as the seventh pixel. Two are left over.
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Layers on paper
#
# `shapes.Conv2d(6, kernel_size=5)` builds nothing: it *describes* a layer. It is told how many maps
# come out; how many go in is known from the layer before. `shapes.trace` walks a shape, here
# `(channels, height, width)`, through a list of such descriptions. C1 and S2 on paper:

# %%
described = [shapes.Conv2d(6, kernel_size=5), shapes.AvgPool2d(2)]
rows = shapes.trace(described, input_shape=(1, 32, 32))
assert [row.output_shape for row in rows] == [(6, 28, 28), (6, 14, 14)]
[row.formula for row in rows]

# %% [markdown] slideshow={"slide_type": "slide"}
# ## "Valid" and "same"
#
# Two paddings have names. `padding="valid"` means none: the window sees only true pixels.
# `padding="same"` means: as much as keeps the size. With a stride of 1 the window takes away
# `d(k - 1)` pixels, so half of that has to be added on each side.

# %%
for kernel in (1, 3, 5, 7):
    assert shapes.output_size(28, kernel, padding=(kernel - 1) // 2) == 28
    layer = torch.nn.Conv2d(1, 1, kernel, padding="same")
    assert layer(torch.zeros(1, 1, 28, 28)).shape[-1] == 28
valid = torch.nn.Conv2d(1, 1, kernel_size=5, padding="valid")
assert valid(torch.zeros(1, 1, 28, 28)).shape[-1] == shapes.output_size(28, 5) == 24
shapes.output_size(28, kernel_size=5, padding=2)

# %% [markdown] slideshow={"slide_type": "subslide"}
# An even window takes away an odd number of pixels, and half of 3 is no whole number. A padding of
# 1 is too little, one of 2 too much. For "same", torch then adds 1 before and 2 after (and warns
# that this takes a copy of the picture). So does a description.

# %%
assert [shapes.output_size(28, 4, padding=padding) for padding in (1, 2)] == [27, 29]
padded = torch.nn.ZeroPad2d((1, 2, 1, 2))(torch.zeros(1, 1, 28, 28))
assert torch.nn.Conv2d(1, 1, kernel_size=4)(padded).shape[-1] == 28
even = shapes.trace([shapes.Conv2d(1, kernel_size=4, padding="same")], input_shape=(1, 28, 28))
assert even.output_shape == (1, 28, 28)
even[0].formula

# %% [markdown]
# With a stride of 2 half of the places are left out. To keep the size all the same, the 28 pixels
# would need 16 more on each side: more padding than picture. Torch refuses to call that "same", and
# so does a description.

# %%
needed = [p for p in range(20) if shapes.output_size(28, 5, stride=2, padding=p) == 28]
assert needed == [16]
needed

# %%
messages = []
for layer in (torch.nn.Conv2d, shapes.Conv2d):
    try:
        layer(out_channels=1, in_channels=1, kernel_size=5, stride=2, padding="same")
    except ValueError as error:
        messages.append(str(error))
assert len(messages) == 2 and "stride=2" in messages[1]
messages[1]

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How far one unit sees
#
# The *receptive field* of a unit is the square of the input that can change it. A unit of C1 sees
# 5×5 pixels. A unit of S2 looks at 2×2 units of C1, whose windows overlap. Along a row, two units
# of C1 side by side see this much:

# %%
figures.window(6, kernel_size=5)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each sees 5 pixels and they lie 1 apart: 5 + 1 = 6. To go on, we need two numbers:
#
# * the *field*, the side of the square that one unit sees, in pixels of the input (not to be taken
#   for the field of 32×32, which is the whole input);
# * the *step*, how many pixels further on the square of the next unit begins.
#
# At the start one pixel sees itself: field 1, step 1. A window of `k` units reaches `k - 1` steps
# further than one unit does. After that, the stride stretches the step: S2 moves by 2, so its next
# unit begins 2 pixels further on.

# %%
field, step = 1, 1
field, step = field + (5 - 1) * step, step * 1  # C1: a window of 5, a stride of 1
assert (field, step) == (5, 1)
field, step = field + (2 - 1) * step, step * 2  # S2: a window of 2, a stride of 2
assert (field, step) == (6, 2)
field, step

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 3 · Walk on
#
# Write `receptive_field(layers)`. `layers` is a list of pairs `(kernel, stride)`, the first layer
# first; the answer is the field of one unit of the last layer. `[(5, 1), (2, 2)]` gives 6.


# %% tags=["exercise"]
@exercise("receptive_field")
def receptive_field(layers):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def receptive_field(layers):
#     field, step = 1, 1
#     for kernel, stride in layers:
#         field += (kernel - 1) * step
#         step *= stride
#     return field
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The whole walk
#
# Here is the walk with dilation, which stretches a window as before. It keeps field and step after
# every layer. LeNet-5 is convolution, subsampling, convolution, subsampling, convolution:


# %%
def walk(windows):
    field, step, steps = 1, 1, []
    for kernel, stride, dilation in windows:
        field += dilation * (kernel - 1) * step
        step *= stride
        steps.append((field, step))
    return steps


lenet5 = [(5, 1, 1), (2, 2, 1), (5, 1, 1), (2, 2, 1), (5, 1, 1)]
assert walk(lenet5) == [(5, 1), (6, 2), (14, 2), (16, 4), (32, 4)]
walk(lenet5)

# %% [markdown] slideshow={"slide_type": "fragment"}
# 5, 6, 14, 16, and C5 sees all 32 pixels. The package's trace has walked the same way:

# %%
rows = networks.FAMILY["lenet5-1998"].trace()
fields = {name: rows[name].receptive_field for name in ("C1", "S2", "C3", "S4", "C5")}
assert fields == {"C1": 5, "S2": 6, "C3": 14, "S4": 16, "C5": 32}
fields

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Asked of the network itself
#
# Is it true? The *gradient* of one unit says how much each pixel of the input would change it.
# Outside the receptive field it is exactly zero. So: run a digit through the network up to a layer,
# take the unit in the middle of its first map, and look where its gradient is not zero. The network
# is untrained: what a unit sees does not depend on training.


# %%
def square_seen(network, layer, image):
    batch = network.prepare(image[None]).requires_grad_()  # torch will follow these pixels
    maps = batch
    for name, module in networks.build(network, seed=0).named_children():  # layer by layer
        maps = module(maps)
        if name == layer:
            break
    middle = maps.shape[-1] // 2
    (slope,) = torch.autograd.grad(maps[0, 0, middle, middle], batch)  # a number for each pixel
    rows, columns = slope[0, 0].nonzero().T  # where that number is not zero
    top, left = int(rows.min()), int(columns.min())
    return top, left, int(rows.max()) - top + 1


# %%
network = networks.FAMILY["lenet5-1998"]
layers = ("C1", "S2", "C3", "S4", "C5")
squares = {name: square_seen(network, name, digits.test.images[0]) for name in layers}
assert [side for _, _, side in squares.values()] == [5, 6, 14, 16, 32]
squares

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each entry is `(top, left, side)`. On the digit itself:

# %%
figures.receptive_fields(data.fit_field(digits.test.images[0], 32), squares)

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Ask which stroke a C3 unit could recognise in 14 pixels, and why no unit
# before C5 can see the whole digit. The answer is in the picture.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What C1 costs
#
# A *parameter* is a number that the layer learns. C1 makes 6 maps. Each has one window of 5×5
# weights, and one *bias*, a number added at every place. The window is the same at every place:
# that is weight sharing, and it is why so few numbers do so much.
#
# * **Parameters**: 6 windows of 25 weights and a bias.
# * **Connections**: the paper counts one for each input that a unit reads and one for its bias.
#   There are 6 maps of 28×28 units, and each reads 25 pixels.
# * **Multiply-adds**: products that are formed and summed. A bias is only added.

# %%
units = 6 * 28 * 28
parameters = 6 * (25 + 1)
connections = units * (25 + 1)
multiply_adds = units * 25
assert (parameters, connections, multiply_adds) == (156, 122_304, 117_600)
parameters, connections, multiply_adds

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 4 · What a convolution costs
#
# When the input has several maps, an output map has a window on each of them, sums all their
# products, and adds one bias. Write `convolution_cost(in_channels, out_channels, kernel, size)`: it
# gives `(parameters, connections)` of a convolution on maps of `size` × `size`, stride 1, no
# padding. For C1, `convolution_cost(1, 6, 5, 32)` is `(156, 122304)`.


# %% tags=["exercise"]
@exercise("convolution_cost")
def convolution_cost(in_channels, out_channels, kernel, size):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def convolution_cost(in_channels, out_channels, kernel, size):
#     parameters = out_channels * (in_channels * kernel * kernel + 1)
#     side = size - kernel + 1
#     return parameters, parameters * side * side
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The paper's sums
#
# In C3 of 1998 only the last output map looks at all 6 maps of S2. Of 96 pairs of an input map and
# an output map, Table I of the paper (p. 8) links 60. So let us count windows by their *links*.
#
# So far S2 averaged. In 1998 a unit of S2 or S4 adds up its 4 inputs (p. 7), multiplies the sum by
# a *coefficient* and adds a bias. Both are learned, one pair for each map. So a unit reads 4 inputs
# and its bias, and forms one product.


# %%
def convolution(links, maps, kernel, side):
    weights, places = links * kernel * kernel, side * side
    return weights + maps, (weights + maps) * places, weights * places


def subsampling(maps, side):
    units = maps * side * side
    return 2 * maps, units * (4 + 1), units


assert convolution(links=1 * 6, maps=6, kernel=5, side=28) == (156, 122_304, 117_600)
assert convolution(links=60, maps=16, kernel=5, side=10) == (1_516, 151_600, 150_000)
assert subsampling(maps=6, side=14) == (12, 5_880, 1_176)
convolution(links=60, maps=16, kernel=5, side=10)


# %% [markdown] slideshow={"slide_type": "subslide"}
# The last layers need no new function. In F6 every one of 84 units reads all 120 of C5: that is a
# window of 1 on maps of one pixel. The output of 1998 compares those 84 numbers with a fixed code
# for each of ten digits, so it learns nothing. Each entry below is `(parameters, connections,
# multiply-adds)`.

# %%
costs = {
    "C1": convolution(links=1 * 6, maps=6, kernel=5, side=28),
    "S2": subsampling(maps=6, side=14),
    "C3": convolution(links=60, maps=16, kernel=5, side=10),
    "S4": subsampling(maps=16, side=5),
    "C5": convolution(links=16 * 120, maps=120, kernel=5, side=1),
    "F6": convolution(links=120 * 84, maps=84, kernel=1, side=1),
    "output": (0, 84 * 10, 84 * 10),
}
totals = [sum(column) for column in zip(*costs.values(), strict=True)]
assert totals == [60_000, 340_908, 328_096]
totals

# %% [markdown] slideshow={"slide_type": "subslide"}
# 60,000 parameters and 340,908 connections: the two totals that the paper states for LeNet-5
# (p. 6-8), from its own rows. `trace` writes the whole table from the list of layers alone, sizes
# and their formulas included. The rows named after an activation change numbers, not sizes (chapter
# 03); *field* is the receptive field.

# %%
rows = networks.FAMILY["lenet5-1998"].trace()
assert (rows.parameters, rows.connections) == (60_000, 340_908)
rows

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where the work is
#
# Where do the multiply-adds go, and where do the parameters sit? Not in the same layers.

# %%
rows = networks.FAMILY["lenet5-1998"].trace()
working = [row for row in rows if row.multiply_adds]
figures.bars({row.name: row.multiply_adds for row in working}, label="multiply-adds for one digit")

# %%
learning = [row for row in rows if row.parameters]
figures.bars({row.name: row.parameters for row in learning}, label="parameters")

# %%
early = rows["C1"].multiply_adds + rows["C3"].multiply_adds
work = round(100 * early / rows.multiply_adds)
learned = round(100 * rows["C5"].parameters / rows.parameters)
assert (work, learned) == (82, 80)
assert [rows[name].connections // rows[name].parameters for name in ("C1", "C5")] == [784, 1]
assert rows.multiply_adds < rows.connections < 401_000
work, learned

# %% [markdown]
# C1 and C3 do 82% of the work; C5 holds 80% of the parameters. Sharing is the reason: C1 uses each
# of its weights at 784 places, C5 uses each at one.
#
# An open question: figure 11 of the paper gives 401,000 multiply-accumulates a digit, more than its
# connections. No way of counting here reaches that number.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Seven networks called LeNet-5
#
# Tutorials, libraries and courses teach at least seven networks by this name. In this course each
# is a list of descriptions in `networks.FAMILY`. So we can trace all of them on paper, and put them
# side by side. A shape is `channels x height x width`. The names tell activation and pooling, which
# chapters 03 and 04 explain; dropout leaves numbers out at random, while training only.

# %%
counted = ("parameters", "connections", "multiply_adds")


def line(network):
    rows = network.trace()
    shown = [rows.input_shape, *(rows[name].output_shape for name in ("C1", "S2", "C3", "S4"))]
    sizes = ["x".join(map(str, shape)) for shape in shown]
    return [f"`{network.name}`", *sizes, *(f"{getattr(rows, count):,}" for count in counted)]


heading = ["network", "input", "C1", "S2", "C3", "S4", *counted]
lines = [heading, ["---"] * len(heading), *map(line, networks.FAMILY.values())]
Markdown("\n".join(f"| {' | '.join(cells)} |" for cells in lines))

# %% slideshow={"slide_type": "subslide"}
learned = {name: network.trace().parameters for name, network in networks.FAMILY.items()}
assert list(learned.values()) == [60_000, 61_706, 61_706, 61_706, 44_426, 61_610, 3_274_634]
assert 61_706 - 61_610 == 6 * (25 - 9) == 96
learned


# %% [markdown]
# Only the first is the network of 1998. `wide-dropout` has 53 times the parameters of `relu-max`.
# `no-activation` has the sizes of `sigmoid-avg` and 96 parameters fewer, because its C1 has windows
# of 3, padded by 1.
#
# All of this was arithmetic: for the table nothing was built. Now build each in torch, run a digit
# through it, and compare every shape and the count of parameters.


# %%
def shapes_by_torch(network, model):
    maps, found = network.prepare(digits.test.images[:1]), []
    for layer in model:
        maps = layer(maps)
        found.append(tuple(maps.shape[1:]))
    return found


# %%
compared = 0
for network in networks.FAMILY.values():
    rows, model = network.trace(), networks.build(network, seed=0)
    assert shapes_by_torch(network, model) == [row.output_shape for row in rows]
    assert sum(tensor.numel() for tensor in model.parameters()) == rows.parameters
    compared += len(rows)
assert compared == 81
assert round(3_274_634 / 61_706) == 53
f"{compared} shapes compared, and all agree"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The same network at 28 and at 32
#
# Why does `relu-avg` have 44,426 parameters, and `relu-max` 61,706? Pooling learns nothing. It is
# the input: C5 reads all of S4 at once, so its weights follow from the size of the picture.
#
# Here are two lists of layers, C1 without padding and with, each traced at 28 and at 32. Before
# each colon: without padding or with, and the side of the picture. After it: how many numbers reach
# C5, and the parameters of the whole network.


# %%
def flat_and_parameters(name, side):
    rows = shapes.trace(networks.FAMILY[name].layers, input_shape=(1, side, side))
    return rows["flatten"].output_shape[0], rows.parameters


lists = {"without": "relu-avg", "with": "sigmoid-avg"}
sizes = {(p, n): flat_and_parameters(lists[p], n) for p in lists for n in (28, 32)}
assert sizes["without", 28] == (256, 44_426)
assert sizes["without", 32] == sizes["with", 28] == (400, 61_706)
assert sizes["with", 32] == (576, 82_826)
sizes

# %% [markdown]
# 32 without padding and 28 with it come to the same sizes, and to 61,706 both times. The other two
# pairings are other networks: with padding at 32, C5 reads 576 numbers.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 1 · A comment is never run
#
# Programs like this one are in circulation. Its comments tell of a picture of 32×32, as in the
# paper. What happens?

# %%
program = torch.nn.Sequential(  # input: 1@32x32
    torch.nn.Conv2d(1, 6, 5),  # 6@28x28
    torch.nn.AvgPool2d(2),  # 6@14x14
    torch.nn.Conv2d(6, 16, 5),  # 16@10x10
    torch.nn.AvgPool2d(2),
    torch.nn.Flatten(),
    torch.nn.Linear(16 * 4 * 4, 120),
)

# %%
message = "It ran."
try:
    program(torch.zeros(1, 1, 32, 32))
except RuntimeError as error:
    message = str(error)
assert "1x400 and 256x120" in message
message

# %% [markdown] slideshow={"slide_type": "subslide"}
# Torch is right, and it names no layer. A description may *declare* what it believes to get, with
# `in_features`; then the trace names the layer, both numbers, and two ways out, before anything is
# built.

# %%
layers = [
    shapes.Conv2d(6, kernel_size=5, name="C1"),
    shapes.AvgPool2d(2, name="S2"),
    shapes.Conv2d(16, kernel_size=5, name="C3"),
    shapes.AvgPool2d(2, name="S4"),
    shapes.Flatten(name="flatten"),
    shapes.Linear(120, in_features=16 * 4 * 4, name="C5"),
]

# %%
message = "It fits."
try:
    shapes.trace(layers, input_shape=(1, 32, 32))
except shapes.ShapeError as error:
    message = str(error)
assert "C5 expects 256" in message and "gives 400" in message
message

# %% [markdown]
# With 28 pixels the program runs: its code is right and all its comments are wrong. The cure is to
# compute shapes, and never to type them: a `shapes.Linear(120)` takes what comes, at 28 and at 32.

# %%
assert shapes.trace(layers, input_shape=(1, 28, 28)).output_shape == (120,)
computed = [*layers[:-1], shapes.Linear(120, name="C5")]
weights = [shapes.trace(computed, (1, n, n))["C5"].parameters for n in (28, 32)]
assert weights == [256 * 120 + 120, 400 * 120 + 120] == [30_840, 48_120]
weights

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 5 · Find the wrong comment
#
# This program runs. One comment is wrong: which line, and which side should it name?
#
# ```
# 1  # the picture           1@32x32
# 2  Conv2d(1, 6, 5)       # 6@24x24
# 3  AvgPool2d(2)          # 6@12x12
# 4  Conv2d(6, 16, 5)      # 16@8x8
# 5  AvgPool2d(2)          # 16@4x4
# 6  Flatten(), Linear(16 * 4 * 4, 120)
# ```
#
# Write the line's number, and the side of the square, one number: `return line, side`.


# %% tags=["exercise"]
@exercise("wrong_comment")
def wrong_comment():
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def wrong_comment():
#     line, side = 1, 28
#     return line, side
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 2 · Defined twice, used once
#
# Someone builds the layers one by one, then again inside a `Sequential`. `forward`, which takes a
# digit through the network, uses one of the two sets. Everything runs. What does the count of
# parameters say?


# %%
class Twice(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = networks.build("relu-avg", seed=0)
        self.same_again = networks.build("relu-avg", seed=1)

    def forward(self, images):
        return self.layers(images)


twice = Twice()
allocated = sum(tensor.numel() for tensor in twice.parameters())
assert allocated == 2 * 44_426 == 88_852
allocated

# %% [markdown] slideshow={"slide_type": "subslide"}
# 88,852, and half of them never meet a digit. `backward` computes the gradient for every parameter,
# as we did for every pixel, and leaves it in `.grad`. The idle ones give themselves away: no
# gradient has reached them, their `.grad` is still `None`.

# %%
twice(networks.FAMILY["relu-avg"].prepare(digits.test.images[:1])).sum().backward()
idle = [name for name, tensor in twice.named_parameters() if tensor.grad is None]
used = sum(tensor.numel() for tensor in twice.parameters() if tensor.grad is not None)
assert (len(idle), used) == (10, 44_426)
assert all(name.startswith("same_again.") for name in idle)
idle

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Trap 3 · A rule that was right by accident
#
# How many numbers reach C5? A program in circulation computes `(width // 5) * (height // 5) * 16`.
# For a picture of 28, and C1 padded by 2, that is 5 · 5 · 16 = 400: right. And for other sizes?


# %%
def typed(width, height):
    return (width // 5) * (height // 5) * 16


def traced(side):
    rows = shapes.trace(networks.FAMILY["sigmoid-avg"].layers, input_shape=(1, side, side))
    return rows["flatten"].output_shape[0]


wrong = [side for side in range(20, 49, 4) if typed(side, side) != traced(side)]
assert typed(28, 28) == traced(28) == 400
assert wrong == [20, 44, 48]
assert sum(typed(side, side) != traced(side) for side in range(20, 49)) == 12
wrong

# %% [markdown]
# In steps of 4 it is right for 24, 28, 32, 36 and 40, and wrong for 20, 44 and 48; of all 29 sides
# from 20 to 48, 12 are wrong. Nothing in the network divides by 5: two poolings divide by 2, and a
# window of 5 takes 4 away. A test at three sizes can pass by accident; the formula cannot.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * A feature map is as large as the number of places where its window can stand:
#   `(n + 2p - d(k - 1) - 1) // s + 1`.
# * "Valid" pads nothing; "same" keeps the size, and torch offers it with a stride of 1 only.
# * A window adds `d(k - 1)` steps to the receptive field, a stride stretches every later step:
#   5, 6, 14, 16, 32 in LeNet-5. The gradient of one unit shows the same squares.
# * A convolution uses its parameters again at every place, so it has few parameters and many
#   connections: 60,000 and 340,908 in LeNet-5, by hand as in the paper.
# * The first fully connected layer ties a network to one size of picture: without padding,
#   44,426 parameters at 28 and 61,706 at 32.
# * Comments, counts and rules of thumb can all be wrong while the program runs. A trace is not
#   typed, it is computed.
#
# ## Where to go next
#
# [Chapter 02](02_convolution.ipynb) looks through the window of C1: what do its 117,600
# multiply-adds make of a digit? In a hurry? [Chapter 07](07_the_whole_network.ipynb) puts the whole
# network together.
