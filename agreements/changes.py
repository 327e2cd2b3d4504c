"""What changes from one version to the next: terms with what they mean for the affiliate, clauses word by word (CONTRACT 2)."""

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
    """What a change means for the affiliate."""

    BENEFIT = "benefit"
    DETRIMENT = "detriment"
    NEUTRAL = "neutral"


EFFECT_LABELS = {
    Effect.BENEFIT: gettext_lazy("benefit"),
    Effect.DETRIMENT: gettext_lazy("detriment"),
    Effect.NEUTRAL: gettext_lazy("neutral"),
}
EFFECT_CHIPS = {Effect.BENEFIT: "chip-good", Effect.DETRIMENT: "chip-bad", Effect.NEUTRAL: "chip-calm"}


@dataclass(frozen=True)
class TermChange:
    """`term` is a term's name, or "rate CATEGORY"; `old` and `new` read as in the text; `clause` is the newer one's.

    `label` is its name in the language of whoever reads it then.
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
    def chip(self) -> str:
        """The class of the chip that says the effect."""
        return EFFECT_CHIPS[self.effect]


@dataclass(frozen=True)
class Changes:
    """All that differs between two versions. `wording` says whether anything but the value of a term does.

    `language` is the one that the texts are shown in; `translations` are those that were dropped, or changed where the
    governing words may not have.
    """

    terms: tuple[TermChange, ...]
    texts: tuple[TextChange, ...]
    wording: bool
    language: str = languages.DEFAULT
    translations: tuple[str, ...] = ()

    @property
    def detriment(self) -> bool:
        """Whether the newer version needs notice and acceptance: CONTRACT 2 counts every change of wording as one."""
        return bool(self.wording or self.translations) or any(c.effect is Effect.DETRIMENT for c in self.terms)

    def __bool__(self) -> bool:
        return bool(self.terms or self.texts or self.translations)


def compare_sources(old: Source, new: Source, old_document: Document, new_document: Document) -> Changes:
    """What changes from `old` to `new` in their governing words; the documents are how each of them reads to people."""
    words = languages.KNOWN[new_document.language]
    return Changes(
        (*_compare_terms(old, new, words), *_compare_rates(old, new, words)),
        tuple(compare_sections(old_document.sections, new_document.sections)),
        _collect_wording(old) != _collect_wording(new) or old_document.title != new_document.title,
        new_document.language,
        tuple(_find_changed_translations(old, new)),
    )


def _find_changed_translations(old: Source, new: Source) -> Iterator[str]:
    """The languages of `old` in which `new` is no longer offered, or says something else; a new one takes nothing away."""
    now_offered = translations.list_languages(new.agreement)
    for language in translations.list_languages(old.agreement):
        if language not in now_offered:
            yield language
        elif language not in (old.language, new.language):
            before, after = (translations.load_source(source.agreement, language) for source in (old, new))
            if _collect_words(before) != _collect_words(after):
                yield language


def _collect_wording(source: Source) -> tuple[object, ...]:
    """Everything that is not the value of a term, and which language governs."""
    return source.language, *_collect_words(source)


def _collect_words(source: Source) -> tuple[list[object], list[object]]:
    """Clauses with their placeholders as they stand, and activities."""
    clauses: list[object] = [
        (c.number, collapse_whitespace(c.heading), c.body.split(), sorted(c.rules)) for c in source.clauses
    ]
    activities = [
        (a.code, collapse_whitespace(a.title), collapse_whitespace(a.text), a.gravest_consequence)
        for a in source.activities
    ]
    return clauses, list[object](sorted(activities))


def classify_term_change(term: str, old: Value, new: Value) -> Effect:
    """Whether the change of a term from `old` to `new` is a benefit or a detriment; None is no limit at all."""
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
        if term == "target_days" and new.agreement.target_orders == 0:
            effect = Effect.NEUTRAL  # there is no target whose days could matter
        yield TermChange(
            term,
            new.agreement._meta.get_field(term).verbose_name,  # type: ignore[union-attr]  # a column, not a relation
            terms.format_term_value(term, before, old.agreement.currency, words),
            terms.format_term_value(term, after, new.agreement.currency, words),
            effect,
            find_clause_number(new, TERM_RULES[term]),
        )


def find_clause_number(source: Source, rule: Rule) -> str:
    """The number of the clause of a version, published or not, that states `rule`; "" if none does."""
    return next((clause.number for clause in source.clauses if rule in clause.rules), "")


EVERY_OTHER_CATEGORY = gettext_lazy("every other category")


def _compare_rates(old: Source, new: Source, words: Wording) -> Iterator[TermChange]:
    """Each category by the rate that answered for it before and the one that does now, named or not."""
    before, after = _build_rate_card(old), _build_rate_card(new)
    clause = find_clause_number(new, Rule.RATE_CARD)
    for category in [*after, *(c for c in before if c not in after)]:
        was, now = before.get(category, before.get("")), after.get(category, after.get(""))
        if was is None or now is None:
            continue
        if was == now:
            continue
        effect = Effect.BENEFIT if now > was else Effect.DETRIMENT
        yield TermChange(
            f"rate {category or 'every other category'}",
            category or EVERY_OTHER_CATEGORY,
            words.format_percent(was),
            words.format_percent(now),
            effect,
            clause,
        )


def _build_rate_card(source: Source) -> dict[str, Decimal]:
    """{category: percent}; "" stands for every category that is not named, the one that is called so included."""
    return {"" if rate.everything_else else rate.category: rate.percent for rate in source.rates}


def format_changes(changes: Changes) -> str:
    """The differences in plain text, as they are shown with a version and kept as evidence (CONTRACT 2)."""
    lines = [f"{c.label} (clause {c.clause}): {c.old} -> {c.new} ({c.effect.value})" for c in changes.terms]
    texts = [f"Clause {t.number} {t.heading} ({t.kind}): {format_pieces(t.pieces)}" for t in changes.texts]
    others = [f"The translation changes or is dropped: {language}" for language in changes.translations]
    return "\n".join([*lines, *texts, *others])


def compare_versions(new: AgreementVersion, old: AgreementVersion, language: str = "") -> Changes:
    """What changes from the version `old` to `new`, either of which may be a draft whose placeholders resolve.

    The texts are compared in `language`, or else in the governing one, where both versions have it.
    """
    shared = _find_shared_language(new, old, language)
    return compare_sources(load_source(old), load_source(new), get_document(old, shared), get_document(new, shared))


def _find_shared_language(new: AgreementVersion, old: AgreementVersion, language: str) -> str:
    """The language in which two versions are compared; "" where they have none in common, for each in its own."""
    both = [code for code in translations.list_languages(new) if code in translations.list_languages(old)]
    return language if language in both else next(iter(both), "")


def compare_with_predecessor(agreement: AgreementVersion) -> Changes | None:
    """What changes against the version before `agreement` in order of effect; None for the first."""
    before = get_predecessor(agreement)
    return compare_versions(agreement, before) if before else None


def get_predecessor(agreement: AgreementVersion) -> AgreementVersion | None:
    """The published version before `agreement` in order of effect: for a draft the newest; None for the first."""
    published = AgreementVersion.objects.published().exclude(pk=agreement.pk).order_by("-effective_at")
    if agreement.effective_at:
        published = published.filter(effective_at__lt=agreement.effective_at)
    return published.first()
