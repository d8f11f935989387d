"""From a picture file to the ink of one digit, and what is said of files that cannot serve."""

import io
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from lenet_course import photographs
from lenet_course.handwriting import HandwritingError, to_mnist
from lenet_course.photographs import PhotographError, even_out, read, steps, stroke_width, thicken


def page(digit, light=(230, 110), pen=0.4, noise=6, side=400, seed=0):
    """A digit on paper as a camera sees it: uint8 (300, 400), 0 for black."""
    random = np.random.default_rng(seed)
    ink = np.zeros((300, side))
    large = Image.fromarray(digit).resize((196, 196), Image.Resampling.BICUBIC)
    ink[60:256, 70:266] = np.asarray(large) / 255
    lit = np.linspace(*light, side) * np.linspace(1, 0.85, 300)[:, None]
    grey = lit * (1 - (1 - pen) * ink) + random.normal(0, noise, ink.shape)
    return grey.clip(0, 255).astype(np.uint8)


def seven():
    digit = np.zeros((28, 28), np.uint8)
    digit[5:8, 7:20] = 255
    for row in range(8, 24):
        digit[row, 19 - row // 2 : 22 - row // 2] = 255
    return digit


SEVEN = seven()


@pytest.fixture
def saved(tmp_path):
    """Saves a picture and gives its path."""

    def save(picture, name="digit.png", **options):
        if not isinstance(picture, Image.Image):
            picture = Image.fromarray(picture)
        picture.save(tmp_path / name, **options)
        return tmp_path / name

    return save


def difference(one, other):
    """The mean difference of two pictures, a pixel, of 255; one may lie a pixel aside."""
    moves = [(down, right) for down in (-1, 0, 1) for right in (-1, 0, 1)]
    moved = [np.roll(one.astype(float), move, (0, 1)) for move in moves]
    return min(np.abs(each - other).mean() for each in moved)


# --- the digit comes through --------------------------------------------------------------------


def test_mnist_digits_saved_as_files_come_back_whichever_way_round(mnist, saved):
    differences = []
    for digit in mnist.test.images[:100].numpy():
        dark, light = (steps(saved(one))["ink"] for one in (255 - digit, digit))
        assert np.abs(dark.astype(int) - light).max() <= 1
        differences.append(difference(to_mnist(dark), digit))
    assert np.median(differences) < 0.5 and max(differences) < 8


def test_mnist_digits_photographed_come_back_nearly(mnist, saved):
    digits = mnist.test.images[:40].numpy()
    found = [to_mnist(read(saved(page(digit, seed=k)))) for k, digit in enumerate(digits)]
    assert np.mean([difference(*pair) for pair in zip(found, digits, strict=True)]) < 12


@pytest.mark.parametrize(
    "lit", [{"light": (255, 255)}, {"light": (60, 220)}, {"light": (120, 50)}, {"pen": 0.75}]
)
def test_light_and_ink_of_many_kinds_serve(saved, lit):
    assert difference(to_mnist(read(saved(page(SEVEN, **lit)))), to_mnist(SEVEN)) < 12


def test_chalk_on_a_board_serves_as_well(saved):
    assert difference(to_mnist(read(saved(255 - page(SEVEN)))), to_mnist(SEVEN)) < 12


def test_a_picture_is_turned_as_the_camera_noted(saved):
    lying = Image.fromarray(page(SEVEN)).rotate(90, expand=True)
    exif = lying.getexif()
    exif[0x0112] = 6  # a quarter of a turn to the right makes it stand
    upright = read(saved(lying, "turned.jpg", exif=exif, quality=95))
    assert difference(to_mnist(upright), to_mnist(SEVEN)) < 12
    assert difference(to_mnist(read(saved(lying, "lying.jpg"))), to_mnist(SEVEN)) > 20


@pytest.mark.parametrize("kind", ["RGB", "RGBA", "P", "CMYK", "LA", "I;16", "I", "F", "1"])
def test_every_kind_of_pixel_serves(saved, kind):
    bright = np.full((120, 90), 220, np.uint8)
    bright[20:100, 40:50] = 30
    grey = Image.fromarray(bright)
    if kind in ("I;16", "I"):
        wide = bright.astype(np.uint16 if kind == "I;16" else np.int32) * 257
        picture = Image.fromarray(wide)
    elif kind == "F":
        picture = Image.fromarray(bright.astype(np.float32) / 255)
    else:
        picture = grey.convert(kind)
    name = "one.tif" if kind in ("F", "CMYK", "I") else "one.png"
    ink = read(saved(picture, name))
    assert ink[60, 45] == 255 and ink[60, 10] == 0
    assert photographs.brightness(saved(picture, name))[5, 5] > 128


@pytest.mark.parametrize("ink", [0, 255])
def test_what_shows_through_is_paper(saved, ink):
    picture = np.zeros((120, 90, 4), np.uint8)
    picture[20:100, 40:50] = [ink, ink, ink, 255]
    found = read(saved(picture))
    assert found[60, 45] == 255 and found[5, 5] == 0


def test_a_large_picture_is_made_smaller_first(saved):
    large = Image.fromarray(page(SEVEN)).resize((1600, 1200))
    found = read(saved(large))
    assert found.shape == (384, 512)
    assert difference(to_mnist(found), to_mnist(SEVEN)) < 12


def test_specks_are_dropped_and_parts_are_kept(saved):
    picture = page(SEVEN, noise=0)
    clean = to_mnist(read(saved(picture)))
    picture[280:284, 380:384] = picture[4:8, 4:8] = 10
    assert difference(to_mnist(read(saved(picture))), clean) < 1
    apart = np.full((200, 200), 220, np.uint8)
    apart[60:160, 80:92] = 30
    apart[50:56, 80:140] = 30  # a bar that does not touch its stem
    ink = read(saved(apart))
    assert ink[53, 120] == 255 and ink[100, 85] == 255


def test_the_steps_are_pictures_of_one_size_dark_where_ink_is(saved):
    way = steps(saved(page(SEVEN)))
    assert list(way) == ["grey", "even", "ink", "strokes"]
    assert {(one.dtype, one.shape) for one in way.values()} == {(np.dtype(np.uint8), (300, 400))}
    on_ink, on_paper = way["ink"] > 127, way["ink"] == 0
    assert all(one[on_ink].mean() > one[on_paper].mean() for one in way.values())
    assert set(np.unique(way["ink"][40:50, :30])) == {0}


# --- light, paper and tables of many kinds -------------------------------------------------------


@st.composite
def lights(draw):
    """The light on a page without ink, from 40 to 245, of one of several kinds and sizes."""
    high, wide = draw(st.sampled_from([(150, 200), (200, 150), (180, 180), (384, 512)]))
    down, right = np.mgrid[0 : 1 : high * 1j, 0 : 1 : wide * 1j]
    bright, ratio = draw(st.floats(170, 245)), draw(st.floats(0.35, 1))
    kind = draw(st.sampled_from(["across", "down", "corner", "lamp", "vignette"]))
    if kind == "lamp":
        far = (right - draw(st.floats(-0.2, 1.2))) ** 2 + (down - draw(st.floats(0, 1))) ** 2
        return bright / (1 + far) ** 1.5
    if kind == "vignette":
        return bright * (1 - (1 - ratio) * 2 * ((right - 0.5) ** 2 + (down - 0.5) ** 2))
    way = {"across": right, "down": down, "corner": (right + down) / 2}[kind]
    return bright * (1 - (1 - ratio) * way)


def seen(light, noise, seed):
    random = np.random.default_rng(seed)
    return (light + random.normal(0, noise, light.shape)).clip(0, 255).astype(np.uint8)


def inked(shape, near):
    """A seven as a share of ink, as large as half the page; `near` the border of one side."""
    side = min(shape) // 2
    seven = Image.fromarray(SEVEN[5:24, 7:20]).resize((side * 13 // 19, side))
    ink, gap = np.zeros(shape), max(2, min(shape) // 60)
    top, left = ((length - size) // 2 for length, size in zip(shape, seven.size[::-1], strict=True))
    top, left = {"top": (gap, left), "left": (top, gap)}.get(near, (top, left))
    ink[top : top + seven.height, left : left + seven.width] = np.asarray(seven) / 255
    return ink


def read_from_memory(picture):
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "PNG")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.png"
        path.write_bytes(stream.getvalue())
        return read(path)


NOISE, SEED = st.sampled_from([0, 2, 4]), st.integers(0, 2**31)


@given(lights(), NOISE, SEED)
@settings(max_examples=60, deadline=None)
def test_an_empty_page_is_refused_in_any_light(light, noise, seed):
    with pytest.raises(PhotographError, match="shows no ink"):
        read_from_memory(seen(light, noise, seed))


@given(lights(), NOISE, SEED, st.sampled_from([0.4, 0.7]), st.sampled_from(["", "top", "left"]))
@settings(max_examples=60, deadline=None)
def test_a_digit_is_read_in_any_light_near_the_border_too(light, noise, seed, pen, near):
    picture = seen(light * (1 - pen * inked(light.shape, near)), noise, seed)
    assert difference(to_mnist(read_from_memory(picture)), to_mnist(SEVEN)) < 14


@given(
    st.floats(0.03, 0.25),
    st.integers(10, 110),
    st.floats(0.7, 1),
    NOISE,
    SEED,
    st.sampled_from([(True, True), (True, False), (False, True)]),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_a_sheet_on_a_table_is_refused(width, table, dim, noise, seed, sides, is_empty):
    high, wide = 300, 400
    edge, light = int(width * wide), np.linspace(210, 210 * dim, wide) * np.ones((high, 1))
    below, beside = (edge if side else 0 for side in sides)
    sheet = np.zeros((high, wide), bool)
    sheet[below : high - below, beside : wide - beside] = True
    ink = np.zeros((high, wide))
    part = inked((high - 2 * below, wide - 2 * beside), "")
    ink[sheet] = 0 if is_empty else 0.65 * part.ravel()
    with pytest.raises(PhotographError):
        read_from_memory(seen(np.where(sheet, light * (1 - ink), table * light / 210), noise, seed))


# --- the parts ----------------------------------------------------------------------------------


def test_evened_out_paper_is_zero_and_ink_the_share_that_it_swallows():
    grey = page(SEVEN, noise=0)
    darkness = even_out(grey)
    large = np.asarray(Image.fromarray(SEVEN).resize((196, 196), Image.Resampling.BICUBIC))
    ink = np.zeros(grey.shape, bool)
    ink[60:256, 70:266] = large == 255
    assert np.abs(darkness[10:-10, 290:-10]).max() < 0.06
    assert 0.52 < darkness[ink].mean() < 0.62


def test_evening_out_does_not_change_the_picture():
    grey = page(SEVEN)
    before = grey.copy()
    even_out(grey)
    assert (grey == before).all()


@pytest.mark.parametrize("width", [3, 4, 8, 15])
def test_the_width_of_a_stroke_is_measured(width):
    ink = np.zeros((300, 300), np.uint8)
    ink[20:280, 100 : 100 + width] = 255
    assert width * 0.9 < stroke_width(ink) <= width
    assert stroke_width(ink.T) == stroke_width(ink)


def test_no_ink_has_no_width():
    assert stroke_width(np.zeros((5, 5), np.uint8)) == 0


@pytest.mark.parametrize("width", [2, 6, 10])
def test_thin_strokes_become_as_wide_as_asked(width):
    ink = np.zeros((300, 300), np.uint8)
    ink[50:250, 100 : 100 + width] = 255
    wide = (thicken(ink)[150] > 0).sum() * 20 / 200
    assert 1.6 <= wide <= 2.2


def test_wide_strokes_stay_as_they_are():
    ink = np.zeros((300, 300), np.uint8)
    ink[50:250, 100:130] = 255
    assert (thicken(ink) == ink).all()


def test_mnists_strokes_are_as_wide_as_the_constant_says(mnist):
    widths = [
        stroke_width(np.asarray(Image.fromarray(digit).resize((224, 224)))) / 8
        for digit in mnist.train.images[:200].numpy()
    ]
    assert 1.7 < np.median(widths) < 2.1 and np.median(widths) > photographs.STROKE


# --- what cannot serve --------------------------------------------------------------------------


def blank(shape=(300, 400)):
    random = np.random.default_rng(0)
    lit = np.linspace(230, 90, shape[1]) + random.normal(0, 8, shape)
    return lit.clip(0, 255).astype(np.uint8)


def two_digits():
    seven = page(SEVEN, light=(220, 200))
    return np.concatenate([seven, seven[:, ::-1]], axis=1)


def table():
    picture = page(SEVEN, noise=0)
    picture[:, :90] = picture[250:] = 5
    return picture


def tiny():
    picture = np.full((100, 100), 220, np.uint8)
    picture[50:58, 50:53] = 20
    return picture


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (blank(), "shows no ink: nothing in it stands out from the paper. Use a dark pen"),
        (np.full((60, 60), 255, np.uint8), "shows no ink"),
        (np.zeros((60, 60), np.uint8), "shows no ink"),
        (np.zeros((60, 60, 4), np.uint8), "shows no ink"),
        (
            np.full((8, 60), 255, np.uint8),
            "is too small or too narrow a picture to show a digit. Give one of 36 x 36",
        ),
        (tiny(), "shows ink of 8 pixels at most, too little for a digit. Take the picture"),
        (two_digits(), "shows several digits, or something else as large as the digit. Crop it"),
        (table(), "Crop it to one digit, with paper all around it."),
    ],
)
def test_a_picture_that_cannot_serve_says_why_and_names_its_file(saved, picture, says):
    with pytest.raises(PhotographError) as caught:
        read(saved(picture, "mine.png"))
    assert str(caught.value).startswith("mine.png ") and says in str(caught.value)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda page: page[:, :80].fill(20),
        lambda page: page[250:].fill(10),
        lambda page: page[:60].fill(80),
        lambda page: [page[:, -90:].fill(30), page[:40].fill(30)],
    ],
)
def test_what_lies_along_the_edge_is_told(saved, spoil):
    picture = page(SEVEN, light=(220, 220))
    spoil(picture)
    with pytest.raises(PhotographError, match="than paper along its edge"):
        read(saved(picture))


def test_the_end_of_a_stroke_may_touch_the_edge(saved):
    picture = np.full((200, 200), 220, np.uint8)
    picture[:120, 90:102] = 20
    assert read(saved(picture))[0, 95] == 255


def test_the_edge_may_be_dark_where_the_light_falls_off(saved):
    assert read(saved(page(SEVEN, light=(250, 40)))).any()


def test_a_file_that_is_missing_or_no_picture_is_told(tmp_path, saved):
    with pytest.raises(PhotographError, match=r"^no.png cannot be read: No such file"):
        read(tmp_path / "no.png")
    with pytest.raises(PhotographError, match="is a folder"):
        read(tmp_path)
    (tmp_path / "text.png").write_text("a letter")
    (tmp_path / "none.png").write_bytes(b"")
    whole = saved(page(SEVEN)).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    for name in ("text.png", "none.png", "cut.png"):
        with pytest.raises(PhotographError, match=f"^{name} is no picture that can be read, or a"):
            read(tmp_path / name)


def test_a_picture_that_promises_too_many_pixels_is_not_opened(tmp_path, saved, monkeypatch):
    path = saved(page(SEVEN))
    monkeypatch.setattr(photographs, "LARGEST", 1000)
    with pytest.raises(PhotographError, match="promises 400 x 300 pixels, and was not opened"):
        read(path)
    monkeypatch.undo()
    for most in (1000, 100_000):  # Pillow's error, and its warning
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
        with pytest.raises(PhotographError, match="promises far too many pixels"):
            read(path)


def test_its_errors_are_those_of_handwriting():
    assert issubclass(PhotographError, HandwritingError)


def test_any_damage_to_a_file_ends_in_an_error_of_ours_or_in_ink(saved):
    stream = io.BytesIO()
    Image.fromarray(page(SEVEN)).resize((80, 60)).save(stream, "PNG")
    whole, random = stream.getvalue(), np.random.default_rng(0)
    path = saved(page(SEVEN))
    for _ in range(150):
        damaged = bytearray(whole)
        for place in random.integers(0, len(whole), 3):
            damaged[place] ^= int(random.integers(1, 256))
        path.write_bytes(damaged)
        try:
            assert read(path).dtype == np.uint8
        except PhotographError as error:
            assert str(error).startswith(path.name)
