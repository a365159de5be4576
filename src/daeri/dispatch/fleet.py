"""The live fleet: where every driver is and whether they are free, as flat columns by slot. No I/O, one thread.

It is a cache: rows of the database say who is on duty, held or busy, frames of the sockets say where they are. A slot
is given once and never reused, so that a frame that is still under way can never move another driver.
"""

from array import array
from collections import Counter
from dataclasses import dataclass, fields
from enum import IntEnum
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from daeri.dispatch.positions import (
    HANDLE_RECORD,
    RECORD,
    Batch,
    DropReason,
    Ints,
    PositionLimits,
    Track,
    follow,
    screen,
    straight_m,
    to_batch,
)
from daeri.kernel.geo import Point
from daeri.kernel.ids import CompanyId, DriverId

_LOW_64_BITS = 0xFFFF_FFFF_FFFF_FFFF
_FIRST_ROOM = 1024
_KEPT_BYTES = 31 << 20  # the limit follows blocks below 32 MiB only
NOBODY = 0xFFFF_FFFF  # a gateway's handle that names no driver
# A capability beside the services, which every call needs: the driver's balance is not too low for new calls.
CAN_PAY = 1 << 31


class Status(IntEnum):
    """Whether a driver can be offered a call. HELD: has a live offer. BUSY: has an engagement."""

    OFF = 0
    IDLE = 1
    HELD = 2
    BUSY = 3


class Duty(IntEnum):
    OFF = 0
    ON = 1


@dataclass(slots=True, eq=False)
class Columns(Track):
    """One row a slot. `status` is OFF while off duty, and `occupation` otherwise.

    `end_*` is where the drive of a busy driver who may be offered a next call ends (nan for all others), and
    `left_m` the straight metres to there: infinite for who may not be offered one.
    """

    seen_ms: Ints
    end_lat: NDArray[np.float64]
    end_lon: NDArray[np.float64]
    left_m: NDArray[np.float64]
    company: NDArray[np.uint32]
    status: NDArray[np.uint8]
    duty: NDArray[np.uint8]
    occupation: NDArray[np.uint8]
    capabilities: NDArray[np.uint32]
    duty_version: Ints
    occupation_version: Ints
    id_high: NDArray[np.uint64]
    id_low: NDArray[np.uint64]
    present: NDArray[np.uint8]  # 1 from the first word about a driver until they are removed


_TYPES: dict[str, tuple[type[np.generic], float]] = {
    "lat": (np.float64, 0),
    "lon": (np.float64, 0),
    "at_ms": (np.int64, -1),
    "accuracy_m": (np.float32, 0),
    "suspect_lat": (np.float64, 0),
    "suspect_lon": (np.float64, 0),
    "suspect_at_ms": (np.int64, -1),
    "suspects": (np.uint8, 0),
    "seen_ms": (np.int64, -1),
    "end_lat": (np.float64, np.nan),
    "end_lon": (np.float64, np.nan),
    "left_m": (np.float64, np.inf),
    "company": (np.uint32, 0),
    "status": (np.uint8, Status.OFF),
    "duty": (np.uint8, Duty.OFF),
    "occupation": (np.uint8, Status.IDLE),
    "capabilities": (np.uint32, 0),
    "duty_version": (np.int64, -1),
    "occupation_version": (np.int64, -1),
    "id_high": (np.uint64, 0),
    "id_low": (np.uint64, 0),
    "present": (np.uint8, 0),
}


@dataclass(frozen=True, slots=True, eq=False)
class FleetView:
    """The columns that matching reads, cut to the slots in use and read-only: valid until the fleet is next changed."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    at_ms: Ints  # −1: no position yet
    company: NDArray[np.uint32]
    status: NDArray[np.uint8]
    capabilities: NDArray[np.uint32]
    id_high: NDArray[np.uint64]
    id_low: NDArray[np.uint64]
    end_lat: NDArray[np.float64]
    end_lon: NDArray[np.float64]
    left_m: NDArray[np.float64]  # to the end of a drive after which a next call may follow; else infinite


@dataclass(frozen=True, slots=True, eq=False)
class AbsorbReport:
    """What became of the frames since the last tick. `busy` are the believed points of drivers under way."""

    believed: int
    dropped: dict[DropReason, int]
    busy: Batch


def _keep_freed_memory() -> None:
    """Tell the allocator to keep what a tick frees for the next one.

    glibc gives freed blocks back to the system above a limit that follows the largest block freed so far; without
    this a tick over 100,000 drivers meets 2,000 page faults, a quarter of its time. Elsewhere it does nothing.
    """
    np.empty(_KEPT_BYTES, np.uint8)


class Gateway:
    """The handles that one gateway has been given: only through them can it move a driver."""

    def __init__(self) -> None:
        self.slots: NDArray[np.uint32] = np.empty(0, np.uint32)

    def name(self, slots: list[int | None]) -> list[int | None]:
        """Replace all handles: handle i is `slots[i]`; None stays unanswered (not this gateway's driver)."""
        self.slots = np.array([NOBODY if slot is None else slot for slot in slots], np.uint32)
        return [None if slot is None else handle for handle, slot in enumerate(slots)]


class LiveFleet:
    """Columns by slot, and the buffer of frames that the next `absorb` will read."""

    def __init__(self, limits: PositionLimits | None = None) -> None:
        self.limits = limits or PositionLimits()
        self.columns = Columns(**{name: np.full(_FIRST_ROOM, fill, kind) for name, (kind, fill) in _TYPES.items()})
        self._driver_ids: list[DriverId | None] = []
        self._slots: dict[UUID, int] = {}
        self._companies: dict[UUID, int] = {}
        _keep_freed_memory()
        self._dropped: Counter[DropReason] = Counter()
        self._empty_buffer()

    def __len__(self) -> int:
        """Slots ever given."""
        return len(self._driver_ids)

    # --- who is who

    def slot_of(self, driver_id: DriverId) -> int | None:
        return self._slots.get(driver_id)

    def driver_at(self, slot: int) -> DriverId | None:
        """None when the driver was removed."""
        return self._driver_ids[slot]

    def company_index(self, company_id: CompanyId) -> int:
        """The number that stands for a company in columns and waiting calls."""
        return self._companies.setdefault(company_id, len(self._companies))

    def companies(self) -> dict[CompanyId, int]:
        """The companies whose drivers were heard of, with their numbers."""
        return {CompanyId(company_id): index for company_id, index in self._companies.items()}

    def slot_for(self, driver_id: DriverId) -> int:
        """The driver's slot, a new one (off duty) when they are unknown."""
        slot = self._slots.get(driver_id)
        if slot is None:
            slot = self._slots[driver_id] = len(self._driver_ids)
            self._driver_ids.append(driver_id)
            if slot >= len(self.columns.lat):
                self._grow()
            self.columns.id_high[slot] = driver_id.int >> 64
            self.columns.id_low[slot] = driver_id.int & _LOW_64_BITS
            self.columns.present[slot] = 1
        return slot

    # --- what rows of the database say

    def set_duty(
        self, driver_id: DriverId, *, company_id: CompanyId, capabilities: int, duty: Duty, version: int
    ) -> int:
        """The driver's row at `version`; an older row than the newest known changes nothing. Returns the slot."""
        slot, columns = self.slot_for(driver_id), self.columns
        if version >= columns.duty_version[slot]:
            columns.duty_version[slot] = version
            columns.duty[slot] = duty
            columns.company[slot] = self.company_index(company_id)
            columns.capabilities[slot] = capabilities
            self._derive_status(slot)
        return slot

    def set_status(self, driver_id: DriverId, status: Status, *, version: int, ends_at: Point | None = None) -> bool:
        """What occupies the driver (IDLE, HELD or BUSY) at `version`; False when an older row was ignored.

        `ends_at` is given for a busy driver who may be offered a call for after the drive that ends there. Versions
        of occupation count apart from those of duty: they come from other rows.
        """
        slot, columns = self.slot_for(driver_id), self.columns
        if version < columns.occupation_version[slot]:
            return False
        columns.occupation_version[slot] = version
        columns.occupation[slot] = status
        self._derive_status(slot)
        self._set_end(slot, ends_at)
        return True

    def hold(self, driver_id: DriverId, *, version: int) -> None:
        """The driver has been given an offer: not free any more, or for no next call where they are busy."""
        is_busy = self.columns.occupation[self.slot_for(driver_id)] == Status.BUSY
        self.set_status(driver_id, Status.BUSY if is_busy else Status.HELD, version=version)

    def remove(self, driver_id: DriverId) -> None:
        """Forget a driver; the slot stays empty for ever, frames for it are dropped."""
        slot = self._slots.pop(driver_id, None)
        if slot is not None:
            self._driver_ids[slot] = None
            self.columns.duty[slot] = Duty.OFF
            self.columns.at_ms[slot] = -1
            self.columns.present[slot] = 0
            self._derive_status(slot)

    def place(self, slot: int, *, at_ms: int, lat: float, lon: float) -> None:
        """A position that needs no check (the snapshot row after a restart); an older one changes nothing."""
        columns = self.columns
        if at_ms > columns.at_ms[slot]:
            columns.lat[slot], columns.lon[slot], columns.at_ms[slot] = lat, lon, at_ms
            if not np.isnan(columns.end_lat[slot]):
                self._measure_rest(np.array([slot]))

    # --- what sockets say

    def receive(self, slot: int, payload: bytes) -> None:
        """A frame of a driver's own socket: 20-byte records. Only buffered; read by the next `absorb`."""
        if len(payload) % RECORD.itemsize:
            self._dropped[DropReason.MALFORMED] += 1
        elif self._room_for(len(payload), RECORD.itemsize):
            self._frames.append(payload)
            self._frame_slots.append(slot)

    def receive_handles(self, gateway: Gateway, payload: bytes) -> None:
        """A frame of a gateway: 24-byte records. Handles are translated now, against those the gateway holds."""
        if len(payload) % HANDLE_RECORD.itemsize:
            self._dropped[DropReason.MALFORMED] += 1
            return
        if not self._room_for(len(payload), HANDLE_RECORD.itemsize):
            return
        records = np.frombuffer(payload, HANDLE_RECORD)
        handles = records["handle"]
        slots = np.full(len(handles), NOBODY, np.uint32)
        held = handles < len(gateway.slots)
        slots[held] = gateway.slots[handles[held]]
        self._gateway_slots.append(slots)
        self._gateway_records.append(records["record"])

    def absorb(self, now_ms: int) -> AbsorbReport:
        """Read every buffered frame: drop what cannot be true, move drivers to their newest believed point."""
        batch = self._read_buffer()
        reasons = screen(batch, now_ms, self.limits)
        reasons[~self._is_in_use(batch.slot)] = DropReason.UNKNOWN_DRIVER
        rows = np.flatnonzero(reasons == 0)
        reasons[rows] = follow(batch.take(rows), self.columns, self.limits)
        believed = np.flatnonzero(reasons == 0)
        self.columns.seen_ms[batch.slot[believed]] = now_ms
        busy = believed[self.columns.status[batch.slot[believed]] == Status.BUSY]
        ending = batch.slot[busy]
        self._measure_rest(ending[~np.isnan(self.columns.end_lat[ending])])
        counts = np.bincount(reasons, minlength=len(DropReason) + 1)
        dropped, self._dropped = self._dropped, Counter()
        dropped.update({reason: int(counts[reason]) for reason in DropReason if counts[reason]})
        return AbsorbReport(len(believed), dict(dropped), batch.take(busy))

    def view(self) -> FleetView:
        """What matching reads: no copy, so decide before the next change."""
        columns = {field.name: getattr(self.columns, field.name)[: len(self)] for field in fields(FleetView)}
        for column in columns.values():
            column.flags.writeable = False
        return FleetView(**columns)

    # --- inside

    def _set_end(self, slot: int, ends_at: Point | None) -> None:
        columns = self.columns
        if ends_at is None:
            columns.end_lat[slot], columns.end_lon[slot], columns.left_m[slot] = np.nan, np.nan, np.inf
        else:
            columns.end_lat[slot], columns.end_lon[slot] = ends_at.lat, ends_at.lon
            self._measure_rest(np.array([slot]))

    def _measure_rest(self, slots: Ints) -> None:
        """How far these, who all have an end, are from it; unknown as long as nobody knows where they are."""
        columns = self.columns
        left_m = straight_m(columns.lat[slots], columns.lon[slots], columns.end_lat[slots], columns.end_lon[slots])
        columns.left_m[slots] = np.where(columns.at_ms[slots] < 0, np.inf, left_m)

    def _derive_status(self, slot: int) -> None:
        on_duty = self.columns.duty[slot] == Duty.ON
        self.columns.status[slot] = self.columns.occupation[slot] if on_duty else Status.OFF

    def _grow(self) -> None:
        for name, (kind, fill) in _TYPES.items():
            column = getattr(self.columns, name)
            setattr(self.columns, name, np.concatenate((column, np.full(len(column), fill, kind))))

    def _room_for(self, size: int, record_size: int) -> bool:
        if self._buffered + size > self.limits.buffer_bytes:
            self._dropped[DropReason.OVERFLOW] += size // record_size
            return False
        self._buffered += size
        return True

    def _empty_buffer(self) -> None:
        self._buffered = 0
        self._frames: list[bytes] = []
        self._frame_slots = array("I")
        self._gateway_slots: list[NDArray[np.uint32]] = []
        self._gateway_records: list[NDArray[np.void]] = []

    def _read_buffer(self) -> Batch:
        sizes = np.fromiter(map(len, self._frames), np.int64, len(self._frames)) // RECORD.itemsize
        slots = [np.repeat(np.frombuffer(self._frame_slots, np.uint32), sizes), *self._gateway_slots]
        records = [np.frombuffer(b"".join(self._frames), RECORD), *self._gateway_records]
        self._empty_buffer()
        return to_batch(np.concatenate(slots).astype(np.int64), np.concatenate(records))

    def _is_in_use(self, slots: Ints) -> NDArray[np.bool_]:
        """True where a record belongs to a driver who is there."""
        room = len(self.columns.present)
        in_use: NDArray[np.bool_] = (slots < room) & (self.columns.present[np.minimum(slots, room - 1)] == 1)
        return in_use
