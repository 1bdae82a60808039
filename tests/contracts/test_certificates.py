"""Certificates: earned from evidence alone, naming nobody else, and worth nothing once a byte has changed."""

import base64
import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring_lifecycle.contracts.certificates import (
    Certificate,
    CertificateInvalid,
    Evidence,
    Signer,
    evidence_for,
    verify,
)
from mentoring_lifecycle.contracts.record import Record, read_record
from mentoring_lifecycle.domain import commands as c
from mentoring_lifecycle.domain.people import PAIR, Party
from mentoring_lifecycle.domain.policy import ProgrammePolicy, Sessions
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from tests.builders import (
    ACTIVE,
    COORDINATOR,
    DAY,
    MENTEE,
    MENTOR,
    PERSON_OF,
    STRANGER,
    Life,
    feedback,
    journal_of,
    life,
    patient,
    whole_life,
)

SIGNER = Signer(bytes(range(32)))
OTHER = Signer(bytes(32))


def record_of(lived: Life) -> Record:
    record = read_record(*journal_of(lived))
    assert record
    return record


def lived_with(witnesses: Callable[[int], tuple[Party, ...]]) -> Record:
    """A life whose sessions were confirmed by these of the two, lived to its end."""
    lived = life(patient(ProgrammePolicy(sessions=Sessions(planned=4)))).after(*ACTIVE)
    while not lived.state.end_reached:
        for session in lived.state.sessions:
            if not session.lies_ahead:
                for party in witnesses(session.number):
                    lived.tries(c.ConfirmSession(PERSON_OF[party], session.number, held=True))
        lived.passes(lived.now + DAY)
    lived.after(feedback(MENTOR), feedback(MENTEE))
    lived.lives_on()
    return record_of(lived)


# --- earning ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("person", "party"), [(MENTOR, Party.MENTOR), (MENTEE, Party.MENTEE)])
def test_a_whole_life_earns_one(person: str, party: Party) -> None:
    """Each of the two gets what both confirmed: sessions, their minutes, and goals whose ratings reach the target."""
    record = record_of(whole_life())
    evidence = evidence_for(record, person)
    assert evidence == Evidence(
        party, date(2027, 1, 12), record.closed_at.date() if record.closed_at else date.min, 6, 60 + 5 * 45, 2, 0
    )


def test_goals_are_met_by_ratings() -> None:
    """A goal is met where everybody who rated it at the end reaches its target: 8 and 10 in these lives."""
    record = record_of(whole_life())
    assert record.targets == (8, 10)
    for mentor, mentee, met in (((8, 10), (9, 10), 2), ((8, 10), (7, 10), 1), ((8, 9), (7, 9), 0)):
        record.final = {Party.MENTOR: mentor, Party.MENTEE: mentee}
        assert record.goals_met() == met
    record.final = {}
    assert record.goals_met() == 0


def test_one_witness_earns_nothing() -> None:
    """A relationship that closed as completed on sessions that only one confirmed gets no certificate."""
    record = record_of(whole_life())
    for session in record.sessions.values():
        session.result = "held_unconfirmed"
    assert evidence_for(record, MENTOR) == Rejection(Refusal.NOT_EARNED)


@pytest.mark.parametrize(("both", "earned"), [(2, False), (3, True)])
def test_unconfirmed_sessions_do_not_help(both: int, earned: bool) -> None:
    """With two sessions confirmed by both and two by one it is completed, and yet no certificate is earned."""
    record = lived_with(lambda number: PAIR if number <= both else (Party.MENTOR,))
    assert record.outcome == "completed"
    evidence = evidence_for(record, MENTOR)
    assert isinstance(evidence, Evidence) is earned
    if isinstance(evidence, Evidence):
        assert evidence.sessions == both


def test_the_end_date_earns_nothing() -> None:
    """Whoever lets the time pass without meeting reaches the end, and nothing else."""
    assert evidence_for(lived_with(lambda number: ()), MENTOR) == Rejection(Refusal.NOT_EARNED)


def test_nothing_is_earned_on_the_way() -> None:
    """An open relationship has no certificate, however good it is."""
    assert evidence_for(record_of(life().after(*ACTIVE)), MENTOR) == Rejection(Refusal.NOT_CLOSED)


@pytest.mark.parametrize("person", [STRANGER, COORDINATOR])
def test_only_the_two_get_one(person: str) -> None:
    """Neither a stranger nor the coordinator."""
    assert evidence_for(record_of(whole_life()), person) == Rejection(Refusal.NOT_PART_OF_THIS)


# --- signing and proving ----------------------------------------------------------------------------------------


def certificate(**changes: Any) -> Certificate:
    evidence = Evidence(Party.MENTOR, date(2027, 1, 12), date(2027, 7, 13), 6, 285, 2, 1)
    given = {"holder": "Łucja D'Agostò", "issuer": "Società Esempio", "programme": "Ponte"} | changes
    return SIGNER.issue(evidence, relationship="r-1", person="p-1", issued_on=date(2027, 7, 20), **given)


def test_what_was_signed_is_proven() -> None:
    """With the issuer's public key a file gives back what was signed."""
    assert verify(SIGNER.sign(certificate()).encode(), SIGNER.public_key) == certificate()


def test_another_order_of_keys_is_the_same_certificate() -> None:
    """The signature is over one canonical form, so a file that was merely written anew still proves itself."""
    told = json.loads(SIGNER.sign(certificate()))
    turned = {"signature": told["signature"], "certificate": dict(reversed(told["certificate"].items()))}
    assert verify(json.dumps(turned).encode(), SIGNER.public_key) == certificate()


@pytest.mark.parametrize("field", list(Certificate.__dataclass_fields__))
def test_no_field_can_be_changed(field: str) -> None:
    """Whatever is changed, the signature no longer fits."""
    told = json.loads(SIGNER.sign(certificate()))
    value = told["certificate"][field]
    told["certificate"][field] = value + 1 if isinstance(value, int) else f"{value}x" if value else ["x"]
    with pytest.raises(CertificateInvalid, match="signature does not fit"):
        verify(json.dumps(told).encode(), SIGNER.public_key)


def test_the_key_inside_a_file_proves_nothing() -> None:
    """A forger can sign with a key of their own and write it into the file; the reader's key decides."""
    forged = OTHER.sign(certificate())
    assert json.loads(forged)["signature"]["public_key"] == OTHER.public_key
    with pytest.raises(CertificateInvalid, match="signature does not fit"):
        verify(forged.encode(), SIGNER.public_key)


def test_nothing_rides_along_unsigned() -> None:
    """A key given twice, or anything beside certificate and signature, is refused."""
    file = SIGNER.sign(certificate())
    twice = file.replace('"holder"', '"holder": "Somebody Else", "holder"')
    beside = file.replace("{", '{"note": "with honours",', 1)
    for text in (twice, beside):
        with pytest.raises(CertificateInvalid):
            verify(text.encode(), SIGNER.public_key)


@given(
    st.binary(max_size=300)
    | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(lambda x: repr(x).encode())
)
def test_any_other_file_is_refused(file: bytes) -> None:
    """Whatever it holds, there is one kind of error with a sentence."""
    with pytest.raises(CertificateInvalid):
        verify(file, SIGNER.public_key)


@pytest.mark.parametrize("content", ["null", "[]", "1e999", '{"a": NaN}', '"\\ud800"'])
def test_odd_content_is_refused(content: str) -> None:
    """Numbers and texts that have no canonical form prove nothing."""
    signature = base64.b64encode(bytes(64)).decode()
    file = f'{{"certificate": {content}, "signature": {{"value": "{signature}"}}}}'
    with pytest.raises(CertificateInvalid):
        verify(file.encode(), SIGNER.public_key)


def test_a_signed_file_of_another_kind_is_no_certificate() -> None:
    """A valid signature over something else does not make it one."""
    told = json.loads(SIGNER.sign(certificate()))
    content = {"greeting": "hello"}
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    value = base64.b64encode(SIGNER._key.sign(canonical)).decode()
    file = {"certificate": content, "signature": told["signature"] | {"value": value}}
    with pytest.raises(CertificateInvalid, match="does not know this kind"):
        verify(json.dumps(file).encode(), SIGNER.public_key)


def test_ids_are_opaque_and_stable() -> None:
    """The same certificate twice has one id; another person, relationship or key has another; none holds our ids."""
    ids = {
        SIGNER.id_for("r-1", "p-1"),
        SIGNER.id_for("r-1", "p-2"),
        SIGNER.id_for("r-2", "p-1"),
        OTHER.id_for("r-1", "p-1"),
    }
    assert len(ids) == 4
    assert SIGNER.id_for("r-1", "p-1") in ids
    assert not any("r-1" in each or "p-1" in each for each in ids)


def test_the_other_one_is_not_named() -> None:
    """Ground rule R03: that the partner took part is theirs to tell, so no id and no name of them is in the file."""
    record = record_of(whole_life())
    evidence = evidence_for(record, MENTOR)
    assert isinstance(evidence, Evidence)
    file = SIGNER.sign(
        SIGNER.issue(
            evidence,
            relationship="r-1",
            person=MENTOR,
            holder="Luca",
            issuer="Esempio",
            programme="Ponte",
            issued_on=date(2027, 8, 1),
        )
    )
    assert not any(each in file for each in (MENTOR, MENTEE, COORDINATOR, "r-1"))
