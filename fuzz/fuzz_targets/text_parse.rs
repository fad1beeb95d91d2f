//! Any text as a network: a graph that prints and reads back as itself, or an error with a place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use snnc_ir::graph::verify::verify;
use snnc_ir::text::{parse, print};

fuzz_target!(|text: &str| {
    let Ok(graph) = parse(text) else { return };
    if verify(&graph).is_ok() {
        let printed = print(&graph);
        let again = parse(&printed).unwrap_or_else(|e| panic!("{e}: {printed}"));
        assert_eq!(again, graph, "{printed}");
    }
});
