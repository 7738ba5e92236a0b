"""The dashboard, the alert rules and the runbook speak of metrics that there are, and of each other."""

import re
from pathlib import Path

import yaml

from infra.metrics import METRICS
from tests.waymark.deploy_files import (
    COMPOSE,
    DEPLOY,
    GIVEN,
    ROOT,
    RUNBOOK,
    config,
    expressions,
    rules,
    used,
)


def test_every_metric_that_is_used_exists() -> None:
    text = "\n".join(map(str, expressions()))
    assert len(used(text)) > 20
    assert used(text) - METRICS.keys() == set()


def test_rates_are_of_counters_and_quantiles_of_histograms() -> None:
    for expression in map(str, expressions()):
        for name in re.findall(r"(?:rate|increase)\((waymark_\w+)", expression):
            kind = METRICS[re.sub(r"_bucket$", "", name)].kind
            assert kind == ("histogram" if name.endswith("_bucket") else "counter"), expression
        for group in re.findall(r"histogram_quantile\([^,]+, sum by \(([^)]*)\)", expression):
            assert "le" in group.split(", "), expression
        labels = {label for metric in used(expression) for label in METRICS[metric].labels} | {"le", "job", "instance"}
        for group in re.findall(r"by \(([^)]*)\)", expression):
            assert set(group.split(", ")) <= labels, expression
        assert expression.count("(") == expression.count(")")


def test_each_alert_says_how_bad_it_is_and_has_its_paragraph() -> None:
    names = [str(rule["alert"]) for rule in rules()]
    assert len(set(names)) == len(names) > 10
    for rule in rules():
        name, labels, annotations = str(rule["alert"]), rule["labels"], rule["annotations"]
        assert isinstance(labels, dict) and isinstance(annotations, dict)
        assert labels["severity"] in {"page", "warn"}
        assert annotations["runbook"] == f"docs/operations.md#{name.lower()}"
        assert re.search(rf"^### {name}\n\n\S", RUNBOOK, re.MULTILINE), name
    assert re.findall(r"^### (Waymark\w+)$", RUNBOOK, re.MULTILINE) == names


def test_prometheus_scrapes_what_compose_runs_under_the_names_that_alerts_use() -> None:
    jobs = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert {job["job_name"] for job in jobs} == {
        f"waymark-{name}" for name in ("redirect", "ingest", "aggregator", "api")
    }
    for job in jobs:
        [found] = job["dns_sd_configs"]
        [service] = found["names"]
        assert job["job_name"] == f"waymark-{service}"
        text = COMPOSE.split(f"\n  {service}:\n")[1].split("\n\n")[0]
        # The status port, which no service publishes.
        assert found["port"] == 8002 and "8002" not in "".join(re.findall(r"ports: .*", text))


def test_the_profile_is_accepted_and_its_files_are_there(tmp_path: Path) -> None:
    done = config(GIVEN, tmp_path, "--profile", "observability")
    assert done.returncode == 0, done.stderr
    services = yaml.safe_load(COMPOSE)["services"]
    assert {name for name, one in services.items() if one.get("profiles")} == {"prometheus", "grafana"}
    for name in ("prometheus", "grafana"):
        mounts = [mount.split(":")[0] for mount in services[name]["volumes"] if mount.startswith("./")]
        assert mounts and all((ROOT / mount).is_dir() for mount in mounts)
        assert all(port.startswith("127.0.0.1:") for port in services[name]["ports"])
