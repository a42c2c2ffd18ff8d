"""S43: the letters tell what is so, and no more."""

from dataclasses import replace

import pytest

from bot.core.incident import (
    Application,
    Fate,
    HookFate,
    Incident,
    ServerReach,
    letter_to_admins,
    letter_to_discord,
)

REMOVED = HookFate(1, 7, Fate.REMOVED)
LEFT = HookFate(2, 8, Fate.LEFT, "the bot lacks Manage Webhooks")
INN = ServerReach(50, "Inn", owner=5, members=12, hooks=(REMOVED, replace(REMOVED, webhook=3)))
PORT = ServerReach(60, "Port", owner=6, members=1)
ALL = Incident(Application(9, "Zeph"), "2026-01-31 18:30 UTC", (INN, PORT), has_acted=True)


def test_the_facts_are_in_the_letters() -> None:
    told = letter_to_discord(ALL)

    for fact in ("“Zeph” (id 9)", "from 2026-01-31 18:30 UTC", "2 servers", "about 13 members"):
        assert fact in told
    assert "have been removed: 2 webhooks in 1 channel." in told
    inn, port = letter_to_admins(ALL, INN), letter_to_admins(ALL, PORT)
    assert "“Inn”" in inn
    assert "2 webhooks in 1 channel" in inn
    assert "It had no webhooks" in port


def test_a_dry_run_claims_nothing_as_done() -> None:
    found = tuple(replace(hook, state=Fate.FOUND) for hook in INN.hooks)
    dry = replace(ALL, servers=(replace(INN, hooks=found),), has_acted=False)

    for letter in (letter_to_discord(dry), letter_to_admins(dry, dry.servers[0])):
        assert "are going to be removed: 2 webhooks" in letter
        assert "have been removed" not in letter


def test_who_does_not_know_since_when_says_so() -> None:
    assert "beginning we do not know" in letter_to_discord(replace(ALL, since=""))


@pytest.mark.parametrize(
    "server",
    [
        replace(INN, hooks=(REMOVED, LEFT)),
        replace(INN, unseen="the bot lacks Manage Webhooks"),
        replace(PORT, unseen="the bot lacks Manage Webhooks"),
        replace(PORT, hooks=(LEFT,)),
    ],
)
def test_what_is_left_to_others_is_said(server: ServerReach) -> None:
    found = replace(ALL, servers=(server,))

    assert not found.is_settled
    letter = letter_to_admins(found, server)
    assert "by hand under Server Settings → Integrations → Webhooks" in letter
    assert "0 webhooks" not in letter


def test_an_address_that_sends_elsewhere_is_no_settled_matter() -> None:
    assert ALL.is_settled
    application = replace(ALL.application, addresses=("interactions_endpoint_url",))
    assert not replace(ALL, application=application).is_settled
