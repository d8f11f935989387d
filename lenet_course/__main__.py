"""The command line: `lenet-course`, also as `python -m lenet_course`.

One small function a command. Each takes the parsed arguments and returns the exit code: 0 when all
is well, 1 when the answer is no, 2 when the command could not do its work.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import __version__
from .errors import CourseError

if TYPE_CHECKING:
    import torch

    from .history import History
    from .processes import OneProcess
    from .trained import Trained


def doctor(arguments: argparse.Namespace) -> int:
    """Report whether this machine is ready for the course."""
    from . import doctor

    findings = doctor.report()
    print(doctor.text(findings))
    return int(any(finding.is_wrong for finding in findings))


def data(arguments: argparse.Namespace) -> int:
    """Fetch MNIST, unless it is here already, and print where it lies.

    It is all that the chapters ever fetch: afterwards they need no network.
    """
    from . import downloads

    if arguments.source:
        print(f"MNIST is in {downloads.keep_from(arguments.source)}")
        return 0
    _, folder = downloads.mnist()
    kept = folder == downloads.data_folder() or len(downloads.held(folder)) == len(downloads.FILES)
    if kept:
        print(f"MNIST is in {folder}")
    return 0 if kept else 2  # a warning has said why


def chapters(arguments: argparse.Namespace) -> int:
    """Copy the chapters into a folder of yours, to be opened with JupyterLab.

    A notebook that is there already and differs from the course's stays, and is named: it may hold
    your work, or come from another release.
    """
    from . import chapters

    folder = arguments.folder
    copied = chapters.copy(folder)
    notebooks = [path for path in copied.new if path.suffix == ".ipynb"]
    print(f"{len(notebooks)} chapters are new in {folder}.")
    if copied.kept:
        print(f"Kept as you left them: {', '.join(map(str, copied.kept))}.")
        print("To have a fresh copy of one as well, give yours another name, and run this again.")
    print(f"Open the first with: jupyter lab {Path(folder, '00_start_here.ipynb')}")
    return 0


def train(arguments: argparse.Namespace) -> int:
    """Follow a recipe: train its network, go on with a run that was begun, and test it at the end.

    With a folder for checkpoints, the same command again takes up a run that was stopped, and tells
    the test of one that is done. Ends with 0 when the run is done, 1 when its loss was no longer a
    number, 2 when it could not be followed, 130 when it was stopped.

    Started by torchrun, several processes train one network, each with a part of every batch.
    """
    from . import processes

    with processes.joined() as group:
        return _train(arguments, group)


def _train(arguments: argparse.Namespace, group: OneProcess) -> int:
    from . import checkpoints, recipes
    from .data import load
    from .processes import is_restart

    recipe = group.each(lambda: recipes.find(arguments.recipe))
    digits, keeper, begun = group.each(load), None, None
    group.check_alike(recipe=recipe.name, data=digits.name)
    if arguments.epochs:  # passes are asked for, so the recipe's own number of steps is no limit
        recipe = replace(recipe, max_steps=None)
    if arguments.checkpoints:
        folder = Path(arguments.checkpoints)
        fresh = arguments.fresh and not is_restart()  # started again, it goes on
        if fresh and (aside := group.by_first(lambda: checkpoints.set_aside(folder))):
            print(f"The run of before is now in {aside}.")
        about = {"recipe": recipe.name, "data": digits.name}
        keeper = checkpoints.Keeper(folder, arguments.keep, arguments.every_steps, about)
        begun = group.by_first(lambda: checkpoints.latest(folder))
    watch = _PrintEpochs(f"Restored {begun.name}." if begun else "")
    result = recipes.run(recipe, digits, arguments.seed, arguments.epochs, watch, keeper)
    if result.test is None:
        print(_why_stopped(result.history, arguments.checkpoints), file=sys.stderr)
        return 1 if result.history.stopped == "diverged" else 130
    watch(result.history)
    accuracy = f"test accuracy {result.test.accuracy:.2%}"
    print(f"{recipe.network.name} on {digits.name}, {accuracy}: {result.test}")
    return 0


def predict(arguments: argparse.Namespace) -> int:
    """Read pictures of digits, a line each: the answer, and its share in the ten outputs.

    A file is a photograph or a scan of one digit, with paper all around it. One that cannot be read
    is told, and the others are read all the same. Ends with 0, or with 2 when a file could not be
    read. A share says how far an answer leads the other nine, not how likely it is right.
    """
    from .own_images import digit
    from .widgets import read_digit

    loaded, device = _trained(arguments)
    print(f"{loaded}; on {device}")
    code = 0
    for file in arguments.files:
        try:
            prepared = digit(file)
        except CourseError as error:
            told = str(error).removeprefix(Path(file).name)  # two folders may hold the same name
            print(f"lenet-course: {file}{told}", file=sys.stderr)
            code = 2
            continue
        network = loaded.network
        answer, shares = read_digit(loaded.model, network.prepare, prepared, network.decide)
        print(f"{file}: {answer}, share {shares[answer]:.1%}")
    return code


def evaluate(arguments: argparse.Namespace) -> int:
    """Judge a trained network on the test digits: its error, and how sure that is."""
    from . import training
    from .data import load

    digits, (loaded, device) = load(), _trained(arguments)
    network = loaded.network
    test = training.evaluate(
        loaded.model,
        digits.test,
        prepare=network.prepare,
        loss=network.loss,
        decide=network.decide,
    )
    print(f"{loaded}; on {device}")
    print(f"test error on {digits.name}: {test}")
    return 0


def _trained(arguments: argparse.Namespace) -> tuple[Trained, torch.device]:
    """The network that is asked for, moved to the best device there is."""
    from . import devices, trained

    loaded, device = trained.load(arguments.weights, arguments.network), devices.pick()
    loaded.model.to(device)
    return loaded, device


def _why_stopped(history: History, folder: str | None) -> str:
    """Say what ended a run before its end, and what can be done now."""
    words = f"{history.stopped} after {history.steps:,} steps."
    if history.stopped == "diverged":
        return f"{words} The loss was no longer a number: another --seed may fare better."
    if folder is None:
        return f"{words} Nothing was kept: --checkpoints FOLDER keeps a run."
    return f"{words} Kept in {folder}: the same command goes on from there."


class _PrintEpochs:
    """Prints each line of a history once, as soon as it is there, below a first line."""

    def __init__(self, first: str) -> None:
        self.first, self.printed = first, 0

    def __call__(self, history: History) -> None:
        if self.first:
            print(self.first)
            self.first = ""
        for line in str(history).splitlines()[self.printed : len(history.epochs)]:
            print(line, flush=True)
        self.printed = len(history.epochs)


COMMANDS = {
    "doctor": doctor,
    "data": data,
    "chapters": chapters,
    "train": train,
    "predict": predict,
    "evaluate": evaluate,
}


def main(words: list[str] | None = None) -> int:
    """Run the command that `words` (by default the command line) ask for. Returns the exit code.

    >>> main(["doctor"])  # doctest: +SKIP
    0
    """
    parser = _parser()
    arguments = parser.parse_args(words)
    if getattr(arguments, "fresh", False) and not arguments.checkpoints:
        parser.error("--fresh moves the run in a folder: say which with --checkpoints FOLDER")
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return COMMANDS[arguments.command](arguments)
        except CourseError as error:
            print(f"lenet-course: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("\nStopped.", file=sys.stderr)
            return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lenet-course", description="LeNet-5, layer by layer.")
    parser.add_argument("--version", action="version", version=f"lenet-course {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        summary = (command.__doc__ or "").partition("\n")[0]
        described = commands.add_parser(name, help=summary, description=command.__doc__)
        if command is data:
            help = "take the four files from a folder, such as a memory stick's, not from the web"
            described.add_argument("--from", dest="source", metavar="FOLDER", help=help)
        if command is chapters:
            described.add_argument("folder", metavar="FOLDER", help="made where it is missing")
        if command is train:
            _add_training_options(described)
        if command is predict:
            described.add_argument("files", nargs="+", metavar="FILE", help="a picture of a digit")
        if command in (predict, evaluate):
            _add_weights_options(described)
    return parser


def _add_weights_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--weights", metavar="SOURCE", help="weights, a checkpoint, or a folder of checkpoints")
    add("--network", metavar="NAME", help="what they are of, where they do not say it themselves")


def _add_training_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    # Both ways to name it; a default would let the one that is left out wipe the other.
    named = parser.add_mutually_exclusive_group(required=True)
    help = "its name, such as relu-max or fast; a wrong one lists them all"
    named.add_argument("recipe", nargs="?", default=argparse.SUPPRESS, help=help)
    named.add_argument("--recipe", default=argparse.SUPPRESS, help="the same", metavar="NAME")
    add("--checkpoints", metavar="FOLDER", help="keep the run here, and go on with one kept here")
    add("--epochs", type=_at_least_1, help="passes in all, in place of the recipe's own length")
    add("--seed", type=int, default=0, help="of the first weights and the order (default: 0)")
    add("--keep", type=_at_least_1, default=3, help="newest checkpoints that stay (default: 3)")
    add("--every-steps", type=_at_least_1, help="save every so many steps too")
    add("--fresh", action="store_true", help="start over; the run of before is moved, not deleted")


def _at_least_1(word: str) -> int:
    if not word.isdecimal() or int(word) < 1:
        raise argparse.ArgumentTypeError(f"{word!r} cannot be: give a whole number of at least 1")
    return int(word)


def _show_warning(message: Warning, *where: object, **more: object) -> None:
    """A warning's words alone: the line of code it came from means nothing on a command line."""
    print(f"lenet-course: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
