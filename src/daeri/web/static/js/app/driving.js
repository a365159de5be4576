/** On the way: the route, how much of it is behind, and what it costs. */

import { clock, html, km, minutes, nothing, t } from "../phone/view.js";
import { facts, fareOf, head, way } from "./bits.js";
import { cancelButton } from "./cancel.js";
import { driverCard } from "./coming.js";
import { group } from "./group.js";
import { metres } from "./search.js";
import { state } from "./store.js";
import { stopwatch } from "./waiting.js";

/** @typedef {import("./types").Call} Call */

const ROAD = 1.35;
const SPEED_MS = 8; // of a car in the city at night, lights included

/** @param {string} _id @returns {import("./call").Face} */
export function driving(_id) {
  return {
    draw: (call) => html`
      ${head(t("app.call.driving"), { home: true, action: cancelButton(call) })}
      <div class="scroll pad stack">
        ${journey(call)} ${driverCard(call)} ${group(call)}
        <section class="card tight">${way(call)}${facts(call)}</section>
      </div>
    `,
  };
}

/** @param {Call} call */
function journey(call) {
  const at = state.known.positions.get(call.id) ?? call.driver?.position ?? null;
  const whole = call.route_m ?? metres(call.origin, call.destination) * ROAD;
  const left = at ? Math.min(whole, metres(at, call.destination) * ROAD) : whole;
  const pace = call.route_s && call.route_m ? call.route_m / call.route_s : SPEED_MS;
  const seconds = Math.max(60, left / pace);
  const drivenFor = call.started_at ? (Date.now() - Date.parse(call.started_at)) / 1000 : 0;
  return html`<section class="now" data-driving>
    <p class="big" role="status">${t("app.driving.arrive", { clock: clock(new Date(Date.now() + seconds * 1000).toISOString()) })}</p>
    <progress max="100" value=${Math.round((1 - left / Math.max(whole, 1)) * 100)} aria-label=${t("app.driving.progress")}></progress>
    <dl class="tiles">
      <div><dt>${t("app.driving.left")}</dt><dd>${km(left)}</dd></div>
      <div><dt>${t("app.driving.time")}</dt><dd>${minutes(seconds)}</dd></div>
      <div><dt>${t("app.driving.since")}</dt><dd>${stopwatch(drivenFor)}</dd></div>
      <div><dt>${t("app.fact.fare")}</dt><dd>${fareOf(call)}</dd></div>
    </dl>
    ${at ? nothing : html`<p class="hint">${t("app.driving.no_position")}</p>`}
  </section>`;
}
