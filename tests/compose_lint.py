"""What is wrong with container files, as sentences that name the service: none is the aim.

Images of others are pinned to a version and not to a digest: a version is built
anew when its distribution has mended something, and a digest would keep that out.
What goes into our own images is checked file by file (`--require-hashes`).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

FIELDS = {
    "build", "image", "init", "user", "env_file", "environment", "volumes", "tmpfs", "networks",
    "depends_on", "stop_grace_period", "deploy", "command", "healthcheck",
    "shm_size", "restart", "read_only", "cap_drop", "security_opt", "logging", "profiles",
}  # fmt: skip
"""Those that were thought about; `ports`, `privileged`, `cap_add` and `pid` are none of them."""

TGI_IMAGE = "ghcr.io/huggingface/text-generation-inference:"
OUR_IMAGES = {"zephrp:local": ".", "zephrp-merge:local": {"context": ".", "target": "merge"}}
KEY = re.compile(r"\$\{TGI_API_KEY:\?[^}]+\}")
MOST_BYTES = 2_000_000
OUTSIDE = {
    "bot": "Discord",
    "merge": "what it merges",
    "tgi": "a model on the hub, where it is TGI",
}
"""Who may reach the internet, and why."""
STOP_S = 45


def s25_complaints(project: Mapping[str, Any]) -> Iterator[str]:
    """S25: nobody but the bot reaches the model server, and it does no more than it has to."""
    services = project["services"]
    if not (project["networks"].get("inside") or {}).get("internal"):
        yield "inside: leads out"
    for name, service in services.items():
        networks = set(service.get("networks") or ["default"])
        if "ports" in service or service.get("network_mode"):
            yield f"{name}: is reachable from outside"
        if networks - {"inside", "outside"}:
            yield f"{name}: is in a network of its own"
        if "outside" in networks and name not in OUTSIDE:
            yield f"{name}: reaches the internet"
    tgi, bot = services["tgi"], services["bot"]
    if "inside" not in (tgi.get("networks") or ()):
        yield "tgi: is not inside"
    if not tgi["image"].startswith(TGI_IMAGE):
        if tgi.get("networks") != ["inside"]:
            yield "tgi: has its model, and reaches the internet"
        return
    yield from _of_tgi(tgi.get("environment") or {}, bot.get("environment") or {})


def _of_tgi(tgi: Mapping[str, Any], bot: Mapping[str, Any]) -> Iterator[str]:
    key = str(tgi.get("API_KEY"))
    if not KEY.fullmatch(key):
        yield "tgi: asks for no key that has to be set"
    if str(bot.get("BOT_TGI__API_KEY")) != key:
        yield "bot: does not send the key"
    if str(tgi.get("USAGE_STATS")) != "off":
        yield "tgi: tells others how it is used"
    if not 0 < int(tgi.get("PAYLOAD_LIMIT") or 0) <= MOST_BYTES:
        yield "tgi: takes a request of any size"
    if str(tgi.get("MAX_CLIENT_BATCH_SIZE")) != "1":
        yield "tgi: takes several prompts in a request"


def s26_complaints(project: Mapping[str, Any]) -> Iterator[str]:
    """S26: a container may do as little as possible, and ends in order."""
    for name, service in project["services"].items():
        yield from (f"{name}: {what}" for what in _of_container(name, service))
    grace = str(project["services"]["bot"].get("stop_grace_period"))
    if grace != f"{STOP_S}s":
        yield "bot: has no time to finish replies"


def _of_container(name: str, service: Mapping[str, Any]) -> Iterator[str]:
    for field in set(service) - FIELDS:
        yield f"has {field}"
    if service.get("read_only") is not True:
        yield "may write on its root"
    if service.get("cap_drop") != ["ALL"]:
        yield "keeps capabilities"
    if service.get("security_opt") != ["no-new-privileges:true"]:
        yield "may gain privileges"
    # TGI's Python lies under /root, which nobody else may enter.
    is_root = str(service.get("user", "0")).partition(":")[0] in {"0", "root"}
    if is_root and not service["image"].startswith(TGI_IMAGE):
        yield "runs as root"
    if any("size=" not in mount for mount in service.get("tmpfs") or [""]):
        yield "has room of any size for temporary files"
    if any(str(volume).startswith(("/var/run", "/run", "/:")) for volume in _volumes(service)):
        yield "reaches into the host"
    yield from _of_limits(service.get("deploy", {}).get("resources", {}))
    yield from _of_image(service)
    yield from _of_health(name, service)


def _volumes(service: Mapping[str, Any]) -> Iterator[Any]:
    for volume in service.get("volumes") or ():
        yield volume.get("source") if isinstance(volume, Mapping) else volume


def _of_limits(resources: Mapping[str, Any]) -> Iterator[str]:
    limits = resources.get("limits") or {}
    if not int(limits.get("pids") or 0) > 0:
        yield "may start processes without end"
    # Where a card is reserved, its own memory sets how much of the machine's is needed.
    if ("memory" in limits) == ("reservations" in resources):
        yield "has no limit of memory, or one beside a card"


def _of_image(service: Mapping[str, Any]) -> Iterator[str]:
    image = service["image"]
    if image in OUR_IMAGES:
        if service.get("build") != OUR_IMAGES[image]:
            yield "is not built from here"
    elif not re.match(r"\d+\.\d+\.\d+", image.rpartition(":")[2]):
        yield "is of no certain version"


def _of_health(name: str, service: Mapping[str, Any]) -> Iterator[str]:
    check = service.get("healthcheck") or {}
    if name == "bot":  # its image has one
        if check.get("disable"):
            yield "is not asked how it is"
    elif name == "merge":  # it ends, and its exit code tells
        if service.get("restart") != "no":
            yield "begins anew when it has ended"
    elif (check.get("test") or ["NONE"])[0] not in {"CMD", "CMD-SHELL"} or not {
        "timeout",
        "interval",
        "retries",
        "start_period",
    } <= set(check):
        yield "is not asked how it is"


def s26_image_complaints(dockerfile: str) -> Iterator[str]:
    """S26 of the images that we build: each that is started runs as user 10001."""
    stages = re.split(r"^FROM ", dockerfile, flags=re.MULTILINE)[1:]
    for stage in stages:
        head = stage.split("\n", 1)[0]
        users = re.findall(r"^USER (.*)$", stage, re.MULTILINE)
        if head.endswith("AS build"):
            continue  # nothing of it is started
        if not users or users[-1] != "10001:10001":
            yield f"{head}: does not run as 10001"
        if "--uid 10001" not in stage or "--gid 10001" not in stage:
            yield f"{head}: has no user 10001"
        if re.search(r"^(USER (0|root)|RUN .*\b(sudo|setcap|chmod u\+s))", stage, re.MULTILINE):
            yield f"{head}: can become root"
    if "HEALTHCHECK" not in stages[-1] or re.search(r"^HEALTHCHECK NONE", dockerfile, re.MULTILINE):
        yield "bot: is not asked how it is"
    for base in re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE):
        if not re.search(r":\d", base):
            yield f"{base}: is of no certain version"
