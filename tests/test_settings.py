"""Settings: four sources in a fixed order, every problem told at once, no secret ever shown."""

import base64
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from mentoring_lifecycle.contracts.claims import Claim, Request
from mentoring_lifecycle.domain.authorisation import Channel
from mentoring_lifecycle.domain.cases.profile import Law
from mentoring_lifecycle.settings import Settings, SettingsError, parse_keyring, read_settings, temporal_connection
from mentoring_lifecycle.starter.connection import free_days_from

KEY = base64.b64encode(b"k" * 32).decode()
OTHER_KEY = base64.b64encode(b"o" * 32).decode()


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in [name for name in os.environ if name.startswith(("MENTORING_", "TEMPORAL_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def problems() -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        read_settings()
    return raised.value.problems


def config(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    file = tmp_path / "mentoring.toml"
    file.write_text(text)
    monkeypatch.setenv("MENTORING_CONFIG", str(file))


def test_nothing_need_be_set(tmp_path: Path) -> None:
    """With an empty environment every setting has a usable value and nothing is encrypted."""
    settings = read_settings()
    assert settings.task_queue == "mentoring"
    assert settings.database_url == f"sqlite:///{tmp_path}/mentoring-lifecycle/mentoring.db"
    assert settings.codec() is None
    assert settings.cases_codec() is None


def test_variables_win_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Code wins over a variable, a variable over the TOML file, the file over the default."""
    config(monkeypatch, tmp_path, 'smtp_port = 2525\nprogramme_name = "File"\ntask_queue = "file"\n')
    monkeypatch.setenv("MENTORING_PROGRAMME_NAME", "Variable")
    monkeypatch.setenv("MENTORING_TASK_QUEUE", "variable")
    settings = Settings(task_queue="code")
    assert (settings.smtp_port, settings.programme_name, settings.task_queue) == (2525, "Variable", "code")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """`MENTORING_SMTP_PORT=` leaves the default."""
    monkeypatch.setenv("MENTORING_SMTP_PORT", "")
    assert read_settings().smtp_port == 587


def test_a_quota_is_a_number_of_mails_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is limited until somebody says how much the relay takes; none at all is no quota."""
    assert read_settings().relay_mails_per_minute is None
    monkeypatch.setenv("MENTORING_RELAY_MAILS_PER_MINUTE", "600")
    assert read_settings().relay_mails_per_minute == 600
    monkeypatch.setenv("MENTORING_RELAY_MAILS_PER_MINUTE", "0")
    assert problems() == ("MENTORING_RELAY_MAILS_PER_MINUTE: input should be greater than or equal to 1.",)


def test_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A value may stand in a file that a variable names; its last line break does not count."""
    (tmp_path / "password").write_text("hunter2\n")
    monkeypatch.setenv("MENTORING_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    assert read_settings().smtp_password.get_secret_value() == "hunter2"


def test_a_value_and_its_file_are_one_too_many(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Both ways at once are refused, since one of them would be silently ignored."""
    (tmp_path / "password").write_text("hunter2")
    monkeypatch.setenv("MENTORING_SMTP_PASSWORD_FILE", str(tmp_path / "password"))
    monkeypatch.setenv("MENTORING_SMTP_PASSWORD", "hunter3")
    (problem,) = problems()
    assert problem == "MENTORING_SMTP_PASSWORD: is set together with MENTORING_SMTP_PASSWORD_FILE; unset one of them."


GIVEN = {
    "encryption_keys": f"a:{KEY}",
    "cases_encryption_keys": f"a:{KEY}",
    "claim_keys": f"2027:{KEY}",
    "seal_key": KEY,
    "certificate_key": KEY,
    "smtp_password": KEY,
    "caldav_password": KEY,
    "database_url": f"postgresql://me:{KEY}@host/name",
    "cases_database_url": f"postgresql://me:{KEY}@host/name",
}
"""Every setting with a secret in it, and a value that holds."""


def test_every_secret_is_known() -> None:
    """What is marked as one, and the two addresses that hold a password."""
    marked = {name for name, field in Settings.model_fields.items() if field.annotation is SecretStr}
    assert marked | {"database_url", "cases_database_url"} == {*GIVEN}


@pytest.mark.parametrize("name", GIVEN)
def test_every_secret_comes_from_a_file_and_is_shown_nowhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    """A file that is missing, empty or stands beside a value is a problem, and no problem repeats what it holds."""
    file, variable = tmp_path / name, f"MENTORING_{name.upper()}"
    monkeypatch.setenv(f"{variable}_FILE", str(file))
    told = [problems()]
    file.write_text("\n")
    told.append(problems())
    file.write_text(GIVEN[name] + "\n")
    settings = read_settings()
    given = getattr(settings, name)
    assert (given.get_secret_value() if isinstance(given, SecretStr) else given) == GIVEN[name]
    monkeypatch.setenv(variable, GIVEN[name])
    told.append(problems())
    assert all(problem.startswith(variable) for (problem,) in told)
    assert KEY not in f"{told}{settings!r}"


def test_every_problem_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence per wrong variable, each beginning with its name."""
    monkeypatch.setenv("MENTORING_SMTP_PORT", "many")
    monkeypatch.setenv("MENTORING_LOG_FORMAT", "verse")
    monkeypatch.setenv("MENTORING_METRICS_ADDRESS", "localhost")
    monkeypatch.setenv("MENTORING_CALDAV_PASSWORD_FILE", "/does/not/exist")
    told = problems()
    assert {sentence.partition(":")[0] for sentence in told} == {
        "MENTORING_SMTP_PORT",
        "MENTORING_LOG_FORMAT",
        "MENTORING_METRICS_ADDRESS",
        "MENTORING_CALDAV_PASSWORD",
    }
    assert all(sentence.endswith(".") for sentence in told)


SECRETS = {
    "MENTORING_ENCRYPTION_KEYS": f"a:{KEY},b:hunter2",
    "MENTORING_CASES_ENCRYPTION_KEYS": "hunter2",
    "MENTORING_SMTP_PORT": "hunter2",
    "MENTORING_SENDER_ADDRESS": "hunter2",
    "MENTORING_CALDAV_URL": "ftp://me:hunter2@host",
}


@pytest.mark.parametrize("variable", SECRETS)
def test_no_value_is_shown_in_a_problem(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    """A wrong value may be a secret in the wrong place, so no problem repeats it."""
    monkeypatch.setenv(variable, SECRETS[variable])
    (problem,) = problems()
    assert problem.startswith(variable)
    assert "hunter2" not in problem
    assert KEY not in problem


def test_no_secret_is_shown_when_printed() -> None:
    """The settings can be printed without giving a password or a key away."""
    settings = Settings(
        smtp_password="hunter2",
        caldav_password="hunter2",
        encryption_keys=f"a:{KEY}",
        cases_encryption_keys=f"a:{KEY}",
        database_url="postgresql://me:hunter2@host/name",
    )
    assert "hunter2" not in repr(settings)
    assert KEY not in repr(settings)


def test_an_unknown_name_in_the_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A slip of the pen in the TOML file is an error, not a setting that never takes effect."""
    config(monkeypatch, tmp_path, 'smtp_hots = "mail"\n')
    assert problems() == ("MENTORING_CONFIG: the file has an unknown setting 'smtp_hots'.",)


@pytest.mark.parametrize("text", ["smtp_port = ", "smtp_port = 2525\nsmtp_port = 2526"])
def test_a_broken_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    """A file that is no TOML is named as such."""
    config(monkeypatch, tmp_path, text)
    (problem,) = problems()
    assert problem.startswith("MENTORING_CONFIG: the file is no valid TOML")


def test_a_missing_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A configuration that was asked for and is not there is an error."""
    monkeypatch.setenv("MENTORING_CONFIG", str(tmp_path / "nowhere.toml"))
    assert problems() == ("MENTORING_CONFIG names a file that does not exist.",)


def test_required_encryption_needs_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """With encryption required and no key the process does not start."""
    monkeypatch.setenv("MENTORING_REQUIRE_ENCRYPTION", "1")
    (problem,) = problems()
    assert "MENTORING_ENCRYPTION_KEYS" in problem


def test_required_claims_need_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """With claims required and no key the process does not start."""
    monkeypatch.setenv("MENTORING_REQUIRE_CLAIMS", "1")
    (problem,) = problems()
    assert "MENTORING_CLAIM_KEYS" in problem


def test_a_claim_key_may_be_bound_to_one_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a channel that nobody knows is told, with those that are known."""
    monkeypatch.setenv("MENTORING_CLAIM_KEYS", f"2027@mail:{KEY}")
    claims, request = read_settings().claims(), Request("relationship/r-1", "exit", "one")
    assert claims
    proven = [claims.prove(claims.sign(Claim("p-1", way), request), request) for way in (Channel.MAIL, Channel.TOOL)]
    assert proven == [Claim("p-1", Channel.MAIL), None]
    monkeypatch.setenv("MENTORING_CLAIM_KEYS", f"2027@pigeon:{KEY}")
    (problem,) = problems()
    assert problem.startswith("MENTORING_CLAIM_KEYS")
    assert "tool" in problem


def test_a_process_signs_with_one_claim_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of several the active one must be named."""
    monkeypatch.setenv("MENTORING_CLAIM_KEYS", f"2026:{KEY},2027:{OTHER_KEY}")
    (problem,) = problems()
    assert problem.startswith("MENTORING_CLAIM_ACTIVE_KEY")


def test_required_encryption_asks_for_the_key_of_cases_only_where_cases_are_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process of the relationships starts without it; whoever would write a case in clear text is refused."""
    monkeypatch.setenv("MENTORING_REQUIRE_ENCRYPTION", "1")
    monkeypatch.setenv("MENTORING_ENCRYPTION_KEYS", f"2026:{KEY}")
    settings = read_settings()
    assert not settings.may_reach_cases
    with pytest.raises(SettingsError, match="MENTORING_CASES_ENCRYPTION_KEYS is empty although"):
        settings.cases_codec()
    monkeypatch.setenv("MENTORING_CASES_ENCRYPTION_KEYS", f"2026:{KEY}")
    assert read_settings().may_reach_cases
    assert read_settings().cases_codec() is not None


@pytest.mark.parametrize(
    ("main", "given", "found"),
    [
        ("sqlite:////var/lib/mentoring.db", "", "sqlite:////var/lib/mentoring-cases.db"),
        ("sqlite:///mentoring", "", "sqlite:///mentoring-cases"),
        ("sqlite:///in.d/mentoring?timeout=5.0", "", "sqlite:///in.d/mentoring-cases?timeout=5.0"),
        ("postgresql://db/mentoring", "", "postgresql://db/mentoring"),
        ("postgresql://db/mentoring", "postgresql://db/cases", "postgresql://db/cases"),
        ("sqlite:///mentoring.db", "sqlite:///vault.db", "sqlite:///vault.db"),
    ],
)
def test_cases_have_a_database_of_their_own_where_one_is_to_be_had(
    monkeypatch: pytest.MonkeyPatch, main: str, given: str, found: str
) -> None:
    """A file beside an SQLite file by itself, another database where it is named; else they share, and it shows."""
    monkeypatch.setenv("MENTORING_DATABASE_URL", main)
    monkeypatch.setenv("MENTORING_CASES_DATABASE_URL", given)
    settings = read_settings()
    assert settings.cases_database() == found
    assert settings.cases_share_a_database == (main == found)
    assert "vault" not in repr(settings)


def test_one_key_is_active_without_being_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A keyring of one needs no word about which key is active."""
    monkeypatch.setenv("MENTORING_ENCRYPTION_KEYS", f"2026:{KEY}")
    assert read_settings().codec() is not None
    assert read_settings().cases_codec() is None


def test_of_several_keys_the_active_one_must_be_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """During a rotation the writer's key is chosen by hand, never by order."""
    monkeypatch.setenv("MENTORING_ENCRYPTION_KEYS", f"2025:{KEY},2026:{OTHER_KEY}")
    (problem,) = problems()
    assert problem.startswith("MENTORING_ENCRYPTION_ACTIVE_KEY")
    monkeypatch.setenv("MENTORING_ENCRYPTION_ACTIVE_KEY", "2026")
    assert read_settings().codec() is not None


def test_an_active_key_must_be_in_the_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that no key bears is refused."""
    monkeypatch.setenv("MENTORING_CASES_ENCRYPTION_KEYS", f"2025:{KEY}")
    monkeypatch.setenv("MENTORING_CASES_ENCRYPTION_ACTIVE_KEY", "2026")
    (problem,) = problems()
    assert problem.startswith("MENTORING_CASES_ENCRYPTION_ACTIVE_KEY")


@pytest.mark.parametrize("text", ["", f"a:{KEY}", f" a:{KEY} , b:{OTHER_KEY} ,"])
def test_keyrings_are_read(text: str) -> None:
    """Keys come back by id as 32 bytes, spaces and a last comma forgiven."""
    assert parse_keyring(text) == {
        key_id: key for key_id, key in {"a": b"k" * 32, "b": b"o" * 32}.items() if f"{key_id}:" in text
    }


@pytest.mark.parametrize("text", ["a", ":x", f"a:{KEY},a:{KEY}", "a:***", f"a:{KEY[:-4]}", f"a:{KEY}{KEY}"])
def test_broken_keyrings_are_refused(text: str) -> None:
    """Missing ids, repeated ids, no base64 and wrong lengths are all noticed."""
    with pytest.raises(ValueError, match="key"):
        parse_keyring(text)


def test_the_sender_must_be_chosen_for_a_real_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """The placeholder address never leaves this machine."""
    monkeypatch.setenv("MENTORING_SMTP_HOST", "mail.example.org")
    (problem,) = problems()
    assert "MENTORING_SENDER_ADDRESS" in problem


def test_settings_do_not_change() -> None:
    """Settings are read once and stay."""
    with pytest.raises(ValueError, match="frozen"):
        read_settings().smtp_port = 25  # type: ignore[misc]  # the very thing that must fail


def test_temporal_is_found_by_its_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Address and namespace come from TEMPORAL_*, else from the defaults of this project."""
    assert temporal_connection() == {"target_host": "localhost:7233", "namespace": "mentoring"}
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal.example.org:7233")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", "people")
    connection = temporal_connection()
    assert (connection["target_host"], connection["namespace"]) == ("temporal.example.org:7233", "people")


def test_an_unknown_temporal_profile_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile that does not exist is a settings problem like any other."""
    monkeypatch.setenv("TEMPORAL_PROFILE", "nowhere")
    with pytest.raises(SettingsError, match="TEMPORAL_"):
        temporal_connection()


# --- closures ---------------------------------------------------------------------------------------------------


def test_every_problem_of_the_closures_is_a_sentence_of_its_own(tmp_path: Path) -> None:
    """Told like those of the settings themselves, so that a worker does not start with half a calendar."""
    file = tmp_path / "closures.toml"
    file.write_text("[[closure]]\nfrom = 2027-08-09\n[[closure]]\nfrom = 2027-08-09\nuntil = 2027-08-01\n")
    with pytest.raises(SettingsError) as raised:
        free_days_from(Settings(closures=str(file)))
    assert [problem.partition(": ")[0] for problem in raised.value.problems] == ["MENTORING_CLOSURES"] * 2
    with pytest.raises(SettingsError, match="cannot be opened"):
        free_days_from(Settings(closures=str(tmp_path / "nowhere.toml")))


def test_a_template_of_reply_addresses_is_read_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty: nothing that comes back is read; else it gives addresses, or a sentence says why it does not."""
    assert read_settings().reply_template() is None
    monkeypatch.setenv("MENTORING_REPLY_ADDRESS", "mentoring+{token}@mentoring.example")
    template = read_settings().reply_template()
    assert template
    assert template.address("a" * 16) == "mentoring+aaaaaaaaaaaaaaaa@mentoring.example"
    monkeypatch.setenv("MENTORING_REPLY_ADDRESS", "mentoring@mentoring.example")
    monkeypatch.setenv("MENTORING_INBOUND_ADDRESS", "everywhere")
    assert [problem.partition(":")[0] for problem in problems()] == [
        "MENTORING_REPLY_ADDRESS",
        "MENTORING_INBOUND_ADDRESS",
    ]


def test_a_programme_may_have_a_law_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its numbers and its zone; every other programme has the installation's, and so has a report without one."""
    monkeypatch.setenv("MENTORING_LEGAL_PROGRAMMES", "milano-2027=IT, nyc=US:America/Chicago")
    handling = read_settings().handling()
    seen = {name: handling.under(name) for name in ("milano-2027", "nyc", "other", "")}
    assert {name: (each.profile.law, each.zone) for name, each in seen.items()} == {
        "milano-2027": (Law.IT, "Europe/Rome"),
        "nyc": (Law.US, "America/Chicago"),
        "other": (Law.EU, "Europe/Brussels"),
        "": (Law.EU, "Europe/Brussels"),
    }
    assert all(each.programmes == () for each in seen.values())


def test_the_own_contacts_follow_the_number_of_the_law(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every programme, in the order given."""
    monkeypatch.setenv("MENTORING_EMERGENCY_CONTACTS", "Reception +39 02 555; Ombuds +39 02 556;")
    monkeypatch.setenv("MENTORING_LEGAL_PROGRAMMES", "nyc=US")
    handling = read_settings().handling()
    own = ("Reception +39 02 555", "Ombuds +39 02 556")
    assert handling.under("other").profile.emergency_contacts == ("112", *own)
    assert handling.under("nyc").profile.emergency_contacts == ("911", *own)


@pytest.mark.parametrize("text", ["milano", "milano=XX", "milano=IT:Rome", "a=IT,a=US", "=IT", "a b=IT"])
def test_a_law_that_nobody_knows_is_told(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """With how it is written."""
    monkeypatch.setenv("MENTORING_LEGAL_PROGRAMMES", text)
    (problem,) = problems()
    assert problem.startswith("MENTORING_LEGAL_PROGRAMMES: must be `programme=LAW`")
