//! Foreign code that may panic.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread becomes an error.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Runs foreign code that may panic. Such a panic prints nothing: its message is in the error.
///
/// Errors: the message of the panic.
pub fn guard<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    keep_quiet();
    let outer = GUARDED.replace(true);
    // What the code leaves behind after a panic is dropped, so no broken invariant is seen.
    let result = catch_unwind(AssertUnwindSafe(run));
    GUARDED.set(outer);
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        format!("the reader stopped: {}", text.unwrap_or("no message"))
    })
}

/// Has the hook of the process pass over panics that are guarded; all others go to the hook that was there.
fn keep_quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = take_hook();
        set_hook(Box::new(move |panic| {
            if !GUARDED.get() {
                usual(panic);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_with_its_message() {
        let found: Result<(), String> = guard(|| panic!("no row {}", 7));
        assert_eq!(found, Err("the reader stopped: no row 7".into()));
        assert_eq!(guard(|| 3), Ok(3));
    }

    #[test]
    fn only_what_runs_inside_is_guarded() {
        assert!(!GUARDED.get());
        let inside = guard(|| {
            drop(guard(|| panic!("inside")));
            GUARDED.get()
        });
        assert_eq!(inside, Ok(true));
        drop(guard(|| panic!("outside")));
        assert!(!GUARDED.get());
    }
}
