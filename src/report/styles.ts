/** The page's looks: two themes of the same few colours, system fonts, tables that scroll on narrow screens. */
export const STYLES = `
:root { color-scheme: light dark;
  --paper: #fcfcfa; --ink: #1c2127; --soft: #5b6672; --line: #d9dde1; --accent: #1f6f8b; --contrast: #b4541a; --bad: #b3261e;
  --good: #2e6b34; --faint: #a9b6c0; --card: #ffffff; --shade: 31, 111, 139; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #14171a; --ink: #e6e9ec; --soft: #9aa5b0; --line: #343b42; --accent: #62b6cf; --contrast: #eb9a5f; --bad: #ff8a80;
  --good: #8fce96; --faint: #55626d; --card: #1b1f23; --shade: 98, 182, 207; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 72rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; font-variant-numeric: tabular-nums; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 .25rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.75rem 0 .5rem; }
p, .facts { color: var(--soft); margin: .25rem 0 .75rem; }
.lead { color: var(--ink); font-size: 1.1rem; margin-top: 1.25rem; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 1rem; }
figure { margin: 0; padding: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
figure.wide { grid-column: 1 / -1; }
.chart { width: 100%; height: 22rem; }
figcaption, caption { color: var(--soft); font-size: .875rem; text-align: left; }
caption { caption-side: bottom; padding-top: .5rem; }
.scroll { overflow-x: auto; } .scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 4px; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .4rem .6rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th:first-child { text-align: left; }
thead th { vertical-align: bottom; color: var(--soft); font-weight: 600; font-size: .8rem; }
tbody th { font-weight: 500; }
small { color: var(--soft); font-size: .78rem; }
.baselines th, .baselines td { color: var(--soft); }
.baselines tr:first-child > * { border-top: 2px solid var(--line); }
.chosen > * { background: rgba(var(--shade), .1); }
.best { font-size: .72rem; padding: .05rem .4rem; border: 1px solid var(--accent); border-radius: 1rem; color: var(--accent); }
.within { color: var(--good); } .over { color: var(--bad); font-weight: 600; } .missing { color: var(--soft); font-style: italic; }
.schemes td { text-align: center; border: 1px solid var(--paper); padding: .35rem .3rem; }
.schemes thead span { writing-mode: vertical-rl; transform: rotate(180deg); }
.schemes thead th { text-align: center; }
.shade0 { background: rgba(var(--shade), .06); } .shade1 { background: rgba(var(--shade), .16); } .shade2 { background: rgba(var(--shade), .28); }
.shade3 { background: rgba(var(--shade), .42); } .shade4 { background: rgba(var(--shade), .6); } .shade5 { background: var(--contrast); color: var(--paper); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.25rem; font-size: .9rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } .chart { height: 18rem; } }
@media print { body { max-width: none; padding: 0; font-size: 11px; } figure, tr { break-inside: avoid; } .scroll { overflow: visible; }
  .chosen > *, .schemes td { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
