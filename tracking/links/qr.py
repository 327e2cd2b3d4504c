"""QR codes of tracking links."""

from io import BytesIO

import segno

# Media types by file extension.
MEDIA_TYPES = {"svg": "image/svg+xml", "png": "image/png"}
# A QR code with medium error correction cannot hold more.
MAX_LENGTH = 2331


def render_qr_code(address: str, kind: str) -> bytes:
    """Render the QR code of an address as "svg" or "png", with the quiet zone that scanners need."""
    buffer = BytesIO()
    segno.make_qr(address, error="m").save(buffer, kind=kind, scale=10 if kind == "png" else 4, border=4)
    return buffer.getvalue()
