"""python -m tests.waymark.helm: render the examples of the chart with Helm, into deploy/helm/rendered.

Helm comes in no package that CI could install in seconds, so the tests look at what it rendered, once it is known to be
that of the chart as it is: the first line of each file has the digest of everything that it was made from.
"""

import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.waymark.deploy_files import DEPLOY

HELM = DEPLOY / "helm"
CHART = HELM / "waymark"
EXAMPLES = sorted((HELM / "examples").glob("*.yaml"))
# What a Helm that was built from source takes for its cluster is older than what the chart needs.
KUBERNETES = "1.34.0"


def rendered(example: Path) -> Path:
    return HELM / "rendered" / example.name


def head(example: Path) -> str:
    digest = hashlib.sha256()
    for path in (example, *sorted(one for one in CHART.rglob("*") if one.is_file())):
        digest.update(path.relative_to(HELM).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"# Rendered by `make helm` from files with the digest {digest.hexdigest()[:32]}.\n"


def helm(*words: str) -> str:
    done = subprocess.run(["helm", *words], capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise SystemExit(done.stderr + done.stdout)
    return done.stdout


def render(example: Path) -> str:
    """Raises SystemExit with Helm's own words."""
    helm("lint", "--strict", str(CHART), "--values", str(example))
    command = ["template", "waymark", str(CHART), "--values", str(example), "--kube-version", KUBERNETES]
    return head(example) + helm(*command, "--namespace", "waymark")


def main() -> None:
    if shutil.which("helm") is None:
        raise SystemExit("Helm 3 is not on PATH")
    for example in EXAMPLES:
        rendered(example).write_text(render(example))
        print(rendered(example).relative_to(DEPLOY.parent))


if __name__ == "__main__":
    main()
