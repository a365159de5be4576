/** The company's customers: searched by number, or those whose new calls are refused now. */

import { badge, toggle } from "../phone/parts.js";
import { count, html, render, t } from "../phone/view.js";
import { afterTyping, customerLink, customerTabs, DASH, grid, head, listing, none, remember, remembered, searchBar, when } from "./pieces.js";

/** @typedef {import("./shapes").Customer} Customer */

/** @param {HTMLElement} root */
export async function open(root) {
  const asked = remembered({ q: "", restricted: "" });
  const draw = () => render(view(), root);
  const list = /** @type {import("./pieces").Listing<Customer>} */ (
    listing(() => `/console/customers?q=${encodeURIComponent(asked.q)}&restricted=${asked.restricted ? "true" : "false"}`, draw)
  );
  const ask = () => {
    remember(asked);
    void list.read();
  };
  const soon = afterTyping(ask);
  const typed = (/** @type {string} */ value) => {
    asked.q = value.trim();
    soon();
  };
  const turn = (/** @type {boolean} */ isOn) => {
    asked.restricted = isOn ? "yes" : "";
    ask();
  };
  const nobody = () => (asked.q ? none(t("ops.customers.not_found"), "search", t("ops.search.hint")) : none(asked.restricted ? t("ops.customers.none_restricted") : t("ops.customers.none"), "users"));
  const view = () => html`${head(t("ops.customers"))}${customerTabs()}
    ${searchBar(t("ops.search"), t("ops.search.hint"), asked.q, typed, ask, html`<div class="operators-filter">${toggle(t("ops.customers.restricted_only"), Boolean(asked.restricted), turn)}</div>`)}
    ${list.draw((items) => grid(t("ops.customers"), items.map((each) => line(each, list.about.limit))), nobody())}`;
  await list.read();
}

/** @param {Customer} each @param {number} limit of cancels */
function line(each, limit) {
  return [
    { head: t("ops.name"), cell: customerLink(each.id, each.name || t("ops.nameless")) },
    { head: t("ops.phone"), cell: each.phone, look: "tabular" },
    { head: t("ops.customers.calls"), cell: count(each.calls), look: "numeric" },
    { head: t("ops.customers.completed"), cell: count(each.completed), look: "numeric" },
    { head: t("ops.customers.cancels"), cell: t("ops.customers.cancels.of", { n: each.cancels, limit }), look: "numeric" },
    { head: t("ops.customers.last_call"), cell: when(each.last_call_at), look: "tabular" },
    { head: t("ops.restricted_until"), cell: each.restricted_until ? badge(when(each.restricted_until), "bad") : DASH },
  ];
}
