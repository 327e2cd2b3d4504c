"""Static files while processes of two versions run."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from portal.static_files import StaticFilesMiddleware

# Closing a response tells Django that a request has ended, and Django then looks at its connections.
pytestmark = pytest.mark.django_db


@pytest.fixture
def serve(settings, tmp_path):
    settings.STATIC_ROOT = tmp_path
    settings.WHITENOISE_USE_FINDERS = settings.WHITENOISE_AUTOREFRESH = settings.DEBUG = False
    (tmp_path / "early.css").write_text("a {}")
    (tmp_path.parent / "secret.css").write_text("a {}")
    middleware = StaticFilesMiddleware(lambda _request: HttpResponse(status=404))

    def get_status(path: str) -> int:
        response = middleware(RequestFactory().get(path))
        response.close()
        return int(response.status_code)

    return get_status


def test_file_collected_by_a_newer_process_is_served(serve, tmp_path):
    assert serve("/static/early.css") == 200
    assert serve("/static/late.css") == 404
    (tmp_path / "late.css").write_text("b {}")
    assert serve("/static/late.css") == 200


def test_files_outside_of_the_directory_are_not_served(serve):
    for path in ("/static/../secret.css", "/static/", "/static", "/static//etc/passwd", "/secret.css"):
        assert serve(path) == 404, path
