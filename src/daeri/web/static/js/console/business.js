/** Business accounts: what their riders drove this month, and what the companies owe. */

import { badge } from "../phone/parts.js";
import { count, html, nothing, render, t, won } from "../phone/view.js";
import { moneyTabs } from "./money.js";
import { grid, head, none, onePage } from "./pieces.js";

/** @typedef {import("./payout_shapes").BusinessRow} BusinessRow */

/** @param {HTMLElement} root */
export async function open(root) {
  await onePage(root, () => "/console/business-accounts", view, render);
}

/** @param {{ month: string, items: BusinessRow[] }} found */
function view({ items }) {
  return html`${head(t("room.business_accounts"))}${moneyTabs()}
    ${items.length ? grid(t("room.business_accounts"), items.map(line)) : html`<div class="card">${none(t("money.business.none"), "building-2", t("money.business.none.text"))}</div>`}`;
}

/** @param {BusinessRow} each */
const line = (each) => [
  { head: t("money.business.name"), cell: html`<a href="/console/business-accounts/${each.id}">${each.name}</a> ${each.closed_at ? badge(t("money.business.closed")) : nothing}` },
  { head: t("money.business.payer"), cell: t(`money.business.payer.${each.payer}`) },
  { head: t("money.business.rides"), cell: count(each.rides), look: "numeric" },
  { head: t("money.business.total"), cell: won(each.total), look: "numeric" },
  { head: t("money.business.due"), cell: html`<strong>${won(each.due)}</strong>`, look: "numeric" },
];
