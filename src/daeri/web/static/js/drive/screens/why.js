/** Why did I not get this call: what the decision log says of this driver, in plain words. */

import { clock, day, html, icon, km, nothing, t, won } from "../../phone/view.js";
import { get } from "../../phone/client.js";
import { load, local, page } from "../go.js";
import { regionName } from "../outline.js";
import { empty, views } from "../parts.js";
import { sketch } from "../sketch.js";
import { now } from "../store.js";

/** @typedef {import("../types").Why} Why */

const view = local({ asMap: false, chosen: "" });

export function why() {
  return page(t("drive.why.title"), "/drive/me", html`<p class="hint">${t("drive.why.lead")}</p>
    ${load("why", async () => /** @type {{ items: Why[] }} */ (await get("/driver/why?hours=24")).items, (items) => (items.length ? shown(items) : empty(t("drive.why.empty"), t("drive.why.empty.more"), "circle-check")))}`);
}

/** @param {Why[]} items */
function shown(items) {
  const placed = items.filter((item) => item.origin.lat !== undefined);
  return html`${placed.length ? views(view) : nothing}
    ${view.asMap && placed.length ? onMap(placed) : nothing}
    <ul class="drive-whys">${(view.asMap && placed.length ? items.filter((item) => item.call_id === view.chosen) : items).map(entry)}</ul>`;
}

/** @param {Why[]} items */
function onMap(items) {
  const me = now().gps.fix;
  view.chosen ||= items[0]?.call_id ?? "";
  /** @type {import("../sketch.js").Mark[]} */
  const marks = [
    ...items.map((item) => ({ lat: Number(item.origin.lat), lon: Number(item.origin.lon), kind: /** @type {const} */ ("call"), id: item.call_id, isChosen: item.call_id === view.chosen })),
    ...(me ? [{ lat: me.lat, lon: me.lon, kind: /** @type {const} */ ("me") }] : []),
  ];
  return sketch(marks, { label: t("drive.why.map_label", { n: items.length }), height: 300, choose: (id) => (view.chosen = id) });
}

/** @param {Why} item */
function entry(item) {
  return html`<li class="drive-why" data-reason=${item.reason}>
    <p class="drive-why-head"><strong>${regionName(item.origin.region) || t("drive.why.near")}</strong><span class="hint">${day(item.at)} ${clock(item.at)}</span></p>
    <p class="drive-why-reason">${icon(item.reason === "chosen" || item.reason === "listed" ? "circle-check" : "circle-alert")}<span>${reasonWords(item)}</span></p>
    <p class="hint">${[item.origin.distance_m == null ? "" : t("drive.why.away", { way: km(item.origin.distance_m) }), won(item.fare_amount), t(`drive.service.${item.service}`)].filter(Boolean).join(" · ")}</p>
  </li>`;
}

/** The reason with its figures, where the log has them. @param {Why} item */
export function reasonWords(item) {
  const facts = Object.fromEntries(Object.entries(item.facts ?? {}).map(([name, value]) => [name, factWords(name, value)]));
  const detailed = `drive.why.reason.${item.reason}.facts`;
  const text = t(detailed, facts);
  return text === detailed || /\{\w+\}/.test(text) ? t(`drive.why.reason.${item.reason}`) : text;
}

/** @param {string} name @param {string | number | null} value */
function factWords(name, value) {
  if (value === null) return `{${name}}`;
  return name.endsWith("_m") ? km(Number(value)) : name.endsWith("_won") ? won(Number(value)) : String(value);
}
