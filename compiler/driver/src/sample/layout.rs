//! Which array is whose, and what its axes are.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_ir::graph::{Graph, Node};

use super::array;
use super::bad;
use super::file::ArrayFile;
use super::file::element::Element;
use super::file::header::Records;
use super::options::Encode;

/// The array that an input reads.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    /// Name of the array.
    pub(super) name: String,
    /// Its place in the file.
    pub(super) array: usize,
    pub(super) element: Element,
    /// Bytes of one frame.
    pub(super) frame: usize,
    /// Whether each channel of the array becomes one of decreases and one of increases.
    pub(super) split: bool,
}

/// Arrays for the inputs of a network, with the axes that they share.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) channels: Vec<Channel>,
    pub(super) count: usize,
    /// Steps of the arrays; `None` when they have no such axis.
    pub(super) steps: Option<usize>,
}

/// The array of labels, if the file has one.
pub(super) fn labels(file: &ArrayFile, names: &[&str]) -> Option<usize> {
    let labels = |k: &usize| {
        let header = &file.arrays[*k].header;
        let integers = matches!(header.records, Records::Numbers(e) if e.kind.is_integer());
        header.shape.len() == 1 && integers
    };
    names.iter().find_map(|name| file.find(name).filter(labels))
}

impl Layout {
    /// Matches the arrays of a file and the inputs of a network. `labels` is no input.
    pub(super) fn new(
        file: &ArrayFile,
        graph: &Graph,
        labels: Option<usize>,
        encode: Option<Encode>,
    ) -> Result<Self, Diagnostic> {
        let ids = graph.inputs();
        let mut out = Self { channels: Vec::new(), count: 0, steps: None };
        for (k, id) in ids.iter().enumerate() {
            let node = graph.node(*id);
            let array = find(file, &node.name, ids.len() == 1, labels)?;
            let (channel, count, steps) = channel(file, array, node, encode)?;
            if k > 0 && (count, steps) != (out.count, out.steps) {
                return Err(bad("the inputs have different numbers of samples or steps")
                    .rule(
                        "samples and steps",
                        shown(out.count, out.steps),
                        format!("{} of array '{}'", shown(count, steps), channel.name),
                    )
                    .remedy("save every input with the same N and T"));
            }
            (out.count, out.steps) = (count, steps);
            out.channels.push(channel);
        }
        if out.steps == Some(0) {
            return Err(bad("the samples have no steps")
                .rule("steps", "1 or more", 0)
                .remedy("save arrays [N, T, C, H, W] or [T, C, H, W] with T of 1 or more"));
        }
        Ok(out)
    }
}

fn shown(count: usize, steps: Option<usize>) -> String {
    steps.map_or_else(|| format!("[{count}]"), |t| format!("[{count}, {t}]"))
}

/// The array of an input: the one of its name; for the only input also `x`, or the only array there is.
fn find(file: &ArrayFile, input: &str, only: bool, labels: Option<usize>) -> Result<usize, Diagnostic> {
    let is_input = |k: &usize| Some(*k) != labels;
    let found = file.find(input).filter(is_input);
    let found = found.or_else(|| file.find("x").filter(is_input).filter(|_| only));
    let mut others = (0..file.arrays.len()).filter(is_input);
    let lone = others.next().filter(|_| others.next().is_none() && only);
    found.or(lone).ok_or_else(|| {
        bad(format!("the sample file has no array '{input}'"))
            .rule("arrays in the file", format!("'{input}'"), file.names())
            .remedy(format!("save the input under that name: numpy.savez(file, {input}=…)"))
    })
}

/// How an input reads an array, with the array's numbers of samples and steps.
fn channel(
    file: &ArrayFile,
    array: usize,
    node: &Node,
    encode: Option<Encode>,
) -> Result<(Channel, usize, Option<usize>), Diagnostic> {
    let stored = &file.arrays[array];
    let element = array::numbers(stored)?;
    let shape = [node.shape.c, node.shape.h, node.shape.w];
    let found = &stored.header.shape;
    let made = |lead: &[usize], split: bool| {
        let len: usize = if split { node.shape.len() / 2 } else { node.shape.len() };
        let (count, steps) = match (lead, encode) {
            ([], Some(Encode::Rate { .. } | Encode::Direct)) => (1, None),
            ([n], Some(Encode::Rate { .. } | Encode::Direct)) => (*n, None),
            ([t], None | Some(Encode::Delta { .. })) => (1, Some(*t)),
            ([n, t], None | Some(Encode::Delta { .. })) => (*n, Some(*t)),
            _ => return None,
        };
        let frame = len * element.size();
        let name = stored.name.clone();
        Some((Channel { name, array, element, frame, split }, count, steps))
    };
    let mut fits = leading(found, &shape).into_iter().find_map(|lead| made(lead, false));
    if let (None, Some(Encode::Delta { .. }), [c, h, w]) = (&fits, encode, shape)
        && c % 2 == 0
    {
        fits = leading(found, &[c / 2, h, w]).into_iter().find_map(|lead| made(lead, true));
    }
    fits.ok_or_else(|| misfit(&stored.name, found, node, &shape, encode))
}

/// That the axes of an array do not fit an input, with what would.
fn misfit(
    name: &str,
    found: &[usize],
    node: &Node,
    shape: &[usize; 3],
    encode: Option<Encode>,
) -> Diagnostic {
    let axes = join(shape);
    let image = encode.is_none() && leading(found, shape).iter().any(|lead| lead.is_empty());
    let limit = match encode {
        None => format!("[N, T, {axes}] or [T, {axes}]"),
        Some(Encode::Rate { .. } | Encode::Direct) => format!("[N, {axes}] or [{axes}]"),
        Some(Encode::Delta { .. }) if shape[0].is_multiple_of(2) => {
            let half = join(&[shape[0] / 2, shape[1], shape[2]]);
            format!("[N, T, {axes}] or [T, {axes}], or with {half} behind N and T")
        }
        Some(Encode::Delta { .. }) => format!("[N, T, {axes}] or [T, {axes}]"),
    };
    let (code, remedy) = match encode {
        None if image => (
            Code::BadEncoding,
            "an image without steps needs --encode direct or --encode rate; without --encode the first \
             axes are samples and steps",
        ),
        None => (
            Code::BadSample,
            "put samples first, then steps, then channels, rows, columns; for images without steps add --encode direct or --encode rate",
        ),
        Some(Encode::Delta { .. }) => {
            (Code::BadSample, "put samples first, then steps, then channels, rows, columns")
        }
        Some(_) => (
            Code::BadSample,
            "put samples first, then channels, rows, columns; leave out --encode for arrays with steps",
        ),
    };
    Diagnostic::new(code, format!("array '{name}' does not fit the input '{}'", node.name))
        .rule("shape", limit, format!("[{}]", join(found)))
        .remedy(remedy)
}

fn join(shape: &[usize]) -> String {
    shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// What lies before `shape` in an array's axes, with or without its axes of size 1.
fn leading<'a>(array: &'a [usize], shape: &[usize; 3]) -> Vec<&'a [usize]> {
    let tails: [&[usize]; 2] = [shape, &shape[..1]];
    let flat = shape[1] == 1 && shape[2] == 1;
    let tails = tails.into_iter().take(if flat { 2 } else { 1 });
    tails.filter_map(|tail| array.strip_suffix(tail)).collect()
}

#[cfg(test)]
mod tests {
    use super::leading;

    #[test]
    fn what_lies_in_front_of_the_shape_of_an_input() {
        assert_eq!(leading(&[5, 4, 2, 3, 3], &[2, 3, 3]), [[5, 4].as_slice()]);
        assert_eq!(leading(&[4, 2, 3, 3], &[2, 3, 3]), [[4].as_slice()]);
        assert_eq!(leading(&[5, 4, 7], &[7, 1, 1]), [[5, 4].as_slice()]);
        assert_eq!(leading(&[5, 4, 7, 1, 1], &[7, 1, 1]), [[5, 4].as_slice()]);
        assert_eq!(leading(&[2, 3, 3], &[2, 3, 3]), [&[] as &[usize]]);
        assert!(leading(&[4, 2, 3], &[2, 3, 3]).is_empty());
        // An axis of channels of size 1 may be left out or not.
        assert_eq!(leading(&[4, 1, 1, 1], &[1, 1, 1]), [[4].as_slice(), &[4, 1, 1]]);
    }
}
