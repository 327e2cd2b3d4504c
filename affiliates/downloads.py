"""A limit of the files that affiliates download at once, so that pages are answered meanwhile (specification 12)."""

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from django.http import FileResponse, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render

from affiliates.models import Affiliate
from lib.download_places import RETRY_SECONDS, DownloadPlaces, HeldRows, TooManyDownloads

_places = DownloadPlaces()


def limits_downloads(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Have `view` hold a place until its file is sent; without a free place, answer that too many are being sent.

    Comes below `affiliate_view`.
    """

    @wraps(view)
    def wrapper(request: HttpRequest, affiliate: Affiliate, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            give_back = _places.take(affiliate.pk)
        except TooManyDownloads:
            refused = render(request, "affiliates/too_many_downloads.html", status=429)
            refused["Retry-After"] = str(RETRY_SECONDS)
            return refused
        try:
            response = view(request, affiliate, *args, **kwargs)
        except BaseException:
            give_back()
            raise
        # A file on disk is sent without any work.
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            content = response.streaming_content
            assert isinstance(content, Iterator)
            response.streaming_content = HeldRows(content, give_back)
        else:
            give_back()
        return response

    return wrapper
