"""Looks of a model card: one style sheet inside the page, for screens from phone to desk."""

__all__ = ["STYLE"]

# ink on paper 14:1, quiet 6:1, links 5.2:1, alarms 6.7:1 (WCAG asks for 4.5:1)
STYLE = """
:root { --ink: #22272e; --quiet: #57606a; --rule: #d5dae0; --soft: #f5f7f9; --link: #0067a3;
  --alarm: #8f3b00; --alarm-soft: #fff4e8; --well: #005f46; --well-soft: #eef8f4; }
* { box-sizing: border-box; }
html { color-scheme: light; background: #fff; -webkit-text-size-adjust: 100%; }
body { margin: 0; color: var(--ink); overflow-wrap: break-word;
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
header, main, footer { max-width: 74rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 2.75rem 0 .75rem; padding-top: 1rem;
  border-top: 1px solid var(--rule); }
h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p, ul, dl { margin: .6rem 0; max-width: 46rem; }
.lead { font-size: 1.1rem; color: var(--quiet); }
.quiet, caption, figcaption, footer { color: var(--quiet); font-size: .9rem; }
a { color: var(--link); }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem;
  max-width: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem;
  max-width: none; margin: 1.5rem 0; }
.tiles div { background: var(--soft); border-radius: .5rem; padding: .7rem .9rem; }
.tiles dt { color: var(--quiet); font-size: .9rem; }
.tiles dd { margin: 0; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tiles small { display: block; font-size: .85rem; color: var(--quiet); }
.verdict { border-left: .4rem solid var(--well); background: var(--well-soft);
  border-radius: .3rem; padding: .9rem 1.2rem 1rem; margin: 1.5rem 0; }
.verdict h2 { border: 0; margin: 0; padding: 0; color: var(--well); }
.verdict p, .verdict ul { max-width: none; }
.verdict ul { padding-left: 1.3rem; }
.verdict li { margin: .5rem 0; }
.verdict.alarm { border-color: var(--alarm); background: var(--alarm-soft); }
.verdict.alarm h2 { color: var(--alarm); }
.facts { display: grid; grid-template-columns: minmax(9rem, 14rem) 1fr; gap: .35rem 1.25rem; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; margin: .75rem 0 1.25rem; }
.scroll:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
table { border-collapse: separate; border-spacing: 0; font-size: .92rem;
  font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: 0 0 .5rem; }
caption span { display: block; position: sticky; left: 0; width: fit-content;
  max-width: min(46rem, calc(100vw - 2.5rem)); }
th, td { text-align: left; vertical-align: top; padding: .45rem .9rem .45rem 0;
  border-bottom: 1px solid var(--rule); }
thead th { vertical-align: bottom; white-space: nowrap; border-bottom: 2px solid var(--ink); }
tbody th { font-weight: 600; min-width: 7rem; max-width: 18rem; overflow-wrap: anywhere;
  position: sticky; left: 0; background: #fff; }
td.text { min-width: 15rem; }
td.finding { min-width: 9.5rem; }
td.code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: .85rem; }
.interval { display: block; color: var(--quiet); font-size: .85rem; white-space: nowrap; }
tr.alarm, tr.alarm th { background: var(--alarm-soft); }
tr.alarm td.finding { font-weight: 700; color: var(--alarm); }
.mark { display: block; margin-top: .15rem; }
.mark .zero { stroke: #9aa4af; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr));
  gap: 1.5rem; align-items: start; }
figure { margin: 0; }
figure img { width: 100%; max-width: 36rem; height: auto; display: block; }
footer { margin-top: 3rem; padding-top: 1rem; padding-bottom: 2.5rem; }
@media (max-width: 36rem) {
  header { padding-top: 1.5rem; }
  h1 { font-size: 1.5rem; }
  tbody th { min-width: 7rem; max-width: 9rem; }
  .facts { grid-template-columns: 1fr; gap: 0; }
  .facts dd { margin-bottom: .6rem; }
}
@media print {
  nav { display: none; }
  .scroll { overflow: visible; }
  tr, figure, .tiles, .verdict { break-inside: avoid; }
}
"""
