"""Which referring hosts belong to a declared channel."""

import pytest

from compliance.signals import referrer_tables
from compliance.signals.declared_sites import is_declared, list_sites
from tracking.clicks.requests import extract_referrer_host


@pytest.mark.parametrize(
    ("channel", "referrer"),
    [
        ("https://x.com/p", "https://t.co/abc"),
        ("https://twitter.com/p", "https://x.com/"),
        ("https://mobile.twitter.com/p", "android-app://com.twitter.android/"),
        ("https://t.me/p", "https://web.telegram.org/k/"),
        ("https://web.telegram.org/k/#@p", "https://t.me/"),
        ("https://t.me/p", "android-app://org.telegram.messenger/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/page"),
        ("https://xn--bcher-kva.example/", "https://www.bücher.example/"),
        ("https://BÜCHER.example/", "https://m.xn--bcher-kva.example/"),
        ("https://www.instagram.com/p/", "https://l.instagram.com/"),
        ("https://facebook.com/p", "https://lm.facebook.com/"),
        ("https://m.facebook.com/p", "https://l.facebook.com/"),
        ("https://fb.me/p", "android-app://com.facebook.katana"),
        ("https://old.reddit.com/u/p", "https://out.reddit.com/"),
        ("https://www.linkedin.com/in/p", "https://lnkd.in/x"),
        ("https://youtu.be/x", "https://www.youtube.com/"),
        ("https://www.youtube.com/@p", "https://youtu.be/x"),
        ("https://www.pinterest.de/p", "https://www.pinterest.com/"),
        ("https://anna.tumblr.com", "https://t.umblr.com/redirect"),
        ("https://blog.example/", "https://amp.blog.example/"),
        ("https://amp.blog.example/", "https://blog.example/"),
        ("https://m.blog.example/", "https://www.blog.example/"),
        ("https://my-blog.example/", "https://my--blog-example.cdn.ampproject.org/"),
        ("https://blog.example/", "https://blog-example.translate.goog/"),
        ("https://blog.example:8443/", "https://blog.example./"),
        ("https://blog.example/", "https://bit.ly/x"),
        ("https://play.google.com/store/apps/details?id=com.anna.app", "android-app://com.anna.app/"),
    ],
)
def test_visitors_of_a_channel_come_from_its_hosts(channel: str, referrer: str) -> None:
    assert is_declared(extract_referrer_host(referrer), list_sites("website", channel))


@pytest.mark.parametrize(
    ("channel", "referrer"),
    [
        ("https://blog.example/", "https://t.co/abc"),
        ("https://blog.example/", "https://notblog.example/"),
        ("https://blog.example/", "https://blog.example.evil.example/"),
        ("https://x.com/p", "https://notx.com/"),
        ("https://x.com/p", "https://t.co.evil.example/"),
        ("https://x.com/p", "https://www.facebook.com/"),
        ("https://anna.tumblr.com", "https://ben.tumblr.com/"),
        ("https://anna.substack.com", "https://ben.substack.com/"),
        ("https://m.example/", "https://evil.example/"),
        ("https://blog.example/", "https://mail.google.com/"),
        ("https://play.google.com/store/apps/details?id=com.anna.app", "android-app://com.ben.app/"),
        ("https://blog.example/", "https://" + "ü" * 70 + ".example/"),
        ("", "https://evil.example/"),
    ],
)
def test_visitors_from_other_hosts_are_not_declared(channel: str, referrer: str) -> None:
    assert not is_declared(extract_referrer_host(referrer), list_sites("website", channel))


def test_newsletters_are_read_in_webmail() -> None:
    assert is_declared("mail.google.com", list_sites("newsletter", "https://blog.example/newsletter"))


def test_no_host_belongs_to_two_platforms() -> None:
    hosts = [host for platform in referrer_tables.PLATFORMS for host in platform]
    assert len(hosts) == len(set(hosts))
    assert all(host == host.lower() for host in hosts)
