"""The search for canaries finds them: a run that lets one out fails."""

import logging
from pathlib import Path

import pytest

from tests import canaries

SAID = "A heron stands in the reeds and says nothing at all today, not even to me."


@pytest.mark.parametrize(
    "secret", [canaries.TOKEN, canaries.REDIS_PASSWORD], ids=["token", "password"]
)
def test_s23_a_secret_in_a_log_is_found(tmp_path: Path, secret: str) -> None:
    (tmp_path / "well.log").write_text("ready guilds=1")
    assert canaries.logs_with_canaries(tmp_path) == []
    ill = tmp_path / "deep" / "ill.log"
    ill.parent.mkdir()
    ill.write_text(f"at {secret}!")

    [found] = canaries.logs_with_canaries(tmp_path)

    assert str(ill) in found
    ill.unlink()  # else the run would fail for it


def test_s36_what_somebody_wrote_is_found_by_its_beginning() -> None:
    canaries.note_text(f"  {SAID} And more.\nOf it.")

    assert canaries.caught(f"a line came: {SAID}") != []
    assert canaries.caught("a heron") == []


def test_short_texts_are_not_looked_for() -> None:
    canaries.note_text("ready")
    canaries.note_text("is ready")

    assert canaries.caught("the bot is ready") == []


def test_the_net_catches_what_this_process_logs() -> None:
    net = canaries.Net()
    log = logging.getLogger("bot.test_canaries")
    log.propagate = False
    log.addHandler(net)

    log.warning("fine", extra={"channel": 5})
    log.warning("not fine", extra={"token": canaries.TOKEN})

    log.removeHandler(net)
    assert ["not fine" in line for line in net.lines] == [True]
