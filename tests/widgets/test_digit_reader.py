"""Pad, preparation and network together."""

import re
import time

import numpy as np
import pytest
import torch

from lenet_course.handwriting import to_mnist
from lenet_course.widgets import DigitReader, read_digit


class TopHalf(torch.nn.Module):
    """Says 7 where the ink lies in the upper half, 2 elsewhere, and 5 while it is training."""

    def __init__(self, sign=1.0):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(sign))

    def forward(self, images):
        upper = images[..., :14, :].sum(dim=(1, 2, 3)) > images[..., 14:, :].sum(dim=(1, 2, 3))
        answer = torch.where(upper, 7, 2) if not self.training else torch.tensor([5])
        return 4 * self.scale * torch.nn.functional.one_hot(answer, 10)


def prepare(images):
    return images[:, None].float() / 255


def heavy(top):
    ink = np.zeros((140, 140), np.uint8)
    ink[20:120, 65:75] = 255
    ink[20 : 30 if top else 120, 40:100] = 255
    if not top:
        ink[20:110, 40:65] = ink[20:110, 75:100] = 0
    return ink


@pytest.fixture
def reader():
    return DigitReader(TopHalf(), prepare)


def test_an_empty_pad_says_what_to_do(reader):
    assert reader.answer is None and reader.shares is None
    assert "draw a digit first" in reader.reading.value


def test_what_is_drawn_is_prepared_and_read(reader):
    reader.pad.ink = heavy(top=True)
    wanted, shares = read_digit(TopHalf(), prepare, to_mnist(heavy(top=True)))
    assert reader.answer == wanted
    assert np.allclose(reader.shares, shares) and np.isclose(shares.sum(), 1)
    assert f"<b>{wanted}</b>" in reader.reading.value


def test_every_bar_has_its_digit_and_share_in_words_and_the_answer_a_mark(reader):
    reader.pad.ink = heavy(top=True)
    rows = re.findall(r"<tr.*?</tr>", reader.reading.value)
    assert [int(re.search(r">(\d)</th>", row)[1]) for row in rows] == list(range(10))
    assert all("%</td>" in row for row in rows)
    assert [number for number, row in enumerate(rows) if "◀" in row] == [reader.answer]


def test_the_prepared_picture_has_a_text_alternative(reader):
    reader.pad.ink = heavy(top=True)
    assert re.search(
        r'<img src="data:image/png;base64,[^"]+"[^>]* alt="[^"]+"', reader.reading.value
    )


def test_where_the_smallest_output_wins_the_bars_show_the_winner():
    def smallest(outputs):
        return outputs.argmin(dim=1)

    digit = to_mnist(heavy(top=True))
    answer, shares = read_digit(TopHalf(sign=-1.0), prepare, digit, smallest)
    assert answer == shares.argmax() == read_digit(TopHalf(), prepare, digit)[0]


def test_reading_happens_in_evaluation_mode_and_leaves_the_mode_as_it_was():
    model = TopHalf().train()
    answer, _ = read_digit(model, prepare, to_mnist(heavy(top=True)))
    assert answer != 5
    assert model.training


def test_a_network_that_is_training_in_another_thread_is_never_switched():
    switched = []

    class Watched(TopHalf):
        def train(self, mode=True):
            switched.append(self)
            return super().train(mode)

    model = Watched()
    read_digit(model, prepare, to_mnist(heavy(top=True)))
    assert switched and model not in switched


def test_an_error_while_reading_shows_on_the_page():
    reader = DigitReader(TopHalf(), lambda images: images.nonsense())
    reader.pad.ink = heavy(top=True)
    assert "nonsense" in reader.pad.message
    assert "see the message under the pad" in reader.reading.value


def test_clearing_the_pad_takes_the_reading_away(reader):
    reader.pad.ink = heavy(top=True)
    reader.pad.ink = np.zeros((140, 140), np.uint8)
    assert reader.answer is None and "draw a digit first" in reader.reading.value


def test_the_drawing_is_still_there_when_the_cell_runs_again():
    first = DigitReader(TopHalf(), prepare, name="test: reader")
    first.pad.ink = heavy(top=True)
    second = DigitReader(TopHalf(), prepare, name="test: reader")
    assert second.answer == first.answer is not None
    assert first.comm is None, "the earlier reader is closed"


def test_a_page_without_widgets_gets_a_sentence_and_a_picture(reader):
    for ink in (np.zeros((140, 140), np.uint8), heavy(top=True)):
        reader.pad.ink = ink
        data, metadata = reader._repr_mimebundle_()
        assert data["text/plain"] == DigitReader.text_alternative
        assert data["image/png"].startswith(b"\x89PNG") and metadata["image/png"]["alt"]


def test_the_kernel_answers_a_stroke_in_well_under_a_tenth_of_a_second(reader):
    seconds = []
    for number in range(21):
        ink = heavy(top=True)
        ink[100, number] = 255
        start = time.process_time()
        reader.pad.ink = ink
        seconds.append(time.process_time() - start)
    assert np.median(seconds) < 0.05
