//! How the search grows with layers, channels and cores: in terms of the e-graph and in work, not in seconds. The seconds
//! are in `benches/search/run.py`.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;

use snnc_driver::pass::retime::retime;
use snnc_driver::registry;
use snnc_eqsat::extract::{Extraction, Forms, Front, Limits, Objective, Pricing, Ranking};
use snnc_eqsat::space::{Space, normalise};
use snnc_ir::graph::Graph;
use snnc_ir::text;
use snnc_machine::activity::{Activity, Profile};
use snnc_machine::floorline::Rates;

/// A residual network: every second population reads the one two before it too.
fn residual(layers: usize, channels: usize) -> Graph {
    let lif = "decay 3584, gain 64, threshold 4096, compare gt, reset subtract same, shift 12";
    let shape = format!("{channels}x16x16");
    let mut weights = String::new();
    let mut nodes = format!("  %0 = input \"x\" : {shape} {{values binary}}\n");
    let (mut next, mut last, mut skip) = (1, 0, 0);
    for layer in 0..layers {
        let seed = layer + 1;
        writeln!(
            weights,
            "  @{layer} = weights seeded [{channels}, {channels}, 3, 3] seed {seed} range -8..=7 density_ppm 500000"
        )
        .unwrap();
        writeln!(nodes, "  %{next} = conv2d \"c{layer}\" (%{last}, @{layer}) : {shape} {{pad [1, 1, 1, 1]}}")
            .unwrap();
        if layer % 2 == 1 {
            writeln!(nodes, "  %{} = add \"s{layer}\" (%{next}, %{skip}) : {shape}", next + 1).unwrap();
            next += 1;
        }
        writeln!(nodes, "  %{} = lif \"l{layer}\" (%{next}) : {shape} {{{lif}}}", next + 1).unwrap();
        last = next + 1;
        next += 2;
        if layer % 2 == 1 {
            skip = last;
        }
    }
    let graph = format!(
        "network \"r\" steps 4 integer {{\n{weights}{nodes}  %{next} = output \"o\" (%{last}) : {shape}\n}}\n"
    );
    text::parse(&graph).unwrap()
}

/// Terms of the e-graph before and after mapping, rounds, and priced choices.
fn size(layers: usize, channels: usize, cores: u64) -> [usize; 4] {
    let target = registry::target("loihi2", None).unwrap();
    let mut space: Space = normalise(&retime(&residual(layers, channels), 1).unwrap().graph).unwrap();
    assert_eq!(space.saturation.cut_short, None);
    let profile = Profile { layers: vec![Activity::stated(100_000); space.network.layers.len()] };
    let ranking = Ranking { rates: Rates::of(target.chip()).unwrap(), unknown: false };
    let pricing = Pricing {
        target: target.as_ref(),
        profile: &profile,
        ranking,
        max_cores: cores - layers as u64 + 1,
        coarse: false,
    };
    let neurons: Vec<usize> =
        (0..space.network.layers.len()).filter(|k| !space.network.layers[*k].is_input()).collect();
    let fronts: Vec<Front> = neurons.iter().map(|l| pricing.front(&Forms::of(&space, *l)).unwrap()).collect();
    let priced = fronts.iter().map(|f| f.considered as usize).sum();
    let extraction = Extraction::new(&mut space, fronts);
    assert_eq!(extraction.saturation.cut_short, None);
    let limits = Limits { cores, floor: ranking.floor(), slack: 50 };
    Extraction::find(&extraction.fronts, Objective::Time, limits, ranking, None).unwrap();
    [space.saturation.nodes, extraction.saturation.nodes, extraction.saturation.rounds, priced]
}

#[test]
fn terms_grow_with_the_layers_and_no_faster() {
    let [ten, twenty, sixty] = [10, 20, 60].map(|layers| size(layers, 8, 240));
    // With as many cores each further layer adds its own terms, and leaves the others fewer cores to choose from.
    assert!(twenty[0] <= 2 * ten[0] + 16 && sixty[0] <= 6 * ten[0] + 16, "{ten:?} {twenty:?} {sixty:?}");
    assert!(twenty[1] <= 2 * ten[1] + 64 && sixty[1] <= 6 * ten[1] + 64, "{ten:?} {twenty:?} {sixty:?}");
    let about = |times: usize| ten[3] * times * 21 / 20;
    assert!(twenty[3] <= about(2) && sixty[3] <= about(6), "{ten:?} {twenty:?} {sixty:?}");
    assert_eq!(ten[2], sixty[2]);
}

#[test]
fn terms_grow_slower_than_channels_and_cores() {
    let [few, many] = [8, 32].map(|channels| size(6, channels, 120));
    assert_eq!(few[0], many[0]);
    // Counts at which the largest range of an axis changes are about twice its square root.
    assert!(many[3] <= 4 * few[3], "{few:?} {many:?}");
    let [less, more] = [60, 240].map(|cores| size(6, 16, cores));
    assert!(more[1] <= 4 * less[1] && more[3] <= 4 * less[3], "{less:?} {more:?}");
}
