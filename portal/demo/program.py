"""The program itself: the shop, its staff, its agreement and a second version of it."""

from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from allauth.account.models import EmailAddress
from django.contrib.auth.models import Group

from accounts import api_keys
from accounts.models import User
from agreements import drafting, publishing, seeding
from agreements.models import Program
from agreements.periods import midnight
from portal.demo.logins import OWNER, STAFF, Login
from portal.demo.world import World

SHOP = "https://shop.juniperandpine.example"
HOST = "shop.juniperandpine.example"
# Rates of the second version, all of them higher: nobody has to accept it again.
RAISED = {"toys-hobbies": Decimal("7.50"), "lights-lighting": Decimal("5.50"), "kitchen-dining": Decimal("6.00")}


def found(world: World) -> None:
    """Make staff, publish the agreement, name the shop and give it its key; note the second version."""
    before = world.days.start - timedelta(days=12)
    world.staff = {login.key: _employ(login, before) for login in (*STAFF, OWNER)}
    owner = world.staff[OWNER.key]
    Program.current()
    Program.objects.update(shop_url=f"{SHOP}/", shop_hosts=[HOST])
    seeding.seed(effective_at=world.days.start, now=before + timedelta(days=2), by=owner)
    world.api_key, _secret = api_keys.create(name="Juniper & Pine, online shop", now=before, by=owner)
    second = world.days.ago(150, 15)
    world.diary.note(second, lambda now: _raise_rates(owner, now))


def user(*, email: str, name: str, joined: datetime, verified: bool = True, **rights: bool) -> User:
    """Somebody who gets the demo's password when it is finished."""
    made = User.objects.create_user(email, None, name=name, date_joined=joined, **rights)
    EmailAddress.objects.create(user=made, email=email, verified=verified, primary=True)
    return made


def _employ(login: Login, joined: datetime) -> User:
    made = user(email=login.email, name=login.name, joined=joined, is_staff=True, is_superuser=login is OWNER)
    made.groups.set(Group.objects.filter(name=login.group))
    return made


def _raise_rates(owner: User, now: datetime) -> None:
    """Draft, publish and announce version 2, from the first of the month after next week on."""
    draft = drafting.start(now=now, by=owner)
    for rate in draft.rates.filter(category__in=RAISED):
        rate.percent = RAISED[rate.category]
        rate.save(update_fields=["percent"])
    month = (now + timedelta(days=38)).replace(day=1).date()
    publishing.publish(agreement=draft, effective_at=midnight(month, ZoneInfo("UTC")), now=now, by=owner)
