"""The orders API (specification 4) and its documentation, as OpenAPI and as a page."""
