/** A month of a business account: its rides, what of them is paid, and the files that are sent to it. */

import { button, figure, figures, select } from "../phone/parts.js";
import { count, html, nothing, render, t, won } from "../phone/view.js";
import { billBadge, files } from "./money.js";
import { monthPaid } from "./payout_deeds.js";
import { back, callLink, entries, grid, head, none, onePage, part, when } from "./pieces.js";

/** @typedef {import("./payout_shapes").BusinessMonth} BusinessMonth */
/** @typedef {import("./payout_shapes").BusinessRide} BusinessRide */
/** @typedef {() => Promise<void>} Again */

/** @param {HTMLElement} root @param {string} account */
export async function open(root, account) {
  const asked = { month: "" };
  const query = () => new URLSearchParams(asked.month ? { month: asked.month } : {});
  /** @param {BusinessMonth} found @param {Again} again */
  const view = (found, again) => {
    const choose = (/** @type {string} */ value) => {
      asked.month = value;
      void again();
    };
    const shown = found.month.slice(0, 7);
    const known = found.months.map((each) => each.month.slice(0, 7));
    const months = [...new Set([shown, ...known])].sort().reverse().map((value) => ({ value, label: monthWords(found, value) }));
    return html`${back("/console/business-accounts", t("room.business_accounts"))}
      ${head(found.name, files(`/console/business-accounts/${account}/statement`, query()))}
      <div class="search card">${select("month", t("money.month"), months, shown, choose)}</div>
      <div class="sums">${figures(html`${figure(t("money.business.rides"), count(found.rides.length))}${figure(t("money.business.total"), won(found.total))}${figure(t("money.business.due"), won(found.due))}`)}</div>
      ${found.due && found.may_manage ? html`<p class="operators-deeds">${button(t("money.month.paid"), () => pay(found, again), { kind: "primary", glyph: "check" })}</p>` : nothing}
      ${found.rides.length ? grid(t("money.month"), found.rides.map(line)) : html`<div class="card">${none(t("money.month.none"), "calendar")}</div>`}
      ${found.receipts.length ? part(t("money.receipts"), entries(found.receipts.map(receipt)), nothing, "receipts") : nothing}`;
  };
  await onePage(root, () => `/console/business-accounts/${account}/statement?${query()}`, view, render);
}

/** @param {BusinessMonth} found @param {string} month */
function monthWords(found, month) {
  const due = found.months.find((each) => each.month.startsWith(month))?.due ?? 0;
  return due ? `${month} · ${t("money.month.due", { amount: won(due) })}` : month;
}

/** @param {BusinessMonth} found @param {Again} again */
async function pay(found, again) {
  if (await monthPaid(found)) await again();
}

/** @param {BusinessRide} each */
const line = (each) => [
  { head: t("ops.case.call"), cell: callLink(each.call_id, each.number) },
  { head: t("money.month.ended_at"), cell: when(each.ended_at), look: "tabular" },
  { head: t("money.month.rider"), cell: each.rider },
  { head: t("money.month.way"), cell: html`${each.origin} → ${each.destination}` },
  { head: t("ops.case.kind"), cell: t(`money.kind.${each.kind}`), look: "at-width" },
  { head: t("money.amount"), cell: html`<strong>${won(each.amount)}</strong>`, look: "numeric" },
  { head: t("ops.state"), cell: billBadge(each) },
];

/** @param {BusinessMonth["receipts"][number]} each */
const receipt = (each) => html`<li><p class="entry-head"><strong>${won(each.amount)}</strong><span class="hint">${each.reference}</span><time>${when(each.at)}</time></p></li>`;
