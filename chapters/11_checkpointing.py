# ---
# jupyter:
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] slideshow={"slide_type": "slide"}
# # 11 · Checkpointing
#
# [![Binder](badges/binder.svg)](https://mybinder.org/v2/gh/lenet-course/lenet-course/main?labpath=chapters%2F11_checkpointing.ipynb)
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/main/chapters/11_checkpointing.ipynb)
#
# **Question.** How is a training run kept, so that it survives a crash, a full disk, a flipped bit
# and a stranger's file, and goes on as if nothing had happened?
#
# **Afterwards you can**
#
# * say what a `state_dict` holds, and what people wrongly expect in it;
# * resume a run so that its final weights are the same, bit for bit;
# * write a file that is there whole or not at all, and notice when one bit of it has changed;
# * open a file from a GPU without one, and a stranger's file without danger;
# * choose which checkpoints to keep.
#
# 45 minutes, 15 of them exercises · needs chapter 09

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
import copy
import hashlib
import io
import json
import math
import os
import random
import shutil
import tempfile
import time
import warnings
import zipfile
from pathlib import Path
from types import SimpleNamespace

import safetensors.torch
import torch
from IPython.display import Markdown
from torch.optim.lr_scheduler import LambdaLR

from lenet_course import checkpoints, data, devices, figures, networks, shapes, training
from lenet_course.exercises import TODO, exercise, hint, solution

digits = data.load()
few = digits.train[:640]  # 20 batches of 32
network = networks.FAMILY["relu-max"]
# Everything is written in here, and gone at the end.
workplace = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


def fresh(name):
    """Give an empty folder of that name."""
    folder = Path(workplace.name) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


# %% [markdown] slideshow={"slide_type": "notes"}
# **For the teacher.** Ask first: "you trained for three hours and saved the weights; the machine
# stops; what have you lost?" Collect answers on the board, and come back to them after the table of
# parts. Without time, leave out the GPU and the costs; keep the kill, the flipped bits and the
# pickle.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a `state_dict` is, and what it is not
#
# Torch keeps a network as a *state_dict*: names, each with a tensor.

# %%
model = networks.build(network, seed=0)
state = model.state_dict()
assert len(state) == 10
assert sum(tensor.numel() for tensor in state.values()) == 61_706
{name: tuple(tensor.shape) for name, tensor in state.items()}

# %% [markdown]
# That is all. It does not say what to compute with these numbers: `relu-max` and `sigmoid-avg` have
# the same shapes and other layers between them, so one takes the other's weights without a word,
# and reads with them what it can.

# %%
other = networks.build("sigmoid-avg", seed=1)
other.load_state_dict(state)  # no complaint
images = digits.test.images[:100]
ours, theirs = model(network.prepare(images)), other(networks.find("sigmoid-avg").prepare(images))
assert all(torch.equal(state[name], other.state_dict()[name]) for name in state)
same = int(torch.isclose(ours, theirs).all(dim=1).sum())
assert same == 0
f"with the same weights, {same} of 100 digits get the same ten outputs"

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### It is no copy
#
# A state_dict is a view into the network. Whoever changes it changes the network:

# %%
model.state_dict()["output.bias"][3] += 100
answers = model(network.prepare(images)).argmax(dim=1)
assert (answers == 3).all()
answers.unique().tolist()

# %% [markdown]
# The other way round it is worse. Many programs remember the best network so far as
# `best = model.state_dict()`, and train on. What they remember is the last one:

# %%
best, kept = model.state_dict(), copy.deepcopy(model.state_dict())
with torch.no_grad():
    model.output.bias.zero_()  # training goes on
remembered = [float(weights["output.bias"][3]) > 99 for weights in (best, kept)]
assert remembered == [False, True]
remembered

# %% [markdown]
# Names and tensors, then: no layers, no copy, no optimizer, no place in the run. What follows from
# the last two?

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a resume needs
#
# A run that has all that runs usually have: a network with *dropout*, which switches off other
# units at random in each step; an optimizer with a memory, AdamW; and a *scheduler*, which lowers
# the learning rate a little after every step. `begin` is what a program does when it starts.

# %%
steps, stop = 160, 110
layers = [*network.layers[:-1], shapes.Dropout(0.5, name="dropout"), network.layers[-1]]


def begin():
    model = networks.build(layers, network.input_shape, seed=0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    scheduler = LambdaLR(optimizer, lambda step: 1 - step / steps)
    torch.manual_seed(0)  # dropout draws from torch's global generator
    return SimpleNamespace(model=model, optimizer=optimizer, scheduler=scheduler, step=0, losses=[])


# %% [markdown]
# The loop of chapter 09. It asks for each batch by the number of the step, so that it can begin
# anywhere.


# %%
def go_on(run, until):
    while run.step < until:
        epoch, place = divmod(run.step, 20)
        batch = few[data.batches(len(few), batch_size=32, seed=0, epoch=epoch)[place]]
        outputs = run.model(network.prepare(batch.images))
        loss = training.cross_entropy(outputs, batch.labels).mean()
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        run.scheduler.step()
        run.losses.append(loss.item())
        run.step += 1


# %% [markdown]
# First without interruption: 160 steps, 8 passes. Twice, to see that the same program gives the
# same weights to the last bit.


# %%
def weights(model):
    return torch.cat([tensor.flatten() for tensor in model.state_dict().values()])


whole = begin()
go_on(whole, steps)
again = begin()
go_on(again, steps)
assert torch.equal(weights(whole.model), weights(again.model))
len(whole.losses)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Version 1: the weights
#
# What most people keep. The run stops after 110 steps; a new one takes the weights and makes the 50
# steps that are missing.

# %%
path = fresh("by hand") / "weights.pt"
stopped = begin()
go_on(stopped, stop)
torch.save(stopped.model.state_dict(), path)

resumed = begin()
resumed.model.load_state_dict(torch.load(path, weights_only=True))
go_on(resumed, steps - stop)
assert not torch.equal(weights(resumed.model), weights(whole.model))
figures.resumed(whole.losses, {"weights alone": resumed.losses}, stop)

# %% [markdown]
# From the first step on it is another run. It learns, and ends with other weights; nothing warns.
# A table in a paper that mixes such runs with whole ones compares two things.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Version 2: everything that a step changes
#
# What does one step read, and what does it change? Weights. AdamW's two averages for each of them.
# The scheduler's count. Random numbers. The place in the digits. And the history, which is written
# only.


# %%
def take(run):
    return {
        "weights": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "scheduler": run.scheduler.state_dict(),
        "random": torch.get_rng_state(),
        "position": run.step,
        "history": run.losses,
    }


# %%
def put_back(run, kept):
    kept = {**take(run), **kept}  # what was not kept stays as a new run has it
    run.model.load_state_dict(kept["weights"])
    run.optimizer.load_state_dict(kept["optimizer"])
    run.scheduler.load_state_dict(kept["scheduler"])
    torch.set_rng_state(kept["random"])
    run.step, run.losses = kept["position"], list(kept["history"])


# %%
path = fresh("by hand") / "everything.pt"
stopped = begin()
go_on(stopped, stop)
torch.save(take(stopped), path)


def resume(parts):
    kept, run = torch.load(path, weights_only=True), begin()
    put_back(run, {name: kept[name] for name in parts})
    go_on(run, run.step + steps - stop)
    return run


parts = list(take(stopped))
resumed = resume(parts)
assert torch.equal(weights(resumed.model), weights(whole.model))
assert resumed.losses == whole.losses
resumed.step

# %% [markdown]
# Equal bits, and an equal history. Now one part after the other. Which of these resumes end with
# the weights of the whole run?

# %%
one_by_one = [torch.equal(weights(resume(parts[:n]).model), weights(whole.model)) for n in range(7)]
assert one_by_one == [False] * 5 + [True] * 2
one_by_one

# %% [markdown]
# Not one of them, until the fifth part is there. Is each of the five needed, or only the last?
# Leave out one at a time:

# %%
left_out = {name: resume([part for part in parts if part != name]) for name in parts}
equal = {name: torch.equal(weights(r.model), weights(whole.model)) for name, r in left_out.items()}
assert [name for name in parts if equal[name]] == ["history"]
equal

# %% [markdown] slideshow={"slide_type": "subslide"}
# Each is needed; the history alone changes no weight, and without it you have half a curve. What
# does the damage look like?

# %%
curves = {f"without {name}": run.losses[stop - steps :] for name, run in left_out.items()}
picture = figures.resumed(whole.losses, curves, stop)
for name, first in [("optimizer", 112), ("scheduler", 113), ("random", 111), ("position", 111)]:
    assert f"without {name}: another loss from step {first}" in picture.alt
assert "without history: the same losses to the end" in picture.alt
picture

# %% [markdown]
# The step at which a curve leaves the other tells what is missing. Without random state or position
# the *loss* of step 111 is another: other units, other digits. Without the optimizer that loss is
# the same, and the step taken from it is not. Without the scheduler even step 111 is right, for its
# rate stood in the optimizer's state; the next rate is wrong.
#
# Only lost weights look like damage. The other curves look healthy, and belong to other runs: an
# interruption has become a part of your experiment, and nobody can see it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The package's own
#
# `checkpoints.take` and `save` keep these parts, Python's random state as well, in one file.
# `training.fit` does it all when it is given a folder, and resumes by itself:

# %%
folder, prepare = fresh("package"), network.prepare
for until in (stop, steps):  # two programs, one after the other
    run = begin()
    history = training.fit(
        run.model, few, prepare=prepare, optimizer=run.optimizer, scheduler=run.scheduler,
        epochs=8, batch_size=32, max_steps=until, checkpoints=folder,
    )  # fmt: skip
assert torch.equal(weights(run.model), weights(whole.model))
assert history.losses == whole.losses
history.steps

# %% [markdown]
# The hand-made run without interruption, and the package's with one: equal to the last bit.
#
# What does "to the last bit" promise? The same machine, number of threads and release of torch.
# Another processor adds long sums in another order, and another last bit grows: there a resume goes
# on well, and equals no uninterrupted run. That is why a checkpoint notes where it was made,
# without a name or a path:

# %%
state = checkpoints.load(checkpoints.latest(folder))
assert state.environment["torch"] == str(torch.__version__)
assert state.environment["threads"] == torch.get_num_threads()
sorted(state.environment)

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 1 · Which parts does a run need?
#
# A run is trained with plain gradient descent, or with `momentum`; with or without a `scheduler`;
# with or without `dropout`. Each argument is True or False. Write `needed_parts(momentum,
# scheduler, dropout)`: the sorted list of those parts without which a resume would end with other
# weights. The parts are called `"optimizer"`, `"position"`, `"random state"`, `"scheduler"` and
# `"weights"`; the digits come in another order in each pass.


# %% tags=["exercise"]
@exercise("needed_parts")
def needed_parts(momentum, scheduler, dropout):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def needed_parts(momentum, scheduler, dropout):
#     parts = ["weights", "position"]
#     if momentum or scheduler:
#         parts.append("optimizer")
#     if scheduler:
#         parts.append("scheduler")
#     if dropout:
#         parts.append("random state")
#     return sorted(parts)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 2 · Where was it?
#
# `step` steps have been taken, with batches of `batch_size` out of `count` digits; the last batch
# of a pass may be smaller. Write `position(step, count, batch_size)`: the epoch of the next batch,
# and its place in that epoch, both counted from 0. `position(110, 640, 32)` is `(5, 10)`.


# %% tags=["exercise"]
@exercise("position")
def position(step, count, batch_size):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def position(step, count, batch_size):
#     batches = math.ceil(count / batch_size)
#     return divmod(step, batches)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## An order that needs no memory
#
# A position is a number only because the order of the digits can be had again. The usual way is
# `torch.randperm`, which draws from the generator that dropout draws from as well:

# %%
torch.manual_seed(0)
first = torch.randperm(640)
torch.manual_seed(0)
torch.nn.functional.dropout(torch.ones(5))  # someone else draws
second = torch.randperm(640)
same = torch.equal(first, second)
assert not same
same

# %% [markdown]
# Such an order depends on everything that was drawn before it. Torch's `DataLoader` draws too, each
# time it is asked for digits, even where nothing is shuffled:

# %%
loader = torch.utils.data.DataLoader(torch.arange(4), shuffle=False)
before = torch.get_rng_state()
assert [int(number) for number in loader] == [0, 1, 2, 3]
moved = not torch.equal(before, torch.get_rng_state())
assert moved
moved

# %% [markdown]
# The course's order is a *pure function* of the seed and the epoch's number: whenever it is asked,
# in whichever process, it gives the same, and it touches no one's generator.

# %%
before = torch.get_rng_state()
order = [torch.cat(data.batches(640, batch_size=32, seed=0, epoch=5)) for _ in range(2)]
other = torch.cat(data.batches(640, batch_size=32, seed=0, epoch=6))
assert torch.equal(*order) and not torch.equal(order[0], other)
assert torch.equal(before, torch.get_rng_state())
assert order[0].sort().values.tolist() == list(range(640))
len(order[0])

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 3 · An order of your own
#
# Without torch: write `digit_order(count, seed, epoch)`, a list with each number below `count`
# once, shuffled. It depends on nothing but its arguments; other seeds and other epochs give other
# orders, and so do seed 0 with epoch 1 and seed 1 with epoch 0. The global random state stays as it
# is. `random` is imported.


# %% tags=["exercise"]
@exercise("digit_order")
def digit_order(count, seed, epoch):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def digit_order(count, seed, epoch):
#     generator = random.Random(f"{seed} {epoch}")
#     return generator.sample(range(count), count)
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Whole or not at all
#
# A checkpoint is written again and again over the last one: that is when a machine stops. What does
# it leave? `torch.save` opens the file under its final name, which empties it, and fills it. Cut
# the new file at twenty places:

# %%
path, stream = fresh("torn") / "model.pt", io.BytesIO()
torch.save(networks.build(network, seed=0).state_dict(), stream)
content, opened = stream.getvalue(), 0
for twentieth in range(20):
    path.write_bytes(content[: len(content) * twentieth // 20])  # the machine stops here
    try:
        torch.load(path, weights_only=True)
        opened += 1
    except Exception:  # torch has at least five kinds for this
        pass
assert opened == 0
f"{opened} of 20 can be opened"

# %% [markdown] slideshow={"slide_type": "subslide"}
# The new file is torn, and the old one is gone. To look at every moment, here are two ways to write
# a file, as generators: at each `yield` the machine may stop. The first writes straight to the
# name.


# %%
def straight(path, content):
    with path.open("wb", buffering=0) as file:
        yield "opened"
        file.write(content[: len(content) // 2])
        yield "half written"
        file.write(content[len(content) // 2 :])
        yield "written"


# %% [markdown]
# The second writes a file *beside*, has it pushed to the disk with `fsync` (until then the bytes
# may wait in memory), and gives it the name last. `replace` is *atomic*: the name means the old
# file or the new one, at every moment.


# %%
def beside(path, content):
    unfinished = path.with_name(path.name + ".unfinished")
    with unfinished.open("wb", buffering=0) as file:
        yield "opened"
        file.write(content[: len(content) // 2])
        yield "half written"
        file.write(content[len(content) // 2 :])
        yield "written"
        os.fsync(file.fileno())
        yield "pushed"
    unfinished.replace(path)
    yield "replaced"


# %% [markdown]
# Now stop each of them at every `yield`, and look at what lies under the name.


# %%
def after_each_stop(write, old=b"old" * 1000, new=b"new!" * 1000):
    path, found = fresh("stops") / "model.pt", {}
    for place, name in enumerate(write(path, new)):
        path.write_bytes(old)
        writer = write(path, new)
        for _ in range(place + 1):
            next(writer)
        writer.close()  # the machine stops here
        found[name] = {old: "old", new: "new"}.get(path.read_bytes(), "torn")
    return found


assert list(after_each_stop(straight).values()) == ["torn", "torn", "new"]
assert list(after_each_stop(beside).values()) == ["old"] * 4 + ["new"]
after_each_stop(straight), after_each_stop(beside)

# %% [markdown]
# Never torn. The package does the same and two things more: it reads the file back before it gives
# the name, and pushes the *folder*, where names are kept, or a power cut could take the name away.
# And it overwrites nothing: each checkpoint has a name of its own.

# %%
folder = fresh("safe")
for count in (20, 40):
    state = checkpoints.take(networks.build(network, seed=count), run={"steps": count})
    checkpoints.save(folder, state)
names = [path.name[:13] for path in checkpoints.all(folder)]
assert names == ["step-00000020", "step-00000040"]
assert all(path.suffix == ".safetensors" for path in folder.iterdir())  # nothing unfinished
names

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 4 · In which order?
#
# Six things that a program could do to put a new file in the place of an old one:
#
# * `"delete the old"`
# * `"open beside"`: open a new file in the same folder
# * `"push the file"`: have its bytes pushed to the disk, with fsync
# * `"push the folder"`: have the folder's names pushed to the disk
# * `"replace"`: give the new file the old one's name
# * `"write"`: write the bytes
#
# Five of them, in the right order, are safe against a power cut. Give them as a list.


# %% tags=["exercise"]
@exercise("safe_order")
def safe_order():
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def safe_order():
#     return ["open beside", "write", "push the file", "replace", "push the folder"]
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Kill it
#
# Enough of pretending. Here is a program of its own; `pause` makes it slow enough to be caught.

# %%
program = """
import sys, time, torch
from lenet_course import checkpoints, data, networks, training
folder, pause = sys.argv[1], float(sys.argv[2])
network = networks.build("relu-max", seed=0)
optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3)
def prepare(images):
    time.sleep(pause)
    return networks.find("relu-max").prepare(images)
training.fit(network, data.load().train[:640], prepare=prepare, optimizer=optimizer, epochs=4,
             batch_size=32, checkpoints=checkpoints.Keeper(folder, every_steps=7))
"""


# %% [markdown]
# Run it whole, in one folder. Then in another: once its checkpoint of step 35 is there, kill it
# (SIGKILL: no handler, no goodbye). Then start the same program again, in the same folder.


# %%
def start(folder, pause=0.0):
    script = Path(workplace.name) / "train.py"
    script.write_text(program, encoding="utf-8")
    command = [sys.executable, str(script), str(folder), str(pause)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(folder):
    process = start(folder)
    _, said = process.communicate()
    assert process.returncode == 0, said
    return checkpoints.load(checkpoints.latest(folder))


# %%
folder = fresh("killed")
process = start(folder, pause=0.03)
while process.poll() is None and not list(folder.glob("step-00000035-*.safetensors")):
    time.sleep(0.01)
process.kill()
_, said = process.communicate()
reached = checkpoints.latest(folder)
assert reached is not None, said
finished = checkpoints.load(reached).run["steps"] == 80
assert process.returncode != 0 and not finished
finished

# %%
resumed, uninterrupted = finish(folder), finish(fresh("uninterrupted"))
equal = [torch.equal(resumed.model[name], uninterrupted.model[name]) for name in resumed.model]
assert len(equal) == 10 and all(equal)
assert resumed.run["steps"] == uninterrupted.run["steps"] == 80
assert torch.equal(resumed.run["history"]["losses"], uninterrupted.run["history"]["losses"])
f"{sum(equal)} of 10 tensors are equal, bit for bit"

# %% [markdown]
# Killed wherever it happened to be, inside a step or inside a save, it made a few steps again and
# ended as if nothing had happened: weights, and the loss of every step. Ctrl-C and the stop button
# are gentler: there `fit` ends the step it is in and saves.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Flip a bit
#
# Disks, cables and memory err now and then: a 0 becomes a 1. What can a single bit do? A number of
# type float32 has 32 of them; this one stands in its exponent.

# %%
model = networks.build(network, seed=0)
weight = model.C1.weight.data.view(-1)
place = weight.argmax()
before = float(weight[place])
weight.view(torch.int32)[place] ^= 1 << 30
outputs = model(network.prepare(digits.test.images[:100]))
assert before < 1 and weight[place] > 1e30
assert (outputs.abs() > 1e20).any() or not outputs.isfinite().all()
f"{before:.4f} became {float(weight[place]):.0e}"

# %% [markdown] slideshow={"slide_type": "subslide"}
# Who notices? The same weights in two formats: torch's, which is a zip archive, and *safetensors*,
# names and numbers and nothing else. Flip one bit of the file, anywhere, 200 times, and count how
# often it opens without a word and gives other weights.

# %%
state, stream = networks.build(network, seed=0).state_dict(), io.BytesIO()
torch.save(state, stream)
by_torch, by_safetensors = stream.getvalue(), safetensors.torch.save(state)


def flipped(content, generator):
    place, changed = generator.randrange(8 * len(content)), bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


# %%
def unnoticed(content, read, count=200):
    generator, silent = random.Random(0), 0
    for _ in range(count):
        try:
            found = read(flipped(content, generator))
        except Exception:  # noticed
            continue
        silent += not all(name in found and torch.equal(found[name], state[name]) for name in state)
    return silent


# %% [markdown]
# Four readers. A zip archive holds a checksum for each of its parts, the *CRC*, and `testzip`
# compares them; torch does not. And the start of the file's sha256, kept elsewhere, is a signature
# of all its bytes:


# %%
def with_torch(content):
    return torch.load(io.BytesIO(content), weights_only=True)


def with_testzip(content):
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    return with_torch(content)


def signature(content):
    return hashlib.sha256(content).hexdigest()[:16]


def with_signature(content):
    assert signature(content) == signature(by_safetensors)
    return safetensors.torch.load(content)


# %% tags=["nbval-ignore-output"]
silent = {
    "torch.load": unnoticed(by_torch, with_torch),
    "testzip, then torch.load": unnoticed(by_torch, with_testzip),
    "safetensors": unnoticed(by_safetensors, safetensors.torch.load),
    "signature, then safetensors": unnoticed(by_safetensors, with_signature),
}
low, none, also_low, also_none = silent.values()
assert min(low, also_low) >= 180
assert none == also_none == 0
figures.bars(silent, label="files opened silently, of 200 with a flipped bit")

# %% [markdown]
# Opening is no check. The course's files carry the signature in their names, after the step; so a
# file and its checksum cannot come apart. All 200 are refused, with one kind of error:

# %%
folder, refused, generator = fresh("flipped"), 0, random.Random(0)
path = checkpoints.save(folder, checkpoints.take(model, run={"steps": 20}))
content = path.read_bytes()
for _ in range(200):
    path.write_bytes(flipped(content, generator))
    try:
        checkpoints.load(path)
    except checkpoints.CheckpointError:
        refused += 1
assert refused == 200
refused

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A stranger's file
#
# A `.pt` file is a *pickle*, and a pickle is a program: it may say "call this function with these
# arguments" for any function on the machine. Ours makes a folder, as a canary that shows whether it
# was called. A stranger's could do what you can do.


# %%
class Stranger:
    def __reduce__(self):
        return os.mkdir, (str(canary),)


canary = fresh("stranger") / "canary"
path = canary.with_name("weights.pt")
torch.save({"weights": Stranger()}, path)
torch.load(path, weights_only=False)  # never do this with a file from elsewhere
ran = canary.exists()
assert ran
ran

# %% [markdown]
# Nothing was called but `torch.load`. With `weights_only=True`, which is the default since torch
# 2.6, only tensors and plain values are made, and everything else is refused. Torch's message then
# tells how to switch this off: do not follow it for a file that you did not write.

# %%
canary.rmdir()
message = "opened"
try:
    torch.load(path, weights_only=True)
except Exception as error:
    message = str(error)
assert "Weights only load failed" in message
assert not canary.exists()
canary.exists()

# %% [markdown]
# That guard has had holes (CVE-2025-32434, CVE-2026-24747), so it is a second line of defence. The
# first: a format that has no word for "call". Give the pickle a checkpoint's name, with a signature
# that fits:

# %%
content = path.read_bytes()
signature = hashlib.sha256(content).hexdigest()[:16]
disguised = path.with_name(f"step-00000001-{signature}.safetensors")
disguised.write_bytes(content)
try:
    checkpoints.load(disguised)
except checkpoints.CheckpointError as error:
    message = str(error)
assert "is no checkpoint of this course" in message and "nothing in it was run" in message
assert not canary.exists()
canary.exists()

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Saved on a GPU, opened without one
#
# Torch's file notes for each tensor on which device it lay, and puts it there again. Where there is
# no such device, it stops. Here is a file, and the same file with one word changed, as if a GPU had
# written it:

# %%
stream, from_gpu = io.BytesIO(), io.BytesIO()
state = networks.build(network, seed=0).state_dict()
torch.save(state, stream)
with zipfile.ZipFile(stream) as source, zipfile.ZipFile(from_gpu, "w") as target:
    for name in source.namelist():
        part = source.read(name)
        if name.endswith("data.pkl"):
            assert part.count(b"\x03\0\0\0cpu") == 1  # the word, after its length
            part = part.replace(b"\x03\0\0\0cpu", b"\x06\0\0\0cuda:0")
        target.writestr(name, part)

# %%
message = "opened"
try:
    torch.load(io.BytesIO(from_gpu.getvalue()), weights_only=True)
except RuntimeError as error:
    message = str(error)
assert ("map_location" in message) != torch.cuda.is_available()
on_cpu = torch.load(io.BytesIO(from_gpu.getvalue()), weights_only=True, map_location="cpu")
assert all(torch.equal(on_cpu[name], state[name]) for name in state)
{tensor.device.type for tensor in on_cpu.values()}

# %% [markdown]
# `map_location` says where to put the tensors. The course's file knows no device at all: a number
# goes to where the network already is. There and back, on the best device of this machine:

# %%
model = networks.build(network, seed=0).to(devices.pick())
path = checkpoints.save(fresh("device"), checkpoints.take(model, run={"steps": 1}))
elsewhere, back = networks.build(network, seed=1), networks.build(network, seed=2)
checkpoints.restore(path, elsewhere)  # on the CPU
checkpoints.restore(path, back.to(devices.pick()))
tensors = zip(model.parameters(), elsewhere.parameters(), back.parameters(), strict=True)
compared = [torch.equal(a.cpu(), b) and torch.equal(a, c) for a, b, c in tensors]
assert len(compared) == 10 and all(compared)
sum(compared)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Weights for a friend
#
# Someone else wants to use the network, not to go on with your run: no optimizer, no history.
# `checkpoints.export` writes a plain safetensors file, which other frameworks read too. It begins
# with its length and its table of contents, as text:

# %%
model = networks.build(network, seed=0)
path = checkpoints.export(model, fresh("friend") / "lenet.safetensors", network=network.name)
content = path.read_bytes()
length = int.from_bytes(content[:8], "little")
table = json.loads(content[8 : 8 + length])
assert table["__metadata__"] == {"network": "relu-max"}
assert len(content) == 8 + length + 4 * 61_706
table["C1.weight"]

# %% [markdown]
# Four bytes a number, and nothing that could run. The friend builds the network and loads them:

# %%
friends = networks.build("relu-max", seed=1)
checkpoints.load_weights(friends, path)
pairs = list(zip(model.parameters(), friends.parameters(), strict=True))
assert all(torch.equal(ours, theirs) for ours, theirs in pairs)
len(pairs)

# %% [markdown] slideshow={"slide_type": "subslide"}
# And with the wrong network? `relu-avg` reads 28 pixels and has a smaller C5. Torch's
# `load_state_dict` refuses, and has by then replaced everything that did fit:

# %%
wrong = networks.build("relu-avg", seed=1)
before = copy.deepcopy(wrong.state_dict())
try:
    wrong.load_state_dict(model.state_dict())
except RuntimeError:
    changed = sum(not torch.equal(before[name], new) for name, new in wrong.state_dict().items())
assert changed == 9
f"refused, and {changed} of 10 tensors are changed"

# %% [markdown]
# Half of one network and half of another, in a program that caught the error and went on. The
# course compares first:

# %%
wrong = networks.build("relu-avg", seed=1)
try:
    checkpoints.load_weights(wrong, path)
except checkpoints.CheckpointError as error:
    message = str(error)
assert "C5.weight" in message
assert all(torch.equal(before[name], now) for name, now in wrong.state_dict().items())
message

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Latest, best, and how many
#
# To go on, one wants the *latest* checkpoint; to use a network, the *best*, by its validation
# error. Five are written here, with errors of our choosing. One is NaN, as after a division by
# zero.

# %%
errors = {20: math.nan, 40: 0.1, 60: 0.3, 80: 0.2, 100: 0.25}
folder, model = fresh("several"), networks.build(network, seed=0)
for step, error in errors.items():
    judged = {"validations": [{"step": step, "error": error}]}
    checkpoints.save(folder, checkpoints.take(model, run={"steps": step, "history": judged}))


def steps_of(*paths):
    return [int(path.name[5:13]) for path in paths]


assert steps_of(checkpoints.latest(folder), checkpoints.best(folder)) == [100, 40]
steps_of(checkpoints.latest(folder), checkpoints.best(folder))

# %% [markdown]
# By hand one would write `min`. But NaN is neither smaller nor larger than anything, and `min`
# keeps the first until it meets a smaller one: a run that broke is chosen for ever.

# %%
assert math.isnan(min(errors.values()))
numbers = {step: error for step, error in errors.items() if not math.isnan(error)}
best = min(numbers, key=numbers.get)
assert best == 40
min(errors.values()), best

# %% [markdown] slideshow={"slide_type": "subslide"}
# Nothing notes which one is the latest: a note would be a second file that can be torn. It follows
# from the files that can be read. Cut the newest short, and the one before it takes its place,
# after a warning:

# %%
newest = checkpoints.latest(folder)
newest.write_bytes(newest.read_bytes()[:1000])
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    found = steps_of(checkpoints.latest(folder))
assert found == [80]
assert "is damaged" in str(told[0].message) and ".damaged" in str(told[0].message)
found

# %% [markdown]
# The damaged file is set aside, not deleted. How many to keep? More than one, since the last may be
# the damaged one; the best, wherever it is; and not all. `retain` keeps the newest `keep` and the
# best, at most `keep + 1`:

# %%
checkpoints.retain(folder, keep=2)
stayed = steps_of(*checkpoints.all(folder))
assert stayed == [40, 60, 80]
stayed

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 5 · What may go?
#
# `records` lists the checkpoints of a folder from the oldest to the newest, as pairs of a step and
# a validation error, which may be NaN. Write `may_be_deleted(records, keep)`: the list of the steps
# that may be deleted, the oldest first. The newest `keep` stay, and the best does, wherever it is;
# of equally good ones, the earliest. NaN is never the best. `keep` is at least 1.


# %% tags=["exercise"]
@exercise("may_be_deleted")
def may_be_deleted(records, keep):
    return TODO


# %% [markdown]
# <details>
# <summary>Solution</summary>
#
# ```python
# def may_be_deleted(records, keep):
#     newest = [step for step, _ in records[-keep:]]
#     judged = [(error, step) for step, error in records if not math.isnan(error)]
#     best = [step for _, step in sorted(judged)[:1]]
#     return [step for step, _ in records if step not in newest + best]
# ```
#
# </details>

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Run it again, and it restores
#
# A `Keeper` brings it together: a folder, how many to keep, and whether to save within a pass too.
# Run the same function three times. How many steps does each take?

# %%
folder = fresh("again")


def train(epochs):
    model = networks.build(network, seed=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    found = checkpoints.latest(folder)
    before = checkpoints.load(found).run["steps"] if found else 0
    history = training.fit(
        model, few, digits.validation[:200], prepare=network.prepare, optimizer=optimizer,
        epochs=epochs, batch_size=32, checkpoints=checkpoints.Keeper(folder, keep=2),
    )  # fmt: skip
    return history.steps - before


# %%
taken = [train(epochs) for epochs in (2, 2, 3)]
assert taken == [40, 0, 20]
assert len(checkpoints.all(folder)) <= 3
taken

# %% [markdown]
# The second finds all done, the third goes on where the first ended. In a terminal it is
# `lenet-course train relu-max --checkpoints runs/first`: once more, and it says what is stored;
# with more `--epochs`, it goes on; with `--fresh` it starts over, and sets the old run aside.
#
# ### What does it cost?
#
# A save and a load of everything, AdamW's averages included, against the time of a training step,
# of which a pass through MNIST's training digits has 860:


# %%
def seconds(action, times=5):
    def once():
        begun = time.perf_counter()
        action()
        return time.perf_counter() - begun

    return min(once() for _ in range(times))


# %%
model, batch = networks.build(network, seed=0), digits.train[:64]
optimizer = torch.optim.AdamW(model.parameters())


def one_step():
    optimizer.zero_grad()
    outputs = model(network.prepare(batch.images))
    training.cross_entropy(outputs, batch.labels).mean().backward()
    optimizer.step()


one_step()  # from here on AdamW has its averages
assert math.ceil(55_000 / 64) == 860
everything = checkpoints.take(model, optimizer, run={"steps": 860})
path = checkpoints.save(fresh("cost"), everything)

# %% tags=["nbval-ignore-output"]
save = seconds(lambda: checkpoints.save(path.parent, everything)) / seconds(one_step)
load = seconds(lambda: checkpoints.load(path)) / seconds(one_step)
size = path.stat().st_size / (4 * 61_706)
assert 3 < size < 3.2 and 0.7e6 < path.stat().st_size < 0.8e6
assert load < 860 and save < 860
Markdown(
    f"A save takes as long as {save:.1f} steps, a load as {load:.1f}. The file is {size:.1f} times "
    f"as large as the weights."
)

# %% [markdown]
# AdamW keeps two more numbers for each weight, so the file is three times as large, three quarters
# of a megabyte. Where a save after each pass costs so little, there is no reason to save less
# often; where a pass takes hours, save within it.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * A state_dict is names and tensors of the network itself: no layers, no copy, no place in a run.
# * A step reads weights, optimizer, scheduler, random state and position. With all five a resume
#   equals the whole run, bit for bit, on one machine; without any one of them it is another run,
#   and mostly one that looks healthy.
# * Write beside, push to the disk, replace: then a name never means half a file.
# * Torch and safetensors open nearly every file with a flipped bit. A signature finds all.
# * A pickle is a program: `weights_only=True` always, and safetensors where you can choose.
# * Keep the newest few and the best, let NaN never be best, and derive both from files that can be
#   read.
#
# ## Where to go next
#
# **Chapter 12** looks into the network that you have kept: what has each layer learned?
