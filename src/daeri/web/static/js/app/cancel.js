/** Cancelling: simple before a driver is assigned (R-059), after it with a warning and the count (R-060 … R-062). */

import { html, icon, nothing, t } from "../phone/view.js";
import { closeDialog, openDialog } from "./dialog.js";
import { call as readCall, cancellations, command } from "./api.js";
import { driverName, isBusy } from "./bits.js";
import { ENGAGED, may, withCall } from "./states.js";
import { change, state, tell } from "./store.js";

/** @typedef {import("./types").Call} Call */

/** The button at the top of the screen. @param {Call} call */
export function cancelButton(call) {
  if (!may(call, "cancel", true) && !may(call, "cancel_warned", true)) return nothing;
  const after = ENGAGED.has(call.state);
  return html`<button type="button" class="button cancel" data-cancel ?disabled=${isBusy(`cancel-${call.id}`)} @click=${() => (after ? warn(call) : ask(call))}>${t("app.cancel")}</button>`;
}

/** A driver may come while this is read: then it says so, and what it promised is not broken. @param {Call} call */
function ask(call) {
  openDialog(call.state === "reserved" ? t("app.cancel.reserved") : t("app.cancel.before"), () => html`
    ${ENGAGED.has(latest(call).state) ? html`<p class="notice" data-kind="warn">${icon("triangle-alert")}<span>${t("app.cancel.assigned")}</span></p>` : html`<p>${t("app.cancel.before.about")}</p>`}
    ${buttons(call, t("app.cancel.before.yes"), true)}
  `);
}

/** The call as it is known by now. @param {Call} call */
const latest = (call) => state.known.calls.get(call.id) ?? call;

/** @param {Call} call */
async function warn(call) {
  openDialog(t("app.cancel.after"), () => html`
    <p>${latest(call).state === "driving" ? t("app.cancel.driving.about", { name: driverName(call) }) : t("app.cancel.after.about", { name: driverName(call) })}</p>
    ${counted()} ${buttons(call, t("app.cancel.after.yes"), false)}
  `);
  const told = await cancellations().catch(() => null);
  if (told) change({ cancellations: told });
}

/** How many there were, how many there may be, and what comes then. */
function counted() {
  const told = state.cancellations;
  if (!told) return html`<p class="notice" data-kind="warn">${icon("triangle-alert")}<span>${t("app.cancel.counts")}</span></p>`;
  const { count, limit, window_days: days, length_hours: hours } = told;
  return html`<div class="notice" data-kind="warn" data-cancel-count>${icon("triangle-alert")}
    <span>${t("app.cancel.count", { count, limit, days })} ${count + 1 >= limit ? t("app.cancel.last", { hours }) : t("app.cancel.then", { hours })}</span>
  </div>`;
}

/** @param {Call} call @param {string} yes @param {boolean} unassignedOnly */
function buttons(call, yes, unassignedOnly) {
  return html`<div class="dialog-buttons">
    <button type="button" class="button primary wide" data-keep @click=${closeDialog}>${t("app.cancel.keep")}</button>
    <button type="button" class="button danger wide" data-cancel-yes ?disabled=${isBusy(`cancel-${call.id}`)} @click=${() => cancel(call, unassignedOnly)}>${yes}</button>
  </div>`;
}

/** @param {Call} call @param {boolean} unassignedOnly */
async function cancel(call, unassignedOnly) {
  const answer = await command(`cancel-${call.id}`, `/calls/${call.id}/cancel`, unassignedOnly ? { unassigned_only: true } : {});
  closeDialog();
  if (!answer) {
    // Somebody came meanwhile: asked again, with what it means now.
    const now = await readCall(call.id).catch(() => null);
    if (!now) return;
    change({ known: withCall(state.known, now) });
    if (unassignedOnly && ENGAGED.has(now.state)) void warn(now);
    return;
  }
  change({ known: withCall(state.known, answer) });
  tell("good", t("app.cancel.done"));
  const told = await cancellations().catch(() => null);
  if (told) change({ cancellations: told });
}
