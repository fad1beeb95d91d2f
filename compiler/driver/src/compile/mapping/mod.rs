//! Mappings that a user gives: `--mapping FILE` and `--like DIR`.
//!
//! - [`given`]: reads FILE, a mapping or a manifest; [`recorded`] is what is read of a manifest.
//! - [`resolve`]: checks FILE against the network and the chip and makes [`Pins`] of it; [`blocks`] has the checks
//!   of parts, [`remedy`] looks for tiles that would fit, [`cores`] checks who is on which core.
//! - [`pinned`]: a target that offers nothing but what is pinned, so that the search needs to know nothing of it.
//! - [`certify`]: the search for what is emitted, and that without pins which it is compared with.
//! - [`like`]: reads DIR and finds the seats of parts that were there; [`prefer`] keeps choices.

mod blocks;
mod certify;
mod cores;
mod given;
mod like;
mod pinned;
mod pins;
mod prefer;
mod recorded;
mod remedy;
mod resolve;

pub(super) use certify::extract;
pub(super) use cores::{cannot_share, whole};
pub use given::GivenMapping;
pub use like::Earlier;
pub(super) use like::Kept;
pub(super) use pinned::PinnedTarget;
pub(super) use pins::Pins;
pub(super) use resolve::resolve;

/// A name from a file that nobody has checked, for a diagnostic.
fn shown(name: &str) -> String {
    shortened(name, 80)
}

fn shortened(text: &str, most: usize) -> String {
    let mut out: String = text.chars().take(most).collect();
    if out.len() < text.len() {
        out.push('…');
    }
    out
}
