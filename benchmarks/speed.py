"""Measure how long an epoch takes: the loops that people publish, and the course's, in turn.

    make bench                                          the same as the next line
    python benchmarks/speed.py                          one thread, processor time; some minutes
    python benchmarks/speed.py --threads 2              two threads, wall time: for a quiet machine;
                                                        with the published loop's four workers
    python benchmarks/speed.py --digits 640 --rounds 2 --output quick.json

Each way trains from new weights on so many of MNIST's digits, once a round; what is told is for
60,000, with all that a way does before its first step. Beside them stands the limit: what a large
matrix product reaches in the same rounds. Writes lenet_course/results/speed.json, an entry for each
number of threads. Needs MNIST.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import statistics
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import measuring
import numpy
import torch
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, TensorDataset

from lenet_course import data, networks, training

RESULTS = measuring.RESULTS / "speed.json"
SCRIPT = "benchmarks/speed.py"
EPOCH = 60_000
MEAN, DEVIATION = 0.1307, 0.3081  # of MNIST's pixels, as notebooks give them

POPULAR = "popular loop: image by image, no activation, 64"
PUBLISHED = "popular loop as published: four workers, 64"
NOTEBOOK = "usual notebook: image by image, ReLU, Adam, 64"
LIMIT = "matrix product"
COMPARED = {
    "times the published loop's speed": PUBLISHED,
    "times the popular loop's speed": POPULAR,
    "times the notebook's": NOTEBOOK,
}


class ImageByImage(Dataset):
    """Digits as torchvision gives them: each made a PIL picture, and that a tensor, when asked."""

    def __init__(self, digits: data.Split, normalise: bool) -> None:
        self.digits, self.normalise = digits, normalise

    def __len__(self) -> int:
        return len(self.digits)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        picture = Image.fromarray(self.digits.images[index].numpy())
        pixels = torch.from_numpy(numpy.array(picture, copy=True))
        pixels = pixels.view(picture.size[1], picture.size[0], 1).permute(2, 0, 1).contiguous()
        image = pixels.to(torch.float32).div(255)
        if self.normalise:
            mean, deviation = torch.tensor([MEAN]), torch.tensor([DEVIATION])
            assert not (deviation == 0).any()  # torchvision looks as well
            image = image.clone().sub_(mean.view(-1, 1, 1)).div_(deviation.view(-1, 1, 1))
        return image, int(self.digits.labels[index])


def popular_loop(digits: data.Split, workers: int = 0) -> None:
    """3x3 kernels, no activation, SGD on the summed loss; counts and prints at every step.

    As published it has four workers, processes that load digits ahead.
    """
    model = plain("no-activation")
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    criterion = nn.CrossEntropyLoss(reduction="sum")
    pictures = ImageByImage(digits, normalise=False)
    loader = DataLoader(pictures, batch_size=64, shuffle=True, num_workers=workers)
    total, right = 0.0, 0
    for images, labels in loader:
        optimizer.zero_grad()
        outputs = model(images)
        loss = criterion(outputs, labels)
        loss.backward()
        optimizer.step()
        total += loss.item()
        right += (outputs.argmax(dim=1) == labels).sum().item()


def usual_notebook(digits: data.Split) -> None:
    """LeNet-5 with ReLU and maximum, Adam as torch makes it, mean loss noted at every step."""
    train_by_adam(image_loader(digits))


def tensor_loader(digits: data.Split) -> None:
    """The same network and loop, with the digits prepared beforehand in one tensor."""
    digits = TensorDataset(normalised(digits.images), digits.labels)
    train_by_adam(DataLoader(digits, batch_size=64, shuffle=True))


def image_loader(digits: data.Split) -> DataLoader:
    """The notebook's loader."""
    return DataLoader(ImageByImage(digits, normalise=True), batch_size=64, shuffle=True)


def normalised(images: Tensor) -> Tensor:
    """Prepare digits as notebooks do, all at once: uint8 (N, 28, 28) to float32 (N, 1, 28, 28)."""
    return (images.unsqueeze(1).float() / 255 - MEAN) / DEVIATION


def train_by_adam(loader: DataLoader) -> None:
    """Train from new weights, one pass."""
    model = usual_lenet()
    adam_pass(model, torch.optim.Adam(model.parameters(), lr=1e-3), loader)


def adam_pass(model: nn.Module, optimizer: torch.optim.Optimizer, loader: DataLoader) -> None:
    """The notebook's loop."""
    criterion, total = nn.CrossEntropyLoss(), 0.0
    for images, labels in loader:
        optimizer.zero_grad()
        loss = criterion(model(images), labels)
        loss.backward()
        optimizer.step()
        total += loss.item()


def usual_lenet() -> nn.Module:
    """LeNet-5 as notebooks write it: padding in C1, ReLU before a maximum; 61,706 parameters."""
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120), nn.ReLU(),
        nn.Linear(120, 84), nn.ReLU(),
        nn.Linear(84, 10),
    )  # fmt: skip


def course(
    digits: data.Split, batch_size: int, by_layer: bool = False, bfloat16: bool = False
) -> None:
    """The course's own training, with the network as built, or called layer by layer."""
    network = networks.FAMILY["relu-max"]
    model = plain("relu-max") if by_layer else networks.build(network, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, fused=True)
    half = torch.autocast("cpu", torch.bfloat16) if bfloat16 else contextlib.nullcontext()
    with half:
        training.fit(
            model, digits, prepare=network.prepare, optimizer=optimizer, batch_size=batch_size
        )


def plain(name: str) -> nn.Module:
    """Build a network of the family as torch's own Sequential, which calls layer after layer."""
    return nn.Sequential(*networks.build(name, seed=0))


WAYS: dict[str, Callable[[data.Split], None]] = {
    POPULAR: popular_loop,
    NOTEBOOK: usual_notebook,
    "the same, all digits one tensor, DataLoader, 64": tensor_loader,
    "course, layer by layer, 64": partial(course, batch_size=64, by_layer=True),
    "course, layer by layer, 256": partial(course, batch_size=256, by_layer=True),
    "course, 64": partial(course, batch_size=64),
    "course, 128": partial(course, batch_size=128),
    "course, 256": partial(course, batch_size=256),
    "course, 512": partial(course, batch_size=512),
    "course, 1024": partial(course, batch_size=1024),
    "course, 64, bfloat16": partial(course, batch_size=64, bfloat16=True),
    "course, 256, bfloat16": partial(course, batch_size=256, bfloat16=True),
}


def ways_timed() -> dict[str, Callable[[data.Split], None]]:
    """The ways that take turns: workers only where the wall clock, which counts them, is read."""
    workers = {PUBLISHED: partial(popular_loop, workers=4)}
    return WAYS if torch.get_num_threads() == 1 else workers | WAYS


def operations(name: str) -> int:
    """Count the floating-point operations that training takes for one digit.

    Two for each multiply-add, forward; as many for the gradients of the weights, and as many for
    those of the maps, which the first layer does not need: nobody changes the digits.
    """
    trace = networks.FAMILY[name].trace()
    return 2 * (3 * trace.multiply_adds - trace[0].multiply_adds)


def measure(digits: data.Split, rounds: int) -> dict:
    """Let all ways take turns, and put together what is told of them."""
    ways = ways_timed()
    for way in ways.values():  # what torch imports at the first step is no part of an epoch
        way(digits[:64])
    work = {name: partial(way, digits) for name, way in ways.items()}
    work[LIMIT] = measuring.product()
    begun = measuring.load()
    times = measuring.in_turn(work, rounds, told=lambda line: print(line, file=sys.stderr))
    limit = measuring.rate(times[LIMIT])
    an_epoch = EPOCH / len(digits)
    return {
        "machine": measuring.machine(),
        "clock": "processor time" if torch.get_num_threads() == 1 else "wall time",
        "load": [begun, measuring.load()],
        "digits": len(digits),
        "rounds": rounds,
        "limit, billion operations a second": round(limit / 1e9, 1),
        "ways": [
            {
                "way": name,
                "seconds an epoch": round(an_epoch * statistics.median(times[name]), 2),
                "lowest": round(an_epoch * min(times[name]), 2),
                "highest": round(an_epoch * max(times[name]), 2),
                **{
                    label: round(1 / measuring.ratio(times[name], times[beside]), 2)
                    for label, beside in COMPARED.items()
                    if beside in ways
                },
                "percent of the limit": percent_of_limit(
                    name, an_epoch * statistics.median(times[name]), limit
                ),
            }
            for name in ways
        ],
    }


def percent_of_limit(name: str, seconds_an_epoch: float, limit: float) -> float:
    """Say which part of the time the matrix products alone would have taken."""
    network = "no-activation" if name in (POPULAR, PUBLISHED) else "relu-max"
    needed = EPOCH * operations(network)
    return round(100 * needed / limit / seconds_an_epoch, 2)


def main(words: list[str] | None = None) -> int:
    """Read the command line, measure, print and write."""
    parser = argparse.ArgumentParser(description="Measure how long an epoch takes, way by way.")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--digits", type=int, default=12_800, help="of the 55,000 to train on")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args(words)
    digits = data.load()
    if digits.name != data.MNIST:
        print(f"Measured on MNIST, and only {digits.name} can be had.", file=sys.stderr)
        return 1
    torch.set_num_threads(options.threads)
    found = measure(digits.train[: options.digits], options.rounds)
    kept = json.loads(options.output.read_text("utf-8")) if options.output.exists() else {}
    kept |= {"script": SCRIPT, f"{options.threads} threads": found}
    measuring.write(options.output, kept)
    print({key: value for key, value in found.items() if key != "ways"})
    print(measuring.table(found["ways"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
