/** The shapes of the JSON API that the customer app reads. Won are whole, instants ISO 8601 in UTC, distances metres. */

export interface Place {
  lat: number;
  lon: number;
  name: string;
  address?: string;
  region?: string | null;
}

export interface Favourite extends Place {
  id: string;
  label: string;
}

export interface Car {
  id: string;
  plate: string;
  model: string;
  transmission: "auto" | "manual";
  note: string;
}

export interface CarIn {
  plate: string;
  model?: string;
  transmission?: "auto" | "manual";
  note?: string;
}

export interface Business {
  id: string;
  name: string;
  payer: "company" | "customer";
}

export interface Customer {
  id: string;
  name: string;
  phone_masked: string;
  favourites: Favourite[];
  cars: Car[];
  business: Business[];
}

export interface Rider {
  name?: string;
  phone: string;
  car?: CarIn;
}

export type Service = "general" | "vip" | "tailored" | "delivery";
export type PlanName = "recommended" | "calculator" | "typed" | "meter";
export type Chance = "low" | "fair" | "good";
export type ShortageLevel = "none" | "tight" | "short";

export interface Plan {
  plan: PlanName;
  amount: number | null;
  chance: Chance;
  is_default: boolean;
  reason: string | null;
}

export interface Quote {
  amount: number;
  distance_m: number;
  duration_s: number;
  exact?: boolean;
  route?: [number, number][];
  plans?: Plan[];
  typed?: { floor_won: number; ceiling_won: number; low_below_won: number };
  shortage?: ShortageLevel;
  reservation?: { min_minutes_ahead: number; max_days_ahead: number };
  waiting?: { free_min: number; per_min_won: number; no_show_after_min: number; no_show_fee_won: number };
  paying?: { is_card_needed: boolean; card: UsedCard | null; claim: { number: string; amount: number } | null };
}

/** A card as its owner knows it. */
export interface UsedCard {
  id: string;
  issuer: string;
  number_masked: string;
}

export interface OwnCard extends UsedCard {
  is_default: boolean;
  registered_at: string;
}

/** The default card first. */
export interface Cards {
  items: OwnCard[];
  can_register: boolean;
}

/** A ride that is not paid. */
export interface Owed {
  call_id: string;
  number: string;
  kind: "fare" | "no_show";
  amount: number;
  since: string;
  ended_at: string;
  reason: string;
  refusal: string | null;
  is_being_charged: boolean;
  origin: string;
  destination: string;
}

export interface OwedPage {
  items: Owed[];
  can_pay: boolean;
}

/** What a ride costs and how far it is paid, in short. */
export interface RideBill {
  amount: number;
  state: "open" | "paid" | "claimed" | "written_off";
  method: "card" | "cash" | "account";
}

export type CallState =
  | "requested"
  | "reserved"
  | "assigned"
  | "arrived"
  | "driving"
  | "completed"
  | "cancelled_before_assignment"
  | "cancelled_after_assignment"
  | "expired";

export interface Position {
  lat: number;
  lon: number;
  at: string;
}

export interface Driver {
  id: string;
  name: string;
  photo?: string | null;
  rating?: number | null;
  runs?: number | null;
  position?: Position | null;
}

export interface Call {
  id: string;
  number: string;
  version: number;
  state: CallState;
  label: { kind: string; tags: string[] };
  service: Service;
  timing: "now" | "reserved";
  options: string[];
  origin: Place;
  destination: Place;
  vias: Place[];
  payment: "card" | "cash";
  fare_amount: number;
  fare_plan: PlanName;
  note: string;
  requested_at: string;
  reserved_for: string | null;
  assigned_at: string | null;
  arrived_at: string | null;
  started_at: string | null;
  ended_at: string | null;
  expires_at: string;
  driver: Driver | null;
  ended_by: string | null;
  cancelled_from: string | null;
  end_reason: string | null;
  fare?: { plan: PlanName; amount: number | null };
  rider?: { name: string | null; phone_masked: string } | null;
  car?: CarIn | null;
  group?: { id: string; size: number; calls: { id: string; number: string; state: CallState }[] } | null;
  business?: Business | null;
  route?: [number, number][];
  route_m?: number | null;
  route_s?: number | null;
  /** Every minute begun after `free_s` costs `per_min_won`; `extra_won` is known once the drive begins. */
  waiting?: { free_s: number; since: string; extra_won: number; per_min_won: number } | null;
  final_amount?: number | null;
  /** What is to pay for not having come; null where the driver did not say so. */
  no_show_fee_won?: number | null;
  can?: string[];
  /** Seconds until the driver is at `eta_to`; null while nobody knows. */
  eta_s?: number | null;
  eta_to?: "origin" | "via" | "destination" | null;
  bill?: RideBill | null;
}

export interface Progress {
  waiting_s: number;
  asked: number;
  radius_m: number | null;
  nearest_m: number | null;
  expected_s: number | null;
  reason: string | null;
  is_fare_low?: boolean;
  shortage: { level: ShortageLevel; reason: "volume" | "weather" | null } | null;
  raise: { plan: PlanName; amount: number } | null;
}

export type MoneyState =
  | "preparing"
  | "charging"
  | "confirming"
  | "changing"
  | "paid"
  | "with_agent"
  | "unpaid"
  | "not_charged"
  | "on_account"
  | "given_up";

/** Money that was taken or given back, or is to be. */
export interface MoneyMove {
  kind: "charged" | "given_back" | "cash" | "transferred";
  state: "under_way" | "done" | "refused";
  amount: number;
  at: string;
  card: UsedCard | null;
  refusal: string | null;
}

export interface Receipt {
  number: string;
  kind: "fare" | "no_show";
  lines: { kind: string; amount: number }[];
  total: number;
  payment: string;
  started_at: string | null;
  ended_at: string | null;
  distance_m: number | null;
  duration_s: number | null;
  driver_name: string | null;
  payer: string | null;
  method: "card" | "cash" | "account";
  state: MoneyState;
  card: UsedCard | null;
  paid_at: string | null;
  reason: string | null;
  refusal: string | null;
  outstanding: number;
  to_be: number | null;
  can_pay: boolean;
  moves: MoneyMove[];
}

export interface Rating {
  stars: number;
  tags: string[];
  comment: string | null;
  never_meet?: boolean;
}

export interface Cancellations {
  count: number;
  limit: number;
  window_days: number;
  length_hours: number;
  restricted_until: string | null;
  items: { call_id: string; number: string; at: string; counts: boolean }[];
}

export interface Notice {
  id: string;
  title: string;
  body: string;
  at: string;
}

export interface CaseRow {
  id: string;
  number: string;
  kind: string;
  state: string;
  call_id: string;
  text: string;
  opened_at: string;
}

/** A trip that is being put together, before it is a call. */
export interface Draft {
  origin: Place | null;
  vias: (Place | null)[];
  destination: Place | null;
  service: Service;
  riding: "me" | "another" | "several";
  riders: { name: string; phone: string; plate: string }[];
  reservedFor: string | null;
  businessId: string | null;
  carId: string | null;
  plate: string;
  payment: "card" | "cash";
  note: string;
  plan: PlanName | null;
  typed: number | null;
}

/** What the map shows for a screen. */
export interface Scene {
  here?: Place | null;
  places?: { place: Place; kind: "origin" | "via" | "destination" }[];
  line?: [number, number][];
  driver?: Position | null;
  /** Metres around the origin in which drivers are asked. */
  radius?: number | null;
  /** A pin that stays in the middle while the map moves under it. */
  isPinned?: boolean;
  onMove?: (centre: { lat: number; lon: number }) => void;
  /** Changes when the map should be framed anew. */
  frame?: string;
}

export interface Screen {
  title: () => string;
  draw: () => unknown;
  scene?: () => Scene;
  leave?: () => void;
  /** Whether the map is part of the screen on a phone. */
  hasMap?: boolean;
  /** Whether the bottom navigation is shown. */
  hasTabs?: boolean;
  /** The store has changed: read again what depends on it. */
  heard?: () => void;
}
