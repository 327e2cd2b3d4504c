"""Every kind of e-mail with example data, rendered as the real ones are."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.utils.text import slugify

from agreements.models import AgreementVersion
from mail import rendering
from mail.rendering import RenderedMail
from portal.mail_gallery import (
    account_examples,
    agreement_examples,
    message_examples,
    money_examples,
    review_examples,
)


class Example(NamedTuple):
    """A kind of e-mail, which variant of it this is, and what its template is filled with."""

    kind: str
    variant: str
    context: dict[str, Any]

    @property
    def slug(self) -> str:
        return slugify(f"{self.kind} {self.variant}")

    def render(self) -> RenderedMail:
        return rendering.render(kind=self.kind, context=self.context)


def list_examples() -> list[Example]:
    """Return at least one example of each kind, by kind."""
    return sorted(_build_examples(), key=lambda example: example.kind)


def _build_examples() -> Iterator[Example]:
    version = AgreementVersion.objects.published().first()
    # Statements name the version whose clauses they cite.
    common = {"name": account_examples.NAME, "code": "BEN7XQ", "agreement": str(version.pk) if version else ""}
    for module in (account_examples, agreement_examples, message_examples, money_examples, review_examples):
        for kind, variants in module.EXAMPLES.items():
            for variant, context in variants.items():
                yield Example(kind, variant, common | context)
    for variant, context in account_examples.build_account_examples().items():
        yield Example("account", variant, context)
