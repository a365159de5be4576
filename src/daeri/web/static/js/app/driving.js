/** On the way: the route, how much of it is behind, and what it costs. */

import { clock, html, icon, km, minutes, nothing, t, won } from "../phone/view.js";
import { facts, fareOf, head, inSeconds, way } from "./bits.js";
import { cancelButton } from "./cancel.js";
import { driverCard } from "./coming.js";
import { group } from "./group.js";
import { metres } from "./search.js";
import { arrivesIn } from "./states.js";
import { state } from "./store.js";
import { stopwatch } from "./waiting.js";

/** @typedef {import("./types").Call} Call */

const ROAD = 1.35;

/** @param {string} _id @returns {import("./call").Face} */
export function driving(_id) {
  return {
    draw: (call) => html`
      ${head(t("app.call.driving"), { home: true, action: cancelButton(call) })}
      <div class="scroll pad stack">
        ${journey(call)} ${cashDue(call)} ${driverCard(call)} ${group(call)}
        <section class="card tight">${way(call)}${facts(call)}</section>
      </div>
    `,
  };
}

/** What the driver is to be given at the end (I-019). @param {Call} call */
function cashDue(call) {
  if (call.payment !== "cash" || call.business?.payer === "company") return nothing;
  const isMetered = (call.fare?.plan ?? call.fare_plan) === "meter";
  const fare = isMetered ? fareOf(call) : won((call.final_amount ?? call.fare?.amount ?? call.fare_amount) + (call.waiting?.extra_won ?? 0));
  return html`<div class="notice" data-kind="info" data-cash-due>${icon("banknote")}<span>${t("app.driving.cash", { fare })}</span></div>`;
}

/** @param {Call} call */
function journey(call) {
  const at = state.known.positions.get(call.id) ?? call.driver?.position ?? null;
  const whole = call.route_m ?? metres(call.origin, call.destination) * ROAD;
  const left = at ? Math.min(whole, metres(at, call.destination) * ROAD) : whole;
  const seconds = arrivesIn(call, "destination", "via");
  const drivenFor = call.started_at ? (Date.now() - Date.parse(call.started_at)) / 1000 : 0;
  return html`<section class="now" data-driving>
    <p class="big" role="status">${arrival(call, seconds)}</p>
    <progress max="100" value=${Math.round((1 - left / Math.max(whole, 1)) * 100)} aria-label=${t("app.driving.progress")}></progress>
    <dl class="tiles">
      <div><dt>${t("app.driving.left")}</dt><dd>${km(left)}</dd></div>
      <div><dt>${t("app.driving.time")}</dt><dd>${seconds === null ? "–" : minutes(seconds)}</dd></div>
      <div><dt>${t("app.driving.since")}</dt><dd>${stopwatch(drivenFor)}</dd></div>
      <div><dt>${t("app.fact.fare")}</dt><dd>${fareOf(call)}</dd></div>
    </dl>
    ${seconds === null ? html`<p class="hint">${t("app.driving.no_position")}</p>` : nothing}
  </section>`;
}

/** @param {Call} call @param {number | null} seconds */
function arrival(call, seconds) {
  if (seconds === null) return t("app.driving.under_way");
  const at = { clock: clock(inSeconds(seconds)) };
  return call.eta_to === "via" ? t("app.driving.arrive.via", at) : t("app.driving.arrive", at);
}
