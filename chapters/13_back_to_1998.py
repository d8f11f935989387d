# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 13 · Back to 1998
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F13_back_to_1998.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/13_back_to_1998.ipynb)
#
# **Question.** Does the network of the paper, trained as the paper says, do what the paper says?
#
# **Afterwards you can**
#
# * set a paper's training beside your own, line by line, and say what it leaves open;
# * give each weight a step size of its own, from second derivatives carried back by hand;
# * say how far the means of a few seeds can be trusted;
# * explain how a loss collapses, what `j` does, and how a run gets stuck without exploding.
#
# 65 minutes, 20 of them exercises · needs chapters 06 and 09; 10 and 12 help

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
import statistics  # for you to use
from importlib import resources
from itertools import groupby
from statistics import mean, stdev

import torch
from IPython.display import Markdown

from lenet_course import back_to_1998 as engine
from lenet_course import checkpoints, codes, data, figure_8, figures, layers, networks, results
from lenet_course.back_to_1998 import losses, paper
from lenet_course.back_to_1998.network import named
from lenet_course.exercises import TODO, every_exercise, exercise, hint, solution
from lenet_course.progress import progress

digits = data.load(validation=0)  # the paper learned from all 60,000
is_mnist = digits.name == "MNIST"
network = networks.find("lenet5-1998")
ten = torch.tensor(codes.digit_codes()).float()
assert ten.shape == (10, 84)

# %% [markdown] slideshow={"slide_type": "skip"}
# One run of twenty passes takes longer than a page may. The runs of this page were made beforehand
# by one command, `python benchmarks/back_to_1998.py`, several seeds each; it keeps a record of all
# seeds and the weights of the first. Wherever the page says *kept*, it reads those files. Nothing
# was chosen by the test digits: what counts is the error after the last pass.

# %% slideshow={"slide_type": "skip"}
kept = {
    name.removeprefix("1998-"): results.load(name)
    for name in results.names()
    if name.startswith("1998-")
}
second_order, with_map = kept["second-order"], kept["map"]
assert all(run["script"] == "benchmarks/back_to_1998.py" for run in kept.values())


# %% slideshow={"slide_type": "skip"}
def last(run, what="test error"):
    """What each seed of a kept run had after its last pass, in percent."""
    return [seed[what][-1] for seed in run["runs"].values()]


def table(*rows):
    """A table in the page; the first row is its head."""
    head, *lines = [f"| {' | '.join(row)} |" for row in rows]
    return Markdown("\n".join([head, "|" + "---|" * len(rows[0]), *lines]))


def ends(values):
    """Mean, lowest and highest in words; of two seeds both."""
    if len(values) == 2:
        return f"{values[0]:.2f} and {values[1]:.2f}"
    return f"{mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"


assert ends([1.0, 2.0, 4.5]) == "2.50 (1.00 to 4.50)" and ends([2, 1]) == "2.00 and 1.00"


# %% slideshow={"slide_type": "skip"}
def steps_of(flat, plan, number=1):
    """The step sizes, for pass `number`, of the 60,000 weights that learn."""
    sizes = engine.step_sizes(flat, plan, digits.train, [0], number)
    return sizes[0][engine.trainable().bool()]


def shipped(name):
    """The kept network of a run's first seed."""
    model = networks.build(network)
    checkpoints.load_weights(model, resources.files(results) / kept[name]["weights"]["file"])
    return model.requires_grad_(False)


# %% slideshow={"slide_type": "skip"}
def through(model, split):
    """What a model, or a part of it, says to many digits, 500 at a time."""
    with torch.no_grad():
        return torch.cat([model(network.prepare(images)) for images in split.images.split(500)])


# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** The page is a detective story: a paper, a result, and gaps between them. Let
# the class find the gaps in the first table before you show the second. The pass that runs live
# takes half a minute to two: start it, then ask what its first number will be. Without time, leave
# out the codes that learn, and the section on `j`.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Paper against ours
#
# To repeat a result, write down two columns: what the paper says, and what you did. First the
# network, which the course built by the paper (chapters 02 to 07). One gap is left: what a unit of
# S2 does, the paper tells in two ways.

# %%
trace = network.trace()
built = networks.build(network)
assert sum(p.numel() for p in built.parameters()) == 60_000
assert (trace.parameters, trace.connections) == (60_000, 340_908)
assert built.S2.reduction == built.S4.reduction == "sum"
table(
    ("the network", "paper", "ours"),
    ("to learn, connections", "60,000; 340,908", f"{trace.parameters:,}; {trace.connections:,}"),
    ("a unit of S2 and S4", "averages four (p. 6), adds four (p. 7)", built.S2.reduction),
    ("codes", "figure 3, fixed (p. 8)", f"{tuple(built.output.codes.shape)}, fixed"),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Then the training. A *rate* η (eta) and a *curvature* h give each weight its step; more of that
# below. Rates are written as how often times what.


# %%
def written(rates):
    return ", ".join(f"{len(list(same))} × {rate:g}" for rate, same in groupby(rates))


assert written((0.5, 0.5, 0.1)) == "2 × 0.5, 1 × 0.1"

# %%
first = "±1/√F; biases 0; S2 and S4 from 0.5"
best, low = (ends(last(kept[name])) for name in ("second-order", "distortions"))
assert len(engine.PAPER_RATES) == len(engine.OUR_RATES) == 20
table(
    ("the training", "paper", "ours"),
    ("first weights, F inputs", "evenly from ±2.4/F (p. 41)", first),
    ("loss", "equation 8 or 9 (p. 8-9)", "both, times ½"),
    ("step of a weight", "η / (μ + h), μ = 0.02 (p. 41-42)", f"the same, μ = {engine.training.MU}"),
    ("rates η, 20 passes", written(engine.PAPER_RATES), written(engine.OUR_RATES)),
    ("test error, %", f"{paper.TEST_ERROR} ± 0.1", best),
    ("with distorted digits, %", f"{paper.TEST_ERROR_DISTORTED}", low),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The result is met: 0.95% lies among our five seeds. The way there is not the paper's to the
# letter: other first weights, other rates. Why, the page will find out. And some lines have no
# answer in the paper: which of two losses gave 0.95%, and by which constant `j`.

# %%
assert min(last(second_order)) < paper.TEST_ERROR < max(last(second_order))
assert abs(mean(last(second_order)) - paper.TEST_ERROR) < 0.1
assert ends(last(second_order)) == "0.93 (0.73 to 1.04)"
round(mean(last(second_order)) - paper.TEST_ERROR, 2)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What the choices do
#
# Each kept run is one answer to the open questions. *Plain* steps have one size for all weights,
# the rate itself. Errors in percent, after the last pass: of five seeds the mean, lowest to
# highest; of two seeds both. The lowest mean stands on top. (`size-15k` learned from 15,000 digits,
# runs with `distortions` from distorted ones, `literal` and plain steps with the paper's rates. In
# `averaged` S2 and S4 average. `map-small-j` has j = 0.1, and 15,000 digits.)

# %%
rows = [("run", "first weights", "loss", "steps", "seeds", "test", "training")]
for name, run in sorted(kept.items(), key=lambda item: mean(last(item[1]))):
    plan = run["plan"]
    equation = "eq. 9" if "j" in plan["loss"] else "eq. 8"
    steps = "η / (μ + h)" if plan["second_order"] else "plain"
    errors = ends(last(run)), ends(last(run, "training error"))
    rows.append((name, plan["first_weights"], equation, steps, str(len(run["runs"])), *errors))
assert {"second-order", "map", "distortions"} <= set(kept)
told = ("literal", "plain-sgd", "literal-plain-sgd")
assert all(kept[name]["plan"]["rates"] == list(engine.PAPER_RATES) for name in told)
table(*rows)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Second-order steps are not what makes 0.95%: plain steps of 0.0005 and below, from ±1/√F, end
# there too. From ±2.4/F both seeds end higher. But what are two seeds worth?

# %% slideshow={"slide_type": "fragment"}
plain = {name: last(kept[name]) for name in ("plain-sgd", "literal-plain-sgd")}
assert abs(mean(plain["plain-sgd"]) - 0.95) < 0.1
assert max(plain["plain-sgd"]) < min(plain["literal-plain-sgd"])
{name: ends(errors) for name, errors in plain.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Average or add, and which j?
#
# `averaged` is the same network with another learning rate: as chapter 07 shows, coefficients of a
# mean are four times as large and have a quarter of the slope. Their step becomes η / (16 μ + h)
# instead of η / (μ + h), if you think of the sum. And `map-small-j` asks what equation 9 is with
# j = 0.1. Each beside the run that differs in this alone, with the same two seeds: the same first
# weights, and the same digits in the same order.

# %%
beside = {"averaged": "second-order", "map-small-j": "size-15k"}
rows = [("run", "test", "training", "beside", "test", "training")]
for pair in beside.items():
    errors = [
        last(kept[name], what)[:2] for name in pair for what in ("test error", "training error")
    ]
    ours, _, theirs, _ = errors
    moved = max(abs(one - other) for one, other in zip(ours, theirs, strict=True))
    assert moved < abs(theirs[0] - theirs[1])
    told = [ends(two) for two in errors]
    rows.append((pair[0], *told[:2], pair[1], *told[2:]))
table(*rows)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both move a seed's test error by less than the two seeds beside them differ. So two seeds cannot
# tell the rows of a pair apart, and nobody can read off the paper's 0.95% whether it averaged.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### How sure is the mean of a few seeds?
#
# A row with a small mean need not be a better recipe: the seeds of one recipe differ as much as
# many rows do. How far may the mean of n seeds be from the truth, the mean over all seeds there
# could ever be? Play it: draw n numbers from a bell curve, a hundred thousand times, and see how
# far their mean lies off, counted in spread/√n, with the spread of the *same* n numbers. All but
# the worst 5 of 100 stay within


# %%
def reach(count, tries=100_000):
    """How far a mean of `count` is off, in spread/√count, in all but the worst 5 of 100 cases."""
    dice = torch.Generator().manual_seed(0)
    drawn = torch.randn(tries, count, generator=dice, dtype=torch.float64)
    off = drawn.mean(dim=1).abs() / (drawn.std(dim=1) / math.sqrt(count))
    return off.quantile(0.95).item()


two, five = reach(2), reach(5)
assert 12 < two < 13.5 and 2.7 < five < 2.85
round(five, 1), round(two)

# %% [markdown] slideshow={"slide_type": "fragment"}
# 2.8 for five seeds, and 13 for two: two numbers hardly tell their own spread. (W. S. Gosset worked
# this out in 1908, under the pen name Student.) For two rows with five seeds, and one with two:


# %%
def interval(values):
    margin = reach(len(values)) * stdev(values) / math.sqrt(len(values))
    return mean(values) - margin, mean(values) + margin


three = ("second-order", "map", "literal-plain-sgd")
of_8, of_9, of_two = (interval(last(kept[name])) for name in three)
assert of_8[0] < 0.95 < of_8[1] and of_9[0] < 0.85 < of_9[1]
assert f"{mean(last(with_map)):.2f}" == "0.89" and of_two[0] < 0
rows = [("run", "mean, %", "interval")]
for name, (low, high) in zip(three, (of_8, of_9, of_two), strict=True):
    rows.append((name, f"{mean(last(kept[name])):.2f}", f"{low:.2f} to {high:.2f}"))
table(*rows)

# %% [markdown] slideshow={"slide_type": "fragment"}
# An error below 0% there is not: two seeds are a hint, no more. And before the runs we had set
# equation 9 the aim of 0.85% or less. **It is missed**: the mean is 0.89%. The interval holds 0.85,
# so neither is it refuted. That is what five seeds can say.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 1 · Apart, or not?
#
# Is equation 9 better than equation 8? Two recipes, the errors of a few seeds each. A mean of n
# seeds has the *variance* (spread squared) of one seed divided by n; the variance of a difference
# of two means is the sum of theirs. Write `seeds_apart(ours, theirs)`: the difference of the means,
# theirs less ours, divided by the root of its variance. `statistics.variance` gives that of one
# seed. With five seeds each, call it chance below the 2.8 from above (a little strict for ten).
#
# Running the cell checks your answer. Stuck? `hint("seeds_apart")` helps, `solution("seeds_apart")`
# shows an answer.


# %% tags=["exercise"]
@exercise("seeds_apart")
def seeds_apart(ours, theirs):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def seeds_apart(ours, theirs):
#     difference = statistics.mean(theirs) - statistics.mean(ours)
#     ours_varies = statistics.variance(ours) / len(ours)
#     theirs_varies = statistics.variance(theirs) / len(theirs)
#     return difference / math.sqrt(ours_varies + theirs_varies)
# ```
#
# </details>


# %% slideshow={"slide_type": "fragment"}
apart = every_exercise()["seeds_apart"].solution
on_test = apart(last(with_map), last(second_order))
training_errors = [last(run, "training error") for run in (with_map, second_order)]
on_training = apart(*training_errors)
assert abs(on_test) < five < 10 < on_training
round(on_test, 1), round(on_training)

# %% [markdown]
# On the *training* digits equation 9 is far ahead, 0.08% against 0.30%. On the test digits the two
# cannot be told apart. Which of them the paper took, its 0.95% does not betray.

# %%
assert [f"{mean(errors):.2f}" for errors in training_errors] == ["0.08", "0.30"]
[f"{mean(errors):.2f}" for errors in training_errors]

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Beside figure 5
#
# The paper's figure 5 shows the errors pass by pass. Its training error is measured *during* the
# pass, each digit judged before its step, and so is ours. Lines are the means of our five seeds,
# bands reach from the lowest to the highest. (The text speaks of twenty passes, the figure has 21
# points. It ends at 0.96, where the text says 0.95: we measured in the drawing.)


# %%
def by_pass(what):
    """For each pass what the five seeds had."""
    runs = second_order["runs"].values()
    return list(zip(*[run[what] for run in runs], strict=True))


passes = {
    "test": by_pass("test error"),
    "training": by_pass("error during"),
}
of_paper = {"test": paper.FIGURE_5_TEST, "training": paper.FIGURE_5_TRAINING}
assert len(paper.FIGURE_5_TEST) == len(paper.FIGURE_5_TRAINING) == 21
assert len(passes["test"]) == 20 and len(passes["test"][0]) == 5
assert paper.FIGURE_5_TEST[-1] == 0.96
figures.beside_paper(passes, of_paper)

# %% [markdown] slideshow={"slide_type": "fragment"}
# From pass 6 to 10 our test error lies higher, and then drops, as its rate falls to a tenth; the
# paper's rates fall earlier and by and by. How much higher, and how far does it drop?

# %%
higher = [mean(passes["test"][k]) - paper.FIGURE_5_TEST[k] for k in range(5, 10)]
drop = mean(passes["test"][9]) - mean(passes["test"][10])
assert min(higher) > 0.1 and drop > 0.15
{"higher": f"{min(higher):.2f} to {max(higher):.2f}", "drop": f"{drop:.2f}"}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Beside figure 6
#
# And with fewer digits to learn from, 20 passes each, so that a smaller set also gets fewer steps.
# As in the paper, more digits mean fewer mistakes. Mind the band: it is widest on the right since
# five seeds stand there, and two elsewhere. And the paper's 1.68 lies above both of our seeds.

# %%
sizes = {15_000: "size-15k", 30_000: "size-30k", 60_000: "second-order"}
there = {size: last(kept[name]) for size, name in sizes.items()}
beside = [paper.FIGURE_6[size] for size in there]
assert list(paper.FIGURE_6) == list(sizes) and [len(seeds) for seeds in there.values()] == [2, 2, 5]
assert sorted(there, key=lambda size: -mean(there[size])) == list(there)
assert max(there[15_000]) < paper.FIGURE_6[15_000] == 1.68
gaps = [abs(mean(ours) - theirs) for ours, theirs in zip(there.values(), beside, strict=True)]
assert max(gaps) < 0.25
figures.beside_paper(
    {"test": list(there.values())}, {"test": beside}, list(there), label="training digits"
)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How long may a step be?
#
# Now the heart of the paper's training. A loss that is a bowl, E = ½ h w², has the slope h·w and
# the second derivative h, its *curvature*. A step of size s makes w - s·h·w of w: with s = 1/h it
# lands at the bottom, with s above 2/h it ends further off than it began. Two weights, one with
# h = 100, one with h = 1:


# %%
def left_after(sizes, steps=20):
    """What is left of two weights of 1, where E is the sum of ½ h w², h = 100 and h = 1."""
    left = []
    for h, size in zip((100.0, 1.0), sizes, strict=True):
        weight = 1.0
        for _ in range(steps):
            weight -= size * h * weight
        left.append(abs(weight))
    return left


one_size = {size: left_after([size, size]) for size in (0.001, 0.015, 0.025)}
assert one_size[0.001][1] > 0.98 and one_size[0.015][1] > 0.7 and one_size[0.025][0] > 1_000
{size: [f"{weight:.2g}" for weight in left] for size, left in one_size.items()}

# %% [markdown] slideshow={"slide_type": "fragment"}
# One size for both cannot win: what is safe for the steep weight leaves the flat one where it was,
# and a little more throws the steep one out. So give each weight its own, **η / (μ + h)**. Here
# with η = 0.5, half of the way at each step, and the paper's μ = 0.02:

# %% slideshow={"slide_type": "fragment"}
own_sizes = [0.5 / (0.02 + h) for h in (100.0, 1.0)]
left = left_after(own_sizes)
assert max(left) < 1e-5
[f"{size:.2g}" for size in own_sizes], [f"{weight:.0e}" for weight in left]

# %% [markdown]
# What is μ for? Where the loss is flat, h is about 0, and η/h has no bound. With μ no step is
# longer than η/μ: its *ceiling*. The paper begins with η = 0.0005, so its ceiling is 0.025.

# %%
ceiling = engine.PAPER_RATES[0] / engine.training.MU
assert math.isclose(ceiling, 0.025)
ceiling

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · What curvature was that?
#
# The paper prints step sizes, not curvatures. Write `curvature_behind(step, rate, mu)`: the h of a
# weight whose step size is `step`.


# %% tags=["exercise"]
@exercise("curvature_behind")
def curvature_behind(step, rate, mu):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def curvature_behind(step, rate, mu):
#     return rate / step - mu
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Second derivatives, by hand
#
# Take one network with its first weights, `flat`: 60,900 numbers in a row, 60,000 of which learn.
# (The other 900 are the 36 kernels that Table I leaves out; they stay 0.) Show it one digit, and
# keep what S4, C5 and F6 say.

# %%
flat = engine.first_weights([0])
model = engine.to_module(flat[0])
pixels, label = network.prepare(digits.train.images[:1]), digits.train.labels[:1]
with torch.no_grad():
    s4, c5, f6 = (model[:n](pixels).flatten() for n in (8, 10, 13))
assert flat.shape == (1, 60_900) and int(engine.trainable().sum()) == 60_000
assert (len(s4), len(c5), len(f6)) == (400, 120, 84)
len(s4), len(c5), len(f6)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The loss is E = ½ Σ (x - w)², over F6's 84 states x and the pixels w of the right code. A state is
# x = f(a), the squash f of a sum a. What is E's second derivative by such a sum? By the chain rule
# it is f'(a)² + (x - w) f''(a). Where x is near its pixel, the second term is small. Elsewhere, for
# a pixel w = -1:


# %%
def slope(states):
    """f' where f = 1.7159 tanh(2a/3), from the state f(a) alone."""
    return 1.7159 * 2 / 3 - (2 / 3) / 1.7159 * states**2


def exact(states, pixel):
    bend = -2 * (2 / 3) / 1.7159 * states * slope(states)  # f''
    return slope(states) ** 2 + (states - pixel) * bend


states = torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0, 1.5])
curved = exact(states, pixel=-1)
assert curved[0] > 0.5 and curved[3] > 0 and curved[-2:].max() < -0.5
{state: round(h, 2) for state, h in zip(states.tolist(), curved.tolist(), strict=True)}

# %% [markdown] slideshow={"slide_type": "fragment"}
# Negative, where a state is far on the wrong side: there the loss is no bowl but a hilltop, and
# η / (μ + h) would lead uphill, or explode. So leave the second term out: **h = f'(a)²**. That is
# the approximation of Gauss and Newton. It is never negative, and right where the network is right.
#
# From a sum to a weight: the sum of unit k is Σ weight × input, so h of a weight is h of its unit
# times its input *squared*. A bias has the input 1.


# %%
def of_weights(h, inputs):
    """From the curvature at the sums of a layer's units to that of its weights."""
    return h[:, None] * inputs**2


h_f6 = slope(f6) ** 2
by_hand = {"F6.weight": of_weights(h_f6, c5), "F6.bias": h_f6}
assert by_hand["F6.weight"].shape == (84, 120) and h_f6.min() > 0
tuple(by_hand["F6.weight"].shape)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · One layer back
#
# A gradient goes back through a layer as `(above @ weights) * slopes`. Second derivatives go the
# same way, *with every factor squared*, if the terms between different units are left out (the
# paper's second approximation, the *diagonal*). Write `second_back(above, weights, slopes)`:
# `above` holds h at the sums of the upper layer, `weights` is (upper units, lower units), `slopes`
# are f' at the lower units.


# %% tags=["exercise"]
@exercise("second_back")
def second_back(above, weights, slopes):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def second_back(above, weights, slopes):
#     return (above @ weights**2) * slopes**2
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# So from F6 to C5, and to C5's 48,000 weights. The course's engine, `back_to_1998`, does this for
# the whole network. Do the two agree?


# %%
back = every_exercise()["second_back"].solution
h_c5 = back(h_f6, model.F6.weight.detach(), slope(c5))
by_hand |= {"C5.weight": of_weights(h_c5, s4), "C5.bias": h_c5}
found = named(engine.curvature(flat, engine.SquaredError(), pixels[None, 0], label[None]))
for part, ours in by_hand.items():
    assert torch.allclose(ours, found[part][0], rtol=1e-4, atol=1e-8), part
{part: ours.numel() for part, ours in by_hand.items()}

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · A weight that is used 784 times
#
# For those who want more; nothing after it needs it.
#
# Below C5 weights are shared: one weight of C1 meets another input at each of 784 places, and each
# place adds to its curvature. Write `shared_curvature(h, inputs)`: `h` is (maps, places), the
# curvature at each map's sums; `inputs` is (weights, places), what each weight of a kernel meets at
# each place, the same for all maps. The answer is (maps, weights).


# %% tags=["exercise"]
@exercise("shared_curvature")
def shared_curvature(h, inputs):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def shared_curvature(h, inputs):
#     return h @ (inputs**2).T
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### One digit, one step
#
# Before each pass, h is averaged over 500 digits, and gives each weight its step size for the whole
# pass. Then, digit after digit, each weight goes against its gradient by that size. By hand, with
# the gradient from autograd; and by the engine, which does it without autograd and for several
# networks at once:

# %%
plan = engine.Plan(digits=len(digits.train))
sizes = engine.step_sizes(flat, plan, digits.train, seeds=[0], number=1)
copy = engine.to_module(flat[0])
half_distance = 0.5 * copy(pixels)[0, label].sum()
gradients = torch.autograd.grad(half_distance, list(copy.parameters()))
for parameter, gradient in zip(copy.parameters(), gradients, strict=True):
    parameter.data = gradient  # from here on the copy holds slopes, in the order of `flat`
stepped = flat - sizes * engine.from_module(copy)
by_engine = flat.clone()
engine.make_step(plan.loss)(by_engine, sizes, pixels[0], label, ten)
assert torch.allclose(stepped, by_engine, atol=1e-6) and not torch.equal(by_engine, flat)
f"{(stepped - by_engine).abs().max():.0e}", f"{(by_engine - flat).abs().max():.0e}"

# %% [markdown]
# The two differ by rounding, thousands of times less than the step itself.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Step sizes, beside the paper's
#
# The paper says how far its step sizes reached in the first pass: from 0.00007 to 0.016 (p. 10).
# With its first rate, η = 0.0005, what do we get? For both rules of first weights, and for E with
# and without the ½, which the paper does not settle: without it, each h is twice as large.

# %%
rows = [("first weights", "E", "smallest", "median", "largest")]
reached = {}
for rule in ("2.4/F", "1/sqrt(F)"):
    begin = engine.Plan(rates=engine.PAPER_RATES, first_weights=rule, digits=len(digits.train))
    step = steps_of(engine.first_weights([0], rule), begin)
    h = 5e-4 / step - 0.02  # exercise 2
    for name, sizes in {"½ Σ": step, "Σ": 5e-4 / (0.02 + 2 * h)}.items():
        reached[rule, name] = sizes.min().item(), sizes.median().item(), sizes.max().item()
        rows.append((rule, name, *[f"{end:.2g}" for end in reached[rule, name]]))
assert all(reached["2.4/F", name][2] > 0.9999 * 0.025 for name in ("½ Σ", "Σ"))
table(*rows, ("?", "?", "7e-05", "not said", "0.016"))

# %% [markdown] slideshow={"slide_type": "fragment"}
# A clue. With first weights of ±2.4/F some weights do next to nothing at first, the loss is flat
# along them, and their steps lie at the ceiling, 0.025. The paper's largest step is well below it.
# With ±1/√F the largest comes to about the paper's, with the ½ and without. And the median step,
# how near is it to the ceiling?

# %%
assert paper.STEP_SIZES == (7e-5, 0.016)
near = {rule: reached[rule, "½ Σ"][1] / 0.025 for rule in ("2.4/F", "1/sqrt(F)")}
assert near["2.4/F"] > 0.85 and near["1/sqrt(F)"] < 0.35
assert 0.012 < reached["1/sqrt(F)", "Σ"][2] < reached["1/sqrt(F)", "½ Σ"][2] < 0.024
assert min(smallest for smallest, _, _ in reached.values()) > 7e-5  # of all four
{rule: f"median {share:.0%} of the ceiling" for rule, share in near.items()}

# %% [markdown]
# The paper's smallest step is smaller than any of ours, so ±1/√F is not the whole truth either.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Codes that learn
#
# Now to the two losses. Equation 8 is the distance to the right code, no more. Here the codes are
# fixed. Why not let them learn, as all weights do? Then there is a cheap way down: bring all ten
# codes to one point, and F6 to the same. The distance is 0, and nothing is known about digits. The
# loss *collapses*. Equation 9 also asks that wrong codes be far (how far, its constant `j` says; it
# is 20 here, and the next section is about it). Try both, from small random codes: what will become
# of the mean distance between codes? All distances are *squared* ones, here and below.


# %%
def learn_with_codes(own, loss, steps=200):
    """Train a network and its codes `own`, which change; give the network and the last loss."""
    model = networks.build(network, seed=0)
    adam = torch.optim.Adam([*model.parameters(), own], lr=0.002)
    for _ in range(steps):
        batch = digits.train[torch.randint(len(digits.train), (64,))]
        y = losses.distances(model[:-1](network.prepare(batch.images)), own)
        value = loss(y, batch.labels).mean()
        adam.zero_grad()
        value.backward()
        adam.step()
    return model, value.item()


# %%
def equation_8(y, labels):
    return y.gather(1, labels[:, None])[:, 0]


def equation_9(y, labels):
    return layers.map_loss(y, labels, j=20)


two_digits = torch.tensor([[3.0, 1.0], [0.5, 2.0]])
assert equation_8(two_digits, torch.tensor([1, 0])).tolist() == [1.0, 0.5]
equation_8(two_digits, torch.tensor([1, 0])).tolist()


# %%
def codes_apart(own):
    """The mean squared distance of any two codes."""
    return torch.pdist(own.detach()).square().mean().item()


def tried(loss, start):
    """Codes' distance first and last, the last loss, and the share of digits read wrongly."""
    torch.manual_seed(0)
    own, few = start.clone().requires_grad_(), digits.test[:1_000]
    model, value = learn_with_codes(own, loss)
    answers = losses.distances(through(model[:-1], few), own.detach()).argmin(dim=1)
    wrongly = (answers != few.labels).float().mean().item()
    return codes_apart(start), codes_apart(own), value, wrongly


# %%
small = 0.1 * torch.randn(10, 84, generator=torch.Generator().manual_seed(0))
learned = {}
with progress(2, "200 steps by each of two losses") as bar:
    for name, loss in {"equation 8": equation_8, "equation 9": equation_9}.items():
        learned[name] = tried(loss, small)
        bar.update()
(before, last_8, loss_8, wrong_8), (_, last_9, _, wrong_9) = learned.values()
assert last_8 < 0.15 * before and loss_8 < 0.1 and last_9 > 1.1 * before
assert not is_mnist or (wrong_8 > 0.12 and wrong_9 < wrong_8)
list(learned)

# %% tags=["nbval-ignore-output"]
rows = [("codes that learn", "apart at first", "at the end", "loss at the end", "read wrongly")]
for name, (began, ended, value, wrongly) in learned.items():
    rows.append((name, f"{began:.2f}", f"{ended:.2f}", f"{value:.3f}", f"{wrongly:.0%}"))
table(*rows)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Equation 8 falls to nearly nothing, since the codes run together to a small part of their first
# distance. By the loss a triumph; of MNIST's digits, a good share is read wrongly. (Not nine in
# ten: the nearest of ten codes still says something, even if all ten lie almost on one point.)
# Equation 9 also pushes wrong codes away, and so its codes move *apart*. Fixed codes cannot run
# together at all, and so equation 8 is safe with them.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What j does, and why 0.1 does little
#
# Equation 9, for one digit, with y the ten distances:
#
#     y of the right code + log(exp(-j) + sum over all ten of exp(-y))
#
# `j` is positive, the paper says, no more (p. 9). What does it change? Ask for the slopes.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 5 · Pull and push
#
# Write `pull_and_push(distances, label, j)`: a list with the slope of equation 9 by each of the
# distances, `distances` being a list, `label` the place of the right one. (The slope of
# log(exp(-j) + Σ exp(-y)) by one y is minus that code's *share*: its exp(-y), divided by all that
# stands inside the logarithm.)


# %% tags=["exercise"]
@exercise("pull_and_push")
def pull_and_push(distances, label, j):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def pull_and_push(distances, label, j):
#     powers = [math.exp(-distance) for distance in distances]
#     total = math.exp(-j) + sum(powers)
#     slopes = [-power / total for power in powers]
#     slopes[label] += 1
#     return slopes
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# The right code pulls with 1 - share, a wrong code pushes with its share. If no other code is near,
# a code at distance y has the share 1 / (1 + exp(y - j)). So `j` is a *radius*: codes nearer than j
# count, codes farther off do not.


# %%
def share(distance, j):
    return 1 / (1 + math.exp(distance - j))


between = torch.pdist(ten).square()  # of any two of figure 3's codes
at = [0.05, 1, 12, 19, 21, 30, 48]
alone = {j: [f"{share(distance, j):.2g}" for distance in at] for j in (0.1, 20)}
assert share(19, 20) > 0.7 and share(21, 20) < 0.3 and share(1, 0.1) < 0.3
assert share(12, 0.1) < 1e-5 and share(12, 20) > 0.999 and between.min() == 48
table(("y", *map(str, at)), *[(f"j = {j}", *shares) for j, shares in alone.items()])

# %% [markdown] slideshow={"slide_type": "fragment"}
# Any two codes lie at least 48 apart, squared: halfway between, a digit is 12 from each. With
# j = 0.1 a wrong code has no share there, and pushes only if F6's states sit on it, all 84 of them;
# the right one pulls, as in equation 8. With j = 20 a wrong code pushes at 12 already. And a digit
# well within 20 of its own code, and of no other, is left in peace: that share is about 1, so the
# pull, 1 - share, is about 0.
#
# Take the gradients by F6's states, by hand and from the engine, in the kept network of equation 8.
# By how much do they differ from equation 8's?


# %%
def by_states(states, labels, j):
    """Half of equation 9's gradient by F6's states: each code's slope, times the way from it."""
    y = losses.distances(states, ten)
    stones = torch.cat([-y, torch.full((len(y), 1), -j)], dim=1)
    slopes = torch.nn.functional.one_hot(labels, 10) - stones.softmax(dim=1)[:, :10]
    return (slopes[:, :, None] * (states[:, None] - ten)).sum(dim=1)


# %%
test_labels = digits.test.labels
test_states = through(shipped("second-order")[:-1], digits.test)
away = test_states - ten[test_labels]  # the gradient of half of equation 8
differs = {}
for j in (0.1, 20.0):
    gradient = by_states(test_states, test_labels, j)
    engines = engine.MAP(j).gradient(test_states, test_labels, ten)
    assert torch.allclose(gradient, engines, rtol=1e-3, atol=1e-4)
    differs[j] = ((gradient - away).norm() / away.norm()).item()
assert differs[0.1] < 0.3 * differs[20.0] and with_map["plan"]["loss"]["j"] == 20
assert not is_mnist or (differs[0.1] < 0.2 and differs[20.0] > 0.5)
{f"j = {j:g}": f"differs by {share:.0%}" for j, share in differs.items()}

# %% [markdown]
# So in this network equation 9 with j = 0.1 is nearly equation 8, as its run showed above, and the
# kept run "map" has j = 20. What `j` the paper took, nobody can say from the paper.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Broken on purpose: the paper, nearly to the letter
#
# Why not take the paper at its word: first weights of ±2.4/F, η = 0.0005, second-order steps?
# (Nearly at its word: of its two losses we take equation 8, and half of it.) Here are both rules of
# first weights, each with the paper's rate and with ours, for 3,000 digits:


# %%
def begun(rule, rate):
    """3,000 digits by a rule and a rate: errors, F6 at its ends, the median step after it."""
    count = min(3_000, len(digits.train))
    plan = engine.Plan(rates=(rate, rate), first_weights=rule, digits=count)
    flat = engine.first_weights([0], rule)
    error = engine.one_pass(flat, plan, digits.train, [0], number=1).error[0]
    f6 = through(engine.to_module(flat[0])[:-1], digits.test[:300])
    at_the_ends = (f6.abs() > 1.7).float().mean().item()
    return error, at_the_ends, steps_of(flat, plan, number=2).median().item() / (rate / 0.02)


assert math.isclose(5e-4 / 0.02, 0.025)
5e-4 / 0.02  # the ceiling

# %%
outcome = {}
with progress(4, "3,000 digits, four times") as bar:
    for rule in ("1/sqrt(F)", "2.4/F"):
        for rate in (1e-4, 5e-4):
            outcome[rule, rate] = begun(rule, rate)
            bar.update()
to_the_letter = outcome["2.4/F", 5e-4]
assert to_the_letter[0] > 0.8 and to_the_letter[1] > 0.5 and to_the_letter[2] > 0.95
others = [found for case, found in outcome.items() if case != ("2.4/F", 5e-4)]
assert len(others) == 3 and all(error < 0.6 and ended < 0.1 for error, ended, _ in others)
list(outcome)

# %% tags=["nbval-ignore-output"]
rows = [("first weights", "η", "read wrongly", "F6's states beyond ±1.7", "median step after it")]
for (rule, rate), (error, ended, median) in outcome.items():
    steps = f"{median:.0%} of the ceiling"
    rows.append((rule, f"{rate:g}", f"{error:.0%}", f"{ended:.0%}", steps))
table(*rows)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Three of four learn. The paper's own pair does not: nine of ten digits are wrong, as by a guess.
# At its flat start the median step was nine tenths of the ceiling, 0.025 (the table beside the
# paper's), which is too long as soon as the network wakes up: F6 is thrown against the ends of its
# squash, ±1.7159. There the slope is almost 0. Hardly a gradient comes back; and hardly any
# curvature either, so that the median step is now the ceiling itself. It does not explode. It is
# stuck.
#
# For good? The paper's rates fall in steps, and the ceiling falls with them. The kept run "literal"
# went on so for all twenty passes, from two seeds:

# %%
literal = [run["test error"] for run in kept["literal"]["runs"].values()]
rates = kept["literal"]["plan"]["rates"]
assert rates == list(engine.PAPER_RATES) and kept["literal"]["plan"]["second_order"]
assert all(error > 80 for errors in literal for error in errors[:6])
assert literal[0][6] < 50 and literal[0][-1] > 1.2 and min(literal[1]) > 80 and len(literal) == 2
shown = (1, 3, 6, 7, 8, 10, 20)
table(
    ("pass", *map(str, shown)),
    ("η", *[f"{rates[number - 1]:g}" for number in shown]),
    *[
        (f"seed {k}: test, %", *[f"{errors[number - 1]:.2f}" for number in shown])
        for k, errors in enumerate(literal)
    ],
)

# %% [markdown]
# Six passes of guessing, from both seeds. Then one got free, in the second pass at η = 0.0001, and
# never made up for the time it lost. The other never did: at the end it still guesses. So, for
# good? One of two, yes.
#
# Neither the rule nor the rate alone is to blame: with either changed, 3,000 digits were learned.
# With *plain* steps ±2.4/F learns to the end. But those are also shorter than the ceiling, so that
# not only the kind of step was changed:

# %%
plain_steps = kept["literal-plain-sgd"]["plan"]["rates"]
assert max(last(kept["literal-plain-sgd"])) < 2 and plain_steps == rates
assert round(0.025 / plain_steps[0]) == 50
{"test, %": ends(last(kept["literal-plain-sgd"])), "times shorter": round(0.025 / plain_steps[0])}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One pass, live
#
# Now you: one pass through all digits, one digit a step, from first weights. That takes half a
# minute, or two on a busy machine. What will the test error be after it? The paper's figure 5
# begins at 2.65%.

# %% slideshow={"slide_type": "fragment"}
mine, live = engine.first_weights([0]), engine.Plan(digits=len(digits.train))
with progress(live.digits, "one pass, a digit a step") as bar:

    def watch(seen):  # told of every hundred digits
        bar.update((seen - 1) % 100 + 1)

    record = engine.one_pass(mine, live, digits.train, seeds=[0], number=1, watch=watch)
during, after = record.error[0], engine.errors(mine, digits.test)[0] / len(digits.test)
assert during < (0.07 if is_mnist else 0.35) and after < (0.04 if is_mnist else 0.3)
live.digits

# %% tags=["nbval-ignore-output"]
five_runs = second_order["runs"].values()
began = [ends([one[what][0] for one in five_runs]) for what in ("error during", "test error")]
assert paper.FIGURE_5_TEST[0] == 2.65
table(
    ("after one pass", "during it, %", "test error after it, %"),
    ("yours", f"{100 * during:.2f}", f"{100 * after:.2f}"),
    ("kept, five seeds", *began),
    ("figure 5", *[str(errors[0]) for errors in (paper.FIGURE_5_TRAINING, paper.FIGURE_5_TEST)]),
)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Yours is the kept run's first seed. It need not agree to the last digit: rounding differs from
# machine to machine, and some thousand steps later so does an answer. What makes one pass go so
# far is the number of its steps:

# %%
steps_in_batches = math.ceil(60_000 / 128)
assert steps_in_batches == 469
f"60,000 steps, in batches of 128 only {steps_in_batches}"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Our mistakes, beside the 82
#
# Figure 8 of the paper shows the 82 test digits that its network got wrong, the one trained with
# distorted digits. Chapter 12 laid them beside a network of two passes. Here are networks that
# learned as in 1998, the kept ones of the first seed. (Of "second-order" that is the best of five,
# by luck: seeds are kept by number, not by result.) *By chance* says how many would be shared if
# mistakes fell anywhere.

# %%
of_1998 = figure_8.mistakes() if is_mnist else ()
where = torch.tensor([one.index for one in of_1998], dtype=torch.long)
said = torch.tensor([one.answer for one in of_1998], dtype=torch.long)
assert len(of_1998) == (82 if is_mnist else 0)
len(of_1998)

# %%
mistakes, rows = {}, [("network", "wrong", "shared with the 82", "by chance", "same answer")]
for name in ("second-order", "map", "distortions"):
    answers = network.decide(through(shipped(name), digits.test))
    mistakes[name] = answers != digits.test.labels
    total, shared = int(mistakes[name].sum()), int(mistakes[name][where].sum())
    same, chance = int((answers[where] == said).sum()), len(where) * total / len(answers)
    assert not is_mnist or (shared > 33 > 10 * chance and same > shared / 2)
    rows.append((name, str(total), str(shared), f"{chance:.1f}", str(same)))
assert min(last(second_order)) == last(second_order)[0]
table(*rows)

# %% [markdown]
# About half of the 82, where chance would give less than one; and mostly with the same wrong
# answer. Of some the label itself is in doubt, as it is of 15 test digits (chapter 12). What do all
# four networks, 1998's and our three, get wrong? Below each stands what "second-order" reads, and
# its label in brackets.

# %%
everywhere = torch.stack(list(mistakes.values())).all(dim=0)
all_four = where[everywhere[where]]
in_doubt = set(all_four.tolist()) & set(figure_8.wrong_labels())
assert not is_mnist or (12 < len(all_four) < 24 and 0 < len(in_doubt) < len(all_four))
assert len(figure_8.wrong_labels()) == 15
Markdown(f"{len(all_four)} digits, {len(in_doubt)} of them with a label in doubt")

# %%
again = all_four if is_mnist else torch.arange(10)  # the stand-in digits were not in figure 8
answers = network.decide(through(shipped("second-order"), digits.test))[again]
assert not is_mnist or bool((answers != digits.test.labels[again]).all())
figures.digits(digits.test.images[again], digits.test.labels[again], answers)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Then and now
#
# 2 to 3 days, says the paper, for 10 to 20 passes on one processor of 200 MHz (p. 15). The kept
# runs have counted the processor's time, judging included. For one network, 20 passes:

# %%
minutes = sum(second_order["processor seconds a pass"]) / len(second_order["runs"]) / 60
then = [days * 24 * 60 for days in paper.DAYS]
faster = [float(f"{time / minutes:.1g}") for time in then]
assert minutes < 10 and min(faster) > 300
{"now, in minutes": round(minutes, 1), "times faster": [f"{times:,.0f}" for times in faster]}

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Open questions
#
# What this page could not settle, each with what it has to say about it:
#
# * **Which loss gave 0.95%?** Both of ours come near it. Equation 9 fits the training digits
#   better than the paper's 0.35%, equation 8 comes close to it.
# * **What was `j`?** Near 0 it makes equation 9 all but equation 8, in its slopes and in what came
#   of them. We took 20.
# * **First weights of ±2.4/F?** With the paper's rates both of our seeds got stuck, and the first
#   steps reach the ceiling, where the paper's did not. Something about them, or about the rates,
#   was different.
# * **With ½ or without?** Both give largest steps near the paper's. Its smallest fits neither.
# * **Whose second derivatives**, if the loss was equation 9? We took the squared error's.
# * **Average or add in S2 and S4?** It is one network with two learning rates. We add; two seeds
#   that averaged ended near those that added.
# * **How were digits distorted?** The paper names the kinds, not the sizes; ours are guesses.
# * **Is equation 9 better?** On the test digits five seeds cannot tell; with distorted digits two
#   seeds of each are a hint.

# %%
assert not with_map["plan"]["loss"]["exact"]  # no second derivatives of its own
training_error = {
    name: mean(last(kept[name], "training error")) for name in ("second-order", "map")
}
assert abs(training_error["second-order"] - paper.TRAINING_ERROR) < 0.1
assert paper.TRAINING_ERROR == 0.35 and training_error["map"] < 0.1
{name: round(error, 2) for name, error in training_error.items()}

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Loss, `j`, averaging, first weights, rates and second derivatives are options
# of `benchmarks/back_to_1998.py` (`--help` lists them): each question is a project of five seeds,
# some twenty minutes. Insist on the interval, and on saying beforehand what would count as an
# answer.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * The paper's 0.95% can be met: 0.93% over five seeds, 0.73 to 1.04, with other first weights and
#   rates than it prints.
# * Five seeds know a mean to 2.8 spread/√5, two hardly at all. Equation 9 wins on training digits,
#   and on test digits cannot be told apart; the aim of 0.85% was missed.
# * A step η / (μ + h) goes far where the loss is flat and carefully where it is steep. h goes back
#   like a gradient, every factor squared.
# * Codes that learn collapse under equation 8. `j` is a radius, and 0.1 is too small a one.
# * ±2.4/F, the paper's rates and second-order steps together got stuck, one of two seeds for good.
#   With another rule or rate 3,000 digits were learned; with plain steps, which are also shorter,
#   all twenty passes went well.
# * Days became minutes, and about half of the 82 mistakes are still made.
#
# ## Where to go next
#
# **Chapter 14** asks where the time goes, and how to save it. **Chapter 15** reads your own hand.
