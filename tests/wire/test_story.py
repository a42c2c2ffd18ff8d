"""A member's story over real sockets: Discord's protocol in, Discord's protocol out."""

import time
from pathlib import Path

from bot.playground.rights import Right
from bot.playground.world import BOT_ROLE_ID, TAVERN_ID
from tests.fakes.scripted_tgi import ScriptedTgi, story
from tests.playground.driver import Shown, eventually
from tests.wire.remembering import until_remembered
from tests.wire.running import Running, running


def is_whole(shown: Shown, words: str) -> bool:
    return shown.is_webhook and words in shown.content and "Stop" not in shown.labels


async def test_a_scene_from_start_to_longer_replies_to_stop(stage: Running) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    tgi.reply = lambda prompt: " Long. " + story(90) if "length = long" in prompt else " Short."

    choices = await mara.autocomplete("roleplay start", "character", "light")
    assert [value for _, value in choices] == ["hesper-quill"]
    use = await mara.slash("roleplay start", character="hesper-quill")
    told = await mara.answer(use)
    assert told.is_ephemeral
    assert "Hesper Quill" in told.content
    greeting = await mara.wait_for_message(lambda m: m.is_webhook)
    assert greeting.author == "Hesper Quill"
    assert greeting.avatar_url

    await mara.send("I knock on the door.")
    first = await mara.wait_for_message(lambda m: is_whole(m, "Short."))
    await mara.answer(await mara.slash("length", step="long"))
    await mara.send("And then?")
    second = await mara.wait_for_message(lambda m: is_whole(m, "Long."))
    await until_remembered(stage.bot, second)

    assert len(second.content) > len(first.content)
    assert tgi.asked[-1].prompt.endswith("### Response: (length = long)\nHesper Quill:")
    assert "Mara: I knock on the door." in tgi.asked[-1].prompt
    status = await mara.answer(await mara.slash("roleplay status"))
    assert "**long**" in status.content
    assert "Turns so far: 5" in status.content

    await mara.answer(await mara.slash("roleplay stop"))
    await mara.send("Hello?")
    await mara.answer(await mara.slash("roleplay status"))
    assert len(tgi.asked) == 2


async def test_the_reply_grows_in_one_message_and_can_be_stopped(stage: Running) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    tgi.reply, tgi.tokens_per_s = lambda _: story(120), 60
    await mara.answer(await mara.slash("roleplay start", character="clover", length="long"))
    await mara.send("Tell me.")

    growing = await mara.wait_for_message(lambda m: "Stop" in m.labels)
    assert (await mara.click(growing, "Stop")).is_acknowledged
    whole = await mara.wait_for_message(lambda m: m.id == growing.id and "Stop" not in m.labels)

    assert 0 < len(whole.content) < len(story(120))
    assert tgi.asked[-1].left.is_set()
    sizes = [len(revision.text) for revision in await stage.world.history(growing.id)]
    assert sizes == sorted(sizes)


async def test_typing_shows_within_a_second(stage: Running) -> None:
    mara = stage.world.mara
    stage.tgi.first_token_s = 2
    await mara.answer(await mara.slash("roleplay start", character="clover"))

    sent = time.monotonic()
    await mara.send("Are you there?")
    await mara.wait_for_event(lambda event: event["t"] == "TYPING_START", 1)

    assert time.monotonic() - sent < 1


async def test_row_05_two_members_in_two_channels_do_not_wait_for_each_other(
    stage: Running,
) -> None:
    mara, tom, tgi = stage.world.mara, stage.world.tom, stage.tgi
    tgi.tokens_per_s = 60
    tgi.reply = lambda prompt: (" Mara! " if "Mara: Hi" in prompt else " Tom! ") + story(60)
    for member, channel in ((mara, "tavern"), (tom, "harbour")):
        use = await member.slash("roleplay start", character="clover", channel=channel)
        await member.answer(use)

    await mara.send("Hi from me.")
    await tom.send("Hello from me.", "harbour")
    await mara.wait_for_message(lambda m: is_whole(m, "Mara!"))
    await tom.wait_for_message(lambda m: is_whole(m, "Tom!"), channel="harbour")

    first, second = tgi.asked
    assert second.at < first.at + 1
    assert second.first_token_at is not None
    assert second.first_token_at < first.at + 1


def what_is_missing(prompt: str) -> str:
    """Of the reply that stands half written at the end of *prompt*."""
    return story(100).removeprefix(prompt.rpartition("Clover:")[2])


async def test_a_killed_bot_goes_on_with_the_story(stage: Running) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    tgi.reply, tgi.tokens_per_s = what_is_missing, 40
    await mara.answer(await mara.slash("roleplay start", character="clover", length="long"))
    await mara.send("My name is Ada.")
    # Grown once: by then its first post is noted.
    half = await mara.wait_for_message(lambda m: "Stop" in m.labels and "sea answers" in m.content)

    await stage.bot.kill()
    tgi.tokens_per_s = 0
    await stage.bot.start()
    await stage.bot.wait_ready()

    whole = await mara.wait_for_message(lambda m: m.id == half.id and "Stop" not in m.labels)
    assert whole.content == story(100).strip()
    tgi.reply = lambda _: " By this lamp, Ada."
    await mara.send("Who am I?")
    await mara.wait_for_message(lambda m: is_whole(m, "lamp") and m.id > whole.id)
    assert "My name is Ada." in tgi.asked[-1].prompt


async def test_while_the_model_is_down_the_channel_is_told_and_then_answered(
    stage: Running,
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await mara.answer(await mara.slash("roleplay start", character="clover"))
    await tgi.stop()
    await mara.send("Anybody?")

    notice = await mara.wait_for_message(lambda m: "not answering" in m.content)
    assert notice.labels == ["Try again"]
    assert "model" in (await stage.bot.ready())["reasons"]
    await tgi.start()
    assert (await mara.click(notice, "Try again")).is_acknowledged
    await mara.wait_for_message(lambda m: is_whole(m, "I hear you."))

    async def is_gone() -> bool:
        return await mara.see(notice) is None

    await eventually(is_gone, 5)


async def test_a_scene_plays_in_a_thread_and_in_direct_messages(stage: Running) -> None:
    mara = stage.world.mara
    for channel in (await mara.thread("Aside"), await mara.dm()):
        use = await mara.slash("roleplay start", character="clover", channel=channel)
        await mara.answer(use)
        await mara.send("Hello.", channel)
        shown = await mara.wait_for_message(lambda m: "I hear you." in m.content, channel=channel)
        assert shown.channel_id == channel


async def test_a_deleted_webhook_is_made_anew_and_a_missing_right_is_lived_with(
    stage: Running,
) -> None:
    mara, world = stage.world.mara, stage.world
    tavern = await mara.channel_id("tavern")
    await mara.answer(await mara.slash("roleplay start", character="clover"))

    await world.delete_webhooks(tavern)
    await mara.send("One.")
    await mara.wait_for_message(lambda m: is_whole(m, "I hear you."))


async def test_edits_and_deletions_change_what_the_model_reads(stage: Running) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await mara.answer(await mara.slash("roleplay start", character="clover", greeting="none"))
    wrong = await mara.send("I am Bea.")
    reply = await mara.wait_for_message(lambda m: is_whole(m, "I hear you."))
    gone = await mara.send("Forget this.")
    await mara.wait_for_message(lambda m: is_whole(m, "I hear you.") and m.id > reply.id)

    await mara.edit(wrong, "I am Ada.")
    await mara.delete(gone)

    async def is_right() -> bool:
        asked = len(tgi.asked)
        await mara.send("And now?")
        await eventually(lambda: _reached(tgi, asked + 1), 5)
        prompt = tgi.asked[-1].prompt
        return "I am Ada." in prompt and "Forget" not in prompt and "Bea" not in prompt

    await eventually(is_right, 10)


async def _reached(tgi: ScriptedTgi, count: int) -> bool:
    return len(tgi.asked) >= count


async def test_out_of_character_lines_get_a_reaction(stage: Running) -> None:
    mara = stage.world.mara
    await mara.answer(await mara.slash("roleplay start", character="clover"))

    line = await mara.send("((back in five))")
    await mara.wait_for_event(lambda event: event["t"] == "MESSAGE_REACTION_ADD")

    assert await mara.see(line) is not None
    assert stage.tgi.asked == []


async def test_the_length_menu_lives_through_a_restart(stage: Running) -> None:
    mara = stage.world.mara
    await mara.answer(await mara.slash("roleplay start", character="clover"))
    menu = await mara.answer(await mara.slash("length"))
    await stage.bot.kill()
    await stage.bot.start()
    await stage.bot.wait_ready()

    assert (await mara.choose(menu, "huge")).is_acknowledged
    await mara.wait_for_message(lambda m: m.id == menu.id and "**huge**" in m.content)
    status = await mara.answer(await mara.slash("roleplay status"))
    assert "**huge**" in status.content


async def test_commands_are_synced_once_and_not_again(stage: Running) -> None:
    await stage.bot.stop()
    await stage.bot.start()
    await stage.bot.wait_ready()
    _, printed = await stage.bot.stop()

    assert "commands are as they were" in printed
    assert "commands synced" not in printed


async def test_s36_nothing_people_wrote_is_logged(clean_redis_url: str, tmp_path: Path) -> None:
    async with running(clean_redis_url, tmp_path, BOT_LOG_LEVEL="DEBUG") as stage:
        mara = stage.world.mara
        stage.tgi.reply = lambda _: " canaryreply"
        await mara.answer(
            await mara.slash("roleplay start", character="clover", scenario="canaryscenario")
        )
        await mara.send("canaryline")
        await mara.wait_for_message(lambda m: is_whole(m, "canaryreply"))
        _, printed = await stage.bot.stop()

    assert "canary" not in printed
    assert stage.world.token not in printed


async def test_a_reply_is_whole_although_its_webhook_was_deleted_meanwhile(stage: Running) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    tgi.reply, tgi.tokens_per_s = lambda _: story(60) + " The end.", 60
    await mara.answer(await mara.slash("roleplay start", character="clover", greeting="none"))
    await mara.send("Tell me.")
    growing = await mara.wait_for_message(lambda m: "Stop" in m.labels)

    await stage.world.delete_webhooks(growing.channel_id)

    whole = await mara.wait_for_message(lambda m: is_whole(m, "The end."))
    assert whole.content.startswith("The lamp")
    assert not [m for m in await mara.messages() if "Try again" in m.labels]


async def test_a_reply_that_a_moderator_deletes_while_it_grows_is_forgotten(
    stage: Running,
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    tgi.reply, tgi.tokens_per_s = lambda _: story(600), 60
    await mara.answer(await mara.slash("roleplay start", character="clover", greeting="none"))
    await mara.send("Tell me.")
    growing = await mara.wait_for_message(lambda m: "Stop" in m.labels)

    await stage.world.ann.delete(growing)
    await eventually(tgi.asked[-1].left.is_set)

    status = await mara.answer(await mara.slash("roleplay status"))
    assert "Turns so far: 1, 0 of them" in status.content
    assert not [m for m in await mara.messages() if m.is_bot and not m.is_ephemeral]


async def test_where_the_bot_may_not_write_no_scene_starts_and_none_is_lost(stage: Running) -> None:
    mara, world = stage.world.mara, stage.world
    await mara.answer(await mara.slash("roleplay start", character="clover", greeting="none"))
    await mara.answer(await mara.slash("roleplay stop"))
    await world.overwrite(TAVERN_ID, BOT_ROLE_ID, deny=int(Right.SEND_MESSAGES))

    refused = await mara.answer(await mara.slash("roleplay start", character="hollis"))

    assert "Send Messages" in refused.content
    status = await mara.answer(await mara.slash("roleplay status"))
    assert "Clover" in status.content


async def test_a_notice_whose_line_is_past_goes_when_its_button_is_pressed(stage: Running) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    tgi.reply = lambda _: ""
    await mara.answer(await mara.slash("roleplay start", character="clover", greeting="none"))
    await mara.send("Are you there?")
    notice = await mara.wait_for_message(lambda m: "Try again" in m.labels)
    await stage.world.tom.send("I am, at least.")  # nobody answers this, but it goes on
    await mara.wait_for_message(lambda m: "Several of you" in m.content)

    use = await mara.click(notice, "Try again")

    assert use.is_acknowledged
    await mara.wait_for_message(lambda m: m.is_ephemeral and "gone on" in m.content)
    await eventually(lambda: _is_gone(stage, notice))


async def _is_gone(stage: Running, message: Shown) -> bool:
    return await stage.world.mara.see(message) is None
