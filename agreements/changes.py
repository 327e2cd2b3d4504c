"""What changes from one version to the next: terms with what they mean for the affiliate, clauses word by word (CONTRACT 2)."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from agreements import languages, terms, translations
from agreements.languages import Wording
from agreements.models import Agreement
from agreements.reading import document_of
from agreements.rendering import Document, Source, source_of, tidy
from agreements.rules import TERM_RULES, Rule
from agreements.terms import Better, Value
from agreements.text_changes import TextChange, marked, text_changes

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise


class Effect(StrEnum):
    """What a change means for the affiliate."""

    BENEFIT = "benefit"
    DETRIMENT = "detriment"
    NEUTRAL = "neutral"


LABELS = {
    Effect.BENEFIT: gettext_lazy("benefit"),
    Effect.DETRIMENT: gettext_lazy("detriment"),
    Effect.NEUTRAL: gettext_lazy("neutral"),
}
CHIPS = {Effect.BENEFIT: "chip-good", Effect.DETRIMENT: "chip-bad", Effect.NEUTRAL: "chip-calm"}


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
        return str(LABELS[self.effect])

    @property
    def chip(self) -> str:
        """The class of the chip that says the effect."""
        return CHIPS[self.effect]


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


def between(old: Source, new: Source, old_document: Document, new_document: Document) -> Changes:
    """What changes from `old` to `new` in their governing words; the documents are how each of them reads to people."""
    words = languages.KNOWN[new_document.language]
    return Changes(
        (*_terms(old, new, words), *_rates(old, new, words)),
        tuple(text_changes(old_document.sections, new_document.sections)),
        _wording(old) != _wording(new) or old_document.title != new_document.title,
        new_document.language,
        tuple(_translations(old, new)),
    )


def _translations(old: Source, new: Source) -> Iterator[str]:
    """The languages of `old` in which `new` is no longer offered, or says something else; a new one takes nothing away."""
    now_offered = translations.offered(new.agreement)
    for language in translations.offered(old.agreement):
        if language not in now_offered:
            yield language
        elif language not in (old.language, new.language):
            before, after = (translations.source_in(source.agreement, language) for source in (old, new))
            if _words(before) != _words(after):
                yield language


def _wording(source: Source) -> tuple[object, ...]:
    """Everything that is not the value of a term, and which language governs."""
    return source.language, *_words(source)


def _words(source: Source) -> tuple[list[object], list[object]]:
    """Clauses with their placeholders as they stand, and activities."""
    clauses: list[object] = [(c.number, tidy(c.heading), c.body.split(), sorted(c.rules)) for c in source.clauses]
    activities = [(a.code, tidy(a.title), tidy(a.text), a.gravest_consequence) for a in source.activities]
    return clauses, list[object](sorted(activities))


def effect_of(term: str, old: Value, new: Value) -> Effect:
    """Whether the change of a term from `old` to `new` is a benefit or a detriment; None is no limit at all."""
    if old == new:
        return Effect.NEUTRAL
    better = terms.TERMS[term].better
    if better is Better.NEITHER:
        return Effect.DETRIMENT
    more = new is None or (old is not None and Decimal(new) > Decimal(old))
    return Effect.BENEFIT if more == (better is Better.MORE) else Effect.DETRIMENT


def _terms(old: Source, new: Source, words: Wording) -> Iterator[TermChange]:
    for term in terms.TERMS:
        before, after = terms.value_of(old.agreement, term), terms.value_of(new.agreement, term)
        if before == after:
            continue
        effect = effect_of(term, before, after)
        if term == "target_days" and new.agreement.target_orders == 0:
            effect = Effect.NEUTRAL  # there is no target whose days could matter
        yield TermChange(
            term,
            new.agreement._meta.get_field(term).verbose_name,  # type: ignore[union-attr]  # a column, not a relation
            terms.wording(term, before, old.agreement.currency, words),
            terms.wording(term, after, new.agreement.currency, words),
            effect,
            clause_stating(new, TERM_RULES[term]),
        )


def clause_stating(source: Source, rule: Rule) -> str:
    """The number of the clause of a version, published or not, that states `rule`; "" if none does."""
    return next((clause.number for clause in source.clauses if rule in clause.rules), "")


EVERY_OTHER = gettext_lazy("every other category")


def _rates(old: Source, new: Source, words: Wording) -> Iterator[TermChange]:
    """Each category by the rate that answered for it before and the one that does now, named or not."""
    before, after = _card(old), _card(new)
    clause = clause_stating(new, Rule.RATE_CARD)
    for category in [*after, *(c for c in before if c not in after)]:
        was, now = before.get(category, before.get("")), after.get(category, after.get(""))
        if was is None or now is None:
            continue
        if was == now:
            continue
        effect = Effect.BENEFIT if now > was else Effect.DETRIMENT
        yield TermChange(
            f"rate {category or 'every other category'}",
            category or EVERY_OTHER,
            words.percent(was),
            words.percent(now),
            effect,
            clause,
        )


def _card(source: Source) -> dict[str, Decimal]:
    """{category: percent}; "" stands for every category that is not named, the one that is called so included."""
    return {"" if rate.everything_else else rate.category: rate.percent for rate in source.rates}


def as_text(changes: Changes) -> str:
    """The differences in plain text, as they are shown with a version and kept as evidence (CONTRACT 2)."""
    lines = [f"{c.label} (clause {c.clause}): {c.old} -> {c.new} ({c.effect.value})" for c in changes.terms]
    texts = [f"Clause {t.number} {t.heading} ({t.kind}): {marked(t.pieces)}" for t in changes.texts]
    others = [f"The translation changes or is dropped: {language}" for language in changes.translations]
    return "\n".join([*lines, *texts, *others])


def of(new: Agreement, old: Agreement, language: str = "") -> Changes:
    """What changes from the version `old` to `new`, either of which may be a draft whose placeholders resolve.

    The texts are compared in `language`, or else in the governing one, where both versions have it.
    """
    shared = _shared(new, old, language)
    return between(source_of(old), source_of(new), document_of(old, shared), document_of(new, shared))


def _shared(new: Agreement, old: Agreement, language: str) -> str:
    """The language in which two versions are compared; "" where they have none in common, for each in its own."""
    both = [code for code in translations.offered(new) if code in translations.offered(old)]
    return language if language in both else next(iter(both), "")


def since_before(agreement: Agreement) -> Changes | None:
    """What changes against the version before `agreement` in order of effect; None for the first."""
    before = predecessor(agreement)
    return of(agreement, before) if before else None


def predecessor(agreement: Agreement) -> Agreement | None:
    """The published version before `agreement` in order of effect: for a draft the newest; None for the first."""
    published = Agreement.objects.published().exclude(pk=agreement.pk).order_by("-effective_at")
    if agreement.effective_at:
        published = published.filter(effective_at__lt=agreement.effective_at)
    return published.first()
