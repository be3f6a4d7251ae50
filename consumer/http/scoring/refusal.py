"""What a request is told that gets no results."""

from __future__ import annotations

from consumer.encode import to_json

RETRY_SECONDS = 1


class Refusal(Exception):  # noqa: N818 - an answer, raised where it is known
    """A request that is answered at once; never with a word of its texts.

    Args:
        status: the HTTP status.
        error: a stable word for programs.
        message: one line for people; it names the field where one is wrong.
        field: that field, such as ``texts[3]``.
    """

    def __init__(self, status: int, error: str, message: str, field: str = "") -> None:
        super().__init__(message)
        self.status, self.error, self.field = status, error, field

    def body(self) -> bytes:
        """As JSON."""
        facts = {"error": self.error, "message": str(self)}
        return to_json(facts | ({"field": self.field} if self.field else {}))

    def headers(self) -> dict[str, str]:
        """When to come again; and who is sent away for now gives its connection to another."""
        headers = {"content-type": "application/json", "cache-control": "no-store"}
        if self.status in (429, 503):
            headers |= {"retry-after": str(RETRY_SECONDS), "connection": "close"}
        return headers
