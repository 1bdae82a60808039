"""How the connection to the mail server is protected."""

from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult

from mentoring_lifecycle.activities.ports import Attendee, MailDelayed
from mentoring_lifecycle.gateways.loopback import UnprotectedConnection, is_loopback
from mentoring_lifecycle.gateways.mail_smtp import SmtpMail, SmtpTimeouts

SENDER = Attendee("Mentoring", "mentoring@programme.example")


attempts: list[str] = []


def knows_the_password(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    attempts.append(mechanism)
    return AuthResult(success=(data.login, data.password) == (b"mentoring", b"right"), handled=False)


@pytest.fixture(scope="module")
def guarded(open_mailbox: Any, certificate: Any) -> Any:
    """A relay as organisations run them: STARTTLS and a login are required."""
    return open_mailbox(
        tls_context=certificate.server,
        require_starttls=True,
        authenticator=knows_the_password,
        auth_required=True,
    )


async def test_starttls_and_login_reach_a_guarded_relay(guarded: Any, certificate: Any, mail: Any) -> None:
    """A mail goes through TLS and a login to a relay that requires both."""
    smtp = SmtpMail(
        "127.0.0.1",
        guarded.port,
        sender=SENDER,
        tls="starttls",
        tls_context=certificate.trusting,
        username="mentoring",
        password="right",
    )
    before = len(guarded.letters)
    await smtp.send(mail())
    assert len(guarded.letters) == before + 1


async def test_a_wrong_password_delays_the_mail(guarded: Any, certificate: Any, mail: Any) -> None:
    """Our own credentials are the operator's matter and heal; they are tried once, so that no account is locked."""
    attempts.clear()
    smtp = SmtpMail(
        "127.0.0.1",
        guarded.port,
        sender=SENDER,
        tls="starttls",
        tls_context=certificate.trusting,
        username="mentoring",
        password="wrong",
    )
    with pytest.raises(MailDelayed) as caught:
        await smtp.send(mail())
    assert caught.value.reason == "auth"
    assert attempts == ["PLAIN"]


async def test_an_untrusted_certificate_delays_the_mail(guarded: Any, mail: Any) -> None:
    """A certificate that nobody we trust signed ends the dialogue before anything is said."""
    smtp = SmtpMail("127.0.0.1", guarded.port, sender=SENDER, tls="starttls")
    with pytest.raises(MailDelayed) as caught:
        await smtp.send(mail())
    assert caught.value.reason == "tls"


async def test_tls_from_the_first_byte(open_mailbox: Any, certificate: Any, mail: Any) -> None:
    """Implicit TLS works with a trusted certificate and fails as `tls` with another."""
    mailbox = open_mailbox(ssl_context=certificate.server)
    port = mailbox.port
    await SmtpMail("127.0.0.1", port, sender=SENDER, tls="tls", tls_context=certificate.trusting).send(mail())
    assert len(mailbox.letters) == 1
    with pytest.raises(MailDelayed) as caught:
        await SmtpMail("127.0.0.1", port, sender=SENDER, tls="tls").send(mail())
    assert caught.value.reason == "tls"


async def test_starttls_that_is_not_offered_is_not_skipped(misbehaving: Any, mail: Any) -> None:
    """A server (or somebody in between) that hides STARTTLS gets no mail in clear text."""
    async with misbehaving(tls="starttls") as (server, smtp):
        with pytest.raises(MailDelayed) as caught:
            await smtp.send(mail())
        assert server.messages == []
    assert caught.value.reason == "tls"


async def test_starttls_that_fails_delays_the_mail(misbehaving: Any, mail: Any) -> None:
    """A refused or broken upgrade is reported as `tls`."""
    ehlo = "250-here\r\n250 STARTTLS"
    for answer in ("454 not now", "220 go\r\nthis is no TLS", "close"):
        async with misbehaving(tls="starttls", ehlo=ehlo, starttls=answer) as (_, smtp):
            with pytest.raises(MailDelayed) as caught:
                await smtp.send(mail())
        assert caught.value.reason == "tls"


async def test_a_login_that_is_not_offered_delays_the_mail(misbehaving: Any, mail: Any) -> None:
    """Credentials that the server does not ask for are a mistake of the operator."""
    async with misbehaving(ehlo="250 here", username="mentoring") as (_, smtp):
        with pytest.raises(MailDelayed) as caught:
            await smtp.send(mail())
    assert caught.value.reason == "auth"


def test_clear_text_off_this_computer_is_refused() -> None:
    """Nobody sends names and addresses across a network in clear text by a slip of configuration."""
    with pytest.raises(UnprotectedConnection, match="starttls"):
        SmtpMail("mail.example.org", 25, sender=SENDER, tls="none")
    SmtpMail("mail.example.org", 25, sender=SENDER, tls="none", closed_network=True)
    SmtpMail("mail.example.org", 587, sender=SENDER)


@pytest.mark.parametrize("timeouts", [(0, 1, 2), (2, 1, 3), (1, 3, 3), (-1, 1, 2)])
def test_timeouts_rise_from_phase_to_phase(timeouts: tuple[float, float, float]) -> None:
    """A phase with less time than the one before it is refused."""
    with pytest.raises(ValueError, match="rise"):
        SmtpTimeouts(*timeouts)


def test_the_usual_timeouts_fit_into_a_minute() -> None:
    """A send ends within a minute whatever the server does."""
    usual = SmtpTimeouts()
    assert usual.connect + usual.command + usual.final_dot < 60


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("[::1]", True),
        ("localhost", True),
        ("LOCALHOST.", True),
        ("localhost.example.org", False),
        ("127.0.0.1.example.org", False),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("", False),
    ],
)
def test_loopback_is_this_computer_and_nothing_else(host: str, ours: bool) -> None:
    """A name that only looks like loopback is another host."""
    assert is_loopback(host) is ours
