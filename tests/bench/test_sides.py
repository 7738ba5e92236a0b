"""bench: the servers that are compared are held to what they have answered, and a missing one is said."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from bench import against, load, sides
from bench.sides import Peer, Side
from harness.launcher import ROOT

SERVER = f"""{sys.executable} -c '
import http.server, os
class Redirect(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        with open("answered", "a") as log: log.write("x")
        self.send_response(302); self.send_header("Content-Length", "0"); self.end_headers()
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", {{port}}), Redirect).serve_forever()
'"""


@pytest.fixture(scope="module")
def peer() -> Iterator[Side]:
    with sides.installed(Peer("ours", SERVER, setup="test -d {folder}", count="wc -c < {folder}/answered")) as side:
        yield side


def asked(side: Side, times: int) -> sides.Bout:
    return sides.bout(side, partial(load.each, side.port, [side.path] * times, connections=4))


def test_a_peer_is_measured_and_its_own_count_compared(peer: Side) -> None:
    load.each(peer.port, [peer.path])
    found = asked(peer, 40)
    assert found.counted == found.load.answers == 40
    assert found.cpu_us > 0 and found.stored_us is None


def test_a_side_that_lost_count_is_no_measurement(peer: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sides, "COUNTED_WITHIN_S", 0.2)
    counts = iter([0, *[39] * 10])
    forgetful = Side("forgetful", peer.port, peer.path, peer.answering, counted=lambda: next(counts))
    with pytest.raises(sides.Miscounted, match="forgetful: 40 answers, and 39 on record"):
        asked(forgetful, 40)


@pytest.mark.parametrize(
    ("made", "why"),
    [
        (Peer("absent", "exec /no/such/program {port}"), "No such file"),
        (Peer("unready", SERVER, setup="echo no link >&2; exit 3"), "ended with 3: no link"),
    ],
)
def test_a_peer_that_is_not_there_is_said(made: Peer, why: str) -> None:
    with pytest.raises(sides.Missing, match=f"{made.name}.*{why}"), sides.installed(made):
        pass


def test_no_nginx_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(sides.Missing, match="apt-get install nginx"), sides.nginx():
        pass


def test_peers_are_given_as_shell_words() -> None:
    given = f"a='run {{port}} \"x y\"' a.count={shlex.quote('wc -l')} b=other"
    assert sides.peers(given) == (Peer("a", 'run {port} "x y"', count="wc -l"), Peer("b", "other"))
    assert sides.peers("") == ()
    for wrong in ("alone", "a.other=x", "=x"):
        with pytest.raises(ValueError, match="PEERS"):
            sides.peers(wrong)
    with pytest.raises(ValueError, match="a: there is no name="):
        sides.peers("a.count=x")


def test_another_tree_is_a_folder_or_a_commit(tmp_path: Path) -> None:
    with against.other_tree(str(tmp_path)) as tree:
        assert (tree.name, tree.root) == ("waymark of the other tree", tmp_path)
    with pytest.raises(LookupError, match="neither a folder nor a commit"), against.other_tree("no-such-commit"):
        pass
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    if head.returncode == 0:
        with against.other_tree("HEAD") as tree:
            assert head.stdout.startswith(tree.name.removeprefix("waymark "))
            assert (tree.root / "Makefile").exists() and tree.root != ROOT
        assert not tree.root.exists()
