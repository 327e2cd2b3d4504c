"""The responses with which banners are shown, on affiliates' channels and to staff (specification 10)."""

from datetime import datetime

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response

from creatives.images import render_neutral_image
from creatives.models import Creative, CreativeImage

# For so long, browsers may show a banner after it has been withdrawn.
MAX_AGE_SECONDS = 300
# Browsers take it for nothing but an image, wherever it is embedded.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def build_public_response(request: HttpRequest, creative: Creative, *, now: datetime) -> HttpResponseBase:
    """Return the image of an active banner, or a neutral one of the same size for any other."""
    is_active = creative.get_state(now) == Creative.State.ACTIVE
    etag = '"banner"' if is_active else '"neutral"'
    response = get_conditional_response(request, etag=etag)
    if response is None:
        image = CreativeImage.objects.filter(pk=creative.pk).first() if is_active else None
        response = (
            _build_neutral_response(creative)
            if image is None
            else HttpResponse(bytes(image.content), content_type=creative.media_type)
        )
    for name, value in _HEADERS.items():
        response.headers[name] = value
    response.headers["ETag"] = etag
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE_SECONDS}"
    return response


def build_preview_response(creative: Creative) -> HttpResponse:
    """Return a banner's own image, whatever its state, for staff."""
    image = CreativeImage.objects.get(pk=creative.pk)
    return HttpResponse(bytes(image.content), content_type=creative.media_type, headers=_HEADERS)


def _build_neutral_response(creative: Creative) -> HttpResponse:
    return HttpResponse(render_neutral_image(creative.width or 1, creative.height or 1), content_type="image/png")
