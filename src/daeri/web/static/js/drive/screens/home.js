/** Before and between calls: the one big control, what keeps the driver from work, and what the day has brought. */

import { html, icon, nothing, t, won } from "../../phone/view.js";
import { setDuty } from "../actions.js";
import { choice } from "../alarm.js";
import { canKeepAwake } from "../awake.js";
import { ask } from "../ask.js";
import { expiryNotices } from "../expiry.js";
import { link } from "../go.js";
import { knownBalance } from "../money.js";
import { isBusy, runsWords } from "../parts.js";
import { today } from "../days.js";
import { balanceNotice } from "./balance.js";

/** @typedef {import("../types").State} State */
/** @typedef {import("../types").Truth} Truth */

/** @param {State} state */
export function home(state) {
  const truth = state.truth;
  if (!truth) return nothing;
  return html`<section class="drive-home" data-duty=${truth.duty}>
    <h1 class="unseen">${t("drive.home.title")}</h1>
    ${expiryNotices(truth)} ${blocked(truth)} ${balanceNotice()} ${figures()} ${waiting(truth)} ${duty(truth)}
  </section>`;
}

/** What must be put right before there can be any duty. @param {Truth} truth */
function blocked(truth) {
  if (truth.status === "suspended" || truth.suspension) {
    return notice("ban", t("drive.blocked.suspended"), link("/drive/suspension", t("drive.blocked.suspended.see"), "button plain wide"));
  }
  if (truth.status !== "approved") {
    return notice("file-text", t("drive.blocked.applied"), link("/drive/application", t("drive.blocked.applied.see"), "button plain wide"));
  }
  return nothing;
}

/** @param {string} symbol @param {string} text @param {unknown} more */
const notice = (symbol, text, more) => html`<div class="drive-notice" data-kind="bad">${icon(symbol)}<p>${text}</p>${more}</div>`;

function figures() {
  const day = today();
  if (!day) return nothing;
  return html`<a class="drive-today" href="/drive/earnings">
    <span class="drive-today-word">${t("drive.home.today")}</span>
    <strong class="tabular">${won(day.net)}</strong>
    <span class="drive-today-runs">${runsWords(day.runs)}</span>${icon("chevron-right")}
  </a>`;
}

/** Nobody waits for calls that cannot come. @param {Truth} truth */
function waiting(truth) {
  if (truth.duty !== "on" || knownBalance()?.is_short) return nothing;
  const listed = truth.listed?.length ?? 0;
  return html`<div class="drive-waiting">
    <span class="drive-pulse" aria-hidden="true">${icon("navigation")}</span>
    <p class="drive-waiting-title">${t("drive.home.waiting")}</p>
    <p class="hint">${t("drive.home.waiting.more")}${canKeepAwake() ? nothing : html` ${t("drive.home.no_wake_lock")}`}</p>
    ${isSilent() ? link("/drive/settings", t("drive.home.silent"), "drive-silent") : nothing}
    ${listed ? link("/drive/list", t("drive.home.listed", { n: listed }), "button plain") : nothing}
  </div>`;
}

/** Nobody is told of a card but by the screen. */
function isSilent() {
  const { sound, vibration } = choice();
  return !sound && !vibration;
}

/** @param {Truth} truth */
function duty(truth) {
  const isOn = truth.duty === "on";
  const busy = isBusy("duty");
  if (isOn) {
    return html`<div class="drive-foot">
      <button class="button plain wide drive-off" data-duty-off ?disabled=${busy} @click=${goOff}>${icon("log-out")}${busy ? t("drive.duty.sending") : t("drive.duty.go_off")}</button>
    </div>`;
  }
  const canWork = truth.status === "approved" && !truth.suspension;
  return html`<div class="drive-duty">
    <button class="drive-power" data-duty-on ?disabled=${busy || !canWork} aria-describedby="duty-words" @click=${() => setDuty(true)}>
      ${icon("power")}<strong>${busy ? t("drive.duty.sending") : t("drive.duty.go_on")}</strong>
    </button>
    <p class="hint" id="duty-words">${canWork ? t("drive.duty.off_words") : t("drive.duty.blocked_words")}</p>
  </div>`;
}

async function goOff() {
  const isSure = await ask({ title: t("drive.duty.off_ask"), text: t("drive.duty.off_ask.more"), yes: t("drive.duty.go_off"), no: t("drive.duty.stay") });
  if (isSure) setDuty(false);
}
