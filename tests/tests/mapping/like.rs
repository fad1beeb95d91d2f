//! Earlier cores that are kept.

use proptest::prelude::*;
use snnc_driver::compile::{Earlier, Options, compile};
use snnc_driver::{Observer, Silent};
use snnc_machine::manifest::{Core, Manifest};
use snnc_machine::mapping::LayerMapping;
use snnc_tests::arbitrary::{Config, graph};
use snnc_tests::golden::{LOIHI1, LOIHI2};

use crate::{file, given, holds, layers, manifest, model, options, ours};

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_stays_through_a_change_of_activity(graph in graph(Config::LOIHI2)) {
        let Some(before) = ours(&graph, "loihi2") else { return Ok(()) };
        let like = Some(Earlier::parse(&before.to_json().unwrap()).unwrap());
        let busier = Options { activity: Some("0.9".into()), like, ..options("loihi2") };
        let after = manifest(compile(&model(&graph), &busier, &mut Silent).unwrap());
        holds(&after, "loihi2")?;
        for core in &after.cores {
            // A part with the same neurons is where it was, with its number unless there are fewer cores now.
            let was = before.cores.iter().find(|c| {
                c.parts.iter().any(|p| (&p.layer, p.slice) == (&core.parts[0].layer, core.parts[0].slice))
            });
            if let Some(was) = was {
                prop_assert_eq!((was.chip, was.x, was.y), (core.chip, core.x, core.y));
                prop_assert!(was.id == core.id || was.id as usize >= after.cores.len());
            }
        }
    }
}

#[test]
fn an_unchanged_network_stays_as_it_was() {
    for case in LOIHI2.iter().chain(LOIHI1) {
        let (_, before) = case.compile();
        let like = Some(Earlier::parse(&before.manifest).unwrap());
        let done = compile(&case.model(), &Options { like, ..case.options() }, &mut Silent).unwrap();
        let mut after = manifest(done);
        let hash = after.inputs.options.like_blake3.take();
        assert_eq!(hash, Some(blake3_of(&before.manifest)), "{}", case.name);
        assert_eq!(after.to_json().unwrap(), before.manifest, "{} on {}", case.name, case.target);
    }
}

fn blake3_of(text: &str) -> String {
    Earlier::parse(text).unwrap().blake3
}

/// A layer that is cut anew moves, the others stay, and the log says so.
#[test]
fn only_what_is_forced_to_move_moves() {
    let case = LOIHI2.iter().find(|c| c.name == "digits").unwrap();
    let (before, bundle) = case.compile();
    let first = layers(&before).next().unwrap();
    let tile = if first.tile == "c2y1x1" { "c3" } else { "c2" };
    let mapping = file(vec![LayerMapping {
        layer: first.name.clone(),
        tile: Some(tile.into()),
        ..LayerMapping::default()
    }]);
    let options = Options {
        mapping: Some(given(&mapping)),
        like: Some(Earlier::parse(&bundle.manifest).unwrap()),
        ..case.options()
    };
    let mut notes = Notes(Vec::new());
    let after = manifest(compile(&case.model(), &options, &mut notes).unwrap());
    for core in after.cores.iter().filter(|c| c.parts[0].layer != first.name) {
        let same = |c: &&Core| {
            c.parts == core.parts
                || c.parts[0].slice == core.parts[0].slice && c.parts[0].layer == core.parts[0].layer
        };
        let was = before.cores.iter().find(same).unwrap();
        assert_eq!((was.x, was.y), (core.x, core.y), "{}", core.parts[0].layer);
    }
    assert!(notes.0.iter().any(|n| n.contains("parts stayed on their cores")), "{:?}", notes.0);
}

/// Keeps the notes of phases.
struct Notes(Vec<String>);

impl Observer for Notes {
    fn ended(&mut self, _: snnc_driver::phase::Phase, _: std::time::Duration, notes: &[String]) {
        self.0.extend_from_slice(notes);
    }
}

/// A tile that the search would not take is kept where the step takes no longer for it, and not where it does.
#[test]
fn a_tile_is_kept_when_it_costs_no_time() {
    let (mut kept, mut given_up) = (0, 0);
    for case in LOIHI2.iter().filter(|c| ["digits", "chain", "branches", "wide"].contains(&c.name)) {
        let (ours, _) = case.compile();
        for layer in layers(&ours) {
            let [c, h, w] = layer.shape;
            let finer = format!("c{}y{}x{}", c.min(2), h.min(4), w.min(4));
            if finer == layer.tile {
                continue;
            }
            let tile = LayerMapping {
                layer: layer.name.clone(),
                tile: Some(finer.clone()),
                ..LayerMapping::default()
            };
            let options = Options { mapping: Some(given(&file(vec![tile]))), ..case.options() };
            let before = manifest(compile(&case.model(), &options, &mut Silent).unwrap());
            let like = Some(Earlier::parse(&before.to_json().unwrap()).unwrap());
            let options = Options { like, ..case.options() };
            let after = manifest(compile(&case.model(), &options, &mut Silent).unwrap());
            let tile = &after.layers.iter().find(|l| l.name == layer.name).unwrap().tile;
            let time = |m: &Manifest| m.bounds.nominal.period_ps;
            // No slower than the slack of the search allows.
            assert!(time(&after) * 1000 <= time(&ours) * 1050, "{} {}", case.name, layer.name);
            let ranked = |m: &Manifest| m.bounds.optimality.achieved_ps;
            assert!(ranked(&after) <= ranked(&ours), "{} {}", case.name, layer.name);
            if time(&before) <= time(&ours) && ranked(&before) <= ranked(&ours) {
                assert_eq!(tile, &finer, "{} {}", case.name, layer.name);
                kept += 1;
            }
            if time(&before) * 1000 > time(&ours) * 1050 || ranked(&before) > ranked(&ours) {
                assert_ne!(tile, &finer, "{} {}", case.name, layer.name);
                given_up += 1;
            }
        }
    }
    assert!(kept > 0 && given_up > 0, "{kept} kept, {given_up} given up");
}
