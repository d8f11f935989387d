"""Whatever a mirror, a disk or a neighbour does: the right bytes, or one clear message.

Everything is tried against a server on this machine's own loopback address, with two small files
of known sha256 in the place of MNIST's four.
"""

import contextlib
import errno
import gzip
import hashlib
import os
import subprocess
import sys
import tempfile
import threading
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from lenet_course import data, downloads, mirrors
from lenet_course.idx import LARGEST, DataError
from lenet_course.mirrors import DownloadError

REPOSITORY = Path(__file__).resolve().parents[1]

IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
RAW = {
    IMAGES: bytes([0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0, 0, 28]) + bytes(range(196)) * 36,
    LABELS: bytes([0, 0, 8, 1, 0, 0, 0, 9, 5, 0, 4, 1, 9, 2, 1, 3, 1]),
}
FILES = {name: hashlib.sha256(raw).hexdigest() for name, raw in RAW.items()}


class Server(ThreadingHTTPServer):
    """Mirrors of every kind: the first part of an address says how it behaves."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []
        self.packed = {f"{name}.gz": gzip.compress(raw) for name, raw in RAW.items()}
        self.half_sent = threading.Event()
        self.closing = threading.Event()
        self.both_have_come = threading.Barrier(2)

    def mirror(self, behaviour):
        return f"http://127.0.0.1:{self.server_port}/{behaviour}"

    def count(self, behaviour):
        return sum(path.startswith(f"/{behaviour}/") for path in self.asked)

    def handle_error(self, request, client_address):
        """A client that hangs up is part of the tests."""


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        _, behaviour, name = self.path.split("/")
        getattr(self, behaviour)(name, self.server.packed.get(name, b""))

    def answer(self, body, status=200, length=None, **headers):
        self.send_response(status)
        if length != 0:
            self.send_header("Content-Length", str(length or len(body)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def good(self, name, packed):
        self.answer(packed)

    def raw(self, name, packed):
        self.answer(gzip.decompress(packed))

    def encoded(self, name, packed):
        self.answer(packed, Content_Encoding="gzip")

    def wrong(self, name, packed):
        self.answer(gzip.compress(b"some other file"))

    def page(self, name, packed):
        self.answer(b"\n<!DOCTYPE html><title>Back soon</title>", Content_Type="text/html")

    def status403(self, name, packed):
        self.answer(b"<Error>AccessDenied</Error>", status=403)

    def status404(self, name, packed):
        self.answer(b"not found", status=404)

    def status503(self, name, packed):
        self.answer(b"slow down", status=503)

    def hiccup(self, name, packed):
        first = self.server.count("hiccup") == 1
        self.answer(b"slow down" if first else packed, status=503 if first else 200)

    def short(self, name, packed):
        self.answer(packed[: len(packed) // 2], length=len(packed))

    def short_unannounced(self, name, packed):
        self.answer(packed[: len(packed) // 2], length=0)

    def stall(self, name, packed):
        self.answer(packed[: len(packed) // 2], length=len(packed))
        self.server.half_sent.set()
        self.server.closing.wait(30)

    def silence(self, name, packed):
        self.server.closing.wait(30)

    def bomb(self, name, packed):
        self.answer(gzip.compress(bytes(LARGEST + 1), compresslevel=1))

    def together(self, name, packed):
        if name.startswith(IMAGES):  # the second file may have come from the other process's work
            self.server.both_have_come.wait(30)
        self.answer(packed)


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.closing.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path, monkeypatch):
    for variable in ("LENET_COURSE_DATA", "LENET_COURSE_OFFLINE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("LENET_COURSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def fetch(server, cache):
    def from_mirrors(*behaviours, **options):
        # Waited for a short while only where nothing will come: a busy machine may be slow.
        silent = {"stall", "silence"} & set(behaviours)
        timeout = options.pop("timeout", 0.4 if silent else 30)
        addresses = [server.mirror(behaviour) for behaviour in behaviours]
        return downloads.fetch(FILES, addresses, cache, timeout=timeout, **options)

    return from_mirrors


@contextlib.contextmanager
def silence():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def fill(folder, contents):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        (folder / name).write_bytes(content)


def held_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


# Mirrors


def test_a_good_mirror_fills_the_cache_with_raw_files_and_nothing_else(fetch, cache):
    with silence():
        assert fetch("good") == RAW
    assert held_in(cache) == RAW


def test_what_is_in_the_cache_is_not_asked_for_again(fetch, server):
    fetch("good")
    assert fetch("good") == RAW
    assert server.count("good") == len(FILES)


@pytest.mark.parametrize("behaviour", ["raw", "encoded"])
def test_a_file_that_arrives_unpacked_serves_as_well(fetch, behaviour):
    assert fetch(behaviour) == RAW


FAULTS = {
    "wrong": "sent another file .its sha256 is wrong",
    "page": "sent a web page instead of the file",
    "status403": "answered 403 Forbidden",
    "status404": "answered 404 Not Found",
    "status503": "answered 503 Service Unavailable",
    "stall": r"fell silent for 0\.4 s",
    "silence": r"fell silent for 0\.4 s",
    "short": "broke off in the middle of the file",
    "short_unannounced": r"sent a damaged file of \d+ bytes",
    "bomb": r"sent a damaged file of [\d,]+ bytes",
}


@pytest.mark.parametrize("behaviour", FAULTS)
def test_a_faulty_mirror_is_followed_by_the_next(fetch, cache, behaviour):
    with silence():
        assert fetch(behaviour, "good", retries=0) == RAW
    assert held_in(cache) == RAW


@pytest.mark.parametrize("behaviour", FAULTS)
def test_a_fault_on_every_mirror_is_one_clear_message(fetch, cache, behaviour):
    with pytest.raises(DownloadError) as caught:
        fetch(behaviour, retries=0)
    assert caught.match(rf"^{IMAGES} could not be downloaded: 127\.0\.0\.1:\d+ {FAULTS[behaviour]}")
    assert caught.match("set LENET_COURSE_DATA to a folder")
    assert "\n" not in str(caught.value)
    assert not cache.exists()


def test_every_mirror_asked_gives_its_reason(fetch):
    with pytest.raises(DownloadError, match=r"answered 403 .*; .* sent a web page .*; .* 404"):
        fetch("status403", "page", "status404")


def test_a_mirror_that_is_not_there_is_followed_by_the_next(server, cache):
    nobody = "http://127.0.0.1:1/"
    with pytest.raises(DownloadError, match=r"127\.0\.0\.1:1 (could not be reached|did not)"):
        downloads.fetch(FILES, [nobody], cache, timeout=0.2)
    good = server.mirror("good")
    assert downloads.fetch(FILES, [nobody, good], cache, timeout=0.2) == RAW


def test_a_hiccup_is_outlived_by_asking_again(fetch, server):
    assert fetch("hiccup", retries=1) == RAW
    assert server.count("hiccup") == 1 + len(FILES)


@pytest.mark.parametrize(
    ("behaviour", "times"), [("status503", 3), ("short", 3), ("status403", 1), ("page", 1)]
)
def test_a_mirror_is_asked_again_only_where_that_may_help(fetch, server, behaviour, times):
    with pytest.raises(DownloadError):
        fetch(behaviour, retries=2)
    assert server.count(behaviour) == times


def test_a_dead_mirror_costs_its_timeout_once_not_for_every_file(fetch, server):
    assert fetch("silence", "good", retries=0) == RAW
    assert server.count("silence") == 1


def test_a_file_too_large_to_be_digits_is_not_taken(fetch, monkeypatch):
    monkeypatch.setattr(mirrors, "LARGEST", 50)
    with pytest.raises(DownloadError, match="sent more than 50 bytes"):
        fetch("good")


def test_a_file_that_drips_for_ever_is_given_up(fetch, monkeypatch):
    monkeypatch.setattr(mirrors, "PATIENCE", -1.0)
    with pytest.raises(DownloadError, match="was not done after"):
        fetch("good")


def test_progress_is_shown_when_asked_for_and_not_to_a_log(fetch, cache, capsys):
    fetch("good", progress=True)
    assert f"{IMAGES}.gz: 100%" in capsys.readouterr().err
    for path in cache.iterdir():
        path.unlink()
    fetch("good")
    assert capsys.readouterr().err == ""


def test_the_real_mirrors_are_https_only():
    assert len(mirrors.MIRRORS) >= 2
    assert all(address.startswith("https://") for address in mirrors.MIRRORS)


# Offline


def test_offline_with_a_cache_all_is_well(fetch, cache):
    fill(cache, RAW)
    with silence():
        assert fetch() == RAW


def test_offline_without_a_cache_is_one_clear_message(fetch):
    with pytest.raises(DownloadError, match=r"no mirror was asked\. Unset LENET_COURSE_OFFLINE"):
        fetch()


@pytest.mark.parametrize(("value", "asked"), [("1", 0), ("true", 0), ("0", 2), ("", 2)])
def test_the_variable_keeps_us_off_the_network(server, cache, monkeypatch, value, asked):
    monkeypatch.setattr(downloads, "MIRRORS", [server.mirror("good")])
    monkeypatch.setenv("LENET_COURSE_OFFLINE", value)
    with contextlib.suppress(DownloadError):
        downloads.fetch(FILES)
    assert len(server.asked) == asked


# The cache


@pytest.mark.parametrize("content", [b"", b"half", RAW[IMAGES] + b"!", RAW[LABELS]])
def test_a_damaged_file_in_the_cache_is_set_aside_aloud_and_fetched_again(fetch, cache, content):
    fill(cache, {**RAW, IMAGES: content})
    with pytest.warns(UserWarning, match=rf"is damaged .* now called {IMAGES}\.damaged"):
        assert fetch("good") == RAW
    assert held_in(cache) == {**RAW, f"{IMAGES}.damaged": content}


def test_looking_at_the_cache_changes_nothing(cache):
    assert downloads.held(cache, FILES) == []
    fill(cache, {**RAW, IMAGES: b"half"})
    with silence():
        assert downloads.held(cache, FILES) == [LABELS]
    assert held_in(cache) == {**RAW, IMAGES: b"half"}


def refuse(number):
    def method(*arguments, **options):
        raise OSError(number, os.strerror(number))

    return method


UNWRITABLE = {
    "a folder that may not be made": (Path, "mkdir", errno.EACCES),
    "a read-only disk": (tempfile, "TemporaryDirectory", errno.EROFS),
    "a full disk": (Path, "write_bytes", errno.ENOSPC),
    "a move that is refused": (Path, "replace", errno.EACCES),
}


@pytest.mark.parametrize("case", UNWRITABLE)
def test_a_cache_that_cannot_be_written_to_stops_nobody(fetch, cache, monkeypatch, case):
    owner, method, number = UNWRITABLE[case]
    with monkeypatch.context() as patch:
        patch.setattr(owner, method, refuse(number))
        with pytest.warns(UserWarning) as told:
            assert fetch("good") == RAW
    assert len(told) == 1
    assert os.strerror(number) in str(told[0].message)
    assert "set LENET_COURSE_CACHE to a folder that you may write to" in str(told[0].message)
    assert not cache.exists() or held_in(cache) == {}


def test_a_file_where_the_cache_should_be_stops_nobody(fetch, cache):
    cache.write_text("not a folder")
    with pytest.warns(UserWarning, match="could not be kept"):
        assert fetch("good") == RAW
    assert cache.read_text() == "not a folder"


def test_a_read_only_cache_that_is_filled_is_never_written_to(fetch, cache, monkeypatch):
    fill(cache, RAW)
    for owner, method, _ in UNWRITABLE.values():
        monkeypatch.setattr(owner, method, refuse(errno.EROFS))
    with silence():
        assert fetch("good") == RAW


def test_a_damaged_file_in_a_read_only_cache_is_not_used(fetch, cache, monkeypatch):
    fill(cache, {**RAW, IMAGES: b"half"})
    monkeypatch.setattr(Path, "replace", refuse(errno.EROFS))
    with pytest.warns(UserWarning) as told:
        assert fetch("good") == RAW
    assert "is damaged and was not used. It could not be renamed" in str(told[0].message)
    assert "could not be kept" in str(told[1].message)


def test_a_file_that_another_process_has_just_kept_is_no_failure(fetch, cache, monkeypatch):
    def other_was_first(self, target):
        Path(target).write_bytes(self.read_bytes())
        raise PermissionError(errno.EACCES, "in use")  # as Windows says of an open file

    monkeypatch.setattr(Path, "replace", other_was_first)
    with silence():
        assert fetch("good") == RAW


def test_the_cache_is_where_the_variable_says_or_where_the_system_keeps_such(monkeypatch, cache):
    assert downloads.cache_folder() == cache
    monkeypatch.delenv("LENET_COURSE_CACHE")
    assert downloads.cache_folder().name == "lenet-course"


# Other processes


def start(cache, address, before=""):
    code = (
        "import sys, time, pathlib, hashlib\nfrom lenet_course import downloads\n"
        f"{before}\n"
        f"got = downloads.fetch({FILES!r}, [{address!r}], {str(cache)!r}, timeout=20)\n"
        "print([hashlib.sha256(content).hexdigest() for content in got.values()])\n"
    )
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def test_a_process_killed_while_downloading_leaves_no_file(fetch, server, cache):
    process = start(cache, server.mirror("stall"))
    assert server.half_sent.wait(30)
    process.kill()
    process.communicate()
    assert not cache.exists()
    assert fetch("good") == RAW
    assert held_in(cache) == RAW


def test_a_process_killed_while_writing_leaves_a_part_that_is_swept_later(fetch, server, cache):
    wait = "pathlib.Path.replace = lambda *a: (print('written', flush=True), time.sleep(60))"
    process = start(cache, server.mirror("good"), before=wait)
    assert process.stdout.readline() == "written\n"
    process.kill()
    process.communicate()
    (part,) = cache.iterdir()
    assert part.name.startswith(downloads.PART)
    os.utime(part, (0, 0))
    with silence():
        assert fetch("good") == RAW
    assert held_in(cache) == RAW


def test_a_part_that_someone_may_still_be_writing_is_left_alone(fetch, cache):
    part = cache / f"{downloads.PART}young"
    part.mkdir(parents=True)
    assert fetch("good") == RAW
    assert part.exists()


@pytest.mark.parametrize("before", [{}, {IMAGES: b"half"}])
@pytest.mark.filterwarnings("ignore")
def test_two_processes_at_once_both_end_with_the_right_bytes(server, cache, before):
    fill(cache, before)
    processes = [start(cache, server.mirror("together")) for _ in range(2)]
    answers = [process.communicate(timeout=60)[0].strip() for process in processes]
    assert answers == [str(list(FILES.values()))] * 2
    held = held_in(cache)
    held.pop(f"{IMAGES}.damaged", None)
    assert held == RAW


# A folder of one's own


@pytest.mark.parametrize("end", ["", ".gz"])
@pytest.mark.parametrize("middle", ["-idx", ".idx"])
def test_a_folder_may_hold_raw_or_packed_files_under_either_spelling(tmp_path, end, middle):
    for name, raw in RAW.items():
        content = gzip.compress(raw) if end else raw
        (tmp_path / (name.replace("-idx", middle) + end)).write_bytes(content)
    assert downloads.read_folder(tmp_path, FILES) == RAW


def test_a_folder_that_is_none_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"There is no folder .*away\. Name the folder that holds"):
        downloads.read_folder(tmp_path / "away", FILES)


def test_a_missing_file_is_named(tmp_path):
    fill(tmp_path, {IMAGES: RAW[IMAGES]})
    with pytest.raises(DataError, match=rf"has no file {LABELS} or {LABELS}\.gz\. Put"):
        downloads.read_folder(tmp_path, FILES)


@pytest.mark.parametrize("content", [b"", b"half", RAW[LABELS], b"<html>"])
def test_a_file_with_the_wrong_hash_is_named(tmp_path, content):
    fill(tmp_path, {**RAW, IMAGES: content})
    with pytest.raises(DataError, match=rf"{IMAGES} is not MNIST's file: .* {FILES[IMAGES][:12]}"):
        downloads.read_folder(tmp_path, FILES)


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch):
    fill(tmp_path, RAW)
    monkeypatch.setattr(Path, "open", refuse(errno.EACCES))
    with pytest.raises(DataError, match=rf"{IMAGES} cannot be read \(Permission denied\)\. Copy"):
        downloads.read_folder(tmp_path, FILES)


def test_the_variable_that_names_a_folder_comes_first(cache, tmp_path, monkeypatch):
    fill(cache, RAW)
    monkeypatch.setattr(downloads, "FILES", FILES)
    monkeypatch.setenv("LENET_COURSE_DATA", str(tmp_path / "away"))
    with pytest.raises(DataError, match="There is no folder") as caught:
        downloads.mnist()
    assert not isinstance(caught.value, DownloadError)  # so that nothing else is taken instead


# The real files


@pytest.fixture(scope="module")
def real(mnist):
    """The raw bytes of MNIST's four files, read before a test points the variables elsewhere."""
    return downloads.mnist()[0]


def test_mnist_itself_is_fetched_checked_kept_and_loaded(real, server, cache, monkeypatch):
    server.packed = {f"{name}.gz": gzip.compress(raw, 1) for name, raw in real.items()}
    monkeypatch.setattr(downloads, "MIRRORS", [server.mirror("page"), server.mirror("good")])
    with silence():
        digits = data.load()
    assert digits.name == "MNIST"
    assert downloads.held(cache) == list(downloads.FILES)
    monkeypatch.setenv("LENET_COURSE_OFFLINE", "1")
    assert data.load().test.images.equal(digits.test.images)
