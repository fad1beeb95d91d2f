//! Panics as values.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether panics of this thread are caught.
    static CATCHES: Cell<bool> = const { Cell::new(false) };
    /// The last panic that was caught.
    static LAST: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Once, before the first is caught, and for good: two that set and restore the hook could not run at a time.
static HOOK: Once = Once::new();

/// What `f` gives, or its panic, of which nothing is printed. Panics elsewhere are told as they were.
///
/// # Errors
/// The panic, as `file:line: message`.
pub fn caught<T>(f: impl FnOnce() -> T) -> Result<T, String> {
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !CATCHES.get() {
                return before(info);
            }
            let place = info.location().map_or_else(String::new, |l| format!("{}:{}: ", l.file(), l.line()));
            let payload = info.payload();
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            let message = text.unwrap_or("a panic without a message");
            LAST.set(Some(format!("{place}{message}")));
        }));
    });
    let outer = CATCHES.replace(true);
    // What `f` leaves half done is not looked at afterwards.
    let result = catch_unwind(AssertUnwindSafe(f));
    CATCHES.set(outer);
    result.map_err(|_| LAST.take().unwrap_or_else(|| "a panic of another thread".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_place_and_message() {
        let got: Result<(), String> = caught(|| panic!("index {} of {}", 3, 2));
        let told = got.unwrap_err();
        assert!(told.contains("panics.rs:") && told.ends_with(": index 3 of 2"), "{told}");
        assert_eq!(caught(|| 5), Ok(5));
        assert_eq!(caught(|| caught(|| panic!("inner")).map_err(|_| 7)), Ok(Err::<(), i32>(7)));
    }
}
