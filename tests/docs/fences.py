"""The fenced blocks of a page, and the commands in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^(?:<!-- terminal: (?P<terminal>\w+) -->\n)?"
    r"(?P<indent> *)```(?P<language>\S*)[^\n]*\n(?P<text>.*?)^(?P=indent)```[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
PROMPT = "$ "


@dataclass(frozen=True, slots=True)
class Fence:
    """One block: where it begins, what it is said to be, and what stands in it."""

    page: Path
    line: int
    language: str
    text: str
    terminal: str | None  # in which terminal of the tutorial; None where the page does not say

    @property
    def name(self) -> str:
        """Where to find it."""
        return f"{self.page.name}:{self.line}"


@dataclass(frozen=True, slots=True)
class Step:
    """A command of a console block and the lines it is said to print."""

    command: str
    prints: tuple[str, ...]


def fences(page: Path) -> list[Fence]:
    """All blocks of a page, in order."""
    text = page.read_text("utf-8")
    return [
        Fence(
            page,
            text.count("\n", 0, found.start("language")) + 1,
            found["language"],
            "".join(line.removeprefix(found["indent"]) for line in found["text"].splitlines(keepends=True)),
            found["terminal"],
        )
        for found in _FENCE.finditer(text)
    ]


def steps(fence: Fence) -> list[Step]:
    """The commands of a console block; a line of ``^C`` is one, too."""
    found: list[tuple[str, list[str]]] = []
    for line in _joined(fence.text):
        if line.startswith(PROMPT) or line == "^C":
            found.append((line.removeprefix(PROMPT), []))
        elif line.strip():
            found[-1][1].append(line)
    return [Step(command, tuple(prints)) for command, prints in found]


def commands(fence: Fence) -> list[str]:
    """What a block has a shell do, a line each; nothing of a block that is not for a shell."""
    if fence.language == "console":
        return [step.command for step in steps(fence) if step.command != "^C"]
    if fence.language != "sh":
        return []
    return [line for line in _joined(fence.text) if line.strip() and not line.lstrip().startswith("#")]


def _joined(text: str) -> list[str]:
    """Lines, with those that a backslash continues in one."""
    return re.sub(r"\\\n\s*", "", text).splitlines()
