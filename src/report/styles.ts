const LIGHT = `--paper: #fcfcfa; --ink: #1c2127; --soft: #5b6672; --line: #d9dde1; --accent: #1f6f8b; --contrast: #b4541a;
  --bad: #b3261e; --good: #2e6b34; --faint: #a9b6c0; --card: #ffffff; --mark: #e6eff1; --shade: 31, 111, 139;`;
const DARK = `--paper: #14171a; --ink: #e6e9ec; --soft: #9aa5b0; --line: #343b42; --accent: #62b6cf; --contrast: #eb9a5f;
  --bad: #ff8a80; --good: #8fce96; --faint: #63717d; --card: #1b1f23; --mark: #1c282d; --shade: 98, 182, 207;`;

/** The page's looks: two themes of the same few colours, system fonts, tables that scroll on narrow screens. */
export const STYLES = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 74rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; text-wrap: balance; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.75rem 0 .6rem; }
p { color: var(--soft); margin: .25rem 0 .75rem; max-width: 52rem; overflow-wrap: anywhere; }
.lead { color: var(--ink); font-size: 1.1rem; margin-top: 1.25rem; text-wrap: pretty; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1rem; }
figure { margin: 0; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; min-width: 0; }
figure.wide { grid-column: 1 / -1; }
.chart { width: 100%; height: 22rem; } .wide .chart { height: 26rem; }
figcaption, .note { color: var(--soft); font-size: .875rem; line-height: 1.45; margin: .5rem 0 0; max-width: 52rem; }
.scroll { overflow-x: auto; } .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 4px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: .9rem; }
th, td { padding: .4rem .55rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
tr > :first-child { text-align: left; position: sticky; left: 0; background: var(--paper); z-index: 1; }
thead th { vertical-align: bottom; color: var(--soft); font-weight: 600; font-size: .8rem; line-height: 1.3; }
tbody th { font-weight: 500; }
.group th { padding-top: 1.1rem; color: var(--soft); font-weight: 600; font-size: .8rem; border-bottom: 2px solid var(--line); }
.group span { position: sticky; left: .55rem; }
.baselines td, .baselines tr:not(.group) th { color: var(--soft); }
small { color: var(--soft); font-size: .78rem; }
.chosen > *, .chosen > :first-child { background: var(--mark); }
.best { font-size: .72rem; margin-left: .25rem; padding: .05rem .4rem; border: 1px solid var(--accent); border-radius: 1rem; color: var(--accent); }
.within { color: var(--good); } .within-interval { color: var(--ink); font-style: italic; }
.over { color: var(--bad); font-weight: 600; } .missing { color: var(--soft); font-style: italic; }
.schemes td { text-align: center; border: 1px solid var(--paper); padding: .35rem .3rem; min-width: 2.6rem; }
.schemes thead span { writing-mode: vertical-rl; transform: rotate(180deg); }
.schemes thead th + th { text-align: center; padding-inline: .2rem; }
.schemes thead th + th span { display: inline-block; text-align: left; }
.shade0 { background: rgba(var(--shade), .06); } .shade1 { background: rgba(var(--shade), .16); } .shade2 { background: rgba(var(--shade), .28); }
.shade3 { background: rgba(var(--shade), .42); } .shade4 { background: rgba(var(--shade), .6); } .shade5 { background: var(--contrast); color: var(--paper); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; font-size: .9rem; margin: 0; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { padding: 1.5rem 1rem 3rem; } h1 { font-size: 1.4rem; } figure { padding: .75rem .5rem; } figcaption { padding: 0 .25rem; }
  .chart, .wide .chart { height: 19rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@media print {
  @page { margin: 14mm; }
  :root { color-scheme: light; ${LIGHT} --paper: #ffffff; }
  html { font-size: 9.5pt; } body { max-width: none; padding: 0; font-size: 1rem; } h2 { break-after: avoid; margin-top: 1.5rem; }
  figure, tr, .note { break-inside: avoid; } .scroll { overflow: visible; } tr > :first-child { position: static; }
  table { font-size: 6.5pt; } th, td { padding: .25rem .3rem; } thead th, .group th, small, .best { font-size: .95em; } .schemes td { min-width: 0; }
  .charts { grid-template-columns: 1fr 1fr; } .chart, .wide .chart, .chart > div:first-child { width: 100% !important; height: auto !important; }
  .chart svg { width: 100%; height: auto; position: static !important; }
  .chosen > *, .schemes td { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
