"""Parses a page into a tree, to look up the elements around a text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import pairwise

VOID_TAGS = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Element:
    """A tag with its content; `parent` is None for the page itself."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None"
    content: "list[Element | str]" = field(default_factory=list)

    @property
    def classes(self) -> set[str]:
        return set(self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(child if isinstance(child, str) else child.text for child in self.content))

    def ancestors(self) -> "Iterator[Element]":
        """Yield the element and its ancestors, the nearest first."""
        element: Element | None = self
        while element is not None:
            yield element
            element = element.parent

    def descendants(self) -> "Iterator[Element]":
        """Yield the element and all elements in it."""
        yield self
        for child in self.content:
            if isinstance(child, Element):
                yield from child.descendants()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = self.current = Element("page", {}, None)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.current)
        self.current.content.append(element)
        if tag not in VOID_TAGS:
            self.current = element

    def handle_endtag(self, tag: str) -> None:
        opened = next((element for element in self.current.ancestors() if element.tag == tag), None)
        if opened is not None and opened.parent is not None:
            self.current = opened.parent

    def handle_data(self, data: str) -> None:
        self.current.content.append(data)


def parse_html(html: str) -> Element:
    """Return the page as a tree; an end tag also closes the elements left open within it."""
    reader = _Reader()
    reader.feed(html)
    return reader.page


def assert_reads_in_order(html: str) -> None:
    """Fail if a heading skips a level, a table's column has no name, or code that may scroll can't take the focus."""
    elements = list(parse_html(html).descendants())
    levels = [int(element.tag[1]) for element in elements if re.fullmatch("h[1-6]", element.tag)]
    assert all(level <= before + 1 for before, level in pairwise([0, *levels])), f"headings {levels}"
    for element in elements:
        assert element.tag != "th" or element.text.strip(), "a column without a name"
        assert element.tag != "pre" or element.attributes.get("tabindex") == "0", element.text[:60]
