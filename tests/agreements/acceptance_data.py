"""Accept versions in tests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from affiliates.models import Affiliate
from agreements import acceptances
from agreements.acceptances import Evidence
from agreements.models import Acceptance, AgreementVersion

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def build_evidence(version: AgreementVersion, **changes: object) -> Evidence:
    evidence = Evidence(
        box_ticked=True,
        text_sha256=version.texts.get(language=version.language).sha256,
        box_label="I have read it.",
        button_label="Accept",
        page_revision="1",
        address="203.0.113.7",
        user_agent="Browser/1.0",
        session="5e55",
    )
    return replace(evidence, **changes)  # type: ignore[arg-type]  # fields by name


def accept_version(
    affiliate: Affiliate, version: AgreementVersion, now: datetime = NOW, **changes: object
) -> Acceptance:
    return acceptances.accept_version(
        affiliate=affiliate, agreement=version, now=now, by=None, evidence=build_evidence(version, **changes)
    )
