"""One list of dependencies in four languages, the files around it, and what Binder would build."""

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

import lenet_course

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}
MODULE_NAMES = {"pillow": "PIL", "scikit-learn": "sklearn", "ipython": "IPython"}
CONDA_ONLY = {"python", "pip"}

# What Google Colab has installed; there the course is added with --no-deps.
COLAB = {
    "anywidget": "0.9.21",
    "ipython": "7.34.0",
    "ipywidgets": "7.7.1",
    "matplotlib": "3.10.0",
    "numpy": "2.1.0",
    "packaging": "25.0",
    "pillow": "11.3.0",
    "pooch": "1.9.0",
    "requests": "2.32.4",
    "safetensors": "0.8.0",
    "scikit-learn": "1.6.1",
    "torch": "2.11.0",
    "tqdm": "4.67.1",
    "traitlets": "5.7.1",
}


def declared(*extras):
    """Name -> range of the dependencies of a learner, and of the extras named."""
    lines = list(PROJECT["dependencies"])
    for extra in extras:
        lines += PROJECT["optional-dependencies"][extra]
    found = [Requirement(line) for line in lines]
    return {
        canonicalize_name(one.name): one.specifier for one in found if one.name != "lenet-course"
    }


def constraints():
    """Name -> version of the exact versions that were tested."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


def conda(path):
    """Name -> (range, build) of what a conda file lists, under pip's names."""
    pip_names = {conda_name: name for name, conda_name in CONDA_NAMES.items()}
    lines = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))["dependencies"]
    parts = [
        re.fullmatch(r"([\w-]+) ?([^ ]*) ?(.*)", line) for line in lines if isinstance(line, str)
    ]
    return {
        pip_names.get(name, name): (span, build)
        for name, span, build in map(re.Match.groups, parts)
    }


def imported_modules():
    """The first names of what the package imports, itself and the standard library aside."""
    found = set()
    for path in (ROOT / "lenet_course").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                found.add(node.module.split(".")[0])
    return (
        found - set(sys.stdlib_module_names) - {"lenet_course", "google"}
    )  # google is Colab's own


EVERYTHING = declared("lab", "teach", "test")


@pytest.mark.parametrize("name", EVERYTHING)
def test_every_dependency_has_a_floor_and_a_ceiling(name):
    if name == "jupyter-repo2docker":
        pytest.skip("its versions are dates")
    signs = {part.operator for part in EVERYTHING[name]}
    assert signs in ({">=", "<"}, {"=="})


@pytest.mark.parametrize("name", EVERYTHING)
def test_the_tested_version_lies_in_the_range(name):
    assert constraints()[name] in EVERYTHING[name]


def test_constraints_name_exact_versions_that_any_machine_can_have():
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    assert all(
        re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in text.splitlines() if "#" not in line
    )
    assert "+cpu" not in text
    assert "lenet-course" not in constraints()


@pytest.mark.parametrize("name", declared())
def test_the_ranges_admit_what_colab_has(name):
    if name not in COLAB:
        pytest.skip("Colab's version is not known")
    assert COLAB[name] in declared()[name]


def test_torch_is_never_so_old_that_opening_a_checkpoint_is_unsafe():
    assert "2.9.1" not in declared()["torch"]


def test_jupyterlab_is_never_one_with_the_known_hole():
    assert "4.6.1" not in declared("lab")["jupyterlab"]


def locked(*levels):
    """Name -> (version, hashes) of what pip's hash mode installs."""
    text = "".join((ROOT / f"locked/{level}.txt").read_text(encoding="utf-8") for level in levels)
    blocks = re.findall(r"^([\w.-]+)==(\S+)((?: \\\n +--hash=sha256:[0-9a-f]{64})+)$", text, re.M)
    return {canonicalize_name(name): (version, hashes) for name, version, hashes in blocks}


def test_every_tested_version_is_locked_with_hashes_and_nothing_else_is():
    versions = {name: version for name, (version, _) in locked("lab", "teach", "test").items()}
    assert versions == constraints()


def test_each_level_locks_what_it_names():
    assert set(declared("lab")) <= set(locked("lab"))
    assert not set(locked("lab")) & set(locked("test"))
    assert {"pytest", "playwright", "ruff"} <= set(locked("test"))


def test_locked_files_hold_versions_and_hashes_and_no_address():
    for level in ("lab", "teach", "test"):
        lines = (ROOT / f"locked/{level}.txt").read_text(encoding="utf-8").splitlines()
        kinds = r"#.*|[\w.-]+==[\w.]+ \\|    --hash=sha256:[0-9a-f]{64}(?: \\)?"
        assert all(re.fullmatch(kinds, line) for line in lines)
        assert not [line for line in lines if "://" in line]


def test_conda_lists_what_pip_lists_with_the_same_ranges():
    listed = {
        name: SpecifierSet(span)
        for name, (span, _) in conda("environment.yml").items()
        if name not in CONDA_ONLY
    }
    assert listed == declared("lab")


def test_a_persons_own_machine_may_have_any_python_the_course_supports():
    span, _ = conda("environment.yml")["python"]
    supported = [line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if ":: 3." in line]
    assert [
        f"3.{minor}" for minor in range(9, 20) if f"3.{minor}" in SpecifierSet(span)
    ] == supported
    assert "3.11" in SpecifierSet(PROJECT["requires-python"])
    assert "3.10" not in SpecifierSet(PROJECT["requires-python"])


def test_everything_the_package_imports_is_declared():
    modules = {MODULE_NAMES.get(name, name.replace("-", "_")) for name in declared()}
    assert imported_modules() <= modules


def test_everything_declared_is_imported():
    modules = {MODULE_NAMES.get(name, name.replace("-", "_")) for name in declared()}
    assert modules <= imported_modules()


@pytest.mark.parametrize("name", EVERYTHING)
def test_contributing_says_why_each_dependency_is_there(name):
    assert re.search(
        rf"^\| `{name}` \| .+ \|$", (ROOT / "CONTRIBUTING.md").read_text("utf-8"), re.M
    )


def test_the_repositorys_address_and_the_version_agree_everywhere():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["repository-code"] == PROJECT["urls"]["Repository"]
    assert citation["version"] == lenet_course.__version__
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"git clone {PROJECT['urls']['Repository']}\n" in readme


def test_the_files_that_only_the_browser_reads_are_packaged():
    data = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
        "setuptools"
    ]
    patterns = data["package-data"]["*"]
    extra = [
        path for path in (ROOT / "lenet_course").rglob("*") if path.suffix not in {".py", ".pyc"}
    ]
    forgotten = [path for path in extra if path.is_file() and not any(map(path.match, patterns))]
    assert not forgotten


def test_binder_knows_every_key_of_its_environment():
    # repo2docker passes a misspelt key by in silence.
    keys = set(yaml.safe_load((ROOT / "binder/environment.yml").read_text(encoding="utf-8")))
    assert keys <= {"name", "channels", "dependencies"}


def test_binder_takes_one_exact_python_and_pip_from_conda_and_the_rest_is_checked_by_hash():
    assert conda("binder/environment.yml") == {"python": ("=3.11", ""), "pip": ("", "")}
    environment = yaml.safe_load((ROOT / "binder/environment.yml").read_text(encoding="utf-8"))
    assert environment["channels"] == ["conda-forge"]
    assert "--require-hashes" in (ROOT / "tools/install.py").read_text(encoding="utf-8")


def test_post_build_is_a_script_that_linux_can_run():
    path = ROOT / "binder" / "postBuild"
    content = path.read_bytes()
    assert content.startswith(b"#!/usr/bin/env bash\n")
    assert b"\r" not in content
    if os.name == "posix":
        assert os.access(path, os.X_OK)
    if shutil.which("bash"):
        subprocess.run(["bash", "-n", "binder/postBuild"], cwd=ROOT, check=True)


def test_post_build_installs_as_everybody_does_and_fetches_mnist():
    text = (ROOT / "binder" / "postBuild").read_text(encoding="utf-8")
    assert "python tools/install.py lab\n" in text
    assert "python -m lenet_course data" in text
    assert "pip install" not in text


@pytest.mark.skipif(sys.platform == "win32", reason="repo2docker does not run on Windows")
def test_what_binder_would_build(monkeypatch):
    from repo2docker.app import Repo2Docker

    monkeypatch.chdir(ROOT)
    app = Repo2Docker()
    packs = (pack(app.base_image) for pack in app.buildpacks)
    pack = next(pack for pack in packs if pack.detect())
    pack.platform = "linux/amd64"
    dockerfile = pack.render({"NB_UID": "1000", "NB_USER": "jovyan"})
    assert type(pack).__name__ == "CondaBuildPack"
    assert pack.python_version == "3.11"
    assert '--file "binder/environment.yml"' in dockerfile
    assert "RUN ./binder/postBuild" in dockerfile
    assert "clean --all" in dockerfile
    assert "cuda" not in dockerfile.lower()


WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))


def workflow(name="ci"):
    """What runs for everyone else, as a tree."""
    return yaml.safe_load((ROOT / f".github/workflows/{name}.yml").read_text(encoding="utf-8"))


def test_the_website_is_published_by_tag_by_a_job_that_may_do_nothing_else():
    site = workflow("site")
    assert site[True]["push"] == {"tags": ["v*"]}  # YAML reads `on` as a truth
    assert site["permissions"] == {"contents": "read"}
    assert "permissions" not in site["jobs"]["build"]
    assert site["jobs"]["publish"]["needs"] == "build"
    assert site["jobs"]["publish"]["permissions"] == {"pages": "write", "id-token": "write"}


def test_the_workflow_may_only_read():
    assert workflow()["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow()["jobs"].values())


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_names_its_actions_by_their_exact_commit(path):
    used = re.findall(r"uses: (\S+)", path.read_text(encoding="utf-8"))
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", name) for name in used)


def test_every_job_installs_what_is_checked_by_hash():
    for job in workflow()["jobs"].values():
        commands = [step["run"] for step in job["steps"] if "run" in step]
        installs = [line for line in commands if "pip install" in line or "make test" in line]
        assert "--require-hashes" in installs[0] or installs[0].startswith("make test")


def test_the_workflow_tries_every_python_the_course_supports():
    supported = [line.rsplit(" ", 1)[1] for line in PROJECT["classifiers"] if ":: 3." in line]
    assert workflow()["jobs"]["linux"]["strategy"]["matrix"]["python"] == supported


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_make_command_in_a_page_exists(page):
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    named = re.findall(r"(?:`|^ *)make ([a-z][\w-]*)", (ROOT / page).read_text("utf-8"), re.M)
    assert named
    assert set(named) <= targets


def test_readmes_pip_lines_name_the_tested_torch_and_existing_extras():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"torch==([\d.]+)", text)) == {constraints()["torch"]}
    assert set(re.findall(r"-e \"?\.\[(\w+)\]", text)) <= set(PROJECT["optional-dependencies"])


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_every_file_that_a_page_links_to_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#]+)\)", text)
    missing = [one for one in targets if "://" not in one and not (ROOT / one).exists()]
    assert not missing
