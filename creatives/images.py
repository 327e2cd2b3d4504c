"""Images of banners: checked by their content when staff upload them, and the neutral one (specification 10)."""

import io
import struct
import zlib
from functools import lru_cache
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

MAX_KIBIBYTES = 1024
MAX_BYTES = MAX_KIBIBYTES * 1024
# In pixels, of width and height.
MAX_SIDE = 2000
# The formats that every browser shows, by Pillow's names. SVG and HTML can carry scripts.
MEDIA_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp", "GIF": "image/gif"}
_GRAY = b"\xd8\xdc\xda"


class BannerFile(NamedTuple):
    content: bytes
    media_type: str
    width: int
    height: int


def validate_image(content: bytes) -> BannerFile:
    """Return the image with its media type and size, as its content says, whatever its name.

    Raises ValidationError for `image` if it is too large, of another type, or damaged.
    """
    if len(content) > MAX_BYTES:
        raise ValidationError({"image": _("The image is larger than %(most)d KiB.") % {"most": MAX_KIBIBYTES}})
    try:
        # The size is in the first bytes: an image that would fill the memory is refused before it is decoded.
        with Image.open(io.BytesIO(content), formats=list(MEDIA_TYPES)) as image:
            name, (width, height) = image.format, image.size
            _check_size(width, height)
            image.load()
    except ValidationError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ValidationError({"image": _("The image has too many pixels.")}) from None
    except UnidentifiedImageError:
        raise ValidationError({"image": _("This file is not a PNG, JPEG, WebP or GIF image.")}) from None
    except Exception:  # noqa: BLE001 -- decoders of damaged files raise errors of many kinds
        raise ValidationError({"image": _("This image is damaged. Export it again and upload the new file.")}) from None
    return BannerFile(content, MEDIA_TYPES[name or ""], width, height)


def _check_size(width: int, height: int) -> None:
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        text = _("The image has %(width)d × %(height)d pixels. At most %(most)d × %(most)d are allowed.")
        raise ValidationError({"image": text % {"width": width, "height": height, "most": MAX_SIDE}})


@lru_cache(maxsize=64)
def render_neutral_image(width: int, height: int) -> bytes:
    """Return a PNG of one light gray, of one bit per pixel, in the size of the banner that it replaces."""
    row = bytes(1 + (width + 7) // 8)
    header = struct.pack(">IIBBBBB", width, height, 1, 3, 0, 0, 0)
    pixels = zlib.compress(row * height, 9)
    chunks = ((b"IHDR", header), (b"PLTE", _GRAY), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_build_chunk(kind, data) for kind, data in chunks)


def _build_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
