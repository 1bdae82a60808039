"""Certificate and report as pages: whole, in both languages, the same each time, and nobody else's business."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser

import pytest

from mentoring_lifecycle.contracts.certificates import Certificate
from mentoring_lifecycle.contracts.figures import Figure, ProgrammeReport, Section, Unit, report_on
from mentoring_lifecycle.contracts.record import read_record
from mentoring_lifecycle.contracts.withholding import Withheld
from mentoring_lifecycle.domain.commands import Pulse
from mentoring_lifecycle.domain.people import Party
from mentoring_lifecycle.letters.certificate_page import WORDS, certificate_page, sentences
from mentoring_lifecycle.letters.report_page import report_page
from mentoring_lifecycle.letters.report_words import BENCHMARKS, LABELS, PAGE, SECTIONS, ReportWords
from tests.builders import MENTEE, MENTOR, journal_of, whole_life

CERTIFICATE = Certificate(
    id="abcd",
    issuer="Società Esempio",
    issued_on=date(2027, 7, 20),
    holder="Łucja D'Agostò",
    role="mentor",  # type: ignore[arg-type]  # a StrEnum
    programme="Ponte",
    begun_on=date(2027, 1, 12),
    ended_on=date(2027, 7, 8),
    sessions=6,
    minutes=285,
    goals=2,
    goals_met=1,
)

every_language = pytest.mark.parametrize("locale", ["en", "it"])


@pytest.fixture(scope="module")
def report() -> ProgrammeReport:
    lived = whole_life(pulses={Party.MENTOR: Pulse(7, 5, 6), Party.MENTEE: Pulse(8, 9, 10)})
    records = [read_record(*journal_of(lived, f"r-{number}")) for number in range(8)]
    told = report_on([record for record in records if record], programme="ponte", threshold=5)
    return replace(told, since=datetime(2027, 1, 1, tzinfo=UTC))


# --- certificate ------------------------------------------------------------------------------------------------


@every_language
def test_a_certificate_is_one_page(locale: str) -> None:
    """A PDF of one page that says which language it is in; issued again, it is the same to the byte."""
    page = certificate_page(CERTIFICATE, locale)
    assert page.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type /Page\b(?!s)", page)) == 1
    assert f"({locale}-".encode() in page
    assert certificate_page(CERTIFICATE, locale) == page


def test_another_language_is_written_in_english() -> None:
    """Whoever reads neither of ours gets the English page."""
    assert certificate_page(CERTIFICATE, "fr") == certificate_page(CERTIFICATE, "en")


def test_a_certificate_says_what_was_done() -> None:
    """Role, period, sessions with their time, and goals by their number."""
    assert sentences(CERTIFICATE, "en") == [
        "took part in the programme Ponte as mentor,",
        "from 12 January 2027 to 8 July 2027,",
        "and held 6 sessions that both participants confirmed, 4 h 45 min in all.",
        "Of 2 agreed goals, 1 reached the target by the final ratings.",
    ]
    assert sentences(CERTIFICATE, "it")[1] == "nel periodo 12 gennaio 2027 – 8 luglio 2027,"


def test_goals_are_told_only_where_there_are_any() -> None:
    """Nothing about goals where the journal does not tell; one goal is spoken of as one; words only on request."""
    assert len(sentences(replace(CERTIFICATE, goals=0, goals_met=0), "en")) == 3
    assert sentences(replace(CERTIFICATE, goals=1), "en")[3].startswith("The agreed goal reached")
    assert sentences(replace(CERTIFICATE, goal_titles=("Dare\nto speak",)), "en")[4] == "Goals: Dare to speak"


def test_long_names_stay_on_the_page() -> None:
    """Whatever somebody is called, it is one page."""
    page = certificate_page(replace(CERTIFICATE, holder="W" * 120, goal_titles=("x " * 100,) * 3), "it")
    assert len(re.findall(rb"/Type /Page\b(?!s)", page)) == 1


def test_both_languages_have_every_word() -> None:
    """No text of either page ships in one language only."""
    assert WORDS["en"].keys() == WORDS["it"].keys()
    pairs = [*SECTIONS.values(), *LABELS.values(), *PAGE.values(), *BENCHMARKS]
    assert all(english and italian for english, italian in pairs)


# --- report -----------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser would see: elements, what they load, and whether each is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@every_language
def test_a_report_needs_nothing_but_itself(locale: str, report: ProgrammeReport) -> None:
    """No script, no image, no font, no link to anywhere: it can be sent as a file and read in ten years."""
    text = report_page(report, "ponte", locale)
    page = Page(text)
    assert page.all("html")[0]["lang"] == locale
    assert not [tag for tag in ("script", "img", "link", "iframe", "object") if page.all(tag)]
    loaded = [value for _, given in page.elements for name, value in given.items() if name.endswith(("href", "src"))]
    assert all(value and value.startswith("#") for value in loaded)
    assert "url(" not in text.replace("url(#", "")
    assert report_page(report, "ponte", locale) == text


@every_language
def test_every_plot_has_words_and_a_table(locale: str, report: ProgrammeReport) -> None:
    """Whoever does not see a plot has its name, and all its numbers in a table with headings."""
    page = Page(report_page(report, "ponte", locale))
    plots = page.all("figure")
    assert len(plots) == len(page.all("svg")) == 6
    assert all(plot["role"] == "img" and plot["aria-label"] for plot in plots)
    assert len(page.all("table")) == len(Section)
    rows = [heading for heading in page.all("th") if heading.get("scope") == "row"]
    assert len(rows) == len(report.figures)


def test_what_is_withheld_says_so(report: ProgrammeReport) -> None:
    """In words, in the reader's language, and never as a zero."""
    few = Figure("running", Section.RELATIONSHIPS, Unit.COUNT, None, Withheld.FEW)
    hidden = replace(few, withheld=Withheld.BY_DIFFERENCE)
    assert [ReportWords(locale).value(few, 5) for locale in ("en", "it")] == ["fewer than 5", "meno di 5"]
    assert ReportWords("en").value(hidden, 5) == "withheld, to protect another figure"


def test_numbers_are_written_as_the_language_does() -> None:
    """A comma in Italian, a unit where there is one, a sign for a change."""
    share = Figure("share_held", Section.SESSIONS, Unit.PERCENT, 87.5, None, 80)
    assert [ReportWords(locale).value(share, 5) for locale in ("en", "it")] == ["87.5 %", "87,5 %"]
    assert ReportWords("it").benchmark(share) == "almeno 80 %"
    assert ReportWords("en").value(replace(share, key="goals_mentor_change", unit=Unit.RATING), 5) == "+87.5"


def test_a_page_about_few_has_no_plots() -> None:
    """With nothing to tell there is nothing to plot, and the page still says why."""
    records = [read_record(*journal_of(whole_life(), f"r-{number}")) for number in range(2)]
    told = report_on([record for record in records if record], programme="ponte", threshold=5)
    page = report_page(told, "ponte", "en")
    assert "<svg" not in page
    assert page.count("fewer than 5") > 20


def test_a_code_that_looks_like_markup_stays_text(report: ProgrammeReport) -> None:
    """What is put into the page is text."""
    assert "<b>" not in report_page(report, "<b>ponte</b>", "en")


def test_a_page_names_nobody(report: ProgrammeReport) -> None:
    """Neither people nor relationships, in text or in the drawing."""
    text = report_page(report, "ponte", "it")
    assert not any(each in text for each in (MENTOR, MENTEE, "r-1"))


def test_every_figure_has_its_name(report: ProgrammeReport) -> None:
    """Each figure of today is called something in both languages."""
    assert {figure.key for figure in report.figures} <= LABELS.keys()
