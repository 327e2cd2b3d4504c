"""Fixtures for tests of the configuration."""

import pytest

from config import environment


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The errors of the configuration that a test reports."""
    monkeypatch.setattr(environment, "_errors", [])
    return environment._errors
