"""The context processor of every page: one object, so that a page's own names never meet the frame's."""

from django.http import HttpRequest

from portal import frame


def add_frame(request: HttpRequest) -> dict[str, object]:
    """`frame`: the program's name, the agreement in force, the reader's affiliate, the menu, what waits; all lazy."""
    return {"frame": frame.get_frame(request)}
