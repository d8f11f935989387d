"""The clock, the turns and the files that the benchmarks of speed share."""

import json
import time

import measuring
import pytest
import torch


@pytest.fixture
def threads():
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_one_thread_is_timed_by_the_processor_and_several_by_the_wall(threads):
    threads(1)
    assert measuring.clock() is time.process_time
    assert measuring.seconds(lambda: time.sleep(0.05)) < 0.04
    threads(2)
    assert measuring.clock() is time.perf_counter
    assert measuring.seconds(lambda: time.sleep(0.05)) >= 0.05


def test_ways_take_turns_there_and_back():
    order, said = [], []
    ways = {name: lambda name=name: order.append(name) for name in "abc"}
    times = measuring.in_turn(ways, 2, told=said.append)
    assert order == list("abccba")
    assert {name: len(each) for name, each in times.items()} == {"a": 2, "b": 2, "c": 2}
    assert len(said) == 2


def test_a_ratio_is_the_middle_of_the_rounds_own():
    assert measuring.ratio([2, 6, 30], [1, 2, 3]) == 3


def test_the_rate_of_a_product_counts_a_multiplication_and_an_addition(monkeypatch):
    monkeypatch.setattr(measuring, "SIDE", 10)
    assert measuring.rate([1.0, 2.0, 9.0]) == 1000
    assert measuring.product()().shape == (10, 10)


def test_a_table_has_its_headings_and_lines_up():
    text = measuring.table([{"way": "a", "s": 1.5}, {"way": "long", "s": None}])
    assert text.splitlines() == ["way     s", "a     1.5", "long    -"]


def test_a_result_is_written_whole(tmp_path):
    measuring.write(tmp_path / "kept.json", {"a": 1})
    assert json.loads((tmp_path / "kept.json").read_text()) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["kept.json"]
