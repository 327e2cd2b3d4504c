"""Names of an affiliate's own in the address of a link, such as `/r/anna-garden` (specification 4).

A name leads to the link that published it first, for ever, beside the link's code. So nobody can take over the visitors
of a name that was given up.
"""

import hashlib
import hmac
import re
from datetime import datetime

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from lib.text import clean_code
from tracking.models import Link, LinkName
from tracking.models.link_name import MAX_LENGTH, MIN_LENGTH

# Of one affiliate, given up ones included, so that no one can reserve words by the thousand.
MAX_NAMES = 500
# They would look like pages of the program, or like its own links.
RESERVED = frozenset(
    (
        *("about", "abuse", "account", "accounts", "admin", "administrator", "affiliate", "affiliates", "agreement"),
        *("api", "app", "apply", "assets", "billing", "blog", "cart", "checkout", "click", "clicks", "contact"),
        *("coupon", "coupons", "customer-service", "dashboard", "demo", "dev", "docs", "download", "email", "error"),
        *("favicon", "feedback", "health", "healthz", "help", "home", "hooks", "imprint", "index", "info", "invoice"),
        *("legal", "link", "links", "login", "logout", "mail", "media", "metrics", "news", "newsletter", "null"),
        *("official", "order", "orders", "password", "pay", "payment", "payments", "payout", "payouts", "press"),
        *("privacy", "profile", "program", "readyz", "refund", "register", "report", "reports", "robots", "root"),
        *("sale", "sales", "script", "search", "security", "service", "settings", "shop", "sign-in", "sign-up"),
        *("signin", "signup", "sitemap", "staff", "static", "statement", "status", "store", "support", "system"),
        *("terms", "test", "track", "tracking", "true", "undefined", "unsubscribe", "user", "users", "webhook"),
        *("webhooks", "webmaster", "well-known", "www"),
    )
)
# Names that were erased begin so.
ERASED_PREFIX = "erased-"
_FORM = re.compile(rf"(?!-)[a-z0-9-]{{{MIN_LENGTH},{MAX_LENGTH}}}(?<!-)", re.ASCII)


def clean_own_name(text: str) -> str:
    """Return the name in lower case, "" for none. Raises ValidationError for `own_name`."""
    name = clean_code(text)
    if not name:
        return ""
    lowered = name.lower()
    if not name.isascii() or not _FORM.fullmatch(lowered):
        raise ValidationError(
            {
                "own_name": _(
                    "Use 3 to 40 letters from a to z, digits and hyphens, with no hyphen at the start or end, such as"
                    " anna-garden."
                )
            }
        )
    if lowered in RESERVED or lowered.startswith(ERASED_PREFIX):
        raise ValidationError({"own_name": _("The name %(name)s is reserved. Choose another one.") % {"name": lowered}})
    return lowered


def publish_name(*, link: Link, name: str, now: datetime) -> None:
    """Have the link published under a cleaned `name`, or under its code if that is "".

    Names that it had before lead to it as well. Raises ValidationError for `own_name`.
    """
    if name and not LinkName.objects.filter(link=link, name=name).exists():
        _store_name(link, name, now)
    link.own_name = name or None
    Link.objects.filter(pk=link.pk).update(own_name=link.own_name, changed_at=now)


def _store_name(link: Link, name: str, now: datetime) -> None:
    if _is_taken(name):
        raise _build_taken_error(name)
    if LinkName.objects.filter(link__affiliate=link.affiliate_id).count() >= MAX_NAMES:
        text = _("You can have at most %(limit)d names, those that you no longer use included.") % {"limit": MAX_NAMES}
        raise ValidationError({"own_name": text})
    try:
        with transaction.atomic():
            LinkName.objects.create(link=link, name=name, created_at=now)
    except IntegrityError:
        raise _build_taken_error(name) from None


def _is_taken(name: str) -> bool:
    named = LinkName.objects.filter(name__in=(name, _build_pseudonym(name))).exists()
    return named or Link.objects.annotate(lowered=Lower("code")).filter(lowered=name).exists()


def _build_taken_error(name: str) -> ValidationError:
    text = _("The name %(name)s is taken. Choose another one.") % {"name": name}
    return ValidationError({"own_name": text})


def find_link(text: str) -> Link | None:
    """Return the link with the code or name `text`, with its affiliate; names are compared ignoring case."""
    links = Link.objects.select_related("affiliate")
    return links.filter(code=text).first() or links.filter(names__name=text.lower()).first()


def annotate_names(links: QuerySet[Link]) -> QuerySet[Link]:
    """Have `list_earlier_names` read the names together with the links."""
    return links.annotate(all_names=ArraySubquery(LinkName.objects.filter(link=OuterRef("pk")).values("name")))


def list_earlier_names(link: Link) -> list[str]:
    """Return the names that the link gave up and that still lead to it, newest first."""
    names = vars(link).get("all_names")
    if names is None:
        names = LinkName.objects.filter(link=link).values_list("name", flat=True)
    return [name for name in names if name != link.own_name]


def erase_names(*, affiliate: Affiliate) -> None:
    """Replace the names by pseudonyms that keep them reserved. The caller allows redaction of append-only rows."""
    Link.objects.for_affiliate(affiliate).update(own_name=None)
    for row in LinkName.objects.filter(link__affiliate=affiliate).exclude(name__startswith=ERASED_PREFIX):
        LinkName.objects.filter(pk=row.pk).update(name=_build_pseudonym(row.name))


def _build_pseudonym(name: str) -> str:
    key = f"link name:{settings.PERSONAL_HASH_KEY}".encode()
    return ERASED_PREFIX + hmac.digest(key, name.encode(), hashlib.sha256).hex()[:32]
