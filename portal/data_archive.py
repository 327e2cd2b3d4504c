"""The archive of all data held about an affiliate, for their download: a ZIP of JSON and PDFs (specification 9)."""

import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import IO, Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, QuerySet
from django_countries.fields import Country

from accounts.models import User
from affiliates.models import Affiliate
from agreements.models import Acceptance, AgreementText
from lib.keyset import iterate_by_key
from lib.text import fold_code
from mail import attachments
from payouts.models import Statement
from portal.personal_data.owned_rows import collect_rows

# Fields that are useless to the affiliate but useful to a thief.
SECRET_FIELDS = {
    "encrypted",
    "fingerprint",
    "password",
    "salt",
    "data",
    "session",
    "content",
    "customer_hash",
    "click_id",
}
HIDDEN_FIELDS: Mapping[str, tuple[str, ...]] = {
    "clicks": ("address", "user_agent"),
    "emails": ("html", "error", "context", "key"),
    # What staff noted for themselves, and who reported.
    "signals": ("note",),
    "abuse_reports": ("email",),
    # Who else may be the same person.
    "application_checks": ("same_person",),
}
# Records of private notes of staff (specification 8), and of their reasons not to open a review.
PRIVATE_ACTIONS = ("affiliate note", "review note", "signal dismissed")
# Rows with a path to an affiliate or a user that the archive leaves out, each with the reason.
EXCLUDED_MODELS: Mapping[str, str] = {
    "account.EmailConfirmation": "a key that confirms an address once",
    "accounts.User_groups": "rights of staff",
    "accounts.User_user_permissions": "rights of staff",
    "admin.LogEntry": "what staff did, of which the audit records are the complete account",
    "affiliates.AffiliateNote": "private notes of staff",
    "affiliates.AffiliateTag_affiliates": "the tags are in the archive",
    "agreements.Promotion_affiliates": "the promotions are in the archive",
    "compliance.Review_commissions": "the reviews and commissions are in the archive",
    "payouts.ChangedCommission": "a mark that a close settles a change",
    "shops.Reject": "what the shop sent, not what the order became",
    "shops.ShopEvent": "what the shop sent, not what the order became",
    "tracking.ChangedDay": "a mark that daily totals are calculated again",
    "tracking.Rollup": "daily totals of the clicks and orders in the archive",
}
README = """This archive contains all data that {program} holds about {name} ({code}), as of {now}.

data/ contains one JSON file for each kind of record. Amounts are strings, and times include their UTC offset.
pdf/ contains your statements and the agreements you accepted.
files/ contains the files you attached to replies in reviews.

Your payout account is masked, in case this archive is lost. Clicks on your links are included without the visitors'
IP addresses. Members of staff are not named, nor is anyone who reported you. Private notes of staff are left out.
"""
# An affiliate's order can carry another affiliate's coupon, for instance one that was used too late.
FILES_WITH_COUPON_CODES = ("orders", "orders_claimed")
# Large, because each chunk sorts the rest of an affiliate's clicks.
CHUNK_SIZE = 10_000
KINDS_WITH_LINKS = ("account", "account_imported")
# A link in an e-mail about signing in may still let a thief in.
_LINK = re.compile(r"https?://\S+")
Pdf = tuple[str, Callable[[], bytes]]


def collect_querysets(affiliate: Affiliate) -> dict[str, QuerySet[Any]]:
    """Return the rows of every app that the archive contains, keyed by the name of their file."""
    rows = collect_rows(affiliate)
    # Private notes of staff are not shown (specification 9).
    del rows["notes"]
    return rows | {
        "review_steps": rows["review_steps"].filter(private=False),
        "review_files": rows["review_files"].filter(event__private=False),
        "audit": rows["audit"].exclude(action__in=PRIVATE_ACTIONS),
    }


def serialize_row(row: Model, hidden: Iterable[str] = ()) -> dict[str, Any]:
    """Return the fields of `row` without secrets, hidden fields and references to users."""
    left_out = SECRET_FIELDS | set(hidden)
    fields = [field for field in row._meta.concrete_fields if field.name not in left_out]
    values = {field.name: getattr(row, field.attname) for field in fields if field.related_model is not User}
    return {name: value.code if isinstance(value, Country) else value for name, value in values.items()}


def write_archive(target: IO[bytes], *, affiliate: Affiliate, now: datetime, pdfs: Iterable[Pdf] = ()) -> None:
    """Write the ZIP file of `affiliate`'s data, row by row; `pdfs` are the names and builders of its documents."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        values = {
            "program": settings.PROGRAM_NAME,
            "name": affiliate.name,
            "code": affiliate.code,
            "now": now.isoformat(),
        }
        archive.writestr("README.txt", README.format(**values))
        querysets = collect_querysets(affiliate)
        own_codes = set(querysets["coupons"].values_list("key", flat=True))
        for name, rows in querysets.items():
            with archive.open(f"data/{name}.json", "w", force_zip64=True) as file:
                _write_records(file, name, rows, own_codes)
        for attached in iterate_by_key(querysets["review_files"], size=1):
            archive.writestr(f"files/{attached.pk}-{attached.name.replace('/', '_')}", bytes(attached.content))
        for name, build in pdfs:
            archive.writestr(f"pdf/{name}", build())


def _write_records(file: IO[bytes], name: str, rows: QuerySet[Any], own_codes: set[str]) -> None:
    deferred = [field for field in ("content", "html") if any(one.name == field for one in rows.model._meta.fields)]
    separator = "["
    for row in iterate_by_key(rows.defer(*deferred), size=CHUNK_SIZE):
        record = serialize_row(row, HIDDEN_FIELDS.get(name, ()))
        if name in FILES_WITH_COUPON_CODES and fold_code(record["coupon_code"]) not in own_codes:
            record["coupon_code"] = ""
        if record.get("kind") in KINDS_WITH_LINKS:
            record["text"] = _LINK.sub("[link]", record["text"])
        text = json.dumps(record, cls=DjangoJSONEncoder, indent=1, ensure_ascii=False)
        file.write(f"{separator}\n{text}".encode())
        separator = ","
    file.write(b"[]\n" if separator == "[" else b"\n]\n")


def list_documents(affiliate: Affiliate) -> Iterator[Pdf]:
    """Yield the name and the builder of each agreement that the affiliate accepted and of each of their statements."""
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
