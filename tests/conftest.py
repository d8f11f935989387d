"""What all tests share: one thread each, kernels of their own, and MNIST."""

import os
import tempfile

# Before torch or a notebook's kernel starts: two of them run side by side, and two threads each on
# two cores are many times slower than one.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
# Kernels neither read a person's own start-up files nor write into their history.
if "IPYTHONDIR" not in os.environ:
    kernels_home = tempfile.TemporaryDirectory(prefix="lenet-course-", ignore_cleanup_errors=True)
    os.environ["IPYTHONDIR"] = kernels_home.name

import pytest  # noqa: E402


@pytest.fixture(scope="session")
def mnist():
    """The real digits, as `data.load()` gives them; never the fallback."""
    from lenet_course import data

    digits = data.load()
    if digits.name != "MNIST":
        pytest.fail(
            "The tests need MNIST, and it is neither in LENET_COURSE_DATA nor in the cache nor to "
            "be had from a mirror: run `lenet-course data` where there is a network, or set "
            "LENET_COURSE_DATA to a folder with the four files.",
            pytrace=False,
        )
    return digits
