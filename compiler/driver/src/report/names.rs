//! Names in a few columns.

/// Names that are shown together: what the long ones have in common is left out first.
#[derive(Clone, Debug)]
pub struct Names {
    most: usize,
    prefix: String,
    suffix: String,
}

impl Names {
    /// Of names that are to be shown in so many columns.
    pub fn new<'m>(names: impl Iterator<Item = &'m str>, most: usize) -> Self {
        let long: Vec<Vec<char>> = names.filter(|n| columns(n) > most).map(|n| n.chars().collect()).collect();
        let reversed: Vec<Vec<char>> = long.iter().map(|n| n.iter().rev().copied().collect()).collect();
        Self { most, prefix: common(&long), suffix: common(&reversed).chars().rev().collect() }
    }

    /// A name in the columns there are.
    pub fn short(&self, name: &str) -> String {
        if columns(name) <= self.most {
            return name.to_owned();
        }
        let kept = match name.strip_suffix(&self.suffix) {
            Some(kept) if !self.suffix.is_empty() && !kept.is_empty() => format!("{kept}…"),
            _ => name.to_owned(),
        };
        let kept = match kept.strip_prefix(&self.prefix) {
            Some(rest) if !self.prefix.is_empty() && columns(&kept) > self.most && !rest.is_empty() => {
                format!("…{rest}")
            }
            _ => kept,
        };
        shortened(&kept, self.most)
    }
}

/// What all of several names start with, up to a separator: whole words.
fn common(names: &[Vec<char>]) -> String {
    let (Some(first), Some(last)) = (names.iter().min(), names.iter().max()) else { return String::new() };
    if names.len() < 2 {
        return String::new();
    }
    let length = first.iter().zip(last).take_while(|(a, b)| a == b).count();
    let end = first[..length].iter().rposition(|c| "/._:".contains(*c)).map_or(0, |k| k + 1);
    first[..end].iter().collect()
}

/// A name in so many columns; the middle is left out, as the ends tell names apart.
pub fn shortened(name: &str, most: usize) -> String {
    if columns(name) <= most {
        return name.to_owned();
    }
    let head = prefix(name.chars(), most / 2);
    let tail = prefix(name.chars().rev(), (most - most / 2).saturating_sub(2));
    head.into_iter().chain(['…']).chain(tail.into_iter().rev()).collect()
}

/// As many characters as fit.
fn prefix(chars: impl Iterator<Item = char>, most: usize) -> Vec<char> {
    let mut taken = 0;
    chars
        .take_while(|c| {
            taken += wide(*c);
            taken <= most
        })
        .collect()
}

/// Columns that a text takes at most.
pub fn columns(text: &str) -> usize {
    text.chars().map(wide).sum()
}

fn wide(c: char) -> usize {
    if c.is_ascii() { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened_to_what_tells_them_apart() {
        let long = ["/backbone/stage0/block3/lif/Neuron", "/backbone/stage0/block4/lif/Neuron", "x"];
        let names = Names::new(long.into_iter(), 20);
        assert_eq!(long.map(|n| names.short(n)), ["…block3…", "…block4…", "x"]);
        assert_eq!(Names::new(["abcdefghijklmnop"].into_iter(), 9).short("abcdefghijklmnop"), "abcd…nop");
    }

    #[test]
    fn no_name_is_wider_than_it_may_be() {
        let hostile = ["", "層の名前層の名前層の名前", "////////////////////", "a/b/c/d/e/f/g/h/i/j/k/"];
        for most in [8, 13, 22] {
            let names = Names::new(hostile.into_iter(), most);
            for name in hostile {
                assert!(columns(&names.short(name)) <= most, "{name} in {most}: {}", names.short(name));
            }
        }
    }
}
