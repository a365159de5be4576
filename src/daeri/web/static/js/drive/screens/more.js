/** What a driver may do about a call beside driving it: report an accident, never meet its customer again. */

import { Problem, send } from "../../phone/client.js";
import { html, icon, nothing, t } from "../../phone/view.js";
import { explain } from "../actions.js";
import { ask, askAccident } from "../ask.js";
import { tell } from "../store.js";

/** @typedef {import("../types").Call} Call */

/** @param {Call} call @param {{ withNeverMeet?: boolean }} [options] */
export function afterTrip(call, { withNeverMeet = false } = {}) {
  return html`<button class="button quiet" data-accident @click=${() => reportAccident(call.id)}>${icon("triangle-alert")}${t("drive.accident")}</button>
    ${withNeverMeet ? html`<button class="button quiet" data-never-meet @click=${() => neverMeet(call.id)}>${icon("user-x")}${t("drive.never_meet")}</button>` : nothing}`;
}

/** @param {string} callId */
export async function reportAccident(callId) {
  const report = await askAccident();
  if (!report) return;
  try {
    const made = /** @type {{ number: string }} */ (await send(`/driver/calls/${callId}/accident`, report));
    tell("good", t("drive.accident.done", { number: made.number }));
  } catch (problem) {
    explainOrLater(problem);
  }
}

/** @param {string} callId */
export async function neverMeet(callId) {
  if (!(await ask({ title: t("drive.never_meet.ask"), text: t("drive.never_meet.ask.more"), yes: t("drive.never_meet"), no: t("drive.back"), danger: true }))) return;
  try {
    await send(`/driver/calls/${callId}/never-meet`, {});
    tell("good", t("drive.never_meet.done"));
  } catch (problem) {
    explainOrLater(problem);
  }
}

/** @param {unknown} problem */
function explainOrLater(problem) {
  if (problem instanceof Problem && problem.status === 404) tell("warn", t("drive.not_here_yet"));
  else explain(problem);
}
