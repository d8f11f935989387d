"""The subsampling unit's numbers are those of the course's layer and of torch's pooling."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from lenet_course import figures, layers
from lenet_course.widgets import SubsamplingUnit

torch.manual_seed(0)
MAP = 1.7 * torch.rand(28, 28) * torch.randn(28, 28).sign()


def unit(**settings):
    return SubsamplingUnit(MAP, **settings)


def tensor(values):
    return torch.tensor(values)


@settings(max_examples=25, deadline=None)
@given(st.floats(0.1, 6), st.floats(-15, 15), st.integers(0, 13), st.integers(0, 13))
def test_the_four_ways_are_those_of_the_layers(coefficient, bias, row, column):
    shown = unit(coefficient=coefficient, bias=bias, row=row, column=column)
    average, maximum = (
        pool(MAP[None], 2)[0] for pool in (functional.avg_pool2d, functional.max_pool2d)
    )
    s2 = layers.Subsampling(1)
    s2.load_state_dict({"coefficient": tensor([coefficient]), "bias": tensor([bias])})
    of_1998 = layers.ScaledTanh()(s2(MAP[None, None]))[0, 0].detach()
    wanted = {"unit of 1998": of_1998, "average": average, "sum": 4 * average, "maximum": maximum}
    assert list(shown.shown["halves"]) == list(wanted)
    for way, half in wanted.items():
        assert torch.allclose(tensor(shown.shown["halves"][way]), half, atol=2e-4), way
        assert float(shown.shown["here"][way]) == pytest.approx(half[row, column].item(), abs=0.006)
    assert shown.unit == pytest.approx(of_1998[row, column].item(), abs=1e-4)


def test_the_words_tell_what_a_unit_makes_of_its_four_numbers():
    four = torch.tensor([[0.1, 0.7], [0.4, -0.2]])
    assert SubsamplingUnit(four, coefficient=2, bias=-1.5).words == (
        "It fires where four numbers add up to more than 0.75: at 1 of the 1 units that see a "
        "number above 0.5, and at 0 that see none. Row 0, column 0 of S2 sees 0.10, 0.70, 0.40, "
        "-0.20: average 0.25, sum 1.00, maximum 0.70. The unit of 1998: 2.0 × 1.000 - 1.5 = 0.50, "
        "squashed 0.55."
    )


@pytest.mark.parametrize("preset", ["Noisy or", "Noisy and"])
def test_the_presets_are_or_and_and_where_numbers_are_0_or_1(preset):
    coefficient, bias = unit().shown["presets"][preset]
    cases = torch.tensor(list(product([0.0, 1.0], repeat=4))).reshape(16, 2, 2)
    for four in cases:
        fires = SubsamplingUnit(four, coefficient=coefficient, bias=bias).unit > 0
        some = four.any() if preset == "Noisy or" else four.sum() > 2
        assert fires == bool(some)


def test_a_blur_is_an_average_to_within_a_tenth():
    blurred = unit(
        **dict(zip(("coefficient", "bias"), unit().shown["presets"]["Blur"], strict=True))
    )
    made = tensor(blurred.shown["halves"]["unit of 1998"])
    straight = functional.avg_pool2d(MAP[None], 2)[0] * 0.4 * 1.7159 * 2 / 3
    assert torch.allclose(made, straight, atol=0.1 * straight.abs().max().item())


def test_settings_stay_within_the_sliders():
    shown = unit()
    shown.coefficient, shown.bias = -3, 99
    assert (shown.coefficient, shown.bias) == (0.1, 15)
    assert shown.shown["limits"] == {"coefficient": [0.1, 6], "bias": [-15, 15]}
    shown.row, shown.column = 99, 99
    assert (shown.row, shown.column) == (13, 13)


def test_no_minus_sign_stands_before_zero():
    assert "add up to more than 0.00: at " in unit(bias=0).words


def test_a_page_without_widgets_gets_all_maps_as_a_picture():
    shown = unit(coefficient=2, bias=-3)
    maps = [tensor(shown.shown["halves"][way]) for way in shown.shown["halves"]]
    data, metadata = shown._repr_mimebundle_()
    assert data["image/png"].startswith(b"\x89PNG") and len(maps) == 4
    assert data["text/plain"] == metadata["image/png"]["alt"] == shown.text_alternative
    assert "with coefficient 2.0 and bias -3.0, average, sum, maximum" in data["text/plain"]
    assert data["image/png"] != unit(coefficient=2, bias=3).picture()
    assert isinstance(figures.signed_maps(maps, ["", "", "", ""]).image, bytes)


def test_what_was_set_is_still_there_when_the_cell_runs_again():
    first = unit(name="test: unit", bias=1)
    first.coefficient, first.bias, first.column = 2.5, -7, 11
    second = unit(name="test: unit", bias=1)
    assert (second.coefficient, second.bias, second.column) == (2.5, -7, 11)
    second.close()
