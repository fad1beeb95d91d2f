//! Event lists.

use proptest::prelude::*;

use super::*;

/// Columns t, x, y, p of events.
type List = Vec<[i64; 4]>;

fn column(list: &List, k: usize) -> Vec<i64> {
    list.iter().map(|e| e[k]).collect()
}

fn arrays(list: &List) -> Vec<(&'static str, Vec<u8>)> {
    ["t", "x", "y", "p"].iter().enumerate().map(|(k, name)| (*name, longs(&column(list, k)))).collect()
}

/// The same events as an array of fields of unlike sizes.
fn structured(list: &List) -> Vec<u8> {
    let data = list.iter().flat_map(|[t, x, y, p]| {
        let mut record = (*x as u16).to_le_bytes().to_vec();
        record.extend((*y as i16).to_be_bytes());
        record.push(*p as u8);
        record.extend(t.to_le_bytes());
        record
    });
    let data: Vec<u8> = data.collect();
    let plain = npy("|u1", &[list.len()], &data);
    let text = String::from_utf8_lossy(&plain[10..plain.len() - data.len()]).into_owned();
    let fields = "[('x', '<u2'), ('y', '>i2'), ('p', '|b1'), ('t', '<i8')]";
    let text = text.trim_end().replace("'|u1'", fields);
    let length = (text.len() + 11).next_multiple_of(64) - 10;
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((length as u16).to_le_bytes());
    out.extend(format!("{text:<width$}\n", width = length - 1).bytes());
    out.extend(data);
    out
}

fn sums(samples: &Samples, graph: &Graph) -> f64 {
    (0..samples.count).flat_map(|s| steps(samples, graph, s)).flatten().sum()
}

fn warned(scratch: &Scratch, graph: &Graph, options: &Options) -> Vec<String> {
    let file = scratch.open(graph, options).unwrap();
    let mut pieces = file.pieces().unwrap();
    while pieces.next(Size::whole()).unwrap().is_some() {}
    pieces.warnings().iter().map(told).collect()
}

fn list() -> List {
    vec![[100, 0, 0, 0], [100, 1, 0, 1], [150, 1, 0, 1], [199, 2, 1, 0], [260, 0, 0, 0], [299, 0, 1, 1]]
}

#[test]
fn forms_of_a_list_are_one() {
    let graph = network("integer", "0..=9", "2x2x3", 2);
    let matrix: Vec<i64> = list().concat();
    let matrix = npy("<i8", &[6, 4], &matrix.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>());
    let ordered = Options { event_order: Some("txyp".into()), ..Options::default() };
    let first = stored(&arrays(&list())).load(&graph, &Options::default()).unwrap();
    assert_eq!((first.count, first.steps), (1, 2));
    // Ticks 100 to 199 and 200 to 299.
    let expected =
        [[1., 0., 0., 0., 0., 1., 0., 2., 0., 0., 0., 0.], [1., 0., 0., 0., 0., 0., 0., 0., 0., 1., 0., 0.]];
    assert_eq!(steps(&first, &graph, 0), expected);
    for (scratch, options) in [
        (deflated(&arrays(&list())), Options::default()),
        (Scratch::new(&structured(&list())), Options::default()),
        (stored(&[("whatever", structured(&list()))]), Options::default()),
        (Scratch::new(&matrix), ordered.clone()),
        (stored(&[("events", matrix)]), ordered.clone()),
    ] {
        let other = scratch.load(&graph, &options).unwrap();
        assert_eq!(steps(&other, &graph, 0), expected);
    }
    let told = stored(&arrays(&list())).refused(&graph, &ordered);
    assert!(told.contains("E0703") && told.contains("--event-order"), "{told}");
}

#[test]
fn a_step_takes_the_time_that_is_given() {
    let graph = network("integer", "0..=9", "2x2x3", 7);
    let bin = |us: u64| Options { bin: Some(us * 1_000_000), ..Options::default() };
    let scratch = stored(&arrays(&list()));
    let samples = scratch.load(&graph, &bin(50)).unwrap();
    assert_eq!(samples.steps, 4);
    let counts: Vec<f64> = steps(&samples, &graph, 0).iter().map(|s| s.iter().sum()).collect();
    assert_eq!(counts, [2.0, 2.0, 0.0, 2.0]);
    // The unit: the same numbers are milliseconds.
    let millis = Options { time_unit: 1_000_000_000, ..bin(50_000) };
    let same = scratch.load(&graph, &millis).unwrap();
    assert_eq!(steps(&same, &graph, 0), steps(&samples, &graph, 0));
    // Seconds in floats.
    let mut seconds = arrays(&list());
    let t: Vec<f32> = column(&list(), 0).iter().map(|t| *t as f32).collect();
    seconds[0].1 = floats(&[6], &t);
    let options = Options { time_unit: 1_000_000_000_000, ..bin(50_000_000) };
    let same = stored(&seconds).load(&graph, &options).unwrap();
    assert_eq!(steps(&same, &graph, 0), steps(&samples, &graph, 0));
    // What lies behind the steps that are wanted is told.
    let cut = Options { steps: Some(2), ..bin(50) };
    assert_eq!(sums(&scratch.load(&graph, &cut).unwrap(), &graph), 4.0);
    let told = warned(&scratch, &graph, &cut);
    assert!(told[0].contains("W0705 2 event(s)") && told[0].contains("--steps"), "{told:?}");
    assert!(warned(&scratch, &graph, &bin(50)).is_empty());
    let long = Options { bin: Some(1), ..Options::default() };
    assert!(scratch.refused(&graph, &long).contains("too many steps"));
}

#[test]
fn several_events_in_a_step_are_counted_or_one() {
    let list = vec![[0, 0, 0, 1]; 5];
    let scratch = stored(&arrays(&list));
    let value = |values: &str, options: &Options| {
        let number = if values == "real" { "real" } else { "integer" };
        let graph = network(number, values, "2x2x1", 1);
        (steps(&scratch.load(&graph, options).unwrap(), &graph, 0)[0][2], warned(&scratch, &graph, options))
    };
    assert_eq!(value("real", &Options::default()), (5.0, vec![]));
    assert_eq!(value("0..=9", &Options::default()), (5.0, vec![]));
    assert_eq!(value("binary", &Options::default()), (1.0, vec![]));
    let (clamped, told) = value("0..=3", &Options::default());
    assert_eq!(clamped, 3.0);
    assert!(told[0].contains("W0705 2 event(s)") && told[0].contains("--binary"), "{told:?}");
    let binary = Options { binary: true, ..Options::default() };
    assert_eq!(value("real", &binary), (1.0, vec![]));
    assert_eq!(value("0..=3", &binary), (1.0, vec![]));
}

#[test]
fn samples_are_divided_by_offsets_or_numbered() {
    let graph = network("integer", "0..=9", "1x2x3", 1);
    let mut with = arrays(&list());
    with.push(("offsets", longs(&[0, 2, 2, 6])));
    let mut numbered = arrays(&list());
    numbered.push(("sample", longs(&[0, 0, 2, 2, 2, 2])));
    for arrays in [&with, &numbered] {
        let mut arrays = arrays.clone();
        arrays.push(("labels", longs(&[4, 5, 6])));
        let samples = stored(&arrays).load(&graph, &Options::default()).unwrap();
        let counts: Vec<f64> = (0..3).map(|s| steps(&samples, &graph, s)[0].iter().sum()).collect();
        assert_eq!((counts, samples.labels), (vec![2.0, 0.0, 4.0], Some(vec![4, 5, 6])));
        let one = Options { limit: Some(1), ..Options::default() };
        assert_eq!(sums(&stored(&arrays).load(&graph, &one).unwrap(), &graph), 2.0);
    }
    // Labels of samples without events at the end.
    numbered.push(("labels", longs(&[4, 5, 6, 7])));
    assert_eq!(stored(&numbered).load(&graph, &Options::default()).unwrap().count, 4);
    for (name, numbers, says) in [
        ("offsets", vec![0, 4, 2, 6], "no smaller"),
        ("offsets", vec![0, 4], "from 0 to 6"),
        ("offsets", vec![6], "one axis"),
        ("offsets", vec![-1, 6], "from -1"),
        ("sample", vec![0, 1, 0, 1, 1, 1], "not in order"),
        ("sample", vec![-1, 0, 0, 0, 0, 0], "not in order"),
        ("sample", vec![0, 0, 0, 0, 0, i64::MAX], "too many samples"),
    ] {
        let mut arrays = arrays(&list());
        arrays.push((name, longs(&numbers)));
        let told = stored(&arrays).refused(&graph, &Options::default());
        assert!(told.contains("E0703") && told.contains(says), "{numbers:?}: {told}");
    }
}

#[test]
fn polarity_is_the_channel() {
    let signed = vec![[0, 0, 0, -1], [0, 0, 1, 1], [0, 0, 0, 0]];
    let two = network("integer", "0..=9", "2x2x1", 1);
    let samples = stored(&arrays(&signed)).load(&two, &Options::default()).unwrap();
    assert_eq!(steps(&samples, &two, 0), [[2.0, 0.0, 0.0, 1.0]]);
    // One channel takes both.
    let one = network("integer", "0..=9", "1x2x1", 1);
    let samples = stored(&arrays(&signed)).load(&one, &Options::default()).unwrap();
    assert_eq!(steps(&samples, &one, 0), [[2.0, 1.0]]);
    // Inputs without rows take x as the position.
    let flat = network("integer", "0..=9", "3x1x1", 1);
    let units = stored(&[("t", longs(&[5, 6])), ("x", longs(&[2, 0])), ("p", longs(&[1, 1]))]);
    assert_eq!(steps(&units.load(&flat, &Options::default()).unwrap(), &flat, 0), [[1.0, 0.0, 1.0]]);
}

#[test]
fn what_lies_outside_is_told_with_the_event() {
    let graph = network("integer", "0..=9", "2x2x3", 1);
    for (event, says) in [
        ([0, 3, 0, 0], "x | 0 to 2 | 3 in event 1"),
        ([0, -1, 0, 0], "x | 0 to 2 | -1 in event 1"),
        ([0, 0, 2, 0], "y | 0 to 1 | 2 in event 1"),
        ([0, 0, 0, 2], "p | 0 to 1 | 2 in event 1"),
    ] {
        let told = stored(&arrays(&vec![[0; 4], event])).refused(&graph, &Options::default());
        assert!(told.contains("E0703") && told.contains(says), "{told}");
    }
    let refused =
        |arrays: &[(&str, Vec<u8>)], graph: &Graph| stored(arrays).refused(graph, &Options::default());
    let mut short = arrays(&list());
    short[1].1 = longs(&[0]);
    assert!(refused(&short, &graph).contains("different lengths"));
    let told = refused(&arrays(&list())[..3], &graph);
    assert!(told.contains("no polarity"), "{told}");
    let told = refused(&arrays(&list())[..2], &graph);
    assert!(told.contains("no y"), "{told}");
    let told = refused(&arrays(&list()), &network("integer", "binary", "12x1x1", 1));
    assert!(told.contains("no rows and columns"), "{told}");
    let mut fraction = arrays(&list());
    fraction[1].1 = floats(&[6], &[0.0, 0.5, 0.0, 0.0, 0.0, 0.0]);
    assert!(refused(&fraction, &graph).contains("0.5 in event 1"));
    let mut never = arrays(&list());
    never[0].1 = floats(&[6], &[0.0, f32::NAN, 0.0, 0.0, 0.0, 0.0]);
    assert!(refused(&never, &graph).contains("NaN in event 1"));
    let encoded = Options { encode: Some(Encode::Direct), ..Options::default() };
    assert!(stored(&arrays(&list())).refused(&graph, &encoded).contains("E0704"));
    let tensor = Options { binary: true, ..Options::default() };
    let told = stored(&[("x", bytes(&[1, 2, 2, 3], &[0; 12]))]).refused(&graph, &tensor);
    assert!(told.contains("no event list"), "{told}");
}

#[test]
fn times_may_lie_anywhere() {
    let graph = network("integer", "0..=9", "1x2x3", 4);
    let list = vec![[i64::MIN, 0, 0, 0], [-1, 1, 0, 0], [i64::MAX, 2, 0, 0]];
    let samples = stored(&arrays(&list)).load(&graph, &Options::default()).unwrap();
    let at: Vec<usize> =
        (0..4).filter(|t| steps(&samples, &graph, 0)[*t].iter().any(|v| *v != 0.0)).collect();
    assert_eq!(at, [0, 1, 3]);
    let bin =
        Options { bin: Some(1_000_000), steps: Some(3), time_unit: 1_000_000_000_000, ..Options::default() };
    assert_eq!(sums(&stored(&arrays(&list)).load(&graph, &bin).unwrap(), &graph), 1.0);
    let none = stored(&arrays(&Vec::new())).load(&graph, &Options::default()).unwrap();
    assert_eq!((none.count, none.steps, sums(&none, &graph)), (1, 4, 0.0));
}

fn any_list() -> impl Strategy<Value = List> {
    let event = (-500i64..2000, 0i64..3, 0i64..2, 0i64..2).prop_map(|(t, x, y, p)| [t, x, y, p]);
    prop::collection::vec(event, 0..200)
}

proptest! {
    #[test]
    fn no_event_is_lost_and_order_is_no_matter(list in any_list(), count in 1u32..40, us in 1u64..300, cut in 0u64..2000) {
        let graph = network("integer", "0..=100000", "2x2x3", 1);
        let mut sorted = list.clone();
        sorted.sort();
        for options in [
            Options { steps: Some(count), ..Options::default() },
            Options { bin: Some(us * 1_000_000), ..Options::default() },
        ] {
            let (as_is, in_order) = (stored(&arrays(&list)), deflated(&arrays(&sorted)));
            let samples = as_is.load(&graph, &options).unwrap();
            prop_assert_eq!(sums(&samples, &graph), list.len() as f64);
            let other = in_order.load(&graph, &options).unwrap();
            prop_assert_eq!(steps(&samples, &graph, 0), steps(&other, &graph, 0));
            let counted = steps(&samples, &graph, 0);
            // Each event lies in the step of its time.
            let first = sorted.first().map_or(0, |e| e[0]);
            let last = sorted.last().map_or(0, |e| e[0]);
            for e in &sorted {
                let step = match options.bin {
                    Some(ps) => (e[0] - first) as u64 * 1_000_000 / ps,
                    None => (e[0] - first) as u64 * u64::from(count) / (last - first + 1) as u64,
                };
                let at = (e[3] * 2 + e[2]) * 3 + e[1];
                prop_assert!(counted[step as usize][at as usize] >= 1.0);
            }
            // Pieces of any size make the same sample.
            let small = Size { piece: cut, batch: cut, beside: 7 };
            for scratch in [&as_is, &in_order] {
                let file = scratch.open(&graph, &options).unwrap();
                prop_assert_eq!(super::pieces::in_pieces(&file, &graph, small), &counted[..]);
            }
        }
    }
}
