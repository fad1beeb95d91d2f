//! No mapping of a layer takes less than the least.

mod layers;

use proptest::prelude::*;
use snnc_machine::load::{Interval, Load};
use snnc_machine::network::field::Grid;
use snnc_machine::target::{Least, Part, Target};

/// What is compared of a load: name, interval.
fn fields(load: &Load) -> [(&'static str, Interval); 5] {
    [
        ("synops", load.synops),
        ("reads", load.reads),
        ("updates", load.updates),
        ("messages in", load.messages_in),
        ("messages out", load.messages_out),
    ]
}

/// Checks that parts take no less; parts round their lower sides down, `slack` thousandths in all.
fn no_less(least: &Least, parts: &[Part], slack: u64) -> Result<(), TestCaseError> {
    let sum = parts.iter().fold(Load::default(), |sum, part| sum.plus(part.load));
    let peak = parts.iter().fold(Load::default(), |peak, part| peak.max(part.load));
    for ((name, least), (_, sum)) in fields(&least.total).into_iter().zip(fields(&sum)) {
        prop_assert!(least.lower <= sum.lower + slack, "{name}: {least:?} of {sum:?}");
        prop_assert!(
            least.nominal <= sum.nominal && least.upper <= sum.upper,
            "{name}: {least:?} of {sum:?}"
        );
    }
    for ((name, one), (_, peak)) in fields(&least.of_one).into_iter().zip(fields(&peak)) {
        prop_assert!(
            one.lower <= peak.lower && one.nominal <= peak.nominal && one.upper <= peak.upper,
            "{name} of one: {one:?} of {peak:?}"
        );
    }
    for memory in &least.memory {
        let used: u64 = parts
            .iter()
            .flat_map(|p| &p.memory)
            .filter(|m| m.resource == memory.resource)
            .map(|m| m.used)
            .sum();
        prop_assert!(memory.used <= used, "{memory:?} of {used}");
    }
    prop_assert!(least.cores <= parts.len() as u64, "{} of {} cores", least.cores, parts.len());
    Ok(())
}

/// A random cut of an axis into contiguous ranges.
fn cut(n: &mut layers::Numbers, size: usize) -> Vec<std::ops::Range<usize>> {
    let mut out = Vec::new();
    let mut start = 0;
    while start < size {
        let end = n.within(start + 1, size);
        out.push(start..end);
        start = end;
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn no_mapping_takes_less(seed in any::<u64>(), activity in any::<u64>(), cuts in any::<u64>()) {
        let (network, index) = layers::network(seed);
        let profile = layers::profile(&network, activity);
        let layer = &network.layers[index];
        for chip in layers::chips() {
            let least = chip.least(&network, index, &profile);
            let mut n = layers::Numbers(cuts);
            for how in chip.implementations(&network, index).unwrap() {
                for _ in 0..6 {
                    let shape = layer.shape;
                    let grid = Grid { channels: cut(&mut n, shape.c), rows: cut(&mut n, shape.h), cols: cut(&mut n, shape.w) };
                    let blocks = grid.blocks(layer.fan_in());
                    let parts: Result<Vec<Part>, _> =
                        blocks.iter().map(|b| chip.part(&network, index, how, b, &profile)).collect();
                    if let Ok(parts) = parts {
                        no_less(&least, &parts, (parts.len() * layer.projections.len()) as u64)?;
                    }
                }
            }
        }
    }
}

/// One block of everything takes no more than the least when the layer has one way to be stored.
#[test]
fn the_least_is_reached_where_one_core_holds_a_layer() {
    let (mut reached, mut seed) = (0, 0);
    while reached < 20 {
        seed += 1;
        assert!(seed < 5000, "only {reached} layers");
        let (network, index) = layers::network(seed);
        let profile = layers::profile(&network, seed);
        let chip = layers::chip(snnc_loihi2::CHIP, 1);
        let [how] = chip.implementations(&network, index).unwrap()[..] else { continue };
        let layer = &network.layers[index];
        let whole = snnc_machine::network::Block::whole(layer.shape, layer.fan_in());
        let part = chip.part(&network, index, how, &whole, &profile).unwrap();
        let least = chip.least(&network, index, &profile);
        assert_eq!((least.total, least.memory, least.cores), (part.load, part.memory, 1));
        reached += 1;
    }
}
