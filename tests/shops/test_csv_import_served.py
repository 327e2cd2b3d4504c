"""Bad files uploaded through the web server are refused in 50 MiB of memory; `benchmarks/bad_input.py` measures time."""

import re
from functools import partial

import pytest
from django.conf import settings
from django.test import Client

from shops.models import OrderFile
from tests.factories import make_staff
from tests.scenarios import create_program
from tests.shops.test_csv_import_bad_files import BAD_FILES, GOOD
from tests.web_server import run_web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TOKEN = "a" * 32
UPLOAD = "/admin/shops/orderfile/upload/"


def build_form(content: bytes) -> bytes:
    """Return a form with one file, as browsers send it."""
    before = (
        '--X\r\nContent-Disposition: form-data; name="file"; filename="orders.csv"\r\nContent-Type: text/csv\r\n\r\n'
    )
    return before.encode() + content + b"\r\n--X--\r\n"


def build_headers() -> dict[str, str]:
    """Return the headers of a member of staff who uploads a form."""
    client = Client()
    client.force_login(make_staff("payout preparers"))
    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value, "csrftoken": TOKEN}
    return {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X-CSRFToken": TOKEN,
        "Content-Type": "multipart/form-data; boundary=X",
    }


def test_bad_file_is_refused_in_little_memory():
    create_program("2026-01-01")
    headers = build_headers()
    with run_web_server() as server:
        # Warm up, so that only the bad files are measured.
        for _repeat in range(2):
            assert server.request("POST", UPLOAD, build_form(GOOD[:50]), **headers).status == 200
        for name, (content, cause) in BAD_FILES.items():
            response = server.request_within(50, "POST", UPLOAD, partial(build_form, content), **headers)
            result = f"{name}: {response.status} for {response.mebibytes:.0f} MiB"
            assert response.status == 200, result
            assert re.search(cause, response.body.decode().replace("&quot;", '"')), result
            assert response.mebibytes < 50, result
    assert not OrderFile.objects.exists()
