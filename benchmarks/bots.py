"""Which share of public lists of bots passes as people, and whether a real device is taken for a bot.

    .venv/bin/python -m benchmarks.bots

Writes the table of docs/bots.md. Fetches the lists, which are test data of other packages, with pip and npm.
"""

import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import crawleruseragents
import yaml

from tracking.clicks.bot_lists import compile_lists, is_listed_bot
from tracking.clicks.user_agents import MAX_LENGTH

PAGE = Path(__file__).parents[1] / "docs" / "bots.md"
DEVICE_DETECTOR = "6.5.1"
ISBOT = "2.2.1"  # the last version that ships its list
# Files of matomo's fixtures that hold programs rather than devices.
NOT_DEVICES = ("bots", "feed_reader", "mediaplayer", "mobile_apps", "podcasting", "unknown", "clienthints")


class Row(NamedTuple):
    name: str
    total: int
    missed: list[str]


def main() -> None:
    compile_lists()
    with tempfile.TemporaryDirectory() as folder:
        rows = [measure(name, texts, bots=True) for name, texts in load_bots(Path(folder))]
        devices = measure("real devices", load_devices(Path(folder)), bots=False)
    table = write_table(rows, devices)
    print(table)
    for text in devices.missed:
        print(f"taken for a bot: {text}")
    text = PAGE.read_text()
    PAGE.write_text(re.sub(r"(?s)(<!-- shares -->\n).*(<!-- end of shares -->)", rf"\1{table}\2", text))


def load_bots(folder: Path) -> Iterable[tuple[str, list[str]]]:
    yield (
        f"crawler-user-agents {version('crawler-user-agents')}",
        [text for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for text in entry["instances"]],
    )
    detect = fetch_source(folder, "crawlerdetect", version("crawlerdetect"))
    yield f"CrawlerDetect {version('crawlerdetect')}", read_lines(detect / "tests/fixtures/user_agent/crawlers.txt")
    yield f"matomo, as in device-detector {DEVICE_DETECTOR}", read_fixtures(get_fixtures(folder) / "bots.yml")
    subprocess.run(["npm", "pack", "--silent", f"isbot@{ISBOT}"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    extract(folder / f"isbot-{ISBOT}.tgz")
    yield f"isbot {ISBOT}", read_lines(folder / "package" / "crawlers.txt")


def load_devices(folder: Path) -> list[str]:
    files = sorted(get_fixtures(folder).glob("*.yml"))
    return [text for file in files if not file.name.startswith(NOT_DEVICES) for text in read_fixtures(file)]


def get_fixtures(folder: Path) -> Path:
    return fetch_source(folder, "device-detector", DEVICE_DETECTOR) / "device_detector/tests/fixtures/upstream"


def fetch_source(folder: Path, name: str, release: str) -> Path:
    """Download the source of a package, which its tests are part of, unless it is there; return its folder."""
    unpacked = folder / f"{name.replace('-', '_')}-{release}"
    if not unpacked.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*pip, "--dest", str(folder), f"{name}=={release}"], check=True)
        extract(unpacked.with_name(f"{unpacked.name}.tar.gz"))
    return unpacked


def extract(archive: Path) -> None:
    with tarfile.open(archive) as file:
        file.extractall(archive.parent, filter="data")


def read_lines(path: Path) -> list[str]:
    return [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]


def read_fixtures(path: Path) -> list[str]:
    return [entry["user_agent"] for entry in yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)]


def measure(name: str, texts: Iterable[str], *, bots: bool) -> Row:
    different = set(texts)
    return Row(name, len(different), sorted(text for text in different if is_listed_bot(text[:MAX_LENGTH]) is not bots))


def write_table(rows: Iterable[Row], devices: Row) -> str:
    lines = ["| list | bots | pass as people | share |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {r.name} | {r.total:,} | {len(r.missed)} | {len(r.missed) / r.total:.1%} |" for r in rows]
    lost = f"Of {devices.total:,} real devices of matomo's list, {len(devices.missed)} is taken for a bot"
    return "\n".join(lines) + f"\n\n{lost}: {', '.join(f'`{text}`' for text in devices.missed) or 'none'}.\n"


if __name__ == "__main__":
    main()
