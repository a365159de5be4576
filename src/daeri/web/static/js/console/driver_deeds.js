/** What staff decide about a driver: approve or refuse the application, suspend the account, lift the suspension. */

import { area, field, select, toggle } from "../phone/parts.js";
import { html, nothing, t } from "../phone/view.js";
import { act } from "./deeds.js";
import { SERVICES } from "./pieces.js";

const LONGEST_EVIDENCE = 2_000;
const DAY_MS = 86_400_000;

/** For the services that are picked, those that the driver wished to begin with. @param {string} id @param {import("./shapes").Application} application @returns {Promise<boolean>} */
export function approve(id, application) {
  const picked = new Set(application.services);
  return act({
    title: t("ops.approve.title", { name: application.name }),
    text: t("ops.approve.text"),
    yes: t("ops.approve"),
    path: `/console/drivers/${id}/approve`,
    isReasonless: true,
    isReady: () => picked.size > 0,
    body: () => ({ services: SERVICES.filter((each) => picked.has(each)) }),
    more: (redraw) => html`<div role="group" aria-label=${t("ops.driver.services")}>${SERVICES.map((each) =>
      toggle(t(`call.service.${each}`), picked.has(each), (isOn) => {
        if (isOn) picked.add(each);
        else picked.delete(each);
        redraw();
      }),
    )}</div>`,
  });
}

/** @param {string} id */
export function refuse(id) {
  return act({ title: t("ops.refuse.title"), text: t("ops.refuse.text"), yes: t("ops.refuse"), danger: true, path: `/console/drivers/${id}/refuse` });
}

/** @param {string} id */
export function lift(id) {
  return act({ title: t("ops.suspension.lift"), text: t("ops.suspension.lift.text"), yes: t("ops.lift"), path: `/console/drivers/${id}/lift` });
}

/** With a reason, evidence, and an end; without one it holds until it is lifted. @param {import("./shapes").DriverFile} file */
export function suspend(file) {
  let [evidence, length, until] = ["", "open", ""];
  const lengths = ["1", "3", "7", "30"].map((value) => ({ value, label: t("ops.suspend.days", { n: value }) }));
  const ends = () => {
    if (length === "open") return null;
    return length === "until" ? new Date(`${until}:00+09:00`).toISOString() : new Date(Date.now() + Number(length) * DAY_MS).toISOString();
  };
  return act({
    title: t("ops.suspend.title", { name: file.name }),
    text: file.call_id ? t("ops.suspend.text.driving") : t("ops.suspend.text"),
    yes: t("ops.suspend"),
    danger: true,
    path: `/console/drivers/${file.id}/suspend`,
    isReady: () => length !== "until" || Boolean(until),
    body: (reason) => ({ reason, evidence: evidence.trim(), ends_at: ends() }),
    more: (redraw) => html`
      ${select("length", t("ops.suspend.length"), [{ value: "open", label: t("ops.suspension.open_end") }, ...lengths, { value: "until", label: t("ops.suspend.until") }], length, (value) => {
        length = value;
        redraw();
      })}
      ${length === "until" ? field("until", t("ops.suspend.until.at"), until, (value) => {
        until = value;
        redraw();
      }, { type: "datetime-local", hint: t("ops.korean_time") }) : nothing}
      ${area("evidence", t("ops.suspension.evidence"), evidence, (value) => {
        evidence = value;
        redraw();
      }, { maxlength: LONGEST_EVIDENCE, hint: t("ops.suspend.evidence.hint") })}`,
  });
}
