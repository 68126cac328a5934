"""The page where people drop pictures: one file, which asks this server alone."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from html import escape

from podium.core.printable import printable

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #566072; --line: #8a94a3;
  --paper: #ffffff; --card: #f3f5f9; --bad: #a51d13; --accent: #1f5fbf; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --faint: #a7b1c0; --line: #5b6676;
  --paper: #12161b; --card: #1b2129; --bad: #ff9a90; --accent: #8ab8ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 44rem; padding: 0 1rem 3rem; background: var(--paper);
  color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 1rem 0 .25rem; } p { margin: .3rem 0; }
.faint { color: var(--faint); font-size: .9rem; overflow-wrap: anywhere; }
.drop { display: block; margin: 1rem 0; padding: 2rem 1rem; border: 2px dashed var(--line);
  border-radius: .6rem; background: var(--card); text-align: center; cursor: pointer; }
.drop.over { border-color: var(--accent); }
.drop:focus-within { outline: 3px solid var(--accent); outline-offset: 2px; }
.drop input { display: block; margin: .8rem auto 0; max-width: 100%; font: inherit;
  color: inherit; }
ol { list-style: none; padding: 0; }
li { display: flex; flex-wrap: wrap; align-items: flex-start; gap: .5rem 1rem; padding: .8rem 0;
  border-top: 1px solid var(--line); }
li img { width: 10rem; max-width: 100%; max-height: 10rem; object-fit: contain; background: #fff; }
li figure { margin: 0; flex: 1 1 100%; } li figure img { width: auto; max-height: 30rem; }
li > div { flex: 1 1 14rem; min-width: 0; overflow-wrap: anywhere; }
.said { font-size: 1.25rem; font-weight: 600; } .bad { color: var(--bad); }
dl { display: grid; grid-template-columns: minmax(4rem, auto) minmax(4rem, 1fr) auto;
  gap: .15rem .6rem; margin: .4rem 0; align-items: center; font-variant-numeric: tabular-nums; }
dt, dd { margin: 0; } meter { width: 100%; height: 1rem; }
"""

SCRIPT = """
const input = document.querySelector("input"), drop = document.querySelector(".drop");
const list = document.querySelector("ol"), state = document.querySelector("#state");
const most = Number(document.body.dataset.most), MOST_SHOWN = 10;
const make = (name, text, kind) => { const each = document.createElement(name);
  if (text !== undefined) each.textContent = text; if (kind) each.className = kind; return each; };
const isChance = name => name === "probability" || /^[pl]_/.test(name);

function show(place, answer) {
  const pairs = Object.entries(answer), chances = pairs.filter(([name, value]) =>
    typeof value === "number" && isChance(name)).sort((a, b) => b[1] - a[1]);
  for (const [name, value] of pairs)
    if (!chances.some(each => each[0] === name))
      place.append(make("p", `${name}: ${value === "" ? "-" : value}`, "said"));
  const table = make("dl");
  for (const [name, value] of chances.slice(0, MOST_SHOWN)) {
    const label = name.replace(/^[pl]_/, ""), cell = make("dd"), bar = make("meter");
    bar.value = value; bar.setAttribute("aria-label", label); cell.append(bar);
    table.append(make("dt", label), cell, make("dd", `${(100 * value).toFixed(1)} %`));
  }
  place.append(table);
  if (chances.length > MOST_SHOWN)
    place.append(make("p", `and ${chances.length - MOST_SHOWN} less likely ones`, "faint"));
}

async function ask(file, where) {
  if (file.size > most) throw new Error(`larger than ${most / 1e6} MB`);
  const reply = await fetch(where, { method: "POST", body: file,
    headers: { "Content-Type": "application/octet-stream" } });
  if (!reply.ok) throw new Error((await reply.json()).error);
  return reply;
}

async function explain(item, file) {
  const figure = make("figure"), wait = make("p", "looking where the model looks ...", "faint");
  figure.append(wait); item.append(figure);
  try {
    const image = make("img"), reply = await ask(file, "explain");
    image.alt = `where the model looks on ${file.name}`;
    image.src = URL.createObjectURL(await reply.blob());
    figure.append(image, make("figcaption", document.body.dataset.explained, "faint"));
  } catch (error) { figure.append(make("p", `no explanation: ${error.message}`, "faint")); }
  wait.remove();
}

let queue = Promise.resolve();
function add(files) {
  for (const file of files) {
    const item = make("li"), image = make("img"), place = make("div");
    const wait = make("p", "waiting ...", "faint");
    image.alt = ""; image.src = URL.createObjectURL(file);
    image.addEventListener("error", () => image.remove());
    place.append(make("p", file.name, "faint"), wait); item.append(image, place);
    list.prepend(item);
    queue = queue.then(async () => {
      try {
        show(place, (await (await ask(file, "predict")).json()).answer);
        state.textContent = `${file.name}: answered`;
        queue = queue.then(() => explain(item, file));
      }
      catch (error) { place.append(make("p", `no answer: ${error.message}`, "bad"));
        state.textContent = `${file.name}: no answer`; }
      wait.remove();
    });
  }
}
input.addEventListener("change", () => { add(input.files); input.value = ""; });
for (const name of ["dragenter", "dragover"])
  addEventListener(name, event => { event.preventDefault(); drop.classList.add("over"); });
for (const name of ["dragleave", "drop"])
  addEventListener(name, event => { event.preventDefault(); drop.classList.remove("over"); });
addEventListener("drop", event => add(event.dataTransfer.files));
addEventListener("paste", event => add(event.clipboardData.files));
"""
EXPLAINED = {
    "photos": "Red speaks for what the heads say, blue against it.",
    "captcha": "The pixels that sway each character.",
    "slides": "How likely each place is of a class.",
}


@dataclass(frozen=True)
class WebPage:
    """A page.

    Attributes:
        html: all of it.
        policy: its Content-Security-Policy: this style, this script, this server, nothing else.
    """

    html: str
    policy: str


def web_page(model: str, task: str, max_bytes: int) -> WebPage:
    """Return the page of a model.

    Args:
        model: its file, for people.
        task: what it was trained for.
        max_bytes: of a picture file.
    """
    explained = next(words for start, words in EXPLAINED.items() if task.startswith(start))
    html = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{_words(task)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f'<body data-most="{max_bytes}" data-explained="{explained}">\n'
        "<main>\n<h1>What is on this picture?</h1>\n"
        f'<p class="faint">{_words(task)}, answered by {_words(model)} on this machine. '
        "Pictures are not kept.</p>\n"
        '<label class="drop">Drop pictures here, paste one, or choose files\n'
        '<input type="file" accept="image/*" multiple></label>\n'
        '<p id="state" class="faint" role="status"></p>\n'
        '<ol aria-label="Answers, newest first"></ol>\n</main>\n'
        f"<script>{SCRIPT}</script>\n</body>\n</html>\n"
    )
    policy = (
        f"default-src 'none'; script-src {_hash(SCRIPT)}; style-src {_hash(STYLE)}; "
        "img-src blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return WebPage(html, policy)


def _words(value: str) -> str:
    return escape(printable(value))


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
