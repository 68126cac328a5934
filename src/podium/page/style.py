"""Style and script of the page; there is nothing else that it needs."""

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #566072; --line: #d4dae2;
  --paper: #ffffff; --card: #f5f7fa; --good: #08673d; --bad: #a51d13; --accent: #1f5fbf;
  --series-0: #1f5fbf; --series-1: #c2410c; --series-2: #08673d; --series-3: #7c3aed;
  --series-4: #a16207; --series-5: #be185d; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --faint: #a7b1c0; --line: #39424f;
  --paper: #12161b; --card: #1b2129; --good: #5dd39e; --bad: #ff9a90; --accent: #8ab8ff;
  --series-0: #8ab8ff; --series-1: #ffb27a; --series-2: #5dd39e; --series-3: #c4a7ff;
  --series-4: #f2d06b; --series-5: #ff9ecb; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
main, header, footer { max-width: 70rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin: 1rem 0 .25rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .5rem; border-top: 2px solid var(--line);
  padding-top: 1rem; }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .4rem; }
p { margin: .3rem 0; } .faint, figcaption, caption { color: var(--faint); font-size: .875rem; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; } .skip:focus { left: 1rem; top: .5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .3rem; max-width: calc(100vw - 2.5rem); }
th, td { padding: .3rem .6rem; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
td.number, th.number { text-align: right; white-space: nowrap; }
td.settings { overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); } .verdict { font-weight: 600; }
.interval { color: var(--faint); font-size: .875rem; white-space: nowrap; }
th button { all: unset; cursor: pointer; font-weight: 600; text-decoration: underline dotted; }
th button:focus-visible { outline: 3px solid var(--accent); }
input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--faint);
  padding: .25rem .5rem; border-radius: .25rem; max-width: 100%; }
.charts { display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); }
figure { margin: 0; } .charts figure > svg { width: 100%; height: auto; max-width: 34rem; }
.pictures { display: grid; gap: .75rem; padding: 0; list-style: none;
  grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
.pictures.broad { grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }
.pictures img { max-width: 100%; height: auto; display: block; background: #fff; }
.pictures figcaption { overflow-wrap: anywhere; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; list-style: none; }
details { margin: .6rem 0; } summary { cursor: pointer; font-weight: 600; }
@media (max-width: 40rem) { .cards thead { display: none; } .cards tr { display: block;
  border: 1px solid var(--line); border-radius: .4rem; margin: .6rem 0; padding: .4rem; }
  .cards td, .cards th { display: block; border: 0; text-align: left; white-space: normal;
  padding: .15rem .3rem; }
  .cards td::before { content: attr(data-name) ": "; color: var(--faint); } }
@media print { :root { color-scheme: light; --ink: #000; --faint: #333; --line: #999;
  --paper: #fff; --card: #fff; --good: #040; --bad: #900; --series-0: #1f5fbf;
  --series-1: #c2410c; --series-2: #08673d; --series-3: #7c3aed; --series-4: #a16207;
  --series-5: #be185d; } nav, .filter, .skip { display: none; } body { font-size: 10pt; }
  tr, figure, li { break-inside: avoid; } h2, h3 { break-after: avoid; }
  h2 { break-before: page; } .first h2 { break-before: auto; } }
"""

SCRIPT = """
for (const table of document.querySelectorAll("table.sorted")) {
  const body = table.tBodies[0], heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button"; button.append(...head.childNodes); head.append(button);
    button.addEventListener("click", () => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      heads.forEach(each => each.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const key = row => { const data = row.cells[column].querySelector("data");
        return data ? Number(data.value) : row.cells[column].textContent; };
      [...body.rows].sort((a, b) => { const x = key(a), y = key(b);
        const order = typeof x === "number" && typeof y === "number" ? x - y
          : String(x).localeCompare(String(y));
        return up ? order : -order; }).forEach(row => body.append(row));
    });
  });
  if (body.rows.length < 6) continue;
  const label = document.createElement("label"), input = document.createElement("input");
  label.className = "filter"; label.append("Only models named: ", input); input.type = "search";
  table.parentNode.before(label);
  input.addEventListener("input", () => { for (const row of body.rows)
    row.hidden = !row.textContent.toLowerCase().includes(input.value.toLowerCase()); });
}
addEventListener("beforeprint", () => { for (const each of document.querySelectorAll("details"))
  each.open = true; });
"""
