/** The call under way: one thing to do next, at the bottom, and everything else above it. */

import { clock, countdown, html, icon, nothing, t, won } from "../../phone/view.js";
import { step } from "../actions.js";
import { ask, askReason, choose } from "../ask.js";
import { serverNow } from "../clock.js";
import { mapLinks, navigate } from "../handoff.js";
import { meterOf } from "../meter.js";
import { netOf } from "../nets.js";
import { bigFigure, chips, distanceWords, line, placeMore, placeName, sinceS, way } from "../parts.js";
import { sketch, sketchLabel } from "../sketch.js";
import { now, pendingOf, shownState } from "../store.js";
import { afterTrip } from "./more.js";

/** @typedef {import("../types").State} State */
/** @typedef {import("../types").Call} Call */
/** @typedef {import("../types").Place} Place */

/** @param {Call} call @param {State} state */
export function trip(call, state) {
  const shown = shownState(call, state.pending);
  return html`<section class="drive-trip" data-state=${shown} aria-labelledby="trip-title">
    <header class="drive-trip-head">
      <p class="drive-step-word">${t("drive.trip.number", { number: call.number })}</p>
      <h1 id="trip-title">${t(`drive.trip.${shown}`)}</h1>
      ${pendingWords(call)}
    </header>
    <div class="drive-trip-body">
      ${target(call, shown)} ${shown === "arrived" ? waitingClock(call) : nothing} ${shown === "driving" ? html`${meter(call)}${cashDue(call)}` : nothing}
      ${who(call)} ${call.note ? html`<div class="drive-note">${icon("message-circle")}<p>${call.note}</p></div>` : nothing}
      ${tripMap(call, shown, state)}
      <details class="drive-details"><summary>${t("drive.trip.details")}</summary>
        ${bigFigure(call, netOf(call))} ${chips(call)} ${way(call, { reached: reachedVias(call) })}
        <dl class="drive-lines">${line(t("drive.card.drive"), distanceWords(call.route_m, call.route_s))}${line(t("drive.trip.payment"), t(`drive.payment.${call.payment}`))}</dl>
      </details>
      ${next(state)} ${other(call, shown)}
    </div>
    ${primary(call, shown)}
  </section>`;
}

/** What was pressed and has not been heard yet. @param {Call} call */
function pendingWords(call) {
  const waiting = pendingOf(call.id);
  if (!waiting.length) return nothing;
  return html`<div role="status"><ul class="drive-pending">
    ${waiting.map((command) => html`<li data-pending=${command.what}>${icon("clock")}${t(`drive.pending.${command.what}`)}</li>`)}
  </ul></div>`;
}

/** Vias reached, as the server knows them and as they were pressed. @param {Call} call */
function reachedVias(call) {
  const pressed = pendingOf(call.id).flatMap((command) => (command.what === "via" && command.index !== undefined ? [command.index] : []));
  return [...new Set([...(call.vias_reached ?? []), ...pressed])];
}

/** The via to drive to now, or null for the destination. @param {Call} call */
function nextVia(call) {
  const reached = reachedVias(call);
  const index = call.vias.findIndex((_, at) => !reached.includes(at));
  return index < 0 ? null : index;
}

/** Where to go now. @param {Call} call @param {string} shown */
function target(call, shown) {
  const via = shown === "driving" ? nextVia(call) : null;
  const viaPlace = via === null ? undefined : call.vias[via];
  const place = shown !== "driving" ? call.origin : (viaPlace ?? call.destination);
  const word = shown !== "driving" ? t("drive.place.origin") : via === null ? t("drive.place.destination") : t("drive.place.via", { n: via + 1 });
  const more = placeMore(place);
  return html`<div class="drive-target">
    <p class="drive-stop-word">${word}</p>
    <p class="drive-target-name">${placeName(place)}</p>
    ${more ? html`<p class="hint">${more}</p>` : nothing}
    ${shown === "arrived" ? nothing : handoff(place)}
  </div>`;
}

/** @param {Place} place */
function handoff(place) {
  return html`<button class="button plain wide drive-big" data-navigate @click=${() => navigate(place)}>
    ${icon("navigation")}${mapLinks().length > 1 ? t("drive.navigate.choose") : t("drive.navigate")}
  </button>`;
}

/** @param {Call} call */
function who(call) {
  const rows = [];
  if (call.rider?.name) rows.push(line(t("drive.trip.rider"), `${call.rider.name} · ${call.rider.phone_masked}`));
  if (call.car) rows.push(line(t("drive.trip.car"), [call.car.plate, call.car.model, call.car.transmission ? t(`drive.car.${call.car.transmission}`) : ""].filter(Boolean).join(" · ")));
  if (call.car?.note) rows.push(line(t("drive.trip.car_note"), call.car.note));
  return rows.length ? html`<dl class="drive-lines">${rows}</dl>` : nothing;
}

/** How long the customer may still come for nothing, and what it costs after. @param {Call} call */
function waitingClock(call) {
  const { waiting } = call;
  const since = waiting?.since ?? call.arrived_at;
  if (!since) return html`<div class="drive-clock"><p>${t("drive.waiting.unknown")}</p></div>`;
  const waited = sinceS(since);
  const left = (waiting?.free_s ?? 0) - waited;
  return html`<div class="drive-clock" data-over=${left <= 0}>
    <p class="drive-clock-figure tabular" role="timer">${countdown(left > 0 ? left : waited)}</p>
    <p>${left > 0 ? t("drive.waiting.free") : waiting ? t("drive.waiting.over") : t("drive.waiting.waited")}</p>
    ${waiting?.per_min_won ? html`<p class="hint">${costWords(waiting, left)}</p>` : nothing} ${noShow(waiting)}
  </div>`;
}

/** Every minute begun after the free time costs. @param {import("../types").Waiting} waiting @param {number} left */
function costWords(waiting, left) {
  const each = waiting.per_min_won ?? 0;
  return left > 0 ? t("drive.waiting.rate", { amount: won(each) }) : t("drive.waiting.extra", { amount: won(Math.ceil(-left / 60) * each) });
}

/** The button stands there from the start, with the rule that opens it. @param {import("../types").Waiting | null | undefined} waiting */
function noShow(waiting) {
  const at = waiting?.no_show_at;
  const left = at ? (Date.parse(at) - serverNow()) / 1000 : Infinity;
  return html`<button class="button plain wide" data-no-show ?disabled=${left > 0} aria-describedby="no-show-rule" @click=${sayNoShow}>${icon("user-x")}${t("drive.no_show")}</button>
    <p class="hint" id="no-show-rule">${noShowRule(waiting, left)}</p>`;
}

/** @param {import("../types").Waiting | null | undefined} waiting @param {number} left seconds */
function noShowRule(waiting, left) {
  if (!waiting?.no_show_at) return t("drive.no_show.not_sent");
  if (left > 0) return t("drive.no_show.not_yet", { clock: clock(waiting.no_show_at), left: countdown(left + 1) });
  return waiting.no_show_fee_won ? t("drive.no_show.rule", { amount: won(waiting.no_show_fee_won) }) : t("drive.no_show.rule_plain");
}

async function sayNoShow() {
  const call = now().truth?.call;
  if (!call) return;
  if (await ask({ title: t("drive.no_show.ask"), text: t("drive.no_show.ask.more"), yes: t("drive.no_show"), no: t("drive.keep_waiting"), danger: true })) step(call, "no_show");
}

/** @param {Call} call */
function meter(call) {
  const read = meterOf(call);
  if (!read) return nothing;
  const gap = read.gaps.reduce((sum, each) => sum + each.s, 0);
  return html`<div class="drive-clock" data-meter>
    <p class="drive-clock-figure tabular">${won(read.amount)}</p>
    <p>${t("drive.meter.words", { way: distanceWords(read.distance_m, read.duration_s) })}</p>
    ${read.is_trusted === false ? html`<p class="drive-gap">${icon("triangle-alert")}${t("drive.meter.untrusted")}</p>` : nothing}
    ${gap ? html`<p class="drive-gap">${icon("triangle-alert")}${t("drive.meter.gap", { s: Math.round(gap) })}</p>` : nothing}
  </div>`;
}

/** @param {Call} call @param {string} shown @param {State} state */
function tripMap(call, shown, state) {
  const me = state.gps.fix;
  const goal = shown === "driving" ? call.destination : call.origin;
  /** @type {import("../sketch.js").Mark[]} */
  const marks = [
    ...(shown === "driving" ? call.vias.map((via, at) => ({ ...via, kind: /** @type {const} */ ("via"), text: String(at + 1) })) : []),
    { ...goal, kind: shown === "driving" ? "destination" : "origin" },
    ...(me ? [{ lat: me.lat, lon: me.lon, kind: /** @type {const} */ ("me") }] : []),
  ];
  const course = shown === "driving" ? [call.origin, ...call.vias, call.destination] : [];
  return sketch(marks, { label: sketchLabel(t("drive.map.me"), placeName(goal)), course, dashed: me && shown !== "driving" ? [me, goal] : [] });
}

/** The call after this one. @param {State} state */
function next(state) {
  const call = state.truth?.next_call;
  if (!call) return nothing;
  return html`<div class="drive-next">
    <p class="drive-stop-word">${t("drive.next.title")}</p>
    <p><strong>${placeName(call.origin)}</strong> → ${placeName(call.destination)}</p>
    <button class="button quiet" @click=${() => cancel(call)}>${t("drive.next.cancel")}</button>
  </div>`;
}

/** @param {Call} call @param {string} shown */
function other(call, shown) {
  return html`<div class="drive-other">
    ${shown === "driving" && nextVia(call) !== null ? html`<button class="button quiet" data-do="complete" @click=${() => finish(call)}>${icon("flag")}${t("drive.do.skip_vias")}</button>` : nothing}
    ${afterTrip(call)}
    <button class="button quiet drive-danger" data-cancel @click=${() => cancel(call, shown)}>${icon("ban")}${t("drive.cancel")}</button>
  </div>`;
}

const REASONS = ["customer_asked", "cannot_find", "car_trouble", "unwell", "unsafe", "other"];

/** @param {Call} call @param {string} [shown] */
async function cancel(call, shown = call.state) {
  const reason = await askReason({
    title: t("drive.cancel.ask"),
    text: shown === "driving" ? t("drive.cancel.warning_driving") : t("drive.cancel.warning"),
    label: t("drive.cancel.reason"),
    choices: REASONS.map((code) => ({ value: code, text: t(`drive.cancel.reason.${code}`) })),
    yes: t("drive.cancel.yes"),
    no: t("drive.cancel.no"),
    danger: true,
  });
  if (reason) step(call, "cancel", { reason });
}

/** The one thing to do next. @param {Call} call @param {string} shown */
function primary(call, shown) {
  const via = shown === "driving" ? nextVia(call) : null;
  if (shown === "assigned") return foot("arrive", t("drive.do.arrive"), "map-pin", () => step(call, "arrive"));
  if (shown === "arrived") return foot("start", t("drive.do.start"), "navigation", () => step(call, "start"));
  if (shown === "driving" && via !== null) return foot("via", t("drive.do.via", { n: via + 1 }), "flag", () => step(call, "via", { index: via }));
  if (shown === "driving") return foot("complete", t("drive.do.complete"), "flag", () => finish(call));
  return nothing;
}

/** @param {string} what @param {string} words @param {string} symbol @param {() => void} press */
function foot(what, words, symbol, press) {
  return html`<div class="drive-foot"><button class="button primary wide drive-big" data-do=${what} @click=${press}>${icon(symbol)}${words}</button></div>`;
}

/** What the ride costs by now: what was agreed or the meter shows, and what waiting added. @param {Call} call */
function due(call) {
  return call.final_amount ?? (meterOf(call)?.amount ?? call.fare_amount) + (call.waiting?.extra_won ?? 0);
}

/** What is to be taken from the customer at the end (I-019). @param {Call} call */
function cashDue(call) {
  if (call.payment !== "cash") return nothing;
  return html`<div class="drive-note" data-cash-due>${icon("banknote")}<p>${t("drive.cash.due", { amount: won(due(call)) })}</p></div>`;
}

/** @param {Call} call */
async function finish(call) {
  const amount = won(due(call));
  if (call.payment === "cash") return finishCash(call, amount);
  if (await ask({ title: t("drive.finish.ask"), text: t("drive.finish.card", { amount }), yes: t("drive.do.complete"), no: t("drive.finish.no") })) step(call, "complete");
}

/** @param {Call} call @param {string} amount */
async function finishCash(call, amount) {
  const received = await choose({
    title: t("drive.finish.ask"),
    text: t("drive.finish.cash", { amount }),
    choices: [
      { value: "yes", text: t("drive.finish.cash_received"), kind: "primary" },
      { value: "no", text: t("drive.finish.cash_missing") },
      { value: "back", text: t("drive.finish.no") },
    ],
  });
  if (received === "yes" || received === "no") step(call, "complete", { cash_received: received === "yes" });
}
