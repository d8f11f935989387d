"""Asking a mirror for a file, and understanding what comes back instead.

Mirrors of MNIST have answered with 403 and 503, and with a web page under status 200; others may
send half a file, or fall silent. Each becomes a reason in words, and the next mirror is asked.
"""

from __future__ import annotations

import hashlib
import io
import os
import time
from urllib.parse import urlsplit

from .idx import LARGEST, DataError, looks_like_a_page, unpack

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "https://raw.githubusercontent.com/fgnt/mnist/master/",
)
"""Asked in this order. Each is a folder on the web that holds MNIST's four files as .gz."""

PATIENCE = 600.0
"""Seconds that one file may take in all, however slowly it drips."""


class DownloadError(DataError):
    """No mirror gave the file. The message has each mirror's reason."""


class AttemptError(Exception):
    """One attempt failed, for a reason that completes "the mirror ...".

    `again`: whether asking the same mirror once more may help.
    """

    def __init__(self, reason: str, again: bool) -> None:
        super().__init__(reason)
        self.again = again


def download(
    name: str, sha256: str, mirrors: list[str], timeout: float, retries: int, progress: bool
) -> bytearray:
    """The raw bytes of file `name`, whose hash is `sha256`, from the first mirror that has them.

    That mirror moves to the front of `mirrors`: a dead one costs its timeout once, not for every
    file. Raises DownloadError when none has them.
    """
    if not mirrors:
        raise DownloadError(
            f"{name} is not in the cache, and no mirror was asked. Unset LENET_COURSE_OFFLINE to "
            "have it downloaded, or set LENET_COURSE_DATA to a folder that holds MNIST's files."
        )
    reasons = []
    for mirror in list(mirrors):
        try:
            content = _ask_again(mirror, name, sha256, timeout, retries, progress)
        except AttemptError as failure:
            reasons.append(f"{urlsplit(mirror).netloc} {failure}")
        else:
            mirrors.remove(mirror)
            mirrors.insert(0, mirror)
            return content
    raise DownloadError(
        f"{name} could not be downloaded: {'; '.join(reasons)}. Check the connection and try "
        "again, or set LENET_COURSE_DATA to a folder that holds MNIST's files."
    )


def _ask_again(
    mirror: str, name: str, sha256: str, timeout: float, retries: int, progress: bool
) -> bytearray:
    """Ask one mirror, and up to `retries` more times where that may help. Raises AttemptError."""
    url = f"{mirror.rstrip('/')}/{name}.gz"
    for attempt in range(retries + 1):
        try:
            return ask(url, sha256, timeout, progress)
        except AttemptError as failure:
            if not failure.again or attempt == retries:
                raise
            time.sleep(timeout / 20 * 2**attempt)  # half a second, then one, for a timeout of 10
    raise AssertionError("every round of the loop returns or raises")


def ask(url: str, sha256: str, timeout: float, progress: bool = False) -> bytearray:
    """Download, unpack and check one file: its raw bytes. Raises AttemptError."""
    import requests
    from pooch import HTTPDownloader

    parcel = _Parcel(LARGEST, PATIENCE)
    bar = _bar(url) if progress else False
    try:
        HTTPDownloader(progressbar=bar, timeout=timeout)(url, parcel, None)
    except requests.RequestException as error:
        raise _failed(error, timeout) from error
    finally:
        if progress:
            bar.close()
    content = parcel.getvalue()
    if looks_like_a_page(content):
        raise AttemptError("sent a web page instead of the file", again=False)
    try:
        # Some servers add "Content-Encoding: gzip", and then the file arrives unpacked.
        raw = unpack(content, "the file")
    except DataError as error:
        raise AttemptError(f"sent a damaged file of {len(content):,} bytes", again=True) from error
    if hashlib.sha256(raw).hexdigest() != sha256:
        raise AttemptError("sent another file (its sha256 is wrong)", again=False)
    return raw


class _Parcel(io.BytesIO):
    """Takes a download in memory, and refuses what is too large or takes too long."""

    def __init__(self, limit: int, seconds: float) -> None:
        super().__init__()
        self.limit, self.seconds = limit, seconds
        self.deadline = time.monotonic() + seconds

    def write(self, chunk: bytes) -> int:
        if self.tell() + len(chunk) > self.limit:
            raise AttemptError(f"sent more than {self.limit:,} bytes", again=False)
        if time.monotonic() > self.deadline:
            raise AttemptError(f"was not done after {self.seconds:g} s", again=False)
        return super().write(chunk)


def _failed(error: Exception, timeout: float) -> AttemptError:
    """What went wrong, in words, and whether to ask again."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        status = error.response.status_code
        return AttemptError(
            f"answered {status} {error.response.reason}", again=status >= 500 or status == 429
        )
    if isinstance(error, requests.ConnectTimeout):
        return AttemptError(f"did not answer within {timeout:g} s", again=False)
    # Silence in the middle of a file reaches us as a ConnectionError with this text.
    if isinstance(error, requests.Timeout) or "Read timed out" in str(error):
        return AttemptError(f"fell silent for {timeout:g} s", again=True)
    if isinstance(error, requests.exceptions.SSLError):
        return AttemptError("has a certificate that was not accepted", again=False)
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return AttemptError("broke off in the middle of the file", again=True)
    if isinstance(error, requests.ConnectionError):
        return AttemptError("could not be reached", again=True)
    return AttemptError(f"sent what could not be read ({type(error).__name__})", again=False)


def _bar(url: str):
    from tqdm import tqdm

    name = url.rsplit("/", 1)[-1]
    # total=1 until the mirror says how much it will send: pooch takes a bar of 0 for no bar.
    return tqdm(total=1, desc=name, unit="B", unit_scale=True, ncols=79, ascii=os.name == "nt")
