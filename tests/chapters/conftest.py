"""The digits that a chapter finds while it is tested."""

import warnings

import pytest


@pytest.fixture
def with_stand_in(monkeypatch, tmp_path):
    """The digits that need no download in MNIST's place."""
    monkeypatch.delenv("LENET_COURSE_DATA", raising=False)
    monkeypatch.setenv("LENET_COURSE_OFFLINE", "1")
    monkeypatch.setenv("LENET_COURSE_CACHE", str(tmp_path))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="MNIST is not here")
        yield
