"""What a receiver reads, and what no name, subject or text can make them read."""

from contextlib import suppress
from dataclasses import replace
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from mentoring_lifecycle.activities.ports import Attendee, MailRefused
from mentoring_lifecycle.domain.letters import CalendarMethod
from mentoring_lifecycle.gateways import mail_smtp
from mentoring_lifecycle.gateways.mail_smtp import SmtpMail

ENCODED_BCC = "=?utf-8?q?hi=0ABcc:_evil@evil.example?="
ATTACKS = [
    ENCODED_BCC,
    "=?utf-8?b?aGkKQmNjOiBldmlsQGV2aWwuZXhhbXBsZQ==?=",
    "hi\r\nBcc: evil@evil.example",
    "hi\nBcc: evil@evil.example",
    "hi\rBcc: evil@evil.example",
    "hi\x00there",
    "hi\x85there",
    "hi\u2028Bcc: evil@evil.example",
    "moc.live\u202e@anna",
    "lone \ud800 surrogate",
]


def shape(message: EmailMessage) -> list[str]:
    return [part.get_content_type() for part in message.walk()]


def text_of(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


async def test_a_letter_arrives_as_it_was_written(smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """Plain and HTML text, sender, reader, subject and date all arrive, to one envelope recipient."""
    await smtp.send(mail())
    letter = mailbox.newest()
    assert shape(letter) == ["multipart/alternative", "text/plain", "text/html"]
    assert letter["From"] == "Mentoring <mentoring@programme.example>"
    assert letter["To"] == "Anna Rossi <anna@example.org>"
    assert letter["Subject"] == "Your session"
    assert letter["Date"] == "Mon, 02 Mar 2026 12:00:00 +0000"
    assert letter["Auto-Submitted"] == "auto-generated"
    assert letter["Reply-To"] is None
    assert text_of(letter, "plain") == "Hello Anna,\n"
    assert text_of(letter, "html").strip() == "<p>Hello Anna,</p>"
    assert mailbox.recipients == [["anna@example.org"]]


@pytest.mark.parametrize("method", [CalendarMethod.REQUEST, CalendarMethod.CANCEL])
async def test_an_invitation_carries_its_entry_twice(
    method: CalendarMethod, smtp: SmtpMail, mailbox: Any, invitation_mail: Any
) -> None:
    """The calendar part says the method like its body does, and the same body is attached as a file."""
    await smtp.send(invitation_mail(method))
    letter = mailbox.newest()
    assert shape(letter) == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    *_, part, attachment = letter.walk()
    body = part.get_payload(decode=True)
    calendar = Calendar.from_ical(body)
    assert part.get_param("method") == calendar["METHOD"] == method.value.upper()
    assert part.get_content_charset() == "utf-8"
    assert attachment.get_filename() == "invite.ics"
    assert attachment.get_payload(decode=True).splitlines() == body.splitlines()
    assert calendar.events[0]["ORGANIZER"] == "mailto:mentoring@programme.example"
    assert letter["Auto-Submitted"] is None


async def test_a_retry_is_the_same_message_to_the_byte(smtp: SmtpMail, mailbox: Any, invitation_mail: Any) -> None:
    """A mail sent again can be recognised as the same one, by its id and by its bytes."""
    await smtp.send(invitation_mail())
    await smtp.send(invitation_mail())
    assert mailbox.letters[0] == mailbox.letters[1]


async def test_the_message_id_belongs_to_the_effect(smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """Another effect key gives another Message-ID; neither shows the key."""
    await smtp.send(mail())
    await smtp.send(mail(key="r1/s1/session_reminder/p2/0"))
    first, second = (letter.split(b"Message-ID: ")[1].split(b"\r\n")[0] for letter in mailbox.letters)
    assert first != second
    assert first.endswith(b"@programme.example>")
    assert b"session_reminder" not in b"".join(mailbox.letters)


async def test_italian_arrives_intact(smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """Accents in names, subjects and texts survive a server that knows ASCII only."""
    await smtp.send(
        mail(
            to=Attendee("Niccolò D'Àvila, perché", "n@example.org"),
            subject="È ora: la vostra sessione è più tardi, martedì 3 marzo alle 15:00, nell'attività già avviata",
            text="Perché no? Così è più bello.\n",
        )
    )
    letter = mailbox.newest()
    assert mailbox.letters[0].isascii()
    assert letter["To"].addresses[0].display_name == "Niccolò D'Àvila, perché"
    assert letter["Subject"] == (
        "È ora: la vostra sessione è più tardi, martedì 3 marzo alle 15:00, nell'attività già avviata"
    )
    assert text_of(letter, "plain") == "Perché no? Così è più bello.\n"


async def test_no_space_is_lost_where_a_header_is_folded(smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """Accented names and subjects of any length keep every space between their words."""
    for length in range(20, 120):
        words = ("perché è così, già più tardi: " * 8)[:length].strip()
        await smtp.send(mail(to=Attendee(words, "n@example.org"), subject=words))
        assert as_decoded(mailbox.letters[-1], "Subject") == words
        assert as_decoded(mailbox.letters[-1], "To") == f"{words} <n@example.org>"
    assert max(len(line) for letter in mailbox.letters for line in letter.split(b"\r\n")) <= 78


def as_decoded(letter: bytes, name: str) -> str:
    """A header by the letter of RFC 2047; the parser of Python 3.11 adds spaces between the words of a name."""
    written = BytesParser(policy=policy.compat32).parsebytes(letter)[name]
    return str(make_header(decode_header(str(written).replace("\r\n", "")))).replace("  <", " <")


async def test_an_international_domain_travels_as_ascii(smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """A domain with umlauts is written in the form that mail servers resolve."""
    await smtp.send(mail(to=Attendee("Anna", "anna@bücher.example")))
    assert mailbox.recipients == [["anna@xn--bcher-kva.example"]]
    assert mailbox.newest()["To"].addresses[0].addr_spec == "anna@xn--bcher-kva.example"


async def test_long_lines_and_dots_survive(smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """Lines of 4,000 characters and lines that are a dot arrive unchanged, within SMTP's line length."""
    text = "x" * 4000 + "\n.\n..\n.hidden\n" + "è" * 4000 + "\nend\n"
    await smtp.send(mail(text=text))
    assert text_of(mailbox.newest(), "plain") == text
    assert max(map(len, mailbox.letters[0].split(b"\r\n"))) <= 998


@pytest.mark.parametrize("attack", ATTACKS)
async def test_no_name_or_subject_plants_a_header(attack: str, smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """Encoded words, line breaks and invisible signs in a name or subject never leave this process."""
    for letter in (mail(subject=attack), mail(to=Attendee(attack, "anna@example.org"))):
        with pytest.raises(MailRefused) as caught:
            await smtp.send(letter)
        assert caught.value.reason == "malformed"
        assert caught.value.__cause__ is None
    assert mailbox.letters == []


async def test_a_planted_header_is_seen_even_if_no_guard_saw_its_source(
    smtp: SmtpMail, mailbox: Any, mail: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The finished message is read again before it leaves, so an interpreter that plants headers is found out."""
    monkeypatch.setattr(mail_smtp, "_checked_subject", str)
    monkeypatch.setattr(mail_smtp, "checked_name", str)
    for attack in (ENCODED_BCC, ENCODED_BCC.replace("=0A", "=0D=0A")):
        for letter in (mail(subject=attack), mail(to=Attendee(attack, "anna@example.org"))):
            with suppress(MailRefused):
                await smtp.send(letter)
    assert not any(b"\nbcc:" in letter.lower() for letter in mailbox.letters)


@pytest.mark.parametrize("attack", ATTACKS)
async def test_no_partner_plants_a_header(attack: str, smtp: SmtpMail, invitation_mail: Any, entry: Any) -> None:
    """The other participant's name is checked like the reader's."""
    strange = entry(attendees=(Attendee(attack, "bo@example.org"),))
    with pytest.raises(MailRefused):
        await smtp.send(invitation_mail(entry=strange))


@pytest.mark.parametrize(
    "address",
    [
        "alice@example.org)bob@evil.example",
        "x, y@z.example",
        "anna@example.org\r\nRCPT TO:<evil@evil.example>",
        "anna@example.org> SIZE=1",
        "<anna@example.org>",
        "Anna <anna@example.org>",
        '"anna evil"@example.org',
        "ännä@example.org",
        "anna@localhost",
        "anna@example",
        "anna",
        "",
    ],
)
async def test_only_one_plain_address_is_written_to(address: str, smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """What is not exactly one deliverable address is refused, never repaired."""
    with pytest.raises(MailRefused) as caught:
        await smtp.send(mail(to=Attendee("Anna", address)))
    assert caught.value.reason == "malformed"
    assert mailbox.recipients == []


async def test_an_invitation_without_an_entry_is_refused(smtp: SmtpMail, invitation_mail: Any) -> None:
    """A method with nothing to apply it to never leaves."""
    with pytest.raises(MailRefused):
        await smtp.send(replace(invitation_mail(), entry=None))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    name=st.text(st.sampled_from("=?utf8qQbB_ =0A\r\n<>@,;:\"'()\\.Èé\u202e\u2028\x00ab"), max_size=60),
    subject=st.text(st.sampled_from("=?utf8qQbB_ =0A\r\n:Bccx@é\x7f\u2029 "), max_size=200),
)
async def test_whatever_a_letter_says_its_headers_are_ours(
    name: str, subject: str, smtp: SmtpMail, mailbox: Any, mail: Any
) -> None:
    """Any name and subject is either refused or gives exactly our headers and one recipient."""
    mailbox.letters.clear()
    try:
        await smtp.send(mail(to=Attendee(name, "anna@example.org"), subject=subject))
    except MailRefused:
        assert mailbox.letters == []
        return
    letter = mailbox.newest()
    assert sorted(name.lower() for name in letter) == [
        "auto-submitted",
        "content-type",
        "date",
        "from",
        "message-id",
        "mime-version",
        "subject",
        "to",
    ]
    assert [mailbox.addr_spec for mailbox in letter["To"].addresses] == ["anna@example.org"]


# --- where answers come back to ---------------------------------------------------------------------------------

SECRET = "mentoring+aaaabbbbccccdddd@replies.programme.example"


async def test_a_letter_asks_for_replies_at_the_secret_address(smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """It comes from the sender that people know; what comes back, bounces included, goes to the secret address."""
    await smtp.send(mail(reply_address=SECRET))
    letter = mailbox.newest()
    assert letter["From"] == "Mentoring <mentoring@programme.example>"
    assert [mailbox.addr_spec for mailbox in letter["Reply-To"].addresses] == [SECRET]
    assert mailbox.senders[-1] == SECRET


@pytest.mark.parametrize("method", [CalendarMethod.REQUEST, CalendarMethod.CANCEL])
async def test_an_invitation_is_organized_where_answers_are_read(
    method: CalendarMethod, smtp: SmtpMail, mailbox: Any, invitation_mail: Any
) -> None:
    """Sender, organizer and envelope are one address: calendars answer to the organizer."""
    await smtp.send(invitation_mail(method, reply_address=SECRET))
    letter = mailbox.newest()
    assert letter["From"] == f"Mentoring <{SECRET}>"
    assert letter["Reply-To"] is None
    assert letter["Auto-Submitted"] is None
    assert mailbox.senders[-1] == SECRET
    (part,) = [part for part in letter.walk() if part.get_content_type() == "text/calendar"]
    (event,) = Calendar.from_ical(part.get_content()).subcomponents
    assert event["ORGANIZER"] == f"mailto:{SECRET}"


async def test_without_a_secret_address_everything_is_as_it_was(smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """The sender's own address in the envelope, and no Reply-To."""
    await smtp.send(mail())
    assert mailbox.senders[-1] == "mentoring@programme.example"
    assert mailbox.newest()["Reply-To"] is None


async def test_the_longest_secret_address_arrives_unbroken(smtp: SmtpMail, mailbox: Any, mail: Any) -> None:
    """Headers are folded at spaces, and an address has none."""
    longest = f"{'m' * 48}{'a' * 16}@{'.'.join(['d' * 40] * 4)}.example"
    await smtp.send(mail(reply_address=longest))
    assert [each.addr_spec for each in mailbox.newest()["Reply-To"].addresses] == [longest]
    assert f"Reply-To: <{longest}>\r\n".encode() in mailbox.letters[-1]


async def test_the_longest_secret_address_invites_unbroken(smtp: SmtpMail, mailbox: Any, invitation_mail: Any) -> None:
    """As sender of an invitation as well."""
    longest = f"{'m' * 48}{'a' * 16}@{'.'.join(['d' * 40] * 4)}.example"
    await smtp.send(invitation_mail(reply_address=longest))
    assert mailbox.newest()["From"].addresses[0].addr_spec == longest


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_secret_address_smuggles_nothing_in(attack: str, smtp: SmtpMail, mail: Any) -> None:
    """Whatever a host's own gateway hands us as one."""
    with pytest.raises(MailRefused, match="malformed"):
        await smtp.send(mail(reply_address=f"{attack}@programme.example"))
