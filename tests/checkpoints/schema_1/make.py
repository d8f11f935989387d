"""Made the checkpoint beside it, once: a file of schema 1, which has to stay readable for good.

    python tests/checkpoints/schema_1/make.py FOLDER

Run again, it makes another file (the versions in it differ): add that one, never replace the first.
"""

import random
import sys

import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR

from lenet_course import training
from lenet_course.checkpoints import Keeper
from lenet_course.data import Split


def parts():
    """The network, its optimizer and its scheduler, as they were at first."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 3), nn.Dropout(0.1), nn.Linear(3, 2))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    return model, optimizer, StepLR(optimizer, 3)


def fit(model, optimizer, scheduler, **settings):
    """Train on sixteen digits of four pixels."""
    random.seed(0)
    digits = Split(
        torch.arange(64, dtype=torch.uint8).reshape(16, 2, 2),
        torch.arange(16, dtype=torch.int64) % 2,
    )
    return training.fit(
        model,
        digits,
        digits[:6],
        prepare=lambda images: images.float() / 64,
        optimizer=optimizer,
        scheduler=scheduler,
        batch_size=4,
        **settings,
    )


if __name__ == "__main__":
    fit(*parts(), epochs=2, max_steps=6, checkpoints=Keeper(sys.argv[1], about={"schema": 1}))
