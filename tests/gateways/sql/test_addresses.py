"""What names and addresses may hold. (Whatever passes here is stored, and later mailed.)"""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mentoring_lifecycle.contracts.addresses import TextFault, TextRefused, checked_address, checked_name


def refusal(check: object, text: str) -> TextFault:
    assert callable(check)
    with pytest.raises(TextRefused) as refused:
        check(text)
    assert text not in str(refused.value) or not text.strip()
    return refused.value.code


@pytest.mark.parametrize(
    "name", ["Giulia Ferrari", "Niccolò D'Angelo", "O'Connor, Grace (She/Her)", "李小龍", "عائشة", "J", "x" * 120]
)
def test_names_of_people_pass_unchanged(name: str) -> None:
    """Names of any script and usual punctuation are accepted."""
    assert checked_name(name) == name


def test_names_are_composed() -> None:
    """A name typed with combining accents is stored as its composed form, and measured so."""
    assert checked_name("Niccolo\u0300") == "Niccolò"
    assert checked_name("o\u0300" * 120) == "ò" * 120


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("", TextFault.NAME_EMPTY),
        ("   ", TextFault.NAME_EMPTY),
        ("x" * 121, TextFault.NAME_TOO_LONG),
        ("Eve\r\nBcc: evil@x.example", TextFault.NAME_UNPRINTABLE),
        ("Eve\nSubject: hi", TextFault.NAME_UNPRINTABLE),
        ("Eve\tTab", TextFault.NAME_UNPRINTABLE),
        ("Eve\x00", TextFault.NAME_UNPRINTABLE),
        ("Eve\x7f", TextFault.NAME_UNPRINTABLE),
        ("Eve\x85Next", TextFault.NAME_UNPRINTABLE),
        ("Eve\x9b", TextFault.NAME_UNPRINTABLE),
        ("Eve\u2028", TextFault.NAME_UNPRINTABLE),
        ("Eve\u2029", TextFault.NAME_UNPRINTABLE),
        ("Eve\ud83d", TextFault.NAME_UNPRINTABLE),
        *((f"Eve{chr(point)}", TextFault.NAME_DIRECTION) for point in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))),
        ("=?utf-8?q?hi=0ABcc:_evil@x.example?=", TextFault.NAME_ENCODED_WORD),
        ("Eve =?", TextFault.NAME_ENCODED_WORD),
    ],
)
def test_dangerous_names_are_refused(name: str, fault: TextFault) -> None:
    """Header injection, invisible characters and over-long names are refused with their reason."""
    assert refusal(checked_name, name) is fault


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("giulia@people.example", "giulia@people.example"),
        ("Giulia.Ferrari+m@People.EXAMPLE", "Giulia.Ferrari+m@people.example"),
        ("u@mail.test", "u@mail.test"),
        ("u@bücher.example", "u@xn--bcher-kva.example"),
        ("u@BÜCHER.example", "u@xn--bcher-kva.example"),
    ],
)
def test_addresses_are_normalised(written: str, kept: str) -> None:
    """The domain becomes lower-case A-labels; the local part stays as written."""
    assert checked_address(written) == kept


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("", TextFault.ADDRESS_EMPTY),
        ("giulia", TextFault.ADDRESS_MALFORMED),
        ("alice@example.org)bob@evil.org", TextFault.ADDRESS_MALFORMED),
        ("x, y@z.org", TextFault.ADDRESS_MALFORMED),
        ("Giulia <giulia@people.example>", TextFault.ADDRESS_MALFORMED),
        ("giulia@people.example ", TextFault.ADDRESS_MALFORMED),
        ("giulia@people.example\r\nRCPT TO:<evil@x.example>", TextFault.ADDRESS_MALFORMED),
        ("giulia\x00@people.example", TextFault.ADDRESS_MALFORMED),
        ("g\ud800@people.example", TextFault.ADDRESS_MALFORMED),
        ("g@people\ud800.example", TextFault.ADDRESS_MALFORMED),
        ("giulia@[127.0.0.1]", TextFault.ADDRESS_MALFORMED),
        ("giulia@localhost", TextFault.ADDRESS_MALFORMED),
        ('"giulia ferrari"@people.example', TextFault.ADDRESS_MALFORMED),
        ("x" * 65 + "@people.example", TextFault.ADDRESS_MALFORMED),
        ("niccolò@people.example", TextFault.ADDRESS_NOT_ASCII),
        ("=?utf-8?q?x?=@people.example", TextFault.ADDRESS_ENCODED_WORD),
        ('"=\\?utf-8?q?x?="@people.example', TextFault.ADDRESS_MALFORMED),
        ("u@" + ".".join(["x" * 60] * 5) + ".example", TextFault.ADDRESS_TOO_LONG),
        ("u@" + ".".join(["ü" * 20] * 10) + ".example", TextFault.ADDRESS_MALFORMED),
    ],
)
def test_dubious_addresses_are_refused(written: str, fault: TextFault) -> None:
    """Nothing but one bare, deliverable-looking address is accepted, and each refusal has its reason."""
    assert refusal(checked_address, written) is fault


def test_accents_before_the_at_sign_are_accepted_on_request() -> None:
    """A mail server that offers SMTPUTF8 may be given such addresses; the domain is still ASCII."""
    assert checked_address("niccolò@bücher.example", smtputf8=True) == "niccolò@xn--bcher-kva.example"


@settings(deadline=None)
@given(st.text(max_size=200))
def test_a_checked_name_is_one_header_and_stays_as_checked(text: str) -> None:
    """Whatever passes is checked to itself again and survives a mail header without planting another."""
    try:
        name = checked_name(text)
    except TextRefused:
        return
    assert checked_name(name) == name
    mail = EmailMessage(SMTP)
    mail["To"] = Address(name, addr_spec="u@people.example")
    assert mail.as_bytes().count(b"\r\n") - mail.as_bytes().count(b"\r\n ") == 2
    name.encode()


@settings(deadline=None)
@given(st.text(max_size=60) | st.emails() | st.from_regex(r"[\x00-\x7f]{1,20}@[a-z]{1,10}\.example", fullmatch=True))
def test_a_checked_address_stays_as_checked(text: str) -> None:
    """Whatever passes is one ASCII address that is checked to itself again."""
    try:
        address = checked_address(text)
    except TextRefused:
        return
    assert checked_address(address) == address
    assert address.isascii()
    assert address.count("@") == 1
    assert address.isprintable()
    assert "=?" not in address
