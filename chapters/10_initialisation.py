# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 10 · Initialisation
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F10_initialisation.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/10_initialisation.ipynb)
#
# **Question.** Why does the size of the first weights decide whether a network learns at all, and
# what size is right?
#
# **Afterwards you can**
#
# * predict with a pencil how far a signal gets through the layers of a network;
# * choose first weights by fan-in, and say what the rules of 1998 and since have in common;
# * tell an initialisation of 0.01 from weights that are multiplied by 0.01 for ever, and say why
#   one optimizer hides the difference;
# * count dead and saturated units, and say what biases of 1.0 do.
#
# 60 minutes, 20 of them exercises · needs chapters 03 (dead and saturated units) and 09

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
from statistics import mean

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrize

from lenet_course import data, figures, networks, recipes, results, training
from lenet_course.exercises import TODO, exercise, hint, solution  # for you to call

digits = data.load()
network = networks.FAMILY["relu-avg"]  # 28 x 28 pixels, ReLU, average pooling
few, passes = (digits.train[:6_400], 3) if digits.name == "MNIST" else (digits.train[:1_280], 15)
batch = few[:256]
pixels = network.prepare(batch.images)
assert len(few) * passes == 64 * 300

# %% [markdown]
# Two helpers serve the whole chapter. `start` makes the network with first weights that you choose,
# and all biases 0. `learn` trains it, for 300 steps at most, by SGD at rate 0.1 if nothing else is
# said.


# %% slideshow={"slide_type": "skip"}
def start(draw, seed=0):
    """The network, its weights drawn by `draw`, a function of their shape; all biases 0."""
    torch.manual_seed(seed)
    model = networks.build(network, seed=seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("weight"):
                parameter.copy_(draw(parameter.shape))
            else:
                parameter.zero_()
    return model


# %% slideshow={"slide_type": "skip"}
def learn(model, optimizer=None, steps=300):
    """Train, and give the loss of every step."""
    history = training.fit(
        model,
        few,
        prepare=network.prepare,
        optimizer=optimizer or torch.optim.SGD(model.parameters(), lr=0.1),
        epochs=passes,
        max_steps=steps,
    )
    return history.losses


# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Ask first: are smaller first weights safer? Most say yes, and the first
# picture says no, both ways. Let the class reckon √150 × 0.01 on paper before they see the spreads,
# and guess, before the biases of 1.0 are trained, whether they can learn. Without time, leave out
# what is marked *for those who want more*.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One zero too many
#
# "Start with small random numbers." How small? Three networks, the same random numbers, times 0.01,
# 0.1 and 1. All else is equal: digits, order, optimizer.

# %%
starts = {}
for sd in (0.01, 0.1, 1.0):
    starts[f"{sd}"] = learn(start(lambda shape, sd=sd: sd * torch.randn(shape)), steps=200)
small, middle, large = (mean(losses[-25:]) for losses in starts.values())
assert all(abs(loss - math.log(10)) < 0.1 for loss in starts["0.01"]) and middle < 1
assert starts["1.0"][0] > 1_000
assert abs(large - math.log(10)) < 0.1 or not math.isfinite(large)  # then the run was stopped
figures.losses_up_to(4, starts)

# %% [markdown]
# From 0.1 it learns. From 1 the first loss is in the thousands, far above the picture; the first
# steps are far too long, and then the ReLUs let nothing through any more (chapter 09), or the loss
# is no number. From 0.01 nothing happens at all, and no message says so: 2.3 is ln 10, a guess
# among ten.
#
# Where is the digit lost? The *spread* of a layer is the standard deviation of its numbers, here
# over all units and 256 training digits. With weights of spread 1, and with the same a hundred
# times smaller:

# %%
reached = {}
with torch.no_grad():
    for sd in (1.0, 0.01):
        model = start(lambda shape, sd=sd: sd * torch.randn(shape))
        reached[sd] = model[:6](pixels).std().item(), model(pixels).std().item()  # S4, output
    answers = model(pixels)
assert model[5] is model.S4
assert (answers.amax(dim=0) - answers.amin(dim=0)).max() < 1e-5
assert math.isclose(reached[0.01][0] / reached[1.0][0], 0.01**2, rel_tol=1e-3)
assert math.isclose(reached[0.01][1] / reached[1.0][1], 0.01**5, rel_tol=1e-3)
{sd: [f"{spread:.1e}" for spread in both] for sd, both in reached.items()}

# %% [markdown]
# S4 is two layers of weights away from the picture, and its spread fell by 0.01². The outputs are
# five away: 0.01⁵, a ten-thousand-millionth. All digits get the same answer, to five decimals. No
# signal comes through, and hardly a gradient comes back.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A sum of F products
#
# How large should the weights be, then? A unit adds up F products, weight times input. F is its
# *fan-in*: 25 for a unit of C1, 6 × 25 = 150 for one of C3.
#
# Draw the weights independently, around 0, with variance v. A product w·x has mean 0 and variance
# v·x². Independent signs do not conspire, so the variances of the products add up:
#
# **variance of the sum = F × v × mean of x²**
#
# The x may be anything, and hang together as they like. Here they are the 25 pixels of one window
# of a digit, and 100,000 units look at it. The root of a mean square is called *rms*.

# %%
torch.manual_seed(0)
windows = pixels[0, 0].unfold(0, 5, 1).unfold(1, 5, 1).reshape(-1, 25)
window = windows[windows.sum(dim=1).argmax()]  # the one with most ink
rms_of_window = window.square().mean().sqrt().item()
normal = 0.1 * torch.randn(100_000, 25)
even = 0.1 * math.sqrt(3) * (2 * torch.rand(100_000, 25) - 1)  # evenly from -0.17 to 0.17
predicted = math.sqrt(25) * 0.1 * rms_of_window
sampled = [(drawn @ window).std().item() for drawn in (normal, even)]
assert all(math.isclose(spread, predicted, rel_tol=0.02) for spread in sampled)
round(predicted, 2), [round(spread, 2) for spread in sampled]

# %% [markdown]
# Only the variance of the weights counts, not the shape of their distribution. (Numbers drawn
# evenly from ±b have the variance b²/3.) And a ReLU? It cuts off one half of what lies evenly
# around 0, and so it halves the mean square:

# %%
torch.manual_seed(0)
sums = torch.randn(100_000)
rectified = sums.relu()
kept = (rectified.square().mean() / sums.square().mean()).item()
narrower = (rectified.std() / rectified.square().mean().sqrt()).item()
assert abs(kept - 0.5) < 0.02 and abs(narrower - 0.83) < 0.01
round(kept, 2), round(narrower, 2)

# %% [markdown]
# Before a ReLU numbers lie around 0, and their spread is their rms. After it they do not, and the
# spread is a little smaller than the rms, here 0.83 of it. The law counts in rms.
#
# So a layer and its ReLU multiply the rms by √(F/2) × spread of the weights: call that the layer's
# *gain*. After the last layer no ReLU follows, and no half is lost. What gain have the layers whose
# weights have a spread of 0.01? And which spread would give each of them a gain of 1?

# %%
# p[0] holds the weights of one unit: as many as it reads inputs.
fan_ins = {
    name.removesuffix(".weight"): p[0].numel()
    for name, p in networks.build(network).named_parameters()
    if name.endswith("weight")
}
passed = {name: F if name == "output" else F / 2 for name, F in fan_ins.items()}
gain_of_001 = {name: 0.01 * math.sqrt(left) for name, left in passed.items()}
right = {name: 1 / math.sqrt(left) for name, left in passed.items()}  # for a gain of 1
assert fan_ins == {"C1": 25, "C3": 150, "C5": 256, "F6": 120, "output": 84}
assert max(gain_of_001.values()) < 0.12
assert all(right[name] < 0.13 for name in ("C3", "C5", "F6", "output"))
{name: (round(gain_of_001[name], 3), round(right[name], 3)) for name in fan_ins}

# %% [markdown]
# With 0.01 a layer lets about a tenth through, or less. The spread that keeps a signal through a
# ReLU is √(2/F): large for few inputs, small for many. The popular 0.1 is near it in four layers of
# this network, and that is luck: in a layer of 4,096 inputs the same 0.1 would have a gain of 4.5.
# How many times the right spread is 0.1?

# %% slideshow={"slide_type": "fragment"}
assert round(math.sqrt(4_096 / 2) * 0.1, 1) == 4.5
off = {name: round(0.1 / spread, 2) for name, spread in right.items()}
assert min(off, key=off.get) == "C1" and all(0.7 < off[name] < 1.2 for name in off if name != "C1")
off

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 1 · What one unit reads
#
# Torch keeps the weights of a convolution as (maps, input maps, rows, columns), those of a dense
# layer as (units, inputs). Write `fan_in(shape)`: how many products does one unit add up?
#
# Running the cell checks your answer. Stuck? `hint("fan_in")` helps, `solution("fan_in")` shows an
# answer.


# %% tags=["exercise"]
@exercise("fan_in")
def fan_in(shape):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def fan_in(shape):
#     return math.prod(shape[1:])
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 2 · With a pencil
#
# `layers` lists a network's layers as pairs, fan-in and spread of the weights. Between two layers
# stands a ReLU; after the last one there is none. All biases are 0. What comes in has the root mean
# square `rms`. Write `spread_after(rms, layers)`: the spread of what comes out.


# %% tags=["exercise"]
@exercise("spread_after")
def spread_after(rms, layers):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def spread_after(rms, layers):
#     mean_square = rms**2
#     for fan_in, sd in layers:
#         mean_square *= fan_in * sd**2 / 2
#     return math.sqrt(2 * mean_square)
# ```
#
# </details>

# %% [markdown]
# Does the pencil hold for the network? It leaves out the pooling, and what the borders of a picture
# do. From the pixels to the outputs, first with weights of spread 1, then of √(2/F):


# %%
def with_spread(sd_of, seed):
    """The spread of the network's outputs, where a layer's weights have the spread sd_of(F)."""
    with torch.no_grad():
        model = start(lambda shape: sd_of(math.prod(shape[1:])) * torch.randn(shape), seed)
        return model(pixels).std().item()


# %%
sizes = [p[0].numel() for p in networks.build(network).parameters() if p.ndim > 1]
pencil, by_network = {}, {}
for rule, sd_of in {"1.0": lambda F: 1.0, "√(2/F)": lambda F: math.sqrt(2 / F)}.items():
    gains = [math.sqrt(F / 2) * sd_of(F) for F in sizes] + [math.sqrt(2)]  # no ReLU at the end
    pencil[rule] = pixels.square().mean().sqrt().item() * math.prod(gains)
    by_network[rule] = [with_spread(sd_of, seed) for seed in range(4)]
    assert all(1 / 6 < spread / pencil[rule] < 6 for spread in by_network[rule])
assert 17_000 < pencil["1.0"] / pencil["√(2/F)"] < 17_500
{rule: (f"{pencil[rule]:,.2f}", [f"{x:,.2f}" for x in by_network[rule]]) for rule in pencil}

# %% [markdown]
# Left the pencil, right the network, drawn four times. One draw misses by a factor of a few, since
# a layer has only so many units. Beside the factor of 17,000 between the rows that is little.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Rules, of 1998 and since
#
# On the way back sums are formed as well: the gradient of a number adds up what comes from all
# units that read it. How many those are is its *fan-out*. The rules in use differ in which of the
# two they look at, and in whether they think of the ReLU:
#
# | rule | first weights | where from |
# |---|---|---|
# | 2.4/F | evenly from ±2.4/F | the paper of 1998, p. 41 |
# | 1/√F | evenly from ±1/√F | the same authors' later code; torch, unless told otherwise |
# | Glorot | evenly, variance 2/(fan-in + fan-out) | Glorot and Bengio, 2010 |
# | He | normal, variance 2/F | He, Zhang, Ren and Sun, 2015 |


# %%
def fans(shape):
    """Fan-in and fan-out, from the shape of a layer's weights."""
    window = math.prod(shape[2:])  # 1 for a dense layer
    return shape[1] * window, shape[0] * window


def evenly(shape, bound):
    return bound * (2 * torch.rand(shape) - 1)


assert fans((16, 6, 5, 5)) == (150, 400)
assert fans((84, 120)) == (120, 84)
fans((16, 6, 5, 5))

# %%
rules = {
    "0.01": lambda shape: 0.01 * torch.randn(shape),
    "1.0": lambda shape: torch.randn(shape),
    "2.4/F": lambda shape: evenly(shape, 2.4 / fans(shape)[0]),
    "1/√F": lambda shape: evenly(shape, 1 / math.sqrt(fans(shape)[0])),
    "Glorot": lambda shape: evenly(shape, math.sqrt(6 / sum(fans(shape)))),
    "He": lambda shape: math.sqrt(2 / fans(shape)[0]) * torch.randn(shape),
}
torch.manual_seed(0)
C3 = (16, 6, 5, 5)
gains_there = {name: math.sqrt(150 / 2) * draw(C3).std().item() for name, draw in rules.items()}
assert gains_there["2.4/F"] < gains_there["0.01"] < 0.1 and gains_there["1.0"] > 8
assert abs(gains_there["1/√F"] - 0.41) < 0.02 and abs(gains_there["He"] - 1) < 0.05
figures.bars(gains_there, label="gain of C3 with its ReLU", form="{:.2f}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Torch has the last two by name, and draws its own layers' weights by 1/√F:

# %%
torch.manual_seed(0)
for name, theirs in (("Glorot", nn.init.xavier_uniform_), ("He", nn.init.kaiming_normal_)):
    both = rules[name]((400, 300)).std().item(), theirs(torch.empty(400, 300)).std().item()
    assert math.isclose(*both, rel_tol=0.01)
for layer in networks.build(network, seed=0):
    if hasattr(layer, "weight"):
        bound = 1 / math.sqrt(fans(layer.weight.shape)[0])
        assert 0.95 * bound < layer.weight.abs().max() <= bound
round(bound, 4)  # of the output layer

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### F, or its root?
#
# *For those who want more.* The paper divides by F and not by √F, and gives a reason (p. 41): the
# spread of a sum grows with √F when the inputs are independent, with F when they are highly
# correlated, and some units do read highly correlated inputs. Let us see. No inputs agree more than
# those that are all the same number, 1. From 25 of them to 400, sixteen times as many, how much
# larger do the sums become?

# %%
torch.manual_seed(0)
few_inputs, many_inputs = evenly((20_000, 25), 1), evenly((20_000, 400), 1)


def rms_of_sums(weights):
    return weights.sum(dim=1).square().mean().sqrt().item()  # every input is 1


signs = rms_of_sums(many_inputs) / rms_of_sums(few_inputs)
one_sign = rms_of_sums(many_inputs.abs()) / rms_of_sums(few_inputs.abs())
assert abs(signs - 4) < 0.2 and abs(one_sign - 16) < 0.5
f"{signs:.1f} with random signs, {one_sign:.1f} with one sign"

# %% [markdown]
# By √16 = 4, however much the inputs agree: weights of random sign cancel each other. Only if the
# *weights* agreed, all of one sign, would the sum grow with F. Training may bring that about; a
# random start does not.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### All six, there and back
#
# `retain_grad` asks torch to keep the gradient of a layer's numbers, which `backward` otherwise
# throws away when it has used it.


# %%
def spreads(model):
    """Spread of each layer's numbers, and of the gradients that come back to them."""
    numbers, given = pixels, {}
    for name, layer in model.named_children():
        numbers = layer(numbers)
        numbers.retain_grad()
        if name != "flatten":
            given[name.removesuffix("_relu")] = numbers  # a ReLU's numbers replace its layer's
    functional.cross_entropy(numbers, batch.labels, reduction="sum").backward()
    forward = {name: numbers.std().item() for name, numbers in given.items()}
    return forward, {name: numbers.grad.std().item() for name, numbers in given.items()}


# %%
there_and_back = {name: spreads(start(draw)) for name, draw in rules.items()}
there = {name: forward for name, (forward, _) in there_and_back.items()}
back = {name: backward for name, (_, backward) in there_and_back.items()}
for name in ("0.01", "2.4/F"):
    assert there[name]["output"] < 1e-4 and back[name]["C1"] < 1e-5
for earlier, later in (("S2", "C3"), ("S4", "C5"), ("C5", "F6"), ("F6", "output")):
    assert 6 < there["1.0"][later] / there["1.0"][earlier] < 16
assert max(there["He"].values()) < 2.5 * min(there["He"].values())
assert math.isclose(back["He"]["S2"], 4 * back["He"]["C1"], rel_tol=0.01)
assert math.isclose(back["He"]["S4"], 4 * back["He"]["C3"], rel_tol=0.01)
assert math.isclose(back["He"]["F6"] / back["He"]["output"], math.sqrt(2 * 10 / 84), rel_tol=0.1)
assert back["1.0"]["C1"] > 10 and 16 * 2 < back["He"]["output"] / back["He"]["C1"] < 16 * 5
figures.spreads(there_and_back)

# %% [markdown]
# Forward, He runs level. 0.01 and 2.4/F lose nearly everything; 1.0 multiplies by about ten in each
# of C3, C5, F6 and the output. Back, from right to left, the same happens again. Even He's
# gradients fall, to about a fiftieth. A factor of 16 is the poolings': an average passes a quarter
# of its gradient to each of its four inputs. The rest is mostly a matter of fan-out, which He's
# rule does not look at: F6 hears back from 10 outputs, through weights made for sums of 84.
#
# A weight's gradient is what comes forward times what comes back: where both are small, it is
# smaller still.
#
# 2.4/F was made for another network, with a squash and with outputs that are distances, and steps
# that were fitted to each weight (p. 41-42). In this one it does as 0.01 does.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### All six, trained
#
# Can the picture tell which of them learns in 300 steps of SGD, and in which order?

# %% tags=["nbval-ignore-output"]
runs = {name: learn(start(draw)) for name, draw in rules.items()}
ended = {name: mean(losses[-25:]) for name, losses in runs.items()}
early = {name: mean(losses[25:75]) for name, losses in runs.items()}
assert all(ended[name] < 1 for name in ("1/√F", "Glorot", "He"))
assert early["He"] < early["Glorot"] < 2 and early["1/√F"] > 2.2
assert all(abs(ended[name] - math.log(10)) < 0.1 for name in ("0.01", "2.4/F"))
assert abs(ended["1.0"] - math.log(10)) < 0.1 or not math.isfinite(ended["1.0"])
figures.losses_up_to(4, runs)

# %% [markdown]
# He goes down at once, Glorot soon after. 1/√F, torch's own, stands still for many steps before it
# falls. The other three stay. Neither smaller is better nor larger: **the gain decides, and fan-in
# says which spread gives it**.
#
# That is SGD. Adam divides each gradient by its own size, and 0.01 has gradients, however small:

# %%
small_start = start(rules["0.01"])
by_adam = learn(small_start, torch.optim.Adam(small_start.parameters(), lr=0.001))
assert ended["He"] < mean(by_adam[-25:]) < 1
round(mean(by_adam[-25:]), 2)

# %% [markdown]
# Adam gets the network off, behind He by SGD. An optimizer can hide a poor start. What else can it
# hide?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Broken on purpose: 0.01 in the graph
#
# One popular LeNet writes its dense layers like this: `weight = 0.01 * stored`, where `stored` is a
# variable drawn from N(0, 1). It looks like an initialisation. But the line is a part of the
# network, and works at every step. By the chain rule:

# %%
stored = torch.tensor([1.0, -2.0, 0.5], requires_grad=True)
used = 0.01 * stored
used.retain_grad()
(used * torch.tensor([3.0, 4.0, -5.0])).sum().backward()  # any loss will do
assert torch.allclose(stored.grad, 0.01 * used.grad)
used.grad.tolist(), [round(slope, 2) for slope in stored.grad.tolist()]

# %% [markdown]
# The stored weight gets a hundredth of the gradient. SGD moves it by that, and of this movement
# another hundredth reaches the used weight: its steps are 10,000 times too short. With Adam, which
# divides by the gradient's size, the first hundredth is undone, and the second is not.
#
# The recipe `relu-avg-scaled` of chapter 09 builds that network; its convolutions are not scaled.
# `once` takes it and turns the used weights into ordinary ones. Both answer alike; then each takes
# one step.


# %%
def in_the_graph(seed=0):
    torch.manual_seed(seed)
    model = networks.build(network, seed=seed)
    recipes.RECIPES["relu-avg-scaled"].initialise(model)
    return model


def once(seed=0):
    model = in_the_graph(seed)
    for layer in (model.C5, model.F6, model.output):
        parametrize.remove_parametrizations(layer, "weight")  # keeps the used weight
    return model


# %%
assert torch.equal(once()(pixels), in_the_graph()(pixels))
kept_in_c5 = [name for name, _ in in_the_graph().C5.named_parameters()]
assert kept_in_c5 == ["bias", "parametrizations.weight.original"]
kept_in_c5


# %%
def step_of_C5(model, optimizer, **settings):
    """How far the used weights of C5 move in one step; in 64 bits, as the steps are short."""
    model = model.double()
    before = model.C5.weight.detach().clone()
    functional.cross_entropy(model(pixels.double()), batch.labels).backward()
    optimizer(model.parameters(), lr=0.001, **settings).step()
    return (model.C5.weight - before).norm().item()


def times_shorter(optimizer, **settings):
    """How many times shorter a step is in the graph than with ordinary weights."""
    long, short = (step_of_C5(make(), optimizer, **settings) for make in (once, in_the_graph))
    return long / short


# %%
shorter = {
    "SGD": times_shorter(torch.optim.SGD),
    "Adam": times_shorter(torch.optim.Adam),
    "Adam, eps 1e-30": times_shorter(torch.optim.Adam, eps=1e-30),
}
assert math.isclose(shorter["SGD"], 10_000, rel_tol=0.01)
assert math.isclose(shorter["Adam, eps 1e-30"], 100, rel_tol=0.001) and 101 < shorter["Adam"] < 115
{name: f"1 / {times:,.0f}" for name, times in shorter.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# About a hundredth for Adam: a little less, since it adds a tiny number, eps, to every size, so as
# never to divide by 0, and where gradients are a hundred times smaller that begins to count. With
# a far smaller eps it is a hundredth.
#
# A hundredth of a step is slow. A ten-thousandth is nothing. Both networks, by both optimizers,
# after 200 steps:

# %% tags=["nbval-ignore-output"]
after_200 = {}
for make in (once, in_the_graph):
    for optimizer, rate in ((torch.optim.SGD, 0.1), (torch.optim.Adam, 0.001)):
        model = make()
        name = f"{optimizer.__name__}, {make.__name__}"
        after_200[name] = mean(learn(model, optimizer(model.parameters(), rate), steps=200)[-25:])
assert after_200["Adam, once"] < 0.8 and after_200["SGD, once"] < 1.5
assert 1 < after_200["Adam, in_the_graph"] < 2.28
assert abs(after_200["SGD, in_the_graph"] - math.log(10)) < 0.03
{name: round(loss, 2) for name, loss in after_200.items()}

# %% [markdown]
# In the graph the loss does not move with SGD; with Adam it has begun to fall, late. At full
# length, by Adam, chapter 09's runs of this recipe read 94% of the test digits. Whoever sees that
# may well keep the line, and change the optimizer one day.

# %%
scaled = results.load("recipes")["recipes"]["relu-avg-scaled"]["summary"]["test accuracy"]
assert 94 < scaled["lowest"] < scaled["highest"] < 95
f"{scaled['lowest']:.1f} to {scaled['highest']:.1f}%"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 3 · The step that counts
#
# The used weight is `factor` (above 0) times a stored one, and its own gradient is `gradient`, not
# 0. Write `used_steps(gradient, rate, factor)`: by how much the *used* weight changes in one step
# of SGD, and in Adam's first step, as a pair. Adam's first step moves a stored weight by the rate,
# against the sign of its gradient.


# %% tags=["exercise"]
@exercise("used_steps")
def used_steps(gradient, rate, factor):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def used_steps(gradient, rate, factor):
#     by_sgd = -rate * factor**2 * gradient
#     by_adam = -rate * factor * gradient / abs(gradient)
#     return by_sgd, by_adam
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Normal, with its tails cut
#
# Several of chapter 09's recipes draw from a *truncated* normal distribution: what lies more than
# two standard deviations out is thrown away and drawn again.


# %%
def truncated(shape, sd):
    numbers = torch.randn(shape)
    while (outside := numbers.abs() > 2).any():
        numbers[outside] = torch.randn(int(outside.sum()))
    return sd * numbers


torch.manual_seed(0)
tailless = truncated((1_000, 1_000), sd=0.1)
assert tailless.abs().max() <= 0.2
assert abs(tailless.std().item() - 0.088) < 5e-4
assert math.isclose(tailless.std().item(), math.sqrt(2 / 256), rel_tol=0.01)
round(tailless.std().item(), 3), round(math.sqrt(2 / 256), 3)

# %% [markdown]
# Without its tails the spread is no longer 0.1 but 0.088, which happens to be what He's rule wants
# for C5 with its 256 inputs. Torch
# has `trunc_normal_`, and it holds a trap: its borders `a` and `b` are plain numbers, -2 and 2
# unless told otherwise. For sd 0.1 that is twenty standard deviations, and nothing is cut.

# %%
torch.manual_seed(0)
uncut = nn.init.trunc_normal_(torch.empty(1_000, 1_000), std=0.1)
cut = nn.init.trunc_normal_(torch.empty(1_000, 1_000), std=0.1, a=-0.2, b=0.2)
assert uncut.abs().max() > 0.4 and abs(uncut.std().item() - 0.1) < 5e-4
assert cut.abs().max() <= 0.2 and abs(cut.std().item() - 0.088) < 5e-4
round(uncut.std().item(), 3), round(cut.std().item(), 3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 4 · Cut by hand
#
# Without torch: `draws` is a list of numbers from N(0, 1), longer than needed. Write
# `by_rejection(draws, count, sd)`: the first `count` of them that lie from -2 to 2, both included,
# each times `sd`.


# %% tags=["exercise"]
@exercise("by_rejection")
def by_rejection(draws, count, sd):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def by_rejection(draws, count, sd):
#     kept = [draw for draw in draws if abs(draw) <= 2]
#     return [sd * draw for draw in kept[:count]]
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Biases of 1.0
#
# Biases may all begin alike, since the weights already make units differ: 0 is usual. The recipe
# `sigmoid-avg` starts them at 1.0, all but those of C1. Does that *saturate* the sigmoids, drive
# them to where they are flat? A sigmoid's slope is s(1 - s), at most 0.25. Over 1,000 digits: the
# mean slope, and the share of units with less than a tenth of the steepest.


# %%
def with_biases(name, bias):
    """A network of the family; `bias` is that of all layers but C1."""
    model = networks.build(name, seed=0)
    torch.manual_seed(0)
    recipes.truncated_normal(model, sd=0.1, bias=bias)
    nn.init.zeros_(model.C1.bias)
    return model


# %%
def outputs_of(model, prepare):
    """What every layer gives for 1,000 digits."""
    numbers, given = prepare(few.images[:1_000]), {}
    with torch.no_grad():
        for name, layer in model.named_children():
            numbers = given[name] = layer(numbers)
    return given


# %%
def slopes(bias):
    """The mean slope of the units of C3, C5 and F6, and the share that is saturated."""
    given = outputs_of(with_biases("sigmoid-avg", bias), networks.FAMILY["sigmoid-avg"].prepare)
    squashed = [given[f"{name}_sigmoid"].flatten(1) for name in ("C3", "C5", "F6")]
    slope = torch.cat([s * (1 - s) for s in squashed], dim=1)
    return round(slope.mean().item(), 2), round((slope < 0.025).float().mean().item(), 2)


sloping = {bias: slopes(bias) for bias in (0.0, 1.0, 5.0)}
assert 0.7 < sloping[1.0][0] / sloping[0.0][0] < 0.9
assert sloping[0.0][1] <= sloping[1.0][1] < 0.02
assert sloping[5.0][1] > 0.9
read = results.load("recipes")["recipes"]["sigmoid-avg"]["summary"]["test accuracy"]
assert read["lowest"] > 98
sloping, f"{read['lowest']:.1f}%"

# %% [markdown]
# They lose about a fifth of their slope, and hardly one is saturated; biases of 5 would saturate
# most. So the recipe learns: the worst of chapter 09's three runs of it read the share of the test
# digits that stands last.
#
# And ReLUs? Biases above 0 are said to keep units from being *dead*, shut for every digit. Count
# the units that are dead, those that are open for every digit, and those that switch. Only the last
# bend anything: an open ReLU passes on what it gets.


# %%
def switching(model):
    """In C3, C5 and F6: how many are always shut, always open, and neither."""
    given, counted = outputs_of(model, network.prepare), {}
    for name in ("C3", "C5", "F6"):
        is_open = (given[f"{name}_relu"] > 0).transpose(0, 1).flatten(1)  # a row for each unit, map
        dead, always = int((~is_open.any(dim=1)).sum()), int(is_open.all(dim=1).sum())
        counted[name] = dead, always, len(is_open) - dead - always
    return counted


# %%
before = {bias: switching(with_biases("relu-avg", bias)) for bias in (0.0, 1.0)}
assert before[0.0]["C3"] == (0, 0, 16) and before[1.0]["C3"] == (0, 16, 0)
assert before[1.0]["C5"][0] > before[0.0]["C5"][0]
assert before[0.0]["C5"][2] > 75 and before[1.0]["C5"][2] < 30 and before[1.0]["F6"][2] < 15
before

# %% [markdown]
# Not what the biases were meant for. With 1.0 the maps of C3 are open for every digit, at every
# place, and more units are dead than before. Most others are always open, and few switch: what C5
# reads is nearly the same for all digits. Its spread over the digits, as a share of its mean:

# %%
differ = {}
for bias in (0.0, 1.0):
    given = outputs_of(with_biases("relu-avg", bias), network.prepare)["flatten"]
    differ[bias] = round((given.std(dim=0).mean() / given.mean()).item(), 2)
assert differ[1.0] < 0.1 and differ[0.0] > 0.4
differ

# %% [markdown] slideshow={"slide_type": "subslide"}
# Can a network learn whose units are nearly all stuck? Guess first. Then train both, and count
# again. In tenths of a layer: always shut, always open, neither.

# %%
after, losses_after = {}, {}
for bias in (0.0, 1.0):
    model = with_biases("relu-avg", bias)
    losses_after[bias] = round(mean(learn(model)[-25:]), 1)
    counted = switching(model)
    after[bias] = {
        name: [round(n / sum(three), 1) for n in three] for name, three in counted.items()
    }
    assert counted["C3"] == (0, 0, 16) and counted["C5"][2] > 100 and counted["F6"][2] > 75
    assert counted["C5"][0] < 15 and losses_after[bias] < 0.5
after[1.0], losses_after

# %% [markdown]
# It can. After 300 steps nearly every unit switches, and the losses hardly differ. An open ReLU
# passes gradients on, and so the open ones learn. Even most of the dead are back: they got no
# gradient themselves, but what they read has changed. (In C1 that cannot happen: pixels do not
# learn, chapter 03.) A count at the start is no forecast.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 5 · The dead
#
# `activations` holds what comes out of a layer's ReLUs, a row for each digit, a column for each
# unit. Write `dead_units(activations)`: how many units are 0 for every digit?


# %% tags=["exercise"]
@exercise("dead_units")
def dead_units(activations):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def dead_units(activations):
#     return int((activations == 0).all(dim=0).sum())
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## All alike
#
# *For those who want more.* If biases may be equal, why not the weights? Units that begin alike get
# the same gradient, and stay alike. After 50 steps, how far are the weights of a layer's units from
# those of its first?

# %%
alike = start(lambda shape: torch.full(shape, 1 / math.prod(shape[1:])))
learn(alike, steps=50)
apart = {
    name: (layer.weight - layer.weight[0]).abs().max().item()
    for name, layer in alike.named_children()
    if name in ("C1", "C3", "C5", "F6")
}
moved = (alike.C1.weight - 1 / 25).abs().max().item()
assert max(apart.values()) < 1e-5 and moved > 1e-4
{name: round(value, 4) for name, value in apart.items()}, round(moved, 4)

# %% [markdown]
# The weights did move (the last number, for C1), and 120 units of C5 still do the work of one.
# Random weights break that symmetry. With all weights 0 it is worse: nothing comes forward and
# nothing comes back, and a single gradient is left, that of the output's biases.

# %%
zeros = start(lambda shape: torch.zeros(shape))
functional.cross_entropy(zeros(pixels), batch.labels).backward()
moving = [name for name, p in zeros.named_parameters() if p.grad.abs().max() > 0]
assert moving == ["output.bias"]
moving

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * A layer multiplies a signal's rms by √F times the spread of its weights, and a ReLU halves the
#   mean square. What is a little off in one layer is far off after five.
# * Weights of spread √(2/F) keep the signal of a ReLU network level. Neither smaller is better nor
#   larger: with SGD at 0.1, 0.01 and 1.0 both end at ln 10, or at no number. 0.1 suits this network
#   by luck. Adam gets it off even from 0.01.
# * Multiplied by 0.01 in the graph, weights take steps that are 10,000 times shorter with SGD, and
#   some 100 times with Adam, which hides it.
# * A normal distribution of spread 0.1, cut at two standard deviations, has a spread of 0.088.
# * Biases of 1.0 cost sigmoids some slope. Before training they leave most ReLUs open or shut for
#   every digit; training undoes it.
#
# ## Where to go next
#
# **Chapter 11** keeps what a network has learned. **Chapter 13** trains the network of 1998 as its
# authors did.
