/** A suspension told in full, with its end, and the appeal that a person answers. */

import { Problem, get, send } from "../../phone/client.js";
import { clock, day, html, icon, nothing, t } from "../../phone/view.js";
import { explain } from "../actions.js";
import { fieldsOf } from "../ask.js";
import { load, page, reload } from "../go.js";
import { empty, line } from "../parts.js";
import { serverNow } from "../clock.js";
import { tell } from "../store.js";

/** @typedef {import("../types").Suspension} Suspension */

const KEY = "suspensions";

export function suspension() {
  return page(t("drive.suspension.title"), "/drive/me", load(KEY, async () => /** @type {{ items: Suspension[] }} */ (await get("/driver/suspensions")).items, (items) => (items.length ? html`<ul class="drive-runs">${items.map(entry)}</ul>` : empty(t("drive.suspension.none"), t("drive.suspension.none.more"), "circle-check"))));
}

/** @param {string} iso */
const when = (iso) => `${day(iso)} ${clock(iso)}`;

/** @param {Suspension} each */
const isInForce = (each) => !each.lifted_at && !each.ended_at && (!each.ends_at || Date.parse(each.ends_at) > serverNow());

/** @param {Suspension} each */
function entry(each) {
  const state = each.lifted_at ? "lifted" : isInForce(each) ? "in_force" : "over";
  return html`<li class="drive-run" data-suspension=${state}>
    <p class="drive-run-head"><span class="badge" data-state=${state === "in_force" ? "requested" : "completed"}>${t(`drive.suspension.${state}`)}</span></p>
    <h2>${reasonWords(each.reason)}</h2>
    <dl class="drive-lines">
      ${line(t("drive.suspension.from"), when(each.starts_at))}
      ${line(t("drive.suspension.to"), each.lifted_at ? when(each.lifted_at) : each.ends_at ? when(each.ends_at) : t("drive.suspension.open_end"))}
      ${line(t("drive.suspension.by"), each.by_hand ? t("drive.suspension.by_hand") : t("drive.suspension.by_rule"))}
    </dl>
    ${each.evidence ? html`<h3>${t("drive.suspension.evidence")}</h3><p class="drive-prose">${each.evidence}</p>` : nothing}
    ${each.appeal ? appealed(each.appeal) : isInForce(each) ? form(each) : nothing}
  </li>`;
}

/** A code of our own has words; what a person wrote is shown as it is. @param {string} reason */
function reasonWords(reason) {
  const key = `drive.suspension.reason.${reason}`;
  const words = t(key);
  return words === key ? reason : words;
}

/** @param {import("../types").Appeal} appeal */
function appealed(appeal) {
  const verdict = appeal.upheld === null ? "waiting" : appeal.upheld ? "upheld" : "refused";
  return html`<h3>${t("drive.appeal.yours")}</h3><p class="drive-prose">${appeal.text}</p><p class="hint">${when(appeal.at)}</p>
    <div class="drive-notice" data-kind=${verdict === "upheld" ? "good" : "warn"} data-verdict=${verdict}>${icon(verdict === "upheld" ? "circle-check" : "clock")}
      <p>${t(`drive.appeal.${verdict}`)}${appeal.answer ? html`<br />${appeal.answer}` : nothing}</p></div>`;
}

/** @param {Suspension} each */
function form(each) {
  return html`<form class="drive-form" @submit=${(/** @type {SubmitEvent} */ event) => appeal(event, each)}>
    <div class="field"><label for=${`appeal-${each.id}`}>${t("drive.appeal.label")}</label>
      <textarea id=${`appeal-${each.id}`} name="text" rows="4" maxlength="2000" required></textarea></div>
    <p class="hint">${t("drive.appeal.more")}</p>
    <button class="button primary wide drive-big" data-appeal>${t("drive.appeal.send")}</button>
  </form>`;
}

/** @param {SubmitEvent} event @param {Suspension} each */
async function appeal(event, each) {
  event.preventDefault();
  const text = String(fieldsOf(event).get("text") ?? "").trim();
  if (!text) return;
  try {
    await send(`/driver/suspensions/${each.id}/appeal`, { text });
    tell("good", t("drive.appeal.sent"));
    reload(KEY);
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) tell("warn", t("drive.not_here_yet"));
    else explain(problem);
  }
}
