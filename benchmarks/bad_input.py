"""Measure how long the web server takes to refuse bad bodies of the orders API and bad order files.

    python -m benchmarks.bad_input [--rounds 3]

A row's value is the slowest body or file, in seconds, by the fastest of its rounds.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from benchmarks.own_database import own_database

if TYPE_CHECKING:
    from tests.web_server import MeasuredResponse

MAX_SECONDS = 1


def measure_rows(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield a row for the orders API and one for the upload of files."""
    with own_database("accord_bench_bad_input"):
        from accounts import api_keys
        from tests.scenarios import NOW, create_program
        from tests.shops import test_api_bad_input_served as api
        from tests.shops import test_csv_import_served as uploads
        from tests.web_server import run_web_server

        create_program("2026-01-01")
        secret = api_keys.create(name="the shop", now=NOW, by=None)[1]
        forms = {name: uploads.build_form(content) for name, (content, _cause) in uploads.BAD_FILES.items()}
        headers = uploads.build_headers()
        with run_web_server() as server:

            def send_body(name: str) -> "MeasuredResponse":
                (method, path), body, content_type, _status, _code = api.HUGE[name]
                more = {"Content-Encoding": "gzip"} if "gzip" in name else {}
                return server.request(method, path, body, **api.build_headers(secret, content_type, **more))

            def upload_file(name: str) -> "MeasuredResponse":
                return server.request("POST", uploads.UPLOAD, forms[name], **headers)

            yield _measure_row("bad bodies of the orders API", send_body, list(api.HUGE), rounds)
            yield _measure_row("bad order files", upload_file, list(forms), rounds)


def _measure_row(work: str, send: "Callable[[str], MeasuredResponse]", names: list[str], rounds: int) -> dict[str, Any]:
    send(names[0])  # warm up
    seconds = {name: min(send(name).seconds for _ in range(rounds)) for name in names}
    slowest = max(seconds, key=lambda name: seconds[name])
    return {
        "work": f"{work}: seconds until the slowest is refused",
        "value": round(seconds[slowest], 3),
        "at most": MAX_SECONDS,
        "slowest": slowest,
        "kinds": len(names),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    for row in measure_rows(parser.parse_args().rounds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
