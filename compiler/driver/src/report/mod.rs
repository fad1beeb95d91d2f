//! What people see of a mapping, made from the manifest alone: files beside a bundle, and explanations.

pub mod explain;
mod floorline;
mod layers;
pub mod names;
mod scale;
pub mod units;
pub mod usage;

use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::manifest::Manifest;

macro_rules! reports {
    ($($variant:ident $name:literal $file:literal $what:literal;)*) => {
        /// A file that can be written beside a bundle.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Report {
            $(#[doc = $what] $variant,)*
        }

        impl Report {
            /// Every report, in the order of the documents.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// Name of its file.
            pub fn file(self) -> &'static str {
                match self { $(Self::$variant => $file,)* }
            }

            /// What it is.
            pub fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }
        }
    };
}

reports! {
    Floorline "floorline" "floorline.svg" "the floorline plot: time over synaptic operations of the busiest core";
    Layers "layers" "layers.csv" "the layers as a table of comma-separated values";
}

impl Report {
    /// The file's text; the floorline beside that of another mapping when there is one.
    pub fn render(self, manifest: &Manifest, against: Option<&Manifest>) -> String {
        match self {
            Self::Floorline => floorline::svg(manifest, against),
            Self::Layers => layers::csv(manifest),
        }
    }
}

/// A warning when two mappings have little to do with each other: other chips, or no layer of the same name.
pub fn unlike(manifest: &Manifest, against: &Manifest) -> Option<Diagnostic> {
    let (ours, theirs) = (&manifest.inputs.target, &against.inputs.target);
    let names: std::collections::BTreeSet<&str> = manifest.layers.iter().map(|l| l.name.as_str()).collect();
    let mapped = |l: &&snnc_machine::manifest::Layer| l.bound.is_some() && names.contains(l.name.as_str());
    let what = if !against.layers.iter().any(|l| mapped(&l)) {
        "has no layer with a name of this network".to_owned()
    } else if ours != theirs {
        format!("is for {theirs}, this one for {ours}; the lines of the plot are those of {ours}")
    } else {
        return None;
    };
    Some(
        Diagnostic::new(Code::UnlikeMapping, format!("the mapping given with --against {what}"))
            .remedy("name the bundle of a mapping of the same network on the same chip"),
    )
}
