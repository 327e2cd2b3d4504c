"""The PDFs of an affiliate's archive: the agreements that they accepted and their statements."""

from collections.abc import Iterator
from functools import partial

from affiliates.models import Affiliate
from agreements.models import Acceptance, AgreementText
from mail import attachments
from payouts.models import Statement
from portal.data_archive import Pdf


def list_documents(affiliate: Affiliate) -> Iterator[Pdf]:
    """Each document's name and its maker, one by one."""
    accepted = Acceptance.objects.for_affiliate(affiliate).values("agreement")
    for text in AgreementText.objects.filter(agreement__in=accepted).select_related("agreement"):
        yield (
            f"agreement-{text.agreement.number}-{text.language}.pdf",
            partial(_build_document, "agreement", str(text.pk)),
        )
    for statement in Statement.objects.for_affiliate(affiliate).order_by("number"):
        yield f"statement-{statement.number:04d}.pdf", partial(_build_document, "statement_pdf", str(statement.pk))


def _build_document(name: str, key: str) -> bytes:
    return attachments.make(name, key).content
