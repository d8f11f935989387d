"""The command line: `lenet-course`, also as `python -m lenet_course`.

One small function a command. Each takes the parsed arguments and returns the exit code: 0 when all
is well, 1 when the answer is no, 2 when the command could not do its work.
"""

from __future__ import annotations

import argparse
import sys
import warnings

from .idx import DataError
from .shapes import ShapeError

KNOWN = (DataError, ShapeError)
"""Errors that speak to a learner: shown as their sentence, without a traceback."""


def doctor(arguments: argparse.Namespace) -> int:
    """Report whether this machine is ready for the course."""
    from . import doctor

    findings = doctor.report()
    print(doctor.text(findings))
    return int(any(finding.is_wrong for finding in findings))


def data(arguments: argparse.Namespace) -> int:
    """Fetch MNIST, unless it is here already, and print where it lies."""
    from . import downloads

    _, folder = downloads.mnist()
    kept = folder == downloads.data_folder() or len(downloads.held(folder)) == len(downloads.FILES)
    if kept:
        print(f"MNIST is in {folder}")
    return 0 if kept else 2  # a warning has said why


COMMANDS = {"doctor": doctor, "data": data}


def main(words: list[str] | None = None) -> int:
    """Run the command that `words` (by default the command line) ask for. Returns the exit code.

    >>> main(["doctor"])  # doctest: +SKIP
    0
    """
    arguments = _parser().parse_args(words)
    with warnings.catch_warnings():
        warnings.showwarning = _show_warning
        try:
            return COMMANDS[arguments.command](arguments)
        except KNOWN as error:
            print(f"lenet-course: {error}", file=sys.stderr)
            return 2
        except KeyboardInterrupt:
            print("\nStopped.", file=sys.stderr)
            return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lenet-course", description="LeNet-5, layer by layer.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.__doc__, description=command.__doc__)
    return parser


def _show_warning(message: Warning, *where: object, **more: object) -> None:
    """A warning's words alone: the line of code it came from means nothing on a command line."""
    print(f"lenet-course: {message}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
