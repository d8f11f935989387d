"""The modules of 1998 against torch's own, plain loops, and the formulas of the paper."""

import math
import random

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from lenet_course import codes, layers

often = settings(max_examples=200, deadline=None)


def test_the_squash_takes_plus_and_minus_one_to_themselves():
    ends = layers.ScaledTanh()(torch.tensor([-1.0, 0.0, 1.0], dtype=torch.float64))
    assert ends.tolist() == pytest.approx([-1, 0, 1], abs=3e-6)


def test_the_squash_levels_off_at_1_7159_and_rises_by_1_144_at_zero():
    zero = torch.zeros((), dtype=torch.float64, requires_grad=True)
    layers.ScaledTanh()(zero).backward()
    assert zero.grad.item() == pytest.approx(1.144, abs=5e-4)
    assert layers.ScaledTanh()(torch.tensor(1e3)).item() == pytest.approx(1.7159)


def test_the_squash_bends_most_near_plus_and_minus_one():
    inputs = torch.linspace(-3, 3, 6001, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(layers.ScaledTanh()(inputs).sum(), inputs, create_graph=True)
    (bend,) = torch.autograd.grad(slope.sum(), inputs)
    assert inputs[bend.abs().argmax()].abs().item() == pytest.approx(0.988, abs=2e-3)


def by_hand(maps, kernel, stride, coefficient, bias, mean):
    """Subsample one picture pixel by pixel."""
    channels, height, width = maps.shape
    rows = range(0, height - kernel + 1, stride)
    columns = range(0, width - kernel + 1, stride)
    result = torch.zeros(channels, len(rows), len(columns), dtype=maps.dtype)
    for c in range(channels):
        for i, row in enumerate(rows):
            for j, column in enumerate(columns):
                window = [
                    maps[c, row + a, column + b].item()
                    for a in range(kernel)
                    for b in range(kernel)
                ]
                gathered = sum(window) / (len(window) if mean else 1)
                result[c, i, j] = coefficient[c] * gathered + bias[c]
    return result


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize(("kernel", "stride"), [(2, None), (2, 1), (3, 2)])
def test_subsampling_equals_the_loop(reduction, kernel, stride):
    torch.manual_seed(0)
    layer = layers.Subsampling(3, kernel, stride, reduction).double()
    nn.init.normal_(layer.coefficient)
    nn.init.normal_(layer.bias)
    maps = torch.randn(1, 3, 7, 6, dtype=torch.float64)
    expected = by_hand(
        maps[0], kernel, stride or kernel, layer.coefficient, layer.bias, reduction == "mean"
    )
    torch.testing.assert_close(layer(maps)[0], expected)


def test_both_readings_of_subsampling_start_as_the_same_function():
    maps = torch.rand(2, 4, 6, 6)
    torch.testing.assert_close(
        layers.Subsampling(4, reduction="sum")(maps), layers.Subsampling(4, reduction="mean")(maps)
    )


def test_table_1_is_the_papers():
    assert [len(row) for row in layers.TABLE_I] == [3] * 6 + [4] * 9 + [6]
    readers = [sum(source in row for row in layers.TABLE_I) for source in range(6)]
    assert readers == [10] * 6
    assert layers.TABLE_I[4] == (0, 4, 5)
    assert layers.TABLE_I[14] == (0, 2, 3, 5)
    assert len(set(layers.TABLE_I)) == 16


@st.composite
def tables(draw):
    sources = draw(st.integers(1, 5))
    row = st.lists(st.integers(0, sources - 1), min_size=1, unique=True)
    return sources, draw(st.lists(row, min_size=1, max_size=5))


@often
@given(
    tables(),
    st.sampled_from([1, 2, (3, 2)]),
    st.sampled_from([1, 2, (1, 2)]),
    st.sampled_from([0, 1, (2, 0), "valid"]),
    st.sampled_from([1, 2]),
    st.booleans(),
)
def test_a_table_convolution_is_torchs_convolution_with_zeros_where_no_link_is(
    table, kernel_size, stride, padding, dilation, bias
):
    sources, rows = table
    window = (kernel_size, stride, padding, dilation)
    ours = layers.TableConv2d(sources, rows, *window, bias=bias).double()
    theirs = nn.Conv2d(sources, len(rows), *window, bias=bias).double()
    with torch.no_grad():
        theirs.weight.zero_()
        kernels = iter(ours.weight)
        for output, row in enumerate(rows):
            for source in row:
                theirs.weight[output, source] = next(kernels)
        if bias:
            theirs.bias.copy_(ours.bias)
    maps = torch.randn(2, sources, 8, 7, dtype=torch.float64)
    torch.testing.assert_close(ours.dense_weight(), theirs.weight)
    torch.testing.assert_close(ours(maps), theirs(maps))


def test_an_output_map_does_not_notice_the_input_maps_that_its_row_leaves_out():
    layer = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5)
    maps = torch.randn(1, 6, 14, 14)
    for source in range(6):
        changed = maps.clone()
        changed[0, source] += 1
        noticed = (layer(changed) != layer(maps)).flatten(2).any(dim=2)[0]
        assert noticed.tolist() == [source in row for row in layers.TABLE_I]


def test_absent_links_have_no_weight_and_training_gives_them_none():
    layer = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.1, weight_decay=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        layer(torch.randn(2, 6, 14, 14)).square().sum().backward()
        optimizer.step()
    assert layer.weight.shape == (60, 5, 5)
    linked = layer.dense_weight().abs().sum(dim=(2, 3)) > 0
    assert linked.sum() == 60
    assert [tuple(row.nonzero().flatten().tolist()) for row in linked] == list(layers.TABLE_I)


def test_a_table_convolution_starts_within_one_over_root_fan_in():
    torch.manual_seed(0)
    layer = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5)
    dense = layer.dense_weight()
    for output, row in enumerate(layers.TABLE_I):
        bound = 1 / math.sqrt(25 * len(row))
        assert 0.9 * bound < dense[output].abs().max() <= bound
        assert layer.bias[output].abs() <= bound


def test_a_table_convolution_keeps_its_table_out_of_the_saved_weights():
    layer = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5)
    assert list(layer.state_dict()) == ["weight", "bias"]


def test_first_weights_can_be_drawn_again_wherever_the_layer_lies():
    layer = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5).to("meta")
    layer.reset_parameters()
    assert layer.weight.device.type == "meta"


def test_the_rbf_layer_equals_the_loop_of_equation_7():
    torch.manual_seed(0)
    states = torch.randn(3, 84, dtype=torch.float64)
    layer = layers.RBF(codes.digit_codes()).double()
    expected = [
        [
            sum((x - w) ** 2 for x, w in zip(state, code, strict=True))
            for code in codes.digit_codes()
        ]
        for state in states.tolist()
    ]
    torch.testing.assert_close(layer(states), torch.tensor(expected, dtype=torch.float64))


def test_a_state_that_is_a_code_has_distance_zero_from_it_and_four_a_pixel_from_the_others():
    table = codes.digit_codes()
    distances = layers.RBF(table)(torch.tensor(table, dtype=torch.float32))
    expected = [[4.0 * codes.distance(one, other) for other in table] for one in table]
    assert distances.tolist() == expected


def test_the_codes_are_fixed_and_saved():
    layer = layers.RBF([[1, -1], [-1, 1]])
    assert list(layer.parameters()) == []
    assert list(layer.state_dict()) == ["codes"]


def equation_9(distances, label, j):
    """Eq. 9 written out, in Python's own doubles; the largest term is taken out of the sum."""
    exponents = [-j, *(-distance for distance in distances)]
    largest = max(exponents)
    total = sum(math.exp(exponent - largest) for exponent in exponents)
    return distances[label] + largest + math.log(total)


@often
@given(
    st.lists(st.floats(0, 1e6), min_size=2, max_size=10),
    st.floats(0.1, 100),
    st.randoms(use_true_random=False),
)
def test_the_map_loss_is_equation_9(distances, j, chance: random.Random):
    label = chance.randrange(len(distances))
    loss = layers.map_loss(
        torch.tensor([distances], dtype=torch.float64), torch.tensor([label]), j=j
    )
    assert loss.shape == (1,)
    assert loss.item() == pytest.approx(equation_9(distances, label, j), rel=1e-9, abs=1e-9)
    assert loss.item() >= -1e-9


def test_the_map_loss_stays_finite_for_huge_distances():
    far = torch.tensor([[1e30, 2e30], [0.0, 3e38]], requires_grad=True)
    loss = layers.map_loss(far, torch.tensor([0, 0]))
    loss.sum().backward()
    assert torch.isfinite(loss).all()
    assert torch.isfinite(far.grad).all()
    assert loss[1].item() == pytest.approx(0, abs=1e-6)


def test_the_map_loss_pulls_the_right_code_and_pushes_the_near_wrong_one():
    distances = torch.tensor([[5.0, 6.0, 500.0]], requires_grad=True)
    layers.map_loss(distances, torch.tensor([0])).sum().backward()
    right, near, far = distances.grad[0].tolist()
    assert right > 0
    assert near < 0
    assert far == pytest.approx(0, abs=1e-9)


def test_with_a_small_j_the_map_loss_is_almost_the_distance_of_the_right_code():
    distances = torch.tensor([[30.0, 40.0]])
    loss = layers.map_loss(distances, torch.tensor([0]), j=0.1)
    assert loss.item() == pytest.approx(30.0 - 0.1, abs=1e-4)


@pytest.mark.parametrize(
    ("module", "inputs"),
    [
        (layers.ScaledTanh(), (3, 4)),
        (layers.Subsampling(2, 2, reduction="sum"), (2, 2, 5, 4)),
        (layers.Subsampling(2, (2, 3), 1, reduction="mean"), (2, 2, 5, 4)),
        (layers.TableConv2d(3, [[0, 2], [1], [0, 1, 2]], 2), (2, 3, 4, 4)),
        (layers.RBF([[1, -1, 1], [-1, -1, 1]]), (4, 3)),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, nn.Module) else "",
)
def test_the_gradient_of_every_module_is_that_of_finite_differences(module, inputs):
    torch.manual_seed(0)
    module = module.double()
    names = [name for name, _ in module.named_parameters()]

    def run(picture, *parameters):
        return torch.func.functional_call(
            module, dict(zip(names, parameters, strict=True)), picture
        )

    picture = torch.randn(inputs, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(run, (picture, *module.parameters()))


def test_the_gradient_of_the_map_loss_is_that_of_finite_differences():
    torch.manual_seed(0)
    distances = (50 * torch.rand(4, 10, dtype=torch.float64)).requires_grad_()
    labels = torch.tensor([0, 3, 9, 9])
    assert torch.autograd.gradcheck(lambda given: layers.map_loss(given, labels), (distances,))


def test_a_digits_map_loss_does_not_depend_on_the_digits_beside_it():
    distances, labels = torch.rand(5, 10) * 60, torch.arange(5)
    alone = [layers.map_loss(distances[i : i + 1], labels[i : i + 1]) for i in range(5)]
    torch.testing.assert_close(layers.map_loss(distances, labels), torch.cat(alone))


def test_cross_entropy_on_negative_distances_is_the_map_loss_without_the_rubbish_class():
    distances, labels = 10 * torch.rand(6, 10, dtype=torch.float64), torch.arange(6)
    expected = functional.cross_entropy(-distances, labels, reduction="none")
    torch.testing.assert_close(layers.map_loss(distances, labels, j=1e4), expected)


def test_a_printed_module_shows_its_settings():
    assert "60 kernels of 5x5" in repr(layers.TableConv2d(6, layers.TABLE_I, 5))
    assert "codes fixed" in repr(layers.RBF([[1, -1]]))
    assert "reduction='mean'" in repr(layers.Subsampling(6, reduction="mean"))
