"""Reads a page as a tree, to ask what stands beside a word on it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID_TAGS = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Element:
    """A tag with what is in it; `parent` is None for the page itself."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    content: "list[Element | str]" = field(default_factory=list)

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(one if isinstance(one, str) else one.text for one in self.content))

    def ancestors(self) -> "Iterator[Element]":
        """Itself, then whatever it is in, the nearest first."""
        here: Element | None = self
        while here is not None:
            yield here
            here = here.parent

    def descendants(self) -> "Iterator[Element]":
        """Itself and all elements in it."""
        yield self
        for one in self.content:
            if isinstance(one, Element):
                yield from one.descendants()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = self.here = Element("page", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.content.append(element)
        if tag not in VOID_TAGS:
            self.here = element

    def handle_endtag(self, tag: str) -> None:
        opened = next((one for one in self.here.ancestors() if one.tag == tag), None)
        if opened is not None and opened.parent is not None:
            self.here = opened.parent

    def handle_data(self, data: str) -> None:
        self.here.content.append(data)


def parse_html(html: str) -> Element:
    """The page as a tree; an end tag closes whatever was left open in its element."""
    reader = _Reader()
    reader.feed(html)
    return reader.page
