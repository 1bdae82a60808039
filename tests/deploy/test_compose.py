"""The container installation, checked without containers: every name in it exists where it points."""

import json
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from jsonschema import Draft201909Validator

from mentoring_lifecycle.embedded.configuration import DYNAMIC
from mentoring_lifecycle.settings import PREFIX, Settings, read_settings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "mentoring-lifecycle"}
BUILT = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PROMETHEUS = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text())
SERVER = yaml.safe_load((ROOT / "deploy/temporal/dynamicconfig.yaml").read_text())


def environment(name: str) -> dict[str, str]:
    return dict(SERVICES[name].get("environment", {}))


def dockerfile_stage(target: str) -> str:
    """The lines of one stage of the Dockerfile."""
    stages = re.split(r"^FROM .* AS (\S+)$", DOCKERFILE, flags=re.MULTILINE)
    return dict(zip(stages[1::2], stages[2::2], strict=True))[target]


def test_it_is_a_compose_file() -> None:
    """The file follows the schema of the Compose specification."""
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    errors = [f"{error.json_path}: {error.message}" for error in Draft201909Validator(schema).iter_errors(COMPOSE)]
    assert errors == []


def test_the_schema_notices_mistakes() -> None:
    """A misspelt key of a service is found, so that the test above means something."""
    schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
    assert not Draft201909Validator(schema).is_valid({"services": {"worker": {"imagee": "x"}}})


@pytest.mark.parametrize("name", sorted(set(SERVICES) - set(BUILT)))
def test_images_are_pinned(name: str) -> None:
    """Every foreign image names its exact version."""
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+(\.\d+)?(-\w+)?", SERVICES[name]["image"])


@pytest.mark.parametrize("name", OURS)
def test_commands_exist(name: str) -> None:
    """What our image is told to run is a command of the command line."""
    from mentoring_lifecycle.starter.__main__ import app

    commands = typer.main.get_command(app).commands  # type: ignore[attr-defined]  # an app with commands is a group
    assert SERVICES[name]["command"][0] in commands


@pytest.mark.parametrize("name", OURS)
def test_settings_exist(name: str) -> None:
    """Every MENTORING_ variable is a setting, or the file of one."""
    known = {f"{PREFIX}{field.upper()}{file}" for field in Settings.model_fields for file in ("", "_FILE")}
    assert {variable for variable in environment(name) if variable.startswith(PREFIX)} <= known


def test_settings_in_the_image_exist() -> None:
    """Every MENTORING_ variable that the Dockerfile sets is a setting."""
    named = set(re.findall(r"MENTORING_\w+(?==)", DOCKERFILE))
    assert named
    assert named <= {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}


@pytest.fixture
def secrets(tmp_path: Path) -> Path:
    """The secrets as `make up` makes them."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "deploy/secrets").mkdir(parents=True)
    files = [secret["file"].removeprefix("./") for secret in COMPOSE["secrets"].values()]
    subprocess.run(["make", "--silent", *files], cwd=tmp_path, check=True)
    return tmp_path / "deploy/secrets"


@pytest.mark.parametrize("name", OURS)
def test_the_settings_are_usable(name: str, secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variables and secrets of its container a process reads its settings without a complaint."""
    for variable in [variable for variable in os.environ if variable.startswith(PREFIX)]:
        monkeypatch.delenv(variable)
    for variable, value in environment(name).items():
        monkeypatch.setenv(variable, value.replace("/run/secrets", str(secrets)))
    settings = read_settings()
    assert settings.codec() is not None
    assert settings.database_url.startswith("postgresql://mentoring:")
    assert settings.database_url.endswith("@postgres/mentoring")


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_mounted_where_they_are_read(name: str) -> None:
    """A service reads exactly the secrets it is given, and each of these exists."""
    service = SERVICES[name]
    words = json.dumps([service.get("environment"), service.get("command"), service.get("entrypoint")])
    read = set(re.findall(r"/run/secrets/(\w+)", words))
    assert read == set(service.get("secrets", []))
    assert read <= set(COMPOSE["secrets"])


def test_no_secret_stands_in_the_file() -> None:
    """No variable whose name tells of a password or a key carries one; the calendar here asks for none."""
    telling = re.compile(r"PASSWORD|PWD|KEYS?$|TOKEN")
    inline = {v for name in SERVICES for v in environment(name) if telling.search(v) and not v.endswith("_FILE")}
    assert inline == {"MENTORING_CALDAV_PASSWORD"}


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_can_be_met(name: str) -> None:
    """Who waits for health waits for a service that has a check; who waits for an end, for one that ends."""
    for other, rule in SERVICES[name].get("depends_on", {}).items():
        service = SERVICES[other]
        if rule["condition"] == "service_completed_successfully":
            assert "restart" not in service
        else:
            assert "test" in service.get("healthcheck", {}) or "HEALTHCHECK" in dockerfile_stage(
                service["build"]["target"]
            )


def test_only_the_worker_of_the_cases_has_what_is_theirs() -> None:
    """Their key is in one container; their database besides in the one that prepares it."""
    having = {secret: {name for name in OURS if secret in SERVICES[name]["secrets"]} for secret in COMPOSE["secrets"]}
    assert having["cases_encryption_keys"] == {"cases-worker"}
    assert having["cases_database_url"] == {"cases-worker", "setup"}


def test_cases_have_a_database_of_their_own(secrets: Path) -> None:
    """On the same server, made before it is prepared, and under another name."""
    main, own = [(secrets / name).read_text() for name in ("database_url", "cases_database_url")]
    assert own == f"{main}_cases"
    assert f"CREATE DATABASE {own.rpartition('/')[2]}" in SERVICES["cases-database"]["command"][0]
    assert "cases-database" in SERVICES["setup"]["depends_on"]


def test_nothing_listens_beyond_this_machine() -> None:
    """Every published port is bound to loopback, and no two are the same."""
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in published)
    assert len({port.split(":")[1] for port in published}) == len(published)


def test_addresses_point_at_services() -> None:
    """Temporal, mail and calendar are reached under the name of a service and the port that it serves."""
    settings = environment("worker")
    assert settings["TEMPORAL_ADDRESS"] == environment("temporal-ui")["TEMPORAL_ADDRESS"] == "temporal:7233"
    assert SERVICES["temporal"]["ports"] == ["127.0.0.1:7233:7233"]
    assert settings["MENTORING_CALDAV_URL"] == "http://calendar:5232/"
    assert "0.0.0.0:5232" in SERVICES["calendar"]["command"]
    assert settings["MENTORING_SMTP_HOST"] in SERVICES


def test_prometheus_finds_everybody() -> None:
    """Every target is a service and the port at which it serves its metrics; the cases' are for other eyes."""
    targets = [
        target for job in PROMETHEUS["scrape_configs"] for each in job["static_configs"] for target in each["targets"]
    ]
    served = {
        "worker": environment("worker")["MENTORING_METRICS_ADDRESS"],
        "exporter": environment("exporter")["MENTORING_EXPORTER_ADDRESS"],
        "inbound": environment("inbound")["MENTORING_INBOUND_METRICS_ADDRESS"],
        "reconcile": environment("reconcile")["MENTORING_RECONCILE_METRICS_ADDRESS"],
        "temporal": environment("temporal")["PROMETHEUS_ENDPOINT"],
    }
    assert sorted(targets) == sorted(f"{name}:{address.rpartition(':')[2]}" for name, address in served.items())
    assert all(address.startswith("0.0.0.0:") for address in served.values())


@pytest.mark.parametrize("name", BUILT)
def test_our_containers_may_do_little(name: str) -> None:
    """Read-only, without capabilities, without a way to get any, and not as root."""
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user = re.search(r"^USER (\d+)", dockerfile_stage("runtime"), re.MULTILINE)
    assert user is not None
    assert int(user[1]) >= 10000


@pytest.mark.parametrize("name", BUILT)
def test_images_are_built_from_stages_that_exist(name: str) -> None:
    """The target is a stage on top of the unprivileged one, with an entry point and a health check of its own."""
    target = SERVICES[name]["build"]["target"]
    assert f"FROM runtime AS {target}" in DOCKERFILE
    assert "ENTRYPOINT [" in dockerfile_stage(target)
    assert "HEALTHCHECK" in dockerfile_stage(target)


def test_mounted_files_exist() -> None:
    """Every file mounted from this repository is there."""
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    files = [mount.split(":")[0] for mount in mounts if mount.startswith("./")]
    assert files
    assert all((ROOT / file).is_file() for file in files)


def test_the_image_holds_the_package() -> None:
    """Every folder of the package is let into the build of the image."""
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    folders = {package.split(".")[1] for package in packages if "." in package}
    let_in = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert folders <= let_in
    assert {"pyproject.toml", "uv.lock", "README.md", "LICENSE", "*.py", "py.typed"} == let_in - folders


def test_virtual_time_is_off() -> None:
    """In this installation a day lasts a day."""
    assert SERVER["frontend.WorkflowTimeSkippingEnabled"] == [{"value": False}]


def test_lists_are_there_however_often_they_are_looked_at() -> None:
    """The UI and the exporter together pass the server's default of ten calls a second, and the server here is told."""
    assert SERVER["frontend.namespaceRPS.visibility"] == [{"value": DYNAMIC["frontend.namespaceRPS.visibility"]}]
