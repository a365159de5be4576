/** The pieces that several screens of the driver app share. */

import { html, icon, km, minutes, nothing, t, won } from "../phone/view.js";
import { segments } from "../phone/parts.js";
import { premiumWords } from "../phone/rewards.js";
import { leftMs, serverNow } from "./clock.js";
import { regionName } from "./outline.js";
import { ageS, gapS } from "./positions.js";
import { now } from "./store.js";

/** @typedef {import("./types").Place} Place */
/** @typedef {import("./types").Card} Card */
/** @typedef {import("./types").Call} Call */
/** @typedef {import("./types").Net} Net */
/** @typedef {import("./types").State} State */

/** A position older than this is told: the server would soon not offer calls on it. */
const OLD_S = 10;

/** @param {Place} place */
export const placeName = (place) => place.name || place.address || regionName(place.region) || t("drive.place.unnamed");

/** What stands under the name: the address, else the region. @param {Place} place */
export function placeMore(place) {
  const more = place.address || regionName(place.region);
  return more && more !== placeName(place) ? more : "";
}

/** @param {string} kind */
export const tagWords = (kind) => t(`drive.tag.${kind}`);

/** @param {{ label: import("./types").Label, payment: string, score?: number | null, net?: Net | null }} call */
export function chips(call) {
  const tags = call.label.tags.map((tag) => html`<li class="drive-chip">${tagWords(tag)}</li>`);
  return html`<ul class="drive-chips" aria-label=${t("drive.card.labels")}>
    <li class="drive-chip strong">${t(`drive.kind.${call.label.kind}`)}</li>
    ${tags} ${scoreChip(call.score)} ${premiumChip(call)}
    <li class="drive-chip" data-payment=${call.payment}>${icon(call.payment === "cash" ? "banknote" : "credit-card")}${t(`drive.payment.${call.payment}`)}</li>
  </ul>`;
}

/** What the run will count (R-015); nothing where nobody said. @param {number | null | undefined} score */
export const scoreChip = (score) => (score == null ? nothing : html`<li class="drive-chip" data-score=${score}>${icon("medal")}${t("drive.card.score", { n: score })}</li>`);

/** Who bears the premium, before the call is taken (I-049). @param {{ label: import("./types").Label, net?: Net | null }} call */
const premiumChip = ({ label, net }) => (net ? html`<li class="drive-chip" data-premium=${net.premium}>${icon(net.premium ? "shield" : "shield-check")}${premiumWords(label.kind, net.premium)}</li>` : nothing);

/**
 * The way in words: from, by, to.
 * @param {{ origin: Place, vias: Place[], destination: Place }} call
 * @param {{ reached?: number[] }} [options]
 */
export function way(call, { reached = [] } = {}) {
  return html`<ol class="drive-way">
    ${stop("origin", t("drive.place.origin"), call.origin)}
    ${call.vias.map((via, at) => stop("via", t("drive.place.via", { n: at + 1 }), via, reached.includes(at)))}
    ${stop("destination", t("drive.place.destination"), call.destination)}
  </ol>`;
}

/** @param {string} kind @param {string} word @param {Place} place @param {boolean} [isReached] */
function stop(kind, word, place, isReached = false) {
  const more = placeMore(place);
  return html`<li class="drive-stop" data-kind=${kind}>
    <span class="drive-stop-word">${word}${isReached ? html` · ${t("drive.place.reached")}` : nothing}</span>
    <strong class="drive-stop-name">${placeName(place)}</strong>
    ${more ? html`<span class="drive-stop-more">${more}</span>` : nothing}
  </li>`;
}

/** What is taken off; nothing is written as nothing. @param {number} amount */
export const less = (amount) => (amount ? `−${won(amount)}` : won(0));

/** What stays of the fare of a call of that kind. @param {Net} net @param {string} kind */
export function netLines(net, kind) {
  return html`<dl class="drive-lines">
    ${line(t("drive.net.fare"), won(net.fare))} ${line(t("drive.net.commission"), less(net.commission))}
    ${premiumLine(kind, net.premium)} ${line(t("drive.net.net"), won(net.net), "total")}
  </dl>`;
}

/** The premium, and who bears it (R-022, R-025). @param {string} kind @param {number} premium */
export const premiumLine = (kind, premium) => line(html`${t("drive.net.premium")} <small>${premiumWords(kind, premium)}</small>`, less(premium));

/** @param {unknown} word @param {unknown} value @param {string} [kind] */
export const line = (word, value, kind = "") => html`<div class="drive-line" data-kind=${kind}><dt>${word}</dt><dd>${value}</dd></div>`;

/** The big figure: what the driver keeps, or the fare where nobody has said what that leaves. @param {{ net?: Net | null, fare_amount: number }} call @param {Net | null | undefined} [net] */
export function bigFigure(call, net = call.net) {
  if (!net) return html`<p class="drive-figure"><span class="drive-figure-word">${t("drive.net.fare")}</span><strong>${won(call.fare_amount)}</strong></p>`;
  const facts = { fare: won(net.fare), commission: won(net.commission), premium: won(net.premium) };
  return html`<p class="drive-figure">
    <span class="drive-figure-word">${t("drive.net.net")}</span><strong>${won(net.net)}</strong>
    <span class="drive-figure-how">${t("drive.net.how", facts)}</span>
  </p>`;
}

/** @param {number | null | undefined} metres @param {number | null | undefined} seconds */
export function distanceWords(metres, seconds) {
  return [metres == null ? "" : km(metres), seconds == null ? "" : minutes(seconds)].filter(Boolean).join(" · ") || t("drive.card.unknown");
}

const RADIUS = 26;
const ROUND = 2 * Math.PI * RADIUS;

/**
 * The ring that runs down to the end of a card. It moves by `data-ring`, see ticking.js, between two drawings.
 * @param {Card} card
 */
export function ring(card) {
  const { expires_at: ends } = card;
  if (!ends) return nothing;
  const whole = Math.max(1, Date.parse(ends) - Date.parse(card.received_at ?? "")) || 15_000;
  const left = leftMs(ends);
  const seconds = Math.ceil(left / 1000);
  return html`<span class="drive-ring" role="timer" aria-label=${t("drive.card.left", { s: seconds })} data-urgent=${left < 5_000}>
    <svg viewBox="0 0 64 64" aria-hidden="true">
      <circle class="drive-ring-back" cx="32" cy="32" r=${RADIUS} />
      <circle class="drive-ring-front" cx="32" cy="32" r=${RADIUS} stroke-dasharray=${ROUND} stroke-dashoffset=${ROUND * (1 - Math.min(1, left / whole))} />
    </svg>
    <b aria-hidden="true">${seconds}</b>
  </span>`;
}

/** How the phone reaches us, where it is, and what waits to be sent: nothing is told better than it is. @param {State} state */
export function strip(state) {
  return html`<ul class="drive-strip" aria-label=${t("drive.state.title")}>
    ${linkWords(state)} ${gpsWords(state)}
    ${state.pending.length ? html`<li class="drive-state" data-tone="warn">${icon("clock")}${t("drive.pending.count", { n: state.pending.length })}</li>` : nothing}
  </ul>`;
}

/** @param {State} state */
function linkWords({ link, truth }) {
  const isOnDuty = truth?.duty === "on" || truth?.call;
  const s = Math.round((Date.now() - link.since) / 1000);
  if (!navigator.onLine) return html`<li class="drive-state" data-tone="bad" data-link="offline">${icon("unplug")}${t("drive.link.offline", { s })}</li>`;
  const tone = { live: "good", connecting: "warn", lost: "bad", signed_out: "bad" }[link.status];
  if (link.status === "live" && !isOnDuty) return html`<li class="drive-state" data-tone="quiet" data-link="live">${icon("wifi")}${t("drive.link.live")}</li>`;
  return html`<li class="drive-state" data-tone=${tone} data-link=${link.status}>${icon(tone === "good" ? "wifi" : "unplug")}${t(`drive.link.${link.status}`, { s })}</li>`;
}

/** @param {State} state */
function gpsWords({ gps, truth }) {
  if (gps.status === "off" || !truth) return nothing;
  const age = ageS();
  const gap = gapS();
  const isGap = gap !== null && gap > Math.max(OLD_S, 3 * truth.cadence_s) && age !== null && age <= OLD_S;
  if (gps.status === "denied" || gps.status === "missing" || age === null) {
    const status = gps.status === "ok" ? "asking" : gps.status;
    return html`<li class="drive-state" data-tone=${status === "asking" ? "warn" : "bad"} data-gps=${status}>${icon("map-pin")}${t(`drive.gps.${status}`)}</li>`;
  }
  if (isGap) return html`<li class="drive-state" data-tone="bad" data-gps="gap">${icon("map-pin")}${t("drive.gps.gap", { s: gap })}</li>`;
  if (age > Math.max(OLD_S, 2 * truth.cadence_s)) return html`<li class="drive-state" data-tone="warn" data-gps="old">${icon("map-pin")}${t("drive.gps.old", { s: age })}</li>`;
  return html`<li class="drive-state" data-tone="good" data-gps="ok">${icon("map-pin")}${t("drive.gps.ok")}</li>`;
}

/** @param {string} title @param {string} [more] */
export function empty(title, more = "", symbol = "inbox") {
  return html`<div class="empty">${icon(symbol)}<p class="empty-title">${title}</p>${more ? html`<p>${more}</p>` : nothing}</div>`;
}

/** Seconds since an instant, by the server's clock. @param {string} iso */
export const sinceS = (iso) => Math.max(0, (serverNow() - Date.parse(iso)) / 1000);

/** Whether something of this kind is being sent at this moment. @param {string} what */
export const isBusy = (what) => now().busy === what;

/** How many drives, in a language that counts one apart. @param {number} n */
export const runsWords = (n) => (n === 1 ? t("drive.earnings.one_run") : t("drive.earnings.runs", { n }));

/** List or map. @param {{ asMap: boolean }} view */
export function views(view) {
  const options = [
    { value: "list", label: t("drive.list.as_list") },
    { value: "map", label: t("drive.list.as_map") },
  ];
  return segments(t("drive.list.view"), options, view.asMap ? "map" : "list", (chosen) => (view.asMap = chosen === "map"));
}
