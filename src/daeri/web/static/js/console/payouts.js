/** Drivers' withdrawals: those that wait go to the bank in one file, and its word ends each of them. */

import { badge, button, figure, figures, select } from "../phone/parts.js";
import { count, html, nothing, render, t, won } from "../phone/view.js";
import { files, moneyTabs } from "./money.js";
import { makeFile, markPaid, markReturned } from "./payout_deeds.js";
import { DASH, driverLink, entries, grid, head, listing, none, part, remember, remembered, when } from "./pieces.js";

/** @typedef {import("./payout_shapes").PayoutRow} PayoutRow */
/** @typedef {import("./payout_shapes").PayoutRows} PayoutRows */
/** @typedef {import("./payout_shapes").PayoutFile} PayoutFile */
/** @typedef {() => Promise<void>} Again */

const STATES = ["requested", "sent", "paid", "returned"];
/** @type {Record<import("./payout_shapes").PayoutState, "warn" | "busy" | "good" | "bad">} */
const TONES = { requested: "warn", sent: "busy", paid: "good", returned: "bad" };

/** @param {HTMLElement} root */
export async function open(root) {
  const asked = remembered({ state: "" });
  const draw = () => render(view(), root);
  const list = /** @type {import("./pieces").Listing<PayoutRow>} */ (listing(() => `/console/payouts${asked.state ? `?state=${asked.state}` : ""}`, draw));
  const made = /** @type {import("./pieces").Listing<PayoutFile>} */ (listing(() => "/console/payout-files", draw));
  const again = async () => {
    await Promise.all([list.read(), made.read()]);
  };
  const choose = (/** @type {string} */ value) => {
    asked.state = value;
    remember(asked);
    void list.read();
  };
  const states = [{ value: "", label: t("ops.every") }, ...STATES.map((value) => ({ value, label: t(`money.payout.state.${value}`) }))];
  const view = () => {
    const about = /** @type {PayoutRows | null} */ (list.about);
    return html`${head(t("room.payouts"), about ? send(about, again) : nothing)}${moneyTabs()}
      ${about ? totals(about) : nothing}
      <div class="search card">${select("state", t("ops.state"), states, asked.state, choose)}</div>
      ${list.draw((items) => grid(t("room.payouts"), items.map((each) => line(each, again))), asked.state ? none(t("money.payouts.none_such"), "search") : none(t("money.payouts.none"), "banknote", t("money.payouts.none.text")))}
      ${made.items?.length ? part(t("money.payouts.files"), html`${entries(made.items.map(file))}<p class="hint">${t("money.payouts.files.kept")}</p>`, nothing, "files") : nothing}`;
  };
  await again();
}

/** @param {PayoutRows} about @param {Again} again */
function send({ figures: { requested, requested_won: amount } }, again) {
  const press = async () => {
    if (await makeFile(requested, amount)) await again();
  };
  return button(requested ? t("money.payouts.file.n", { n: requested }) : t("money.payouts.file"), press, { kind: "primary", glyph: "send", disabled: !requested });
}

/** @param {PayoutRows} about */
function totals({ figures: all }) {
  return html`<div class="sums">${figures(html`${figure(t("money.payouts.requested"), count(all.requested))}
    ${figure(t("money.payouts.requested_won"), won(all.requested_won))}
    ${figure(t("money.payouts.sent"), count(all.sent))}
    ${figure(t("money.payouts.sent_won"), won(all.sent_won))}`)}</div>`;
}

/** @param {PayoutRow} each @param {Again} again */
function line(each, again) {
  return [
    { head: t("actor.driver"), cell: html`${driverLink(each.driver_id, each.driver_name)}${each.driver_suspended && !each.ended_at ? html` ${badge(t("money.payout.suspended"), "bad")}` : nothing}` },
    { head: t("ops.state"), cell: badge(t(`money.payout.state.${each.state}`), TONES[each.state]) },
    { head: t("money.amount"), cell: html`<strong>${won(each.amount)}</strong>`, look: "numeric" },
    { head: t("money.payout.to"), cell: html`${t(`money.bank.${each.bank}`)} <span class="number">${each.number_masked}</span>` },
    { head: t("money.payout.holder"), cell: html`${each.holder}${each.holder_differs && !each.ended_at ? html` ${badge(t("money.payout.holder.differs"), "warn")}` : nothing}` },
    { head: t("money.payout.requested_at"), cell: when(each.requested_at), look: "tabular" },
    { head: t("money.ended"), cell: each.ended_at ? html`${when(each.ended_at)}${each.reference ? html` <small class="hint">${each.reference}</small>` : nothing}` : DASH },
    { head: t("money.deeds"), cell: deeds(each, again) },
  ];
}

/** @param {PayoutRow} each @param {Again} again */
function deeds(each, again) {
  if (each.ended_at) return DASH;
  const after = (/** @type {Promise<boolean>} */ deed) => void deed.then((done) => (done ? again() : undefined));
  const back = button(each.state === "sent" ? t("money.payout.returned") : t("money.payout.turn_down"), () => after(markReturned(each)), { kind: "quiet" });
  return html`<span class="tools-row">${each.state === "sent" ? button(t("money.payout.paid"), () => after(markPaid(each))) : nothing}${back}</span>`;
}

/** @param {PayoutFile} each */
const file = (each) => html`<li data-file=${each.id}>
  <p class="entry-head"><strong>${t("money.payouts.file.of", { n: each.payouts, amount: won(each.total) })}</strong><span class="hint">${each.made_by}</span><time>${when(each.made_at)}</time></p>
  ${files(`/console/payout-files/${each.id}/transfers`, new URLSearchParams())}
</li>`;
