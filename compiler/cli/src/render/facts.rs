//! Lines of a label and a text, in the width of a terminal.

/// Columns of a line.
pub(crate) const WIDTH: usize = 100;
/// Columns of a label, with the blank behind it.
const LABEL: usize = 17;
/// Columns of a name.
pub(crate) const NAME: usize = 40;

/// A label and its text; what does not fit goes on below the text's start.
pub(crate) fn fact(label: &str, text: &str) -> String {
    let mut out = String::new();
    for (k, line) in wrapped(text, WIDTH - LABEL).iter().enumerate() {
        let label = if k == 0 { label } else { "" };
        out.push_str(format!("{label:<width$}{line}", width = LABEL).trim_end());
        out.push('\n');
    }
    out
}

/// A text in lines of a terminal's width.
pub(crate) fn paragraph(text: &str) -> String {
    wrapped(text, WIDTH).join("\n") + "\n"
}

/// A text in lines of so many columns, broken at blanks; a word that is longer is broken within.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut taken = 0;
    for word in text.split_whitespace() {
        let word: Vec<char> = word.chars().collect();
        for piece in word.chunks(most) {
            if taken > 0 && taken + 1 + piece.len() > most {
                lines.push(std::mem::take(&mut line));
                taken = 0;
            }
            if taken > 0 {
                line.push(' ');
                taken += 1;
            }
            line.extend(piece);
            taken += piece.len();
        }
    }
    lines.push(line);
    lines
}

/// A name from a file in few columns and on one line.
pub(crate) fn name(text: &str) -> String {
    name_in(text, NAME)
}

/// A name from a file with nothing in it that could steer a terminal.
pub(crate) fn one_line(text: &str) -> String {
    super::plain(text).replace('\n', "\\n")
}

/// A name in so many columns, at least one; the middle is left out, as the ends tell names apart.
pub(crate) fn name_in(text: &str, most: usize) -> String {
    let chars: Vec<char> = one_line(text).chars().collect();
    if chars.len() <= most {
        return chars.into_iter().collect();
    }
    let tail = most.saturating_sub(most / 2 + 1);
    let (head, tail) = (&chars[..most / 2], &chars[chars.len() - tail..]);
    head.iter().chain(['…'].iter()).chain(tail).collect()
}

/// Names with commas between; of many only the first.
pub(crate) fn names<'m>(all: impl ExactSizeIterator<Item = &'m str>, most: usize) -> String {
    let more = all.len().saturating_sub(most);
    let shown: Vec<String> = all.take(most).map(name).collect();
    shown.join(", ") + &if more > 0 { format!(" and {more} more") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_nothing() {
        let text = format!("one two {} three {}", "x".repeat(200), "word ".repeat(40));
        let shown = fact("label", &text);
        assert!(shown.lines().all(|l| l.chars().count() <= WIDTH), "{shown}");
        assert!(shown.starts_with("label            one two\n                 xxx"), "{shown}");
        let letters = |t: &str| t.chars().filter(|c| !c.is_whitespace()).count();
        assert_eq!(letters(&shown), letters(&text) + 5);
        assert_eq!(fact("label", ""), "label\n");
    }

    #[test]
    fn names_are_one_line() {
        assert_eq!(name("a\nb\u{1b}[31m"), "a\\nb\\u{1b}[31m");
        assert_eq!(name(&format!("{}end", "x".repeat(100))).chars().count(), NAME);
        assert_eq!(names(["a", "b", "c"].into_iter(), 2), "a, b and 1 more");
    }
}
