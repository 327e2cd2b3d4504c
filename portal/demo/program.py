"""The program of the demo: its shop, staff, agreement and second agreement version."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from accounts import api_keys
from accounts.models import User
from agreements import publishing, seeding, version_drafts
from agreements.models import Program
from agreements.periods import get_start_of_day
from payouts.commissions.term_impact import build_impact_reader
from portal.demo.context import DemoContext
from portal.demo.logins import OWNER, STAFF, Login

SHOP_URL = "https://shop.juniperandpine.example"
SHOP_HOST = "shop.juniperandpine.example"
PARTIES = (
    "This is the agreement of {program_name}, the affiliate program of Juniper & Pine, which sells goods for home and"
    f" garden at {SHOP_HOST}. Juniper & Pine is a fictional shop, and the agreement is that of a demo."
)
# Rates of version 2, all of them higher, so that it applies without a new acceptance.
RAISED_RATES = {"toys-hobbies": Decimal("7.50"), "lights-lighting": Decimal("5.50"), "kitchen-dining": Decimal("6.00")}


def create_program(context: DemoContext) -> None:
    """Create staff, agreement, shop and API key, and schedule the second version."""
    before = context.days.start - timedelta(days=12)
    context.staff = {login.key: _create_staff(login, before) for login in (*STAFF, OWNER)}
    owner = context.staff[OWNER.key]
    Program.current()
    Program.objects.update(shop_url=f"{SHOP_URL}/", shop_hosts=[SHOP_HOST])
    _publish_agreement(context.days.start, before + timedelta(days=2), owner)
    context.api_key, _secret = api_keys.create(name="Juniper & Pine, online shop", now=before, by=owner)
    second = context.days.ago(150, 15)
    context.timeline.schedule(second, lambda now: _raise_rates(owner, now))


def _publish_agreement(effective_at: datetime, now: datetime, by: User) -> None:
    """Publish the seed agreement as that of the demo's shop: an affiliate of the demo accepts no text to be replaced."""
    draft = seeding.create_seed_draft(now=now)
    draft.clauses.filter(number="1").update(body=PARTIES)
    publishing.publish_version(agreement=draft, effective_at=effective_at, now=now, by=by)


def create_user(*, email: str, name: str, joined: datetime, verified: bool = True, **rights: bool) -> User:
    """Create a user without a password; `build_demo` sets all passwords at the end."""
    user = User.objects.create_user(email, None, name=name, date_joined=joined, **rights)
    EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)
    return user


def _create_staff(login: Login, joined: datetime) -> User:
    user = create_user(email=login.email, name=login.name, joined=joined, is_staff=True, is_superuser=login is OWNER)
    user.groups.set(Group.objects.filter(name=login.group))
    return user


def _raise_rates(owner: User, now: datetime) -> None:
    """Draft and publish version 2, effective on the first of a month that begins one to five weeks later."""
    draft = version_drafts.start_draft(now=now, by=owner)
    for rate in draft.rates.filter(category__in=RAISED_RATES):
        rate.percent = RAISED_RATES[rate.category]
        rate.save(update_fields=["percent"])
    month = (now + timedelta(days=38)).replace(day=1).date()
    publishing.publish_version(
        agreement=draft,
        effective_at=get_start_of_day(month, ZoneInfo("UTC")),
        now=now,
        by=owner,
        read_impact=build_impact_reader(now),
    )
