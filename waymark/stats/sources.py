"""Where `waymark stats` gets its answers: the running core, through its socket, or an API, with a key."""

from collections.abc import Callable
from typing import Any

from waymark import core_client
from waymark.data_dir import DataDir

# Questions wait for their turn, and may take seconds each.
PATIENCE_S = 35.0

Answer = dict[str, Any]
Ask = Callable[[Answer], Answer]


class NoAnswer(RuntimeError):
    """Says why, in words for people."""


def from_core(folder: DataDir, workspace: str) -> Ask:
    """Ask the core that runs in this data folder. Raises NoAnswer."""

    def ask(question: Answer) -> Answer:
        body = {"workspace": workspace, "question": question}
        try:
            found: Answer = core_client.call(folder, "/query", lambda *_: None, body, PATIENCE_S)
        except core_client.CoreUnavailable as error:
            raise NoAnswer(f"{error}. Start `waymark up`, or give --url and WAYMARK_KEY") from None
        except core_client.CoreError as error:
            raise NoAnswer(str(error)) from None
        return found

    return ask


def from_api(base: str, key: str) -> Ask:
    """Ask an API. Raises NoAnswer."""
    import httpx2

    def ask(question: Answer) -> Answer:
        try:
            response = httpx2.post(
                f"{base}/v1/query", json=question, headers={"Authorization": f"Bearer {key}"}, timeout=PATIENCE_S
            )
            found: Answer = response.json()
        except (httpx2.HTTPError, ValueError) as error:
            raise NoAnswer(f"{base} does not answer: {error}") from None
        if response.status_code != 200:
            raise NoAnswer(found.get("error", {}).get("message", f"{base} answers {response.status_code}"))
        return found

    return ask
