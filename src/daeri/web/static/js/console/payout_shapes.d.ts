/** Money that leaves and comes in as the console's API tells it. Amounts are whole won. */

import type { Statement } from "../drive/money_shapes";

export type PayoutState = "requested" | "sent" | "paid" | "returned";

export interface PayoutRow {
  id: string;
  driver_id: string;
  driver_name: string;
  driver_suspended: boolean;
  amount: number;
  state: PayoutState;
  bank: string;
  number_masked: string;
  holder: string;
  holder_differs: boolean;
  file_id: string | null;
  requested_at: string;
  ended_at: string | null;
  reference: string;
}

/** GET /console/payouts, beside its items. */
export interface PayoutRows {
  figures: { requested: number; requested_won: number; sent: number; sent_won: number };
}

export interface PayoutFile {
  id: string;
  made_at: string;
  made_by: string;
  payouts: number;
  total: number;
}

/** GET /console/drivers/{id}/statement. */
export interface DriverMoney {
  driver_id: string;
  driver_name: string;
  balance: number;
  minimum: number | null;
  is_short: boolean;
  is_low: boolean;
  top_up_floor: number;
  top_up_ceiling: number;
  may_manage: boolean;
  statement: Statement;
}

export interface BusinessRow {
  id: string;
  name: string;
  payer: "company" | "customer";
  closed_at: string | null;
  rides: number;
  total: number;
  due: number;
}

export interface BusinessRide {
  call_id: string;
  number: string;
  kind: "fare" | "no_show";
  ended_at: string;
  rider: string;
  origin: string;
  destination: string;
  amount: number;
  state: "open" | "paid" | "claimed" | "written_off";
}

/** GET /console/business-accounts/{id}/statement. */
export interface BusinessMonth {
  id: string;
  name: string;
  month: string;
  rides: BusinessRide[];
  total: number;
  due: number;
  receipts: { id: string; reference: string; amount: number; at: string }[];
  months: { month: string; rides: number; total: number; due: number }[];
  may_manage: boolean;
}
