"""What the tests of the documentation share: its links, and the commands that it shows."""

import re
import shlex
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
PAGES = ROOT / "docs" / "pages"


class Links(HTMLParser):
    """Anchors of a page, what it links to, and what a browser fetches to show it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.fetched: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if given.get(name)}
        if tag == "a" and "href" in given:
            self.links.add(given["href"])
        if "src" in given:
            self.fetched.add(given["src"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon", "preload"):
            self.fetched.add(given["href"])


def broken_links(site: Path) -> list[str]:
    """Return every link of a built site that leads nowhere; those out of it are looked at for their form alone."""
    # The page for unknown addresses counts from the root of a server.
    pages = {path: Links(path.read_text(encoding="utf-8")) for path in site.rglob("*.html") if path.name != "404.html"}
    wrong = []
    for path, page in pages.items():
        wrong += [f"{path.name}: fetches {link}" for link in page.fetched if urlsplit(link).netloc]
        for link in sorted(page.links | page.fetched):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if parts.scheme not in ("https", "http", "mailto", "data") or not (parts.netloc or parts.path):
                    wrong.append(f"{path.name}: {link} is no address")
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                wrong.append(f"{path.name}: {link} is not there")
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                wrong.append(f"{path.name}: {link} has no such anchor")
    return wrong


def shown_commands(text: str) -> list[list[str]]:
    """Return the words of each line of the `sh` blocks of a page."""
    lines: list[list[str]] = []
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            for part in line.split("&&"):
                if words := shlex.split(part, comments=True):
                    lines.append(words)
    return lines
