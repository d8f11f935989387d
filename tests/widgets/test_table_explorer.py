"""The table explorer's numbers are those of the course's layer and of torch's."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet_course import figures, layers, networks
from lenet_course.widgets import TableExplorer

torch.manual_seed(0)
MAPS, KERNELS, BIASES = torch.randn(6, 14, 14), torch.randn(16, 6, 5, 5), torch.randn(16)
TITLES = ["upper", "right", "left", "lower", "falling", "rising"]


def explorer(**settings):
    return TableExplorer(MAPS, KERNELS, BIASES, TITLES, **settings)


def by_layer(full):
    """C3's maps as the course's layers make them from the same numbers."""
    if full:
        return torch.conv2d(MAPS[None], KERNELS, BIASES)[0]
    layer = layers.TableConv2d(6, layers.TABLE_I, kernel_size=5)
    outputs, sources = layer.links
    layer.load_state_dict({"weight": KERNELS[outputs, sources], "bias": BIASES})
    return layer(MAPS[None])[0].detach()


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 15), st.booleans(), st.integers(0, 9), st.integers(0, 9))
def test_maps_partial_sums_and_unit_are_those_of_the_layer(number, full, row, column):
    shown = explorer(number=number, full=full, row=row, column=column)
    made = by_layer(full)[number]
    assert torch.allclose(torch.tensor(shown.shown["map"]), made, atol=1e-4)
    assert shown.unit == pytest.approx(made[row, column].item(), abs=1e-4)
    partial = torch.tensor(shown.shown["partial"])
    assert torch.allclose(partial.sum(0) + BIASES[number], made, atol=1e-3)
    here = [float(text) for text in shown.shown["here"]]
    assert here == pytest.approx(partial[:, row, column].tolist(), abs=0.0052)
    assert shown.words.endswith(f"makes {made[row, column] + 0.0:.2f}.".replace("-0.00", "0.00"))


@pytest.mark.parametrize("number", range(16))
def test_a_map_reads_what_table_i_says_and_all_six_when_full(number):
    shown = explorer(number=number)
    assert tuple(shown.reads) == layers.TABLE_I[number]
    assert shown.shown["table"] == [list(row) for row in layers.TABLE_I]
    shown.full = True
    assert shown.reads == shown.shown["table"][number] == [0, 1, 2, 3, 4, 5]


def test_it_shows_the_maps_and_kernels_that_are_read():
    shown = explorer(number=4).shown
    assert torch.allclose(torch.tensor(shown["maps"]), MAPS[[0, 4, 5]], atol=1e-4)
    assert torch.allclose(torch.tensor(shown["kernels"]), KERNELS[4, [0, 4, 5]], atol=1e-4)


def test_it_counts_1516_parameters_against_2416_as_the_modules_do():
    table, full = explorer().shown["costs"]
    assert table == "60 kernels × 25 + 16 biases = 1,516 parameters, 151,600 connections"
    assert full == "96 kernels × 25 + 16 biases = 2,416 parameters, 241,600 connections"
    of_paper = networks.build("lenet5-1998").C3
    assert explorer().parameters == sum(tensor.numel() for tensor in of_paper.parameters())
    assert explorer(full=True).parameters == 2_416


def test_the_words_add_up():
    ones = TableExplorer(torch.ones(6, 14, 14), torch.ones(16, 6, 5, 5), -torch.ones(16))
    assert ones.words == (
        "Map 0 of C3 reads 3 maps of S2. Row 0, column 0: 25.00 + 25.00 + 25.00, and minus 1.00, "
        "its bias, makes 74.00."
    )


def test_any_table_serves():
    pair = TableExplorer(MAPS[:2], KERNELS[:2, :2], BIASES[:2], table=[(1,), (0, 1)], number=9)
    assert (pair.number, pair.reads, pair.parameters) == (1, [0, 1], 77)


def test_a_page_without_widgets_gets_the_partial_sums_as_a_picture():
    shown = explorer(number=7)
    reads = list(layers.TABLE_I[7])
    wanted = figures.partial_sums(
        MAPS[reads], KERNELS[7, reads], BIASES[7], [TITLES[source] for source in reads]
    )
    data, metadata = shown._repr_mimebundle_()
    assert data["image/png"] == wanted.image
    assert data["text/plain"] == metadata["image/png"]["alt"] == shown.text_alternative


def test_what_was_set_is_still_there_when_the_cell_runs_again():
    first = explorer(name="test: table", number=4)
    first.number, first.full, first.row = 9, True, 3
    second = explorer(name="test: table", number=4)
    assert (second.number, second.full, second.row) == (9, True, 3)
    second.close()
