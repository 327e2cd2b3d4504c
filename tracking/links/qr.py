"""A link as a QR code, for paper and screens."""

from io import BytesIO

import segno

from tracking.links.tracking_links import build_short_url
from tracking.models import Link

# Media types by the ending under which the code is fetched.
MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def render_qr_code(link: Link, kind: str) -> bytes:
    """The QR code of the link's address as "svg" or "png", with the quiet zone that scanners need."""
    out = BytesIO()
    segno.make_qr(build_short_url(link), error="m").save(out, kind=kind, scale=10 if kind == "png" else 4, border=4)
    return out.getvalue()
