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
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/main/chapters/14_faster_and_further.ipynb)
#
# **Question.** Where does the time of an epoch go, which of it can be had back without changing
# what is learned, and what do more processes and machines add?
#
# **Afterwards you can**
#
# * compare two programs fairly, on a machine that others use as well;
# * find what a step spends its time on, and say beforehand how much a change can gain at most;
# * write convolution and max-pooling as fewer, larger operations, with the same gradients;
# * train one network in several processes, and predict what a cluster would gain.
#
# 50 minutes, 20 of them exercises · needs chapters 07 and 09

# %% slideshow={"slide_type": "skip"} tags=["setup"]
# Google Colab opens this page without the rest of the course, and fetches it here.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("lenet_course") is None:
    course = "git+https://github.com/lenet-course/lenet-course"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", course]
    subprocess.run(pip, check=True)
    importlib.invalidate_caches()

# %% slideshow={"slide_type": "skip"}
import math
import statistics
import time
from collections import OrderedDict

import numpy
import torch
from IPython.display import Markdown
from PIL import Image, ImageOps
from torch import nn
from torch.nn import functional
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.utils.flop_counter import FlopCounterMode

from lenet_course import data, fast, figures, networks, processes, results, shapes, training
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
# corners and the ring; exercise 5 is for those who want more.

# %% [markdown] slideshow={"slide_type": "skip"}
# Two tools serve several sections. A stopwatch; the next section says why it is made like this:


# %% slideshow={"slide_type": "skip"}
def in_turn(ways, rounds=5):
    """The median CPU seconds of each way, all of them measured in every round."""
    taken = {name: [] for name in ways}
    for _ in range(1 + rounds):
        for name, way in ways.items():
            start = time.process_time()
            way()
            taken[name].append(time.process_time() - start)
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
len(batches)

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
# Our stopwatch, `in_turn`, keeps four rules more. A first round does not count: it loads libraries
# and asks for memory. Of the others it takes the *median*, the middle one, which a single slow
# round hardly moves. It counts *CPU time*, in which processors worked for this program, all its
# threads together, not what a clock on the wall shows. And we look at ratios: seconds belong to one
# machine. (A GPU works while the program goes on; there one waits for it, and takes the wall's
# clock.) One program against itself:


# %%
def multiply():
    matrix = torch.ones(300, 300)
    for _ in range(60):
        matrix @ matrix


found = in_turn({"old": multiply, "new": multiply})
assert 1 / 3 < found["new"] / found["old"] < 3
f"{len(found)} ways, one program"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · How many times as fast
#
# Two ways were measured in turn: `before` and `after` are lists of seconds, one a round, and the
# first round warms up. Write `gain(before, after)`: how many times as fast the second way is, by
# the medians of the rounds that count. A gain above 1 is one.
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
assert found["one by one"] > found["by index"]
"more than twice as fast" if found["one by one"] > 2 * found["by index"] else "hardly faster"

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
# A *profile* says what a program spends its time on. Two of them, with our own stopwatch. First,
# layer by layer on the way forward, on 64 digits:


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
len(by_layer)

# %% [markdown]
# Then a step of training, part by part. The way back needs the way forward again, which is taken
# off:


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
len(by_part)

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
# Compare the last two panels. S2 forms no product at all, and takes longer than F6 with its 10,080.
# To find the largest of four numbers, torch's max-pooling on a CPU takes them one by one, where
# products are formed and added 8 or 16 at once.

# %%
pooling = [row for row in network.trace() if isinstance(row.layer, shapes.MaxPool2d)]
assert [row.name for row in pooling] == ["S2", "S4"]
assert sum(row.multiply_adds for row in pooling) == 0
comparisons = 3 * (6 * 14 * 14 + 16 * 5 * 5)
assert comparisons == 4_728 and network.trace()["F6"].multiply_adds == 10_080
assert by_layer["S2"] >= by_layer["F6"]
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
"the same weights after ten steps"

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
# inner places: make a slice for each, and take the largest, place by place.


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


# %%
def corners(weight):
    """Four kernels of each, a corner of the window each: (M, C, k, k) to (4M, C, k+1, k+1)."""
    places = [(down, right) for down in (0, 1) for right in (0, 1)]
    return torch.cat(
        [functional.pad(weight, (right, 1 - right, down, 1 - down)) for down, right in places]
    )


weight = build().C1.weight
assert corners(weight)[6:12, :, :5, 1:].equal(weight)  # the second corner, a pixel farther right
tuple(corners(weight).shape)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Then the largest of the four, map by map:


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
len(plain)

# %% [markdown] slideshow={"slide_type": "fragment"}
# 61,706 slopes, the same to the twelfth decimal. On paper all four corners are equal; which of them
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


model = build()
for answer in (with_corners, sliced, both):
    assert torch.allclose(answer(model, pixels[:64]), model(pixels[:64]), atol=1e-5)
len(model)

# %% [markdown]
# The package's networks take corners by themselves, wherever a CPU convolves fewer than 16 maps and
# pools them 2×2; for average-pooling it takes the corners' mean:

# %%
courses, model, four = networks.build(network, seed=0), build(), torch.randn(2, 24, 14, 14)
assert isinstance(courses, fast.Sequential) and not isinstance(model, fast.Sequential)
assert torch.allclose(courses(pixels[:64]), model(pixels[:64]), atol=1e-5)
assert torch.equal(fast.corners(model.C1.weight), corners(model.C1.weight))
apart = four.unflatten(1, (4, -1))
assert torch.equal(fast.largest_corner(four), apart.amax(dim=1))
assert torch.allclose(fast.mean_corner(four), apart.mean(dim=1), atol=1e-6)
tuple(apart.shape)

# %% [markdown]
# Now all of it, a change at a time and each on top of the one before, on your machine. The last,
# batches of 256, is of another kind: the same work for a digit, in larger pieces, but a fourth of
# the steps, so the network learns *otherwise* (chapter 09).


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
assert gains["and batches of 256"] > 2 / 3
figures.bars(gains, label="times the speed of the usual notebook", form="{:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The two bars with dots were dead ends where this was written, and the next bar does not build on
# them. By slices, pooling alone was several times faster on the way forward; but on the way back
# each slice's gradient has to be written into a map of zeros. Corners serve C1, whose six maps do
# not fill an instruction for 8 or 16 numbers; C3's 16 maps do, and corners only make its kernel
# larger. **What is faster in a part may be slower in the whole: time the step, not the trick.**

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Beside what people use
#
# `benchmarks/speed.py` measures longer, and beside `training.fit` the loops that people publish, on
# one thread of one machine. The number behind each way is its batch:

# %%
ways = results.load("speed")["1 threads"]["ways"]
speeds = {row["way"]: row["times the notebook's"] for row in ways if "bf" not in row["way"]}
assert max(speeds, key=speeds.get).startswith("course")
assert speeds["course, 256"] > 2 and speeds["course, 64"] > speeds["course, layer by layer, 64"]
figures.bars(speeds, label="times the speed of the usual notebook", form="{:.2f}")

# %% [markdown]
# How much is left to gain? In the same rounds a large matrix product showed how fast that machine
# multiplies and adds when nothing holds it up. At that speed the products of an epoch, batches of
# 256, would take this share of its time. If nothing else took any, exercise 2 says, it would be:

# %%
ways = results.load("speed")["1 threads"]["ways"]
shares = {row["way"]: row["percent of the limit"] / 100 for row in ways}
share = shares["course, 256"]
assert shares["usual notebook: image by image, ReLU, Adam, 64"] < share < 1
assert 1 < 1 / share < 4
f"{share:.0%}, so at most {1 / share:.1f} times as fast"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Fewer steps
#
# A step can be made cheaper; one can also learn more in each. Two means that are much used. **One
# cycle** (L. Smith and N. Topin, 2018): the learning rate rises from a 25th to its most during
# the first 30% of the steps, too high to stay at, and falls almost to nothing:


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
[round(rates[step], 4) for step in (0, 40, 83, 180, 279)]

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
assert round(1 - 0.1 + 0.1 / 10, 2) == 0.91
len(theirs)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Both together, with corners, a fused AdamW and 280 steps of 64 digits: for MNIST a third of one
# pass. How far does that go?

# %%
# MERGE: recipes.find("fast") is this recipe; results.load("records") says how far it goes over ten
# seeds, in which share of the usual notebook's time; the recipe "best" as well.
model = networks.build(network, seed=0)
optimizer = torch.optim.AdamW(model.parameters(), lr=8e-3, betas=(0.7, 0.9), fused=True)
history = training.fit(
    model, digits.train, prepare=network.prepare, optimizer=optimizer, loss=smoothed,
    epochs=100, max_steps=280, scheduler=scheduler(optimizer, 280),
)  # fmt: skip
test = training.evaluate(model, digits.test, prepare=network.prepare)
least = 97 if digits.name == "MNIST" else 85
assert history.steps == 280 and test.accuracy > least / 100
f"more than {least}% right after {history.steps} steps"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What does not pay
#
# Two remedies that are often recommended, and for good reasons: for larger pictures, and for larger
# networks. `benchmarks/remedies.py` has tried them on ours, in turn, on one machine.
#
# **Workers** are processes that load the next batches while the network learns. They do not save
# work, they move it, and every batch has to be handed over. What all processes worked together,
# against loading without workers:

# %%
found = results.load("remedies")
worked = {row["way"]: row["processor time"] for row in found["workers"]}
assert worked["image by image, 0 workers"] == 1 > worked["by index"]
assert min(worked[f"image by image, {count} workers"] for count in (1, 2, 4)) > 1.1
figures.bars(worked, label="processor time, against no workers", form="{:.2f}")

# %% [markdown]
# With cores to spare the wall's clock may still be kind to workers. By index there is nothing left
# for them to do.
#
# **`torch.compile`** translates the network into a program of its own, with fewer passes through
# memory. That has a price before the second step, and pays after a number of epochs: the price,
# over what an epoch saves.


# %%
def epochs_until_it_pays(price, before, after):
    return price / (before - after) if after < before else None


assert epochs_until_it_pays(price=20, before=5.0, after=4.0) == 20
assert epochs_until_it_pays(price=20, before=4.0, after=5.0) is None
lines = ["| network | time of a compiled step | epochs until it pays |", "|---|---|---|"]
for row in results.load("remedies")["compile"]:
    lasting, pays = row["compiled / plain"], row["epochs until it pays"]
    assert pays is None or pays > 5
    lines.append(f"| {row['network']} | {lasting:.2f} of a plain one's | {pays or 'never'} |")
Markdown("\n".join(lines))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What grows how
#
# How does the cost grow with the network's *width*, so many times the maps and units in every
# layer, and with the side of the picture? Chapter 01 says it on paper:


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
# Twice the width costs nearly four times as much, for most layers read twice as many maps and write
# twice as many. Twice the side costs more than four times as much: a kernel loses the same border
# of a larger picture, and C5 reads all that is left. Compared with LeNet-5 as it is:

# %%
# MERGE: beside each prediction the measured cost, results.load("scaling"); and two panels more,
# batch size (predicted: no change a digit) and digits (predicted: in proportion).
predicted = {"width": widths, "side of the picture": sides}
panels = {
    name: {"multiply-adds": {x: count / 416_520 for x, count in counts.items()}}
    for name, counts in predicted.items()
}
assert all(min(panel["multiply-adds"].values()) == 1 for panel in panels.values())
figures.growth(panels, label="cost of a digit")

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
assert difference < 1e-12
len(mine), len(yours)

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
# Torch's `DistributedDataParallel` always takes the plain mean over the processes. So each process
# has to scale its own loss *beforehand*. A batch has `total` digits, this process has `mine` of
# them, and there are `processes` of them. Write `loss_factor(mine, total, processes)`: what the
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
# Twenty steps of two processes against one that trains alone. The two never exchange weights, only
# gradients, and stay the same to the last bit; beside the one, they differ by rounding.


# %%
def descend(model, gradient, rate=0.1):
    weights = parameters_to_vector(model.parameters()).detach()
    vector_to_parameters(weights - rate * gradient, model.parameters())


start = parameters_to_vector(build().parameters()).detach()
descend(model := build(), torch.ones(len(start)))
assert torch.allclose(parameters_to_vector(model.parameters()), start - 0.1)
len(start)

# %%
alone, first, second = (build().double() for _ in range(3))
for batch in data.batches(len(some), 9)[:20]:
    descend(alone, of_part(alone, batch))
    mine, yours = parts(batch, 2)
    assert (len(mine), len(yours)) == (5, 4)
    mean = (5 * of_part(first, mine) + 4 * of_part(second, yours)) / 9
    descend(first, mean)
    descend(second, mean)
one, two, three = (parameters_to_vector(model.parameters()) for model in (alone, first, second))
assert torch.equal(two, three) and (one - two).abs().max() < 1e-12
assert (one - parameters_to_vector(build().double().parameters())).abs().max() > 0.01
torch.equal(two, three)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The package does the same with real processes. In a terminal:
#
# ```
# torchrun --standalone --nproc-per-node=2 -m lenet_course train relu-max
# ```
#
# `torchrun` starts two processes and tells each its *rank*, its number from 0. `fit` then takes
# every second index of each batch, DistributedDataParallel takes the mean of the gradients on the
# way back, and process 0 alone prints and saves.


# %%
class Second(processes.Group):
    """The second of three processes, as the package sees it."""

    rank, size = 1, 3


batch = data.batches(len(some), 64)[0]
own, losses = Second().part(batch), torch.linspace(1, 2, 21)
assert torch.equal(own, parts(batch, 3)[1]) and len(own) == 21
factor = Second().descended(losses, "mean", 64) / losses.mean()
assert torch.isclose(factor, torch.tensor(3 * 21 / 64))
round(factor.item(), 4)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a cluster would change
#
# Between machines the gradients have to travel, all 61,706 of them, at every step. If each machine
# sent its own to each other machine, *n* of them would send *n* (*n* - 1) gradients. A *ring* does
# better. Each cuts its gradient into *n* pieces, and always passes one piece to its neighbour. In a
# first round trip the pieces are summed up on the way, in a second one the sums are handed on.


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
# The same as a model that can be asked, for connections of 10 Gbit/s, with 50 millionths of a
# second for a message, and for machines that need as long for a digit. How many times as fast are
# *n* of them?


# %%
# MERGE: before this cell, one that checks the model: found = results.load("two-processes");
# found["bytes sent in a step"] has "predicted" (size + 8, for one number that asks all whether to
# stop) and "measured"; rows of found["steps"] have "batch", "two processes / two threads" and
# "two processes / model". And per_digit, latency, bandwidth from there as a further curve.
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
# part of them; and the more machines, the sooner one of them fails.

# %%
alive_a_day = 0.999
assert 0.63 < 1 - alive_a_day**1000 < 0.64
f"{1 - alive_a_day**1000:.0%} of days"

# %% [markdown]
# That is with a thousand machines, each of which fails on one day of a thousand: on most days
# one does. Then a run has to go on from its checkpoint (chapter 11).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * Time in turn, leave out the first round, take the median, give ratios. Timed in a row, a program
#   was three times slower than itself.
# * Multiply-adds say what must be computed, not how long it takes: pooling forms no product.
# * First the same result, in float64, then the time; and the time of the whole step. What is faster
#   in a part may be slower in the whole.
# * What a share of the time can gain is known beforehand.
# * The gradients of parts, weighted by their digits, make the gradient of the whole.
# * A ring sends less than twice the gradient, however many machines there are; its messages are
#   what costs. Many machines need many digits a step.
#
# ## Where to go next
#
# [Chapter 15](15_your_own_digits.ipynb) reads your own handwriting; [chapter
# 11](11_checkpointing.ipynb) keeps a long run safe.
