/** What people must see to: whose it is, until when, and what became of it; it is read again while somebody looks. */

import { Problem, send } from "../phone/client.js";
import { button, figure, figures, select, toggle } from "../phone/parts.js";
import { toast } from "../phone/sheet.js";
import { count, html, nothing, render, t, won } from "../phone/view.js";
import { act } from "./deeds.js";
import { due, moneyTabs, taskBadge } from "./money.js";
import { callLink, DASH, grid, head, listing, none, remember, remembered, when } from "./pieces.js";

/** @typedef {import("./money_shapes").Task} Task */
/** @typedef {import("./money_shapes").Tasks} Tasks */
/** @typedef {() => Promise<void>} Again */

const KINDS = ["settle", "adjust", "unpaid", "unknown", "cancel_refused", "cash"];
const READ_AGAIN_MS = 5_000;

/** @param {HTMLElement} root */
export async function open(root) {
  const asked = remembered({ kind: "", mine: "", done: "" });
  const query = () => new URLSearchParams(Object.entries(asked).filter(([, value]) => value));
  let [readAt, isReading] = [Date.now(), false];
  const draw = () => render(view(), root);
  const list = /** @type {import("./pieces").Listing<Task>} */ (listing(() => `/console/payment-tasks?${query()}`, draw));
  const again = async () => {
    isReading = true;
    await list.read();
    [readAt, isReading] = [Date.now(), false];
    draw();
  };
  const ask = () => {
    remember(asked);
    void again();
  };
  const choose = (/** @type {string} */ value) => {
    asked.kind = value;
    ask();
  };
  const turn = (/** @type {"mine" | "done"} */ what) => (/** @type {boolean} */ isOn) => {
    asked[what] = isOn ? "true" : "";
    ask();
  };
  const kinds = [{ value: "", label: t("ops.every") }, ...KINDS.map((value) => ({ value, label: t(`money.task.${value}`) }))];
  const empty = () => (query().size ? none(t("money.tasks.none_such"), "search") : none(t("money.tasks.none"), "circle-check", t("money.tasks.none.text")));
  const view = () => {
    const about = /** @type {Tasks | null} */ (list.about);
    // The server's clock decides what is late, also between two readings.
    const now = about ? Date.parse(about.now) + Date.now() - readAt : Date.now();
    return html`${head(t("room.payment_tasks"))}${moneyTabs()}
      ${about ? totals(about) : nothing}
      <div class="search card">
        ${select("kind", t("ops.case.kind"), kinds, asked.kind, choose)}
        <div class="operators-filter">${toggle(t("money.tasks.mine"), Boolean(asked.mine), turn("mine"))}</div>
        <div class="operators-filter">${toggle(t("money.tasks.done"), Boolean(asked.done), turn("done"))}</div>
      </div>
      ${list.draw((items) => grid(t("room.payment_tasks"), items.map((each) => line(each, about?.me ?? "", now, again))), empty())}`;
  };
  await again();
  setInterval(() => {
    if (document.visibilityState === "visible" && !isReading) void again();
  }, READ_AGAIN_MS);
}

/** @param {Tasks} about */
function totals({ figures: told }) {
  return figures(html`${figure(t("money.tasks.open"), count(told.open))}
    <div class="figure" ?data-over=${told.over > 0}><dt>${t("money.tasks.over")}</dt><dd>${count(told.over)}</dd></div>
    ${figure(t("money.tasks.mine"), count(told.mine))}`);
}

/** @param {Task} each @param {string} me @param {number} now @param {Again} again */
function line(each, me, now, again) {
  return [
    { head: t("money.task"), cell: html`${taskBadge(each)} <small class="task-what">${t(`money.task.what.${each.kind}`)}</small>`, look: "wide" },
    { head: t("ops.case.call"), cell: each.call_id && each.number ? callLink(each.call_id, each.number) : DASH },
    { head: t("money.amount"), cell: won(each.amount), look: "numeric" },
    { head: t("money.task.due"), cell: due(each, now) },
    { head: t("money.task.owner"), cell: each.owner ?? html`<span class="hint">${t("money.task.nobody")}</span>`, look: "brief" },
    { head: t("money.opened_at"), cell: when(each.opened_at), look: "tabular brief" },
    { head: t("ops.deed"), cell: each.done_at ? each.note || t("money.task.by_itself") : deeds(each, me, again), look: each.done_at ? "" : "deed" },
  ];
}

/** @param {Task} each @param {string} me @param {Again} again */
function deeds(each, me, again) {
  const isMine = each.owner_id === me;
  return html`<span class="tools-row">
    ${isMine ? button(t("money.task.release"), () => move(each, "release", again)) : button(each.owner_id ? t("money.task.take_over") : t("money.task.take"), () => move(each, "take", again))}
    ${button(t("money.task.finish"), () => finish(each, again), { kind: "quiet", glyph: "check" })}
  </span>`;
}

/** @param {Task} each @param {"take" | "release"} verb @param {Again} again */
async function move(each, verb, again) {
  try {
    await send(`/console/payment-tasks/${each.id}/${verb}`, verb === "take" ? { instead_of: each.owner_id } : undefined);
  } catch (problem) {
    if (!(problem instanceof Problem)) throw problem;
    toast(problem.detail, "bad");
  }
  await again();
}

/** @param {Task} each @param {Again} again */
async function finish(each, again) {
  const isDone = await act({
    title: t("money.task.finish.title"),
    text: t("money.task.finish.text"),
    yes: t("money.task.finish"),
    path: `/console/payment-tasks/${each.id}/done`,
    body: (note) => ({ note }),
  });
  if (isDone) await again();
}
