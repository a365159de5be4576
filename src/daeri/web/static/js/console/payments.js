/** Every bill of the company: searched by number, kept by state and method. */

import { select } from "../phone/parts.js";
import { html, render, t, won } from "../phone/view.js";
import { billBadge, files, moneyTabs } from "./money.js";
import { afterTyping, callLink, customerLink, DASH, driverLink, grid, head, listing, none, remember, remembered, searchBar, when } from "./pieces.js";

/** @typedef {import("./money_shapes").PaymentRow} PaymentRow */

const STATES = ["open", "claimed", "paid", "written_off"];
const METHODS = ["card", "cash", "account"];

/** @param {HTMLElement} root */
export async function open(root) {
  const asked = remembered({ q: "", state: "", method: "" });
  const query = () => new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
  const draw = () => render(view(), root);
  const list = /** @type {import("./pieces").Listing<PaymentRow>} */ (listing(() => `/console/payments?${query()}`, draw));
  const ask = () => {
    remember(asked);
    void list.read();
  };
  const soon = afterTyping(ask);
  const typed = (/** @type {string} */ value) => {
    asked.q = value.trim();
    soon();
  };
  const choose = (/** @type {"state" | "method"} */ what) => (/** @type {string} */ value) => {
    asked[what] = value;
    ask();
  };
  const every = { value: "", label: t("ops.every") };
  const states = [every, ...STATES.map((value) => ({ value, label: t(`money.state.${value}`) }))];
  const methods = [every, ...METHODS.map((value) => ({ value, label: t(`money.method.${value}`) }))];
  const nothing = () => (query().size ? none(t("money.payments.not_found"), "search", t("money.search.hint")) : none(t("money.payments.none"), "credit-card"));
  const view = () => html`${head(t("room.payments"), files("/console/payments", query()))}${moneyTabs()}
    ${searchBar(t("ops.search"), t("money.search.hint"), asked.q, typed, ask, html`
      ${select("state", t("ops.state"), states, asked.state, choose("state"))}
      ${select("method", t("money.method"), methods, asked.method, choose("method"))}`)}
    ${list.draw((items) => grid(t("room.payments"), items.map(line)), nothing())}`;
  await list.read();
}

/** @param {PaymentRow} each */
function line(each) {
  const payer = each.customer_id && each.payer === "customer" ? customerLink(each.customer_id, each.payer_name) : `${each.payer_name} · ${t(`money.payer.${each.payer}`)}`;
  return [
    { head: t("ops.case.call"), cell: callLink(each.call_id, each.number) },
    { head: t("ops.state"), cell: billBadge(each) },
    { head: t("money.amount"), cell: html`<strong>${won(each.amount)}</strong>`, look: "numeric" },
    { head: t("money.method"), cell: t(`money.method.${each.method}`) },
    { head: t("money.payer"), cell: payer },
    { head: t("actor.driver"), cell: driverLink(each.driver_id, each.driver_name) },
    { head: t("money.net"), cell: won(each.net), look: "numeric at-width" },
    { head: t("money.opened_at"), cell: when(each.opened_at), look: "tabular" },
    { head: t("money.ended"), cell: ended(each), look: "tabular" },
  ];
}

/** @param {PaymentRow} each */
function ended(each) {
  if (each.settled_at) return when(each.settled_at);
  return each.claim_reason ? t(`money.claim.${each.claim_reason}`) : DASH;
}
