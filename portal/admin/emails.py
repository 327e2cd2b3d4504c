"""The e-mail outbox, searched for affiliates as well."""

from django.contrib import admin
from django.db.models import Q
from django.utils.translation import gettext_lazy

from accounts.models import User
from affiliates.affiliate_filter import MAX_MATCHED
from affiliates.affiliate_search import list_affiliate_ids
from mail.admin import MessageAdmin
from mail.models import Message

admin.site.unregister(Message)


@admin.register(Message)
class AffiliateMessageAdmin(MessageAdmin):
    search_help_text = gettext_lazy(
        "Whole e-mail address of the recipient, or beginning of an affiliate's code, e-mail address or name"
    )

    def build_search(self, text: str) -> Q:
        """Find e-mails to an address, and those to the present addresses of affiliates."""
        users = User.objects.filter(affiliate__in=list_affiliate_ids(text, limit=MAX_MATCHED))
        return super().build_search(text) | Q(to__in=list(users.values_list("email", flat=True)))
