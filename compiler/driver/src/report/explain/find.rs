//! A layer by its name, or by the name of a node that it was made of.

use snnc_ir::diag::{Code, Diagnostic};
use snnc_machine::manifest::{Layer, Manifest};

/// Names that a diagnostic lists.
const LISTED: usize = 3;
/// Characters of a name that are compared.
const COMPARED: usize = 80;

/// The layer with a name; failing that, the one that was made of an ONNX node with it.
///
/// # Errors
/// [`Code::NoSuchLayer`] when there is none, with the closest names, or when a node is in several layers.
pub fn find<'m>(manifest: &'m Manifest, name: &str) -> Result<&'m Layer, Diagnostic> {
    if let Some(layer) = manifest.layers.iter().find(|l| l.name == name) {
        return Ok(layer);
    }
    let with_node = |l: &&Layer| l.onnx_nodes.iter().any(|n| n == name);
    let found: Vec<&Layer> = manifest.layers.iter().filter(with_node).collect();
    match found.as_slice() {
        [layer] => Ok(layer),
        [] => Err(unknown(manifest, name)),
        several => {
            let names: Vec<&str> = several.iter().map(|l| l.name.as_str()).collect();
            let what = format!("the ONNX node '{name}' is in {} layers", several.len());
            Err(Diagnostic::new(Code::NoSuchLayer, what)
                .remedy(format!("name one of them: {}", list(&names))))
        }
    }
}

fn unknown(manifest: &Manifest, name: &str) -> Diagnostic {
    let layers = manifest.layers.iter().map(|l| l.name.as_str());
    let nodes = manifest.layers.iter().flat_map(|l| &l.onnx_nodes).map(String::as_str);
    let near = closest(name, layers.chain(nodes));
    let what = format!("the mapping has no layer '{name}', and none that was made of such an ONNX node");
    Diagnostic::new(Code::NoSuchLayer, what).remedy(if near.is_empty() {
        "leave --layer out for a list of the layers".to_owned()
    } else {
        format!("the closest names are {}; leave --layer out for a list of the layers", list(&near))
    })
}

fn list(names: &[&str]) -> String {
    let shown: Vec<String> = names.iter().take(LISTED).map(|n| format!("'{n}'")).collect();
    let more = names.len().saturating_sub(LISTED);
    shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

/// The names that are closest to one that does not exist, the closest first, each once.
pub fn closest<'m>(name: &str, names: impl Iterator<Item = &'m str>) -> Vec<&'m str> {
    let wanted: Vec<char> = name.to_lowercase().chars().take(COMPARED).collect();
    let mut found: Vec<(usize, &str)> = names.map(|n| (distance(&wanted, n), n)).collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|(_, n)| n).take(LISTED).collect()
}

/// Characters to insert, delete or replace, upper and lower case taken as the same.
fn distance(wanted: &[char], name: &str) -> usize {
    let name: Vec<char> = name.to_lowercase().chars().take(COMPARED).collect();
    let mut row: Vec<usize> = (0..=name.len()).collect();
    for (i, a) in wanted.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in name.iter().enumerate() {
            let replaced = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[name.len()]
}
