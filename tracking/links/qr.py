"""QR codes of tracking links."""

from io import BytesIO

import segno

from tracking.links.tracking_links import build_short_url
from tracking.models import Link

# Media types by file extension.
MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}


def render_qr_code(link: Link, kind: str) -> bytes:
    """Render the QR code of the link's short URL as "svg" or "png", with the quiet zone that scanners need."""
    buffer = BytesIO()
    segno.make_qr(build_short_url(link), error="m").save(buffer, kind=kind, scale=10 if kind == "png" else 4, border=4)
    return buffer.getvalue()
