"""The limits of a reply and of an appeal, as code and clauses 8.3 and 8.6 state them."""

import re

import pytest
from django.core.exceptions import ValidationError

from agreements.rules import Rule
from agreements.seed import CLAUSES
from compliance.forms import ReplyForm
from compliance.reviews.evidence_files import MAX_BYTES, MAX_FILES, MAX_MEGABYTES, validate_files
from compliance.reviews.replies import MAX_CHARACTERS, MAX_REPLIES, clean_text


def find_numbers(rule: Rule) -> list[int]:
    body = next(clause.body for clause in CLAUSES if rule in clause.rules)
    return [int(number.replace(",", "")) for number in re.findall(r"\d[\d,]*", body)]


def test_clause_on_replies_states_the_limits_of_the_code():
    assert find_numbers(Rule.REPLY_DAYS) == [MAX_REPLIES, MAX_CHARACTERS, MAX_FILES, MAX_MEGABYTES]


def test_clause_on_appeals_states_the_limit_of_the_code():
    assert find_numbers(Rule.APPEAL_DAYS) == [MAX_CHARACTERS]


def test_form_states_the_limits_of_the_code():
    assert [int(n) for n in re.findall(r"\d+", str(ReplyForm().fields["files"].help_text))] == [
        MAX_FILES,
        MAX_MEGABYTES,
    ]


def test_limits_are_exact():
    assert clean_text("x" * MAX_CHARACTERS)
    with pytest.raises(ValidationError, match="at most 20000 characters"):
        clean_text("x" * (MAX_CHARACTERS + 1))
    assert len(validate_files([("a.txt", b"a")] * MAX_FILES)) == MAX_FILES
    with pytest.raises(ValidationError, match="at most 5 files"):
        validate_files([("a.txt", b"a")] * (MAX_FILES + 1))
    assert validate_files([("a.txt", b"a" * MAX_BYTES)])
    with pytest.raises(ValidationError, match="larger than 5 MB"):
        validate_files([("a.txt", b"a" * (MAX_BYTES + 1))])
