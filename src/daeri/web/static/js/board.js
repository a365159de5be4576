/** The board of waiting calls and the strip of figures. */

import { waiting } from "./live/state.js";
import { count, distance, minutes, one, t } from "./words.js";

/** @typedef {import("./types").LiveState} LiveState */
/** @typedef {import("./types").LiveCall} LiveCall */
/** @typedef {import("./types").BoardFacts} BoardFacts */
/** @typedef {import("./types").Figures} Figures */

/** A wait this long, in seconds, is marked. */
const LATE_S = 60;
const LONG_S = 180;

/** @type {Map<string, HTMLElement>} */
const rows = new Map();
const list = one("[data-board]");
const form = /** @type {HTMLTemplateElement} */ (one("template#board-row"));

/** Show the waiting calls, keeping the rows (and the focus in them) that stay. @param {LiveState} state */
export function showBoard(state) {
  const calls = waiting(state);
  const ids = new Set(calls.map((call) => call.id));
  for (const [id, row] of rows) {
    if (!ids.has(id)) {
      row.remove();
      rows.delete(id);
    }
  }
  calls.forEach((call, place) => {
    const row = rows.get(call.id) ?? makeRow(call);
    fillFacts(row, state.board.get(call.id));
    if (list.children[place] !== row) list.insertBefore(row, list.children[place] ?? null);
  });
  one("[data-board-count]").textContent = count(calls.length);
  one("[data-board-empty]").hidden = calls.length > 0;
  one("[data-board-loading]").hidden = true;
}

/** @param {LiveCall} call */
function makeRow(call) {
  const row = one(".board-row", /** @type {DocumentFragment} */ (form.content.cloneNode(true)));
  const link = /** @type {HTMLAnchorElement} */ (one("[data-link]", row));
  link.href = `/console/calls/${call.id}`;
  row.dataset.id = call.id;
  row.dataset.since = String(call.requested_at);
  one("[data-number]", row).textContent = call.number;
  one("[data-from]", row).textContent = call.origin.name;
  one("[data-to]", row).textContent = call.destination.name;
  const service = one("[data-service]", row);
  service.hidden = call.service === "general";
  service.textContent = t(`call.service.${call.service}`);
  rows.set(call.id, row);
  return row;
}

/** @param {HTMLElement} row @param {BoardFacts | undefined} facts */
function fillFacts(row, facts) {
  const offer = one("[data-offer]", row);
  const isOffered = facts !== undefined && facts.offered_to !== null;
  offer.dataset.tone = isOffered ? "offered" : facts?.unmet ? "unmet" : "";
  if (isOffered) offer.textContent = facts.offered_to ? t("js.board.offered_to", { driver: facts.offered_to }) : t("js.board.offered");
  else offer.textContent = facts?.unmet ? t(`unmet.${facts.unmet}`) : t("js.board.searching");
  one("[data-asked]", row).textContent = t("js.board.asked", { n: facts?.asked ?? 0 });
  one("[data-radius]", row).textContent = facts ? t("js.board.radius", { distance: distance(facts.radius_m) }) : "";
}

/** Let the waiting times tick. @param {number} now server's time in milliseconds */
export function tick(now) {
  for (const row of rows.values()) {
    const seconds = (now - Number(row.dataset.since)) / 1000;
    one("[data-wait]", row).textContent = minutes(seconds);
    row.dataset.age = seconds >= LONG_S ? "long" : seconds >= LATE_S ? "late" : "fresh";
  }
}

/** @param {Figures} figures */
export function showFigures(figures) {
  for (const tile of document.querySelectorAll("[data-figure]")) {
    if (!(tile instanceof HTMLElement)) continue;
    const name = /** @type {keyof Figures} */ (tile.dataset.figure);
    const value = figures[name];
    one("[data-value]", tile).textContent =
      value === null ? "–" : name === "assign_p50_s" ? t("js.figure.seconds", { n: value.toFixed(1) }) : count(value);
  }
}
