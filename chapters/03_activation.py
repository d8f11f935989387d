# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 03 · Activation
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F03_activation.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/03_activation.ipynb)
#
# **Question.** What does the squashing function after each layer do, and what happens without one,
# or with a bad one?
#
# **Afterwards you can**
#
# * build sigmoid, scaled tanh and ReLU by hand, and say what each does to a digit;
# * work out how much of a gradient gets through a chain of them;
# * find units that are dead, and say why they stay dead;
# * show that a network without any activation is one affine map, and what such a map cannot do.
#
# 55 minutes, 20 of them exercises · needs chapters 00 and 02

# %% tags=["setup"]
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
import copy
import math
from itertools import product

import ipywidgets
import torch
from torch import nn
from torch.nn import functional

from lenet_course import codes, data, figures, layers, networks, shapes, training
from lenet_course.exercises import TODO, exercise, hint, solution  # for you to call
from lenet_course.widgets.static_text import StaticText

digits = data.load()
prepare = networks.FAMILY["relu-max"].prepare  # a field of 32 x 32, paper 0 and ink 1
digit = prepare(digits.test[digits.test.labels == 7].images[:1])[0, 0]
edge = torch.tensor([-1.0, -1, 0, 1, 1]).repeat(5, 1) / 2  # vertical edges; / 2: sums up to 5
sums = torch.conv2d(digit[None, None], edge[None, None])[0, 0]  # what C1 adds up, before any bend
three = {"sigmoid": torch.sigmoid, "scaled tanh": layers.ScaledTanh(), "ReLU": torch.relu}
assert sums.shape == (28, 28) and edge.clamp(min=0).sum() == 5

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Draw the three curves large and let learners walk along them: where is it
# steep, where flat? All that goes wrong here goes wrong where it is flat. Without time, leave out
# "Why 1.7159 and 2/3", "ReLU and pooling" and "What no affine map can do"; exercises 3 and 5 are
# for those who want more.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Three functions, built three times
#
# A unit of C1 adds up 25 products and a bias (chapter 02). Before the next layer reads that sum, a
# function bends it: the *activation*. It takes one number and gives one number, and it is the same
# for every unit of a layer. The paper's squashes large numbers to between -1.7159 and 1.7159, and
# so this course often calls it a *squash*. Three of them matter for LeNets:
#
# * the *sigmoid*, 1 / (1 + e^-x), squashes to between 0 and 1;
# * the *scaled tanh*, 1.7159 tanh(2x/3), is the one of 1998 (p. 7);
# * *ReLU*, for *rectified linear unit*, turns negative numbers into 0 and leaves the others.
#
# ### First: one number at a time


# %%
def sigmoid(number):
    return 1 / (1 + math.exp(-number))


def scaled_tanh(number):
    up, down = math.exp(2 * number / 3), math.exp(-2 * number / 3)
    return 1.7159 * (up - down) / (up + down)


def relu(number):
    return number if number > 0 else 0.0


of_one = {"sigmoid": sigmoid(1.0), "scaled tanh": scaled_tanh(1.0), "ReLU": relu(1.0)}
assert [round(bent, 4) for bent in of_one.values()] == [0.7311, 1, 1]
{name: round(bent, 4) for name, bent in of_one.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# In loops over all 28×28 sums that an edge kernel finds on a digit. The largest sum becomes:


# %%
def by_loops(maps, function):
    bent = torch.zeros_like(maps)
    for place in product(*map(range, maps.shape)):
        bent[place] = function(maps[place].item())
    return bent


by_hand = {"sigmoid": sigmoid, "scaled tanh": scaled_tanh, "ReLU": relu}
in_loops = {name: by_loops(sums, function) for name, function in by_hand.items()}
assert in_loops["ReLU"].max() == sums.max()
{name: round(looped.max().item(), 2) for name, looped in in_loops.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# That works until a sum is far from zero: e^1000 is more than Python's floats can hold.

# %%
try:
    sigmoid(-1000)
except OverflowError as error:
    raised = type(error).__name__
assert raised == "OverflowError"
raised

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Second: tensor operations
#
# One line bends a whole tensor. There e^1000 is `inf`, infinity, and 1 / `inf` is 0: the sigmoid
# comes out right. The quotient in our scaled tanh becomes `inf / inf`, which is `nan`, *not a
# number*. But a tanh is a sigmoid in disguise, fed with twice the number, doubled, and lowered by
# 1: tanh(u) = 2 sigmoid(2u) - 1.


# %%
def sigmoid_of(maps):
    return 1 / (1 + torch.exp(-maps))


def scaled_tanh_of(maps):
    return 1.7159 * (2 * sigmoid_of(4 * maps / 3) - 1)


def relu_of(maps):
    return torch.where(maps > 0, maps, 0.0)


far = torch.tensor([-1000.0, 1000.0])
up, down = torch.exp(2 * far / 3), torch.exp(-2 * far / 3)
quotient = 1.7159 * (up - down) / (up + down)
assert torch.isnan(quotient).all()
assert sigmoid_of(far).tolist() == [0, 1] and relu_of(far).tolist() == [0, 1000]
tanhs = {"quotient": quotient, "in disguise": scaled_tanh_of(far)}
{name: [round(bent, 4) for bent in pair.tolist()] for name, pair in tanhs.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### And torch
#
# Torch has the sigmoid and ReLU, the course's `layers` have the scaled tanh. (`three` was made
# beside the imports.) How far are the three ways apart, at the worst of 784 sums?

# %%
in_tensors = {"sigmoid": sigmoid_of, "scaled tanh": scaled_tanh_of, "ReLU": relu_of}
furthest_apart = {}
for name, packaged in three.items():
    ways = torch.stack([in_loops[name], in_tensors[name](sums), packaged(sums)])
    furthest_apart[name] = (ways.amax(dim=0) - ways.amin(dim=0)).max().item()
assert ways.shape == (3, 28, 28) and max(furthest_apart.values()) < 1e-5
{name: round(apart, 4) for name, apart in furthest_apart.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · A ReLU that leaks
#
# The *leaky* ReLU leaves positive numbers as they are, and multiplies negative ones by `leak`, a
# small number such as 0.1. Write `leaky_relu(values, leak)` for a tensor of any shape. We shall
# need it later.
#
# Running the cell checks your answer. Stuck? `hint("leaky_relu")` helps, `solution("leaky_relu")`
# shows an answer.


# %% tags=["exercise"]
@exercise("leaky_relu")
def leaky_relu(values, leak):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def leaky_relu(values, leak):
#     return values.clamp(min=0) + leak * values.clamp(max=0)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it does to a digit
#
# The sums of our edge kernel, and what each function makes of them. Plain paper gives a sum of 0.
# What does each say where there is nothing to see? (Each map has a scale of its own; hatched is
# negative.)

# %%
bent_maps = {name: function(sums) for name, function in three.items()}
of_nothing = {name: bent[sums == 0].unique().tolist() for name, bent in bent_maps.items()}
assert of_nothing == {"sigmoid": [0.5], "scaled tanh": [0], "ReLU": [0]}
assert bent_maps["sigmoid"].min() > 0
assert torch.equal(bent_maps["scaled tanh"].sign(), sums.sign())
shown = {"sums": sums, **bent_maps}
told = "The sigmoid's page is nowhere below 0; the scaled tanh keeps both signs, ReLU one."
figures.signed_maps(shown.values(), list(shown), columns=4, shared=False, what=told)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The sigmoid calls an empty page 0.5, and no unit of its map is below 0. The scaled tanh keeps
# nothing at 0 and keeps signs. ReLU keeps where a stroke begins, and forgets where it ends. How
# many of the 784 units are 0 before it, and after?

# %%
zeros = {"before": int((sums == 0).sum()), "after": int((torch.relu(sums) == 0).sum())}
assert zeros["after"] > 784 / 2
if digits.name == "MNIST":
    assert zeros == {"before": 493, "after": 632}
zeros

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What it costs
#
# No parameter: there is nothing to learn in it. But it takes time, at every unit. In LeNet-5 of
# 1998 all layers squash but the last, S2 and S4 too. How many squashes does a digit take, and how
# many multiply-adds are there for each?

# %%
trace = networks.find("lenet5-1998").trace()
rows = [row for row in trace if isinstance(row.layer, shapes.Activation)]
squashes = {row.name.split("_")[0]: math.prod(row.output_shape) for row in rows}
assert sum(row.parameters for row in rows) == 0
assert list(squashes) == ["C1", "S2", "C3", "S4", "C5", "F6"]
assert sum(squashes.values()) == 8_084
assert round(trace.multiply_adds / 8_084) == 41
squashes | {"together": sum(squashes.values()), "multiply-adds for each": 41}

# %% [markdown] slideshow={"slide_type": "fragment"}
# ReLU is a single comparison, and all but free; a tanh has to work out an exponential.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The slope decides what is learned
#
# Let the sum grow a little: the bent number grows *slope* times as much. Training asks each weight
# how the loss, which says how wrong the network is, changes with it; the answer, the *gradient*,
# comes back from the output through every squash, and at each unit it is multiplied by the slope
# there. Where the slope is 0, nothing comes back.

# %%
figures.functions(three)


# %% [markdown] slideshow={"slide_type": "fragment"}
# Torch finds slopes itself. Add up all bent numbers: if one number grows a little, only its own
# bent number grows, and the total with it. So `autograd.grad` of the total gives the slope at each
# number. How steep does each function get?


# %%
def slopes(function, numbers):
    numbers = numbers.clone().requires_grad_()
    return torch.autograd.grad(function(numbers).sum(), numbers)[0]


along = torch.linspace(-8, 8, 1601, dtype=torch.float64)
steepest = {name: slopes(function, along).max().item() for name, function in three.items()}
assert math.isclose(steepest["sigmoid"], 1 / 4)
assert math.isclose(steepest["scaled tanh"], 1.7159 * 2 / 3)
assert steepest["ReLU"] == 1
{name: round(slope, 4) for name, slope in steepest.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Two squashes are steepest at 0, with a slope of 1/4 and of 1.144. ReLU has a corner there, and a
# corner has no slope; torch has to say something, and says 0.

# %%
at_zero = {name: slopes(function, torch.zeros(1)).item() for name, function in three.items()}
assert all(abs(at_zero[name] - steepest[name]) < 1e-6 for name in ("sigmoid", "scaled tanh"))
assert at_zero["ReLU"] == 0
{name: round(slope, 4) for name, slope in at_zero.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Move a number along the curves. How far from 0 has the slope of each fallen to a tenth of its
# largest? From there on the function is nearly flat; one says that it *saturates*.

# %%
number = ipywidgets.FloatSlider(1.0, min=-4, max=4, step=0.1, description="number")
drawing, words = ipywidgets.Image(), ipywidgets.HTML()


def update(change=None):
    seen = figures.functions(three, point=number.value)
    drawing.value, words.value = seen.image, seen.alt


update()
assert "At 1.0: sigmoid 0.731, slope 0.197; scaled tanh 1.000, slope 0.755" in words.value
words.value


# %%
class Explorer(StaticText, ipywidgets.VBox):
    text_alternative = "A slider from -4 to 4; below, where its number sits on three functions."

    def picture(self):
        return bytes(drawing.value)


number.observe(update, "value")
assert (number.min, number.max) == (-4, 4)
Explorer([number, drawing, words])

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details>
# <summary>Answer</summary>
#
# The sigmoid's between 3.6 and 3.7, the scaled tanh's between 2.7 and 2.8, to either side. ReLU's
# never on the right, where its slope is 1 all the way, and at once on the left.
#
# </details>

# %%
to_the_right = torch.linspace(0, 8, 8001, dtype=torch.float64)
flat = {}
for name in ("sigmoid", "scaled tanh"):
    share = slopes(three[name], to_the_right) / steepest[name]
    flat[name] = round(to_the_right[share < 0.1][0].item(), 2)
assert flat == {"sigmoid": 3.64, "scaled tanh": 2.73}
assert (slopes(torch.relu, to_the_right[1:]) == 1).all()
flat

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · The slope, from the output
#
# Programs compute the slope of a squash from its *output*, which they have anyway. For the sigmoid
# it is `output * (1 - output)`: with an output of 1/2 a slope of 1/4.
#
# Write `squash_slope(output)`: the slopes of the scaled tanh, 1.7159 tanh(2x/3), from a tensor of
# its outputs. You need not know x. The slope of tanh(u) is 1 - tanh(u)².


# %% tags=["exercise"]
@exercise("squash_slope")
def squash_slope(output):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def squash_slope(output):
#     return 2 / 3 * (1.7159 - output**2 / 1.7159)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Why 1.7159 and 2/3
#
# The paper chose the two constants so that +1 goes to +1 and -1 to -1 (p. 7, appendix A): with four
# decimals, to less than three millionths. F6 is to learn states of +1 and -1, its codes (chapter
# 06). There the squash begins to flatten, and is not flat: how much of its largest slope is left?

# %%
at_one = 1.7159 * math.tanh(2 / 3)
slope_left = 1 - math.tanh(2 / 3) ** 2
assert 0 < 1 - at_one < 3e-6 and math.tanh(-2 / 3) == -math.tanh(2 / 3)
assert round(slope_left, 2) == 0.66
assert {pixel for code in codes.digit_codes() for pixel in code} == {-1, 1}
{"squash of 1": f"{at_one:.7f}", "part of the slope": round(slope_left, 2)}

# %% [markdown] slideshow={"slide_type": "fragment"}
# And its slope changes fastest near there. How fast a slope changes is the *second derivative*, the
# slope of the slope: ask autograd twice. The paper has it largest at ±1 (appendix A). Computed, it
# is largest at ±0.988.

# %%
around = torch.linspace(-3, 3, 60_001, dtype=torch.float64, requires_grad=True)
(first,) = torch.autograd.grad(layers.ScaledTanh()(around).sum(), around, create_graph=True)
(second,) = torch.autograd.grad(first.sum(), around)
changes_fastest = abs(around[second.abs().argmax()].item())
assert abs(changes_fastest - 0.988) < 0.001
round(changes_fastest, 3)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What survives ten layers
#
# Bend a number, bend the result, and so on: slopes multiply. Each sigmoid leaves a quarter at most,
# and so k of them leave at most 4^-k. Send 1 through ten of each, and ask autograd how much the end
# still changes with the beginning.


# %%
def surviving(function, depth):
    number = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    bent = number
    for _ in range(depth):
        bent = function(bent)
    return torch.autograd.grad(bent, number)[0].item()


survives = {name: surviving(function, depth=10) for name, function in three.items()}
assert all(surviving(torch.sigmoid, k) <= 4.0**-k for k in range(1, 11))
assert math.isclose(survives["scaled tanh"], 0.7554**10, rel_tol=0.01)
assert survives["ReLU"] == 1 and survives["sigmoid"] < 1e-6
{name: f"{slope:.1g}" for name, slope in survives.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# Ten sigmoids leave less than a millionth. The scaled tanh leaves 1 at 1, where its slope is 0.755,
# and so 0.755^10. ReLU leaves a positive number alone, and all of the slope.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · Along the chain
#
# *For those who want more.* Write `chained_slope(number, depth)` without autograd: the slope of
# `depth` sigmoids, one after the other, for a number that enters the first. Every sigmoid has its
# slope at the number that reaches *it*.


# %% tags=["exercise"]
@exercise("chained_slope")
def chained_slope(number, depth):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def chained_slope(number, depth):
#     slope = 1
#     for _ in range(depth):
#         number = 1 / (1 + math.exp(-number))
#         slope = slope * number * (1 - number)
#     return slope
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### With weights between them
#
# In a network a matrix stands between two squashes, and weights too can make gradients smaller or
# larger (chapter 10). To see the squash alone, take matrices that change no length: *orthogonal*
# ones, which only turn or mirror. Ten layers of 84 units, with a gradient put in at the end; its
# length after each layer, measured on the way back:


# %%
def gradients(function, depth=10, units=84):
    torch.manual_seed(0)
    outputs = [torch.randn(100, units)]  # 100 inputs, and below what every layer makes of them
    for _ in range(depth):
        turned = outputs[-1] @ nn.init.orthogonal_(torch.empty(units, units))
        outputs.append(function(turned).requires_grad_())
    pull = (outputs[-1] * torch.randn(100, units)).sum()
    lengths = [slope.norm() for slope in torch.autograd.grad(pull, outputs[1:])]
    return [(length / lengths[-1]).item() for length in lengths]


runs = {name: gradients(function) for name, function in three.items()}
runs["no squash"] = gradients(lambda sums: sums)
assert all(length <= 4.0**-k for k, length in enumerate(reversed(runs["sigmoid"])))
assert 1.5e-6 < runs["sigmoid"][0] < 2.5e-6
assert 0.5 < runs["scaled tanh"][0] < 1 and min(runs["no squash"]) > 0.99
assert 0.02 < runs["ReLU"][0] < 0.07 and 0.5 < runs["ReLU"][0] * math.sqrt(2) ** 9 < 2
figures.by_depth(runs, label="gradient, layer 10's = 1")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Without a squash nothing is lost. Nine sigmoids leave about two millionths: the gradient
# *vanishes*. The scaled tanh keeps most. ReLU loses what comes to its closed units, about half,
# and 4% is left. Why use it, then? What it loses is about the same at every layer: weights √2 times
# as large make up for it (chapter 10).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Broken on purpose: eight sigmoids deep
#
# A real network for real digits: eight layers of 32 units and an output of 10, weights again from
# `orthogonal_`, 300 steps of 64 digits. (`fit` is chapter 09's: each step moves every weight a
# little against its gradient.) Only the squash differs. No error is raised.


# %%
# Weights that change no length, as above, as far as a matrix that is not square can.
def deep(function):
    hidden = [shapes.Linear(32), shapes.Activation(function)] * 8
    model = networks.build([shapes.Flatten(), *hidden, shapes.Linear(10)])
    torch.manual_seed(0)
    for name, parameter in model.named_parameters():
        (nn.init.orthogonal_ if name.endswith("weight") else nn.init.zeros_)(parameter)
    return model


# Gives how far the first layer moved, as a part of its own length.
def trained(model):
    first = model[1].weight.detach().clone()
    sgd = torch.optim.SGD(model.parameters(), lr=0.1)
    training.fit(model, digits.train, optimizer=sgd, epochs=100, max_steps=300, prepare=prepare)
    return ((model[1].weight - first).norm() / first.norm()).item()


# %%
deep_ones = {"sigmoid": deep("sigmoid"), "scaled tanh": deep("scaled_tanh"), "ReLU": deep("relu")}
moved = {name: trained(deep_one) for name, deep_one in deep_ones.items()}
assert moved["sigmoid"] < 0.001 and min(moved["scaled tanh"], moved["ReLU"]) > 0.1
{name: "over 0.1" if part > 0.1 else "under 0.001" for name, part in moved.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# The first layer of the sigmoid network has moved by less than a thousandth of its length, those of
# the others by more than a tenth. And what do they answer?

# %% tags=["nbval-ignore-output"]
tests = {
    name: training.evaluate(deep_one, digits.test, prepare=prepare)
    for name, deep_one in deep_ones.items()
}
assert tests["sigmoid"].accuracy < 0.2 and tests["scaled tanh"].accuracy > 0.8
assert tests["ReLU"].accuracy > 0.3
read = {name: 100 * test.accuracy for name, test in tests.items()}
figures.bars(read, label="test digits read rightly, %", form="{:.0f}")

# %%
answered = len(tests["sigmoid"].predictions.unique())
lost, chance = tests["sigmoid"].loss, math.log(10)  # chance gives 10% to every answer
assert answered == 1 and abs(lost - chance) < 0.05
{"answers": answered, "loss": round(lost, 1), "ln 10": round(chance, 1)}

# %% [markdown] slideshow={"slide_type": "fragment"}
# The sigmoid network picks the same answer for every digit, and its loss is about ln 10, as if it
# had never seen one. For the cure nothing was changed but the squash.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Units that die
#
# ReLU's slope is 0 on the whole left side. If a unit's sum is negative for *every* digit, its
# gradient is always 0, and plain gradient descent never changes it again. Let us kill one map of
# C1: with a bias of -6, which pixels of at most 1 cannot make up for.

# %%
killed = networks.build("relu-max", seed=0)
with torch.no_grad():
    killed.C1.bias[2] = -6
    seen = killed.C1(prepare(digits.test.images[:1_000]))
    blank = killed.C1(torch.zeros(1, 1, 32, 32))[0, :, 0, 0]
most = killed.C1.weight[2].clamp(min=0).sum().item()  # ink where the weights are positive
opens = {m: (seen[:, m] > 0).float().mean().item() for m in range(6)}
assert opens[2] == 0 and min(share for m, share in opens.items() if m != 2) > 0
assert most < 6 and torch.equal(blank, killed.C1.bias)
told = {f"map {m}": f"bias {blank[m]:.2f}, open {share:.1%}" for m, share in opens.items()}
told | {"most that ink adds to map 2": round(most, 2)}

# %% [markdown] slideshow={"slide_type": "fragment"}
# Not one unit of map 2 opens, at 784 places on 1,000 digits. (On blank paper a map's sum is its
# bias, whose sign decides: hence the two large shares.) Now train for 20 steps of plain gradient
# descent (SGD). Which maps move?


# %%
def after(model, steps):
    """A copy, some steps later, and how far each map of C1 moved: its weight that did most."""
    later = copy.deepcopy(model)
    sgd = torch.optim.SGD(later.parameters(), lr=0.1)
    training.fit(later, digits.train, optimizer=sgd, epochs=100, max_steps=steps, prepare=prepare)
    return later, (later.C1.weight - model.C1.weight).detach().abs().amax(dim=(1, 2, 3))


later, moves = after(killed, steps=20)
assert later.C1.bias[2] == -6 and moves[2] == 0
assert all(moves[m] > 0 for m in (0, 1, 3, 4, 5))
{f"map {m}": bool(move > 0) for m, move in enumerate(moves)}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Map 2 is bit for bit as it was. A leaky ReLU, as in exercise 1, has a slope on both sides, so that
# the map gets a gradient. Does it come back?

# %%
leaking = copy.deepcopy(killed)
leaking.C1_relu = nn.LeakyReLU(0.1)
leaked, leaked_moves = after(leaking, steps=20)
bias_now = leaked.C1.bias[2].item()
closed = leaked.C1(prepare(digits.test.images[:1_000]))[:, 2].max().item() < 0
assert leaked_moves[2] > 0 and 0 < abs(bias_now + 6) < 0.05 and closed
{"moves": bool(leaked_moves[2] > 0), "bias": round(bias_now, 1), "still closed": closed}

# %% [markdown] slideshow={"slide_type": "fragment"}
# It moves, and in 20 steps its bias has not got away from -6: no unit opens yet.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · Count the dead
#
# `sums` holds what a layer adds up for some digits, before ReLU: its shape is `(digits, maps, rows,
# columns)`. A map is dead if ReLU's slope is 0, as torch has it, at every place on every digit.
# Write `dead_maps(sums)`: how many maps are dead.


# %% tags=["exercise"]
@exercise("dead_maps")
def dead_maps(sums):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def dead_maps(sums):
#     largest = sums.amax(dim=(0, 2, 3))
#     return (largest <= 0).sum()
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# Nobody has to kill them. In a network fresh from `build`, how many maps of C1 and C3, of the 120
# units of C5 and the 84 of F6 stay at 0 on 1,000 digits? And how many after 300 steps?


# %%
def silent(model):
    """How many maps or units of each layer stay at 0 on all of the same digits."""
    values, found = prepare(digits.test.images[:1_000]), {}
    for name, layer in model.named_children():
        values = layer(values).detach()
        if name.endswith("relu"):
            largest = values.reshape(*values.shape[:2], -1).amax(dim=(0, 2))
            found[name.split("_")[0]] = int((largest == 0).sum())
    return found


# %%
fresh = networks.build("relu-max", seed=0)
before_training, after_training = silent(fresh), silent(after(fresh, steps=300)[0])
assert before_training["C1"] == 0 and before_training["F6"] > 10
half_came_back = after_training["F6"] < before_training["F6"] / 2
assert half_came_back
{"fresh": before_training, "most of F6 came back": half_came_back}

# %% [markdown] slideshow={"slide_type": "fragment"}
# A good part of F6 said nothing, and most of it learned to. Its inputs come from layers that learn,
# and may change until a unit opens. C1 reads the digits, which do not change.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## ReLU and pooling
#
# After C1's ReLU the modern network pools: S2 takes 2×2 units and keeps the largest, or their
# average (chapter 04). May ReLU and S2 change places? With the maximum they always may: the largest
# of four stays the largest when all are bent by a function that never falls. With the average they
# may not, wherever a window holds both signs: there ReLU first drops the negatives. On the maps of
# 200 digits:

# %%
C1 = networks.build("relu-max", seed=0).double().C1
C1_maps = C1(prepare(digits.test.images[:200]).double()).detach()
differ = {}
for name, pool in {"maximum": functional.max_pool2d, "average": functional.avg_pool2d}.items():
    relu_first, pool_first = pool(torch.relu(C1_maps), 2), torch.relu(pool(C1_maps, 2))
    assert (relu_first >= pool_first).all()
    differ[name] = relu_first != pool_first
lowest, highest = -functional.max_pool2d(-C1_maps, 2), functional.max_pool2d(C1_maps, 2)
assert torch.equal(differ["average"], (lowest < 0) & (highest > 0)) and not differ["maximum"].any()
assert 0.02 < differ["average"].float().mean() < 0.5
{name: f"{int(places.sum())} of {places.numel()} differ" for name, places in differ.items()}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## No squash at all
#
# Convolution, average pooling and dense layers all multiply by fixed numbers and add. Such a map is
# called *affine*: a matrix and a bias, `outputs = weight @ inputs + bias`. Two affine maps, one
# after the other, are again affine: the first one's outputs only get multiplied and added once
# more. C5, F6 and the output of a LeNet, without squashes, are three in a row:

# %%
three_layers = networks.build("no-activation", seed=0).double()[5:]
C5, F6, output = three_layers  # outermost last: output(F6(C5(features)))
weight = output.weight @ F6.weight @ C5.weight
bias = output.weight @ (F6.weight @ C5.bias + F6.bias) + output.bias
features = torch.randn(100, 400).double()
assert torch.allclose(three_layers(features), features @ weight.T + bias)
parameters = {"three layers": sum(p.numel() for p in three_layers.parameters())}
parameters["one affine map"] = weight.numel() + bias.numel()
assert list(parameters.values()) == [59_134, 4_010]
parameters

# %% [markdown] slideshow={"slide_type": "subslide"}
# 59,134 parameters say no more than 4,010 can. What of a whole network, convolutions and all?
# Nobody wants to multiply that out. But an affine map cannot hide.
#
# ### Exercise 5 · Find the matrix by asking
#
# *For those who want more.* `network` takes `(N, size)` numbers and gives `(N, outputs)`, and it is
# affine. You may only call it. What does it answer to zeros? To an input with a single 1? Write
# `affine_map(network, size)`, which gives `weight`, of shape `(outputs, size)`, and `bias`, of
# shape `(outputs,)`.


# %% tags=["exercise"]
@exercise("affine_map")
def affine_map(network, size):
    return TODO, TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def affine_map(network, size):
#     answers = network(torch.cat([torch.zeros(1, size), torch.eye(size)]))
#     bias = answers[0]
#     return (answers[1:] - bias).T, bias
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# Ask `relu-avg` with all four ReLUs forgotten: an empty page, and 784 pages with one black pixel
# each. Its 44,426 parameters collapse to 7,850. Is that map the network, on real digits too? And
# for the family's `no-activation`, which takes the *largest* of each 2×2?


# %%
@torch.no_grad()
def collapsed(model, images):
    """What a network says, and what the affine map says that agrees with it on single pixels."""
    size = images[0].numel()
    pages = torch.cat([torch.zeros(1, size), torch.eye(size)]).double()
    empty, *black = model(pages.reshape(-1, *images.shape[1:]))
    return model(images), images.flatten(1) @ (torch.stack(black) - empty) + empty


# %%
network = networks.find("relu-avg")
forgotten = [layer for layer in network.layers if not isinstance(layer, shapes.Activation)]
straight = networks.build(forgotten, network.input_shape, seed=0).double()
assert len(network.layers) - len(forgotten) == 4
assert sum(p.numel() for p in straight.parameters()) == 44_426 and 784 * 10 + 10 == 7_850
still_bends = networks.build("no-activation", seed=0).double()
few = network.prepare(digits.test.images[:200]).double()
asked = {"relu-avg, no ReLU": straight, "no-activation": still_bends}
affine = {name: torch.allclose(*collapsed(model, few)) for name, model in asked.items()}
assert affine == {"relu-avg, no ReLU": True, "no-activation": False}
affine

# %% [markdown] slideshow={"slide_type": "fragment"}
# A maximum bends. That network is not affine, whatever its name.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What no affine map can do
#
# The same rule, with numbers small enough for the hand. *XOR* is 1 if exactly one of two inputs is
# 1. An affine map that answers 1 to (1, 0), 1 to (0, 1) and 0 to (0, 0) must answer 1 + 1 - 0 = 2
# to (1, 1), where XOR is 0. By least squares its best compromise is 1/2 everywhere. Two ReLUs are
# enough:


# %%
def xor(a, b):
    return torch.relu(a + b) - 2 * torch.relu(a + b - 1)


a, b = torch.tensor([0.0, 0, 1, 1]), torch.tensor([0.0, 1, 0, 1])
wanted = torch.tensor([0.0, 1, 1, 0])
corners = torch.stack([a, b, torch.ones(4)], dim=1)  # the ones are for the bias
compromise = (corners @ torch.linalg.lstsq(corners, wanted[:, None]).solution)[:, 0]
assert torch.allclose(compromise, torch.tensor(0.5), atol=1e-5)
assert torch.equal(xor(a, b), wanted)
answers = {"two ReLUs": xor(a, b), "best affine map": compromise}
{name: [round(answer, 2) for answer in four.tolist()] for name, four in answers.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# Can a network learn such a thing? 400 points; inside a circle they are of one kind, outside of the
# other. Two dense layers with 16 units between them: once with nothing there, once with the squash.

# %%
torch.manual_seed(0)
points = 4 * torch.rand(400, 2) - 2
inside = (points - 0.5).norm(dim=1) < 1.3
assert 0.2 < inside.float().mean() < 0.5
{"inside": int(inside.sum()), "outside": int((~inside).sum())}


# %%
def learned(squash):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), squash, nn.Linear(16, 1))
    adam = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(300):
        adam.zero_grad()
        says = model(points)[:, 0]
        functional.binary_cross_entropy_with_logits(says, inside.float()).backward()
        adam.step()
    return lambda plane: model(plane).detach()[:, 0] > 0


# %%
says = {"no squash": learned(nn.Identity()), "scaled tanh": learned(layers.ScaledTanh())}
right = {name: (say(points) == inside).float().mean().item() for name, say in says.items()}
right["always outside"] = (~inside).float().mean().item()
assert right["no squash"] < right["always outside"] + 0.1 and right["scaled tanh"] > 0.95
{name: round(share, 1) for name, share in right.items()}

# %% tags=["nbval-ignore-output"]
assert list(says) == ["no squash", "scaled tanh"]
figures.regions(points, inside, says)

# %% [markdown] slideshow={"slide_type": "fragment"}
# With two inputs, an affine map can only say yes on one side of a straight line, however many
# layers it is written in: no better than to say "outside" every time. One layer of squashes, and
# the line closes around the points inside.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### And digits?
#
# Digits are kind: even a straight cut through 784 pixels tells many apart. One affine map, found in
# a single step from 10,000 digits, by least squares (with a little *ridge*, a pull towards 0 that
# makes the solution unique):


# %%
def pixels_and_one(images):  # the one is for the bias
    pixels = networks.find("relu-avg").prepare(images).flatten(1)
    return functional.pad(pixels, (0, 1), value=1.0)


seen_pixels = pixels_and_one(digits.train.images[:10_000])
one_for_each = functional.one_hot(digits.train.labels[:10_000].long(), 10).float()
ridge = torch.eye(785).double()  # some pixels are always 0: without it no solution is the only one
steady = (seen_pixels.T @ seen_pixels).double() + ridge
straight_cut = torch.linalg.solve(steady, (seen_pixels.T @ one_for_each).double()).float()
picked = (pixels_and_one(digits.test.images) @ straight_cut).argmax(dim=1)
wrong = (picked != digits.test.labels).float().mean().item()
assert 0.03 < wrong < 0.25
f"{wrong:.0%} wrong"

# %% [markdown] slideshow={"slide_type": "fragment"}
# Without a bend no depth would have helped: all of it would have been one more affine map.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * An activation bends every number by itself and has no parameters. LeNet-5 needs 8,084 a digit.
# * The slope decides what comes back in training: at most 1/4 through a sigmoid and 1.144 through
#   the scaled tanh, exactly 0 or 1 through ReLU.
# * Slopes multiply: k sigmoids leave at most 4^-k, and a network eight deep did not learn.
# * The scaled tanh leaves ±1 where it is, and its slope changes fastest near there.
# * A ReLU that is closed for every digit has no gradient. In C1 it is dead for good, unless weight
#   decay pulls at it.
# * ReLU and max-pooling may change places, ReLU and average pooling may not.
# * Without any bend a network of any depth is one matrix and one bias.
#
# ## Where to go next
#
# **Chapter 04** opens S2 and S4: average, maximum, and the unit of 1998 that learns. **Chapter 10**
# comes back to gradients that vanish, from the side of the weights.
