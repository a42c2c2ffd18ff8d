"""The buttons under a reply that is not as it should be, pressed on a running bot."""

from tests.fakes.scripted_tgi import stories
from tests.wire.remembering import until_remembered
from tests.wire.running import Running

SENTENCE = " The lamp turns over the dark water."
TALE = " She counts the ships one by one. Nobody has come up the stairs since spring."


async def test_a_reply_that_was_cut_off_goes_on_where_it_stands(stage: Running) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await mara.answer(await mara.slash("roleplay start", character="clover", length="micro"))
    tgi.reply = lambda _: SENTENCE * 20
    await mara.send("Tell me all.")
    half = await mara.wait_for_message(lambda m: "▶▶ Continue" in m.labels)
    await until_remembered(stage.bot, half)
    tgi.reply = lambda _: " Then it stops."

    assert (await mara.click(half, "▶▶ Continue")).is_acknowledged
    whole = await mara.wait_for_message(lambda m: m.id == half.id and "Then it stops." in m.content)

    assert half.content == (SENTENCE * half.content.count("lamp")).strip()
    assert whole.content == half.content + " Then it stops."
    assert tgi.asked[-1].prompt.endswith(f"Clover: {half.content}")
    states = [revision.text for revision in await stage.world.history(half.id)]
    assert all(whole.content.startswith(state) for state in states)


async def test_row_13_a_reply_that_repeats_itself_is_written_anew_in_its_place(
    stage: Running,
) -> None:
    mara, tgi = stage.world.mara, stage.tgi
    await mara.answer(await mara.slash("roleplay start", character="clover"))
    tgi.reply = lambda _: TALE
    first = await mara.send("What do you do?")
    await mara.wait_for_message(
        lambda m: m.is_webhook and m.id > first.id and "Stop" not in m.labels
    )
    await mara.send("And then?")
    again = await mara.wait_for_message(lambda m: "Write it anew" in m.labels)
    await until_remembered(stage.bot, again)
    tgi.reply = stories(30)

    assert (await mara.click(again, "Write it anew")).is_acknowledged
    other = await mara.wait_for_message(lambda m: m.id == again.id and m.content != again.content)

    assert again.content == TALE.strip()
    assert TALE.strip() not in other.content
