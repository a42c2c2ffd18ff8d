"""What a model makes of held-out scenes, on whatever TGI server holds it.

command ── server (asks) ── bot.core.reply_measures (measures) ── figures ─┬─ table
                                                                           └─ plot
"""
