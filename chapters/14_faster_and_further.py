# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 14 · Faster and further
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F14_faster_and_further.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/14_faster_and_further.ipynb)
#
# **Question.** Where does the time of an epoch go, which of it can be had back without changing
# what is learned, and what do more processes and machines add?
#
# **Afterwards you can**
#
# * compare two programs fairly, on a machine that others use as well;
# * find what a step spends its time on, and say beforehand how much a change can gain at most;
# * write convolution and max-pooling as fewer, larger operations, with the same gradients;
# * say how several processes train one network, and what a small last batch does to them;
# * for those who want more: predict what larger networks cost and what a cluster gains.
#
# 70 minutes, 25 of them exercises · 20 more for the two sections for those who want more, with
# exercise 5 · needs chapters 01, 07 and 09

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
import math
import statistics
import time
from collections import OrderedDict
from unittest import mock

import numpy
import torch
from IPython.display import Markdown
from PIL import Image, ImageOps
from torch import nn
from torch.nn import functional
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.utils.flop_counter import FlopCounterMode

from lenet_course import data, fast, figures, networks, results, shapes, training
from lenet_course.exercises import TODO, exercise, hint, solution  # for you to call

digits = data.load()
network = networks.FAMILY["relu-max"]
some = digits.train[:1280]
pixels = network.prepare(some.images)
assert pixels.shape == (1280, 1, 32, 32)


def build():
    """The network as torch calls it, layer after layer: what every change starts from."""
    return nn.Sequential(OrderedDict(networks.build(network, seed=0).named_children()))


# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Before every measurement, let the class bet: which part costs most, which
# change gains most. Most bets will be lost, which is the lesson. Without time, leave out the
# corners and both sections for those who want more.

# %% [markdown] slideshow={"slide_type": "skip"}
# Two tools serve several sections. A stopwatch; the next section says why it is made like this:


# %% slideshow={"slide_type": "skip"}
def in_turn(ways, rounds=5):
    """The median CPU seconds of each way on one thread, all of them measured in every round."""
    taken, threads = {name: [] for name in ways}, torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for name, way in (1 + rounds) * list(ways.items()):
            start = time.process_time()
            way()
            taken[name].append(time.process_time() - start)
    finally:
        torch.set_num_threads(threads)
    return {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}


assert list(in_turn({"nothing": list, "little": dict})) == ["nothing", "little"]

# %% [markdown] slideshow={"slide_type": "skip"}
# And two ways to load a batch of digits. Many notebooks do it picture by picture: open it as an
# image, widen the border, make it a tensor of numbers from 0 to 1; then stack 64 of them. Or in
# one stroke: take 64 rows of one tensor, and prepare them together. The pixels are the same.


# %% slideshow={"slide_type": "skip"}
def one_by_one(batch):
    """What a picture-by-picture loader does for a batch of indices: (N,) to (N, 1, 32, 32)."""
    border, pictures = (32 - some.images.shape[1]) // 2, []
    for index in batch.tolist():
        image = Image.fromarray(some.images[index].numpy())
        image = ImageOps.expand(image, border)
        pictures.append(torch.from_numpy(numpy.array(image)).float().div(255)[None])
    return torch.stack(pictures)


def by_index(batch):
    return network.prepare(some.images[batch])


batches = data.batches(len(some), 64)
assert torch.allclose(one_by_one(batches[0]), by_index(batches[0]))
tuple(by_index(batches[0]).shape)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Measure in turn
#
# Two programs, an old and a new one: which is faster? The usual way is to time the one, then the
# other. Here is a pretended machine on which all work takes one second, until somebody else starts
# to work there too; then it takes three. Old and new are *the same program*.


# %%
def machine():
    """Seconds that one piece of work takes, again and again; a neighbour comes after the sixth."""
    yield from 6 * [1.0] + 6 * [3.0]


clock = machine()
in_a_row = {name: [next(clock) for _ in range(6)] for name in ("old", "new")}
ratio = statistics.median(in_a_row["new"]) / statistics.median(in_a_row["old"])
assert ratio == 3
f"the new one takes {ratio:.1f} times as long"

# %% [markdown] slideshow={"slide_type": "fragment"}
# No program changed, the machine did. Measured *in turn*, old, new, old, new, the neighbour
# meets both alike:

# %%
clock, taken = machine(), {"old": [], "new": []}
for _ in range(6):
    for name in taken:
        taken[name].append(next(clock))
ratio = statistics.median(taken["new"]) / statistics.median(taken["old"])
assert taken["old"] == taken["new"] and ratio == 1
f"the new one takes {ratio:.1f} times as long"

# %% [markdown] slideshow={"slide_type": "subslide"}
# Our stopwatch, `in_turn`, keeps five rules more. A first round does not count: it loads libraries
# and asks for memory. Of the others it takes the *median*, the middle one, which a single slow
# round hardly moves. It counts *CPU time*, in which processors worked for this program, not what a
# clock on the wall shows; a neighbour still slows that by what is shared, caches and the clock's
# speed, so in turn it stays. It uses *one thread*: threads that wait for each other count as
# working. And we look at ratios: seconds belong to one machine. (A GPU works while the program goes
# on; there one waits for it, and takes the wall's clock.)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · How many times as fast
#
# Two ways were measured in turn: `before` and `after` are lists of seconds, one a round, and the
# first round warms up. Write `gain(before, after)`: how many times as fast the second way is, by
# the medians of the rounds that count. Above 1, the second is faster.
#
# Running the cell checks your answer. Stuck? `hint("gain")` helps, `solution("gain")` shows an
# answer.


# %% tags=["exercise"]
@exercise("gain")
def gain(before, after):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def gain(before, after):
#     return statistics.median(before[1:]) / statistics.median(after[1:])
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where the time goes
#
# First the loading, in the two ways from above. What they give is the same; the time is not:

# %%
found = in_turn(
    {
        "one by one": lambda: [one_by_one(batch) for batch in batches],
        "by index": lambda: [by_index(batch) for batch in batches],
    }
)
times = found["one by one"] / found["by index"]
assert times > 0
"more than twice as fast" if times > 2 else "hardly faster"

# %% [markdown] slideshow={"slide_type": "subslide"}
# And the network? Chapter 01 predicts its work: 416,520 multiply-adds a digit. Torch counts
# operations, a product and a sum each for itself, so twice as many. On the way back every layer
# does it twice more, once for its weights and once for its inputs; C1's inputs are pixels, and
# nobody asks for their gradient.

# %%
trace, model = network.trace(), build()
with FlopCounterMode(display=False) as forward:
    loss = model(pixels[:1]).sum()
with FlopCounterMode(display=False) as backward:
    loss.backward()
counted = forward.get_total_flops(), backward.get_total_flops()
assert trace.multiply_adds == 416_520
assert counted[0] == 2 * trace.multiply_adds == 833_040
assert counted[1] == 2 * counted[0] - 2 * trace["C1"].multiply_adds
assert sum(counted) == 2_263_920
counted

# %% [markdown] slideshow={"slide_type": "subslide"}
# A *profile* says what a program spends its time on. Two of them, with our own stopwatch. First a
# step of training, part by part. The way back needs the way forward again, which is taken off:


# %%
def parts_of_a_step(batch):
    model, given, labels = build(), one_by_one(batch), some.labels[batch]

    def forward():
        return functional.cross_entropy(model(given), labels)

    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    ways = {"load": lambda: one_by_one(batch), "forward": forward}
    return ways | {"back": lambda: forward().backward(), "step": optimizer.step}


ways = parts_of_a_step(batches[0])
by_part = in_turn({name: lambda way=way: [way() for _ in range(10)] for name, way in ways.items()})
by_part["back"] -= by_part["forward"]
assert list(by_part) == ["load", "forward", "back", "step"]
", ".join(by_part)

# %% [markdown]
# Then the way forward, layer by layer, on 64 digits. The steps above have warmed up the memory:
# without them the first large layers would pay for asking the system for it, again and again.


# %%
def layer_times(model, pixels):
    """CPU seconds of each layer on the way forward."""
    ways = {}
    for name, layer in model.named_children():
        ways[name] = lambda layer=layer, given=pixels: [layer(given) for _ in range(20)]
        pixels = layer(pixels)
    return in_turn(ways)


with torch.no_grad():
    by_layer = layer_times(build(), pixels[:64])
assert list(by_layer) == [row.name for row in network.trace()]
f"{len(by_layer)} layers"

# %% tags=["nbval-ignore-output"]
forward = [row for row in network.trace() if row.name != "flatten"]
figures.parts(
    {
        "a step of training": by_part,
        "forward, time": {row.name: by_layer[row.name] for row in forward},
        "forward, multiply-adds": {row.name: row.multiply_adds for row in forward},
    }
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Compare the last two panels. S2 and S4 form no product at all, and take a large part of the time.
# To find the largest of four numbers, torch's max-pooling on a CPU takes them one by one when maps
# are laid out like these; products are formed and added several at once.

# %%
pooling = [row for row in network.trace() if isinstance(row.layer, shapes.MaxPool2d)]
assert [row.name for row in pooling] == ["S2", "S4"]
assert sum(row.multiply_adds for row in pooling) == 0
comparisons = 3 * (6 * 14 * 14 + 16 * 5 * 5)
assert comparisons == 4_728
f"{comparisons:,} comparisons beside {network.trace().multiply_adds:,} multiply-adds"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · At most
#
# Say that loading takes half of the time. Make it endlessly fast, and the whole is twice as fast:
# no more, for the other half stays (*Amdahl's law*, 1967). Write `speed_up(share, times)`: a
# `share` of the time, from 0 to 1, becomes `times` as fast, and the rest stays. How many times as
# fast is the whole?


# %% tags=["exercise"]
@exercise("speed_up")
def speed_up(share, times):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def speed_up(share, times):
#     return 1 / (1 - share + share / times)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "fragment"}
# Look up the share of loading in the first panel above. Where this was written it was between a
# fifth and a quarter. So much can faster loading gain at most, and the next section shows what it
# does:

# %%
at_most = {share: round(1 / (1 - share), 2) for share in (0.2, 0.25)}
assert at_most == {0.2: 1.25, 0.25: 1.33}
at_most

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One change at a time
#
# Each change is first shown to compute the same; only then it is timed. The first was the digits
# by index. The second: **a fused optimizer**. Adam reads and writes its averages and all weights
# in several operations, each a pass through memory. `fused=True` makes one of them:


# %%
def trained(steps, **settings):
    model = build().double()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, **settings)
    for batch in data.batches(len(some), 16)[:steps]:
        optimizer.zero_grad()
        functional.cross_entropy(model(pixels[batch].double()), some.labels[batch]).backward()
        optimizer.step()
    return parameters_to_vector(model.parameters()).detach()


difference = (trained(10) - trained(10, fused=True)).abs().max()
assert difference < 1e-9 and (trained(10) - trained(0)).abs().max() > 1e-3
f"after ten steps the weights differ by {difference:.8f}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Maximum by slices
#
# **Third**, the pooling. Take every second column of a map from the first on, and every second
# from the second on: two maps, half as wide. Their larger numbers, place by place, are computed
# many at once. The same with the rows, and the maps are pooled:


# %%
def by_slices(maps):
    """Max-pooling 2x2: (..., H, W) to (..., H / 2, W / 2), for even H and W."""
    wide = torch.maximum(maps[..., 0::2], maps[..., 1::2])
    return torch.maximum(wide[..., 0::2, :], wide[..., 1::2, :])


maps = build().C1(pixels[:64]).detach()
assert torch.equal(by_slices(maps), functional.max_pool2d(maps, 2))
tuple(by_slices(maps).shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · Any window
#
# Write `largest_by_slices(maps, size)`: max-pooling with windows of `size` × `size`, for maps of
# shape (..., H, W) whose sides are multiples of `size`. A window has `size` × `size` corners and
# inner places: make a slice for each, and take the largest, place by place. (`max_pool2d` would
# pass the check; without it is the point.)


# %% tags=["exercise"]
@exercise("largest_by_slices")
def largest_by_slices(maps, size):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def largest_by_slices(maps, size):
#     starts = range(size)
#     slices = [maps[..., down::size, right::size] for down in starts for right in starts]
#     return torch.stack(slices).amax(dim=0)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Four corners at once
#
# **Fourth**, do not cut slices: compute them apart from the start. A 2×2 window has four corners.
# The upper left ones of all windows are what C1 gives at every second place: a convolution with
# *stride* 2, two pixels a step. For the three others C1 starts a pixel farther right, or down, or
# both. A border of zeros inside a 6×6 kernel shifts the 5×5 one, and one call gives all four.
# `pad` wants the zeros at the left, right, top and bottom, in this order.


# %%
def corners(weight):
    """Four kernels of each, a corner of the window each: (M, C, k, k) to (4M, C, k+1, k+1)."""
    places = [(down, right) for down in (0, 1) for right in (0, 1)]
    return torch.cat(
        [functional.pad(weight, (right, 1 - right, down, 1 - down)) for down, right in places]
    )


weight = build().C1.weight
assert corners(weight).shape == (24, 1, 6, 6)
assert corners(weight)[6:12, :, :5, 1:].equal(weight)  # the second corner, a pixel farther right
first = corners(weight)[::6, 0].detach()  # C1's first kernel, four times
figures.signed_maps(first, ["upper left", "upper right", "lower left", "lower right"], columns=4)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The 24 maps come corner after corner: six for the upper left, six for the upper right, and so on.
# `unflatten(1, (4, -1))` makes 4 rows of six of them, a row for each corner, and `amax` takes the
# largest of the four, map by map:


# %%
def convolve_and_pool(inputs, layer):
    """`max_pool2d(layer(inputs), 2)`, by way of the four corners."""
    maps = functional.conv2d(inputs, corners(layer.weight), layer.bias.repeat(4), stride=2)
    return maps.unflatten(1, (4, -1)).amax(dim=1)


C1, given = build().C1, pixels[:64]
pooled = convolve_and_pool(given, C1)
assert torch.allclose(pooled, functional.max_pool2d(C1(given), 2), atol=1e-6)
tuple(pooled.shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The gradients, too? In float64, with its 16 decimal digits, a whole network against one that takes
# C1 and S2 by corners. ReLU comes after the pooling here, on a quarter of the numbers: it never
# turns two of them round, so the largest stays the largest.


# %%
def with_corners(model, pixels):
    pooled = convolve_and_pool(pixels, model.C1).relu()
    return model[3:](pooled)


def gradient(model, outputs, labels):
    """Every weight's and bias's slope of the mean loss, in one row."""
    loss = functional.cross_entropy(outputs, labels)
    return torch.cat([one.flatten() for one in torch.autograd.grad(loss, [*model.parameters()])])


model = build().double()
given, labels = pixels[:256].double(), some.labels[:256]
assert [name for name, _ in model.named_children()][:4] == ["C1", "C1_relu", "S2", "C3"]
plain = gradient(model, model(given), labels)
difference = (gradient(model, with_corners(model, given), labels) - plain).abs().max()
assert difference < 1e-12 and plain.abs().max() > 1e-3
f"{len(plain):,} slopes, differing by {difference:.12f}"

# %% [markdown] slideshow={"slide_type": "fragment"}
# The same to the twelfth decimal. On the empty background all four corners are equal; which of them
# gets the gradient does not matter there, for all saw the same pixels.
#
# By the count of chapter 01 the change should cost: a kernel of 36 where 25 did.

# %%
places, kernels = 14 * 14, 4 * 6
by_corners = places * kernels * 6 * 6
assert network.trace()["C1"].multiply_adds == 28 * 28 * 6 * 25 == 117_600
assert by_corners == 169_344
f"{by_corners / 117_600:.2f} times the multiply-adds"

# %% [markdown] slideshow={"slide_type": "slide"}
# ### What each change is worth
#
# Two more ways, of which we shall see whether they help: slices for both poolings, and corners for
# C3 and S4 as well.


# %%
def sliced(model, pixels):
    pooled = by_slices(model.C1(pixels)).relu()
    return model[6:](by_slices(model.C3(pooled)).relu())


def both(model, pixels):
    pooled = convolve_and_pool(pixels, model.C1).relu()
    return model[6:](convolve_and_pool(pooled, model.C3).relu())


# %%
model = build().double()
given, labels, off = pixels[:64].double(), some.labels[:64], {}
for answer in (with_corners, sliced, both):
    theirs = gradient(model, model(given), labels)
    ours = gradient(model, answer(model, given), labels)
    off[answer.__name__] = f"{(ours - theirs).abs().max():.12f}"
    assert (ours - theirs).abs().max() < 1e-12
off

# %% [markdown]
# The package's networks take corners by themselves, wherever a convolution gives fewer than 16 maps
# on a CPU and they are pooled 2×2: for C1 here, and not for C3. Counted where the kernels go by:

# %%
courses = networks.build(network, seed=0)
with mock.patch.object(functional, "conv2d", wraps=functional.conv2d) as seen:
    outputs = courses(pixels[:64])
kernels = [len(call.args[1]) for call in seen.call_args_list]
assert isinstance(courses, fast.Sequential) and kernels == [24, 16]
assert torch.allclose(outputs, build()(pixels[:64]), atol=1e-5)
f"{kernels[0]} kernels for C1's 6 maps, {kernels[1]} for C3's 16"

# %% [markdown]
# Now all of it, a change at a time and each on top of the one before, on your machine. The two with
# dots were tried and given up, and nothing builds on them. The last, batches of 256, is of another
# kind: the same work for a digit, in larger pieces, but a fourth of the steps, so the network
# learns *otherwise* (chapter 09).


# %%
def epoch(load=by_index, answer=None, fused=True, size=64):
    """A way to train: one pass through some digits."""
    model = build()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=fused)

    def one_pass():
        for batch in data.batches(len(some), size):
            outputs = answer(model, load(batch)) if answer else model(load(batch))
            optimizer.zero_grad()
            functional.cross_entropy(outputs, some.labels[batch]).backward()
            optimizer.step()

    return one_pass


assert len(some) == 20 * 64 == 5 * 256
f"{len(some):,} digits a pass"

# %% tags=["nbval-ignore-output"]
passes = {
    "the usual notebook": epoch(one_by_one, fused=False),
    "digits by index": epoch(fused=False),
    "and a fused optimizer": epoch(),
    "... and slices": epoch(answer=sliced),
    "... and corners for C1 and C3": epoch(answer=both),
    "and corners for C1": epoch(answer=with_corners),
    "and batches of 256": epoch(answer=with_corners, size=256),
}
found = in_turn(passes, rounds=3)
gains = {name: found["the usual notebook"] / seconds for name, seconds in found.items()}
assert gains["the usual notebook"] == 1
figures.bars(gains, label="times the speed of the usual notebook", form="{:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Where this was written, the bars with dots were dead ends. By slices, on the way back, each
# slice's gradient has to be written into a map of zeros. Corners for C1 save its pooling, at about
# the price of the convolution itself. For C3 they gained on the way forward, and lost more than
# that on the way back. **What is faster in a part may be slower in the whole: time the step, not
# the trick.**

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Beside what people use
#
# `benchmarks/speed.py` measures longer, and beside `training.fit` the loops that people publish, on
# one thread of one machine. The number behind each way is its batch:

# %%
ways = results.load("speed")["1 threads"]["ways"]
speeds = {row["way"]: row["times the notebook's"] for row in ways}
assert max(speeds, key=speeds.get).startswith("course")
assert speeds["course, 256"] > 2 and speeds["course, 64"] > speeds["course, layer by layer, 64"]
assert speeds["course, 256, bfloat16"] < 1.1 * speeds["course, 256"]
figures.bars(speeds, label="times the speed of the usual notebook", form="{:.2f}")

# %% [markdown]
# The popular loop was published with four workers, processes that load digits ahead. Here it has
# them, every way has two threads, and the clock on the wall counts:

# %%
ways = results.load("speed")["2 threads"]["ways"]
speeds = {row["way"]: row["times the published loop's speed"] for row in ways}
assert speeds["course, 256"] > 3 and speeds["course, 64"] > 2
assert speeds["course, 256, bfloat16"] < speeds["course, 256"]
lines = ["| way | times the published loop's speed |", "|---|---|"]
Markdown("\n".join(lines + [f"| {way} | {speed:.2f} |" for way, speed in speeds.items()]))

# %% [markdown]
# Picture and table are of different days, and perhaps of different machines: compare within each.
#
# *bfloat16* keeps a number in 16 bits instead of 32. It was tried, and paid neither time. The
# processor of the table has no instructions for it and has to work around that.
#
# How much is left to gain? In the rounds with one thread a large matrix product showed how fast
# that machine multiplies and adds when nothing holds it up. At that speed the products of an epoch,
# in batches of 256, would take this share of its time. If nothing else took any, exercise 2 gives
# the most that is left:

# %%
ways = results.load("speed")["1 threads"]["ways"]
shares = {row["way"]: row["percent of the limit"] / 100 for row in ways}
share = shares["course, 256"]
assert shares["usual notebook: image by image, ReLU, Adam, 64"] < share < 1
assert 1 < 1 / share < 4
f"{share:.0%} of the time, so at most {1 / share:.1f} times as fast"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Fewer steps
#
# A step can be made cheaper; one can also learn more in each. Two means that are much used. **One
# cycle** (after L. Smith and N. Topin, 2017, in the form that torch and fastai use): the learning
# rate rises from a 25th to its most during the first 30% of the steps, and falls almost to nothing:


# %%
def one_cycle(step, steps, most):
    """The learning rate of a step, counted from 0: half a cosine up, and half a cosine down."""
    top = 0.3 * steps - 1
    start, end, part = most / 25, most, step / top
    if step > top:
        start, end, part = most, most / 250_000, (step - top) / (steps - 1 - top)
    return end + (start - end) * (1 + math.cos(math.pi * part)) / 2


rates = [one_cycle(step, 280, most=8e-3) for step in range(280)]
assert max(rates) == rates[83] and round(rates[0] / rates[83], 6) == 0.04 and rates[-1] < 1e-6
shown = [0, 40, 83, *range(120, 280, 40), 279]
figures.bars({f"step {step + 1}": rates[step] for step in shown}, "learning rate", "{:.4f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Torch's own gives the same rates:


# %%
def scheduler(optimizer, steps):
    most = optimizer.param_groups[0]["lr"]
    return torch.optim.lr_scheduler.OneCycleLR(
        optimizer, most, total_steps=steps, cycle_momentum=False
    )


optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=8e-3)
following = scheduler(optimizer, 280)
for step in range(280):
    assert abs(following.get_last_lr()[0] - one_cycle(step, 280, 8e-3)) < 1e-9
    optimizer.step()
    following.step()
step + 1

# %% [markdown] slideshow={"slide_type": "subslide"}
# **Label smoothing** (C. Szegedy and others, 2016): a tenth of the target is shared out among all
# ten classes, so that 91% is enough, and no output has to grow without end.


# %%
def smoothed(outputs, labels, part=0.1):
    """Each digit's cross-entropy with the smoothed target."""
    target = functional.one_hot(labels, 10) * (1 - part) + part / 10
    return -(target * outputs.log_softmax(dim=1)).sum(dim=1)


outputs, labels = build()(pixels[:64]), some.labels[:64]
theirs = functional.cross_entropy(outputs, labels, reduction="none", label_smoothing=0.1)
assert torch.allclose(smoothed(outputs, labels), theirs, atol=1e-6)
enough = 1 - 0.1 + 0.1 / 10
assert round(enough, 2) == 0.91
f"{enough:.0%}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# Both together, with a fused AdamW, which also pulls all weights a little towards 0, and with
# shorter averages than Adam's, for so few steps: 280 steps of 64 digits, for MNIST a third of one
# pass. Beside it, as many steps of plain Adam, as in the passes above:


# %%
def after_280_steps(model, optimizer, loss, schedule=None):
    """The share of the test digits that a network gets right."""
    torch.manual_seed(0)
    training.fit(
        model, digits.train, prepare=network.prepare, optimizer=optimizer, loss=loss,
        epochs=100, max_steps=280, scheduler=schedule,
    )  # fmt: skip
    return training.evaluate(model, digits.test, prepare=network.prepare).accuracy


# %%
model = networks.build(network, seed=0)
adam = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
by_adam = after_280_steps(model, adam, lambda outputs, labels: smoothed(outputs, labels, part=0))
model = networks.build(network, seed=0)
optimizer = torch.optim.AdamW(model.parameters(), lr=8e-3, betas=(0.7, 0.9), fused=True)
by_both = after_280_steps(model, optimizer, smoothed, scheduler(optimizer, 280))
least = 0.97 if digits.name == "MNIST" else 0.85
assert by_both > least and (digits.name != "MNIST" or by_both > by_adam + 0.02)
f"right after 280 steps: {by_adam:.0%} with plain Adam, {by_both:.0%} with both"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What does not pay
#
# Two remedies that are often recommended, and for good reasons: for larger pictures, and for larger
# networks. `benchmarks/remedies.py` has tried them on ours, in turn, on one machine.
#
# **Workers** are processes that load the next batches while the network learns. They do not save
# work, they move it, and every batch has to be handed over. So two clocks: what all processes
# worked together, and the wall's; each against loading without workers. Last, how many programs
# wanted one of the machine's cores before and after:

# %%
found = results.load("remedies")
lines = ["| loading | processor time | time on the wall |", "|---|---|---|"]
for row in found["workers"]:
    way = row["way"].replace(" 1 workers", " 1 worker")
    lines.append(f"| {way} | {row['processor time']:.2f} | {row['wall time']:.2f} |")
assert found["workers"][0]["processor time"] == found["workers"][0]["wall time"] == 1
loads = " and ".join(f"{one:.0f}" for one in found["load"])
lines.append(f"\n{loads} programs wanted the {found['machine']['cores']} cores.")
Markdown("\n".join(lines))

# %% [markdown]
# Below 1 is faster. With cores to spare the wall's clock can be kind to workers; with more programs
# than cores it hardly can. By index there is nothing left for them to do.
#
# **`torch.compile`** translates the network into a program of its own, with fewer passes through
# memory. That has a price before the second step. If a compiled step is cheaper, the price over
# what an epoch saves is the number of epochs until it pays; if not, it never does:

# %%
lines = ["| network | compiling | a compiled step | pays after |", "|---|---|---|---|"]
for row in results.load("remedies")["compile"]:
    lasting, epochs = row["compiled / plain"], row["epochs until it pays"]
    assert (epochs is None) == (lasting >= 1)
    pays = "never" if epochs is None else f"{epochs} epochs"
    price = f"{row['seconds before the second step']:.0f} s"
    lines.append(f"| {row['network']} | {price} | {lasting:.2f} of a plain one | {pays} |")
Markdown("\n".join(lines))

# %% [markdown]
# In a network this small there is little to merge. And our trainings have ten epochs or so: only
# what pays before that helps.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What grows how
#
# *For those who want more.* How does the cost grow with the network's *width*, so many times the
# maps and units in every layer but the output, and with the side of the picture? Chapter 01 says it
# on paper:


# %%
def lenet(width=1):
    """LeNet-5 with `width` times as many maps and units in each layer but the output."""
    return [
        *(shapes.Conv2d(6 * width, kernel_size=5), shapes.MaxPool2d(2)),
        *(shapes.Conv2d(16 * width, kernel_size=5), shapes.MaxPool2d(2), shapes.Flatten()),
        *(shapes.Linear(120 * width), shapes.Linear(84 * width), shapes.Linear(10)),
    ]


widths = {width: shapes.trace(lenet(width)).multiply_adds for width in (1, 2, 4, 8)}
sides = {side: shapes.trace(lenet(), (1, side, side)).multiply_adds for side in (32, 64, 128)}
assert widths[1] == sides[32] == 416_520 and widths[2] == 1_429_200
assert 2 < widths[2] / widths[1] < widths[8] / widths[4] < 4
assert sides[64] / sides[32] > 4 and sides[128] / sides[64] > 4
round(widths[2] / widths[1], 2), round(sides[64] / sides[32], 2)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Twice the width costs 3.4 times as much, and towards four times for wide ones: most layers read
# twice as many maps and write twice as many. Twice the side costs more than four times as much: a
# kernel loses the same border of a larger picture, and C5 reads all that is left.
#
# `benchmarks/scaling.py` has measured steps of training, on one thread: a digit's multiply-adds,
# its time, and the memory that is kept for the way back, compared with LeNet-5 in batches of 64.
# The last panel's digits are all there are in a pass.

# %%
panels, series = {}, results.load("scaling")["series"]
columns = {"multiply-adds": "multiply-adds to train", "time": "microseconds a digit"}
for along, base in {"width": 1, "side": 32, "batch": 64, "digits": 1280}.items():
    rows = {row[along]: dict(row) for row in series[along]}
    for row in rows.values():
        row["memory"] = row["kept for the way back, MB"] / row["batch"]
    panels[along] = {
        name: {x: row[column] / rows[base][column] for x, row in rows.items()}
        for name, column in (columns | {"memory": "memory"}).items()
    }
assert panels["width"]["time"][8] < panels["width"]["multiply-adds"][8]
assert panels["batch"]["time"][1] > 5 and set(panels["batch"]["multiply-adds"].values()) == {1}
figures.growth(panels, label="cost of a digit")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Eight times the width takes less time than its multiply-adds say: larger products use the
# processor better. A batch of one digit costs the most of all, for each operation has a price of
# its own, however little it does. How many digits there are in all does not matter to one of them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Two processes, one gradient
#
# Further, with more processors. Each process has the whole network and a part of the batch; each
# computes the gradient of its part; their mean is the gradient of the whole, and each takes the
# same step with it. Here two "processes" in one, in float64. Process 0 takes the digits 0, 2, 4,
# ..., process 1 the digits 1, 3, 5, ...:


# %%
def of_part(model, part):
    """The gradient of the mean loss of some digits, in one row."""
    loss = functional.cross_entropy(model(pixels[part].double()), some.labels[part])
    return torch.cat([one.flatten() for one in torch.autograd.grad(loss, [*model.parameters()])])


def parts(batch, processes):
    return [batch[rank::processes] for rank in range(processes)]


model, batch = build().double(), torch.arange(64)
mine, yours = parts(batch, 2)
assert sorted([*mine.tolist(), *yours.tolist()]) == batch.tolist()
mean = (of_part(model, mine) + of_part(model, yours)) / 2
difference = (mean - of_part(model, batch)).abs().max()
assert difference < 1e-12 and (len(mine), len(yours)) == (32, 32)
f"two gradients of 32 digits, off by {difference:.12f}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Broken on purpose: the last batch
#
# The last batch of a pass may be small: five digits for two processes, three and two. Nothing
# fails, and the mean of the two gradients is wrong:

# %%
model, batch = build().double(), torch.arange(5)
(mine, yours), whole = parts(batch, 2), of_part(model, batch)
mean = (of_part(model, mine) + of_part(model, yours)) / 2
wrong = (mean - whole).norm() / whole.norm()
assert 0.01 < wrong < 1
f"off by {wrong:.1%}"

# %% [markdown] slideshow={"slide_type": "fragment"}
# A digit of the smaller part weighs more. Each gradient has to count by its digits:

# %%
model, batch = build().double(), torch.arange(5)
(mine, yours), whole = parts(batch, 2), of_part(model, batch)
weighted = (3 * of_part(model, mine) + 2 * of_part(model, yours)) / 5
assert (len(mine), len(yours)) == (3, 2)
assert (weighted - whole).abs().max() < 1e-12
f"{(weighted - whole).norm() / whole.norm():.1%}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · The factor
#
# Torch's `DistributedDataParallel` takes, by default, the plain mean over the processes. So each
# process has to scale its own loss *beforehand*. A batch has `total` digits, this process has
# `mine` of them, and `processes` share it. Write `loss_factor(mine, total, processes)`: what the
# process multiplies the mean loss of its part with, so that the plain mean of the gradients is the
# gradient of the whole batch's mean loss.


# %% tags=["exercise"]
@exercise("loss_factor")
def loss_factor(mine, total, processes):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def loss_factor(mine, total, processes):
#     return processes * mine / total
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# Twenty steps by the gradients of two parts, against a network that trains alone:


# %%
def descend(model, gradient, rate=0.1):
    weights = parameters_to_vector(model.parameters()).detach()
    vector_to_parameters(weights - rate * gradient, model.parameters())


alone, together = build().double(), build().double()
start = parameters_to_vector(alone.parameters()).detach()
for batch in data.batches(len(some), 9)[:20]:
    descend(alone, of_part(alone, batch))
    mine, yours = parts(batch, 2)
    descend(together, (5 * of_part(together, mine) + 4 * of_part(together, yours)) / 9)
one, two = (parameters_to_vector(model.parameters()) for model in (alone, together))
assert (one - two).abs().max() < 1e-12 and (one - start).abs().max() > 0.01
f"weights apart by {(one - two).abs().max():.12f}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# The package does the same with real processes. In a terminal:
#
# ```
# torchrun --standalone --nproc-per-node=2 -m lenet_course train relu-max --epochs 1
# ```
#
# `torchrun` starts two processes and tells each its *rank*, its number from 0. `fit` then takes
# every second index of each batch and multiplies the loss with exercise 4's factor,
# DistributedDataParallel takes the mean of the gradients on the way back, and process 0 alone
# prints and saves. Another launcher will do that sets the variables RANK, WORLD_SIZE, MASTER_ADDR
# and MASTER_PORT.
#
# Does it pay on one machine? `benchmarks/two_processes.py` has counted the bytes that a process
# sends in a step, its gradient's 61,706 numbers of four bytes and eight more that ask whether to
# stop, and compared times: two processes, one thread each, with one process and two threads.

# %%
found = results.load("two-processes")
sent = found["bytes sent in a step"]
assert sent["predicted"] == 4 * 61_706 + 8 and abs(sent["measured"] / sent["predicted"] - 1) < 0.05
lines = [f"Bytes: {sent['predicted']:,.0f} predicted, {sent['measured']:,.0f} measured."]
lines[0] += f" {found['machine']['load at the start']:.0f} programs wanted the cores before.\n"
lines += ["| digits a step | time of two processes, against two threads |", "|---|---|"]
rows = {row["batch"]: row["two processes / two threads"] for row in found["steps"]}
lines += [f"| {batch} | {ratio:.2f} |" for batch, ratio in rows.items()]
Markdown("\n".join(lines))

# %% [markdown]
# Below 1, two processes are faster, but look at the load first: on a busy machine two threads,
# which wait for each other at every layer, lose most. On a quiet one there is little reason for two
# processes: threads share the work as well, and have no gradients to send. The more digits in a
# step, the less the sending weighs. Several machines have no such choice.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a cluster would change
#
# *For those who want more.* Between machines the gradients have to travel, all 61,706 numbers, at
# every step. If each of *n* machines sent its own to all the others, each would send *n* - 1
# gradients. A *ring* does better. Each cuts its gradient into *n* pieces, and always passes one
# piece to its neighbour. In a first round trip the pieces are summed up on the way, in a second one
# the sums are handed on.


# %%
def ring(gradients):
    """Every machine's copy of the sum, and the bytes that each has sent."""
    n = len(gradients)
    pieces = [list(one.tensor_split(n)) for one in gradients]
    sent = [0] * n
    for step in range(2 * (n - 1)):
        messages = [pieces[rank][(rank - step) % n] for rank in range(n)]
        for rank, message in enumerate(messages):
            there, place = pieces[(rank + 1) % n], (rank - step) % n
            there[place] = there[place] + message if step < n - 1 else message
            sent[rank] += message.numel() * message.element_size()
    return [torch.cat(own) for own in pieces], sent


# %%
gradients = [torch.randn(61_706) for _ in range(4)]
sums, sent = ring(gradients)
assert all(torch.equal(one, sums[0]) for one in sums)
assert torch.allclose(sums[0], sum(gradients), atol=1e-5)
assert sum(sent) == 2 * 3 * 4 * 61_706
sent

# %% [markdown] slideshow={"slide_type": "fragment"}
# Each of *n* machines sends 2 (*n* - 1) / *n* of the gradient's 246,824 bytes: as much as it
# is long for two machines, and never twice that, however many there are. What grows is the number
# of messages that have to wait for each other, 2 (*n* - 1) of them.

# %%
size = 4 * 61_706
each = {n: sum(ring([torch.zeros(61_706)] * n)[1]) / n for n in (2, 4, 16)}
assert size == 246_824
assert each == {n: 2 * (n - 1) / n * size for n in (2, 4, 16)}
assert each[2] == size and all(value < 2 * size for value in each.values())
{n: f"{value:,.0f}" for n, value in each.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 5 · A step's time
#
# *For those who want more.* Write
# `step_seconds(digits, machines, per_digit, size, latency, bandwidth)`: the time of one step. The
# digits of the batch are shared evenly, and a digit takes `per_digit` seconds. Then the ring:
# 2 (n - 1) messages one after the other, each of one n-th of the gradient, which has `size` bytes.
# A message takes `latency` seconds, however short it is, and its bytes over `bandwidth`, which is
# in bytes a second.


# %% tags=["exercise"]
@exercise("step_seconds")
def step_seconds(digits, machines, per_digit, size, latency, bandwidth):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def step_seconds(digits, machines, per_digit, size, latency, bandwidth):
#     computing = digits / machines * per_digit
#     message = latency + size / machines / bandwidth
#     return computing + 2 * (machines - 1) * message
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# How many times as fast are *n* machines? Say 10 Gbit/s, 50 millionths of a second for a message,
# and also 50 millionths for a digit. (The next cell holds an answer to exercise 5.)


# %%
def predicted_step(digits, machines, per_digit=50e-6, latency=50e-6, bandwidth=1.25e9):
    computing = digits / machines * per_digit
    return computing + 2 * (machines - 1) * (latency + size / machines / bandwidth)


def gained(digits):
    counts = [2**power for power in range(8)]
    return {n: predicted_step(digits, 1) / predicted_step(digits, n) for n in counts}


sizes = {f"{digits:,} digits a step": gained(digits) for digits in (128, 1024, 8192)}
small, _, large = sizes.values()
every = [predicted_step(128, 1) / predicted_step(128, n) for n in range(1, 129)]
assert 3 < max(every) < 3.6 and small[128] < 0.5
assert 20 < large[64] < 40 and 1 < large[2] / small[2] < 1.2
figures.growth({"machines": sizes}, label="times the speed of one")

# %% [markdown] slideshow={"slide_type": "fragment"}
# With 128 digits a step, no number of machines is even 3.6 times as fast as one, and 128 of them
# take twice as long: each has a single digit to compute, and 254 messages to wait for. Larger
# batches give each machine more to do between two exchanges; but a pass then has fewer steps, and
# the network learns otherwise.
#
# What else changes: the slowest machine sets the pace of every step; each needs the digits, or its
# part of them; and the more machines, the sooner one of them fails. Then a run has to go on from
# its checkpoint (chapter 11).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * Time in turn, leave out the first round, take the median, give ratios. Timed in a row, on a
#   pretended machine, a program was three times slower than itself.
# * Multiply-adds say what must be computed, not how long it takes: pooling forms no product.
# * First the same result, in float64, then the time; and the time of the whole step. What is faster
#   in a part may be slower in the whole.
# * The most that a share of the time can gain is known beforehand.
# * The gradients of parts, weighted by their digits, make the gradient of the whole.
# * A ring sends less than twice the gradient, however many machines there are; its messages are
#   what costs. Many machines need many digits a step.
#
# ## Where to go next
#
# [Chapter 15](15_your_own_digits.ipynb) reads your own handwriting; [chapter
# 11](11_checkpointing.ipynb) keeps a long run safe.
