"""A folder of images, or files in MNIST's format, become digits; what cannot serve is named."""

import gzip

import numpy as np
import pytest
import torch
from PIL import Image

from lenet_course import networks, own_images, training
from lenet_course.data import DataError, Digits
from lenet_course.handwriting import HandwritingError
from lenet_course.own_images import classes, digit, from_folder, from_idx, picture

NAMES = ["apple", "berry", "cherry"]


@pytest.fixture
def folder(tmp_path):
    """Three classes of ten pictures each: of one grey, another for every class."""
    root = tmp_path / "fruit"
    for name, grey in zip(NAMES, (0, 100, 200), strict=True):
        (root / name).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (40, 30), (grey, grey, grey)).save(root / name / f"{number}.png")
    return root


def test_every_class_is_dealt_out_to_three_splits(folder):
    digits = from_folder(folder)
    assert isinstance(digits, Digits) and digits.name == "fruit"
    assert [len(s) for s in (digits.train, digits.validation, digits.test)] == [18, 6, 6]
    for split in (digits.train, digits.validation, digits.test):
        assert split.images.dtype == torch.uint8 and split.images.shape[1:] == (28, 28)
        assert sorted(set(split.labels.tolist())) == [0, 1, 2]
        for image, label in zip(split.images, split.labels.tolist(), strict=True):
            assert image[14, 14] == 255 - (0, 100, 200)[label]


def test_labels_are_places_in_the_list_of_classes(folder):
    assert classes(folder) == NAMES
    (folder / "annona").mkdir()
    assert classes(folder) == ["annona", *NAMES]


def test_each_image_is_in_one_split_and_the_seed_says_which(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for grey in range(0, 200, 10):
            shade = grey + (5 if name == "two" else 0)
            Image.new("L", (28, 28), shade).save(tmp_path / name / f"{shade}.png")

    def shades(digits):
        return [
            sorted(split.images[:, 0, 0].tolist())
            for split in (digits.train, digits.validation, digits.test)
        ]

    first, again, other = (shades(from_folder(tmp_path, seed=seed)) for seed in (0, 0, 1))
    everyone = [shade for split in first for shade in split]
    assert sorted(everyone) == sorted(255 - shade for shade in range(0, 200, 5))
    assert first == again != other


def test_files_that_are_no_pictures_and_hidden_folders_are_passed_over(folder):
    (folder / "apple" / "notes.txt").write_text("not for you")
    (folder / "apple" / ".DS_Store").write_bytes(b"\0")
    (folder / "apple" / "._0.png").write_bytes(b"\0")
    (folder / ".git").mkdir()
    (folder / "__pycache__").mkdir()
    (folder / "README.md").write_text("three fruits")
    assert len(from_folder(folder).train) == 18


def test_a_network_of_the_family_can_be_trained_on_them(folder):
    digits = from_folder(folder)
    network = networks.FAMILY["relu-max"]
    model = networks.build(network, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    settings = {"prepare": network.prepare, "optimizer": optimizer, "epochs": 20, "batch_size": 6}
    training.fit(model, digits.train, **settings)
    assert training.evaluate(model, digits.test, prepare=network.prepare).error == 0


def test_another_preparation_may_be_given(folder):
    half = from_folder(folder, prepare=lambda path: picture(path) // 2)
    assert half.train.images.max() == 127


# --- one picture --------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(80, 40), (7, 14), (28, 28), (400, 20), (1, 1)])
def test_a_picture_keeps_its_proportions_in_the_middle(tmp_path, size):
    Image.new("L", size, 0).save(tmp_path / "bar.png")
    found = picture(tmp_path / "bar.png")
    rows, columns = np.flatnonzero(found.any(axis=1)), np.flatnonzero(found.any(axis=0))
    assert max(len(rows), len(columns)) == 28
    assert abs(len(rows) * size[0] - len(columns) * size[1]) <= 28 * max(1, max(size) / 28)
    assert abs(rows[0] - (27 - rows[-1])) <= 1 and abs(columns[0] - (27 - columns[-1])) <= 1


def test_a_digit_is_prepared_as_mnists_are(mnist, tmp_path):
    for one in mnist.test.images[:20].numpy():
        Image.fromarray(255 - one).resize((280, 280)).save(tmp_path / "digit.png")
        found = digit(tmp_path / "digit.png")
        assert found.shape == (28, 28) and np.abs(found.astype(float) - one).mean() < 20


# --- what cannot serve --------------------------------------------------------------------------


def test_images_that_cannot_serve_are_named_a_few_of_them_and_counted(folder):
    for number in range(5):
        (folder / "berry" / f"{number}.png").write_text("no picture")
    with pytest.raises(DataError) as caught:
        from_folder(folder)
    said = str(caught.value)
    assert said.startswith("5 of the 30 images in fruit cannot serve. berry/0.png is no picture")
    assert "berry/2.png" in said and "berry/3.png" not in said and "And 2 more." in said
    assert said.endswith("Mend them, or take them out of the folder.")


def test_one_image_without_a_digit_is_named(folder):
    with pytest.raises(DataError, match=r"apple/0.png shows no ink"):
        from_folder(folder, prepare=digit)


def test_a_telephones_format_is_told_and_not_passed_over(folder):
    (folder / "apple" / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    with pytest.raises(DataError, match=r"apple/IMG_1.HEIC is no picture.*HEIC has to be conver"):
        from_folder(folder)


def test_a_class_with_too_few_pictures_is_named(folder):
    (folder / "date").mkdir()
    with pytest.raises(DataError, match=r"^date holds 0 pictures, and a class needs 3 at least"):
        from_folder(folder)


@pytest.mark.parametrize("count", [0, 1, 11])
def test_too_few_or_too_many_classes_are_counted(tmp_path, count):
    for number in range(count):
        (tmp_path / f"class {number}").mkdir()
    with pytest.raises(DataError, match=f"has {count} sub-folders, where each is a class: give 2"):
        classes(tmp_path)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(DataError, match=r"^There is no folder nowhere"):
        classes(tmp_path / "nowhere")


def test_errors_of_a_picture_are_those_of_handwriting(tmp_path):
    with pytest.raises(HandwritingError, match=r"^no.png cannot be read"):
        picture(tmp_path / "no.png")


# --- MNIST's format -----------------------------------------------------------------------------


def idx(values):
    """The bytes of an IDX file."""
    sizes = b"".join(size.to_bytes(4, "big") for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.astype(np.uint8).tobytes()


@pytest.fixture
def idx_folder(tmp_path):
    root, random = tmp_path / "clothes", np.random.default_rng(0)
    root.mkdir()
    for name, count in (("train", 36), ("t10k", 10)):
        images, labels = random.integers(0, 256, (count, 28, 28)), np.arange(count) % 10
        (root / f"{name}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(images)))
        (root / f"{name}-labels-idx1-ubyte").write_bytes(idx(labels))
    return root


def test_four_files_gzipped_or_not_become_digits(idx_folder):
    digits = from_idx(idx_folder)
    assert digits.name == "clothes"
    assert [len(s) for s in (digits.train, digits.validation, digits.test)] == [33, 3, 10]
    assert digits.validation.labels.tolist() == [3, 4, 5]
    first = np.random.default_rng(0).integers(0, 256, (36, 28, 28))[0]
    assert (digits.train.images[0].numpy() == first).all()


def test_mnist_itself_comes_through_that_door_as_data_load_gives_it(mnist):
    from lenet_course import downloads

    folder = downloads.mnist()[1]
    digits = from_idx(folder)
    for part in ("train", "validation", "test"):
        ours, theirs = getattr(digits, part), getattr(mnist, part)
        assert torch.equal(ours.images, theirs.images) and torch.equal(ours.labels, theirs.labels)


def test_a_missing_file_is_named_with_where_fashion_mnist_is(idx_folder):
    (idx_folder / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataError) as caught:
        from_idx(idx_folder)
    said = str(caught.value)
    assert said.startswith("There is no t10k-labels-idx1-ubyte in clothes, nor t10k-labels-")
    assert "https://github.com/zalandoresearch/fashion-mnist" in said


def test_images_of_another_size_and_labels_above_9_are_told(idx_folder):
    (idx_folder / "t10k-labels-idx1-ubyte").write_bytes(idx(np.arange(10) + 1))
    with pytest.raises(DataError, match="Labels must be digits, 0 to 9; label 9 is 10"):
        from_idx(idx_folder)
    images = idx_folder / "train-images-idx3-ubyte.gz"
    images.write_bytes(idx(np.zeros((36, 20, 20))))
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte in clothes holds .*\(36, 20, 20"):
        from_idx(idx_folder)
    images.write_bytes(idx(np.zeros(36)))
    with pytest.raises(DataError, match=r"holds values of shape \(36,\)"):
        from_idx(idx_folder)


def test_a_class_may_have_as_few_pictures_as_there_are_splits(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        for number in range(own_images.LEAST_IN_CLASS):
            Image.new("L", (9, 9)).save(tmp_path / name / f"{number}.png")
    digits = from_folder(tmp_path)
    assert [len(s) for s in (digits.train, digits.validation, digits.test)] == [2, 2, 2]
