"""S25 and S26: the container files pass the lint, and the lint refuses each thing that is wrong.

S25, the model server: no port is published, it asks for a key that the bot sends, tells
nobody how it is used, and takes one prompt of bounded size. TGI reaches the internet, for
it fetches the model by itself; our own server, which has its file, does not. That the bot
sends the key is in `adapters/test_tgi_generator.py`.
"""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.compose_files import CPU, GPU, ROOT, stack
from tests.compose_lint import s25_complaints, s26_complaints, s26_image_complaints


class Gone:
    """Stands for a line that is not there; its name is the same in every process."""

    def __repr__(self) -> str:
        return "gone"


GONE = Gone()
LIMITS = ("deploy", "resources", "limits")


@pytest.mark.parametrize("names", [GPU, CPU], ids=["gpu", "cpu"])
def test_s25_the_model_server_is_the_bots_alone(names: tuple[str, ...]) -> None:
    assert list(s25_complaints(stack(names))) == []


@pytest.mark.parametrize("names", [GPU, CPU], ids=["gpu", "cpu"])
def test_s26_a_container_may_do_as_little_as_possible(names: tuple[str, ...]) -> None:
    assert list(s26_complaints(stack(names))) == []


def test_s26_what_is_started_from_our_images_runs_as_10001() -> None:
    assert list(s26_image_complaints((ROOT / "Dockerfile").read_text())) == []


def changed(names: tuple[str, ...], path: tuple[str, ...], value: object) -> dict[str, Any]:
    """The files with one thing wrong."""
    project = copy.deepcopy(stack(names))
    at: Any = project
    for step in path[:-1]:
        at = at.setdefault(step, {})
    if value is GONE:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return project


S25_WRONG = [
    (GPU, "services tgi ports", ["8080:80"], "tgi: is reachable from outside"),
    (GPU, "services redis ports", ["6379:6379"], "redis: is reachable from outside"),
    (CPU, "services tgi ports", ["127.0.0.1:8080:8080"], "tgi: is reachable from outside"),
    (GPU, "services bot network_mode", "host", "bot: is reachable from outside"),
    (GPU, "services tgi networks", ["outside"], "tgi: is not inside"),
    (GPU, "services tgi networks", GONE, "tgi: is in a network of its own"),
    (GPU, "services tgi networks", ["inside", "shared"], "tgi: is in a network of its own"),
    (CPU, "services tgi networks", ["inside", "outside"], "tgi: has its model, and reaches"),
    (GPU, "services redis networks", ["inside", "outside"], "redis: reaches the internet"),
    (GPU, "networks inside", {"internal": False}, "inside: leads out"),
    (GPU, "networks inside", GONE, "inside: leads out"),
    (GPU, "services tgi environment API_KEY", GONE, "tgi: asks for no key"),
    (GPU, "services tgi environment API_KEY", "", "tgi: asks for no key"),
    (GPU, "services tgi environment API_KEY", "${TGI_API_KEY:-usual}", "tgi: asks for no key"),
    (GPU, "services bot environment BOT_TGI__API_KEY", GONE, "bot: does not send the key"),
    (GPU, "services bot environment BOT_TGI__API_KEY", "x", "bot: does not send the key"),
    (GPU, "services tgi environment USAGE_STATS", GONE, "tgi: tells others"),
    (GPU, "services tgi environment USAGE_STATS", "no-stack", "tgi: tells others"),
    (GPU, "services tgi environment PAYLOAD_LIMIT", GONE, "tgi: takes a request of any size"),
    (GPU, "services tgi environment PAYLOAD_LIMIT", "0", "tgi: takes a request of any size"),
    (GPU, "services tgi environment PAYLOAD_LIMIT", "90000000", "tgi: takes a request of any"),
    (GPU, "services tgi environment MAX_CLIENT_BATCH_SIZE", GONE, "tgi: takes several prompts"),
    (GPU, "services tgi environment MAX_CLIENT_BATCH_SIZE", "4", "tgi: takes several prompts"),
]


@pytest.mark.parametrize(("names", "path", "value", "complaint"), S25_WRONG)
def test_s25_one_thing_wrong_is_refused(
    names: tuple[str, ...], path: str, value: object, complaint: str
) -> None:
    complaints = list(s25_complaints(changed(names, tuple(path.split()), value)))

    assert any(each.startswith(complaint) for each in complaints), complaints


def s26_wrong() -> Iterator[Any]:
    """Of every service, whatever it is."""
    everywhere: list[tuple[str, object, str]] = [
        ("read_only", GONE, "may write on its root"),
        ("read_only", False, "may write on its root"),
        ("cap_drop", GONE, "keeps capabilities"),
        ("cap_drop", ["NET_RAW"], "keeps capabilities"),
        ("cap_add", ["SYS_ADMIN"], "has cap_add"),
        ("privileged", True, "has privileged"),
        ("pid", "host", "has pid"),
        ("security_opt", GONE, "may gain privileges"),
        ("security_opt", ["seccomp:unconfined"], "may gain privileges"),
        ("tmpfs", GONE, "has room of any size"),
        ("tmpfs", ["/var/x"], "has room of any size"),
        ("volumes", ["/var/run/docker.sock:/var/run/docker.sock"], "reaches into the host"),
        ("volumes", [{"type": "bind", "source": "/run", "target": "/r"}], "reaches into the host"),
        (" ".join((*LIMITS, "pids")), GONE, "may start processes without end"),
        (" ".join((*LIMITS, "pids")), -1, "may start processes without end"),
        ("image", "redis:latest", "is of no certain version"),
        ("image", "redis", "is of no certain version"),
    ]
    for names in (GPU, CPU):
        kind = "gpu" if names is GPU else "cpu"
        for service in stack(names)["services"]:
            for path, value, complaint in everywhere:
                number = f"{kind}-{service}-{path.split()[-1]}-{complaint}"
                yield pytest.param(names, f"{service} {path}", value, complaint, id=number)
    single: list[tuple[tuple[str, ...], str, object, str]] = [
        *((GPU, f"{name} user", GONE, "runs as root") for name in ("bot", "redis", "merge")),
        *((GPU, f"{name} user", "0:0", "runs as root") for name in ("bot", "redis", "merge")),
        (CPU, "tgi user", "root", "runs as root"),
        *(
            (GPU, f"{name} deploy resources limits memory", GONE, "has no limit of memory")
            for name in ("bot", "redis", "merge")
        ),
        (CPU, "tgi deploy resources limits memory", GONE, "has no limit of memory"),
        (GPU, "bot build", GONE, "is not built from here"),
        (GPU, "bot build", "https://example.invalid/other.git", "is not built from here"),
        *((GPU, f"{name} healthcheck", GONE, "is not asked") for name in ("redis", "tgi")),
        (GPU, "redis healthcheck test", ["NONE"], "is not asked"),
        (GPU, "tgi healthcheck start_period", GONE, "is not asked"),
        (GPU, "bot healthcheck", {"disable": True}, "is not asked"),
        (GPU, "merge restart", "unless-stopped", "begins anew"),
        (GPU, "bot stop_grace_period", GONE, "has no time"),
        (GPU, "bot stop_grace_period", "10s", "has no time"),
    ]
    yield from (pytest.param(*each, id=f"{each[1]}-{each[2]}"[:60]) for each in single)


@pytest.mark.parametrize(("names", "path", "value", "complaint"), list(s26_wrong()))
def test_s26_one_thing_wrong_is_refused(
    names: tuple[str, ...], path: str, value: object, complaint: str
) -> None:
    service, *rest = path.split()

    complaints = list(s26_complaints(changed(names, ("services", service, *rest), value)))

    assert any(each.startswith(f"{service}: {complaint}") for each in complaints), complaints


@pytest.mark.parametrize(
    ("there", "instead", "complaint"),
    [
        ("USER 10001:10001\n", "", "does not run as 10001"),
        ("USER 10001:10001", "USER 0:0", "does not run as 10001"),
        ("USER 10001:10001", "USER 10001:10001\nUSER root", "does not run as 10001"),
        ("--uid 10001", "--uid 0", "has no user 10001"),
        ("--gid 10001", "--gid 0", "has no user 10001"),
        ("USER 10001:10001", "USER root\nUSER 10001:10001", "can become root"),
        ("USER 10001:10001", "RUN chmod u+s /bin/sh\nUSER 10001:10001", "can become root"),
        ("HEALTHCHECK --interval", "# --interval", "is not asked how it is"),
        ("ENTRYPOINT", "HEALTHCHECK NONE\nENTRYPOINT", "is not asked how it is"),
        ("FROM python:3.11-slim", "FROM python:latest", "is of no certain version"),
        ("FROM python:3.11-slim", "FROM python", "is of no certain version"),
    ],
)
def test_s26_an_image_with_one_thing_wrong_is_refused(
    there: str, instead: str, complaint: str
) -> None:
    text = (ROOT / "Dockerfile").read_text()
    assert there in text

    complaints = list(s26_image_complaints(text.replace(there, instead)))

    assert any(each.endswith(complaint) for each in complaints), complaints
