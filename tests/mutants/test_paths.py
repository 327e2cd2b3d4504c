"""The paths and changes that the mutation tests name."""

import tomllib

from tests.mutants.__main__ import ROOT, TESTS
from tests.mutants.python_changes import list_mutants
from tests.mutants.report import HERE


def test_modules_and_their_tests_exist():
    paths = {*TESTS, *(path for tests in TESTS.values() for path in tests)}
    assert [path for path in sorted(paths) if not (ROOT / path).is_file()] == []


def test_reasons_name_modules_and_changes_that_exist():
    reasons = tomllib.loads((HERE / "reasons.toml").read_text())
    assert reasons.keys() <= TESTS.keys()
    for module, changes in reasons.items():
        assert changes.keys() - {mutant.change for mutant in list_mutants(module, (ROOT / module).read_text())} == set()
