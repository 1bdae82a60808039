"""The words of a programme report, in English and Italian."""

from mentoring_lifecycle.contracts.figures import Figure, Section, Unit
from mentoring_lifecycle.contracts.withholding import Withheld

SECTIONS: dict[Section, tuple[str, str]] = {
    Section.RELATIONSHIPS: ("Relationships", "Abbinamenti"),
    Section.OUTCOMES: ("How they ended", "Come si sono conclusi"),
    Section.SESSIONS: ("Sessions", "Incontri"),
    Section.PULSES: ("How sessions were, rated 1 to 10", "Come sono stati gli incontri, da 1 a 10"),
    Section.TIME: ("Time", "Tempi"),
    Section.GOALS: ("Goals, rated 1 to 10", "Obiettivi, valutati da 1 a 10"),
    Section.LOOKING_BACK: ("Looking back", "Uno sguardo indietro"),
}

LABELS: dict[str, tuple[str, str]] = {
    "opened": ("Opened", "Aperti"),
    "started": ("Started: goals agreed", "Avviati: obiettivi concordati"),
    "running": ("Still open", "Ancora aperti"),
    "closed": ("Closed", "Conclusi"),
    "outcome_completed": ("Completed", "Completati"),
    "outcome_completed_early": ("Completed early", "Completati in anticipo"),
    "outcome_no_fault_exit": ("Left, without a reason", "Lasciati, senza motivo"),
    "outcome_declined": ("Declined", "Declinati"),
    "outcome_expired": ("Expired unanswered", "Scaduti senza risposta"),
    "outcome_inactive": ("Inactive", "Inattivi"),
    "outcome_left_org": ("Somebody left the organisation", "Uscita dall'organizzazione"),
    "outcome_rematched": ("Re-matched", "Nuovo abbinamento"),
    "outcome_ended_by_programme": ("Ended by the programme", "Conclusi dal programma"),
    "outcome_erased": ("Erased", "Cancellati"),
    "share_completed_early": ("Completed early, of those closed", "Completati in anticipo, sui conclusi"),
    "share_rematched": ("Re-matched, of those closed", "Nuovi abbinamenti, sui conclusi"),
    "share_inactive": ("Inactive, of those closed", "Inattivi, sui conclusi"),
    "sessions_planned": ("Sessions whose time came", "Incontri giunti alla loro data"),
    "sessions_held": ("Held, confirmed by both", "Svolti, confermati da entrambi"),
    "sessions_held_unconfirmed": ("Held, confirmed by one", "Svolti, confermati da uno"),
    "sessions_not_held": ("Not held", "Non svolti"),
    "sessions_disputed": ("Disputed", "Controversi"),
    "sessions_unknown": ("Unknown", "Sconosciuti"),
    "sessions_no_show": ("Somebody did not come", "Assenza di una parte"),
    "sessions_excused": ("Absence excused", "Assenza giustificata"),
    "late_changes_senior": ("Late changes by the senior", "Cambi tardivi di chi è senior"),
    "late_changes_junior": ("Late changes by the junior", "Cambi tardivi di chi è junior"),
    "late_changes_senior_each": (
        "Late changes by the senior, per started relationship",
        "Cambi tardivi di chi è senior, per abbinamento avviato",
    ),
    "share_held": ("Held and confirmed by both, of all", "Svolti e confermati da entrambi, sul totale"),
    "share_with_pulse": (
        "Somebody said how a session was, of those started",
        "Qualcuno ha detto com'è stato un incontro, sugli avviati",
    ),
    "pulse_heard": ("Felt heard", "Ascolto ricevuto"),
    "pulse_heard_junior": ("Felt heard, juniors", "Ascolto ricevuto, persone junior"),
    "pulse_heard_senior": ("Felt heard, seniors", "Ascolto ricevuto, persone senior"),
    "pulse_heard_d30": ("Felt heard, early on", "Ascolto ricevuto, nella fase iniziale"),
    "pulse_heard_d30_junior": (
        "Felt heard, early on, juniors",
        "Ascolto ricevuto, nella fase iniziale, persone junior",
    ),
    "pulse_heard_d30_senior": (
        "Felt heard, early on, seniors",
        "Ascolto ricevuto, nella fase iniziale, persone senior",
    ),
    "pulse_heard_mid": ("Felt heard, midway", "Ascolto ricevuto, a metà"),
    "pulse_heard_mid_junior": ("Felt heard, midway, juniors", "Ascolto ricevuto, a metà, persone junior"),
    "pulse_heard_mid_senior": ("Felt heard, midway, seniors", "Ascolto ricevuto, a metà, persone senior"),
    "pulse_useful": ("Useful", "Utilità"),
    "pulse_useful_junior": ("Useful, juniors", "Utilità, persone junior"),
    "pulse_useful_senior": ("Useful, seniors", "Utilità, persone senior"),
    "pulse_useful_d30": ("Useful, early on", "Utilità, nella fase iniziale"),
    "pulse_useful_d30_junior": ("Useful, early on, juniors", "Utilità, nella fase iniziale, persone junior"),
    "pulse_useful_d30_senior": ("Useful, early on, seniors", "Utilità, nella fase iniziale, persone senior"),
    "pulse_useful_mid": ("Useful, midway", "Utilità, a metà"),
    "pulse_useful_mid_junior": ("Useful, midway, juniors", "Utilità, a metà, persone junior"),
    "pulse_useful_mid_senior": ("Useful, midway, seniors", "Utilità, a metà, persone senior"),
    "pulse_safe": ("Felt safe, both together", "Senza timore, entrambe le parti insieme"),
    "days_opened_to_first_session": ("Invitation to first session", "Dall'invito al primo incontro"),
    "days_rules_to_first_session": ("Signed rules to first session", "Dalle regole firmate al primo incontro"),
    "days_in_onboarding": ("Onboarding", "Avvio"),
    "days_in_ground_rules": ("Ground rules", "Regole di base"),
    "days_in_goals": ("Goals", "Obiettivi"),
    "days_in_active": ("Active", "Attivo"),
    "days_in_closing": ("Closing", "In chiusura"),
    "goals_mentor_baseline": ("Mentors, at the beginning", "Mentor, all'inizio"),
    "goals_mentor_middle": ("Mentors, midway", "Mentor, a metà"),
    "goals_mentor_final": ("Mentors, at the end", "Mentor, alla fine"),
    "goals_mentor_change": ("Mentors, change", "Mentor, variazione"),
    "goals_mentee_baseline": ("Mentees, at the beginning", "Mentee, all'inizio"),
    "goals_mentee_middle": ("Mentees, midway", "Mentee, a metà"),
    "goals_mentee_final": ("Mentees, at the end", "Mentee, alla fine"),
    "goals_mentee_change": ("Mentees, change", "Mentee, variazione"),
    "share_with_survey": ("Closed with an answer to the survey", "Conclusi con risposta al questionario"),
    "would_repeat": ("Would do it again, 1 to 10", "Lo rifarebbe, da 1 a 10"),
    "would_repeat_senior": ("Would do it again, seniors", "Lo rifarebbe, persone senior"),
    "recommendation_index": (
        "Index: 9 and 10 for, 1 to 6 against",
        "Indice: 9 e 10 a favore, da 1 a 6 contro",
    ),
    "felt_safe": ("Felt safe to speak, 1 to 10", "Si poteva parlare senza timore, da 1 a 10"),
}

BENCHMARKS: tuple[tuple[str, str], ...] = (
    (
        "BNY Mellon Pershing: 96 % of the first cohort of mentors retained.",
        "BNY Mellon Pershing: trattenuto il 96 % del primo gruppo di mentor.",
    ),
    ("PwC Australia: 122 mentors for 200 partners.", "PwC Australia: 122 mentor per 200 partner."),
    (
        "KPMG: more than 160 people in 10 offices; partners make public pledges.",
        "KPMG: oltre 160 persone in 10 sedi; i partner prendono impegni pubblici.",
    ),
    (
        "Leeds: a pilot of 8 pairs, later 25 pairs completed.",
        "Leeds: un progetto pilota con 8 coppie, poi 25 completate.",
    ),
)
"""What others have published of themselves; to compare with and never to promise."""

PAGE: dict[str, tuple[str, str]] = {
    "title": ("Programme report", "Rapporto del programma"),
    "whole": ("All relationships of the programme.", "Tutti gli abbinamenti del programma."),
    "span": ("Relationships opened {span}.", "Abbinamenti aperti {span}."),
    "since": ("from {month} on", "da {month}"),
    "until": ("before {month}", "prima di {month}"),
    "figure": ("Figure", "Dato"),
    "value": ("Value", "Valore"),
    "benchmark": ("To compare", "Confronto"),
    "privacy": (
        (
            "Nobody is named here. A figure about fewer than {threshold} relationships is not given, nor one from "
            "which such a figure could be computed."
        ),
        (
            "Qui non si nomina nessuno. Un dato che riguarda meno di {threshold} abbinamenti non viene dato, né un "
            "altro da cui lo si potrebbe calcolare."
        ),
    ),
    "few": ("fewer than {threshold}", "meno di {threshold}"),
    "by_difference": ("withheld, to protect another figure", "omesso, a tutela di un altro dato"),
    "benchmarks": ("What others have published", "Che cosa hanno pubblicato altri"),
    "benchmarks_note": (
        "To compare with. None of it is a promise, and none of it is a target for a person.",
        "Per confronto. Nulla di questo è una promessa, né un obiettivo per una persona.",
    ),
    "plot_of": (
        "Plot: {what}. The table below holds the same numbers.",
        "Grafico: {what}. La tabella sotto contiene gli stessi numeri.",
    ),
    "baseline": ("beginning", "inizio"),
    "middle": ("midway", "metà"),
    "final": ("end", "fine"),
    "mentor": ("mentors", "mentor"),
    "mentee": ("mentees", "mentee"),
    "days": ("{value} days", "{value} giorni"),
    "median_days": ("days, median", "giorni, mediana"),
    "at_most": ("at most {value}", "al massimo {value}"),
    "at_least": ("at least {value}", "almeno {value}"),
    "definitions": (
        "Each figure is defined in the project's documentation, docs/report.md.",
        "Ogni dato è definito nella documentazione del progetto, docs/report.md.",
    ),
}

_AT_MOST = (Unit.DAYS, Unit.NUMBER)


class ReportWords:
    """The words of one language; English where the language is not ours."""

    def __init__(self, locale: str) -> None:
        self.locale = "it" if locale.startswith("it") else "en"
        self._index = int(self.locale == "it")

    def say(self, key: str, **facts: object) -> str:
        """A sentence of the page."""
        return PAGE[key][self._index].format(**facts)

    def section(self, section: Section) -> str:
        """Its heading."""
        return SECTIONS[section][self._index]

    def label(self, key: str) -> str:
        """What a figure is called; its key in words where it has no name of its own."""
        return LABELS[key][self._index] if key in LABELS else key.replace("_", " ")

    def benchmarks(self) -> list[str]:
        """What others have published."""
        return [each[self._index] for each in BENCHMARKS]

    def value(self, figure: Figure, threshold: int) -> str:
        """A value with its unit, or why there is none."""
        if figure.withheld is Withheld.FEW:
            return self.say("few", threshold=threshold)
        if figure.withheld or figure.value is None:
            return self.say("by_difference")
        signed = "+" if figure.key.endswith("_change") and figure.value > 0 else ""
        return signed + self._with_unit(figure.value, figure.unit)

    def benchmark(self, figure: Figure) -> str:
        """What to compare with; empty where there is nothing."""
        if figure.benchmark is None:
            return ""
        limit = "at_most" if figure.unit in _AT_MOST else "at_least"
        return self.say(limit, value=self._with_unit(figure.benchmark, figure.unit))

    def number(self, value: float) -> str:
        """As the language writes it."""
        text = f"{value:g}"
        return text.replace(".", ",") if self.locale == "it" else text

    def _with_unit(self, value: float, unit: Unit) -> str:
        number = self.number(value)
        if unit is Unit.PERCENT:
            return f"{number} %"
        return self.say("days", value=number) if unit is Unit.DAYS else number
