"""Pictures of what a network has learned say what they show, and differ where they should."""

import io

import numpy
import torch
from PIL import Image

from lenet_course import figures

DIGITS = torch.zeros(4, 28, 28, dtype=torch.uint8)
DIGITS[:, 4:24, 12:16] = 255


def pixels(picture):
    return numpy.asarray(Image.open(io.BytesIO(picture.image)).convert("RGB")).astype(int)


def test_the_rows_of_a_gallery_are_told_by_name_number_and_size():
    rows = {"digit": DIGITS, "part": DIGITS[:, :14, :20]}
    told = figures.gallery(rows, "Four digits").alt
    assert told == "Four digits: digit, 4 of 28x28; part, 4 of 14x20."


def test_each_row_of_a_gallery_has_a_scale_of_its_own():
    faint = {"one": DIGITS.float(), "other": DIGITS.float() / 1_000}
    strong = {"one": DIGITS.float(), "other": DIGITS.float()}
    assert (pixels(figures.gallery(faint, "x")) == pixels(figures.gallery(strong, "x"))).all()


def test_what_lies_beneath_shows_faintly_and_leaves_what_lies_above():
    rows = {"lost": [torch.zeros(28, 28)]}
    rows["lost"][0][:6] = 1
    alone = pixels(figures.gallery(rows, "x"))
    through = pixels(figures.gallery(rows, "x", beneath=DIGITS[:1]))
    changed = abs(alone - through).max(axis=2)
    assert 20 < changed.max() < 90
    assert (alone[changed > 20].min(axis=1) > 200).mean() > 0.9
    assert (through < 40).sum() >= 0.95 * (alone < 40).sum()


def test_a_dashed_frame_is_another():
    framed = pixels(figures.captioned(DIGITS, ["4→6"] * 4, framed=[2]))
    dashed = pixels(figures.captioned(DIGITS, ["4→6"] * 4, dashed=[2]))
    assert (dashed[..., 2] - dashed[..., 0]).max() > 80 > (framed[..., 2] - framed[..., 0]).max()


def test_the_classes_that_share_a_colour_do_not_look_alike():
    colours = figures.inside.TEN_COLOURS
    assert len(colours) == 10 and len(set(colours)) == 5
    assert all(colours[one] != colours[other] for one, other in [(3, 8), (4, 9), (1, 7), (3, 5)])


def test_negative_weights_are_hatched_so_that_no_sign_is_told_by_colour_alone():
    def grey(sign):
        picture = figures.kernels({"a": [sign * torch.ones(5, 5)]}, "A kernel")
        return pixels(picture).mean(axis=2)[150:250, 400:600].std()

    assert grey(-1) > 5 > grey(1)


def test_every_class_on_the_plane_is_told_with_the_fewest_of_one():
    places = torch.eye(2).repeat(3, 1)
    told = figures.on_plane(places, [3, 5, 3, 5, 3, 3], "States").alt
    assert told.endswith(
        "6 digits on a plane, each drawn as what it is, 2 or more of each of 3, 5."
    )


def test_a_framed_digit_looks_different_and_a_caption_is_told():
    plain = figures.captioned(DIGITS, ["4→6"] * 4)
    framed = figures.captioned(DIGITS, ["4→6"] * 4, framed=[2])
    assert plain.alt == "4 digits: 4→6, 4→6, 4→6, 4→6."
    assert framed.alt == "4 digits: 4→6, 4→6, 4→6, 4→6; in a frame: 4→6."
    red = pixels(framed)[..., 0] - pixels(framed)[..., 2]
    assert red.max() > 150 > (pixels(plain)[..., 0] - pixels(plain)[..., 2]).max()


def test_other_words_may_stand_for_captions_and_frames():
    told = figures.captioned(DIGITS, ["4→6/6"] * 4, framed=[2], told="all of them 4→6").alt
    assert told == "4 digits: all of them 4→6."


def test_no_digits_make_an_empty_picture():
    assert figures.captioned(DIGITS[:0], [], what="mistakes").alt == "0 mistakes: none."
