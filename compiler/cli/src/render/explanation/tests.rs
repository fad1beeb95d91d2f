use snnc_driver::report::explain::{explain, overview as overview_of};
use snnc_machine::manifest::Manifest;
use snnc_tests::mappings::{choice, hostile, load, mapping};

use super::*;
use crate::render::facts::WIDTH;

fn manifest() -> Manifest {
    let parts = [
        (0, 0, load(900, 40, 5)),
        (1, 0, load(800, 60, 8)),
        (1, 1, load(50, 70, 4)),
        (2, 1, load(60, 20, 90)),
    ];
    let mut manifest = mapping(&["conv1", "conv2"], &parts);
    manifest.layers[1].rewrites = vec!["pool-into-stride".into()];
    manifest.layers[1].choice = Some(choice());
    manifest
}

fn told(manifest: &Manifest, layer: usize) -> String {
    let law = |name: &str| (name == "pool-into-stride").then_some("pool(conv(x, s)) = conv(x, 2 s)");
    text(&explain(manifest, &manifest.layers[layer], &law))
}

#[test]
fn a_layer_is_told_with_everything_behind_it() {
    let want = "\
conv1: lif, 8x4x2, 64 neurons

made of          conv1.conv, conv1.lif
reads            x: 9 fan-in element(s) a neuron, 1 step(s) of delay
connections      5_760 synapses; 648 stored weights are not zero, of 8 bits
rules            1. pool-into-stride: pool(conv(x, s)) = conv(x, 2 s)
mapped           conv, tile c2y1x1, on 2 core(s), 1 of them shared with other layers
chosen           by the search: 812 choices of form, encoding and tile, of which the chip can hold
                 640

           encoding  tile    cores  ranked time  nominal  messages/step
chosen     conv      c2y1x1      2       630 ns   630 ns             13
runner-up  dense     c2y1x1      2       700 ns   840 ns           41.5
                 the runner-up loses by: it makes the step longer

resource of the core where it is fullest  core  used    cap  full
Neurons                                      1   130  4_096   3 %

load of the busiest core per step                   core  lower  nominal  upper
synaptic operations (lower: non-zero weights only)     0    810      900    900
synaptic memory reads                                  0      0        0      0
neuron updates                                         1     60       60     60
messages in                                            1      8        8      8
messages out                                           0      0        0      0

time per step          each: lo  nominal       hi  all: lower  nominal    upper
synaptic operations      700 ps   700 ps  1.67 ns      567 ns   630 ns  1.50 µs  <- binds
synaptic memory reads   unknown  unknown  12.6 ns        0 ps     0 ps     0 ps
neuron updates          2.65 ns  4.20 ns  48.3 ns      159 ns   252 ns  2.90 µs
messages in             unknown  16.0 ns  87.1 ns        0 ps   128 ns   697 ns
messages out            unknown  3.00 ns  49.1 ns        0 ps     0 ps     0 ps

binds here       synaptic operations: memory-bound, nominal 630 ns; bounds: 567 ns to 4.93 µs
the step         1.44 µs nominal, messages in (core 2, layer conv2)
slack            70.0 ns: so much slower the layer could be without a longer step, by the lower
                 sides of loads and constants
what to change   nothing here: the step waits for layer conv2
assumptions      assumed: stored_zeros
                 derived: t_synop (hi, lo)
                 inferred: conv_memory
";
    assert_eq!(told(&manifest(), 1), want);
}

#[test]
fn what_is_not_known_is_said() {
    let mut manifest = manifest();
    assert!(told(&manifest, 2).contains("chosen           the manifest does not say how\n"));
    manifest.inputs.options.mapping_blake3 = Some("00".into());
    assert!(told(&manifest, 2).contains("chosen           by hand: the mapping was given"));
    assert!(told(&manifest, 0).ends_with("mapped           no: an input comes from the host\n"));
    manifest.layers[1].choice.as_mut().unwrap().runner_up = None;
    manifest.layers[1].choice.as_mut().unwrap().slack_ps = 0;
    manifest.layers[1].rewrites = vec!["gone".into()];
    let told = told(&manifest, 1);
    for said in [
        "rules            1. gone: this version of snnc has no such rule\n",
        "runner-up        none: there is no other choice\n",
        "slack            none: the step cannot be shorter than this layer",
    ] {
        assert!(told.contains(said), "{told}");
    }
}

#[test]
fn the_overview_has_a_line_for_each_layer() {
    let want = "\
net.onnx on loihi2: 3 core(s)

layer  encoding  tile          cores  rules  nominal    slack  bound by
conv1  conv      c2y1x1  2, 1 shared      1   630 ns  70.0 ns  synaptic operations
conv2  conv      c2y1x1  2, 1 shared      0  1.44 µs           messages in

bottleneck       traffic-bound (messages in): core 2, layer conv2; nominal 1.44 µs per step
                 --layer NAME tells how one of them was mapped, and why
";
    assert_eq!(overview(&overview_of(&manifest())), want);
}

#[test]
fn any_manifest_fits_the_width_and_cannot_steer_a_terminal() {
    let hostile = hostile();
    let law = |_: &str| None;
    let mut all: Vec<String> = hostile.layers.iter().map(|l| text(&explain(&hostile, l, &law))).collect();
    all.push(overview(&overview_of(&hostile)));
    all.extend((0..3).map(|k| told(&manifest(), k)));
    all.push(overview(&overview_of(&manifest())));
    for shown in all {
        for line in shown.lines() {
            assert!(line.chars().count() <= WIDTH, "{} columns: {line}", line.chars().count());
            assert!(!line.contains(|c: char| c.is_control()), "{line:?}");
        }
        assert!(shown.lines().count() < 200);
    }
}
