"""Files that someone made to hurt: refused, nothing run, and hardly any memory taken."""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from small_runs import saved

from lenet_course.checkpoints import files

MEGABYTE = 2**20


class Payload:
    """Unpickled, it leaves a file: the canary."""

    def __init__(self, canary):
        self.canary = str(canary)

    def __reduce__(self):
        return os.system, (f"{sys.executable} -c \"open(r'{self.canary}', 'w')\"",)


def tensors_file(header, data=b"", length=None):
    """A safetensors file by hand; the header may say what it likes."""
    words = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(words) if length is None else length) + words + data


def torch_file(value, **settings):
    memory = io.BytesIO()
    torch.save(value, memory, **settings)
    return memory.getvalue()


def zipped(names, content=b"x", compression=zipfile.ZIP_STORED):
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", compression) as archive:
        for name in names:
            archive.writestr(name, content)
    return memory.getvalue()


def stretched():
    """A torch file of 2 kB whose one tensor claims ten thousand million elements."""
    return torch_file({"model": torch.zeros(1).expand(100_000, 100_000)})


def entry(shape, start, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def by_hand(good, canary):
    """Hostile bytes by name. `good` is (tensors, facts) of a proper checkpoint."""
    tensors, facts = good
    metadata = {"__metadata__": {files.FACTS: json.dumps(facts)}}
    payload = Payload(canary)
    pickled = pickle.dumps(payload)
    return {
        "pickle that runs code": pickled,
        "torch.save that runs code": torch_file({"model": payload}),
        "legacy torch.save that runs code": torch_file(
            {"model": payload}, _use_new_zipfile_serialization=False
        ),
        "pickle within a checkpoint": files.pack(tensors, facts)[:-8] + pickled,
        "pickle in the facts": files.pack(
            tensors, {**facts, "run": {"~pickle": pickled.decode("latin-1")}}
        ),
        "zip with paths that climb": zipped(["../../../tmp/x", "/etc/x", "a/../../b"]),
        "zip in a zip": zipped(["data.pkl"], zipped(["data.pkl"], pickled)),
        "zip bomb": zipped(["data.pkl"], bytes(300 * MEGABYTE), zipfile.ZIP_DEFLATED),
        "tensor stretched to ten thousand million": stretched(),
        "header of 2**63 bytes": tensors_file(b"{}", length=2**63),
        "header of 2**64 - 1 bytes": tensors_file(b"{}", length=2**64 - 1),
        "header longer than the file": tensors_file(b"{}", length=3),
        "no header": tensors_file(b""),
        "header that is a list": tensors_file([1]),
        "header that is no text": tensors_file(b"\xff\xfe\x00\xd8"),
        "header without facts": tensors_file({"a": entry([1], 0, 4)}, bytes(4)),
        "facts that are a number": tensors_file({"__metadata__": {files.FACTS: "5"}}),
        "facts that are no text": tensors_file({"__metadata__": {files.FACTS: {}}}),
        "tensor beyond the end": tensors_file({**metadata, "a": entry([9], 0, 36)}, bytes(4)),
        "tensor before the start": tensors_file({**metadata, "a": entry([1], -4, 0)}, bytes(4)),
        "tensor that ends before it starts": tensors_file(
            {**metadata, "a": entry([1], 4, 0)}, bytes(4)
        ),
        "tensors that overlap": tensors_file(
            {**metadata, "a": entry([2], 0, 8), "b": entry([2], 4, 12)}, bytes(12)
        ),
        "tensor larger than its bytes": tensors_file(
            {**metadata, "a": entry([10**10], 0, 4)}, bytes(4)
        ),
        "tensor whose size overflows": tensors_file({**metadata, "a": entry([2**32, 2**32], 0, 0)}),
        "empty tensor of endless sides": tensors_file({**metadata, "a": entry([2**62, 0], 0, 0)}),
        "empty tensor of countless sides": tensors_file({**metadata, "a": entry([0] * 9999, 0, 0)}),
        "side that is negative": tensors_file({**metadata, "a": entry([-1], 0, 4)}, bytes(4)),
        "dtype that does not exist": tensors_file(
            {**metadata, "a": entry([1], 0, 4, "O")}, bytes(4)
        ),
        "dtype of half a byte": tensors_file({**metadata, "a": entry([2], 0, 1, "F4")}, bytes(1)),
        "bytes that no tensor wants": tensors_file(
            {**metadata, "a": entry([1], 0, 4)}, bytes(4096)
        ),
        "the same name twice": tensors_file(
            b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
            b'"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}',
            bytes(8),
        ),
        "names that climb": files.pack({"../../x": torch.zeros(1), "/etc/x": torch.zeros(1)}, {}),
        "names that confuse a terminal": files.pack({"\x1b[2J\n" * 99: torch.zeros(1)}, {}),
        "nested a million deep": tensors_file(b"[" * MEGABYTE),
        "facts nested deeply": tensors_file({"__metadata__": {files.FACTS: "[" * 200_000}}),
        "facts of a million lists": tensors_file(
            {"__metadata__": {files.FACTS: "[" + "[]," * 330_000 + "0]"}}
        ),
        "thirty million bytes of facts": tensors_file(
            {"__metadata__": {files.FACTS: "[" + "[]," * 10_000_000 + "0]"}}
        ),
        "number of a million digits": tensors_file(
            {"__metadata__": {files.FACTS: '{"schema": ' + "9" * 900_000 + "}"}}
        ),
        **{name: files.pack(tensors, {**facts, **change}) for name, change in FACTS.items()},
    }


def marked(**items):
    return {"~dict": [[key, item] for key, item in items.items()]}


FACTS = {
    "mark of a missing tensor": {"model": marked(a={"~tensor": "../../x"})},
    "mark of a list of tensors": {"model": {"~tensor": ["a"]}},
    "mark that is no list": {"random": {"~dict": 5}},
    "mark of single values": {"random": {"~dict": [[1]]}},
    "mark with a key that is a list": {"random": {"~dict": [[[1], 2]]}},
    "tuple that is a number": {"random": {"~tuple": 7}},
    "dict without a mark": {"run": {"steps": 1}},
    "part that nobody asked for": {"__class__": "os.system"},
    "model that is a list": {"model": [1]},
    "model of numbers": {"model": marked(a=1)},
    "model whose keys are numbers": {"model": {"~dict": [[0, {"~tensor": "random.torch"}]]}},
    "optimizer that is text": {"optimizer": "SGD"},
    "optimizer without a kind": {"optimizer": marked(state={"~dict": []})},
    "scheduler of a wrong kind": {"scheduler": marked(kind=5, state={"~dict": []})},
    "negative steps": {"run": marked(steps=-1)},
    "steps that are no number": {"run": marked(steps=float("nan"))},
    "steps that are text": {"run": marked(steps="../../x")},
    "history that is a number": {"run": marked(steps=1, history=5)},
    "validation that is text": {"run": marked(steps=1, history=marked(validations=["x"]))},
    "validation error that is text": {
        "run": marked(steps=1, history=marked(validations=[marked(step=1, error="0")]))
    },
}

READER = """
import json, resource, sys, warnings
from pathlib import Path
import torch
from torch import nn
from lenet_course import checkpoints
warnings.simplefilter("ignore")

def megabytes():
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / 2**20 if sys.platform == "darwin" else used / 2**10

def message(read, *arguments):
    try:
        read(*arguments)
    except checkpoints.CheckpointError as error:
        return str(error)
    except BaseException as error:
        return f"escaped: {type(error).__name__}: {error}"
    return "escaped: read without a word"

folder, good = Path(sys.argv[1]), Path(sys.argv[2])
checkpoints.load(good)
model, found = nn.Linear(1, 1), {}
for path in sorted(folder.iterdir()):
    before = megabytes()
    messages = [message(checkpoints.load, path), message(checkpoints.load_weights, model, path)]
    found[path.name] = {"messages": messages, "grown": megabytes() - before}
checkpoints.all(folder)
checkpoints.best(folder)
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory):
    """What a process of its own makes of each hostile file: messages and growth in megabytes."""
    pytest.importorskip("resource", reason="Windows does not tell a process's largest size")
    place = tmp_path_factory.mktemp("malice")
    canary, hostile = place / "canary", place / "hostile"
    hostile.mkdir()
    _, good = saved(place / "good")
    names = {}
    for number, (name, content) in enumerate(
        by_hand(files.unpack(good.read_bytes()), canary).items()
    ):
        path = hostile / files.signed(f"step-{number:08d}", content)
        path.write_bytes(content)
        names[path.name] = name
    command = [sys.executable, "-c", READER, str(hostile), str(good)]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert outcome.returncode == 0, outcome.stderr
    assert not canary.exists()
    assert not list(Path(tmp_path_factory.getbasetemp()).rglob("canary"))
    found = {names[name]: one for name, one in json.loads(outcome.stdout).items()}
    assert len(found) == len(names)
    left = [names[path.name] for path in hostile.iterdir() if path.suffix != ".damaged"]
    assert left == []  # all are set aside
    return found


def test_there_are_more_than_a_dozen_hostile_files_and_all_are_refused(read):
    assert len(read) > 50
    escaped = {
        name: message
        for name, one in read.items()
        for message in one["messages"]
        if message.startswith("escaped")
    }
    assert escaped == {}


def test_none_takes_much_memory(read):
    assert {name: one["grown"] for name, one in read.items() if one["grown"] > 64} == {}
    assert sum(one["grown"] for one in read.values()) < 64


def test_no_message_advises_to_open_a_file_unsafely_and_none_is_long(read):
    for one in read.values():
        for message in one["messages"]:
            assert "weights_only" not in message
            assert message.isprintable()
            assert len(message) < 500


def test_the_canary_would_sing_if_a_pickle_were_opened(tmp_path):
    canary = tmp_path / "canary"
    pickle.loads(pickle.dumps(Payload(canary)))
    assert canary.exists()


def test_a_checkpoint_that_is_packed_by_hand_would_be_read(tmp_path):
    # Else the hostile files above might be refused for no other reason than how they are made.
    _, good = saved(tmp_path)
    tensors, facts = files.unpack(good.read_bytes())
    assert files.pack(tensors, facts) == good.read_bytes()
