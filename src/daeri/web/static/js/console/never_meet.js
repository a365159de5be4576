/** Who asked never to meet whom again; the two never learn of it, staff may end it. */

import { badge, button } from "../phone/parts.js";
import { html, nothing, render, t } from "../phone/view.js";
import { act } from "./deeds.js";
import { afterTyping, callLink, customerLink, customerTabs, driverLink, grid, head, listing, none, remember, remembered, searchBar, when } from "./pieces.js";

/** @typedef {import("./shapes").NeverMeet} NeverMeet */

/** @param {HTMLElement} root */
export async function open(root) {
  const asked = remembered({ q: "" });
  const draw = () => render(view(), root);
  const list = /** @type {import("./pieces").Listing<NeverMeet>} */ (listing(() => `/console/never-meet?q=${encodeURIComponent(asked.q)}`, draw));
  const ask = () => {
    remember(asked);
    void list.read();
  };
  const soon = afterTyping(ask);
  const typed = (/** @type {string} */ value) => {
    asked.q = value.trim();
    soon();
  };
  const view = () => html`${head(t("ops.never_meet"))}${customerTabs()}
    ${searchBar(t("ops.never_meet.search"), t("ops.search.hint"), asked.q, typed, ask)}
    ${list.draw((items) => grid(t("ops.never_meet"), items.map((each) => line(each, list.read))), asked.q ? none(t("ops.never_meet.not_found"), "search", t("ops.search.hint")) : none(t("ops.never_meet.none"), "user-x"))}`;
  await list.read();
}

/** End a wish, with a reason; true when it ended. @param {NeverMeet} each */
function lift(each) {
  return act({
    title: t("ops.never_meet.lift.title"),
    text: t("ops.never_meet.lift.text", { customer: each.customer, driver: each.driver }),
    yes: t("ops.lift"),
    path: `/console/never-meet/${each.id}/lift`,
  });
}

/** Whether it holds, or who ended it and why. @param {NeverMeet} each */
export function standing(each) {
  if (!each.lifted_at) return badge(t("ops.never_meet.holds"), "warn");
  return html`${badge(t("ops.lifted"))} <small class="hint">${when(each.lifted_at)} · ${each.lifted_by ?? ""}${each.lifted_for ? html` · ${each.lifted_for}` : nothing}</small>`;
}

/** @param {NeverMeet} each @param {() => Promise<void>} again */
export function liftButton(each, again) {
  const press = async () => {
    if (await lift(each)) await again();
  };
  return each.lifted_at ? nothing : button(t("ops.lift"), press);
}

/** @param {NeverMeet} each @param {() => Promise<void>} again */
function line(each, again) {
  return [
    { head: t("actor.customer"), cell: customerLink(each.customer_id, each.customer) },
    { head: t("actor.driver"), cell: driverLink(each.driver_id, each.driver) },
    { head: t("ops.never_meet.asked_by"), cell: t(`actor.${each.asked_by}`) },
    { head: t("ops.reason"), cell: each.reason || "–", look: each.reason ? "wide" : "" },
    { head: t("ops.case.call"), cell: callLink(each.call_id, each.call_number) },
    { head: t("ops.never_meet.asked_at"), cell: when(each.asked_at), look: "tabular" },
    { head: t("ops.state"), cell: standing(each) },
    { head: t("ops.deed"), cell: liftButton(each, again), look: "deed" },
  ];
}
