//! Every rewrite rule on random networks: both sides of what it finds have equal values in every step.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use snnc_driver::pass::retime::retime;
use snnc_eqsat::rules::sides::sides;
use snnc_eqsat::rules::{EVALUATION, VALUES};
use snnc_ir::graph::verify::verify;
use snnc_ir::sim::{Execution, Simulator};
use snnc_ir::text;
use snnc_tests::arbitrary::{Config, graph_and_inputs};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn both_sides_are_equal((graph, inputs) in graph_and_inputs(Config { options: true, ..Config::LOIHI2 })) {
        let Ok(retimed) = retime(&graph, 1) else { return Ok(()) };
        for rule in VALUES.iter().chain(EVALUATION) {
            let sides = sides(&retimed.graph, &[*rule], 2);
            if sides.pairs.is_empty() {
                continue;
            }
            prop_assert_eq!(verify(&sides.graph), Ok(()), "{}", rule.name);
            let mut sim = Simulator::new(&sides.graph, Execution::EventDriven);
            let mut clipped = 0;
            for step in &inputs {
                sim.step(step).unwrap();
                clipped += sides.graph.ids().map(|id| sim.counts(id).clipped).sum::<u64>();
                // A law holds where no sum leaves 32 bits.
                if clipped > 0 {
                    break;
                }
                for (was, is) in &sides.pairs {
                    prop_assert_eq!(sim.value(*was), sim.value(*is), "{}\n{}", rule.name, text::print(&sides.graph));
                }
            }
        }
    }
}
