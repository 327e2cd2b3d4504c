"""Visits pages of the machine over TLS with curl, as a browser with cookies would."""

import re
import time

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.deploy.machine import Machine

SITE = "https://affiliates.example.com"


class Browser:
    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def get(self, path: str) -> str:
        """Return a page, after redirects. Fails unless its status is 200."""
        return self._run(f"'{SITE}{path}'")

    def download(self, path: str, name: str) -> bytes:
        self._run(f"--output {name} '{SITE}{path}'")
        return (self.machine.folder / name).read_bytes()

    def post(self, path: str, page: str = "", **fields: str) -> str:
        """Send the form of a page, which is read first unless it is given."""
        [token, *_] = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', page or self.get(path))
        data = " ".join(
            f"--data-urlencode '{name}={value}'" for name, value in {**fields, "csrfmiddlewaretoken": token}.items()
        )
        return self._run(f"--referer '{SITE}{path}' {data} '{SITE}{path}'")

    def sign_in_as_staff(self, email: str, password: str) -> None:
        """Sign in and set up the second factor, without which the admin is closed."""
        self.post("/accounts/login/", login=email, password=password)
        self.post("/accounts/reauthenticate/", password=password)
        page = self.get("/accounts/2fa/totp/activate/")
        secret = re.findall(r'data-copy="([A-Z2-7]{16,})"', page)[0]
        code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
        self.post("/accounts/2fa/totp/activate/", page, code=code)

    def _run(self, arguments: str) -> str:
        return self.machine.run(
            f"curl --silent --show-error --fail --location --cookie jar --cookie-jar jar {arguments}"
        )
