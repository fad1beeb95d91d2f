//! Files for people beside a bundle, made from the manifest alone.

mod floorline;
mod layers;
mod scale;

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
    /// The file's text.
    pub fn render(self, manifest: &Manifest) -> String {
        match self {
            Self::Floorline => floorline::svg(manifest),
            Self::Layers => layers::csv(manifest),
        }
    }
}
