/** The open list: calls near, as a list or on a map; the first driver to take one has it. */

import { html, icon, nothing, repeat, t, won } from "../../phone/view.js";
import { take } from "../actions.js";
import { go, local } from "../go.js";
import { chips, distanceWords, empty, isBusy, line, netLines, placeName, views, way } from "../parts.js";
import { sketch } from "../sketch.js";

/** @typedef {import("../types").State} State */
/** @typedef {import("../types").Card} Card */

/** @type {{ asMap: boolean, chosen: string }} */
const view = local({ asMap: false, chosen: "" });

/** @param {State} state */
export function list(state) {
  const cards = state.truth?.listed ?? [];
  return html`<section class="drive-list">
    <header class="drive-page-head"><h1>${t("drive.list.title")}</h1>${cards.length ? html`<span class="drive-count tabular">${cards.length}</span>` : nothing}</header>
    ${goneWords(state)}
    ${cards.length ? shown(cards, state) : nobody(state)}
  </section>`;
}

/** @param {State} state */
function nobody(state) {
  return state.truth?.duty === "on" ? empty(t("drive.list.empty"), t("drive.list.empty.more")) : empty(t("drive.list.off_duty"), t("drive.list.off_duty.more"));
}

/** The call that was being looked at is gone. @param {State} state */
function goneWords(state) {
  const reason = state.gone[view.chosen];
  if (!reason || reason === "accepted") return nothing;
  return html`<p class="drive-gone" role="status" data-gone=${reason}>${icon("circle-alert")}<span>${t(`drive.lost.${reason}`)}</span></p>`;
}

/** @param {Card[]} cards @param {State} state */
function shown(cards, state) {
  return html`${views(view)}
    ${view.asMap ? onMap(cards, state) : html`<ul class="drive-cards">${repeat(cards, (card) => card.call_id, entry)}</ul>`}`;
}

/** @param {Card[]} cards @param {State} state */
function onMap(cards, state) {
  const me = state.gps.fix;
  const chosen = cards.find((card) => card.call_id === view.chosen) ?? cards[0];
  /** @type {import("../sketch.js").Mark[]} */
  const marks = [
    ...cards.map((card) => ({ ...card.origin, kind: /** @type {const} */ ("call"), id: card.call_id, isChosen: card === chosen })),
    ...(me ? [{ lat: me.lat, lon: me.lon, kind: /** @type {const} */ ("me") }] : []),
  ];
  const choose = (/** @type {string} */ id) => (view.chosen = id);
  return html`${sketch(marks, { label: t("drive.list.map_label", { n: cards.length }), height: 300, choose })}
    ${chosen ? html`<ul class="drive-cards">${entry(chosen)}</ul>` : nothing}`;
}

/** @param {Card} card */
function entry(card) {
  const busy = isBusy(`take:${card.call_id}`);
  const isOpen = view.chosen === card.call_id;
  return html`<li class="drive-entry" data-call=${card.call_id}>
    <button class="drive-entry-head" aria-expanded=${isOpen} @click=${() => (view.chosen = isOpen ? "" : card.call_id)}>
      <span class="drive-entry-way"><strong>${placeName(card.origin)}</strong><span>${icon("arrow-right")}${placeName(card.destination)}</span></span>
      <span class="drive-entry-figure"><strong class="tabular">${won(card.net?.net ?? card.fare_amount)}</strong><span>${card.net ? t("drive.net.net_short") : t("drive.net.fare")}</span></span>
    </button>
    <p class="drive-entry-facts">${icon("map-pin")}${distanceWords(card.pickup_m, card.pickup_s)}<span>·</span>${t(`drive.payment.${card.payment}`)}${card.score == null ? nothing : html`<span>·</span>${t("drive.card.score", { n: card.score })}`}${card.route_m == null ? nothing : html`<span>·</span>${t("drive.list.drive", { way: distanceWords(card.route_m, card.route_s) })}`}</p>
    ${isOpen ? html`<div class="drive-entry-more">${chips(card)} ${way(card)} ${card.net ? netLines(card.net, card.label.kind) : nothing}<dl class="drive-lines">${line(t("drive.card.drive"), distanceWords(card.route_m, card.route_s))}</dl></div>` : nothing}
    <button class="button primary wide drive-big" data-take ?disabled=${busy} @click=${() => takeIt(card)}>${busy ? t("drive.card.accepting") : t("drive.list.take")}</button>
  </li>`;
}

/** @param {Card} card */
async function takeIt(card) {
  if (await take(card)) go("/drive");
}
