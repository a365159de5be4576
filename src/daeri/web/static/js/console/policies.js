/** Every policy of the house: what holds, and how often it was changed. */

import { get } from "../phone/client.js";
import { badge, row, rows } from "../phone/parts.js";
import { html, nothing, render, t } from "../phone/view.js";

/** @typedef {{ name: string, version: number, records: number, scopes: number }} PolicyRow */

/** @param {HTMLElement} root */
export async function open(root) {
  /** @type {{ items: PolicyRow[] }} */
  const { items } = await get("/console/policies");
  render(
    html`<div class="head"><h1>${t("room.policies")}</h1></div>
      <p class="lead">${t("ops.policies.lead")}</p>
      <section class="card flush">${rows(items.map(line))}</section>`,
    root,
  );
}

/** @param {PolicyRow} policy */
function line({ name, version, records, scopes }) {
  const end = html`${scopes > 1 ? badge(t("ops.policies.scopes", { n: scopes }), "accent") : nothing}
    ${records ? badge(t("ops.policies.version", { n: version }), "good") : badge(t("ops.policies.built_in"))}`;
  return row(t(`ops.policy.${name}.name`), { hint: t(`ops.policy.${name}.text`), href: `/console/policies/${name}`, end });
}
