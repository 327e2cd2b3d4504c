"""docs/configuration.md lists every environment variable that the configuration reads."""

import os
import re
from pathlib import Path

from config.variables import SECTIONS, render_page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/configuration.md"
READ = re.compile(r"(?:read_\w+|env\.\w+|environ\.get|environ)[(\[]\s*\"([A-Z][A-Z_]+)\"")
INTEGER = re.compile(r"read_integer\(\s*\"([A-Z_]+)\",\s*([\d_]+)")
# Not for people who deploy: set by tools, by Django or by the tests.
INTERNAL = {"DJANGO_SETTINGS_MODULE", "PYTEST_VERSION", "PYTEST_CURRENT_TEST", "EMBEDDED_LEASE", "CI"} | {
    "LISTEN_PID",
    "LISTEN_FDS",
    "NOTIFY_SOCKET",
}


def read_sources() -> str:
    return "\n".join(path.read_text() for path in (ROOT / "config").rglob("*.py") if path.name != "variables.py")


def test_page_is_generated_from_the_variables() -> None:
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(render_page())
    assert PAGE.read_text() == render_page(), "run `make docs`"


def test_every_variable_that_is_read_has_a_row_and_every_row_is_read() -> None:
    listed = {variable.name for variables in SECTIONS.values() for variable in variables}
    assert set(READ.findall(read_sources())) - INTERNAL == listed


def test_defaults_of_numbers_are_those_of_the_settings() -> None:
    listed = {variable.name: variable.default for variables in SECTIONS.values() for variable in variables}
    for name, default in INTEGER.findall(read_sources()):
        if listed[name].isdigit():
            assert (name, listed[name]) == (name, default.replace("_", ""))
