"""Pages of the built documentation: their links, what they load, their text."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

SOURCES = {"src", "srcset", "poster", "data", "action", "formaction"}
UNSEEN = ("script", "style")


@dataclass
class Html(HTMLParser):
    """One page, read.

    Attributes:
        links: targets of `<a href>`.
        loads: addresses of what a browser fetches by itself.
        anchors: what a link may point to.
        words: pieces of its text.
    """

    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)
    words: list[str] = field(default_factory=list)
    inside: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.inside = tag if tag in UNSEEN else self.inside
        self.anchors.update(given[name] for name in ("id", "name") if given.get(name))
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif "href" in given and given.get("rel") not in ("prev", "next"):
            self.loads.append(given["href"])
        self.loads.extend(given[name] for name in SOURCES & given.keys())

    def handle_endtag(self, tag: str) -> None:
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.words.append(data)

    @property
    def text(self) -> str:
        """Its text without spaces, so that layout and highlighting make no difference."""
        return squeezed("".join(self.words))


def squeezed(text: str) -> str:
    return "".join(text.split())


def read(file: Path) -> Html:
    page = Html()
    page.feed(file.read_text(encoding="utf-8"))
    page.close()
    return page


def is_outside(address: str) -> bool:
    parts = urlsplit(address)
    return bool(parts.netloc) or parts.scheme not in ("", "data")


def broken(pages: dict[Path, Html]) -> list[str]:
    """Links and loads inside the site that lead nowhere, with the page that has them."""
    found = []
    for file, page in pages.items():
        for address in (*page.links, *page.loads):
            if is_outside(address) or address.startswith("data:"):
                continue
            parts = urlsplit(address)
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if target.is_dir():
                target /= "index.html"
            anchors = pages[target].anchors if target in pages else set()
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in anchors):
                found.append(f"{file.name}: {address}")
    return found
