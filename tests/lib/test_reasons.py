"""Required reasons (lib.reasons)."""

import pytest
from django.core.exceptions import ValidationError

from lib.reasons import MAX_LENGTH, require_reason


def test_reason_is_stripped() -> None:
    assert require_reason("  Spam.\n") == "Spam."


def test_reason_is_cut_to_maximum_length() -> None:
    assert require_reason("x" * (MAX_LENGTH + 1)) == "x" * MAX_LENGTH
    assert require_reason("abc", max_length=2) == "ab"


@pytest.mark.parametrize("reason", ["", "  ", "\n\t"])
def test_empty_reason_is_rejected_at_its_field(reason: str) -> None:
    with pytest.raises(ValidationError) as error:
        require_reason(reason, field="cause")
    assert list(error.value.message_dict) == ["cause"]
