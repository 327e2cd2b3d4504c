"""The admin of agreement versions, with the effect of a version on affiliates' earnings."""

from collections.abc import Collection, Mapping
from uuid import UUID

from django.contrib import admin
from django.utils import timezone

from agreements.admin.versions import AgreementVersionAdmin
from agreements.models import AgreementVersion
from agreements.term_impact import TermImpact
from payouts.commissions.term_impact import measure_impact

admin.site.unregister(AgreementVersion)


@admin.register(AgreementVersion)
class AgreementWithImpactAdmin(AgreementVersionAdmin):
    def read_impact(self, version: AgreementVersion, affiliate_ids: Collection[UUID]) -> Mapping[UUID, TermImpact]:
        return measure_impact(agreement=version, affiliate_ids=affiliate_ids, now=timezone.now())
