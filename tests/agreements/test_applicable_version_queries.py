"""The applicable version, read from the database."""

from datetime import timedelta

import pytest

from agreements import applicable_version, publishing, version_drafts
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import Rule
from tests.factories import make_affiliate
from tests.scenarios import create_program, import_affiliates, parse_utc

pytestmark = pytest.mark.django_db
NOW, LATER = parse_utc("2026-01-10"), parse_utc("2026-02-10")


@pytest.fixture
def ann(tmp_path):
    create_program("2026-01-01")
    return import_affiliates(["ANN"], tmp_path)["ANN"]


def publish_next_version(**terms) -> AgreementVersion:
    draft = version_drafts.start_draft(now=NOW, by=None)
    for term, value in terms.items():
        setattr(draft, term, value)
    draft.save()
    return publishing.publish_version(agreement=draft, effective_at=LATER, now=NOW, by=None)


def test_get_applicable_version_returns_accepted_version(ann):
    first = AgreementVersion.objects.get()
    assert applicable_version.get_applicable_version(ann.pk, at=NOW) == (
        first,
        applicable_version.ApplicableVersion(first.pk, None),
    )
    assert applicable_version.get_applicable_version(ann.pk, at=parse_utc("2025-12-31")) == (
        None,
        applicable_version.NO_VERSION,
    )
    assert applicable_version.get_applicable_version(make_affiliate().pk, at=NOW) == (
        None,
        applicable_version.NO_VERSION,
    )


def test_unaccepted_detriment_pauses_the_old_version(ann):
    first, second = AgreementVersion.objects.get(), publish_next_version(payout_minimum=20)
    assert applicable_version.list_published_versions() == [
        applicable_version.PublishedVersion(first.pk, parse_utc("2026-01-01"), False),
        applicable_version.PublishedVersion(second.pk, LATER, True),
    ]
    assert applicable_version.get_applicable_version(ann.pk, at=LATER - timedelta(microseconds=1))[
        1
    ] == applicable_version.ApplicableVersion(first.pk, None)
    assert applicable_version.get_applicable_version(ann.pk, at=LATER) == (
        first,
        applicable_version.ApplicableVersion(first.pk, LATER),
    )


def test_citation_is_of_applicable_version_or_version_in_force(ann):
    first, second = AgreementVersion.objects.get(), publish_next_version(payout_minimum=20)
    number = get_clause_number(first.pk, Rule.PAYOUT_MINIMUM)
    assert (
        applicable_version.cite_applicable_clause(ann, Rule.PAYOUT_MINIMUM, LATER)
        == f"{number} of version {first.name}"
    )
    assert (
        applicable_version.cite_applicable_clause(make_affiliate(), Rule.PAYOUT_MINIMUM, LATER)
        == f"{number} of version {second.name}"
    )
    assert applicable_version.cite_applicable_clause(ann, Rule.PAYOUT_MINIMUM, parse_utc("2025-12-31")) == ""


def test_get_acceptance_times_returns_given_affiliates_only(ann):
    assert applicable_version.get_acceptance_times([make_affiliate().pk]) == {}
    [(version, at)] = applicable_version.get_acceptance_times([ann.pk])[ann.pk].items()
    assert (version, at) == (AgreementVersion.objects.get().pk, parse_utc("2026-01-02"))
