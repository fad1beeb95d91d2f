//! The floorline plot: points on their lines, texts clear of each other, any names and numbers.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;

use snnc_driver::report::{Report, unlike};
use snnc_machine::manifest::Manifest;
use snnc_tests::mappings::{Placed, hostile, load, mapping};

/// An element with its attributes and text.
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
}

impl Element {
    fn number(&self, key: &str) -> f64 {
        self.attributes[key].parse().unwrap()
    }

    fn place(&self) -> (f64, f64) {
        let inner =
            self.attributes["transform"].strip_prefix("translate(").unwrap().split(')').next().unwrap();
        let (x, y) = inner.split_once(' ').unwrap();
        (x.parse().unwrap(), y.parse().unwrap())
    }
}

/// The elements of well-formed XML, in the order in which they start.
fn elements(svg: &str) -> Vec<Element> {
    let mut out: Vec<Element> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    for piece in svg.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        assert!(
            !text.contains('&')
                || text
                    .split('&')
                    .skip(1)
                    .all(|e| e.split(';').next().is_some_and(|n| ["lt", "gt", "amp", "quot"].contains(&n))),
            "{text}"
        );
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(out[open.pop().unwrap()].name, name);
            continue;
        }
        let closed = tag.ends_with('/');
        let (name, rest) = tag.trim_end_matches('/').split_once(' ').unwrap_or((tag, ""));
        let mut parts = rest.split('"');
        let mut attributes = BTreeMap::new();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            attributes.insert(key.trim().trim_end_matches('=').to_owned(), value.to_owned());
        }
        out.push(Element { name: name.into(), attributes, text: text.trim_end().into() });
        if !closed {
            open.push(out.len() - 1);
        }
    }
    assert!(open.is_empty());
    out
}

fn plot(manifest: &Manifest, against: Option<&Manifest>) -> Vec<Element> {
    let svg = Report::Floorline.render(manifest, against);
    assert_eq!(svg, Report::Floorline.render(&manifest.clone(), against));
    assert!(svg.chars().all(|c| c == '\n' || !c.is_control()), "control characters");
    elements(&svg)
}

/// Layers on a core each, with loads over some decades.
fn chain(count: usize, factor: u64) -> Manifest {
    let names: Vec<String> =
        (0..count).map(|k| format!("/features/stage{}/block{k}/lif/Neuron", k / 10)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let some = |k: usize, seed: u64, most: u64| (k as u64 + 1).wrapping_mul(seed) % most + 3;
    let parts: Vec<Placed> = (0..count)
        .map(|k| (k, k, load(factor * some(k, 7919, 9000), some(k, 104_729, 1500), some(k, 1_299_709, 300))))
        .collect();
    mapping(&names, &parts)
}

fn texts(elements: &[Element]) -> impl Iterator<Item = &Element> {
    elements.iter().filter(|e| e.name == "text")
}

/// A text's box, a little narrower than what the layout takes it for: left, top, right, bottom.
fn area(text: &Element) -> [f64; 4] {
    let size: f64 = text.attributes.get("font-size").map_or(12.0, |s| s.parse().unwrap());
    let shown = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "'"), ("&amp;", "+")]
        .iter()
        .fold(text.text.clone(), |shown, (entity, c)| shown.replace(entity, c));
    let wide = shown.chars().map(|c| if c.is_ascii() { 0.55 } else { 1.0 }).sum::<f64>() * size;
    let (x, y) = (text.number("x"), text.number("y"));
    let left = x - match text.attributes["text-anchor"].as_str() {
        "start" => 0.0,
        "middle" => wide / 2.0,
        _ => wide,
    };
    [left, y - 0.75 * size, left + wide, y + 0.15 * size]
}

fn clear_of_each_other(elements: &[Element]) {
    let size = &elements[0];
    let areas: Vec<(&str, [f64; 4])> = texts(elements).map(|t| (t.text.as_str(), area(t))).collect();
    for (k, (one, a)) in areas.iter().enumerate() {
        assert!(
            a[0] >= 0.0 && a[2] <= size.number("width") && a[3] <= size.number("height"),
            "{one} is cut: {a:?}"
        );
        for (other, b) in &areas[..k] {
            let apart = a[2] <= b[0] || b[2] <= a[0] || a[3] <= b[1] || b[3] <= a[1];
            assert!(apart, "{one} on {other}: {a:?} {b:?}");
        }
    }
}

#[test]
fn texts_stand_clear_of_each_other() {
    for count in [0, 1, 2, 5, 14, 15, 60, 400] {
        clear_of_each_other(&plot(&chain(count, 1), None));
        clear_of_each_other(&plot(&chain(count, 1), Some(&chain(count, 3))));
    }
    clear_of_each_other(&plot(&hostile(), Some(&hostile())));
}

#[test]
fn memory_bound_layers_are_on_the_slope() {
    // Synaptic operations from a handful to millions, and nothing else that counts.
    let names = ["a", "b", "c", "d", "e"];
    let parts: Vec<Placed> = (0..5).map(|k| (k, k, load(3 * 17u64.pow(k as u32), 0, 0))).collect();
    let found = plot(&mapping(&names, &parts), None);
    let slope = found
        .iter()
        .find(|e| e.name == "line" && e.attributes.get("stroke-width").is_some_and(|w| w == "2"))
        .unwrap();
    let [x1, y1, x2, y2] = ["x1", "y1", "x2", "y2"].map(|k| slope.number(k));
    let circles: Vec<&Element> =
        found.iter().filter(|e| e.attributes.get("d").is_some_and(|d| d.starts_with("M-5 0A5"))).collect();
    // The five layers, and the sample of the legend.
    assert_eq!(circles.len(), 6);
    for mark in &circles[..5] {
        let (x, y) = mark.place();
        let below = y - (y1 + (y2 - y1) * (x - x1) / (x2 - x1));
        assert!(below.abs() < 0.25, "{below} pixels below the slope at {x}");
    }
}

#[test]
fn floor_and_barrier_are_where_they_belong() {
    let manifest = mapping(&["a", "b"], &[(0, 0, load(1000, 100, 0)), (1, 1, load(10, 50, 0))]);
    let found = plot(&manifest, None);
    let said: Vec<&str> = texts(&found).map(|t| t.text.as_str()).collect();
    for what in [
        "slope: synaptic operations, 700 ps each",
        "floor: neuron updates of the fullest core, 420 ns",
        "barrier: 200 ns",
        "nominal time per step",
        "synaptic operations of the busiest core per step (nominal)",
        "whole network",
        "the bottleneck",
    ] {
        assert!(said.contains(&what), "{what} is not in {said:?}");
    }
    let tick = |text: &str| texts(&found).find(|t| t.text == text).unwrap().number("y") - 4.0;
    let lines: Vec<&Element> =
        found.iter().filter(|e| e.attributes.contains_key("stroke-dasharray")).collect();
    let barrier = lines.iter().find(|l| l.attributes["stroke-dasharray"] == "2 4").unwrap();
    assert!((barrier.number("y1") - tick("200 ns")).abs() < 0.2);
}

#[test]
fn a_core_of_two_layers_counts_once() {
    // Together 800 updates, which is the floor; alone neither has them.
    let manifest = mapping(&["a", "b"], &[(0, 0, load(10, 300, 0)), (0, 1, load(20, 500, 0))]);
    let found = plot(&manifest, None);
    assert!(texts(&found).any(|t| t.text == "floor: neuron updates of the fullest core, 3.36 µs"));
    let told = found.iter().find(|e| e.name == "title" && e.text.starts_with("whole network")).unwrap();
    assert!(told.text.contains("30.000 synaptic operations"), "{}", told.text);
}

#[test]
fn arrows_lead_from_the_other_mapping_to_this_one() {
    let ours = mapping(
        &["a", "b", "c"],
        &[(0, 0, load(1000, 10, 0)), (1, 1, load(100, 90, 0)), (2, 2, load(9, 9, 9))],
    );
    let theirs = mapping(
        &["a", "b", "gone"],
        &[(0, 0, load(9000, 10, 0)), (1, 1, load(100, 90, 0)), (2, 2, load(9, 9, 9))],
    );
    let hollow = |found: &[Element]| {
        let white =
            |e: &&Element| e.name == "path" && e.attributes.get("fill").is_some_and(|f| f == "#ffffff");
        found.iter().filter(white).count()
    };
    let heads = |found: &[Element]| {
        found.iter().filter(|e| e.name == "path" && !e.attributes.contains_key("transform")).count()
    };
    let found = plot(&ours, Some(&theirs));
    // Layer a, the one that is gone and the network, with the sample of the legend; b is where it was.
    assert_eq!(hollow(&found), 4);
    // Layer a, the network, and the sample.
    assert_eq!(heads(&found), 3);
    let said: Vec<&str> = texts(&found).map(|t| t.text.as_str()).collect();
    assert!(said.contains(&"1 layer(s) stay where they were"), "{said:?}");
    assert!(said.contains(&"1 layer(s) are not in this mapping"), "{said:?}");
    let alone = plot(&ours, None);
    assert_eq!((hollow(&alone), heads(&alone)), (0, 0));
}

#[test]
fn many_layers_have_numbers_with_a_key() {
    let found = plot(&chain(60, 1), None);
    let said: Vec<&str> = texts(&found).map(|t| t.text.as_str()).collect();
    let bold = texts(&found).filter(|t| t.attributes.get("font-weight").is_some_and(|w| w == "bold")).count();
    assert_eq!(bold, 1, "the bottleneck");
    // Each number stands at a mark and in the key.
    let number = |n: usize| said.iter().filter(|t| **t == n.to_string()).count();
    let numbered = (1..=60).take_while(|n| number(*n) >= 2).count();
    assert!(numbered >= 40, "{numbered}");
    let named = said.iter().filter(|t| t.contains("block")).count();
    assert!(named > numbered, "{named}");
}

#[test]
fn any_numbers_and_names_are_drawn() {
    for found in
        [plot(&hostile(), None), plot(&chain(3, 1), Some(&hostile())), plot(&mapping(&[], &[]), None)]
    {
        for line in found.iter().filter(|e| e.name == "line") {
            for (key, most) in [("x1", "width"), ("x2", "width"), ("y1", "height"), ("y2", "height")] {
                let at = line.number(key);
                assert!((0.0..=found[0].number(most)).contains(&at), "{key} {at}");
            }
        }
        assert!(!found.iter().any(|e| e.name == "b"));
    }
}

#[test]
fn mappings_that_have_little_in_common_are_told() {
    let ours = chain(3, 1);
    assert!(unlike(&ours, &chain(3, 2)).is_none());
    let mut other = chain(3, 2);
    other.inputs.target = "loihi1".into();
    assert!(unlike(&ours, &other).unwrap().message.contains("loihi1"));
    assert!(unlike(&ours, &mapping(&["z"], &[(0, 0, load(1, 1, 1))])).unwrap().message.contains("no layer"));
}
