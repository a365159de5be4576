/** A place that is typed: searched for while typing, chosen from what was found. */

import { get, Problem } from "../phone/client.js";
import { html, icon, nothing } from "../phone/view.js";

/** @typedef {{ lat: number, lon: number, name: string }} Place */

const PAUSE_MS = 250;
/** What was found last, by the field's name. @type {Map<string, Place[]>} */
const found = new Map();
/** @type {Map<string, number>} */
const waiting = new Map();

/**
 * @param {string} name @param {string} label @param {Place} place
 * @param {(place: Place) => void} keep @param {() => void} draw
 */
export function placeField(name, label, place, keep, draw) {
  const options = found.get(name) ?? [];
  const typed = (/** @type {Event} */ event) => {
    const text = event.target instanceof HTMLInputElement ? event.target.value : "";
    clearTimeout(waiting.get(name));
    waiting.set(name, window.setTimeout(() => void look(name, text, place, draw), PAUSE_MS));
  };
  const choose = (/** @type {Place} */ chosen) => {
    found.delete(name);
    keep({ lat: chosen.lat, lon: chosen.lon, name: chosen.name });
    draw();
  };
  return html`<div class="field place-field">
    <label for="f-${name}">${label}</label>
    <span class="field-box"><input id="f-${name}" type="search" autocomplete="off" maxlength="60" .value=${place.name} @input=${typed}></span>
    ${options.length
      ? html`<ul class="place-found">${options.map((each) => html`<li><button type="button" class="row" @click=${() => choose(each)}>${icon("map-pin")}<span class="row-main">${each.name}</span></button></li>`)}</ul>`
      : nothing}
  </div>`;
}

/** @param {string} name @param {string} text @param {Place} near @param {() => void} draw */
async function look(name, text, near, draw) {
  if (!text.trim()) {
    found.delete(name);
    draw();
    return;
  }
  try {
    const { items } = await get(`/places?q=${encodeURIComponent(text.trim())}&lat=${near.lat}&lon=${near.lon}`);
    found.set(name, items.slice(0, 6));
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    found.delete(name);
  }
  draw();
}
