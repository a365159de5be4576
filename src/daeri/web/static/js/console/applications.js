/** Drivers whose application waits for a decision. */

import { badge } from "../phone/parts.js";
import { html, render, t } from "../phone/view.js";
import { driverLink, driverTabs, grid, head, listing, none, when } from "./pieces.js";

/** @typedef {import("./shapes").DriverRow} DriverRow */

/** @param {HTMLElement} root */
export async function open(root) {
  const draw = () => render(view(), root);
  const list = /** @type {import("./pieces").Listing<DriverRow>} */ (listing(() => "/console/drivers?application=true", draw));
  const view = () => html`${head(t("ops.applications"))}${driverTabs()}
    ${list.draw((items) => grid(t("ops.applications"), items.map(line)), none(t("ops.applications.none"), "user-check"))}`;
  await list.read();
}

/** @param {DriverRow} each */
function line(each) {
  return [
    { head: t("ops.name"), cell: driverLink(each.id, each.name) },
    { head: t("ops.phone"), cell: each.phone, look: "tabular" },
    { head: t("ops.state"), cell: badge(t(`ops.sign_up.${each.status}`), each.status === "approved" ? "good" : "warn") },
    { head: t("ops.driver.joined"), cell: when(each.joined_at), look: "tabular" },
  ];
}
