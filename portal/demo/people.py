"""The onboarding of the demo affiliates: application, decision, acceptance and payout details."""

from datetime import datetime, timedelta
from functools import partial
from random import Random

from schwifty import IBAN

from affiliates import applications, channels
from affiliates.fields import clean_country_or_name
from affiliates.models import Channel
from agreements import acceptances, version_documents
from agreements.applicable_version import cite_applicable_clause
from agreements.clauses import cite_clause
from agreements.forms import build_box_label, get_button_label
from agreements.models import AgreementVersion
from agreements.page_revision import compute_page_revision
from agreements.rules import Rule
from payouts.payout_details import details
from payouts.payout_details.methods.ibans import get_iban_prefix
from portal.demo import links_and_coupons
from portal.demo.context import DemoContext, get_affiliate
from portal.demo.persona_data import PERSONAS
from portal.demo.personas import NEVER_PROMOTED, PICTURES_HOST, Persona, Situation
from portal.demo.program import create_user

USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
# Of no bank.
SORT_CODE, ROUTING_NUMBER = "00-00-00", "000000000"
PENDING_MARK, REJECTED_MARK = "?", "!"
REJECTION_REASONS = {
    "quickcash": "Your site pays visitors for clicking. We only accept sites without incentivized traffic.",
    "vaporhub": "Your sites sell vaping products, which do not fit our brand.",
    "betbloom": "We could not install your app, and its page advertises gambling.",
    "emptyblog": "Your blog has no posts yet. Please apply again when it has some.",
}


def schedule_applications(context: DemoContext) -> None:
    """Schedule each persona's onboarding as far as their situation takes them."""
    for persona in PERSONAS:
        context.timeline.schedule(context.days.ago(persona.joined, 9), partial(_apply, persona))
        decided = context.days.ago(persona.joined - 2, 10)
        if persona.situation is Situation.REJECTED:
            context.timeline.schedule(decided, partial(_reject, context, persona))
        elif persona.has_promoted or persona.situation is Situation.APPROVED:
            context.timeline.schedule(decided, partial(_approve, context, persona))
        if persona.has_promoted:
            context.timeline.schedule(context.days.ago(persona.joined - 3, 17, 40), partial(_accept, context, persona))
            context.timeline.schedule(
                context.days.ago(persona.joined - 3, 18, 5),
                partial(links_and_coupons.start_promoting, context, persona),
            )
        if persona.situation not in (*NEVER_PROMOTED, Situation.WITHOUT_PAYOUT_DETAILS):
            context.timeline.schedule(context.days.ago(persona.joined - 4, 19), partial(enter_payout_details, persona))


def _apply(persona: Persona, now: datetime) -> None:
    account = create_user(
        email=persona.email, name=persona.name, joined=now, verified=persona.situation is not Situation.UNCONFIRMED
    )
    declared = [_build_channel(persona, kind) for kind in persona.channels.split() if not kind.startswith(PENDING_MARK)]
    applications.apply(
        user=account,
        name=persona.name,
        country=clean_country_or_name(persona.country),
        channels=declared,
        now=now,
        time_zone=persona.zone,
        clause=cite_clause(AgreementVersion.objects.get_in_force(now), Rule.ELIGIBILITY),
    )


def _build_channel(persona: Persona, kind: str) -> tuple[str, str]:
    kind = kind.lstrip(PENDING_MARK + REJECTED_MARK)
    if kind == Channel.Kind.SOCIAL:
        return kind, f"https://{PICTURES_HOST}/{persona.key}"
    place = {"newsletter": "letters/", "app": "app/", "blog": "blog/"}.get(kind, "")
    return kind, f"https://{persona.key}.example/{place}"


def _approve(context: DemoContext, persona: Persona, now: datetime) -> None:
    manager, affiliate = context.staff["manager"], get_affiliate(persona)
    for kind in persona.channels.split():
        if kind.startswith(REJECTED_MARK):
            channel = affiliate.channels.get(kind=kind.lstrip(REJECTED_MARK))
            channels.reject(
                channel=channel,
                reason="This page has no content of your own.",
                clause=cite_applicable_clause(affiliate, Rule.CHANNELS, now),
                now=now,
                by=manager,
            )
    applications.approve(
        affiliate=affiliate, clause=cite_applicable_clause(affiliate, Rule.ACCEPTANCE, now), now=now, by=manager
    )


def _reject(context: DemoContext, persona: Persona, now: datetime) -> None:
    reason = REJECTION_REASONS[persona.key]
    affiliate = get_affiliate(persona)
    clause = cite_applicable_clause(affiliate, Rule.ELIGIBILITY, now)
    applications.reject(affiliate=affiliate, reason=reason, clause=clause, now=now, by=context.staff["manager"])


def _accept(context: DemoContext, persona: Persona, now: datetime) -> None:
    affiliate = get_affiliate(persona)
    agreement = AgreementVersion.objects.get_in_force(now)
    assert agreement is not None, "the agreement must be in force before the first affiliate applies"
    if persona.situation is Situation.ACCEPTED_ON_PAPER:
        acceptances.record_offline_acceptance(
            affiliate=affiliate,
            agreement=agreement,
            accepted_at=now - timedelta(days=1),
            evidence="Signed on paper at the spring fair; the original is in the folder “Founders”.",
            now=now,
            by=context.staff["manager"],
        )
    else:
        acceptances.accept_version(
            affiliate=affiliate, agreement=agreement, now=now, by=None, evidence=_build_evidence(agreement)
        )


def _build_evidence(agreement: AgreementVersion) -> acceptances.Evidence:
    text = version_documents.get_text(agreement)
    assert text is not None, "a published version must have a text"
    return acceptances.Evidence(
        box_ticked=True,
        text_sha256=text.sha256,
        box_label=build_box_label(agreement),
        button_label=get_button_label(),
        page_revision=compute_page_revision(),
        address="203.0.113.17",
        user_agent=USER_AGENT,
    )


def enter_payout_details(persona: Persona, now: datetime) -> None:
    """Enter payout details: PayPal for names of odd length, a bank account for the others."""
    if persona.situation is Situation.SHARED_PAYOUT_DETAILS:
        _save_details(persona, "bank", "4419 0700", now, bank_code=SORT_CODE, country="GB")
    elif len(persona.name) % 2:
        _save_details(persona, "paypal", f"{persona.key}@money.example", now)
    elif get_iban_prefix(clean_country_or_name(persona.country)):
        _save_details(persona, "bank", _build_iban(persona), now)
    else:
        # Such as many affiliates have who are paid in dollars.
        number = f"{10_000_000 + 7_919 * PERSONAS.index(persona):012d}"
        _save_details(persona, "bank", number, now, bank_code=ROUTING_NUMBER, country="US")


def _build_iban(persona: Persona) -> str:
    """Return an IBAN of the persona's country, the same in each demo."""
    random = Random(persona.key)  # noqa: S311 -- a sample account, not a secret  # nosec B311
    return str(IBAN.random(clean_country_or_name(persona.country), random=random, use_registry=False))


def change_payout_details(persona: Persona, now: datetime) -> None:
    """Change the payout details, which starts their security hold."""
    _save_details(persona, "bank", "7741 2203", now, bank_code=SORT_CODE, country="GB")


def _save_details(
    persona: Persona, method: str, account: str, now: datetime, *, bank_code: str = "", country: str = ""
) -> None:
    affiliate = get_affiliate(persona)
    details.change_details(
        affiliate=affiliate,
        method=method,
        account=account,
        holder=persona.name,
        bank_code=bank_code,
        country=country,
        now=now,
        by=affiliate.user,
    )
