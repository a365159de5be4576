/** Appeals against suspensions that nobody has answered yet, oldest first. */

import { area, button, segments } from "../phone/parts.js";
import { html, render, t } from "../phone/view.js";
import { act } from "./deeds.js";
import { driverLink, driverTabs, entries, head, listing, none, when } from "./pieces.js";

/** @typedef {import("./shapes").AppealRow} AppealRow */

const LONGEST_ANSWER = 2_000;

/** @param {HTMLElement} root */
export async function open(root) {
  const draw = () => render(view(), root);
  const list = /** @type {import("./pieces").Listing<AppealRow>} */ (listing(() => "/console/appeals", draw));
  const view = () => html`${head(t("ops.appeals"))}${driverTabs()}
    ${list.draw((items) => html`<section class="card">${entries(items.map((each) => line(each, list.read)))}</section>`, none(t("ops.appeals.none"), "circle-check"))}`;
  await list.read();
}

/** @param {AppealRow} each @param {() => Promise<void>} again */
function line({ driver_id, driver_name, appeal }, again) {
  const answer = async () => {
    if (await answerAppeal(appeal, driver_name)) await again();
  };
  return html`<li>
    <p class="entry-head">${driverLink(driver_id, driver_name)}<time>${when(appeal.at)}</time></p>
    <p class="prose">${appeal.text}</p>
    <p class="entry-deeds">${button(t("ops.appeal.do"), answer, { kind: "primary" })}</p>
  </li>`;
}

/** Whether the driver is right, and why; who is right drives again at once. @param {import("./shapes").Appeal} appeal @param {string} driver @returns {Promise<boolean>} */
export function answerAppeal(appeal, driver) {
  let [text, verdict] = ["", ""];
  return act({
    title: t("ops.appeal.title", { name: driver }),
    text: appeal.text,
    yes: t("ops.appeal.do"),
    path: `/console/appeals/${appeal.id}/answer`,
    isReasonless: true,
    isReady: () => Boolean(verdict && text.trim()),
    body: () => ({ upheld: verdict === "upheld", text: text.trim() }),
    more: (redraw) => html`
      ${segments(t("ops.appeal.verdict"), [{ value: "upheld", label: t("ops.appeal.uphold") }, { value: "refused", label: t("ops.appeal.refuse") }], verdict, (value) => {
        verdict = value;
        redraw();
      })}
      ${area("answer", t("ops.appeal.answer"), text, (value) => {
        text = value;
        redraw();
      }, { maxlength: LONGEST_ANSWER, rows: 4, hint: t("ops.appeal.answer.hint") })}`,
  });
}
