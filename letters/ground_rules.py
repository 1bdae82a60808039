"""The words of the eighteen ground rules, by the ids of the domain's catalogue."""

from collections.abc import Callable, Iterable

from babel.support import Translations

from mentoring_lifecycle.letters.user_text import one_line

Gettext = Callable[[str], str]


def rules_in_words(agreed: Iterable[tuple[str, str]], translations: Translations) -> tuple[str, ...]:
    """Every rule with the value that the pair agreed on; values that no catalogue knows are given as written."""
    values = dict(agreed)
    texts = _texts(translations.gettext)
    return tuple(_with_value(rule, text, values.get(rule, ""), translations) for rule, text in texts.items())


def _with_value(rule: str, text: str, value: str, translations: Translations) -> str:
    words = _value_in_words(rule, value, translations)
    if not words:
        return text
    agreed = translations.gettext("Agreed: %(value)s.") % {"value": words}
    return f"{text} {agreed}"


def _value_in_words(rule: str, value: str, translations: Translations) -> str:
    if value.isascii() and value.isdigit() and len(value) <= 3:
        return _count_in_words(rule, int(value), translations)
    choices = _choices(translations.gettext).get(rule, {})
    return choices.get(value, "") or one_line(value).rstrip(".")


def _count_in_words(rule: str, count: int, translations: Translations) -> str:
    ngettext = translations.ngettext
    if rule == "R12":
        words = ngettext("%(num)s hour before", "%(num)s hours before", count)
    elif rule == "R13":
        words = ngettext("within %(num)s working day", "within %(num)s working days", count)
    elif rule == "R17":
        words = ngettext("after %(num)s session", "after %(num)s sessions", count)
    else:
        words = "%(num)s"
    return words % {"num": count}


def _choices(_: Gettext) -> dict[str, dict[str, str]]:
    return {
        "R10": {
            "video": _("by video"),
            "neutral_place": _("in a neutral place"),
            "alternating": _("by video and in a neutral place, in turn"),
        },
        "R11": {
            "senior_books": _("the senior person books"),
            "junior_books": _("the junior person books"),
        },
        "R14": {
            "no": _("no recording"),
            "ask_each_time": _("we ask each time"),
        },
        "R15": {
            "name_pause_return": _("name it, pause, come back to it"),
            "written_first": _("write it down first, then talk"),
        },
        "R16": {
            "agreed_with_goals": _("together with the goals"),
        },
    }


def _texts(_: Gettext) -> dict[str, str]:
    return {
        "R01": _(
            "Joining and staying are voluntary; each of us says privately whether we are comfortable with the pairing."
        ),
        "R02": _("Either of us may stop at any time, without giving a reason and without blame."),
        "R03": _("What is said stays between us, including that the other person takes part."),
        "R04": _(
            "Confidentiality has limits: danger to somebody, crime, harassment, a legal duty. Then we tell the named"
            " contact, and tell each other first where that is safe."
        ),
        "R05": _(
            "In our talks rank stays outside: the junior person leads the agenda, the senior person listens first."
        ),
        "R06": _(
            "Neither of us has a part in the other's appraisal, pay, promotion, hiring or reference, now and for"
            " 12 months after."
        ),
        "R07": _("No gifts, money, loans, favours or private errands; no sexual or romantic approach."),
        "R08": _(
            "No insults, threats, or mockery of age, origin, gender, belief or disability; we disagree with ideas,"
            " not with people."
        ),
        "R09": _("Nobody is asked to speak for a whole group or to relive harm; “pass” is always allowed."),
        "R10": _(
            "We agree how often, how long and where or with which tool we meet, within the working hours and time zone"
            " of both; never in the senior person's office."
        ),
        "R11": _("We agree who books the sessions; the agenda arrives a day ahead."),
        "R12": _("We announce changes in good time; when two sessions in a row are cancelled, we talk about it."),
        "R13": _("We reply to each other without long waits."),
        "R14": _("Recordings, AI note-takers and screenshots only if both of us say yes, each time."),
        "R15": _(
            "We agree how we give feedback and how we disagree; when we cannot settle it, we ask the coordinator."
        ),
        "R16": _("We agree which topics are in and which are out."),
        "R17": _("We review these rules on the way and may change them together."),
        "R18": _("Speaking up in good faith never has consequences; retaliation is a breach by itself."),
    }
