/** The accounts as a balance: what stands above zero in one beam, what stands below in the other, equally long. */

import { empty } from "../phone/parts.js";
import { html, nothing, svg, t, won } from "../phone/view.js";

/** @typedef {import("./money_shapes").Totals} Totals */
/** @typedef {Totals["items"][number]} Sum */

const LENGTH = 1_000;

/** @param {Totals} totals */
export function balance({ items, sum }) {
  const [above, below] = [items.filter((each) => each.balance > 0), items.filter((each) => each.balance < 0)].map((side) =>
    side.sort((a, b) => Math.abs(b.balance) - Math.abs(a.balance)),
  );
  const zero = items.filter((each) => !each.balance);
  if (!above?.length || !below?.length) return empty(t("money.ledger.empty"), { glyph: "scale" });
  return html`<div class="balance">
    ${side(t("money.ledger.above"), above)} ${side(t("money.ledger.below"), below)}
    <p class="balance-sum" data-even=${sum === 0}>${sum === 0 ? t("money.ledger.even") : t("money.ledger.uneven", { amount: won(sum) })}</p>
    ${zero.length ? html`<p class="hint">${t("money.ledger.zero")}: ${zero.map((each) => t(`money.account.${each.account}`)).join(", ")}</p>` : nothing}
  </div>`;
}

/** @param {string} name @param {Sum[]} sums */
function side(name, sums) {
  const all = sums.reduce((whole, each) => whole + Math.abs(each.balance), 0);
  return html`<figure class="balance-side">
    <figcaption><span>${name}</span><strong>${won(all)}</strong></figcaption>
    <svg class="balance-beam" viewBox="0 0 ${LENGTH} 10" preserveAspectRatio="none" aria-hidden="true">${pieces(sums, all)}</svg>
    <dl>${sums.map(
      (each) => html`<div><dt><span class="balance-mark" data-account=${each.account}></span>${t(`money.account.${each.account}`)}<small>${t(`money.account.${each.account}.about`)}</small></dt>
        <dd>${won(Math.abs(each.balance))}</dd></div>`,
    )}</dl>
  </figure>`;
}

/** @param {Sum[]} sums @param {number} all */
function pieces(sums, all) {
  let from = 0;
  return sums.map((each) => {
    const width = (Math.abs(each.balance) / all) * LENGTH;
    const piece = svg`<rect data-account=${each.account} x=${from} y="0" width=${width} height="10"></rect>`;
    from += width;
    return piece;
  });
}
