//! Numbers as text and as bytes.

/// A number of the text form. Printed with the fewest digits that read back as the same bits.
pub(super) trait Scalar: Copy + std::fmt::Debug {
    /// What a reader must write, in words.
    const WHAT: &'static str;
    /// Bytes in the blob.
    const SIZE: usize;

    fn read(atom: &str) -> Option<Self>;
    fn put(self, bytes: &mut Vec<u8>);
    fn take(bytes: &[u8]) -> Option<Self>;
}

macro_rules! scalars {
    ($($type:ty, $what:literal;)*) => { $(
        impl Scalar for $type {
            const WHAT: &'static str = $what;
            const SIZE: usize = size_of::<$type>();

            fn read(atom: &str) -> Option<Self> {
                atom.parse().ok()
            }
            fn put(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn take(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_le_bytes)
            }
        }
    )* };
}

scalars! {
    f32, "a number";
    i32, "an integer of 32 bits";
    i8, "an integer of 8 bits";
    u64, "a position";
    u32, "a count";
    u8, "a count below 256";
}

impl Scalar for usize {
    const WHAT: &'static str = "a count";
    const SIZE: usize = 8;

    fn read(atom: &str) -> Option<Self> {
        atom.parse().ok()
    }
    fn put(self, bytes: &mut Vec<u8>) {
        (self as u64).put(bytes);
    }
    fn take(bytes: &[u8]) -> Option<Self> {
        u64::take(bytes).and_then(|v| v.try_into().ok())
    }
}
