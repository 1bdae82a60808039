"""The `mentoring` command line where no server is needed: help, settings, files, and how errors end."""

import asyncio
import base64
import inspect
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from mentoring_lifecycle.contracts.certificates import Signer
from mentoring_lifecycle.contracts.deliveries import JournalTail
from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.contracts.seals import Seals
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.domain.policy import ProgrammePolicy
from mentoring_lifecycle.domain.relationship import PROGRAMME_OFFICE
from mentoring_lifecycle.domain.wording import WORDS_LIMIT
from mentoring_lifecycle.gateways.database import open_database
from mentoring_lifecycle.gateways.journal_sql import SqlJournal
from mentoring_lifecycle.gateways.people_sql import SqlPeople
from mentoring_lifecycle.gateways.programme_toml import read_programme
from mentoring_lifecycle.starter import acts
from mentoring_lifecycle.starter.__main__ import app
from mentoring_lifecycle.starter.answers import OutcomeUnknown
from mentoring_lifecycle.starter.display import span_to
from mentoring_lifecycle.starter.relationship_handle import RelationshipHandle
from tests.builders import ACTIVE, COORDINATOR, MENTEE, MENTOR, journal_of, life, whole_life

ROOT = Path(__file__).parents[2]
ROSTER = ROOT / "examples/people.csv"
NOWHERE = "127.0.0.1:1"
"""Nobody listens on port 1."""


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but a database of one's own and a server that is not there."""
    for name in [name for name in os.environ if name.startswith(("MENTORING_", "TEMPORAL_", "LC_", "LANG"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("MENTORING_DATABASE_URL", f"sqlite:///{tmp_path / 'mentoring.db'}")
    monkeypatch.setenv("TEMPORAL_ADDRESS", NOWHERE)


@pytest.fixture
def migrated(environment: None) -> None:
    """The database as `mentoring setup` leaves it, which fails afterwards, at the server."""
    assert run("setup").exit_code == 1


def run(*arguments: str | Path, words: str | bytes = "") -> Result:
    """One command; whatever it does, it shows no traceback."""
    result = CliRunner().invoke(app, [*map(str, arguments)], input=words)
    assert "Traceback" not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def commands(group: Any, *path: str) -> Iterator[tuple[list[str], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        else:
            yield [*path, name], command


COMMANDS = {" ".join(path): command for path, command in commands(typer.main.get_command(app))}
PROCESSES = {"worker", "cases-worker", "exporter", "inbound", "demo"}


# --- what there is ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str) -> None:
    """Each command says what it does, and what each of its options means."""
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert COMMANDS[command].help
    assert [parameter.name for parameter in COMMANDS[command].params if not parameter.help] == []


@pytest.mark.parametrize("command", sorted(COMMANDS.keys() - PROCESSES))
def test_every_answer_comes_as_json_too(command: str) -> None:
    """Every command that shows something lets programs read it."""
    assert "output" in [parameter.name for parameter in COMMANDS[command].params]


def test_help_waits_for_no_database_driver() -> None:
    """Help comes without loading what only some commands need."""
    code = (
        "import mentoring_lifecycle.starter.__main__, sys; print({'sqlalchemy', 'alembic', 'httpx2'} & {*sys.modules})"
    )
    told = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout == "set()\n"


def test_reconcile_without_a_server_ends_in_a_sentence(migrated: None) -> None:
    """Once or again and again: where Temporal is cannot be found is told, with exit code 1."""
    for options in (["--once"], ["--every", "5"]):
        command = [sys.executable, "-P", "-m", "mentoring_lifecycle.starter", "reconcile", *options]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
        assert "No Temporal server answers" in ended.stderr
    assert run("reconcile", "--every", "0").exit_code == 2


# --- acts -------------------------------------------------------------------------------------------------------

GOAL = c.Goal(c.GoalOwner.PAIR, "Drop the slides", "One talk without", c.Measure.SCALE, 3, 8)
AT = datetime(2027, 3, 1, 9, tzinfo=UTC)
REVIEW = c.Review((5, 6), c.Comfort.YES, rules_fit=False)

ACTS: dict[str, tuple[str, dict[str, Any]]] = {
    "accept": ("--induction-acknowledged --comfort yes", {"induction_acknowledged": True, "comfort": c.Comfort.YES}),
    "decline": ("", {}),
    "complete_induction": ("--comfort unsure", {"comfort": c.Comfort.UNSURE}),
    "propose_rules": ("R12=48 R16=a=b", {"values": {"R12": "48", "R16": "a=b"}}),
    "sign_rules": ("--version 2", {"version": 2}),
    "propose_goals": (
        "--goal 'pair|Drop the slides|One talk without|scale1_10|3|8' --topic AI --topic remote --every-weeks 2",
        {"goals": (GOAL,), "topics": ("AI", "remote"), "every_weeks": 2},
    ),
    "agree_goals": ("--proposal 1 --baseline 4 --baseline 6", {"proposal": 1, "baselines": (4, 6)}),
    "set_agenda": ("--session 1 --point one --point two", {"session": 1, "points": ("one", "two")}),
    "move_session": ("--session 2 --starts-at 2027-03-01T10:00:00+01:00", {"session": 2, "starts_at": AT}),
    "book_session": ("--session 2 --starts-at 2027-03-01T10:00:00+01:00", {"session": 2, "starts_at": AT}),
    "cancel_session": ("--session 2", {"session": 2}),
    "propose_times": (
        "--session 2 --time 2027-03-01T10:00:00+01:00 --time 2027-03-02T09:00:00Z",
        {"session": 2, "times": (AT, AT + timedelta(days=1))},
    ),
    "answer_times": ("--session 2 --chosen 1", {"session": 2, "chosen": 1}),
    "note_calendar": (
        "--session 2 --revision 1 --answer moved --starts-at 2027-03-01T10:00:00+01:00",
        {"session": 2, "revision": 1, "answer": c.CalendarAnswer.MOVED, "starts_at": AT},
    ),
    "answer_calendar_question": ("--session 2 --not-meant", {"session": 2, "meant": False}),
    "confirm_session": (
        "--session 3 --held --useful 7 --heard 8 --safe 9 --rating 5 --rating 6 --comfort yes --rules-do-not-fit",
        {"session": 3, "held": True, "pulse": c.Pulse(7, 8, 9), "review": REVIEW},
    ),
    "report_no_show": ("--session 3", {"session": 3}),
    "explain_absence": ("--session 3 --answer was_held", {"session": 3, "answer": c.AbsenceAnswer.WAS_HELD}),
    "answer_dispute": ("--session 3 --talked --elsewhere", {"session": 3, "talked": True, "elsewhere": True}),
    "settle_dispute": ("--session 3 --result excused", {"session": 3, "result": c.Verdict.EXCUSED}),
    "log_session": ("--starts-at 2027-03-01T10:00:00+01:00 --minutes 40", {"starts_at": AT, "minutes": 40}),
    "give_review": ("--rating 5 --rating 6 --comfort yes --rules-do-not-fit", {"review": REVIEW}),
    "ask_coordinator": (
        (
            "--matter boundary --words 'late calls' --severity S2 --partner-may-know --hold-next-session"
            " --not-to coordinator"
        ),
        {
            "matter": c.Matter.BOUNDARY,
            "words": "late calls",
            "severity": c.Severity.S2,
            "partner_may_know": True,
            "not_to": (Party.COORDINATOR,),
            "hold_next_session": True,
        },
    ),
    "take_up_help": ("--number 1", {"help": 1}),
    "arrange_talk": ("--number 1 --starts-at 2027-03-01T09:00:00Z", {"help": 1, "starts_at": AT}),
    "triage_help": ("--number 1 --way talk", {"help": 1, "way": c.HelpWay.TALK}),
    "conclude_help": (
        "--number 1 --outcome no_action --reason settled --staying mentor",
        {
            "help": 1,
            "outcome": c.HelpOutcome.NO_ACTION,
            "reason": c.NoActionReason.SETTLED,
            "staying": (Party.MENTOR,),
        },
    ),
    "rate_help": ("--number 1 --helped", {"help": 1, "helped": True}),
    "pause": ("--until 2027-03-01T09:00:00Z", {"until": AT}),
    "resume": ("", {}),
    "hold": ("", {}),
    "lift": ("", {}),
    "note_leaver": ("--person p-9 --still-here", {"person": "p-9", "left": False}),
    "change_coordinator": ("--coordinator c-2 --backup c-3", {"coordinator": "c-2", "backup": "c-3"}),
    "go_on": ("", {}),
    "wish_extension": ("--weeks 8", {"weeks": 8}),
    "propose_early_end": ("", {}),
    "agree_early_end": ("", {}),
    "end_for_rematch": ("--staying mentee", {"staying": (Party.MENTEE,)}),
    "carry_goals": ("--no", {"yes": False}),
    "end_by_programme": ("--notice-days 14", {"notice_days": 14}),
    "exit": ("", {}),
    "decide": ("--choice more_time", {"choice": c.Choice.MORE_TIME}),
    "change_zone": (
        "--zone Europe/London --starting 2027-03-01T10:00:00+01:00",
        {"zone": "Europe/London", "starting": AT},
    ),
    "give_final_feedback": (
        "--rating 7 --rating 8 --would-repeat 9 --felt-safe 10 --no-keep-in-touch",
        {"ratings": (7, 8), "would_repeat": 9, "felt_safe": 10, "keep_in_touch": False},
    ),
    "note_address": ("--person p-2 --news soft", {"person": "p-2", "news": c.AddressNews.SOFT}),
}
NOBODY_DOES = {"note_leaver", "note_address"}
"""What a directory says nobody says, so nobody is named; and machines have no names."""


class Listener:
    """Stands where the client stands, and notes what it is told to do."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, c.Command, str]] = []

    def relationship(self, relationship: str) -> Any:
        listener = self

        class Handle(RelationshipHandle):
            def __init__(self) -> None:
                self.id, self._seals, self._contact = relationship, Seals(bytes(32)), "p-sam"

            async def do(self, command: c.Command, command_id: str = "") -> Any:
                listener.heard.append((relationship, command, command_id))
                return {"done": True}

        return Handle()


@pytest.fixture
def listener(monkeypatch: pytest.MonkeyPatch) -> Listener:
    listener = Listener()
    monkeypatch.setattr(acts, "with_client", lambda use: asyncio.run(use(listener)))
    return listener


def test_every_act_is_a_command() -> None:
    """Whatever the typed client can do, the command line can do."""
    looking = {"do", "status", "timeline", "agreement", "help_requests", "changes", "disputes", "slots", "outside"}
    methods = {name for name, _ in inspect.getmembers(RelationshipHandle, inspect.isfunction) if name[0] != "_"}
    assert methods - looking == ACTS.keys()
    assert {name.replace("_", "-") for name in methods} - {"do", "outside"} <= COMMANDS.keys()


@pytest.mark.parametrize("act", ACTS)
def test_an_act_says_the_same_as_the_typed_client(act: str, listener: Listener) -> None:
    """Options at the command line and arguments in code become one and the same command."""
    options, arguments = ACTS[act]
    by = {} if act in NOBODY_DOES else {"by": "p-1"}
    spoken = [each for name, person in by.items() for each in (f"--{name}", person)]
    result = run(act.replace("_", "-"), "r-1", *spoken, *shlex.split(options), "--command-id", "c-1")
    assert result.exit_code == 0, result.output
    asyncio.run(getattr(listener.relationship("r-1"), act)(command_id="c-1", **by, **arguments))
    told, typed = listener.heard
    assert told == typed


def test_a_hold_names_nobody(listener: Listener) -> None:
    """Whoever places it is told by a seal alone, and must be given where seals are in use; the contact says so."""
    for act, by in (("hold", "p-1"), ("lift", "p-1"), ("lift", "p-sam")):
        assert run(act, "r-1", "--by", by).exit_code == 0
    placer, contact = (Seals(bytes(32)).of_hold("r-1", by) for by in ("p-1", "p-sam"))
    assert [command for _, command, _ in listener.heard] == [
        c.Hold(PROGRAMME_OFFICE, placer),
        c.Lift(PROGRAMME_OFFICE, placer),
        c.Lift("p-sam", contact),
    ]
    for act in ("hold", "lift"):
        refused = run(act, "r-1")
        assert refused.exit_code == 3
        assert "say_who_holds" in refused.output


def only_command(listener: Listener) -> Any:
    ((_, command, _),) = listener.heard
    return command


@pytest.mark.parametrize(
    ("given", "words"),
    [("late calls\n", "late calls"), ("two\nlines\n", "two\nlines"), ("caffè", "caffè"), ("", ""), ("\n\n", "\n")],
)
def test_words_may_come_from_standard_input(given: str, words: str, listener: Listener) -> None:
    """A dash reads what stands on standard input, without the newline that the terminal adds."""
    run("ask-coordinator", "r-1", "--by", "p-1", "--matter", "question", "--words", "-", words=given.encode())
    assert only_command(listener).words == words


def test_too_many_words_are_not_cut(listener: Listener) -> None:
    """Of an endless text enough is read for the domain to refuse it, and never a part that it would take."""
    given = "x" * WORDS_LIMIT + "\n" + "y" * 1_000_000
    run("ask-coordinator", "r-1", "--by", "p-1", "--matter", "question", "--words", "-", words=given)
    assert len(only_command(listener).words) == WORDS_LIMIT + 2


def test_goals_may_come_from_a_file(tmp_path: Path, listener: Listener) -> None:
    """A JSON file of goals says the same as goals written out."""
    file = tmp_path / "goals.json"
    goal = {"owner": "pair", "title": "Drop the slides", "success_criterion": "One talk without"}
    file.write_text(json.dumps([{**goal, "measure": "scale1_10", "baseline": 3, "target": 8}]))
    run("propose-goals", "r-1", "--by", "p-1", "--file", file)
    assert only_command(listener).goals == (GOAL,)


GOALS = "propose-goals r --by p"
ZONE = "change-zone r --by p --starting 2027-03-01T00:00:00+01:00 --zone"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("nonsense", "No such command"),
        ("status", "Missing argument 'RELATIONSHIP'"),
        ("sign-rules r --version 1", "Missing option '--by'"),
        ("sign-rules r --by p --version one", "Invalid value for '--version'"),
        ("confirm-session r --by p --session 1", "Missing option '--held'"),
        ("confirm-session r --by p --session 1 --held --safe 3", "--useful and --heard come together"),
        ("confirm-session r --by p --session 1 --held --rating 3", "--comfort and --rules-fit"),
        ("settle-dispute r --by p --session 1 --result disputed", "Invalid value for '--result'"),
        ("move-session r --by p --session 1 --starts-at tomorrow", "Invalid value for '--starts-at'"),
        (f"{ZONE} Mars/Olympus", "is no time zone"),
        (f"{ZONE} localtime", "is no time zone"),
        ("propose-rules r R12 --by p", "is not RULE=VALUE"),
        (f"{GOALS} --goal pair|title", "owner|title|success_criterion"),
        (f"{GOALS} --goal boss|t|s|count|1|2", "owner: Input should be 'pair', 'mentor' or 'mentee'"),
        (f"{GOALS} --goal pair|t|s|count|one|2", "baseline: Input should be a valid integer"),
        (f"{GOALS} --file missing.json", "does not exist"),
        (f"{GOALS} --file {ROSTER}", "the whole: Invalid JSON"),
        ("list --phase sleeping", "Invalid value for '--phase'"),
        ("list --limit 0", "Invalid value for '--limit'"),
        ("status r --output yaml", "Invalid value for '--output'"),
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(line: str, words: str) -> None:
    """What cannot be understood is said with the option that is meant, before anything is connected."""
    result = run(*line.split())
    assert result.exit_code == 2
    assert words in " ".join(result.stderr.replace("│", "").split())


# --- programme --------------------------------------------------------------------------------------------------


def test_policy_show_prints_a_file_to_begin_with(tmp_path: Path) -> None:
    """What is shown can be saved, checked and changed."""
    file = tmp_path / "programme.toml"
    file.write_text(run("policy", "show").stdout)
    assert read_programme(file) == ProgrammePolicy()
    assert run("policy", "check", file).exit_code == 0


def test_policy_show_as_json_holds_every_number() -> None:
    """Programs read the same numbers."""
    shown = json.loads(run("policy", "show", "--output", "json").stdout)
    assert shown["sessions"]["question"] == {"remind_after_days": [2, 5], "expires_after_days": 14}


def test_a_bad_programme_is_told_by_line(tmp_path: Path) -> None:
    """Each mistake is shown with line and field, to people and to programs, and the exit code is 1."""
    file = tmp_path / "programme.toml"
    file.write_text("length_weeks = 99\n[sessions]\nplaned = 6\n")
    result = run("policy", "check", file)
    assert result.exit_code == 1
    assert "sessions.planned?" in result.stdout
    assert result.stderr == "programme.toml has 1 problem(s).\n"
    (problem,) = json.loads(run("policy", "check", file, "--output", "json").stdout)["problems"]
    assert (problem["line"], problem["field"]) == (3, "sessions.planed")


def test_a_relationship_is_not_opened_with_a_bad_programme(tmp_path: Path) -> None:
    """The programme is read before anything else happens."""
    file = tmp_path / "programme.toml"
    file.write_text("length_weeks = 99")
    people = ["--mentor", "p-1", "--mentee", "p-2", "--coordinator", "c-1", "--programme", "reverse"]
    result = run("open", *people, "--policy", file)
    assert result.exit_code == 1
    assert result.stderr == "programme.toml, line 1, length_weeks: 99 is outside 8 to 52\n"


# --- people -----------------------------------------------------------------------------------------------------

BAD_ROSTER = "id,name,email,locale,zone,level,manager\np-1,Ada,ada@people.example,xx,Europe/Rome,3,\n"


def imported(file: Path, *options: str) -> tuple[int, dict[str, Any]]:
    result = run("people", "import", file, *options, "--output", "json")
    return result.exit_code, json.loads(result.stdout)


def listed() -> list[dict[str, Any]]:
    people: list[dict[str, Any]] = json.loads(run("people", "list", "--output", "json").stdout)
    return people


@pytest.mark.usefixtures("migrated")
def test_a_roster_is_imported_once() -> None:
    """The first import adds everybody, the second finds them as they were."""
    code, first = imported(ROSTER)
    assert (code, first["added"], first["changed"], first["unchanged"]) == (0, 16, 0, 0)
    _, second = imported(ROSTER)
    assert (second["added"], second["changed"], second["unchanged"]) == (0, 0, 16)
    assert len(listed()) == 16


@pytest.mark.usefixtures("migrated")
def test_a_change_in_the_roster_is_counted(tmp_path: Path) -> None:
    """One corrected cell is one changed person."""
    imported(ROSTER)
    changed = tmp_path / "people.csv"
    changed.write_text(ROSTER.read_text().replace(",15,,", ",16,,"))
    assert imported(changed)[1]["changed"] == 1


@pytest.mark.usefixtures("migrated")
def test_a_dry_run_changes_nothing() -> None:
    """It counts what would happen, and nobody is there afterwards."""
    code, counted = imported(ROSTER, "--dry-run")
    assert (code, counted["added"], counted["dry_run"]) == (0, 16, True)
    assert listed() == []
    assert run("people", "import", ROSTER, "--dry-run").stdout.startswith("16 people would be added")


@pytest.mark.usefixtures("migrated")
def test_a_bad_row_keeps_everybody_out(tmp_path: Path) -> None:
    """One wrong cell is shown with line and column, and nobody is imported."""
    file = tmp_path / "people.csv"
    file.write_text(ROSTER.read_text().replace(",it,", ",xx,", 1))
    code, result = imported(file)
    assert code == 1
    assert [(problem["line"], problem["field"]) for problem in result["problems"]] == [(2, "locale")]
    assert listed() == []
    shown = run("people", "import", file)
    assert "The language must be en or it." in shown.stdout
    assert shown.stderr == "Nobody was imported: people.csv has 1 problem(s).\n"


@pytest.mark.usefixtures("migrated")
def test_a_person_is_erased_once() -> None:
    """Whoever is erased is gone; erasing somebody nobody knows is told."""
    imported(ROSTER)
    assert run("people", "erase", "p-5d17").exit_code == 0
    assert "p-5d17" not in {person["id"] for person in listed()}
    result = run("people", "erase", "p-5d17")
    assert (result.exit_code, result.stderr) == (1, "The people directory knows nobody by the id p-5d17.\n")


@pytest.mark.usefixtures("migrated")
def test_what_people_are_called_is_shown_as_it_is(tmp_path: Path) -> None:
    """A name that looks like markup stays a name, and no line is cut where nobody reads along."""
    file = tmp_path / "people.csv"
    name = "[bold]Ada[/bold] :smile: " + "x" * 50
    file.write_text(BAD_ROSTER.replace("Ada,", f"{name},").replace(",xx,", ",en,"))
    assert imported(file)[0] == 0
    assert name in run("people", "list").stdout


# --- pairings, outcome ------------------------------------------------------------------------------------------


@pytest.fixture
def lives(migrated: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Six whole lives in the journal, their people in the directory, and a key for certificates."""
    monkeypatch.setenv("MENTORING_CERTIFICATE_KEY", base64.b64encode(bytes(32)).decode())

    async def kept() -> None:
        engine = open_database(os.environ["MENTORING_DATABASE_URL"])
        for number in range(6):
            name, entries = journal_of(whole_life(), f"r-{number}")
            await SqlJournal(engine).append(JournalTail(name, "ponte", "closed", "normal", "completed", entries))
        people = [Person(MENTOR, "Luca Neri", "luca@x.example", "it", "Europe/Rome", 2)]
        await SqlPeople(engine).save([*people, Person(MENTEE, "Anna Sala", "anna@x.example", "en", "Europe/Rome", 6)])
        await engine.dispose()

    asyncio.run(kept())


def answer(*arguments: str | Path) -> Any:
    """What a command that does its work tells programs."""
    result = run(*arguments, "--output", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.usefixtures("lives")
def test_a_certificate_is_issued_and_verified(tmp_path: Path) -> None:
    """Two files, one to look at and one that proves itself; a changed one ends with 1 and a sentence."""
    issued = answer("certificate", "r-1", "--person", MENTOR, "--out", tmp_path / "out")
    assert Path(issued["page"]).read_bytes().startswith(b"%PDF")
    file = Path(issued["signed"])
    assert answer("verify-certificate", file)["holder"] == "Luca Neri"
    assert answer("certificate", "r-1", "--person", MENTOR, "--out", tmp_path)["certificate"] == issued["certificate"]
    file.write_text(file.read_text().replace('"sessions": 6', '"sessions": 7'))
    result = run("verify-certificate", file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("The signature does not fit")


@pytest.mark.usefixtures("lives")
def test_a_certificate_is_verified_with_the_public_key_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever verifies needs no database, no server and no secret; another issuer's key proves nothing."""
    file = answer("certificate", "r-1", "--person", MENTEE, "--out", tmp_path)["signed"]
    public = json.loads(Path(file).read_text())["signature"]["public_key"]
    monkeypatch.delenv("MENTORING_CERTIFICATE_KEY")
    monkeypatch.setenv("MENTORING_DATABASE_URL", "sqlite:////nowhere/at/all.db")
    assert answer("verify-certificate", file, "--public-key", public)["role"] == "mentee"
    other = answer("certificate-key")["public_key"]
    assert run("verify-certificate", file, "--public-key", other).exit_code == 1
    assert run("verify-certificate", file, "--public-key", "short").exit_code == 2
    assert run("verify-certificate", file).exit_code == 2
    assert run("verify-certificate", tmp_path / "nothing", "--public-key", public).exit_code == 1


@pytest.mark.usefixtures("lives")
def test_a_certificate_that_is_not_earned_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger, an unknown relationship, an erased person and a missing key each end with their own sentence."""
    assert "[not_part_of_this]" in run("certificate", "r-1", "--person", COORDINATOR, "--out", tmp_path).stderr
    assert "[unknown_relationship]" in run("certificate", "r-9", "--person", MENTOR, "--out", tmp_path).stderr
    run("people", "erase", MENTOR)
    assert "[unknown_person]" in run("certificate", "r-1", "--person", MENTOR, "--out", tmp_path).stderr
    monkeypatch.delenv("MENTORING_CERTIFICATE_KEY")
    assert run("certificate", "r-1", "--person", MENTEE, "--out", tmp_path).exit_code == 2
    assert [*tmp_path.glob("*.pdf")] == []


def test_a_key_that_was_made_can_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `certificate-key` prints is a setting, and one that is no key is told by its variable."""
    made = answer("certificate-key")
    monkeypatch.setenv("MENTORING_CERTIFICATE_KEY", made["secret_key"])
    assert Signer(base64.b64decode(made["secret_key"])).public_key == made["public_key"]
    monkeypatch.setenv("MENTORING_CERTIFICATE_KEY", "c2hvcnQ=")
    assert run("people", "list").stderr.startswith("MENTORING_CERTIFICATE_KEY: the key is not 32 bytes long")


@pytest.mark.usefixtures("lives")
def test_a_programme_is_reported_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Table, JSON and page tell the same; the threshold is a setting; an unknown programme ends with 1."""
    page = tmp_path / "pages" / "report.html"
    told = {figure["key"]: figure for figure in answer("report", "ponte", "--html", page)["figures"]}
    assert (told["opened"]["value"], told["sessions_held"]["value"], told["running"]["withheld"]) == (6, 36, "few")
    assert "<svg" in page.read_text(encoding="utf-8")
    assert "fewer than 5" in run("report", "ponte").stdout
    assert "meno di 5" in run("--locale", "it", "report", "ponte").stdout
    assert answer("report", "ponte", "--since", "2027-02")["figures"][0]["value"] is None
    assert answer("report", "ponte", "--until", "2027-02")["figures"][0]["value"] == 6
    assert run("report", "ponte", "--since", "2027-01-13").exit_code == 2
    monkeypatch.setenv("MENTORING_REPORT_THRESHOLD", "7")
    assert answer("report", "ponte")["figures"][0]["value"] is None
    monkeypatch.setenv("MENTORING_REPORT_THRESHOLD", "2")
    assert run("report", "ponte").exit_code == 2
    monkeypatch.delenv("MENTORING_REPORT_THRESHOLD")
    result = run("report", "nothing")
    assert (result.exit_code, result.stderr) == (1, "The journal holds nothing about the programme nothing.\n")


@pytest.mark.usefixtures("lives")
def test_a_person_is_handed_what_is_kept() -> None:
    """Edge case 30: their row and their part in each relationship, also after they were erased."""
    export = answer("people", "export", MENTOR)
    assert export["person"]["name"] == "Luca Neri"
    assert [part["relationship"] for part in export["relationships"]] == [f"r-{number}" for number in range(6)]
    assert MENTEE not in json.dumps(export)
    assert {row["relationship"] for row in answer("people", "relationships", MENTOR)} == {
        f"r-{number}" for number in range(6)
    }
    run("people", "erase", MENTOR)
    assert answer("people", "export", MENTOR)["person"] is None
    assert run("people", "export", "p-nobody").exit_code == 1


@pytest.mark.usefixtures("lives")
def test_nobody_is_erased_out_of_an_open_relationship() -> None:
    """Edge case 30: what is open is named and ended first; who says so in so many words erases all the same."""

    async def one_more() -> None:
        engine = open_database(os.environ["MENTORING_DATABASE_URL"])
        name, entries = journal_of(life().after(*ACTIVE), "r-open")
        await SqlJournal(engine).append(JournalTail(name, "ponte", "active", "normal", "", entries))
        await engine.dispose()

    asyncio.run(one_more())
    refused = run("people", "erase", MENTOR)
    assert refused.exit_code == 1
    assert "an open relationship: r-open. Nobody was erased." in refused.stderr
    assert answer("people", "export", MENTOR)["person"]["name"] == "Luca Neri"
    assert run("people", "erase", MENTOR, "--even-if-open").exit_code == 0
    assert answer("people", "export", MENTOR)["person"] is None


@pytest.mark.usefixtures("migrated")
def test_only_ids_get_onto_the_block_list() -> None:
    """No name, no sentence, and not one person with themselves."""
    assert "[bad_identifier]" in run("blocks", "add", "Luca Neri", "p-2").stderr
    assert "[same_person]" in run("blocks", "add", "p-2", "p-2").stderr
    assert answer("blocks", "list") == []


# --- SQL without a server ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("migrated")
def test_an_empty_ledger_is_empty() -> None:
    """Nothing was done to the world yet."""
    assert json.loads(run("effects", "--state", "accepted", "--output", "json").stdout) == []
    assert run("effects").stdout == "None.\n"


@pytest.mark.usefixtures("migrated")
def test_a_relationship_without_a_journal_is_told() -> None:
    """Who is asked for and not found ends with 1."""
    result = run("timeline", "r-1", "--journal")
    assert (result.exit_code, result.stderr) == (1, "The journal holds nothing about r-1.\n")


# --- how errors end ---------------------------------------------------------------------------------------------


def test_settings_are_told_one_line_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every problem of the settings stands on a line of its own, and the exit code is 2."""
    monkeypatch.setenv("MENTORING_SMTP_PORT", "seven")
    monkeypatch.setenv("MENTORING_LOG_LEVEL", "LOUD")
    result = run("status", "r-1")
    assert result.exit_code == 2
    assert [line.partition(":")[0] for line in result.stderr.splitlines()] == [
        "MENTORING_SMTP_PORT",
        "MENTORING_LOG_LEVEL",
    ]


@pytest.mark.parametrize("url", ["mysql://localhost/x", "sqlite://", "nonsense"])
def test_a_database_that_keeps_no_promises_is_a_setting(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database of another kind is refused with the name of its setting."""
    monkeypatch.setenv("MENTORING_DATABASE_URL", url)
    result = run("people", "list")
    assert result.exit_code == 2
    assert result.stderr.startswith("MENTORING_DATABASE_URL: ")


def test_a_database_without_tables_is_told() -> None:
    """Who forgot the setup is told to do it."""
    result = run("people", "list")
    assert result.exit_code == 1
    assert "Run `mentoring setup`" in result.stderr or "run `mentoring setup`" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("address", [NOWHERE, "not an address"])
@pytest.mark.parametrize("command", [["status", "r-1"], ["exit", "r-1", "--by", "p-1"], ["list"]])
def test_a_server_that_is_not_there_is_told(command: list[str], address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a server every act and every look ends with 1 and the address that was tried."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", address)
    result = run(*command)
    assert result.exit_code == 1
    assert f"No Temporal server answers at {address}:" in result.stderr


def fail_with(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_use: object) -> None:
        raise error

    monkeypatch.setattr(acts, "with_client", failing)


def test_an_unknown_outcome_tells_the_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """When nobody answered, the command id to repeat is told, and the exit code is 4."""
    fail_with(OutcomeUnknown("c-77"), monkeypatch)
    result = run("exit", "r-1", "--by", "p-1")
    assert result.exit_code == 4
    assert "c-77" in result.stderr


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupted command says so by its exit code alone."""
    fail_with(KeyboardInterrupt(), monkeypatch)
    assert run("exit", "r-1", "--by", "p-1").exit_code == 130


def test_what_nobody_foresaw_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """A defect ends with 1 and its name; where it came from is shown on request."""
    fail_with(ZeroDivisionError("a defect"), monkeypatch)
    result = run("exit", "r-1", "--by", "p-1")
    assert result.exit_code == 1
    assert result.stderr == "Unforeseen: ZeroDivisionError: a defect. Run again with --debug to see where.\n"
    with pytest.raises(ZeroDivisionError):
        CliRunner().invoke(app, ["--debug", "exit", "r-1", "--by", "p-1"], catch_exceptions=False)


# --- as a process -----------------------------------------------------------------------------------------------


def process(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "mentoring_lifecycle.starter", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_process_ends_with_its_exit_code() -> None:
    """The exit code reaches the shell, and nothing but the sentence is printed."""
    done = process("status", "r-1")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_a_reader_that_goes_away_is_no_error() -> None:
    """What is shown into a closed pipe ends quietly."""
    command = f"{shlex.quote(sys.executable)} -P -m mentoring_lifecycle.starter policy show | true"
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.parametrize("command", ["worker", "cases-worker"])
def test_the_worker_takes_the_place_of_the_command(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    """`mentoring worker` is the worker itself: its exit code and its words."""
    monkeypatch.setenv("MENTORING_SMTP_PORT", "seven")
    done = process(command)
    assert done.returncode == 2
    assert done.stderr.startswith("MENTORING_SMTP_PORT: ")


# --- cases apart ------------------------------------------------------------------------------------------------


def _worker(*serves: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-P", "-m", "mentoring_lifecycle.worker", *serves]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_there_are_two_workers() -> None:
    """Any other word is told, with those that there are."""
    done = _worker("everything")
    assert (done.returncode, done.stderr) == (
        2,
        "There is no worker for 'everything': say one of relationships, cases.\n",
    )


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Settings with which a worker gets as far as looking for a server."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", "127.0.0.1:1")
    monkeypatch.setenv("MENTORING_DATABASE_URL", f"sqlite:///{tmp_path / 'mentoring.db'}")
    monkeypatch.setenv("MENTORING_METRICS_ADDRESS", "127.0.0.1:0")
    monkeypatch.setenv("MENTORING_CASES_METRICS_ADDRESS", "127.0.0.1:0")
    monkeypatch.setenv("MENTORING_CASES_HEALTH_ADDRESS", "127.0.0.1:0")
    monkeypatch.setenv("MENTORING_HEALTH_ADDRESS", "127.0.0.1:0")
    return monkeypatch


@pytest.mark.parametrize("serves", ["relationships", "cases"])
@pytest.mark.parametrize(
    ("away", "said"),
    [
        ({}, "No Temporal server answers at 127.0.0.1:1: check TEMPORAL_ADDRESS or TEMPORAL_PROFILE"),
        ({"MENTORING_DATABASE_URL": "postgresql://ours:hunter2@127.0.0.1:1/ours"}, "The database could not do this: "),
        ({"MENTORING_DATABASE_URL": "sqlite:////proc"}, "The database could not do this: unable to open"),
    ],
    ids=["temporal", "database away", "database refuses"],
)
def test_a_worker_says_what_it_cannot_reach(
    nowhere: pytest.MonkeyPatch, serves: str, away: dict[str, str], said: str
) -> None:
    """In one sentence, which shows no password."""
    for variable, value in away.items():
        nowhere.setenv(variable, value)
    done = _worker(serves)
    *_, last = done.stderr.splitlines()
    assert (done.returncode, last[: len(said)]) == (1, said)
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    ("serves", "own", "other"),
    [
        ("relationships", "set MENTORING_ENCRYPTION_KEYS", "MENTORING_CASES_ENCRYPTION_KEYS"),
        ("cases", "set MENTORING_CASES_ENCRYPTION_KEYS", "set MENTORING_ENCRYPTION_KEYS"),
    ],
)
def test_a_worker_warns_of_its_own_missing_key_only(
    nowhere: pytest.MonkeyPatch, serves: str, own: str, other: str
) -> None:
    """And it makes no database but those that it needs."""
    done = _worker(serves)
    assert done.returncode == 1
    assert own in done.stderr
    assert other not in done.stderr


def test_required_encryption_asks_each_worker_for_what_it_needs(nowhere: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The relationships' one runs without the cases' key; the cases' one, which also places holds, needs both."""
    nowhere.setenv("MENTORING_REQUIRE_ENCRYPTION", "1")
    nowhere.setenv("MENTORING_ENCRYPTION_KEYS", "1:" + base64.b64encode(b"k" * 32).decode())
    relationships, cases = _worker("relationships"), _worker("cases")
    assert relationships.returncode == 1
    assert "No Temporal server answers" in relationships.stderr
    assert not (tmp_path / "mentoring-cases.db").exists()
    assert (cases.returncode, cases.stderr) == (
        2,
        "MENTORING_CASES_ENCRYPTION_KEYS is empty although MENTORING_REQUIRE_ENCRYPTION asks for encryption.\n",
    )
    read = run("case", "read", "c-1", "--by", "h-1")
    assert read.exit_code == 2
    assert "MENTORING_CASES_ENCRYPTION_KEYS is empty" in read.stderr


@pytest.mark.parametrize("shared", [True, False])
def test_a_shared_database_is_warned_of(nowhere: pytest.MonkeyPatch, tmp_path: Path, shared: bool) -> None:
    """Loudly, with the remedy; a file of its own beside the main one is the default and needs no word."""
    if shared:
        nowhere.setenv("MENTORING_CASES_DATABASE_URL", f"sqlite:///{tmp_path / 'mentoring.db'}")
    done = _worker("cases")
    assert ("cases_share_a_database" in done.stderr) == shared
    assert (tmp_path / "mentoring-cases.db").exists() != shared


@pytest.mark.parametrize(
    ("minutes", "words"),
    [(200, "in 3 h 20 min"), (-45, "0 h 45 min overdue"), (3 * 1440 + 5, "in 3 days"), (-2 * 1440, "2 days overdue")],
)
def test_a_clock_says_how_much_is_left(minutes: int, words: str) -> None:
    """So that nobody has to reckon at night."""
    now = datetime(2027, 1, 12, 9, tzinfo=UTC)
    assert span_to(now + timedelta(minutes=minutes), now) == words
