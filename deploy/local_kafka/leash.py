"""Runs one command and ends it when the process that asked for it is gone, however that one died.

A program of its own, run as `python -I leash.py PARENT_PID FOLDER_OR_EMPTY COMMAND…`. It prints the
command's process id and ends with its exit code, or 128 + the number of the signal that ended it.
SIGTERM is passed on; SIGUSR1 arrives as SIGKILL. It watches its parent's process id instead of asking
the system for a signal at the parent's death, because Linux sends that one when the parent's *thread*
ends, and macOS never.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time

LOOK_SECONDS = 0.1
PR_SET_PDEATHSIG = 1


def _die_with_leash() -> None:
    """In the child, on Linux: be killed when the leash is. It has one thread, so the thread rule is met."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(child: subprocess.Popen[bytes], parent_pid: int) -> int:
    while (code := child.poll()) is None:
        if os.getppid() != parent_pid:
            child.kill()
        time.sleep(LOOK_SECONDS)
    return code


def main(arguments: list[str]) -> int:
    """Start the command, tell its process id, watch.

    Returns:
        The command's exit code, or 128 + the number of the signal that ended it.
    """
    parent_pid, folder, *command = arguments
    preexec = _die_with_leash if sys.platform == "linux" else None
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=sys.stderr,  # the log; our own stdout is a pipe that closes
        preexec_fn=preexec,  # noqa: PLW1509 - safe here: there is one thread
    )
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    signal.signal(signal.SIGUSR1, lambda *_: child.kill())
    with contextlib.suppress(BrokenPipeError):  # the parent may be gone already; the watch below sees it
        print(child.pid, flush=True)
    code = _watch(child, int(parent_pid))
    if folder and os.getppid() != int(parent_pid):
        shutil.rmtree(folder, ignore_errors=True)  # nobody else is left to do it
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
