"""Table of an affiliate's reviews."""

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from compliance.grounds import get_review_title
from compliance.models import Review
from lib.typed import Table


class ReviewTable(Table):
    title = tables.Column(verbose_name=_("Subject"), accessor="pk")
    clause = tables.TemplateColumn("{% clause record.agreement record.clause %}", verbose_name=_("Clause"))
    opened = tables.TemplateColumn("{{ record.opened_at|moment }}", verbose_name=_("Opened"))
    state = tables.TemplateColumn("{% status record.state record.get_state_display %}", verbose_name=_("State"))
    decision = tables.TemplateColumn(
        "{% if record.decision %}{% status record.decision record.get_decision_display %}{% endif %}",
        verbose_name=_("Decision"),
    )
    deadline = tables.TemplateColumn(
        '{% load i18n %}{% if record.state == "open" and record.has_replied %}{% translate "replied" %}'
        '{% elif record.state == "open" %}{{ record.reply_by|moment }}'
        '{% elif record.state == "decided" %}{{ record.appeal_by|moment }}{% endif %}',
        verbose_name=_("Respond by"),
    )

    class Meta:
        empty_text = _("Your account has never been reviewed.")

    def render_title(self, record: Review) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', reverse("compliance:review", args=[record.pk]), get_review_title(record)
        )
