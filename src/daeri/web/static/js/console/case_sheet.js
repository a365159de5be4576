/** One case over the page: what was reported, what happened with it, and how it was closed. */

import { get, Problem } from "../phone/client.js";
import { area, button, failed, skeleton, timeline } from "../phone/parts.js";
import { openSheet } from "../phone/sheet.js";
import { html, nothing, t } from "../phone/view.js";
import { act } from "./deeds.js";
import { callLink, caseBadge, told, when } from "./pieces.js";

/** @typedef {import("./shapes").CasePage} CasePage */
/** @typedef {import("./shapes").Case} Case */

const LONGEST_NOTE = 1_000;

/** Show a case; true when it was closed here. @param {Pick<Case, "id" | "number">} which @returns {Promise<boolean>} */
export async function openCase({ id, number }) {
  /** @type {CasePage | null} */
  let found = null;
  /** @type {Problem | null} */
  let problem = null;
  const wantsClose = await openSheet(t("ops.case.title", { number }), (/** @type {(value?: boolean) => void} */ close, redraw) => {
    const read = async () => {
      problem = null;
      try {
        found = await get(`/console/cases/${id}`);
      } catch (raised) {
        if (!(raised instanceof Problem)) throw raised;
        problem = raised;
      }
      redraw();
    };
    if (problem) return failed(problem, read);
    if (found) return whole(found, close);
    void read();
    return skeleton(5);
  });
  return wantsClose === true && closeCase({ id, number });
}

/** @param {Pick<Case, "id" | "number">} which */
function closeCase({ id, number }) {
  let note = "";
  return act({
    title: t("ops.case.close", { number }),
    yes: t("ops.case.close.yes"),
    path: `/console/cases/${id}/close`,
    isReasonless: true,
    isReady: () => Boolean(note.trim()),
    body: () => ({ note: note.trim() }),
    more: (redraw) =>
      area("note", t("ops.case.note"), note, (value) => {
        note = value;
        redraw();
      }, { maxlength: LONGEST_NOTE, rows: 4, hint: t("ops.case.note.hint") }),
  });
}

/** @param {CasePage} found @param {(value?: boolean) => void} close */
function whole({ case: each, history }, close) {
  return html`
    <p class="operators-badges">${caseBadge(each)}<span class="tag">${t(`case.kind.${each.kind}`)}</span></p>
    <p class="prose">${each.text}</p>
    <div class="told-list">
      ${told(t("ops.case.call"), callLink(each.call_id, each.call_number))}
      ${told(t("ops.case.by"), `${each.opened_by} (${t(`actor.${each.opened_by_kind}`)})`)}
      ${each.phone ? told(t("ops.case.phone"), each.phone) : nothing}
      ${Object.entries(each.facts).filter(([, value]) => value !== "").map(([name, value]) => told(factName(name), factValue(value)))}
      ${each.note ? told(t("ops.case.note"), each.note) : nothing}
    </div>
    <h3 class="operators-sub">${t("ops.history")}</h3>
    ${timeline(history.map((event) => ({ at: when(event.at), text: `${event.kind === "case.closed" ? t("ops.case.closed") : t("ops.case.opened")} · ${event.actor ?? t(`actor.${event.actor_kind}`)}` })))}
    ${each.state === "open" ? html`<div class="sheet-actions">${button(t("ops.case.close.yes"), () => close(true), { kind: "primary" })}</div>` : nothing}`;
}

/** What was asked beside the report; a fact without words is shown by its name. @param {string} name */
function factName(name) {
  if (name === "where") return t("ops.case.fact.where");
  if (name === "injured") return t("ops.case.fact.injured");
  return name === "police" ? t("ops.case.fact.police") : name;
}

/** @param {string | number | boolean | null} value */
function factValue(value) {
  return typeof value === "boolean" ? value ? t("ops.yes") : t("ops.no") : String(value ?? "–");
}
