"""A description gives the shape and has the cost of torch's layer, and refuses what it refuses."""

import math
import warnings

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn

from lenet_course import layers as modules
from lenet_course import shapes
from lenet_course.codes import digit_codes

often = settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.filter_too_much]
)


def sides(least, most):
    """A setting for both sides: one number, or a pair of them."""
    one = st.integers(least, most)
    return one | st.tuples(one, one)


convolutions = st.fixed_dictionaries(
    {
        "out_channels": st.integers(1, 6),
        "kernel_size": sides(1, 5),
    },
    optional={
        "stride": sides(1, 3),
        "padding": sides(0, 3) | st.sampled_from(["same", "valid"]),
        "dilation": sides(1, 3),
        "groups": st.integers(1, 3),
        "bias": st.booleans(),
    },
)
pools = st.fixed_dictionaries(
    {"kernel_size": sides(1, 5)},
    optional={
        "stride": sides(1, 4),
        "padding": sides(0, 3),
        "ceil_mode": st.booleans(),
    },
)
max_pools = st.builds(
    lambda a, b: a | b, pools, st.just({}) | st.builds(dict, dilation=sides(1, 3))
)
pictures = st.tuples(st.integers(1, 6), st.integers(1, 12), st.integers(1, 12))


def on_paper(kind, given_settings, input_shape):
    """The shape that the description predicts, or None where it refuses."""
    try:
        return shapes.trace([kind(**given_settings)], input_shape).output_shape
    except shapes.ShapeError:
        return None


def by_torch(kind, given_settings, input_shape):
    """The shape that torch's own layer gives, or None where it refuses."""
    try:
        # Torch lets an empty result through some layers; a map without pixels is refused here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(kind(**given_settings)(torch.zeros(1, *input_shape)).shape[1:])
    except (RuntimeError, ValueError):
        return None


@often
@given(convolutions, pictures)
def test_a_convolution_gives_torchs_shape_and_refuses_what_torch_refuses(given_settings, picture):
    inside = {"in_channels": picture[0], **given_settings}
    assert on_paper(shapes.Conv2d, given_settings, picture) == by_torch(nn.Conv2d, inside, picture)


@often
@given(max_pools, pictures)
def test_a_max_pool_gives_torchs_shape_and_refuses_what_torch_refuses(given_settings, picture):
    predicted = on_paper(shapes.MaxPool2d, given_settings, picture)
    assert predicted == by_torch(nn.MaxPool2d, given_settings, picture)


@often
@given(pools, pictures)
def test_an_average_pool_gives_torchs_shape_and_refuses_what_torch_refuses(given_settings, picture):
    predicted = on_paper(shapes.AvgPool2d, given_settings, picture)
    assert predicted == by_torch(nn.AvgPool2d, given_settings, picture)


@often
@given(sides(1, 5), st.none() | sides(1, 4), pictures)
def test_subsampling_gives_the_shape_of_torchs_average_pool(kernel_size, stride, picture):
    given_settings = {"kernel_size": kernel_size, "stride": stride}
    predicted = on_paper(shapes.Subsampling, given_settings, picture)
    assert predicted == by_torch(nn.AvgPool2d, given_settings, picture)


@often
@given(convolutions, pictures)
def test_a_convolutions_parameters_are_those_of_torchs_layer(given_settings, picture):
    assume(on_paper(shapes.Conv2d, given_settings, picture) is not None)
    layer = nn.Conv2d(picture[0], **given_settings)
    counted = shapes.Conv2d(**given_settings).parameters(picture)
    assert counted == sum(parameter.numel() for parameter in layer.parameters())


@often
@given(convolutions | max_pools, pictures)
def test_the_formula_is_python_and_works_out_to_the_size_it_states(given_settings, picture):
    kind = shapes.Conv2d if "out_channels" in given_settings else shapes.MaxPool2d
    size = on_paper(kind, given_settings, picture)
    assume(size is not None)
    lines = kind(**given_settings).formula(picture).split("; ")
    assert 1 <= len(lines) <= 2
    for line, side, place in zip((lines * 2)[:2], picture[1:], size[1:], strict=True):
        computation, stated = line.split(" = ")
        assert eval(computation) == int(stated) == place
        if len(lines) == 2:
            assert f"({side} + " in computation


def test_the_formula_names_each_side_where_the_sides_differ():
    formula = shapes.Conv2d(1, kernel_size=(5, 3), padding=(2, 0)).formula((1, 28, 32))
    assert formula == (
        "(28 + 2*2 - 1*(5 - 1) - 1) // 1 + 1 = 28; (32 + 2*0 - 1*(3 - 1) - 1) // 1 + 1 = 30"
    )


def test_same_padding_of_an_even_window_adds_the_odd_pixel_after():
    layer = shapes.Conv2d(1, kernel_size=4, padding="same")
    assert layer.padding_ends() == ((1, 2), (1, 2))
    assert layer.formula((1, 9, 9)) == "(9 + 1 + 2 - 1*(4 - 1) - 1) // 1 + 1 = 9"


def test_an_overhanging_window_that_torch_leaves_out_is_taken_off_in_the_formula():
    layer = shapes.MaxPool2d(2, stride=2, padding=1, ceil_mode=True)
    assert layer.formula((1, 3, 3)) == "-(-(3 + 2*1 - 1*(2 - 1) - 1) // 2) + 1 - 1 = 2"


def test_linear_counts_a_weight_for_each_pair_and_a_bias_for_each_unit():
    assert shapes.Linear(84).parameters((120,)) == 84 * 121
    assert shapes.Linear(84, bias=False).parameters((120,)) == 84 * 120
    assert shapes.Linear(84).connections((120,)) == 84 * 121
    assert shapes.Linear(84).multiply_adds((120,)) == 84 * 120


def test_flatten_multiplies_the_sides():
    assert shapes.Flatten().output_shape((16, 5, 5)) == (400,)
    assert shapes.Flatten().formula((16, 5, 5)) == "16 * 5 * 5 = 400"
    assert shapes.Flatten().output_shape((7,)) == (7,)


@pytest.mark.parametrize("layer", [shapes.Activation("relu"), shapes.Dropout(0.5)])
@pytest.mark.parametrize("shape", [(6, 28, 28), (84,)])
def test_activation_and_dropout_keep_the_shape_and_cost_nothing(layer, shape):
    assert layer.output_shape(shape) == shape
    assert layer.formula(shape) == "unchanged"
    costs = layer.parameters(shape), layer.connections(shape), layer.multiply_adds(shape)
    assert costs == (0, 0, 0)


def test_rbf_learns_nothing_and_has_a_connection_for_each_value_of_each_code():
    layer = shapes.RBF(digit_codes())
    assert layer.output_shape((84,)) == (10,)
    assert layer.parameters((84,)) == 0
    assert layer.connections((84,)) == layer.multiply_adds((84,)) == 840


def test_plain_pooling_has_a_connection_a_pixel_and_no_product():
    layer = shapes.MaxPool2d(2)
    assert layer.connections((6, 28, 28)) == 6 * 14 * 14 * 4
    assert layer.parameters((6, 28, 28)) == layer.multiply_adds((6, 28, 28)) == 0


def test_table_1_links_60_pairs_of_maps():
    layer = shapes.Conv2d(16, kernel_size=5, connection_table=modules.TABLE_I)
    assert layer.kernels((6, 14, 14)) == 60
    assert layer.parameters((6, 14, 14)) == 1516
    assert layer.connections((6, 14, 14)) == 151_600
    assert layer.multiply_adds((6, 14, 14)) == 150_000


def test_a_full_table_costs_what_no_table_costs():
    full = shapes.Conv2d(3, kernel_size=2, connection_table=[range(4)] * 3)
    plain = shapes.Conv2d(3, kernel_size=2)
    for count in ("parameters", "connections", "multiply_adds"):
        assert getattr(full, count)((4, 6, 6)) == getattr(plain, count)((4, 6, 6))


def test_a_description_reads_as_it_was_written():
    assert str(shapes.Conv2d(6, kernel_size=5, padding=2, name="C1")) == (
        "Conv2d(out_channels=6, kernel_size=5, padding=2)"
    )
    assert str(shapes.Conv2d(16, 5, connection_table=modules.TABLE_I)) == (
        "Conv2d(out_channels=16, kernel_size=5, 60 links)"
    )
    assert str(shapes.Flatten()) == "Flatten()"


def test_descriptions_are_equal_when_their_settings_are_and_cannot_be_changed():
    assert shapes.Conv2d(6, 5) == shapes.Conv2d(6, 5)
    assert shapes.Conv2d(6, 5) != shapes.Conv2d(6, 3)
    with pytest.raises(AttributeError):
        shapes.Conv2d(6, 5).stride = 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: shapes.Conv2d(0, 5),
        lambda: shapes.Conv2d(6, 0),
        lambda: shapes.Conv2d(6, 5.0),
        lambda: shapes.Conv2d(6, True),
        lambda: shapes.Conv2d(6, (5,)),
        lambda: shapes.Conv2d(6, (5, 5, 5)),
        lambda: shapes.Conv2d(6, 5, stride=0),
        lambda: shapes.Conv2d(6, 5, padding=-1),
        lambda: shapes.Conv2d(6, 5, padding="full"),
        lambda: shapes.Conv2d(6, 5, dilation=0),
        lambda: shapes.Conv2d(6, 5, groups=0),
        lambda: shapes.Conv2d(6, 5, stride=2, padding="same"),
        lambda: shapes.Conv2d(2, 5, connection_table=[[0]]),
        lambda: shapes.Conv2d(2, 5, connection_table=[[0], []]),
        lambda: shapes.Conv2d(2, 5, connection_table=[[0], [1, 1]]),
        lambda: shapes.Conv2d(2, 5, connection_table=[[0], [-1]]),
        lambda: shapes.Conv2d(2, 5, groups=2, connection_table=[[0], [1]]),
        lambda: shapes.MaxPool2d(0),
        lambda: shapes.MaxPool2d(2, stride=0),
        lambda: shapes.MaxPool2d(2, padding=2),
        lambda: shapes.AvgPool2d((2, 4), padding=(2, 1)),
        lambda: shapes.Subsampling(2, reduction="median"),
        lambda: shapes.Linear(0),
        lambda: shapes.Linear(2.5),
        lambda: shapes.Activation("softplus"),
        lambda: shapes.Dropout(-0.1),
        # Torch allows p=1, which silences everything; nobody means that.
        lambda: shapes.Dropout(1),
        lambda: shapes.RBF([]),
        lambda: shapes.RBF([[1, -1], [1]]),
        lambda: shapes.Linear(10, name="not.a.name"),
        lambda: shapes.Linear(10, name=5),
    ],
)
def test_impossible_settings_are_refused_when_the_layer_is_written_down(make):
    with pytest.raises(shapes.ShapeError):
        make()


@pytest.mark.parametrize(
    ("layer", "input_shape", "words"),
    [
        (
            shapes.Conv2d(6, kernel_size=5, name="C1"),
            (1, 4, 4),
            ["C1", "5x5", "1x4x4", "smaller kernel_size"],
        ),
        (
            shapes.Conv2d(6, kernel_size=5, padding=1, dilation=3, name="C1"),
            (1, 9, 9),
            ["13x13", "11x11"],
        ),
        (
            shapes.Conv2d(16, kernel_size=5, in_channels=6, name="C3"),
            (1, 14, 14),
            ["C3", "expects 6", "gets 1", "1x14x14", "in_channels=1"],
        ),
        (shapes.Conv2d(4, kernel_size=1, groups=3), (6, 2, 2), ["groups=3", "6 input", "4 output"]),
        (
            shapes.Conv2d(16, kernel_size=5, connection_table=modules.TABLE_I, name="C3"),
            (4, 14, 14),
            ["C3", "input map 5", "only 4"],
        ),
        (shapes.MaxPool2d(2, name="S2"), (120,), ["S2", "120", "before Flatten"]),
        (shapes.Linear(84, name="F6"), (16, 5, 5), ["F6", "16x5x5", "Flatten()", "400"]),
        (
            shapes.Linear(120, in_features=256, name="C5"),
            (400,),
            ["C5", "256", "400", "in_features"],
        ),
        (shapes.RBF(digit_codes(), name="output"), (80,), ["output", "84", "80"]),
    ],
)
def test_the_error_names_the_layer_both_shapes_and_what_to_change(layer, input_shape, words):
    with pytest.raises(shapes.ShapeError) as caught:
        layer.output_shape(input_shape)
    for word in words:
        assert word in str(caught.value)


def test_torch_would_take_a_linear_layer_on_maps_and_this_is_refused_on_purpose():
    """Torch would mix the columns of each row: hardly ever meant, so Flatten is asked for."""
    assert nn.Linear(5, 2)(torch.zeros(1, 3, 4, 5)).shape == (1, 3, 4, 2)
    with pytest.raises(shapes.ShapeError, match="Flatten"):
        shapes.trace([shapes.Linear(2)], (3, 4, 5))


def test_multiply_adds_leave_out_the_bias_and_connections_do_not():
    layer = shapes.Conv2d(6, kernel_size=5)
    places = math.prod(layer.map_size((1, 32, 32)))
    assert layer.connections((1, 32, 32)) - layer.multiply_adds((1, 32, 32)) == 6 * places
