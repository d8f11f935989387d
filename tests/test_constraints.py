"""tools/constraints.py: the hashes beside the versions, from an index of one package."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import constraints
import install
import pytest

FILES = {
    "my_tool-1.2-py3-none-any.whl": "a" * 64,
    "my_tool-1.2-1-cp311-cp311-macosx_11_0_arm64.whl": "b" * 64,
    "my-tool-1.2.tar.gz": "c" * 64,
    "my_tool-1.2.1-py3-none-any.whl": "d" * 64,
    "my_tool-1.2rc1.tar.gz": "e" * 64,
    "my_tool-11.2.tar.gz": "f" * 64,
}


@pytest.fixture(scope="module")
def index():
    """An index on this machine, which speaks as the real one does."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            known = self.path == "/simple/my-tool/"
            self.send_response(200 if known else 404)
            self.end_headers()
            files = [{"filename": name, "hashes": {"sha256": sha}} for name, sha in FILES.items()]
            self.wfile.write(json.dumps({"files": files}).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


def test_a_version_has_the_hashes_of_its_files_on_every_system_and_of_no_other_version(index):
    assert constraints.with_hashes("My.Tool==1.2", index) == (
        f"My.Tool==1.2 \\\n    --hash=sha256:{'a' * 64} \\\n    --hash=sha256:{'b' * 64} \\\n"
        f"    --hash=sha256:{'c' * 64}\n"
    )


def test_a_version_that_the_index_does_not_have_is_named(index):
    with pytest.raises(install.InstallError, match="no file of my-tool==3"):
        constraints.with_hashes("my-tool==3", index)


def test_constraints_and_locked_files_are_written_together(index, monkeypatch, tmp_path):
    monkeypatch.setattr(install, "ROOT", tmp_path)
    constraints.write({"lab": ["my-tool==1.2"], "test": ["my-tool==11.2"]}, index)
    named = (tmp_path / "constraints.txt").read_text().splitlines()
    assert named[-2:] == ["my-tool==1.2", "my-tool==11.2"]
    assert (tmp_path / "locked/lab.txt").read_text().startswith("# What a learner needs, with the")
    assert (tmp_path / "locked/test.txt").read_text().endswith(f"--hash=sha256:{'f' * 64}\n")
