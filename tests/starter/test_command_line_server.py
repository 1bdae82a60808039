"""The `mentoring` command line against a real server, a real worker and a real mail server."""

import asyncio
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from mentoring_lifecycle.embedded.mail import Mailbox, MailServer
from mentoring_lifecycle.embedded.processes import ChildProcess
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.__main__ import app

ROSTER = Path(__file__).parents[2] / "examples/people.csv"
MENTOR, MENTEE, COORDINATOR, CONTACT = "p-5d17", "p-2b94", "c-4b8f", "s-16e7"
PAIR = ["--mentor", MENTOR, "--mentee", MENTEE, "--coordinator", COORDINATOR, "--programme", "reverse-2027"]


def run(*arguments: str | Path, words: str = "") -> Result:
    """One command; whatever it does, it shows no traceback."""
    result = CliRunner().invoke(app, [*map(str, arguments)], input=words)
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def answer(*arguments: str | Path, words: str = "") -> Any:
    """What a command that does its work tells programs."""
    result = run(*arguments, "--output", "json", words=words)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(*arguments: str, words: str = "") -> str:
    """The one sentence of a refused command."""
    result = run(*arguments, words=words)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (3, "", 1), result.output
    return result.stderr


def until(look: Callable[[], Any], *, within: float = 20) -> Any:
    """Ask again until the answer is true."""

    async def asking() -> Any:
        async with asyncio.timeout(within):
            while not (seen := await asyncio.to_thread(look)):
                await asyncio.sleep(0.05)
        return seen

    return asyncio.run(asking())


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@dataclass
class Rig:
    """What runs, and what the first setup told."""

    mailbox: Mailbox
    first_setup: Any


@pytest.fixture(scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory, environment: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """A server that knows nothing, prepared by the command line alone; people imported; a worker."""
    folder = tmp_path_factory.mktemp("rig")
    with MailServer(folder / "mailbox") as mail:
        async with EmbeddedTemporal(folder / "temporal") as temporal:
            for name, value in {
                "TEMPORAL_ADDRESS": temporal.address,
                "TEMPORAL_NAMESPACE": "mentoring",
                "MENTORING_DATABASE_URL": f"sqlite:///{folder / 'mentoring.db'}",
                "MENTORING_SMTP_HOST": mail.host,
                "MENTORING_SMTP_PORT": str(mail.port),
                "MENTORING_METRICS_ADDRESS": "127.0.0.1:0",
                "MENTORING_SAFEGUARDING_CONTACT": CONTACT,
                "LC_ALL": "en_GB.UTF-8",
            }.items():
                environment.setenv(name, value)
            first_setup = await asyncio.to_thread(answer, "setup")
            await asyncio.to_thread(answer, "people", "import", ROSTER)
            worker = await ChildProcess.start(
                "worker", [sys.executable, "-P", "-m", "mentoring_lifecycle.worker"], log=folder / "worker.log"
            )
            try:
                yield Rig(mail.mailbox, first_setup)
            finally:
                await worker.stop()


def opened(relationship: str) -> str:
    """A relationship that its first worker has seen."""
    assert answer("open", *PAIR, "--id", relationship) == {"relationship": relationship}
    assert answer("status", relationship)["phase"] == "onboarding"
    return relationship


def test_setup_is_done_once(rig: Rig) -> None:
    """The first setup makes everything, the second finds everything and changes nothing."""
    assert [each["found"] for each in rig.first_setup] == [False, False, False]
    again = answer("setup")
    assert [each["found"] for each in again] == [True, True, True]
    assert [each["name"] for each in again][1:] == ["mentoring", "mentoring-cases"]
    assert "namespace mentoring: found" in run("setup").stdout


def test_a_life_at_the_command_line(rig: Rig) -> None:
    """From the invitation to the exit every step is a command, and every step can be read afterwards."""
    r = opened("life")
    for person in (MENTOR, MENTEE):
        answer("accept", r, "--by", person)
        view = answer("complete-induction", r, "--by", person, "--comfort", "yes")
    assert view["phase"] == "ground_rules"

    view = answer("propose-rules", r, "R12=48", "R14=ask_each_time", "--by", MENTOR)
    view = answer("sign-rules", r, "--by", MENTEE, "--version", str(view["rules_version"]))
    assert view["phase"] == "goals"
    assert ["R12", "48"] in answer("agreement", r)["rules"]

    goals = [
        "--goal",
        "mentee|Drop the slides|One talk without|scale1_10|3|8",
        "--goal",
        "mentor|Network|Five|count|1|5",
    ]
    view = answer("propose-goals", r, "--by", MENTOR, *goals, "--topic", "AI")
    ratings = ["--baseline", "4", "--baseline", "2"]
    view = answer("agree-goals", r, "--by", MENTEE, "--proposal", str(view["proposal"]), *ratings)
    assert view["phase"] == "active"
    assert answer("agreement", r)["goals"][0]["title"] == "Drop the slides"

    view = until(lambda: (view := answer("status", r))["sessions"] and view)
    session = view["sessions"][0]
    assert session["starts_at"].endswith("Z")
    answer("set-agenda", r, "--by", MENTOR, "--session", "1", "--point", "hopes", "--point", "rules")
    assert "[session_not_over]" in refusal("confirm-session", r, "--by", MENTOR, "--session", "1", "--held")

    answer("ask-coordinator", r, "--by", MENTEE, "--matter", "question", "--words", "-", words="Which tool?\n")
    (request,) = answer("help-requests", r)
    assert (request["words"], request["taken_up"]) == ("Which tool?", False)
    number = ["--number", str(request["number"])]
    answer("take-up-help", r, "--by", COORDINATOR, *number)
    view = answer("conclude-help", r, "--by", COORDINATOR, *number, "--outcome", "answered")
    assert view["open_help"] == 0

    assert answer("pause", r, "--by", MENTOR)["standing"] == "paused"
    assert answer("resume", r, "--by", MENTEE)["standing"] == "normal"
    assert answer("hold", r)["standing"] == "on_hold"
    assert answer("lift", r)["standing"] == "normal"

    answer("exit", r, "--by", MENTOR)
    view = until(lambda: (view := answer("status", r))["outcome"] and view)
    assert view["outcome"] == "no_fault_exit"
    assert "[closed]" in refusal("pause", r, "--by", MENTOR)

    kinds = [milestone["what"].split()[0] for milestone in answer("timeline", r)]
    assert kinds.index("goals_agreed") < kinds.index("left")
    journal = until(lambda: (entries := answer("timeline", r, "--journal"))[-1]["kind"] == "closed" and entries)
    assert [entry["sequence"] for entry in journal] == list(range(1, len(journal) + 1))
    assert all(entry["body"]["kind"] == entry["kind"] for entry in journal)
    until(lambda: {"invitation", "session_invitation", "exit_confirmed"} <= purposes_accepted(r))
    assert rig.mailbox.messages()


def purposes_accepted(relationship: str) -> set[str]:
    """What the mail server has taken for a relationship, by the ledger."""
    return {row["purpose"] for row in answer("effects", "--relationship", relationship, "--state", "accepted")}


def test_an_act_with_the_same_id_is_done_once(rig: Rig) -> None:
    """Repeating an act with its command id answers again and changes nothing."""
    r = opened("repeated")
    accept = ["accept", r, "--by", MENTOR, "--command-id", "accept-1"]
    assert answer(*accept)["events"] == answer(*accept)["events"]
    assert "[already_answered]" in refusal(*accept[:-1], "accept-2")


def test_opening_again_opens_nothing(rig: Rig) -> None:
    """The same id finds the relationship that is open."""
    r = opened("twice")
    answer("accept", r, "--by", MENTOR)
    answer("open", *PAIR, "--id", r)
    assert answer("status", r)["events"] > 1
    assert len([row for row in answer("list") if row["relationship"] == r]) == 1


def test_refusals_are_sentences_with_a_code(rig: Rig) -> None:
    """What the domain refuses ends with 3, one sentence and its code, and nothing has happened."""
    r = opened("refused")
    before = answer("status", r)["events"]
    assert "[wrong_phase]" in refusal("sign-rules", r, "--by", MENTOR, "--version", "1")
    assert "[not_part_of_this]" in refusal("accept", r, "--by", "p-08cc")
    assert "[unknown_person]" in refusal("open", *PAIR[:3], "nobody", *PAIR[4:])
    help_wanted = ["ask-coordinator", r, "--by", MENTOR, "--matter", "question", "--words", "-"]
    assert "[text_too_long]" in refusal(*help_wanted, words="x" * 1_000_000)
    assert "[not_a_date]" in refusal("pause", r, "--by", MENTOR, "--until", "2027-03-01T10:00:00")
    assert "[bad_identifier]" in refusal("status", "no id")
    assert answer("status", r)["events"] == before


def test_a_refusal_speaks_the_readers_language(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """The language is that of the terminal, or the one asked for."""
    r = opened("italian")
    act = ["sign-rules", r, "--by", MENTOR, "--version", "1"]
    assert refusal("--locale", "it", *act).startswith("Ora non è possibile")
    monkeypatch.setenv("LC_ALL", "it_IT.UTF-8")
    assert refusal(*act).startswith("Ora non è possibile")
    assert refusal("--locale", "en", *act).startswith("This cannot be done now")


def test_an_unknown_relationship_is_not_found(rig: Rig) -> None:
    """What was never opened ends with 1."""
    for command in (["status", "never"], ["timeline", "never"], ["exit", "never", "--by", MENTOR]):
        result = run(*command)
        assert (result.exit_code, result.stderr) == (
            1,
            "There is no mentoring relationship never. [unknown_relationship]\n",
        )


def test_a_list_can_be_narrowed(rig: Rig) -> None:
    """Phase, health and any Visibility query narrow a list together; a query nobody understands ends with 2."""
    r = opened("listed")
    found = until(lambda: [row for row in answer("list", "--phase", "onboarding") if row["relationship"] == r])
    assert found[0]["programme"] == "reverse-2027"
    assert found[0]["next_due_at"].endswith("Z")
    query = "MentoringProgramme = 'reverse-2027' OR MentoringProgramme = 'other'"
    assert answer("list", "--phase", "goals", "--query", query) == []
    assert r in run("list", "--health", "waiting", "--limit", "50").stdout
    assert run("list", "--query", "this is no query").exit_code == 2


def test_a_severe_report_reaches_its_one_reader(rig: Rig) -> None:
    """It is received once, read by its id, acknowledged, and leaves no trace in the relationship."""
    r = opened("reported")
    before = answer("status", r)["events"]
    report = ["report", "--matter", "verbal_abuse", "--words", "-", "--relationship", r, "--wait", "--case", "case-1"]
    assert answer(*report, words="What was said.\n") == {"case": "case-1", "received": True}
    assert answer(*report, words="What was said.\n")["case"] == "case-1"
    view = answer("case", "read", "case-1")
    assert (view["severity"], view["report"]["words"], view["pause_now"]) == ("S3", "What was said.", False)
    until(lambda: answer("case", "read", "case-1")["contact_told"])
    assert answer("case", "acknowledge", "case-1") == {"case": "case-1", "acknowledged": True}
    assert answer("status", r)["events"] == before


def test_a_report_that_nobody_may_take_is_refused(rig: Rig) -> None:
    """A matter for the coordinator is refused, and so is an S3 report without a choice about the pause."""
    assert "[not_severe_enough]" in refusal("report", "--matter", "question", "--words", "x")
    assert "[pause_choice_needed]" in refusal(
        "report", "--matter", "retaliation", "--words", "x", "--relationship", "r"
    )


def test_an_unknown_case_is_not_found(rig: Rig) -> None:
    """There is nothing to read and nothing to acknowledge."""
    for act in ("read", "acknowledge"):
        result = run("case", act, "never")
        assert (result.exit_code, result.stderr) == (1, "There is no open case never.\n")


def test_a_namespace_that_is_not_set_up_is_told(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who forgot the setup is told to do it."""
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "forgotten")
    result = run("list")
    assert result.exit_code == 1
    assert "Run `mentoring setup` first." in result.stderr


def test_people_read_tables(rig: Rig) -> None:
    """Without JSON the same answers are tables in words."""
    r = opened("tables")
    shown = run("status", r).stdout
    assert "onboarding" in shown
    assert "subject invitation, of mentor" in shown
    assert " UTC" in shown
    assert "opened" in run("timeline", r).stdout
    assert run("help-requests", r).stdout == "None.\n"


def test_the_exporter_ends_cleanly(rig: Rig, environment: pytest.MonkeyPatch) -> None:
    """It serves figures until it is told to stop, and then ends with 0."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment.setenv("MENTORING_EXPORTER_ADDRESS", f"127.0.0.1:{port}")
    command = [sys.executable, "-P", "-m", "mentoring_lifecycle.starter", "exporter"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as exporter:
        try:
            assert until(lambda: scraped(port), within=20)
        finally:
            exporter.send_signal(signal.SIGTERM)
            _, told = exporter.communicate(timeout=20)
    assert (exporter.returncode, b"Traceback" in told) == (0, False)


def scraped(port: int) -> bool:
    """Whether the exporter shows a relationship in its first phase."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
            return b'mentoring_relationships{phase="onboarding"}' in page.read()
    except OSError:
        return False


def test_a_look_at_everything(rig: Rig) -> None:
    """Every relationship that is open or ended lately is asked; without a calendar and with people as they were
    nothing is found, and the person at the terminal is told how much was looked at."""
    opened("looked-at")
    until(lambda: "looked-at" in [row["relationship"] for row in answer("list")])
    looked = run("reconcile", "--once", "--output", "json")
    assert (looked.exit_code, json.loads(looked.stdout)) == (0, [])
    count = int(re.search(r"(\d+) relationships looked at, 0 findings", looked.stderr)[1])  # type: ignore[index]  # it is there
    assert count == len([row for row in answer("list") if row["status"] == "running"])


def test_reconcile_runs_until_it_is_told_to_stop(rig: Rig) -> None:
    """A process of its own that ends on SIGTERM with exit code 0 and no traceback."""
    command = [sys.executable, "-P", "-m", "mentoring_lifecycle.starter", "reconcile"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr
        told = process.stderr.readline()
        while b"relationships looked at" not in told:
            told = process.stderr.readline()
            assert told, "it ended before it had looked"
        process.send_signal(signal.SIGTERM)
        _, rest = process.communicate(timeout=20)
    assert (process.returncode, b"Traceback" in rest) == (0, False)
