//! Prices of whole menus are those that the loads give, tile by tile.

mod layers;

use proptest::prelude::*;
use snnc_machine::target::{Choice, Price, Target};

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn prices_are_those_of_the_loads(seed in any::<u64>(), activity in any::<u64>()) {
        let (network, layer) = layers::network(seed);
        let profile = layers::profile(&network, activity);
        for chip in layers::chips() {
            let ways = chip.implementations(&network, layer).unwrap();
            prop_assert!(!ways.is_empty());
            for implementation in ways {
                let tiles = chip.tiles(&network, layer, implementation, 40);
                let prices = chip.prices(&network, layer, implementation, &tiles, &profile);
                prop_assert_eq!(prices.len(), tiles.len());
                for (tile, price) in tiles.into_iter().zip(prices) {
                    let choice = Choice { implementation, tile };
                    let loads = chip.loads(&network, layer, choice, &profile);
                    prop_assert_eq!(price, loads.map(|parts| Price::of(&parts)), "{:?}", choice);
                }
            }
        }
    }
}

/// The property says nothing where nothing is priced, or nothing refused.
#[test]
fn random_layers_have_prices_and_refusals_in_every_encoding() {
    let mut seen = std::collections::BTreeMap::new();
    for seed in 0..200 {
        let (network, layer) = layers::network(seed);
        let profile = layers::profile(&network, seed);
        for chip in layers::chips() {
            for how in chip.implementations(&network, layer).unwrap() {
                let tiles = chip.tiles(&network, layer, how, 40);
                for price in chip.prices(&network, layer, how, &tiles, &profile) {
                    *seen.entry((how.encoding, price.is_ok())).or_insert(0) += 1;
                }
            }
        }
    }
    for encoding in
        ["conv", "dense", "mixed", "sparse", "conv+sparse", "sparse+conv", "dense+sparse", "sparse+dense"]
    {
        for fits in [true, false] {
            assert!(seen.get(&(encoding, fits)).is_some_and(|n| *n > 10), "{encoding} {fits}: {seen:?}");
        }
    }
}
