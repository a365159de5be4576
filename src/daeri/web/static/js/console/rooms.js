/** The operators' rooms: each draws itself into the page from what it reads over the API. */

import { Problem, session } from "../phone/client.js";
import { failed, skeleton } from "../phone/parts.js";
import { render } from "../phone/view.js";
import { one } from "../words.js";

/** @typedef {(root: HTMLElement, subject: string) => Promise<void>} Open */

/** @type {Record<string, () => Promise<{ open: Open }>>} */
const ROOMS = {
  customers: () => import("./customers.js"),
  customer: () => import("./customer.js"),
  driver: () => import("./driver.js"),
  applications: () => import("./applications.js"),
  appeals: () => import("./appeals.js"),
  never_meet: () => import("./never_meet.js"),
  cases: () => import("./cases.js"),
  notices: () => import("./notices.js"),
  driver_statement: () => import("./driver_money.js"),
  payments: () => import("./payments.js"),
  payouts: () => import("./payouts.js"),
  business_accounts: () => import("./business.js"),
  business_account: () => import("./business_month.js"),
  payment_tasks: () => import("./payment_tasks.js"),
  ledger: () => import("./ledger.js"),
  policies: () => import("./policies.js"),
  policy: () => import("./policy.js"),
};

async function start() {
  const root = one("#room");
  render(skeleton(6), root);
  try {
    await session();
    const room = await ROOMS[root.dataset["view"] ?? ""]?.();
    await room?.open(root, root.dataset["subject"] ?? "");
  } catch (problem) {
    if (problem instanceof Problem && problem.code === "signed_out") location.reload();
    else if (problem instanceof Problem) render(failed(problem, start), root);
    else throw problem;
  }
}

void start();
