"""The files of deploy/, checked by the programs that read them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from config.variables import SECTIONS

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy/systemd"


def run(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_knows_every_line_of_the_units(tmp_path: Path) -> None:
    for file in UNITS.iterdir():
        # Programs that exist here.
        text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", file.read_text())
        (tmp_path / file.name.replace("@.", "@1.")).write_text(text)
    output = run("systemd-analyze", "verify", *(str(path) for path in tmp_path.iterdir()))
    assert [line for line in output.splitlines() if "accord" in line] == []


@pytest.mark.parametrize("name", [path.name for path in UNITS.glob("*.service")])
def test_services_do_not_run_as_root(name: str) -> None:
    text = (UNITS / name).read_text()
    assert re.search(r"(?m)^User=(accord|postgres)$", text)
    if "User=accord" in text:
        assert "\nProtectSystem=strict\n" in text
        assert "\nStateDirectory=accord\n" in text


@pytest.mark.skipif(not shutil.which("caddy"), reason="needs caddy")
def test_caddyfile_is_valid(tmp_path: Path) -> None:
    environment = ("env", f"HOME={tmp_path}", f"XDG_DATA_HOME={tmp_path}")
    run(*environment, "caddy", "validate", "--adapter", "caddyfile", "--config", str(ROOT / "deploy/caddy/Caddyfile"))


def test_example_of_settings_names_variables_that_exist() -> None:
    names = set(re.findall(r"(?m)^([A-Z_]+)=", (ROOT / ".env.example").read_text()))
    listed = {variable.name for variables in SECTIONS.values() for variable in variables}
    assert names <= listed
    assert {variable.name for variable in SECTIONS["Required in production"]} <= names


def test_backup_script_leaves_no_unfinished_dump(tmp_path: Path) -> None:
    (tmp_path / "pg_dump").write_text('#!/bin/sh\necho half >"${2#--file=}"; exit 1\n')
    (tmp_path / "pg_dump").chmod(0o755)
    done = subprocess.run(
        [str(ROOT / "deploy/backup"), str(tmp_path), "accord"], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False
    )
    assert done.returncode != 0
    assert list(tmp_path.glob("*.dump*")) == []
