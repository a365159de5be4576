/** A call card: all that the decision needs on one screen, and a clock that runs down. */

import { html, icon, nothing, t } from "../../phone/view.js";
import { accept, decline, putLostAway } from "../actions.js";
import { leftMs } from "../clock.js";
import { bigFigure, chips, distanceWords, isBusy, line, placeName, ring, way } from "../parts.js";
import { sketch, sketchLabel } from "../sketch.js";

/** @typedef {import("../types").State} State */
/** @typedef {import("../types").Card} Card */

/** The card to answer first: the one that ends first, if its time is not over. @param {State} state @returns {Card | undefined} */
export function cardToAnswer(state) {
  const open = (state.truth?.offers ?? []).filter((card) => !card.expires_at || leftMs(card.expires_at) > 0);
  return open.sort((a, b) => (a.expires_at ?? "").localeCompare(b.expires_at ?? ""))[0];
}

/** @param {Card} card @param {State} state */
export function fullCard(card, state) {
  return html`<div class="drive-card-head">
      <div><h2 id="card-title">${card.slot === "next" ? t("drive.card.title_next") : t("drive.card.title")}</h2><p class="number hint">${card.number}</p></div>
      ${ring(card)}
    </div>
    <div class="drive-card-body" tabindex="0" role="group" aria-labelledby="card-title">
      ${bigFigure(card)} ${chips(card)}
      <dl class="drive-pair">
        ${line(t("drive.card.pickup"), distanceWords(card.pickup_m, card.pickup_s))}
        ${line(t("drive.card.drive"), distanceWords(card.route_m, card.route_s))}
      </dl>
      ${way(card)} ${cardMap(card, state)} ${note(card)}
    </div>
    ${answers(card)}`;
}

/** The next call while driving: less to read, the same decision. @param {Card} card */
export function smallCard(card) {
  return html`<div class="drive-card-head">
      <div><h2 id="card-title">${t("drive.card.title_next")}</h2><p class="drive-card-short">${placeName(card.origin)} → ${placeName(card.destination)}</p></div>
      ${ring(card)}
    </div>
    <div class="drive-card-body" tabindex="0" role="group" aria-labelledby="card-title">${bigFigure(card)}
      <p class="drive-card-short">${distanceWords(card.pickup_m, card.pickup_s)} · ${t(`drive.payment.${card.payment}`)}${card.score == null ? nothing : html` · ${t("drive.card.score", { n: card.score })}`}</p>
    </div>
    ${answers(card)}`;
}

/** @param {Card} card */
function answers(card) {
  const busy = isBusy(`accept:${card.offer_id}`);
  return html`<div class="drive-answers">
    <button class="button plain drive-big" data-decline ?disabled=${busy} @click=${() => decline(card)}>${t("drive.card.decline")}</button>
    <button class="button primary drive-big" data-accept ?disabled=${busy} @click=${() => accept(card)}>${busy ? t("drive.card.accepting") : t("drive.card.accept")}</button>
  </div>`;
}

/** @param {Card} card @param {State} state */
export function cardMap(card, state) {
  const me = state.gps.fix;
  /** @type {import("../sketch.js").Mark[]} */
  const marks = [
    ...card.vias.map((via, at) => ({ ...via, kind: /** @type {const} */ ("via"), text: String(at + 1) })),
    { ...card.destination, kind: "destination" },
    { ...card.origin, kind: "origin" },
    ...(me ? [{ lat: me.lat, lon: me.lon, kind: /** @type {const} */ ("me") }] : []),
  ];
  const course = [card.origin, ...card.vias, card.destination];
  return sketch(marks, { label: sketchLabel(placeName(card.origin), placeName(card.destination)), course, dashed: me ? [me, card.origin] : [] });
}

/** @param {Card} card */
function note(card) {
  return card.note ? html`<div class="drive-note">${icon("message-circle")}<p><span class="unseen">${t("drive.card.note")}</span>${card.note}</p></div>` : nothing;
}

/** A card that went before it could be had: said at once, without blame. @param {import("../types").Lost} lost */
export function lostCard(lost) {
  return html`<div class="drive-lost" data-reason=${lost.reason}>
    ${icon("circle-alert")}
    <h2 id="card-title">${t(`drive.lost.${lost.reason}`)}</h2>
    <p class="hint">${placeName(lost.card.origin)} → ${placeName(lost.card.destination)}</p>
    <p>${t(`drive.lost.${lost.reason}.more`)}</p>
    <button class="button plain wide drive-big" data-lost-close @click=${putLostAway}>${t("drive.lost.close")}</button>
  </div>`;
}
