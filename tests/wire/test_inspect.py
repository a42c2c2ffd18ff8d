"""Looking inside, over real sockets: /context, Why?, /scene guard and what /length promises."""

from typing import Any

from bot.playground.world import TAVERN_ID
from tests.playground.driver import Member, Shown
from tests.playground.member import eventually
from tests.wire.remembering import until_remembered
from tests.wire.running import Running


async def told(member: Member, command: str, **options: Any) -> Shown:
    """What the bot answers to a command; nobody else sees it."""
    answer = await member.answer(await member.slash(command, **options))
    assert answer.is_ephemeral
    return answer


async def why(member: Member, message: Shown) -> str:
    answer = await member.answer(await member.context("Why?", message))
    assert answer.is_ephemeral
    return answer.content


async def exchange(stage: Running, line: str) -> tuple[Shown, Shown]:
    """Mara says *line*; wait until the character has answered it."""
    stage.tgi.reply = lambda _: " Come in out of the rain."
    sent = await stage.world.mara.send(line)
    shown = await stage.world.mara.wait_for_message(
        lambda m: m.is_webhook and m.id > sent.id and "rain" in m.content and "Stop" not in m.labels
    )
    return sent, await until_remembered(stage.bot, shown)


async def test_the_owner_sees_where_the_tokens_went_and_the_exact_prompt(stage: Running) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    assert "no scene here" in (await told(mara, "context")).content
    await told(mara, "roleplay start", character="clover")
    assert "Nobody has written a line" in (await told(mara, "context")).content
    await exchange(stage, "I knock on the door.")

    shown = await told(mara, "context")
    refused = await told(tom, "context")

    (file,) = shown.raw["attachments"]
    async with stage.world.session.get(stage.world.address.base_url + file["url"]) as response:
        prompt = await response.text()
    assert file["filename"] == "prompt.txt"
    assert prompt == stage.tgi.asked[-1].prompt
    rows = shown.content.split("```")[1].strip().splitlines()
    assert [row[:11].strip() for row in rows][-2:] == ["for reply", "free"]
    assert max(len(row) for row in rows) == 35
    assert sum(shown.content.count(ink) for ink in "█▒░") == 16
    assert "Only the one who started the scene and moderators may" in refused.content
    assert refused.raw["attachments"] == []


async def test_why_answers_on_replies_lines_and_everything_else(stage: Running) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    before = await mara.send("Is anybody here?")
    assert "There is no scene here" in await why(mara, before)
    await told(mara, "roleplay start", character="clover")
    greeting = await mara.wait_for_message(lambda m: m.is_webhook)
    line, reply = await exchange(stage, "I knock on the door.")
    remark = await mara.send("((back in a minute))")

    assert "older than the scene" in await why(mara, before)
    assert "opens every scene" in await why(mara, greeting)
    assert "came about so" in await why(tom, reply)
    assert "answered this line" in await why(mara, line)
    assert "out of character" in await why(mara, remark)

    asked = len(stage.tgi.asked)
    stage.tgi.first_token_s, stage.tgi.tokens_per_s = 1.5, 20
    stage.tgi.reply = lambda _: " The lamp is lit and the kettle sings." * 8
    line = await mara.send("And then?")
    await eventually(lambda: len(stage.tgi.asked) > asked)
    assert "waits for the model" in await why(mara, line)
    growing = await mara.wait_for_message(lambda m: "Stop" in m.labels)
    assert "being written" in await why(mara, growing)
    assert "is being written" in await why(mara, line)
    await mara.click(growing, "Stop")
    await mara.wait_for_message(lambda m: m.id == growing.id and "Stop" not in m.labels)

    aside = await tom.send("What a door.")
    notice = await mara.wait_for_message(lambda m: "Several of you play now" in m.content)
    assert "say the name, mention me, or reply" in await why(tom, aside)
    assert "no part of the story" in await why(tom, notice)
    await told(mara, "roleplay stop")
    late = await mara.send("Hello?")
    assert "/roleplay resume" in await why(mara, late)


async def test_guard_length_and_continue_say_what_they_do(stage: Running) -> None:
    mara, tom = stage.world.mara, stage.world.tom
    assert "No scene is live" in (await told(mara, "scene guard", level="strict")).content
    await press_continue(stage, "No scene is live here")
    await told(mara, "roleplay start", character="clover")
    assert "Guard" not in (await told(mara, "roleplay status")).content

    assert "**strict**" in (await told(mara, "scene guard", level="strict")).content
    refused = await told(tom, "scene guard", level="normal")
    assert "Only the one who started" in refused.content
    assert "Guard level: **strict**" in (await told(mara, "roleplay status")).content

    menu = await told(mara, "length")
    options = menu.component("length:", (3,))["options"]
    described = {option["label"]: option["description"] for option in options}
    assert described["tiny"] == "≈ 8-25 words (typical)"
    assert described["auto"] == "what the model sees fit"
    assert "- tiny: ≈ 8-25 words (typical)" in menu.content
    assert (await mara.choose(menu, "tiny")).is_acknowledged
    after = await mara.wait_for_message(lambda m: m.id == menu.id and not m.components)
    assert "**tiny**. Expect ≈ 8-25 words (typical)." in after.content
    named = await told(mara, "length", step="auto")
    assert "**auto**. Expect what the model sees fit." in named.content


async def press_continue(stage: Running, answer: str) -> None:
    """Press a button as a reply before a restart may have left it."""
    button = {"type": 2, "style": 2, "label": "Continue", "custom_id": f"continue:{5:020d}r"}
    row = {"type": 1, "components": [button]}
    path = f"/channels/{TAVERN_ID}/messages"
    await stage.world.rest("POST", path, json={"content": "So it went.", "components": [row]})
    shown = await stage.world.mara.wait_for_message(lambda m: "Continue" in m.labels)
    use = await stage.world.mara.click(shown, "Continue")
    assert use.is_acknowledged
    told_alone = await stage.world.mara.answer(use)
    assert told_alone.is_ephemeral
    assert answer in told_alone.content
