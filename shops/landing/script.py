"""accord.js as it is served: an address per version, and one without version (specification 11). No database."""

import base64
import gzip
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lib.early_responses import EarlyRequest, EarlyResponse

FOLDER = Path(__file__).parent
# Versions that a release has shipped. Shops that name one with its hash can load nothing else.
OLD_VERSIONS = FOLDER / "versions"
_PATH = re.compile(r"/accord(?:-([0-9a-f]{8,64}))?\.js", re.ASCII)
_DIGITS = 16
_FOREVER, _AN_HOUR = "public, max-age=31536000, immutable", "public, max-age=3600"


class Script(NamedTuple):
    """A version: `digest` names it in its address, `integrity` is for the attribute of the script tag."""

    digest: str
    integrity: str
    body: bytes
    compressed: bytes


@cache
def get_current() -> Script:
    """Return the current version."""
    return _build_script(FOLDER / "accord.js")


@cache
def get_versions() -> dict[str, Script]:
    """Return {digest: version} of all versions."""
    scripts = [get_current(), *(_build_script(file) for file in OLD_VERSIONS.glob("*.js"))]
    return {script.digest: script for script in scripts}


def get_versioned_path() -> str:
    """Return the address of the current version."""
    return f"/accord-{get_current().digest}.js"


def is_script_path(path: str) -> bool:
    """Return whether the path is that of a script."""
    return path.startswith("/accord") and _PATH.fullmatch(path) is not None


def serve(request: EarlyRequest) -> EarlyResponse:
    """Return the response to a request that comes ahead of Django."""
    return respond(
        request.path,
        request.method,
        accept_encoding=request.headers.get("accept-encoding", ""),
        if_none_match=request.headers.get("if-none-match", ""),
    )


def respond(path: str, method: str, *, accept_encoding: str = "", if_none_match: str = "") -> EarlyResponse:
    """Return the response to a request for a script. An unknown version gets the current one, for an hour."""
    if method not in ("GET", "HEAD"):
        return EarlyResponse(405, "Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
    match = _PATH.fullmatch(path)
    version = get_versions().get(match[1] or "") if match else None
    script = version or get_current()
    is_compressed = "gzip" in accept_encoding.lower()
    etag = f'"{script.digest}{"-gzip" if is_compressed else ""}"'
    headers = [
        ("Cache-Control", _FOREVER if version else _AN_HOUR),
        ("ETag", etag),
        ("Vary", "Accept-Encoding"),
        # Pages of other hosts load it, also those that isolate themselves or check its hash.
        ("Access-Control-Allow-Origin", "*"),
        ("Cross-Origin-Resource-Policy", "cross-origin"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    if etag in if_none_match:
        return EarlyResponse(304, "Not Modified", headers)
    body = script.compressed if is_compressed else script.body
    headers += [("Content-Type", "text/javascript; charset=utf-8"), ("Content-Length", str(len(body)))]
    if is_compressed:
        headers.append(("Content-Encoding", "gzip"))
    return EarlyResponse(200, "OK", headers, b"" if method == "HEAD" else body)


def _build_script(file: Path) -> Script:
    body = file.read_bytes()
    integrity = base64.b64encode(hashlib.sha384(body).digest()).decode()
    return Script(
        hashlib.sha256(body).hexdigest()[:_DIGITS], f"sha384-{integrity}", body, gzip.compress(body, 9, mtime=0)
    )
