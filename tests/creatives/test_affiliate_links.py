"""The links with which affiliates publish creatives, their code, and what they brought."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from affiliates.models import State
from creatives import affiliate_links, library, snippets
from creatives.models import CreativeLink
from lib.errors import NotAllowed
from tests.creatives.samples import TARGET, upload_banner, upload_text
from tests.factories import NOW, make_affiliate
from tests.portal.html_tree import parse_html
from tracking.models import Link, Rollup

pytestmark = pytest.mark.django_db
URL = "https://go.example/r/Abc123"


def test_affiliate_gets_one_link_of_their_own_for_each_creative(affiliate):
    banner, text = upload_banner(), upload_text()
    first, again, other = (
        affiliate_links.provide_link(creative=one, affiliate=affiliate, now=NOW, by=affiliate.user)
        for one in (banner, banner, text)
    )
    assert first == again != other
    assert (first.affiliate, first.target, first.name, first.sub1) == (affiliate, TARGET, "Spring banner", "")
    assert CreativeLink.objects.count() == Link.objects.count() == 2


@pytest.mark.parametrize("state", [State.APPROVED, State.SUSPENDED, State.LEAVING, State.TERMINATED])
def test_affiliate_who_may_not_promote_gets_no_link(shop, state):
    affiliate = make_affiliate(state=state)
    with pytest.raises(ValidationError, match=r"Accept the agreement|Only active affiliates"):
        affiliate_links.provide_link(creative=upload_banner(), affiliate=affiliate, now=NOW, by=affiliate.user)
    assert not CreativeLink.objects.exists()


def test_creative_that_is_not_available_gives_no_link(affiliate):
    later = upload_banner(active_from=NOW + timedelta(days=1))
    withdrawn = upload_banner()
    library.withdraw_creative(creative=withdrawn, reason="Over.", now=NOW, by=None)
    for creative in (later, withdrawn):
        with pytest.raises(NotAllowed, match="no longer available"):
            affiliate_links.provide_link(creative=creative, affiliate=affiliate, now=NOW, by=affiliate.user)
    assert not Link.objects.exists()


def test_usage_adds_up_the_links_of_the_creative_alone(affiliate):
    banner, other = upload_banner(), make_affiliate()
    counted = [
        affiliate_links.provide_link(creative=creative, affiliate=one, now=NOW, by=one.user)
        for creative, one in ((banner, affiliate), (banner, other), (upload_text(), affiliate))
    ]
    for link, clicks in zip(counted, (3, 4, 100), strict=True):
        Rollup.objects.create(
            affiliate=link.affiliate, dimension="link", day=NOW.date(), value=str(link.pk), clicks=clicks, orders=1,
            commission=Decimal("2.50"),
        )  # fmt: skip
    assert affiliate_links.measure_usage(banner) == (2, 7, 2, Decimal("5.00"))
    assert affiliate_links.measure_usage(upload_banner()) == (0, 0, 0, Decimal(0))


def test_html_of_a_banner_escapes_the_alternative_text(shop, settings):
    settings.BASE_URL = "https://aff.example"
    banner = upload_banner(alternative_text='"><script>alert(1)</script> & 20 % off')
    html = snippets.build_html(banner, URL + "?a=1&b=2")
    assert "<script" not in html
    _page, anchor, image = parse_html(html).descendants()
    assert anchor.attributes == {"href": URL + "?a=1&b=2", "rel": "sponsored"}
    assert image.attributes == {
        "src": f"https://aff.example/creatives/images/{banner.pk}",
        "alt": '"><script>alert(1)</script> & 20 % off',
        "width": "30",
        "height": "25",
    }


def test_text_is_plain_for_posts_and_escaped_in_html(shop):
    text = upload_text(body="Pots & pans <b>now</b>:\r\n{link}\nEnjoy!")
    assert snippets.build_text(text, URL) == f"Pots & pans <b>now</b>:\n{URL}\nEnjoy!"
    assert snippets.build_html(text, URL) == (
        f'Pots &amp; pans &lt;b&gt;now&lt;/b&gt;:<br>\n<a href="{URL}" rel="sponsored">{URL}</a><br>\nEnjoy!'
    )
