/** A driver's money as the API tells it. Amounts are whole won, instants ISO 8601 in UTC, days of Korea. */

export interface BankAccount {
  bank: string;
  number_masked: string;
  holder: string;
  changed_at: string;
}

export interface Payout {
  id: string;
  amount: number;
  state: "requested" | "sent" | "paid" | "returned";
  bank: string;
  number_masked: string;
  holder: string;
  requested_at: string;
  ended_at: string | null;
  reference: string;
}

export interface TopUp {
  id: string;
  amount: number;
  state: "under_way" | "done" | "refused";
  at: string;
  refusal?: string | null;
}

/** GET /driver/balance. */
export interface Balance {
  balance: number;
  minimum: number | null;
  is_short: boolean;
  is_low: boolean;
  payable: number;
  payout_minimum: number;
  account: BankAccount | null;
  held_until: string | null;
  payout: Payout | null;
  top_ups: TopUp[];
  top_up_floor: number;
  top_up_ceiling: number;
  can_top_up_by_card: boolean;
  transfer_to: { bank: string; number: string; holder: string } | null;
}

/** What a line adds to the balance; of a ride, the fare less commission and premium. */
export interface StatementLine {
  what: string;
  at: string;
  amount: number;
  call_id: string | null;
  number: string | null;
  fare: number;
  commission: number;
  commission_percent: number | null;
  premium: number;
  note: string;
}

export interface StatementDay {
  day: string;
  change: number;
  closing: number;
  lines: StatementLine[];
}

/** GET /driver/statement. */
export interface Statement {
  since: string;
  until: string;
  opening: number;
  closing: number;
  days: StatementDay[];
}

export interface OwnCard {
  id: string;
  issuer: string;
  number_masked: string;
  is_default: boolean;
  registered_at: string;
}

/** GET /driver/cards. */
export interface Cards {
  items: OwnCard[];
  can_register: boolean;
}
