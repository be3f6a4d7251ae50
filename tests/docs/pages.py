"""A built page, as far as a link is concerned."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches without being asked; a link is followed only by a reader.
LOADED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "object": "data",
    "script": "src",
    "source": "src",
    "video": "src",
}
NOT_FETCHED = {"canonical", "next", "prev", "alternate"}  # kinds of <link> that only name a page


@dataclass
class BuiltPage(HTMLParser):
    """Where it leads, what it loads, and the places in it that can be led to."""

    path: Path
    links: set[str] = field(default_factory=set)
    loads: set[str] = field(default_factory=set)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag says."""
        said = {name: value for name, value in attrs if value is not None}
        self.anchors |= {said[name] for name in ("id", "name") if name in said and tag != "meta"}
        if tag == "a" and "href" in said:
            self.links.add(said["href"])
        wanted = LOADED.get(tag)
        if wanted in said and said.get("rel") not in NOT_FETCHED:
            self.loads.add(said[wanted])

    def target(self, link: str) -> tuple[Path, str] | None:
        """The file and the place in it that a link leads to; None where it leaves the site."""
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            return None
        file = self.path.parent / unquote(parts.path) if parts.path else self.path
        return file.resolve(), unquote(parts.fragment)
