"""A programme report as one page of HTML that needs nothing else: plots inside, each with its table. Extra `report`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any

from babel.dates import format_date
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from mentoring_lifecycle.contracts.figures import ProgrammeReport, Section, Unit
from mentoring_lifecycle.letters.report_words import ReportWords

ONE, OTHER, INK, PALE = "#2f6f73", "#b4572e", "#1f2933", "#e4e9ec"
"""Two colours that stay apart for every kind of sight, and in grey."""


@dataclass(frozen=True, slots=True)
class _Row:
    label: str
    value: str
    benchmark: str
    is_told: bool


@dataclass(frozen=True, slots=True)
class _Part:
    heading: str
    plot: Markup
    """Empty where there is nothing to plot."""
    alt: str
    rows: list[_Row]


def report_page(report: ProgrammeReport, programme: str, locale: str) -> str:
    """The page; the same report gives the same bytes. Raises ImportError without the extra."""
    words = ReportWords(locale)
    return _TEMPLATE.render(
        words=words,
        programme=programme,
        span=span_in_words(report, words),
        report=report,
        parts=[_part(report, section, words) for section in Section],
    )


def span_in_words(report: ProgrammeReport, words: ReportWords) -> str:
    """Which relationships the report is about."""
    ends = (("since", report.since), ("until", report.until))
    told = [words.say(end, month=_month(at, words)) for end, at in ends if at]
    return words.say("span", span=", ".join(told)) if told else words.say("whole")


def _month(at: datetime, words: ReportWords) -> str:
    return format_date(at.date(), "MMMM y", locale=words.locale)


def _part(report: ProgrammeReport, section: Section, words: ReportWords) -> _Part:
    figures = report.of(section)
    rows = [
        _Row(
            words.label(figure.key),
            words.value(figure, report.threshold),
            words.benchmark(figure),
            figure.withheld is None,
        )
        for figure in figures
    ]
    heading = words.section(section)
    plot = _PLOTS[section](report, words) if section in _PLOTS else ""
    return _Part(heading, Markup(plot), words.say("plot_of", what=heading), rows)  # noqa: S704  # drawn here


# --- plots ------------------------------------------------------------------------------------------------------


def _bars(section: Section, unit: Unit, label: str = "") -> Callable[[ProgrammeReport, ReportWords], str]:
    def plot(report: ProgrammeReport, words: ReportWords) -> str:
        told = [
            (words.label(figure.key), figure.value)
            for figure in report.of(section)
            if figure.value is not None and figure.unit is unit and figure.key not in _WHOLES
        ]
        return _drawn(lambda axes: _draw_bars(axes, told, words, label and words.say(label)), len(told)) if told else ""

    return plot


_WHOLES = ("sessions_planned", "late_changes_senior", "late_changes_junior")


def _pulses(report: ProgrammeReport, words: ReportWords) -> str:
    """Both questions side by side: what juniors say is seen beside what seniors say."""
    told = [(words.label(key), value) for key in _SIDES if (value := report.value(key)) is not None]
    return _drawn(lambda axes: _draw_bars(axes, told, words, "", most=10), len(told)) if told else ""


_SIDES = ("pulse_heard_junior", "pulse_heard_senior", "pulse_useful_junior", "pulse_useful_senior")


def _draw_bars(
    axes: Any, told: list[tuple[str, float]], words: ReportWords, label: str, *, most: float | None = None
) -> None:
    names, values = zip(*reversed(told), strict=True)
    bars = axes.barh(names, values, color=ONE, height=0.62)
    axes.bar_label(bars, labels=[words.number(value) for value in values], padding=4, color=INK)
    axes.set_xlim(0, (most or max([*values, 1])) * 1.12)
    axes.xaxis.set_visible(bool(label))
    axes.set_xlabel(label)
    axes.tick_params(length=0)
    axes.spines[["top", "right", "bottom"]].set_visible(False)


def _goals(report: ProgrammeReport, words: ReportWords) -> str:
    sides = {side: [report.value(f"goals_{side}_{moment}") for moment in _MOMENTS] for side in ("mentor", "mentee")}
    told = {side: values for side, values in sides.items() if sum(value is not None for value in values) > 1}
    return _drawn(lambda axes: _draw_goals(axes, told, words), 6) if told else ""


_MOMENTS = ("baseline", "middle", "final")


def _draw_goals(axes: Any, told: dict[str, list[float | None]], words: ReportWords) -> None:
    for side, colour, marker in (("mentor", ONE, "o"), ("mentee", OTHER, "s")):
        points = [(at, value) for at, value in enumerate(told.get(side, ())) if value is not None]
        if points:
            axes.plot(*zip(*points, strict=True), color=colour, marker=marker, linewidth=2.4, label=words.say(side))
        for at, value in points:
            others = [values[at] for name, values in told.items() if name != side]
            below = any(
                other is not None and (other > value or (other == value and side == "mentor")) for other in others
            )
            where = {"xytext": (0, -11 if below else 9), "va": "top" if below else "baseline", "ha": "center"}
            axes.annotate(words.number(value), (at, value), textcoords="offset points", color=colour, **where)
    axes.set_xticks(range(3), [words.say(moment) for moment in _MOMENTS])
    axes.set_ylim(0, 11)
    axes.set_yticks([1, 4, 7, 10])
    axes.set_xlim(-0.3, 2.3)
    axes.grid(axis="y", color=PALE)
    axes.legend(frameon=False, loc="lower right")
    axes.tick_params(length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


_PLOTS: dict[Section, Callable[[ProgrammeReport, ReportWords], str]] = {
    Section.RELATIONSHIPS: _bars(Section.RELATIONSHIPS, Unit.COUNT),
    Section.OUTCOMES: _bars(Section.OUTCOMES, Unit.COUNT),
    Section.SESSIONS: _bars(Section.SESSIONS, Unit.COUNT),
    Section.PULSES: _pulses,
    Section.TIME: _bars(Section.TIME, Unit.DAYS, "median_days"),
    Section.GOALS: _goals,
}


def _drawn(draw: Callable[[Any], None], rows: int) -> str:
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Canvas

    style: dict[Any, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": "mentoring",
        "font.family": "sans-serif",
        "font.size": 11,
    }
    with rc_context(style):
        canvas = Canvas(figsize=(7.6, 0.7 + 0.42 * rows), layout="constrained")
        draw(canvas.add_subplot())
        file = StringIO()
        canvas.savefig(
            file, format="svg", transparent=True, metadata=dict.fromkeys(("Date", "Creator", "Format", "Type"))
        )
    return _inline(file.getvalue())


def _inline(svg: str) -> str:
    """As a part of the page: it grows and shrinks with it, and is no document of its own."""
    start = svg.index("<svg")
    return re.sub(
        r'(<svg[^>]*?) height="[^"]*"([^>]*?) width="[^"]*"|(<svg[^>]*?) width="[^"]*"([^>]*?) height="[^"]*"',
        _without_size,
        svg[start:],
        count=1,
    )


def _without_size(found: "re.Match[str]") -> str:
    return "".join(part for part in found.groups() if part)


# --- the page ---------------------------------------------------------------------------------------------------

_PAGE = """<!doctype html>
<html lang="{{ words.locale }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{{ words.say("title") }}: {{ programme }}</title>
<style>
:root { color-scheme: light; }
body { font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1f2933; background: #fff;
  max-width: 52rem; margin: 2.5rem auto; padding: 0 1.25rem; }
header { border-bottom: 3px solid #2f6f73; margin-bottom: 1.5rem; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.25rem 0 .5rem; color: #235558; }
.note { color: #52606d; font-size: .93rem; }
figure { margin: .5rem 0 1rem; }
figure svg { width: 100%; height: auto; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #e4e9ec; vertical-align: top; }
thead th { color: #52606d; font-weight: 600; }
tbody th { font-weight: 400; }
td.value { font-variant-numeric: tabular-nums; white-space: nowrap; font-weight: 600; width: 12rem; }
td.value.withheld { font-weight: 400; font-style: italic; color: #52606d; white-space: normal; }
td.benchmark { color: #52606d; width: 10rem; }
@media print {
  body { margin: 0; max-width: none; font-size: 11pt; }
  section { break-inside: avoid; }
  @page { margin: 16mm; }
}
</style>
</head>
<body>
<header>
<h1>{{ words.say("title") }}: {{ programme }}</h1>
<p>{{ span }}</p>
</header>
<main>
<p class="note">{{ words.say("privacy", threshold=report.threshold) }} {{ words.say("definitions") }}</p>
{% for part in parts %}
<section aria-labelledby="part-{{ loop.index }}">
<h2 id="part-{{ loop.index }}">{{ part.heading }}</h2>
{% if part.plot %}
<figure role="img" aria-label="{{ part.alt }}">{{ part.plot }}</figure>
{% endif %}
<table>
<thead><tr><th scope="col">{{ words.say("figure") }}</th><th scope="col">{{ words.say("value") }}</th>\
<th scope="col">{{ words.say("benchmark") }}</th></tr></thead>
<tbody>
{% for row in part.rows %}
<tr><th scope="row">{{ row.label }}</th><td class="value{{ "" if row.is_told else " withheld" }}">{{ row.value }}</td>\
<td class="benchmark">{{ row.benchmark }}</td></tr>
{% endfor %}
</tbody>
</table>
</section>
{% endfor %}
<section aria-labelledby="benchmarks">
<h2 id="benchmarks">{{ words.say("benchmarks") }}</h2>
<p class="note">{{ words.say("benchmarks_note") }}</p>
<ul>
{% for each in words.benchmarks() %}
<li>{{ each }}</li>
{% endfor %}
</ul>
</section>
</main>
</body>
</html>
"""

_TEMPLATE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
    _PAGE
)
