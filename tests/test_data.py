"""Digits: which they are, how they are split, what field they stand in, in what order they come."""

import random
import warnings

import numpy
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lenet_course import data, downloads, memory
from lenet_course.data import DataError, Split


@pytest.fixture
def offline(monkeypatch, tmp_path):
    monkeypatch.delenv("LENET_COURSE_DATA", raising=False)
    monkeypatch.setenv("LENET_COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LENET_COURSE_OFFLINE", "1")


@pytest.fixture(scope="module")
def real(mnist):
    """The raw bytes of MNIST's four files, read before a test points the variables elsewhere."""
    return downloads.mnist()[0]


@pytest.fixture
def stand_in(offline):
    with pytest.warns(UserWarning):
        return data.load()


def blank(*shape, dtype=torch.uint8):
    return torch.zeros(shape, dtype=dtype)


def split_of(count):
    labels = torch.arange(count) % 10
    return Split(labels.to(torch.uint8)[:, None, None].expand(count, 4, 4).clone(), labels)


# MNIST


def test_mnist_is_split_55000_5000_10000(mnist):
    assert mnist.name == "MNIST"
    assert (len(mnist.train), len(mnist.validation), len(mnist.test)) == (55_000, 5_000, 10_000)
    for split in (mnist.train, mnist.validation, mnist.test):
        assert split.images.dtype == torch.uint8
        assert split.images.shape == (len(split), 28, 28)
        assert split.labels.dtype == torch.int64


def test_mnist_has_the_class_counts_that_are_known(mnist):
    training = torch.cat([mnist.train.labels, mnist.validation.labels])
    known = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert training.bincount().tolist() == known
    known = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert mnist.test.labels.bincount().tolist() == known


def test_validation_digits_are_the_last_of_the_training_digits(mnist):
    everything = data.load(validation=0)
    assert (len(everything.train), len(everything.validation)) == (60_000, 0)
    assert everything.train[55_000:].images.equal(mnist.validation.images)
    assert everything.train[:55_000].labels.equal(mnist.train.labels)


def test_mnist_is_loaded_without_a_word(mnist, recwarn):
    data.load()
    assert len(recwarn) == 0


def test_digits_introduce_themselves(mnist):
    words = "55,000 digits to train on, 5,000 to validate, 10,000 to test; each 28 x 28"
    assert repr(mnist) == f"MNIST: {words}"


@pytest.mark.parametrize("validation", [-1, 60_000, 0.1, "5000"])
def test_an_impossible_validation_is_one_sentence(validation):
    with pytest.raises(DataError, match=r"validation is .* from 0 to 59,999"):
        data.load(validation=validation)


# The stand-in


def test_without_mnist_a_warning_says_why_what_instead_and_what_to_do(offline):
    with pytest.warns(UserWarning) as told:
        digits = data.load()
    assert digits.name == "scikit-learn digits"
    (message,) = [str(each.message) for each in told]
    assert message.startswith("MNIST is not here. train-images-idx3-ubyte is not in the cache")
    assert "scikit-learn's 1,797 digits take its place, enlarged to 32 x 32" in message
    assert message.endswith("run: lenet-course data")
    assert told[0].filename == __file__  # it points at the learner's line, not into the package


def test_the_stand_in_is_split_1297_200_300(stand_in):
    parts = (stand_in.train, stand_in.validation, stand_in.test)
    assert [len(split) for split in parts] == [1_297, 200, 300]
    for split in parts:
        assert split.images.dtype == torch.uint8
        assert split.images.shape == (len(split), 32, 32)
        assert split.labels.unique().tolist() == list(range(10))


def test_the_stand_in_is_scikit_learns_digits_four_times_enlarged(stand_in):
    from sklearn.datasets import load_digits

    counts = torch.from_numpy(load_digits().images)
    ours = torch.cat([stand_in.train.images, stand_in.validation.images, stand_in.test.images])
    assert (int(ours.min()), int(ours.max())) == (0, 255)
    blocks = ours.unfold(1, 4, 4).unfold(2, 4, 4)  # (N, 8, 8, 4, 4)
    assert blocks.equal(blocks[..., :1, :1].expand_as(blocks))
    assert torch.allclose(blocks[..., 0, 0].double() * 16 / 255, counts, atol=0.04)


def test_a_folder_without_mnist_is_an_error_never_something_else(tmp_path, monkeypatch):
    monkeypatch.setenv("LENET_COURSE_DATA", str(tmp_path))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match="has no file train-images"):
            data.load()


def test_a_damaged_file_is_an_error_never_something_else(real, tmp_path, monkeypatch):
    for name, content in real.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(b"half")
    monkeypatch.setenv("LENET_COURSE_DATA", str(tmp_path))
    with pytest.raises(DataError, match="t10k-labels-idx1-ubyte is not MNIST's file"):
        data.load()


# Memory


def test_too_little_memory_is_said_before_any_is_taken(monkeypatch):
    monkeypatch.setattr(memory, "available", lambda: 60_000_000)
    monkeypatch.setattr(downloads, "mnist", None)  # would fail if it were called
    with pytest.raises(DataError, match=r"Loading MNIST takes about 150 MB .* 60 MB are free"):
        data.load()


def test_memory_that_runs_out_on_the_way_is_said_too(monkeypatch):
    def exhausted():
        raise MemoryError

    monkeypatch.setattr(downloads, "mnist", exhausted)
    with pytest.raises(DataError, match=r"Loading MNIST .* could not be had: shut down other"):
        data.load()


# Splits


def test_part_of_a_split_is_a_split():
    split = split_of(20)
    assert split[3:6].labels.tolist() == [3, 4, 5]
    assert split[[7, 2]].images[:, 0, 0].tolist() == [7, 2]
    assert split[torch.tensor([19, 0])].labels.tolist() == [9, 0]
    assert split[split.labels == 4].labels.tolist() == [4, 4]
    assert isinstance(split[:1], Split)


@pytest.mark.parametrize("last", [-1, 19, numpy.int64(19), torch.tensor(19)])
def test_one_digit_is_a_split_of_one(last):
    one = split_of(20)[last]
    assert one.images.shape == (1, 4, 4)
    assert one.labels.tolist() == [9]


def test_a_split_can_be_walked_through_and_ends():
    assert [int(one.labels) for one in split_of(12)] == [*range(10), 0, 1]
    with pytest.raises(IndexError):
        split_of(3)[3]


def test_a_split_moves_to_a_device():
    moved = split_of(3).to("meta")
    assert moved.images.device.type == moved.labels.device.type == "meta"
    assert len(moved) == 3


def test_a_split_may_be_empty():
    assert len(split_of(20)[:0]) == len(Split(blank(0, 28, 28), blank(0, dtype=torch.int64))) == 0


def test_a_split_cannot_be_changed_by_assignment():
    with pytest.raises(AttributeError):
        split_of(3).labels = torch.zeros(3)


def test_a_split_introduces_itself_in_one_line():
    assert repr(split_of(20)) == "Split of 20 digits, 4 x 4"


@pytest.mark.parametrize("label", [-1, 10, 255])
def test_a_label_outside_0_to_9_is_named_with_its_place(label):
    labels = torch.tensor([3, 9, label, 0])
    with pytest.raises(DataError, match=rf"digits, 0 to 9; label 2 is {label}\. Leave"):
        Split(blank(4, 28, 28), labels)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (blank(4, 28, 28, dtype=torch.float32), torch.zeros(4), "these are float32 of shape"),
        (blank(4, 1, 28, 28), torch.zeros(4), r"shape \(N, H, W\); .* uint8 of shape \(4, 1, 28"),
        (blank(28, 28), torch.zeros(28), r"uint8 of shape \(28, 28\)"),
        (numpy.zeros((4, 28, 28)), torch.zeros(4), "these are a ndarray"),
        (blank(4, 28, 28), torch.zeros(4), "Labels must be an int64 .* these are float32"),
        (blank(4, 28, 28), [1, 2, 3, 4], "these are a list. Convert them"),
        (blank(4, 28, 28), torch.zeros(3, dtype=torch.int64), "4 images and 3 labels"),
    ],
)
def test_images_and_labels_that_do_not_fit_are_one_sentence(images, labels, message):
    with pytest.raises(DataError, match=message):
        Split(images, labels)


def test_indexing_into_the_pixels_is_refused():
    with pytest.raises(DataError, match=r"labels of shape \(1, 2\)"):
        split_of(5)[torch.tensor([[0, 1]])]


# Fields


@pytest.mark.parametrize("shape", [(28, 28), (3, 28, 28)])
def test_padding_28_to_32_adds_two_pixels_of_background_on_each_side(shape):
    padded = data.pad(torch.full(shape, 7, dtype=torch.uint8), background=25)
    assert padded.shape == (*shape[:-2], 32, 32)
    assert padded[..., 2:30, 2:30].unique().tolist() == [7]
    frame = padded.clone()
    frame[..., 2:30, 2:30] = 25
    assert frame.unique().tolist() == [25]


def test_padding_leaves_the_images_as_they_are():
    images = blank(2, 28, 28)
    data.pad(images)[:] = 9
    data.pad(images, 28)[:] = 9
    assert images.sum() == 0


def test_an_odd_pixel_goes_to_the_right_and_the_bottom():
    padded = data.pad(torch.ones(1, 1, dtype=torch.uint8), size=2)
    assert padded.tolist() == [[1, 0], [0, 0]]


@given(st.integers(0, 255), st.integers(28, 40))
def test_fitting_back_what_was_padded_gives_the_images_again(background, size):
    images = torch.arange(28 * 28).remainder(256).to(torch.uint8).view(28, 28)
    assert data.pad(images, size, background).shape == (size, size)
    assert data.fit_field(data.fit_field(images, 32, background), 28).equal(images)


def test_fit_field_pads_and_trims_about_the_centre():
    trimmed = data.fit_field(torch.arange(32).to(torch.uint8).expand(5, 32, 32), 28)
    assert trimmed.shape == (5, 28, 28)
    assert trimmed[0, 0].tolist() == list(range(2, 30))
    images = torch.ones(5, 28, 28, dtype=torch.uint8)
    assert data.fit_field(images, 32).equal(data.pad(images, 32))
    assert data.fit_field(images, 28).equal(images)


@pytest.mark.parametrize("shape", [(100, 80), (3, 8, 8), (28, 32)])
def test_an_image_of_another_size_is_refused_not_trimmed(shape):
    sizes = f"{shape[-2]} x {shape[-1]}"
    with pytest.raises(DataError, match=rf"images are {sizes}; digits come in 28 x 28 or 32 x 32"):
        data.fit_field(blank(*shape), 28)


def test_an_image_larger_than_the_field_is_refused():
    with pytest.raises(DataError, match="Images of 32 x 32 do not fit a field of 28 x 28"):
        data.pad(blank(32, 32), 28)


@pytest.mark.parametrize("function", [data.pad, data.fit_field])
@pytest.mark.parametrize("images", [torch.zeros(28, 28), blank(1, 1, 28, 28), [[0]]])
def test_images_of_another_kind_are_refused(function, images):
    with pytest.raises(DataError, match="takes images as a uint8 tensor"):
        function(images, 32)


@pytest.mark.parametrize("background", [-1, 256, 0.5])
def test_a_background_that_is_no_grey_value_is_refused(background):
    with pytest.raises(DataError, match=r"background is .* from 0 to 255"):
        data.pad(blank(28, 28), background=background)


# Batches


@given(st.integers(0, 300), st.integers(1, 70), st.integers(0, 9), st.integers(0, 9))
def test_every_index_comes_once_and_only_the_last_batch_is_smaller(count, size, seed, epoch):
    batches = data.batches(count, size, seed, epoch)
    assert sorted(index for batch in batches for index in batch.tolist()) == list(range(count))
    assert all(len(batch) == size for batch in batches[:-1])
    assert len(batches) == -(-count // size)
    assert all(batch.dtype == torch.int64 for batch in batches)


def test_the_order_belongs_to_seed_and_epoch():
    def order(seed, epoch):
        return data.batches(100, 100, seed, epoch)[0].tolist()

    orders = [tuple(order(seed, epoch)) for seed in range(6) for epoch in range(6)]
    assert len(set(orders)) == 36
    assert order(3, 4) == order(3, 4)


def test_the_order_is_the_same_on_every_machine():
    assert data.batches(10, 10, seed=1, epoch=2)[0].tolist() == [8, 5, 6, 0, 9, 1, 4, 3, 7, 2]


def test_the_global_random_states_are_neither_read_nor_moved():
    before = torch.get_rng_state(), numpy.random.get_state()[1].copy(), random.getstate()
    first = data.batches(50, 7)
    assert torch.get_rng_state().equal(before[0])
    assert (numpy.random.get_state()[1] == before[1]).all()
    assert random.getstate() == before[2]
    torch.manual_seed(5)
    numpy.random.seed(5)
    assert torch.cat(data.batches(50, 7)).equal(torch.cat(first))


def test_without_shuffling_the_order_is_as_stored():
    batches = data.batches(5, 2, shuffle=False)
    assert [batch.tolist() for batch in batches] == [[0, 1], [2, 3], [4]]


def test_batches_are_made_on_the_device_that_is_asked_for():
    assert data.batches(5, 2, device="meta")[0].device.type == "meta"


@pytest.mark.parametrize(
    "wrong", [{"count": -1}, {"batch_size": 0}, {"batch_size": 2.5}, {"seed": -1}, {"epoch": None}]
)
def test_impossible_batches_are_one_sentence(wrong):
    ((name, value),) = wrong.items()
    with pytest.raises(DataError, match=rf"{name} is {value!r}; give a whole number, [01] or more"):
        data.batches(**{"count": 10, "batch_size": 2, **wrong})
