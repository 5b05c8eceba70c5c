//! The charges by id, and the sums over them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::charge::Charge;
use super::report::{Line, Page, Totals};
use super::setup::Setup;
use crate::values::{CaptureId, ChargeId, Currency, DisputeId, EventId, RefundId, SetupId, VoidId};

/// Charges, refunds, disputes and setups by their numbers, up to `each_max` of each, and which numbers were given out.
///
/// Charges are shared with the answers and events that tell of them, and copied only when they change after that.
#[derive(Debug)]
pub(super) struct Book {
    charges: Numbered<Arc<Charge>>,
    /// Which charge each refund belongs to.
    refunds: Numbered<ChargeId>,
    /// Which charge each dispute is of.
    disputes: Numbered<ChargeId>,
    setups: Numbered<Arc<Setup>>,
    captures: u64,
    voids: u64,
    events: u64,
    /// Captures that clients asked for, refunds and disputes.
    operations: usize,
    each_max: usize,
    pub(super) totals: Totals,
}

/// What has just changed.
#[derive(Debug)]
pub(super) struct Changed {
    pub(super) charge: Arc<Charge>,
    /// What was approved by this change.
    pub(super) approved: Option<u64>,
}

impl Book {
    pub(super) fn new(each_max: usize) -> Self {
        Self {
            charges: Numbered::starting_at(1),
            refunds: Numbered::starting_at(1),
            disputes: Numbered::starting_at(1),
            setups: Numbered::starting_at(1),
            captures: 0,
            voids: 0,
            events: 0,
            operations: 0,
            each_max,
            totals: Totals::default(),
        }
    }

    /// Forgets everything but which numbers were given out.
    pub(super) fn clear(&mut self) {
        self.charges = Numbered::starting_at(self.charges.next());
        self.refunds = Numbered::starting_at(self.refunds.next());
        self.disputes = Numbered::starting_at(self.disputes.next());
        self.setups = Numbered::starting_at(self.setups.next());
        self.operations = 0;
        self.totals = Totals::default();
    }

    pub(super) fn next_charge_id(&self) -> ChargeId {
        ChargeId(self.charges.next())
    }

    pub(super) fn next_setup_id(&self) -> SetupId {
        SetupId(self.setups.next())
    }

    pub(super) fn next_capture_id(&mut self) -> CaptureId {
        self.captures += 1;
        CaptureId(self.captures)
    }

    pub(super) fn next_void_id(&mut self) -> VoidId {
        self.voids += 1;
        VoidId(self.voids)
    }

    pub(super) fn next_event_id(&mut self) -> EventId {
        self.events += 1;
        EventId(self.events)
    }

    /// Adds a charge under the next number, if there is room for it.
    pub(super) fn open(&mut self, charge: Charge) -> bool {
        let has_room = self.charges.len() < self.each_max;
        if has_room {
            self.charges.push(Arc::new(charge));
        }
        has_room
    }

    pub(super) fn add_setup(&mut self, setup: Arc<Setup>) -> bool {
        let has_room = self.setups.len() < self.each_max;
        if has_room {
            self.setups.push(setup);
        }
        has_room
    }

    /// Takes a place for a capture, a refund or a dispute, if there is one.
    pub(super) fn take_place(&mut self) -> bool {
        let has_room = self.operations < self.each_max;
        self.operations += usize::from(has_room);
        has_room
    }

    /// Gives out the number of a refund of that charge.
    pub(super) fn next_refund_id(&mut self, charge: ChargeId) -> RefundId {
        let id = RefundId(self.refunds.next());
        self.refunds.push(charge);
        id
    }

    /// Gives out the number of a dispute of that charge.
    pub(super) fn next_dispute_id(&mut self, charge: ChargeId) -> DisputeId {
        let id = DisputeId(self.disputes.next());
        self.disputes.push(charge);
        id
    }

    pub(super) fn charge(&self, id: ChargeId) -> Option<&Arc<Charge>> {
        self.charges.get(id.0)
    }

    pub(super) fn charge_of_refund(&self, id: RefundId) -> Option<&Arc<Charge>> {
        self.charge(*self.refunds.get(id.0)?)
    }

    pub(super) fn charge_of_dispute(&self, id: DisputeId) -> Option<&Arc<Charge>> {
        self.charge(*self.disputes.get(id.0)?)
    }

    pub(super) fn setup(&self, id: SetupId) -> Option<&Arc<Setup>> {
        self.setups.get(id.0)
    }

    pub(super) fn setup_mut(&mut self, id: SetupId) -> Option<&mut Setup> {
        self.setups.get_mut(id.0).map(Arc::make_mut)
    }

    /// The only way in which a charge changes: the sums follow from what it was before and is after.
    pub(super) fn change(&mut self, id: ChargeId, change: impl FnOnce(&mut Charge)) -> Option<Changed> {
        let charge = self.charges.get_mut(id.0)?;
        let (was_approved, was_declined) = (charge.is_approved(), charge.decline().is_some());
        let (had, had_lost) = (charge.captured(), charge.lost());
        change(Arc::make_mut(charge));
        let currency = charge.currency;
        adjust(&mut self.totals.amount_captured, currency, had, charge.captured());
        adjust(&mut self.totals.amount_lost, currency, had_lost, charge.lost());
        self.totals.declines += u64::from(charge.decline().is_some() && !was_declined);
        let is_new = charge.is_approved() && !was_approved;
        self.totals.charges += u64::from(is_new);
        Some(Changed { charge: Arc::clone(charge), approved: is_new.then(|| charge.authorized()) })
    }

    /// Up to `limit` lines, from the first charge after `after`.
    pub(super) fn lines(&self, after: Option<ChargeId>, limit: usize) -> Page<Line> {
        let mut rest = self.charges.after(after.map_or(0, |id| id.0)).iter();
        let data = rest.by_ref().take(limit).map(|charge| Line::from(&**charge)).collect();
        Page { data, has_more: rest.next().is_some() }
    }

    /// Up to `limit` charges, the newest first, from the first one before `before`.
    pub(super) fn newest(&self, before: Option<ChargeId>, limit: usize) -> Page<Arc<Charge>> {
        let mut rest = self.charges.before(before.map_or(u64::MAX, |id| id.0)).iter().rev();
        let data = rest.by_ref().take(limit).cloned().collect();
        Page { data, has_more: rest.next().is_some() }
    }

    /// Up to `limit` disputes and their charges, the newest first, from the first one before `before`.
    pub(super) fn newest_disputes(&self, before: Option<DisputeId>, limit: usize) -> Page<(Arc<Charge>, DisputeId)> {
        let older = self.disputes.before(before.map_or(u64::MAX, |id| id.0));
        let mut rest = older.iter().enumerate().rev().filter_map(|(index, charge)| {
            let id = DisputeId(self.disputes.first + index as u64);
            self.charge(*charge).map(|charge| (Arc::clone(charge), id))
        });
        let data = rest.by_ref().take(limit).collect();
        Page { data, has_more: rest.next().is_some() }
    }
}

/// Has a sum follow one of its parts.
fn adjust(sums: &mut BTreeMap<Currency, u64>, currency: Currency, was: u64, is: u64) {
    if is != was {
        // Twelve digits an amount: the sum is exact up to 18 million of the largest charges.
        let sum = sums.entry(currency).or_default();
        *sum = sum.saturating_add(is).saturating_sub(was);
    }
}

/// Things by their numbers, which are counted on without a gap.
#[derive(Debug)]
struct Numbered<T> {
    first: u64,
    items: Vec<T>,
}

impl<T> Numbered<T> {
    fn starting_at(first: u64) -> Self {
        Self { first, items: Vec::new() }
    }

    fn len(&self) -> usize {
        self.items.len()
    }

    fn next(&self) -> u64 {
        self.first + self.items.len() as u64
    }

    fn push(&mut self, item: T) {
        self.items.push(item);
    }

    fn index(&self, number: u64) -> Option<usize> {
        usize::try_from(number.checked_sub(self.first)?).ok()
    }

    fn get(&self, number: u64) -> Option<&T> {
        self.items.get(self.index(number)?)
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        let index = self.index(number)?;
        self.items.get_mut(index)
    }

    fn after(&self, number: u64) -> &[T] {
        let start = self.index(number).map_or(0, |index| index.saturating_add(1));
        self.items.get(start..).unwrap_or_default()
    }

    fn before(&self, number: u64) -> &[T] {
        let end = self.index(number).unwrap_or(0).min(self.items.len());
        &self.items[..end]
    }
}
