"""Lines of who is not heard stay out in whatever way they come, and go where they were heard."""

from bot.core.scene import MessageId, UserId
from bot.services.doubts import Doubts
from bot.services.incoming import Edit, Incoming, Proxied
from bot.services.mirror import Mirror
from tests.services.playing import CHANNEL
from tests.services.stage import HARBOUR, MARA, TOM, open_stage

LINE, POST = MessageId(5_000), MessageId(5_001)


async def test_a_line_that_another_bot_posts_for_them_goes_with_theirs() -> None:
    unheard: set[UserId] = set()

    async def hears(incoming: Incoming) -> bool:
        return incoming.author not in unheard

    async with open_stage(hears=hears) as stage:
        await stage.begin()
        await stage.say("Hello.", author=MARA)
        await stage.say("L: I knock.", author=TOM, number=LINE)
        await stage.quiet()
        unheard.add(TOM)

        line = stage.line("L: I knock.", LINE, author=TOM)
        await stage.pipeline.replaced(line, Proxied(HARBOUR, POST, "Lyra", "I knock."))
        await stage.quiet()

        assert "I knock." not in str(await stage.memory())


async def test_nothing_of_theirs_is_kept_for_a_moment_even() -> None:
    async def may_keep(incoming: Incoming) -> bool:
        return incoming.author != TOM

    async with open_stage(hears=may_keep) as stage:
        await stage.begin()
        await stage.say("Hello.", author=MARA)
        doubts = Doubts()
        mirror = Mirror(
            memory=stage.pipeline, doubts=doubts, clock_s=lambda: 0.0, may_keep=may_keep
        )
        line = stage.line("T: I knock.", LINE, author=TOM)
        await mirror.edited(CHANNEL, Edit(LINE, "T: I knock twice.", 5), line)
        await mirror.heard(line)
        await mirror.posted(Proxied(HARBOUR, POST, "Lyra", "I knock."))
        await mirror.deleted(CHANNEL, [LINE])
        await stage.quiet()

        assert "knock" not in str(await stage.memory())
        assert "T:" not in str(vars(mirror._proxies))  # held nowhere else
        assert "T:" not in str(vars(mirror._early))
