//! Elements of an SVG picture.

use snnc_machine::floorline::State;

pub(super) type At = (i64, i64);

/// Colours that differ in lightness too; each goes with a dash or a shape of its own.
pub(super) const INK: &str = "#111827";
pub(super) const GRID: &str = "#e5e7eb";
pub(super) const THIN: &str = "#6b7280";
const ARROW: &str = "#9ca3af";
const GREEN: &str = "#047857";
const ORANGE: &str = "#d97706";
const VIOLET: &str = "#7c3aed";
const BLUE: &str = "#0284c7";
const GREY: &str = "#4b5563";
pub(super) const RED: &str = "#b91c1c";

/// Styles of the three lines: told apart by their dashes alone.
pub(super) const SLOPE: &str = "stroke=\"#047857\" stroke-width=\"2\"";
pub(super) const FLOOR: &str = "stroke=\"#d97706\" stroke-width=\"2\" stroke-dasharray=\"10 5\"";
pub(super) const BARRIER: &str = "stroke=\"#4b5563\" stroke-width=\"2\" stroke-dasharray=\"2 4\"";

/// The outline of a mark around its middle, in pixels.
pub(super) enum Shape {
    State(State),
    /// A star, larger than the others.
    Network,
    /// A ring around a mark.
    Ring,
}

impl Shape {
    fn path(&self) -> &'static str {
        match self {
            Self::State(State::MemoryBound) => "M-5 0A5 5 0 1 0 5 0A5 5 0 1 0 -5 0Z",
            Self::State(State::ComputeBound) => "M-4.5 -4.5H4.5V4.5H-4.5Z",
            Self::State(State::TrafficBound) => "M0 -5.5L5.5 4.5H-5.5Z",
            Self::State(State::IoBound) => "M0 -6L6 0L0 6L-6 0Z",
            Self::State(State::BarrierBound) => "M-5 -2H-2V-5H2V-2H5V2H2V5H-2V2H-5Z",
            Self::Network => {
                "M0 -15L3.5 -4.9L14.3 -4.6L5.7 1.9L8.8 12.1L0 6L-8.8 12.1L-5.7 1.9L-14.3 -4.6L-3.5 -4.9Z"
            }
            Self::Ring => "M-9 0A9 9 0 1 0 9 0A9 9 0 1 0 -9 0Z",
        }
    }

    fn colour(&self) -> &'static str {
        match self {
            Self::State(State::MemoryBound) => GREEN,
            Self::State(State::ComputeBound) => ORANGE,
            Self::State(State::TrafficBound) => VIOLET,
            Self::State(State::IoBound) => BLUE,
            Self::State(State::BarrierBound) => GREY,
            Self::Network => INK,
            Self::Ring => RED,
        }
    }

    /// Half of its size in tenths of a pixel.
    pub(super) fn half(&self) -> i64 {
        match self {
            Self::State(_) => 60,
            Self::Network => 140,
            Self::Ring => 100,
        }
    }
}

/// Elements in the order in which they are drawn.
#[derive(Default)]
pub(super) struct Drawing(pub(super) String);

impl Drawing {
    pub(super) fn line(&mut self, from: At, to: At, style: &str) {
        self.0.push_str(&format!(
            "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" {style}/>\n",
            px(from.0),
            px(from.1),
            px(to.0),
            px(to.1)
        ));
    }

    pub(super) fn text(&mut self, at: At, anchor: &str, style: &str, content: &str) {
        let (x, y, gap) = (px(at.0), px(at.1), if style.is_empty() { "" } else { " " });
        let content = escaped(content);
        self.0.push_str(&format!(
            "<text x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\"{gap}{style}>{content}</text>\n"
        ));
    }

    /// A shape, filled or as an outline on white.
    pub(super) fn shape(&mut self, at: At, shape: &Shape, filled: bool) {
        self.scaled(at, shape, filled, "");
    }

    /// A filled shape in a line of text.
    pub(super) fn sample(&mut self, at: At, shape: &Shape) {
        let large = matches!(shape, Shape::Network | Shape::Ring);
        self.scaled(at, shape, true, if large { " scale(0.6)" } else { "" });
    }

    fn scaled(&mut self, at: At, shape: &Shape, filled: bool, scale: &str) {
        let (colour, path) = (shape.colour(), shape.path());
        let style = match (shape, filled) {
            (Shape::Ring, _) => format!("fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\""),
            (_, true) => format!("fill=\"{colour}\" stroke=\"#ffffff\" stroke-width=\"0.8\""),
            (_, false) => format!("fill=\"#ffffff\" stroke=\"{colour}\" stroke-width=\"1.5\""),
        };
        let place = format!("translate({} {}){scale}", px(at.0), px(at.1));
        self.0.push_str(&format!("<path transform=\"{place}\" d=\"{path}\" {style}/>\n"));
    }

    /// What is drawn by `content`, with a text that the pointer on it shows.
    pub(super) fn told(&mut self, told: &str, content: impl FnOnce(&mut Self)) {
        self.0.push_str(&format!("<g><title>{}</title>\n", escaped(told)));
        content(self);
        self.0.push_str("</g>\n");
    }

    /// A thin arrow; its head is at `to`.
    pub(super) fn arrow(&mut self, from: At, to: At) {
        let (dx, dy) = (to.0 - from.0, to.1 - from.1);
        let length = i64::try_from((dx * dx + dy * dy).unsigned_abs().isqrt()).unwrap_or(i64::MAX).max(1);
        // A point of the head, so far back from the tip and so far aside.
        let corner = |back: i64, aside: i64| {
            (to.0 - (dx * back - dy * aside) / length, to.1 - (dy * back + dx * aside) / length)
        };
        self.line(from, corner(50, 0), &format!("stroke=\"{ARROW}\" stroke-width=\"1\""));
        let head = [to, corner(80, 32), corner(80, -32)].map(|(x, y)| format!("{} {}", px(x), px(y)));
        self.0.push_str(&format!("<path d=\"M{}Z\" fill=\"{ARROW}\"/>\n", head.join("L")));
    }
}

/// Tenths of a pixel as pixels.
pub(super) fn px(tenths: i64) -> String {
    let sign = if tenths < 0 { "-" } else { "" };
    match (tenths.unsigned_abs() / 10, tenths.unsigned_abs() % 10) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, tenth) => format!("{sign}{whole}.{tenth}"),
    }
}

/// Text for XML; what XML does not allow, or cannot be seen, becomes a blank.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if unseen(c) => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// Control characters, separators of lines, marks that turn the direction of text, and what is no character of XML.
fn unseen(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}
