"""The demo's banners, drawn by code, and its text. Two affiliates have copied a banner."""

import io
from datetime import datetime
from functools import partial

from PIL import Image, ImageDraw, ImageFont

from affiliates.models import Affiliate, Channel
from creatives import affiliate_links, library
from creatives.models import Creative
from portal.demo.context import DemoContext
from portal.demo.personas import DOMAIN
from portal.demo.program import SHOP_URL

_GREEN, _PAPER, _LEAF = (14, 92, 76), (248, 246, 241), (125, 211, 183)
_SITES = (Channel.Kind.WEBSITE, Channel.Kind.BLOG)
SQUARE = "Garden season, 300 × 250"
_SLOGAN = "The garden season has begun"
_TEXT = "Raised beds, pots and tools from Juniper & Pine: everything for the first warm weekend.\nHave a look: {link}"


def schedule_creatives(context: DemoContext) -> None:
    """Schedule the upload of two banners and a text, and their first copies."""
    context.timeline.schedule(context.days.ago(60, 14), partial(_upload, context))
    for ago, key in ((58, "anna"), (51, "tomas")):
        context.timeline.schedule(context.days.ago(ago, 20), partial(_copy, key))


def _upload(context: DemoContext, now: datetime) -> None:
    by, target = context.staff["manager"], f"{SHOP_URL}/garden"
    for title, size in ((SQUARE, (300, 250)), ("Garden season, 728 × 90", (728, 90))):
        library.upload_banner(
            title=title, image=draw_banner(*size), alternative_text=f"Juniper & Pine: {_SLOGAN}",
            channel_kinds=_SITES, target=target, language="en", now=now, by=by,
        )  # fmt: skip
    kinds = (Channel.Kind.NEWSLETTER, Channel.Kind.SOCIAL, Channel.Kind.BLOG)
    library.upload_text(
        title="Garden season, for letters and posts", body=_TEXT, channel_kinds=kinds, target=target, language="en",
        now=now, by=by,
    )  # fmt: skip


def _copy(key: str, now: datetime) -> None:
    affiliate = Affiliate.objects.select_related("user").get(user__email=f"{key}@{DOMAIN}")
    banner = Creative.objects.get(title=SQUARE)
    affiliate_links.provide_link(creative=banner, affiliate=affiliate, now=now, by=affiliate.user)


def draw_banner(width: int, height: int) -> bytes:
    """Return a PNG of the shop's name and slogan in its colors."""
    image = Image.new("RGB", (width, height), _GREEN)
    draw = ImageDraw.Draw(image)
    draw.rectangle((6, 6, width - 7, height - 7), outline=_LEAF, width=2)
    for text, share, color, place in (("Juniper & Pine", 11, _PAPER, 0.38), (_SLOGAN, 18, _LEAF, 0.68)):
        font = ImageFont.load_default(size=min(height / 4, width / share))
        draw.text((width / 2, height * place), text, fill=color, font=font, anchor="mm")
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
