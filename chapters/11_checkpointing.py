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
# [![Colab](badges/colab.svg)](https://colab.research.google.com/github/lenet-course/lenet-course/blob/v0.1.0/chapters/11_checkpointing.ipynb)
#
# **Question.** How is a training run kept, so that it survives a crash, a full disk, a flipped bit
# and a stranger's file, and goes on as if nothing had happened?
#
# **Afterwards you can**
#
# * say what a `state_dict` holds, and what it does not;
# * resume a run so that its final weights are the same, bit for bit;
# * write a file whole or not at all, and notice when one bit of it has changed;
# * open a GPU's file without one, and a stranger's without danger;
# * choose which checkpoints to keep.
#
# 60 minutes, 20 of them exercises · needs chapter 09

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
import copy
import errno
import hashlib
import io
import json
import math
import os
import random
import shutil
import tempfile
import warnings
import zipfile
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import safetensors.torch
import torch
from torch.optim.lr_scheduler import LambdaLR

from lenet_course import checkpoints, data, devices, figures, networks, results, shapes, training
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
# stops; what have you lost?" Without time, leave out the GPU and the friend.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a `state_dict` is, and what it is not
#
# Torch keeps a network as a *state_dict*: names, each with a tensor.

# %%
model = networks.build(network, seed=0)
state = model.state_dict()
assert len(state) == 10
assert sum(tensor.numel() for tensor in state.values()) == 61_706
sigmoid_avg = networks.build("sigmoid-avg", seed=1).load_state_dict(state)
assert not sigmoid_avg.missing_keys and not sigmoid_avg.unexpected_keys
{name: tuple(tensor.shape) for name, tensor in state.items()}

# %% [markdown]
# That is all. What to compute it does not say: `sigmoid-avg`, with other layers, took these weights
# without a word. Nor is it a copy, but a view into the network. Many programs remember the best
# network as `best = model.state_dict()`, and train on. What do they remember?

# %%
model = networks.build(network, seed=0)
best, kept = model.state_dict(), copy.deepcopy(model.state_dict())
with torch.no_grad():
    model.output.bias[3] += 100  # training goes on
remembered = {name: weights["output.bias"][3].item() < 99 for name, weights in
              [("state_dict", best), ("a copy of it", kept)]}  # fmt: skip
assert remembered == {"state_dict": False, "a copy of it": True}
remembered

# %% [markdown]
# The last one. Nor does it hold an optimizer, or a place in the run.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What a resume needs
#
# A run with all that runs usually have: *dropout*, which switches off other units at random in each
# step; AdamW, an optimizer which keeps two averages for each weight, of its gradients and of their
# squares; and a *scheduler*, which lowers the learning rate after every step.

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
# The loop of chapter 09, from any step on; the batches of all passes stand in one list.


# %%
def go_on(run, until):
    passes = [data.batches(len(few), batch_size=32, seed=0, epoch=epoch) for epoch in range(8)]
    order = [index for batches in passes for index in batches]
    for index in order[run.step : until]:
        outputs = run.model(network.prepare(few.images[index]))
        loss = training.cross_entropy(outputs, few.labels[index]).mean()
        run.optimizer.zero_grad()
        loss.backward()
        run.optimizer.step()
        run.scheduler.step()
        run.losses.append(loss.item())
        run.step += 1


# %% [markdown]
# Without interruption, twice: the same program gives the same weights, to the last bit.


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
# What most people keep. The run stops after 110 steps; a new one takes its weights for the other
# 50.

# %%
path = fresh("weights alone") / "weights.pt"
stopped = begin()
go_on(stopped, stop)
torch.save(stopped.model.state_dict(), path)

resumed = begin()
resumed.model.load_state_dict(torch.load(path, weights_only=True))
go_on(resumed, steps - stop)
assert not torch.equal(weights(resumed.model), weights(whole.model))
figures.resumed(whole.losses, {"weights alone": resumed.losses}, stop)

# %% [markdown]
# From the first step on it is another run. (It starts lower because it reads the digits of step 1
# again.) It ends with other weights; nothing warns.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### Version 2: everything that a step changes
#
# Weights. AdamW's averages. The scheduler's count. The random state, from which the next random
# numbers follow. The position in the digits. And the history, which is only written.


# %%
def take(run):
    return {
        "weights": run.model.state_dict(),
        "optimizer": run.optimizer.state_dict(),
        "scheduler": run.scheduler.state_dict(),
        "random state": torch.get_rng_state(),
        "position": run.step,
        "history": run.losses,
    }


# %%
def put_back(run, kept):
    kept = {**take(run), **kept}  # what was not kept stays as a new run has it
    run.model.load_state_dict(kept["weights"])
    run.optimizer.load_state_dict(kept["optimizer"])
    run.scheduler.load_state_dict(kept["scheduler"])
    torch.set_rng_state(kept["random state"])
    run.step, run.losses = kept["position"], list(kept["history"])


# %%
everything = fresh("by hand") / "everything.pt"
stopped = begin()
go_on(stopped, stop)
torch.save(take(stopped), everything)


def resume(path, leave_out=None):
    kept, run = torch.load(path, weights_only=True), begin()
    put_back(run, {name: part for name, part in kept.items() if name != leave_out})
    go_on(run, run.step + steps - stop)
    return run


resumed = resume(everything)
assert torch.equal(weights(resumed.model), weights(whole.model))
assert resumed.losses == whole.losses
resumed.step

# %% [markdown]
# Equal bits, equal history. Leave out one part at a time: at which step is the loss first another?

# %%
left_out = {name: resume(everything, leave_out=name) for name in take(begin())}
first = {}
for name, run in left_out.items():
    pairs = zip(run.losses[stop - steps :], whole.losses[stop:], strict=True)
    other = [step for step, (loss, right) in enumerate(pairs, stop + 1) if loss != right]
    first[name] = min(other, default=None)
equal = [n for n, run in left_out.items() if torch.equal(weights(run.model), weights(whole.model))]
assert equal == ["history"]
assert first == {
    "weights": 111, "optimizer": 112, "scheduler": 113,
    "random state": 111, "position": 111, "history": None,
}  # fmt: skip
first

# %%
curves = {f"without {name}": run.losses[stop - steps :] for name, run in left_out.items()}
figures.resumed(whole.losses, curves, stop)

# %% [markdown]
# All but the history are needed. The first other step narrows down which is missing: other weights,
# units or digits change the *loss* of step 111. Without the optimizer that loss is right, and the
# step taken from it is not. Without the scheduler even that step is right, for its rate stood in
# the optimizer's state:

# %%
run = begin()
parts = torch.load(everything, weights_only=True)
put_back(run, {name: part for name, part in parts.items() if name != "optimizer"})
rates = {"kept": parts["optimizer"]["param_groups"][0]["lr"]}
rates["without optimizer"] = run.optimizer.param_groups[0]["lr"]
assert rates == {"kept": 0.00125, "without optimizer": 0.004}
rates

# %% [markdown]
# Only lost weights look like damage. The other curves look healthy, and belong to other runs: the
# interruption has become part of the experiment, and nobody can see it.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ### The package's own
#
# Given a folder, `training.fit` keeps these parts, and Python's random state, and resumes by
# itself:

# %%
folder = fresh("package")
for until in (stop, steps):  # two programs, one after the other
    run = begin()
    history = training.fit(
        run.model, few, prepare=network.prepare, optimizer=run.optimizer, scheduler=run.scheduler,
        epochs=8, batch_size=32, max_steps=until, checkpoints=folder,
    )  # fmt: skip
assert torch.equal(weights(run.model), weights(whole.model))
assert history.losses == whole.losses
made = checkpoints.load(checkpoints.latest(folder)).environment
assert made["torch"] == str(torch.__version__) and made["threads"] == torch.get_num_threads()
assert sorted(made) == ["device", "python", "threads", "torch"]
history.steps

# %% [markdown]
# With an interruption, and equal to the hand-made run without. Another machine may add long sums in
# another order, and another last bit grows. So a checkpoint notes versions, kind of device and
# threads, and a resume with others warns.

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 1 · Which parts does a run need?
#
# A run uses plain gradient descent, or `momentum`: each step goes on in the direction of earlier
# ones, for the optimizer remembers a sum of each weight's gradients. It has a `scheduler` or not,
# `dropout` or not. Each is True or False. Write `needed_parts(momentum, scheduler, dropout)`: the
# sorted list of the parts without which a resume ends with other weights, out of `"optimizer"`,
# `"position"`, `"random state"`, `"scheduler"` and `"weights"`. Seed and pass decide the digits'
# order, as above.


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
# A number is enough as a position, because the digits' order can be had again. That of
# `torch.randperm` cannot: it draws from dropout's generator. Torch's `DataLoader` draws too, each
# time a pass over it begins, even where nothing is shuffled. What stays the same?

# %%
torch.manual_seed(0)
first = torch.randperm(640)
torch.manual_seed(0)
torch.nn.functional.dropout(torch.ones(5))  # someone else draws
stays = {"the order": torch.equal(first, torch.randperm(640))}
before = torch.get_rng_state()
assert list(torch.utils.data.DataLoader([0, 1, 2], batch_size=None, shuffle=False)) == [0, 1, 2]
stays["the random state, after a DataLoader"] = torch.equal(before, torch.get_rng_state())
assert list(stays.values()) == [False, False]
stays

# %% [markdown]
# To go on within such a pass, one needs the random state of its beginning as well. The course's
# order is a *pure function* of seed and epoch: the same at any time, and no one's generator moves.

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
# once, shuffled. It depends on its arguments alone, and no two pairs of seed and epoch share an
# order. The global random state stays as it is: `random.Random(something)`, of a number or a text,
# is a generator of your own, with all of `random`'s functions.


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
# A machine stops while it writes a file over an older one. What does it leave? Here are two ways to
# write, as steps with names. The first writes straight to the name, as `torch.save` does.


# %%
def straight(path, content):
    half = content[: len(content) // 2]
    return {
        "opened": lambda: path.write_bytes(b""),
        "half written": lambda: path.write_bytes(half),
        "written": lambda: path.write_bytes(content),
    }


# %% [markdown]
# The second writes *beside*, has the bytes pushed to the disk with `fsync` (until then they may
# wait in memory), and gives the name last. `replace` is *atomic*: at every moment the name means
# the old file or the new one.


# %%
def beside(path, content):
    unfinished = path.with_name(path.name + ".unfinished")

    def push():
        with unfinished.open("rb+") as file:
            os.fsync(file.fileno())

    first = straight(unfinished, content)
    return {**first, "pushed": push, "replaced": lambda: unfinished.replace(path)}


# %% [markdown]
# If the machine stops after a step, what lies under the name?


# %%
def after_each_step(way, old=b"old" * 1000, new=b"new!" * 1000):
    path, found = fresh("stops") / "model.pt", {}
    path.write_bytes(old)
    for name, step in way(path, new).items():
        step()
        found[name] = {old: "old", new: "new"}.get(path.read_bytes(), "torn")
    return found


found = {"straight": after_each_step(straight), "beside": after_each_step(beside)}
assert list(found["straight"].values()) == ["torn", "torn", "new"]
assert list(found["beside"].values()) == ["old"] * 4 + ["new"]
found

# %% [markdown]
# Never torn. (`fsync` helps in a power cut, which cannot be imitated here.) The package also reads
# the file back before it gives the name, and at last pushes the *folder*, where names are kept. Now
# the disk is full at a second checkpoint, or so a stand-in for `fsync` says:

# %%
folder, model = fresh("full"), networks.build(network, seed=0)
checkpoints.save(folder, checkpoints.take(model, run={"steps": 20}))
full = OSError(errno.ENOSPC, "No space left on device")
try:
    with mock.patch("os.fsync", side_effect=full):
        checkpoints.save(folder, checkpoints.take(model, run={"steps": 40}))
except checkpoints.CheckpointError as error:
    message = str(error)
there = [path.name[:13] for path in folder.iterdir()]
assert there == ["step-00000020"] and checkpoints.latest(folder)  # nothing unfinished
assert "cannot be written: No space left on device." in message
there, message[message.index("cannot") : message.index(" It needs")], message.split(". ")[-1]

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 4 · In which order?
#
# Six things that could put a new file in the place of an old one:
#
# * `"delete the old"`
# * `"open beside"`: open a new file in the same folder
# * `"push the file"`: its bytes, to the disk
# * `"push the folder"`: its names, to the disk
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
# Enough of pretending. Here is a program of its own, which saves after each pass and every 7 steps.
# Before each step it waits for a letter from whoever started it, so that it can be caught.

# %%
program = """
import sys, torch
from lenet_course import checkpoints, data, networks, training
network = networks.build("relu-max", seed=0)
optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3)
def prepare(images):
    print("a step begins", flush=True)
    sys.stdin.read(1)
    return networks.find("relu-max").prepare(images)
training.fit(network, data.load().train[:640], prepare=prepare, optimizer=optimizer, epochs=4,
             batch_size=32, checkpoints=checkpoints.Keeper(sys.argv[1], every_steps=7))
"""


# %%
def start(folder, letters=0):
    script = Path(workplace.name) / "train.py"
    script.write_text(program, encoding="utf-8")
    pipes = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.PIPE)
    process = subprocess.Popen([sys.executable, script, folder], text=True, **pipes)
    process.stdin.write("." * letters)
    process.stdin.flush()
    return process


# %%
def finish(folder):
    process = start(folder)
    _, said = process.communicate()  # this ends its input: it waits no more
    assert process.returncode == 0, said
    return checkpoints.load(checkpoints.latest(folder))


# %% [markdown]
# With 38 letters (one is for a digit that `fit` tries first) it takes 37 steps. In the 38th it is
# killed, by signal 9, SIGKILL: no handler, no goodbye.

# %%
killed = fresh("killed")
process = start(killed, letters=38)
begun = len(list(islice(process.stdout, 39))) - 1
process.kill()
_, said = process.communicate()
reached = checkpoints.load(checkpoints.latest(killed)).run["steps"]
assert begun == 38 and process.returncode != 0, said
assert reached == 35
{"return code": process.returncode, "killed in step": begun, "latest checkpoint": reached}

# %% [markdown]
# Steps 36 and 37 are lost. Start it again in the same folder, and in another:

# %%
resumed, uninterrupted = finish(killed), finish(fresh("uninterrupted"))
equal = [torch.equal(resumed.model[name], uninterrupted.model[name]) for name in resumed.model]
assert len(equal) == 10 and all(equal)
assert resumed.run["steps"] == uninterrupted.run["steps"] == 80
assert torch.equal(resumed.run["history"]["losses"], uninterrupted.run["history"]["losses"])
kills = results.load("kills")
assert kills["kills"] == 200 and kills["unloadable"] == kills["unequal"] == 0
assert kills["where"]["at a random moment"] == 100
f"{sum(equal)} of 10 tensors are equal, bit for bit"

# %% [markdown]
# Two steps were made again, and it ended as if nothing had happened; so did the runs that
# `benchmarks/kills.py` killed 200 times, half of those within a save. At Ctrl-C or the stop button,
# `fit` ends its step and saves.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Flip a bit
#
# Disks, cables and memory err now and then: a 0 becomes a 1. A weight has 32 such bits. Bit 30, at
# which `1 << 30` points, stands in the *exponent*, which says how large the number is:

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
# Who notices? The same weights in two formats: torch's, a zip archive, and *safetensors*, names and
# numbers and nothing else. A flip changes one byte:

# %%
right, stream = networks.build(network, seed=0).state_dict(), io.BytesIO()
torch.save(right, stream)
by_torch, by_safetensors = stream.getvalue(), safetensors.torch.save(right)


def flipped(content, generator):
    place, changed = generator.randrange(8 * len(content)), bytearray(content)
    changed[place // 8] ^= 1 << place % 8
    return bytes(changed)


pairs = zip(by_torch, flipped(by_torch, random.Random(0)), strict=True)
changed = [one ^ other for one, other in pairs if one != other]
assert len(changed) == 1 and changed[0].bit_count() == 1
len(changed)

# %% [markdown]
# Four readers. A zip archive holds a checksum for each part; `testzip` compares them, torch does
# not. For safetensors we keep one ourselves: *sha256* makes 64 hexadecimal digits of all
# bytes, others as soon as one bit changes; the first 16 will do. All four open an untouched file:


# %%
def with_torch(content):
    return torch.load(io.BytesIO(content), weights_only=True)


def with_testzip(content):
    assert zipfile.ZipFile(io.BytesIO(content)).testzip() is None
    return with_torch(content)


def checksum(content):
    return hashlib.sha256(content).hexdigest()[:16]


def with_checksum(content):
    assert checksum(content) == checksum(by_safetensors)
    return safetensors.torch.load(content)


# %%
def is_right(found):
    return found.keys() == right.keys() and all(torch.equal(found[n], right[n]) for n in right)


readers = {
    "torch.load": (with_torch, by_torch),
    "testzip, then torch.load": (with_testzip, by_torch),
    "safetensors": (safetensors.torch.load, by_safetensors),
    "checksum, then safetensors": (with_checksum, by_safetensors),
}
untouched = {name: is_right(read(content)) for name, (read, content) in readers.items()}
assert list(untouched.values()) == [True] * 4
untouched

# %% [markdown]
# Flip one bit, anywhere, 200 times. How often does the file open and give other weights?


# %%
def unnoticed(read, content):
    generator, silent = random.Random(0), 0
    for _ in range(200):
        try:
            silent += not is_right(read(flipped(content, generator)))
        except Exception:  # noticed
            continue
    return silent


# %% tags=["nbval-ignore-output"]
silent = {name: unnoticed(*pair) for name, pair in readers.items()}
low, none, also_low, also_none = silent.values()
assert min(low, also_low) >= 180
assert none == also_none == 0
figures.bars(silent, label="files opened silently, of 200 with a flipped bit")

# %% [markdown]
# Opening is no check. The course's files carry the checksum in their names, so the two travel
# together; a renamed file is refused.

# %%
folder, refused, generator = fresh("flipped"), 0, random.Random(0)
path = checkpoints.save(folder, checkpoints.take(networks.build(network, seed=0)))
content = path.read_bytes()
for _ in range(200):
    path.write_bytes(flipped(content, generator))
    try:
        checkpoints.load(path)
    except checkpoints.CheckpointError as error:
        refused, message = refused + 1, str(error)
assert refused == 200 and "is damaged: its" in message
f"{refused} refused: damaged, its bytes {message[message.index('do not match') :]}"

# %% [markdown] slideshow={"slide_type": "slide"}
# ## A stranger's file
#
# A checksum protects against accident, not intent: anyone can make one. And a `.pt` file is a
# *pickle*, a program: it may say "call this function with these arguments", for any function on
# the machine. Ours makes a folder, as a canary. A stranger's could do what you can do.


# %%
class Stranger:
    def __reduce__(self):
        return os.mkdir, (str(canary),)


canary = fresh("stranger") / "canary"
strangers = canary.with_name("weights.pt")
torch.save({"weights": Stranger()}, strangers)
torch.load(strangers, weights_only=False)  # never do this with a file from elsewhere
ran = canary.exists()
assert ran
ran

# %% [markdown]
# We called nothing but `torch.load`. With `weights_only=True`, the default since torch 2.6, only
# tensors and plain values are made:

# %% tags=["nbval-ignore-output"]
shutil.rmtree(canary, ignore_errors=True)
message = "opened"
try:
    torch.load(strangers, weights_only=True)
except Exception as error:
    message = str(error)
assert "Weights only load failed" in message
assert not canary.exists()
message.partition("\n")[0]

# %% [markdown]
# Torch tells how to switch this off: do not, for a file of others. The guard has had holes
# (CVE-2025-32434, CVE-2026-24747); better is a format that has no word for "call". Give the pickle
# a checkpoint's name, with a checksum that fits:

# %%
shutil.rmtree(canary, ignore_errors=True)
content = strangers.read_bytes()
fits = hashlib.sha256(content).hexdigest()[:16]
disguised = strangers.with_name(f"step-00000001-{fits}.safetensors")
disguised.write_bytes(content)
try:
    checkpoints.load(disguised)
except checkpoints.CheckpointError as error:
    message = str(error)
assert "is no checkpoint of this course" in message and "nothing in it was run" in message
assert not canary.exists()
message[message.index("is no") : message.index(" (")], message[message.index("It may") :]

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Saved on a GPU, opened without one
#
# Torch's file notes on which device a tensor lay. Change that word from `cpu` to `xpu`, a GPU of
# Intel's, and torch stops where there is none, unless `map_location` says where to put the tensors:

# %%
stream = io.BytesIO()
torch.save(networks.build(network, seed=0).state_dict(), stream)
word, other = b"\x03\0\0\0cpu", b"\x03\0\0\0xpu"  # each after its length, 3
assert stream.getvalue().count(word) == 1
from_gpu, message = stream.getvalue().replace(word, other), "opened"
try:
    torch.load(io.BytesIO(from_gpu), weights_only=True)
except RuntimeError as error:
    message = str(error)
assert ("map_location" in message) != torch.xpu.is_available()
on_cpu = torch.load(io.BytesIO(from_gpu), weights_only=True, map_location="cpu")
model = networks.build(network, seed=1).to(devices.pick())
checkpoints.restore(checkpoints.save(fresh("device"), checkpoints.take(model)), model)
assert all(tensor.device.type == devices.pick().type for tensor in model.parameters())
{tensor.device.type for tensor in on_cpu.values()}

# %% [markdown]
# The course's file ties no tensor to a device: each goes where the network is.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Weights for a friend
#
# A friend wants the network, not your run. `checkpoints.export` writes the weights alone, for any
# program with a safetensors reader: 8 bytes with the length of the table of contents, in binary;
# the table, as text; and four bytes a number.

# %%
model = networks.build(network, seed=0)
path = checkpoints.export(model, fresh("friend") / "lenet.safetensors", network=network.name)
content = path.read_bytes()
length = int.from_bytes(content[:8], "little")
table = json.loads(content[8 : 8 + length])
facts = json.loads(table["__metadata__"]["lenet-course"])
assert facts["network"] == "relu-max" and len(facts["sha256"]) == 64
assert len(content) == 8 + length + 4 * 61_706
table["C1.weight"]

# %% [markdown]
# The table also holds a sha256, which `load_weights` compares. The friend loads the weights, and
# again, with a bit flipped on the way:

# %%
yours = networks.build("relu-max", seed=0)
path = checkpoints.export(yours, fresh("a friend's") / "lenet.safetensors")
friends = networks.build("relu-max", seed=1)
checkpoints.load_weights(friends, path)
assert all(torch.equal(a, b) for a, b in zip(yours.parameters(), friends.parameters(), strict=True))
content = path.read_bytes()
path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
try:
    checkpoints.load_weights(friends, path)
except checkpoints.CheckpointError as error:
    message = str(error)
assert "is damaged" in message
message

# %% [markdown] slideshow={"slide_type": "subslide"}
# And into the wrong network, `relu-avg`, with a smaller C5? Torch refuses, and has by then replaced
# all that did fit:

# %%
model, wrong = networks.build("relu-max", seed=0), networks.build("relu-avg", seed=1)
before = copy.deepcopy(wrong.state_dict())
try:
    wrong.load_state_dict(model.state_dict())
except RuntimeError:
    changed = sum(not torch.equal(before[name], new) for name, new in wrong.state_dict().items())
assert changed == 9
path = checkpoints.export(model, fresh("wrong") / "lenet.safetensors")
try:
    checkpoints.load_weights(careful := networks.build("relu-avg", seed=1), path)
except checkpoints.CheckpointError as error:
    assert "C5.weight" in str(error)
assert all(torch.equal(before[name], now) for name, now in careful.state_dict().items())
f"refused, and {changed} of 10 tensors are changed"

# %% [markdown]
# Half of one network and half of another, in a program that caught the error. `load_weights`
# compares first, and changes nothing.

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Latest, best, and how many
#
# To go on, one wants the *latest* checkpoint; to use it, the *best*, by validation error. Here are
# five; one error is NaN, "not a number", as after 0/0. By hand one would take `min`:

# %%
errors = {20: math.nan, 40: 0.1, 60: 0.3, 80: 0.2, 100: 0.25}


def five(folder):
    for step, error in errors.items():
        run = {"steps": step, "history": {"validations": [{"step": step, "error": error}]}}
        checkpoints.save(folder, checkpoints.take(networks.build(network, seed=0), run=run))
    return folder


folder = five(fresh("several"))
paths = {"latest": checkpoints.latest(folder), "best": checkpoints.best(folder)}
found = {name: int(path.name[5:13]) for name, path in paths.items()}
found["min"] = min(errors, key=errors.get)
assert found == {"latest": 100, "best": 40, "min": 20}
found

# %% [markdown]
# Nothing is smaller than NaN: where it comes first, `min` chooses a run that broke.
#
# Which is the latest follows from the files that can be read: a note could be torn too. Cut the
# newest short, and the one before it takes its place; the damaged one is renamed, not deleted.
# `retain` keeps the newest `keep` and the best, wherever it is:

# %%
folder = five(fresh("damaged"))
newest = checkpoints.latest(folder)
newest.write_bytes(newest.read_bytes()[:1000])
with warnings.catch_warnings(record=True) as told:
    warnings.simplefilter("always")
    checkpoints.retain(folder, keep=2)
assert "is damaged" in str(told[0].message) and ".damaged" in str(told[0].message)
stayed = [int(path.name[5:13]) for path in checkpoints.all(folder)]
assert stayed == [40, 60, 80]
stayed

# %% [markdown] slideshow={"slide_type": "subslide"}
# ## Exercise 5 · What may go?
#
# `records` lists checkpoints from the oldest to the newest, as pairs of a step and a validation
# error, which may be NaN. Write `may_be_deleted(records, keep)`: the list of the steps that may be
# deleted, the oldest first. The newest `keep` (1 or more) stay, and so does the best, wherever it
# is; of equals, the earliest. NaN is never the best.


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
# A `Keeper` brings it together. Run the same function three times: how many steps does each take?

# %%
keeper = checkpoints.Keeper(fresh("again"), keep=2)


def train(epochs):
    model, found = networks.build(network, seed=0), checkpoints.latest(keeper.folder)
    before = checkpoints.load(found).run["steps"] if found else 0
    history = training.fit(
        model, few, prepare=network.prepare, epochs=epochs, batch_size=32, checkpoints=keeper,
        optimizer=torch.optim.SGD(model.parameters(), lr=0.05),
    )  # fmt: skip
    return history.steps - before


taken = [train(epochs) for epochs in (2, 2, 3)]
assert taken == [40, 0, 20]
taken

# %% [markdown]
# The second finds all done; the third goes on. In a terminal it is
# `lenet-course train relu-max --checkpoints runs/first`; more `--epochs` go on, `--fresh` starts
# over. What does it cost? `benchmarks/checkpoints.py` has measured it, with AdamW:

# %%
cost = results.load("checkpoints")["AdamW"]
size = cost["bytes"] / (4 * 61_706)
percent = cost["save as percent of MNIST's epoch"]
assert 3 < size < 3.2 and percent < 1 and math.ceil(55_000 / 64) == 860
cost

# %% [markdown]
# An epoch of MNIST has 860 steps: a save costs a few of them. AdamW's averages make the file three
# times as large as the weights. Save after each pass, and within it where it takes hours. All that
# you met:
#
# | in `checkpoints` | what it does |
# |---|---|
# | `take`, `save` | copy a run's parts; write them |
# | `load`, `restore` | read a file; put its parts back |
# | `export`, `load_weights` | the same with weights alone |
# | `all`, `latest`, `best` | look into a folder |
# | `retain` | delete the rest |
# | `Keeper` | all of it, for `fit` |

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# * A state_dict is names and tensors: no layers, no copy, no place in a run.
# * With weights, optimizer, scheduler, random state and position a resume equals the whole run, bit
#   for bit; without one of them it is another run, and mostly looks healthy.
# * Write beside, push, replace: a name never means half a file.
# * Opening is no check for a flipped bit; a checksum is.
# * A pickle is a program: `weights_only=True` always, and safetensors where you can choose.
# * Keep the newest few and the best; NaN is never the best.
#
# ## Where to go next
#
# **Chapter 12** looks into the network that you have kept: what has each layer learned?
