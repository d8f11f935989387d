# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 12 · Looking inside
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F12_looking_inside.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/12_looking_inside.ipynb)
#
# **Question.** What has each layer learned, which digits does the network get wrong, and why?
#
# **Afterwards you can**
#
# * show what every layer makes of a digit, and measure what each layer adds;
# * find what a unit answers to, in real digits and by climbing, and say where the two differ;
# * see on which part of a digit an answer hangs;
# * set a network's mistakes beside those of 1998, and tell its own from the labels';
# * put error bars on a test error, and say whether two networks differ.
#
# 70 minutes, 20 of them exercises · needs chapters 02 and 09; 01, 06 and 07 help. Short of time?
# Leave out *Climbing*, and F6 on a plane.

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

import ipywidgets
import torch
from IPython.display import Markdown
from torch.nn import functional

from lenet_course import codes, data, figure_8, figures, networks, results, training, widgets
from lenet_course.exercises import TODO, every_exercise, exercise, hint, solution
from lenet_course.trained import load as load_trained
from lenet_course.widgets.static_text import StaticText

digits = data.load()
is_mnist = digits.name == "MNIST"
labels = digits.test.labels
network = networks.find("lenet5-1998")
paper, ink = network.background, network.ink  # what a pixel of paper and one of ink become
grey = (paper + ink) / 2
assert len(labels) == (10_000 if is_mnist else 300)

# %% [markdown] slideshow={"slide_type": "skip"}
# To look inside a network that has learned something, we train one: LeNet-5 of 1998, two passes
# through the training digits. Adam's rate rises at first and then falls to almost nothing, which
# makes the most of a short run: some seconds, on a slow machine half a minute.


# %% slideshow={"slide_type": "skip"}
def trained(network, passes, seed=0):
    passes = passes if is_mnist else 30 * passes  # of the stand-in digits there are few
    model = networks.build(network, seed=seed)
    steps = passes * math.ceil(len(digits.train) / 128)
    adam = torch.optim.Adam(model.parameters(), lr=6e-3)
    rates = torch.optim.lr_scheduler.OneCycleLR(adam, max_lr=6e-3, total_steps=steps)
    how = {"prepare": network.prepare, "loss": network.loss, "decide": network.decide}
    plan = {"optimizer": adam, "scheduler": rates, "epochs": passes, "batch_size": 128}
    training.fit(model, digits.train, **plan, **how)
    model.requires_grad_(False)  # from now on we only look
    return model, training.evaluate(model, digits.test, **how)


# %% slideshow={"slide_type": "skip"}
model, test = trained(network, passes=2)
wrong = test.predictions != labels
real = [int(((labels == digit) & ~wrong).nonzero()[0]) for digit in range(10)]  # one of each
assert test.error < (0.03 if is_mnist else 0.2)
assert int(wrong.sum()) == test.errors
Markdown(f"on the test digits: {test}")

# %% [markdown] slideshow={"slide_type": "skip"}
# Two tools serve several sections. The outputs of 1998 are distances, and the smallest wins.
# Softmax of the distances, each with a minus sign, makes *shares* of them: they add up to 1, and
# the nearest has most. And `covered` puts a square on a copy of one picture.


# %% slideshow={"slide_type": "skip"}
def shares(pictures):
    return torch.softmax(-model(pictures), dim=1)


def covered(picture, row, column, fill, size):
    copy = picture.clone()
    copy[row : row + size, column : column + size] = fill
    return copy


given = shares(network.prepare(digits.test.images[real]))
assert given.argmax(dim=1).tolist() == list(range(10))

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Let the class name what nine strokes have in common before the page goes on,
# and let them read the mistakes themselves, labels covered: how many do people get right? Without
# time, leave out the kernels and the climbing; keep the square, the 82, and the two networks.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Kernels
#
# C1's six kernels are the only weights that meet pixels, so they alone can be looked at as pictures
# of ink. Above as the network began, below as they are now. Which of them want dark on one side and
# light on the other, as an edge filter does (chapter 02)?
#
# A positive weight (orange) asks for ink in its place, a negative one (blue, hatched) for paper.

# %%
start = networks.build(network, seed=0)
six = {"at first": start.C1.weight[:, 0], "now": model.C1.weight[:, 0]}
assert all(kernels.shape == (6, 5, 5) for kernels in six.values())
figures.kernels(six, "The kernels of C1")

# %% [markdown] slideshow={"slide_type": "fragment"}
# The two rows look alike. How alike are a layer's weights to those it began with? The cosine
# of two lists of numbers is 1 when they point the same way, and about 0 for two random lists.


# %%
def cosine(one, other):
    one, other = one.flatten(), other.flatten()
    return (one @ other / (one.norm() * other.norm())).item()


layers = ("C1", "C3", "C5", "F6")
alike = {name: cosine(model.get_parameter(f"{name}.weight"), start.get_parameter(f"{name}.weight"))
         for name in layers}  # fmt: skip
assert 0.4 < alike["C1"] < 0.99 and alike["C5"] < alike["C1"]
by_luck = cosine(start.C5.weight, networks.build(network, seed=1).C5.weight)
assert abs(by_luck) < 0.02
told = ", ".join(f"{name} {value:.2f}" for name, value in alike.items())
Markdown(f"{told}; two beginnings of C5 {abs(by_luck):.2f}")

# %% [markdown]
# Much of what C1's picture shows is what chance put there, and training has bent it. Whoever shows
# you filters should show you their beginning as well.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## One digit, layer by layer
#
# Send a digit through, and keep what every layer gives. A layer's squash belongs to it: its numbers
# replace those before it.


# %%
def through(model, inputs):
    """What each layer makes of prepared digits, by the layer's name."""
    seen = {"input": inputs}
    for name, layer in model.named_children():
        inputs = layer(inputs)
        seen[name.removesuffix("_scaled_tanh")] = inputs
    del seen["flatten"]
    return seen


seen = through(model, network.prepare(digits.test.images[:1]))
assert [values.shape[1] for values in seen.values()] == [1, 6, 6, 16, 16, 120, 84, 10]
assert torch.equal(seen["S2"], model[:4](seen["input"]))
figures.feature_maps({name: values[0] for name, values in seen.items()})

# %% [markdown] slideshow={"slide_type": "fragment"}
# In C1 and S2 you still see the digit, six times. C3 shows parts of it, others in each map: look
# for upright and for level strokes. S4 keeps roughly where they are, in 5×5 places. From C5 on, no
# unit has a place. The outputs are distances, so the *lightest* field is the answer.
#
# ### What does each layer add?
#
# Take a layer's numbers for a thousand digits. If it does its work, digits of one class lie close
# together there and others far away. So ask each digit for its *nearest neighbour* among the rest,
# by the numbers of that layer alone: is it of the same class?


# %%
def neighbours_agree(values, labels):
    apart = torch.cdist(values.flatten(1), values.flatten(1)).fill_diagonal_(math.inf)
    return (labels[apart.argmin(dim=1)] == labels).float().mean().item()


def layers_agree(model):
    seen = through(model, network.prepare(digits.test.images[:1_000]))
    return [neighbours_agree(values, labels[:1_000]) for values in seen.values()]


# %% tags=["nbval-ignore-output"]
after, before = layers_agree(model), layers_agree(networks.build(network, seed=0))
assert after[-1] > before[-1]
steps_up = torch.tensor(after[:7]).diff()  # from the input to F6
if is_mnist:
    assert steps_up.min() > -0.005 and round(after[0], 3) == 0.863 and after[6] > 0.96
    assert max(before) < 0.91 and before[-1] < before[0] - 0.1
lines = [f"| | {' | '.join(seen)} |", "|" + "---|" * (1 + len(seen))]
for name, row in {"trained": after, "at first": before}.items():
    lines.append(f"| {name} | {' | '.join(f'{100 * share:.1f}%' for share in row)} |")
Markdown("\n".join(lines))

# %% [markdown]
# By pixels alone, 86% of MNIST's digits have a nearest neighbour of their own class, and every
# layer adds to that, up to F6. (With the stand-in digits, few and small, F6 may fall behind.) The
# lower line is the network before training: the same layers, and they add little. Its outputs lose
# much of what the pixels knew.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## F6, as a picture and on a plane
#
# F6's 84 states are a picture of 7×12 (chapter 06): training pulls them to the code of the digit.
# Here are the states for one digit of each class, ink black, below them the mean over all digits of
# the class, and the code itself:

# %%
chosen = slice(0, 1_000)
up_to_f6 = model[:-1]
states = up_to_f6(network.prepare(digits.test.images[chosen]))
means = torch.stack([states[labels[chosen] == digit].mean(dim=0) for digit in range(10)])
wanted_states = torch.tensor(codes.digit_codes())
assert (means.sign() == wanted_states).float().mean() > 0.95
single = up_to_f6(network.prepare(digits.test.images[real]))
rows = {"one digit": single, "mean": means, "code": wanted_states}
of_f6 = {name: values.reshape(10, 12, 7) for name, values in rows.items()}
figures.gallery(of_f6, "F6's states for one digit of each class", "0123456789")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### While it is drawn
#
# Send a digit of your own through, stroke by stroke, and beside it through a modern network with
# the course's own weights. Clear the pad and draw a 4 with an open top. *Melt* F6 into the code, or
# move the slider to and fro: which pixels change most? Then close the top. F6, unmelted again,
# turns into the picture of a 9: in how many of its 84 pixels has it the sign of the 9's code, and
# how large has its distance to the code of the 4 become? The modern network's F6 has no code: drawn
# in the same way, its 84 numbers show no digit.
#
# Then draw a letter, or a scribble. What becomes of the distance to the nearest code, and what of
# the largest logit? The section on mistakes below asks the first question of the test digits.

# %%
ready = load_trained()
two = {"1998": (model, network), "modern": (ready.model, ready.network)}
motion = widgets.LeNetInMotion(two, name="looking inside")
if not motion.pad.ink.any():
    motion.pad.ink = digits.test.images[real[4]].numpy()  # your own drawing stays
code = wanted_states[motion.answers["1998"]]
alike = int((motion.seen["1998"]["F6"].sign() == code).sum())
assert 84 / 2 < alike <= 84
motion

# %% [markdown] slideshow={"slide_type": "subslide"}
# A point in 84 dimensions cannot be drawn. But one may turn the cloud of all points so that it is
# widest across, second widest upwards, and look at these two directions only: *principal component
# analysis*, PCA. Move the middle of the cloud to zero; the *singular value decomposition* then
# gives the directions, the widest first, and how wide each is. The squares of the widths add up to
# the sum of all squared distances from the middle: so the share of two is a share of squares. We
# look at a thousand digits, and draw three hundred of them:


# %%
def widest_plane(points):
    """Places on the plane that shows most of a cloud, and the share of its spread that it shows."""
    centred = points - points.mean(dim=0)
    _, widths, directions = torch.linalg.svd(centred, full_matrices=False)
    share = widths[:2].square().sum() / widths.square().sum()
    return centred @ directions[:2].T, share.item()


places, share = widest_plane(states)
assert places.shape == (len(states), 2) and 0.3 < share < 0.9
figures.on_plane(places[:300], labels[:300], "The states of F6")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Which classes are neighbours here? And is that more than the pixels would show? Give each digit
# the class whose middle is nearest on the plane, and count:


# %%
def right_on_plane(points, labels):
    places, share = widest_plane(points)
    middles = torch.stack([places[labels == digit].mean(dim=0) for digit in range(10)])
    answers = torch.cdist(places, middles).argmin(dim=1)
    return share, (answers == labels).float().mean().item()


pixels = network.prepare(digits.test.images[chosen]).flatten(1)
by_states, by_pixels = (right_on_plane(points, labels[chosen]) for points in (states, pixels))
assert by_states[0] > by_pixels[0] and by_states[1] > by_pixels[1] + 0.1
told = "shows {:.0%} of the spread, and {:.0%} of the digits lie nearest their own middle"
Markdown(f"F6's plane {told.format(*by_states)}; the pixels' {told.format(*by_pixels)}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a unit answers to
#
# A map of C3 has 100 units with the same weights, one for each place. To find out what they want,
# show them many digits, and look at those that excite them most.
#
# ### Exercise 1 · The strongest
#
# `maps` holds one map for each of N digits, a tensor of shape (N, rows, columns). How much a digit
# excites the map is the largest number in it. Write `strongest(maps, count)`: which `count` digits
# excite it most, the strongest first, by their places in `maps`, counted from 0.
#
# Running the cell checks your answer. Stuck? `hint("strongest")` helps, `solution("strongest")`
# shows an answer.


# %% tags=["exercise"]
@exercise("strongest")
def strongest(maps, count):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def strongest(maps, count):
#     largest = maps.flatten(1).amax(dim=1)
#     return largest.argsort(descending=True)[:count]
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Nine windows each
#
# A unit of C3 sees a window of 14×14 pixels, and its neighbour one that lies 2 pixels further
# (chapter 01). So the place of the strongest unit says which part of the digit to cut out. We take
# the sums before the squash bends them. The nine digits are those that exercise 1 finds.


# %%
up_to_c3 = model[:5]  # C1, squash, S2, squash, C3
pictures = network.prepare(digits.test.images[:2_000])
sums = up_to_c3(pictures)


def nine_windows(m):
    """The windows that excite map m of C3 most, of nine digits."""
    largest, places = sums[:, m].flatten(1).max(dim=1)
    windows = []
    for digit in largest.topk(9).indices.tolist():
        row, column = divmod(places[digit].item(), 10)
        windows.append(pictures[digit, 0, 2 * row : 2 * row + 14, 2 * column : 2 * column + 14])
    return torch.stack(windows)


# %%
four_maps = [3, 5, 11, 15]
windows = {f"map {m}": nine_windows(m) for m in four_maps}
alone = up_to_c3(windows["map 15"][:, None])[:, 15].flatten()
in_digits = sums[:, 15].amax(dim=(1, 2)).topk(9).values
assert torch.allclose(alone, in_digits, atol=1e-4)
figures.gallery(windows, "The windows that excite four maps of C3 most")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Give each row a name before you read on: what have its nine in common? The window is all that a
# unit sees: cut out, it excites the unit as much as it did in its digit, as the cell asserts. Are
# the nine of a map digits of one class?

# %%
nine = sums.amax(dim=(2, 3)).topk(9, dim=0).indices  # a column for each map
classes = [len(labels[column].unique()) for column in nine.T]
commonest = [int(labels[column].bincount().max()) for column in nine.T]
assert sum(count > 2 for count in classes) >= 8 and min(commonest) < 6
Markdown(
    f"the nine of a map belong to {min(classes)} to {max(classes)} classes; "
    f"of the nine, in the commonest class, map by map: {', '.join(map(str, commonest))}"
)

# %% [markdown]
# Both kinds are here. Most maps look for a stroke, and a stroke occurs in several digits. But where
# seven or eight of the nine are of one class, the map has become nearly a detector of that digit.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Climbing
#
# Or ask the unit itself. Begin with a grey picture, and work out how much the unit would change
# with each pixel: a gradient, this time not for the weights but for the picture. Move every pixel
# along it, the one that matters most by 0.3. Then let everything *decay* a tenth of the way back to
# grey. Sixty times. What does not matter stays grey; what should be ink turns black, what should be
# paper white.
#
# Many pictures climb at once, each for a unit of its own. A picture changes only its own number, so
# the gradient of the *sum* holds for each what is its own.


# %%
def climb(wish, shape, steps=60, rate=0.3, decay=0.1):
    """Grey pictures, changed until `wish`, a number for each of them, is large."""
    pictures = torch.full(shape, grey)
    for _ in range(steps):
        pictures.requires_grad_()
        (slope,) = torch.autograd.grad(wish(pictures).sum(), pictures)
        steepest = slope.abs().amax(dim=(1, 2, 3), keepdim=True)  # the pixel that matters most
        offset = pictures.detach() + rate * slope / steepest - grey
        pictures = (grey + (1 - decay) * offset).clamp(paper, ink)  # no whiter, no blacker
    return pictures


# %% [markdown]
# Climb for all 16 maps of C3: picture 0 for map 0, picture 1 for map 1, and so on. Does any window
# of two thousand real digits excite a unit as much?

# %%
each = torch.arange(16)
climbed = climb(lambda patches: up_to_c3(patches)[each, each], (16, 1, 14, 14))
heights = up_to_c3(climbed)[each, each].flatten()
beaten = int((heights > sums.amax(dim=(0, 2, 3))).sum())
assert beaten >= 12
Markdown(f"{beaten} of 16 maps prefer it to all real windows")

# %% [markdown]
# Above what the same four maps climbed to, below the window that each likes best. In one or two you
# may recognise the stroke; the rest no digit has.

# %%
best = torch.stack([nine_windows(m)[0] for m in four_maps])
assert climbed.min() >= paper and climbed.max() <= ink + 1e-6
wishes = {"climbed": climbed[four_maps, 0], "real": best}
names = [f"map {m}" for m in four_maps]
figures.gallery(wishes, "What four maps of C3 want, and what they find", names)

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now the ten outputs: let the distance to each digit's code become small, picture 0 for the 0, and
# so on (`diagonal` picks these ten). What will the network's idea of a 3 look like?

# %%
ideas = climb(lambda pictures: -model(pictures).diagonal(), (10, 1, 32, 32))
as_wished = int((network.decide(model(ideas)) == torch.arange(10)).sum())
assert as_wished >= 8
beside = {"climbed": ideas[:, 0], "real": network.prepare(digits.test.images[real])[:, 0]}
figures.gallery(beside, "What ten outputs want, and real digits", "0123456789")

# %%
far = model(ideas).diagonal()
usual = model(pictures).amin(dim=1).median()
nearer = int((far < usual).sum())
surely = int((shares(ideas).diagonal() > 0.99).sum())
assert not is_mnist or (nearer >= 4 and surely >= 6)
f"{as_wished} of 10 are read as wished"

# %% [markdown]
# Could you read the upper row? The network can, with hardly a doubt, and puts many of these nearer
# to a code than half of the real digits. What a unit *wants* is not what it was *shown*: of
# pictures that are no digits, training says nothing. So look at real digits first; and a sure
# answer does not mean that there is a digit.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What hides a digit
#
# On what does an answer hang? Cover a part of the digit, and ask again. The sliders move the upper
# left corner of a grey square of 7×7 pixels. Where does the answer change, and what does the 4
# become when its top is closed?

# %%
a_four = network.prepare(digits.test.images[[real[4]]])[0, 0]
assert shares(a_four[None, None])[0, 4] > 0.5
top = ipywidgets.IntSlider(0, 0, 25, description="row")
left = ipywidgets.IntSlider(0, 0, 25, description="column")
drawing, words = ipywidgets.Image(), ipywidgets.HTML()


# %%
class Explorer(StaticText, ipywidgets.VBox):
    text_alternative = "Two sliders, row 0 and column 0: a 4 under a grey square, and the shares."

    def picture(self):
        return bytes(drawing.value)


def update(change=None):
    seen = covered(a_four, top.value, left.value, grey, size=7)
    shown = figures.answer(seen, shares(seen[None, None])[0], title="share")
    drawing.value, words.value = shown.image, shown.alt


for slider in (top, left):
    slider.observe(update, "value")
update()
assert words.value.startswith("A digit, and a bar for each of ten answers")
Explorer([top, left, drawing, words])

# %% [markdown] slideshow={"slide_type": "subslide"}
# Now at all 26×26 places, for a digit of each class. Black marks the middle of a square that takes
# the share away from the right answer; the digit lies faintly beneath. In the second row the square
# is *paper*, and erases; in the third it is grey. There is hardly a shade between, for softmax of
# distances is nearly all or nothing. Where no black is, no square of that kind changes the answer.


# %%
def share_lost(picture, label, fill):
    places = [(row, column) for row in range(26) for column in range(26)]
    copies = torch.stack([covered(picture, *place, fill, size=7) for place in places])
    kept = shares(copies[:, None])[:, label].reshape(26, 26)
    return functional.pad(1 - kept, (3, 3, 3, 3))  # a place in the map is the square's middle


# %%
ten = network.prepare(digits.test.images[real])[:, 0]
hidden = {"digit": ten}
for name, fill in {"paper": paper, "grey": grey}.items():
    hidden[name] = torch.stack([share_lost(ten[digit], digit, fill) for digit in range(10)])
lost = {name: (hidden[name] > 0.5).sum(dim=(1, 2)) for name in ("paper", "grey")}
assert all((places > 0).sum() >= (5 if is_mnist else 1) for places in lost.values())
told = "Ten digits, and where a square takes their share away"
figures.gallery(hidden, told, "0123456789", beneath=ten)

# %%
told = [f"{name}: {', '.join(map(str, places.tolist()))}" for name, places in lost.items()]
Markdown(f"places lost, of {26 * 26} for each digit from 0 to 9\n\n" + "\n\n".join(told))

# %% [markdown] slideshow={"slide_type": "fragment"}
# ### Broken on purpose
#
# "Slide a grey square over the picture", it is often told; but paper and grey do not agree. Was the
# digit hidden, or was something *drawn*? Take the places at which the square lies on plain paper
# and hides nothing. How often is the answer lost there?


# %%
ink_under = functional.max_pool2d(ten[:, None] - paper, 7, stride=1)[:, 0]
plain_paper = ink_under == 0


def lost_on_plain_paper(name):
    return int((plain_paper & (hidden[name][:, 3:-3, 3:-3] > 0.5)).sum())


drawn = {name: lost_on_plain_paper(name) for name in ("paper", "grey")}
closed = covered(a_four, 4, 13, grey, size=7)
now_a = int(network.decide(model(closed[None, None])))
assert drawn["paper"] == 0 < drawn["grey"]
assert not is_mnist or now_a == 9
Markdown(
    f"of {plain_paper.sum():,} places on plain paper: lost by paper {drawn['paper']}, "
    f"by grey {drawn['grey']}; the 4, its top closed by grey, is read as a {now_a}"
)

# %% [markdown]
# Paper on paper changes nothing: that 0 is the control. But a grey square is ink to the network,
# one more stroke. To hide something, cover it with what the network takes for nothing.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 2 · The weak spot
#
# Where does an answer hang most? `image` has any number of rows and columns, and `score(picture)`
# gives a number for a picture of the same size. Write `weak_spot(image, size, paper, score)`: the
# row and column of the upper left corner of the `size` × `size` square that lowers the score most
# when it is filled with `paper`. The square fits into the image.


# %% tags=["exercise"]
@exercise("weak_spot")
def weak_spot(image, size, paper, score):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def weak_spot(image, size, paper, score):
#     spots = {}
#     for row in range(image.shape[0] - size + 1):
#         for column in range(image.shape[1] - size + 1):
#             covered = image.clone()
#             covered[row : row + size, column : column + size] = paper
#             spots[row, column] = score(covered)
#     return min(spots, key=spots.get)
# ```
#
# </details>

# %% [markdown]
# The course's own answer, at work on the 4 above:


# %%
def share_of_4(picture):
    return shares(picture[None, None])[0, 4].item()


spot = every_exercise()["weak_spot"].solution(a_four, 7, paper, share_of_4)
left_over = share_of_4(covered(a_four, *spot, paper, size=7))
assert abs(left_over - (1 - hidden["paper"][4].max())) < 0.01
Markdown(f"weak spot: row {spot[0]}, column {spot[1]}; the 4 keeps {left_over:.0%}")

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Which digits does it get wrong?
#
# The confusion matrix (chapter 09): a row is a digit, a column an answer, and what was read rightly
# is left white. These are *test* digits. To look at them is fair as long as nothing is changed
# afterwards: a network that is mended after looking has to be judged by other digits.

# %% tags=["nbval-ignore-output"]
counts = torch.bincount(10 * labels + test.predictions, minlength=100).reshape(10, 10)
assert counts.sum() - counts.diagonal().sum() == test.errors
figures.confusion(counts.tolist())

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 3 · The two that are confused most
#
# `counts[a, b]` says how many digits `a` were read as `b`. Write `confused_pair(counts)`: the two
# digits with the largest number of mistakes between them, both directions added up, as a pair, the
# smaller one first. There may be more classes than ten, or fewer.


# %% tags=["exercise"]
@exercise("confused_pair")
def confused_pair(counts):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def confused_pair(counts):
#     both = (counts + counts.T).triu(1)
#     return divmod(both.argmax().item(), len(counts))
# ```
#
# </details>

# %% [markdown]
# And in your network's table:

# %%
one, two = every_exercise()["confused_pair"].solution(counts)
between = counts[one, two] + counts[two, one]
assert 0 < between <= test.errors
Markdown(f"{one} and {two}: {between} of {test.errors} mistakes")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Look at them
#
# The twenty mistakes of which it was surest: those with the widest gap between the smallest
# distance and the second smallest. Below each its label and the answer. Do you agree with the
# labels?

# %% tags=["nbval-ignore-output"]
parts = [model(network.prepare(images)) for images in digits.test.images.split(500)]
smallest = torch.cat(parts).topk(2, largest=False)
surest = (smallest.values[:, 1] - smallest.values[:, 0]) * wrong
twenty = surest.topk(20).indices
twenty = twenty[wrong[twenty]]
assert torch.equal(smallest.indices[:, 0], test.predictions)
pairs = zip(labels[twenty], test.predictions[twenty], strict=True)
told = [f"{label}→{answer}" for label, answer in pairs]
figures.captioned(digits.test.images[twenty], told, what="mistakes, label→answer", columns=10)

# %% [markdown] slideshow={"slide_type": "fragment"}
# Does the network know when it is wrong? It hints at it: of its mistakes even the nearest code is
# far, and often the right answer came second.

# %%
second = (smallest.indices[:, 1] == labels)[wrong].float().mean().item()
distance = smallest.values[:, 0]
far_off, near = distance[wrong].median().item(), distance[~wrong].median().item()
assert second > 0.4 and far_off > 2 * near
Markdown(
    f"distance to the nearest code {near:.0f} when right, {far_off:.0f} when wrong (medians); "
    f"right answer in second place: {second:.0%}"
)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Why? A square that mends
#
# If a square can spoil an answer, it can mend one too. From each digit that is read wrongly, erase
# 5×5 pixels at one of 196 places: a smaller square than before, to take a detail and leave the
# rest. In how many cases is there a place that gives the right answer?


# %%
def erased(number):
    """A test digit, and 196 copies of it, a square erased on each."""
    picture = network.prepare(digits.test.images[[number]])[0, 0]
    places = [(row, column) for row in range(0, 28, 2) for column in range(0, 28, 2)]
    return picture, torch.stack([covered(picture, *place, paper, size=5) for place in places])


assert len(erased(0)[1]) == 196

# %%
mistakes = wrong.nonzero().flatten().tolist()
rightly = (~wrong).nonzero().flatten().tolist()[:100]
found = {}  # for each of these digits, all the answers that some square brings about
for number in mistakes + rightly:
    found[number] = set(network.decide(model(erased(number)[1][:, None])).tolist())
mended = [number for number in mistakes if int(labels[number]) in found[number]]
by_square = len(mended) / len(mistakes)
assert by_square > 0.6
Markdown(f"mended by one square: {len(mended)} of {len(mistakes)}, {by_square:.0%}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Is that much? Whoever tries 196 things finds something. So ask as well how often a square brings
# about any *given other* digit, one that is neither the label nor the answer: there are eight. And
# of a hundred digits that are read rightly, how many does some square *spoil*?


# %%
def others(number):
    neither = {int(labels[number]), int(test.predictions[number])}
    return len(found[number] - neither) / 8


by_trying = sum(map(others, mistakes)) / len(mistakes)
spoiled = sum(len(found[number]) > 1 for number in rightly) / len(rightly)
assert by_trying < by_square - 0.2 and 0 < spoiled < by_square
Markdown(
    f"the right digit {by_square:.0%}, a given other one {by_trying:.0%}; "
    f"right answers spoiled {spoiled:.0%}"
)

# %% [markdown]
# Answers hang on little, right ones too. But to the *right* digit a square leads far more often
# than to another: in most mistakes the right answer was near, and a detail stood in its way. Ten of
# them, each with the square that gives the right answer its largest share:

# %%
some = mended[:: max(1, len(mended) // 10)][:10]
before_after = {"before": [], "after": [], "erased": []}
for number in some:
    picture, copies = erased(number)
    copy = copies[shares(copies[:, None])[:, labels[number]].argmax()]
    for name, one in {"before": picture, "after": copy, "erased": picture - copy}.items():
        before_after[name].append(one)
assert len(some) == 10
names = [f"{labels[number]} not {test.predictions[number]}" for number in some]
figures.gallery(before_after, "Digits read wrongly, and rightly once a square is erased", names)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## The 82 of 1998
#
# Figure 8 of the paper shows all the test digits that LeNet-5 got wrong, after a training with
# distorted digits added: 82 of 10,000. Here they are, below each its label, the answer of 1998, and
# that of *your* network, trained a moment ago. In a frame: those that yours gets wrong as well,
# dashed where its wrong answer is another. (The digits that stand in for MNIST were not in the
# paper.)

# %%
of_1998 = figure_8.mistakes() if is_mnist else ()
where = torch.tensor([one.index for one in of_1998], dtype=torch.long)
assert [one.label for one in of_1998] == labels[where].tolist()
both = wrong[where]
told = [f"{one.label}→{one.answer}/{test.predictions[one.index]}" for one in of_1998]
alike_too = test.predictions[where] == torch.tensor([one.answer for one in of_1998])
frames = {"framed": (both & alike_too).nonzero(), "dashed": (both & ~alike_too).nonzero()}
frames = {name: numbers.flatten().tolist() for name, numbers in frames.items()}
assert len(of_1998) == (82 if is_mnist else 0)
frames["told"] = ", ".join(f"{one.label}→{one.answer}" for one in of_1998)
what = "mistakes of 1998 and your network's answers, label→answer of 1998"
figures.captioned(digits.test.images[where], told, what=what, **frames)

# %% [markdown] slideshow={"slide_type": "fragment"}
# How many would your network share with 1998 if mistakes fell anywhere? Of the 82 as large a part
# as of all digits. Or try it: shuffle a thousand times which digits are wrong, and count.

# %%
expected = len(of_1998) * test.error
dice = torch.Generator().manual_seed(0)
shuffled = [wrong[torch.randperm(len(wrong), generator=dice)][where].sum() for _ in range(1_000)]
shuffled = torch.stack(shuffled).float()
same = int(alike_too.sum())
assert abs(shuffled.mean() - expected) < 0.3
assert not is_mnist or (both.sum() > 41 > 3 * shuffled.max() and same > both.sum() / 2)
Markdown(
    f"shared: {both.sum()}, of which {same} with the same wrong answer (the others dashed); "
    f"by chance {expected:.1f}, in a thousand shuffles never more than {shuffled.max():.0f}"
)

# %% [markdown]
# More than a quarter of a century apart, trained in other ways, the two fail on many of the same
# digits, and mostly with the same answer. What they share is not bad luck: it comes with the
# digits.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Leaf through them
#
# A gallery of both networks' mistakes. Three fields choose whose, which digit, and read as what;
# the arrow keys go from picture to picture; a click or Enter shows what every layer of *your*
# network makes of that digit, dark where a number is large. **Try:** the 9s of 1998 that were read
# as 4. **Look for** the distances at 9 and at 4 in the last row: are they always the two smallest?
# And where your network is right and 1998 was not, is there a gap at the top of the digit, and in
# which layer do you still see it?

# %%
from lenet_course.widgets import ErrorGallery

theirs = {one.index: one.answer for one in of_1998}
yours = {number: int(test.predictions[number]) for number in wrong.nonzero().flatten().tolist()}
mistakes_of = {"LeNet-5 of 1998": theirs, "your network": yours}
gallery = ErrorGallery(digits.test, mistakes_of, model, network.prepare, name="the 82")
assert len(theirs) == (82 if is_mnist else 0) and len(yours) == test.errors
gallery

# %%
pairs_of_1998 = [(one.label, one.answer) for one in of_1998]
commonest_of_1998 = max(sorted(set(pairs_of_1998)), key=pairs_of_1998.count, default=None)
times = pairs_of_1998.count(commonest_of_1998)
assert not is_mnist or (commonest_of_1998, times) == ((9, 4), 8)
commonest_of_1998, times

# %% [markdown]
# No digit was taken for a certain other one more often in 1998: 8 of the 82 are a 9 read as 4. The
# gallery says so too, once its two fields of digits are set.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Whose mistake?
#
# Some of it comes with the labels. Five people each were asked about the labels of MNIST's test set
# that looked most suspicious: of 15 digits, fewer than three kept the label (Northcutt, Athalye and
# Mueller, 2021). Here they are, each with MNIST's label, the answer of 1998, and your network's.
# What would you have said? (Of the stand-in digits nobody was asked: ten ordinary ones are shown.)

# %%
doubtful = torch.tensor(figure_8.wrong_labels() if is_mnist else real)
given_1998 = {one.index: one.answer for one in of_1998}
old = [f"{labels[n]}→{given_1998.get(n, labels[n])}" for n in doubtful.tolist()]
answered = test.predictions[doubtful].tolist()
told = [f"{one}/{mine}" for one, mine in zip(old, answered, strict=True)]
what = "doubtful digits and your network's answers, label→answer of 1998"
shown = digits.test.images[doubtful]
figures.captioned(shown, told, what=what, columns=10, told=", ".join(old))

# %%
among = set(where.tolist()) & set(doubtful.tolist())
otherwise = int(wrong[doubtful].sum())
assert not is_mnist or (len(doubtful), len(among)) == (15, 10)
assert not is_mnist or (otherwise >= 7 and len(doubtful) / len(labels) == 0.0015)
Markdown(
    f"your network answers {', '.join(map(str, answered))}: otherwise than the label for "
    f"{otherwise} of these {len(doubtful)}; {len(among)} of them are among the 82"
)

# %% [markdown]
# So for ten of the 82 mistakes of 1998 the label is in doubt. That does not make the answer of 1998
# right: look at them. And an error below 0.15% can only be had by agreeing with doubtful labels.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## How sure is a number?
#
# Chapter 09 put Wilson's interval round a test error, by a formula: the number of mistakes is taken
# as *binomial*, each digit wrong with the same chance and for itself. The *bootstrap* needs no
# formula. We would like to test on many other sets of digits, and have one. So draw from that one,
# with replacement: some digits come twice, some not at all. Two thousand times, and see how the
# error spreads.


# %%
def bootstrapped(wrong, times=2_000):
    """The error on as many digits, drawn again with replacement, so many times; sorted."""
    dice, count = torch.Generator().manual_seed(0), len(wrong)
    errors = [wrong[torch.randint(count, (count,), generator=dice)] for _ in range(times)]
    return torch.stack([one.float().mean() for one in errors]).sort().values


spread = bootstrapped(wrong)
low, high = spread[50].item(), spread[-51].item()  # 50 of 2,000 are 2.5%
by_formula = test.interval
near_enough = 0.001 if is_mnist else 0.006
assert abs(low - by_formula[0]) < near_enough and abs(high - by_formula[1]) < near_enough
Markdown(f"bootstrap {low:.2%} to {high:.2%}, Wilson {by_formula[0]:.2%} to {by_formula[1]:.2%}")

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 4 · Ends of an interval
#
# `wrong` says for each digit whether it was read wrongly. Each row of `draws` is one draw: places
# in `wrong`, counted from 0. Write `bootstrap_interval(wrong, draws, cut)`: work out the error of
# each draw, leave out the `cut` lowest and the `cut` highest, and give the lowest and the highest
# that remain, as a pair. `cut` may be 0.


# %% tags=["exercise"]
@exercise("bootstrap_interval")
def bootstrap_interval(wrong, draws, cut):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def bootstrap_interval(wrong, draws, cut):
#     errors = wrong[draws].float().mean(dim=1).sort().values
#     return errors[cut], errors[-1 - cut]
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### What no interval of one network knows
#
# Both intervals speak of *other digits* for *this* network. Another seed makes another network.
# Chapter 09's recipe for `relu-max` was followed from three seeds, ten passes each; their mistakes
# among the same 10,000 digits:

# %%
three = results.load("recipes")["recipes"]["relu-max"]["runs"].values()
of_seeds = [round(10_000 - 100 * run["test accuracy"]) for run in three]
ends = training.Evaluation(10_000, of_seeds[0], 0.0, torch.zeros(0)).interval
fewest, most = (10_000 * end for end in ends)
assert of_seeds == [142, 123, 121] and fewest < min(of_seeds) < max(of_seeds) < most
Markdown(f"{of_seeds}; the interval of the first: {fewest:.0f} to {most:.0f}")

# %% [markdown]
# All three lie within the first one's interval, so do seeds add nothing? That would be the wrong
# reading. The interval allows for *other digits*, and these were the same. What differs here is the
# seed's doing, and comes on top. An interval belongs to a network; who speaks for a *recipe*
# reports several seeds.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Do two networks differ?
#
# Train a modern LeNet-5, ReLU and max-pooling, for one pass, from two seeds. It takes about as long
# as the first training did.

# %% tags=["nbval-ignore-output"]
modern = networks.find("relu-max")
tests = {"1998": test}
for seed in (0, 1):
    tests[f"modern, seed {seed}"] = trained(modern, passes=1, seed=seed)[1]
assert all(one.error < (0.03 if is_mnist else 0.25) for one in tests.values())
Markdown("\n\n".join(f"{name}: {one}" for name, one in tests.items()))

# %% [markdown] slideshow={"slide_type": "fragment"}
# Is one better? To compare the intervals is to waste what we know: all three sat the *same*
# examination. Digits that two networks both get right, or both wrong, say nothing about who is
# better. What counts is the digits that *only one* of the two gets wrong. If the two were equally
# good, a fair coin might decide for each of these whose mistake it is. So throw as many coins, and
# see how often they fall at least as lopsided:


# %%
def chance_of_coins(ours, theirs):
    """How often `ours + theirs` fair coins fall at least as lopsided as that."""
    dice = torch.Generator().manual_seed(0)
    heads = torch.randint(2, (10_000, ours + theirs), generator=dice).sum(dim=1)
    lopsided = (2 * heads - (ours + theirs)).abs() >= abs(ours - theirs)
    return lopsided.float().mean().item()


few_shared, many_shared = chance_of_coins(80, 100), chance_of_coins(5, 25)
assert few_shared > 0.1 and many_shared < 0.01
Markdown(f"80 against 100: {few_shared:.1%}; 5 against 25: {many_shared:.1%}")

# %% [markdown] slideshow={"slide_type": "fragment"}
# Both times one network makes 20 mistakes more. With 180 digits in dispute chance often does as
# much; with 30 hardly ever. The error rates alone do not decide, but what the two share. And ours?


# %% tags=["nbval-ignore-output"]
def compared(one, other):  # both wrong, only the one, only the other, and what coins say of it
    first, second = (tests[name].predictions != labels for name in (one, other))
    ours, theirs = int((first & ~second).sum()), int((second & ~first).sum())
    assert ours - theirs == tests[one].errors - tests[other].errors and ours + theirs > 3
    chance = chance_of_coins(ours, theirs)
    told = f"{chance:.1%}" if chance >= 0.001 else "less than 0.1%"
    return int((first & second).sum()), ours, theirs, told


head = "| one | other | both wrong | only the one | only the other | coins do as much in |"
lines = [head, "|" + 6 * "---|"]
for pair in (("1998", "modern, seed 0"), ("modern, seed 0", "modern, seed 1")):
    lines.append(f"| {' | '.join(map(str, pair + compared(*pair)))} |")
assert len(lines) == 4
Markdown("\n".join(lines))

# %% [markdown]
# A small number in the last column, below 5% say, makes luck with the digits a poor explanation.
# What it compares is two *networks*, not two recipes: two seeds of one recipe disagree about digits
# as well, as the second line shows.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Exercise 5 · Without throwing
#
# *For those who want more.* The coins can be counted. `ours` digits only our network got wrong,
# `theirs` only the other one. Write `coin_chance(ours, theirs)`: the chance that as many fair coins
# fall at least as lopsided, to either side. `math.comb(n, k)` says in how many ways `n` coins show
# `k` heads. (This is McNemar's test, in its exact form.)


# %% tags=["exercise"]
@exercise("coin_chance")
def coin_chance(ours, theirs):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def coin_chance(ours, theirs):
#     throws = ours + theirs
#     lopsided = sum(math.comb(throws, heads) for heads in range(min(ours, theirs) + 1))
#     return min(1, 2 * lopsided / 2**throws)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Collect the networks of the whole class, one seed each: which of the 82 does
# everybody get wrong, and which mistakes are one network's alone?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * With every layer up to F6 more digits have a neighbour of their own class; with the first
#   weights the layers add little.
# * Most maps of C3 answer to a stroke, some nearly to one digit. What climbing finds excites most
#   of them more than any window of 2,000 digits, and the network is sure of what is no digit.
# * A square of paper shows where an answer hangs. A grey one is a stroke of its own.
# * A mistake is far even from its nearest code. One small square mends most of them, and spoils
#   many right answers too.
# * More than half of 1998's 82 mistakes are made today as well, where chance would make one or two;
#   15 labels of the test set are in doubt, 10 of them among the 82.
# * An interval tells what other digits may do, seeds what another training may do. Two networks are
#   compared by the digits that only one of them gets wrong.
#
# ## Where to go next
#
# **Chapter 13** trains the network as in 1998. **Chapter 15** brings digits that no set has seen:
# your own.
