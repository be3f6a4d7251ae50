"""Who imports whom, read from the source without running it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("consumer", "producer_sim", "training", "deploy", "docs", "tests")


def modules() -> dict[str, Path]:
    """Every module of ours by its dotted name."""
    paths = (path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))
    return {_name(path.relative_to(ROOT)): path for path in paths}


def _name(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(name: str, path: Path) -> set[str]:
    """What a module names in its imports, wherever they stand: modules, and names out of them."""
    tree = ast.parse(path.read_text("utf-8"))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    return set(_named(tree, package))


def _named(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def arrows(known: Mapping[str, Path]) -> dict[str, set[str]]:
    """For every module of ours, the modules of ours that it imports."""
    return {
        name: {target for named in imports(name, path) if (target := _ours(named, known)) and target != name}
        for name, path in known.items()
    }


def _ours(named: str, known: Mapping[str, Path]) -> str | None:
    """The module behind ``package.module.name``, if it is one of ours."""
    while named:
        if named in known:
            return named
        named = named.rpartition(".")[0]
    return None


def circle(arrows_of: Mapping[str, set[str]]) -> list[str]:
    """One chain of imports that comes back to its start, or nothing."""
    done: set[str] = set()

    def walk(name: str, trail: list[str]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name in done:
            return []
        for target in sorted(arrows_of[name]):
            if found := walk(target, [*trail, name]):
                return found
        done.add(name)
        return []

    return next((found for name in sorted(arrows_of) if (found := walk(name, []))), [])
