use snnc_machine::manifest::{Deadline, GapKind, GapReason, Manifest, ParetoPoint, Range};
use snnc_tests::mappings::{hostile, load, mapping};

use super::*;

fn manifest() -> Manifest {
    mapping(
        &["conv1", "conv2"],
        &[
            (0, 0, load(900, 40, 5)),
            (1, 0, load(800, 60, 8)),
            (1, 1, load(50, 70, 4)),
            (2, 1, load(60, 20, 90)),
        ],
    )
}

fn certificate(manifest: &Manifest) -> String {
    let lines = text(manifest);
    let start = lines.find("ranked time").unwrap();
    lines[start..lines.find("All times").unwrap()].to_owned()
}

#[test]
fn shared_cores_count_once() {
    let shown = text(&manifest());
    assert!(
        shown.starts_with("net.onnx on loihi2: 128 neurons on 3 core(s) of 1 chip(s), 8 step(s)"),
        "{shown}"
    );
    let row = "conv1  lif    8x4x2  conv      c2y1x1  2, 1 shared  Neurons 3 %          900            60   630 ns  memory-bound\n";
    assert!(shown.contains(row), "{shown}");
    assert_eq!([cores(3, 0), cores(3, 1), cores(3, 3)], ["3", "3, 1 shared", "3 shared"]);
}

#[test]
fn the_certificate_has_both_gaps() {
    let mut m = manifest();
    let o = &mut m.bounds.optimality;
    (o.achieved_ps, o.egraph_optimal_ps, o.independent_lower_ps) = (630_000, Some(600_000), 560_000);
    (o.egraph_gap_ppm, o.gap_ppm) = (Some(50_000), 125_000);
    assert_eq!(
        certificate(&m),
        "\
ranked time      630 ns per step: lower sides of constants and loads, no less than the barrier
e-graph optimum  600 ns, over every form, encoding and tile that the rules give: gap 5.0 %
no mapping below 560 ns, whatever its forms and tiles: gap 12.5 %
"
    );
    m.bounds.optimality.egraph_optimal_ps = None;
    m.bounds.optimality.egraph_gap_ppm = None;
    m.inputs.activity.source = "none".into();
    let shown = certificate(&m);
    assert!(shown.contains("e-graph optimum  unknown: the search was cut short\n"), "{shown}");
    assert!(shown.contains("lower sides of constants, loads of all-firing"), "{shown}");
}

#[test]
fn a_large_gap_has_its_reasons_and_a_small_one_has_none() {
    let reason = |layer: Option<&str>, text: &str| GapReason {
        kind: GapKind::Cap,
        layer: layer.map(str::to_owned),
        text: text.into(),
    };
    let mut m = manifest();
    m.bounds.optimality.gap_ppm = 20_001;
    m.bounds.optimality.reasons = vec![
        reason(Some("conv1"), "Neurons of a core: 4096,\nneeded 5000"),
        reason(None, "all 120 cores are in use"),
    ];
    let shown = certificate(&m);
    let want = "\
why the gap      conv1: Neurons of a core: 4096, needed 5000
                 all 120 cores are in use
";
    assert!(shown.ends_with(want), "{shown}");
    m.bounds.optimality.reasons = vec![reason(None, "one"); 8];
    assert!(certificate(&m).ends_with("one\n                 and 3 more reason(s), in the manifest\n"));
    m.bounds.optimality.gap_ppm = 20_000;
    assert!(!certificate(&m).contains("one"));
}

#[test]
fn a_step_of_the_barrier_alone_is_said_to_be_one() {
    let mut m = mapping(&["a"], &[(0, 0, load(1, 1, 1))]);
    m.bounds.optimality.achieved_ps = 200_000;
    assert!(certificate(&m).contains("the barrier alone takes that long: no mapping is faster\n"));
    m.bounds.optimality.achieved_ps = 200_001;
    assert!(!certificate(&m).contains("the barrier alone"));
}

#[test]
fn a_deadline_is_met_missed_or_undecided() {
    let mut m = manifest();
    let mut outcome = |period_ps: u64, upper: Option<u64>| {
        let bound = Range { lower: 500_000, upper };
        m.bounds.period_ps = Some(bound);
        m.bounds.deadline = Some(Deadline::of(period_ps, bound));
        certificate(&m).lines().last().unwrap().to_owned()
    };
    assert_eq!(
        outcome(3_000_000, Some(2_000_000)),
        "deadline         3.00 µs: met, the upper bound leaves 1.00 µs"
    );
    assert_eq!(
        outcome(2_000_000, Some(2_000_000)),
        "deadline         2.00 µs: met, the upper bound leaves 0 ps"
    );
    assert_eq!(
        outcome(400_000, None),
        "deadline         400 ns: missed, the lower bound is beyond it by 100 ns"
    );
    assert_eq!(
        outcome(600_000, Some(2_000_000)),
        "deadline         600 ns: undecided, 100 ns above the lower bound and 1.40 µs below the upper one"
    );
    assert_eq!(
        outcome(600_000, None),
        "deadline         600 ns: undecided, 100 ns above the lower bound, and there is no upper one"
    );
}

fn front(m: &Manifest) -> String {
    let shown = text(m);
    let start = shown.find("cores  time per step").unwrap();
    shown[start..].split("\n\n").next().unwrap().to_owned()
}

#[test]
fn the_front_marks_this_mapping() {
    let mut m = manifest();
    assert!(!text(&m).contains("<- this mapping"));
    m.bounds.optimality.achieved_ps = 567_000;
    let point = |cores: u64, time_ps: u64| ParetoPoint {
        cores,
        time_ps,
        nominal_ps: time_ps * 2,
        messages: 1500 * cores,
    };
    m.pareto = vec![point(1, 1_100_000), point(3, 567_000), point(12, 200_000)];
    let want = "\
cores  time per step  nominal  messages/step
    1        1.10 µs  2.20 µs            1.5
    3         567 ns  1.13 µs            4.5  <- this mapping
   12         200 ns   400 ns             18";
    assert_eq!(front(&m), want);
    // A mapping that is slower than it could be is beside the front.
    m.bounds.optimality.achieved_ps = 800_000;
    let beside = front(&m);
    let rows: Vec<&str> = beside.lines().collect();
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[3], "    3         800 ns  1.44 µs            107  <- this mapping, not on the front");
}

#[test]
fn any_manifest_is_summed_up() {
    let mut m = hostile();
    m.pareto =
        vec![ParetoPoint { cores: u64::MAX, time_ps: u64::MAX, nominal_ps: u64::MAX, messages: u64::MAX }; 2];
    m.bounds.deadline = Some(Deadline::of(u64::MAX, Range { lower: 0, upper: None }));
    assert!(text(&m).contains("gap 1844674407370955.2 %"));
}
