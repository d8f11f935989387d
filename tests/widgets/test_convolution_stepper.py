"""The stepper's numbers are those of torch, wherever its window stands."""

import pytest
import torch
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet_course import figures
from lenet_course.layers import ScaledTanh
from lenet_course.widgets import ConvolutionStepper

torch.manual_seed(0)
DIGITS = torch.rand(3, 32, 32)
KERNEL = torch.randn(5, 5)


def stepper(**settings):
    return ConvolutionStepper(DIGITS, KERNEL, **{"bias": 0.25, "row": 4, "column": 9} | settings)


many = settings(max_examples=25, deadline=None)
weights = st.lists(st.integers(-30, 30).map(lambda tenths: tenths / 10), min_size=25, max_size=25)


@many
@given(st.integers(0, 27), st.integers(0, 27), st.integers(0, 2), weights, st.floats(-5, 5))
def test_products_sum_unit_squash_and_map_are_torchs(row, column, digit, kernel, bias):
    shown = stepper(row=row, column=column, digit=digit)
    shown.weights, shown.bias = kernel, bias
    seen = shown.shown
    by_torch = torch.conv2d(
        DIGITS[digit][None, None].double(),
        shown.kernel[None, None].double(),
        torch.tensor([bias]).double(),
    )[0, 0]
    unit = by_torch[row, column].item()
    assert shown.unit == pytest.approx(unit, abs=1e-5)
    assert torch.allclose(torch.tensor(seen["map"]).double(), by_torch, atol=1e-4)
    products = [float(text) for text in seen["products"]]
    assert sum(products) == pytest.approx(unit - bias, abs=25 * 0.005 + 1e-5)
    assert float(seen["sum"]) == pytest.approx(unit - bias, abs=0.00501)
    assert float(seen["unit"]) == pytest.approx(unit, abs=0.00501)
    squashed = ScaledTanh()(by_torch[row, column]).item()
    assert float(seen["squashed"]) == pytest.approx(squashed, abs=0.00501)


def test_the_window_holds_the_pixels_that_it_covers():
    window = [float(text) for text in stepper().shown["window"]]
    assert window == pytest.approx(DIGITS[0, 4:9, 9:14].flatten().tolist(), abs=0.00501)


def test_the_words_add_up():
    shown = ConvolutionStepper(torch.ones(1, 8, 8), torch.full((5, 5), 0.1), bias=-2)
    assert shown.words == (
        "Row 0, column 0: 25 products add up to 2.50; with the bias -2.00 that makes 0.50. "
        "The squash of 1998 makes 0.55 of it: 1.7159 tanh(2/3 × 0.50)."
    )


def test_the_window_cannot_leave_the_digit():
    shown = stepper(row=99, column=-3)
    assert (shown.row, shown.column) == (27, 0)


def test_a_kernel_is_read_and_set_as_a_square_and_arrives_as_people_type_it():
    shown = stepper()
    shown.kernel = torch.full((5, 5), 0.1)
    assert shown.weights == [0.1] * 25
    assert torch.equal(shown.kernel, torch.full((5, 5), 0.1))


def test_a_kernel_of_another_size_is_refused_with_both_sizes():
    with pytest.raises(traitlets.TraitError, match="5x5 has 25 weights, not 9"):
        stepper().kernel = torch.ones(3, 3)


def test_numbers_too_large_to_read_become_99():
    shown = stepper()
    shown.weights, shown.bias = [1e300] * 25, -1e300
    assert (shown.weights, shown.bias) == ([99] * 25, -99)


def test_a_digit_that_is_not_there_becomes_the_last_one():
    shown = stepper()
    shown.digit = 7
    assert shown.digit == 2


def test_digits_are_called_by_their_titles_or_numbers():
    assert stepper().shown["titles"] == ["0", "1", "2"]
    assert stepper(titles=["a", "b", "c"]).shown["titles"] == ["a", "b", "c"]


def test_a_page_without_widgets_gets_the_products_as_a_picture():
    shown = stepper(digit=1)
    data, metadata = shown._repr_mimebundle_()
    assert data["image/png"] == figures.products(DIGITS[1], KERNEL, 4, 9).image
    assert data["text/plain"] == metadata["image/png"]["alt"] == shown.text_alternative


def test_what_was_set_is_still_there_when_the_cell_runs_again():
    first = stepper(name="test: stepper")
    first.weights, first.digit, first.bias = [0.5] * 25, 2, 1.5
    second = stepper(name="test: stepper")
    assert (second.weights, second.digit, second.bias) == ([0.5] * 25, 2, 1.5)
    assert (second.row, second.column) == (4, 9)
    second.close()
