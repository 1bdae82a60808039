"""A certificate as one page of PDF, in English or Italian. Needs the extra `report`."""

from io import BytesIO
from pathlib import Path
from typing import Any

from babel import Locale
from babel.dates import format_date

from mentoring_lifecycle.contracts.certificates import Certificate
from mentoring_lifecycle.letters.catalogues import LOCALES, SOURCE_LOCALE, TERRITORIES
from mentoring_lifecycle.letters.user_text import one_line

INK, SOFT, LINE = "#1f2933", "#52606d", "#2f6f73"
_MARGIN, _WIDEST, _LARGEST = 42.0, 620.0, 34.0
_TITLE_LENGTH = 90

WORDS = {
    "en": {
        "title": "Certificate of mentoring",
        "opening": "This is to certify that",
        "part": "took part in the programme {programme} as {role},",
        "period": "from {begun} to {ended},",
        "sessions": "and held {sessions} sessions that both participants confirmed, {time} in all.",
        "session": "and held one session that both participants confirmed, {time} in all.",
        "goals": "Of {goals} agreed goals, {met} reached the target by the final ratings.",
        "goal": "The agreed goal {met} the target by the final ratings.",
        "reached": "reached",
        "missed": "did not reach",
        "titles": "Goals: {titles}",
        "mentor": "mentor",
        "mentee": "mentee",
        "hours": "{hours} h {minutes} min",
        "full_hours": "{hours} h",
        "minutes": "{minutes} min",
        "issued": "Issued on {date}",
        "number": "Certificate {id}",
        "proof": (
            "The signed file {id}.json belongs to this page and is what counts. Anybody can check it offline, with the "
            "issuer's public key: mentoring verify-certificate {id}.json"
        ),
    },
    "it": {
        "title": "Attestato di mentoring",
        "opening": "Si attesta che",
        "part": "ha partecipato al programma {programme} come {role},",
        "period": "nel periodo {begun} – {ended},",
        "sessions": "svolgendo {sessions} incontri confermati da entrambe le parti, per un totale di {time}.",
        "session": "svolgendo un incontro confermato da entrambe le parti, per un totale di {time}.",
        "goals": "Obiettivi concordati: {goals}; traguardi raggiunti secondo le valutazioni finali: {met}.",
        "goal": "Secondo le valutazioni finali, l'obiettivo concordato {met} il traguardo.",
        "reached": "ha raggiunto",
        "missed": "non ha raggiunto",
        "titles": "Obiettivi: {titles}",
        "mentor": "mentor",
        "mentee": "mentee",
        "hours": "{hours} h {minutes} min",
        "full_hours": "{hours} h",
        "minutes": "{minutes} min",
        "issued": "Rilasciato in data {date}",
        "number": "Attestato {id}",
        "proof": (
            "Il file firmato {id}.json accompagna questa pagina ed è quello che fa fede. Chiunque può verificarlo "
            "senza rete, con la chiave pubblica di chi lo rilascia: mentoring verify-certificate {id}.json"
        ),
    },
}
"""Kept beside the page and not in the letters' catalogues: they are typeset for one line each."""


def certificate_page(certificate: Certificate, locale: str) -> bytes:
    """The PDF; the same certificate and language give the same bytes. Raises ImportError without the extra."""
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.pdfgen.canvas import Canvas

    locale = locale if locale in LOCALES else SOURCE_LOCALE
    words = WORDS[locale]
    _embed_fonts()
    file = BytesIO()
    canvas = Canvas(file, pagesize=landscape(A4), invariant=1, lang=f"{locale}-{TERRITORIES[locale]}")
    canvas.setTitle(f"{words['title']} {certificate.id}")
    canvas.setAuthor(certificate.issuer)
    _frame(canvas, *landscape(A4))
    _content(canvas, certificate, locale, *landscape(A4))
    canvas.showPage()
    canvas.save()
    return file.getvalue()


def sentences(certificate: Certificate, locale: str) -> list[str]:
    """What the page says about what was done, line by line."""
    words, c = WORDS[locale], certificate
    told = [
        words["part"].format(programme=one_line(c.programme, _TITLE_LENGTH), role=words[c.role]),
        words["period"].format(begun=_day(c.begun_on, locale), ended=_day(c.ended_on, locale)),
        words["session" if c.sessions == 1 else "sessions"].format(sessions=c.sessions, time=_time(c.minutes, words)),
    ]
    if c.goals == 1:
        told.append(words["goal"].format(met=words["reached" if c.goals_met else "missed"]))
    elif c.goals:
        told.append(words["goals"].format(goals=c.goals, met=c.goals_met))
    if c.goal_titles:
        told.append(words["titles"].format(titles="; ".join(one_line(each, _TITLE_LENGTH) for each in c.goal_titles)))
    return told


def _frame(canvas: Any, width: float, height: float) -> None:
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(2.2)
    canvas.roundRect(_MARGIN / 2, _MARGIN / 2, width - _MARGIN, height - _MARGIN, 10)
    canvas.setLineWidth(0.6)
    canvas.roundRect(_MARGIN / 2 + 6, _MARGIN / 2 + 6, width - _MARGIN - 12, height - _MARGIN - 12, 7)


def _content(canvas: Any, certificate: Certificate, locale: str, width: float, height: float) -> None:
    words, middle = WORDS[locale], width / 2
    _line(canvas, certificate.issuer, middle, height - 92, "Sans", 13, SOFT)
    _line(canvas, words["title"], middle, height - 146, "Serif", 33, LINE)
    _line(canvas, words["opening"], middle, height - 192, "Sans", 13, SOFT)
    _line(canvas, certificate.holder, middle, height - 240, "SerifBold", _LARGEST, INK)
    canvas.setStrokeColor(LINE)
    canvas.setLineWidth(0.8)
    canvas.line(middle - 150, height - 256, middle + 150, height - 256)
    y = height - 290
    for each in sentences(certificate, locale):
        y = _paragraph(canvas, each, middle, y, "Sans", 13.5, INK, 21)
    _line(canvas, words["issued"].format(date=_day(certificate.issued_on, locale)), middle, 108, "SansBold", 11.5, INK)
    _line(canvas, words["number"].format(id=certificate.id), middle, 90, "Sans", 10, SOFT)
    _paragraph(canvas, words["proof"].format(id=certificate.id), middle, 68, "Sans", 8, SOFT, 11.5)


def _line(canvas: Any, text: str, x: float, y: float, font: str, size: float, colour: str) -> None:
    """One centred line; a long one is set smaller until it fits."""
    text = one_line(text, 200)
    size = min(size, size * _WIDEST / max(canvas.stringWidth(text, _FONT[font], size), 1))
    canvas.setFont(_FONT[font], size)
    canvas.setFillColor(colour)
    canvas.drawCentredString(x, y, text)


def _paragraph(
    canvas: Any, text: str, x: float, y: float, font: str, size: float, colour: str, leading: float
) -> float:
    from reportlab.lib.utils import simpleSplit

    for line in simpleSplit(text, _FONT[font], size, _WIDEST):
        _line(canvas, line, x, y, font, size, colour)
        y -= leading
    return y


# Those that matplotlib brings: they hold every European name, which the fonts built into PDF readers do not.
_FONT = {"Sans": "DejaVuSans", "SansBold": "DejaVuSans-Bold", "Serif": "DejaVuSerif", "SerifBold": "DejaVuSerif-Bold"}


def _embed_fonts() -> None:
    import matplotlib as mpl
    from reportlab.pdfbase.pdfmetrics import getRegisteredFontNames, registerFont
    from reportlab.pdfbase.ttfonts import TTFont

    for name in _FONT.values():
        if name not in getRegisteredFontNames():
            registerFont(TTFont(name, Path(mpl.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"))


def _day(day: Any, locale: str) -> str:
    return format_date(day, "d MMMM y", locale=Locale(locale, TERRITORIES[locale]))


def _time(minutes: int, words: dict[str, str]) -> str:
    hours, rest = divmod(minutes, 60)
    kind = "minutes" if not hours else "hours" if rest else "full_hours"
    return words[kind].format(hours=hours, minutes=rest)
