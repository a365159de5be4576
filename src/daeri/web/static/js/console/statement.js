/** A driver's statement as staff read it: the days, and what each line is made of. */

import { day as dayWords, html, nothing, t, won } from "../phone/view.js";
import { signed } from "./money.js";
import { callLink, when } from "./pieces.js";

/** @typedef {import("../drive/money_shapes").Statement} Statement */
/** @typedef {import("../drive/money_shapes").StatementDay} StatementDay */
/** @typedef {import("../drive/money_shapes").StatementLine} StatementLine */

/** @param {Statement} statement */
export const days = (statement) => html`<ol class="statement">${statement.days.map(day)}</ol>`;

/** @param {StatementDay} each */
const day = (each) => html`<li>
  <p class="statement-head"><strong>${dayWords(`${each.day}T12:00:00+09:00`)}</strong><span>${signed(each.change)}</span><span class="hint">${t("money.statement.closing", { amount: won(each.closing) })}</span></p>
  <ol class="statement-lines">${each.lines.map(line)}</ol>
</li>`;

/** @param {StatementLine} each */
const line = (each) => html`<li data-what=${each.what}>
  <span><strong>${t(`money.line.${each.what}`)}</strong> ${each.call_id && each.number ? callLink(each.call_id, each.number) : nothing}
    <small class="hint">${[when(each.at), made(each), each.note].filter(Boolean).join(" · ")}</small></span>
  <strong class="numeric" data-side=${each.amount > 0 ? "above" : "below"}>${signed(each.amount)}</strong>
</li>`;

/** @param {StatementLine} each */
function made(each) {
  if (!["fare", "no_show", "fare_undone"].includes(each.what)) return "";
  return t("money.statement.made", { fare: won(each.fare), percent: each.commission_percent ?? 0, commission: won(each.commission), premium: won(each.premium) });
}
