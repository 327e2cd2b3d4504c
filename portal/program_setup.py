"""The first entries of a new program. Each function can be repeated and changes nothing that exists."""

from datetime import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from accounts.models import User
from agreements.admin.program import ProgramForm
from agreements.models import Program
from audit import trail
from lib.text import clean_email

REASON = "Entered with manage.py setup."


@transaction.atomic
def create_owner(*, email: str, password: str, now: datetime) -> bool:
    """Create the first superuser. Return False if one exists. Raises ValidationError for a bad address or password."""
    if User.objects.filter(is_superuser=True, is_active=True).exists():
        return False
    email = clean_email(email)
    validate_email(email)
    if User.objects.filter(email=email).exists():
        raise ValidationError(f"{email} already has an account that is not a superuser. Use another address.")
    validate_password(password, User(email=email))
    owner = User.objects.create_superuser(email, password)
    trail.record(action="staff account created", subject=owner, now=now, by=None, after={"email": email}, reason=REASON)
    return True


@transaction.atomic
def enter_shop(*, url: str, hosts: str, now: datetime) -> bool:
    """Enter the shop's address and hosts. Return False if the program has them.

    Raises ValidationError for malformed ones, as in the admin.
    """
    program = Program.current()
    if program.shop_url or program.shop_hosts:
        return False
    form = ProgramForm({"shop_url": url, "shop_hosts": hosts}, instance=program)
    if not form.is_valid():
        raise ValidationError(
            [f"{form.fields[name].label}: {text}" for name, texts in form.errors.items() for text in texts]
        )
    program = form.save()
    after = {"shop_url": program.shop_url, "shop_hosts": program.shop_hosts}
    trail.record(action="program changed", subject=program, now=now, by=None, after=after, reason=REASON)
    return True
