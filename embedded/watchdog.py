"""Runs one command and ends it when the process that started this one is gone.

Run as `python -I -S watchdog.py GRACE COMMAND...` with a pipe on standard input, standard library only. The kernel
closes the pipe however the other side ends, kill -9 included, so nothing outlives its parent.
"""

import os
import subprocess
import sys
import threading

KILL = b"kill"


def _end_with_parent(child: "subprocess.Popen[bytes]", grace: float) -> None:
    if os.read(0, len(KILL)):  # not sys.stdin: its lock, held here, would abort the interpreter's own exit
        child.kill()
        return
    child.terminate()
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        child.kill()


def main(grace: float, command: list[str]) -> int:
    """Run `command` and return its exit code (128 + signal as shells do).

    It ends within `grace` seconds once the pipe closes, at once if KILL is written there first.
    """
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - the command is our own, never a user's text
    threading.Thread(target=_end_with_parent, args=(child, grace), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), sys.argv[2:]))
