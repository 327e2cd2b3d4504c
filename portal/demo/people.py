"""How the affiliates of the demo come into the program: they apply, are approved or rejected, and accept."""

from datetime import datetime, timedelta
from functools import partial

from affiliates import applications, channels
from affiliates.models import Affiliate, Channel
from agreements import accepting, reading
from agreements.forms import box_label, button_label
from agreements.models import Agreement
from agreements.page_revision import page_revision
from agreements.rules import Rule
from agreements.under import clause_for
from payouts.payout_details import details
from portal.demo import promoting
from portal.demo.cast import NEVER_PROMOTED, PICTURES, Part, Persona
from portal.demo.program import user
from portal.demo.roll import CAST
from portal.demo.world import World, affiliate_of

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
WAITING, BAD = "?", "!"
WHY_REJECTED = {
    "quickcash": "Your site pays people for clicking. Our customers come because they want to.",
    "vaporhub": "Your sites sell what we would not want to stand beside.",
    "betbloom": "We could not install your app, and what its page promises is a game of chance.",
    "emptyblog": "Your blog has no posts yet. Please apply again when it has some.",
}


def arrive(world: World) -> None:
    """Note everybody's way into the program, as far as their part takes them."""
    for persona in CAST:
        world.diary.note(world.days.ago(persona.joined, 9), partial(_apply, persona))
        decided = world.days.ago(persona.joined - 2, 10)
        if persona.part is Part.REJECTED:
            world.diary.note(decided, partial(_reject, world, persona))
        elif persona.promotes or persona.part is Part.APPROVED:
            world.diary.note(decided, partial(_approve, world, persona))
        if persona.promotes:
            world.diary.note(world.days.ago(persona.joined - 3, 17, 40), partial(_accept, world, persona))
            world.diary.note(world.days.ago(persona.joined - 3, 18, 5), partial(promoting.begin, world, persona))
        if persona.part not in (*NEVER_PROMOTED, Part.UNPAYABLE):
            world.diary.note(world.days.ago(persona.joined - 4, 19), partial(say_where_money_goes, persona))


def _apply(persona: Persona, now: datetime) -> None:
    account = user(email=persona.email, name=persona.name, joined=now, verified=persona.part is not Part.UNCONFIRMED)
    declared = [_address(persona, kind) for kind in persona.channels.split() if not kind.startswith(WAITING)]
    applications.apply(
        user=account, name=persona.name, country=persona.country, channels=declared, now=now, time_zone=persona.zone
    )


def _address(persona: Persona, kind: str) -> tuple[str, str]:
    kind = kind.lstrip(WAITING + BAD)
    if kind == Channel.Kind.SOCIAL:
        return kind, f"https://{PICTURES}/{persona.key}"
    place = {"newsletter": "letters/", "app": "app/", "blog": "blog/"}.get(kind, "")
    return kind, f"https://{persona.key}.example/{place}"


def _approve(world: World, persona: Persona, now: datetime) -> None:
    manager, affiliate = world.staff["manager"], affiliate_of(persona)
    for kind in persona.channels.split():
        if kind.startswith(BAD):
            channel = affiliate.channels.get(kind=kind.lstrip(BAD))
            channels.reject(
                channel=channel,
                reason="This page shows nothing of your own.",
                clause=clause_for(affiliate, Rule.CHANNELS, now),
                now=now,
                by=manager,
            )
    applications.approve(affiliate=affiliate, clause=clause_for(affiliate, Rule.ACCEPTANCE, now), now=now, by=manager)


def _reject(world: World, persona: Persona, now: datetime) -> None:
    reason = WHY_REJECTED[persona.key]
    affiliate = affiliate_of(persona)
    clause = clause_for(affiliate, Rule.ELIGIBILITY, now)
    applications.reject(affiliate=affiliate, reason=reason, clause=clause, now=now, by=world.staff["manager"])


def _accept(world: World, persona: Persona, now: datetime) -> None:
    affiliate = affiliate_of(persona)
    agreement = Agreement.objects.in_force(now)
    assert agreement is not None, "the agreement takes effect before the first affiliate applies"
    if persona.part is Part.PAPER:
        accepting.record_offline(
            affiliate=affiliate,
            agreement=agreement,
            accepted_at=now - timedelta(days=1),
            evidence="Signed on paper at the spring fair; the original is in the folder “Founders”.",
            now=now,
            by=world.staff["manager"],
        )
    else:
        accepting.accept(affiliate=affiliate, agreement=agreement, now=now, by=None, evidence=_evidence(agreement))


def _evidence(agreement: Agreement) -> accepting.Evidence:
    text = reading.text_of(agreement)
    assert text is not None, "a published version has its text"
    return accepting.Evidence(
        box_ticked=True,
        text_sha256=text.sha256,
        box_label=box_label(agreement),
        button_label=button_label(),
        page_revision=page_revision(),
        address="203.0.113.17",
        user_agent=BROWSER,
    )


def say_where_money_goes(persona: Persona, now: datetime) -> None:
    """Enter payout details: PayPal or a bank account, by their name's length."""
    affiliate = affiliate_of(persona)
    if persona.part is Part.SHARING:
        _enter(affiliate, "bank", "DEMO 0000 0044 1907", persona.name, now)
    elif len(persona.name) % 2:
        _enter(affiliate, "paypal", f"{persona.key}@money.example", persona.name, now)
    else:
        _enter(affiliate, "bank", f"DEMO {10_000_000 + 7_919 * CAST.index(persona):012d}", persona.name, now)


def move_account(persona: Persona, now: datetime) -> None:
    """Change the payout details, which are held from now on."""
    _enter(affiliate_of(persona), "bank", "DEMO 0000 7741 2203", persona.name, now)


def _enter(affiliate: Affiliate, method: str, account: str, holder: str, now: datetime) -> None:
    details.change(affiliate=affiliate, method=method, account=account, holder=holder, now=now, by=affiliate.user)
