"""The page on which staff translate a draft: the governing words of each clause beside boxes for others (CONTRACT 2)."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_info, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from accounts.staff import staff_member
from agreements import languages, rendering, translating, translation_problems, translations
from agreements.models import Agreement, Clause, ProhibitedActivity
from agreements.rendering import Source
from agreements.translating import Words
from lib.admin.actions import CONFIRMED, ConfirmForm, run_action

Part = Clause | ProhibitedActivity
LETTERS_A_LINE = 60


class Boxes(forms.Form):
    """The words of one part. What the page showed comes back with them, so that nobody's later words are overwritten."""

    heading = forms.CharField(
        label=gettext_lazy("Heading"),
        required=False,
        max_length=200,
        show_hidden_initial=True,
        widget=UnfoldAdminTextInputWidget,
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        show_hidden_initial=True,
        widget=UnfoldAdminTextareaWidget,
    )
    of_sha256 = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    fits = forms.BooleanField(
        label=gettext_lazy("The translation fits the governing words as they are now."),
        required=False,
        widget=UnfoldBooleanWidget,
    )


class Row(NamedTuple):
    """A part with its governing words, its boxes and what is to mend in them."""

    part: Part
    label: str
    heading: str
    text: str
    form: Boxes
    to_mend: list[str]
    out_of_date: bool


class TranslationsPage:
    """Mixed into the admin of versions: the button "Translations" and its page."""

    def has_translate_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        rows = Agreement.objects.drafts().filter(pk=object_id)
        may = request.user.has_perm("agreements.change_agreement")
        return may and (request.method == "POST" or rows.exists())

    @action(description=gettext_lazy("Translations"), permissions=["translate"])  # type: ignore[untyped-decorator]  # unfold has no types
    def translations(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choose the governing language, offer others, and translate into one of them."""
        agreement = get_object_or_404(Agreement, pk=object_id)
        if "drop" in request.GET:
            return self._drop(request, agreement, request.GET["drop"])
        others = translations.offered(agreement)[1:]
        language = request.GET.get("language", "")
        chosen = language if language in others else next(iter(others), "")
        rows = list(_rows(agreement, chosen, request)) if chosen else []
        if request.method == "POST" and (answer := _answer(request, agreement, chosen, rows)):
            return answer
        return self._page(request, agreement, others, chosen, rows)

    def _drop(self, request: HttpRequest, agreement: Agreement, language: str) -> HttpResponse:
        if language not in translations.offered(agreement)[1:] and CONFIRMED not in request.POST:
            raise Http404
        return run_action(
            request,
            self,  # type: ignore[arg-type]  # it is mixed into an admin
            ConfirmForm,
            _("No longer offer the version in %s") % get_language_info(language)["name_translated"],
            lambda _answers: translating.drop(
                agreement=agreement, language=language, now=timezone.now(), by=staff_member(request)
            ),
            _address(agreement),
            explanation=_("All of its translation is deleted from this draft."),
        )

    def _page(
        self, request: HttpRequest, agreement: Agreement, others: list[str], chosen: str, rows: list[Row]
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]  # it is mixed into an admin
            "opts": Agreement._meta,
            "title": _("Translations of version %s") % agreement.name,
            "agreement": agreement,
            "may_govern": _names(code for code in languages.KNOWN if code not in others),
            "may_offer": _names(code for code in languages.KNOWN if code not in (agreement.language, *others)),
            "others": _names(others),
            "chosen": chosen,
            "rows": rows,
            "left": [row.label for row in rows if row.to_mend],
            "values": _values(agreement, chosen),
            "back": reverse("admin:agreements_agreement_change", args=[agreement.pk]),
        }
        return TemplateResponse(request, "admin/agreements/translations.html", context)


def _names(codes: Any) -> list[tuple[str, str]]:
    return [(code, languages.name(code)) for code in codes]


def _values(agreement: Agreement, language: str) -> list[tuple[str, str]]:
    """How each placeholder will read, because a sentence has to be built around it."""
    if not language:
        return []
    values = rendering.values_of(agreement, str(_("the name of the program")), languages.KNOWN[language])
    return [(f"{{{name}}}", value) for name, value in values.items()]


def _rows(agreement: Agreement, language: str, request: HttpRequest) -> Iterator[Row]:
    source = rendering.source_of(agreement)
    data = request.POST if request.POST.get("do") == "save" else None
    causes: dict[str, list[str]] = defaultdict(list)
    for problem in translation_problems.of_language(source, language):
        causes[problem.place].append(problem.cause)
    for part, words, made_from in _parts(source, language):
        form = Boxes(data, prefix=str(part.pk), initial=words._asdict())
        out_of_date = bool(made_from) and made_from != words.of_sha256
        to_mend = causes[translation_problems.place_of(part, language)]
        label = part.number if isinstance(part, Clause) else part.code
        governing = Words(part.heading, part.body) if isinstance(part, Clause) else Words(part.title, part.text)
        form.fields["text"].widget.attrs["rows"] = 3 + len(governing.text) // LETTERS_A_LINE
        yield Row(part, label, governing.heading, governing.text, form, to_mend, out_of_date)


def _parts(source: Source, language: str) -> Iterator[tuple[Part, Words, str]]:
    """Each clause and prohibited activity with its translation, made from the words of now; and what it was made from."""
    clauses = translations.clauses_in(source.agreement, language)
    for clause in source.clauses:
        row, now = clauses.get(clause.pk), translations.fingerprint(clause)
        yield clause, Words(row.heading, row.body, now) if row else Words("", "", now), row.of_sha256 if row else ""
    activities = translations.activities_in(source.agreement, language)
    for activity in source.activities:
        of, now = activities.get(activity.pk), translations.fingerprint(activity)
        yield activity, Words(of.title, of.text, now) if of else Words("", "", now), of.of_sha256 if of else ""


def _answer(request: HttpRequest, agreement: Agreement, chosen: str, rows: list[Row]) -> HttpResponse | None:
    """What was asked for is done, or refused with the reason; None where a box has to be mended first."""
    do, language = request.POST.get("do"), request.POST.get("language", "")
    if do == "save" and not all(row.form.is_valid() for row in rows):
        messages.error(request, _("Nothing was saved: a heading is too long."))
        return None
    at: dict[str, Any] = {"agreement": agreement, "now": timezone.now(), "by": staff_member(request)}
    try:
        if do == "write in":
            translating.write_in(language=language, **at)
            chosen = ""
        elif do == "offer":
            translating.offer(language=language, **at)
            chosen = language
        elif do == "save":
            places = translating.translate(language=chosen, words=_written(rows), **at)
            saved = ngettext("%d translation saved.", "%d translations saved.", len(places))
            messages.success(request, saved % len(places))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return HttpResponseRedirect(_address(agreement, chosen))


def _written(rows: list[Row]) -> dict[Any, Words]:
    """The words of the parts in which something was changed, or found to fit."""
    return {
        row.part.pk: Words(*(row.form.cleaned_data[name] for name in Words._fields))
        for row in rows
        if {"heading", "text", "fits"} & set(row.form.changed_data)
    }


def _address(agreement: Agreement, language: str = "") -> str:
    query = {"language": language} if language else None
    return reverse("admin:agreements_agreement_translations", args=[agreement.pk], query=query)
