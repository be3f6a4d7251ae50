"""The image's health check: 0 when the process in this container says it is alive, 1 when not.

A program of its own, so that a look every few seconds imports none of the consumer's libraries.
"""

from __future__ import annotations

import os
import sys
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException

SECONDS = 2.0
_ANYWHERE = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a listener is found


def address(environment: Mapping[str, str]) -> str | None:
    """Where it answers by the settings' own rules; None where HTTP is turned off.

    >>> address({}), address({"PORT": "7860"}), address({"PORT": "7860", "HTTP_PORT": "80"})
    ('http://127.0.0.1:8080/livez', 'http://127.0.0.1:7860/livez', 'http://127.0.0.1:80/livez')
    >>> address({"HTTP_HOST": "::1"}), address({"HTTP_PORT": "0"}) is None
    ('http://[::1]:8080/livez', True)
    """
    port = environment.get("HTTP_PORT") or environment.get("PORT") or "8080"
    listens = environment.get("HTTP_HOST", "")
    host = _ANYWHERE.get(listens, listens)
    place = f"[{host}]" if ":" in host else host  # an IPv6 address, as a URL has it
    return None if int(port) == 0 else f"http://{place}:{port}/livez"


def alive(environment: Mapping[str, str]) -> bool:
    """Whether it said so in time; without HTTP nobody can ask, and nothing is held against it."""
    asked = address(environment)
    if asked is None:
        return True
    try:
        with urllib.request.urlopen(asked, timeout=SECONDS):  # noqa: S310 - our own http://
            return True
    except (OSError, HTTPException):
        return False


if __name__ == "__main__":
    sys.exit(not alive(os.environ))
