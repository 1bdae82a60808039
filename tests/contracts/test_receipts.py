"""Receipt codes: enough chance, easy to read back, a typo told as a typo, and nothing stored that tells the code."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.contracts.names import is_identifier
from mentoring_lifecycle.contracts.receipts import ALPHABET, CHANCE_BYTES, Receipt, read_receipt, receipt_from
from mentoring_lifecycle.domain.cases.locks import lock_of, opens
from mentoring_lifecycle.domain.rejections import Refusal, Rejection
from mentoring_lifecycle.starter.intake import new_receipt

CHANCE = st.binary(min_size=CHANCE_BYTES, max_size=CHANCE_BYTES)
SOME = receipt_from(bytes(range(CHANCE_BYTES)))
TYPO = Rejection(Refusal.RECEIPT_TYPO)


def plain(receipt: Receipt) -> str:
    return receipt.code.replace("-", "")


@given(CHANCE)
def test_a_code_is_read_back_as_people_type_it(chance: bytes) -> None:
    """Lower case, with spaces or without anything, O for 0 and I or L for 1: the same receipt."""
    receipt = receipt_from(chance)
    assert read_receipt(receipt.code) == receipt
    for typed in (
        plain(receipt).lower(),
        f"  {receipt.code.replace('-', ' ')}\n",
        receipt.code.replace("0", "O").replace("1", "I"),
        receipt.code.replace("0", "o").replace("1", "l"),
    ):
        read = read_receipt(typed)
        assert read == receipt
        assert isinstance(read, Receipt)
        assert (read.case, read.key) == (receipt.case, receipt.key)


@given(CHANCE, CHANCE)
def test_no_chance_is_lost(one: bytes, other: bytes) -> None:
    """135 bits make a code: two of them are equal only where all of these are."""
    bits = [int.from_bytes(each) & (1 << 135) - 1 for each in (one, other)]
    assert (receipt_from(one) == receipt_from(other)) is (bits[0] == bits[1])


def test_receipts_are_drawn_anew() -> None:
    """A thousand are a thousand, each of its own case."""
    codes = {new_receipt() for _ in range(1_000)}
    cases = {known.case for code in codes if isinstance(known := read_receipt(code), Receipt)}
    assert len(codes) == len(cases) == 1_000


@given(CHANCE, st.integers(0, 27), st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_a_typo(chance: bytes, place: int, symbol: str) -> None:
    """Wherever it stands and whatever it is."""
    code = plain(receipt_from(chance))
    mistyped = code[:place] + symbol + code[place + 1 :]
    assert (read_receipt(mistyped) == TYPO) is (mistyped != code)


def test_every_wrong_symbol_of_one_code_is_a_typo() -> None:
    """All 868 of them, and every two that changed places."""
    code = plain(SOME)
    wrong = {code[:n] + symbol + code[n + 1 :] for n in range(len(code)) for symbol in ALPHABET} - {code}
    for one, other in combinations(range(len(code)), 2):
        swapped = list(code)
        swapped[one], swapped[other] = swapped[other], swapped[one]
        wrong |= {"".join(swapped)} - {code}
    assert len(wrong) > 868
    assert all(read_receipt(each) == TYPO for each in wrong)


@pytest.mark.parametrize("typed", ["", "-", "U" * 28, plain(SOME)[:-1], plain(SOME) + "0", "à" * 28, "0" * 10_000])
def test_what_is_no_code_is_a_typo(typed: str) -> None:
    """Too short, too long, or with what stands in no code."""
    assert read_receipt(typed) == TYPO


@settings(max_examples=200)
@given(st.text(max_size=60))
def test_anything_can_be_typed(text: str) -> None:
    """It is a receipt or a typo, and never an error."""
    assert isinstance(read_receipt(text), Receipt | Rejection)


def test_what_is_derived_tells_nothing_of_the_rest() -> None:
    """Case id, key and lock have nothing in common, and printed or logged a receipt shows no code."""
    derived = {SOME.case.replace("-", ""), SOME.key, lock_of(SOME.key)}
    assert len({each[:32] for each in derived}) == 3
    assert is_identifier(SOME.case)
    assert SOME.code not in repr(SOME)
    assert opens(SOME.key, lock_of(SOME.key))
    assert not opens(SOME.key, "")
    assert not opens("", lock_of(SOME.key))


def test_an_anonymous_case_looks_like_any_other() -> None:
    """Its id is formed as a random one is."""
    import uuid

    assert uuid.UUID(SOME.case).version == 4


def test_codes_in_peoples_hands_stay_valid() -> None:
    """What a code leads to is fixed for good: somebody has it on paper."""
    assert SOME.code == "GR3W-G6G1-BG2J-04W0-6818-G180-100G"
    assert SOME.case == "f22f11e9-df6d-48ab-90e8-48db9544634f"
    assert SOME.lock == "212611acef19d2dab44ec3a1b76e5b5ccb4e7af3692fb28aa6754a83d5939d24"
