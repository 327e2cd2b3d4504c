"""Tables of an application on the page of an affiliate: the answers, and what the rule found out."""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import JSONObject
from django.utils.html import format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.models import Affiliate, ApplicationAnswer, RuleCheck
from affiliates.rule_checks import Check
from lib.formatting import format_datetime
from portal.affiliate_page.tables import MAX_ROWS, Cells, Context, Table


def annotate_answers(affiliates: QuerySet[Affiliate], user: Any) -> QuerySet[Any]:
    """Annotate `affiliates`, in the query that reads them, with their answers if `user` may see them."""
    if not user.has_perm(ANSWERS.permission):
        return affiliates
    own = ApplicationAnswer.objects.filter(affiliate=OuterRef("pk")).order_by("position")
    pairs = own.values(pair=JSONObject(question="question", answer="answer"))
    return affiliates.annotate(answer_pairs=ArraySubquery(pairs))


def _list_answers(context: Context) -> Sequence[Cells]:
    affiliate: Any = context.affiliate  # annotated
    return [(pair["question"], pair["answer"]) for pair in affiliate.answer_pairs]


def _list_checks(context: Context) -> Sequence[Cells]:
    rows = RuleCheck.objects.filter(affiliate=context.affiliate).order_by("-checked_at", "-id")[:MAX_ROWS]
    return [
        (
            format_datetime(row.checked_at),
            row.rule,
            _("yes") if row.approved else _("no"),
            format_html_join(mark_safe("<br>"), "{}", ((line,) for line in describe_results(row))) or "–",
        )
        for row in rows
    ]


def describe_results(check: RuleCheck) -> list[str]:
    """Return each result as a sentence, such as "Met: country in the list (Germany)"."""
    lines = []
    for result in check.results or ():
        label = str(Check(result["check"]).label)
        detail = check.same_person if result["check"] == Check.SINGLE_APPLICATION else result["detail"]
        text = f"{label} ({detail})" if detail else label
        lines.append((_("Met: %(check)s") if result["met"] else _("Not met: %(check)s")) % {"check": text})
    return lines


ANSWERS = Table(
    gettext_lazy("Answers of the application"),
    "affiliates.view_applicationanswer",
    (gettext_lazy("Question"), gettext_lazy("Answer")),
    _list_answers,
    gettext_lazy("No answers. Applicants answer the questions that staff ask."),
    ApplicationAnswer,
    build_filter=lambda _affiliate: "",
)
RULE_CHECKS = Table(
    gettext_lazy("Checks by the rule"),
    "affiliates.view_rulecheck",
    (gettext_lazy("Checked"), gettext_lazy("Rule"), gettext_lazy("Approved"), gettext_lazy("Checks")),
    _list_checks,
    gettext_lazy("No checks. The approval rule checks applications while it is active."),
    RuleCheck,
    build_filter=lambda _affiliate: "",
)
