"""Arithmetic predicts, torch confirms: random networks, and the ones everybody knows."""

import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from lenet_course import layers as modules
from lenet_course import networks, shapes

healthy = [HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large]
often = settings(max_examples=500, deadline=None, suppress_health_check=healthy)


def sides(least, most):
    """A setting for both sides: one number, or a pair of them."""
    one = st.integers(least, most)
    return one | st.tuples(one, one)


@st.composite
def convolutions(draw, channels):
    """A convolution for so many maps: plain, in groups, or with a connection table."""
    padding = draw(sides(0, 2) | st.sampled_from(["same", "valid"]))
    kind = {
        "out_channels": draw(st.integers(1, 5)),
        "kernel_size": draw(sides(1, 4)),
        "stride": 1 if padding == "same" else draw(sides(1, 2)),
        "padding": padding,
        "dilation": draw(sides(1, 2)),
        "bias": draw(st.booleans()),
    }
    wiring = draw(st.sampled_from(["full", "groups", "table"]))
    if wiring == "groups":
        groups = draw(st.sampled_from([n for n in range(1, channels + 1) if channels % n == 0]))
        kind |= {"groups": groups, "out_channels": groups * draw(st.integers(1, 2))}
    if wiring == "table":
        row = st.lists(st.integers(0, channels - 1), min_size=1, unique=True)
        rows = kind["out_channels"]
        kind["connection_table"] = draw(st.lists(row, min_size=rows, max_size=rows))
    return shapes.Conv2d(**kind)


@st.composite
def pools(draw):
    """A max, average or trainable pool."""
    kernel = draw(sides(1, 3))
    stride = draw(st.none() | sides(1, 3))
    if draw(st.integers(0, 2)) == 0:
        return shapes.Subsampling(kernel, stride, draw(st.sampled_from(["sum", "mean"])))
    least = min(kernel) if isinstance(kernel, tuple) else kernel
    common = {
        "kernel_size": kernel,
        "stride": stride,
        "padding": draw(st.integers(0, least // 2)),
        "ceil_mode": draw(st.booleans()),
    }
    if draw(st.booleans()):
        return shapes.AvgPool2d(**common)
    return shapes.MaxPool2d(**common, dilation=draw(sides(1, 2)))


@st.composite
def random_networks(draw, most=5):
    """A list of layers that fit each other, and the shape they start from."""
    start = draw(st.tuples(st.integers(1, 4), st.integers(4, 16), st.integers(4, 16)))
    layers, shape = [], start
    for _ in range(draw(st.integers(0, most))):
        layer = draw(
            st.one_of(
                convolutions(shape[0]),
                pools(),
                st.sampled_from(shapes.layers.ACTIVATIONS).map(shapes.Activation),
                st.just(shapes.Dropout(0.3)),
            )
        )
        try:
            shape = layer.output_shape(shape)
        except shapes.ShapeError:
            continue
        layers.append(layer)
    if draw(st.booleans()):
        layers += [
            shapes.Flatten(),
            shapes.Linear(draw(st.integers(1, 9)), bias=draw(st.booleans())),
            shapes.Activation("relu"),
            shapes.Linear(4),
        ]
        if draw(st.booleans()):
            layers.append(shapes.RBF([[1, 1, -1, -1], [-1, 1, 1, -1]]))
    return layers, start


def shapes_seen(model, input_shape):
    """Run one picture through, and note what each child gives."""
    seen = {}
    for name, child in model.named_children():
        child.register_forward_hook(
            lambda _module, _inputs, output, name=name: seen.update({name: tuple(output.shape[1:])})
        )
    model.eval()
    with torch.no_grad():
        model(torch.zeros(1, *input_shape))
    return seen


def products(module, output_shape):
    """Count the products of one layer from its torch module's weights, map by map."""
    places = torch.Size(output_shape[1:]).numel()
    if isinstance(module, modules.TableConv2d):
        nn.init.ones_(module.weight)
        return int(module.dense_weight().sum()) * places
    if isinstance(module, nn.Conv2d):
        return module.weight[0].numel() * output_shape[0] * places
    if isinstance(module, modules.Subsampling):
        return output_shape[0] * places
    if isinstance(module, modules.RBF):
        return module.codes.numel()
    return module.weight.numel() if isinstance(module, nn.Linear) else 0


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@often
@given(random_networks())
def test_every_row_agrees_with_the_torch_module_built_from_it(network):
    layers, start = network
    trace = shapes.trace(layers, start)
    model = networks.build(layers, start)
    seen = shapes_seen(model, start)
    assert [row.name for row in trace] == list(seen)
    for row in trace:
        module = model.get_submodule(row.name)
        assert row.output_shape == seen[row.name]
        assert row.parameters == sum(parameter.numel() for parameter in module.parameters())
        assert row.multiply_adds == products(module, row.output_shape)
    assert trace.parameters == sum(parameter.numel() for parameter in model.parameters())


@settings(often, max_examples=150)
@given(random_networks())
def test_multiply_adds_agree_with_torchs_own_counter(network):
    layers, start = network
    # Torch counts the zeros of a table's dense kernel, and no element-wise products.
    layers = [layer for layer in layers if not getattr(layer, "connection_table", None)]
    layers = [layer for layer in layers if not isinstance(layer, shapes.Subsampling | shapes.RBF)]
    try:
        trace = shapes.trace(layers, start)
    except shapes.ShapeError:
        assume(False)
    model = networks.build(layers, start).eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(1, *start))
    assert trace.multiply_adds == counter.get_total_flops() // 2


@often
@given(random_networks())
def test_each_row_starts_where_the_one_before_it_ends(network):
    layers, start = network
    shape = start
    for row in shapes.trace(layers, start):
        assert row.input_shape == shape
        shape = row.output_shape
    assert shapes.trace(layers, start).output_shape == shape


def all_seeing(layer, channels):
    """A double-precision module of the same window in which every pixel has a say.

    Max-pooling passes its gradient to the winner alone, so a sum over its window stands in.
    """
    if isinstance(layer, shapes.MaxPool2d | shapes.AvgPool2d):
        dilation = getattr(layer, "dilation", 1)
        module = nn.Conv2d(
            channels,
            channels,
            layer.kernel_size,
            layer.window_stride,
            layer.padding,
            dilation,
            groups=channels,
        )
    else:
        module = networks.to_module(layer, (channels, 1, 1))
    for parameter in module.parameters():
        nn.init.uniform_(parameter, 0.1, 1.0)
    return module.double()


@st.composite
def windows(draw, padded):
    """Two or three sliding windows, one after the other, on two maps."""
    result = []
    for _ in range(draw(st.integers(1, 3))):
        kernel = draw(sides(1, 4))
        least = min(kernel) if isinstance(kernel, tuple) else kernel
        common = {
            "kernel_size": kernel,
            "stride": draw(sides(1, 2)),
            "padding": draw(st.integers(0, least // 2)) if padded else 0,
        }
        dilation = draw(sides(1, 2))
        kind = draw(st.integers(0, 3))
        result.append(
            [
                shapes.Conv2d(2, **common, dilation=dilation),
                shapes.Conv2d(2, **common, dilation=dilation, connection_table=[[0, 1], [1]]),
                shapes.MaxPool2d(**common, dilation=dilation),
                shapes.AvgPool2d(**common),
            ][kind]
        )
    return result


def pixels_that_matter(layers, size, gather=False):
    """The first and last row, and column, of the pixels that change a unit in the middle."""
    model = nn.Sequential(*(all_seeing(layer, 2) for layer in layers))
    picture = torch.rand(1, 2, size, size, dtype=torch.float64, requires_grad=True)
    result = model(picture)
    middle = [side // 2 for side in result.shape[2:]]
    unit = result[0].sum() if gather else result[0, :, middle[0], middle[1]].sum()
    unit.backward()
    reached = picture.grad[0].sum(0) != 0
    extent = []
    for axis in (1, 0):
        places = reached.any(dim=axis).nonzero().flatten().tolist()
        extent.append((places[0], places[-1]))
    return extent


def reach(extent):
    high, wide = (last - first + 1 for first, last in extent)
    return high if high == wide else (high, wide)


@often
@given(windows(padded=False))
def test_the_receptive_field_is_the_extent_of_the_gradient(layers):
    trace = shapes.trace(layers, (2, 60, 60))
    assert trace[-1].receptive_field == reach(pixels_that_matter(layers, 60))


@settings(often, max_examples=200)
@given(windows(padded=True))
def test_padding_does_not_change_the_receptive_field_of_a_unit_inside(layers):
    extent = pixels_that_matter(layers, 60)
    assume(all(first > 0 and last < 59 for first, last in extent))
    assert shapes.trace(layers, (2, 60, 60))[-1].receptive_field == reach(extent)


@settings(often, max_examples=200)
@given(windows(padded=False), st.integers(40, 50))
def test_a_linear_layer_sees_all_that_the_maps_before_it_see(layers, size):
    trace = shapes.trace([*layers, shapes.Flatten(), shapes.Linear(3)], (2, size, size))
    assert trace[-1].receptive_field == reach(pixels_that_matter(layers, size, gather=True))


def test_a_second_linear_layer_sees_no_more_than_the_first():
    layers = [shapes.Conv2d(1, 5), shapes.Flatten(), shapes.Linear(9), shapes.Linear(2)]
    assert [row.receptive_field for row in shapes.trace(layers)] == [5, 5, 32, 32]


def test_a_vector_has_no_receptive_field():
    assert shapes.trace([shapes.Linear(3)], (8,))[0].receptive_field is None


def conv(maps, kernel_size, **others):
    return [shapes.Conv2d(maps, kernel_size, **others), shapes.Activation("relu")]


def dense(*widths):
    *hidden, last = widths
    for width in hidden:
        yield from [shapes.Linear(width), shapes.Activation("relu"), shapes.Dropout(0.5)]
    yield shapes.Linear(last)


ALEXNET = [
    *conv(96, 11, stride=4),
    shapes.MaxPool2d(3, stride=2),
    *conv(256, 5, padding=2, groups=2),
    shapes.MaxPool2d(3, stride=2),
    *conv(384, 3, padding=1),
    *conv(384, 3, padding=1, groups=2),
    *conv(256, 3, padding=1, groups=2),
    shapes.MaxPool2d(3, stride=2),
    shapes.Flatten(),
    *dense(4096, 4096, 1000),
]

VGG_16 = [
    *(2 * conv(64, 3, padding=1)),
    shapes.MaxPool2d(2),
    *(2 * conv(128, 3, padding=1)),
    shapes.MaxPool2d(2),
    *(3 * conv(256, 3, padding=1)),
    shapes.MaxPool2d(2),
    *(3 * conv(512, 3, padding=1)),
    shapes.MaxPool2d(2),
    *(3 * conv(512, 3, padding=1)),
    shapes.MaxPool2d(2),
    shapes.Flatten(),
    *dense(4096, 4096, 1000),
]

RESNET_18_STEM = [
    *conv(64, 7, stride=2, padding=3, bias=False),
    shapes.MaxPool2d(3, stride=2, padding=1),
]


def windows_of(trace):
    return [row for row in trace if isinstance(row.layer, shapes.Window)]


def test_alexnet_has_its_published_shapes_fields_and_parameters():
    """Krizhevsky et al. (2012); the fields are those of Araujo et al. (2019)."""
    trace = shapes.trace(ALEXNET, (3, 227, 227))
    assert trace.parameters == 60_965_224
    rows = windows_of(trace)
    maps = [96, 96, 256, 256, 384, 384, 256, 256]
    assert [row.output_shape[0] for row in rows] == maps
    assert [row.output_shape[1] for row in rows] == [55, 27, 27, 13, 13, 13, 13, 6]
    assert [row.receptive_field for row in rows] == [11, 19, 51, 67, 99, 131, 163, 195]
    assert trace["flatten_1"].output_shape == (9216,)


def test_vgg_16_has_its_published_shapes_field_and_parameters():
    """Simonyan and Zisserman (2014), configuration D; the field is Araujo et al.'s (2019)."""
    trace = shapes.trace(VGG_16, (3, 224, 224))
    assert trace.parameters == 138_357_544
    pools_after = [row for row in trace if isinstance(row.layer, shapes.MaxPool2d)]
    assert [row.output_shape for row in pools_after] == [
        (64, 112, 112),
        (128, 56, 56),
        (256, 28, 28),
        (512, 14, 14),
        (512, 7, 7),
    ]
    assert pools_after[-1].receptive_field == 212
    assert trace.multiply_adds == 15_470_264_320


def test_the_stem_of_resnet_18_has_its_published_shapes_and_parameters():
    """He et al. (2015), table 1; without the normalisation layer, which keeps the shape."""
    trace = shapes.trace(RESNET_18_STEM, (3, 224, 224))
    assert trace.parameters == 9408
    assert [row.output_shape for row in windows_of(trace)] == [(64, 112, 112), (64, 56, 56)]
    assert [row.receptive_field for row in windows_of(trace)] == [7, 11]


@pytest.mark.parametrize(
    ("layers", "side"), [(ALEXNET, 227), (VGG_16, 224), (RESNET_18_STEM, 224), (RESNET_18_STEM, 61)]
)
def test_the_networks_everybody_knows_have_torchs_shapes_and_counts(layers, side):
    trace = shapes.trace(layers, (3, side, side))
    with torch.device("meta"):  # shapes without memory or arithmetic
        model = networks.build(layers, (3, side, side))
        seen = shapes_seen(model, (3, side, side))
    assert [row.output_shape for row in trace] == list(seen.values())
    assert trace.parameters == sum(parameter.numel() for parameter in model.parameters())


LENET = [
    shapes.Conv2d(6, kernel_size=5, name="C1"),
    shapes.MaxPool2d(2, name="S2"),
    shapes.Flatten(),
    shapes.Linear(10, name="output"),
]


def test_a_row_is_found_by_its_number_or_by_its_name():
    trace = shapes.trace(LENET)
    assert trace[1] is trace["S2"]
    assert len(trace) == 4
    assert [row.name for row in trace[:2]] == ["C1", "S2"]


def test_a_name_that_is_not_there_is_answered_with_those_that_are():
    with pytest.raises(KeyError, match=r"C9.*C1, S2, flatten_1, output"):
        shapes.trace(LENET)["C9"]


def test_layers_without_a_name_are_called_by_their_kind_and_a_number():
    names = [layer.name for layer in shapes.named([shapes.Flatten(), *conv(6, 5), *conv(6, 5)])]
    assert names == ["flatten_1", "conv2d_1", "activation_1", "conv2d_2", "activation_2"]


def test_one_description_may_stand_in_several_places():
    squash = shapes.Activation("tanh")
    assert [row.name for row in shapes.trace([squash, squash])] == ["activation_1", "activation_2"]


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(shapes.ShapeError, match="Two layers are called 'C1'"):
        shapes.trace([shapes.Conv2d(6, 5, name="C1"), shapes.Conv2d(6, 5, name="C1")])


def test_what_is_no_layer_is_refused_with_its_place():
    with pytest.raises(shapes.ShapeError, match=r"Item 1 of the list .* no layer"):
        shapes.trace([shapes.Flatten(), nn.Conv2d])


@pytest.mark.parametrize("wrong", [(28, 28), (1, 1, 28, 28), (1, 0, 28), (1.0, 28, 28), (), 28])
def test_an_input_that_is_neither_maps_nor_a_vector_is_refused(wrong):
    with pytest.raises(shapes.ShapeError, match="leave out the batch"):
        shapes.trace(LENET, wrong)


def test_the_first_trap_of_the_tutorials_is_told_with_both_numbers():
    """Linear(16*4*4, ...) behind a 32x32 input: torch says "mat1 and mat2"."""
    layers = [
        shapes.Conv2d(6, 5),
        shapes.AvgPool2d(2),
        shapes.Conv2d(16, 5),
        shapes.AvgPool2d(2),
        shapes.Flatten(),
        shapes.Linear(120, in_features=16 * 4 * 4, name="C5"),
    ]
    assert shapes.trace(layers, (1, 28, 28)).output_shape == (120,)
    with pytest.raises(shapes.ShapeError, match=r"C5 expects 256 .* gives 400"):
        shapes.trace(layers, (1, 32, 32))


def test_an_empty_list_gives_what_it_was_given():
    trace = shapes.trace([], (1, 32, 32))
    assert (trace.output_shape, trace.parameters, trace.multiply_adds) == ((1, 32, 32), 0, 0)


def test_the_text_is_aligned_and_ends_in_the_totals():
    lines = str(shapes.trace(LENET)).splitlines()
    assert len(lines) == 1 + 1 + 4 + 1
    edge = lines[0].index("parameters") + len("parameters")
    assert lines[2][:edge].endswith("  156")
    assert lines[-1][:edge].endswith("  11,926")
    assert lines[-1].startswith("total")
    assert "(32 + 2*0 - 1*(5 - 1) - 1) // 1 + 1 = 28" in lines[2]
    assert not any(line.endswith(" ") for line in lines)


def test_the_page_shows_a_table_with_headings_and_escaped_text():
    page = shapes.trace([shapes.Linear(3, name="<b>")], (8,))._repr_html_()
    assert page.count("<tr>") == 1 + 1 + 1 + 1
    assert '<th scope="col">parameters</th>' in page
    assert '<th scope="row">&lt;b&gt;</th>' in page
    assert "<b>" not in page
    assert "8 -&gt; 3" in page
