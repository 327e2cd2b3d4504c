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
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from accounts.staff import staff_member
from agreements import languages, rendering, translation_edits, translation_problems, translations
from agreements.models import AgreementVersion, Clause, ProhibitedActivity
from agreements.rendering import Source
from agreements.translation_edits import TranslatedWords
from lib.admin.actions import CONFIRMED, ConfirmForm, run_action
from lib.typed import action

Part = Clause | ProhibitedActivity
CHARACTERS_PER_LINE = 60


class TranslationForm(forms.Form):
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
    source_sha256 = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    is_current = forms.BooleanField(
        label=gettext_lazy("The translation fits the governing words as they are now."),
        required=False,
        widget=UnfoldBooleanWidget,
    )


class TranslationRow(NamedTuple):
    """A part with its governing words, its boxes and what is to mend in them."""

    part: Part
    label: str
    heading: str
    text: str
    form: TranslationForm
    problems: list[str]
    out_of_date: bool


class TranslationsMixin:
    """Mixed into the admin of versions: the button "Translations" and its page."""

    def has_translate_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        rows = AgreementVersion.objects.drafts().filter(pk=object_id)
        may = request.user.has_perm("agreements.change_agreementversion")
        return may and (request.method == "POST" or rows.exists())

    @action(description=gettext_lazy("Translations"), permissions=["translate"])
    def translations(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choose the governing language, offer others, and translate into one of them."""
        agreement = get_object_or_404(AgreementVersion, pk=object_id)
        if "drop" in request.GET:
            return self._drop(request, agreement, request.GET["drop"])
        others = translations.list_languages(agreement)[1:]
        language = request.GET.get("language", "")
        chosen = language if language in others else next(iter(others), "")
        rows = list(_build_rows(agreement, chosen, request)) if chosen else []
        if request.method == "POST" and (answer := _handle_post(request, agreement, chosen, rows)):
            return answer
        return self._page(request, agreement, others, chosen, rows)

    def _drop(self, request: HttpRequest, agreement: AgreementVersion, language: str) -> HttpResponse:
        if language not in translations.list_languages(agreement)[1:] and CONFIRMED not in request.POST:
            raise Http404
        return run_action(
            request,
            self,  # type: ignore[arg-type]  # it is mixed into an admin
            ConfirmForm,
            _("No longer offer the version in %s") % get_language_info(language)["name_translated"],
            lambda _answers: translation_edits.remove_language(
                agreement=agreement, language=language, now=timezone.now(), by=staff_member(request)
            ),
            _build_url(agreement),
            explanation=_("All of its translation is deleted from this draft."),
        )

    def _page(
        self,
        request: HttpRequest,
        agreement: AgreementVersion,
        others: list[str],
        chosen: str,
        rows: list[TranslationRow],
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]  # it is mixed into an admin
            "opts": AgreementVersion._meta,
            "title": _("Translations of version %s") % agreement.name,
            "agreement": agreement,
            "may_govern": _name_languages(code for code in languages.KNOWN if code not in others),
            "may_offer": _name_languages(code for code in languages.KNOWN if code not in (agreement.language, *others)),
            "others": _name_languages(others),
            "chosen": chosen,
            "rows": rows,
            "left": [row.label for row in rows if row.problems],
            "values": _list_placeholder_values(agreement, chosen),
            "back": reverse("admin:agreements_agreementversion_change", args=[agreement.pk]),
        }
        return TemplateResponse(request, "admin/agreements/translations.html", context)


def _name_languages(codes: Any) -> list[tuple[str, str]]:
    return [(code, languages.get_language_name(code)) for code in codes]


def _list_placeholder_values(agreement: AgreementVersion, language: str) -> list[tuple[str, str]]:
    """How each placeholder will read, because a sentence has to be built around it."""
    if not language:
        return []
    values = rendering.build_placeholder_values(agreement, str(_("the name of the program")), languages.KNOWN[language])
    return [(f"{{{name}}}", value) for name, value in values.items()]


def _build_rows(agreement: AgreementVersion, language: str, request: HttpRequest) -> Iterator[TranslationRow]:
    source = rendering.load_source(agreement)
    data = request.POST if request.POST.get("do") == "save" else None
    causes: dict[str, list[str]] = defaultdict(list)
    for problem in translation_problems.find_language_problems(source, language):
        causes[problem.place].append(problem.cause)
    for part, words, made_from in _list_parts(source, language):
        form = TranslationForm(data, prefix=str(part.pk), initial=words._asdict())
        out_of_date = bool(made_from) and made_from != words.source_sha256
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
    """Each clause and prohibited activity with its translation, made from the words of now; and what it was made from."""
    clauses = translations.get_translated_clauses(source.agreement, language)
    for clause in source.clauses:
        row, now = clauses.get(clause.pk), translations.compute_fingerprint(clause)
        yield (
            clause,
            TranslatedWords(row.heading, row.body, now) if row else TranslatedWords("", "", now),
            row.source_sha256 if row else "",
        )
    activities = translations.get_translated_activities(source.agreement, language)
    for activity in source.activities:
        of, now = activities.get(activity.pk), translations.compute_fingerprint(activity)
        yield (
            activity,
            TranslatedWords(of.title, of.text, now) if of else TranslatedWords("", "", now),
            of.source_sha256 if of else "",
        )


def _handle_post(
    request: HttpRequest, agreement: AgreementVersion, chosen: str, rows: list[TranslationRow]
) -> HttpResponse | None:
    """What was asked for is done, or refused with the reason; None where a box has to be mended first."""
    do, language = request.POST.get("do"), request.POST.get("language", "")
    if do == "save" and not all(row.form.is_valid() for row in rows):
        messages.error(request, _("Nothing was saved: a heading is too long."))
        return None
    at: dict[str, Any] = {"agreement": agreement, "now": timezone.now(), "by": staff_member(request)}
    try:
        if do == "set_governing_language":
            translation_edits.set_governing_language(language=language, **at)
            chosen = ""
        elif do == "offer":
            translation_edits.add_language(language=language, **at)
            chosen = language
        elif do == "save":
            places = translation_edits.save_translations(language=chosen, words=_collect_changed_words(rows), **at)
            saved = ngettext("%d translation saved.", "%d translations saved.", len(places))
            messages.success(request, saved % len(places))
    except ValidationError as refusal:
        messages.error(request, " ".join(refusal.messages))
    return HttpResponseRedirect(_build_url(agreement, chosen))


def _collect_changed_words(rows: list[TranslationRow]) -> dict[Any, TranslatedWords]:
    """The words of the parts in which something was changed, or found to fit."""
    return {
        row.part.pk: TranslatedWords(*(row.form.cleaned_data[name] for name in TranslatedWords._fields))
        for row in rows
        if {"heading", "text", "is_current"} & set(row.form.changed_data)
    }


def _build_url(agreement: AgreementVersion, language: str = "") -> str:
    query = {"language": language} if language else None
    return reverse("admin:agreements_agreementversion_translations", args=[agreement.pk], query=query)
