"""URLs of the public agreement pages."""

from django.urls import path

from agreements.views import public

app_name = "agreements"
urlpatterns = [
    path("", public.current, name="current"),
    path("agreement.pdf", public.current_pdf, name="current_pdf"),
    path("terms.json", public.terms_json, name="terms_json"),
    path("versions/", public.versions, name="versions"),
    path("versions/<uuid:pk>/", public.version, name="version"),
    path("versions/<uuid:pk>/agreement.pdf", public.version_pdf, name="version_pdf"),
    path("versions/<uuid:pk>/agreement.txt", public.version_text, name="version_text"),
    path("versions/<uuid:pk>/terms.json", public.version_terms, name="version_terms"),
    path("versions/<uuid:pk>/changes/", public.version_changes, name="version_changes"),
]
