"""accord.js as it is served (specification 11)."""

import base64
import gzip
import hashlib
import re

import pytest
from django.test import Client

from shops.landing import script
from tests.early_requests import request_asgi, request_wsgi

CURRENT = script.get_versioned_path()


def get(path, method="GET", **headers):
    return script.respond(path, method, **headers)


def test_script_is_smaller_than_2_kib_compressed():
    assert len(script.get_current().compressed) < 2048
    assert gzip.decompress(script.get_current().compressed) == script.get_current().body


def test_script_is_safe_for_a_strict_content_security_policy():
    text = script.get_current().body.decode()
    assert not re.search(
        r"\beval\b|new Function|innerHTML|insertAdjacentHTML|document\.write|\.style\b|https?://(?!buy\.stripe)", text
    )


def test_versioned_address_is_cached_for_a_year():
    response = get(CURRENT)
    headers = dict(response.headers)
    assert (response.status, response.body) == (200, script.get_current().body)
    assert headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Content-Length"] == str(len(response.body))


@pytest.mark.parametrize("path", ["/accord.js", "/accord-00112233.js", "/accord-" + "0" * 64 + ".js"])
def test_address_without_known_version_is_cached_for_an_hour(path):
    response = get(path)
    assert (response.status, response.body) == (200, script.get_current().body)
    assert dict(response.headers)["Cache-Control"] == "public, max-age=3600"


def test_digest_and_integrity_are_those_of_the_bytes():
    current = script.get_current()
    assert hashlib.sha256(current.body).hexdigest().startswith(current.digest)
    assert current.integrity == "sha384-" + base64.b64encode(hashlib.sha384(current.body).digest()).decode()


def test_version_of_an_earlier_release_keeps_its_bytes(tmp_path, monkeypatch):
    old = b"// an earlier version"
    digest = hashlib.sha256(old).hexdigest()[:16]
    (tmp_path / f"accord-{digest}.js").write_bytes(old)
    monkeypatch.setattr(script, "OLD_VERSIONS", tmp_path)
    script.get_versions.cache_clear()
    response = get(f"/accord-{digest}.js")
    script.get_versions.cache_clear()
    assert (response.body, dict(response.headers)["Cache-Control"]) == (old, "public, max-age=31536000, immutable")


def test_files_of_earlier_versions_are_unchanged():
    files = list(script.OLD_VERSIONS.glob("*.js"))
    names = [f"accord-{hashlib.sha256(file.read_bytes()).hexdigest()[:16]}.js" for file in files]
    assert [file.name for file in files] == names


def test_compressed_response_is_marked():
    response = get(CURRENT, accept_encoding="br, GZIP")
    headers = dict(response.headers)
    assert gzip.decompress(response.body) == script.get_current().body
    assert (headers["Content-Encoding"], headers["Vary"]) == ("gzip", "Accept-Encoding")
    assert headers["ETag"] != dict(get(CURRENT).headers)["ETag"]


def test_unchanged_script_is_not_sent_again():
    response = get("/accord.js", if_none_match=dict(get("/accord.js").headers)["ETag"])
    assert (response.status, response.body) == (304, b"")
    assert get("/accord.js", if_none_match='"other"').status == 200


def test_methods():
    head = get(CURRENT, "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert dict(head.headers)["Content-Length"] == str(len(script.get_current().body))
    refused = get(CURRENT, "POST")
    assert (refused.status, dict(refused.headers)["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    "path", ["/accord.css", "/accord.js/", "/accord-.js", "/accord-xyz12345.js", "/accord-١١١١١١١١.js"]
)
def test_other_paths_are_not_the_script(path):
    assert not script.is_script_path(path)


def serve_by_wsgi(path):
    return request_wsgi(path, accept_encoding="gzip")


def serve_by_asgi(path):
    return request_asgi(path, accept_encoding="gzip")


def serve_by_django(path):
    response = Client().get(path, headers={"Accept-Encoding": "gzip"})
    return response.status_code, {name.lower(): value for name, value in response.headers.items()}, response.content


@pytest.mark.parametrize("path", ["/accord.js", CURRENT, "/accord-0123456789abcdef.js"])
def test_every_server_serves_the_same(path):
    expected = script.respond(path, "GET", accept_encoding="gzip")
    for serve in (serve_by_wsgi, serve_by_asgi, serve_by_django):
        status, headers, body = serve(path)
        assert (status, body) == (200, expected.body)
        # Django's own middleware adds to it.
        assert "Accept-Encoding" in headers["vary"]
        assert {name.lower(): value for name, value in expected.headers if name != "Vary"}.items() <= headers.items()
        assert "set-cookie" not in headers
