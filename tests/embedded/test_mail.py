import smtplib
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from mentoring_lifecycle.embedded.mail import LOSE_MESSAGE, LOSE_REPLY, Mailbox, MailServer, MailServerMissing

from .conftest import listens

ADA, BO = "ada@people.example", "bo@people.example"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MailServer]:
    with MailServer(tmp_path / "mail") as server:
        yield server


def _letter(subject: str, text: str = "Hello") -> EmailMessage:
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "mentoring@programme.example", "undisclosed", subject
    letter.set_content(text)
    return letter


def _send(server: MailServer, subject: str, *recipients: str, text: str = "Hello") -> None:
    with smtplib.SMTP(server.host, server.port, timeout=10) as smtp:
        smtp.send_message(_letter(subject, text), from_addr="bounces@programme.example", to_addrs=recipients)


def _subjects(mailbox: Mailbox, to: str | None = None) -> list[str]:
    return [filed.message["Subject"] for filed in mailbox.messages(to=to)]


def test_mail_is_filed_in_order_of_arrival(server: MailServer) -> None:
    """Every message becomes one file, and the files sort as they came."""
    subjects = [f"letter {number}" for number in range(12)]
    for subject in subjects:
        _send(server, subject, ADA)
    assert _subjects(server.mailbox) == subjects
    assert all(filed.file.suffix == ".eml" for filed in server.mailbox.messages())


def test_the_envelope_is_kept_beside_the_message(server: MailServer) -> None:
    """Who really got a message is known, whatever its headers say, and each reader finds the own."""
    _send(server, "to both", ADA, BO)
    _send(server, "to one", BO)
    both, _one = server.mailbox.messages()
    assert both.sender == "bounces@programme.example"
    assert both.recipients == (ADA, BO)
    assert both.message["To"] == "undisclosed"
    assert _subjects(server.mailbox, to=ADA) == ["to both"]
    assert _subjects(server.mailbox, to=BO) == ["to both", "to one"]


def test_the_content_is_filed_as_it_was_sent(server: MailServer) -> None:
    """Accents, and lines that begin with a dot, arrive unharmed."""
    text = "Ciao, è già lunedì.\n.\n..hidden\n"
    _send(server, "Città", ADA, text=text)
    [filed] = server.mailbox.messages()
    assert filed.message["Subject"] == "Città"
    assert filed.message.get_content().splitlines() == text.splitlines()


def test_a_refused_recipient_gets_nothing(server: MailServer) -> None:
    """A test can make single addresses bounce."""
    server.on_recipient = lambda address: "550 5.1.1 no such person" if address == ADA else None
    _send(server, "hello", ADA, BO)
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        _send(server, "again", ADA)
    assert [filed.recipients for filed in server.mailbox.messages()] == [(BO,)]


def test_a_refused_message_is_not_filed(server: MailServer) -> None:
    """A test can refuse content, for now or for good, and sees what would have been filed."""
    seen = []

    def refuse(recipients: tuple[str, ...], content: bytes) -> str:
        seen.append((recipients, b"Subject: later" in content))
        return "451 4.3.0 try again"

    server.on_message = refuse
    with pytest.raises(smtplib.SMTPDataError, match="try again"):
        _send(server, "later", ADA)
    assert seen == [((ADA,), True)]
    assert server.mailbox.messages() == []


@pytest.mark.parametrize(("loss", "filed"), [(LOSE_MESSAGE, []), (LOSE_REPLY, ["lost"])])
def test_a_lost_connection_leaves_the_sender_in_doubt(server: MailServer, loss: str, filed: list[str]) -> None:
    """After the content the connection breaks; only the folder knows whether the message was accepted."""
    server.on_message = lambda _recipients, _content: loss
    with pytest.raises((smtplib.SMTPServerDisconnected, ConnectionResetError)):
        _send(server, "lost", ADA)
    assert _subjects(server.mailbox) == filed
    server.on_message = lambda _recipients, _content: None
    _send(server, "later", ADA)
    assert _subjects(server.mailbox) == [*filed, "later"]


def test_stop_frees_the_port_and_keeps_the_mail(server: MailServer) -> None:
    """After stop() nobody answers; what was filed can still be read, and a new start adds to it."""
    port = server.port
    _send(server, "before", ADA)
    server.stop()
    assert not listens(port)
    assert _subjects(Mailbox(server.folder)) == ["before"]
    server.start()
    _send(server, "after", ADA)
    assert _subjects(server.mailbox) == ["before", "after"]


def test_servers_side_by_side_keep_their_mail_apart(server: MailServer, tmp_path: Path) -> None:
    """Every server takes a port of its own."""
    with MailServer(tmp_path / "other") as other:
        _send(other, "over there", ADA)
        assert _subjects(other.mailbox) == ["over there"]
        assert _subjects(server.mailbox) == []


def test_without_the_library_the_error_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The demo's extra is named; reading filed mail needs no library."""
    monkeypatch.setitem(sys.modules, "aiosmtpd.controller", None)
    with pytest.raises(MailServerMissing, match=r"pip install 'mentoring-lifecycle\[demo\]'"):
        MailServer(tmp_path).start()
    assert Mailbox(tmp_path).messages() == []
