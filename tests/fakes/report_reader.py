"""A page as a strict reader sees it, with the standard library alone."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "img", "input", "br", "link", "hr"}


class Reader(HTMLParser):
    """Elements with their attributes in order, the text, and the contents of style and script."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text: list[str] = []
        self.inline: dict[str, list[str]] = {"style": [], "script": []}
        self.by_tag: dict[str, list[str]] = {}
        self.faults: list[str] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        self.faults += [f"<{tag}> is never closed" for tag in self._open]

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-1:]}")
        else:
            self._open.pop()

    def handle_data(self, data):
        here = self._open[-1] if self._open else ""
        if here in self.inline:
            self.inline[here].append(data)
        else:
            self.text.append(data)
            self.by_tag.setdefault(here, []).append(data)

    def words(self) -> str:
        """Return all visible text, spaces joined."""
        return " ".join(" ".join(self.text).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        """Return the attributes of every element with that tag."""
        return [attributes for name, attributes in self.elements if name == tag]
