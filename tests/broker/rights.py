"""Rights on a secured broker: as the manual lists them, given and taken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from tests.broker.topics import admin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MANUAL = Path(__file__).parents[2] / "docs" / "security.md"
_ROW = re.compile(r"^\| ([a-z ]+) \| `([^`]+)` \| (literal|prefixed) \| ([A-Z_]+) \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Right:
    """One line of the list."""

    resource: str
    name: str
    pattern: str
    operation: str

    @property
    def title(self) -> str:
        """For a test's name."""
        return f"{self.operation} {self.name}"

    def renamed(self, names: Mapping[str, str]) -> Right:
        """The same on a test's own resource."""
        return Right(self.resource, names[self.name], self.pattern, self.operation)

    def acl(self, user: str) -> ACL:
        """As the broker has it."""
        kind = ResourceType[self.resource.replace(" ", "_").upper()]
        pattern = ResourcePattern(kind, self.name, ACLResourcePatternType[self.pattern.upper()])
        return ACL(f"User:{user}", "*", ACLOperation[self.operation], ACLPermissionType.ALLOW, pattern)


def least() -> list[Right]:
    """The manual's list of what the stream needs."""
    text = _MANUAL.read_text("utf-8")
    listed = text[text.index("<!-- rights") : text.index("<!-- /rights -->")]
    return [Right(*row) for row in _ROW.findall(listed)]


def give(plain: str, user: str, rights: Iterable[Right]) -> None:
    """Let ``user`` do these; ``plain`` is where one may give rights."""
    with admin(plain) as client:
        client.create_acls([right.acl(user) for right in rights])
