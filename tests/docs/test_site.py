"""The documentation as a site: it builds, every link leads somewhere, and nothing is loaded from afar."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import BuiltPage
from tests.imports import ROOT

BESIDE = ("docs", "mkdocs.yml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md")  # what pages are made of
BESIDE_TOO = ("Models", "training")
BROKEN = ("gone.md", "settings.md#no-such-place", "../GONE.md", "runbooks/", "/settings.md", "#nor-this")
KINDS = ("Tutorial", "How to", "Reference", "Explanation")
# In scripts and styles, what a browser would fetch; addresses that only name a namespace are not.
FETCHED = re.compile(r"(?:@import|url\(|\bsrc=|importScripts\(|fetch\()\s*[\"']?(https?://[^\"')\s]+)")


def build(folder: Path, source: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """`make site` into a folder of its own."""
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=source,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, BuiltPage]:
    """Every page that was built, by its file."""
    folder = tmp_path_factory.mktemp("site").resolve()
    done = build(folder)
    assert done.returncode == 0, done.stderr
    return {path: BuiltPage(path) for path in sorted(folder.rglob("*.html"))}


def test_the_site_has_its_four_parts(site: dict[Path, BuiltPage]) -> None:
    """Who looks for a lesson, a recipe, a fact or a reason knows where to look."""
    start = next(path for path in site if path.name == "index.html" and path.parent.name.startswith("site"))
    text = start.read_text("utf-8")
    assert [kind for kind in KINDS if kind not in text] == []
    written = {path.with_suffix(".html").name for path in (ROOT / "docs").glob("*.md")}
    assert written <= {path.name for path in start.parent.glob("*.html")}


def test_every_link_leads_to_a_page_and_a_place_on_it(site: dict[Path, BuiltPage]) -> None:
    """Links between pages, to headings, and to files that came along from beside docs/."""
    broken = []
    for path, page in site.items():
        if path.name == "404.html":
            continue  # served for any address, so its links begin at the root of the host
        for link in sorted(page.links | page.loads):
            found = page.target(link)
            if found is None:
                continue
            file, place = found
            if not file.is_file() or (place and file in site and place not in site[file].anchors):
                broken.append(f"{path.name}: {link}")
    assert broken == []


def test_nothing_is_loaded_from_elsewhere(site: dict[Path, BuiltPage]) -> None:
    """The site works without a network, and tells nobody who reads it."""
    loaded = {
        f"{path.name}: {asked}"
        for path, page in site.items()
        for asked in page.loads
        if page.target(asked) is None
    }
    assert loaded == set()
    root = next(iter(site)).parent
    for path in [*root.rglob("*.css"), *root.rglob("*.js")]:
        assert FETCHED.findall(path.read_text("utf-8")) == [], path.name


def test_what_pages_link_to_beside_docs_comes_along(site: dict[Path, BuiltPage]) -> None:
    """A link out of the folder, as GitHub follows it, has its page in the site, too."""
    here = {path.as_posix() for path in site}
    for name in ("CHANGELOG", "CONTRIBUTING", "training/LOG"):
        assert any(path.endswith(f"repository/{name}.html") for path in here), name


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The sources of the site, to be spoiled."""
    folder = tmp_path / "copy"
    for name in BESIDE:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, _parent(folder) / name)
    for name in BESIDE_TOO:  # their pages alone
        for path in (ROOT / name).rglob("*.md"):
            _parent(folder / path.relative_to(ROOT).parent)
            shutil.copy(path, folder / path.relative_to(ROOT))
    return folder


def _parent(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def test_a_link_that_leads_nowhere_fails_the_build(copied: Path) -> None:
    """Whoever breaks a link, of whatever kind, learns of it before a reader does."""
    page = copied / "docs" / "index.md"
    page.write_text(page.read_text("utf-8") + "".join(f"\n[x]({link})\n" for link in BROKEN), "utf-8")
    (copied / "docs" / "alone.md").write_text("# A page that the navigation leaves out\n", "utf-8")
    done = build(copied / "site", copied)
    assert done.returncode == 1, done.stderr
    assert [told for told in (*BROKEN, "alone.md") if told not in done.stderr] == []
