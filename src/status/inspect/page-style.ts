/** The looks of the page of an inspection, light and dark, on screens and on paper. */
export const PAGE_STYLE = `
:root { --ink: #1c2430; --quiet: #566070; --paper: #ffffff; --line: #d8dde4; --bar: #3b74c4; --tile-ink: #10151c;
  --c0: #9cc3f0; --c1: #f3c08a; --c2: #a9d8a4; --c3: #e6a7ab; --c4: #c9b6e6; --c5: #d9c79c; --c6: #9fd6d4; --c7: #c3c9d1; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e4e8ee; --quiet: #a3adba; --paper: #14181e; --line: #333b46; --bar: #6ea3ea; --tile-ink: #f2f5f9;
    --c0: #2a5488; --c1: #84531f; --c2: #306b39; --c3: #863f46; --c4: #5b468a; --c5: #6b5a26; --c6: #276a68; --c7: #4a525d; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem; max-width: 75rem; color: var(--ink); background: var(--paper); font: 15px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.3rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; }
dt, footer { color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; }
a { color: var(--bar); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; white-space: nowrap; }
thead th { color: var(--quiet); font-weight: 600; }
tbody th { min-width: 9rem; font-weight: 400; white-space: pre-wrap; overflow-wrap: anywhere; font-family: ui-monospace, monospace; font-size: .9em; }
.level1 { padding-left: 2rem; }
.level2 { padding-left: 3.4rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { width: 22%; min-width: 5rem; }
.bar svg { display: block; width: 100%; height: .7rem; margin-top: .35rem; }
.bar rect { fill: var(--bar); }
.map { display: block; width: 100%; height: auto; margin-bottom: .8rem; }
.map rect { stroke: var(--paper); stroke-width: 1.5; }
.map rect.inner { fill-opacity: .72; stroke-width: 1; }
.map text { font: 12px system-ui, sans-serif; fill: var(--tile-ink); }
${Array.from({ length: 8 }, (_, i) => `.c${i} { fill: var(--c${i}); }`).join('\n')}
footer { margin-top: 2rem; font-size: .9em; }
@media print { nav { display: none; } .scroll { overflow: visible; } }
`;
