"""Makes the Temporal SDK download its development server into a folder; a program of its own.

Run as `python -P sdk_download.py FOLDER`. In the caller's own process a failed download would abort the interpreter
at its end.
"""

import asyncio
import os
import sys

from temporalio.testing import WorkflowEnvironment


async def _download(folder: str) -> None:
    async with await WorkflowEnvironment.start_local(download_dest_dir=folder):
        pass


def main(folder: str) -> None:
    """Download into `folder`; the exit code tells the outcome, and standard output the reason of a failure."""
    try:
        asyncio.run(_download(folder))
    except RuntimeError as failure:
        sys.stdout.write(str(failure))
        sys.stdout.flush()
        os._exit(1)  # past the abort of the SDK's runtime


if __name__ == "__main__":
    main(sys.argv[1])
