"""Nothing that came with a model is run: no unpickling, no remote code, in no room of the product."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.imports import imports, modules

# Formats whose reading runs what they hold.
LOADERS = {"pickle", "cPickle", "_pickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "torch"}
RUN = {"eval", "exec", "compile", "__import__"}
OPENINGS = {"trust_remote_code", "allow_pickle"}  # arguments that let a library run what it reads

OURS = {name: path for name, path in modules().items() if name.split(".")[0] in ("consumer", "training")}


def dangers(tree: ast.AST) -> set[str]:
    """Calls and arguments by which data become code."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RUN:
            found.add(f"{node.func.id}()")
        closed = isinstance(node, ast.keyword) and getattr(node.value, "value", None) is False
        if isinstance(node, ast.keyword) and node.arg in OPENINGS and not closed:
            found.add(f"{node.arg}=")
    return found


@pytest.mark.parametrize("name", sorted(OURS))
def test_no_room_runs_what_it_reads(name: str) -> None:
    """Weights are tables of numbers and configurations are JSON, here and in training."""
    path: Path = OURS[name]
    roots = {named.partition(".")[0] for named in imports(name, path)}
    assert roots & LOADERS == set()
    assert dangers(ast.parse(path.read_text("utf-8"))) == set()


def test_the_dangers_are_recognised() -> None:
    """Else the test above would say nothing."""
    code = "np.load(f, allow_pickle=sure); eval(text); M.from_pretrained(f, trust_remote_code=True)"
    assert dangers(ast.parse(code)) == {"allow_pickle=", "eval()", "trust_remote_code="}
    assert dangers(ast.parse("read_array(f, allow_pickle=False)")) == set()
