//! Headers of `.npy` files.
//!
//! A header is a Python literal. It is read here and not by a crate, as those that read it allocate what
//! it claims, follow its nesting by recursion and multiply its sizes unchecked.

use std::io::{self, Read};

use super::element::Element;

/// Longest header in bytes; those of numpy have some hundred.
const MAX_HEADER: usize = 1 << 16;
/// Deepest nesting; a list of fields with shapes has three levels.
const MAX_DEPTH: usize = 4;

/// What a header says of an array.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Header {
    /// Length of each axis.
    pub(crate) shape: Vec<usize>,
    pub(crate) records: Records,
    /// Bytes of the elements, by shape and type.
    pub(crate) bytes: u64,
    /// Bytes in front of the elements.
    pub(crate) start: u64,
    /// Whether the first axis is the one that runs fastest.
    pub(crate) fortran: bool,
}

/// What the elements of an array are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Records {
    Numbers(Element),
    /// Named fields, and the bytes of all of them.
    Fields(Vec<Field>, usize),
    /// Something else, by its description.
    Other(String),
}

/// A field of a structured array.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Field {
    pub(crate) name: String,
    /// Its first byte in a record.
    pub(crate) at: usize,
    /// `None` when the field is no number.
    pub(crate) element: Option<Element>,
}

impl Header {
    /// Reads the header at the start of a file.
    pub(crate) fn read(reader: &mut dyn Read) -> Result<Self, String> {
        let text = |e: io::Error| match e.kind() {
            io::ErrorKind::UnexpectedEof => "it ends within its header".to_owned(),
            _ => e.to_string(),
        };
        let mut front = [0; 8];
        reader.read_exact(&mut front).map_err(text)?;
        if front[..6] != *b"\x93NUMPY" {
            return Err("it does not start as a .npy file does".into());
        }
        let mut length = [0; 4];
        let wide = match front[6] {
            1 => false,
            2 | 3 => true,
            version => return Err(format!("version {version} of the format is not known")),
        };
        let width = if wide { 4 } else { 2 };
        reader.read_exact(&mut length[..width]).map_err(text)?;
        let length = u32::from_le_bytes(length) as usize;
        if length > MAX_HEADER {
            return Err(format!("its header has {length} bytes, and {MAX_HEADER} are allowed"));
        }
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes).map_err(text)?;
        let literal = std::str::from_utf8(&bytes).map_err(|_| "its header is not text".to_owned())?;
        Self::parse(literal, (8 + width + length) as u64)
    }

    fn parse(text: &str, start: u64) -> Result<Self, String> {
        let literal = Parser { rest: text.trim() }.whole()?;
        let Literal::Dict(entries) = literal else { return Err("its header is no dictionary".into()) };
        let entry = |key: &str| {
            let found = entries.iter().find(|(k, _)| k == key).map(|(_, v)| v);
            found.ok_or_else(|| format!("its header has no '{key}'"))
        };
        let Literal::Truth(fortran) = *entry("fortran_order")? else {
            return Err("'fortran_order' of its header is neither True nor False".into());
        };
        let shape = sizes(entry("shape")?).ok_or("'shape' of its header is no tuple of sizes")?;
        let (records, size) = records(entry("descr")?)?;
        let too_large = "its header asks for more elements than any file has";
        let count = shape.iter().try_fold(1usize, |n, d| n.checked_mul(*d)).ok_or(too_large)?;
        let bytes = (count as u64).checked_mul(size as u64).ok_or(too_large)?;
        // With one axis of more than one element there is one order only.
        let fortran = fortran && shape.iter().filter(|d| **d > 1).count() > 1;
        Ok(Self { shape, records, bytes, start, fortran })
    }
}

fn sizes(literal: &Literal) -> Option<Vec<usize>> {
    let Literal::List(items) = literal else { return None };
    let size = |item: &Literal| match item {
        Literal::Integer(v) => usize::try_from(*v).ok(),
        _ => None,
    };
    items.iter().map(size).collect()
}

/// What a type description says, with the bytes of an element.
fn records(descr: &Literal) -> Result<(Records, usize), String> {
    match descr {
        Literal::Text(text) => {
            let size = bytes_of(text).ok_or_else(|| format!("type '{text}' of its header is not known"))?;
            let other = || Records::Other(format!("'{text}'"));
            Ok((Element::parse(text).map_or_else(other, Records::Numbers), size))
        }
        Literal::List(items) => {
            let mut fields = Vec::new();
            let mut at = 0usize;
            for item in items {
                let (field, size) = field(item, at).ok_or("its header has a field that is not read here")?;
                at = at.checked_add(size).ok_or("its header has a record that is too long")?;
                fields.push(field);
            }
            if at == 0 {
                return Err("its header has no fields".into());
            }
            Ok((Records::Fields(fields, at), at))
        }
        _ => Err("'descr' of its header is no type".into()),
    }
}

/// A field at a byte of its record, with its own bytes.
fn field(item: &Literal, at: usize) -> Option<(Field, usize)> {
    let Literal::List(parts) = item else { return None };
    let (Literal::Text(name), Literal::Text(descr)) = (parts.first()?, parts.get(1)?) else { return None };
    let shape = match parts.get(2) {
        None => Vec::new(),
        Some(Literal::Integer(n)) => vec![usize::try_from(*n).ok()?],
        Some(shape) => sizes(shape)?,
    };
    let size = shape.iter().try_fold(bytes_of(descr)?, |n, d| n.checked_mul(*d))?;
    let element = Element::parse(descr).filter(|_| shape.iter().all(|d| *d == 1));
    Some((Field { name: name.clone(), at, element }, size))
}

/// Bytes of an element of a type; those of pickled objects are not known.
fn bytes_of(descr: &str) -> Option<usize> {
    let kind = descr.chars().nth(1)?;
    let digits: String = descr.chars().skip(2).take_while(char::is_ascii_digit).collect();
    let size: usize = digits.parse().ok()?;
    match kind {
        'U' => size.checked_mul(4),
        'O' => None,
        _ => Some(size),
    }
}

/// The part of Python's literals that headers have. Tuples and lists are one.
#[derive(Debug)]
enum Literal {
    Dict(Vec<(String, Literal)>),
    List(Vec<Literal>),
    Text(String),
    Integer(u64),
    Truth(bool),
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    fn whole(mut self) -> Result<Literal, String> {
        let value = self.value(0)?;
        self.blank();
        if self.rest.is_empty() { Ok(value) } else { Err(self.wrong()) }
    }

    fn wrong(&self) -> String {
        let near: String = self.rest.chars().take(20).collect();
        format!("its header cannot be read at '{}'", near.escape_default())
    }

    fn blank(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn takes(&mut self, token: &str) -> bool {
        self.blank();
        let after = self.rest.strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn value(&mut self, depth: usize) -> Result<Literal, String> {
        if depth > MAX_DEPTH {
            return Err("its header is nested too deeply".into());
        }
        self.blank();
        for (open, close) in [("(", ")"), ("[", "]")] {
            if self.takes(open) {
                return self.items(close, |p| p.value(depth + 1)).map(Literal::List);
            }
        }
        if self.takes("{") {
            let entry = |p: &mut Self| {
                let key = p.text()?;
                if p.takes(":") { Ok((key, p.value(depth + 1)?)) } else { Err(p.wrong()) }
            };
            return self.items("}", entry).map(Literal::Dict);
        }
        for (name, value) in [("True", true), ("False", false)] {
            if self.takes(name) {
                return Ok(Literal::Truth(value));
            }
        }
        let digits = self.rest.len() - self.rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits == 0 {
            return self.text().map(Literal::Text);
        }
        let (number, rest) = self.rest.split_at(digits);
        let number = number.parse().map_err(|_| self.wrong())?;
        // Python 2 marked its long integers.
        self.rest = rest.strip_prefix('L').unwrap_or(rest);
        Ok(Literal::Integer(number))
    }

    fn items<T>(
        &mut self,
        close: &str,
        item: impl Fn(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let mut out = Vec::new();
        while !self.takes(close) {
            out.push(item(self)?);
            if !self.takes(",") {
                return if self.takes(close) { Ok(out) } else { Err(self.wrong()) };
            }
        }
        Ok(out)
    }

    fn text(&mut self) -> Result<String, String> {
        self.blank();
        for quote in ['\'', '"'] {
            let Some(inner) = self.rest.strip_prefix(quote) else { continue };
            let Some((text, rest)) = inner.split_once(quote).filter(|(t, _)| !t.contains('\\')) else {
                return Err(self.wrong());
            };
            let text = text.to_owned();
            self.rest = rest;
            return Ok(text);
        }
        Err(self.wrong())
    }
}

/// The header of an array of numbers, with its padding.
pub(crate) fn write(descr: &str, shape: &[usize]) -> Vec<u8> {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    let comma = if shape.len() == 1 { "," } else { "" };
    let text =
        format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}{comma}), }}", sizes.join(", "));
    // Magic, version and length take 10 bytes; the elements start at a multiple of 64. A shape of 64
    // axes, more than numpy has, still fits the two bytes of the length.
    let length = (text.len() + 11).next_multiple_of(64) - 10;
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((length as u16).to_le_bytes());
    out.extend(format!("{text:<width$}\n", width = length - 1).bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::file::element::Kind;

    fn parse(text: &str) -> Result<Header, String> {
        Header::parse(text, 128)
    }

    #[test]
    fn what_is_written_is_read() {
        for shape in [vec![], vec![3], vec![2, 3, 4]] {
            let bytes = write("<f4", &shape);
            assert_eq!(bytes.len() % 64, 0);
            let header = Header::read(&mut bytes.as_slice()).unwrap();
            assert_eq!((&header.shape, header.start), (&shape, bytes.len() as u64));
            assert_eq!(header.bytes, 4 * shape.iter().product::<usize>() as u64);
            assert!(matches!(header.records, Records::Numbers(e) if e.kind == Kind::F32 && !e.big_endian));
        }
    }

    #[test]
    fn fields_are_found_with_their_places() {
        let text = "{'descr': [('x', '<i2'), ('pad', '|V3'), ('t', '<i8'), ('p', '?', (1,)), ('s', '<f4', (2, 3))], \
                    'fortran_order': False, 'shape': (10L,), }";
        let Err(e) = parse(text) else { panic!("'?' is no type of a header") };
        assert!(e.contains("field"), "{e}");
        let header = parse(&text.replace("'?'", "'|b1'")).unwrap();
        let Records::Fields(fields, size) = header.records else { panic!() };
        let places: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.at, f.element.is_some())).collect();
        let expected = [("x", 0, true), ("pad", 2, false), ("t", 5, true), ("p", 13, true), ("s", 14, false)];
        assert_eq!(places, expected);
        assert_eq!((size, header.bytes), (38, 380));
    }

    #[test]
    fn hostile_headers_are_refused() {
        let deep = "(".repeat(60_000);
        for (text, says) in [
            ("", "cannot be read"),
            ("[]", "no dictionary"),
            ("{'descr': '<f4'}", "'fortran_order'"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "cannot be read"),
            ("{'descr': '<f4', 'fortran_order': False, 'shape': 4}", "tuple of sizes"),
            ("{'descr': '<f4', 'fortran_order': 1, 'shape': ()}", "neither"),
            (
                "{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}",
                "more elements than any file",
            ),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (9223372036854775807,)}", "more elements"),
            ("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,)}", "cannot be read"),
            ("{'descr': '|O', 'fortran_order': False, 'shape': ()}", "not known"),
            ("{'descr': [], 'fortran_order': False, 'shape': ()}", "no fields"),
            (
                "{'descr': [('a', '<f4', (99999999999, 99999999999))], 'fortran_order': False, 'shape': ()}",
                "field",
            ),
            (&deep, "nested too deeply"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(says), "{text:.80}: {error}");
        }
        let long = [b"\x93NUMPY\x02\x00".as_slice(), &u32::MAX.to_le_bytes()].concat();
        assert!(Header::read(&mut long.as_slice()).unwrap_err().contains("allowed"));
        assert!(Header::read(&mut b"\x93NUMPY\x01\x00\xff\x00".as_slice()).unwrap_err().contains("ends"));
    }

    #[test]
    fn the_order_of_one_axis_is_no_matter() {
        let header = |shape| parse(&format!("{{'descr': '<f4', 'fortran_order': True, 'shape': {shape}}}"));
        assert!(!header("(7, 1)").unwrap().fortran);
        assert!(header("(7, 2)").unwrap().fortran);
    }
}
