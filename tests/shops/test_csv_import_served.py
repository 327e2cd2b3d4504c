"""A file that is no file of orders, uploaded to the program behind its web server, is refused within a second, for 50 MiB at
most:"""

import re

import pytest
from django.conf import settings
from django.test import Client

from shops.models import OrderFile
from tests.factories import make_staff
from tests.shops.test_csv_import import BAD, GOOD
from tests.scenarios import create_program
from tests.web_server import run_web_server

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.serial, pytest.mark.slow]
TOKEN = "a" * 32
UPLOAD = "/admin/shops/orderfile/upload/"


def posted(content: bytes) -> bytes:
    """A form of one file, as browsers send it."""
    before = (
        '--X\r\nContent-Disposition: form-data; name="file"; filename="orders.csv"\r\nContent-Type: text/csv\r\n\r\n'
    )
    return before.encode() + content + b"\r\n--X--\r\n"


def test_of_any_size_and_form():
    create_program("2026-01-01")
    client = Client()
    client.force_login(make_staff("payout preparers"))
    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value, "csrftoken": TOKEN}
    headers = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X-CSRFToken": TOKEN,
        "Content-Type": "multipart/form-data; boundary=X",
    }
    with run_web_server() as server:
        # What is made once, for the first file, is no cost of a bad one.
        for _again in range(2):
            assert server.request("POST", UPLOAD, posted(GOOD[:50]), **headers).status == 200
        for name, (content, cause) in BAD.items():
            answer = server.request("POST", UPLOAD, posted(content), **headers)
            said = f"{name}: {answer.status} in {answer.seconds:.2f} s for {answer.mebibytes:.0f} MiB"
            assert answer.status == 200, said
            assert re.search(cause, answer.body.decode().replace("&quot;", '"')), said
            assert answer.seconds < 1, said
            assert answer.mebibytes < 50, said
    assert not OrderFile.objects.exists()
