/** Small pieces that several screens are made of. */

import { iconButton } from "../phone/parts.js";
import { back } from "../phone/router.js";
import { clock, day, html, icon, km, minutes, nothing, t, won } from "../phone/view.js";
import { RUNNING } from "./states.js";
import { state } from "./store.js";

/** @typedef {import("./types").Call} Call */
/** @typedef {import("./types").Place} Place */

/**
 * The head of a screen: the way back, its name, and what may stand at the top right.
 * @param {string} title @param {{ home?: boolean, action?: unknown }} [more]
 */
export function head(title, { home = false, action = nothing } = {}) {
  const way = home
    ? html`<a class="icon-button" href="/app" aria-label=${t("app.to_home")}>${icon("house")}</a>`
    : iconButton("arrow-left", t("phone.back"), () => back("/app"));
  return html`<header class="top-bar">${way}<h1 tabindex="-1">${title}</h1><div class="top-bar-end">${action}</div></header>`;
}

/** @param {Place} place */
export function nameOf(place) {
  return place.name || place.address || t("app.place.unnamed");
}

/** The driver's name, or what stands for one that nobody has told. @param {Call} call */
export const driverName = (call) => call.driver?.name || t("app.driver.nameless");

/** The way of a trip, stop by stop. @param {{ origin: Place, vias: Place[], destination: Place }} trip */
export function way({ origin, vias, destination }) {
  return html`<ol class="way-list">
    <li data-stop="origin"><span class="unseen">${t("app.slot.origin")}</span>${nameOf(origin)}</li>
    ${vias.map((via) => html`<li data-stop="via"><span class="unseen">${t("app.slot.via")}</span>${nameOf(via)}</li>`)}
    <li data-stop="destination"><span class="unseen">${t("app.slot.destination")}</span>${nameOf(destination)}</li>
  </ol>`;
}

/** `강남역 → 잠실역`, and how many stops lie between. @param {Call} call */
export function shortWay(call) {
  const between = call.vias.length ? t("app.way.vias", { n: call.vias.length }) : "";
  return html`<span class="short-way"><span>${nameOf(call.origin)}</span>${icon("arrow-right")}<span>${nameOf(call.destination)}</span>${between ? html`<small>${between}</small>` : nothing}</span>`;
}

/** The state of a call: colour helps, the word says it. @param {string} of */
export function badge(of) {
  return html`<span class="badge" data-state=${of}>${t(`app.state.${of}`)}</span>`;
}

/** Ended without a drive: unless there is a bill, nothing is owed. */
const UNDRIVEN = new Set(["cancelled_before_assignment", "cancelled_after_assignment", "expired"]);

/** @param {Call} call */
const isFree = (call) => UNDRIVEN.has(call.state) && !call.bill && !call.no_show_fee_won;

/** What the customer is to pay. @param {Call} call */
export function fareOf(call) {
  if (call.bill) return won(call.bill.amount);
  if (call.no_show_fee_won) return won(call.no_show_fee_won);
  if (isFree(call)) return t("app.fare.none");
  if (call.final_amount !== undefined && call.final_amount !== null) return won(call.final_amount);
  if ((call.fare?.plan ?? call.fare_plan) === "meter") return t("app.plan.meter");
  return won(call.fare?.amount ?? call.fare_amount);
}

/** What else was asked for. @param {Call} call */
export function facts(call) {
  const tags = call.label.tags.filter((tag) => tag !== "via");
  return html`<dl class="lines">
    <div><dt>${t("app.fact.fare")}</dt><dd>${fareOf(call)} ${isFree(call) ? nothing : html`<small>${t(`app.plan.${call.fare?.plan ?? call.fare_plan}`)}</small>`}</dd></div>
    ${isFree(call) ? nothing : html`<div><dt>${t("app.fact.payment")}</dt><dd>${call.business?.payer === "company" ? t("app.payer.company", { name: call.business.name }) : t(`app.payment.${call.payment}`)}</dd></div>`}
    ${call.car?.plate ? html`<div><dt>${t("app.fact.car")}</dt><dd>${call.car.plate} ${call.car.model ?? ""}</dd></div>` : nothing}
    ${call.rider ? html`<div><dt>${t("app.fact.rider")}</dt><dd>${call.rider.name ?? ""} ${call.rider.phone_masked}</dd></div>` : nothing}
    ${call.reserved_for ? html`<div><dt>${t("app.fact.reserved")}</dt><dd>${day(call.reserved_for)} ${clock(call.reserved_for)}</dd></div>` : nothing}
    ${tags.length ? html`<div><dt>${t("app.fact.kind")}</dt><dd class="tags">${tags.map((tag) => html`<span class="tag">${t(`app.tag.${tag}`)}</span>`)}</dd></div>` : nothing}
    ${call.note ? html`<div><dt>${t("app.fact.note")}</dt><dd>${call.note}</dd></div>` : nothing}
    <div><dt>${t("app.fact.number")}</dt><dd class="number">${call.number}</dd></div>
  </dl>`;
}

/** One call in a list. @param {Call} call */
export function callRow(call) {
  const at = call.reserved_for && RUNNING.has(call.state) ? call.reserved_for : call.requested_at;
  return html`<li>
    <a class="row" href=${`/app/calls/${call.id}`}>
      <span class="row-main">${shortWay(call)}<small>${day(at)} ${clock(at)} · ${fareOf(call)}</small></span>
      ${call.bill?.state === "claimed" ? html`<span class="badge" data-tone="bad">${t("app.money.unpaid.short")}</span>` : badge(call.state)}
    </a>
  </li>`;
}

/** The instant that lies so many seconds ahead. @param {number} seconds */
export function inSeconds(seconds) {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

/** Whether this is being done now. @param {string} name */
export function isBusy(name) {
  return state.busy.has(name);
}

/** `3.2 km · 약 12분` @param {number | null | undefined} metres @param {number | null | undefined} seconds */
export function length(metres, seconds) {
  return [metres ? km(metres) : "", seconds ? t("app.about", { time: minutes(seconds) }) : ""].filter(Boolean).join(" · ");
}
