//! A rule and a search from beginning to end.
//!
//! The programs below are tests: `cargo test -p snnc-eqsat --doc` runs them.
//!
//! # 1. A network as an e-graph
//!
//! A graph in the integers of a chip, after retiming, becomes terms. Here sum pooling stands in front of a convolution:
//!
//! ```
//! use snnc_eqsat::language::{build, forms};
//! use snnc_ir::text;
//!
//! let graph = text::parse(r#"network "pool" steps 4 integer {
//!   @0 = weights i8 [2, 1, 2, 2] [1, 2, 3, 4, -5, 6, 7, 8]
//!   %0 = input "x" : 1x6x6 {values binary}
//!   %1 = sum_pool "pool" (%0) : 1x3x3 {kernel [2, 2], stride [2, 2]}
//!   %2 = conv2d "conv" (%1, @0) : 2x2x2
//!   %3 = if "n" (%2) : 2x2x2 {threshold 4, compare ge, reset subtract same}
//!   %4 = output "o" (%3) : 2x2x2
//! }"#).unwrap();
//! let built = build(&graph);
//! // No population of a chip has pooling in front of it: the neurons have no form yet.
//! assert!(forms(&built.egraph, built.terms[3]).is_empty());
//! ```
//!
//! # 2. Rules make forms
//!
//! A rule gives what is equal to a term. `pool-into-weights` says that pooling is a convolution with ones,
//! `compose-weights` that two convolutions without neurons between them are one:
//!
//! ```
//! # use snnc_eqsat::language::{build, forms};
//! # use snnc_ir::text;
//! # let graph = text::parse(r#"network "pool" steps 4 integer {
//! #   @0 = weights i8 [2, 1, 2, 2] [1, 2, 3, 4, -5, 6, 7, 8]
//! #   %0 = input "x" : 1x6x6 {values binary}
//! #   %1 = sum_pool "pool" (%0) : 1x3x3 {kernel [2, 2], stride [2, 2]}
//! #   %2 = conv2d "conv" (%1, @0) : 2x2x2
//! #   %3 = if "n" (%2) : 2x2x2 {threshold 4, compare ge, reset subtract same}
//! #   %4 = output "o" (%3) : 2x2x2
//! # }"#).unwrap();
//! use snnc_eqsat::rules::VALUES;
//! use snnc_eqsat::saturate::{Limits, saturate};
//!
//! let built = build(&graph);
//! let rules: Vec<_> = VALUES.iter().map(|rule| rule.for_egg()).collect();
//! let (egraph, how) = saturate(built.egraph, &rules, Limits { nodes: 1000, rounds: 10 });
//! assert_eq!(how.cut_short, None);
//! assert!(how.applied.iter().any(|(rule, _)| rule == "compose-weights"));
//!
//! // The neurons read the input through one convolution with a 4x4 kernel and a stride of 2.
//! let forms = forms(&egraph, built.terms[3]);
//! let (form, _) = &forms[0];
//! let kernel = egraph.analysis.store.get(form.terms[0].kernel.unwrap());
//! let conv = kernel.as_conv().unwrap();
//! assert_eq!((conv.kernel, conv.stride), ([2, 1, 4, 4], [2, 2]));
//! ```
//!
//! # 3. A rule of your own
//!
//! A rule is a name, a law, the kind of terms that it looks at, and a function. This one turns sums around. Terms are added with `add_uncanonical`, so that explanations name them and not their class:
//!
//! ```
//! use snnc_eqsat::language::{EGraph, Kind, Snn};
//! use snnc_eqsat::rules::Rule;
//! use snnc_eqsat::rules::sides::sides;
//!
//! const RULE: Rule = Rule {
//!     name: "turn-add",
//!     law: "a + b = b + a",
//!     on: Kind::Add,
//!     rewrite: |egraph: &mut EGraph, term: &Snn| {
//!         let Snn::Add(xs) = term else { return Vec::new() };
//!         let turned: Vec<_> = xs.iter().rev().copied().collect();
//!         vec![egraph.add_uncanonical(Snn::Add(turned.into()))]
//!     },
//!     example: r#"network "law" steps 2 integer {
//!   %0 = input "a" : 2x1x1 {values 0..=3}
//!   %1 = input "b" : 2x1x1 {values 0..=3}
//!   %2 = add "sum" (%0, %1) : 2x1x1
//!   %3 = if "n" (%2) : 2x1x1 {threshold 4, compare ge, reset subtract same}
//!   %4 = output "o" (%3) : 2x1x1
//! }"#,
//! };
//!
//! // Both sides of what it finds, as nodes of one graph: the interpreter says whether they are equal.
//! let both = sides(&snnc_ir::text::parse(RULE.example).unwrap(), &[RULE], 2);
//! assert_eq!(both.pairs.len(), 1);
//! ```
//!
//! (It is not among ours: sums are lists that no rule turns around, as every order of them would be a term.)
//!
//! # 4. From forms to cores
//!
//! [`normalise`](crate::space::normalise) runs all rules and takes the normal form. A chip, a
//! [`Target`](snnc_machine::target::Target), prices encodings and tiles; [`Extraction`](crate::extract::Extraction) puts
//! them into the e-graph and finds the best mapping; [`chain`](crate::explain::chain) says which rules led to it.
//! `compiler/driver/src/compile/extract.rs` is that program, with a real chip.
