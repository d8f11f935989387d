"""What goes in comes out: the same values, of the same kinds."""

import json

import pytest
import torch

from lenet_course.checkpoints.encoding import decode, encode

VALUES = {
    "nothing": None,
    "truth": [True, False],
    "numbers": [0, -1, 2**60, 0.1, 1e-300, float("inf"), -0.0],
    "text": ["", "ä\u2028\U0001f600", "~tensor", "~dict"],
    "empty": [[], (), {}],
    "tuple in list in tuple": ([(1, [2])],),
    "keys that are numbers": {0: "a", 1.5: "b", None: "c", "0": "d"},
    "keys that look like marks": {"~tensor": 1, "~dict": [[1, 2]], "~tuple": []},
    "an order": {"b": 1, "a": 2},
}


def there_and_back(value):
    tensors = {}
    facts = json.loads(json.dumps(encode(value, "value", tensors)))
    return decode(facts, tensors)


@pytest.mark.parametrize("name", VALUES)
def test_a_value_comes_back_as_it_was(name):
    assert repr(there_and_back(VALUES[name])) == repr(VALUES[name])


def test_tensors_are_kept_apart_from_the_rest():
    tensors = {}
    facts = encode({"state": [torch.ones(2)]}, "optimizer", tensors)
    assert list(tensors) == ["optimizer.state.0"]
    assert "ones" not in json.dumps(facts)


def test_two_tensors_never_share_a_name():
    value = {"a": {"b": torch.tensor(1)}, "a.b": torch.tensor(2), 0: torch.tensor(3), "0": (4,)}
    value |= {"0.x": torch.tensor(5), "a.b'": torch.tensor(6)}
    assert repr(there_and_back(value)) == repr(value)


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, b"bytes", {(1, 2): 3}, [torch.float32]])
def test_what_json_cannot_hold_is_refused_when_it_is_saved(value):
    with pytest.raises(TypeError, match="a checkpoint cannot hold"):
        encode(value, "value", {})


@pytest.mark.parametrize(
    "facts",
    [
        {"~tensor": "missing"},
        {"~tensor": ["x"]},
        {"~tensor": {}},
        {"~dict": 5},
        {"~dict": [[1]]},
        {"~dict": [[1, 2, 3]]},
        {"~dict": [[[], 2]]},
        {"~dict": {"a": 1}},
        {"~tuple": 5},
        {},
        {"unmarked": 1},
    ],
)
def test_malformed_marks_raise(facts):
    with pytest.raises((KeyError, TypeError, ValueError)):
        decode(facts, {"x": torch.zeros(1)})
