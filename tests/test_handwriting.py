"""A drawing becomes what MNIST's digits are: at most 20x20, centred by its mass in 28x28."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet_course.handwriting import HandwritingError, centre, fit, steps, to_mnist


def middle(picture):
    """Row and column of the centre of mass."""
    mass = picture.astype(float)
    return [(mass.sum(axis=1 - axis) @ np.arange(mass.shape[axis])) / mass.sum() for axis in (0, 1)]


def box(picture):
    """Height and width of the smallest rectangle around the ink."""
    return [np.ptp(np.flatnonzero(picture.any(axis=axis))) + 1 for axis in (1, 0)]


def stroke(height=280, width=280, top=40, left=130, long=200, wide=20):
    page = np.zeros((height, width), np.uint8)
    page[top : top + long, left : left + wide] = 255
    return page


@pytest.fixture(scope="module")
def digits():
    """The first 300 of MNIST's test digits, read without the course's own loader."""
    folder = os.environ.get("LENET_COURSE_DATA")
    if not folder:
        pytest.skip("LENET_COURSE_DATA is not set: handwriting is not compared with MNIST")
    path = next(Path(folder).glob("t10k-images*"))
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        return np.frombuffer(file.read(16 + 300 * 784)[16:], np.uint8).reshape(-1, 28, 28)


def test_a_straight_stroke_stays_thin_and_stands_in_the_middle():
    digit = to_mnist(stroke())
    assert digit.shape == (28, 28) and digit.dtype == np.uint8
    assert box(digit) == [20, 2]
    assert (digit.max(), digit.min()) == (255, 0)


def test_the_drawing_is_not_mirrored_or_turned():
    page = stroke(top=40, left=60, long=200, wide=20)
    page[220:240, 60:160] = 255  # an L
    digit = to_mnist(page)
    assert digit[:, :14].sum() > digit[:, 14:].sum()
    assert digit[14:].sum() > digit[:14].sum()


def test_where_on_the_page_it_is_drawn_makes_no_difference():
    assert (to_mnist(stroke(top=0, left=0)) == to_mnist(stroke(top=80, left=260))).all()


def test_mnist_digits_eight_times_enlarged_come_back(digits):
    for digit in digits:
        prepared = to_mnist(np.kron(digit, np.ones((8, 8), np.uint8)))
        assert max(box(prepared)) == 20
        assert all(abs(place - 14) <= 0.5 + 1e-9 for place in middle(prepared))
        if max(box(digit)) == 20:  # all but one in two thousand
            assert (prepared == digit).all()


def test_mnist_digits_drawn_large_and_smooth_come_back_nearly(digits):
    from PIL import Image

    differences = []
    for digit in digits:
        large = Image.fromarray(digit).resize((224, 224), Image.Resampling.BICUBIC)
        prepared = to_mnist(np.asarray(large))
        differences.append(np.abs(prepared.astype(float) - digit).mean())
    assert np.mean(differences) < 10, "of 255, a pixel"


@settings(max_examples=200, deadline=None)
@given(
    height=st.integers(1, 300),
    width=st.integers(1, 300),
    density=st.floats(0.001, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_ink_at_all_fits_its_box_and_its_page(height, width, density, seed):
    generator = np.random.default_rng(seed)
    ink = np.where(generator.random((height, width)) < density, 255, 0).astype(np.uint8)
    ink[generator.integers(height), generator.integers(width)] = 255
    pictures = steps(ink)
    assert max(pictures["fitted"].shape) == 20
    assert pictures["centred"].sum() == pictures["fitted"].sum(), "nothing is cut off"


def test_a_heavy_foot_does_not_push_the_head_off_the_page():
    page = stroke(long=200, wide=4)
    page[220:240, 60:260] = 255
    assert box(to_mnist(page))[0] == 20


def test_the_steps_are_shown_in_order_with_the_drawing_first():
    page = stroke()
    pictures = steps(page)
    assert list(pictures) == ["drawn", "cropped", "fitted", "centred"]
    assert (pictures["drawn"] == page).all()
    assert pictures["cropped"].shape == (200, 20)
    assert pictures["fitted"].shape == (20, 2)
    assert (pictures["centred"] == to_mnist(page)).all()


def test_shrinking_takes_the_mean_of_what_a_pixel_covers():
    checks = np.tile(np.array([[0, 255], [255, 0]], np.uint8), (20, 20))
    assert set(fit(checks).ravel()) <= {127, 128}


def test_the_centre_of_mass_lands_within_half_a_pixel():
    blot = np.zeros((20, 20), np.uint8)
    blot[3:17, 5:18] = 90
    blot[16, 6] = 255
    assert all(abs(place - 14) <= 0.5 for place in middle(centre(blot)))


def test_the_drawing_itself_is_not_changed():
    page = stroke()
    before = page.copy()
    to_mnist(page)
    assert (page == before).all()


def test_an_empty_drawing_asks_for_a_digit():
    with pytest.raises(HandwritingError, match="no ink in this drawing: draw a digit first"):
        to_mnist(np.zeros((280, 280), np.uint8))


@pytest.mark.parametrize(
    "wrong", [np.zeros((28, 28, 3), np.uint8), np.zeros((28, 28)), np.zeros(784, np.uint8)]
)
def test_another_kind_of_array_is_named_with_its_shape(wrong):
    with pytest.raises(HandwritingError) as caught:
        to_mnist(wrong)
    assert str(wrong.shape) in str(caught.value) and str(wrong.dtype) in str(caught.value)
