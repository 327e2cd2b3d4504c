"""Files that programs expect at fixed addresses: robots.txt, favicon.ico and security.txt."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.templatetags.static import static
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

# Of search engines only the public pages are wanted; a visit of a tracking link would be a click.
CLOSED_TO_ROBOTS = (
    *(
        "/r/",
        "/go/",
        "/accounts/",
        "/admin/",
        "/api/",
        "/hooks/",
        "/home/",
        "/profile/",
        "/invitation/",
        "/unsubscribe/",
    ),
)
# The standard, RFC 9116, wants a date that is less than a year away.
SECURITY_CONTACT_AGE = timedelta(days=180)
ONE_DAY = 24 * 60 * 60


@require_safe
@cache_control(max_age=ONE_DAY, public=True)
def robots(request: HttpRequest) -> HttpResponse:
    """Tell search engines which pages are public."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in CLOSED_TO_ROBOTS)]
    return _text(lines)


@require_safe
@cache_control(max_age=ONE_DAY, public=True)
def favicon(request: HttpRequest) -> HttpResponse:
    """Redirect browsers that look for the icon at its oldest address."""
    return HttpResponse(status=302, headers={"Location": static("favicon.svg")})


@require_safe
@cache_control(max_age=ONE_DAY, public=True)
def security(request: HttpRequest) -> HttpResponse:
    """Tell people who find a vulnerability whom to tell."""
    expires = (timezone.now() + SECURITY_CONTACT_AGE).replace(hour=0, minute=0, second=0, microsecond=0)
    return _text(
        [
            f"Contact: {settings.SECURITY_CONTACT}",
            f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
            f"Canonical: {settings.BASE_URL}{request.path}",
        ]
    )


def _text(lines: list[str]) -> HttpResponse:
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
