"""The pad's Python side: what a browser sets is what the kernel reads."""

import numpy as np
import pytest

from lenet_course.widgets import DrawingPad


def drawing():
    ink = np.zeros((140, 140), np.uint8)
    ink[20:120, 65:75] = 255
    return ink


def test_a_new_pad_is_empty():
    pad = DrawingPad()
    assert pad.ink.shape == (140, 140) and pad.ink.dtype == np.uint8
    assert not pad.ink.any()


def test_bytes_from_the_browser_become_ink():
    pad = DrawingPad()
    # What the browser sends arrives as a memoryview, through set_state.
    pad.set_state({"data": memoryview(drawing().tobytes())})
    assert (pad.ink == drawing()).all()


def test_ink_of_any_size_can_be_put_on_the_pad():
    pad = DrawingPad()
    pad.ink = np.kron(np.eye(2, dtype=np.uint8) * 255, np.ones((14, 14), np.uint8))
    assert pad.ink[:60, :60].min() == 255 and pad.ink[:60, 80:].max() == 0


def test_changing_the_array_does_not_change_the_pad():
    pad = DrawingPad()
    pad.ink[:] = 255
    assert not pad.ink.any()


def test_a_listener_hears_each_change_with_the_ink():
    pad, heard = DrawingPad(), []
    pad.on_change(heard.append)
    pad.ink = drawing()
    assert len(heard) == 1 and (heard[0] == drawing()).all()


def test_an_error_in_a_listener_shows_under_the_pad_and_goes_with_the_next_change():
    pad = DrawingPad()

    def listener(ink):
        if ink.any():
            raise ValueError("too much ink")

    pad.on_change(listener)
    pad.ink = drawing()
    assert pad.message == "ValueError: too much ink"
    pad.ink = np.zeros((140, 140), np.uint8)
    assert pad.message == ""


def test_a_pad_with_a_name_keeps_its_drawing_when_the_cell_runs_again():
    first, heard = DrawingPad(name="test: kept"), []
    first.on_change(heard.append)
    first.ink = drawing()
    second = DrawingPad(name="test: kept")
    assert (second.ink == drawing()).all()
    second.ink = drawing().T
    first.data = bytes(140 * 140)
    assert len(heard) == 1, "the earlier pad is closed and nobody listens to it"


def test_pads_without_a_name_share_nothing():
    DrawingPad().ink = drawing()
    assert not DrawingPad().ink.any()


def test_a_page_without_widgets_gets_a_fixed_sentence_and_a_picture_with_its_text():
    pad = DrawingPad()
    data, metadata = pad._repr_mimebundle_()
    assert data["text/plain"] == DrawingPad()._repr_mimebundle_()[0]["text/plain"]
    assert "A pad to draw a digit on" in data["text/plain"]
    assert data["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == data["text/plain"]
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == pad.model_id


@pytest.mark.parametrize("name", ["_esm", "_css"])
def test_nothing_is_fetched_from_elsewhere(name):
    source = str(getattr(DrawingPad(), name))
    assert "://" not in source and "import" not in source
