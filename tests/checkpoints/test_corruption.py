"""Whatever happens to a file's bytes is noticed, told, and costs one checkpoint at most."""

import random

import pytest
from small_runs import Run, bits, differences

from lenet_course import checkpoints, networks
from lenet_course.checkpoints import CheckpointError, DamagedError, Keeper


@pytest.fixture(scope="module")
def lenet(tmp_path_factory):
    """A checkpoint of the course's own network."""
    state = checkpoints.take(networks.build("relu-max", seed=0), run={"steps": 1})
    return checkpoints.save(tmp_path_factory.mktemp("lenet"), state)


def flip(content, draw):
    place = draw.randrange(len(content))
    return content[:place] + bytes([content[place] ^ 1 << draw.randrange(8)]) + content[place + 1 :]


def hole(content, draw):
    """Zeros where a disk lost a block; somewhere that was not all zeros before."""
    while True:
        start, length = draw.randrange(len(content)), draw.choice([1, 16, 512, 4096])
        holed = content[:start] + bytes(length) + content[start + length :]
        if (holed := holed[: len(content)]) != content:
            return holed


def truncate(content, draw):
    return content[: draw.randrange(len(content))]


@pytest.mark.parametrize(
    ("damage", "times"), [(flip, 2000), (hole, 200), (truncate, 200)], ids=lambda it: str(it)[:15]
)
def test_no_damage_goes_unnoticed(lenet, damage, times):
    content, draw, noticed = lenet.read_bytes(), random.Random(times), 0
    try:
        for _ in range(times):
            lenet.write_bytes(damage(content, draw))
            with pytest.raises(DamagedError, match="is damaged"):
                checkpoints.load(lenet)
            noticed += 1
    finally:
        lenet.write_bytes(content)
    assert noticed == times
    assert checkpoints.load(lenet).run == {"steps": 1}


OTHER_CONTENTS = {
    "empty": b"",
    "short": b"\0",
    "zeros": bytes(1000),
    "random": random.Random(1).randbytes(1000),
    "a page": b"<!DOCTYPE html><title>404</title>",
}


@pytest.mark.parametrize("name", OTHER_CONTENTS)
def test_a_file_with_other_contents_is_refused(lenet, name):
    content = lenet.read_bytes()
    lenet.write_bytes(OTHER_CONTENTS[name])
    with pytest.raises(DamagedError, match="Use an earlier checkpoint"):
        checkpoints.load(lenet)
    lenet.write_bytes(content)


@pytest.mark.parametrize("name", OTHER_CONTENTS)
def test_the_last_good_one_is_found_and_the_bad_one_is_set_aside_aloud(tmp_path, name):
    Run().fit(Keeper(tmp_path, every_steps=2), epochs=2)
    *_, good, bad = checkpoints.all(tmp_path)
    bad.write_bytes(OTHER_CONTENTS[name])
    with pytest.warns(UserWarning, match=f"{bad.name} is damaged.*now called {bad.name}.damaged"):
        assert checkpoints.latest(tmp_path) == good
    assert not bad.exists()
    assert bad.with_name(f"{bad.name}.damaged").read_bytes() == OTHER_CONTENTS[name]


def test_a_run_goes_on_from_the_last_good_one_with_the_same_bits(tmp_path):
    whole = Run().fit().bits()
    Run().fit(Keeper(tmp_path, every_steps=2), epochs=2)
    for bad in checkpoints.all(tmp_path)[-2:]:
        bad.write_bytes(flip(bad.read_bytes(), random.Random(0)))
    with pytest.warns(UserWarning, match="is damaged"):
        resumed = Run().fit(Keeper(tmp_path, every_steps=2))
    assert differences(resumed.bits(), whole) == []


def test_where_all_are_damaged_there_is_no_checkpoint(tmp_path):
    Run().fit(tmp_path)
    for path in checkpoints.all(tmp_path):
        path.write_bytes(b"")
    with pytest.warns(UserWarning, match="is damaged"):
        assert checkpoints.latest(tmp_path) is None


def test_a_damaged_file_changes_nothing_that_it_would_be_put_into(tmp_path):
    Run().fit(tmp_path, epochs=1)
    path = checkpoints.latest(tmp_path)
    path.write_bytes(flip(path.read_bytes(), random.Random(2)))
    fresh = Run()
    before = bits(checkpoints.take(*fresh.all))
    with pytest.raises(CheckpointError):
        checkpoints.restore(path, *fresh.all)
    assert differences(bits(checkpoints.take(*fresh.all)), before) == []
