"""Static files, served by whitenoise."""

from typing import Any

from django.http import HttpRequest, HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFilesMiddleware(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise has no types
    """Also serves files that another process collected after this one started.

    While processes restart one after the other, pages of the new version name files that the old one does not know.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        if self.static_root and not self.autorefresh:
            self.directories.append((f"{self.static_root}/", self.static_prefix))

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path.startswith(self.static_prefix) and path not in self.files and (found := self.find_file(path)):
            later: HttpResponseBase = self.serve(found, request)
            return later
        response: HttpResponseBase = super().__call__(request)
        return response
