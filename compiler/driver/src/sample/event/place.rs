//! Where in a frame an event belongs.

use snnc_ir::diag::Diagnostic;
use snnc_ir::graph::Node;

use super::bad;
use super::columns::{Columns, Event};

/// How the columns of an event become a position of an input.
#[derive(Clone, Debug)]
pub(super) struct Placing {
    channels: i64,
    height: i64,
    width: i64,
    /// Whether `x` is the position among all channels.
    line: bool,
    input: String,
}

impl Placing {
    /// Checks that the columns are those that an input needs.
    pub(super) fn new(node: &Node, columns: &Columns) -> Result<Self, Diagnostic> {
        let shape = node.shape;
        let flat = shape.h == 1 && shape.w == 1;
        let line = flat && !columns.has("y");
        let wrong = |message: String, remedy: &str| {
            bad(message)
                .rule(
                    "shape of the input",
                    "[C, H, W] of the events",
                    format!("[{}, {}, {}]", shape.c, shape.h, shape.w),
                )
                .remedy(remedy)
        };
        let name = &node.name;
        if flat && shape.c > 1 && columns.has("y") {
            return Err(wrong(
                format!("input '{name}' has no rows and columns, and the events have x and y"),
                "save as x the position among the inputs, in place of x, y and p; how the network flattens a \
                 frame is known to who trained it",
            ));
        }
        if shape.h > 1 && !columns.has("y") {
            return Err(wrong(
                format!("input '{name}' has rows, and the events have no y"),
                "save the row of each event as y",
            ));
        }
        if !line && shape.c > 1 && !columns.has("p") {
            return Err(wrong(
                format!("input '{name}' has channels, and the events have no polarity"),
                "save the channel of each event as p",
            ));
        }
        let [channels, height, width] = [shape.c, shape.h, shape.w].map(|d| d as i64);
        Ok(Self { channels, height, width, line, input: name.clone() })
    }

    /// Number of positions.
    pub(super) fn len(&self) -> usize {
        (self.channels * self.height * self.width) as usize
    }

    /// The position of an event in C, H, W order.
    ///
    /// # Errors
    /// When it lies outside the input; `number` is that of the event in its file.
    pub(super) fn position(&self, event: &Event, number: u64) -> Result<u32, Diagnostic> {
        let inside = |column: &str, v: i64, size: i64| {
            if (0..size).contains(&v) { Ok(v) } else { Err(self.outside(column, v, size, number)) }
        };
        if self.line {
            return Ok(inside("x", event.x, self.channels)? as u32);
        }
        let channel = match self.channels {
            // One channel takes events of either polarity.
            1 => 0,
            // Decreases are 0 or -1.
            2 if event.p == -1 => 0,
            n => inside("p", event.p, n)?,
        };
        let (y, x) = (inside("y", event.y, self.height)?, inside("x", event.x, self.width)?);
        Ok(((channel * self.height + y) * self.width + x) as u32)
    }

    fn outside(&self, column: &str, value: i64, size: i64, number: u64) -> Diagnostic {
        let remedy = match column {
            "p" => {
                "save the polarity as 0 and 1 or -1 and 1 for two channels, as the number of the channel for more"
            }
            _ => {
                "crop or scale the events to the input's width and height, or check that x is the column and y the row"
            }
        };
        bad(format!("an event lies outside the input '{}'", self.input))
            .rule(column, format!("0 to {}", size - 1), format!("{value} in event {number}"))
            .remedy(remedy)
    }
}
