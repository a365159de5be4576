/** A driver's balance: a part of their file, and the statement as a page of its own. */

import { get, Problem } from "../phone/client.js";
import { badge, button, facts, field } from "../phone/parts.js";
import { html, nothing, render, t, won } from "../phone/view.js";
import { files } from "./money.js";
import { topUp } from "./payout_deeds.js";
import { back, bare, head, none, onePage, part } from "./pieces.js";
import { days } from "./statement.js";

/** @typedef {import("./payout_shapes").DriverMoney} DriverMoney */
/** @typedef {() => Promise<void>} Again */

/** What was read for the file that is open; null where the asker may not see it. @type {Map<string, DriverMoney | null>} */
const read = new Map();

/** The balance on a driver's file, read once it is drawn; nothing for who may not see the books. @param {string} driver @param {() => void} redraw */
export function balancePart(driver, redraw) {
  const known = read.get(driver);
  const again = async () => {
    read.set(driver, await readMoney(driver));
    redraw();
  };
  if (known === undefined) {
    read.set(driver, null);
    void again();
  }
  if (!known) return nothing;
  return part(t("money.balance"), html`${standing(known)}<p><a href="/console/drivers/${driver}/statement">${t("money.statement")}</a></p>`, topUpButton(known, again), "balance");
}

/** @param {string} driver */
async function readMoney(driver) {
  try {
    return /** @type {DriverMoney} */ (await get(`/console/drivers/${driver}/statement`));
  } catch (problem) {
    if (problem instanceof Problem) return null;
    throw problem;
  }
}

/** @param {DriverMoney} money */
function standing(money) {
  const mark = money.is_short ? badge(t("money.balance.short"), "bad") : money.is_low ? badge(t("money.balance.low"), "warn") : nothing;
  return facts([
    [t("money.balance.now"), html`<strong>${won(money.balance)}</strong> ${mark}`],
    [t("money.balance.minimum"), money.minimum === null ? t("money.balance.minimum.none") : won(money.minimum)],
  ]);
}

/** @param {DriverMoney} money @param {Again} again */
function topUpButton(money, again) {
  if (!money.may_manage) return nothing;
  const press = async () => {
    if (await topUp(money)) await again();
  };
  return button(t("money.topup"), press, { glyph: "plus" });
}

/** The statement's own page. @param {HTMLElement} root @param {string} driver */
export async function open(root, driver) {
  const asked = { from: "", to: "" };
  const query = () => new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
  const address = () => `/console/drivers/${driver}/statement?${query()}`;
  /** @param {DriverMoney} money @param {Again} again */
  const view = (money, again) => {
    const set = (/** @type {"from" | "to"} */ what) => (/** @type {string} */ value) => {
      const shown = { from: money.statement.since, to: money.statement.until };
      Object.assign(asked, shown, { [what]: value });
      if (value && asked.from <= asked.to) void again();
    };
    return html`${back(`/console/drivers/${driver}`, money.driver_name)}
      ${head(t("money.statement.of", { driver: money.driver_name }), html`<span class="tools-row">${topUpButton(money, again)}${files(`/console/drivers/${driver}/statement`, query())}</span>`)}
      <section class="card">${standing(money)}</section>
      <div class="search card">${field("from", t("money.from"), money.statement.since, set("from"), { type: "date" })}${field("to", t("money.to"), money.statement.until, set("to"), { type: "date" })}</div>
      ${part(t("money.statement"), money.statement.days.length ? html`<p class="told"><span class="told-name">${t("money.statement.opening")}</span><span>${won(money.statement.opening)}</span></p>${days(money.statement)}<p class="told"><span class="told-name">${t("money.statement.after")}</span><strong>${won(money.statement.closing)}</strong></p>` : html`${none(t("money.statement.none"), "wallet")}${bare(t("money.statement.closing", { amount: won(money.statement.closing) }))}`, nothing, "statement")}`;
  };
  await onePage(root, address, view, render);
}
