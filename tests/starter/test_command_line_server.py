"""The `mentoring` command line against a real server, a real worker and a real mail server."""

import asyncio
import csv
import json
import os
import pty
import re
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from typer.testing import CliRunner, Result

from mentoring_lifecycle.embedded.mail import Mailbox, MailServer
from mentoring_lifecycle.embedded.processes import ChildProcess, free_ports
from mentoring_lifecycle.embedded.server import EmbeddedTemporal
from mentoring_lifecycle.starter.__main__ import app
from mentoring_lifecycle.starter.intake import new_receipt

ROSTER = Path(__file__).parents[2] / "examples/people.csv"
MENTOR, MENTEE, COORDINATOR, CONTACT = "p-5d17", "p-2b94", "c-4b8f", "s-16e7"
PAIR = ["--mentor", MENTOR, "--mentee", MENTEE, "--coordinator", COORDINATOR]


def programme(relationship: str) -> list[str]:
    """A programme of its own: the same two have one open relationship in each."""
    return ["--programme", f"reverse-{relationship}"]


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
    folder: Path
    metrics: str
    """Where the worker of relationships serves its figures."""


@pytest.fixture(scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory, environment: pytest.MonkeyPatch) -> AsyncIterator[Rig]:
    """A server that knows nothing, prepared by the command line alone; people imported; a worker."""
    folder = tmp_path_factory.mktemp("rig")
    (port,) = free_ports(1)
    with MailServer(folder / "mailbox") as mail:
        async with EmbeddedTemporal(folder / "temporal") as temporal:
            for name, value in {
                "TEMPORAL_ADDRESS": temporal.address,
                "TEMPORAL_NAMESPACE": "mentoring",
                "MENTORING_DATABASE_URL": f"sqlite:///{folder / 'mentoring.db'}",
                "MENTORING_SMTP_HOST": mail.host,
                "MENTORING_SMTP_PORT": str(mail.port),
                "MENTORING_METRICS_ADDRESS": f"127.0.0.1:{port}",
                "MENTORING_CASES_METRICS_ADDRESS": "127.0.0.1:0",
                "MENTORING_CASES_HEALTH_ADDRESS": "127.0.0.1:0",
                "MENTORING_HEALTH_ADDRESS": "127.0.0.1:0",
                "MENTORING_SAFEGUARDING_CONTACT": CONTACT,
                "MENTORING_REPLY_ADDRESS": "mentoring+{token}@mentoring.example",
                "LC_ALL": "en_GB.UTF-8",
            }.items():
                environment.setenv(name, value)
            first_setup = await asyncio.to_thread(answer, "setup")
            await asyncio.to_thread(answer, "people", "import", _who_is_always_at_work(folder / "people.csv"))
            async with AsyncExitStack() as workers:
                for serves in ("relationships", "cases"):
                    workers.push_async_callback((await _started_worker(serves, folder / f"{serves}.log")).stop)
                yield Rig(mail.mailbox, first_setup, folder, f"http://127.0.0.1:{port}/metrics")


def _who_is_always_at_work(file: Path) -> Path:
    """The example's people, whom mail may reach at any hour of any day: the clock here is the real one."""
    with ROSTER.open(newline="") as given, file.open("w", newline="") as changed:
        rows = [
            row | {"rest_days": "none", "quiet_from": "00:00", "quiet_until": "00:00"} for row in csv.DictReader(given)
        ]
        writer = csv.DictWriter(changed, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return file


async def _started_worker(serves: str, log: Path) -> ChildProcess:
    """One that serves: a slow machine must not look like a worker that does not answer."""
    command = [sys.executable, "-P", "-m", "mentoring_lifecycle.worker", serves]
    worker = await ChildProcess.start("worker", command, log=log)

    async def is_serving() -> bool:
        return "worker_started" in log.read_text()

    await worker.until_ready(is_serving)
    return worker


def opened(relationship: str) -> str:
    """A relationship that its first worker has seen."""
    assert answer("open", *PAIR, *programme(relationship), "--id", relationship) == {"relationship": relationship}
    assert answer("status", relationship)["phase"] == "onboarding"
    return relationship


def test_setup_is_done_once(rig: Rig) -> None:
    """The first setup makes everything, the second finds everything and changes nothing."""
    assert [each["found"] for each in rig.first_setup] == [False] * 4
    again = answer("setup")
    assert [each["found"] for each in again] == [True] * 4
    assert [each["name"] for each in again][2:] == ["mentoring", "mentoring-cases"]
    assert "namespace mentoring: found" in run("setup").stdout


@pytest.mark.parametrize("serves", ["relationships", "cases"])
def test_a_worker_without_its_namespace_says_what_to_do(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, serves: str
) -> None:
    """And nothing else: whoever reads the log finds one sentence at its end."""
    monkeypatch.setenv("MENTORING_DATABASE_URL", f"sqlite:///{tmp_path / 'mentoring.db'}")
    monkeypatch.setenv("MENTORING_METRICS_ADDRESS", "127.0.0.1:0")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "not-there")
    monkeypatch.setenv("MENTORING_CASES_NAMESPACE", "not-there")
    command = [sys.executable, "-P", "-m", "mentoring_lifecycle.worker", serves]
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr
        said = "Namespace not-there was not found or otherwise could not be described. Run `mentoring setup` first."
        assert done.stderr.splitlines()[-1] == said


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
    answer("open", *PAIR, *programme(r), "--id", r)
    assert answer("status", r)["events"] > 1
    assert len([row for row in answer("list") if row["relationship"] == r]) == 1


def test_refusals_are_sentences_with_a_code(rig: Rig) -> None:
    """What the domain refuses ends with 3, one sentence and its code, and nothing has happened."""
    r = opened("refused")
    before = answer("status", r)["events"]
    assert "[wrong_phase]" in refusal("sign-rules", r, "--by", MENTOR, "--version", "1")
    assert "[not_part_of_this]" in refusal("accept", r, "--by", "p-08cc")
    assert "[unknown_person]" in refusal("open", *PAIR[:3], "nobody", *PAIR[4:], *programme(r))
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
    assert found[0]["programme"] == "reverse-listed"
    assert found[0]["next_due_at"].endswith("Z")
    query = "MentoringProgramme = 'reverse-listed' OR MentoringProgramme = 'other'"
    assert answer("list", "--phase", "goals", "--query", query) == []
    assert r in run("list", "--health", "waiting", "--limit", "50").stdout
    assert run("list", "--query", "this is no query").exit_code == 2


def ended(relationship: str) -> str:
    """A relationship that has been left at once, and whose journal says so."""
    r = opened(relationship)
    answer("exit", r, "--by", MENTOR)
    until(lambda: (found := run("timeline", r, "--journal")).exit_code == 0 and "closed" in found.stdout.split())
    return r


def test_after_an_end_the_two_may_begin_anew(rig: Rig) -> None:
    """Edge case 2: reopening is a new relationship that follows the old one; done twice it is one."""
    r = ended("again")
    begun = {"relationship": "again-2", "follows": r, "goals": []}
    assert answer("reopen", r) == answer("reopen", r) == begun
    assert answer("status", "again-2")["phase"] == "onboarding"
    assert answer("status", r)["outcome"] == "no_fault_exit"
    mine = {row["relationship"]: row["is_open"] for row in answer("people", "relationships", MENTOR)}
    assert (mine[r], mine["again-2"]) == (False, True)


def process(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """A command in a process of its own, whose log is its own too."""
    command = [sys.executable, "-P", "-m", "mentoring_lifecycle.starter", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True)


def test_a_block_stands_before_every_start(rig: Rig) -> None:
    """Whoever is blocked is paired in no programme, neither by opening nor by reopening; the trail holds ids alone."""
    r = ended("blocked")
    try:
        done = process("blocks", "add", MENTEE, MENTOR, "--output", "json")
        assert "pair_blocked" in done.stderr
        told = json.loads(done.stdout)
        assert (told["blocked"], told["changed"]) == (True, True)
        for command in (["reopen", r], ["open", *PAIR, "--programme", "elsewhere"]):
            assert "[blocked_pair]" in refusal(*command)
        assert [(row["one"], row["other"]) for row in answer("blocks", "list")] == [(MENTEE, MENTOR)]
    finally:
        undone = process("blocks", "remove", MENTOR, MENTEE, "--output", "json")
        assert json.loads(undone.stdout)["changed"]
    assert answer("reopen", r)["relationship"] == "blocked-2"


def test_a_pair_is_open_once_in_a_programme(rig: Rig) -> None:
    """A second relationship of the same two in the same programme is refused, whoever is named first."""
    r = opened("once")
    assert "[already_paired]" in refusal("open", *PAIR, *programme(r), "--id", "once-more")
    assert "[one_new_person]" in refusal("rematch", r)


def test_a_severe_report_reaches_its_one_reader(rig: Rig) -> None:
    """It is received once, read by its id, acknowledged, and leaves no trace in the relationship."""
    r = opened("reported")
    before = answer("status", r)["events"]
    report = [
        "report-concern",
        "--matter",
        "verbal_abuse",
        "--words",
        "-",
        "--relationship",
        r,
        "--wait",
        "--by",
        MENTOR,
        "--case",
        "case-1",
    ]
    assert answer(*report, words="What was said.\n") == {"case": "case-1", "received": True}
    assert answer(*report, words="What was said.\n")["case"] == "case-1"
    mine = ("case-1", "--by", CONTACT)
    view = answer("case", "read", *mine)
    assert (view["severity"], view["report"]["words"], view["pause_now"]) == ("S3", "What was said.", False)
    until(lambda: answer("case", "read", *mine)["contact_told"])
    until(lambda: [each["case"] for each in answer("case", "list", "--by", CONTACT)] == ["case-1"])
    assert answer("case", "list", "--by", MENTOR) == []
    assert answer("case", "clocks", *mine)[0]["clock"] == "acknowledgement"
    for act in ("clocks", "read"):
        assert re.search(
            r"acknowledgement .*20\d\d-\d\d-\d\d \d\d:\d\d UTC.* in \d+ h \d+ min", run("case", act, *mine).stdout
        )
    assert re.search(r"^words +What was said\. *$", run("case", "read", *mine).stdout, re.MULTILINE)
    for act in (
        ("acknowledge",),
        ("triage", "--track", "internal"),
        ("refer", "--to", "personnel"),
        ("start-investigation",),
        ("decide-outcome", "--outcome", "no_action", "--reason", "not_proven"),
        ("give-feedback",),
        ("reopen",),
    ):
        stage = answer("case", act[0], *mine, *act[1:])["stage"]
    assert stage == "reopened"
    assert "[case_stage]" in refusal("case", "acknowledge", *mine)
    assert "[nobody_eligible]" in refusal("case", "reassign", *mine, "--reason", "absence")
    assert answer("case", "withdraw", *mine)["stage"] == "withdrawn"
    assert answer("case", "timeline", *mine)[0].endswith(" case_received")
    assert answer("status", r)["events"] == before


def of_two(*mine: str) -> dict[str, Any]:
    """What was last wanted of the two people, and what became of it."""
    measures = answer("case", "read", *mine)["measures"]
    return next(each for each in measures if not each["relationship"])


def test_a_handler_holds_and_lifts_at_the_command_line(rig: Rig) -> None:
    """At once where that is said; what became of it is read in the case, and in the relationship it is any hold."""
    r = opened("held-by-case")
    given = ("--matter", "verbal_abuse", "--words", "-", "--relationship", r, "--wait", "--case", "case-2")
    given = (*given, "--by", MENTOR)
    answer("report-concern", *given, words="What was said.\n")
    mine = ("case-2", "--by", CONTACT)
    waits = answer("case", "hold", *mine)["measures"]
    assert [(each["measure"], each["relationship"], each["result"]) for each in waits] == [("hold", r, None)]
    assert "[under_way_already]" in refusal("case", "hold", *mine)
    for act, standing in (("hold", "on_hold"), ("lift", "normal")):
        answer("case", act, *mine, "--urgent")
        until(lambda: answer("case", "read", *mine)["measures"][0]["result"] == "done")
        assert answer("status", r)["standing"] == standing
    assert "[nothing_to_take_back]" in refusal("case", "lift", *mine)
    assert "[nothing_to_take_back]" in refusal("case", "unblock", *mine)
    for act in ("block", "unblock"):
        answer("case", act, *mine)
        until(lambda act=act: {"measure": act, "result": "done"}.items() <= of_two(*mine).items())
        assert [(row["one"], row["other"]) for row in answer("blocks", "list")] == [(MENTEE, MENTOR)][: act == "block"]


ANONYMOUS = ["report-concern", "--matter", "retaliation", "--words", "-"]
IN_DANGER = ["report-concern", "--matter", "self_harm_risk", "--words", "-"]


@pytest.mark.parametrize(("locale", "said"), [("en", "call first: 112."), ("it", "per prima cosa chiama: 112.")])
def test_in_danger_whom_to_call_is_told_before_anything_is_sent(rig: Rig, locale: str, said: str) -> None:
    """Also where the report is refused."""
    refused = run("--locale", locale, *IN_DANGER, "--relationship", "not an id", words="x")
    assert refused.exit_code != 0
    assert refused.stderr.splitlines()[0].endswith(said)


def test_a_report_that_nobody_may_take_is_refused(rig: Rig) -> None:
    """A matter for the coordinator is refused, and so is an S3 report without a choice about the pause."""
    assert "[not_severe_enough]" in refusal("report-concern", "--matter", "question", "--words", "x")
    assert "[pause_choice_needed]" in refusal(
        "report-concern", "--matter", "retaliation", "--words", "x", "--relationship", "r"
    )


PICTURE = [{"reference": "store/4f1c", "media_type": "image/png", "size_bytes": 2048, "sha256": 64 * "a"}]


def test_an_anonymous_report_is_followed_up_by_its_code(rig: Rig, tmp_path: Path) -> None:
    """The code comes in from standard input or a file, and both sides write to each other."""
    attached = tmp_path / "attached.json"
    attached.write_text(json.dumps(PICTURE))
    told = answer(*IN_DANGER, "--attachments", attached, words="What I saw.")
    code, mine = told["receipt"], (told["case"], "--by", CONTACT)
    assert told["emergency_contacts"] == answer("follow-up", "read", words=code)["emergency_contacts"] == ["112"]
    assert run("case", "read", *mine).stdout.split()[:3] == ["call", "first", "112"]
    assert answer("case", "read", *mine)["report"]["attachments"] == PICTURE
    assert answer("follow-up", "read", words=code)["acknowledged"] is False
    answer("case", "acknowledge", *mine)
    answer("case", "write", *mine, "--words", "-", words="When was this?")
    kept = tmp_path / "code"
    kept.write_text(code.lower().replace("-", " ") + "\n")
    seen = answer("follow-up", "write", "--receipt-file", kept, "--words", "-", words="On Monday.")
    assert [each["words"] for each in seen["messages"]] == ["When was this?", "On Monday."]
    assert (
        answer("follow-up", "write", "--words", "-", words=f"{code}\nAnd on Tuesday.")["messages"] != seen["messages"]
    )
    assert answer("case", "read", *mine)["unread"] == 2
    assert answer("case", "read", *mine)["unread"] == 0
    answer("follow-up", "withdraw", words=code)
    assert answer("case", "read", *mine)["withdrawn"]


def test_people_are_shown_the_code_once(rig: Rig) -> None:
    """Beside the words that say what it is for."""
    result = run(*ANONYMOUS, words="What I saw.")
    assert "Keep the receipt code" in result.stderr
    assert len(re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){6}", result.output)) == 1


def test_a_report_without_an_answer_is_made_again_by_its_code(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was taken in and the answer was lost: the code is told all the same, and made again it is the same report."""
    start = Client.start_workflow

    async def answer_is_lost(*arguments: Any, **options: Any) -> None:
        await start(*arguments, **options)
        raise RPCError("too late", RPCStatusCode.DEADLINE_EXCEEDED, b"")

    monkeypatch.setattr(Client, "start_workflow", answer_is_lost)
    result = run(*ANONYMOUS, words="What I saw.")
    assert (result.exit_code, result.stdout) == (4, "")
    (code,) = re.findall(r"[0-9A-Z]{4}(?:-[0-9A-Z]{4}){6}", result.stderr)
    named = run(*ANONYMOUS, "--by", MENTOR, words="What I saw.")
    assert (named.exit_code, "--case " in named.stderr) == (4, True)
    monkeypatch.undo()
    case = answer("follow-up", "read", words=code)["case"]
    assert answer(*ANONYMOUS, "--again", words=f"{code}\nWhat I saw.") == {
        "case": case,
        "received": True,
        "receipt": code,
    }
    assert answer("case", "read", case, "--by", CONTACT)["report"]["words"] == "What I saw."


def test_a_wrong_code_is_no_case_and_a_typo_a_typo(rig: Rig) -> None:
    """Exit code 1 for what is not there, 3 for what cannot be a code."""
    assert run("follow-up", "read", words=new_receipt()).stderr == "There is no such matter for you. [unknown_case]\n"
    assert run("follow-up", "read", words=new_receipt()).exit_code == 1
    assert "[receipt_typo]" in refusal("follow-up", "read", words="7K3D")
    assert "[receipt_typo]" in refusal(*ANONYMOUS, "--again", words="7K3D\nx")
    assert "[anonymous_has_receipt]" in refusal(*ANONYMOUS, "--case", "mine", words="x")
    for half in (["--by", MENTOR], ["--case", "case-1"]):
        assert run("follow-up", "read", *half).exit_code == 2


def test_who_is_named_follows_up_without_a_code(rig: Rig) -> None:
    """By the case's id and who they are."""
    case = answer(*ANONYMOUS, "--by", MENTOR, words="What I saw.")["case"]
    seen = answer("follow-up", "write", "--case", case, "--by", MENTOR, "--words", "More.")
    assert [each["sender"] for each in seen["messages"]] == ["reporter"]
    assert run("follow-up", "read", "--case", case, "--by", MENTEE).exit_code == 1


def test_attachments_that_cannot_be_are_told(rig: Rig, tmp_path: Path) -> None:
    """What is no list of references is a matter of usage, with its place; what may not stand in it is refused."""
    attached = tmp_path / "attached.json"
    attached.write_text('[{"reference": "x"}]')
    result = run(*ANONYMOUS, "--attachments", attached, words="x")
    assert (result.exit_code, "0.media_type" in result.stderr) == (2, True)
    attached.write_text(json.dumps([PICTURE[0] | {"reference": "http://store.example/1"}]))
    assert "[bad_attachment]" in refusal(*ANONYMOUS, "--attachments", str(attached), words="x")


@pytest.mark.parametrize(("typed", "pauses"), [("\n", False), ("n\n", False), ("y\n", True)])
def test_at_a_terminal_the_pause_is_asked_about(rig: Rig, typed: str, pauses: bool) -> None:
    """With what follows from either answer; Enter leaves it to the handler."""
    r = f"asked-{len(typed)}-{pauses}".lower()
    report = ["report-concern", "--matter", "retaliation", "--words", "x", "--relationship", r, "--output", "json"]
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "mentoring_lifecycle.starter", *report],
        stdin=theirs,
        stdout=subprocess.PIPE,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        os.write(ours, typed.encode())
        told, _ = process.communicate(timeout=60)
    asked = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "- Pause now: both are told at once" in asked.replace("\r\n", "\n")
    assert "within 24 hours" in asked
    view = answer("case", "read", json.loads(told)["case"], "--by", CONTACT)
    assert view["pause_now"] is pauses


CANARY = "Pomegranate"


@pytest.fixture(scope="module")
def kept_case(rig: Rig) -> str:
    """A case of which mail went out and which somebody has read."""
    report = ["report-concern", "--matter", "physical_or_threat", "--words", "-", "--case", "kept-1", "--by", MENTOR]
    answer(*report, words=f"{CANARY}, he said.\n\n# and | more\n")
    until(lambda: answer("case", "read", "kept-1", "--by", CONTACT)["contact_told"])
    return "kept-1"


def test_a_case_is_taken_along_as_a_file(rig: Rig, kept_case: str, tmp_path: Path) -> None:
    """Everything in it, readable for its owner alone, and the taking is the last thing in its own chain."""
    file = tmp_path / "case.json"
    told = answer("case", "export", kept_case, "--by", CONTACT, "--to", str(file))
    copy = json.loads(file.read_text())
    assert (told["file"], told["audit_rows"], told["findings"]) == (str(file), len(copy["audit"]), [])
    assert file.stat().st_mode & 0o777 == 0o600
    assert copy["case"]["report"]["words"] == f"{CANARY}, he said.\n\n# and | more"
    assert copy["case"]["clocks"][0]["clock"] == "acknowledgement"
    assert copy["timeline"][0].endswith(" case_received")
    assert (copy["audit"][-1]["action"], copy["audit"][-1]["actor"]) == ("copy_taken", CONTACT)


def test_a_copy_for_people_holds_the_same(rig: Rig, kept_case: str, tmp_path: Path) -> None:
    """Words as a quotation that cannot pass for a heading, clocks with instants, and whether the chain is whole."""
    file = tmp_path / "case.md"
    answer("case", "export", kept_case, "--by", CONTACT, "--to", str(file), "--format", "markdown")
    text = file.read_text()
    assert text.startswith(f"# Case {kept_case}\n")
    assert f"  > {CANARY}, he said.\n  > \n  > # and | more\n" in text
    assert re.search(r"- due at: \d{4}-\d\d-\d\d \d\d:\d\d UTC", text)
    assert re.search(r"^Whole: \d+ rows", text, re.MULTILINE)
    assert f"| {CONTACT} | copy_taken |" in text


def test_a_copy_is_never_written_over_a_file_nor_for_a_stranger(rig: Rig, kept_case: str, tmp_path: Path) -> None:
    """And nothing of the try stands in the chain."""
    before = answer("case", "verify", kept_case)["cases"][0]["rows"]
    file = tmp_path / "there.json"
    file.write_text("mine")
    for to in (file, tmp_path / "nowhere" / "case.json"):
        result = run("case", "export", kept_case, "--by", CONTACT, "--to", str(to))
        assert (result.exit_code, "Nothing was copied" in result.stderr) == (1, True)
    stranger = run("case", "export", kept_case, "--by", MENTOR, "--to", str(tmp_path / "new.json"))
    assert (stranger.exit_code, stranger.stderr) == (1, "There is no such matter for you. [unknown_case]\n")
    assert file.read_text() == "mine"
    assert not (tmp_path / "new.json").exists()
    assert answer("case", "verify", kept_case)["cases"][0]["rows"] == before


def test_chains_are_verified_and_tampering_is_told(rig: Rig, kept_case: str, tmp_path: Path) -> None:
    """Whole, then with a row altered and the last one gone, by somebody who may do everything in the database."""
    seen = answer("case", "verify", kept_case)
    assert [(each["case"], each["against_the_case"], each["findings"]) for each in seen["cases"]] == [
        (kept_case, True, [])
    ]
    assert kept_case in [each["case"] for each in answer("case", "verify")["cases"]]
    by_itself = run("case", "verify", "--offline")
    assert by_itself.exit_code == 0
    assert "Looked at by themselves" in by_itself.stderr
    with sqlite3.connect(rig.folder / "mentoring-cases.db") as raw:
        kept = raw.execute("SELECT * FROM mentoring_case_audit WHERE case_id = ?", [kept_case]).fetchall()
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            raw.execute("UPDATE mentoring_case_audit SET actor = 'p-nobody'")
        triggers = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(
            "UPDATE mentoring_case_audit SET actor = 'p-nobody' WHERE case_id = ? AND sequence = 2", [kept_case]
        )
        raw.execute("DELETE FROM mentoring_case_audit WHERE case_id = ? AND sequence = ?", [kept_case, len(kept)])
    found = run("case", "verify", kept_case, "--output", "json")
    assert found.exit_code == 1
    assert json.loads(found.stdout)["findings"] == [
        {"case": kept_case, "sequence": 2, "problem": "altered"},
        {"case": kept_case, "sequence": len(kept), "problem": "missing"},
    ]
    shown = run("case", "verify", kept_case)
    assert re.search(rf"{kept_case} +2 +altered", shown.stdout)
    offline = json.loads(run("case", "verify", kept_case, "--offline", "--output", "json").stdout)
    assert [each["problem"] for each in offline["findings"]] == ["altered"]
    with sqlite3.connect(rig.folder / "mentoring-cases.db") as raw:
        raw.execute("DELETE FROM mentoring_case_audit WHERE case_id = ?", [kept_case])
        raw.executemany("INSERT INTO mentoring_case_audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)", kept)
        for _, statement in triggers:
            raw.execute(statement)
    assert run("case", "verify", kept_case).exit_code == 0


IDLE = re.compile(r"temporal_(long_)?request|poll|latency|slots|sticky_cache|num_pollers|resource")
"""Figures that move while a worker only waits."""


def figures(rig: Rig) -> list[str]:
    """What the worker of relationships counts, and how much it has said; the same twice, so at rest."""

    def seen() -> list[str]:
        lines = [line for line in _page(rig.metrics).splitlines() if not line.startswith("#") and not IDLE.search(line)]
        return [*sorted(lines), str((rig.folder / "relationships.log").stat().st_size)]

    def at_rest() -> list[str]:
        one, other = seen(), seen()
        return one if one == other else []

    return cast("list[str]", until(at_rest))


def _page(address: str) -> str:
    with urllib.request.urlopen(address, timeout=10) as page:
        text: str = page.read().decode()
    return text


def deliveries(rig: Rig) -> int:
    """How many results of letters the worker of relationships has seen."""
    counts = [line for line in figures(rig) if line.startswith("mentoring_deliveries_total")]
    return sum(int(line.rpartition(" ")[2]) for line in counts)


MATTERS = ("discrimination", "retaliation", "emotional_abuse", "financial_abuse")
"""Severe ones; a danger would touch what else the two have with each other."""


def test_figures_and_log_of_relationships_know_of_no_report(rig: Rig) -> None:
    """Twenty twins: a report and its handling move nothing, and a hold out of a case counts as one by hand."""
    settled = deliveries(rig)
    told, untold = ([opened(f"{which}-{number:02}") for number in range(20)] for which in ("told", "mute"))
    until(lambda: deliveries(rig) == settled + 80)  # the invitations, sent or put off until the morning
    before = figures(rig)
    cases = [_handled(r, number) for number, r in enumerate(told)]
    assert figures(rig) == before
    out_of_cases = _moved_by(rig, [("case", "hold", case, "--by", CONTACT, "--urgent") for case in cases], told)
    by_hand = _moved_by(rig, [("hold", r) for r in untold], untold)
    assert out_of_cases == by_hand
    assert any("hold" in name for name in by_hand)


def _handled(relationship: str, number: int) -> str:
    """The id of a report by one of the two or by nobody, about another of the three: taken note of and judged."""
    by, about = [(MENTOR, MENTEE), (MENTEE, MENTOR), ("", COORDINATOR), (MENTEE, COORDINATOR)][number % 4]
    which = ["--matter", MATTERS[number // 4 % len(MATTERS)], "--about", about, *(["--by", by] if by else [])]
    what = ["--relationship", relationship, "--wait", "--words", CANARY]
    case: str = answer("report-concern", *which, *what)["case"]
    until(lambda: answer("case", "read", case, "--by", CONTACT)["contact_told"])
    answer("case", "acknowledge", case, "--by", CONTACT)
    answer("case", "triage", case, "--by", CONTACT, "--track", "internal")
    return case


def _moved_by(rig: Rig, holds: list[tuple[str, ...]], held: list[str]) -> dict[str, float]:
    """By how much each figure has grown when all are on hold and the three have been told."""
    settled, before = deliveries(rig), _counted(figures(rig))
    for hold in holds:
        answer(*hold)
    until(lambda: deliveries(rig) == settled + 3 * len(held))
    assert {answer("status", relationship)["standing"] for relationship in held} == {"on_hold"}
    after = _counted(figures(rig))
    return {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}


def _counted(lines: list[str]) -> dict[str, float]:
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_nothing_of_a_case_lies_outside_its_store(rig: Rig, kept_case: str) -> None:
    """Neither words nor its id: in the relationships' database, ledger, list, log and figures; no words in its own."""
    assert not [row for row in answer("effects") if kept_case in json.dumps(row)]
    assert f"case-{kept_case}" in [row["relationship"] for row in answer("case", "effects", "--state", "accepted")]
    for shown in (json.dumps(answer("list")), _page(rig.metrics), (rig.folder / "relationships.log").read_text()):
        assert kept_case not in shown
        assert CANARY not in shown
    files = {each.name: each.read_bytes() for each in rig.folder.iterdir() if each.is_file()}
    assert {"mentoring.db", "mentoring-cases.db", "relationships.log", "cases.log"} <= files.keys()
    ours = {name: content for name, content in files.items() if "cases" not in name}
    for secret in (kept_case.encode(), CANARY.encode()):
        assert not [name for name, content in ours.items() if secret in content]
    assert not [name for name, content in files.items() if CANARY.encode() in content]
    assert any(kept_case.encode() in content for name, content in files.items() if "cases.db" in name)


def test_an_unknown_case_is_not_found(rig: Rig) -> None:
    """There is nothing to read and nothing to acknowledge."""
    for act in ("read", "acknowledge", "timeline"):
        result = run("case", act, "never", "--by", CONTACT)
        assert (result.exit_code, result.stderr) == (1, "There is no such matter for you. [unknown_case]\n")


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


RECONCILE = [sys.executable, "-P", "-m", "mentoring_lifecycle.starter", "reconcile"]


def test_a_look_at_everything(rig: Rig) -> None:
    """Every open relationship is asked; without a calendar and with people as they were nothing is found."""
    r = opened("looked-at")
    until(lambda: r in [row["relationship"] for row in answer("list")])
    looked = process("reconcile", "--once", "--output", "json")
    assert json.loads(looked.stdout) == []
    assert "Looking at every relationship" in looked.stderr
    running = [row for row in answer("list") if row["status"] == "running"]
    assert f"Relationships looked at: {len(running)}. Findings: 0." in looked.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_reconcile_looks_again_and_again_until_it_is_told_to_stop(
    rig: Rig, number: signal.Signals, environment: pytest.MonkeyPatch
) -> None:
    """Meanwhile its figures can be scraped; then it ends with 0 and no traceback, in the middle of its rest."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment.setenv("MENTORING_RECONCILE_METRICS_ADDRESS", f"127.0.0.1:{port}")
    with subprocess.Popen([*RECONCILE, "--every", "5"], stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stderr
        told = b""
        while b"Relationships looked at" not in told:
            told = process.stderr.readline()
            assert told, "it ended before it had looked"
        until(lambda: _has_looked(port))
        process.send_signal(number)
        shown, rest = process.communicate(timeout=20)
    assert (process.returncode, b"Traceback" in rest, shown) == (0, False, b"None.\n")


def _has_looked(port: int) -> bool:
    """Whether its figures tell of a look that ended, and of the rest that was asked for."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        served = answer.read().decode()
    assert "mentoring_reconcile_interval_seconds 300.0" in served
    return "mentoring_reconcile_last_success_timestamp_seconds 0.0" not in served


def test_a_single_look_that_is_stopped_ends_with_130(rig: Rig) -> None:
    """In the middle of a look, behind a calendar server that takes its time: no traceback, and no half a table."""
    opened("stopped")
    with socket.create_server(("127.0.0.1", 0)) as slow, pytest.MonkeyPatch.context() as patch:
        patch.setenv("MENTORING_CALDAV_URL", f"http://127.0.0.1:{slow.getsockname()[1]}/")
        with subprocess.Popen([*RECONCILE, "--once"], stderr=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stderr
            assert b"Looking" in process.stderr.readline()
            process.send_signal(signal.SIGINT)
            shown, rest = process.communicate(timeout=20)
    assert (process.returncode, shown, b"Traceback" in rest) == (130, b"", False)


def test_a_look_that_cannot_see_everything_ends_with_1(rig: Rig) -> None:
    """A calendar server that does not answer is a finding about the server, told to people and to programs."""
    opened("unseen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MENTORING_CALDAV_URL", "http://127.0.0.1:1/")
        command = [*RECONCILE, "--once", "--output", "json"]
        looked = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = json.loads(looked.stdout)
    assert {(row["finding"], row["done"]) for row in rows} == {("calendar_away", "connect")}
    assert (looked.returncode, "Traceback" in looked.stderr) == (1, False)


BOUNCE = Path(__file__).parents[1] / "inbound/corpus/bounce-postfix-unknown-user.eml"


def test_a_bounce_reaches_its_relationship_and_the_door_closes_behind_it(
    rig: Rig, environment: pytest.MonkeyPatch
) -> None:
    """From the envelope of a letter that left, through a process of its own, to the coordinator; then SIGTERM: 0."""
    r = opened("bounced")
    (invitation,) = until(lambda: [mail for mail in rig.mailbox.messages() if f"/{r}/" in mail.message.as_string()][:1])
    (address,) = invitation.recipients
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        port, metrics = one.getsockname()[1], other.getsockname()[1]
    environment.setenv("MENTORING_INBOUND_ADDRESS", f"127.0.0.1:{port}")
    environment.setenv("MENTORING_INBOUND_METRICS_ADDRESS", f"127.0.0.1:{metrics}")
    bounce = BOUNCE.read_bytes().replace(b"ed@pair.example", address.encode())
    command = [sys.executable, "-P", "-m", "mentoring_lifecycle.starter", "inbound"]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as inbound:
        try:
            until(lambda: delivered(port, invitation.sender, bounce))
            with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics", timeout=5) as page:
                assert b'mentoring_inbound_mails_total{fate="applied",reason="address_failed"} 1.0' in page.read()
        finally:
            inbound.send_signal(signal.SIGTERM)
            _, told = inbound.communicate(timeout=20)
    assert (inbound.returncode, b"Traceback" in told) == (0, False), told
    assert b"inbound_applied" in told
    assert address.encode() not in told
    assert invitation.sender.encode() not in told
    assert "address_failed" in str(answer("timeline", r))
    assert not delivered(port, invitation.sender, bounce)


def delivered(port: int, to: str, content: bytes) -> bool:
    """Whether somebody takes a bounce there."""
    try:
        with smtplib.LMTP("127.0.0.1", port) as door:
            return door.sendmail("", [to], content) == {}
    except OSError:
        return False


def test_without_a_reply_address_nothing_is_taken(environment: pytest.MonkeyPatch) -> None:
    """A sentence says which setting is missing."""
    environment.delenv("MENTORING_REPLY_ADDRESS", raising=False)
    result = run("inbound")
    assert (result.exit_code, "MENTORING_REPLY_ADDRESS" in result.stderr) == (2, True)


def scraped(port: int) -> bool:
    """Whether the exporter shows a relationship in its first phase."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as page:
            return b'mentoring_relationships{phase="onboarding"}' in page.read()
    except OSError:
        return False
