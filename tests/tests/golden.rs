//! Kept manifests, their schema, and the promise of the same bytes for the same input.
#![allow(clippy::unwrap_used, clippy::panic)]

use snnc_machine::manifest::{Manifest, SCHEMA, check_coverage};
use snnc_tests::golden::{LOIHI1, LOIHI2, all, compare, root};

#[test]
fn manifests_are_as_kept() {
    let folder = |target: &str| root().join("tests/golden").join(target);
    let failed: Vec<String> = all()
        .filter_map(|case| {
            let path = folder(case.target).join(format!("{}.json", case.name));
            compare(&path, &case.compile().1.manifest).err()
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    for cases in [LOIHI2, LOIHI1] {
        let kept = std::fs::read_dir(folder(cases[0].target)).unwrap().count();
        assert_eq!(kept, cases.len(), "a kept manifest has no case");
    }
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    for case in all() {
        assert_eq!(case.compile().1, case.compile().1, "{}", case.name);
    }
}

#[test]
fn the_schema_is_fresh_and_every_manifest_follows_it() {
    let path = root().join("schemas/manifest-1.json");
    compare(&path, &Manifest::schema().unwrap()).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for case in all() {
        let manifest: serde_json::Value = serde_json::from_str(&case.compile().1.manifest).unwrap();
        let errors: Vec<String> = validator.iter_errors(&manifest).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", case.name);
        assert_eq!(manifest["schema"], SCHEMA);
        // The schema can refuse: an unknown field, a missing one.
        let mut wrong = manifest.clone();
        wrong["extra"] = serde_json::Value::Null;
        assert!(!validator.is_valid(&wrong));
        wrong.as_object_mut().unwrap().remove("extra");
        wrong["bounds"].as_object_mut().unwrap().remove("state");
        assert!(!validator.is_valid(&wrong));
    }
}

#[test]
fn every_neuron_and_fan_in_element_lies_in_one_part() {
    for case in all() {
        let (manifest, _) = case.compile();
        assert_eq!(check_coverage(&manifest), Ok(()), "{}", case.name);
        // The check can fail.
        let mut broken = manifest.clone();
        broken.cores.pop();
        assert!(check_coverage(&broken).is_err(), "{}", case.name);
    }
}

#[test]
fn bounds_and_gaps_are_in_order() {
    for case in all() {
        let (manifest, _) = case.compile();
        let b = &manifest.bounds;
        let period = b.period_ps.unwrap();
        assert!(period.upper.is_none_or(|u| period.lower <= u), "{}", case.name);
        let o = &b.optimality;
        let best = o.egraph_optimal_ps.unwrap();
        assert!(o.independent_lower_ps <= best + 1, "{}: {o:?}", case.name);
        assert!(best <= o.achieved_ps, "{}: {o:?}", case.name);
        for core in &manifest.cores {
            assert!(core.memory.values().all(|m| m.used <= m.cap), "{}: {core:?}", case.name);
        }
    }
}

#[test]
fn what_each_phase_makes_is_as_kept() {
    for case in LOIHI2.iter().filter(|c| ["loop", "branches"].contains(&c.name)) {
        for (phase, text) in case.phases() {
            // The last phase's text is the manifest.
            if phase != snnc_driver::phase::Phase::Emit {
                insta::assert_snapshot!(format!("{}-{:02}-{phase}", case.name, phase.number()), text);
            }
        }
    }
}

#[test]
fn reports_are_as_kept() {
    let folder = root().join("tests/golden/reports");
    for case in LOIHI2.iter().filter(|c| ["digits", "wide"].contains(&c.name)) {
        let (_, bundle) = case.compile();
        assert_eq!(bundle.reports.len(), 2);
        for (file, text) in bundle.reports {
            compare(&folder.join(format!("{}.{file}", case.name)), &text).unwrap();
        }
    }
}
