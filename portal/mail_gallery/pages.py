"""/dev/mail/gallery/: every kind of e-mail with example data, in development."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.clickjacking import xframe_options_sameorigin

from mail.dev_pages import allow_frames, respond_with_html
from portal.mail_gallery.examples import Example, list_examples

app_name = "mail_gallery"


def list_kinds(request: HttpRequest) -> HttpResponse:
    """Show the subject and the first line of every example."""
    examples = list_examples()
    context = {
        "rendered": [(example, example.render()) for example in examples],
        "kinds": len({example.kind for example in examples}),
    }
    return render(request, "dev_mail/gallery.html", context)


def show_example(request: HttpRequest, slug: str) -> HttpResponse:
    """Show an example as HTML, on a narrow phone, and as text."""
    example = _find_example(slug)
    return allow_frames(render(request, "dev_mail/example.html", {"example": example, "mail": example.render()}))


@xframe_options_sameorigin
def show_html(_request: HttpRequest, slug: str) -> HttpResponse:
    """Return the HTML of an example."""
    return respond_with_html(_find_example(slug).render().html)


def show_text(_request: HttpRequest, slug: str) -> HttpResponse:
    """Return the text of an example."""
    return HttpResponse(_find_example(slug).render().text, content_type="text/plain; charset=utf-8")


def _find_example(slug: str) -> Example:
    found = next((example for example in list_examples() if example.slug == slug), None)
    if found is None:
        raise Http404
    return found


urlpatterns = [
    path("", list_kinds, name="list"),
    path("<slug:slug>/", show_example, name="example"),
    path("<slug:slug>/html/", show_html, name="html"),
    path("<slug:slug>/text/", show_text, name="text"),
]
