"""The paths that the mutation tests name."""

import tomllib

from tests.mutants.__main__ import ROOT, TESTS
from tests.mutants.report import HERE


def test_modules_and_their_tests_exist():
    paths = {*TESTS, *(path for tests in TESTS.values() for path in tests)}
    assert [path for path in sorted(paths) if not (ROOT / path).is_file()] == []


def test_reasons_name_modules_of_the_table():
    assert tomllib.loads((HERE / "reasons.toml").read_text()).keys() <= TESTS.keys()
