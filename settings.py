"""Settings: read once at start, frozen, from the environment, secret files and an optional TOML file.

Every setting is a variable `MENTORING_<NAME>`; `MENTORING_<NAME>_FILE` names a file that holds its value (for secrets),
and `MENTORING_CONFIG` names a TOML file with the same names in lower case. What comes first wins: arguments in code,
variables and secret files, the TOML file, the defaults below. The connection to Temporal is no setting of ours: it is
read from TEMPORAL_ADDRESS and its siblings, or from a profile, as by every Temporal tool.
"""

import base64
import binascii
import ipaddress
import os
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from temporalio.envconfig import ClientConfig, ClientConnectConfig

from mentoring_lifecycle.activities.clocks import is_zone_name
from mentoring_lifecycle.activities.legal_clocks import LEGAL_ZONES
from mentoring_lifecycle.contracts.addresses import TextRefused, checked_address, checked_name
from mentoring_lifecycle.contracts.cases import Handling, Jurisdiction
from mentoring_lifecycle.contracts.certificates import key_bytes
from mentoring_lifecycle.contracts.claims import ClaimKey, ClaimKeys
from mentoring_lifecycle.contracts.codec import EncryptionCodec
from mentoring_lifecycle.contracts.names import is_identifier
from mentoring_lifecycle.contracts.reply_address import ReplyTemplate, UnusableReplyTemplate
from mentoring_lifecycle.contracts.seals import Seals
from mentoring_lifecycle.domain.authorisation import Channel
from mentoring_lifecycle.domain.cases.profile import PROFILES, Law

PREFIX = "MENTORING_"
CONFIG_VARIABLE = "MENTORING_CONFIG"
DEFAULT_NAMESPACE = "mentoring"

_REQUIRED = "{} is empty although MENTORING_REQUIRE_ENCRYPTION asks for encryption."


class SettingsError(Exception):
    """The settings cannot be used. One sentence per problem, each naming its variable and none showing a value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)


class Settings(BaseSettings):
    """Everything an installation decides. An empty text means "not used"."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    task_queue: str = Field("mentoring", min_length=1)
    cases_task_queue: str = Field("mentoring-cases", min_length=1)
    cases_namespace: str = Field("mentoring-cases", min_length=1)
    """Where safeguarding cases live, apart from the relationships; the namespace of these is TEMPORAL_NAMESPACE."""

    database_url: str = Field(default_factory=lambda: default_database_url(), min_length=1, repr=False)
    """`sqlite:///path` or `postgresql://user:password@host/name`: people, ledger and journal."""
    cases_database_url: str = Field("", repr=False)
    """Ledger and audit chains of the cases; empty: a file beside an SQLite file, else the same database."""

    smtp_host: str = Field("localhost", min_length=1)
    smtp_port: int = Field(587, ge=1, le=65535)
    smtp_tls: Literal["starttls", "tls", "none"] | None = None
    """`tls` from the first byte; left out: `starttls`, without which nothing is sent, and `none` on this computer."""
    smtp_username: str = ""
    smtp_password: SecretStr = SecretStr("")
    mail_queue: Literal["own", "shared"] = "own"
    """Where the letters of relationships opened from now on wait: on a queue of their own, or, for as long as workers
    of an earlier version serve them, on that of everything else."""
    relay_mails_per_minute: int | None = Field(None, ge=1)
    """What all workers together hand to the mail server at most, from the queue of its own; left out: no limit."""
    spread_minutes: int = Field(30, ge=0, le=120)
    """Over how long what is due to many at the same hour is spread, each relationship at its own moment; 0: not at all.
    """
    sender_address: str = "mentoring@mentoring.example"
    sender_name: str = "Mentoring"
    reply_address: str = ""
    """Such as `mentoring+{token}@mentoring.example`: where calendars and mail servers answer; empty: nowhere."""

    caldav_url: str = ""
    """Root of a CalDAV server; empty: sessions reach calendars by mail invitations alone."""
    caldav_username: str = ""
    caldav_password: SecretStr = SecretStr("")
    reconcile_minutes: int = Field(60, ge=1, le=7 * 24 * 60)
    """How long `mentoring reconcile` rests between two looks at everything."""
    closed_network: bool = False
    """Vouches that nobody listens on the way to the mail and calendar servers, so that both may do without TLS."""

    closures: str = ""
    """A TOML file with the days on which the organisation is closed; empty: there are none but public holidays."""

    action_link_template: str = "https://mentoring.example/{relationship}/{action}?occurrence={occurrence}&as={person}"
    """Address in the host's own tool where a reader acts; may use {action} {relationship} {occurrence} {person}."""
    programme_name: str = "Mentoring"
    """What participants call the programme; stands in letters."""
    safeguarding_contact: str = ""
    """Person id of who receives severe reports where no handler may; better somebody from outside."""
    case_handlers: str = ""
    """Person ids, separated by commas, in the order in which severe reports are given to them."""
    legal_profile: Law = Law.EU
    """Whose law sets the clocks of severe reports."""
    emergency_contacts: str = ""
    """Whom to call where somebody is in danger, after the law's own number; separated by semicolons."""
    legal_zone: str = ""
    """Zone in which their months and working days are counted; empty: that of the law's capital."""
    legal_programmes: str = ""
    """Programmes with another law or zone, such as `milano-2027=IT, nyc=US:America/New_York`."""

    encryption_keys: SecretStr = SecretStr("")
    """Keyring `id:base64key,id2:...`, keys of 32 bytes. A key stays here while any history that used it is kept."""
    encryption_active_key: str = ""
    """Id of the key that new payloads use; may be left out where the keyring holds one key."""
    require_encryption: bool = False
    """Refuse to start without keys, and refuse payloads in clear text; whoever reaches cases needs theirs as well."""
    cases_encryption_keys: SecretStr = SecretStr("")
    cases_encryption_active_key: str = ""

    claim_keys: SecretStr = SecretStr("")
    """Keyring `id:base64key,id2@mail:...` by which services vouch for who asks; with it, workers refuse all else.

    A key whose id ends in `@` and a channel may vouch for what comes by that one alone.
    """
    claim_active_key: str = ""
    """Id of the key that this process signs with; may be left out where the keyring holds one key."""
    require_claims: bool = False
    """Refuse to start without claim keys."""

    seal_key: SecretStr = SecretStr("")
    """Base64 of 32 bytes: whoever placed a hold or a block takes it back, and nobody else; empty: the team may do so.
    The same wherever relationships are held: at workers, clients and the command line."""

    certificate_key: SecretStr = SecretStr("")
    """Seed of the Ed25519 key that signs certificates, base64 of 32 bytes; empty: none are issued."""
    certificate_issuer: str = ""
    """Who issues certificates; empty: the sender's name."""
    report_threshold: int = Field(5, ge=3)
    """A programme report withholds figures about fewer relationships."""

    metrics_address: str = "127.0.0.1:9464"
    """IP address and port of the worker's metrics; port 0 takes any free one."""
    cases_metrics_address: str = "127.0.0.1:9467"
    """The same for the worker of the cases, whose figures tell of reports."""
    exporter_address: str = "127.0.0.1:9465"
    inbound_address: str = "127.0.0.1:8024"
    """IP address and port at which `mentoring inbound` takes the mail that comes back."""
    inbound_protocol: Literal["lmtp", "smtp"] = "lmtp"
    inbound_metrics_address: str = "127.0.0.1:9466"
    reconcile_metrics_address: str = "127.0.0.1:9468"
    """IP address and port of the figures of `mentoring reconcile` while it looks again and again."""
    health_address: str = "127.0.0.1:9474"
    """IP address and port at which the worker of relationships tells whether it lives and is ready."""
    cases_health_address: str = "127.0.0.1:9477"
    """The same for the worker of the cases; exporter, inbound and reconcile tell it where their figures are."""
    log_format: Literal["console", "json"] = "console"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    def reply_template(self) -> ReplyTemplate | None:
        """The form of secret reply addresses; None where nothing that comes back is read."""
        return ReplyTemplate(self.reply_address) if self.reply_address else None

    def handling(self) -> Handling:
        """Who may be given a severe report, and by whose numbers it is handled."""
        handlers = tuple(each.strip() for each in self.case_handlers.split(",") if each.strip())
        laws = [(programme, self._with_contacts(law)) for programme, law in _laws(self.legal_programmes)]
        zone = self.legal_zone or LEGAL_ZONES[self.legal_profile]
        here = self._with_contacts(Jurisdiction(PROFILES[self.legal_profile], zone))
        return Handling(
            self.safeguarding_contact, handlers, profile=here.profile, zone=here.zone, programmes=tuple(laws)
        )

    def _with_contacts(self, law: Jurisdiction) -> Jurisdiction:
        own = tuple(each.strip() for each in self.emergency_contacts.split(";") if each.strip())
        return replace(law, profile=replace(law.profile, emergency_contacts=(*law.profile.emergency_contacts, *own)))

    def codec(self) -> EncryptionCodec | None:
        """The codec for the words of relationships; None where no key is configured."""
        return _codec(self.encryption_keys, self.encryption_active_key, accept_plaintext=not self.require_encryption)

    @property
    def may_reach_cases(self) -> bool:
        """Whether this process has what reading and writing cases takes; most need not."""
        return bool(self.cases_encryption_keys.get_secret_value()) or not self.require_encryption

    def cases_codec(self) -> EncryptionCodec | None:
        """The codec for safeguarding cases, with keys of their own; None where none is configured.

        Raises SettingsError where there must be one: nothing of a case is ever written in clear text then.
        """
        if not self.may_reach_cases:
            raise SettingsError([_REQUIRED.format(f"{PREFIX}CASES_ENCRYPTION_KEYS")])
        keys, active = self.cases_encryption_keys, self.cases_encryption_active_key
        return _codec(keys, active, accept_plaintext=not self.require_encryption)

    def claims(self) -> ClaimKeys | None:
        """What signs and proves who asks; None where no key is configured and everybody is believed."""
        keyring = parse_keyring(self.claim_keys.get_secret_value())
        keys = {key_id: ClaimKey(secret, _channel_of_key(key_id)) for key_id, secret in keyring.items()}
        return ClaimKeys(keys, self.claim_active_key or next(iter(keys))) if keys else None

    def seals(self) -> Seals:
        """What tells whose hold or block it is."""
        return Seals(key_bytes(key) if (key := self.seal_key.get_secret_value()) else b"")

    def cases_database(self) -> str:
        """Where the cases keep what is theirs: the URL given, a file beside an SQLite file, else the one database."""
        if self.cases_database_url or not self.database_url.startswith("sqlite"):
            return self.cases_database_url or self.database_url
        path, mark, options = self.database_url.partition("?")
        folder, slash, name = path.rpartition("/")
        stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
        return f"{folder}{slash}{stem}-cases{dot}{suffix}{mark}{options}"

    @property
    def cases_share_a_database(self) -> bool:
        """Whoever may read the relationships' database then reads there that there are cases."""
        return self.cases_database() == self.database_url

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """First wins."""
        toml = TomlConfigSettingsSource(settings_cls, toml_file=_config_file())
        return init_settings, _SecretFiles(settings_cls), env_settings, toml

    @field_validator("*", mode="before")
    @classmethod
    def _must_be_readable(cls, value: object) -> object:
        if isinstance(value, _Unreadable):
            raise _problem(value.why)
        return value

    @field_validator("sender_address")
    @classmethod
    def _must_be_an_address(cls, address: str) -> str:
        return _told(checked_address, address)

    @field_validator("sender_name", "programme_name")
    @classmethod
    def _must_be_a_name(cls, name: str) -> str:
        return _told(checked_name, name)

    @field_validator("certificate_issuer")
    @classmethod
    def _must_be_a_name_if_any(cls, name: str) -> str:
        return _told(checked_name, name) if name else name

    @field_validator("caldav_url")
    @classmethod
    def _must_be_a_web_address(cls, url: str) -> str:
        if url and not url.startswith(("https://", "http://")):
            raise _problem("must start with https:// or http://")
        return url

    @field_validator("reply_address")
    @classmethod
    def _must_be_a_reply_template(cls, template: str) -> str:
        if template:
            try:
                ReplyTemplate(template)
            except UnusableReplyTemplate as unusable:
                raise _problem(str(unusable)) from None
        return template

    @field_validator("legal_zone")
    @classmethod
    def _must_be_a_zone(cls, zone: str) -> str:
        if zone and not is_zone_name(zone):
            raise _problem("is no time zone; write it like Europe/Rome")
        return zone

    @field_validator("legal_programmes")
    @classmethod
    def _must_be_laws(cls, programmes: str) -> str:
        _laws(programmes)
        return programmes

    @field_validator("case_handlers")
    @classmethod
    def _must_be_ids(cls, handlers: str) -> str:
        if not all(is_identifier(each.strip()) for each in handlers.split(",") if each.strip()):
            raise _problem("must be person ids, separated by commas")
        return handlers

    @field_validator(
        "metrics_address",
        "cases_metrics_address",
        "exporter_address",
        "inbound_address",
        "inbound_metrics_address",
        "reconcile_metrics_address",
        "health_address",
        "cases_health_address",
    )
    @classmethod
    def _must_be_host_and_port(cls, address: str) -> str:
        host, _, port = address.rpartition(":")
        try:
            ipaddress.ip_address(host.strip("[]"))
        except ValueError:
            port = ""
        if not port.isdecimal() or int(port) > 65535:
            raise _problem("must be an IP address and a port, such as 127.0.0.1:9464")
        return address

    @field_validator("encryption_keys", "cases_encryption_keys")
    @classmethod
    def _must_be_a_keyring(cls, keys: SecretStr) -> SecretStr:
        parse_keyring(keys.get_secret_value())
        return keys

    @field_validator("claim_keys")
    @classmethod
    def _must_be_claim_keys(cls, keys: SecretStr) -> SecretStr:
        for key_id in parse_keyring(keys.get_secret_value()):
            _channel_of_key(key_id)
        return keys

    @field_validator("certificate_key")
    @classmethod
    def _must_be_a_key(cls, key: SecretStr) -> SecretStr:
        try:
            if key.get_secret_value():
                key_bytes(key.get_secret_value())
        except ValueError as error:
            raise _problem(f"{error}; make one with `mentoring certificate-key`") from None
        return key

    @field_validator("seal_key")
    @classmethod
    def _must_be_a_secret(cls, key: SecretStr) -> SecretStr:
        try:
            if key.get_secret_value():
                key_bytes(key.get_secret_value())
        except ValueError as error:
            raise _problem(f"{error}; make one with `openssl rand -base64 32`") from None
        return key

    @model_validator(mode="after")
    def _must_fit_together(self) -> Self:
        if self.require_encryption and not self.encryption_keys.get_secret_value():
            raise _problem(_REQUIRED.format(f"{PREFIX}ENCRYPTION_KEYS").rstrip("."))
        if self.require_claims and not self.claim_keys.get_secret_value():
            raise _problem("MENTORING_CLAIM_KEYS is empty although MENTORING_REQUIRE_CLAIMS asks for claims")
        _must_hold("MENTORING_CLAIM_ACTIVE_KEY", self.claim_keys, self.claim_active_key)
        if "sender_address" not in self.model_fields_set and self.smtp_host not in {"localhost", "127.0.0.1", "::1"}:
            raise _problem("MENTORING_SENDER_ADDRESS must be set where MENTORING_SMTP_HOST is another machine")
        _must_hold("MENTORING_ENCRYPTION_ACTIVE_KEY", self.encryption_keys, self.encryption_active_key)
        _must_hold(
            "MENTORING_CASES_ENCRYPTION_ACTIVE_KEY", self.cases_encryption_keys, self.cases_encryption_active_key
        )
        return self


def read_settings() -> Settings:
    """The settings of this process. Raises SettingsError, which lists every problem at once."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError([_sentence(details) for details in error.errors(include_input=False)]) from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([f"{CONFIG_VARIABLE}: the file is no valid TOML: {error}."]) from None


def temporal_connection() -> ClientConnectConfig:
    """Where Temporal is: arguments for `Client.connect`, from TEMPORAL_* variables or a profile.

    The namespace is `mentoring` and the address localhost:7233 unless said otherwise. Raises SettingsError.
    """
    try:
        connection = ClientConfig.load_client_connect_config()
    except RuntimeError as error:  # the SDK's ConfigError has no importable name
        raise SettingsError(
            [f"The Temporal connection (TEMPORAL_* variables or profile) cannot be read: {error}."]
        ) from None
    connection.setdefault("target_host", "localhost:7233")
    connection.setdefault("namespace", DEFAULT_NAMESPACE)
    return connection


def default_database_url() -> str:
    """A SQLite file in the user's data folder; the folder is made by whoever opens it first."""
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return f"sqlite:///{Path(data) / 'mentoring-lifecycle' / 'mentoring.db'}"


def parse_keyring(text: str) -> dict[str, bytes]:
    """Keys by id, in the order written. Raises ValueError in words that show no key."""
    keyring: dict[str, bytes] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        key_id, colon, encoded = entry.partition(":")
        if not colon or not key_id or key_id in keyring:
            raise _problem("must be a keyring `id:base64key,id2:base64key`, every id once")
        try:
            keyring[key_id] = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise _problem(f"key number {len(keyring) + 1} is no base64") from None
        if len(keyring[key_id]) != 32:
            raise _problem(f"key number {len(keyring)} is not 32 bytes long; make one with `openssl rand -base64 32`")
    return keyring


def _laws(text: str) -> tuple[tuple[str, Jurisdiction], ...]:
    laws: dict[str, Jurisdiction] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        programme, _, place = entry.partition("=")
        law, _, zone = place.partition(":")
        is_new, is_zone = is_identifier(programme) and programme not in laws, not zone or is_zone_name(zone)
        if not (is_new and is_zone and law in set(Law)):
            raise _problem(
                f"must be `programme=LAW` or `programme=LAW:Zone/Name`, separated by commas, every programme once; "
                f"laws are {', '.join(Law)}"
            )
        laws[programme] = Jurisdiction(PROFILES[Law(law)], zone or LEGAL_ZONES[Law(law)])
    return tuple(laws.items())


def _channel_of_key(key_id: str) -> Channel | None:
    _, at, channel = key_id.partition("@")
    if at and channel not in set(Channel):
        raise _problem(f"has a key for an unknown channel; these are known: {', '.join(Channel)}")
    return Channel(channel) if at else None


def _codec(keys: SecretStr, active: str, *, accept_plaintext: bool) -> EncryptionCodec | None:
    keyring = parse_keyring(keys.get_secret_value())
    return (
        EncryptionCodec(keyring, active or next(iter(keyring)), accept_plaintext=accept_plaintext) if keyring else None
    )


def _must_hold(variable: str, keys: SecretStr, active: str) -> None:
    keyring = parse_keyring(keys.get_secret_value())
    if active and active not in keyring:
        raise _problem(f"{variable} names a key that is not in its keyring")
    if not active and len(keyring) > 1:
        raise _problem(f"{variable} must name one key of its keyring, which holds several")


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """Stands for a value that a file should have given, so that its problem is told beside all others."""

    why: str


class _SecretFiles(PydanticBaseSettingsSource):
    """Values from the files named by `MENTORING_<NAME>_FILE`."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = f"{PREFIX}{field_name.upper()}"
        file = os.environ.get(f"{variable}_FILE")
        if not file:
            return None, field_name, False
        if os.environ.get(variable):
            return _Unreadable(f"is set together with {variable}_FILE; unset one of them"), field_name, False
        try:
            text = Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return _Unreadable(f"cannot be read from the file that {variable}_FILE names"), field_name, False
        # An empty file is a secret that was never written: taken for a value it would switch off what it is for.
        return text or _Unreadable(f"is empty in the file that {variable}_FILE names"), field_name, False

    def __call__(self) -> dict[str, Any]:
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def _config_file() -> Path | None:
    named = os.environ.get(CONFIG_VARIABLE)
    if named and not Path(named).is_file():
        raise SettingsError([f"{CONFIG_VARIABLE} names a file that does not exist."])
    return Path(named) if named else None


def _problem(words: str) -> PydanticCustomError:
    """An error whose words reach the reader as they are; a plain ValueError would be prefixed."""
    return PydanticCustomError("setting", "{words}", {"words": words})


def _told(check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except TextRefused as refused:
        raise _problem(str(refused).rstrip(".")) from None


def _sentence(details: ErrorDetails) -> str:
    if not details["loc"]:
        return f"{details['msg']}."
    name = str(details["loc"][0])
    if details["type"] == "extra_forbidden":
        return f"{CONFIG_VARIABLE}: the file has an unknown setting {name!r}."
    words = details["msg"]
    return f"{PREFIX}{name.upper()}: {words[0].lower()}{words[1:]}."
