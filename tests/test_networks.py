"""The seven networks, on paper and in torch, against the tables of paper and tutorials."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from lenet_course import data, layers, networks, shapes
from lenet_course.codes import digit_codes

FAMILY = list(networks.FAMILY)


def noise(count, side=28, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(256, (count, side, side), dtype=torch.uint8, generator=generator)


# Paper, p. 6-8: what each layer gives, learns, and connects.
OF_1998 = {
    "C1": ((6, 28, 28), 156, 122_304, 5),
    "S2": ((6, 14, 14), 12, 5_880, 6),
    "C3": ((16, 10, 10), 1_516, 151_600, 14),
    "S4": ((16, 5, 5), 32, 2_000, 16),
    "C5": ((120, 1, 1), 48_120, 48_120, 32),
    "F6": ((84,), 10_164, 10_164, 32),
    "output": ((10,), 0, 840, 32),
}


@pytest.mark.parametrize("name", OF_1998)
def test_each_layer_of_1998_has_the_papers_shape_parameters_connections_and_field(name):
    row = networks.FAMILY["lenet5-1998"].trace()[name]
    assert (row.output_shape, row.parameters, row.connections, row.receptive_field) == OF_1998[name]


def test_the_network_of_1998_has_60_000_parameters_and_340_908_connections():
    trace = networks.FAMILY["lenet5-1998"].trace()
    assert trace.parameters == 60_000
    assert trace.connections == 340_908


def test_the_network_of_1998_is_wired_by_table_1_and_answers_with_the_codes_of_figure_3():
    model = networks.build("lenet5-1998")
    assert isinstance(model.C3, layers.TableConv2d)
    assert model.C3.table == layers.TABLE_I
    assert isinstance(model.S2, layers.Subsampling)
    assert model.output.codes.tolist() == [list(code) for code in digit_codes()]
    squashes = [child for child in model.children() if isinstance(child, layers.ScaledTanh)]
    assert len(squashes) == 6


def test_c5_of_1998_is_a_convolution_that_grows_with_a_larger_input():
    c5 = networks.FAMILY["lenet5-1998"].layers[:9]
    assert shapes.trace(c5, (1, 36, 40)).output_shape == (120, 2, 3)


# facts of the tutorials: input side, parameters, then the maps and sizes along the way.
SMALL = {"C1": (6, 28, 28), "S2": (6, 14, 14), "C3": (16, 10, 10), "S4": (16, 5, 5)}
HEAD = {"flatten": (400,), "C5": (120,), "F6": (84,), "output": (10,)}
TABLE = {
    "sigmoid-avg": (28, 61_706, SMALL | HEAD),
    "sigmoid-max": (28, 61_706, SMALL | HEAD),
    "relu-max": (32, 61_706, SMALL | HEAD),
    "relu-avg": (
        28,
        44_426,
        {"C1": (6, 24, 24), "S2": (6, 12, 12), "C3": (16, 8, 8), "S4": (16, 4, 4)}
        | HEAD
        | {"flatten": (256,)},
    ),
    "no-activation": (28, 61_610, SMALL | HEAD),
    "wide-dropout": (
        28,
        3_274_634,
        {
            "C1": (32, 28, 28),
            "S2": (32, 14, 14),
            "C3": (64, 14, 14),
            "S4": (64, 7, 7),
            "flatten": (3136,),
            "C5": (1024,),
            "dropout": (1024,),
            "output": (10,),
        },
    ),
}


def test_the_family_has_the_seven_networks():
    assert FAMILY == [
        "lenet5-1998",
        "sigmoid-avg",
        "sigmoid-max",
        "relu-max",
        "relu-avg",
        "no-activation",
        "wide-dropout",
    ]
    assert all(network.name == name for name, network in networks.FAMILY.items())


@pytest.mark.parametrize("name", TABLE)
def test_each_tutorial_network_has_its_shapes_and_parameters(name):
    side, parameters, expected = TABLE[name]
    network = networks.FAMILY[name]
    trace = network.trace()
    assert network.input_shape == (1, side, side)
    plain = {row.name: row.output_shape for row in trace if "_" not in row.name}
    assert plain == expected
    assert trace.parameters == parameters


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("sigmoid-avg", {nn.Sigmoid: 4, nn.AvgPool2d: 2}),
        ("sigmoid-max", {nn.Sigmoid: 4, nn.MaxPool2d: 2}),
        ("relu-max", {nn.ReLU: 4, nn.MaxPool2d: 2}),
        ("relu-avg", {nn.ReLU: 4, nn.AvgPool2d: 2}),
        ("no-activation", {nn.MaxPool2d: 2}),
        ("wide-dropout", {nn.ReLU: 3, nn.MaxPool2d: 2, nn.Dropout: 1}),
    ],
)
def test_each_tutorial_network_has_its_activation_and_pooling(name, kinds):
    counted = {}
    for child in networks.build(name).children():
        if not isinstance(child, nn.Conv2d | nn.Linear | nn.Flatten):
            counted[type(child)] = counted.get(type(child), 0) + 1
    assert counted == kinds


def test_the_first_convolution_of_the_network_without_activation_has_60_parameters():
    assert networks.FAMILY["no-activation"].trace()["C1"].parameters == 60


def test_the_dropout_of_the_wide_network_silences_half():
    assert networks.build("wide-dropout").dropout.p == 0.5


@pytest.mark.parametrize("name", FAMILY)
def test_a_built_network_has_the_traces_shapes_and_parameters(name):
    network = networks.FAMILY[name]
    model = networks.build(name, seed=0).eval()
    seen = []
    for child in model.children():
        child.register_forward_hook(lambda _m, _i, output: seen.append(tuple(output.shape[1:])))
    outputs = model(network.prepare(noise(2)))
    assert outputs.shape == (2, 10)
    assert seen == [row.output_shape for row in network.trace()]
    assert sum(p.numel() for p in model.parameters()) == network.trace().parameters


@pytest.mark.parametrize("name", FAMILY)
def test_the_children_are_called_by_the_papers_names_in_order(name):
    children = [child for child, _ in networks.build(name).named_children()]
    papers = ["C1", "S2", "C3", "S4", "C5", "F6", "output"]
    if name == "wide-dropout":
        papers.remove("F6")
    assert [child for child in children if child in papers] == papers
    assert children == [row.name for row in networks.FAMILY[name].trace()]


@pytest.mark.parametrize("name", FAMILY)
def test_the_state_dict_is_in_the_order_of_the_layers(name):
    model = networks.build(name)
    children = [child for child, _ in model.named_children()]
    owners = [key.split(".")[0] for key in model.state_dict()]
    assert owners == sorted(owners, key=children.index)


def test_an_activation_is_called_after_the_layer_before_it():
    children = [child for child, _ in networks.build("relu-max").named_children()]
    assert children[:3] == ["C1", "C1_relu", "S2"]


@pytest.mark.parametrize("name", FAMILY)
def test_prepare_gives_what_the_network_reads(name):
    network = networks.FAMILY[name]
    for side in (28, 32):
        prepared = network.prepare(noise(3, side))
        assert prepared.shape == (3, *network.input_shape)
        assert prepared.dtype == torch.float32


@pytest.mark.parametrize("name", FAMILY)
def test_paper_and_ink_become_the_networks_two_ends(name):
    low, high = (-0.1, 1.175) if name == "lenet5-1998" else (0.0, 1.0)
    images = torch.full((1, 28, 28), 255, dtype=torch.uint8)
    network = networks.FAMILY[name]
    prepared = network.prepare(images)
    assert prepared.max().item() == pytest.approx(high)
    assert network.prepare(torch.zeros_like(images)).unique().item() == pytest.approx(low)
    middle = network.prepare(torch.full_like(images, 51))[0, 0, 16, 16]
    assert middle.item() == pytest.approx(low + 0.2 * (high - low))


def test_padding_is_background_so_no_grey_frame_appears():
    network = networks.FAMILY["lenet5-1998"]
    blank = network.prepare(torch.zeros(1, 28, 28, dtype=torch.uint8))
    full = network.prepare(torch.full((1, 28, 28), 255, dtype=torch.uint8))
    assert blank.unique().numel() == 1
    frame = full[0, 0].clone()
    frame[2:30, 2:30] = -0.1
    assert frame.unique().tolist() == pytest.approx([-0.1])
    assert full[0, 0, 2:30, 2:30].unique().tolist() == pytest.approx([1.175])


def test_prepare_leaves_the_images_as_they_are():
    images = noise(2)
    before = images.clone()
    networks.FAMILY["lenet5-1998"].prepare(images)
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    "images",
    [
        torch.zeros(2, 28, 28),
        torch.zeros(2, 1, 28, 28, dtype=torch.uint8),
        torch.zeros(2, 100, 80, dtype=torch.uint8),
    ],
)
def test_prepare_refuses_images_that_are_not_digits_as_stored(images):
    with pytest.raises(data.DataError):
        networks.FAMILY["relu-max"].prepare(images)


def test_the_answer_of_1998_is_the_nearest_code_and_everyone_elses_the_largest_output():
    outputs = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 9.0]])
    for name, network in networks.FAMILY.items():
        expected = [1, 0] if name == "lenet5-1998" else [0, 2]
        assert network.decide(outputs).tolist() == expected


def test_the_loss_of_1998_is_the_map_loss_and_everyone_elses_cross_entropy():
    outputs, labels = 30 * torch.rand(5, 10), torch.arange(5)
    for name, network in networks.FAMILY.items():
        if name == "lenet5-1998":
            expected = layers.map_loss(outputs, labels)
        else:
            expected = functional.cross_entropy(outputs, labels, reduction="none")
        assert network.loss(outputs, labels).shape == (5,)
        assert torch.equal(network.loss(outputs, labels), expected)


@pytest.mark.parametrize("name", FAMILY)
def test_a_seed_gives_the_same_weights_each_time_and_another_seed_others(name):
    one, same, other = (networks.build(name, seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not torch.equal(one["C1.weight"], other["C1.weight"])


def test_a_seed_leaves_the_global_random_state_alone():
    torch.manual_seed(7)
    before = torch.get_rng_state()
    networks.build("relu-max", seed=0)
    assert torch.equal(torch.get_rng_state(), before)


def test_without_a_seed_the_weights_come_from_the_global_random_state():
    torch.manual_seed(7)
    one = networks.build("relu-max").C1.weight
    two = networks.build("relu-max").C1.weight
    torch.manual_seed(7)
    again = networks.build("relu-max").C1.weight
    assert torch.equal(one, again)
    assert not torch.equal(one, two)


@pytest.mark.parametrize("name", FAMILY)
def test_a_built_network_moves_to_another_device_whole(name):
    model = networks.build(name).to("meta")
    tensors = [*model.parameters(), *model.buffers()]
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    shape = networks.FAMILY[name].input_shape
    assert model(torch.zeros(2, *shape, device="meta")).shape == (2, 10)


def test_a_network_is_named_given_or_listed():
    network = networks.FAMILY["relu-avg"]
    same = [networks.build(given, seed=0) for given in ("relu-avg", network)]
    same.append(networks.build(network.layers, input_shape=(1, 28, 28), seed=0))
    assert len({str(model) for model in same}) == 1
    assert all(torch.equal(model.F6.weight, same[0].F6.weight) for model in same)


def test_a_network_of_the_family_may_be_tried_on_another_input():
    model = networks.build("relu-avg", input_shape=(3, 32, 32))
    assert model(torch.zeros(1, 3, 32, 32)).shape == (1, 10)
    assert model.C5.in_features == 400


def test_a_plain_list_reads_32_by_32_unless_told_otherwise():
    model = networks.build([shapes.Flatten(), shapes.Linear(10)])
    assert model.linear_1.in_features == 1024


@pytest.mark.parametrize("name", ["lenet", "relu_max", "LeNet5-1998"])
def test_an_unknown_name_is_answered_with_the_family(name):
    with pytest.raises(ValueError, match="no network") as caught:
        networks.build(name)
    assert "wide-dropout" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "meant"), [("relu_max", "relu-max"), ("lenet5", "lenet5-1998"), ("wide", None)]
)
def test_a_misspelt_name_is_answered_with_the_one_that_was_meant(name, meant):
    with pytest.raises(ValueError, match="no network") as caught:
        networks.find(name)
    assert (f"Did you mean '{meant}'?" in str(caught.value)) == (meant is not None)


def test_an_impossible_list_is_refused_before_torch_sees_it(monkeypatch):
    def never(*_):
        raise AssertionError("torch was asked to build")

    monkeypatch.setattr(networks, "to_module", never)
    with pytest.raises(shapes.ShapeError, match="F6 reads a vector"):
        networks.build([shapes.Conv2d(6, 5, name="C1"), shapes.Linear(84, name="F6")])


@pytest.mark.parametrize("name", ["train", "forward", "training", "to"])
def test_a_name_that_means_something_else_in_torch_is_refused(name):
    with pytest.raises(shapes.ShapeError, match=f"cannot be called '{name}'"):
        networks.build([shapes.Flatten(name=name)])


def test_every_description_has_a_torch_module():
    kinds = {kind for kind in vars(shapes).values() if isinstance(kind, type)}
    usable = {kind for kind in kinds if issubclass(kind, shapes.Layer)}
    abstract = {shapes.Layer, shapes.Window}
    for kind in usable - abstract:
        assert networks.to_module.dispatch(kind) is not networks.to_module.dispatch(shapes.Layer)


def test_a_description_without_a_torch_module_is_told_by_its_name():
    with pytest.raises(TypeError, match="no torch module for Layer"):
        networks.build([shapes.Layer()])


def test_every_activation_that_can_be_described_can_be_built():
    assert tuple(networks.ACTIVATIONS) == shapes.layers.ACTIVATIONS
