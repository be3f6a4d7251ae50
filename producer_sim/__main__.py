"""``python -m producer_sim``: progress on stderr, one JSON line on stdout at the end."""

from __future__ import annotations

import json
import sys

from producer_sim.errors import PublisherError
from producer_sim.options import parse_options
from producer_sim.publish import Run, prepare
from producer_sim.stop import Stop


def main(arguments: list[str] | None = None) -> int:
    """Publish; the exit code says how it went."""
    stop = Stop()
    stop.listen()
    try:
        options = parse_options(sys.argv[1:] if arguments is None else arguments)
        return _publish(prepare(options, stop))
    except PublisherError as error:
        print(f"producer_sim: {error}", file=sys.stderr)
        return error.exit_code


def _publish(run: Run) -> int:
    try:
        run.publish()
    finally:
        # Also after a failure: what did arrive is on the topic, and the account needs to know.
        run.sender.close()
        print(json.dumps(run.summary()), flush=True)
    return 0 if run.sender.unconfirmed == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
