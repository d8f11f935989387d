"""In fewer strokes, the same: outputs, gradients and training, and every layer for who watches."""

import copy
from collections import OrderedDict
from types import SimpleNamespace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from lenet_course import fast, layers, networks, training
from lenet_course.data import Split

AT_ONCE = ["sigmoid-avg", "sigmoid-max", "relu-max", "relu-avg", "no-activation"]


def of_noise(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def outputs_and_gradients(model, inputs):
    model.zero_grad()
    outputs = model(inputs)
    functional.cross_entropy(outputs, torch.arange(len(outputs)) % 10).backward()
    return [outputs.detach(), *[parameter.grad.clone() for parameter in model.parameters()]]


def assert_equal(ours, plain):
    for one, other in zip(ours, plain, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-12)


def calls(monkeypatch):
    """Count the convolutions that are computed together with their subsampling."""
    counted = []
    known = fast._convolve_and_subsample
    monkeypatch.setattr(
        fast, "_convolve_and_subsample", lambda *all: counted.append(all) or known(*all)
    )
    return counted


@pytest.mark.parametrize("name", networks.FAMILY)
def test_every_network_answers_and_learns_as_it_does_layer_by_layer(name):
    network = networks.FAMILY[name]
    model = networks.build(network, seed=1).double().eval()
    inputs = of_noise(5, *network.input_shape)
    plain = nn.Sequential(*model)
    assert_equal(outputs_and_gradients(model, inputs), outputs_and_gradients(plain, inputs))


@pytest.mark.parametrize("name", networks.FAMILY)
def test_five_networks_are_computed_in_fewer_strokes(name, monkeypatch):
    counted = calls(monkeypatch)
    network = networks.FAMILY[name]
    networks.build(network, seed=0)(torch.zeros(1, *network.input_shape))
    assert len(counted) == (name in AT_ONCE)


@settings(max_examples=100, deadline=None)
@given(
    side=st.integers(8, 13),
    kernel=st.sampled_from([1, 2, 3, (3, 5)]),
    padding=st.sampled_from([0, 1, (2, 0)]),
    maps=st.tuples(st.integers(1, 3), st.integers(1, 15)),
    bias=st.booleans(),
    activation=st.sampled_from([None, nn.ReLU, nn.Sigmoid, nn.Tanh, layers.ScaledTanh]),
    pool=st.sampled_from([nn.MaxPool2d, nn.AvgPool2d]),
)
def test_any_convolution_and_any_two_by_two_pooling(
    side, kernel, padding, maps, bias, activation, pool
):
    torch.manual_seed(0)
    squash = [activation()] if activation else []
    convolution = nn.Conv2d(*maps, kernel, padding=padding, bias=bias)
    model = fast.Sequential(convolution, *squash, pool(2)).double()
    inputs = of_noise(2, maps[0], side, side + 1)
    assert fast._layers_at_once(list(model)) == len(model)
    wanted = nn.Sequential(*model)(inputs)
    torch.testing.assert_close(model(inputs), wanted, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "first",
    [
        nn.Conv2d(4, 4, 3, stride=2),
        nn.Conv2d(4, 4, 3, dilation=2),
        nn.Conv2d(4, 4, 3, groups=2),
        nn.Conv2d(4, 4, 3, padding="same"),
        nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"),
        nn.Conv2d(4, 16, 3),
        nn.utils.parametrizations.weight_norm(nn.Conv2d(4, 4, 3)),
        nn.Identity(),
    ],
    ids=str,
)
def test_other_first_layers_are_left_to_torch(first, monkeypatch):
    counted = calls(monkeypatch)
    model, inputs = fast.Sequential(first, nn.MaxPool2d(2)).double(), of_noise(1, 4, 12, 12)
    assert torch.equal(model(inputs), nn.Sequential(*model)(inputs))
    assert counted == []


@pytest.mark.parametrize(
    "last",
    [
        nn.MaxPool2d(3),
        nn.MaxPool2d(2, stride=1),
        nn.MaxPool2d(2, padding=1),
        nn.MaxPool2d(2, dilation=2),
        nn.MaxPool2d(2, ceil_mode=True),
        nn.AvgPool2d(2, divisor_override=3),
        nn.AvgPool2d((2, 3)),
        layers.Subsampling(4),
        nn.Identity(),
    ],
    ids=str,
)
def test_other_windows_are_left_to_torch(last, monkeypatch):
    counted = calls(monkeypatch)
    model, inputs = fast.Sequential(nn.Conv2d(4, 4, 2), last).double(), of_noise(1, 4, 12, 12)
    assert torch.equal(model(inputs), nn.Sequential(*model)(inputs))
    assert counted == []


def test_a_dropout_in_between_keeps_its_place(monkeypatch):
    counted = calls(monkeypatch)
    model = fast.Sequential(nn.Conv2d(1, 6, 5), nn.Dropout(0.5), nn.MaxPool2d(2))
    inputs = torch.rand(1, 1, 12, 12)
    torch.manual_seed(3)
    wanted = nn.Sequential(*model)(inputs)
    torch.manual_seed(3)
    assert torch.equal(model(inputs), wanted)
    assert counted == []


@pytest.mark.parametrize("place", ["C1", "S2", "C3", None])
def test_who_watches_a_layer_or_the_network_sees_it_called(place):
    model, seen = networks.build("relu-max", seed=0), []
    watched = model if place is None else getattr(model, place)
    handle = watched.register_forward_hook(lambda *_: seen.append(place))
    model(torch.zeros(1, 1, 32, 32))
    assert seen == [place]
    handle.remove()
    model(torch.zeros(1, 1, 32, 32))
    assert seen == [place]


@pytest.mark.parametrize("kind", ["forward_pre", "full_backward", "full_backward_pre"])
def test_every_kind_of_hook_is_called(kind):
    model, seen = networks.build("relu-max", seed=0), []
    getattr(model.S2, f"register_{kind}_hook")(lambda *_: seen.append(kind))
    model(torch.zeros(1, 1, 32, 32)).sum().backward()
    assert seen == [kind]


def test_a_hook_on_all_modules_sees_every_layer():
    model, seen = networks.build("relu-max", seed=0), []
    handle = nn.modules.module.register_module_forward_hook(lambda *_: seen.append(1))
    model(torch.zeros(1, 1, 32, 32))
    handle.remove()
    assert len(seen) == len(model) + 1


def test_elsewhere_than_on_a_cpu_no_layers_are_put_together(monkeypatch):
    monkeypatch.delattr(fast, "_layers_at_once")
    on_a_gpu = SimpleNamespace(device=torch.device("cuda"))
    assert fast.Sequential(nn.Identity(), nn.Identity())(on_a_gpu) is on_a_gpu


def test_it_shows_itself_and_can_be_cut_and_copied_as_torchs_own():
    model = networks.build("relu-max", seed=0)
    assert isinstance(model, nn.Sequential)
    assert repr(model) == repr(nn.Sequential(OrderedDict(model.named_children())))
    inputs = torch.rand(2, 1, 32, 32)
    wanted = model(inputs)
    assert torch.equal(copy.deepcopy(model)(inputs), wanted)
    assert torch.equal(model[3:](model[:3](inputs)), wanted)


def test_among_equals_the_first_gets_the_gradient_as_in_torch():
    maps = torch.tensor([2.0, 2.0, 1.0, 2.0]).reshape(1, 4, 1, 1).requires_grad_()
    fast.largest_corner(maps).backward()
    assert maps.grad.flatten().tolist() == [1, 0, 0, 0]


def test_the_corners_come_map_by_map_for_each_place():
    weight = of_noise(3, 2, 5, 5)
    assert fast.corners(weight).shape == (12, 2, 6, 6)
    for place, (down, right) in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)]):
        kernels = fast.corners(weight)[3 * place : 3 * place + 3]
        assert torch.equal(kernels[:, :, down : down + 5, right : right + 5], weight)
        assert kernels.sum().item() == pytest.approx(weight.sum().item())


def trained(model):
    network = networks.FAMILY["relu-max"]
    digits = Split((of_noise(40, 28, 28) * 255).to(torch.uint8), torch.arange(40) % 10)
    given = {"prepare": lambda images: network.prepare(images).double()}
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    history = training.fit(model, digits, optimizer=optimizer, epochs=2, batch_size=8, **given)
    return history.losses, training.evaluate(model, digits, **given).loss


def test_training_comes_to_the_same(monkeypatch):
    counted = calls(monkeypatch)
    model = networks.build("relu-max", seed=0).double()
    losses, judged = trained(nn.Sequential(*copy.deepcopy(model)))
    assert counted == []
    assert trained(model) == (pytest.approx(losses, rel=1e-9), pytest.approx(judged, rel=1e-9))
    assert len(counted) > 10  # a step each, and the judging
