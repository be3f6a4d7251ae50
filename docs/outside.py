"""What pages link to beside ``docs/``, brought into the site: a hook of MkDocs.

On GitHub ``../CHANGELOG.md`` leads out of the folder; a site ends at it. So each file outside that a page
links to comes along under ``repository/``: Markdown as a page, whose own links are followed, anything else
as it is. What leads nowhere, or to a folder, is a warning, which a strict build ends with.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from logging import getLogger
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

log = getLogger(f"mkdocs.hooks.{__name__}")

PLACE = "repository"  # where in the site they stand
_FENCED = re.compile(r"^( *)(```+).*?^\1\2 *$", re.MULTILINE | re.DOTALL)
_LIST = re.compile(r"^([^\s>#|+*-][^\n]*)\n(- )", re.MULTILINE)  # on GitHub no empty line is needed
_LINK = re.compile(r"(\]\()(?![a-z][a-z+.-]*:|//|#)([^)\s#]+)((?:#[^)\s]*)?\))")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what is linked to, and what that links to."""
    root = _root(config)
    waiting = [Path(file.abs_src_path) for file in files.documentation_pages() if file.abs_src_path]
    waiting += [root / place for place in _placed(config.nav)]
    met = set(waiting)
    for placed in _placed(config.nav):
        files.append(_brought(config, root / placed))
    while waiting:
        page = waiting.pop()
        for target in _outside(page, config):
            if target in met:
                continue
            met.add(target)
            files.append(_brought(config, target))
            if target.suffix == ".md":
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, **_: object) -> str:
    """Lead each link to where its file stands in the site."""
    if page.file.abs_src_path is None:
        return markdown
    source, here = Path(page.file.abs_src_path), posixpath.dirname(page.file.src_uri)

    def led(match: re.Match[str]) -> str:
        target = (source.parent / match[2]).resolve()
        if not target.is_file() or not target.is_relative_to(_root(config)):
            return match[0]  # MkDocs says what is wrong with it
        return f"{match[1]}{posixpath.relpath(_uri(target, config), here or '.')}{match[3]}"

    def prose(text: str) -> str:
        return _LINK.sub(led, _LIST.sub(r"\1\n\n\2", text))

    parts, end = [], 0
    for fence in _FENCED.finditer(markdown):  # what stands in a fence is neither link nor list
        parts += [prose(markdown[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, prose(markdown[end:])])


def _outside(page: Path, config: MkDocsConfig) -> Iterator[Path]:
    """The files beside ``docs/`` that a page links to."""
    prose = _FENCED.sub("", page.read_text("utf-8"))
    for target in (match[2] for match in _LINK.finditer(prose)):
        path = (page.parent / target).resolve()
        if not path.is_file() or not path.is_relative_to(_root(config)):
            log.warning("%s links to %s, which is no file here", page.name, target)
        elif not path.is_relative_to(config.docs_dir):
            yield path


def _placed(nav: object) -> list[str]:
    """The files of the repository that the navigation names, relative to its root."""
    if isinstance(nav, str):
        return [nav.removeprefix(f"{PLACE}/")] if nav.startswith(f"{PLACE}/") else []
    below = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    return [place for item in below for place in _placed(item)]


def _brought(config: MkDocsConfig, path: Path) -> File:
    return File.generated(config, _uri(path, config), abs_src_path=str(path))


def _uri(path: Path, config: MkDocsConfig) -> str:
    """Where a file of the repository stands in the site."""
    docs = Path(config.docs_dir)
    if path.is_relative_to(docs):
        return path.relative_to(docs).as_posix()
    return f"{PLACE}/{path.relative_to(_root(config)).as_posix()}"


def _root(config: MkDocsConfig) -> Path:
    return Path(config.config_file_path).resolve().parent
