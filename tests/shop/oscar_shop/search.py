"""A search that finds every product: Oscar lists its catalogue by search, and that of Haystack's simple kind is empty."""

from haystack.backends.simple_backend import SimpleEngine, SimpleSearchBackend, SimpleSearchQuery


class Backend(SimpleSearchBackend):
    def update(self, *args, **kwargs):
        """There is no index."""

    remove = clear = update


class Query(SimpleSearchQuery):
    def build_query(self):
        return "*"


class Engine(SimpleEngine):
    backend, query = Backend, Query
