"""Access control of the affiliates' pages (specification 9)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from affiliates.models import Affiliate


def get_affiliate(request: HttpRequest) -> Affiliate | None:
    """Return the signed-in affiliate, or None for visitors and staff. Queries the database once per request."""
    if not request.user.is_authenticated:
        return None
    try:
        return request.user.affiliate
    except Affiliate.DoesNotExist:
        return None


def affiliate_view(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Pass the signed-in affiliate to `view`. Visitors are redirected to sign in, staff to the admin."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        affiliate = get_affiliate(request)
        if affiliate is None:
            return redirect("admin:index") if request.user.is_staff else redirect("portal:apply")
        return view(request, affiliate, *args, **kwargs)

    return login_required(wrapper)
