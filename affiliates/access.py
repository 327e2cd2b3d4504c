"""The door of every affiliate's page: who is signed in, and whose data they may see (CONTRACT 9)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from affiliates.models import Affiliate


def get_affiliate(request: HttpRequest) -> Affiliate | None:
    """The affiliate who is signed in, or None for a visitor and for staff; asked of the database once a request."""
    if not request.user.is_authenticated:
        return None
    try:
        return request.user.affiliate
    except Affiliate.DoesNotExist:
        return None


def affiliate_view(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Pass the signed-in affiliate to `view` as its second argument; others go to sign in, staff to the admin."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        affiliate = get_affiliate(request)
        if affiliate is None:
            return redirect("admin:index") if request.user.is_staff else redirect("portal:apply")
        return view(request, affiliate, *args, **kwargs)

    return login_required(door)
