//! Numbers in the bytes of an array.

use half::f16;

/// A type of number that an array can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Bool,
    U8,
    U16,
    U32,
    U64,
    I8,
    I16,
    I32,
    I64,
    F16,
    F32,
    F64,
}

/// How an element of an array is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) kind: Kind,
    pub(crate) big_endian: bool,
}

/// A number of an array.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Scalar {
    Whole(i64),
    /// A whole number above the greatest `i64`.
    Large(u64),
    Real(f64),
}

impl Scalar {
    /// The nearest `f64`; exact below 2⁵³.
    pub(crate) fn to_f64(self) -> f64 {
        match self {
            Self::Whole(v) => v as f64,
            Self::Large(v) => v as f64,
            Self::Real(v) => v,
        }
    }

    /// The number as an integer; `None` when it is no `i64`.
    pub(crate) fn to_integer(self) -> Option<i64> {
        match self {
            Self::Whole(v) => Some(v),
            Self::Large(_) => None,
            // Both ends are exact: every such float is an i64.
            Self::Real(v) if v.fract() == 0.0 && (-9.2e18..9.2e18).contains(&v) => Some(v as i64),
            Self::Real(_) => None,
        }
    }
}

impl Kind {
    /// Bytes of an element.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Bool | Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 | Self::F16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    pub(crate) fn is_integer(self) -> bool {
        !matches!(self, Self::F16 | Self::F32 | Self::F64)
    }
}

impl Element {
    /// The element of a type string such as `<f4`; `None` for what is no number.
    pub(crate) fn parse(descr: &str) -> Option<Self> {
        let (order, kind) = descr.split_at_checked(1)?;
        let kind = match kind {
            "b1" => Kind::Bool,
            "u1" => Kind::U8,
            "u2" => Kind::U16,
            "u4" => Kind::U32,
            "u8" => Kind::U64,
            "i1" => Kind::I8,
            "i2" => Kind::I16,
            "i4" => Kind::I32,
            "i8" => Kind::I64,
            "f2" => Kind::F16,
            "f4" => Kind::F32,
            "f8" => Kind::F64,
            _ => return None,
        };
        matches!(order, "<" | ">" | "|" | "=").then_some(Self { kind, big_endian: order == ">" })
    }

    pub(crate) fn size(self) -> usize {
        self.kind.size()
    }

    /// Visits the element at byte `at` of every record of `stride` bytes.
    pub(crate) fn each(self, raw: &[u8], at: usize, stride: usize, mut visit: impl FnMut(Scalar)) {
        macro_rules! numbers {
            ($number:ty, $scalar:expr) => {{
                const SIZE: usize = size_of::<$number>();
                for record in raw.chunks_exact(stride) {
                    let mut bytes = [0; SIZE];
                    bytes.copy_from_slice(&record[at..at + SIZE]);
                    let big = self.big_endian;
                    let scalar: fn($number) -> Scalar = $scalar;
                    visit(scalar(if big {
                        <$number>::from_be_bytes(bytes)
                    } else {
                        <$number>::from_le_bytes(bytes)
                    }));
                }
            }};
        }
        let whole = |v: u64| i64::try_from(v).map_or(Scalar::Large(v), Scalar::Whole);
        match self.kind {
            Kind::Bool => numbers!(u8, |v| Scalar::Whole(i64::from(v != 0))),
            Kind::U8 => numbers!(u8, |v| Scalar::Whole(i64::from(v))),
            Kind::U16 => numbers!(u16, |v| Scalar::Whole(i64::from(v))),
            Kind::U32 => numbers!(u32, |v| Scalar::Whole(i64::from(v))),
            Kind::U64 => numbers!(u64, whole),
            Kind::I8 => numbers!(i8, |v| Scalar::Whole(i64::from(v))),
            Kind::I16 => numbers!(i16, |v| Scalar::Whole(i64::from(v))),
            Kind::I32 => numbers!(i32, |v| Scalar::Whole(i64::from(v))),
            Kind::I64 => numbers!(i64, Scalar::Whole),
            Kind::F16 => numbers!(f16, |v| Scalar::Real(f64::from(v))),
            Kind::F32 => numbers!(f32, |v| Scalar::Real(f64::from(v))),
            Kind::F64 => numbers!(f64, Scalar::Real),
        }
    }

    /// All elements of densely packed bytes.
    pub(crate) fn all<T>(self, raw: &[u8], mut convert: impl FnMut(Scalar) -> T) -> Vec<T> {
        let mut out = Vec::with_capacity(raw.len() / self.size());
        self.each(raw, 0, self.size(), |v| out.push(convert(v)));
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_of_either_byte_order_are_the_same() {
        let (little, big) = (Element::parse("<i2").unwrap(), Element::parse(">i2").unwrap());
        assert_eq!(little.all(&[1, 0, 0xff, 0xff], Scalar::to_f64), [1.0, -1.0]);
        assert_eq!(big.all(&[0, 1, 0xff, 0xff], Scalar::to_f64), [1.0, -1.0]);
        let real = Element::parse(">f8").unwrap();
        assert_eq!(real.all(&1.5f64.to_be_bytes(), Scalar::to_f64), [1.5]);
        assert_eq!(Element::parse("<f2").unwrap().all(&[0x00, 0x3e], Scalar::to_f64), [1.5]);
        for other in ["<c8", "|O", "<U3", "", "f4", "<f16", "é"] {
            assert_eq!(Element::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_field_of_a_record_is_found_by_its_place() {
        let field = Element::parse("<u2").unwrap();
        let mut seen = Vec::new();
        field.each(&[9, 1, 0, 9, 2, 0, 9], 1, 3, |v| seen.push(v.to_integer()));
        assert_eq!(seen, [Some(1), Some(2)], "a record that is cut off is none");
    }

    #[test]
    fn whole_numbers_beyond_64_bits_with_sign_are_told_apart() {
        let whole = Element::parse("<u8").unwrap();
        assert_eq!(whole.all(&u64::MAX.to_le_bytes(), Scalar::to_integer), [None]);
        assert_eq!(Scalar::Real(f64::NAN).to_integer(), None);
        assert_eq!(Scalar::Real(2.5).to_integer(), None);
        assert_eq!(Scalar::Real(-3.0).to_integer(), Some(-3));
    }
}
