"""How an exported chat looks: a page to read, by day and by night, on paper and on a phone."""

SPEAKER_COLOURS = (
    ("#9a3412", "#f0a27c"),
    ("#1e50b3", "#8db4ff"),
    ("#166534", "#7fd19b"),
    ("#7e22ce", "#cfa2ff"),
    ("#9d174d", "#f59ac0"),
    ("#0f5f6c", "#6fcfdf"),
    ("#7c4a0b", "#e3bd66"),
    ("#4b5563", "#b5bdc9"),
)
"""Of names, by day and by night; whoever comes after the last begins again."""
PAPER = ("#fbf9f5", "#17181b")
MUTED = ("#6b665e", "#a09c93")

_DAY, _NIGHT = (
    "\n".join(f".s{at} {{ --tint: {pair[time]} }}" for at, pair in enumerate(SPEAKER_COLOURS))
    for time in (0, 1)
)

STYLE = f"""
:root {{
  color-scheme: light dark;
  --paper: {PAPER[0]}; --ink: #22201c; --muted: {MUTED[0]}; --rule: #e2dccf; --wash: #f1ede4;
  --veil: #5a554d;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
}}
{_DAY}
@media (prefers-color-scheme: dark) {{
  :root {{
    --paper: {PAPER[1]}; --ink: #e4e2dd; --muted: {MUTED[1]}; --rule: #34353b; --wash: #222328;
    --veil: #7d7a74;
  }}
  {_NIGHT}
}}
* {{ box-sizing: border-box }}
html {{ -webkit-text-size-adjust: 100%; text-size-adjust: 100% }}
body {{
  margin: 0; padding: 0 1.25rem 6rem; background: var(--paper); color: var(--ink);
  font: 1.0625rem/1.65 Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif;
  overflow-wrap: anywhere;
}}
body > * {{ max-width: 38rem; margin-inline: auto }}
header {{ padding: 3.5rem 0 1.75rem; border-bottom: 1px solid var(--rule); text-align: center }}
h1 {{ margin: 0; font-size: clamp(1.9rem, 7vw, 2.75rem); line-height: 1.15; font-weight: 600 }}
.with {{ margin: .5rem 0 0; font-size: 1.15rem; font-style: italic; color: var(--muted) }}
.facts, .day, summary {{ font-family: var(--sans); font-size: .8125rem; color: var(--muted) }}
.facts {{ margin: 1rem 0 0 }}
.scenario {{ margin: 1.5rem auto 0; max-width: 32rem; text-align: start }}
.day {{ margin: 2.75rem 0 0; text-align: center; letter-spacing: .04em }}
.turn {{ position: relative; margin: 1.9rem 0 0 }}
.turn.on {{ margin-top: .85rem }}
h2 {{
  display: flex; align-items: center; gap: .55rem; margin: 0 0 .3rem;
  font: 600 .9375rem/1.3 var(--sans); color: var(--tint);
}}
.face {{
  flex: none; width: 1.6rem; height: 1.6rem; border-radius: 50%; background: var(--tint);
  color: var(--paper); font-size: .8rem; line-height: 1.6rem; text-align: center;
}}
p {{ margin: 0 }}
p + p, p + pre, pre + p, p + blockquote, blockquote + p, blockquote + blockquote {{
  margin-top: .8em
}}
.told {{ padding: 0 1.5rem; font-style: italic; color: var(--muted); text-align: center }}
.told em {{ font-style: normal }}
.heading {{ font-weight: 700; font-size: 1.15em }}
.small {{ font-size: .8125em; color: var(--muted) }}
blockquote {{ margin: 0; padding-inline-start: .9rem; border-inline-start: 3px solid var(--rule) }}
code, pre {{ font: .875em/1.5 ui-monospace, Menlo, Consolas, monospace; background: var(--wash) }}
code {{ padding: .1em .3em; border-radius: 4px }}
pre {{ margin: 0; padding: .75rem 1rem; border-radius: 6px; overflow-x: auto; text-align: start }}
.spoiler {{ position: relative; cursor: pointer }}
.spoiler input {{ position: absolute; inset: 0; margin: 0; opacity: 0; pointer-events: none }}
.spoiler > span {{ border-radius: 4px; background: var(--veil); padding: 0 .15em }}
.spoiler > span > span {{ visibility: hidden }}
.spoiler input:checked + span {{ background: var(--wash) }}
.spoiler input:checked + span > span {{ visibility: visible }}
.spoiler input:focus-visible + span, summary:focus-visible {{
  outline: 2px solid var(--tint, var(--muted)); outline-offset: 2px
}}
summary {{ display: inline-block; padding: .35rem 0; cursor: pointer; border-radius: 4px }}
summary::before {{ content: "▸ " }}
details[open] > summary::before {{ content: "▾ " }}
summary::-webkit-details-marker {{ display: none }}
.others summary {{ margin-top: .25rem }}
.others ol {{ margin: .35rem 0 0; padding: 0; list-style: none; counter-reset: version }}
.others li {{
  margin: 0 0 .75rem; padding: .6rem .9rem; border-radius: 8px; background: var(--wash);
  font-size: .9375em;
}}
.hidden {{
  margin: 1.9rem 0 0; padding: .25rem .9rem; border: 1px dashed var(--rule); border-radius: 8px
}}
.hidden .turn {{ margin: .6rem 0 .9rem; opacity: .85 }}
@media (min-width: 50rem) {{
  body {{ font-size: 1.125rem }}
  header {{ padding-top: 5rem }}
  .face {{
    position: absolute; inset-inline-start: -3.1rem; top: -.35rem;
    width: 2.2rem; height: 2.2rem; font-size: 1rem; line-height: 2.2rem;
  }}
  .hidden .face {{ position: static; width: 1.6rem; height: 1.6rem; line-height: 1.6rem }}
}}
@media print {{
  body {{ padding: 0; font-size: 11pt; background: none }}
  h2 {{ break-after: avoid }}
  .turn {{ break-inside: avoid-page }}
}}
"""
