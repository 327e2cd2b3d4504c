"""A link as a QR code, for paper and screens."""

from io import BytesIO

import segno

from tracking.links.tracking_links import short_address
from tracking.models import Link

# Media types by the ending under which the code is fetched.
TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def picture(link: Link, kind: str) -> bytes:
    """The QR code of the link's address as "svg" or "png", with the quiet zone that scanners need."""
    out = BytesIO()
    segno.make_qr(short_address(link), error="m").save(out, kind=kind, scale=10 if kind == "png" else 4, border=4)
    return out.getvalue()
