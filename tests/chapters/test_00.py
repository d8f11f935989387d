"""Chapter 00 reads digits within a minute, in any order, with any digits, on any seed."""

import ast
import re
import time
from pathlib import Path

import jupytext
import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lenet_course import data

SOURCE = Path(__file__).parents[2] / "chapters" / "00_start_here.py"
UNCHECKED = "nbval-ignore-output"


def cells():
    return jupytext.read(SOURCE).cells


def code_cells(some):
    return [cell for cell in some if cell.cell_type == "code"]


def sections():
    """The chapter's code cells, cut before each second-level heading; the first part imports."""
    parts = {"start": []}
    part = parts["start"]
    for cell in cells():
        heading = re.search(r"^## (.*)", cell.source, re.M)
        if cell.cell_type == "markdown" and heading:
            part = parts.setdefault(heading[1], [])
        if cell.cell_type == "code":
            part.append(cell)
    return parts


def run(some, names, change=lambda source: source):
    for cell in some:
        exec(compile(change(cell.source), SOURCE.name, "exec"), names)


def hand_made(name, **names):
    """The chapter's own function of that name."""
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"))
    function = next(n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name)
    exec(compile(ast.Module([function], []), SOURCE.name, "exec"), names)
    return names[name]


@pytest.fixture
def with_mnist(mnist, monkeypatch):
    monkeypatch.setattr(data, "load", lambda: mnist)


@pytest.fixture(params=["with_mnist", "with_stand_in"])
def any_digits(request):
    """Both kinds of digits, one after the other."""
    request.getfixturevalue(request.param)


# --- by hand and in the package -----------------------------------------------------------------


@given(st.integers(1, 40), st.integers(0, 20), st.integers(0, 2**31))
def test_the_hand_made_border_is_the_packages(side, more, seed):
    with_border = hand_made("with_border", torch=torch)
    generator = torch.Generator().manual_seed(seed)
    image = torch.randint(256, (side, side), dtype=torch.uint8, generator=generator)
    assert torch.equal(with_border(image, side + more), data.pad(image, side + more))


# --- the page -----------------------------------------------------------------------------------


def test_every_section_runs_alone_and_a_digit_is_read_within_the_first_minute(with_mnist):
    names, seconds = {}, {}
    parts = sections()
    run(parts.pop("start"), names)
    for heading, section in parts.items():
        started = time.perf_counter()
        run(section, dict(names))
        seconds[heading] = time.perf_counter() - started
    assert seconds["A network that reads"] < 60


def test_with_the_stand_in_the_sections_run_backwards_then_forwards_in_one_kernel(with_stand_in):
    names = {}
    start, *others = sections().values()
    run(start, names)
    for section in [*reversed(others), *others]:
        run(section, names)
    assert names["digits"].name == "scikit-learn digits"


def test_the_pad_is_read_and_keeps_a_drawing_when_its_cell_runs_again(with_stand_in):
    names, parts = {}, sections()
    run(parts["start"] + parts["A network that reads"], names)
    pad = names["reader"].pad
    one = numpy.zeros((140, 140), numpy.uint8)
    one[20:120, 64:76] = 255
    pad.ink = one
    assert names["reader"].answer in range(10)
    pad_cell = next(cell for cell in cells() if "DigitReader(" in cell.source)
    run([pad_cell], names)
    assert (names["reader"].pad.ink == one).all()
    names["reader"].close()


def test_a_machine_that_is_not_ready_is_told_what_is_wrong(with_stand_in, monkeypatch):
    from lenet_course import doctor

    broken = [doctor.Finding("torch", "1.0", "wrong: pip install torch")]
    monkeypatch.setattr(doctor, "report", lambda: broken)
    names, parts = {}, sections()
    run(parts["start"], names)
    with pytest.raises(AssertionError, match="pip install torch"):
        run(parts["Is this machine ready?"], names)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(5))
def test_the_asserted_accuracies_hold_over_seeds(any_digits, seed):
    names, parts = {}, sections()
    run(parts["start"], names)

    def with_seed(source):
        return source.replace("seed=0", f"seed={seed}")

    run(parts["A network that reads"], names, with_seed)


@pytest.mark.long
def test_the_rate_is_among_the_best_of_four_on_the_validation_digits(with_mnist):
    parts, means = sections(), {}
    training_cells = [
        cell
        for cell in parts["A network that reads"]
        if "networks.build" in cell.source or "training.fit" in cell.source
    ]
    for rate in ("2e-3", "4e-3", "8e-3", "16e-3"):
        found = []
        for seed in range(3):
            names = {}
            run(parts["start"], names)
            run(
                training_cells,
                names,
                lambda source, rate=rate, seed=seed: source.replace("8e-3", rate).replace(
                    "seed=0", f"seed={seed}"
                ),
            )
            judged = names["training"].evaluate(
                names["model"], names["digits"].validation, prepare=names["network"].prepare
            )
            found.append(judged.accuracy)
        means[rate] = sum(found) / len(found)
    assert means["8e-3"] > max(means.values()) - 0.001, means


def test_at_most_a_quarter_of_the_cells_are_shown_unchecked():
    all_cells = code_cells(cells())
    unchecked = [cell for cell in all_cells if UNCHECKED in cell.metadata.get("tags", [])]
    assert len(unchecked) <= len(all_cells) / 4


def test_the_map_names_every_chapter_once_and_links_those_that_exist():
    text = SOURCE.read_text(encoding="utf-8")
    rows = re.findall(r"^# \| \[?(\d\d) [^|]*\|", text, re.M)
    assert rows == [f"{number:02d}" for number in range(1, 16)]
    linked = set(re.findall(r"\((\d\d_\w+)\.ipynb\)", text))
    there = {path.stem for path in SOURCE.parent.glob("[0-9][0-9]_*.ipynb")} - {SOURCE.stem}
    assert there - linked == set(), "chapters to link in the map of chapter 00"
    assert linked - there == set(), "links of chapter 00 that lead nowhere"
