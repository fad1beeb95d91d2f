//! The integer arithmetic of a neuron in 32 bits, for layers in which nothing can leave them.

use super::super::super::arith::Arith;
use super::operand::{Operand, Operands};
use crate::neuron::{Activation, FixedPoint, Model, Overflow, Rounding};

/// [`FixedPoint`] in 32 bits, its choices as numbers: loops without branches become vectors.
#[derive(Clone, Copy, Debug)]
pub(in crate::sim::event) struct Narrow {
    shift: u32,
    /// The bits of a state below a whole unit of its decay.
    fraction: i32,
    /// All ones where absolute values are rounded.
    absolute: i32,
    /// What is added before the shift.
    more: i32,
    v: Width,
    i: Width,
}

/// The range of a state: it saturates, then wraps.
#[derive(Clone, Copy, Debug)]
struct Width {
    lo: i32,
    hi: i32,
    half: i32,
    /// The period less one, or all ones.
    period: i32,
}

/// Greatest shift of a decay: a remainder times a factor of at most one stays within 30 bits.
const MAX_SHIFT: u8 = 15;
/// Greatest width of a state: 2^bits still fits.
const MAX_BITS: u8 = 30;

/// Greatest absolute value of a parameter; 0 when there is none.
fn size(operand: Option<&Operand<i32>>) -> i64 {
    let values = operand.map_or(&[][..], Operand::values);
    values.iter().map(|v| i64::from(*v).abs()).max().unwrap_or(0)
}

impl Narrow {
    /// The arithmetic, and the greatest absolute value that may enter a neuron; `None` when the layer needs 64 bits.
    pub(super) fn new(
        model: &Model<i32>,
        operands: &Operands<i32>,
        fixed: FixedPoint,
    ) -> Option<(Self, u32)> {
        let unit = 1i64 << fixed.shift;
        let decays = [&operands.decay, &operands.current_decay];
        let fractions = decays.into_iter().flatten().flat_map(|d| d.values());
        if fixed.shift > MAX_SHIFT
            || fixed.v_bits.max(fixed.i_bits) > MAX_BITS
            || fixed.rescale.is_some()
            || !fractions.into_iter().all(|d| (0..=unit).contains(&i64::from(*d)))
        {
            return None;
        }
        let whole = i64::from(i32::MAX);
        let v = 1i64 << (fixed.v_bits - 1);
        let gain = operands.gain.as_ref().map_or(1, |g| size(Some(g)));
        let rest = size(operands.rest.as_ref());
        let initial = size(operands.initial.as_ref()).max(size(operands.current_initial.as_ref()));
        let (limit, most) = match model {
            Model::Spiking(m) => {
                let levels = m.levels.iter().flatten().map(|l| i64::from(*l).abs()).max().unwrap_or(0);
                let added = 2 * size(operands.threshold.as_ref())
                    + size(operands.bias.as_ref())
                    + size(operands.reset_value.as_ref())
                    // A count that is held down to something negative.
                    + size(operands.max_count.as_ref()) * size(operands.threshold.as_ref());
                // What the membrane can be before it is held, without what enters it.
                let own =
                    v.max(levels).max(initial).max(size(operands.v_min.as_ref())) + levels + 2 * rest + added;
                let enters = whole - own;
                match &m.current {
                    None => (enters / gain.max(1), own),
                    Some(current) => {
                        let i = (1i64 << (fixed.i_bits - 1)).max(initial);
                        let factor = current.gain.map_or(1, |g| i64::from(g).abs());
                        if i.saturating_mul(gain) > enters {
                            return None;
                        }
                        ((whole - i) / factor.max(1), own.max(i))
                    }
                }
            }
            Model::Integrator(_) => {
                let own = v.max(initial) + 2 * rest;
                ((whole - own) / gain.max(1), own)
            }
            _ => return None,
        };
        let unit = unit as i32;
        let narrow = Self {
            shift: u32::from(fixed.shift),
            fraction: unit - 1,
            absolute: if fixed.rounding == Rounding::Down { 0 } else { -1 },
            more: if fixed.rounding == Rounding::Nearest { unit / 2 } else { 0 },
            v: Width::new(fixed.v_bits, fixed.v_overflow),
            i: Width::new(fixed.i_bits, fixed.i_overflow),
        };
        (limit >= 0 && most <= whole).then_some((narrow, limit as u32))
    }
}

impl Width {
    fn new(bits: u8, overflow: Overflow) -> Self {
        let half = 1 << (bits - 1);
        match overflow {
            Overflow::Saturate => Self { lo: 1 - half, hi: half - 1, half, period: -1 },
            Overflow::Wrap => Self { lo: i32::MIN, hi: i32::MAX, half, period: 2 * half - 1 },
        }
    }

    #[inline(always)]
    fn hold(&self, value: i32) -> i32 {
        let value = value.max(self.lo).min(self.hi);
        // The period divides 2^32.
        self.half.wrapping_sub(self.half.wrapping_sub(value) & self.period)
    }
}

impl Arith for Narrow {
    type E = i32;
    type S = i32;

    #[inline(always)]
    fn state(&self, value: i32) -> i32 {
        value
    }
    #[inline(always)]
    fn element(&self, state: i32) -> i32 {
        state
    }
    #[inline(always)]
    fn one(&self) -> i32 {
        1
    }
    #[inline(always)]
    fn add(&self, a: i32, b: i32) -> i32 {
        a.wrapping_add(b)
    }
    #[inline(always)]
    fn sub(&self, a: i32, b: i32) -> i32 {
        a.wrapping_sub(b)
    }
    #[inline(always)]
    fn mul(&self, a: i32, b: i32) -> i32 {
        a.wrapping_mul(b)
    }
    /// The state is split into whole units and a remainder of [`FixedPoint::shift`] bits, each of which is
    /// multiplied within 32 bits.
    #[inline(always)]
    fn decay(&self, state: i32, factor: i32) -> i32 {
        let sign = (state >> 31) & self.absolute;
        let size = (state ^ sign).wrapping_sub(sign);
        let whole = (size >> self.shift).wrapping_mul(factor);
        let fraction = (size & self.fraction).wrapping_mul(factor).wrapping_add(self.more) >> self.shift;
        (whole.wrapping_add(fraction) ^ sign).wrapping_sub(sign)
    }
    #[inline(always)]
    fn count(&self, u: i32, threshold: i32) -> i32 {
        if u > 0 { u / threshold.max(1) } else { 0 }
    }
    #[inline(always)]
    fn abs(&self, a: i32) -> i32 {
        a.wrapping_abs()
    }
    #[inline(always)]
    fn hold_v(&self, v: i32) -> i32 {
        self.v.hold(v)
    }
    #[inline(always)]
    fn hold_i(&self, i: i32) -> i32 {
        self.i.hold(i)
    }
    #[inline(always)]
    fn left(&self, state: i32, held: i32) -> bool {
        state != held
    }
    #[inline(always)]
    fn graded(&self, value: i32) -> i32 {
        value
    }
    #[inline(always)]
    fn whole_units(&self, value: i32, unit: u32) -> i32 {
        value.div_euclid(unit.max(1).cast_signed())
    }
    /// No layer of activations is narrow.
    #[inline(always)]
    fn activate(&self, _: &Activation<i32>, x: i32) -> i32 {
        x
    }
}

/// Greatest absolute value.
#[inline(always)]
pub(super) fn greatest(values: &[i32]) -> u32 {
    values.iter().fold(0, |most, v| most.max(v.unsigned_abs()))
}
