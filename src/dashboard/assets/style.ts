/** The style sheet of the pages: light and dark, wide and narrow. */
export const style = `:root {
  color-scheme: light dark;
  --text: #1d2129;
  --faint: #5a6270;
  --ground: #f6f6f4;
  --paper: #ffffff;
  --line: #dcdcd6;
  --accent: #a03d20;
  --accent-text: #ffffff;
  --bad: #b3261e;
  --good: #1b6e3c;
  --new: #2a5db0;
  --code: #efeeea;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6e6e3;
    --faint: #a2a8b3;
    --ground: #15171b;
    --paper: #1d2026;
    --line: #363a43;
    --accent: #f09a7c;
    --accent-text: #1d0f0a;
    --bad: #ff8a80;
    --good: #7fd8a0;
    --new: #8fb8ff;
    --code: #272b33;
  }
}
* { box-sizing: border-box; }
html { font: 15px/1.5 system-ui, sans-serif; background: var(--ground); color: var(--text); }
body { margin: 0; }
a { color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[hidden] { display: none !important; }
.hidden {
  position: absolute; width: 1px; height: 1px; overflow: hidden;
  clip-path: inset(50%); white-space: nowrap;
}
.skip {
  position: absolute; left: -99rem; top: 0; padding: .5rem 1rem; background: var(--paper);
  z-index: 1;
}
.skip:focus { left: 0; }
.top {
  display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.5rem;
  padding: .6rem 1.25rem; background: var(--paper); border-bottom: 1px solid var(--line);
}
.brand { font-weight: 700; text-decoration: none; color: var(--text); }
nav { flex: 1; min-width: 0; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem; margin: 0; padding: 0; list-style: none; }
nav a {
  display: block; padding: .3rem .6rem; border-radius: .4rem; color: var(--text);
  text-decoration: none;
}
nav a:hover { background: var(--code); }
nav a[aria-current] { background: var(--accent); color: var(--accent-text); }
.state { font-size: .8rem; color: var(--faint); }
main { max-width: 76rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
main:focus { outline: none; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 1.75rem 0 .6rem; }
bdi { overflow-wrap: anywhere; }
table bdi { overflow-wrap: break-word; }
.none, .hint, .jid { color: var(--faint); }
.hint, .jid, .server { font-size: .87rem; }
.jid { display: block; font-weight: 400; white-space: nowrap; }
.server { margin-top: 2rem; color: var(--faint); }
.notice, .fault, .ask {
  padding: .6rem .9rem; border-radius: .5rem; background: var(--paper);
  border: 1px solid var(--line);
}
.notice { border-left: 4px solid var(--good); }
.fault { border-left: 4px solid var(--bad); }
.ask { border-left: 4px solid var(--accent); font-size: 1.1rem; }
.tiles {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem;
  margin: 0 0 1rem; padding: 0; list-style: none;
}
.tiles li {
  background: var(--paper); border: 1px solid var(--line); border-radius: .6rem;
  padding: .7rem .9rem;
}
.tiles a { color: inherit; text-decoration: none; display: block; }
.tiles li:has(a:hover) { border-color: var(--accent); }
.tiles .title, .tiles .more {
  display: block; color: var(--faint); font-size: .85rem; min-height: 1.3em;
}
.tiles .value {
  display: block; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums;
}
.tiles .bad .value { color: var(--bad); }
.chart {
  margin: 0; padding: .75rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: .6rem;
}
.chart svg { display: block; width: 100%; height: 9rem; }
.line { fill: none; stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.line.processed { stroke: var(--good); }
.line.failed { stroke: var(--bad); }
.line.enqueued { stroke: var(--new); stroke-dasharray: 4 3; }
figcaption {
  display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .85rem; color: var(--faint);
}
.most { flex: 1; }
.key::before {
  content: ""; display: inline-block; width: .9rem; border-top: 3px solid currentColor;
  margin-right: .4rem; vertical-align: middle;
}
.key.processed { color: var(--good); }
.key.failed { color: var(--bad); }
.key.enqueued { color: var(--new); }
.tabs a { margin-right: .75rem; }
.tabs a[aria-current] { font-weight: 600; color: var(--text); text-decoration: none; }
.scroll {
  position: relative; overflow-x: auto; background: var(--paper); border: 1px solid var(--line);
  border-radius: .6rem;
}
table { border-collapse: collapse; width: 100%; }
th, td {
  padding: .5rem .75rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line);
}
tbody tr:last-child > * { border-bottom: 0; }
thead th { font-size: .82rem; color: var(--faint); font-weight: 500; white-space: nowrap; }
tbody th { font-weight: 500; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.jobs td, .jobs th { max-width: 22rem; }
td time { white-space: nowrap; }
.actions { white-space: nowrap; text-align: right; }
.actions form { display: inline-flex; }
code { font: .87em/1.45 ui-monospace, monospace; }
pre {
  overflow: auto; max-height: 32rem; padding: .8rem 1rem; background: var(--code);
  border-radius: .5rem; margin: 0;
}
pre code { unicode-bidi: plaintext; }
.error { color: var(--bad); overflow-wrap: anywhere; }
.badge {
  display: inline-block; padding: 0 .5rem; border: 1px solid var(--line); border-radius: 1rem;
  font-size: .82rem; font-weight: 400; background: var(--code);
}
.badge.dead, .badge.retries, .badge.terminate { color: var(--bad); }
.badge.working, .badge.running { color: var(--good); }
button, .button, input, select { font: inherit; color: inherit; }
button, .button {
  padding: .3rem .7rem; border: 1px solid var(--line); border-radius: .45rem;
  background: var(--paper); cursor: pointer; text-decoration: none; display: inline-block;
}
button:hover, .button:hover { border-color: var(--accent); }
button.main { background: var(--accent); color: var(--accent-text); border-color: var(--accent); }
button.quiet { border-color: transparent; background: none; color: var(--faint); }
.actions button { font-size: .85rem; padding: .15rem .5rem; margin-left: .3rem; }
input:not([type="checkbox"]), select {
  padding: .3rem .5rem; border: 1px solid var(--line); border-radius: .4rem;
  background: var(--paper); max-width: 100%;
}
input[type="checkbox"] { width: 1.1rem; height: 1.1rem; accent-color: var(--accent); }
.filters { display: flex; flex-wrap: wrap; align-items: end; gap: .6rem; margin: 0 0 1rem; }
.filters label { display: grid; font-size: .82rem; color: var(--faint); }
.filters input { width: 10rem; color: var(--text); }
.filters select { color: var(--text); }
.filters input, .filters select, .filters button { height: 2.2rem; }
.bar {
  display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; margin: 0 0 .75rem; padding: 0;
  border: 0;
}
.bar .all { display: flex; align-items: center; gap: .4rem; margin-right: .5rem; }
.apart { display: flex; flex-wrap: wrap; gap: .5rem; margin-left: auto; }
.bar form { display: inline-flex; gap: .4rem; }
.pages { display: flex; flex-wrap: wrap; gap: 1rem; color: var(--faint); }
.empty {
  padding: 1.5rem; text-align: center; background: var(--paper); border: 1px dashed var(--line);
  border-radius: .6rem;
}
.empty pre { text-align: left; display: inline-block; max-width: 100%; }
.facts {
  margin: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
  gap: .75rem;
}
.facts div {
  background: var(--paper); border: 1px solid var(--line); border-radius: .6rem;
  padding: .5rem .8rem; min-width: 0;
}
dt { color: var(--faint); font-size: .82rem; }
dd { margin: 0; overflow-wrap: anywhere; }
.cards { list-style: none; margin: 0; padding: 0; display: grid; gap: .75rem; }
.card {
  background: var(--paper); border: 1px solid var(--line); border-radius: .6rem;
  padding: .2rem 1rem .8rem; min-width: 0;
}
.card h2 { margin: .6rem 0 .2rem; overflow-wrap: anywhere; }
.card p { margin: .2rem 0; overflow-wrap: anywhere; }
.runs { margin: .4rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.size strong { font-size: 1.5rem; }
.login, .message { max-width: 24rem; margin-top: 12vh; }
.login form { display: grid; gap: .9rem; }
.login label { display: grid; gap: .3rem; }
progress { width: 7rem; accent-color: var(--good); }
@media (max-width: 64rem) {
  nav { order: 3; flex-basis: 100%; overflow-x: auto; }
  nav ul { flex-wrap: nowrap; }
  nav a { white-space: nowrap; }
  .brand { flex: 1; }
}
@media (max-width: 40rem) {
  html { font-size: 16px; }
  .top { padding: .5rem .9rem; }
  main { padding: .75rem .9rem 3rem; }
  .filters { display: grid; grid-template-columns: 1fr 1fr; }
  .filters label, .filters input { width: 100%; }
  .filters input[type="hidden"] { display: none; }
  .jobs, .jobs tbody { display: block; }
  .jobs thead { display: none; }
  .jobs tr {
    display: grid; padding: .6rem .75rem; border-bottom: 1px solid var(--line); gap: .2rem;
  }
  .jobs tbody tr:last-child { border-bottom: 0; }
  .jobs td, .jobs th { display: block; padding: 0; border: 0; max-width: none; min-width: 0; }
  .jobs td, .jobs bdi { overflow-wrap: anywhere; }
  .jobs td[data-label]::before {
    content: attr(data-label) " "; color: var(--faint); font-size: .85rem;
  }
  .facts { grid-template-columns: 1fr 1fr; gap: .5rem; }
  .jobs .actions { text-align: left; margin-top: .3rem; }
  .jobs .actions button { margin: 0 .3rem 0 0; padding: .3rem .8rem; }
  .apart { margin-left: 0; }
  .actions { white-space: normal; }
}
`;
