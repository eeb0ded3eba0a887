"""Every deployment file in the hands of its own tool, and held against what it must say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.iam_policies import RoleRequest, cloudformation
from audit.iam_policies.role import permissions

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent


def said(*command: str | Path, cwd: Path = ROOT) -> str:
    """What a command printed; it must succeed."""
    ended = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


# --- the image --------------------------------------------------------------------------------------------------------


def test_hadolint_has_nothing_to_say() -> None:
    assert said(BIN / "hadolint", "--failure-threshold", "style", "Dockerfile") == ""


def test_the_image_runs_as_nobody_in_particular_and_holds_no_secret() -> None:
    text = (ROOT / "Dockerfile").read_text()
    instructions = re.findall("(?m)^(USER|HEALTHCHECK|ENTRYPOINT|LABEL|FROM) ", text)
    assert instructions.count("FROM") == 2
    assert {"USER", "HEALTHCHECK", "ENTRYPOINT", "LABEL"} <= set(instructions)
    assert "USER 10001:10001" in text
    assert not re.search("(?i)(password|secret|token)[A-Z_]*=", text)


def test_the_image_is_built_from_what_the_wheel_is_built_from() -> None:
    """Everything is left out of the context but what .dockerignore names; the build needs all of that."""
    let_in = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    project = (ROOT / "pyproject.toml").read_text()
    packages = re.search(r"(?m)^packages = \[(.*)\]", project)
    assert packages is not None
    for name in (*re.findall('"([^"]+)"', packages[1]), "pyproject.toml", "README.md", "LICENSE", "requirements"):
        assert name in let_in
    assert all((ROOT / name).exists() for name in let_in)
    assert not {".git", ".", "tests", ".venv"} & set(let_in)


def test_every_file_of_a_package_is_in_the_wheel(tmp_path: Path) -> None:
    """Templates, static files and migrations are no modules: an image without them starts, and fails at night."""
    import zipfile

    said(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    packages = ("audit", "checks", "reports", "schedules", "ecr_audit")
    tracked = said("git", "ls-files", *packages).split("\n")
    missing = [name for name in tracked if name and (ROOT / name).exists() and name not in inside]
    assert missing == []
    assert not [name for name in inside if name.startswith("tests/") or name.endswith((".pyc", ".db"))]


@pytest.mark.parametrize("script", ["deploy/docker/install", "deploy/docker/try"])
def test_shell_scripts_parse(script: str) -> None:
    said("sh", "-n", ROOT / script)


# --- systemd ----------------------------------------------------------------------------------------------------------

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")


@needs_systemd
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "ecr-audit.service"
    text = (DEPLOY / "systemd/ecr-audit.service").read_text()
    # The program is not installed there on this machine, which is all that may be missing.
    unit.write_text(text.replace("/opt/ecr-audit/bin/ecr-audit serve", "/bin/true"))
    assert "ecr-audit.service" not in said("systemd-analyze", "verify", "--man=no", unit)


@needs_systemd
def test_systemd_finds_little_exposed() -> None:
    """Of 100: `systemd-analyze security` calls what is below 30 OK."""
    said("systemd-analyze", "security", "--offline=true", "--threshold=20", DEPLOY / "systemd/ecr-audit.service")


# --- Kubernetes -------------------------------------------------------------------------------------------------------


def manifests(name: str) -> list[dict[str, Any]]:
    return [one for one in yaml.safe_load_all((DEPLOY / "kubernetes" / name).read_text()) if one]


def pod(document: dict[str, Any]) -> dict[str, Any]:
    template = document["spec"].get("jobTemplate", {}).get("spec", document["spec"])["template"]
    found: dict[str, Any] = template["spec"]
    return found


@pytest.mark.parametrize("version", ["1.31", "1.37"])
def test_kubernetes_knows_every_field(version: str) -> None:
    files = sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    assert len(files) == 3
    said(BIN / "kubernetes-validate", "--strict", "-k", version, *files)


@pytest.mark.parametrize("name", ["nightly.yaml", "service.yaml"])
def test_pods_keep_to_the_restricted_standard(name: str) -> None:
    """Kubernetes' Pod Security Standards, "Restricted", which the namespace enforces: another pod would not start."""
    spec = pod(manifests(name)[0])
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert spec["automountServiceAccountToken"] is False
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(spec)
    assert all(
        set(volume) - {"name"} <= {"configMap", "persistentVolumeClaim", "emptyDir"} for volume in spec["volumes"]
    )
    for container in (*spec["initContainers"], *spec["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert "memory" in container["resources"]["limits"]
        assert "memory" in container["resources"]["requests"]
        assert all("value" not in variable for variable in container["env"]), "secrets stand in a Secret"
        mounted = {mount["mountPath"] for mount in container["volumeMounts"]}
        assert {"/tmp", "/var/lib/ecr-audit", "/etc/ecr-audit"} <= mounted
    namespace = manifests("common.yaml")[0]
    assert namespace["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"


def test_probes_ask_for_addresses_that_there_are() -> None:
    from ecr_audit.web.health import router

    served = {route.path for route in router.routes}  # type: ignore[attr-defined]  # every route of ours has one
    container = pod(manifests("service.yaml")[0])["containers"][0]
    for probe in ("livenessProbe", "readinessProbe", "startupProbe"):
        assert container[probe]["httpGet"]["path"] in served
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"


def test_the_parts_of_the_manifests_fit_each_other() -> None:
    common = {document["kind"]: document for document in manifests("common.yaml")}
    service, address = manifests("service.yaml")
    for spec in (pod(service), pod(manifests("nightly.yaml")[0])):
        assert spec["serviceAccountName"] == common["ServiceAccount"]["metadata"]["name"]
        volumes = {volume["name"]: volume for volume in spec["volumes"]}
        assert volumes["configuration"]["configMap"]["name"] == common["ConfigMap"]["metadata"]["name"]
        claim = volumes["store"]["persistentVolumeClaim"]["claimName"]
        assert claim == common["PersistentVolumeClaim"]["metadata"]["name"]
    labels = service["spec"]["template"]["metadata"]["labels"]
    assert address["spec"]["selector"].items() <= labels.items()
    assert common["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"].items() <= labels.items()


def test_the_configuration_of_the_manifests_can_be_used(tmp_path: Path) -> None:
    from schedules.configuration.loading import load_configuration

    (configuration,) = [one for one in manifests("common.yaml") if one["kind"] == "ConfigMap"]
    for name, text in configuration["data"].items():
        (tmp_path / name).write_text(text)
    loaded = load_configuration(configuration["data"]["service.yaml"], "service.yaml", tmp_path)
    nightly = manifests("nightly.yaml")[0]
    command = " ".join(pod(nightly)["containers"][0]["args"])
    named = re.search("schedule run ([a-z0-9-]+)", command)
    assert named is not None
    assert named[1] in loaded.schedules
    assert loaded.web.port == pod(manifests("service.yaml")[0])["containers"][0]["ports"][0]["containerPort"]
    assert nightly["spec"]["timeZone"] == loaded.schedules[named[1]].timezone


@pytest.mark.parametrize(("code", "told"), [(0, 0), (3, 0), (4, 0), (1, 1), (2, 2), (137, 137)])
def test_findings_do_not_make_the_night_a_failed_job(code: int, told: int, tmp_path: Path) -> None:
    (line,) = pod(manifests("nightly.yaml")[0])["containers"][0]["args"]
    program = tmp_path / "ecr-audit"
    program.write_text(f"#!/bin/sh\nexit {code}\n")
    program.chmod(0o755)
    ended = subprocess.run(["sh", "-c", line], env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert ended.returncode == told


# --- CloudFormation ---------------------------------------------------------------------------------------------------


class _Tags(yaml.SafeLoader):
    """Reads CloudFormation's short functions as {name: value}."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return {suffix: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {suffix: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {suffix: loader.construct_mapping(node, deep=True)}


_Tags.add_multi_constructor("!", _function)


def template(name: str) -> dict[str, Any]:
    read: dict[str, Any] = yaml.load((DEPLOY / "cloudformation" / name).read_text(), _Tags)
    return read


def test_cfn_lint_has_nothing_to_say() -> None:
    assert said(BIN / "cfn-lint", *sorted((DEPLOY / "cloudformation").glob("*.yaml"))) == ""


def test_the_member_role_is_what_the_program_prints() -> None:
    """`make docs` writes it anew."""
    assert (DEPLOY / "cloudformation/member-role.yaml").read_text() == cloudformation(RoleRequest("member"))


def policies(role: str) -> dict[str, list[dict[str, Any]]]:
    """Policy → statements of a role of the nightly template, those under a condition included."""
    found = {}
    for policy in template("nightly.yaml")["Resources"][role]["Properties"]["Policies"]:
        plain = policy["If"][1] if "If" in policy else policy
        found[plain["PolicyName"]] = plain["PolicyDocument"]["Statement"]
    return found


def test_the_task_may_read_what_the_program_says_that_it_reads() -> None:
    """The statements of `ecr-audit iam-policy --side management --format json`, the name of the role apart."""
    wanted = permissions(RoleRequest("management"), audit_role="${MemberRole}", partition="${AWS::Partition}")
    statements = [
        {**one, "Resource": one["Resource"]["Sub"] if isinstance(one["Resource"], dict) else one["Resource"]}
        for one in policies("TaskRole")["ecr-audit-read"]
    ]
    assert statements == wanted["Statement"]


def test_no_role_may_write_anywhere_but_where_it_keeps_things() -> None:
    for role in ("TaskRole", "ExecutionRole", "SchedulerRole"):
        for statement in (one for some in policies(role).values() for one in some):
            actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
            assert all("*" not in action for action in actions)
            verbs = [action.split(":")[1] for action in actions]
            writes = [
                verb for verb in verbs if not re.match("(Describe|Get|List|Batch(Get|Check)|Assume|Decrypt)", verb)
            ]
            if writes:
                assert statement["Resource"] != "*", statement


def test_the_bucket_is_private_encrypted_versioned_and_speaks_tls() -> None:
    resources = template("nightly.yaml")["Resources"]
    bucket = resources["Bucket"]
    assert bucket["DeletionPolicy"] == "Retain"
    assert all(bucket["Properties"]["PublicAccessBlockConfiguration"].values())
    assert bucket["Properties"]["VersioningConfiguration"] == {"Status": "Enabled"}
    assert "BucketEncryption" in bucket["Properties"]
    (statement,) = resources["BucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_task_is_confined_and_nothing_reaches_it() -> None:
    resources = template("nightly.yaml")["Resources"]
    (container,) = resources["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    assert container["ReadonlyRootFilesystem"] is True
    assert container["User"] == "10001:10001"
    assert "SecurityGroupIngress" not in resources["SecurityGroup"]["Properties"]
    assert "ScheduleExpressionTimezone" in resources["Schedule"]["Properties"]
    assert all("PASSWORD" not in variable["Name"] for variable in container["Environment"])


# --- Prometheus -------------------------------------------------------------------------------------------------------


def rules() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    found: list[dict[str, Any]] = group["rules"]
    return found


def test_every_metric_of_the_alerts_exists_with_the_labels_they_use() -> None:
    from ecr_audit.web import metrics

    source = Path(metrics.__file__).read_text()
    declared = {
        name: set(re.findall('"([a-z]+)"', labels))
        for name, labels in re.findall(r'_gauge\(\s*"([a-z_]+)",\s*f?"[^"]*"((?:,\s*"[a-z]+")*),?\s*\)', source)
    }
    declared |= {f"last_run_{name}": {"schedule"} for name, _meaning, _value in metrics._NUMBERS}
    declared |= {name.removeprefix("ecr_audit_"): set() for name in re.findall('"(ecr_audit_[a-z_]+)"', source)}
    assert len(declared) > 20
    for rule in rules():
        named = re.findall(r"\becr_audit_([a-z_]+)(\{[^}]*\})?", rule["expr"])
        assert named or "up{" in rule["expr"]
        for name, matchers in named:
            assert name in declared, f"{rule['alert']} asks for ecr_audit_{name}"
            assert set(re.findall(r"([a-z]+)=", matchers)) <= declared[name]
        for label in re.findall(r"\$labels\.([a-z]+)", str(rule["annotations"])):
            assert all(label in declared[name] for name, _matchers in named[:1])


def test_every_alert_says_what_to_do_and_how_urgent_it_is() -> None:
    assert len({rule["alert"] for rule in rules()}) == len(rules())
    for rule in rules():
        assert rule["labels"]["severity"] in {"ticket", "page"}
        assert {"summary", "action"} == set(rule["annotations"])
        assert rule["expr"].count("(") == rule["expr"].count(")")


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_takes_the_alerts() -> None:
    said("promtool", "check", "rules", DEPLOY / "prometheus/alerts.yaml")
    said("promtool", "test", "rules", Path(__file__).with_name("alerts.promtool.yaml"))
