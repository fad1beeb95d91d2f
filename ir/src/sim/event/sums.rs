//! Sums of events: connections, sum pools and additions. In integers they are taken in 32 bits where nothing can
//! leave them, and in 64 bits where something might.

use super::super::arith::Element;
use super::super::simd::widest;
use super::connect::{Connect, Scratch, start};
use super::pool::Pool;
use super::value::Value;

/// Less than one element in so many is an event: then the events of a factor per channel are scattered.
const FEW: usize = 16;

/// How a number system adds up.
pub(super) trait Sums: Element {
    /// What bounds the sums of a connection.
    type Bound: std::fmt::Debug + Send + Sync;

    fn bound(connect: &Connect<Self>) -> Self::Bound;

    /// The sums of a connection; tells how many operations it took and how many sums were clipped.
    fn connect(
        connect: &Connect<Self>,
        bound: &Self::Bound,
        source: &Value<Self>,
        out: &mut Value<Self>,
        scratch: &mut Scratch,
    ) -> (u64, u64);

    /// The sums of windows, divided; tells how many were clipped.
    fn sum_pool(
        pool: &Pool,
        divisor: u32,
        source: &Value<Self>,
        out: &mut Value<Self>,
        scratch: &mut Scratch,
    ) -> u64;

    /// The sums of values of the same length; tells how many were clipped.
    fn total(sources: &[&[Self]], out: &mut [Self]) -> u64;
}

impl Sums for f32 {
    type Bound = ();

    fn bound(_: &Connect<f32>) {}

    fn connect(
        connect: &Connect<f32>,
        (): &(),
        source: &Value<f32>,
        out: &mut Value<f32>,
        scratch: &mut Scratch,
    ) -> (u64, u64) {
        let events = connect.in_order(source.events().unwrap_or_default(), scratch);
        let (data, sums) = (source.data(), out.write());
        if let Some((scale, bias)) = connect.scale().filter(|_| events.len() > data.len() / FEW) {
            widest(
                #[inline(always)]
                || scaled(scale, data, sums, |w, x| 0.0 + w * x),
            );
            sums.chunks_mut(bias.len().max(1)).for_each(|sums| {
                sums.iter_mut().zip(bias).for_each(|(sum, b)| *sum += b);
            });
            return (events.len() as u64, 0);
        }
        let synops = widest(
            #[inline(always)]
            || {
                sums.fill(0.0);
                let synops = connect.scatter(events, data, sums, |sums, weights, value| {
                    each(sums, weights, |sum, w| *sum += w * value);
                });
                if let Some(bias) = connect.bias() {
                    for place in sums.chunks_exact_mut(bias.len()) {
                        place.iter_mut().zip(bias).for_each(|(sum, b)| *sum += b);
                    }
                }
                synops
            },
        );
        (synops, 0)
    }

    fn sum_pool(
        pool: &Pool,
        divisor: u32,
        source: &Value<f32>,
        out: &mut Value<f32>,
        _: &mut Scratch,
    ) -> u64 {
        let sums = out.write();
        widest(
            #[inline(always)]
            || {
                sums.fill(0.0);
                pool.sum(source.events(), source.data(), sums, |sum, v| *sum += v);
                if divisor != 1 {
                    sums.iter_mut().for_each(|sum| *sum = sum.divide(divisor));
                }
            },
        );
        0
    }

    fn total(sources: &[&[f32]], out: &mut [f32]) -> u64 {
        out.fill(0.0);
        for source in sources {
            out.iter_mut().zip(*source).for_each(|(sum, v)| *sum += v);
        }
        0
    }
}

/// Bounds of an integer connection.
#[derive(Debug)]
pub(super) struct Reach {
    /// Greatest sum of the absolute weights of an output.
    weights: u64,
    /// Greatest absolute bias.
    bias: u64,
}

impl Sums for i32 {
    type Bound = Reach;

    fn bound(connect: &Connect<i32>) -> Reach {
        let size = |w: i32| u64::from(w.unsigned_abs());
        let bias = connect.bias().unwrap_or_default().iter().map(|b| size(*b)).max();
        Reach { weights: connect.reach(size), bias: bias.unwrap_or(0) }
    }

    fn connect(
        connect: &Connect<i32>,
        bound: &Reach,
        source: &Value<i32>,
        out: &mut Value<i32>,
        scratch: &mut Scratch,
    ) -> (u64, u64) {
        let (events, data) = (source.events().unwrap_or_default(), source.data());
        let sums = out.write();
        let (lo, hi) = range(events, data);
        let most = u64::from(lo.unsigned_abs().max(hi.unsigned_abs()));
        if fits(most, bound.weights, bound.bias) {
            if let Some((scale, bias)) = connect.scale().filter(|_| events.len() > data.len() / FEW) {
                widest(
                    #[inline(always)]
                    || scaled(scale, data, sums, i32::wrapping_mul),
                );
                sums.chunks_mut(bias.len().max(1)).for_each(|sums| {
                    sums.iter_mut().zip(bias).for_each(|(sum, b)| *sum = sum.wrapping_add(*b));
                });
                return (events.len() as u64, 0);
            }
            if let Some(gather) = connect.gather().filter(|g| g.pays(events.len())) {
                let binary = (lo, hi) == (0, 1);
                return (gather.run(connect.input(), events, data, binary, &mut scratch.starts, sums), 0);
            }
            let synops = widest(
                #[inline(always)]
                || {
                    start(sums, connect.bias());
                    connect.scatter(events, data, sums, |sums, weights, value| {
                        if value == 1 {
                            each(sums, weights, |sum, w| *sum = sum.wrapping_add(w));
                        } else {
                            each(sums, weights, |sum, w| *sum = sum.wrapping_add(w.wrapping_mul(value)));
                        }
                    })
                },
            );
            return (synops, 0);
        }
        let mut wide = std::mem::take(&mut scratch.wide);
        wide.clear();
        wide.resize(sums.len(), 0);
        let events = connect.in_order(events, scratch);
        let synops = connect.scatter(events, data, &mut wide, |sums, weights, value| {
            sums.iter_mut().zip(weights).for_each(|(sum, w)| *sum = i32::add_product(*sum, *w, value));
        });
        if let Some(bias) = connect.bias() {
            for place in wide.chunks_exact_mut(bias.len()) {
                place.iter_mut().zip(bias).for_each(|(sum, b)| *sum = <i32 as Element>::add(*sum, *b));
            }
        }
        let clipped = settle(&wide, sums);
        scratch.wide = wide;
        (synops, clipped)
    }

    fn sum_pool(
        pool: &Pool,
        _: u32,
        source: &Value<i32>,
        out: &mut Value<i32>,
        scratch: &mut Scratch,
    ) -> u64 {
        let (events, data, sums) = (source.events(), source.data(), out.write());
        let (lo, hi) = range(events.unwrap_or_default(), data);
        let most = u64::from(lo.unsigned_abs().max(hi.unsigned_abs()));
        if fits(most, pool.size(), 0) {
            widest(
                #[inline(always)]
                || {
                    sums.fill(0);
                    pool.sum(events, data, sums, |sum, v| *sum = sum.wrapping_add(v));
                },
            );
            return 0;
        }
        scratch.wide.clear();
        scratch.wide.resize(sums.len(), 0);
        pool.sum(events, data, &mut scratch.wide, |sum, v| *sum = <i32 as Element>::add(*sum, v));
        settle(&scratch.wide, sums)
    }

    fn total(sources: &[&[i32]], out: &mut [i32]) -> u64 {
        let [first, others @ ..] = sources else { return 0 };
        if let [second] = others {
            let mut clipped = 0u32;
            for ((sum, a), b) in out.iter_mut().zip(*first).zip(*second) {
                *sum = a.saturating_add(*b);
                clipped += u32::from(*sum != a.wrapping_add(*b));
            }
            return u64::from(clipped);
        }
        let mut clipped = 0;
        for (k, sum) in out.iter_mut().enumerate() {
            // As many values as a graph can have do not leave 64 bits.
            let whole: i64 = sources.iter().map(|source| i64::from(source[k])).sum();
            *sum = i32::settle(whole);
            clipped += u64::from(i32::clips(whole));
        }
        clipped
    }
}

/// Every element times a factor; the factors repeat.
#[inline(always)]
fn scaled<E: Copy>(factors: &[E], data: &[E], out: &mut [E], times: impl Fn(E, E) -> E) {
    for (out, data) in out.chunks_mut(factors.len()).zip(data.chunks(factors.len())) {
        for ((out, x), w) in out.iter_mut().zip(data).zip(factors) {
            *out = times(*w, *x);
        }
    }
}

/// Adds to as many sums as there are weights, eight at a time: most rows are too short for longer steps.
#[inline(always)]
fn each<E: Copy>(sums: &mut [E], weights: &[E], add: impl Fn(&mut E, E)) {
    let (sums, last_sums) = sums.as_chunks_mut::<8>();
    let (weights, last_weights) = weights.as_chunks::<8>();
    for (sums, weights) in sums.iter_mut().zip(weights) {
        for k in 0..8 {
            add(&mut sums[k], weights[k]);
        }
    }
    // By hand: a loop over so few would become a masked vector, which is slow to store.
    match (last_sums, last_weights) {
        ([a, b, c, d, rest @ ..], [s, t, u, v, more @ ..]) => {
            add(a, *s);
            add(b, *t);
            add(c, *u);
            add(d, *v);
            few(rest, more, add);
        }
        (rest, more) => few(rest, more, add),
    }
}

/// Less than four.
#[inline(always)]
fn few<E: Copy>(sums: &mut [E], weights: &[E], add: impl Fn(&mut E, E)) {
    match (sums, weights) {
        ([a], [s]) => add(a, *s),
        ([a, b], [s, t]) => {
            add(a, *s);
            add(b, *t);
        }
        ([a, b, c], [s, t, u]) => {
            add(a, *s);
            add(b, *t);
            add(c, *u);
        }
        _ => {}
    }
}

/// Least and greatest value, zero among them; `events` may list where values are not zero.
fn range(events: &[u32], data: &[i32]) -> (i32, i32) {
    let wider = |(lo, hi): (i32, i32), v: i32| (lo.min(v), hi.max(v));
    if !events.is_empty() && events.len() < data.len() / FEW {
        return events.iter().map(|p| data[*p as usize]).fold((0, 0), wider);
    }
    widest(
        #[inline(always)]
        || data.iter().copied().fold((0, 0), wider),
    )
}

/// Whether sums of values up to `most`, with weights that add up to `weights`, and something added stay in 32 bits.
fn fits(most: u64, weights: u64, added: u64) -> bool {
    u128::from(most) * u128::from(weights) + u128::from(added) <= i32::MAX as u128
}

fn settle(wide: &[i64], sums: &mut [i32]) -> u64 {
    let mut clipped = 0;
    for (sum, wide) in sums.iter_mut().zip(wide) {
        *sum = i32::settle(*wide);
        clipped += u64::from(i32::clips(*wide));
    }
    clipped
}
