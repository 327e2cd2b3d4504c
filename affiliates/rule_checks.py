"""The checks of the approval rule, each with what it found (specification 10)."""

from collections.abc import Callable, Iterator
from ipaddress import ip_address
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.applications import is_email_confirmed
from affiliates.models import Affiliate, ApplicationQuestion, ApprovalRule, Channel

# Services on which everyone can have a page; a site there is not on a domain of its own.
SHARED_HOSTS = frozenset(
    (
        *("blogger.com", "blogspot.com", "wordpress.com", "medium.com", "substack.com", "tumblr.com", "wixsite.com"),
        *("weebly.com", "squarespace.com", "jimdosite.com", "webnode.com", "github.io", "gitlab.io", "pages.dev"),
        *("netlify.app", "vercel.app", "web.app", "sites.google.com", "linktr.ee", "beacons.ai", "carrd.co"),
        *("facebook.com", "instagram.com", "tiktok.com", "youtube.com", "youtu.be", "x.com", "twitter.com"),
        *("threads.net", "pinterest.com", "reddit.com", "linkedin.com", "snapchat.com", "t.me", "telegram.me"),
        *("discord.gg", "discord.com", "twitch.tv", "vk.com", "bit.ly", "tinyurl.com"),
    )
)
SITES = (Channel.Kind.WEBSITE, Channel.Kind.BLOG)


class Check(models.TextChoices):
    EMAIL_CONFIRMED = "email_confirmed", gettext_lazy("e-mail address confirmed")
    NOT_STAFF = "not_staff", gettext_lazy("not a member of staff")
    CHANNEL_KINDS = "channel_kinds", gettext_lazy("channel of an accepted kind")
    OWN_DOMAIN = "own_domain", gettext_lazy("sites on a domain of their own")
    BLOCKED_HOSTS = "blocked_hosts", gettext_lazy("no channel on a blocked host")
    COUNTRY = "country", gettext_lazy("country in the list")
    SINGLE_APPLICATION = "single_application", gettext_lazy("no other application from the same person")
    ANSWERS = "answers", gettext_lazy("all questions answered")


class CheckResult(NamedTuple):
    """The result of a check; `detail` says what was found."""

    check: Check
    is_met: bool
    detail: str


Finding = tuple[bool, str]


def check_application(*, rule: ApprovalRule, affiliate: Affiliate) -> list[CheckResult]:
    """Return the result of each check that `rule` makes.

    That the e-mail address is confirmed and that the applicant is no member of staff is always checked.
    """
    return [CheckResult(check, *find(rule, affiliate)) for check, find in _list_checks(rule)]


def has_conditions(rule: ApprovalRule) -> bool:
    """Return whether `rule` checks anything beyond what it always checks."""
    return len(list(_list_checks(rule))) > 2


def _list_checks(rule: ApprovalRule) -> Iterator[tuple[Check, Callable[[ApprovalRule, Affiliate], Finding]]]:
    yield Check.EMAIL_CONFIRMED, _find_confirmed_email
    yield Check.NOT_STAFF, lambda _rule, affiliate: (not affiliate.user.is_staff, "")
    if rule.channel_kinds:
        yield Check.CHANNEL_KINDS, _find_kinds
    if rule.requires_own_domain:
        yield Check.OWN_DOMAIN, _find_shared_sites
    if rule.blocked_hosts:
        yield Check.BLOCKED_HOSTS, _find_blocked_channels
    if rule.countries:
        yield Check.COUNTRY, lambda rule, affiliate: (affiliate.country.code in rule.countries, affiliate.country.name)
    if rule.requires_single_application:
        yield Check.SINGLE_APPLICATION, _find_same_person
    if rule.requires_answers:
        yield Check.ANSWERS, _find_missing_answers


def _find_confirmed_email(_rule: ApprovalRule, affiliate: Affiliate) -> Finding:
    return is_email_confirmed(affiliate), affiliate.email


def _find_kinds(rule: ApprovalRule, affiliate: Affiliate) -> Finding:
    kinds = {Channel.Kind(channel.kind) for channel in _list_channels(affiliate)}
    return bool(kinds & set(rule.channel_kinds)), ", ".join(sorted(str(kind.label) for kind in kinds))


def _find_shared_sites(_rule: ApprovalRule, affiliate: Affiliate) -> Finding:
    sites = [channel for channel in _list_channels(affiliate) if channel.kind in SITES]
    shared = [channel.address for channel in sites if _is_shared(find_host(channel.address))]
    if not sites:
        return False, _("no website or blog")
    return not shared, ", ".join(shared or [find_host(channel.address) for channel in sites])


def _is_shared(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return "." not in host or _is_on(host, SHARED_HOSTS)
    return True


def _find_blocked_channels(rule: ApprovalRule, affiliate: Affiliate) -> Finding:
    blocked = frozenset(rule.blocked_hosts)
    found = [one.address for one in _list_channels(affiliate) if _is_on(find_host(one.address), blocked)]
    return not found, ", ".join(found)


def find_host(address: str) -> str:
    """Return the host of a channel's address, without "www."."""
    return (urlsplit(address).hostname or "").rstrip(".").removeprefix("www.")


def _is_on(host: str, hosts: frozenset[str]) -> bool:
    """Return whether `host` is one of `hosts` or a subdomain of one."""
    parts = host.split(".")
    return any(".".join(parts[start:]) in hosts for start in range(len(parts)))


def _list_channels(affiliate: Affiliate) -> list[Channel]:
    """Return the channels that the approval would approve, and those that staff have approved already."""
    rows = Channel.objects.for_affiliate(affiliate).exclude(state=Channel.State.REJECTED)
    return list(rows.order_by("added_at", "id"))


def _find_same_person(_rule: ApprovalRule, affiliate: Affiliate) -> Finding:
    plain: Any = Func(Lower(F("user__email")), Value(r"\+[^@]*@"), Value("@"), function="regexp_replace")
    addresses = [channel.address for channel in Channel.objects.for_affiliate(affiliate)]
    others = Affiliate.objects.exclude(pk=affiliate.pk).annotate(plain_email=plain)
    same = others.filter(
        Q(plain_email=_remove_tag(affiliate.email))
        | Q(name__iexact=affiliate.name, country=affiliate.country)
        | Q(channels__address__in=addresses)
    )
    codes = sorted(set(same.values_list("code", flat=True)[:10]))
    return not codes, ", ".join(codes)


def _remove_tag(email: str) -> str:
    """Return the address without what follows a plus sign, which reaches the same mailbox."""
    local, _at, domain = email.lower().partition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _find_missing_answers(_rule: ApprovalRule, affiliate: Affiliate) -> Finding:
    answered = set(affiliate.application_answers.exclude(answer="").values_list("question", flat=True))
    missing = [question.text for question in ApplicationQuestion.objects.active() if question.text not in answered]
    return not missing, "; ".join(missing)
