//! The one table of phases. Timing, `--stop-after`, `--dump-phases` and the documents come from it.

use std::fmt;

macro_rules! phases {
    ($($variant:ident $name:literal $what:literal;)*) => {
        /// A phase of a compilation, in order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Phase {
            $(#[doc = $what] $variant,)*
        }

        impl Phase {
            /// Every phase, in order.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it does.
            pub fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }
        }
    };
}

phases! {
    Import "import" "read the model and check it";
    Fold "fold" "move constant factors into weights (real numbers, before quantisation)";
    Quantise "quantise" "the target's integers; the only lossy phase";
    Retime "retime" "lags and edge delays of a chip on which a spike takes a step";
    Normalise "normalise" "populations and their forms, by rewrite rules; exact";
    Extract "extract" "form, encoding and tile of every layer, by bottleneck search";
    Assign "assign" "tiles to cores, with the target's limits as a whole";
    Place "place" "cores to sites on the mesh, messages to links";
    Bounds "bounds" "bounds on time, and the gap";
    Emit "emit" "manifest and network";
}

impl Phase {
    /// Position in the table, from 1.
    pub fn number(self) -> usize {
        self as usize + 1
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Phase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.iter().copied().find(|p| p.name() == text).ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|p| p.name()).collect();
            format!("no phase of that name; the phases are {}", names.join(", "))
        })
    }
}
