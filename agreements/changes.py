"""Changes between versions: terms with their effect on the affiliate, clauses word by word (specification 2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from agreements import languages, terms, translations
from agreements.languages import Wording
from agreements.models import AgreementVersion
from agreements.rendering import Document, Source, collapse_whitespace, load_source
from agreements.rules import TERM_RULES, Rule
from agreements.terms import Better, Value
from agreements.text_changes import TextChange, compare_sections, format_pieces
from agreements.version_documents import get_document

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Effect(StrEnum):
    """The effect of a change on the affiliate."""

    BENEFIT = "benefit"
    DETRIMENT = "detriment"
    NEUTRAL = "neutral"


EFFECT_LABELS = {
    Effect.BENEFIT: gettext_lazy("better for you"),
    Effect.DETRIMENT: gettext_lazy("worse for you"),
    Effect.NEUTRAL: gettext_lazy("neutral"),
}


# For staff.
STAFF_EFFECT_LABELS = {
    Effect.BENEFIT: gettext_lazy("better for affiliates"),
    Effect.DETRIMENT: gettext_lazy("worse for affiliates"),
    Effect.NEUTRAL: gettext_lazy("neutral"),
}


@dataclass(frozen=True)
class TermChange:
    """One changed term.

    `term` is the term's name, or "rate CATEGORY"; `label` its name for people; `old` and `new` are formatted as in the
    text; `clause` is the number of the clause in the newer version.
    """

    term: str
    label: "StrOrPromise"
    old: str
    new: str
    effect: Effect
    clause: str

    @property
    def effect_label(self) -> str:
        return str(EFFECT_LABELS[self.effect])

    @property
    def staff_effect_label(self) -> str:
        return str(STAFF_EFFECT_LABELS[self.effect])


@dataclass(frozen=True)
class Changes:
    """All differences between two versions.

    `wording` is whether anything other than the value of a term differs. `language` is the language of the texts
    compared. `translations` are the languages whose translation was removed, or changed.
    """

    terms: tuple[TermChange, ...]
    texts: tuple[TextChange, ...]
    wording: bool
    language: str = languages.DEFAULT
    translations: tuple[str, ...] = ()

    @property
    def detriment(self) -> bool:
        """Whether the newer version needs notice and acceptance; every change of wording does (specification 2)."""
        return bool(self.wording or self.translations) or any(c.effect is Effect.DETRIMENT for c in self.terms)

    def __bool__(self) -> bool:
        return bool(self.terms or self.texts or self.translations)


def compare_sources(old: Source, new: Source, old_document: Document, new_document: Document) -> Changes:
    """Return the changes from `old` to `new`; the documents are the rendered texts to compare."""
    words = languages.KNOWN[new_document.language]
    return Changes(
        (*_compare_terms(old, new, words), *_compare_rates(old, new, words)),
        tuple(compare_sections(old_document.sections, new_document.sections)),
        _collect_wording(old) != _collect_wording(new)
        or old_document.title != new_document.title
        or _has_renamed_category(old, new),
        new_document.language,
        tuple(_find_changed_translations(old, new)),
    )


def _find_changed_translations(old: Source, new: Source) -> Iterator[str]:
    """Yield the languages of `old` in which `new` is no longer offered or reads differently."""
    now_offered = translations.list_languages(new.agreement)
    for language in translations.list_languages(old.agreement):
        if language not in now_offered:
            yield language
        elif language not in (old.language, new.language):
            before, after = (translations.load_source(source.agreement, language) for source in (old, new))
            if _collect_words(before) != _collect_words(after):
                yield language


def _collect_wording(source: Source) -> tuple[object, ...]:
    """Return everything other than the values of terms, and the governing language."""
    return source.language, *_collect_words(source)


def _has_renamed_category(old: Source, new: Source) -> bool:
    """Return whether a category of both rate cards has another display name; added and removed ones change terms only."""
    before, after = _collect_category_names(old), _collect_category_names(new)
    return any(after.get(category, name) != name for category, name in before.items())


def _collect_words(source: Source) -> tuple[list[object], list[object]]:
    """Return clauses with unresolved placeholders, and activities."""
    clauses: list[object] = [
        (c.number, collapse_whitespace(c.heading), c.body.split(), sorted(c.rules)) for c in source.clauses
    ]
    activities = [
        (a.code, collapse_whitespace(a.title), collapse_whitespace(a.text), a.gravest_consequence)
        for a in source.activities
    ]
    return clauses, list[object](sorted(activities))


def classify_term_change(term: str, old: Value, new: Value) -> Effect:
    """Return the effect of changing `term` from `old` to `new`; the value None means no limit."""
    if old == new:
        return Effect.NEUTRAL
    better = terms.TERMS[term].better
    if better is Better.NEITHER:
        return Effect.DETRIMENT
    more = new is None or (old is not None and Decimal(new) > Decimal(old))
    return Effect.BENEFIT if more == (better is Better.MORE) else Effect.DETRIMENT


def _compare_terms(old: Source, new: Source, words: Wording) -> Iterator[TermChange]:
    for term in terms.TERMS:
        before, after = terms.get_term_value(old.agreement, term), terms.get_term_value(new.agreement, term)
        if before == after:
            continue
        effect = classify_term_change(term, before, after)
        if term in ("target_days", "target_cure_days") and new.agreement.target_orders == 0:
            effect = Effect.NEUTRAL  # without a target they have no effect
        yield TermChange(
            term,
            terms.get_column(term).verbose_name,
            terms.format_term_value(term, before, old.agreement.currency, words),
            terms.format_term_value(term, after, new.agreement.currency, words),
            effect,
            find_clause_number(new, TERM_RULES[term]),
        )


def find_clause_number(source: Source, rule: Rule) -> str:
    """Return the number of the clause that states `rule` in a version, published or not; "" if none does."""
    return next((clause.number for clause in source.clauses if rule in clause.rules), "")


EVERY_OTHER_CATEGORY = gettext_lazy("every other category")


def _compare_rates(old: Source, new: Source, words: Wording) -> Iterator[TermChange]:
    """Compare the effective rate of each category, whether the rate card names it or not."""
    before, after = _build_rate_card(old), _build_rate_card(new)
    names = _collect_category_names(old) | _collect_category_names(new)
    clause = find_clause_number(new, Rule.RATE_CARD)
    for category in [*after, *(c for c in before if c not in after)]:
        old_rate, new_rate = before.get(category, before.get("")), after.get(category, after.get(""))
        if old_rate is None or new_rate is None or old_rate == new_rate:
            continue
        effect = Effect.BENEFIT if new_rate > old_rate else Effect.DETRIMENT
        yield TermChange(
            f"rate {category or 'every other category'}",
            names[category] if category else EVERY_OTHER_CATEGORY,
            words.format_percent(old_rate),
            words.format_percent(new_rate),
            effect,
            clause,
        )


def _build_rate_card(source: Source) -> dict[str, Decimal]:
    """Return {category: percent}; "" is every category that the card does not name."""
    return {"" if rate.everything_else else rate.category: rate.percent for rate in source.rates}


def _collect_category_names(source: Source) -> dict[str, str]:
    """Return {category: display name}; "" is every category that the card does not name."""
    return {"" if rate.everything_else else rate.category: collapse_whitespace(rate.name) for rate in source.rates}


def format_changes(changes: Changes) -> str:
    """Return the differences as plain text, as stored with an acceptance as evidence (specification 2)."""
    lines = [f"{c.label} (clause {c.clause}): {c.old} -> {c.new} ({c.effect.value})" for c in changes.terms]
    texts = [f"Clause {t.number} {t.heading} ({t.kind}): {format_pieces(t.pieces)}" for t in changes.texts]
    others = [f"Translation changed or removed: {language}" for language in changes.translations]
    return "\n".join([*lines, *texts, *others])


def compare_versions(new: AgreementVersion, old: AgreementVersion, language: str = "") -> Changes:
    """Return the changes from version `old` to `new`; either may be a draft whose placeholders resolve.

    The texts are compared in `language` if both versions have it, or else in a language that both have.
    """
    shared = _find_shared_language(new, old, language)
    return compare_sources(load_source(old), load_source(new), get_document(old, shared), get_document(new, shared))


def _find_shared_language(new: AgreementVersion, old: AgreementVersion, language: str) -> str:
    """Return the language in which to compare two versions; "" (each in its own) if they share none."""
    both = [code for code in translations.list_languages(new) if code in translations.list_languages(old)]
    return language if language in both else next(iter(both), "")


def compare_with_predecessor(version: AgreementVersion) -> Changes | None:
    """Return the changes from the version before `version` in order of effect; None for the first version."""
    before = get_predecessor(version)
    return compare_versions(version, before) if before else None


def get_predecessor(version: AgreementVersion) -> AgreementVersion | None:
    """Return the published version before `version` in order of effect, for a draft the newest; None for the first."""
    published = AgreementVersion.objects.published().exclude(pk=version.pk).order_by("-effective_at")
    if version.effective_at:
        published = published.filter(effective_at__lt=version.effective_at)
    return published.first()
