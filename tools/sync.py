"""Make the executed notebooks from their sources: chapters/NN_topic.py -> chapters/NN_topic.ipynb.

    make sync                       what has changed
    make sync ARGS="01 09"          these chapters only
    make sync ARGS="--force 01"     although nothing has changed
    make sync ARGS="--check"        write nothing, say what is out of step

One way only: the .py is the source. Two parts of it are generated here as well, so that they are
the same everywhere: the badges, from the repository's address in pyproject.toml, and the set-up
cell, which fetches the release of this version where Colab opens a page. A twin is judged by what
it holds, never by file times, which mean nothing after a checkout.
"""

from __future__ import annotations

import argparse
import re
import sys
import time
import tomllib
from pathlib import Path
from urllib.parse import quote

import jupytext
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError

from lenet_course import __version__

ROOT = Path(__file__).resolve().parent.parent
FIRST_CHAPTER = "00_start_here"
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
CELL_SECONDS = 600
# A kernel on this machine talks to this machine only, so its warning about encryption is noise.
QUIET_KERNEL = ["--IPKernelApp.log_level=ERROR"]

BADGES = re.compile(r"^((?:# )?)\[!\[Binder\].*$(?:\n(?:# )?\[!\[Colab\].*$)?", re.M)
SETUP_CELL = re.compile(
    r'^(?P<marker># %% [^\n]*tags=\[[^\]\n]*"setup"[^\n]*\n)(?P<source>.*?)(?=^# %%|\Z)',
    re.M | re.S,
)
SETUP_SOURCE = """\
# On Google Colab this fetches the course. Elsewhere it does nothing: README tells how to install.
import importlib.util
import subprocess
import sys

if "google.colab" in sys.modules:
    if importlib.util.find_spec("lenet_course") is None:
        course = "{course}"
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", course]
        subprocess.run(pip, check=True)
        importlib.invalidate_caches()
    from lenet_course import colab

    colab.prepare()
"""


class SyncError(Exception):
    """What keeps a chapter from being synchronised, in one sentence."""


def repository(root: Path = ROOT) -> str:
    """Return the repository's address, from the one place that holds it."""
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["urls"]["Repository"]


def tag() -> str:
    """Name the release that Colab opens and installs, so that page and package belong together."""
    return f"v{__version__}"


def setup_cell(course: str) -> str:
    """Write the set-up cell; `course` is what pip installs on Colab.

    Example:
        >>> 'course = "git+https://example.org/it@v1"' in setup_cell("git+https://example.org/it@v1")
        True
    """
    return SETUP_SOURCE.format(course=course)


def badges(address: str, chapter: str, pictures: str = "badges") -> list[str]:
    """Write the Binder and Colab badges of a chapter as two lines of Markdown.

    The pictures lie beside the chapters, so that opening one asks nothing of the network.

    Args:
        address: the repository on GitHub.
        chapter: its name, such as "01_shape_arithmetic".
        pictures: where the pictures lie, seen from the page that shows them.
    """
    project = address.removeprefix("https://github.com/")
    notebook = f"chapters/{chapter}.ipynb"
    binder = f"https://mybinder.org/v2/gh/{project}/main?labpath={quote(notebook, safe='')}"
    colab = f"https://colab.research.google.com/github/{project}/blob/{tag()}/{notebook}"
    return [
        f"[![Binder]({pictures}/binder.svg)]({binder})",
        f"[![Colab]({pictures}/colab.svg)]({colab})",
    ]


def with_badges(text: str, lines: list[str]) -> str:
    """Replace the badges in a page, keeping the comment signs before them."""
    return BADGES.sub(lambda found: "\n".join(found[1] + line for line in lines), text, count=1)


def with_generated_parts(text: str, chapter: str, address: str) -> str:
    """Return a chapter's source with its badges and its set-up cell as they should be.

    Raises:
        SyncError: the chapter has no place for one of them.
    """
    if not BADGES.search(text):
        raise SyncError(
            f"chapters/{chapter}.py has no line for the badges: start one in the first text cell "
            "with `# [![Binder]`."
        )
    if not SETUP_CELL.search(text):
        raise SyncError(
            f"chapters/{chapter}.py has no set-up cell: add an empty code cell that begins with "
            '`# %% tags=["setup"]`.'
        )
    text = with_badges(text, badges(address, chapter))
    setup = setup_cell(f"git+{address}@{tag()}")
    return SETUP_CELL.sub(lambda found: f"{found['marker']}{setup}\n", text, count=1)


def read_source(path: Path) -> nbformat.NotebookNode:
    """Read a chapter's source as a notebook: no outputs, and cell ids that stay the same."""
    notebook = jupytext.read(path, fmt="py:percent")
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for position, cell in enumerate(notebook.cells):
        cell.id = f"{path.stem}-{position:03d}"
    return notebook


def content(notebook: nbformat.NotebookNode) -> list[tuple]:
    """List what a page is made of, cell by cell, outputs aside."""
    return [(cell.id, cell.cell_type, cell.source, dict(cell.metadata)) for cell in notebook.cells]


def code(notebook: nbformat.NotebookNode) -> list[str]:
    """List the code cells' sources, in order."""
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


def was_executed(notebook: nbformat.NotebookNode) -> bool:
    """Tell whether every code cell that holds code was run, in order, and none failed unasked."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    counts = [cell.execution_count for cell in cells]
    failed = any(
        output.output_type == "error" and "raises-exception" not in cell.metadata.get("tags", [])
        for cell in cells
        for output in cell.outputs
    )
    return None not in counts and counts == sorted(counts) and not failed


def read_twin(path: Path) -> nbformat.NotebookNode | None:
    """Read a chapter's notebook, or return None where there is none."""
    return nbformat.read(path, as_version=4) if path.exists() else None


def in_step(source: nbformat.NotebookNode, twin: nbformat.NotebookNode | None) -> bool:
    """Tell whether a notebook holds exactly its source, run."""
    return (
        twin is not None
        and content(source) == content(twin)
        and source.metadata == twin.metadata
        and was_executed(twin)
    )


def execute(notebook: nbformat.NotebookNode, folder: Path) -> None:
    """Run a notebook from clean, in place, and leave only what every run gives again."""
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name=KERNEL["name"],
        extra_arguments=QUIET_KERNEL,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute()
    except CellExecutionError as error:
        raise SyncError(f"{error}\nA cell failed: {error.ename}: {error.evalue}") from error
    except DeadKernelError as error:
        raise SyncError("The kernel died; too little memory is the usual reason.") from error
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL})
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            # A widget's number is random and means nothing to a reader: the text beside it stays.
            output.get("data", {}).pop(WIDGET_VIEW, None)


def keep_outputs(source: nbformat.NotebookNode, twin: nbformat.NotebookNode) -> None:
    """Give a source the outputs of a twin with the same code: only the words had changed."""
    ran = [cell for cell in twin.cells if cell.cell_type == "code"]
    fresh = [cell for cell in source.cells if cell.cell_type == "code"]
    for cell, old in zip(fresh, ran, strict=True):
        cell.outputs, cell.execution_count = old.outputs, old.execution_count


def write_if_different(path: Path, text: str) -> bool:
    """Write a file with plain line ends; return whether that changed anything."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.write_text(text, encoding="utf-8", newline="\n")
    return True


def check_chapter(path: Path, address: str) -> list[str]:
    """Say what is out of step in a chapter, a sentence each, without writing anything."""
    text = path.read_text(encoding="utf-8")
    problems = []
    if with_generated_parts(text, path.stem, address) != text:
        problems.append("its badges or its set-up cell are not what `make sync` writes")
    if not in_step(read_source(path), read_twin(path.with_suffix(".ipynb"))):
        problems.append("its notebook is not its source, run")
    return problems


def sync_chapter(path: Path, address: str, force: bool = False) -> str:
    """Bring a chapter's source and notebook into step; return what was done, in a few words."""
    text = path.read_text(encoding="utf-8")
    write_if_different(path, with_generated_parts(text, path.stem, address))
    source, twin_path = read_source(path), path.with_suffix(".ipynb")
    twin = read_twin(twin_path)
    if in_step(source, twin) and not force:
        return "unchanged, skipped"
    if twin is not None and was_executed(twin) and code(source) == code(twin) and not force:
        keep_outputs(source, twin)
        done = "only words or tags changed, outputs kept"
    else:
        started = time.monotonic()
        execute(source, path.parent)
        done = f"run in {time.monotonic() - started:.0f} s"
    changed = write_if_different(twin_path, nbformat.writes(source) + "\n")
    return done if changed else f"{done}, nothing new"


def sync_readme(root: Path, address: str, check: bool = False) -> bool:
    """Bring README's badges into step; return whether they were."""
    path = root / "README.md"
    old = path.read_text(encoding="utf-8")
    new = with_badges(old, badges(address, FIRST_CHAPTER, pictures="chapters/badges"))
    return new == old if check else not write_if_different(path, new)


def chosen(folder: Path, names: list[str]) -> list[Path]:
    """Return the sources whose names begin with one of `names`, or all of them.

    Raises:
        SyncError: a name begins no chapter's name.
    """
    paths = sorted(folder.glob("[0-9][0-9]_*.py"))
    for name in names:
        if not any(path.name.startswith(name) for path in paths):
            known = ", ".join(path.stem for path in paths) or "none yet"
            raise SyncError(f"No chapter begins with {name!r}: there are {known}.")
    return [path for path in paths if not names or path.name.startswith(tuple(names))]


def need_mnist() -> None:
    """Refuse to write notebooks that show the digits of the fallback."""
    from lenet_course import data

    name = data.load().name
    if name != "MNIST":
        raise SyncError(
            f"The notebooks show MNIST, and only {name} can be had: see the lines above."
        )


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    """Read the command line; return 0, or 1 when something is out of step or failed."""
    parser = argparse.ArgumentParser(description="Make the executed notebooks from their sources.")
    parser.add_argument("chapters", nargs="*", help="such as 00 01; all of them without")
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--force", action="store_true", help="run although nothing has changed")
    options = parser.parse_args(arguments)
    address = repository(root)
    try:
        paths = chosen(root / "chapters", options.chapters)
        if options.check:
            return check(paths, root, address)
        sync_readme(root, address)
        if any(options.force or check_chapter(path, address) for path in paths):
            need_mnist()
        for path in paths:
            print(f"{path.stem}: ", end="", flush=True)
            print(sync_chapter(path, address, options.force), flush=True)
    except SyncError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def check(paths: list[Path], root: Path, address: str) -> int:
    """Print what is out of step; return how a shell wants to hear it."""
    problems = [f"{path.stem}: {text}" for path in paths for text in check_chapter(path, address)]
    if not sync_readme(root, address, check=True):
        problems.append("README.md: its badges are not what `make sync` writes")
    print("\n".join(problems) or "Everything is in step.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
