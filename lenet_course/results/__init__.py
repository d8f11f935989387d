"""Results of runs that take longer than a chapter may: made by scripts, kept as JSON.

Each file is written by the script that it names, and a test holds it to what the package says
today. Introduced in chapter 09.
"""

from __future__ import annotations

import json
from importlib import resources

from ..errors import unknown


def load(name: str) -> dict:
    """Read the results of this name.

    Raises:
        UnknownNameError: there are none of that name; the message lists those there are.

    Example:
        >>> load("recipes")["script"]
        'benchmarks/recipes.py'

    Introduced in chapter 09.
    """
    if name not in (known := names()):
        raise unknown("result file", name, known)
    return json.loads(resources.files(__name__).joinpath(f"{name}.json").read_text("utf-8"))


def names() -> list[str]:
    """List the results there are, in the order of the alphabet.

    Example:
        >>> "recipes" in names()
        True

    Introduced in chapter 13.
    """
    folder = resources.files(__name__)
    return sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".json"))
