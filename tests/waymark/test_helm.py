"""The Helm chart: what Helm renders of its examples is committed, is that of the chart as it is, and names commands,
settings, ports and objects that there are."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from infra.version import VERSION
from tests.waymark.deploy_files import ROOT
from tests.waymark.helm import CHART, EXAMPLES, head, render, rendered
from waymark.command import main
from waymark.settings import SETTINGS

Object = dict[str, Any]
examples = pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.stem)
# From docs/running.md and the image: where each service listens.
PORTS = {"redirect": {8001, 8002}, "ingest": {8012}, "aggregator": {8002}, "api": {8000, 8002}}


def values(example: Path) -> Object:
    """As Helm joins them."""

    def joined(base: Any, more: Any) -> Any:
        if isinstance(base, dict) and isinstance(more, dict):
            return base | {key: joined(base.get(key), value) for key, value in more.items()}
        return more

    found: Object = joined(*(yaml.safe_load(path.read_text()) for path in (CHART / "values.yaml", example)))
    return found


@pytest.fixture(scope="module")
def objects() -> dict[str, list[Object]]:
    return {
        example.stem: [one for one in yaml.load_all(rendered(example).read_text(), yaml.CSafeLoader) if one]
        for example in EXAMPLES
    }


def pods(found: list[Object]) -> Iterator[tuple[Object, Object]]:
    """Each object that makes pods, and what it makes."""
    for one in found:
        if one["kind"] in {"Deployment", "DaemonSet", "Job"}:
            yield one, one["spec"]["template"]


def containers(pod: Object) -> list[Object]:
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def by_name(found: list[Object], kind: str) -> dict[str, Object]:
    return {one["metadata"]["name"].removeprefix("waymark-"): one for one in found if one["kind"] == kind}


@examples
def test_what_is_committed_is_of_this_chart(example: Path) -> None:
    assert rendered(example).read_text().startswith(head(example)), "make helm"
    if shutil.which("helm"):
        assert render(example) == rendered(example).read_text()


def test_the_chart_has_the_version_of_the_tree() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (VERSION, VERSION)


@examples
def test_values_fit_their_schema(example: Path) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    check = jsonschema.Draft7Validator(schema)
    given = values(example)
    assert [error.message for error in check.iter_errors(given)] == []
    for wrong in (
        {"redirect": given["redirect"] | {"kind": "StatefulSet"}},
        {"settings": {"short_url": "https://go.example.com"}},
        {"settings": {"WAYMARK_JOURNAL": "/elsewhere"}},
        # Links would lead nowhere: the chart's own values leave it to whoever installs it.
        {"settings": given["settings"] | {"WAYMARK_SHORT_URL": ""}},
        {"replicas": 3},
    ):
        assert not check.is_valid(given | wrong), wrong
    assert {name for name in given["settings"] if name.startswith("WAYMARK_")} <= {one.env for one in SETTINGS}


@examples
def test_no_container_has_rights_that_it_does_not_need(example: Path, objects: dict[str, list[Object]]) -> None:
    for one, pod in pods(objects[example.stem]):
        name, spec = one["metadata"]["name"], pod["spec"]
        assert spec["automountServiceAccountToken"] is False and spec["enableServiceLinks"] is False, name
        assert spec["securityContext"]["runAsNonRoot"] and spec["securityContext"]["seccompProfile"], name
        for container in containers(pod):
            rights = container["securityContext"]
            assert rights["readOnlyRootFilesystem"] and not rights["allowPrivilegeEscalation"], name
            assert rights["capabilities"]["drop"] == ["ALL"], name
            as_root = {"own-journal"} if example.stem == "daemonset" else set()
            assert ("add" in rights["capabilities"] or "runAsUser" in rights) == (container["name"] in as_root), name
            # What is written to is mounted, and what is mounted is there.
            mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
            assert set(mounts) <= {volume["name"] for volume in spec["volumes"]}, name
            assert container["name"] in as_root or {"/data", "/tmp"} <= set(mounts.values()), name


@examples
def test_it_runs_commands_with_settings_that_there_are(example: Path, objects: dict[str, list[Object]]) -> None:
    commands = main.list_commands(None)  # type: ignore[arg-type]
    known = {setting.env for setting in SETTINGS}
    for _, pod in pods(objects[example.stem]):
        for container in containers(pod):
            if "args" not in container:
                continue
            assert container["args"][0] in commands
            names = [one["name"] for one in container["env"]]
            assert {name for name in names if name.startswith("WAYMARK_")} <= known
            assert len(names) == len(set(names))
            assert all(isinstance(one["value"], str) for one in container["env"])


@examples
def test_probes_ask_ports_that_answer(example: Path, objects: dict[str, list[Object]]) -> None:
    asked = set()
    for one, pod in pods(objects[example.stem]):
        for container in containers(pod):
            ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
            assert set(ports.values()) == PORTS.get(container["name"], set())
            status = {entry["name"]: entry["value"] for entry in container.get("env", [])}.get("WAYMARK_STATUS_PORT")
            for kind, path in (
                ("livenessProbe", "/healthz"),
                ("startupProbe", "/healthz"),
                ("readinessProbe", "/readyz"),
            ):
                if kind in container:
                    probe = container[kind]["httpGet"]
                    assert (probe["path"], str(ports[probe["port"]])) == (path, status)
                    asked.add((container["name"], kind))
        assert one["kind"] == "Job" or {"livenessProbe", "readinessProbe"} <= containers(pod)[-1].keys()
    # Kafka that is away is no reason to send scanners elsewhere.
    assert ("ingest", "livenessProbe") in asked and ("ingest", "readinessProbe") not in asked


@examples
def test_ingest_ends_after_the_redirector_beside_it(example: Path, objects: dict[str, list[Object]]) -> None:
    [redirect] = [pod for one, pod in pods(objects[example.stem]) if one["metadata"]["name"] == "waymark-redirect"]
    [ingest] = [one for one in redirect["spec"]["initContainers"] if one["name"] == "ingest"]
    assert ingest["restartPolicy"] == "Always"
    for container in (ingest, *redirect["spec"]["containers"]):
        assert {"name": "journal", "mountPath": "/journal"} in container["volumeMounts"]
        assert {"name": "WAYMARK_JOURNAL", "value": "/journal"} in container["env"]
    [journal] = [volume for volume in redirect["spec"]["volumes"] if volume["name"] == "journal"]
    assert journal.keys() - {"name"} == {"hostPath" if example.stem == "daemonset" else "emptyDir"}


@examples
def test_what_selects_finds_pods(example: Path, objects: dict[str, list[Object]]) -> None:
    found = objects[example.stem]
    labelled = [pod["metadata"]["labels"] for _, pod in pods(found)]
    selectors = [
        *(one["spec"]["selector"] for one in found if one["kind"] == "Service"),
        *(one["spec"]["selector"]["matchLabels"] for one in found if one["kind"] in {"PodDisruptionBudget"}),
        *(one["spec"]["podSelector"]["matchLabels"] for one in found if one["kind"] == "NetworkPolicy"),
        *(one["spec"]["selector"]["matchLabels"] for one, _ in pods(found) if one["kind"] != "Job"),
    ]
    for selector in selectors:
        assert [labels for labels in labelled if selector.items() <= labels.items()], selector
    services = by_name(found, "Service")
    assert services.keys() == {"redirect", "api"}
    for name, ingress in by_name(found, "Ingress").items():
        [path] = ingress["spec"]["rules"][0]["http"]["paths"]
        assert path["backend"]["service"] == {"name": f"waymark-{name}", "port": {"name": "http"}}


def test_with_everything_on(objects: dict[str, list[Object]]) -> None:
    found = objects["deployment"]
    assert by_name(found, "PodDisruptionBudget").keys() == {"redirect", "aggregator", "api"}
    scaled = by_name(found, "HorizontalPodAutoscaler")
    assert scaled.keys() == {"redirect", "api"}
    for name, one in scaled.items():
        [metric] = one["spec"]["metrics"]
        assert (metric["containerResource"]["name"], metric["containerResource"]["container"]) == ("cpu", name)
        assert "replicas" not in by_name(found, "Deployment")[name]["spec"], "the autoscaler's to set"
    assert by_name(found, "NetworkPolicy").keys() == {"redirect", "aggregator", "api"}
    # The alerts rely on the names of jobs (deploy/prometheus/alerts.yml).
    [monitor] = by_name(found, "PodMonitor").values()
    jobs = {one["port"]: one["relabelings"][0]["replacement"] for one in monitor["spec"]["podMetricsEndpoints"]}
    assert jobs == {"status": "waymark-$1", "ingest-status": "waymark-ingest"}
    # The tables are made before anything that needs them; redirectors know no ClickHouse.
    [job] = by_name(found, "Job").values()
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    secrets = {
        container["name"]: container["envFrom"][0]["secretRef"]["name"]
        for _, pod in pods(found)
        for container in containers(pod)
    }
    edge = {"redirect", "ingest"}
    assert {name for name, secret in secrets.items() if secret == "waymark-edge"} == edge


def test_the_page_names_every_value() -> None:
    page = (ROOT / "docs" / "kubernetes.md").read_text()
    top = list(yaml.safe_load((CHART / "values.yaml").read_text()))
    assert [name for name in top if not re.search(rf"`{name}\b", page)] == []
