"""The PDFs of an affiliate's archive: the agreements that they accepted and their statements."""

from collections.abc import Iterator
from functools import partial

from affiliates.models import Affiliate
from agreements.models import Acceptance
from mail import attachments
from payouts.models import Statement
from portal.my_data import Pdf


def documents(affiliate: Affiliate) -> Iterator[Pdf]:
    """Each document's name and its maker, one by one."""
    for acceptance in Acceptance.objects.for_affiliate(affiliate).select_related("agreement"):
        yield f"agreement-{acceptance.agreement.name}.pdf", partial(_made, "agreement", str(acceptance.agreement_id))
    for statement in Statement.objects.for_affiliate(affiliate).order_by("number"):
        yield f"statement-{statement.number:04d}.pdf", partial(_made, "statement", str(statement.pk))


def _made(name: str, key: str) -> bytes:
    return attachments.make(name, key).content
