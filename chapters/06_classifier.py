# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 06 · Classifier
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F06_classifier.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/06_classifier.ipynb)
#
# **Question.** How do 16 small maps become one answer, and how is a wrong answer measured?
#
# **Afterwards you can**
#
# * build C5 as a convolution and as a matrix, and say where the two part;
# * carry weights to a program that flattens its maps in another order;
# * read an answer from distances to codes, and say how many wrong pixels they bear;
# * compute softmax and cross-entropy by hand, and keep them from breaking at large numbers.
#
# 50 minutes, 20 of them exercises · needs chapter 02; 03 and 04 help

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
from itertools import combinations, product

import ipywidgets
import torch
from IPython.display import Markdown
from torch import nn
from torch.nn import functional

from lenet_course import codes, data, figures, layers, networks, shapes, training
from lenet_course.exercises import TODO, exercise, hint, solution  # for you to call
from lenet_course.widgets.static_text import StaticText

digits = data.load()
test = digits.test[:1_000]
paper = networks.find("lenet5-1998")
seven = paper.prepare(test.images[test.labels == 7][:1])
assert seven.shape == (1, 1, 32, 32)

# %% [markdown] slideshow={"slide_type": "skip"}
# This chapter takes a network apart that has learned something. So a LeNet-5 of 1998 trains here
# for 250 steps, a few seconds, with the loss of 1998 (MAP, near the end of this page). Every 50
# steps `note` keeps what F6, its last layer but one, says to a seven.

# %% slideshow={"slide_type": "skip"}
model = networks.build(paper, seed=0)
to_s4, to_c5, to_f6 = model[:8], model[:9], model[:-1]  # each begins with the digit
f6 = model[9:-1]  # what follows C5: its squash, F6, and F6's squash
film = {}


def note(history):
    film[history.steps] = to_f6(seven)[0].detach()


note(training.History())
how = {"prepare": paper.prepare, "loss": paper.loss, "decide": paper.decide, "watch": note}
adam = torch.optim.Adam(model.parameters(), lr=0.002)
training.fit(model, digits.train, optimizer=adam, epochs=100, max_steps=250, **how)
model.requires_grad_(False)
assert {0, 50, 250} <= set(film)

# %% [markdown] slideshow={"slide_type": "skip"}
# What S4 hands over for this page's test digits, and the codes that F6 learns to draw:

# %% slideshow={"slide_type": "skip"}
maps = to_s4(paper.prepare(test.images))
ten = torch.tensor(codes.digit_codes()).float()
assert maps.shape[1:] == (16, 5, 5) and ten.shape == (10, 84)
tuple(maps.shape[1:])

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Three numbers to write on the board: 400, 84, 10. Let the class guess how
# many of the 84 pixels may be turned before an answer can change (5), and what an untrained
# network's cross-entropy is (about ln 10). With 25 minutes only: C5, "In another order", the codes,
# softmax, "Softmax twice".

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A row of 400
#
# S4 hands over 16 maps of 5×5. To *flatten* them is to write their 400 numbers in one row. Torch
# writes map after map, and each map row by row. So where does the number at row 2, column 4 of map
# 3 stand? Three whole maps come before it, then two rows, then four numbers.

# %%
m, row, column = 3, 2, 4
flat = maps.flatten(1)
place = m * 25 + row * 5 + column
assert flat.shape[1] == 16 * 5 * 5 == 400
assert torch.equal(flat[:, place], maps[:, m, row, column])
place

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 1 · The place in the row
#
# Write `flat_place(m, row, column, rows, columns)`: the place of that number for maps of any size,
# `rows` × `columns`. Everything is counted from 0.
#
# Running the cell checks your answer. Stuck? `hint("flat_place")` helps, `solution("flat_place")`
# shows an answer.


# %% tags=["exercise"]
@exercise("flat_place")
def flat_place(m, row, column, rows, columns):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def flat_place(m, row, column, rows, columns):
#     return m * rows * columns + row * columns + column
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## C5, built three times
#
# C5 has 120 units. Each has a kernel of 5×5 for every one of the 16 maps, and the maps are 5×5: the
# window stands at one place only, so a unit reads all 400 numbers, each with a weight of its own.
# First in loops, one product at a time:


# %%
def units_by_loops(maps, kernels, biases):
    """(16, 5, 5) maps of one digit and (120, 16, 5, 5) kernels to (120,) units."""
    units = []
    for kernel, bias in zip(kernels.tolist(), biases.tolist(), strict=True):
        total = bias
        for m, row, column in product(*map(range, maps.shape)):
            total += kernel[m][row][column] * maps[m, row, column].item()
        units.append(total)
    return torch.tensor(units)


kernels, biases = model.C5.weight, model.C5.bias
in_loops = units_by_loops(maps[0], kernels, biases)
assert in_loops.numel() * kernels[0].numel() == 120 * 400 == 48_000
in_loops.numel() * kernels[0].numel()

# %% [markdown] slideshow={"slide_type": "subslide"}
# Second, all units at once: the maps times every kernel, added up over map, row and column. Third,
# as a *matrix*: flatten the maps, flatten each kernel in the same order, and C5 is one product of a
# matrix of 120×400 with a row of 400. Many programs call this a linear, dense or fully connected
# layer.


# %%
def units_by_sums(maps, kernels, biases):
    return (kernels * maps).sum(dim=(1, 2, 3)) + biases


def units_by_matrix(maps, kernels, biases):
    return kernels.flatten(1) @ maps.flatten() + biases


ways = [units_by_loops, units_by_sums, units_by_matrix]
with_torch = model.C5(maps[:1])[0, :, 0, 0]
assert all(torch.allclose(way(maps[0], kernels, biases), with_torch, atol=1e-4) for way in ways)
tuple(kernels.shape), tuple(kernels.flatten(1).shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# In torch: a `Conv2d` with kernels of shape (120, 16, 5, 5), or a `Linear` with a matrix of shape
# (120, 400). The weights are the same numbers; one `flatten` carries them over.

# %%
as_convolution, as_matrix = nn.Conv2d(16, 120, kernel_size=5), nn.Linear(400, 120)
as_convolution.load_state_dict({"weight": kernels, "bias": biases})
as_matrix.load_state_dict({"weight": kernels.flatten(1), "bias": biases})
with torch.no_grad():
    two_ways = as_convolution(maps).flatten(1), as_matrix(maps.flatten(1))
assert torch.allclose(*two_ways, atol=1e-4)
furthest = (two_ways[0] - two_ways[1]).abs().max()
Markdown(f"over {len(maps):,} digits and 120 units, apart by {furthest:.0e} at most: rounding")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Where the matrix cannot follow
#
# Then why does the paper call C5 a convolution? Because on a larger picture it stays the same
# layer, and has more places to stand (p. 6-8). Put the digit into a field of 36×36: S4's maps are
# 6×6, C5's 2×2. And each of the four places says what C5 would say to the window of 32×32 that lies
# there, 4 pixels further for each place.

# %%
wide = functional.pad(paper.prepare(test.images[:1]), (2, 2, 2, 2), value=paper.background)
everywhere = to_c5(wide)[0]
assert everywhere.shape == (120, 2, 2)
for top, left in product((0, 4), repeat=2):
    window = wide[..., top : top + 32, left : left + 32]
    units = to_c5(window)[0, :, 0, 0]
    assert torch.allclose(everywhere[:, top // 4, left // 4], units, atol=1e-4)
tuple(everywhere.shape)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Four answers of C5 for less than twice the work, because the windows share most of C1 and C3. The
# matrix has 400 columns and gets 576 numbers:

# %%
work = [shapes.trace(paper.layers[:9], (1, side, side)).multiply_adds for side in (32, 36)]
assert round(work[1] / work[0], 2) == 1.78
try:
    functional.linear(to_s4(wide).flatten(1), model.C5.weight.flatten(1))
except RuntimeError as error:
    said = str(error)
assert "(1x576 and 400x120)" in said
round(work[1] / work[0], 2), said

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Broken on purpose: in another order
#
# Torch keeps a batch of maps as NCHW: number of the digit, *channel* (the map), height, width.
# TensorFlow's usual order is NHWC: the channel comes last. Nothing is wrong with either, until
# somebody flattens. An NHWC program writes place after place, and for each place all maps. For two
# maps a and b of 2×2, with their places 0 to 3:
#
# |       | 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 |
# |-------|---|---|---|---|---|---|---|---|
# | torch | a0 | a1 | a2 | a3 | b0 | b1 | b2 | b3 |
# | other | a0 | b0 | a1 | b1 | a2 | b2 | a3 | b3 |
#
# Let the other program have the weights of our C5, as they are:


# %%
def accuracy(flat, matrix):
    states = f6(functional.linear(flat, matrix, model.C5.bias))
    answers = model.output(states).argmin(dim=1)
    return (answers == test.labels).float().mean().item()


matrix, maps_last = model.C5.weight.flatten(1), maps.permute(0, 2, 3, 1)
in_order, mixed_up = accuracy(maps.flatten(1), matrix), accuracy(maps_last.flatten(1), matrix)
assert maps.flatten(1).shape == maps_last.flatten(1).shape
assert in_order > 0.8 and mixed_up < 0.4
Markdown(f"test digits read rightly: {in_order:.0%}, and in the other order {mixed_up:.0%}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# No error, no odd shape: the same 400 numbers, the same 120×400 weights, and a network that
# guesses. To see where each number went, let 0 to 399 go the same way: at its places 0, 1, 2 the
# other program has what torch has at 0, 25, 50. Of the 400 only four still meet their weights. With
# torch's weights in that order as well, it reads.

# %%
places = torch.arange(400).reshape(16, 5, 5).permute(1, 2, 0).flatten()
assert places[:3].tolist() == [0, 25, 50]
assert (places == torch.arange(400)).sum() == 4
assert torch.equal(maps.flatten(1)[:, places], maps_last.flatten(1))
assert abs(accuracy(maps_last.flatten(1), matrix[:, places]) - in_order) < 0.005
places[:3].tolist(), (places == torch.arange(400)).sum().item()

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 2 · Carried over
#
# Now from the other program to torch, from the table's lower line to its upper one. In `matrix`
# each line holds one unit's weights: place after place, and for each place map after map. There are
# `maps` maps, and any number of places, not always a square. Write `carried_over(matrix, maps)`:
# the same weights, in torch's order. (`x.mT` is `x` with its last two sides exchanged.)


# %% tags=["exercise"]
@exercise("carried_over")
def carried_over(matrix, maps):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def carried_over(matrix, maps):
#     by_place = matrix.reshape(len(matrix), -1, maps)
#     return by_place.mT.flatten(1)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## F6: 84 units that draw
#
# F6 is a matrix again: 84 units, each with 120 weights and a bias, and after it the squash (a bend,
# chapter 03). In the network of 1998 the *states* that come out have a meaning. 84 is 7×12: F6 is
# to draw the printed character, ink +1 and paper -1. Here it learns to draw the seven. (States may
# reach ±1.7159; black is +1 and more, white -1 and less.)

# %%
drawn_after = {str(steps): state for steps, state in film.items() if steps % 50 == 0}
drawn_after["the code"] = torch.tensor(codes.code("7")).float()
assert list(drawn_after) == ["0", "50", "100", "150", "200", "250", "the code"]
what = "grey noise before training, a seven from 50 steps on, last the code itself"
figures.code_pictures([each.tolist() for each in drawn_after.values()], list(drawn_after), what)

# %% [markdown]
# The flecks come and go: a step that mends one digit may disturb another. How many of the 84 pixels
# are on the right side of 0? Before training about half, as with a coin; then nearly all.

# %%
on_code = [(each.sign() == drawn_after["the code"]).sum().item() for each in drawn_after.values()]
assert 25 < on_code[0] < 59 and min(on_code[1:]) > 63 and on_code[-2] > 75
Markdown(" · ".join(f"{name}: {count}" for name, count in zip(drawn_after, on_code, strict=True)))

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Codes that lie apart
#
# The number of pixels in which two codes differ is their *Hamming distance*. The nearest two digits
# are 6 and 8, with 12; then 0 and 4, and 8 and 9, with 18; the farthest are 50 apart, and the mean
# is 31.1. With one unit for each digit, +1 for the right one and -1 for the others, any two would
# be 2 apart.

# %%
pairs = list(combinations(range(10), 2))
apart = {pair: codes.distance(*(codes.digit_codes()[digit] for digit in pair)) for pair in pairs}
nearest = sorted(pairs, key=apart.get)
assert [(pair, apart[pair]) for pair in nearest[:3]] == [((6, 8), 12), ((0, 4), 18), ((8, 9), 18)]
assert [pair for pair in pairs if apart[pair] == 50] == [(1, 4), (1, 8), (4, 7)]
assert max(apart.values()) == 50 and round(sum(apart.values()) / len(pairs), 1) == 31.1
assert codes.distance((1, *[-1] * 9), (-1, 1, *[-1] * 8)) == 2
round(sum(apart.values()) / len(pairs), 1)

# %% [markdown] slideshow={"slide_type": "subslide"}
# The paper's figure 3 has a code for every printable character of ASCII. Characters that look alike
# lie close together, as the paper argues: here nearer than any two digits. (The bars over 0 and O
# are the paper's own.)

# %%
alike = {pair: codes.distance(*map(codes.code, pair)) for pair in ("Oo", "l1", "I1", "O0")}
assert alike == {"Oo": 5, "l1": 6, "I1": 7, "O0": 10}
assert max(alike.values()) < min(apart.values())
names = ["6", "8", "capital O", "small o", "zero", "small l", "capital I", "one"]
what = "three groups that look alike (6 and 8; O, o and 0; l, I and 1), the codes of"
figures.code_pictures([codes.code(character) for character in "68Oo0lI1"], names, what)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 3 · How many wrong pixels?
#
# F6 draws one of the codes, but some pixels come out wrong, +1 for -1 or the other way round. How
# many may be wrong, *whichever* they are, so that the drawing is still nearer to its own code than
# to any other? Write `flips_borne(pictures)`, where `pictures` is a list of two codes or more, in
# any order. `codes.distance(one, other)` gives a Hamming distance.


# %% tags=["exercise"]
@exercise("flips_borne")
def flips_borne(pictures):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def flips_borne(pictures):
#     nearest = min(codes.distance(one, other) for one, other in combinations(pictures, 2))
#     return (nearest - 1) // 2
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Distances for answers
#
# An output unit of 1998, an *RBF* unit, says how far F6's states are from its code: the sum of 84
# squared differences (eq. 7, p. 8). In loops, for one digit; then with tensors, for many. The ten
# units say of the first test digit:


# %%
def distances_by_loops(state, ten):
    return [sum((x - w) ** 2 for x, w in zip(state, code, strict=True)) for code in ten]


def distances_by_tensors(states, ten):
    return (states[:, None] - ten).square().sum(dim=2)


states = f6(model.C5(maps))
distances = distances_by_tensors(states, ten)
one_by_one = torch.tensor(distances_by_loops(states[0].tolist(), ten.tolist()))
assert torch.allclose(one_by_one, distances[0], atol=1e-3)
assert torch.allclose(layers.RBF(codes.digit_codes())(states), distances, atol=1e-3)
said = " · ".join(f"{digit}: {far:.0f}" for digit, far in enumerate(distances[0]))
Markdown(f"a {test.labels[0]}, and its distances from the codes: {said}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# Call the 84 states x and a code w. Write x·w for their *dot product*, each state times its pixel,
# all added up, and |x|² for x·x. Then the sum of squared differences, multiplied out, is
# |x|² - 2 x·w + |w|². The first term is the same for all ten classes, and so is the last: every
# code has 84 values of +1 or -1, so |w|² = 84. What decides is x·w: a linear layer without a bias,
# whose weights are the codes. There the *largest* wins:


# %%
def distances_by_product(states, ten):
    own, products = states.square().sum(dim=1, keepdim=True), states @ ten.T
    return own - 2 * products + ten.square().sum(dim=1)


states = f6(model.C5(maps))
assert torch.allclose(distances_by_product(states, ten), model.output(states), atol=1e-3)
assert ten.square().sum(dim=1).tolist() == [84] * 10
answers_agree = model.output(states).argmin(dim=1) == (states @ ten.T).argmax(dim=1)
assert answers_agree.float().mean() > 0.995  # two may lie equally near, to rounding
said = " · ".join(f"{digit}: {product:.0f}" for digit, product in enumerate(states[0] @ ten.T))
Markdown(f"the same {test.labels[0]}, and its dot products with the codes: {said}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The smallest wins
#
# How many wrong pixels do the digits bear? Take the nearest two, and turn pixels of the 6 from +1
# to -1 or back, all of them where 6 and 8 differ: nothing is worse. Each turned pixel is 2 off, so
# it adds 4 to one distance and takes 4 from the other.

# %%
where = (ten[6] != ten[8]).nonzero().flatten()
between = {}
for turned in (5, 6, 7):
    drawn = ten[6].clone()
    drawn[where[:turned]] *= -1
    distances = layers.RBF(codes.digit_codes())(drawn[None])[0]
    between[turned] = distances[6].item(), distances[8].item()
assert len(where) == 12
assert between == {5: (20, 28), 6: (24, 24), 7: (28, 20)}
between

# %% [markdown] slideshow={"slide_type": "subslide"}
# 5 turned pixels are borne, whichever they are; 6 leave a doubt, and 7 are read as an 8. Pixels
# turned at random do less harm. Take the codes of all test digits, and read the distances by
# `argmin`, and by `argmax`, as most programs would:

# %%
dice, read = torch.Generator().manual_seed(0), {}
for wrong in (5, 20, 30):
    # In each row argsort shuffles the numbers 0 to 83, and `wrong` of those are below `wrong`.
    turned = torch.rand(len(test), 84, generator=dice).argsort(dim=1) < wrong
    drawn = torch.where(turned, -ten[test.labels], ten[test.labels])
    distances = layers.RBF(codes.digit_codes())(drawn)
    ways = distances.argmin(dim=1), distances.argmax(dim=1)
    read[wrong] = [(answers == test.labels).float().mean().item() for answers in ways]
assert read[5][0] == 1 and read[20][0] > 0.95 and 0.65 < read[30][0] < 0.95
assert all(by_argmax == 0 for _, by_argmax in read.values())
{wrong: [round(share, 2) for share in shares] for wrong, shares in read.items()}

# %% [markdown]
# With 20 wrong pixels of 84 nearly all digits are still read, with 30 about four in five. `argmax`
# reads none, and that is not the 10% of a guess: it names the digit that the picture is *least*
# like.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Shares of one
#
# Today's LeNets end in ten plain linear units. Their outputs are called *logits*; the largest wins.
# *Softmax* turns logits into shares: take `exp` of each, which makes it positive, and divide by the
# sum, so that the shares add up to 1.


# %%
def softmax_by_hand(logits):
    powers = [math.exp(logit) for logit in logits]
    return [power / sum(powers) for power in powers]


def softmax_by_tensors(logits):
    powers = logits.exp()
    return powers / powers.sum(dim=-1, keepdim=True)


logits = torch.tensor([2.0, 1.0, 0.0])
by_hand = softmax_by_hand(logits.tolist())
for others in (softmax_by_tensors(logits), logits.softmax(dim=0)):
    assert torch.allclose(torch.tensor(by_hand), others)
assert math.isclose(sum(by_hand), 1) and math.isclose(by_hand[0] / by_hand[1], math.e)
[round(share, 3) for share in by_hand]

# %% [markdown] slideshow={"slide_type": "subslide"}
# A logit that is 1 larger has a share e = 2.718 times as large. Only differences count: add the
# same number to all logits, and every power grows by the same factor, which cancels. *Multiply* all
# of them by 5, and the first answer takes nearly everything.

# %%
logits = torch.tensor([2.0, 1.0, 0.0])
assert torch.allclose((logits + 5).softmax(dim=0), logits.softmax(dim=0))
largest = (logits * 5).softmax(dim=0)[0].item()
assert round(largest, 3) == 0.993
round(largest, 3)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Where it overflows
#
# In numbers of 32 bits exp(89) is already infinite. And infinity divided by infinity is `nan`, not
# a number. The next step takes logarithms of the shares, and there even torch's own softmax does
# not help: a share of exp(-200) is rounded to 0, and log 0 is minus infinity. `log_softmax` forms
# no share at all. It takes the largest logit away first, then from each the logarithm of the sum of
# what `exp` makes of them.

# %%
logits = torch.tensor([200.0, 0.0])
powers = logits.exp()
by_hand = torch.log(powers / powers.sum())
in_two_steps = torch.log(torch.softmax(logits, dim=0))
at_once = torch.log_softmax(logits, dim=0)
assert torch.tensor(89.0).exp().isinf() and torch.tensor(88.0).exp().isfinite()
assert by_hand[0].isnan() and by_hand[1] == -math.inf
assert in_two_steps.tolist() == [0, -math.inf]
assert at_once.tolist() == [0, -200]
by_hand.tolist(), in_two_steps.tolist(), at_once.tolist()

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 4 · A softmax that bears large numbers
#
# Write `safe_softmax(logits)`: `logits` has a row for each digit and a column for each class, and
# each row becomes shares. 1000 and -1000 may stand in it. What may you take away from a row, so
# that no `exp` is ever too large? (Torch's own would be right too; here is how it works.)


# %% tags=["exercise"]
@exercise("safe_softmax")
def safe_softmax(logits):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def safe_softmax(logits):
#     powers = (logits - logits.amax(dim=1, keepdim=True)).exp()
#     return powers / powers.sum(dim=1, keepdim=True)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a wrong answer costs
#
# *Cross-entropy* is the loss that goes with shares: minus the logarithm of the share that the right
# answer got. A share of 1 costs nothing, a share of a half 0.69. A network that knows nothing gives
# a tenth to each of ten answers, and that costs ln 10 = 2.30. In loops, with tensors, with torch:


# %%
def cross_entropy_by_hand(logits, labels):
    """(N, classes) logits and (N,) labels to (N,) losses."""
    losses = []
    for row, label in zip(logits.tolist(), labels.tolist(), strict=True):
        powers = [math.exp(logit) for logit in row]
        losses.append(-math.log(powers[label] / sum(powers)))
    return losses


logits, right_ones = torch.tensor([[2.0, 1.0, 0.0], [0.0, 0.0, 0.0]]), torch.tensor([1, 2])
by_hand = torch.tensor(cross_entropy_by_hand(logits, right_ones))
by_tensors = -logits.softmax(dim=1)[torch.arange(2), right_ones].log()  # one share from each row
assert torch.allclose(by_hand, by_tensors)
assert torch.allclose(by_hand, functional.cross_entropy(logits, right_ones, reduction="none"))
assert round(math.log(2), 2) == 0.69 and round(math.log(10), 2) == 2.30
[round(loss, 3) for loss in by_hand.tolist()]

# %% [markdown] slideshow={"slide_type": "subslide"}
# Three logits, and answer 1 is the right one. Can you push the loss to 0? And what does it cost
# when a *wrong* answer is far ahead?

# %%
sliders = [
    ipywidgets.FloatSlider(value, min=-5, max=5, step=0.5, description=f"logit {k}")
    for k, value in enumerate((2, 1, 0))
]
drawing, words = ipywidgets.Image(), ipywidgets.HTML()


def update(change=None):
    seen = figures.shares([slider.value for slider in sliders], right=1)
    drawing.value, words.value = seen.image, seen.alt


update()
assert "answer 1 is right, so the loss is 1.4076" in words.value
words.value


# %%
class Explorer(StaticText, ipywidgets.VBox):
    text_alternative = "Three sliders for logits, at 2, 1 and 0; below, the shares and the loss."

    def picture(self):
        return bytes(drawing.value)


for slider in sliders:
    slider.observe(update, "value")
Explorer([*sliders, drawing, words])

# %% [markdown] slideshow={"slide_type": "fragment"}
# <details>
# <summary>Answer</summary>
#
# Never quite 0: with the right logit at 5 and the others at -5 it is 0.0001. (From a lead of 18 on,
# rounded to 32 bits, it becomes 0.) With a wrong answer 10 ahead the loss is 10.0001: far off, it
# grows as fast as the difference of the logits, and no faster.
#
# </details>

# %%
rows = torch.tensor([[-5.0, 5, -5], [-5, 13, -5], [5, -5, -5]])
paid = functional.cross_entropy(rows, torch.tensor([1, 1, 1]), reduction="none").tolist()
assert 0 < paid[0] < 0.0001 and paid[1] == 0 and round(paid[2], 4) == 10.0001
[round(abs(loss), 4) for loss in paid]

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### A sum, or a mean?
#
# The losses of a batch are added up, or averaged, and the sum of 64 is 64 times as steep as the
# mean. A plain step (SGD) is as long as the slope times the *learning rate*. So a rate of 0.001
# with the sum goes as far as 0.064 with the mean; and in the last batch, the 32 that 60,000 digits
# leave over, as far as 0.032. For ten plain units on F6's states:


# %%
def steepness(states, labels, reduction):
    weights = torch.zeros(10, states.shape[1], requires_grad=True)
    functional.cross_entropy(states @ weights.T, labels, reduction=reduction).backward()
    return weights.grad.norm().item()


steeper, states = {}, f6(model.C5(maps))
for count in (64, 60_000 % 64):
    batch = states[:count], test.labels[:count]
    steeper[count] = steepness(*batch, "sum") / steepness(*batch, "mean")
    assert math.isclose(steeper[count], count, rel_tol=1e-4)
{count: (round(times), round(0.001 * times, 3)) for count, times in steeper.items()}

# %% [markdown]
# Whoever copies a recipe's learning rate has to copy its `sum` or `mean` as well. Adam divides such
# a factor out. Chapter 09 trains with both.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 5 · Cross-entropy by hand, for those who want more
#
# Write `mean_cross_entropy(logits, labels)`: the mean loss over the rows. Large logits must not
# break it, so form no share: the logarithm of a quotient is a difference. `logits.logsumexp(dim=1)`
# is the logarithm of the sum of all `exp` in each row; it too takes the largest logit away first,
# and adds it again. (Torch's own loss would be right too; here is how it works.)


# %% tags=["exercise"]
@exercise("mean_cross_entropy")
def mean_cross_entropy(logits, labels):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def mean_cross_entropy(logits, labels):
#     right = logits[torch.arange(len(labels)), labels]
#     return (logits.logsumexp(dim=1) - right).mean()
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The losses of 1998
#
# For distances the paper has two losses. Equation 8 (MSE) is the mean distance of the right code:
# it pulls, and does nothing about the other nine. Equation 9 (MAP) also pushes. For each digit:
#
#     distance of the right code + log(exp(-j) + sum over all ten of exp(-distance))
#
# That is cross-entropy in disguise. Take minus the distances for logits, and an eleventh answer,
# "none of these", that always stands at the distance `j`. The paper calls `j` positive, no more.


# %%
def map_loss_as_cross_entropy(distances, labels, j):
    none_of_these = torch.full((len(distances), 1), j)
    logits = -torch.cat([distances, none_of_these], dim=1)
    return functional.cross_entropy(logits, labels, reduction="none")


distances = model.output(f6(model.C5(maps)))
by_hand = map_loss_as_cross_entropy(distances, test.labels, 20.0)
assert torch.allclose(by_hand, layers.map_loss(distances, test.labels, j=20.0), atol=1e-3)
mse, of_all = distances[torch.arange(len(test)), test.labels].mean(), distances.mean()
assert 3 * mse < of_all
Markdown(f"mean distance of the right code {mse:.0f}, of all codes {of_all:.0f}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the classifier costs
#
# In C5 and F6 nothing is shared: as many connections as parameters. The codes are fixed, so the
# output of 1998 has 840 connections and nothing to learn, where ten plain units have 850
# parameters.

# %%
trace = paper.trace()
costs = {name: (trace[name].parameters, trace[name].connections) for name in ("C5", "F6", "output")}
assert costs == {"C5": (48_120, 48_120), "F6": (10_164, 10_164), "output": (0, 840)}
assert 120 * (400 + 1) == 48_120 and 84 * (120 + 1) == 10_164
plain_units = networks.find("relu-max").trace()["output"]
assert plain_units.parameters == 10 * 84 + 10 == 850
assert round((48_120 + 10_164) / trace.parameters, 2) == 0.97
costs

# %% [markdown]
# C5 and F6 hold 97 of every 100 parameters of LeNet-5. Without a bend between them they would be
# one affine map (chapter 03).

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Broken on purpose: softmax twice
#
# Torch's `cross_entropy` takes logits: the softmax is inside. Many tutorials still end the network
# in a softmax layer and give its shares to `CrossEntropyLoss`. Then there are two, and no error
# says so. But shares lie between 0 and 1, so the best such a network can hand over is a 1 and nine
# 0. The second softmax makes e / (e + 9) of that 1, no more, and the loss cannot fall below
# ln(e + 9) - 1. Below, once and twice, while the right logit grows:

# %%
floor = math.log(math.e + 9) - 1
class_3, losses = torch.tensor([3]), {}
for height in (0, 5, 10, 20):
    logits = height * functional.one_hot(class_3, 10).float()
    outputs = logits, logits.softmax(dim=1)
    losses[height] = [functional.cross_entropy(out, class_3).item() for out in outputs]
any_shares = (20 * torch.randn(1_000, 10)).softmax(dim=1)
assert functional.cross_entropy(any_shares, class_3.repeat(1_000), reduction="none").min() > 1.4611
assert losses[20][0] == 0 and math.isclose(losses[20][1], floor, abs_tol=1e-6)
assert round(floor, 4) == 1.4612
{height: [round(loss, 4) for loss in pair] for height, pair in losses.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# A loss that will not pass 1.46 with ten classes: look for a second softmax. The floor is not the
# worst of it. Suppose the network is sure of a wrong answer. How hard is it pulled back?


# %%
def pull(logits, softmax_first):
    """How fast the loss falls when the right answer's logit grows, here that of class 3."""
    logits = logits.clone().requires_grad_()
    outputs = logits.softmax(dim=1) if softmax_first else logits
    functional.cross_entropy(outputs, torch.tensor([3])).backward()
    return -logits.grad[0, 3].item()


sure_of_five = 20 * functional.one_hot(torch.tensor([5]), 10).float()
once, twice = pull(sure_of_five, False), pull(sure_of_five, True)
assert round(once, 4) == 1 and abs(twice) < 1e-8
round(once, 4), round(abs(twice), 4)

# %% [markdown]
# As hard as can be, and not at all. Where shares are so near 1 and 0 softmax is flat, as the squash
# is far from 0 (chapter 03): the right logit may grow, its share hardly moves. The worst mistakes
# teach nothing.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * C5 is a convolution with one place to stand, so a matrix of 120×400 does the same; on 36×36
#   pixels the convolution gives 2×2, and the matrix an error.
# * Flattened in another order, 400 numbers keep their shape and lose their meaning.
# * F6 draws. The nearest two codes are 12 apart, so any 5 pixels may be turned, and the *smallest*
#   distance wins.
# * Softmax knows only differences of logits; take away the largest, or use `log_softmax`.
# * A summed loss hides a learning rate that grows with the batch.
# * Softmax twice: a floor at 1.4612, and no pull back from the worst mistakes.
#
# ## Where to go next
#
# **Chapter 07** puts all layers together, and counts 60,000 parameters and 340,908 connections.
# **Chapter 09** lets the loss change the weights.
