//! A look at the outermost protobuf fields of a file, before it is decoded: tells a file that was cut
//! from one that never was an ONNX model.

/// What the outermost fields of a file say.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Every field ends within the file.
    Complete,
    /// A field of an ONNX model is longer than the rest of the file.
    Cut {
        /// Name of the field.
        field: &'static str,
        /// Where its value starts.
        at: usize,
        /// How many bytes it needs; `None` when even its length was cut.
        needs: Option<u64>,
    },
    /// These are not the fields of an ONNX model.
    Foreign,
}

/// Name and wire type of a field of `ModelProto`.
fn model_field(number: u64) -> Option<(&'static str, u64)> {
    Some(match number {
        1 => ("ir_version", 0),
        2 => ("producer_name", 2),
        3 => ("producer_version", 2),
        4 => ("domain", 2),
        5 => ("model_version", 0),
        6 => ("doc_string", 2),
        7 => ("graph", 2),
        8 => ("opset_import", 2),
        14 => ("metadata_props", 2),
        20 => ("training_info", 2),
        25 => ("functions", 2),
        26 => ("configuration", 2),
        _ => return None,
    })
}

/// Goes over the outermost fields.
pub(crate) fn scan(bytes: &[u8]) -> Verdict {
    let mut at = 0;
    let mut seen = false;
    while at < bytes.len() {
        let (tag, start) = match varint(bytes, at) {
            Varint::Value(tag, next) => (tag, next),
            Varint::Cut if seen => return Verdict::Cut { field: "a field", at, needs: None },
            _ => return Verdict::Foreign,
        };
        let wire = tag & 7;
        let known = model_field(tag >> 3);
        let field = match known {
            Some((name, expected)) if expected == wire => name,
            Some(_) => return Verdict::Foreign,
            None if seen && tag >> 3 != 0 => "a field",
            None => return Verdict::Foreign,
        };
        let (value, length) = match (wire, varint(bytes, start)) {
            (0, Varint::Value(_, next)) => (next, 0),
            (1, _) => (start, 8),
            (5, _) => (start, 4),
            (2, Varint::Value(length, next)) => (next, length),
            (0 | 2, Varint::Cut) if known.is_some() => {
                return Verdict::Cut { field, at: start, needs: None };
            }
            _ => return Verdict::Foreign,
        };
        let rest = bytes.len().saturating_sub(value) as u64;
        if length > rest {
            return if known.is_some() {
                Verdict::Cut { field, at: value, needs: Some(length) }
            } else {
                Verdict::Foreign
            };
        }
        seen = true;
        at = value + length as usize;
    }
    Verdict::Complete
}

enum Varint {
    Value(u64, usize),
    Cut,
    TooLong,
}

fn varint(bytes: &[u8], at: usize) -> Varint {
    let mut value = 0u64;
    for k in 0..10 {
        let Some(byte) = bytes.get(at + k) else { return Varint::Cut };
        value |= u64::from(byte & 0x7f).checked_shl(7 * k as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Varint::Value(value, at + k + 1);
        }
    }
    Varint::TooLong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_cut_from_foreign() {
        let whole = [0x08, 10, 0x12, 2, b'm', b'e', 0x3a, 3, 1, 2, 3];
        assert_eq!(scan(&whole), Verdict::Complete);
        assert_eq!(scan(&whole[..10]), Verdict::Cut { field: "graph", at: 8, needs: Some(3) });
        assert_eq!(scan(&whole[..7]), Verdict::Cut { field: "graph", at: 7, needs: None });
        assert_eq!(scan(&whole[..1]), Verdict::Cut { field: "ir_version", at: 1, needs: None });
        assert_eq!(scan(b"PK\x03\x04rest"), Verdict::Foreign);
        assert_eq!(scan(b"ir_version: 8"), Verdict::Foreign);
        assert_eq!(scan(b"{}"), Verdict::Foreign);
        assert_eq!(scan(b"\x89HDF\r\n"), Verdict::Foreign);
    }
}
