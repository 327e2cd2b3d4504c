"""The page on which staff translate a draft, with the governing text beside each translation (specification 2)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language_info, gettext_lazy, ngettext
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from accounts.staff import staff_member
from agreements import languages, rendering, translation_edits, translation_problems, translations
from agreements.models import AgreementVersion, Clause, ProhibitedActivity
from agreements.rendering import Source
from agreements.translation_edits import TranslatedWords
from lib.admin.actions import CONFIRMED, ConfirmForm, run_action

Part = Clause | ProhibitedActivity
CHARACTERS_PER_LINE = 60


class TranslationForm(forms.Form):
    """The translation of one part; hidden initial values keep it from overwriting later edits of others."""

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
    source_sha256 = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    is_current = forms.BooleanField(
        label=gettext_lazy("The translation matches the present governing text."),
        required=False,
        widget=UnfoldBooleanWidget,
    )


class TranslationRow(NamedTuple):
    """A part with its governing words, its form and its problems."""

    part: Part
    label: str
    heading: str
    text: str
    form: TranslationForm
    problems: list[str]
    out_of_date: bool


def show_translations(model_admin: "ModelAdmin[Any]", request: HttpRequest, object_id: str) -> HttpResponse:
    """Choose the governing language, offer other languages, and translate into one of them."""
    version = get_object_or_404(AgreementVersion, pk=object_id)
    if "drop" in request.GET:
        return _confirm_removal(model_admin, request, version, request.GET["drop"])
    others = translations.list_languages(version)[1:]
    language = request.GET.get("language", "")
    chosen = language if language in others else next(iter(others), "")
    rows = list(_build_rows(version, chosen, request)) if chosen else []
    if request.method == "POST" and (response := _handle_post(request, version, chosen, rows)):
        return response
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": AgreementVersion._meta,
        "title": _("Translations of version %s") % version.name,
        "agreement": version,
        "may_govern": _name_languages(code for code in languages.KNOWN if code not in others),
        "may_offer": _name_languages(code for code in languages.KNOWN if code not in (version.language, *others)),
        "others": _name_languages(others),
        "chosen": chosen,
        "rows": rows,
        "incomplete": [row.label for row in rows if row.problems],
        "values": _list_placeholder_values(version, chosen),
        "back": reverse("admin:agreements_agreementversion_change", args=[version.pk]),
    }
    return TemplateResponse(request, "admin/agreements/translations.html", context)


def _confirm_removal(
    model_admin: "ModelAdmin[Any]", request: HttpRequest, version: AgreementVersion, language: str
) -> HttpResponse:
    if language not in translations.list_languages(version)[1:] and CONFIRMED not in request.POST:
        raise Http404
    return run_action(
        request,
        model_admin,
        ConfirmForm,
        _("Remove the translation in %s") % get_language_info(language)["name_translated"],
        lambda _answers: translation_edits.remove_language(
            agreement=version, language=language, now=timezone.now(), by=staff_member(request)
        ),
        _build_url(version),
        explanation=_("The whole translation is deleted from this draft."),
    )


def _name_languages(codes: Iterable[str]) -> list[tuple[str, str]]:
    return [(code, languages.get_language_name(code)) for code in codes]


def _list_placeholder_values(version: AgreementVersion, language: str) -> list[tuple[str, str]]:
    """Return the text of each placeholder in `language`."""
    if not language:
        return []
    values = rendering.build_placeholder_values(version, str(_("the name of the program")), languages.KNOWN[language])
    return [(f"{{{name}}}", value) for name, value in values.items()]


def _build_rows(version: AgreementVersion, language: str, request: HttpRequest) -> Iterator[TranslationRow]:
    source = rendering.load_source(version)
    data = request.POST if request.POST.get("do") == "save" else None
    causes: dict[str, list[str]] = defaultdict(list)
    for problem in translation_problems.find_language_problems(source, language):
        causes[problem.place].append(problem.cause)
    for part, words, source_sha256 in _list_parts(source, language):
        form = TranslationForm(data, prefix=str(part.pk), initial=words._asdict())
        out_of_date = bool(source_sha256) and source_sha256 != words.source_sha256
        problems = causes[translation_problems.format_place(part, language)]
        label = part.number if isinstance(part, Clause) else part.code
        governing = (
            TranslatedWords(part.heading, part.body)
            if isinstance(part, Clause)
            else TranslatedWords(part.title, part.text)
        )
        form.fields["text"].widget.attrs["rows"] = 3 + len(governing.text) // CHARACTERS_PER_LINE
        yield TranslationRow(part, label, governing.heading, governing.text, form, problems, out_of_date)


def _list_parts(source: Source, language: str) -> Iterator[tuple[Part, TranslatedWords, str]]:
    """Yield each part, its translation with the present fingerprint, and the fingerprint of its source or ""."""
    clauses = translations.get_translated_clauses(source.agreement, language)
    for clause in source.clauses:
        row, current = clauses.get(clause.pk), translations.compute_fingerprint(clause)
        yield (
            clause,
            TranslatedWords(row.heading, row.body, current) if row else TranslatedWords("", "", current),
            row.source_sha256 if row else "",
        )
    activities = translations.get_translated_activities(source.agreement, language)
    for activity in source.activities:
        translated, current = activities.get(activity.pk), translations.compute_fingerprint(activity)
        yield (
            activity,
            TranslatedWords(translated.title, translated.text, current)
            if translated
            else TranslatedWords("", "", current),
            translated.source_sha256 if translated else "",
        )


def _handle_post(
    request: HttpRequest, version: AgreementVersion, chosen: str, rows: list[TranslationRow]
) -> HttpResponse | None:
    """Do what was requested and redirect, with a message if it is rejected; return None if a field is invalid."""
    do, language = request.POST.get("do"), request.POST.get("language", "")
    if do == "save" and not all(row.form.is_valid() for row in rows):
        messages.error(request, _("Nothing was saved, because a heading is too long."))
        return None
    common: dict[str, Any] = {"agreement": version, "now": timezone.now(), "by": staff_member(request)}
    try:
        if do == "set_governing_language":
            translation_edits.set_governing_language(language=language, **common)
            chosen = ""
        elif do == "offer":
            translation_edits.add_language(language=language, **common)
            chosen = language
        elif do == "save":
            places = translation_edits.save_translations(language=chosen, words=_collect_changed_words(rows), **common)
            saved = ngettext("%d translation saved.", "%d translations saved.", len(places))
            messages.success(request, saved % len(places))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return HttpResponseRedirect(_build_url(version, chosen))


def _collect_changed_words(rows: list[TranslationRow]) -> dict[Any, TranslatedWords]:
    """Return the words of the parts that were changed or confirmed as current."""
    return {
        row.part.pk: TranslatedWords(*(row.form.cleaned_data[name] for name in TranslatedWords._fields))
        for row in rows
        if {"heading", "text", "is_current"} & set(row.form.changed_data)
    }


def _build_url(version: AgreementVersion, language: str = "") -> str:
    query = {"language": language} if language else None
    return reverse("admin:agreements_agreementversion_translations", args=[version.pk], query=query)
