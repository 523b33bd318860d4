"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const PER_SCREEN = 50;
const el = (id) => document.getElementById(id);
const words = (code) => code.replaceAll("_", " ");
const name = (row) => row[1] === null ? row[0] : row[0] + "." + row[1];
const time = (at) => new Date(at).toISOString().replace("T", " ").replace("Z", "");

const TABLE = Array.from({ length: 256 }, (_, n) => { for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1; return n >>> 0; });
function crc32(text) {
  let crc = 0xffffffff;
  for (const byte of new TextEncoder().encode(text)) crc = (crc >>> 8) ^ TABLE[(crc ^ byte) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}

let kept = [];  // the last few opened pages
async function page(number) {
  const found = kept.find((item) => item[0] === number);
  if (found) return found[1];
  const packed = Uint8Array.from(atob(el("p" + number).textContent), (char) => char.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const rows = await new Response(stream).json();
  kept = [[number, rows], ...kept].slice(0, 8);
  return rows;
}

function wanted() {
  return { decision: el("decision").value, text: el("text").value.trim().toLowerCase(), run: el("run").value };
}
function fits(row, want) {
  if (want.decision === "withheld" ? row[3] === "released" || row[3] === "" : want.decision && row[3] !== want.decision) return false;
  if (want.run && row[2] !== want.run) return false;
  return !want.text || name(row).toLowerCase().startsWith(want.text) || row[4].toLowerCase().startsWith(want.text);
}
function may(counts, want) {
  if (!want.decision) return true;
  return want.decision === "withheld" ? Object.keys(counts).some((key) => key && key !== "released") : want.decision in counts;
}
async function* search(want) {
  const record = want.text.split(".")[0];
  const whole = /^r[0-9a-f]{20}$/.test(record);
  for (let number = 0; number < data.pages.length; number++) {
    if (whole && number !== crc32(record) % data.pages.length) continue;
    if (!may(data.pages[number], want)) continue;
    for (const row of await page(number)) if (fits(row, want)) yield row;
  }
}

let found = [], source = null, screen = 0, turn = 0;
async function list() {
  const mine = ++turn;
  found = []; screen = 0; source = search(wanted());
  await show(mine);
}
async function show(mine) {
  el("status").textContent = "searching\u2026";
  let over = false;
  while (found.length < (screen + 1) * PER_SCREEN + 1) {
    const next = await source.next();
    if (mine !== turn) return;
    if (next.done) { over = true; break; }
    found.push(next.value);
  }
  const start = screen * PER_SCREEN, rows = found.slice(start, start + PER_SCREEN);
  el("rows").replaceChildren(...rows.map(line));
  el("previous").disabled = screen === 0;
  el("next").disabled = over && found.length <= start + PER_SCREEN;
  el("status").textContent = rows.length ? `documents ${start + 1} to ${start + rows.length}` + (over ? ` of ${found.length}` : "") : "no document fits";
}
function cell(text, kind) {
  const td = document.createElement("td");
  td.textContent = text;
  if (kind) td.className = kind;
  return td;
}
function decision(row) {
  return row[3] === "released" ? cell("released", "good strong") : row[3] ? cell("withheld: " + words(row[3]), "bad strong") : cell("no decision yet", "soft");
}
function line(row) {
  const tr = document.createElement("tr"), button = document.createElement("button"), first = cell("", "mono");
  button.className = "link"; button.textContent = name(row);
  button.addEventListener("click", () => { timeline(row); el("timeline").scrollIntoView({ block: "nearest" }); });
  first.append(button);
  tr.append(first, decision(row), cell(row[4], "mono"), cell(row[5] === null ? "" : row[5].toFixed(3), "n"), cell(row[2], "mono"));
  return tr;
}
function timeline(row) {
  el("timeline").hidden = false;
  el("timeline-name").textContent = name(row);
  const summary = el("timeline-summary");
  summary.replaceChildren(...decision(row).childNodes);
  summary.className = row[3] === "released" ? "good" : "bad";
  el("timeline-rules").textContent = `policy ${row[4] || "none applied"}; run ${row[2] || "none"}`;
  el("steps").replaceChildren(...row[6].map((step) => {
    const tr = document.createElement("tr");
    tr.append(cell(time(step[1]), "t"), cell(words(data.kinds[step[0]])), cell(step[4]), cell(data.streams[step[2]] + "#" + step[3], "mono id"));
    return tr;
  }));
}
async function follow() {
  const asked = decodeURIComponent(location.hash.slice(1));
  if (asked.startsWith("decision=")) { el("decision").value = asked.slice(9); return list(); }
  if (!/^r[0-9A-Za-z]+(\.[0-9a-z]+)*$/.test(asked)) return;
  for (const row of await page(crc32(asked.split(".")[0]) % data.pages.length)) {
    if (name(row) === asked || row[0] === asked) { el("text").value = asked; timeline(row); await list(); el("timeline").scrollIntoView(); return; }
  }
}
el("search").addEventListener("submit", (event) => { event.preventDefault(); list(); });
for (const id of ["decision", "run"]) el(id).addEventListener("change", list);
el("next").addEventListener("click", () => { screen += 1; show(turn); });
el("previous").addEventListener("click", () => { screen -= 1; show(turn); });
el("print").addEventListener("click", () => window.print());
el("close").addEventListener("click", () => { el("timeline").hidden = true; });
for (const button of document.querySelectorAll("button[data-decision]")) {
  button.addEventListener("click", () => { el("decision").value = button.dataset.decision; el("text").value = ""; list(); el("documents").scrollIntoView(); });
}
window.addEventListener("hashchange", follow);
list().then(follow);
