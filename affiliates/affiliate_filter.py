"""The condition that rows belong to affiliates whom a search finds, for the long lists of staff."""

from django.db.models import Q
from django.utils.translation import gettext_lazy

from affiliates.affiliate_search import list_affiliate_ids

# A search that finds more is too wide to be of use.
MAX_MATCHED = 500


def match_affiliate(text: str, path: str = "affiliate") -> Q:
    """Return the condition that the affiliate in the field `path` is found by code, e-mail address or name."""
    return Q(**{f"{path}__in": list_affiliate_ids(text, limit=MAX_MATCHED)})


class AffiliateSearchMixin:
    """Searches the list of an admin for the affiliate of each row."""

    search_help_text = gettext_lazy("Beginning of an affiliate's code, e-mail address or name")

    def build_search(self, text: str) -> Q:
        return match_affiliate(text)
