"""By the versions and acceptances that there are, an affiliate is under ..."""

from datetime import timedelta

import pytest

from agreements import drafting, publishing, under
from agreements.clauses import clause_of
from agreements.models import Agreement
from agreements.rules import Rule
from tests.factories import make_affiliate
from tests.worlds import begin, bring_over, moment

pytestmark = pytest.mark.django_db
NOW, LATER = moment("2026-01-10"), moment("2026-02-10")


@pytest.fixture
def ann(tmp_path):
    begin("2026-01-01")
    return bring_over(["ANN"], tmp_path)["ANN"]


def next_version(**terms) -> Agreement:
    draft = drafting.start(now=NOW, by=None)
    for term, value in terms.items():
        setattr(draft, term, value)
    draft.save()
    return publishing.publish(agreement=draft, effective_at=LATER, now=NOW, by=None)


def test_the_version_that_was_accepted(ann):
    first = Agreement.objects.get()
    assert under.agreement_of(ann.pk, at=NOW) == (first, under.Under(first.pk, None))
    assert under.agreement_of(ann.pk, at=moment("2025-12-31")) == (None, under.NOTHING)
    assert under.agreement_of(make_affiliate().pk, at=NOW) == (None, under.NOTHING)


def test_the_next_one_if_it_is_no_detriment_and_else_the_old_one_with_a_pause(ann):
    first, second = Agreement.objects.get(), next_version(payout_minimum=20)
    assert under.versions() == [
        under.Version(first.pk, moment("2026-01-01"), False),
        under.Version(second.pk, LATER, True),
    ]
    assert under.agreement_of(ann.pk, at=LATER - timedelta(microseconds=1))[1] == under.Under(first.pk, None)
    assert under.agreement_of(ann.pk, at=LATER) == (first, under.Under(first.pk, LATER))


def test_the_clauses_of_their_version_or_else_of_the_one_in_force(ann):
    first, second = Agreement.objects.get(), next_version(payout_minimum=20)
    number = clause_of(first.pk, Rule.PAYOUT_MINIMUM)
    assert under.clause_for(ann, Rule.PAYOUT_MINIMUM, LATER) == f"{number} of version {first.name}"
    assert under.clause_for(make_affiliate(), Rule.PAYOUT_MINIMUM, LATER) == f"{number} of version {second.name}"
    assert under.clause_for(ann, Rule.PAYOUT_MINIMUM, moment("2025-12-31")) == ""


def test_the_acceptances_of_those_who_are_asked_for(ann):
    assert under.acceptances([make_affiliate().pk]) == {}
    [(version, at)] = under.acceptances([ann.pk])[ann.pk].items()
    assert (version, at) == (Agreement.objects.get().pk, moment("2026-01-02"))
