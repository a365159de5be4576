/** Cases: lost items, accidents, complaints; opened in a sheet and closed with what came of them. */

import { select } from "../phone/parts.js";
import { html, render, t } from "../phone/view.js";
import { openCase } from "./case_sheet.js";
import { callLink, caseBadge, grid, head, listing, none, remember, remembered, when } from "./pieces.js";

/** @typedef {import("./shapes").Case} Case */

const KINDS = ["lost_item", "accident", "complaint"];
const STATES = ["open", "closed"];

/** @param {HTMLElement} root */
export async function open(root) {
  const asked = remembered({ state: "open", kind: "" });
  const draw = () => render(view(), root);
  const list = /** @type {import("./pieces").Listing<Case>} */ (
    listing(() => `/console/cases?${new URLSearchParams(Object.entries(asked).filter(([, value]) => value))}`, draw)
  );
  const ask = () => {
    remember(asked);
    void list.read();
  };
  const every = { value: "", label: t("ops.every") };
  const states = [every, ...STATES.map((value) => ({ value, label: t(`case.state.${value}`) }))];
  const kinds = [every, ...KINDS.map((value) => ({ value, label: t(`case.kind.${value}`) }))];
  const choose = (/** @type {"state" | "kind"} */ what) => (/** @type {string} */ value) => {
    asked[what] = value;
    ask();
  };
  const view = () => html`${head(t("ops.cases"))}
    <div class="search card">
      ${select("state", t("ops.state"), states, asked.state, choose("state"))}
      ${select("kind", t("ops.case.kind"), kinds, asked.kind, choose("kind"))}
    </div>
    ${list.draw((items) => grid(t("ops.cases"), items.map((each) => line(each, list.read))), none(asked.state === "open" ? t("ops.cases.none_open") : t("ops.cases.none"), "briefcase"))}`;
  await list.read();
}

/** @param {Case} each @param {() => Promise<void>} again */
function line(each, again) {
  const show = async () => {
    if (await openCase(each)) await again();
  };
  return [
    { head: t("ops.case.number"), cell: html`<button type="button" class="link number" @click=${show}>${each.number}</button>` },
    { head: t("ops.case.kind"), cell: t(`case.kind.${each.kind}`) },
    { head: t("ops.case.text"), cell: html`<span class="clipped">${each.text}</span>`, look: "wide" },
    { head: t("ops.case.call"), cell: callLink(each.call_id, each.call_number) },
    { head: t("ops.case.by"), cell: `${each.opened_by} (${t(`actor.${each.opened_by_kind}`)})` },
    { head: t("ops.case.opened_at"), cell: when(each.opened_at), look: "tabular" },
    { head: t("ops.state"), cell: caseBadge(each) },
  ];
}
