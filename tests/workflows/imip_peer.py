"""Somebody else's calendar: Xandikos in a process of its own, which takes invitations by mail and answers by mail."""

import asyncio
import re
import smtplib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from icalendar import Calendar

from mentoring_lifecycle.embedded.processes import LOOPBACK, ChildProcess, answers_http, on_free_ports

CALENDAR = "/user/calendars/calendar/"


@dataclass(frozen=True)
class Shown:
    """One entry as the calendar shows it."""

    href: str
    etag: str
    calendar: Any

    @property
    def event(self) -> Any:
        """The one VEVENT in it."""
        (event,) = self.calendar.walk("VEVENT")
        return event

    def part(self, address: str) -> str:
        """What one attendee has said."""
        attendees = self.event["ATTENDEE"]
        attendees = attendees if isinstance(attendees, list) else [attendees]
        return next(str(each.params.get("PARTSTAT")) for each in attendees if str(each).lower() == f"mailto:{address}")


class Peer:
    """The calendar of one person, as their mail server and their calendar program see it."""

    def __init__(self, address: str, http_port: int, lmtp_port: int) -> None:
        self.address = address
        self._url = f"http://{LOOPBACK}:{http_port}"
        self._lmtp_port = lmtp_port

    def receive(self, _recipients: tuple[str, ...], content: bytes) -> str | None:
        """What the mail server does with a mail to this person: hand it to the calendar, by LMTP."""
        with smtplib.LMTP(LOOPBACK, self._lmtp_port) as lmtp:
            lmtp.sendmail("relay@relay.example", [self.address], content)
        return None

    async def entries(self) -> list[Shown]:
        """Everything the calendar shows."""
        async with httpx2.AsyncClient(base_url=self._url, trust_env=False) as http:
            listed = (await http.request("PROPFIND", CALENDAR, headers={"Depth": "1"})).text
            found = []
            for href in sorted(set(re.findall(rf"{CALENDAR}[^<]+\.ics", listed))):
                answer = await http.get(href)
                found.append(Shown(href, answer.headers["ETag"], Calendar.from_ical(answer.text)))
            return found

    async def entry(self) -> Shown:
        """The one entry."""
        (shown,) = await self.entries()
        return shown

    async def say(self, answer: str) -> None:
        """Answer the invitation in the calendar program: it writes PARTSTAT over what it has read."""
        shown = await self.entry()
        for attendee in shown.event["ATTENDEE"]:
            if str(attendee).lower() == f"mailto:{self.address}":
                attendee.params["PARTSTAT"] = answer
        headers = {"If-Match": shown.etag, "Content-Type": "text/calendar; charset=utf-8"}
        async with httpx2.AsyncClient(base_url=self._url, trust_env=False) as http:
            put = await http.put(shown.href, content=shown.calendar.to_ical(), headers=headers)
        assert put.status_code == 204, (put.status_code, put.text)


@asynccontextmanager
async def imip_peer(folder: Path, address: str, *, answers_to: int) -> AsyncIterator[Peer]:
    """The peer up; its answers go by SMTP to a port of this computer."""
    folder.mkdir(parents=True, exist_ok=True)
    running: list[tuple[ChildProcess, Peer]] = []

    async def start(ports: list[int]) -> None:
        http_port, lmtp_port = ports
        command: list[str | Path] = [
            *("/usr/bin/env", f"EMAIL={address}"),
            *(sys.executable, "-P", "-m", "xandikos", "serve", "--defaults", "-d", folder / "data"),
            *("--state-dir", folder / "state", "-l", LOOPBACK, "-p", str(http_port), "--no-detect-systemd"),
            *("--imip-listen", f"{LOOPBACK}:{lmtp_port}", "--imip-send", "smtp", "--smtp-encryption", "none"),
            *("--smtp-host", LOOPBACK, "--smtp-port", str(answers_to), "--smtp-from", "calendar@attendee.example"),
        ]
        process = await ChildProcess.start("xandikos", command, log=folder / "xandikos.log")

        async def both_listen() -> bool:
            return await answers_http(f"http://{LOOPBACK}:{http_port}/") and await _listens(lmtp_port)

        await process.until_ready(both_listen)
        running.append((process, Peer(address, http_port, lmtp_port)))

    await on_free_ports(2, start)
    ((process, peer),) = running
    try:
        yield peer
    finally:
        await process.stop()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True
