/** What the API tells staff of money. */

import type { ActorKind } from "./shapes";

export type BillState = "open" | "paid" | "claimed" | "written_off";
export type Method = "card" | "cash" | "account";
export type Payer = "customer" | "business" | "orderer";
export type ChargeState = "intended" | "authorised" | "captured" | "declined" | "unknown";
export type CancelState = "intended" | "done" | "refused" | "unknown";
export type TaskKind = "settle" | "adjust" | "unknown" | "unpaid" | "cancel_refused" | "cash";
export type Account = "cards" | "bank" | "commission" | "premium" | "payouts" | "write_offs" | "customer" | "business" | "orderer" | "driver";

export interface MoneyCall {
  id: string;
  number: string;
  state: string;
}

export interface Deed {
  allowed: boolean;
  reason: string | null;
}

export type DeedName = "settle" | "adjust" | "agree" | "ask_again" | "write_off" | "transfer" | "cash_received" | "cash_not_received";

export interface MoneyCard {
  id: string;
  issuer: string;
  number_masked: string;
  is_default: boolean;
}

export interface Bill {
  kind: "fare" | "no_show";
  payer: Payer;
  payer_name: string;
  method: Method;
  state: BillState;
  amount: number;
  commission: number;
  commission_percent: number;
  premium: number;
  net: number;
  fares: number;
  opened_at: string;
  settled_at: string | null;
  claimed_at: string | null;
  claim_reason: string | null;
}

export interface Cancel {
  id: string;
  amount: number;
  then_amount: number | null;
  state: CancelState;
  reason: string;
  refusal: string | null;
  attempts: number;
  at: string;
  ended_at: string | null;
  actor_kind: ActorKind;
  actor_name: string | null;
}

export interface Charge {
  id: string;
  purpose: string;
  amount: number;
  cancelled: number;
  state: ChargeState;
  refusal: string | null;
  attempts: number;
  at: string;
  ended_at: string | null;
  actor_kind: ActorKind;
  actor_name: string | null;
  card: MoneyCard | null;
  cancels: Cancel[];
}

export interface Task {
  id: string;
  kind: TaskKind;
  call_id: string | null;
  number: string | null;
  amount: number | null;
  opened_at: string;
  due_at: string;
  escalated_at: string | null;
  owner_id: string | null;
  owner: string | null;
  done_at: string | null;
  note: string;
}

export interface Happened {
  at: string;
  kind: string;
  actor_kind: ActorKind;
  actor_name: string | null;
  amount: number | null;
  amount_before: number | null;
  then_amount: number | null;
  reason: string | null;
  refusal: string | null;
  how: string | null;
}

export interface Payment {
  call_id: string;
  original: MoneyCall;
  goes_on: MoneyCall | null;
  deeds: Record<DeedName, Deed>;
  room: { name_ko: string; name_en: string; phone: string } | null;
  bill: Bill | null;
  outstanding: number;
  is_under_way: boolean;
  charges: Charge[];
  agreed: { amount: number; reason: string; at: string; by: string } | null;
  tasks: Task[];
  history: Happened[];
  cards: MoneyCard[];
  floor_won: number;
  ceiling_won: number;
}

export interface PaymentRow {
  call_id: string;
  number: string;
  kind: "fare" | "no_show";
  method: Method;
  state: BillState;
  amount: number;
  commission: number;
  premium: number;
  net: number;
  payer: Payer;
  payer_name: string;
  customer_id: string | null;
  driver_id: string;
  driver_name: string;
  claim_reason: string | null;
  opened_at: string;
  settled_at: string | null;
}

export interface Tasks {
  items: Task[];
  now: string;
  me: string;
  figures: { open: number; over: number; mine: number; of_kind: Record<string, number> };
}

export interface LedgerLine {
  account: Account;
  amount: number;
  owner_id: string | null;
  owner: string | null;
}

export interface LedgerRow {
  id: string;
  seq: number;
  kind: string;
  at: string;
  actor_kind: ActorKind;
  actor_name: string | null;
  call_id: string | null;
  number: string | null;
  note: string;
  reverses_id: string | null;
  lines: LedgerLine[];
}

export interface Totals {
  items: { account: Account; balance: number }[];
  sum: number;
}

export interface Claim {
  call_id: string;
  number: string;
  amount: number;
  reason: string | null;
  since: string | null;
}
