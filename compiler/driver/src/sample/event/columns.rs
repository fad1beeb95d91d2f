//! The columns of an event list, however a file has them.

use snnc_ir::diag::{Code, Diagnostic};

use super::bad;
use crate::sample::file::element::{Element, Scalar};
use crate::sample::file::header::Records;
use crate::sample::file::{ArrayFile, ArrayReader};

/// An event as the file has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) t: i64,
    pub(super) x: i64,
    pub(super) y: i64,
    pub(super) p: i64,
    /// Number of its sample, where the file says it by event.
    pub(super) sample: i64,
}

/// Names under which a column is known, and its place among [`COLUMNS`].
const NAMES: [(&str, usize); 11] = [
    ("t", 0),
    ("ts", 0),
    ("timestamp", 0),
    ("time", 0),
    ("x", 1),
    ("y", 2),
    ("p", 3),
    ("pol", 3),
    ("polarity", 3),
    ("on", 3),
    ("sample", 4),
];

/// What the columns of an event are, in this order.
const COLUMNS: [&str; 5] = ["t", "x", "y", "p", "sample"];

/// Events that are read at once.
const CHUNK: u64 = 1 << 14;

/// Where a column lies.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    /// Position of its array among those that are read.
    reader: usize,
    /// Byte of the column in a record.
    at: usize,
    element: Element,
}

/// The columns of an event list.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    /// Arrays of the file with the bytes of a record.
    arrays: Vec<(usize, usize)>,
    columns: [Option<Column>; 5],
    /// Number of events.
    pub(super) count: u64,
    /// Nanoseconds of the unit of times that are no integers; `None` for integers.
    real_unit: Option<f64>,
}

impl Columns {
    /// The event list of a file, if it has one: arrays `t` and `x`, an array of fields with these names, or
    /// an array of columns whose order is given.
    pub(super) fn find(file: &ArrayFile, order: Option<&str>, unit: u64) -> Result<Option<Self>, Diagnostic> {
        let found = match order {
            Some(order) => Some(Self::by_order(file, order)?),
            None => Self::by_field(file)?.map_or_else(|| Self::by_name(file), |c| Ok(Some(c)))?,
        };
        Ok(found.map(|mut columns| {
            let times = columns.columns[0];
            let real = times.is_some_and(|t| !t.element.kind.is_integer());
            columns.real_unit = real.then_some(unit as f64 / 1000.0);
            columns
        }))
    }

    /// Arrays of one axis.
    fn by_name(file: &ArrayFile) -> Result<Option<Self>, Diagnostic> {
        let mut out = Self { arrays: Vec::new(), columns: [None; 5], count: 0, real_unit: None };
        for (name, column) in NAMES {
            let Some(k) = file.find(name).filter(|k| file.arrays[*k].header.shape.len() == 1) else {
                continue;
            };
            let Records::Numbers(element) = file.arrays[k].header.records else { continue };
            if out.columns[column].is_none() {
                let reader = out.arrays.len();
                out.columns[column] = Some(Column { reader, at: 0, element });
                out.arrays.push((k, element.size()));
            }
        }
        if out.columns[0].is_none() || out.columns[1].is_none() {
            return Ok(None);
        }
        let length = |k: usize| file.arrays[k].header.shape[0] as u64;
        out.count = length(out.arrays[0].0);
        let other = out.arrays.iter().find(|(k, _)| length(*k) != out.count);
        if let Some((k, _)) = other {
            let (name, first) = (&file.arrays[*k].name, &file.arrays[out.arrays[0].0].name);
            return Err(bad(format!(
                "the columns of the event list have different lengths: '{name}' and '{first}'"
            ))
            .rule("events", out.count, length(*k))
            .remedy("save t, x, y and p with one element per event"));
        }
        Ok(Some(out))
    }

    /// A structured array.
    fn by_field(file: &ArrayFile) -> Result<Option<Self>, Diagnostic> {
        for (k, array) in file.arrays.iter().enumerate() {
            let Records::Fields(fields, size) = &array.header.records else { continue };
            let mut out = Self {
                arrays: vec![(k, *size)],
                columns: [None; 5],
                count: array.header.shape.iter().product::<usize>() as u64,
                real_unit: None,
            };
            for (name, column) in NAMES {
                let field = fields.iter().find(|f| f.name == name);
                let Some((at, element)) = field.and_then(|f| f.element.map(|e| (f.at, e))) else { continue };
                out.columns[column].get_or_insert(Column { reader: 0, at, element });
            }
            if out.columns[0].is_some() && out.columns[1].is_some() {
                return Ok(Some(out));
            }
            let names: Vec<&str> = fields.iter().map(|f| f.name.as_str()).collect();
            return Err(bad(format!(
                "array '{}' has fields, but none for the time or the column",
                array.name
            ))
            .rule("fields", "t, x, y, p", names.join(", "))
            .remedy("name the fields t, x, y and p, each a number"));
        }
        Ok(None)
    }

    /// An array `[E, columns]` whose columns are told by letters.
    fn by_order(file: &ArrayFile, order: &str) -> Result<Self, Diagnostic> {
        let matrix = |k: &usize| {
            let header = &file.arrays[*k].header;
            matches!(header.records, Records::Numbers(_)) && header.shape.len() == 2
        };
        let named = file.find("events").filter(matrix);
        let Some(k) = named.or_else(|| (0..file.arrays.len()).find(matrix)) else {
            return Err(bad(format!("'{}' has no array of two axes for --event-order", file.shown))
                .rule("arrays in the file", "[events, columns]", file.names())
                .remedy("save the events as one array with a row for each, or leave out --event-order"));
        };
        let header = &file.arrays[k].header;
        let element = super::super::array::numbers(&file.arrays[k])?;
        let letters: Vec<char> = order.chars().collect();
        if letters.len() != header.shape[1] {
            return Err(bad(format!("--event-order {order} does not fit array '{}'", file.arrays[k].name))
                .rule("columns", header.shape[1], letters.len())
                .remedy("give a letter of t, x, y, p for each column of the array"));
        }
        let stride = element.size() * letters.len();
        let column = |name: &str| {
            let at = letters.iter().position(|l| name.len() == 1 && name.starts_with(*l));
            at.map(|at| Column { reader: 0, at: at * element.size(), element })
        };
        let columns = COLUMNS.map(column);
        Ok(Self { arrays: vec![(k, stride)], columns, count: header.shape[0] as u64, real_unit: None })
    }

    /// Whether the file has a column.
    pub(super) fn has(&self, name: &str) -> bool {
        COLUMNS.iter().position(|c| *c == name).is_some_and(|k| self.columns[k].is_some())
    }

    /// Picoseconds of the unit of [`Event::t`], of times that the file has in this unit.
    pub(super) fn tick(&self, unit: u64) -> u64 {
        if self.real_unit.is_some() { 1000 } else { unit }
    }

    /// Reads the events from the first on.
    pub(super) fn reader(&self, file: &ArrayFile) -> Result<EventColumns, Diagnostic> {
        let readers: Result<_, _> = self.arrays.iter().map(|(k, _)| file.reader(*k)).collect();
        Ok(EventColumns { columns: self.clone(), readers: readers?, chunk: Vec::new(), at: 0, read: 0 })
    }
}

/// Reads the events of a file in its order.
#[derive(Debug)]
pub(super) struct EventColumns {
    columns: Columns,
    readers: Vec<ArrayReader>,
    chunk: Vec<Event>,
    /// The next event of the chunk.
    at: usize,
    /// Events that were read before the chunk ends.
    read: u64,
}

impl EventColumns {
    /// The next event, which stays the next; `None` behind the last.
    pub(super) fn peek(&mut self) -> Result<Option<Event>, Diagnostic> {
        if self.at == self.chunk.len() {
            self.fill()?;
        }
        Ok(self.chunk.get(self.at).copied())
    }

    /// Goes on to the event after the next.
    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    /// Number of the next event in its file.
    pub(super) fn number(&self) -> u64 {
        self.read - (self.chunk.len() - self.at) as u64
    }

    fn fill(&mut self) -> Result<(), Diagnostic> {
        let count = (self.columns.count - self.read).min(CHUNK);
        let mut raw = Vec::with_capacity(self.readers.len());
        for (reader, (_, stride)) in self.readers.iter_mut().zip(&self.columns.arrays) {
            raw.push(reader.read(count * *stride as u64)?);
        }
        self.chunk.clear();
        self.chunk.resize(count as usize, Event::default());
        self.at = 0;
        let (first, real_unit) = (self.read, self.columns.real_unit);
        self.read += count;
        for (k, column) in self.columns.columns.iter().enumerate() {
            let Some(column) = column else { continue };
            let unit = real_unit.filter(|_| k == 0);
            let (mut at, mut wrong) = (0, None);
            let stride = self.columns.arrays[column.reader].1;
            column.element.each(&raw[column.reader], column.at, stride, |v| {
                match whole(v, unit) {
                    Some(v) => *part(&mut self.chunk[at], k) = v,
                    None => wrong = wrong.or(Some((at as u64, v))),
                }
                at += 1;
            });
            if let Some((at, v)) = wrong {
                return Err(no_number(COLUMNS[k], first + at, v));
            }
        }
        Ok(())
    }
}

fn part(event: &mut Event, column: usize) -> &mut i64 {
    match column {
        0 => &mut event.t,
        1 => &mut event.x,
        2 => &mut event.y,
        3 => &mut event.p,
        _ => &mut event.sample,
    }
}

/// A whole number; a time in another unit as nanoseconds.
fn whole(v: Scalar, unit: Option<f64>) -> Option<i64> {
    match unit {
        None => v.to_integer(),
        Some(unit) => Scalar::Real((v.to_f64() * unit).round()).to_integer(),
    }
}

fn no_number(column: &str, event: u64, value: Scalar) -> Diagnostic {
    let value = value.to_f64();
    let remedy = if column == "t" {
        "save times as integers, or as floats whose nanoseconds fit 63 bits; see --time-unit"
    } else {
        "save x, y and p as integers"
    };
    Diagnostic::new(Code::BadEvents, format!("'{column}' of an event cannot be used"))
        .rule(column, "a whole number below 2^63", format!("{value} in event {event}"))
        .remedy(remedy)
}
