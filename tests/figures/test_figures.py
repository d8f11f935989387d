"""Every picture of the course has one width, one style, and words that stand for it."""

import inspect
import io

import matplotlib.pyplot
import numpy
import pytest
import torch
from PIL import Image

from lenet_course import codes, figures, layers, networks, shapes
from lenet_course.history import Epoch, History, Validation

DIGITS = torch.zeros(12, 28, 28, dtype=torch.uint8)
DIGITS[:, 4:24, 12:16] = 255
EDGE = torch.tensor([-1.0, -1.0, 0.0, 1.0, 1.0]).repeat(5, 1)
HISTORY = History(
    [2.3, 1.1, 0.4],
    [Epoch(1, 2, 20, 1.7, 0.4, 0.1), Epoch(2, 1, 10, 0.4, 0.2, 0.1)],
    [Validation(2, 1, 0.9, 0.3), Validation(3, 2, 0.5, 0.15)],
)
COUNTS = numpy.diag([90] * 10)
COUNTS[4, 9], COUNTS[9, 4] = 7, 3

# One call of each function that draws; a function without one fails the test below.
EXAMPLES = {
    "along_a_row": lambda: figures.along_a_row([200, 60, 120], [200, 180, 120], threshold=100),
    "answer": lambda: figures.answer(DIGITS[0], [0.01] * 9 + [0.91], title="share"),
    "architecture": lambda: figures.architecture(networks.FAMILY["lenet5-1998"].trace()),
    "bars": lambda: figures.bars({"relu-max": 61_706, "relu-avg": 44_426}, label="parameters"),
    "beside_paper": lambda: figures.beside_paper(
        {"test": [[2.0, 3.0], [1.0, 1.5]], "training": [[4.0, 5.0], [0.5, 0.25]]},
        {"test": [2.6, 1.1, 0.9], "training": [4.5, 0.5]},
    ),
    "by_depth": lambda: figures.by_depth({"sigmoid": [1e-6, 1e-3, 1]}, label="gradient"),
    "captioned": lambda: figures.captioned(DIGITS, list("0123456789ab"), framed=[3]),
    "code_pictures": lambda: figures.code_pictures(codes.digit_codes(), "0123456789"),
    "confusion": lambda: figures.confusion(COUNTS),
    "digits": lambda: figures.digits(DIGITS, range(12), [0, 1, 2, 3, 4, 5, 6, 1, 8, 9, 10, 11]),
    "errors": lambda: figures.errors({"relu-max": HISTORY}),
    "feature_maps": lambda: figures.feature_maps(
        {
            "C1": torch.rand(6, 28, 28, generator=torch.Generator().manual_seed(0)),
            "F6": torch.zeros(84),
        }
    ),
    "functions": lambda: figures.functions({"ReLU": torch.relu}, point=-1.0),
    "gallery": lambda: figures.gallery({"digit": DIGITS[:5]}, "Five digits", list("abcde")),
    "growth": lambda: figures.growth({"width": {"cost": {1: 1, 2: 4}}}, label="cost"),
    "in_field": lambda: figures.in_field(DIGITS[0], side=24),
    "in_motion": lambda: figures.in_motion(
        {"drawn": DIGITS[0].numpy()},
        {
            "1998": {"C1": EDGE.repeat(6, 1, 1), "F6": torch.zeros(84), "output": torch.arange(10)},
            "modern": {"C1": EDGE.repeat(6, 1, 1), "output": torch.arange(10)},
        },
        {"1998": torch.tensor(codes.digit_codes()[0])},
    ),
    "kernels": lambda: figures.kernels({"C1": [EDGE, -EDGE], "turned": [EDGE.T, -EDGE.T]}, "Two"),
    "loss_animation": lambda: figures.loss_animation(HISTORY.losses, frames=3, smooth=1),
    "losses": lambda: figures.losses({"relu-max": HISTORY.losses}, smooth=1),
    "losses_up_to": lambda: figures.losses_up_to(4, {"1.0": [9e3, 2.5], "He": HISTORY.losses}),
    "nested_squares": lambda: figures.nested_squares(DIGITS[0], {"C1": (8, 9, 5), "S2": (8, 9, 6)}),
    "on_plane": lambda: figures.on_plane(torch.eye(2).repeat(10, 1), [*range(10)] * 2, "States"),
    "partial_sums": lambda: figures.partial_sums(
        DIGITS[:2] / 255, torch.stack([EDGE, -EDGE.T]), 0.5, ["one", "other"]
    ),
    "parts": lambda: figures.parts({"step": {"forward": 1, "back": 2}, "time": {"C1": 3}}),
    "passes": lambda: figures.passes(
        [(1, 2.3), (2, 1.1)], {"training": [(1, 9.5), (2, 3.0)]}, {"test": [(1, 2.65)]}
    ),
    "pictures": lambda: figures.pictures(DIGITS[:2], ["one", "other"], "Two digits, side by side"),
    "preparation": lambda: figures.preparation(
        {"drawn": DIGITS[0].numpy(), "cropped": DIGITS[0, 4:24, 12:16].numpy()}
    ),
    "products": lambda: figures.products(torch.eye(9), EDGE, row=2, column=2),
    "reading": lambda: figures.reading(DIGITS[0].numpy(), DIGITS[0].numpy(), [0.1] * 10),
    "receptive_fields": lambda: figures.receptive_fields(DIGITS[0], {"C1": (3, 4, 5)}),
    "regions": lambda: figures.regions(
        torch.eye(2), torch.tensor([True, False]), {"right half": lambda points: points[:, 0] > 0.5}
    ),
    "resumed": lambda: figures.resumed([2.0, 1.0, 0.5], {"weights": [1.0, 0.6]}, stop=1),
    "shares": lambda: figures.shares([2.0, -1.0, 0.0], right=1),
    "signed_maps": lambda: figures.signed_maps([EDGE, EDGE.repeat(5, 5)], ["edge", "ink"]),
    "spreads": lambda: figures.spreads(
        {
            "0.01": ({"C1": 1e-2, "C5": 1e-4, "output": 1e-7}, {"C1": 1e-7, "output": 0.3}),
            "He": ({"C1": 0.3, "C5": 0.3, "output": 0.4}, {"C1": 0.006, "output": 0.3}),
        }
    ),
    "table": lambda: figures.table(layers.TABLE_I, inputs=6),
    "window": lambda: figures.window(7, kernel_size=2, stride=2),
}
DRAWING = [
    name
    for name in figures.__all__
    if inspect.isfunction(getattr(figures, name))
    and inspect.signature(getattr(figures, name)).return_annotation == "Picture"
    and name not in ("painted", "painted_small")
]


@pytest.mark.parametrize("name", DRAWING)
class TestEveryPicture:
    def test_is_800_pixels_wide(self, name):
        assert Image.open(io.BytesIO(EXAMPLES[name]().image)).width == 800

    def test_says_in_words_what_it_shows(self, name):
        alt = EXAMPLES[name]().alt
        assert len(alt.split()) >= 5
        assert alt.endswith(".")

    def test_gives_notebooks_the_image_with_its_words(self, name):
        picture = EXAMPLES[name]()
        data, metadata = picture._repr_mimebundle_()
        assert data == {picture.kind: picture.image, "text/plain": picture.alt}
        assert metadata == {picture.kind: {"alt": picture.alt}}

    def test_is_the_same_each_time_it_is_drawn(self, name):
        assert EXAMPLES[name]() == EXAMPLES[name]()

    def test_is_small_enough_to_be_stored(self, name):
        assert len(EXAMPLES[name]().image) < 100_000

    def test_leaves_no_figure_open(self, name):
        EXAMPLES[name]()
        assert matplotlib.pyplot.get_fignums() == []

    def test_leaves_matplotlib_as_it_was(self, name):
        before = dict(matplotlib.rcParams)
        EXAMPLES[name]()
        assert dict(matplotlib.rcParams) == before


class TestWhatTheWordsSay:
    def test_a_wrong_answer_is_named(self):
        assert "Wrong: number 8 is 7, read as 1." in EXAMPLES["digits"]().alt

    def test_right_answers_are_called_right(self):
        alt = figures.digits(DIGITS[:2], [3, 5], [3, 5]).alt
        assert alt == "2 digits: 3, 5. All are read rightly."

    def test_the_winner_and_the_runner_up_are_told(self):
        alt = figures.answer(DIGITS[0], [0.0, 0.7, 0.3] + [0.0] * 7).alt
        assert "the highest is 1 with 70%, then 2 with 30%" in alt

    def test_table_one_has_60_marks(self):
        assert "60 marks of 96 possible" in EXAMPLES["table"]().alt

    def test_left_edges_and_left_over_pixels_are_told(self):
        alt = EXAMPLES["window"]().alt
        assert alt.endswith("stands at 3 places: left edges 0, 2, 4. Pixels left over: 1.")

    def test_left_edges_are_counted_from_the_first_pixel_and_lie_before_it_on_padding(self):
        alt = figures.window(2, kernel_size=3, stride=2, padding=2).alt
        assert "stands at 2 places: left edges -2, 0." in alt

    def test_a_window_that_does_not_fit_stands_nowhere(self):
        assert "stands at 0 places." in figures.window(3, kernel_size=5).alt

    def test_the_border_of_a_field_is_told(self):
        assert figures.in_field(DIGITS[0], side=24).alt.endswith("on each side is 2 pixels wide.")

    def test_a_drawing_without_a_reading_says_so(self):
        paper = numpy.zeros((28, 28), dtype=numpy.uint8)
        assert figures.reading(paper, paper).alt.endswith("nothing is read yet.")

    def test_the_most_frequent_mistake_is_told(self):
        alt = EXAMPLES["confusion"]().alt
        assert "10 mistakes in all" in alt
        assert "4 read as 9, 7 times" in alt

    def test_a_perfect_confusion_table_does_not_invent_a_mistake(self):
        assert figures.confusion(numpy.diag([5] * 10)).alt.endswith("no mistake.")

    def test_the_network_is_told_stage_by_stage(self):
        alt = EXAMPLES["architecture"]().alt
        assert "C1 6x28x28, S2 6x14x14, C3 16x10x10, S4 16x5x5, C5 120x1x1, F6 84" in alt

    def test_sheets_that_are_not_drawn_are_told(self):
        assert EXAMPLES["architecture"]().alt.endswith("At most 8 maps of a layer are drawn.")
        few = networks.find("lenet5-1998").layers[:4]
        assert figures.architecture(shapes.trace(few)).alt.endswith("S2 6x14x14.")

    def test_pictures_of_84_are_called_what_they_are(self):
        told = figures.code_pictures([[0.5] * 84] * 2, "38", what="the states of F6 for").alt
        assert told == "2 pictures of 7 by 12 pixels, the states of F6 for: 3, 8."

    def test_what_dark_means_is_told(self):
        alt = EXAMPLES["feature_maps"]().alt
        assert alt.startswith("One digit, layer by layer, dark where a value is large: C1 6 maps")

    def test_the_maps_of_each_layer_are_told_and_those_that_have_no_room_are_counted(self):
        maps = {"C1": torch.zeros(6, 28, 28), "C3": torch.zeros(64, 14, 14)}
        alt = figures.feature_maps({**maps, "C5": torch.zeros(120, 1, 1)}).alt
        assert alt.endswith("C1 6 maps of 28x28, C3 16 of 64 maps of 14x14, C5 120 units.")

    def test_the_products_that_count_are_counted_and_summed(self):
        alt = EXAMPLES["products"]().alt
        assert alt.endswith("row 2, column 2, times a kernel: 4 of 25 products not zero, sum 0.00.")

    def test_each_map_is_told_with_its_span(self):
        alt = figures.signed_maps([EDGE, -2 * EDGE], ["one", "two"]).alt
        assert alt.startswith("On one scale, -2.00 to 2.00, negative values marked: one 5x5")
        assert alt.endswith("two 5x5 from -2.00 to 2.00.")

    def test_maps_may_have_a_scale_each(self):
        alt = figures.signed_maps([EDGE, 0 * EDGE], ["one", "none"], shared=False).alt
        assert alt.startswith("Each on a scale of its own, negative")
        assert alt.endswith("none 5x5 from 0.00 to 0.00.")

    def test_partial_sums_are_told_and_what_they_add_up_to(self):
        maps, kernels = torch.ones(2, 6, 6), torch.ones(2, 5, 5)
        kernels[1] *= -2
        alt = figures.partial_sums(maps, kernels, -1.0, ["one", "other"]).alt
        assert "Partial sums: one from 25.00 to 25.00; other from -50.00 to -50.00." in alt
        assert alt.endswith("a map from -26.00 to -26.00, 0 of 4 units above zero.")

    def test_nested_squares_are_told_from_the_smallest_on(self):
        alt = EXAMPLES["nested_squares"]().alt
        assert alt.endswith("C1 5x5 from row 8, column 9 on, S2 6x6 from row 8, column 9 on.")

    def test_a_run_that_has_not_begun_is_drawn_all_the_same(self):
        assert figures.losses({"relu-max": []}).alt == "Loss against step. No step yet."

    def test_a_resumed_run_is_told_by_the_step_at_which_it_parts(self):
        whole, runs = [3.0, 2.0, 1.0, 0.5], {"one": [1.0, 0.5], "other": [1.0, 0.6], "third": []}
        alt = figures.resumed(whole, runs, stop=2).alt
        assert alt.endswith(
            "one: the same losses to the end; other: another loss from step 4; "
            "third: the same losses to the end."
        )

    def test_the_light_along_a_row_is_told_with_what_lies_below_the_limit(self):
        alt = EXAMPLES["along_a_row"]().alt
        dip = "It dips deepest at column 1, to 60 on paper of 180."
        assert alt.endswith(
            f"paper falls from 200 to 120. {dip} Pixels below a fixed limit of 100: 1."
        )
        assert "goes from 9 to 9" in figures.along_a_row([9, 9], [9, 9], threshold=5).alt
        assert "rises from 1 to 9" in figures.along_a_row([1, 9], [1, 9], threshold=5).alt

    def test_a_drawing_in_motion_is_told_layer_by_layer_with_its_answers(self):
        told = EXAMPLES["in_motion"]().alt
        assert told.startswith("A drawing, prepared, and what every layer makes of it. 1998: C1 6 ")
        assert "1998: C1 6 maps of 5x5, F6 as a picture; the smallest output is 0." in told
        assert told.endswith(" modern: C1 6 maps of 5x5; the largest output is 9.")

    def test_an_empty_pad_has_no_answer(self):
        unlit = {"mine": {"C1": torch.zeros(6, 28, 28), "output": torch.zeros(10)}}
        told = figures.in_motion({}, unlit).alt
        assert told.startswith("An empty pad, ")
        assert told.endswith(" mine: C1 6 maps of 28x28; no output yet.")

    def test_what_is_prepared_is_told(self):
        alt = figures.preparation({"grey": DIGITS[0].numpy()}, what="A photograph").alt
        assert alt == "A photograph, prepared: grey 28x28."

    def test_the_animation_moves(self):
        image = Image.open(io.BytesIO(EXAMPLES["loss_animation"]().image))
        assert image.n_frames == 3


def test_a_confusion_table_is_not_changed_by_being_drawn():
    before = COUNTS.copy()
    figures.confusion(COUNTS)
    assert (before == COUNTS).all()


def test_a_negative_map_looks_different_without_colours_too():
    def grey(sign):
        picture = figures.signed_maps([sign * torch.ones(28, 28)], ["a map"], columns=1)
        return numpy.asarray(Image.open(io.BytesIO(picture.image)).convert("L"))[60:290, 450:690]

    assert grey(1).std() == 0  # a plain colour
    assert grey(-1).std() > 5  # hatched


def test_a_running_mean_averages_only_what_came_before():
    assert figures.running_mean([4, 2, 0, 6], width=2) == [4, 3, 1, 3]
    assert figures.running_mean([], width=2) == []


def contrast(one: str, other: str) -> float:
    """Give the contrast of two colours as WCAG 2.2 defines it, from 1 to 21."""
    first, second = sorted(map(luminance, (one, other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def luminance(colour: str) -> float:
    """Give a colour's relative luminance, from 0 to 1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize(
    "colour", [figures.picture.BLUE, figures.picture.RED, figures.picture.GREY]
)
def test_lines_and_words_stand_out_from_white(colour):
    assert contrast(colour, "#FFFFFF") >= 3
