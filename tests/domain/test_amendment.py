"""Rules in force are amended by both or stay as they are (edge cases 8, 23 and 24; reliability 1 and 2)."""

from mentoring_lifecycle.contracts.views import AgreementView
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain import events as e
from mentoring_lifecycle.domain.ground_rules import DEFAULT_VALUES
from mentoring_lifecycle.domain.letters import LetterKind
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import ACTIVE, DAY, MENTEE, MENTOR, ONBOARDED, Life, at_phase, at_the_end, life

NOTICE = (("R12", "48"),)
REVIEW = (("R17", "2"), ("R16", "New tools"))


def amending() -> Life:
    return life().after(*ACTIVE, c.ProposeRules(MENTEE, NOTICE))


def test_both_sign_and_the_new_version_is_in_force() -> None:
    """The other is asked with the new values; with the second signature both read what applies now."""
    lived = amending()
    letter = lived.letters(LetterKind.RULES_TO_SIGN)[-1]
    assert (letter.party, letter.facts.version, dict(letter.facts.rules)["R12"]) == (Party.MENTOR, 2, "48")
    lived.after(c.SignRules(MENTOR, 2))
    assert (lived.state.rules_version, dict(lived.state.rules_values)["R12"]) == (2, "48")
    assert [dict(each.facts.rules)["R12"] for each in lived.letters(LetterKind.RULES_AMENDED)] == ["48", "48"]


def test_case_24_until_both_have_signed_the_old_version_stays_in_force_and_sessions_go_on() -> None:
    """Neither the signatures nor the calendar are touched by a proposal."""
    lived = amending()
    session = lived.session
    assert (lived.state.rules_version, lived.state.rules_values, set(lived.state.signed)) == (
        1,
        DEFAULT_VALUES,
        set(PAIR),
    )
    lived.until(lambda state: state.planned_session is not None and state.planned_session.number > session.number)
    assert lived.happened(e.SessionCancelled) == []


def test_case_24_an_amendment_that_one_does_not_sign_lapses_after_a_fortnight() -> None:
    """Reminded once; then the old version simply goes on, nobody decides, and the number is not used again."""
    lived = amending().after(14 * DAY)
    assert lived.state.amendment is None
    assert len(lived.letters(LetterKind.RULES_REMINDER)) == 1
    assert lived.letters(LetterKind.DECISION_WANTED) == []
    assert lived.tries(c.SignRules(MENTOR, 2)) == Rejection(Refusal.ALREADY_SIGNED, "1")
    lived.after(c.ProposeRules(MENTOR, REVIEW))
    assert lived.state.amendment
    assert lived.state.amendment.version == 3


def test_a_newer_proposal_replaces_the_older_one() -> None:
    """Of either; the older letter signs nothing any more."""
    lived = amending().after(c.ProposeRules(MENTOR, REVIEW))
    assert lived.tries(c.SignRules(MENTOR, 2)) == Rejection(Refusal.VERSION_MOVED_ON, "3")
    assert lived.tries(c.SignRules(MENTOR, 3)) == Rejection(Refusal.ALREADY_SIGNED, "3")
    lived.after(c.SignRules(MENTEE, 3))
    values = dict(lived.state.rules_values)
    assert (values["R12"], values["R17"], values["R16"]) == ("24", "2", "New tools")


def test_the_pairs_own_page_shows_both_versions_apart() -> None:
    """What applies, what is proposed, and by whom."""
    view = AgreementView.of(amending().state)
    assert (view.rules_version, dict(view.rules)["R12"]) == (1, "24")
    assert (view.amendment, dict(view.amendment_rules)["R12"], view.amendment_by) == (2, "48", Party.MENTEE)
    assert AgreementView.of(life().after(*ACTIVE).state).amendment == 0


def test_before_the_sessions_a_new_version_voids_the_signatures() -> None:
    """Nothing is in force yet, so nothing is kept."""
    lived = life().after(*ONBOARDED, c.SignRules(MENTOR, 1), c.ProposeRules(MENTEE, NOTICE))
    assert (lived.state.rules_version, lived.state.signed, lived.state.amendment) == (2, (Party.MENTEE,), None)


def test_rules_that_were_never_signed_are_not_amended() -> None:
    """Where the end came before the signatures there is nothing in force, and after the last day nothing to amend."""
    lived = life().after(*ONBOARDED)
    while lived.state.phase is e.Phase.GROUND_RULES:
        if lived.state.decisions:
            lived.after(c.Decide("p-carla", c.Choice.MORE_TIME))
        lived.until(lambda state: bool(state.decisions) or state.phase is e.Phase.CLOSING)
    assert lived.tries(c.ProposeRules(MENTOR, NOTICE)) == Rejection(Refusal.WRONG_PHASE, "closing")
    assert lived.tries(c.SignRules(MENTOR, 1)) == Rejection(Refusal.WRONG_PHASE, "closing")
    assert at_the_end().tries(c.ProposeRules(MENTOR, NOTICE)) == Rejection(Refusal.END_REACHED)


def test_an_amendment_is_signed_in_closing_too() -> None:
    """The notice of the end does not end it; the last day does."""
    lived = at_phase(e.Phase.CLOSING).after(c.ProposeRules(MENTEE, NOTICE), c.SignRules(MENTOR, 2))
    assert lived.state.rules_version == 2
    lived = at_phase(e.Phase.CLOSING).after(DAY, c.ProposeRules(MENTEE, NOTICE))
    assert lived.until(lambda state: state.end_reached).state.amendment is None
