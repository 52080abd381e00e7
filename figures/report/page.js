// Tables that sort by their heads, a box that filters them, and commands that can be copied. The page reads without.
"use strict";

const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });

function keyOf(row, place, numeric) {
  const key = row.cells[place].dataset.key;
  return key === undefined || !numeric ? key : Number(key);
}

// Rows of equal keys stay as they stand, in both directions, so that sorting by one head and then another nests.
function sortRows(table, head) {
  const numeric = head.classList.contains("number");
  const direction = head.getAttribute("aria-sort") === "ascending" ? "descending" : "ascending";
  const sign = direction === "ascending" ? 1 : -1;
  const body = table.tBodies[0];
  const compare = (one, other) => {
    const [a, b] = [keyOf(one, head.cellIndex, numeric), keyOf(other, head.cellIndex, numeric)];
    if (a === undefined || b === undefined) return (a === undefined) - (b === undefined);
    return sign * (numeric ? a - b : collator.compare(a, b));
  };
  body.append(...[...body.rows].sort(compare));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", direction);
}

function makeSortable(table) {
  for (const head of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sortRows(table, head));
    head.append(button);
  }
}

// A row stays where it holds every word of the box, anywhere and in any case.
function makeFilter(scroll) {
  const rows = [...scroll.querySelector("tbody").rows];
  const texts = rows.map((row) => [...row.cells].map((cell) => cell.textContent).join("\n").toLowerCase());
  const label = document.createElement("label");
  const input = document.createElement("input");
  const count = document.createElement("output");
  input.type = "search";
  input.autocomplete = "off";
  input.spellcheck = false;
  label.append("Only rows with ", input);
  const show = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, place) => {
      row.hidden = !wanted.every((word) => texts[place].includes(word));
      shown += !row.hidden;
    });
    count.value = `${shown} of ${rows.length} rows`;
  };
  input.addEventListener("input", show);
  const box = document.createElement("div");
  box.className = "filter";
  box.append(label, count);
  scroll.before(box);
  show();
}

// A page from a plain http server may not use the clipboard; selected text can be copied anywhere.
async function copyText(code) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    return true;
  } catch {
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }
}

function makeCopyable(block) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    button.textContent = (await copyText(block.querySelector("code"))) ? "Copied" : "Selected";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
  block.append(button);
}

document.querySelectorAll("table").forEach(makeSortable);
document.querySelectorAll(".scroll.filtered").forEach(makeFilter);
document.querySelectorAll(".commands").forEach(makeCopyable);
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((each) => (each.open = true)));
