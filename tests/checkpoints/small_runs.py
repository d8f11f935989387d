"""What the tests of checkpoints share: runs so small that hundreds of them take seconds."""

import random
from dataclasses import dataclass
from functools import cache

import torch
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR

from lenet_course import checkpoints
from lenet_course.data import Split
from lenet_course.training import fit

BATCH, PASS = 8, 5  # 38 digits in batches of 8: five steps, the last one smaller


@cache
def digits(count=38, seed=1):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (count, 6, 6), generator=generator, dtype=torch.uint8)
    return Split(images, torch.randint(0, 4, (count,), generator=generator))


def plain(images):
    return images.float()[:, None] / 255


def augmented(images):
    """Noise and a random flip: drawn from torch's generator and from Python's."""
    inputs = plain(images)
    if random.random() < 0.5:
        inputs = inputs.flip(3)
    return inputs + 0.1 * torch.randn_like(inputs)


OPTIMIZERS = {
    "SGD": lambda parameters: torch.optim.SGD(parameters, lr=0.1, momentum=0.9),
    "AdamW": lambda parameters: torch.optim.AdamW(parameters, lr=0.01),
    "fused Adam": lambda parameters: torch.optim.Adam(parameters, lr=0.01, fused=True),
}


@dataclass
class Run:
    """Everything that one training run is made of, always the same at first."""

    optimizer_name: str = "AdamW"
    with_scheduler: bool = True
    with_dropout: bool = True
    with_augmentation: bool = True
    width: int = 8

    def __post_init__(self):
        torch.manual_seed(5)
        random.seed(5)
        self.model = nn.Sequential(
            nn.Conv2d(1, 2, 3),
            nn.BatchNorm2d(2),
            nn.Flatten(),
            nn.Linear(32, self.width),
            nn.Dropout(0.3 if self.with_dropout else 0.0),
            nn.Linear(self.width, 4),
        )
        self.optimizer = OPTIMIZERS[self.optimizer_name](self.model.parameters())
        self.scheduler = CosineAnnealingLR(self.optimizer, 20) if self.with_scheduler else None
        self.prepare = augmented if self.with_augmentation else plain
        self.history = None

    @property
    def all(self):
        return self.model, self.optimizer, self.scheduler

    def fit(self, folder=None, **settings):
        settings = {"epochs": 3, "batch_size": BATCH, **settings}
        self.history = fit(
            self.model,
            digits(),
            digits(10, 2),
            prepare=self.prepare,
            optimizer=self.optimizer,
            scheduler=self.scheduler,
            checkpoints=folder,
            **settings,
        )
        return self

    def bits(self):
        """Everything that must be equal to the last bit, as bytes and text."""
        return bits(checkpoints.take(*self.all), self.history)


def bits(state, history=None):
    tensors, facts = state.encoded()
    facts.pop("environment")
    python = repr(facts.pop("random"))
    raw = {name: tensor.contiguous().numpy().tobytes() for name, tensor in tensors.items()}
    return {"tensors": raw, "python": python, "facts": repr(facts), "history": repr(history)}


def differences(one, other):
    """Which parts of two runs' bits are not equal."""
    parts = ("model", "optimizer", "random")
    found = [
        part
        for part in parts
        if any(
            one["tensors"][name] != other["tensors"].get(name)
            for name in one["tensors"]
            if name.startswith(part)
        )
    ]
    return found + [part for part in ("python", "facts", "history") if one[part] != other[part]]


def saved(folder, **settings):
    """A run of one pass and the path of its only checkpoint."""
    run = Run(**settings).fit(folder, epochs=1)
    return run, checkpoints.latest(folder)
