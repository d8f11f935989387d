"""An IDX file is read byte by byte; every way in which it can be wrong gets its own sentence."""

import gzip
import math
import struct
import tracemalloc

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lenet_course.idx import DataError, read_idx, unpack


def idx(sizes, values, value_type=8):
    """Written here from the format's description, so that reader and writer cannot err together."""
    return bytes([0, 0, value_type, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + values


LABELS = idx([3], bytes([7, 2, 1]))
IMAGES = idx([2, 3, 4], bytes(range(24)))


def test_labels_become_a_row_of_bytes():
    labels = read_idx(LABELS)
    assert labels.dtype == torch.uint8
    assert labels.tolist() == [7, 2, 1]


def test_images_are_read_row_by_row():
    images = read_idx(IMAGES)
    assert images.shape == (2, 3, 4)
    assert images[1, 0].tolist() == [12, 13, 14, 15]


def test_sizes_are_big_endian():
    assert read_idx(idx([258], bytes(258))).shape == (258,)  # 00 00 01 02, not 02 01 00 00


@given(st.lists(st.integers(0, 6), min_size=3, max_size=3), st.randoms())
def test_whatever_is_written_is_read_again(sizes, random):
    values = random.randbytes(math.prod(sizes))
    images = read_idx(idx(sizes, values))
    assert list(images.shape) == sizes
    assert bytes(images.flatten().tolist()) == values


@pytest.mark.parametrize("packed", [False, True])
def test_a_path_is_read_raw_or_gzipped(tmp_path, packed):
    path = tmp_path / "labels"
    path.write_bytes(gzip.compress(LABELS) if packed else LABELS)
    assert read_idx(path).tolist() == read_idx(str(path)).tolist() == [7, 2, 1]


def test_a_tensor_made_from_bytes_can_be_written_to_and_leaves_them_alone():
    content = bytes(LABELS)
    read_idx(content)[0] = 9
    assert content == LABELS


@given(st.integers(0, len(IMAGES) - 1))
def test_a_file_cut_short_anywhere_is_refused(length):
    with pytest.raises(DataError, match="Fetch it again"):
        read_idx(IMAGES[:length])


def test_a_short_file_is_told_by_its_numbers():
    with pytest.raises(DataError, match=r"x is cut short: .* 2 x 3 x 4 = 24 values, and 20 follow"):
        read_idx(IMAGES[:-4], name="x")


def test_bytes_to_spare_are_refused():
    with pytest.raises(DataError, match=r"x has bytes to spare: .* 3 = 3 values, and 5 follow"):
        read_idx(LABELS + b"ab", name="x")


def test_a_wrong_beginning_is_shown_beside_the_right_one():
    with pytest.raises(DataError, match=r"x is no IDX file: .* 89 50 4E 47, .*00 00 08 01"):
        read_idx(b"\x89PNG\r\n", name="x")


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>", b"\xef\xbb\xbf\n <html>"])
def test_a_web_page_is_recognised(page):
    with pytest.raises(DataError, match="It looks like a web page"):
        read_idx(page)


@pytest.mark.parametrize(
    ("value_type", "meaning"), [(0x0D, "0D .32-bit floats"), (0x42, "42 .no type that IDX knows")]
)
def test_values_that_are_no_bytes_are_refused(value_type, meaning):
    with pytest.raises(DataError, match=meaning):
        read_idx(idx([3], bytes(12), value_type))


@pytest.mark.parametrize("sizes", [[], [2, 2], [1, 1, 1, 1]])
def test_only_labels_and_images_are_digits(sizes):
    with pytest.raises(DataError, match=rf"has {len(sizes)} dimensions, where labels have 1"):
        read_idx(idx(sizes, bytes(math.prod(sizes))))


def test_a_header_that_promises_the_moon_takes_no_memory():
    with pytest.raises(DataError, match="is cut short"):
        read_idx(idx([2**32 - 1] * 3, bytes(10)))


def test_gzip_cut_short_says_so(tmp_path):
    path = tmp_path / "labels.gz"
    path.write_bytes(gzip.compress(LABELS)[:-9])
    with pytest.raises(DataError, match=r"labels\.gz is cut short"):
        read_idx(path)


def test_damaged_gzip_says_so():
    packed = bytearray(gzip.compress(bytes(range(256)) * 8))
    packed[30] ^= 0xFF
    with pytest.raises(DataError, match="x is damaged gzip data"):
        unpack(bytes(packed), "x")


def test_a_small_file_that_unpacks_to_gigabytes_is_stopped_at_the_limit():
    with pytest.raises(DataError, match="x unpacks to more than 1,000 bytes"):
        unpack(gzip.compress(bytes(1_000_000)), "x", limit=1_000)
    assert len(unpack(gzip.compress(bytes(1_000)), "x", limit=1_000)) == 1_000


def test_what_is_over_the_limit_is_not_even_unpacked():
    packed = gzip.compress(bytes(30_000_000), compresslevel=1)
    tracemalloc.start()
    with pytest.raises(DataError):
        unpack(packed, "x", limit=1_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000
