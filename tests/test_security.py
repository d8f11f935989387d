"""No advice that opens a door, and pages that a reader need not trust to see them."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("chapters", "lenet_course", "tools", "binder", "benchmarks", ".github", ".ci")
KINDS = {".py", ".md", ".yml", ".txt", ".js", ".toml", ".cff", ".ipynb", ""}
FILES = [path for path in ROOT.iterdir() if path.is_file()]
FILES += [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.is_file()]
FILES = sorted(path for path in FILES if path.suffix in KINDS)

DOORS = {
    "a server that listens on all interfaces": r"0\.0\.0\.0|--ip[= ]|\.ip ?= ?|\bhost=['\"]['\"]",
    "a server without its token or password": (
        r"token ?= ?['\"]{2}|token=(?:\s|$)|(?:token|password)[^\n]{0,20}(?:switch|turn)\w* off"
        r"|--no-token|disable_check_xsrf|allow_origin|password ?= ?['\"]{2}"
    ),
    "a file that may run code when it is opened": r"weights_only ?= ?False|allow_pickle ?= ?True",
    "a connection that is not checked": r"verify ?= ?False|--trusted-host|ssl\._create_unverified",
    "a script from the web, run unread": r"(?:curl|wget)[^\n|]*\| *(?:sudo )?(?:ba)?sh",
    "trusting a notebook unread": r"jupyter[ -]trust",
}
# Chapter 11 shows what such a call does, on a harmless file of its own, and says so on the line.
ALLOWED = re.compile(r"weights_only=False\)  # never do this with a file from elsewhere")

SAFE_KINDS = {"image/png", "image/gif", "text/plain", "text/markdown", "text/html"}
# What JupyterLab leaves in place in a notebook that nobody has trusted.
SAFE_TAGS = {"table", "thead", "tbody", "tfoot", "tr", "th", "td", "caption", "details", "summary"}
SAFE_TAGS |= {"b", "i", "em", "strong", "code", "pre", "br", "p", "sub", "sup", "div", "span"}
SAFE_ATTRIBUTES = {"scope", "alt", "src", "title", "colspan", "rowspan"}
NOTEBOOKS = sorted((ROOT / "chapters").glob("*.ipynb"))


def test_the_search_covers_every_room():
    found = {path.relative_to(ROOT).parts[0] for path in FILES}
    assert {*ROOMS, "README.md", "CONTRIBUTING.md", "CHANGELOG.md", "Makefile"} <= found


@pytest.mark.parametrize("what", DOORS)
def test_nothing_here_advises(what):
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()[:120]}"
        for path in FILES
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(DOORS[what], line) and not ALLOWED.search(line)
    ]
    assert not found


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a server that listens on all interfaces", "jupyter lab --ip=0.0.0.0"),
        ("a server that listens on all interfaces", "jupyter lab --ip '*'"),
        ("a server without its token or password", "--IdentityProvider.token=''"),
        ("a server without its token or password", "jupyter lab --ServerApp.token= --no-browser"),
        ("a server without its token or password", "The token can be switched off."),
        ("a file that may run code when it is opened", "torch.load(path, weights_only=False)"),
        ("a connection that is not checked", "pip install --trusted-host here torch"),
        ("a script from the web, run unread", "curl -s https://example.org/x | sudo bash"),
        ("trusting a notebook unread", "jupyter trust chapters/*.ipynb"),
    ],
)
def test_such_advice_would_be_found(what, line):
    assert re.search(DOORS[what], line)


def outputs(path):
    """Each stored output that holds something to look at, with its cell's source."""
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            if "data" in output:
                yield cell.source, output.data


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_stored_output_shows_without_trust_and_without_a_kernel(path):
    for source, data in outputs(path):
        assert set(data) <= SAFE_KINDS, source
        assert data["text/plain"].strip(), source
        if set(data) == {"text/plain"}:  # a widget leaves its words: never a bare Python object
            assert not re.match(r"<[\w.]+ object\b|<IPython", data["text/plain"]), source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_is_written_in_html_is_left_in_place_by_jupyterlab(path):
    notebook = nbformat.read(path, as_version=4)
    pages = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    pages = [re.sub(r"```.*?```|`[^`\n]*`", "", page, flags=re.S) for page in pages]
    for text in [*pages, *(data["text/html"] for _, data in outputs(path) if "text/html" in data)]:
        tags = re.findall(r"<([a-zA-Z][a-zA-Z0-9]*)([^>]*)>", text)
        assert {name.lower() for name, _ in tags} <= SAFE_TAGS, text
        attributes = {name for _, rest in tags for name in re.findall(r"([\w-]+)\s*=", rest)}
        assert attributes <= SAFE_ATTRIBUTES, text
