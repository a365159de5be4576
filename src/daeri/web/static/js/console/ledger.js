/** The books: every entry with its lines, searched; above them the sums of the accounts, which are zero together. */

import { get, Problem } from "../phone/client.js";
import { button, failed, field, select, skeleton, tag } from "../phone/parts.js";
import { html, nothing, render, t } from "../phone/view.js";
import { balance } from "./balance_picture.js";
import { files, said, signed, who } from "./money.js";
import { afterTyping, callLink, DASH, entries, head, listing, none, part, remember, remembered, searchBar, when } from "./pieces.js";

/** @typedef {import("./money_shapes").LedgerRow} LedgerRow */
/** @typedef {import("./money_shapes").LedgerLine} LedgerLine */
/** @typedef {import("./money_shapes").Totals} Totals */

const ACCOUNTS = ["cards", "bank", "customer", "business", "orderer", "driver", "commission", "premium", "payouts", "write_offs"];
const KINDS = [
  ...["fare_due", "fare_undone", "card_captured", "card_cancelled", "cash_collected", "cash_undone", "written_off"],
  ...["transfer_received", "topped_up", "payout_begun", "payout_done", "payout_returned", "account_settled"],
];

/** @param {HTMLElement} root */
export async function open(root) {
  const owner = new URLSearchParams(location.search).get("owner") ?? "";
  const asked = remembered({ q: "", account: "", kind: "", owner, name: "", from: "", to: "" });
  const query = () => new URLSearchParams(Object.entries(asked).filter(([name, value]) => value && name !== "name"));
  /** @type {Totals | Problem | null} */
  let totals = null;
  const draw = () => render(view(), root);
  const list = /** @type {import("./pieces").Listing<LedgerRow>} */ (listing(() => `/console/ledger?${query()}`, draw));
  const sum = async () => {
    try {
      totals = await get("/console/ledger/totals");
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      totals = problem;
    }
    draw();
  };
  const ask = () => {
    remember(asked);
    void list.read();
  };
  const soon = afterTyping(ask);
  const set = (/** @type {"q" | "account" | "kind" | "from" | "to"} */ what, isTyped = false) => (/** @type {string} */ value) => {
    asked[what] = value.trim();
    if (isTyped) soon();
    else ask();
  };
  const whose = (/** @type {string} */ id, /** @type {string} */ name) => {
    [asked.owner, asked.name] = [id, name];
    ask();
  };
  const every = { value: "", label: t("ops.every") };
  const accounts = [every, ...ACCOUNTS.map((value) => ({ value, label: t(`money.account.${value}`) }))];
  const kinds = [every, ...KINDS.map((value) => ({ value, label: t(`money.entry.${value}`) }))];
  const filters = () => html`
    ${select("account", t("money.account"), accounts, asked.account, set("account"))}
    ${select("kind", t("money.entry"), kinds, asked.kind, set("kind"))}
    ${field("from", t("money.from"), asked.from, set("from"), { type: "datetime-local" })}
    ${field("to", t("money.to"), asked.to, set("to"), { type: "datetime-local" })}`;
  const chosen = () =>
    asked.owner ? html`<p class="chosen">${tag(t("money.ledger.of", { name: asked.name || t("money.ledger.one") }))}${button(t("money.ledger.everybody"), () => whose("", ""), { kind: "quiet", glyph: "x" })}</p>` : nothing;
  const view = () => html`${head(t("room.ledger"), files("/console/ledger", query()))}
    ${part(t("money.ledger.totals"), drawn(totals, sum), nothing, "totals")}
    ${searchBar(t("ops.search"), t("money.search.hint"), asked.q, set("q", true), ask, filters())}
    ${chosen()}
    ${list.draw((items) => html`<section class="card">${entries(items.map((each) => entry(each, whose)))}</section>`, query().size ? none(t("money.ledger.not_found"), "search", t("money.search.hint")) : none(t("money.ledger.empty"), "scale"))}`;
  await Promise.all([sum(), list.read()]);
}

/** @param {Totals | Problem | null} totals @param {() => Promise<void>} again */
function drawn(totals, again) {
  if (totals instanceof Problem) return failed(totals, again);
  return totals ? balance(totals) : skeleton(3);
}

/** @param {LedgerRow} each @param {(id: string, name: string) => void} whose */
function entry(each, whose) {
  const why = said(each.note);
  return html`<li class="ledger-entry" data-entry=${each.kind}>
    <div>
      <p class="entry-head"><strong>${t(`money.entry.${each.kind}`)}</strong>${each.call_id ? callLink(each.call_id, each.number ?? DASH) : nothing}${each.reverses_id ? tag(t("money.ledger.reverses")) : nothing}</p>
      <p class="hint">${[when(each.at), who(each), why].filter(Boolean).join(" · ")}</p>
    </div>
    <dl class="ledger-lines">${each.lines.map((one) => line(one, whose))}</dl>
  </li>`;
}

/** @param {LedgerLine} one @param {(id: string, name: string) => void} whose */
function line({ account, amount, owner_id, owner }, whose) {
  const name = owner_id && owner ? html`<button type="button" class="link" @click=${() => whose(owner_id, owner)}>${owner}</button>` : nothing;
  return html`<div data-side=${amount > 0 ? "above" : "below"}><dt><span class="balance-mark" data-account=${account}></span>${t(`money.account.${account}`)} ${name}</dt><dd>${signed(amount)}</dd></div>`;
}
