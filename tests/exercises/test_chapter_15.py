"""Chapter 15's solutions are held to the package, and right answers may be written otherwise."""

import numpy as np
import pytest
import torch

from lenet_course import handwriting
from lenet_course.exercises import chapter_15 as chapter
from lenet_course.exercises import check
from lenet_course.photographs import even_out

RANDOM = np.random.default_rng(0)
INK = (RANDOM.integers(1, 256, (9, 7)) * (RANDOM.random((9, 7)) < 0.5)).astype(np.uint8)


def test_missing_light_is_what_the_package_measures_on_a_plain_page():
    page = np.full((60, 60), 200, np.uint8)
    page[20:40, 28:32] = 50
    paper = np.full((60, 60), 200, np.uint8)
    assert np.allclose(
        chapter.missing_light.solution(page, paper), even_out(page).clip(0), atol=2e-3
    )


def test_cropping_is_the_packages():
    padded = np.pad(INK, ((3, 1), (0, 2)))
    assert (chapter.crop_to_ink.solution(padded) == handwriting.crop(padded)).all()


@pytest.mark.parametrize("shape", [(40, 21), (21, 40), (7, 5), (20, 20), (180, 33)])
def test_the_fitted_size_is_the_packages(shape):
    fitted = handwriting.fit(np.full(shape, 255, np.uint8))
    assert chapter.fitted_size.solution(*shape) == fitted.shape


def test_the_centre_of_mass_is_where_the_package_places_it():
    placed = handwriting.centre(INK)
    row, column = chapter.centre_of_mass.solution(placed)
    assert abs(row - 14) <= 0.5 and abs(column - 14) <= 0.5


def test_nothing_is_held_back_without_a_limit():
    shares, right = np.array([0.4, 0.9]), np.array([True, False])
    assert chapter.held_back.solution(shares, right, 0.0) == (0, 0.5)


# --- right answers in other words ---------------------------------------------------------------


def light_by_difference(grey, paper):
    grey, paper = grey.astype(float), paper.astype(float)
    return np.maximum(paper - grey, 0) / paper


def light_by_loops(grey, paper):
    return [
        [max(0, (int(p) - int(g)) / int(p)) for g, p in zip(*rows, strict=True)]
        for rows in zip(grey, paper, strict=True)
    ]


def light_in_torch(grey, paper):
    return (1 - torch.from_numpy(grey).double() / torch.from_numpy(paper)).clamp(min=0)


def light_by_where(grey, paper):
    return np.where(grey > paper, 0, 1 - grey / paper)


def crop_by_argwhere(ink):
    places = np.argwhere(ink)
    (top, left), (bottom, right) = places.min(axis=0), places.max(axis=0)
    return ink[top : bottom + 1, left : right + 1]


def crop_by_loops(ink):
    while not ink[0].any():
        ink = ink[1:]
    while not ink[-1].any():
        ink = ink[:-1]
    while not ink[:, 0].any():
        ink = ink[:, 1:]
    while not ink[:, -1].any():
        ink = ink[:, :-1]
    return ink.tolist()


def size_by_cases(height, width):
    if height > width:
        return [20, round(20 * width / height)]
    return [round(20 * height / width), 20]


def mass_by_average(ink):
    rows, columns = np.indices(ink.shape)
    return np.average(rows, weights=ink), np.average(columns, weights=ink)


def mass_by_loops(ink):
    total = row = column = 0
    for i, line in enumerate(ink.tolist()):
        for j, weight in enumerate(line):
            total, row, column = total + weight, row + i * weight, column + j * weight
    return [row / total, column / total]


def mass_as_an_array(ink):
    return (np.argwhere(ink) * ink[ink > 0][:, None]).sum(axis=0) / ink.sum()


def held_by_loops(shares, right, least):
    given = [r for share, r in zip(shares, right, strict=True) if share >= least]
    wrong = sum(not r for r in given)
    return (len(shares) - len(given)) / len(shares), wrong / len(given) if given else 0


def held_by_masks(shares, right, least):
    held = shares < least
    return held.mean(), (~right[~held]).sum() / max(1, (~held).sum())


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("missing_light", light_by_difference),
        ("missing_light", light_by_loops),
        ("missing_light", light_in_torch),
        ("missing_light", light_by_where),
        ("crop_to_ink", crop_by_argwhere),
        ("crop_to_ink", crop_by_loops),
        ("fitted_size", size_by_cases),
        ("centre_of_mass", mass_by_average),
        ("centre_of_mass", mass_by_loops),
        ("centre_of_mass", mass_as_an_array),
        ("held_back", held_by_loops),
        ("held_back", held_by_masks),
    ],
)
def test_a_right_answer_in_other_words_is_right(name, answer):
    outcome = check(name, answer)
    assert outcome.status == "right", outcome


# --- wrong answers, written as learners write them ----------------------------------------------


def bytes_first(grey, paper):
    return ((paper - grey) / paper).clip(0)


def byte_times_row(ink):
    rows = np.arange(ink.shape[0], dtype=np.uint8)[:, None]
    columns = np.arange(ink.shape[1], dtype=np.uint8)
    return (ink * rows).sum() / ink.sum(), (ink * columns).sum() / ink.sum()


def bytes_in_a_loop(ink):
    total = row = column = 0
    for i in range(ink.shape[0]):
        for j in range(ink.shape[1]):
            total += ink[i, j]
            row += i * ink[i, j]
            column += j * ink[i, j]
    return row / total, column / total


WRONG = [
    ("missing_light", bytes_first, "These are bytes"),
    ("missing_light", lambda grey, paper: 1 - grey / paper, "nothing is missing: 0"),
    ("missing_light", lambda grey, paper: abs(1 - grey / paper), "no abs()"),
    ("missing_light", lambda grey, paper: grey / paper, "share of the light that is left"),
    ("missing_light", lambda grey, paper: (1 - grey / 255).clip(0), "Divide by the paper"),
    ("missing_light", lambda grey, paper: (1 - grey // paper).clip(0), "expected"),
    ("crop_to_ink", lambda ink: ink[ink.any(axis=1)][:, ink.any(axis=0)], "*within* the digit"),
    ("crop_to_ink", lambda ink: handwriting.crop(ink)[:-1, :-1], "+ 1"),
    ("crop_to_ink", lambda ink: ink[ink > 0], "expected"),
    ("fitted_size", lambda height, width: (20, 20), "a 1 becomes a black square"),
    ("fitted_size", lambda height, width: (20, round(20 * width / height)), "whatever the width"),
    ("fitted_size", lambda h, w: (int(20 * h / max(h, w)), int(20 * w / max(h, w))), "round()"),
    ("centre_of_mass", lambda ink: mass_by_average(ink)[::-1], "changed places"),
    ("centre_of_mass", lambda ink: mass_by_average(ink > 0), "counts the same"),
    ("centre_of_mass", byte_times_row, "These are bytes"),
    ("centre_of_mass", bytes_in_a_loop, "These are bytes"),
    ("centre_of_mass", lambda ink: np.argwhere(ink).mean(axis=0), "counts the same"),
    ("missing_light", lambda grey, paper: (1 - grey / paper.mean()).clip(0), "paper of its own"),
    ("crop_to_ink", lambda ink: chapter.faint_ink_lost(ink), "Faint ink is lost"),
    ("fitted_size", lambda h, w: chapter.never_enlarged(h, w), "Small digits are to grow"),
    ("fitted_size", lambda h, w: (-(-20 * h // max(h, w)), -(-20 * w // max(h, w))), "Rounded up"),
    ("centre_of_mass", lambda ink: tuple(x // 1 for x in mass_by_average(ink)), "fractions off"),
    ("held_back", lambda s, r, least: ((s < least).mean(), 1 - r.mean()), "Only those that are"),
    ("held_back", lambda s, r, least: ((s < least).mean(), r[s >= least].mean()), "right answers"),
    ("held_back", lambda s, r, least: (s < least).mean(), "expected"),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "answer", "said"), WRONG)
def test_a_wrong_answer_is_told_its_mistake(name, answer, said):
    outcome = check(name, answer)
    assert outcome.status == "wrong"
    assert said in outcome.message, outcome
