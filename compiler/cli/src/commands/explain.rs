//! `snnc explain`: a diagnostic code, or a mapping.

use snnc_driver::bundle;
use snnc_driver::report::explain::{Laws, explain, find, overview};
use snnc_ir::diag::{Code, Diagnostic, Diagnostics};

use super::pages;
use crate::args::{Explain, Format};
use crate::render::output::out;
use crate::render::{Context, explanation};

/// The laws of the rewrite rules.
const LAWS: Laws<'static> = &snnc_eqsat::rules::law;

pub(super) fn run(args: &Explain, context: &Context) -> Result<(), Diagnostics> {
    let text = args.what.to_str().unwrap_or_default();
    match (text.parse::<Code>(), &args.layer) {
        (Ok(code), None) => out(pages::page(code)),
        _ if args.layer.is_some() || args.what.exists() => {
            mapping(args, context).map_err(|d| vec![d]).and_then(|t| out(&t))
        }
        _ => Err(vec![unknown(args)]),
    }
}

/// What there is to say of a mapping, or of a layer of it.
fn mapping(args: &Explain, context: &Context) -> Result<String, Diagnostic> {
    let manifest = bundle::read_manifest(&args.what)?;
    let Some(name) = &args.layer else {
        let all = overview(&manifest);
        return Ok(match context.format {
            Format::Text => explanation::overview(&all),
            Format::Json => json(&all),
        });
    };
    let layer = explain(&manifest, find(&manifest, name)?, LAWS);
    Ok(match context.format {
        Format::Text => explanation::text(&layer),
        Format::Json => json(&layer),
    })
}

fn json(value: &impl serde::Serialize) -> String {
    // Serialising these types cannot fail: they have text keys only.
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

fn unknown(args: &Explain) -> Diagnostic {
    let codes: Vec<&str> = Code::ALL.iter().map(|c| c.as_str()).collect();
    let what = args.what.display();
    Diagnostic::new(Code::UnknownCode, format!("there is no diagnostic '{what}', and no bundle of that name"))
        .remedy(format!(
            "the codes are {}; a bundle is the folder that `snnc compile -o` wrote",
            codes.join(", ")
        ))
}
