"""Reading a roster: every mistake a spreadsheet can make, told with its line and column."""

from dataclasses import replace
from datetime import date, time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.contracts.people import Person
from mentoring_lifecycle.gateways import roster_csv
from mentoring_lifecycle.gateways.roster_csv import Problem, Roster, read_roster

HEADER = "id,name,email,locale,zone,level,manager"
GIULIA = "p-1,Giulia Ferrari,giulia@people.example,it,Europe/Rome,4,"
OLIVER = "p-2,Oliver Hughes,oliver@people.example,en,Europe/London,12,p-1"
EXAMPLE = Path(__file__).parents[3] / "examples" / "people.csv"


class Reader:
    """Reads text or bytes as a roster file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, *lines: str, known: tuple[Person, ...] = ()) -> Roster:
        return self.bytes("\n".join(lines).encode(), known)

    def bytes(self, data: bytes, known: tuple[Person, ...] = ()) -> Roster:
        self._path.write_bytes(data)
        return read_roster(self._path, known)


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    return Reader(tmp_path / "people.csv")


def found(roster: Roster) -> list[tuple[int, str, str]]:
    return [(problem.line, problem.field, problem.code) for problem in roster.problems]


# --- good files -------------------------------------------------------------------------------------------------


def test_a_row_becomes_a_person(read: Reader) -> None:
    """Columns become the fields of a person; what is not said takes its default."""
    roster = read(HEADER, GIULIA, OLIVER)
    assert roster.problems == ()
    assert roster.persons == (
        Person("p-1", "Giulia Ferrari", "giulia@people.example", "it", "Europe/Rome", 4),
        Person("p-2", "Oliver Hughes", "oliver@people.example", "en", "Europe/London", 12, "p-1"),
    )


def test_optional_columns_are_read_where_filled(read: Reader) -> None:
    """Working hours and activity are taken in any order of columns; an empty cell means the default."""
    header = "active,works_until,works_from," + HEADER
    roster = read(header, "NO,16:30,08:15," + GIULIA, ",,," + OLIVER)
    assert roster.problems == ()
    giulia, oliver = roster.persons
    assert (giulia.active, giulia.works_from, giulia.works_until) == (False, time(8, 15), time(16, 30))
    assert (oliver.active, oliver.works_from, oliver.works_until) == (True, time(9), time(18))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_every_spreadsheet_can_be_read(read: Reader, mark: bytes, ending: str) -> None:
    """With or without byte-order mark, with the line ends of any system, padded, capitalised or with blank rows."""
    lines = ["", HEADER.upper().replace(",", " , "), GIULIA.replace(",", " , "), "", ",,,,,,", OLIVER, ""]
    roster = read.bytes(mark + ending.join(lines).encode())
    assert roster.problems == ()
    assert [person.id for person in roster.persons] == ["p-1", "p-2"]


def test_names_and_addresses_are_normalised(read: Reader) -> None:
    """Accents are composed and domains lower-cased before anything is compared or stored."""
    (person,) = read(HEADER, "p-1,Niccolo\u0300 Conti,N.Conti@PEOPLE.example,it,Europe/Rome,4,").persons
    assert (person.name, person.email) == ("Niccolò Conti", "N.Conti@people.example")


def test_the_example_serves_the_demo() -> None:
    """The shipped roster is right and holds six reverse pairs, two coordinators and a safeguarding contact."""
    roster = read_roster(EXAMPLE)
    assert roster.problems == ()
    by_id = {person.id: person for person in roster.persons}
    assert sorted(person.id[0] for person in roster.persons if person.id[0] != "p") == ["c", "c", "s"]
    pairs = [
        ("p-5d17", "p-2b94"),
        ("p-e6f9", "p-c45e"),
        ("p-08cc", "p-7f3a"),
        ("p-b371", "p-91d0"),
        ("p-64a5", "p-3e68"),
        ("p-df20", "p-a8b2"),
    ]
    assert len({person for pair in pairs for person in pair}) == 12
    for mentor, mentee in pairs:
        assert by_id[mentee].level - by_id[mentor].level >= 2
        assert mentee not in chain(by_id, mentor)
        assert mentor not in chain(by_id, mentee)


def chain(by_id: dict[str, Person], person: str) -> list[str]:
    above = by_id[person].manager
    return [above, *chain(by_id, above)] if above else []


# --- files that cannot be told apart ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "line", "code"),
    [
        (b"", 1, "empty"),
        (b"\xef\xbb\xbf \r\n\n", 1, "empty"),
        (b",,,\n", 1, "column_missing"),
        (HEADER.encode(), 1, "empty"),
        (f"\n{HEADER}\n\n,,\n".encode(), 2, "empty"),
        (f"{HEADER}\n{GIULIA}\nNiccol\xf2".encode("latin-1"), 3, "not_utf8"),
        (f"{HEADER}\n{GIULIA}".encode("utf-16"), 1, "not_utf8"),
        (b"\xef\xbb\xbf" + f"{HEADER}\r\n".encode() + b"\xff", 2, "not_utf8"),
        (f"{HEADER}\n{GIULIA}".encode("utf-16-le"), 1, "nul"),
        (f"{HEADER}\r\n{GIULIA}\0".encode(), 2, "nul"),
        (f"{HEADER}\n{GIULIA}".replace(",", ";").encode(), 1, "separator"),
        (f'\n"{HEADER}"'.replace(",", '";"').encode(), 2, "separator"),
        (f"{HEADER}\n{GIULIA}".replace(",", "\t").encode(), 1, "separator"),
        (f'{HEADER}\n"p-1\n{GIULIA}\n'.encode(), 2, "quotes"),
        (f'{HEADER}\n{GIULIA}\n"p-2"x,y\n'.encode(), 3, "quotes"),
        (f'"{HEADER}\n{GIULIA}'.encode(), 1, "quotes"),
        (f'{HEADER}\n"{"x" * 200_000}'.encode(), 2, "cell_too_long"),
    ],
)
def test_an_unreadable_file_is_one_problem(read: Reader, data: bytes, line: int, code: str) -> None:
    """Where rows cannot be told apart there is one problem, at its line, and nobody is read."""
    roster = read.bytes(data)
    assert [(problem.line, problem.code) for problem in roster.problems] == [(line, code)]
    assert roster.persons == ()


@pytest.mark.parametrize("name", ["nowhere.csv", ".", "nul\0.csv"])
def test_a_file_that_cannot_be_opened_is_a_problem(tmp_path: Path, name: str) -> None:
    """A missing file, a folder and an impossible path are told of like any other mistake."""
    (problem,) = read_roster(tmp_path / name).problems
    assert problem.code == "unreadable"


def test_a_file_beyond_reason_is_not_read(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of a file has a limit."""
    monkeypatch.setattr(roster_csv, "MAX_BYTES", 100)
    assert found(read(HEADER, GIULIA, OLIVER)) == [(1, "", "too_large")]


def test_rows_beyond_the_limit_are_refused(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many rows as are allowed are read; the first one after them is named."""
    assert roster_csv.MAX_ROWS == 100_000
    monkeypatch.setattr(roster_csv, "MAX_ROWS", 2)
    assert found(read(HEADER, GIULIA, OLIVER)) == []
    assert found(read(HEADER, GIULIA, "", OLIVER, GIULIA)) == [(5, "", "too_many_rows")]


@pytest.mark.parametrize("column", HEADER.split(","))
def test_a_missing_column_is_named(read: Reader, column: str) -> None:
    """A header without a required column is refused with the column's name."""
    header = ",".join(name for name in HEADER.split(",") if name != column)
    roster = read(header, GIULIA)
    assert found(roster) == [(1, column, "column_missing")]
    assert column in roster.problems[0].message


def test_a_column_named_twice_is_refused(read: Reader) -> None:
    """Two columns of one name leave open which is meant."""
    assert found(read(HEADER + ",Email", GIULIA + ",x@people.example")) == [(1, "email", "column_twice")]


def test_an_unknown_column_is_ignored_and_told_of(read: Reader) -> None:
    """A column this file cannot have is a problem of its own code, and the rows are read all the same."""
    roster = read(HEADER + ",shoe size", GIULIA + ",38")
    assert found(roster) == [(1, "", "column_unknown")]
    assert [person.id for person in roster.persons] == ["p-1"]


# --- rows and cells ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("id", "", "id"),
        ("id", "p 1", "id"),
        ("id", "p-ü", "id"),
        ("id", "x" * 65, "id"),
        ("name", "", "name_empty"),
        ("name", '"Eve\nBcc: evil@x.example"', "name_unprintable"),
        ("name", "=?utf-8?q?hi=0ABcc:_evil@x.example?=", "name_encoded_word"),
        ("name", "Eve\u202e", "name_direction"),
        ("name", "x" * 121, "name_too_long"),
        ("name", "x" * 1001, "cell_too_long"),
        ("email", "", "address_empty"),
        ("email", "giulia", "address_malformed"),
        ("email", "niccolò@people.example", "address_not_ascii"),
        ("locale", "fr", "locale"),
        ("locale", "", "locale"),
        ("zone", "Europe/Roma", "zone"),
        ("zone", "localtime", "zone"),
        ("zone", "Factory", "zone"),
        ("zone", "../../etc/passwd", "zone"),
        ("level", "0", "level"),
        ("level", "21", "level"),
        ("level", "4.5", "level"),
        ("level", "1_0", "level"),
        ("level", "٤", "level"),
        ("manager", "Anna Rossi", "id"),
        ("works_from", "9:00", "time"),
        ("works_from", "24:00", "time"),
        ("works_from", "18:00", "working_hours"),
        ("works_until", "9am", "time"),
        ("works_until", "08:00", "working_hours"),
        ("active", "maybe", "active"),
    ],
)
def test_a_wrong_cell_is_told_with_line_and_column(read: Reader, column: str, cell: str, code: str) -> None:
    """Each mistake in a cell is one problem that points at it, and the other rows are read."""
    columns = [*HEADER.split(","), "works_from", "works_until", "active"]
    right = dict(zip(columns, [*GIULIA.split(","), "", "", ""], strict=True))
    right |= {"id": "p-3", "email": "third@people.example", column: cell}
    roster = read(",".join(columns), GIULIA + ",,,", OLIVER + ",,,", ",".join(right.values()))
    (problem,) = roster.problems
    where = "works_until" if code == "working_hours" else column
    assert (problem.file, problem.line, problem.field, problem.code) == ("people.csv", 4, where, code)
    assert [person.id for person in roster.persons] == ["p-1", "p-2"]


def test_a_problem_repeats_no_cell(read: Reader) -> None:
    """What is said of a wrong row can be passed on: no name, no address, no id stands in it."""
    roster = read(HEADER, "Anna Rossi,Anna=?Rossi,anna.rossi@@x,Anna,Anna,Anna,Anna", OLIVER + "x")
    assert len(roster.problems) == 8
    assert not any("Anna" in str(problem) or "p-1x" in str(problem) for problem in roster.problems)


def test_every_mistake_is_told_at_once(read: Reader) -> None:
    """A coordinator corrects a file once: problems of all rows and columns come together, in the order of lines."""
    roster = read(HEADER, "p-1,,nobody,it,Mars,4,p-9", OLIVER, "p-3,Third,oliver@people.example,en,Europe/Rome,4,")
    assert found(roster) == [
        (2, "name", "name_empty"),
        (2, "email", "address_malformed"),
        (2, "zone", "zone"),
        (2, "manager", "manager_unknown"),
        (4, "email", "email_twice"),
    ]


def test_lines_are_physical_lines(read: Reader) -> None:
    """After a cell with line breaks inside quotation marks the count is still the one an editor shows."""
    roster = read(HEADER + ",note", GIULIA + ',"a\nb\n\nc"', "", OLIVER + ",", "p-3,Third,third,en,Europe/Rome,4,,")
    assert found(roster) == [(1, "", "column_unknown"), (8, "email", "address_malformed")]


@pytest.mark.parametrize("row", ["p-2,Hughes, Oliver,oliver@people.example,en,Europe/London,12,", "p-2,Oliver"])
def test_a_row_of_another_length_is_one_problem(read: Reader, row: str) -> None:
    """A comma too many or too few is told once, not as a wrong cell in every column that moved."""
    assert found(read(HEADER, row, GIULIA.replace("4,", "4,p-2"))) == [(2, "", "cell_count")]


def test_a_problem_reads_as_a_sentence(read: Reader) -> None:
    """What is shown says file, line, column and what to do."""
    (problem,) = read(HEADER, GIULIA.replace("Rome", "Roma")).problems
    assert str(problem) == (
        "people.csv, line 2, column zone: This is not the name of a time zone; write it like Europe/Rome."
    )
    assert str(Problem("people.csv", 3, "", "Oh.", "quotes")) == "people.csv, line 3: Oh."


# --- between rows, and with the directory -----------------------------------------------------------------------

KNOWN = Person("p-9", "Caterina Valenti", "caterina@people.example", "it", "Europe/Rome", 15)


def test_an_id_stands_once(read: Reader) -> None:
    """The second row of one id is told the line of the first."""
    roster = read(HEADER, GIULIA, OLIVER, OLIVER.replace("oliver", "other"))
    assert found(roster) == [(4, "id", "id_twice")]
    assert "line 3" in roster.problems[0].message


def test_an_address_stands_once(read: Reader) -> None:
    """Capitals do not make another mailbox."""
    assert found(read(HEADER, GIULIA, OLIVER.replace("oliver@", "GIULIA@"))) == [(3, "email", "email_twice")]


def test_an_address_of_somebody_else_in_the_directory_is_taken(read: Reader) -> None:
    """An address that the directory knows under another id is refused; people keep or hand over their own."""
    taken = GIULIA.replace("giulia@", "caterina@")
    assert found(read(HEADER, taken, known=(KNOWN,))) == [(2, "email", "email_taken")]
    moved = "p-9,Caterina Valenti,c.valenti@people.example,it,Europe/Rome,15,"
    assert found(read(HEADER, taken, moved, known=(KNOWN,))) == []


def test_managers_stand_in_the_file_or_in_the_directory(read: Reader) -> None:
    """A manager may be known from either; otherwise the row is told so."""
    row = GIULIA + "p-9"
    assert found(read(HEADER, row)) == [(2, "manager", "manager_unknown")]
    assert found(read(HEADER, row, known=(KNOWN,))) == []


def test_a_manager_whose_own_row_is_wrong_is_still_known(read: Reader) -> None:
    """One mistake is told once, not again for everybody below."""
    assert found(read(HEADER, GIULIA.replace("Rome", "Roma"), OLIVER)) == [(2, "zone", "zone")]


@pytest.mark.parametrize(
    ("managers", "line", "named"),
    [
        ({"p-1": "p-1"}, 2, "line 2"),
        ({"p-1": "p-2", "p-2": "p-1"}, 2, "line 2, 3"),
        ({"p-1": "p-2", "p-2": "p-3", "p-3": "p-4", "p-4": "p-2"}, 3, "line 3, 4, 5"),
    ],
)
def test_a_circle_of_managers_is_one_problem(read: Reader, managers: dict[str, str], line: int, named: str) -> None:
    """A chain of managers that leads back to itself is told once, with the lines of those in it alone."""
    rows = [f"{who},N,{who}@people.example,en,Europe/Rome,4,{above}" for who, above in managers.items()]
    roster = read(HEADER, *rows)
    assert found(roster) == [(line, "manager", "manager_cycle")]
    assert f"({named})" in roster.problems[0].message


def test_a_circle_through_the_directory_is_found(read: Reader) -> None:
    """A file that makes somebody the manager of their own manager is told so."""
    below = Person("p-8", "N", "n@people.example", "en", "Europe/Rome", 5, "p-1")
    assert found(read(HEADER, GIULIA + "p-8", known=(below,))) == [(2, "manager", "manager_cycle")]


def test_a_deep_hierarchy_is_no_circle(read: Reader) -> None:
    """A chain of many thousands is followed to its end."""
    rows = [f"p-{n},N,u{n}@people.example,en,Europe/Rome,1,{f'p-{n - 1}' if n else ''}" for n in range(5_000)]
    assert found(read(HEADER, *reversed(rows))) == []


# --- anything at all --------------------------------------------------------------------------------------------

CELLS = st.sampled_from(
    ["", "p-1", "p-2", "Giulia", "u@people.example", "it", "Europe/Rome", "4", "09:00", "no", '"', '"a\nb"', "\0", "é"]
)
ROWS = st.lists(CELLS, max_size=9).map(",".join)
FILES = st.binary(max_size=400) | st.text(max_size=400).map(lambda text: text.encode(errors="surrogatepass"))
ROSTERS = st.lists(ROWS, max_size=6).map(lambda rows: "\n".join([HEADER + ",works_from,active", *rows]).encode())


@settings(deadline=None)
@given(data=FILES | ROSTERS)
def test_no_file_makes_it_raise(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    """Whatever the bytes, the answer is a roster: each row read is right, each problem points into the file."""
    path = tmp_path_factory.getbasetemp() / "anything.csv"
    path.write_bytes(data)
    roster = read_roster(path)
    assert roster.persons or roster.problems
    lines = data.count(b"\n") + data.count(b"\r") + 1
    assert all(1 <= problem.line <= lines and problem.message for problem in roster.problems)


# --- where and when people work ---------------------------------------------------------------------------------

REST = "country,region,rest_days,quiet_from,quiet_until,next_zone,next_zone_from,other_email,capacity,busy_url"


def test_where_and_when_somebody_works_is_read(read: Reader) -> None:
    """Every column of it; an empty cell means the default, and `none` means no rest day at all."""
    row = 'IT,MI,"sun, sat",21:30,07:00,America/New_York,2027-09-01,g@home.example,3,https://cal.example/g'
    roster = read(f"{HEADER},{REST}", f"{GIULIA},{row}", f"{OLIVER},,,none,,,,,,,")
    assert roster.problems == ()
    giulia, oliver = roster.persons
    assert (giulia.country, giulia.region, giulia.rest_days) == ("IT", "MI", (5, 6))
    assert (giulia.quiet_from, giulia.quiet_until) == (time(21, 30), time(7))
    assert (giulia.next_zone, giulia.next_zone_from) == ("America/New_York", date(2027, 9, 1))
    assert (giulia.other_email, giulia.capacity) == ("g@home.example", 3)
    assert giulia.busy_url == "https://cal.example/g"
    assert oliver == Person(
        "p-2", "Oliver Hughes", "oliver@people.example", "en", "Europe/London", 12, "p-1", rest_days=()
    )


def test_a_column_that_is_absent_leaves_what_is_known(read: Reader) -> None:
    """A roster from the payroll does not wipe out what another one said; a cell left empty does."""
    known = Person(
        "p-1", "G", "g@people.example", "en", "UTC", 3, works_from=time(7), country="IT", rest_days=(4, 5), capacity=2
    )
    (person,) = read(HEADER, GIULIA, known=(known,)).persons
    assert person == replace(
        known, name="Giulia Ferrari", email="giulia@people.example", locale="it", zone="Europe/Rome", level=4
    )
    (person,) = read(f"{HEADER},rest_days,works_from", f"{GIULIA},,", known=(known,)).persons
    assert (person.rest_days, person.works_from, person.country) == ((5, 6), time(9), "IT")


def test_cells_are_judged_with_what_is_known(read: Reader) -> None:
    """A working day that would end before it begins, because the file tells only one of the two hours."""
    known = Person("p-1", "G", "giulia@people.example", "it", "Europe/Rome", 4, works_from=time(13))
    roster = read(f"{HEADER},works_until", f"{GIULIA},12:00", known=(known,))
    assert found(roster) == [(2, "works_until", "working_hours")]


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("country", "Italy", "country"),
        ("country", "it", "country"),
        ("region", "Mi lano", "region"),
        ("region", "MI", "region"),
        ("rest_days", "saturday", "rest_days"),
        ("rest_days", '"mon,tue,wed,thu,fri,sat,sun"', "rest_days"),
        ("quiet_from", "8pm", "time"),
        ("quiet_until", "24:00", "time"),
        ("next_zone", "Rome", "zone"),
        ("next_zone", "Europe/London", "next_zone"),
        ("next_zone_from", "2027-09-01", "next_zone"),
        ("next_zone_from", "1 September 2027", "date"),
        ("next_zone_from", "2027-02-30", "date"),
        ("other_email", "giulia@PEOPLE.example", "other_email"),
        ("capacity", "-1", "capacity"),
        ("capacity", "many", "capacity"),
        ("busy_url", "http://cal.example/g", "busy_url"),
        ("busy_url", "https://g:secret@cal.example/", "busy_url"),
        ("busy_url", "https://", "busy_url"),
        ("busy_url", "https://cal.example:port/", "busy_url"),
        ("busy_url", "file:///etc/passwd", "busy_url"),
        ("busy_url", "https://cal.example/a b", "busy_url"),
    ],
)
def test_each_mistake_has_its_own_code(read: Reader, column: str, cell: str, code: str) -> None:
    """Told with the line, in a sentence."""
    roster = read(f"{HEADER},{column}", f"{GIULIA},{cell}")
    assert [problem.code for problem in roster.problems] == [code]
    assert roster.persons == ()


def test_plain_http_is_for_this_computer(read: Reader) -> None:
    """For trying it out."""
    assert read(f"{HEADER},busy_url", f"{GIULIA},http://127.0.0.1:5232/g/").problems == ()
