"""One file: whole or not there, signed, and on any device the same."""

import errno
import os
import platform
import re
import stat
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from small_runs import Run, saved

from lenet_course import checkpoints
from lenet_course.checkpoints import CheckpointError, DamagedError, files


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(3),
        torch.tensor(True),
        torch.zeros(0, 3),
        torch.arange(5, dtype=torch.int16),
        torch.rand(2, 3, dtype=torch.float64),
        torch.tensor([float("nan"), float("inf"), -0.0]),
        torch.rand(4).bfloat16(),
        torch.zeros(1).expand(3, 4),
        torch.arange(6).reshape(2, 3).T,
        torch.rand(6)[::2],
        torch.rand(2, requires_grad=True),
        torch.rand(2, 3, 4, 5).contiguous(memory_format=torch.channels_last),
        torch.get_rng_state(),
    ],
    ids=lambda tensor: f"{tuple(tensor.shape)} {tensor.dtype}",
)
def test_every_kind_of_tensor_comes_back_to_the_last_bit(tensor):
    (again,) = files.unpack(files.pack({"it": tensor}, {}))[0].values()
    plain = tensor.detach().contiguous()
    assert (again.shape, again.dtype) == (plain.shape, plain.dtype)
    assert torch.equal(again.view(-1).view(torch.uint8), plain.view(-1).view(torch.uint8))


def test_tensors_that_share_memory_are_kept_each():
    whole = torch.arange(6.0)
    again, _ = files.unpack(files.pack({"all": whole, "half": whole[:3], "same": whole}, {}))
    assert torch.equal(again["all"], whole)
    assert torch.equal(again["half"], whole[:3])
    assert torch.equal(again["same"], whole)


def test_the_same_state_makes_the_same_file(tmp_path):
    _, path = saved(tmp_path)
    state = checkpoints.load(path)
    assert checkpoints.save(tmp_path / "again", state).read_bytes() == path.read_bytes()


def test_a_name_tells_the_step_and_signs_the_content(tmp_path):
    _, path = saved(tmp_path)
    assert re.fullmatch(r"step-00000005-[0-9a-f]{16}\.safetensors", path.name)
    assert files.digest(path.read_bytes()) in path.name


def test_anything_that_reads_safetensors_reads_a_checkpoint(tmp_path):
    from safetensors.torch import load_file

    run, path = saved(tmp_path)
    weight = load_file(path)["model.3.weight"]
    assert torch.equal(weight, run.model[3].weight)


def test_a_file_carries_no_device_and_no_name_of_a_person_machine_or_folder(tmp_path):
    _, path = saved(tmp_path / "a-folder-with-a-name")
    content = path.read_bytes()
    names = {Path.home().name, Path.home().as_posix(), platform.node(), "a-folder-with-a-name"}
    names |= {os.environ.get("USER", ""), os.environ.get("LOGNAME", ""), tmp_path.as_posix()}
    length = int.from_bytes(content[:8], "little")
    header = content[8 : 8 + length].decode()
    words = set(re.findall(r"[\w.-]+", header))
    assert not {
        name for name in names if name in words or (name.startswith("/") and name in header)
    }
    assert not re.search(r"/|cuda:|\\\\\\\\", header)


def test_a_file_whose_name_was_changed_is_refused(tmp_path):
    _, path = saved(tmp_path)
    with pytest.raises(CheckpointError, match="does not end in a signature"):
        checkpoints.load(path.rename(tmp_path / "mine.safetensors"))


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read: No such file") as caught:
        checkpoints.load(tmp_path / "step-00000001-0123456789abcdef.safetensors")
    assert not isinstance(caught.value, DamagedError)


def test_a_file_too_large_to_be_one_is_not_opened(tmp_path):
    path = tmp_path / "step-00000001-0123456789abcdef.safetensors"
    with path.open("wb") as file:
        file.truncate(files.LARGEST + 1)
    with pytest.raises(DamagedError, match="It was not opened"):
        checkpoints.load(path)


def test_what_could_not_be_read_again_is_not_written(monkeypatch):
    with pytest.raises(CheckpointError, match="could not be read again"):
        files.pack({}, {"words": "x" * files.LONGEST})
    monkeypatch.setattr(files, "LARGEST", 1000)
    with pytest.raises(CheckpointError, match="could not be read again"):
        files.pack({"it": torch.zeros(300)}, {})


# Trouble while writing


def refuse(number):
    def refusing(*arguments, **more):
        raise OSError(number, os.strerror(number))

    return refusing


class FullFile:
    """Stands for a file on a disk that fills up half way."""

    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.file.close()

    def write(self, content):
        self.file.write(content[: len(content) // 2])
        self.file.flush()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


TROUBLE = {
    "the disk fills up while it is written": (
        os,
        "fdopen",
        lambda handle, mode, fdopen=os.fdopen: FullFile(fdopen(handle, mode)),
    ),
    "the disk is full when it is pushed": (os, "fsync", refuse(errno.ENOSPC)),
    "the quota is used up": (os, "fsync", refuse(errno.EDQUOT)),
    "the folder is read-only": (tempfile, "mkstemp", refuse(errno.EROFS)),
    "the folder is somebody else's": (tempfile, "mkstemp", refuse(errno.EACCES)),
    "the file cannot be renamed": (Path, "replace", refuse(errno.EACCES)),
    "the disk is broken": (os, "fsync", refuse(errno.EIO)),
}


def check_refused(folder, act):
    """The message tells name, bytes needed and bytes free; nothing is changed, nothing left."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(CheckpointError) as caught:
        act()
    message = str(caught.value)
    assert re.search(r"\S+\.safetensors cannot be written", message)
    assert re.search(r"It needs [\d,]+ bytes, and [\d,]+ are free\.", message)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    return message


@pytest.mark.parametrize("trouble", TROUBLE)
def test_trouble_while_saving_leaves_everything_as_it_was(tmp_path, monkeypatch, trouble):
    _, path = saved(tmp_path)
    later = checkpoints.take(Run(width=9).model, run={"steps": 6})
    with monkeypatch.context() as patch:
        patch.setattr(*TROUBLE[trouble])
        check_refused(tmp_path, lambda: checkpoints.save(tmp_path, later))
    assert checkpoints.latest(tmp_path) == path


def test_a_disk_that_gives_back_other_bytes_is_noticed(tmp_path, monkeypatch):
    (tmp_path / "folder").mkdir()
    monkeypatch.setattr(Path, "read_bytes", lambda path: b"something else")
    with pytest.raises(CheckpointError, match="gives back other bytes"):
        checkpoints.save(tmp_path / "folder", checkpoints.take(Run().model))
    assert not list((tmp_path / "folder").iterdir())


def test_a_folder_that_could_not_be_pushed_to_the_disk_is_told_as_such(tmp_path, monkeypatch):
    push = os.fsync

    def files_only(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        push(handle)

    monkeypatch.setattr(os, "fsync", files_only)
    with pytest.raises(CheckpointError, match="is written, but its folder could not be pushed"):
        checkpoints.save(tmp_path, checkpoints.take(Run().model))
    assert checkpoints.latest(tmp_path)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps its rights elsewhere")
def test_a_file_may_be_read_by_whoever_may_read_other_files(tmp_path):
    (tmp_path / "other").write_bytes(b"")
    _, path = saved(tmp_path)
    assert path.stat().st_mode == (tmp_path / "other").stat().st_mode


def test_a_network_folder_that_cannot_be_pushed_to_the_disk_is_no_trouble(tmp_path, monkeypatch):
    push = os.fsync

    def files_only(handle):
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        push(handle)

    monkeypatch.setattr(os, "fsync", files_only)
    assert checkpoints.save(tmp_path, checkpoints.take(Run().model)).exists()


def test_a_real_limit_on_the_size_of_files(tmp_path):
    resource = pytest.importorskip("resource", reason="Windows has no such limit")
    _, path = saved(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    larger = checkpoints.take(Run(width=99).model, run={"steps": 6})

    def act():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        try:
            checkpoints.save(tmp_path, larger)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert "File too large" in check_refused(tmp_path, act)
    assert checkpoints.latest(tmp_path) == path


@contextmanager
def small_disk(place):
    """A disk of 64 kB in memory; needs the right to make one."""
    place.mkdir()
    make = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    try:
        subprocess.run(make, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine lets nobody mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_real_disk_that_is_full(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        _, path = saved(disk)
        larger = checkpoints.take(Run(width=999).model, run={"steps": 6})
        message = check_refused(disk, lambda: checkpoints.save(disk, larger))
        assert "No space left" in message
        free = int(re.search(r"([\d,]+) are free", message)[1].replace(",", ""))
        assert 0 <= free <= 64 * 1024
        assert checkpoints.latest(disk) == path


def test_a_real_disk_that_is_read_only(tmp_path):
    with small_disk(tmp_path / "disk") as disk:
        _, path = saved(disk)
        damaged = checkpoints.save(disk, checkpoints.take(Run().model, run={"steps": 6}))
        damaged.write_bytes(damaged.read_bytes()[:-1])
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.warns(UserWarning, match="passed over"):
            assert checkpoints.latest(disk) == path
        later = checkpoints.take(Run().model, run={"steps": 7})
        assert "Read-only" in check_refused(disk, lambda: checkpoints.save(disk, later))


def test_a_run_whose_disk_is_full_says_so_and_can_go_on_later(tmp_path, monkeypatch):
    whole = Run().fit()
    with monkeypatch.context() as patch:
        Run().fit(tmp_path, epochs=1)
        patch.setattr(os, "fsync", refuse(errno.ENOSPC))
        with pytest.raises(CheckpointError, match="Make room"):
            Run().fit(tmp_path)
    assert Run().fit(tmp_path).history == whole.history
