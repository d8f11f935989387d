"""Distorted digits: looked up pixel by pixel, on paper that stays paper, the same for a seed."""

import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lenet_course import augmentation, networks
from lenet_course.augmentation import DataError, distort, look_up, warp

STILL = {"shift": 0, "rotate": 0, "scale": 0, "squeeze": 0}
SEEDS = st.integers(0, 2**31)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def pictures(seed=0, count=3, channels=1, height=9, width=7, border=0, paper=-0.1):
    """Ink of chance on paper, which surrounds it by `border` pixels."""
    ink = torch.rand(count, channels, height, width, generator=generator(seed))
    images = torch.full_like(ink, paper)
    inside = (..., slice(border, height - border), slice(border, width - border))
    images[inside] = ink[inside] + paper
    images[..., 0, 0] = paper  # somewhere there is paper
    return images


# --- looking up ---------------------------------------------------------------------------------


@given(SEEDS, st.integers(1, 12), st.integers(1, 12), st.sampled_from([1, 3]))
@settings(max_examples=40, deadline=None)
def test_settings_that_change_nothing_give_the_same_pictures(seed, height, width, channels):
    images = pictures(seed, 4, channels, height, width)
    torch.testing.assert_close(warp(images, look_up()), images, rtol=0, atol=1e-5)
    torch.testing.assert_close(distort(images, generator(), **STILL), images, rtol=0, atol=1e-5)


@given(SEEDS, st.integers(-3, 3), st.integers(-3, 3), st.integers(9, 14), st.integers(9, 14))
@settings(max_examples=40, deadline=None)
def test_a_shift_by_whole_pixels_is_a_roll_where_a_border_is_paper(
    seed, down, right, height, width
):
    images = pictures(seed, height=height, width=width, border=3)
    moved = warp(images, look_up(down=float(down), right=float(right)))
    torch.testing.assert_close(moved, images.roll((down, right), (2, 3)), rtol=0, atol=1e-4)


@given(SEEDS, st.integers(-8, 8), st.integers(-6, 6))
@settings(max_examples=40, deadline=None)
def test_what_enters_is_paper_and_what_leaves_is_gone(seed, down, right):
    images = pictures(seed, paper=-0.1)
    wanted = torch.nn.functional.pad(images, (right, -right, down, -down), value=-0.1)
    moved = warp(images, look_up(down=down, right=right))
    torch.testing.assert_close(moved, wanted, rtol=0, atol=1e-4)


@given(SEEDS, st.integers(1, 3), st.integers(2, 10))
@settings(max_examples=20, deadline=None)
def test_quarter_turns_are_anticlockwise(seed, quarters, side):
    images = pictures(seed, height=side, width=side)
    turned = warp(images, look_up(turn=90.0 * quarters))
    torch.testing.assert_close(turned, images.rot90(quarters, (2, 3)), rtol=0, atol=1e-4)


def test_a_quarter_turn_of_an_oblong_picture_keeps_its_pixels_square():
    images = torch.full((1, 1, 5, 9), -0.1)
    images[..., 2, 4:7] = 1  # three pixels to the right, from the middle
    turned = warp(images, look_up(turn=90.0))
    wanted = torch.full((1, 1, 5, 9), -0.1)
    wanted[..., 0:3, 4] = 1  # three pixels up, from the middle
    torch.testing.assert_close(turned, wanted, rtol=0, atol=1e-4)


def test_grown_twice_a_picture_of_one_ink_covers_four_times_the_pixels():
    images = torch.zeros(1, 1, 32, 32)
    images[..., 12:20, 12:20] = 1
    assert warp(images, look_up(grow=2.0)).sum().item() == pytest.approx(4 * 64, rel=0.02)
    assert warp(images, look_up(grow=0.5)).sum().item() == pytest.approx(64 / 4, rel=0.1)


def test_widened_a_picture_grows_to_the_sides_and_shrinks_in_height():
    images = torch.zeros(1, 1, 32, 32)
    images[..., 12:20, 12:20] = 1
    wide = warp(images, look_up(widen=2.0))[0, 0] > 0.5
    assert (wide.any(dim=1).sum(), wide.any(dim=0).sum()) == (4, 16)


def test_a_digit_is_grown_and_turned_before_it_is_moved():
    place = look_up(down=3.0, right=5.0, turn=90.0, grow=2.0)[0] @ torch.tensor([5.0, 3.0, 1.0])
    torch.testing.assert_close(place, torch.zeros(2), rtol=0, atol=1e-5)


@given(SEEDS, st.floats(-180, 180), st.floats(0.5, 2), st.floats(0.5, 2), st.floats(-4, 4))
@settings(max_examples=40, deadline=None)
def test_looking_up_undoes_what_the_words_say(seed, turn, grow, widen, move):
    at = torch.rand(2, generator=generator(seed), dtype=torch.float64) * 10 - 5
    x, y = at[0] * grow * widen, at[1] * grow / widen
    angle = math.radians(turn)
    x, y = x * math.cos(angle) + y * math.sin(angle), -x * math.sin(angle) + y * math.cos(angle)
    new = torch.tensor([x - move, y + move, 1], dtype=torch.float64)
    turn, grow, widen, move = (
        torch.tensor([value], dtype=torch.float64) for value in (turn, grow, widen, move)
    )
    matrix = look_up(down=move, right=-move, turn=turn, grow=grow, widen=widen)
    assert matrix.shape == (1, 2, 3)
    torch.testing.assert_close(matrix[0] @ new, at)


def test_each_digit_may_have_a_matrix_of_its_own():
    images = pictures(count=2)
    both = warp(images, look_up(down=torch.tensor([1.0, 0.0]), right=torch.tensor([0.0, 2.0])))
    assert torch.allclose(both[:1], warp(images[:1], look_up(down=1.0)), atol=1e-5)
    assert torch.allclose(both[1:], warp(images[1:], look_up(right=2.0)), atol=1e-5)


@given(SEEDS, st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_between_pixels_the_four_around_are_blended_each_the_more_the_nearer(seed, down, right):
    images = pictures(seed, height=9, width=9, border=2)
    over, beside, both = (images.roll(by, (2, 3)) for by in ((1, 0), (0, 1), (1, 1)))
    upper = (1 - right) * images + right * beside
    lower = (1 - right) * over + right * both
    moved = warp(images, look_up(down=down, right=right))
    torch.testing.assert_close(moved, (1 - down) * upper + down * lower, rtol=0, atol=1e-4)


def test_half_a_pixel_to_the_right_is_the_mean_of_two_neighbours():
    moved = warp(torch.tensor([[[[0.0, 1.0, 4.0, 0.0]]]]), look_up(right=0.5))
    torch.testing.assert_close(moved, torch.tensor([[[[0.0, 0.5, 2.5, 2.0]]]]), atol=1e-5, rtol=0)


# --- paper --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lenet5-1998", "relu-max"])
def test_paper_stays_paper_whatever_value_it_has(name, mnist):
    images = networks.find(name).prepare(mnist.test.images[:50])
    new = distort(images, generator(), shift=6, rotate=45, scale=0.5, squeeze=0.3)
    paper = networks.find(name).background
    torch.testing.assert_close(new.amin(dim=(1, 2, 3)), torch.full((50,), paper))
    corners = new[:, 0, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert (corners - paper).abs().max() < 0.5  # and no corner is the dark of a frame
    assert new.max() <= networks.find(name).ink + 1e-5


@pytest.mark.parametrize("paper", [-1.0, -0.1, 0.0])
def test_a_turned_picture_full_of_ink_has_corners_of_paper_and_keeps_its_middle(paper):
    images = torch.ones(1, 1, 12, 12)
    images[..., 6, 6] = paper  # all the paper there is
    turned = warp(images, look_up(turn=45.0))[0, 0]
    corners = turned[[0, 0, -1, -1], [0, -1, 0, -1]]
    torch.testing.assert_close(corners, torch.full((4,), paper), rtol=0, atol=1e-5)
    assert turned[2, 6] == pytest.approx(1, abs=1e-5)


def test_paper_may_be_given_where_a_picture_has_none():
    images = torch.ones(1, 1, 4, 4)
    assert torch.equal(warp(images, look_up(down=9.0)), images)
    assert torch.equal(warp(images, look_up(down=9.0), background=-1.0), -images)
    gone = distort(images, generator(2), **STILL | {"shift": 40}, background=-1.0)
    assert gone.min() == -1


# --- chance -------------------------------------------------------------------------------------


def test_a_seed_gives_the_same_digits_again_and_another_seed_others():
    images = pictures()
    first, again, other = (distort(images, generator(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again) and not torch.allclose(first, other)


def test_a_generator_goes_on_from_batch_to_batch():
    images, dice = pictures(), generator()
    assert not torch.allclose(distort(images, dice), distort(images, dice))


def test_the_global_random_state_is_neither_read_nor_moved():
    before = torch.get_rng_state()
    distort(pictures(), generator())
    assert torch.equal(before, torch.get_rng_state())


@given(SEEDS, st.integers(1, 40), st.integers(0, 40))
@settings(max_examples=20, deadline=None)
def test_what_a_digit_meets_does_not_depend_on_the_others(seed, count, more):
    images = pictures(seed, count + more)
    alone = distort(images[:count], generator(seed))
    others = torch.cat([images[:count], torch.rand(more, 1, 9, 7)])
    torch.testing.assert_close(distort(others, generator(seed))[:count], alone, rtol=0, atol=1e-5)


def test_the_digits_of_a_batch_meet_different_things():
    same = pictures(count=1).expand(20, -1, -1, -1)
    new = distort(same, generator())
    assert len({one.numpy().tobytes() for one in new}) == 20


def reached(name, most, monkeypatch):
    """What 2,000 digits are given where one setting is `most` and the others nothing."""
    seen = []
    monkeypatch.setattr(augmentation, "look_up", lambda *given: seen.extend(given) or look_up())
    distort(torch.zeros(2_000, 1, 2, 2), generator(), **STILL | {name: most})
    return dict(zip(("down", "right", "turn", "grow", "widen"), seen, strict=True))


@pytest.mark.parametrize(
    ("name", "most", "moves", "low", "high"),
    [
        ("shift", 3, ["down", "right"], -3, 3),
        ("rotate", 20, ["turn"], -20, 20),
        ("scale", 0.25, ["grow"], 0.8, 1.25),
        ("squeeze", 0.25, ["widen"], 0.8, 1.25),
    ],
)
def test_a_setting_is_reached_and_not_passed(name, most, moves, low, high, monkeypatch):
    seen = reached(name, most, monkeypatch)
    for move, given_ in seen.items():
        if move in moves:
            assert low <= given_.min() and given_.max() <= high
            assert given_.min() < low + 0.01 * (high - low)
            assert given_.max() > high - 0.01 * (high - low)
        else:
            assert given_.unique().tolist() == [1 if move in ("grow", "widen") else 0]
    if name == "shift":
        assert torch.corrcoef(torch.stack([seen["down"], seen["right"]]))[0, 1].abs() < 0.1


# --- shapes, kinds and devices ------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_dtype_are_kept_and_the_pictures_are_not_changed(dtype):
    images = pictures(count=4, channels=2).to(dtype)
    before = images.clone()
    new = distort(images, generator())
    assert (new.shape, new.dtype, new.device) == (images.shape, dtype, images.device)
    assert torch.equal(images, before)


def test_no_digits_give_no_digits():
    assert distort(torch.zeros(0, 1, 32, 32), generator()).shape == (0, 1, 32, 32)


def test_gradients_pass_through_to_the_pictures():
    images = pictures().requires_grad_()
    distort(images, generator()).sum().backward()
    assert images.grad.abs().sum() > 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU here")
def test_a_gpu_gives_the_same_digits():
    images = pictures(count=20, height=32, width=32, border=6)
    there = distort(images.cuda(), generator())
    assert there.is_cuda
    torch.testing.assert_close(there.cpu(), distort(images, generator()), rtol=0, atol=1e-4)


# --- errors that speak --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("images", "kind"),
    [
        (torch.zeros(2, 28, 28, dtype=torch.uint8), "uint8 of shape (2, 28, 28)"),
        (torch.zeros(2, 1, 28, 28, dtype=torch.uint8), "uint8 of shape (2, 1, 28, 28)"),
        (torch.zeros(2, 28, 28), "float32 of shape (2, 28, 28)"),
        (torch.zeros(2, 1, 8, 8, dtype=torch.float16), "float16 of shape (2, 1, 8, 8)"),
        ([[0.0]], "a list"),
    ],
)
def test_digits_that_are_not_prepared_are_refused_in_words(images, kind):
    with pytest.raises(DataError) as refused:
        distort(images, generator())
    said = str(refused.value)
    assert said.startswith("distort takes prepared digits, float32 of shape (N, channels, H, W)")
    assert kind in said and said.endswith("Give what a network's `prepare` makes of images.")
    with pytest.raises(DataError, match="warp takes prepared digits"):
        warp(images, look_up())


@pytest.mark.parametrize("name", STILL)
@pytest.mark.parametrize("most", [-0.1, float("nan"), float("inf"), "2", None, [1]])
def test_a_setting_that_is_no_number_from_0_on_is_refused(name, most):
    with pytest.raises(DataError, match=re.escape(f"{name} is {most!r}; give how much it may be")):
        distort(pictures(), generator(), **{name: most})


def test_a_seed_in_place_of_a_generator_is_refused():
    with pytest.raises(DataError, match=r"generator is 3; give a torch\.Generator, as in"):
        distort(pictures(), 3)


def test_as_many_matrices_as_pictures_are_wanted():
    with pytest.raises(DataError, match=r"There are 3 images, and matrices of shape \(2, 2, 3\)"):
        warp(pictures(count=3), look_up().expand(2, 2, 3))
